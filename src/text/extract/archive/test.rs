//! Archives, written here and read by the reader of all files.

use super::extent::Extent;
use super::gzip::tests::gzip;
use super::inflate::Budget;
use super::tar::tests::tar;
use super::zip::Zip;
use super::zip::tests::zip;
use super::{Folder, Unread, entry_most, read_gzip, read_tar, read_zip};
use crate::limits::{
    DOCUMENT_BYTES_MAX, DOCUMENT_CHUNKS_MAX, HEADING_BYTES_MAX, LEFT_OUT_NOTE_BYTES_MAX, UNPACKED_ENTRIES_MAX,
};
use crate::text::extract::left_out::{HEADING as LEFT_OUT, LeftOut};
use crate::text::extract::section::{Section, Text};
use crate::text::extract::{Refusal, extract};

fn told(name: &str, file: &[u8]) -> Result<Vec<(String, String)>, Refusal> {
    let text = extract(name, file)?;
    Ok(text.sections.iter().map(|at| (at.heading.clone(), text.text[at.range.clone()].to_owned())).collect())
}

fn pair(heading: &str, body: &str) -> (String, String) {
    (heading.to_owned(), body.to_owned())
}

#[test]
fn documents_in_archives_are_sections_under_their_paths() {
    let note = b"# Boiler\n\nThe red lamp blinks.\n";
    let inner = zip(&[("in/a.html", b"<h1>Pump</h1><p>It moves water.</p>"), ("x.bin", b"\0\x01\x02\0")]);
    let packed = gzip(b"Rain falls in May.\n");
    let file = tar(&[("notes/a.md", b'0', note), ("b.zip", b'0', &inner), ("c.txt.gz", b'0', &packed)]);
    let expected = [
        pair("notes/a.md > Boiler", "The red lamp blinks."),
        pair("b.zip > in/a.html > Pump", "It moves water."),
        pair("c.txt.gz", "Rain falls in May."),
    ];
    assert_eq!(told("all.tar", &file).unwrap(), expected);
    assert_eq!(told("all.tgz", &gzip(&file)).unwrap(), expected);
    let noise = [("__MACOSX/._a.md", &b"noise here"[..]), (".DS_Store", b"noise here"), ("a.md", note)];
    assert_eq!(told("a.zip", &zip(&noise)).unwrap(), [pair("a.md > Boiler", "The red lamp blinks.")]);
}

#[test]
fn entries_that_are_too_large_leave_the_others_what_they_may_unpack() {
    let zeros = vec![0_u8; 17 << 20];
    let entries: [(&str, &[u8]); 3] = [("a.img", &zeros), ("b.img", &zeros), ("note.txt", b"The boiler hums.")];
    let told = told("a.zip", &zip(&entries)).unwrap();
    assert_eq!(told[0], pair("note.txt", "The boiler hums."));
    assert!(told[1].0 == LEFT_OUT && told[1].1.contains("2 more were left out"), "{told:?}");
}

#[test]
fn keys_in_an_archive_and_in_its_names_are_in_no_passage() {
    let letters = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW";
    let key = format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{letters}\n-----END OPENSSH PRIVATE KEY-----\n");
    let note = format!("The key of the server is this one:\n\n{key}\nIt was made in May.\n");
    let named = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX.txt";
    let file = zip(&[
        ("note.txt", note.as_bytes()),
        ("id_rsa", b"words of a key"),
        (".git/a.txt", b"hidden words"),
        ("my key", key.as_bytes()),
        (named, b"only words here"),
    ]);
    let all = format!("{:?}", told("a.zip", &file).unwrap());
    assert!(all.contains("It was made in May.") && all.contains("only words here"), "{all}");
    assert!(
        !all.contains("words of a key")
            && !all.contains("hidden")
            && !all.contains("b3Blbn")
            && !all.contains("PRIVATE")
            && !all.contains("GFPYY"),
        "{all}"
    );
}

