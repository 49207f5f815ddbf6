//! JSON, and JSON line by line: each value on a line, behind the keys that lead to it.
//!
//! `{"boiler": {"lamps": [{"colour": "red"}]}}` is `boiler.lamps.colour: red`. Each object of a list is a paragraph, so that a record
//! stays together. Values are written while the text is read: a tree of all of them takes ten times the memory of the file.
//!
//! A text that is not JSON to its end is read as it stands; one that was cut is read as far as it goes.

use crate::limits::{HEADING_BYTES_MAX, JSON_NUMBERS_MAX};
use crate::text::extract::leaf::{Leaf, one_line};
use crate::text::extract::left_out::LeftOut;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Reads JSON; `None` if it is none.
pub(super) fn read(text: &str) -> Option<Leaf> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let mut writer = Writer::default();
    let mut reader = serde_json::Deserializer::from_str(text);
    loop {
        match (Value { writer: &mut writer, is_item: true }).deserialize(&mut reader) {
            Ok(()) if reader.end().is_ok() => break,
            Ok(()) => {}
            // A file that was cut.
            Err(error) if error.is_eof() => break,
            Err(_) => return None,
        }
    }
    writer.end_list();
    Some(writer.leaf)
}

/// What is written, and where the reader is.
#[derive(Default)]
struct Writer {
    leaf: Leaf,
    /// The keys that lead to the value, with dots in between.
    path: String,
    /// The values of a list so far, and how many of them there are, and of those numbers.
    list: String,
    items: usize,
    numbers: usize,
}

impl Writer {
    /// The end of the path that stands before values: keys deep in a tree say what the value is.
    fn name(&self) -> &str {
        let from = self.path.ceil_char_boundary(self.path.len().saturating_sub(HEADING_BYTES_MAX));
        self.path.get(from..).unwrap_or_default()
    }

    fn write(&mut self, value: &str) {
        let value = value.trim_end();
        if value.is_empty() || self.leaf.is_full() {
            return;
        }
        let between = if value.contains('\n') { ":\n" } else { ": " };
        let line = if self.path.is_empty() { value.to_owned() } else { format!("{}{between}{value}", self.name()) };
        self.leaf.line(&line);
    }

    fn scalar(&mut self, value: &str, is_item: bool, is_number: bool) {
        if !is_item {
            self.write(value);
            return;
        }
        self.items += 1;
        self.numbers += usize::from(is_number);
        let is_vector = self.numbers == self.items && self.items > JSON_NUMBERS_MAX;
        if is_vector {
            return;
        }
        if u64::try_from(self.list.len()).is_ok_and(|bytes| bytes > crate::limits::DOCUMENT_BYTES_MAX) {
            self.leaf.left_out.insert(LeftOut::Text);
            return;
        }
        // Lists of lines, as notebooks have them, are one text.
        if !self.list.is_empty() && !self.list.ends_with('\n') {
            self.list.push_str(", ");
        }
        self.list.push_str(value);
    }

    /// The list is over, or something stands in it that is a list or an object itself.
    fn end_list(&mut self) {
        let list = std::mem::take(&mut self.list);
        if self.numbers == self.items && self.items > JSON_NUMBERS_MAX {
            self.write(&format!("{list}, \u{2026}"));
        } else {
            self.write(&list);
        }
        (self.items, self.numbers) = (0, 0);
    }
}

/// A value that is written as it is read.
struct Value<'a> {
    writer: &'a mut Writer,
    /// Whether it stands in a list.
    is_item: bool,
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.writer.scalar(if value { "true" } else { "false" }, self.is_item, false);
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.writer.scalar(&value.to_string(), self.is_item, true);
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.writer.scalar(&value.to_string(), self.is_item, true);
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        // `Display` writes out three hundred zeros.
        let is_plain = value == 0.0 || (1e-6..1e15).contains(&value.abs());
        let text = if is_plain { value.to_string() } else { format!("{value:e}") };
        self.writer.scalar(&text, self.is_item, true);
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        if !value.is_empty() {
            self.writer.scalar(value, self.is_item, false);
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        self.writer.end_list();
        while seq.next_element_seed(Value { writer: self.writer, is_item: true })?.is_some() {}
        self.writer.end_list();
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.writer.end_list();
        if self.is_item {
            self.writer.leaf.paragraph("");
        }
        let length = self.writer.path.len();
        while let Some(key) = map.next_key::<String>()? {
            let dot = if length == 0 { "" } else { "." };
            self.writer.path.push_str(dot);
            self.writer.path.push_str(&one_line(&key));
            map.next_value_seed(Value { writer: self.writer, is_item: false })?;
            self.writer.path.truncate(length);
        }
        if self.is_item {
            self.writer.leaf.paragraph("");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    fn told(text: &str) -> Option<String> {
        read(text).map(|leaf| leaf.text.trim_end().to_owned())
    }

    #[test]
    fn each_value_stands_behind_its_keys_and_each_record_is_a_paragraph() {
        let text = r#"{"house": {"name": "Mill Street", "rooms": 4, "old": true, "none": null, "": ""},
            "people": [{"name": "Ann", "tags": ["a", "b"]}, {"name": "Bob", "at": [47.1, -8.5]}]}"#;
        assert_eq!(
            told(text).unwrap(),
            "house.name: Mill Street\nhouse.rooms: 4\nhouse.old: true\n\npeople.name: Ann\npeople.tags: a, b\n\n\
             people.name: Bob\npeople.at: 47.1, -8.5"
        );
        assert_eq!(told("[1, [2, 3], \"x\"]").unwrap(), "1\n2, 3\nx");
        assert_eq!(told(r#"{"a": "one\ntwo", "n": 1e300}"#).unwrap(), "a:\none\ntwo\nn: 1e300");
        let notebook = r##"{"cells": [{"source": ["# Boiler\n", "It hums."], "execution_count": null}]}"##;
        assert_eq!(told(notebook).unwrap(), "cells.source:\n# Boiler\nIt hums.");
    }

    #[test]
    fn objects_behind_each_other_are_records_and_a_cut_one_is_read_as_far_as_it_goes() {
        assert_eq!(told("{\"a\": 1}\n{\"a\": 2}\n\n").unwrap(), "a: 1\n\na: 2");
        assert_eq!(told("{\"a\": 1}\n{\"a\": \"two\", \"b\": \"thr").unwrap(), "a: 1\n\na: two");
    }

    #[test]
    fn what_is_no_json_to_its_end_is_left_to_others() {
        for text in [
            "",
            "x",
            "\"a\"",
            "17",
            "{a: 1}",
            "[1] Smith, On boilers.",
            "{\"a\": 1} words",
            "{% if x %}",
            "[[wiki]] link",
        ] {
            assert_eq!(told(text), None, "{text}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(told(&deep), None);
    }

    #[test]
    fn of_a_vector_the_first_numbers_are_written_and_of_a_long_path_its_end() {
        let vector = format!("{{\"v\": [{}0.5]}}", "0.25, ".repeat(999));
        let shown = told(&vector).unwrap();
        assert!(
            shown.starts_with("v: 0.25, 0.25") && shown.ends_with("0.25, \u{2026}") && shown.len() < 300,
            "{shown}"
        );
        let long = format!("{{\"{}\": {{\"end\": 1}}}}", "k\u{e4}".repeat(400));
        assert!(told(&long).unwrap().ends_with(".end: 1") && told(&long).unwrap().len() < 140);
    }
}
