//! The way from a file to its chunks has a number, `limits::READER`, by which a store knows whether to read its files again. This test holds the
//! sums of what samples of all formats come to, so that nobody changes texts and forgets the number: the files of homes that are there would
//! stay as an earlier version read them.

use super::fuzz_short::targets;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use wattle::base::rng::Rng;
use wattle::limits::READER;
use wattle::text::chunk::chunks;
use wattle::text::extract::{extract, newest};

/// Names by which the bytes of a text are read: they decide what it is.
const NAMES: [&str; 8] = ["a.md", "a.txt", "a.html", "a.csv", "a.json", "a.srt", "a.eml", "a.rs"];

/// The first bytes of a hash.
fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a file comes to: its text, its sections and its chunks, or that it has none.
fn read(name: &str, bytes: &[u8]) -> String {
    let Ok(text) = extract(name, bytes) else { return "none".to_owned() };
    let tokens = |part: &str| part.split_whitespace().count();
    sum(format!("{text:?}{:?}", chunks(&text, &tokens)).as_bytes())
}

/// Samples: the seeds of the fuzzers are documents of each format but PDF.
fn samples() -> Vec<(String, Vec<u8>)> {
    let mut samples = Vec::new();
    let of = |name| targets::TARGETS.iter().find(|target| target.name == name).unwrap();
    for (at, bytes) in (of("document").seeds)().into_iter().enumerate() {
        samples.push((format!("document-{at}.bin"), bytes));
    }
    let prose = prose();
    let marked = prose.replace("\n\n", "\n\n## The cellar\n\n- ");
    for bytes in (of("text").seeds)().into_iter().chain([prose.into_bytes(), marked.into_bytes()]) {
        samples.extend(NAMES.map(|name| (name.to_owned(), bytes.clone())));
    }
    samples.push(("a.pdf".to_owned(), pdf()));
    samples.extend(mails().map(|mails| ("Inbox.2026".to_owned(), mails)));
    samples
}

/// Paragraphs that make several chunks.
fn prose() -> String {
    let words =
        ["boiler", "valve", "the", "cellar", "hums", "in", "of", "frost", "receipt", "plumber", "pressure", "and"];
    let mut rng = Rng::new(14);
    let mut text = String::new();
    for sentence in 1..300 {
        for _ in 0..rng.below(20) {
            text.push_str(words[rng.below(words.len() as u64) as usize]);
            text.push(' ');
        }
        text.push_str(if sentence % 9 == 0 { "it.\n\n" } else { "it. " });
    }
    text
}

/// Folders of mails: of Thunderbird, without blank lines, and the end of a large one.
fn mails() -> [Vec<u8>; 3] {
    let mail = |n: usize| format!("From: a@x\nTo: b@x\nSubject: Letter {n}\n\nThe boiler hums, says letter {n}.\n");
    let all = |line: &str, behind: &str| (0..3).map(|n| format!("{line}\n{}{behind}", mail(n))).collect::<String>();
    let dated = "From a@x Mon Jun  1 10:00:00 2009";
    let end = newest(format!("cut\n\n{}", all(dated, "\n")).into_bytes(), 40 << 20).unwrap();
    [all("From ", "\n").into_bytes(), all(dated, "").into_bytes(), end]
}

/// A page with two lines.
fn pdf() -> Vec<u8> {
    let page = "BT /F 12 Tf 50 700 Td (The red lamp) Tj 0 -14 Td (blinks in the boi-) Tj 0 -14 Td (ler) Tj ET";
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [5 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
        "<< /Title (The house) >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 6 0 R /Resources << /Font << /F 3 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{page}\nendstream", page.len()),
    ];
    let (mut file, mut places) = (String::from("%PDF-1.4\n"), String::new());
    for (at, object) in objects.iter().enumerate() {
        writeln!(places, "{:010} 00000 n ", file.len()).unwrap();
        write!(file, "{} 0 obj\n{object}\nendobj\n", at + 1).unwrap();
    }
    let start = file.len();
    write!(file, "xref\n0 7\n0000000000 65535 f \n{places}trailer\n<< /Size 7 /Root 1 0 R /Info 4 0 R >>\n").unwrap();
    write!(file, "startxref\n{start}\n%%EOF\n").unwrap();
    file.into_bytes()
}

/// Which samples are read differently, if the number is still the one of the list: what forbids to write the list anew.
fn forgotten<'a>(known: &BTreeMap<&str, &str>, now: &'a [(String, String)], same_reader: bool) -> Vec<&'a str> {
    let differs = |(sample, sum): &&(String, String)| known.get(sample.as_str()).is_some_and(|known| known != sum);
    now.iter().filter(|_| same_reader).filter(differs).map(|(sample, _)| sample.as_str()).collect()
}

#[test]
fn texts_change_only_with_the_number_of_the_reader() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/reader.txt");
    let written = fs::read_to_string(&path).unwrap_or_default();
    let (head, lines) = written.split_once('\n').unwrap_or_default();
    let known: BTreeMap<&str, &str> = lines.lines().filter_map(|line| line.rsplit_once(' ')).collect();
    let now: Vec<(String, String)> =
        samples().iter().map(|(name, bytes)| (format!("{name} {}", sum(bytes)), read(name, bytes))).collect();
    let today = format!("reader {READER}");
    let forgotten = forgotten(&known, &now, head == today);
    assert!(
        forgotten.is_empty(),
        "These samples are read differently than before: {forgotten:?}. Give `limits::READER` the next number, with a line that says what is new; \
         then WATTLE_WRITE_FIXTURES=1 writes the list anew. Else no file of a home that is there is read the new way."
    );
    let list: String = now.iter().map(|(sample, sum)| format!("{sample} {sum}\n")).collect();
    let list = format!("{today}\n{list}");
    if std::env::var_os("WATTLE_WRITE_FIXTURES").is_some() {
        fs::write(&path, &list).unwrap();
    } else {
        assert!(
            written == list,
            "The samples, or READER, are not those of {}: WATTLE_WRITE_FIXTURES=1 writes it.",
            path.display()
        );
    }
}

#[test]
fn a_text_that_changes_while_the_number_stays_is_noticed() {
    let now = [("a.md 1".to_owned(), "x".to_owned()), ("b.md 2".to_owned(), "y".to_owned())];
    let known = BTreeMap::from([("a.md 1", "x"), ("b.md 2", "before")]);
    assert_eq!(forgotten(&known, &now, true), ["b.md 2"]);
    assert!(forgotten(&known, &now, false).is_empty(), "the number is another one");
    assert!(forgotten(&BTreeMap::new(), &now, true).is_empty(), "new samples");
}
