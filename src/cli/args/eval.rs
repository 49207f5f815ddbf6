//! The arguments of `wattle eval`.

use crate::limits::EVAL_AGENTS_MAX;
use clap::ValueEnum;
use std::path::PathBuf;

/// The arguments of `wattle eval`.
#[derive(Clone, Debug, clap::Args)]
pub struct EvalArgs {
    /// The folder of the set. corpus.jsonl has the documents, a JSON object with _id, title and text on each line; queries.jsonl has
    /// the questions, with _id, text and, where kinds of them are told apart, kind, a word or a list; qrels.tsv says in three columns which document
    /// answers which question, and how well: query-id, corpus-id, score.
    #[arg(value_name = "DIR")]
    pub set: PathBuf,

    /// Spread the documents over so many agents, which take turns in being asked and answer each question together.
    #[arg(long, value_name = "N", default_value = "1", value_parser = agents)]
    pub agents: usize,

    /// Which agent has which documents: those about the same things together, or as chance has it.
    #[arg(long, value_enum, default_value_t = Split::Topical)]
    pub split: Split,

    /// The seed of the split: the same one gives the same.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// The file that keeps vectors from one run to the next; computing them takes minutes. By default one for each model in
    /// wattle/eval in the user's folder of caches.
    #[arg(long, value_name = "FILE")]
    pub cache: Option<PathBuf>,

    /// A folder with a model, in place of the one inside the program.
    #[arg(long, value_name = "DIR")]
    pub models: Option<PathBuf>,

    /// Also write for each question, as JSON on a line of this file, what was found by words and what by meaning: each passage
    /// with its document, cosine and BM25 score. One that is there is not overwritten.
    #[arg(long, value_name = "FILE")]
    pub dump: Option<PathBuf>,
}

/// Which agent has which documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Split {
    /// Documents about the same things together: clusters of their vectors.
    Topical,
    /// As chance has it.
    Random,
}

fn agents(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=EVAL_AGENTS_MAX).contains(number));
    number.ok_or_else(|| format!("the number of agents is from 1 to {EVAL_AGENTS_MAX}"))
}
