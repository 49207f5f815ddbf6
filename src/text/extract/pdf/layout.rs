//! From letters at places to lines: where one ends, where a space belongs, what is drawn twice.
//!
//! Letters come in the order of the page's program, which nearly always is that of reading; they are not sorted, since columns
//! and tables are then torn apart. What is looked at is the step from the end of a letter to the start of the next, along the line and
//! across it, in sizes of the letter: so a page may be turned.

use std::collections::BTreeMap;

/// Steps in sizes of a letter: along the line, more than this is a space; more than that is another column; back by so much
/// is another line.
const SPACE: f64 = 0.15;
const COLUMN: f64 = 3.0;
const BACK: f64 = -0.6;

/// Across the line: a raised number stays in it, a further step is another line, and one of more than a line's height a paragraph.
const LINE: f64 = 0.5;
const PARAGRAPH: f64 = 1.75;

/// A letter that is drawn again so near is a bold one, or has a shadow: across the line and along it in sizes of the letter, and along it
/// at most by such a part of its own width. An l is less than a quarter of its size wide, and the one beside it is another letter.
const SAME: f64 = 0.25;
const SAME_ALONG: f64 = 0.1;
const SAME_WIDTH: f64 = 0.5;

/// Of a letter without width, for what is lost where numbers are rounded.
const SAME_LEAST: f64 = 0.01;

/// A letter on a page.
#[derive(Clone, Debug, Default)]
pub(super) struct Letter {
    /// What it says: a ligature is several characters.
    pub(super) text: String,
    /// Where it begins.
    pub(super) x: f64,
    pub(super) y: f64,
    /// Its way to the next.
    pub(super) dx: f64,
    pub(super) dy: f64,
    /// Its height.
    pub(super) size: f64,
}

/// The lines of a page.
#[derive(Debug, Default)]
pub(super) struct Lines {
    text: String,
    /// Where the line of `text` that is open begins.
    start: usize,
    last: Option<Letter>,
    drawn: Drawn,
}

impl Lines {
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Takes the next letter.
    pub(super) fn push(&mut self, letter: Letter) {
        let is_number = [letter.x, letter.y, letter.dx, letter.dy, letter.size].iter().all(|number| number.is_finite());
        if !is_number || letter.size <= 0.0 || letter.text.is_empty() {
            return;
        }
        let is_blank = letter.text.trim().is_empty();
        if !is_blank && !self.drawn.takes(&letter) {
            return;
        }
        if let Some(last) = &self.last {
            self.between(&last.clone(), &letter);
        }
        if !is_blank {
            self.text.push_str(&letter.text);
        } else if !self.text.is_empty() && !self.text.ends_with([' ', '\n', '\t']) {
            self.text.push(' ');
        }
        self.last = Some(letter);
    }

    /// What stands between two letters.
    fn between(&mut self, last: &Letter, next: &Letter) {
        let size = last.size.max(next.size);
        let (length, turned) = (last.dx.hypot(last.dy), next.dx.hypot(next.dy));
        // A letter without width goes where the one before it went.
        let (ux, uy) = if length > 0.0 { (last.dx / length, last.dy / length) } else { (1.0, 0.0) };
        let is_turned = length > 0.0 && turned > 0.0 && (ux * next.dx + uy * next.dy) / turned < 0.9;
        let (sx, sy) = (next.x - last.x - last.dx, next.y - last.y - last.dy);
        let (along, across) = ((sx * ux + sy * uy) / size, (sy * ux - sx * uy).abs() / size);
        if is_turned || across > PARAGRAPH {
            self.end_line();
            self.text.push('\n');
        } else if across > LINE || along < BACK {
            self.end_line();
        } else if along > COLUMN {
            self.gap('\t');
        } else if along > SPACE {
            self.gap(' ');
        }
    }

    fn gap(&mut self, gap: char) {
        if self.text.ends_with(' ') && gap == '\t' {
            self.text.pop();
        }
        if !self.text.is_empty() && !self.text.ends_with([' ', '\n', '\t']) {
            self.text.push(gap);
        }
    }

    fn end_line(&mut self) {
        let line = self.text.split_off(self.start);
        self.text.push_str(&in_reading_order(line.trim_end()));
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.start = self.text.len();
    }

    /// All lines.
    pub(super) fn finish(mut self) -> String {
        self.end_line();
        self.text
    }
}

/// Where letters were drawn, by what they say and by cells of [`SAME`] sizes.
#[derive(Debug, Default)]
struct Drawn(BTreeMap<String, Places>);

/// Where a letter begins, by cells.
type Places = BTreeMap<(i64, i64), Vec<(f64, f64)>>;

impl Drawn {
    /// Takes a letter; `false` if it is drawn where it already is.
    fn takes(&mut self, letter: &Letter) -> bool {
        let (column, row) = (cell(letter.x, letter), cell(letter.y, letter));
        let Some(places) = self.0.get_mut(&letter.text) else {
            let places = BTreeMap::from([((column, row), vec![(letter.x, letter.y)])]);
            self.0.insert(letter.text.clone(), places);
            return true;
        };
        let cells = (-1..=1).flat_map(|x| (-1..=1).map(move |y| (column.saturating_add(x), row.saturating_add(y))));
        for at in cells {
            if places.get(&at).is_some_and(|places| places.iter().any(|place| is_there(letter, *place))) {
                return false;
            }
        }
        places.entry((column, row)).or_default().push((letter.x, letter.y));
        true
    }
}