#[test]
fn an_archive_of_which_the_end_is_missing_tells_so_once_and_a_whole_one_does_not() {
    let words: String = (0..3000_u32).map(|n| format!("{} ", n.wrapping_mul(2_654_435_761))).collect();
    let note = format!("The boiler hums in the cellar.\n{words}\n");
    let files = [("a.txt", note.as_bytes()), ("b.txt", note.as_bytes())];
    let of_tar = files.map(|(name, body)| (name, b'0', body));
    let all = [
        ("a.zip", zip(&files)),
        ("a.tar", tar(&of_tar)),
        ("a.tgz", gzip(&tar(&of_tar))),
        ("a.txt.gz", gzip(note.as_bytes())),
    ];
    for (name, file) in all {
        let count = |file: &[u8]| extract(name, file).unwrap().text.matches("The end of this file").count();
        assert_eq!((count(&file), count(&file[..file.len() / 2])), (0, 1), "{name}");
        let last = told(name, &file[..file.len() / 2]).unwrap().pop().unwrap();
        assert_eq!(last.0, LEFT_OUT, "{name}");
    }
}

#[test]
fn a_reader_that_is_given_a_beginning_does_not_tell_that_the_end_is_missing() {
    let words: String = (0..3000_u32).map(|n| format!("{} ", n.wrapping_mul(2_654_435_761))).collect();
    let note = format!("The boiler hums in the cellar.\n{words}\n");
    let (name, body) = ("a.txt", note.as_bytes());
    let files = [zip(&[(name, body), ("b.txt", body)]), tar(&[(name, b'0', body), ("b.txt", b'0', body)]), gzip(body)];
    for (at, file) in files.iter().enumerate() {
        let half = &file[..file.len() / 2];
        for extent in [Extent::Whole, Extent::Beginning] {
            let budget = &mut Budget::of(1 << 20);
            let inner = |name: &str, bytes: &[u8], part: Extent, _: &mut Budget| {
                assert!(part == Extent::Whole || extent == Extent::Beginning, "a whole file has no other parts");
                extract(name, bytes)
            };
            let text = match at {
                0 => read_zip(&Zip::open(half), extent, budget, &inner),
                1 => read_tar(half, extent, budget, &inner),
                _ => read_gzip("a.txt.gz", half, extent, budget, &inner),
            };
            let text = text.unwrap().text;
            assert!(text.contains("The boiler hums"), "{at}");
            assert_eq!(text.contains("The end of this file"), extent == Extent::Whole, "{at}");
        }
    }
}

#[test]
fn an_archive_without_text_says_why() {
    let binary = [("a.bin", &b"\0\x01\0\x02"[..])];
    let empty = Refusal::ReadEmpty { what: "no file in the archive has words in it" };
    assert_eq!(told("a.zip", &zip(&binary)), Err(empty));
    assert_eq!(told("a.zip", &zip(&[])), Err(Refusal::Empty));
    let mut locked = zip(&[("a.txt", b"words of the cellar")]);
    let central = locked.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    locked[central + 8] |= 1;
    assert_eq!(told("a.zip", &locked), Err(Refusal::Encrypted));
    assert_eq!(told("a.zip", &zip(&binary)[..40]), Err(Refusal::Truncated));
    assert_eq!(told("a.gz", &gzip(b"words")[..15]), Err(Refusal::Truncated));
    let mut altered = zip(&[("a.txt", b"the red lamp")]);
    let at = altered.windows(3).position(|window| window == b"red").unwrap();
    altered[at..at + 3].copy_from_slice(b"tan");
    assert_eq!(told("a.zip", &altered), Err(Refusal::Altered));
    let mut altered = gzip(b"the red lamp");
    let at = altered.len() - 8;
    altered[at] ^= 1;
    assert_eq!(told("a.gz", &altered), Err(Refusal::Altered));
}

