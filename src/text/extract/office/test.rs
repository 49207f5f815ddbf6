//! Which reader takes a file, and what is said of those that cannot be read.

use super::cfb::tests::compound;
use crate::text::extract::archive::zip::tests::zip;
use crate::text::extract::extract;

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
    let cut = "the end of the file is missing; copy or download it again";
    assert_eq!(sentence(&whole[..100]), cut);
    assert_eq!(sentence(&locked[..300]), cut);
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
