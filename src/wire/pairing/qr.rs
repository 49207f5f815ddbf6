//! A QR code (ISO/IEC 18004) of a text, for a terminal and for a page.
//!
//! The crate qrcode computes the modules; this draws them, with the four light modules around that scanners need.

use qrcode::{Color, EcLevel, QrCode};
use std::fmt::Write as _;

/// Light modules on each side.
const QUIET: usize = 4;

/// A QR code.
pub struct Qr {
    width: usize,
    dark: Vec<bool>,
}

impl Qr {
    /// The QR code of a text; `None` if the text is too long for one (2,331 bytes).
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let width = code.width();
        Some(Self { width, dark: code.into_colors().into_iter().map(|color| color == Color::Dark).collect() })
    }

    /// Modules on a side, with the light ones around.
    #[must_use]
    pub const fn side(&self) -> usize {
        self.width + 2 * QUIET
    }

    /// Whether the module in this column and row is dark; those outside are light.
    fn is_dark(&self, column: usize, row: usize) -> bool {
        let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < self.width);
        let at = inside(column).zip(inside(row)).map(|(column, row)| row * self.width + column);
        at.and_then(|at| self.dark.get(at)).is_some_and(|dark| *dark)
    }

    /// Lines of half blocks, two rows of modules each. A light module is drawn in the foreground colour, as terminals mostly
    /// write light on dark. On one with dark letters, ask for `inverted`.
    #[must_use]
    pub fn lines(&self, inverted: bool) -> Vec<String> {
        let line = |row: usize| {
            let block = |column| match [row, row + 1].map(|row| self.is_dark(column, row) == inverted) {
                [true, true] => '█',
                [true, false] => '▀',
                [false, true] => '▄',
                [false, false] => ' ',
            };
            (0..self.side()).map(block).collect()
        };
        (0..self.side()).step_by(2).map(line).collect()
    }

    /// An SVG image without a size of its own, dark on white: one path, a rectangle for each run of dark modules.
    #[must_use]
    pub fn svg(&self) -> String {
        let side = self.side();
        let mut path = String::new();
        for row in 0..side {
            let mut column = 0;
            while column < side {
                let run = (column..side).take_while(|column| self.is_dark(*column, row)).count();
                if run > 0 {
                    // Writing into a text cannot fail.
                    let _ = write!(path, "M{column} {row}h{run}v1h-{run}z");
                }
                column += run + 1;
            }
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\"{path}\"/></svg>"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "wattle:pair?c=00000000000000000000000000&id=12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5";

    /// The modules that lines of half blocks show.
    fn modules(lines: &[String], light: bool) -> Vec<Vec<bool>> {
        let halves = |lower: bool| move |c: char| (c == '█' || c == if lower { '▄' } else { '▀' }) != light;
        lines.iter().flat_map(|line| [false, true].map(|lower| line.chars().map(halves(lower)).collect())).collect()
    }

    #[test]
    fn the_lines_show_the_three_corners_and_a_light_border() {
        let qr = Qr::of(TEXT).unwrap();
        for inverted in [false, true] {
            let rows = modules(&qr.lines(inverted), !inverted);
            let side = qr.side();
            assert!(rows.iter().all(|row| row.len() == side) && rows.len() == side.next_multiple_of(2));
            assert!(rows[..QUIET].iter().flatten().all(|dark| !dark), "the border is light");
            // A finder pattern is seven modules wide: dark, light, three dark, light, dark.
            let finder = [true, false, true, true, true, false, true];
            for (column, row) in [(QUIET, QUIET), (side - QUIET - 7, QUIET), (QUIET, side - QUIET - 7)] {
                assert_eq!(rows[row + 3][column..column + 7], finder);
                assert!((0..7).map(|at| rows[row + at][column + 3]).eq(finder));
            }
        }
    }

    #[test]
    fn the_image_has_the_same_dark_modules_as_the_lines() {
        let qr = Qr::of(TEXT).unwrap();
        let svg = qr.svg();
        let drawn = svg.split("<path d=\"").nth(1).unwrap().split('"').next().unwrap();
        let mut dark = vec![vec![false; qr.side()]; qr.side()];
        for run in drawn.split('M').skip(1) {
            let (column, rest) = run.split_once(' ').unwrap();
            let (row, rest) = rest.split_once('h').unwrap();
            let (length, _) = rest.split_once('v').unwrap();
            let [column, row, length] = [column, row, length].map(|number| number.parse::<usize>().unwrap());
            dark[row][column..column + length].fill(true);
        }
        assert_eq!(dark, modules(&qr.lines(false), true)[..qr.side()]);
    }

    #[test]
    fn a_text_that_is_too_long_gives_no_code() {
        assert!(Qr::of(&"a".repeat(2_331)).is_some());
        assert!(Qr::of(&"a".repeat(2_332)).is_none());
    }
}