#[test]
fn bombs_and_nests_end_at_the_caps() {
    let bomb = vec![b' '; 64 << 20];
    let packed = gzip(&bomb);
    assert_eq!(told("a.gz", &packed), Err(Refusal::TooMuch));
    let mut nest = zip(&[("a.txt", b"words of the cellar")]);
    assert!(told("a.zip", &zip(&[("b.zip", &nest)])).is_ok());
    for _ in 0..9 {
        nest = zip(&[("b.zip", &nest)]);
    }
    let deep = told("a.zip", &nest).unwrap_err();
    assert_eq!(deep, Refusal::TooDeep);
    assert!(deep.to_string().contains("deeper than the 3 that are read"), "{deep}");
    assert_eq!(told("a.tgz", &gzip(&tar(&[("a.zip", b'0', &nest)]))), Err(Refusal::TooDeep));
    let words = "words of the cellar ".repeat(100_000);
    let entries: Vec<(String, Vec<u8>)> =
        (0..40).map(|n| (format!("{n}.txt"), format!("{n} {words}").into_bytes())).collect();
    let entries: Vec<(&str, &[u8])> = entries.iter().map(|(name, text)| (name.as_str(), text.as_slice())).collect();
    let text = extract("a.zip", &zip(&entries)).unwrap();
    assert!(text.text.len() > 1 << 22 && u64::try_from(text.text.len()).unwrap() <= DOCUMENT_BYTES_MAX);
}

#[test]
fn entries_beyond_what_is_read_are_counted_in_the_text() {
    let names: Vec<String> = (0..UNPACKED_ENTRIES_MAX + 2).map(|n| format!("{n:06}.bin")).collect();
    let mut entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"\0"[..])).collect();
    entries[0] = ("a.txt", b"Rain falls in May.");
    let is_told = |name: &str, file: &[u8], left_out: &str| {
        let told = told(name, file).unwrap();
        assert_eq!(told[0], pair("a.txt", "Rain falls in May."));
        let (heading, note) = &told[1];
        assert!(heading == "Read in part" && note.starts_with("1 entry of this file is read, and "), "{told:?}");
        assert!(note.contains(left_out) && note.contains("65536"), "{note}");
    };
    // The number of entries in the end record has 16 bits: the records are counted.
    let file = zip(&entries);
    is_told("a.zip", &file, "and 2 more were left out");
    // Where the directory is lost, the local headers.
    let directory = file.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    is_told("a.zip", &file[..directory], "and 2 more were left out");
    let whole = zip(&entries[..UNPACKED_ENTRIES_MAX]);
    assert_eq!(told("a.zip", &whole).unwrap(), [pair("a.txt", "Rain falls in May.")]);
    let files: Vec<(&str, u8, &[u8])> = entries.iter().map(|(name, body)| (*name, b'0', *body)).collect();
    // As a file by itself, it is larger than one that is read.
    let tar = tar(&files);
    let list = super::tar::entries(&tar);
    assert_eq!((list.entries.len(), list.left_out), (UNPACKED_ENTRIES_MAX, 2));
}

