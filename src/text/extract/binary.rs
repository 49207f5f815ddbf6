//! Files that are no text: which reader takes them, by their first bytes, and how deep archives go.

use super::archive::inflate::Budget;
use super::archive::zip::Zip;
use super::archive::{gzip, read_gzip, read_tar, read_zip, tar, with_embedded};
use super::leaf::Leaf;
use super::refusal::Refusal;
use super::section::Text;
use super::{office, pdf};
use crate::limits::ARCHIVE_DEPTH_MAX;

/// Readers of what is text.
pub(super) struct Others {
    /// Of lines with marks on the headings, and a title.
    pub(super) page: fn(String, &str) -> Result<Text, Refusal>,
    /// Of a file by its name.
    pub(super) file: fn(&str, &[u8]) -> Result<Text, Refusal>,
}

/// Extracts the text of a binary file; `None` if it is none of these formats.
pub(super) fn extract(name: &str, bytes: &[u8], others: &Others) -> Option<Result<Text, Refusal>> {
    known(name, bytes, others, 0, &mut Budget::of(bytes.len()))
}

fn known(
    name: &str,
    bytes: &[u8],
    others: &Others,
    depth: usize,
    budget: &mut Budget,
) -> Option<Result<Text, Refusal>> {
    let text = |leaf: Result<Leaf, Refusal>| leaf.and_then(|leaf| (others.page)(leaf.text, &leaf.title));
    let inner = |name: &str, bytes: &[u8], budget: &mut Budget| {
        known(name, bytes, others, depth + 1, budget).unwrap_or_else(|| (others.file)(name, bytes))
    };
    let is_too_deep = depth >= ARCHIVE_DEPTH_MAX;
    if pdf::is_pdf(bytes) {
        return Some(text(pdf::read(bytes)));
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") || bytes.starts_with(b"PK00PK\x03\x04") {
        let zip = Zip::open(bytes);
        return Some(match office::read_zip(&zip, budget) {
            Some(leaf) if is_too_deep => text(leaf),
            Some(leaf) => with_embedded(text(leaf), &zip, budget, &inner),
            None if is_too_deep => Err(Refusal::TooMuch),
            None => read_zip(&zip, budget, &inner),
        });
    }
    if gzip::is_gzip(bytes) {
        return Some(if is_too_deep { Err(Refusal::TooMuch) } else { read_gzip(name, bytes, budget, &inner) });
    }
    if tar::is_tar(bytes) {
        return Some(if is_too_deep { Err(Refusal::TooMuch) } else { read_tar(bytes, budget, &inner) });
    }
    office::read_rtf(bytes).or_else(|| office::read_compound(bytes)).map(text)
}
