//! Keys in each spelling, and what is spelled so and is none.

use super::*;
use std::fmt::Write;

/// A spelling of text that leaves it as it is.
const LATIN: &str = "Latin-1";

fn joined(bytes: &[u8], between: &str, show: impl Fn(&u8) -> String) -> String {
    bytes.iter().map(show).collect::<Vec<_>>().join(between)
}

fn hex(byte: &u8) -> String {
    format!("{byte:02x}")
}

/// Digits of so many bits, of these letters.
fn digits(bytes: &[u8], bits: usize, letters: &str) -> String {
    let all: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| (byte >> at) & 1)).collect();
    let digit =
        |of: &[u8]| (0..bits).fold(0_usize, |number, at| number * 2 + usize::from(of.get(at).copied().unwrap_or(0)));
    all.chunks(bits).map(|of| char::from(letters.as_bytes()[digit(of)])).collect()
}

fn base64(bytes: &[u8]) -> String {
    digits(bytes, 6, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
}

fn base32(bytes: &[u8]) -> String {
    digits(bytes, 5, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
}

/// Parts of so many letters, with this between them.
fn parts(text: &str, width: usize, between: &str) -> String {
    text.as_bytes().chunks(width).map(|part| str::from_utf8(part).unwrap()).collect::<Vec<_>>().join(between)
}

/// As Python shows bytes.
fn shown(bytes: &[u8]) -> String {
    joined(bytes, "", |byte| match byte {
        b'\\' | b'\'' => format!("\\{}", char::from(*byte)),
        b'\n' => "\\n".to_owned(),
        b'\r' => "\\r".to_owned(),
        b'\t' => "\\t".to_owned(),
        0x20..=0x7E => char::from(*byte).to_string(),
        _ => format!("\\x{byte:02x}"),
    })
}

fn percents(bytes: &[u8]) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    joined(bytes, "", |byte| if is_plain(byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") })
}

/// Lines of 16 bytes with their offset.
fn dump(bytes: &[u8], line: impl Fn(usize, &[u8]) -> String) -> String {
    bytes.chunks(16).enumerate().fold(String::new(), |mut text, (row, bytes)| {
        let _ = writeln!(text, "{}", line(row * 16, bytes));
        text
    })
}

fn letters(bytes: &[u8]) -> String {
    joined(bytes, "", |byte| if byte.is_ascii_graphic() { char::from(*byte).to_string() } else { ".".to_owned() })
}

/// A key in each spelling.
fn spellings(key: &[u8]) -> Vec<(&'static str, String)> {
    [numbers(key), dumps(key), escapes(key), packed(key)].concat()
}

fn numbers(key: &[u8]) -> Vec<(&'static str, String)> {
    let all = joined(key, "", hex);
    vec![
        ("hex in lines", parts(&all, 64, "\n")),
        ("hex in lines that end within a byte", parts(&all, 75, "\n")),
        ("hex", all),
        ("hex with colons", joined(key, ":", hex)),
        ("hex with blanks", joined(key, " ", hex)),
        ("hex in code", joined(key, ", ", |byte| format!("{byte:#04x}"))),
        ("hex in Rust, and in Java", joined(key, ", ", |byte| format!("(byte) {byte:#x}u8"))),
        ("decimals", joined(key, ",\n  ", u8::to_string)),
        ("decimals below zero", joined(key, ", ", |byte| byte.cast_signed().to_string())),
    ]
}

fn dumps(key: &[u8]) -> Vec<(&'static str, String)> {
    let pairs = |bytes: &[u8]| bytes.chunks(2).map(|two| joined(two, "", hex)).collect::<Vec<_>>().join(" ");
    let halves = |bytes: &[u8]| bytes.chunks(8).map(|half| joined(half, " ", hex)).collect::<Vec<_>>().join("  ");
    vec![
        ("xxd", dump(key, |at, bytes| format!("{at:08x}: {:39}  {}", pairs(bytes), letters(bytes)))),
        ("hexdump -C", dump(key, |at, bytes| format!("{at:08x}  {:48}  |{}|", halves(bytes), letters(bytes)))),
        ("certutil", dump(key, |at, bytes| format!("{at:04x}  {:48}   {}", halves(bytes), letters(bytes)))),
    ]
}

fn escapes(key: &[u8]) -> Vec<(&'static str, String)> {
    let all = joined(key, "", |byte| format!("\\x{byte:02x}"));
    vec![
        ("escapes in strings", all.replace("\\x30", "\\x30\"\n    \"")),
        ("escapes", all),
        ("octal escapes", joined(key, "", |byte| format!("\\{byte:03o}"))),
        ("escapes of JSON", joined(key, "", |byte| format!("\\u00{byte:02x}"))),
        ("bytes of Python", format!("b'{}'", shown(key))),
        (LATIN, key.iter().map(|byte| char::from(*byte)).collect()),
        ("percents", joined(key, "", |byte| format!("%{byte:02X}"))),
        ("percents where they must be", percents(key)),
    ]
}

fn packed(key: &[u8]) -> Vec<(&'static str, String)> {
    let all = base64(key);
    let rows = |width: usize, row: &dyn Fn(usize, &str) -> String| {
        let rows = all.as_bytes().chunks(width).enumerate();
        rows.map(|(at, part)| row(at, str::from_utf8(part).unwrap())).collect::<Vec<_>>().join("\n")
    };
    vec![
        ("base64 in percents", percents(all.as_bytes())),
        ("base64 in groups", parts(&all, 5, " ")),
        ("base64 in groups with dots", parts(&all, 7, ". ")),
        ("base64 in strings", format!("\"{}\"", parts(&all, 20, "\" + \""))),
        ("base64 in JSON", all.replace('/', "\\/")),
        ("base64 in lines of JSON", parts(&all, 64, "\\n")),
        ("base64 in a column", rows(40, &|_, part| format!("\"{part}\","))),
        ("base64 in a column with numbers", rows(40, &|at, part| format!("{at};\"{part}\";box"))),
        ("base64 in a list", rows(40, &|_, part| format!("  - {part}"))),
        ("base32", base32(key)),
        ("base32 in groups", parts(&base32(key), 4, "-")),
        ("base32 in small letters", base32(key).to_lowercase()),
    ]
}

/// A text around it that has words of all kinds of digits.
fn among(spelled: &str) -> String {
    format!(
        "The key of 3 servers (face 7 of 10), which Ann and Ben made on 2024-05-01:\n\n{spelled}\n\nIt is 48 bytes, or A5.\n"
    )
}

#[test]
fn a_key_is_found_in_each_spelling_alone_and_among_words() {
    for key in [der::tests::ed25519(), der::tests::rsa(), openssh::tests::ed25519()] {
        for (spelling, text) in spellings(&key) {
            assert!(holds_key(text.as_bytes()), "{spelling}: {text}");
            assert!(holds_key(among(&text).as_bytes()), "{spelling} among words: {text}");
        }
    }
}

#[test]
fn a_key_as_programs_write_it_is_found_in_each_spelling() {
    let lines = "MC4CAQAwBQYDK2VwBCIEIKQaa2xTQkFvWmNpbGxpbmdseWtlcHQ0\n";
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{lines}-----END PRIVATE KEY-----\n");
    let form = percents(pem.as_bytes()).replace("%20", "+");
    let all = spellings(pem.as_bytes()).into_iter().chain([("a form", form)]);
    for (spelling, text) in all.filter(|(spelling, _)| *spelling != LATIN) {
        assert!(holds_key(among(&text).as_bytes()), "{spelling}: {text}");
    }
}

#[test]
fn what_is_spelled_so_and_is_no_key_stays() {
    let drawn: Vec<u8> = (0..3000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]).collect();
    let beginning = &der::tests::rsa()[..200];
    let sentences = b"A key of OpenSSH begins with openssh-key-v1, and PEM says BEGIN PRIVATE KEY between dashes. ";
    for bytes in [&drawn[..], beginning, &sentences.repeat(9)] {
        for (spelling, text) in spellings(bytes) {
            assert!(!holds_key(among(&text).as_bytes()), "{spelling}: {text}");
        }
    }
    assert!(!holds_key(b""));
}

#[test]
fn a_key_at_the_edge_of_what_is_held_is_found() {
    let key = joined(&der::tests::rsa(), "", hex);
    for before in [SPELLED_WINDOW_BYTES - 300, SPELLED_WINDOW_BYTES - SPELLED_KEY_BYTES_MAX, 3 * SPELLED_WINDOW_BYTES] {
        assert!(holds_key(format!("{}{key}{}", "00".repeat(before), "00".repeat(before)).as_bytes()), "{before}");
    }
}

#[test]
fn what_is_looked_at_is_linear_in_the_text_whatever_it_is() {
    for (part, most) in [
        ("The boiler in the cellar hums, and its lamp blinks. ", 4),
        ("30", 16),
        ("A7", 16),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567\n", 16),
        ("abcdefghijklmnopqrstuvwxyz\n", 16),
        ("0000: 30 80 02 01\n", 16),
        ("7 ", 16),
        ("0,", 16),
        ("\\x30", 48),
        ("\\", 48),
        ("\"  ", 48),
        ("\"\\ \"", 48),
        ("%30", 48),
        ("\u{e4}%A7\\101", 48),
    ] {
        let text = part.repeat(1_000_000 / part.len());
        let (found, looked) = look(text.as_bytes());
        assert!(!found && looked <= most * text.len(), "{looked} bytes of {} for {part:?}", text.len());
    }
}