#[test]
fn entries_that_need_a_password_or_lie_too_deep_or_are_damaged_are_named_beside_those_that_are_read() {
    let lock = |file: &mut Vec<u8>, nth: usize| {
        let mut records = file.windows(4).enumerate().filter(|(_, window)| *window == b"PK\x01\x02");
        let (at, _) = records.nth(nth).unwrap();
        file[at + 8] |= 1;
    };
    let mut file = zip(&[("a.txt", b"Rain falls in May."), ("b.txt", b"Snow falls."), ("c.txt", b"Hail falls.")]);
    lock(&mut file, 1);
    let note = |one: &str| pair("Read in part", one);
    let open = [pair("a.txt", "Rain falls in May."), pair("c.txt", "Hail falls.")];
    let one = note("\"b.txt\" needs a password and was left out; save a copy without one.");
    assert_eq!(told("a.zip", &file).unwrap(), [&open[..], &[one]].concat());
    lock(&mut file, 2);
    let two = note("\"b.txt\" and 1 more need a password and were left out; save copies without one.");
    assert_eq!(told("a.zip", &file).unwrap(), [&open[..1], &[two]].concat());
    let mut nest = zip(&[("x.txt", b"words of the cellar")]);
    for _ in 0..4 {
        nest = zip(&[("b.zip", &nest)]);
    }
    let deep = told("a.zip", &zip(&[("a.txt", b"Rain falls in May."), ("b.zip", &nest)])).unwrap();
    assert_eq!(deep[1].0, "Read in part", "{deep:?}");
    assert!(deep[1].1.starts_with("\"b.zip\" was left out: what is in the file lies in archives"), "{deep:?}");
    let mut altered = zip(&[("a.txt", b"the red lamp"), ("b.txt", b"Snow falls.")]);
    let at = altered.windows(3).position(|window| window == b"red").unwrap();
    altered[at..at + 3].copy_from_slice(b"tan");
    let told = told("a.zip", &altered).unwrap();
    assert!(told[0] == pair("b.txt", "Snow falls.") && told[1].1.contains("\"a.txt\" was left out: "), "{told:?}");
}

#[test]
fn a_document_that_cannot_be_read_itself_is_told_beside_what_lies_in_it() {
    let body: &[u8] =
        b"<w:document><w:body><w:p><w:r><w:t>The red lamp blinks.</w:t></w:r></w:p></w:body></w:document>";
    let blank: &[u8] = b"<w:document><w:body><w:p/></w:body></w:document>";
    let with = |body: &[u8]| zip(&[("word/document.xml", body), ("word/embeddings/note.txt", b"Snow falls in May.")]);
    let note = pair("note.txt", "Snow falls in May.");
    assert_eq!(told("a.docx", &with(body)).unwrap(), [pair("", "The red lamp blinks."), note.clone()]);
    assert_eq!(
        told("a.docx", &with(blank)).unwrap(),
        std::slice::from_ref(&note),
        "it has no words that could be lost"
    );
    let directory = with(body).windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    for (at, why) in [(8, "needs a password"), (16, "does not have the checksum")] {
        let mut file = with(body);
        file[directory + at] ^= 1;
        let told = told("a.docx", &file).unwrap();
        assert_eq!(told[0], note, "{told:?}");
        let (heading, said) = &told[1];
        assert!(heading == LEFT_OUT && said.contains("document itself was left out") && said.contains(why), "{told:?}");
    }
}

#[test]
fn of_a_stream_that_is_longer_than_what_is_read_the_text_says_so() {
    let line = |n: usize| format!("Line {n} of the rain in May.\n");
    let lines: String = (0..700_000).map(line).collect();
    assert!(lines.len() > entry_most());
    let is_told = |name: &str, file: &[u8]| {
        let text = extract(name, file).unwrap();
        let last = text.sections.last().unwrap();
        assert_eq!(last.heading, "Read in part", "{name}");
        let note = &text.text[last.range.clone()];
        assert!(note.starts_with("Only the beginning of this file is read") && note.contains("16 MiB"), "{note}");
        assert!(text.text.starts_with("Line 0 of the rain") || text.text.contains("Line 9 of the rain"), "{name}");
        assert!(u64::try_from(text.text.len()).unwrap() <= DOCUMENT_BYTES_MAX && text.is_sound());
        assert!(!text.text.contains("The end of this file"), "{name}: we left it out, no copy lacks it");
    };
    is_told("a.txt.gz", &gzip(lines.as_bytes()));
    let tar = tar(&[("a.txt", b'0', &lines.as_bytes()[..9_000_000]), ("b.txt", b'0', &lines.as_bytes()[..9_000_000])]);
    is_told("a.tgz", &gzip(&tar));
    let sections = told("a.tgz", &gzip(&tar)).unwrap();
    assert_eq!(sections.iter().filter(|(heading, _)| heading == LEFT_OUT).count(), 1, "told once");
    let whole = extract("a.txt.gz", &gzip(&lines.as_bytes()[..entry_most() - 9])).unwrap();
    assert!(!whole.text.contains("Only the beginning"), "its rows are alike, which is told, and no more");
    // A folder counts an entry that is too long for it.
    let zipped = told("a.zip", &zip(&[("a.txt", b"Rain falls in May."), ("b.txt", lines.as_bytes())])).unwrap();
    assert!(zipped[1].1.starts_with("1 entry of this file is read, and 1 more was left out"), "{:?}", zipped[1]);
}

