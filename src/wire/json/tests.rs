//! Tests of what all JSON here shares: one encoding of each value, and bounds.

use super::field::{Decoded, Encoded, list_of};
use super::*;
use crate::base::rng::Rng;
use crate::limits::JSON_DEPTH_MAX;
use crate::wire::random_bytes;

fn number(bytes: &[u8]) -> Option<u64> {
    let Decoded(number) = serde_json::from_slice(bytes).ok()?;
    is_encoding_of(&Encoded(&number), bytes).then_some(number)
}

fn decode(bytes: &[u8]) -> Option<String> {
    let text = serde_json::from_slice(bytes).ok()?;
    is_encoding_of(&text, bytes).then_some(text)
}

#[test]
fn the_canonical_form_is_accepted() {
    let right = [
        "0",
        "-1",
        "9007199254740991",
        "-9007199254740991",
        "null",
        "true",
        "[]",
        "{}",
        "[[],{}]",
        "[1,[2,\"a\"],{\"b\":[]}]",
        "\"\"",
        "\"\\n\\u001f\\\"\\\\/é\u{7f}\"",
        // The example of RFC 8785 section 3.2.3: by UTF-16 units, not by code points.
        "{\"\\r\":1,\"1\":2,\"\u{80}\":3,\"ö\":4,\"€\":5,\"😀\":6,\"\u{fb33}\":7}",
    ];
    for text in right {
        assert!(is_canonical(text.as_bytes()), "{text}");
    }
}

