//! Which reader takes a file, and what is said of those that cannot be read.

use super::cfb::tests::compound;
use crate::limits::{DOCUMENT_BYTES_MAX, PART_BYTES_MAX};
use crate::text::extract::archive::inflate::Budget;
use crate::text::extract::archive::zip::{Zip, tests::zip};
use crate::text::extract::extract;
use crate::text::extract::left_out::LeftOut;

const PARAGRAPH: &[u8] =
    b"<w:document><w:body><w:p><w:r><w:t>The red lamp blinks.</w:t></w:r></w:p></w:body></w:document>";

#[test]
fn content_says_what_a_file_is_and_not_its_name() {
    let rels = b"<Relationships><Relationship Id='r' Type='http://x/officeDocument' Target='word/document2.xml'/></Relationships>";
    for name in ["a.docx", "a.txt", "a.zip", "a"] {
        let file = zip(&[("_rels/.rels", rels), ("word/document2.xml", PARAGRAPH)]);
        assert_eq!(extract(name, &file).unwrap().text.trim(), "The red lamp blinks.", "{name}");
    }
    let file = zip(&[("word/document.xml", PARAGRAPH)]);
    assert_eq!(extract("a.docx", &file).unwrap().text.trim(), "The red lamp blinks.");
    assert_eq!(extract("a.docx", b"The red lamp blinks.").unwrap().text, "The red lamp blinks.", "text is text");
}

