//! The arguments of `wattle search`.

use crate::limits::HITS_MAX;
use serde_json::{Value, json};

/// The arguments of `wattle search`.
#[derive(Clone, Debug, clap::Args)]
pub struct SearchArgs {
    /// The question; several words need no quotes. It may begin with a hyphen. What stands in quotation marks within it must be
    /// in a passage as it is: '"north side"'.
    #[arg(value_name = "QUESTION", required = true)]
    pub question: Vec<String>,

    /// How many passages to show.
    #[arg(short = 'k', value_name = "COUNT", default_value = "10", value_parser = parse_count)]
    pub count: usize,

    /// Only documents of this collection. Like the next three, it may be given several times: one of the values fits.
    #[arg(long, value_name = "NAME")]
    pub collection: Vec<String>,

    /// Only documents of this device: its name, or the end of its PeerId.
    #[arg(long, value_name = "NAME")]
    pub device: Vec<String>,

    /// Only files with this in their path, or whose path, or a folder in it, is like this pattern: 'notes/*.md'.
    #[arg(long, value_name = "PATTERN")]
    pub path: Vec<String>,

    /// Only files with this ending, or of this kind: pdf, mail, sheet, code.
    #[arg(long = "type", value_name = "TYPE")]
    pub of_type: Vec<String>,

    /// Only files that were changed on or after this day, or after this month or year begins: 2024-01-15, 2024-01, 2024.
    #[arg(long, value_name = "DAY")]
    pub after: Option<String>,

    /// Only files that were changed before this day, month or year.
    #[arg(long, value_name = "DAY")]
    pub before: Option<String>,

    /// Show weak passages too: on a terminal those that hardly ever are what was asked for are only counted.
    #[arg(long)]
    pub all: bool,
}

impl SearchArgs {
    /// The body of `POST /v1/search`.
    #[must_use]
    pub fn body(&self) -> Value {
        let Self { collection, device, path, of_type, after, before, .. } = self;
        json!({
            "query": self.question.join(" "), "k": self.count, "collection": collection, "device": device, "path": path, "type": of_type,
            "after": after, "before": before,
        })
    }
}

fn parse_count(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| (1..=HITS_MAX).contains(count)).ok_or(format!("the count is from 1 to {HITS_MAX}"))
}
