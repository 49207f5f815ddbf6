//! One thing that is wrong or in doubt on a device. Status, page and doctor show the same findings.

use super::fold::controls_terminal;
use core::fmt::Write;
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

/// A word as a shell takes it in a command, see [`quoted_bytes`].
#[must_use]
pub fn quoted(word: &str) -> String {
    quoted_bytes(word.as_bytes())
}

/// A path or another word as a shell takes it in a command: as it is, between apostrophes, or where it has bytes that nobody can read or type
/// (not UTF-8, control characters, changes of direction, a run of blanks, the sign that ends a command in a text) as `$'...'` of POSIX.1-2024,
/// which bash, zsh and the shell of busybox know. What is shown of it is what is typed: it goes through `cli::text` unchanged.
#[must_use]
pub fn quoted_bytes(word: &[u8]) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "/._-+@%:,".contains(letter);
    match core::str::from_utf8(word) {
        Ok(text) if !text.is_empty() && text.chars().all(plain) => text.to_owned(),
        Ok(text) if is_typed_as_shown(text) => format!("'{}'", text.replace('\'', "'\\''")),
        _ => escaped(word),
    }
}

fn is_typed_as_shown(text: &str) -> bool {
    !text.contains("  ") && text.chars().all(|c| c == ' ' || is_typed(c))
}

/// Whether a sign is shown as itself, and typed so.
fn is_typed(c: char) -> bool {
    !c.is_whitespace() && !controls_terminal(c) && c != '`'
}

/// The word with everything as an escape that cannot be typed.
fn escaped(word: &[u8]) -> String {
    let mut shown = "$'".to_owned();
    for chunk in word.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => shown.push_str("\\n"),
                '\t' => shown.push_str("\\t"),
                '\'' | '\\' => shown.extend(['\\', c]),
                ' ' if !shown.ends_with(' ') => shown.push(' '),
                c if is_typed(c) => shown.push(c),
                c => push_octal(&mut shown, c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        push_octal(&mut shown, chunk.invalid());
    }
    shown.push('\'');
    shown
}

/// Three digits for each byte, so that a figure behind them is none of it.
fn push_octal(shown: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(shown, "\\{byte:03o}");
    }
}

#[cfg(test)]
mod tests {
    use super::{quoted, quoted_bytes};

    #[test]
    fn a_path_in_a_command_is_quoted_for_the_shell() {
        assert_eq!(quoted("/home/ann/notes"), "/home/ann/notes");
        assert_eq!(quoted("/media/Anns \u{c4}pfel's $disk"), "'/media/Anns \u{c4}pfel'\\''s $disk'");
        assert_eq!((quoted("").as_str(), quoted("~/a").as_str()), ("''", "'~/a'"));
    }

    #[test]
    fn what_nobody_can_type_is_an_escape_and_nothing_of_it_is_lost_on_a_terminal() {
        assert_eq!(quoted_bytes(b"/a/v\xff1.md"), "$'/a/v\\3771.md'");
        assert_eq!(quoted("/a/esc\u{1b}[2J.md"), "$'/a/esc\\033[2J.md'");
        assert_eq!(quoted("/a/new\nline\t.md"), "$'/a/new\\nline\\t.md'");
        assert_eq!(quoted("/a/it's a\\b  c`d"), "$'/a/it\\'s a\\\\b \\040c`d'".replace('`', "\\140"));
        assert_eq!(quoted("/a/\u{202e}gpj"), "$'/a/\\342\\200\\256gpj'");
        assert_eq!(quoted("/a/\u{fffd}.md"), "'/a/\u{fffd}.md'", "a sign of its own");
        assert_eq!(quoted("/a/nb\u{a0}sp"), "$'/a/nb\\302\\240sp'");
    }
}
