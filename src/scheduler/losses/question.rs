//! What the owner of a source is asked that would lose many documents at once.

use crate::base::count::{count, plural};
use crate::base::finding::quoted_bytes;
use crate::store::change::FoundDocument;

/// Documents whose files are gone, and about which the owner has not decided yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The documents, `LOST_MAX` at most.
    pub gone: Vec<FoundDocument>,
    /// How many documents the source had.
    pub of: u64,
    /// How many more are gone, about which the next question is.
    pub more: u64,
    /// When they were missed, in seconds since 1970.
    pub since: i64,
    /// How many went within the minute before, too few to be asked about: these are removed.
    pub before: u64,
}

impl Question {
    /// The question, for people. `private`: whether this device has private folders, into which the files may have been moved.
    #[must_use]
    pub fn sentence(&self, source: &[u8], private: bool) -> String {
        let name = String::from_utf8_lossy(source);
        let word = quoted_bytes(source);
        let all = self.gone.len() as u64 + self.more;
        let first = if self.more == 0 {
            String::new()
        } else {
            format!(" One answer is about {} of them; you are asked about the others next.", self.gone.len())
        };
        let here = if private { ", for answers on this device only, as they may be private now" } else { "" };
        let before = match self.before {
            0 => String::new(),
            before => format!(
                " {} went within the minute before, too few to ask about, and {} removed: {} again once the files are back.",
                count(before, "more document"),
                plural(before, "is", "are"),
                plural(before, "it answers", "they answer"),
            ),
        };
        format!(
            "{all} of {} documents of {name} {} gone from the disk at once. They are kept, and answer, until you decide: \
             `wattle keep {word}` keeps them without their files{here}, `wattle forget {word}` removes them from all answers.{before}{first}",
            self.of,
            plural(all, "is", "are"),
        )
    }
}
