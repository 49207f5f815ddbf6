//! QR codes on a terminal, by one rule for all commands: a code that fits is drawn; one that does not is no code, as lines that are broken cannot be read
//! by any camera, and a line says so; in a pipe nobody looks, and there is none.

use crate::wire::pairing::qr::Qr;

/// What is shown as the code of a text.
pub(super) enum Code {
    /// The lines of it.
    Drawn(String),
    /// A line about why there is none, and what to do.
    Left(String),
    /// Nothing: this is no terminal.
    Nothing,
}

impl Code {
    /// Of this text, which has been printed already, on a terminal of so many columns; `usize::MAX`: it is none (`Style::columns_of_stdout`).
    pub(super) fn of(text: &str, columns: usize) -> Self {
        if columns == usize::MAX {
            return Self::Nothing;
        }
        let Some(code) = Qr::of(text) else {
            return Self::Left("There is no QR code of it: it is too long for one. Copy it instead.\n".to_owned());
        };
        let side = code.side();
        if side > columns {
            return Self::Left(format!(
                "The QR code is not drawn: it is {side} columns wide, and this terminal has {columns}. Make the window wider or the letters smaller and type \
                 the command again, or copy the text.\n"
            ));
        }
        Self::Drawn(code.lines(false).into_iter().map(|line| line + "\n").collect())
    }

    /// What is printed, each line with its end.
    pub(super) fn shown(&self) -> &str {
        match self {
            Self::Drawn(lines) | Self::Left(lines) => lines,
            Self::Nothing => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_drawn_where_it_fits_and_else_a_line_says_why_and_what_to_do() {
        let text = "http://192.168.1.9:7780/#token=00";
        let side = Qr::of(text).unwrap().side();
        for columns in [side, 110] {
            let Code::Drawn(lines) = Code::of(text, columns) else { panic!("it fits {columns} columns") };
            assert!(lines.ends_with('\n') && lines.lines().all(|line| line.chars().count() == side), "{lines}");
            assert_eq!(lines.lines().count(), side.div_ceil(2));
        }
        let Code::Left(why) = Code::of(text, side - 1) else { panic!("it is wider") };
        assert!(why.contains(&format!("{side} columns")) && why.contains(&format!("has {}", side - 1)), "{why}");
        assert!(why.contains("wider") && why.lines().count() == 1 && !why.contains('█'), "{why}");
        assert!(Code::of(&"a".repeat(3_000), 110).shown().contains("too long"));
        assert_eq!(Code::of(text, usize::MAX).shown(), "", "a program reads on");
    }
}
