//! PDF files, written here and read.

use crate::limits::LEFT_OUT_NOTE_BYTES_MAX;
use crate::text::extract::archive::gzip::tests::gzip;
use crate::text::extract::archive::inflate::entry_most;
use crate::text::extract::archive::tar::tests::tar;
use crate::text::extract::{Refusal, extract};

/// A file of these pages, each a program of drawing, with a title.
fn pdf(title: &str, pages: &[&str]) -> Vec<u8> {
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        String::new(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
        format!("<< /Title ({title}) >>"),
    ];
    let mut kids = String::new();
    for page in pages {
        let number = objects.len() + 1;
        let comment = if page.starts_with("0 0 m") { "check this" } else { "" };
        kids.push_str(&format!("{number} 0 R "));
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {} 0 R /Resources << /Font << /F 3 0 R >> >> \
             /Annots [<< /Type /Annot /Subtype /Text /Rect [0 0 1 1] /Contents ({comment}) >>] >>",
            number + 1
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{page}\nendstream", page.len()));
    }
    objects[1] = format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", pages.len());
    let (mut file, mut places) = (String::from("%PDF-1.4\n"), Vec::new());
    for (at, object) in objects.iter().enumerate() {
        places.push(file.len());
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", at + 1));
    }
    let start = file.len();
    file.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1));
    for place in places {
        file.push_str(&format!("{place:010} 00000 n \n"));
    }
    let size = objects.len() + 1;
    file.push_str(&format!("trailer\n<< /Size {size} /Root 1 0 R /Info 4 0 R >>\nstartxref\n{start}\n%%EOF\n"));
    file.into_bytes()
}

const FIRST: &str = "BT /F 12 Tf 50 700 Td (The red lamp) Tj 0 -14 Td (blinks in the boi-) Tj 0 -14 Td (ler) Tj ET";

#[test]
fn pages_are_sections_with_their_numbers_under_the_title() {
    let invisible = "BT 3 Tr /F 12 Tf 50 700 Td [(Rain) -600 (falls)] TJ 300 0 Td (May) Tj ET";
    let text = extract("a.pdf", &pdf("The house", &[FIRST, "0 0 m 9 9 l S", invisible])).unwrap();
    let told: Vec<(&str, &str)> =
        text.sections.iter().map(|at| (at.heading.as_str(), &text.text[at.range.clone()])).collect();
    assert_eq!(
        told,
        [
            ("The house > Page 1", "The red lamp\nblinks in the boiler"),
            ("The house > Page 2", "[check this]"),
            ("The house > Page 3", "Rain falls\tMay")
        ]
    );
}

#[test]
fn narrow_letters_beside_their_like_are_kept_at_any_size_and_place_and_text_that_is_printed_twice_is_read_once() {
    const WORDS: [&str; 5] = ["Filling", "Keller", "stellen", "lleve", "Wii"];
    for half in 12..=32 {
        let size = f64::from(half) / 2.0;
        for (more, less) in [(None, 0.0), (Some(0.0), 0.0), (Some(0.03), 0.02)] {
            let mut page = String::from("BT ");
            // Fewer than those of which some are left out, as they are alike.
            for line in 0..12 {
                let (x, y) = (40.0 + f64::from(line) * 1.37, 780.0 - f64::from(line) * 37.1);
                let words = WORDS.join(" ");
                page.push_str(&format!("/F {size} Tf 1 0 0 1 {x:.2} {y:.2} Tm ({words}) Tj "));
                if let Some(more) = more {
                    let (x, y) = (x + more * size, y - less * size);
                    page.push_str(&format!("1 0 0 1 {x:.2} {y:.2} Tm ({words}) Tj "));
                }
            }
            page.push_str("ET");
            let text = extract("a.pdf", &pdf("x", &[&page])).unwrap().text;
            let read: Vec<&str> = text.split_whitespace().filter(|word| WORDS.contains(word)).collect();
            assert_eq!(read.len(), 12 * WORDS.len(), "{size}, {more:?}: {text}");
        }
    }
}

