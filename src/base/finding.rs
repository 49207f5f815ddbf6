//! One thing that is wrong or in doubt on a device. Status, page and doctor show the same findings.

use serde::{Deserialize, Serialize};

/// What a finding is about; the doctor makes one check of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Area {
    /// Watched folders: whether each is followed, away, or about to lose many documents.
    Folders,
    /// Other devices: whether those that are told of each other are linked, and whether each key has one holder.
    Peers,
    /// Messages that were refused: replays, forgeries, floods.
    Messages,
    /// Sensors that contradict each other.
    Sensors,
    /// The agent's own files and their disk: identity, boot count, sources, energy state, store.
    State,
    /// Defects of the program: tasks that panicked.
    Program,
}

impl Area {
    /// All areas, in the order in which they are shown.
    pub const ALL: [Self; 6] = [Self::Folders, Self::Peers, Self::Messages, Self::Sensors, Self::State, Self::Program];
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What it is about.
    pub area: Area,
    /// What is so and what it means, in plain sentences.
    pub what: String,
    /// The command that mends it, if there is one, as it is typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// A path or another word as a shell (POSIX sh) takes it in a command.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "/._-+@%:,".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_path_in_a_command_is_quoted_for_the_shell() {
        assert_eq!(quoted("/home/ann/notes"), "/home/ann/notes");
        assert_eq!(quoted("/media/Anns \u{c4}pfel's $disk"), "'/media/Anns \u{c4}pfel'\\''s $disk'");
        assert_eq!((quoted("").as_str(), quoted("~/a").as_str()), ("''", "'~/a'"));
    }
}
