//! The arguments of `wattle feedback`.

use clap::ValueEnum;

/// The arguments of `wattle feedback`.
#[derive(Clone, Debug, clap::Args)]
pub struct FeedbackArgs {
    /// What is said of it.
    #[arg(value_enum)]
    pub thumb: Thumb,

    /// Its number in the answer that a terminal showed last.
    #[arg(value_name = "NUMBER", required_unless_present = "question")]
    pub number: Option<usize>,

    /// For programs, in place of a number: the question. The passage is named by the next three, as the answer of a search has them.
    #[arg(long, value_name = "QUESTION", conflicts_with = "number", requires_all = ["device", "path", "text"])]
    pub question: Option<String>,

    /// The PeerId of the device that holds the passage.
    #[arg(long, value_name = "PEERID", requires = "question")]
    pub device: Option<String>,

    /// The path of its document.
    #[arg(long, value_name = "PATH", requires = "question")]
    pub path: Option<String>,

    /// Its exact text. Only a hash of it is kept.
    #[arg(long, value_name = "TEXT", requires = "question")]
    pub text: Option<String>,
}

/// What is said of a passage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Thumb {
    /// It answers the question.
    Up,
    /// It does not.
    Down,
    /// Nothing any more: what was said before is taken back.
    None,
}

impl Thumb {
    /// The word of `POST /v1/feedback`.
    #[must_use]
    pub const fn verdict(self) -> &'static str {
        match self {
            Self::Up => "good",
            Self::Down => "bad",
            Self::None => "none",
        }
    }
}