/// Whether a letter begins at this place, nearly.
fn is_there(letter: &Letter, (x, y): (f64, f64)) -> bool {
    let length = letter.dx.hypot(letter.dy);
    let (ux, uy) = if length > 0.0 { (letter.dx / length, letter.dy / length) } else { (1.0, 0.0) };
    let (sx, sy) = (letter.x - x, letter.y - y);
    let (along, across) = ((sx * ux + sy * uy).abs(), (sy * ux - sx * uy).abs());
    let most = (length * SAME_WIDTH).min(letter.size * SAME_ALONG).max(letter.size * SAME_LEAST);
    along <= most && across <= letter.size * SAME
}

#[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates")]
fn cell(place: f64, letter: &Letter) -> i64 {
    (place / (letter.size * SAME)).round() as i64
}

/// A line of Hebrew or Arabic, which a page draws from left to right, from its beginning. Numbers and words of other scripts in it keep their
/// order.
fn in_reading_order(line: &str) -> String {
    let is_right = |c: char| matches!(c, '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}');
    let (right, all) = line
        .chars()
        .filter(|c| c.is_alphabetic())
        .fold((0, 0), |(right, all), c| (right + usize::from(is_right(c)), all + 1));
    if 2 * right <= all {
        return line.to_owned();
    }
    let turned: Vec<char> = line.chars().rev().collect();
    let stays = |c: &char| !is_right(*c) && c.is_alphanumeric();
    let runs = turned.chunk_by(|one, two| stays(one) == stays(two));
    runs.flat_map(|run| if run.first().is_some_and(stays) { run.iter().rev().copied().collect() } else { run.to_vec() })
        .collect()
}

/// The letters of ligatures.
pub(super) fn letters(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{FB00}' => "ff",
        '\u{FB01}' => "fi",
        '\u{FB02}' => "fl",
        '\u{FB03}' => "ffi",
        '\u{FB04}' => "ffl",
        '\u{FB05}' | '\u{FB06}' => "st",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Letter, Lines, letters};

    /// Draws words of letters of height 10 and width 5.
    fn draw(lines: &mut Lines, x: f64, y: f64, words: &str) {
        let mut at = x;
        for c in words.chars() {
            lines.push(Letter { text: c.to_string(), x: at, y, dx: 5.0, dy: 0.0, size: 10.0 });
            at += 5.0;
        }
    }

    #[test]
    fn steps_are_spaces_columns_lines_and_paragraphs() {
        let mut lines = Lines::default();
        draw(&mut lines, 0.0, 100.0, "the");
        draw(&mut lines, 18.0, 100.0, "red ");
        draw(&mut lines, 39.0, 100.0, "lamp");
        draw(&mut lines, 100.0, 100.0, "12");
        draw(&mut lines, 110.0, 103.0, "a");
        draw(&mut lines, 0.0, 88.0, "blinks");
        draw(&mut lines, 0.0, 60.0, "in May");
        assert_eq!(lines.finish(), "the red lamp\t12a\nblinks\n\nin May\n");
    }

    #[test]
    fn what_is_drawn_twice_is_read_once_and_turned_pages_are_read() {
        let mut lines = Lines::default();
        draw(&mut lines, 0.0, 100.0, "bold");
        draw(&mut lines, 0.3, 100.0, "bold");
        draw(&mut lines, 0.0, 88.0, "bold");
        assert_eq!(lines.finish(), "bold\nbold\n");
        let mut lines = Lines::default();
        for (at, c) in (0..).zip("up".chars()) {
            let y = f64::from(at) * 5.0;
            lines.push(Letter { text: c.to_string(), x: 10.0, y, dx: 0.0, dy: 5.0, size: 10.0 });
        }
        lines.push(Letter { text: "x".to_owned(), x: f64::NAN, y: 0.0, dx: 1.0, dy: 0.0, size: 10.0 });
        draw(&mut lines, 0.0, 100.0, "flat");
        assert_eq!(lines.finish(), "up\n\nflat\n");
        assert_eq!((letters('\u{FB03}'), letters('f')), (Some("ffi"), None));
    }

    #[test]
    fn a_narrow_letter_beside_its_like_is_another_one_wherever_it_stands_and_however_it_is_turned() {
        let (mut at, mut size) = (0.0, 4.0);
        while size < 30.0 {
            // As wide as an l of Helvetica; along the page, and up on it.
            for (ux, uy) in [(1.0, 0.0), (0.0, 1.0)] {
                let width = size * 0.222;
                let letter =
                    |x: f64, y: f64| Letter { text: "l".to_owned(), x, y, dx: width * ux, dy: width * uy, size };
                let mut lines = Lines::default();
                for part in [0.0, 0.04] {
                    for step in 0..3 {
                        let way = f64::from(step) * width + part * size;
                        lines.push(letter(at + way * ux, 500.0 + way * uy));
                    }
                }
                assert_eq!(lines.finish(), "lll\n", "{size} at {at}");
            }
            at += 0.37;
            size += 0.11;
        }
    }

    #[test]
    fn lines_from_right_to_left_begin_at_their_beginning() {
        let mut lines = Lines::default();
        draw(&mut lines, 0.0, 100.0, "\u{5D3}\u{5D2} 12 \u{5D1}\u{5D0}");
        assert_eq!(lines.finish(), "\u{5D0}\u{5D1} 12 \u{5D2}\u{5D3}\n");
    }
}
