//! Prints what is read of files: the words and sections of each, or why there are none.
//!
//! cargo run --example extract -- [--text] FILE [FILE …]
//!
//! One line a file: `read`, `empty` or `refused`, the words, the sections, the path, the reason. With `--text`, the headings and
//! the text follow. A crash of a parser ends the program: scripts/extract-corpus runs it for each file of a folder.

use std::error::Error;
use std::io::{self, Write};
use wattle::text::extract::{Refusal, extract};

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut shows_text = false;
    for path in std::env::args().skip(1) {
        if path == "--text" {
            shows_text = true;
            continue;
        }
        match extract(&path, &std::fs::read(&path)?) {
            Ok(text) => {
                let words = text.text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count();
                writeln!(out, "read\t{words}\t{}\t{path}\t", text.sections.len())?;
                for section in text.sections.iter().filter(|_| shows_text) {
                    let body = text.text.get(section.range.clone()).unwrap_or_default();
                    writeln!(out, "\n== {}\n{body}", section.heading)?;
                }
            }
            Err(why @ (Refusal::Empty | Refusal::ReadEmpty { .. } | Refusal::NoLanguage)) => {
                writeln!(out, "empty\t0\t0\t{path}\t{why}")?;
            }
            Err(why) => writeln!(out, "refused\t0\t0\t{path}\t{why}")?,
        }
    }
    out.flush()?;
    Ok(())
}