#[test]
fn encrypted_cut_and_empty_documents_have_their_own_sentences() {
    let locked = compound(&[("EncryptedPackage", b"x"), ("EncryptionInfo", b"x")]);
    let sentence = |file: &[u8]| extract("a.docx", file).unwrap_err().to_string();
    assert_eq!(sentence(&locked), "the file needs a password; save a copy without one");
    let long: String = (0..400).map(|n| format!("<w:p><w:r><w:t>lamp {n} {}</w:t></w:r></w:p>", n * n)).collect();
    let whole = zip(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", long.as_bytes())]);
    let found = extract("a.docx", &whole[..whole.len() / 2]).unwrap();
    assert!(found.text.contains("lamp 1 1"), "what is there is read");
    let tells = |text: &str| text.contains("The end of this file");
    assert!(tells(&found.text) && found.sections.last().unwrap().heading == "Read in part", "{}", found.text);
    assert!(!tells(&extract("a.docx", &whole).unwrap().text), "a whole one tells nothing");
    let cut = "the end of the file is missing; copy or download it again";
    assert_eq!(sentence(&whole[..100]), cut);
    assert_eq!(sentence(&locked[..300]), cut);
    let noise = [&locked[..8], &[0xA7_u8; 900][..]].concat();
    assert!(
        sentence(&noise).starts_with("the file is damaged: parts of a file of this format (old Office)"),
        "its end is not what is missing"
    );
    let blank = zip(&[("word/document.xml", b"<w:document><w:body><w:p/></w:body></w:document>")]);
    assert_eq!(sentence(&blank), "the file was read, but is empty: the document has no words in it");
    let mut altered = zip(&[("word/document.xml", PARAGRAPH)]);
    let at = altered.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    altered[at + 16] ^= 1;
    assert!(sentence(&altered).starts_with("the file is damaged: what is packed in it does not have the checksum"));
    let around = ["<w:smartTag>".repeat(200_000), "</w:smartTag>".repeat(200_000)];
    let deep = format!(
        "<w:document><w:body><w:p>{}<w:r><w:t>lamp</w:t></w:r>{}</w:p></w:body></w:document>",
        around[0], around[1]
    );
    let deep = sentence(&zip(&[("word/document.xml", deep.as_bytes())]));
    assert_eq!(
        deep,
        "the text of the document lies within more than the 512 nested elements that are read; save it anew"
    );
    assert_eq!(sentence(&compound(&[("x", b"x")])), "old Office files cannot be read yet");
}

#[test]
fn keys_in_a_document_are_in_no_passage() {
    let letters = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW";
    let lines = [
        "The key of the server is this one:",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        letters,
        "-----END OPENSSH PRIVATE KEY-----",
        "It was made in May.",
    ];
    let body: String = lines.iter().map(|line| format!("<w:p><w:r><w:t>{line}</w:t></w:r></w:p>")).collect();
    let file = zip(&[("word/document.xml", body.as_bytes())]);
    let text = extract("a.docx", &file).unwrap().text;
    assert!(text.contains("It was made in May.") && !text.contains("b3Blbn") && !text.contains("PRIVATE"), "{text}");
}

/// A document whose only part of this name has paragraphs until its text is longer than what is read.
fn long(name: &str, others: &[(&str, &[u8])], open: [&str; 2], close: [&str; 2]) -> Vec<u8> {
    let (mut part, mut text) = (open[0].to_owned(), 0);
    // Words that differ, so that they are not packed as a bomb is.
    for n in 0_u64.. {
        let words = format!("Lamp {n} hums with valve {}, pump {}. ", n * n % 999_983, n * 7919 % 1_000_003).repeat(4);
        text += words.len();
        part.extend([open[1], words.as_str(), close[1]]);
        if text > usize::try_from(DOCUMENT_BYTES_MAX).unwrap() + (1 << 18) {
            break;
        }
    }
    part.push_str(close[0]);
    assert!(part.len() < PART_BYTES_MAX);
    zip(&[others, &[(name, part.as_bytes())]].concat())
}

#[test]
fn a_document_of_more_text_than_is_read_says_so_at_its_end_whatever_its_format_is() {
    let docx = long(
        "word/document.xml",
        &[],
        ["<w:document><w:body>", "<w:p><w:r><w:t>"],
        ["</w:body></w:document>", "</w:t></w:r></w:p>"],
    );
    let text = extract("a.docx", &docx).unwrap();
    let last = text.sections.last().unwrap();
    assert_eq!(last.heading, "Read in part");
    assert!(text.text[last.range.clone()].starts_with("Only the first 16 MiB of the text of this file are read"));
    let odt = long(
        "content.xml",
        &[("mimetype", b"application/vnd.oasis.opendocument.text")],
        ["<office:text>", "<text:p>"],
        ["</office:text>", "</text:p>"],
    );
    let book =
        b"<package><manifest><item id='a' href='a.xhtml'/></manifest><spine><itemref idref='a'/></spine></package>";
    let container = b"<container><rootfiles><rootfile full-path='a.opf'/></rootfiles></container>";
    let epub = long(
        "a.xhtml",
        &[("META-INF/container.xml", container), ("a.opf", book)],
        ["<html><body>", "<p>"],
        ["</body></html>", "</p>"],
    );
    for file in [odt, epub] {
        let leaf = super::read_zip(&Zip::open(&file), &mut Budget::of(file.len())).unwrap().unwrap();
        assert_eq!(leaf.left_out.into_iter().collect::<Vec<_>>(), [LeftOut::Text]);
    }
}

#[test]
fn parts_that_are_locked_or_altered_are_told_beside_those_that_are_read() {
    let comments = b"<w:comments><w:comment w:id='0'><w:p><w:r><w:t>Really?</w:t></w:r></w:p></w:comment></w:comments>";
    let rels = b"<Relationships><Relationship Id='c' Type='http://x/comments' Target='comments.xml'/></Relationships>";
    let parts: [(&str, &[u8]); 3] =
        [("word/document.xml", PARAGRAPH), ("word/_rels/document.xml.rels", rels), ("word/comments.xml", comments)];
    let whole = zip(&parts);
    let last = |file: &[u8]| {
        let text = extract("a.docx", file).unwrap();
        assert!(text.text.contains("The red lamp blinks."));
        let last = text.sections.last().unwrap();
        (last.heading.clone(), text.text[last.range.clone()].to_owned())
    };
    assert_eq!(last(&whole).0, "");
    let mut records = whole.windows(4).enumerate().filter(|(_, window)| *window == b"PK\x01\x02");
    let (at, _) = records.nth(2).unwrap();
    let changed = |at: usize| {
        let mut file = whole.clone();
        file[at] ^= 1;
        last(&file)
    };
    let (heading, note) = changed(at + 8);
    assert!(heading == "Read in part" && note.contains("needs a password"), "{note}");
    let (heading, note) = changed(at + 16);
    assert!(heading == "Read in part" && note.contains("is damaged"), "{note}");
    let around = ["<w:smartTag>".repeat(600), "</w:smartTag>".repeat(600)];
    let nested = format!(
        "<w:document><w:body><w:p><w:r><w:t>The red lamp blinks.</w:t></w:r></w:p><w:p>{}<w:r><w:t>twice</w:t></w:r>{}</w:p></w:body></w:document>",
        around[0], around[1]
    );
    let (heading, note) = last(&zip(&[("word/document.xml", nested.as_bytes())]));
    assert!(heading == "Read in part" && note.contains("more than 512 nested elements"), "{note}");
}
