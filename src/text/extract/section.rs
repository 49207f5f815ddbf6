//! The text of a file, and its sections.

use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The heading of the passages at the end of a text that tell what was left out of it.
pub const READ_IN_PART: &str = "Read in part";

/// The text of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// The whole text, UTF-8, without payload (`text::payload`).
    pub text: String,
    /// The parts under their headings, in the order of the text. A file without headings is one section.
    pub sections: Vec<Section>,
}

impl Text {
    /// Whether the sections are in order, within the text and apart. A text that another process made may not be so.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let mut end = 0;
        self.sections.iter().all(|section| {
            let Range { start, end: next } = section.range.clone();
            let is_apart = end <= start && self.text.get(start..next).is_some();
            end = next;
            is_apart
        })
    }
}

/// The text between two headings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// The headings above this part, outermost first, as `A > B`; empty outside headings.
    pub heading: String,
    /// Bytes of [`Text::text`]: the part without its heading line, trimmed of white space. If nothing follows a
    /// heading, or nothing but marks for what was left out, the range is the heading line itself; if a deeper heading follows, whose
    /// path contains it, there is no section.
    pub range: Range<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_out_of_the_text_out_of_order_and_within_letters_are_told() {
        let sound = |ranges: &[(usize, usize)]| {
            let section = |(start, end): &(usize, usize)| Section { heading: String::new(), range: *start..*end };
            Text { text: "a\u{e4}b c".to_owned(), sections: ranges.iter().map(section).collect() }.is_sound()
        };
        assert!(sound(&[]) && sound(&[(0, 6)]) && sound(&[(0, 3), (3, 4), (5, 6)]));
        for ranges in [&[(0, 7)][..], &[(0, 2)], &[(2, 3)], &[(3, 4), (0, 1)], &[(0, 3), (1, 4)], &[(3, 1)]] {
            assert!(!sound(ranges), "{ranges:?}");
        }
    }
}
