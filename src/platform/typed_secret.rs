//! A secret that a person types: on a terminal it is not shown; a program writes it to standard input as a line.

use super::stdout::{ask, note};
use crate::limits::PASSWORD_BYTES_MAX;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{BufRead, IsTerminal, Read, Stdin, stdin};
use zeroize::Zeroizing;

/// Whether a person types it.
#[must_use]
pub fn is_terminal() -> bool {
    stdin().is_terminal()
}

/// Asks for a secret and reads it, without the end of its line.
///
/// # Errors
/// One sentence: there is none, or it is too long, or cannot be read.
pub fn read(question: &str) -> Result<Zeroizing<String>, String> {
    let input = stdin();
    if !input.is_terminal() {
        return line(&mut input.lock());
    }
    ask(question);
    let hidden = Hidden::of(&input)
        .map_err(|error| format!("The terminal would show what is typed: {error}. Nothing was changed."))?;
    let typed = line(&mut input.lock());
    drop(hidden);
    // The line feed that was typed was not shown either.
    note("");
    typed
}

fn line(input: &mut impl BufRead) -> Result<Zeroizing<String>, String> {
    let mut typed = Zeroizing::new(String::with_capacity(PASSWORD_BYTES_MAX + 3));
    let most = u64::try_from(PASSWORD_BYTES_MAX + 3).unwrap_or(u64::MAX);
    let read = input.take(most).read_line(&mut typed);
    read.map_err(|error| format!("What was typed cannot be read: {error}. Nothing was changed."))?;
    let length = typed.trim_end_matches(['\r', '\n']).len();
    typed.truncate(length);
    match length {
        0 => Err("Nothing was typed, and nothing was changed.".to_owned()),
        1..=PASSWORD_BYTES_MAX => Ok(typed),
        _ => Err(format!("It has more than {PASSWORD_BYTES_MAX} bytes. Nothing was changed.")),
    }
}

/// A terminal that does not show what is typed, until this is dropped.
struct Hidden<'a> {
    terminal: &'a Stdin,
    before: Termios,
}

impl<'a> Hidden<'a> {
    fn of(terminal: &'a Stdin) -> rustix::io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(terminal, OptionalActions::Flush, &hidden)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        // A terminal that is gone shows nothing.
        let _ = tcsetattr(self.terminal, OptionalActions::Flush, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_without_its_end_and_not_more_than_a_password_has() {
        let read = |text: &str| line(&mut text.as_bytes()).map(|typed| typed.to_string());
        assert_eq!(read("quince and plum\nmore\n").as_deref(), Ok("quince and plum"));
        assert_eq!(read(" plum \r\n").as_deref(), Ok(" plum "), "blanks belong to it");
        let longest = "x".repeat(PASSWORD_BYTES_MAX);
        assert_eq!(read(&longest).as_deref(), Ok(&*longest));
        assert!(read(&"x".repeat(PASSWORD_BYTES_MAX + 1)).unwrap_err().contains("more than 256"));
        assert!(read("").is_err() && read("\n").unwrap_err().contains("Nothing was typed"));
    }
}
