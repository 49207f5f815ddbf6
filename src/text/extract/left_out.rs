//! What is left out of a text, told at its end: a passage with the heading "Read in part", which a search finds.
//!
//! Every reader that leaves words out tells it here, so that no document seems to be whole and is not. What is left out
//! because it is no language (`text::payload`) is not meant, as a mark stands in its place, but for rows in which a number may be looked for.

use super::section::{READ_IN_PART, Section, Text};
use crate::limits::{
    DOCUMENT_BYTES_MAX, DOCUMENT_CHUNKS_MAX, MAIL_ADDRESSES_MAX, PDF_PAGES_MAX, SHEETS_MAX, TABLE_COLUMNS_MAX,
    XML_DEPTH_MAX,
};
use std::collections::BTreeSet;
use std::fmt;

/// The heading of what is told.
pub(super) const HEADING: &str = READ_IN_PART;

/// What a reader of one document left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LeftOut {
    /// Text beyond `limits::DOCUMENT_BYTES_MAX`.
    Text,
    /// A part, or the rest of one, that unpacks to more than is read.
    Part,
    /// Pages beyond `limits::PDF_PAGES_MAX`.
    Pages,
    /// Sheets beyond `limits::SHEETS_MAX`.
    Sheets,
    /// Columns beyond `limits::TABLE_COLUMNS_MAX`.
    Columns,
    /// Addresses beyond `limits::MAIL_ADDRESSES_MAX`.
    Addresses,
    /// Words within more elements than `limits::XML_DEPTH_MAX`.
    Nested,
    /// A part that needs a password.
    Encrypted,
    /// A part whose checksum is another one, or that has signs with which it cannot be decoded.
    Altered,
    /// What stood at the end of a file, or of a part of one, that is missing: a copy or a download that broke off.
    Cut,
    /// Rows that are alike but for their digits, or have nothing but numbers (`text::payload`).
    Alike,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => write!(
                f,
                "Only the first {} MiB of the text of this file are read, and the rest was left out. Split it into several files.",
                DOCUMENT_BYTES_MAX >> 20
            ),
            Self::Part => f.write_str(
                "A part of this file unpacks to more than is read, and the rest of that part was left out. Split it into several files.",
            ),
            Self::Pages => write!(f, "The pages of this file after the first {PDF_PAGES_MAX} were left out. Split it."),
            Self::Sheets => write!(f, "The sheets of this file after the first {SHEETS_MAX} were left out. Split it."),
            Self::Columns => {
                write!(f, "Values of this file in columns after the first {TABLE_COLUMNS_MAX} of a table were left out.")
            }
            Self::Addresses => {
                write!(f, "Addresses of this mail after the first {MAIL_ADDRESSES_MAX} of a line were left out.")
            }
            Self::Nested => write!(
                f,
                "Words of this file that lie within more than {XML_DEPTH_MAX} nested elements were left out. Save it anew."
            ),
            Self::Encrypted => {
                f.write_str("A part of this file needs a password, and was left out. Save a copy without one.")
            }
            Self::Altered => f.write_str(
                "A part of this file is damaged, and was left out or may be read wrongly: it does not have the checksum that the file states, or has signs that do not belong there. Copy or download it again.",
            ),
            Self::Alike => f.write_str(
                "Rows of this file that are alike but for their digits, or have nothing but numbers, were left out after the first ones: a number in them is not found.",
            ),
            Self::Cut => f.write_str(
                "The end of this file, or of a part of it, is missing, and what would stand there was left out. Copy or download it again.",
            ),
        }
    }
}

/// What is told of all of this, in sentences; empty if nothing was left out.
pub(super) fn sentences(all: &BTreeSet<LeftOut>) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// A text that tells at its end what was left out of it; the text itself if there is nothing to tell. It has no more sections than a document
/// may have passages: of one that has as many, the last makes room. What an inner reader told already stands there once.
pub(super) fn noted(mut text: Text, note: &str) -> Text {
    let told = text.sections.last().filter(|last| last.heading == HEADING);
    let told = told.and_then(|last| text.text.get(last.range.clone()));
    if note.is_empty() || told.is_some_and(|told| told.contains(note)) {
        return text;
    }
    if !text.text.is_empty() && !text.text.ends_with('\n') {
        text.text.push('\n');
    }
    let start = text.text.len();
    text.text.push_str(note);
    text.sections.truncate(DOCUMENT_CHUNKS_MAX - 1);
    text.sections.push(Section { heading: HEADING.to_owned(), range: start..text.text.len() });
    text.text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_out_is_the_last_section_and_a_whole_text_has_none() {
        let section = |range| Section { heading: "A".to_owned(), range };
        let text = || Text { text: "one".to_owned(), sections: vec![section(0..3)] };
        assert_eq!(noted(text(), &sentences(&BTreeSet::new())), text());
        let all = BTreeSet::from([LeftOut::Encrypted, LeftOut::Text]);
        let told = noted(text(), &sentences(&all));
        let last = told.sections.last().unwrap();
        let note = &told.text[last.range.clone()];
        assert!(told.is_sound() && told.sections.len() == 2 && last.heading == "Read in part", "{told:?}");
        assert!(note.starts_with("Only the first 16 MiB") && note.contains("needs a password"), "{note}");
        assert_eq!(noted(told.clone(), &LeftOut::Text.to_string()), told, "once");
        let full = Text { text: "one".to_owned(), sections: vec![section(0..3); DOCUMENT_CHUNKS_MAX] };
        let told = noted(full, "x");
        assert_eq!(told.sections.len(), DOCUMENT_CHUNKS_MAX);
        assert_eq!(told.sections.last().unwrap().heading, "Read in part", "there is room for what is told");
    }
}
