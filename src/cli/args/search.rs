//! The arguments of `wattle search`.

use crate::limits::HITS_MAX;

/// The arguments of `wattle search`.
#[derive(Clone, Debug, clap::Args)]
pub struct SearchArgs {
    /// The question; several words need no quotes. It may begin with a hyphen.
    #[arg(value_name = "QUESTION", required = true)]
    pub question: Vec<String>,

    /// How many passages to show.
    #[arg(short = 'k', value_name = "COUNT", default_value = "10", value_parser = parse_count)]
    pub count: usize,

    /// Print JSON for programs.
    #[arg(long)]
    pub json: bool,
}

fn parse_count(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| (1..=HITS_MAX).contains(count)).ok_or(format!("the count is from 1 to {HITS_MAX}"))
}