#[test]
fn every_other_form_is_refused() {
    let wrong = [
        "",
        " 1",
        "1 ",
        "01",
        "-0",
        "+1",
        "1.0",
        "1e3",
        "1E3",
        "0.5",
        "9007199254740992",
        "-9007199254740992",
        "18446744073709551616",
        "-9223372036854775808",
        "NaN",
        "nul",
        "[1,]",
        "[1 ,2]",
        "[,1]",
        "[1,2",
        "{\"a\"}",
        "{\"a\":1,}",
        "{\"a\":1",
        "{\"a\": 1}",
        "{\"b\":1,\"a\":2}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":{\"c\":1,\"b\":2}}",
        "{a:1}",
        "\"\\/\"",
        "\"\\u000A\"",
        "\"\\u000a\"",
        "\"\\u0041\"",
        "\"\\u001F\"",
        "\"\\u00e9\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud83d\"",
        "\"\n\"",
        "\"",
        "\"\\\"",
        "{\"a\":1}}",
        "[1]]",
        "[1}",
        "{\"a\":1]",
        "{\"\\u000b\":1,\"\\t\":2}",
        "{\"\u{fb33}\":7,\"😀\":6}",
        "\u{feff}1",
    ];
    for text in wrong {
        assert!(!is_canonical(text.as_bytes()), "{text}");
    }
    assert!(!is_canonical(b"\"\xff\"") && !is_canonical(b"\"\xed\xa0\x80\""));
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
    let deep = |depth| is_canonical(&nested(depth));
    assert!(deep(JSON_DEPTH_MAX) && deep(JSON_DEPTH_MAX + 1) && !deep(JSON_DEPTH_MAX + 2), "the innermost is empty");
    let objects = |depth: usize| ["{\"a\":".repeat(depth), "{}".to_owned(), "}".repeat(depth)].concat();
    let deep = |depth| is_canonical(objects(depth).as_bytes());
    assert!(deep(JSON_DEPTH_MAX) && !deep(JSON_DEPTH_MAX + 1));
    for open in ["[", "{\"a\":"] {
        assert!(!is_canonical(open.repeat(1 << 20).as_bytes()));
    }
}

#[test]
fn numbers_beyond_a_double_are_strings_and_smaller_ones_are_not() {
    for sent in [0, 9, 10, NUMBER_MAX - 1, NUMBER_MAX, NUMBER_MAX + 1, u64::MAX] {
        let mut out = Vec::new();
        assert!(encode(&Encoded(&sent), &mut out));
        assert_eq!(out.first() == Some(&b'"'), sent > NUMBER_MAX);
        assert_eq!(number(&out), Some(sent));
    }
    let wrong = [
        "\"1\"",
        "9007199254740992",
        "\"18446744073709551616\"",
        "\"09007199254740993\"",
        "\"+9007199254740993\"",
        "\"9007199254740993 \"",
        "\"90071992547409930e0\"",
        "-1",
        "-0",
        "1.0",
        "1e3",
        "01",
        " 1",
        "null",
        "true",
        "",
        "\"\"",
    ];
    for wrong in wrong {
        assert_eq!(number(wrong.as_bytes()), None, "{wrong}");
    }
}

/// RFC 8785 section 3.2.2.2, written a second time independently of the code under test.
fn escaped(letter: char) -> String {
    match letter {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\u{8}' => "\\b".to_owned(),
        '\t' => "\\t".to_owned(),
        '\n' => "\\n".to_owned(),
        '\u{c}' => "\\f".to_owned(),
        '\r' => "\\r".to_owned(),
        '\0'..='\u{1f}' => format!("\\u{:04x}", u32::from(letter)),
        other => other.to_string(),
    }
}

#[test]
fn every_letter_is_escaped_as_rfc_8785_says_and_in_no_other_way() {
    let below = (0..0x80).filter_map(char::from_u32);
    let above = "\u{80}é\u{7ff}€\u{2028}\u{2029}\u{d7ff}\u{e000}\u{fb33}\u{feff}\u{ffff}\u{10000}😀\u{10ffff}".chars();
    for letter in below.chain(above) {
        let right = format!("\"{}\"", escaped(letter));
        let mut out = Vec::new();
        assert!(encode(&letter.to_string(), &mut out));
        assert_eq!(String::from_utf8(out).unwrap(), right);
        assert_eq!(decode(right.as_bytes()), Some(letter.to_string()));
        assert!(is_canonical(right.as_bytes()), "{right}");
        // Other JSON for the same letter, and malformed JSON.
        let mut units = [0; 2];
        let units = letter.encode_utf16(&mut units);
        let mut others = vec![letter.to_string(), units.iter().map(|unit| format!("\\u{unit:04x}")).collect()];
        others.push(units.iter().map(|unit| format!("\\u{unit:04X}")).collect());
        // A backslash before one of these is an escape of another character.
        others.extend((!"bfnrt".contains(letter)).then(|| format!("\\{letter}")));
        for other in others.iter().map(|other| format!("\"{other}\"")).filter(|other| *other != right) {
            assert!(decode(other.as_bytes()).is_none() && !is_canonical(other.as_bytes()), "{other}");
        }
    }
}

#[test]
fn texts_survive_encoding_and_decoding() {
    let mut rng = Rng::new(5);
    for _ in 0..2_000 {
        let mut letter = || {
            let end = if rng.below(2) == 0 { 0x40 } else { 0x11_0000 };
            char::from_u32(u32::try_from(rng.below(end)).unwrap())
        };
        let text: String = (0..20).filter_map(|_| letter()).collect();
        let mut out = Vec::new();
        assert!(encode(&text, &mut out));
        assert_eq!(out, format!("\"{}\"", text.chars().map(escaped).collect::<String>()).as_bytes());
        assert_eq!(decode(&out), Some(text));
    }
}

#[test]
fn damaged_bytes_never_panic_and_what_is_canonical_is_json() {
    let mut rng = Rng::new(6);
    let good = b"{\"a\":[1,{\"b\":\"\\u0001\"}],\"c\":null}";
    for _ in 0..20_000 {
        let mut bytes = good.to_vec();
        random_bytes::damage(&mut rng, &mut bytes, 4);
        if is_canonical(&bytes) {
            assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_ok(), "{bytes:?}");
        }
    }
}

#[test]
fn a_list_ends_at_its_cap_while_it_is_read() {
    let read = |text: &str| list_of::<_, u64, 3>(&mut serde_json::Deserializer::from_str(text));
    assert_eq!(read("[1,2,3]").unwrap(), [1, 2, 3]);
    let long = format!("[{}1]", "1,".repeat(100_000));
    let error = read(&long).unwrap_err();
    assert!(error.column() < 10, "it read on to column {}", error.column());
}
