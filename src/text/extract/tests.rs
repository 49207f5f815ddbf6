//! What becomes of files of text.

use super::{Refusal, Section, extract};

#[test]
fn a_utf8_file_is_its_own_text_without_the_byte_order_mark() {
    let text = extract("a.txt", b"\xEF\xBB\xBFone\r\ntwo ").unwrap();
    assert_eq!(text.text, "one\r\ntwo ");
    assert_eq!(text.sections.len(), 1);
    assert_eq!(&text.text[text.sections[0].range.clone()], "one\r\ntwo");
    assert_eq!(text.sections[0].heading, "");
}

#[test]
fn text_with_any_ending_or_none_is_plain_text() {
    for name in ["notes", "x.rs", ".profile", "report.pdf", "a.b/c", ""] {
        assert_eq!(extract(name, b"# not a heading here").unwrap().sections.len(), 1, "{name}");
    }
    assert_eq!(extract("dir/README.MD", b"# Heading\nbody").unwrap().sections[0].heading, "Heading");
}

#[test]
fn a_file_that_is_not_text_is_refused_with_a_sentence() {
    let encoding = "the file is in no encoding that is known: byte 6 is no UTF-8, and what is around it no other; save it as UTF-8";
    let cases: [(&str, &[u8], &str); 4] = [
        ("a.txt", b"", "the file has no text"),
        ("a.md", b" \r\n\t\xC2\xA0", "the file has no text"),
        ("a.bin", b"ab\0cd", "the file is not text"),
        ("a.txt", b"\xEF\xBB\xBFcaf\xE9!", encoding),
    ];
    for (name, bytes, sentence) in cases {
        assert_eq!(extract(name, bytes).unwrap_err().to_string(), sentence);
    }
}

#[test]
fn a_few_nuls_in_a_text_are_blanks_and_data_is_no_text() {
    let note = b"text before\0 the boiler \0after text here and there\0\0\0";
    assert_eq!(extract("a.txt", note).unwrap().text, "text before  the boiler  after text here and there");
    assert_eq!(extract("a.txt", b"PK\x03"), Err(Refusal::Truncated), "the beginning of an archive");
    for data in [
        &b"one\0two\0three\0four\0five"[..],
        b"name of the table\0\x01\x02 and its rows",
        b"0123456789\x00123456789 012345",
    ] {
        assert_eq!(extract("a.txt", data), Err(Refusal::Binary), "{data:?}");
    }
}

#[test]
fn text_in_other_encodings_is_text_without_private_keys() {
    let page =
        b"<html><head><meta charset=windows-1251></head><body><p>\xCA\xEB\xFE\xF7 \xE4\xEE\xEC\xE0</p></body></html>";
    assert_eq!(
        extract("a.html", page).unwrap().text.trim(),
        "\u{41A}\u{43B}\u{44E}\u{447} \u{434}\u{43E}\u{43C}\u{430}"
    );
    assert_eq!(extract("a.txt", b"caf\xE9!").unwrap().text, "caf\u{e9}!");
    assert!(matches!(extract("a.txt", b"\x01\x02\xFE\xFD"), Err(Refusal::Encoding { at: 2 })));
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    assert_eq!(extract("a.txt", &wide("The boiler hums.\rTwice.")).unwrap().text, "The boiler hums.\nTwice.");
    let key = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
    let note = extract("a.txt", &wide(&format!("The key of the cellar server is this: {key} and it is old."))).unwrap();
    assert!(note.text.contains("cellar") && !note.text.contains("GFPYY"), "{}", note.text);
}

#[test]
fn payload_is_no_part_of_the_text_and_a_file_of_nothing_else_is_refused() {
    let picture = "iVBORw0KGgo4AAAANSUhEUgAA9AUAAAFCAYAAACNbyblAAA".repeat(40);
    let note = format!("# Ann\n\n![photo](data:image/png;base64,{picture})\n\nTaken in Mill Street.\n");
    let text = extract("a.md", note.as_bytes()).unwrap();
    assert_eq!(&text.text[text.sections[0].range.clone()], "photo\n\nTaken in Mill Street.");
    assert_eq!(extract("a.b64", picture.as_bytes()), Err(Refusal::NoLanguage));
}

