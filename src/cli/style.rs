//! What the terminal can show: its width, and bold and dim text.

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
    /// The style of standard output. On a terminal: styled unless `NO_COLOR` is set, and as wide as `COLUMNS`, else 80 columns.
    /// Elsewhere a program reads on: plain, and each text is one whole line.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the environment describes the terminal")]
    pub fn of_stdout() -> Self {
        if !std::io::stdout().is_terminal() {
            return Self { width: usize::MAX, styled: false };
        }
        let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(80_usize);
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { width: width.clamp(30, 110), styled: !plain }
    }

    pub(super) fn bold(self, text: &str) -> String {
        if self.styled { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    pub(super) fn dim(self, text: &str) -> String {
        if self.styled { format!("\u{1b}[2m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