#[test]
fn scans_cut_and_damaged_files_have_their_own_sentences() {
    let empty = pdf("x", &["0 0 m 9 9 l S"]);
    let scan = String::from_utf8(empty).unwrap().replace("(check this)", "()");
    let why = extract("a.pdf", scan.as_bytes()).unwrap_err();
    assert!(matches!(why, Refusal::ReadEmpty { .. }), "{why}");
    assert!(why.to_string().starts_with("the file was read, but is empty: its pages have pictures"), "{why}");
    let whole = pdf("x", &[FIRST]);
    assert_eq!(extract("a.pdf", &whole[..60]), Err(Refusal::Truncated));
    assert_eq!(extract("a.pdf", b"%PDF-1.7\nnothing\n%%EOF\n"), Err(Refusal::Damaged { format: "PDF" }));
    let long = pdf("x", &[FIRST; 8]);
    let cut = &long[..long.len() / 2];
    let anew = [&long[..], b"\n4 0 obj\n<< /Title (x"].concat();
    for (file, is_cut) in [(cut, true), (&anew[..], true), (&long[..], false)] {
        let text = extract("a.pdf", file).unwrap();
        assert_eq!(text.text.contains("The end of this file"), is_cut, "{text:?}");
        assert_eq!(text.sections.last().unwrap().heading == "Read in part", is_cut, "{text:?}");
    }
    let unmarked = [&long[..long.len() - 6], &b" ".repeat(4000)].concat();
    assert!(!extract("a.pdf", &unmarked).unwrap().text.contains("The end of this file"), "behind its last table");
    let note = "A PDF file begins with %PDF-1.7 and ends with %%EOF.";
    assert_eq!(extract("a.txt", note.as_bytes()).unwrap().text, note, "a text about such files is none");
    let mut after = b"\xFFmail\r\n".to_vec();
    after.extend(&whole);
    assert!(extract("a.pdf", &after).unwrap().text.contains("The red lamp"));
    let mut unlisted = whole.clone();
    let at = unlisted.windows(9).rposition(|window| window == b"startxref").unwrap();
    unlisted[at + 10..at + 13].copy_from_slice(b"999");
    assert!(extract("a.pdf", &unlisted).unwrap().text.contains("The red lamp"), "the table of objects is mended");
}

#[test]
fn a_file_of_which_only_the_beginning_is_read_is_not_told_as_one_without_its_end() {
    let file = pdf("x", &[FIRST; 8]);
    // What stands before it, without a name that is read, ends where half of the file is beyond what is read.
    let bytes = (entry_most() - LEFT_OUT_NOTE_BYTES_MAX - file.len() / 2) / 512 * 512 - 1024;
    let mut state = 7_u64;
    // Bytes that do not pack well, so that their archive may unpack to that much.
    let noise = (0..bytes).map(|at| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if at < 400_000 { state.to_be_bytes()[0] } else { 0 }
    });
    let noise: Vec<u8> = noise.collect();
    let all = tar(&[(".noise", b'0', &noise), ("b.pdf", b'0', &file), (".zeros", b'0', &[0; 9000])]);
    let text = extract("a.tgz", &gzip(&all)).unwrap();
    assert!(text.text.contains("The red lamp") && text.text.contains("Only the beginning of this file is read"));
    assert!(!text.text.contains("The end of this file") && !text.text.contains("is missing"), "{}", text.text);
    assert!(file.len() > 1024 && all.len() > entry_most(), "the file is cut");
}

#[test]
fn keys_in_a_file_are_in_no_passage() {
    let page = "BT /F 12 Tf 50 700 Td (The key of the server is AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX) Tj \
                0 -14 Td (It was made in May.) Tj ET";
    let text = extract("a.pdf", &pdf("x", &[page])).unwrap().text;
    assert!(text.contains("It was made in May.") && !text.contains("GFPYY"), "{text}");
}
