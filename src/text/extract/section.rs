//! The text of a file, and its sections.

use std::ops::Range;

/// The text of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The whole text, UTF-8, without payload (`text::payload`).
    pub text: String,
    /// The parts under their headings, in the order of the text. A file without headings is one section.
    pub sections: Vec<Section>,
}

/// The text between two headings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The headings above this part, outermost first, as `A > B`; empty outside headings.
    pub heading: String,
    /// Bytes of [`Text::text`]: the part without its heading line, trimmed of white space. If nothing follows a
    /// heading, the range is the heading line itself; if a deeper heading follows, whose path contains it, there is no
    /// section.
    pub range: Range<usize>,
}