#[test]
fn a_private_key_is_in_no_passage_and_a_file_that_is_one_is_refused_whatever_its_name_is() {
    let letters = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW";
    let key = format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{letters}\n-----END OPENSSH PRIVATE KEY-----\n");
    let age = "# created: 2024-05-02T15:30:45+01:00\n# public key: age1qyqszqgpqyqszqgpqyqszqgp\n\
               AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX\n";
    for name in ["my_id_rsa", "old laptop.txt", "key.md"] {
        assert_eq!(extract(name, key.as_bytes()), Err(Refusal::PrivateKey), "{name}");
        assert_eq!(extract(name, age.as_bytes()), Err(Refusal::PrivateKey), "{name}");
    }
    let note = format!("# Cellar server\n\nThe key of the server:\n\n{key}\nIt was made in May.\n");
    for name in ["notes.md", "notes.txt"] {
        let text = extract(name, note.as_bytes()).unwrap().text;
        assert!(text.contains("The key of the server:") && text.contains("It was made in May."), "{text}");
        assert!(!text.contains("b3Blbn") && !text.contains("PRIVATE"), "{text}");
    }
    let page = format!("<p>The key of the server is this one:</p><pre>{key}</pre><p>It was made in May.</p>");
    let text = extract("a.html", page.as_bytes()).unwrap().text;
    assert!(text.contains("It was made in May.") && !text.contains("b3Blbn"), "{text}");
}

#[test]
fn front_matter_is_no_passage_and_its_title_is_the_first_line_of_the_text() {
    let note = "---\ntitle: The boiler\ntags: [house]\ndate: 2026-01-02\n---\nThe red lamp blinks.\n\n## Reset\nFive seconds.\n";
    let of = |note: &str| {
        let text = extract("a.md", note.as_bytes()).unwrap();
        let section = |at: &Section| (at.heading.clone(), text.text[at.range.clone()].to_owned());
        text.sections.iter().map(section).collect::<Vec<_>>()
    };
    let pair = |heading: &str, body: &str| (heading.to_owned(), body.to_owned());
    assert_eq!(of(note), [pair("", "The boiler\n\nThe red lamp blinks."), pair("Reset", "Five seconds.")]);
    let twice = "---\ntitle: Pond\n---\n# Pond\n\nHerons.\n";
    assert_eq!(of(twice), [pair("Pond", "Herons.")], "the title once");
    for body in ["# Boiler\n\n## Reset\nFive seconds.\n", "Boiler\n======\n\nReset\n-----\nFive seconds.\n"] {
        let alone = [pair("Boiler > Reset", "Pond\n\nFive seconds.")];
        assert_eq!(of(&format!("---\ntitle: Pond\n---\n{body}")), alone, "no passage is the title alone");
    }
    for properties in ["---\nphone: 555-1234\n---\n", "---\ntitle: Pond\n---\n"] {
        assert_eq!(of(properties), [pair("", properties.trim())], "a file of nothing else is found by that");
    }
}

#[test]
fn tags_are_in_no_passage_of_markdown_and_html() {
    let note = "# Boiler\n\n<div align=\"center\"><b>Red</b> lamp</div>\n\n```html\n<b>code</b>\n```\n\n## Picture\n\n<img src=\"a.png\">\n";
    let text = extract("a.md", note.as_bytes()).unwrap();
    let bodies: Vec<&str> = text.sections.iter().map(|at| &text.text[at.range.clone()]).collect();
    assert_eq!(bodies, ["Red lamp\n\n```html\n<b>code</b>\n```", "Picture"]);
    let page = "<html><head><title>The house</title></head><body><h1>Boiler</h1><p>Red <b>lamp</b></p></body></html>";
    let text = extract("a.HTML", page.as_bytes()).unwrap();
    assert_eq!(text.sections[0].heading, "The house > Boiler");
    assert_eq!(&text.text[text.sections[0].range.clone()], "Red lamp");
    assert_eq!(extract("a.html", b"<html><script>x()</script></html>"), Err(Refusal::Empty));
    assert_eq!(extract("a.html", b"<title>The house</title><p> </p>").unwrap().sections[0].heading, "The house");
    assert_eq!(extract("a.txt", page.as_bytes()).unwrap().text, page, "only what is named so");
}

#[test]
fn of_links_and_pictures_of_markdown_the_words_are_in_the_passages_and_in_other_texts_nothing_changes() {
    let note =
        "# Boiler\n\n![The red lamp](img/2024/IMG_2034.jpg)\nSee [the manual](docs/m.md).\n\n## More\n\n![](a.png)\n";
    let text = extract("a.md", note.as_bytes()).unwrap();
    let bodies: Vec<&str> = text.sections.iter().map(|at| &text.text[at.range.clone()]).collect();
    assert_eq!(bodies, ["The red lamp\nSee the manual.", "More"]);
    assert_eq!(extract("a.txt", note.as_bytes()).unwrap().text, note, "only what is named so");
}

#[test]
fn a_file_one_byte_too_large_is_refused_before_it_is_decoded() {
    let max = usize::try_from(crate::limits::DOCUMENT_BYTES_MAX).unwrap();
    assert_eq!(extract("a", &vec![0; max + 1]), Err(Refusal::TooLarge { bytes: max + 1 }));
    assert_eq!(extract("a", &vec![0; max]), Err(Refusal::Empty));
}
