//! Prints the WordPiece ids of texts, for comparison with another tokenizer (`scripts/verify_wordpiece.py`).
//!
//! Reads one JSON string a line from standard input; writes the ids of each to standard output, separated by spaces,
//! without `[CLS]` and `[SEP]`. The one argument is the file of the vocabulary.

use std::error::Error;
use std::io::{self, BufRead, Write};
use wattle::embed::wordpiece::WordPiece;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("give the vocabulary's file")?;
    let rules = WordPiece::new(&std::fs::read_to_string(path)?)?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut ids = Vec::new();
    for line in io::stdin().lock().lines() {
        let text: String = serde_json::from_str(&line?)?;
        rules.encode(&text, usize::MAX, &mut ids);
        let words: Vec<String> = ids[1..ids.len() - 1].iter().map(ToString::to_string).collect();
        writeln!(out, "{}", words.join(" "))?;
    }
    out.flush()?;
    Ok(())
}
