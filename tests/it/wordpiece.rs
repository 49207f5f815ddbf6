//! Our tokenizer compared with Hugging Face `tokenizers` (`scripts/make_wordpiece_fixture.py` writes both fixtures).

use std::fs;
use std::path::PathBuf;
use wattle::embed::wordpiece::WordPiece;

/// The number of lines of the fixture: a truncated file must not pass.
const LINES: usize = 10_000;

fn file(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn tokens_equal_the_reference_tokenizer_on_ten_thousand_lines() {
    let rules = WordPiece::new(&file("models/all-MiniLM-L6-v2/vocab.txt")).unwrap();
    let (lines, ids) = (file("tests/fixtures/wordpiece/lines.txt"), file("tests/fixtures/wordpiece/ids.txt"));
    assert_eq!((lines.lines().count(), ids.lines().count()), (LINES, LINES));
    let mut ours = Vec::new();
    let mut differences = Vec::new();
    for (line, due) in lines.lines().zip(ids.lines()) {
        let text: String = serde_json::from_str(line).unwrap();
        let due: Vec<u32> = due.split_whitespace().map(|id| u32::from_str_radix(id, 36).unwrap()).collect();
        rules.encode(&text, usize::MAX, &mut ours);
        assert_eq!((ours.first(), ours.last()), (Some(&101), Some(&102)), "[CLS] and [SEP] stand around {line}");
        if ours[1..ours.len() - 1] != due || rules.count(&text) != due.len() {
            differences.push(format!("{line}\n  reference {due:?}\n  ours      {ours:?}"));
        }
    }
    assert!(
        differences.is_empty(),
        "{} lines differ, first:\n{}",
        differences.len(),
        differences[..differences.len().min(5)].join("\n")
    );
}

#[test]
fn a_truncated_encoding_begins_as_the_whole_one() {
    let rules = WordPiece::new(&file("models/all-MiniLM-L6-v2/vocab.txt")).unwrap();
    let text = "Wattles are woven; fences, unfathomably, are not. ".repeat(40);
    let (mut whole, mut cut) = (Vec::new(), Vec::new());
    rules.encode(&text, usize::MAX, &mut whole);
    for max in 2..whole.len() {
        rules.encode(&text, max, &mut cut);
        assert_eq!(cut.len(), max);
        assert_eq!(cut[..max - 1], whole[..max - 1]);
        assert_eq!(cut[max - 1], 102);
    }
}
