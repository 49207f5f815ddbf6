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

    /// All columns of standard output, for what is drawn and cannot be wrapped: those of the terminal, or fewer if a person set fewer; where it does not say
    /// them, what was set, else the usual. `usize::MAX` in a pipe.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the environment describes the terminal")]
    pub(super) fn columns_of_stdout() -> usize {
        if !std::io::stdout().is_terminal() {
            return usize::MAX;
        }
        columns(std::env::var("COLUMNS").ok().as_deref(), terminal::columns())
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
    number(set).or(terminal.map(usize::from)).unwrap_or(COLUMNS_USUAL).clamp(COLUMNS_MIN, COLUMNS_MAX)
}

/// The columns that a line may have without being broken.
fn columns(set: Option<&str>, terminal: Option<u16>) -> usize {
    let terminal = terminal.map(usize::from).filter(|columns| *columns > 0);
    number(set).into_iter().chain(terminal).min().unwrap_or(COLUMNS_USUAL)
}

/// A number of columns as a person sets it.
fn number(set: Option<&str>) -> Option<usize> {
    set.and_then(|columns| columns.trim().parse().ok()).filter(|columns| *columns > 0)
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
    fn what_cannot_be_wrapped_has_the_columns_that_the_terminal_has_also_where_they_are_very_few_or_many() {
        assert_eq!([columns(None, Some(20)), columns(None, Some(200)), columns(None, None)], [20, 200, 80]);
        assert_eq!([columns(Some("400"), Some(64)), columns(Some("50"), Some(64))], [64, 50]);
        assert_eq!(
            [columns(Some("wide"), Some(64)), columns(Some("400"), None), columns(None, Some(0))],
            [64, 400, 80]
        );
    }

    #[test]
    fn a_dumb_terminal_and_one_whose_owner_wants_no_colour_get_plain_text() {
        assert!(is_styled(None, Some("xterm-256color")) && is_styled(Some(""), None));
        assert!(!is_styled(None, Some("dumb")) && !is_styled(Some("1"), Some("xterm")));
    }
}
