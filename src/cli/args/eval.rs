//! The arguments of `wattle eval`.

use std::path::PathBuf;

/// The arguments of `wattle eval`.
#[derive(Clone, Debug, clap::Args)]
pub struct EvalArgs {
    /// The set of questions: a folder with corpus.jsonl, queries.jsonl and qrels.tsv, as BEIR has them.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,

    /// How many agents share the documents.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub agents: u16,

    /// How they share them: by what they are about, or by chance.
    #[arg(long, value_enum, default_value_t = Split::Random)]
    pub split: Split,

    /// The seed of that.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,

    /// The folder of the model; without it the one inside the program.
    #[arg(long, value_name = "DIR")]
    pub models: Option<PathBuf>,

    /// Where the vectors are kept, so that the next run embeds nothing again. Without it none are kept.
    #[arg(long, value_name = "FILE")]
    pub cache: Option<PathBuf>,

    /// Print JSON for programs.
    #[arg(long)]
    pub json: bool,
}

/// How agents share the documents of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Split {
    /// By chance.
    Random,
    /// Documents that are near to each other at one agent (k-means over their vectors).
    Topical,
}