#[test]
fn of_entries_that_come_from_the_last_to_the_first_the_last_are_kept_in_their_order_and_the_note_stands_behind_them() {
    let entry = |name: &str, bytes: usize, sections: usize| {
        let text = name.repeat(bytes / name.len());
        let range = 0..name.len();
        let section = Section { heading: name.to_owned(), range };
        Some(Ok(Text { text, sections: vec![section; sections] }))
    };
    let told = |entries: Vec<Option<Result<Text, Refusal>>>| {
        let mut folder = Folder::default();
        folder.take_last(entries.into_iter());
        let text = folder.finish().unwrap();
        let headings: Vec<String> = text.sections.iter().map(|section| section.heading.clone()).collect();
        let notes = text.sections.iter().filter(|section| section.heading == LEFT_OUT);
        (headings, notes.map(|section| text.text[section.range.clone()].to_owned()).collect::<Vec<String>>())
    };
    let part = entry_most() / 5 * 2;
    let none = Some(Err(Refusal::Empty));
    let (headings, notes) = told(vec![
        entry("newest", 900, 1),
        none,
        entry("newer", part, 1),
        entry("older", part, 1),
        entry("long", part, 1),
        entry("old", 9, 1),
        None,
    ]);
    assert_eq!(headings, ["old", "older", "newer", "newest", LEFT_OUT], "what is too long leaves room for what is not");
    assert!(notes[0].starts_with("4 entries of this file are read, and 2 more were left out"), "{notes:?}");
    let (headings, _) = told(vec![entry("b", 9, 1), entry("a", 9, 1)]);
    assert_eq!(headings, ["a", "b"]);
    let (headings, _) = told(vec![entry("b", 9, 1), entry("a", 9, DOCUMENT_CHUNKS_MAX - 1)]);
    assert_eq!(headings, ["b", LEFT_OUT], "there is room for what is told");
    let (headings, _) = told(vec![entry("b", 9, DOCUMENT_CHUNKS_MAX + 9), entry("a", 9, 1)]);
    assert_eq!((headings.len(), headings[0].as_str()), (DOCUMENT_CHUNKS_MAX, "b"));
}

#[test]
fn the_longest_note_fits_into_the_room_that_is_left_for_it() {
    let reasons = [
        LeftOut::Text,
        LeftOut::Part,
        LeftOut::Pages,
        LeftOut::Sheets,
        LeftOut::Columns,
        LeftOut::Addresses,
        LeftOut::Nested,
        LeftOut::Encrypted,
        LeftOut::Altered,
    ];
    let many = || Unread { count: usize::MAX, first: "\u{fc}".repeat(HEADING_BYTES_MAX / 2) };
    let whys = [
        Refusal::Encrypted,
        Refusal::Truncated,
        Refusal::Damaged { format: "OpenDocument" },
        Refusal::TooMuch,
        Refusal::Altered,
        Refusal::TooDeep,
        Refusal::Nested,
    ];
    for why in whys {
        let folder = Folder {
            read: usize::MAX,
            left_out: usize::MAX,
            encrypted: many(),
            packed_otherwise: many(),
            unread: many(),
            why: Some(why.clone()),
            itself: Some(why.clone()),
            reasons: reasons.into_iter().collect(),
            ..Folder::default()
        };
        let told = folder.text();
        assert!(told.is_sound() && told.text.len() < LEFT_OUT_NOTE_BYTES_MAX, "{why:?}: {} bytes", told.text.len());
    }
}
