//! Text that holds records rather than prose: tables of values, JSON, subtitles.
//!
//! What such a file means stands in its structure: a number is a price by the name of its column, a word is a city by its key. Read as
//! plain text, a passage of it is values without names. So each reader here writes lines that can be understood by themselves
//! (`csv`: each value behind the name of its column; `json`: behind the keys that lead to it), or prose where the structure says
//! nothing that anybody asks for (`subtitles`: sentences, without their times).
//!
//! JSON and subtitles are told by their content whatever the file is called; a table of values must be called one, since a text with
//! commas in it is none. What a reader does not find as it must be, it leaves to the reader of plain text.
//!
//! These readers are our own code, and `serde_json`'s, on text that is decoded: they run where plain text is read. Not here: XML
//! (`elements`) and mails (`mail`), which run in a process of their own.

mod csv;
mod json;
mod subtitles;

use super::leaf::Leaf;

/// Reads a text of records; `None` if it is none. `ending`: that of its name, in small letters.
pub(super) fn read(ending: &str, text: &str) -> Option<Leaf> {
    let leaf = match ending {
        // Of these the markup counts, and of code the code.
        "md" | "markdown" | "mdown" | "html" | "htm" | "xhtml" => return None,
        "csv" | "tsv" | "tab" | "psv" => csv::read(text, ending == "tsv" || ending == "tab"),
        _ => subtitles::read(text).or_else(|| json::read(text)),
    };
    leaf.filter(|leaf| !leaf.is_blank())
}
