//! Files that are no plain text: which reader takes them, by their first bytes, and how deep archives go.

use super::archive::extent::Extent;
use super::archive::inflate::Budget;
use super::archive::zip::Zip;
use super::archive::{Inner, gzip, read_gzip, read_tar, read_zip, tar, with_embedded};
use super::ending::small_ending;
use super::leaf::Leaf;
use super::left_out::LeftOut;
use super::others::Others;
use super::refusal::Refusal;
use super::section::Text;
use super::{elements, mail, office, pdf};
use crate::limits::ARCHIVE_DEPTH_MAX;

/// Whether a file is one that these readers take. Its name counts only for mails and XML that do not begin as such.
pub(super) fn takes(name: &str, bytes: &[u8]) -> bool {
    let is_one_of = [pdf::is_pdf, is_zip, gzip::is_gzip, tar::is_tar, office::is_rtf, office::is_compound];
    let ending = small_ending(name);
    is_one_of.iter().any(|is| is(bytes))
        || mail::is_mbox(&ending, bytes)
        || mail::is_mail(&ending, bytes)
        || elements::is_xml(&ending, bytes)
}

/// Whether they begin as a ZIP file does.
pub(super) fn is_zip(bytes: &[u8]) -> bool {
    [&b"PK\x03\x04"[..], b"PK\x05\x06", b"PK00PK\x03\x04"].iter().any(|mark| bytes.starts_with(mark))
}

/// Whether it is rich text whose beginning is damaged: its name says so, and control words that no prose has.
fn is_damaged_rtf(ending: &str, bytes: &[u8]) -> bool {
    let marks = [&b"\\fonttbl"[..], b"\\pard"];
    let has = |mark: &&[u8]| bytes.windows(mark.len()).any(|window| window == *mark);
    ending == "rtf" && marks.iter().any(has)
}

/// Extracts the text of a binary file; `None` if it is none of these formats.
pub(super) fn extract(name: &str, bytes: &[u8], others: &Others<'_>) -> Option<Result<Text, Refusal>> {
    known(name, bytes, Extent::Whole, others, 0, &mut Budget::of(bytes.len()))
}

fn known(
    name: &str,
    bytes: &[u8],
    extent: Extent,
    others: &Others<'_>,
    depth: usize,
    budget: &mut Budget,
) -> Option<Result<Text, Refusal>> {
    let text = |leaf: Result<Leaf, Refusal>| as_far_as(extent, leaf).and_then(|leaf| leaf.read_by(others.page));
    let inner = |name: &str, bytes: &[u8], extent: Extent, budget: &mut Budget| {
        known(name, bytes, extent, others, depth + 1, budget).unwrap_or_else(|| (others.file)(name, bytes))
    };
    let deeper = |_: &str, _: &[u8], _: Extent, _: &mut Budget| -> Result<Text, Refusal> { Err(Refusal::TooDeep) };
    let is_too_deep = depth >= ARCHIVE_DEPTH_MAX;
    if bytes == b"PK\x03" {
        return Some(Err(Refusal::Truncated));
    }
    if pdf::is_pdf(bytes) {
        return Some(text(pdf::read(bytes)));
    }
    if is_zip(bytes) {
        let zip = Zip::open(bytes);
        let leaf = office::read_zip(&zip, budget).map(|leaf| as_far_as(extent, leaf));
        return Some(match leaf {
            Some(leaf) if is_too_deep => with_embedded(leaf, others, &zip, extent, budget, &deeper),
            Some(leaf) => with_embedded(leaf, others, &zip, extent, budget, &inner),
            None if is_too_deep => Err(Refusal::TooDeep),
            None => read_zip(&zip, extent, budget, &inner),
        });
    }
    if gzip::is_gzip(bytes) {
        return Some(if is_too_deep { Err(Refusal::TooDeep) } else { read_gzip(name, bytes, extent, budget, &inner) });
    }
    if tar::is_tar(bytes) {
        return Some(if is_too_deep { Err(Refusal::TooDeep) } else { read_tar(bytes, extent, budget, &inner) });
    }
    if let Some(leaf) = office::read_rtf(bytes).or_else(|| office::read_compound(bytes)) {
        return Some(text(leaf));
    }
    let ending = small_ending(name);
    if is_damaged_rtf(&ending, bytes) {
        return Some(Err(Refusal::Damaged { format: "RTF" }));
    }
    if mail::is_mbox(&ending, bytes) {
        return Some(if is_too_deep { Err(Refusal::TooDeep) } else { mail::read_mbox(bytes, extent, budget, &inner) });
    }
    if mail::is_mail(&ending, bytes) {
        let inner: Option<&Inner<'_>> = if is_too_deep { None } else { Some(&inner) };
        return Some(mail::read(bytes, mail::Readers { others, inner, extent }, budget));
    }
    if !elements::is_xml(&ending, bytes) {
        return None;
    }
    Some(match elements::read(bytes) {
        Ok(Some(leaf)) => text(Ok(leaf)),
        // As it stands.
        Ok(None) => (others.file)(name, bytes),
        Err(why) => Err(why),
    })
}

/// A document as far as it was given to its reader: of a beginning the end is no more missing in the file than the rest is.
fn as_far_as(extent: Extent, leaf: Result<Leaf, Refusal>) -> Result<Leaf, Refusal> {
    if extent.has_end() {
        return leaf;
    }
    match leaf {
        Ok(mut leaf) => {
            leaf.left_out.remove(&LeftOut::Cut);
            Ok(leaf)
        }
        Err(Refusal::Truncated) => Err(Refusal::TooMuch),
        why => why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_told_by_its_bytes_and_a_picture_or_a_text_is_none_whatever_its_name_is() {
        let header = |name: &str| {
            let mut header = vec![0_u8; 512];
            header[..name.len()].copy_from_slice(name.as_bytes());
            header[148..156].fill(b' ');
            let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
            header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            header
        };
        let late = [b" ".repeat(5000), b"{\\rtf1 x}".to_vec()].concat();
        let documents: [&[u8]; 10] = [
            b"%PDF-1.4\n",
            b"\xFFjunk before %PDF-1.4\n",
            &late,
            b"PK\x03\x04",
            b"\x1F\x8B\x08\0",
            &header("a.txt"),
            b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1",
            b"From: a\nTo: b\nSubject: c\n\nx",
            b"From a@x at 10:00\nFrom: a\nTo: b\nSubject: c\n\nx",
            b"<?xml version='1.0'?><a>x</a>",
        ];
        for bytes in documents {
            assert!(takes("a", bytes), "{bytes:?}");
        }
        let others = Others { page: &|_, _| Err(Refusal::Empty), file: &|_, _| Err(Refusal::Empty) };
        for bytes in [
            &b""[..],
            b"# Boiler\n",
            b"<p>x",
            b"caf\xE9",
            b"a\0b",
            b"\x89PNG\r\n\x1A\n",
            b"\xFF\xD8\xFF\xE0",
            b"that is %PDF-1.4",
        ] {
            assert!(!takes("a.pdf", bytes) && extract("a.pdf", bytes, &others).is_none(), "{bytes:?}");
        }
        let headless = b"{\\rtx1\\ansi{\\fonttbl{\\f0 Arial;}}\\pard Boiler\\par}";
        assert_eq!(extract("a.RTF", headless, &others), Some(Err(Refusal::Damaged { format: "RTF" })));
        assert!(extract("a.txt", headless, &others).is_none() && extract("a.rtf", b"Boiler", &others).is_none());
    }
}
