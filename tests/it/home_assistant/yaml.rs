//! A reader of the YAML that the document uses: maps and lists by indentation, texts with and without quotation marks, numbers, truths,
//! `!secret`, and remarks. What it does not know it refuses, so that no line of the document is passed over.

use serde_json::{Map, Value};
use std::collections::VecDeque;

/// Lines that are left: how far each is indented, and what stands there.
type Lines = VecDeque<(usize, String)>;

/// Reads a block; `!secret name` is the secret of this name.
pub(super) fn read(text: &str, secrets: &Map<String, Value>) -> Value {
    let line = |line: &str| {
        let content = without_remark(line).trim_end();
        let indent = content.len() - content.trim_start().len();
        assert!(!content.contains('\t'), "a tab: {line}");
        (!content.trim().is_empty()).then(|| (indent, content.trim_start().to_owned()))
    };
    let mut lines: Lines = text.lines().filter_map(line).collect();
    let value = block(&mut lines, secrets);
    assert!(lines.is_empty(), "a line is indented as none around it: {lines:?}");
    value
}

fn without_remark(line: &str) -> &str {
    let (mut quote, mut before) = (None, ' ');
    for (at, sign) in line.char_indices() {
        match quote {
            Some(open) if open == sign => quote = None,
            None if sign == '#' && before == ' ' => return line.get(..at).unwrap_or_default(),
            None if sign == '"' || sign == '\'' => quote = Some(sign),
            _ => {}
        }
        before = sign;
    }
    line
}

/// What stands at the indentation of the first line that is left.
fn block(lines: &mut Lines, secrets: &Map<String, Value>) -> Value {
    let Some((indent, first)) = lines.front().cloned() else { return Value::Null };
    if first.starts_with("- ") {
        return list(lines, indent, secrets);
    }
    if key_of(&first).is_none() {
        lines.pop_front();
        return scalar(&first, secrets);
    }
    let mut map = Map::new();
    while let Some((_, line)) = lines.pop_front_if(|(at, line)| *at == indent && !line.starts_with("- ")) {
        let (key, rest) = key_of(&line).unwrap_or_else(|| panic!("no key: {line}"));
        let value = match (rest, lines.front()) {
            ("", Some((at, next))) if *at > indent || *at == indent && next.starts_with("- ") => block(lines, secrets),
            ("", _) => Value::Null,
            _ => scalar(rest, secrets),
        };
        assert!(map.insert(key.to_owned(), value).is_none(), "{key} stands there twice");
    }
    Value::Object(map)
}

fn list(lines: &mut Lines, indent: usize, secrets: &Map<String, Value>) -> Value {
    let mut items = Vec::new();
    while let Some((at, line)) = lines.pop_front_if(|(at, line)| *at == indent && line.starts_with("- ")) {
        let content = line.trim_start_matches('-').trim_start();
        lines.push_front((at + line.len() - content.len(), content.to_owned()));
        items.push(block(lines, secrets));
    }
    Value::Array(items)
}

/// The key of a line, and what stands behind it.
fn key_of(line: &str) -> Option<(&str, &str)> {
    let (key, rest) = line.split_once(": ").or_else(|| Some((line.strip_suffix(':')?, "")))?;
    let is_key = key.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '_' || sign == '-');
    is_key.then(|| (key, rest.trim()))
}

fn scalar(text: &str, secrets: &Map<String, Value>) -> Value {
    for quote in ['"', '\''] {
        if let Some(rest) = text.strip_prefix(quote) {
            let inner = rest.strip_suffix(quote).unwrap_or_else(|| panic!("an open text: {text}"));
            assert!(!inner.contains(quote) && (quote == '\'' || !inner.contains('\\')), "not read here: {text}");
            return inner.into();
        }
    }
    if let Some(name) = text.strip_prefix("!secret ") {
        return secrets.get(name).unwrap_or_else(|| panic!("no secret {name}")).clone();
    }
    if let Some(items) = text.strip_prefix('[') {
        let items = items.strip_suffix(']').unwrap_or_else(|| panic!("an open list: {text}"));
        return items.split(',').map(|item| scalar(item.trim(), secrets)).collect();
    }
    assert!(!text.starts_with(['{', '|', '>', '&', '*', '!', '@', '%']), "not read here: {text}");
    match text {
        "true" => true.into(),
        "false" => false.into(),
        _ => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
    }
}

#[test]
fn the_reader_reads_what_the_document_uses_and_refuses_the_rest() {
    let secrets = serde_json::json!({ "key": "Bearer 1" });
    let text = "a: # remark\n  b: \"x # y\"\n  c: !secret key\nlist:\n  - name: one\n    n: 60\n    of: [\"p\", q]\n  - two\nsame:\n- 'z: 1'\nurl: http://x\n";
    let expected = serde_json::json!({
        "a": { "b": "x # y", "c": "Bearer 1" }, "list": [{ "name": "one", "n": 60, "of": ["p", "q"] }, "two"], "same": ["z: 1"], "url": "http://x",
    });
    assert_eq!(read(text, secrets.as_object().unwrap()), expected);
    for wrong in ["a: 1\na: 2", "a: \"x", "a: |\n  text", "a: !secret other", "a: 1\n   b: 2", "a: {b: 1}"] {
        assert!(std::panic::catch_unwind(|| read(wrong, &Map::new())).is_err(), "{wrong}");
    }
}
