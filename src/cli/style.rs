//! What the terminal can show: its width, and bold and dim text.

use crate::limits::{COLUMNS_MAX, COLUMNS_MIN, COLUMNS_USUAL};
use crate::platform::terminal;
use std::io::IsTerminal;

/// What the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns; `usize::MAX` in a pipe, where nothing is wrapped or cut.
    pub width: usize,
    /// Whether the terminal shows bold and dim text.
    pub styled: bool,
}

impl Style {
    /// The style of standard output. On a terminal: styled unless `NO_COLOR` is set or it is a dumb one, and as wide as `COLUMNS` says, else as
    /// the terminal says itself. Elsewhere a program reads on: plain, and each text is one whole line.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the environment describes the terminal")]
    pub fn of_stdout() -> Self {
        if !std::io::stdout().is_terminal() {
            return Self { width: usize::MAX, styled: false };
        }
        let var = |name| std::env::var(name).ok();
        let width = width(var("COLUMNS").as_deref(), terminal::columns());
        Self { width, styled: is_styled(var("NO_COLOR").as_deref(), var("TERM").as_deref()) }
    }

    /// Whether links to files are written: on a terminal that is styled, and is not Linux's own console, which may show them as text.
    #[expect(clippy::disallowed_methods, reason = "the environment describes the terminal")]
    pub(super) fn takes_links(self) -> bool {
        self.styled && std::env::var_os("TERM").is_some_and(|term| term != "linux")
    }

    pub(super) fn bold(self, text: &str) -> String {
        if self.styled { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    pub(super) fn dim(self, text: &str) -> String {
        if self.styled { format!("\u{1b}[2m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// The columns to write into: what a person set, else those of the terminal, else the usual; within bounds.
fn width(set: Option<&str>, terminal: Option<u16>) -> usize {
    let set = set.and_then(|columns| columns.trim().parse().ok()).filter(|columns| *columns > 0);
    set.or(terminal.map(usize::from)).unwrap_or(COLUMNS_USUAL).clamp(COLUMNS_MIN, COLUMNS_MAX)
}

/// Whether sequences of control are written: by `NO_COLOR` (no-color.org) and the kind of the terminal.
fn is_styled(no_color: Option<&str>, term: Option<&str>) -> bool {
    no_color.is_none_or(str::is_empty) && term != Some("dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_width_is_what_a_person_set_or_the_terminal_says_within_bounds() {
        assert_eq!([width(None, Some(64)), width(Some("72"), Some(64)), width(None, None)], [64, 72, 80]);
        for wrong in ["", "wide", "-3", "0", "99999999999999999999999"] {
            assert_eq!(width(Some(wrong), Some(64)), 64, "{wrong:?} says nothing");
        }
        assert_eq!([width(None, Some(3)), width(None, Some(400)), width(Some("400"), None)], [30, 110, 110]);
    }

    #[test]
    fn a_dumb_terminal_and_one_whose_owner_wants_no_colour_get_plain_text() {
        assert!(is_styled(None, Some("xterm-256color")) && is_styled(Some(""), None));
        assert!(!is_styled(None, Some("dumb")) && !is_styled(Some("1"), Some("xterm")));
    }
}
