//! Keys in bytes, and bytes that are something else.

use super::spans;
use crate::base::rng::Rng;
use std::fmt::Write;

fn left(text: &str) -> String {
    let (mut left, mut copied) = (String::new(), 0);
    for span in spans(text) {
        left.push_str(&text[copied..span.start]);
        left.push('\u{2026}');
        copied = span.end;
    }
    left + &text[copied..]
}

/// Bytes drawn at random, the same each time.
fn drawn(count: usize) -> Vec<u8> {
    let mut rng = Rng::new(5);
    (0..count).map(|_| u8::try_from(rng.below(256)).unwrap()).collect()
}

fn joined(bytes: &[u8], between: &str, show: impl Fn(&u8) -> String) -> String {
    bytes.iter().map(show).collect::<Vec<_>>().join(between)
}

fn hex(byte: &u8) -> String {
    format!("{byte:02x}")
}

/// As openssl prints numbers.
fn listing(bytes: &[u8]) -> String {
    let rows = bytes.chunks(15).map(|row| format!("    {}", joined(row, ":", hex)));
    rows.collect::<Vec<_>>().join(":\n") + "\n"
}

#[test]
fn of_a_key_as_openssl_prints_it_the_public_parts_alone_are_left() {
    let (key, public) = (listing(&drawn(32)), listing(&drawn(65)[32..]));
    let ec = format!("Private-Key: (256 bit)\npriv:\n{key}pub:\n{public}ASN1 OID: prime256v1\n");
    assert_eq!(left(&ec), ec.replacen(key.trim(), "\u{2026}", 1));
    let rsa = drawn(128);
    let parts = ["privateExponent", "prime1", "prime2", "exponent1", "exponent2", "coefficient"];
    let mut text =
        format!("Private-Key: (1024 bit, 2 primes)\nmodulus:\n{}publicExponent: 65537 (0x10001)\n", listing(&rsa));
    let mut expected = text.clone();
    for part in parts {
        let _ = write!(text, "{part}:\n{}", listing(&rsa[..64]));
        let _ = writeln!(expected, "{part}:\n    \u{2026}");
    }
    assert_eq!(left(&text), expected);
    let quoted: String = ec.lines().map(|line| format!("> {line}\n")).collect();
    assert!(!left(&quoted).contains(&key[4..48]) && left(&quoted).contains("pub:"), "{}", left(&quoted));
}

#[test]
fn bytes_behind_the_name_of_a_secret_are_left_out_in_whatever_form_they_are() {
    let bytes = drawn(32);
    let code: String =
        bytes.chunks(8).map(|row| format!("\n    {},", joined(row, ", ", |byte| format!("{byte:#04x}")))).collect();
    let dump: String = bytes.chunks(16).enumerate().fold(String::new(), |mut text, (row, bytes)| {
        let _ = writeln!(
            text,
            "{:08x}: {}  ..3..lv....b.9.!",
            row * 16,
            bytes.chunks(2).map(|two| joined(two, "", hex)).collect::<Vec<_>>().join(" ")
        );
        text
    });
    let canonical = format!(
        "00000000  {}  |..3..lv....b.9.!|\n00000010  {}  |.a|\n",
        joined(&bytes[..16], " ", hex),
        joined(&bytes[16..22], " ", hex)
    );
    for (text, key) in [
        ("Secret key: %\n", joined(&bytes, " ", hex)),
        ("The private key is %, for the cellar.\n", joined(&bytes, ":", |byte| format!("{byte:02X}"))),
        ("Private key (hex)\n\n%\n", joined(&bytes, " ", hex).replacen(' ', "\n", 16).replace('\n', " \n")),
        ("const uint8_t private_key[32] = {%\n};\n", code),
        ("key.secret = \"%\"\n", joined(&bytes, "", |byte| format!("\\x{byte:02x}"))),
        ("API key: %.\n", joined(&bytes[..16], "", hex)),
        ("Master key: %\n", bytes.chunks(4).map(|four| joined(four, "", hex)).collect::<Vec<_>>().join(" ")),
        ("{\"secretKey\": [%], \"id\": 7}\n", joined(&bytes, ", ", u8::to_string)),
        ("{\"secretKey\":[%]}", joined(&bytes, ",", u8::to_string)),
        (
            "\"privateKey\": {\n  \"type\": \"Buffer\",\n  \"data\": [\n    %\n  ]\n}\n",
            joined(&bytes, ",\n    ", u8::to_string),
        ),
        ("byte[] privateKey = {%};\n", joined(&bytes, ", ", |byte| byte.cast_signed().to_string())),
        ("byte[] privateKey = {%};\n", joined(&bytes, ", ", |byte| format!("(byte)0x{byte:02x}"))),
        ("byte[] privateKey = {\n  (byte) %\n};\n", joined(&bytes, ",\n  (byte) ", |byte| format!("0x{byte:02X}"))),
        (
            "byte[] privateKey = {%};\n",
            joined(&bytes, ", ", |byte| format!("{}0x{byte:02x}", if *byte > 127 { "(byte)" } else { "" })),
        ),
        ("byte[] privateKey = {(byte)%};\n", joined(&bytes, ", (byte)", |byte| byte.cast_signed().to_string())),
        ("val privateKey = byteArrayOf(%.toByte())\n", joined(&bytes, ".toByte(), ", |byte| format!("0x{byte:02x}"))),
        ("let secret_key = [%u8];\n", joined(&bytes, "u8, ", |byte| format!("0x{byte:02x}"))),
        ("unsigned char private_key[] = {%U};\n", joined(&bytes, "U, ", u8::to_string)),
        ("Wallet:\n[%]\n", joined(&drawn(64), ", ", u8::to_string)),
        ("[%]\n", joined(&drawn(64), ",", u8::to_string)),
        ("Secret key:\n\n%It is of May.\n", dump),
        ("Secret key:\n\n%It is of May.\n", canonical),
    ] {
        let whole = text.replace('%', &key);
        let shown = left(&whole);
        let digits = key.trim_start_matches(|c: char| !c.is_ascii_hexdigit());
        assert!((0..digits.len() - 12).all(|at| !shown.contains(&digits[at..at + 12])), "{whole}: {shown}");
        let (before, behind) = text.split_once('%').unwrap();
        assert!(shown.starts_with(before.trim_end()) && shown.ends_with(behind.trim_start()), "{whole}: {shown}");
        assert_eq!(left(&shown), shown, "once is enough");
    }
}

#[test]
fn numbers_addresses_checksums_and_public_keys_stay() {
    let bytes = drawn(32);
    let (colons, numbers) = (joined(&bytes, ":", hex), joined(&bytes, ", ", u8::to_string));
    let mac = |n: usize| joined(&drawn(6 + n)[n..], ":", hex);
    for kept in [
        format!("Fingerprint of the server: {colons}\n"),
        format!("Private key fingerprint: {colons}\n"),
        format!("pub:\n{}", listing(&bytes)),
        format!("The private key is in the safe.\n\nThe firmware begins with\n{}", listing(&bytes)),
        format!("{{\"publicKey\": [{numbers}]}}\n"),
        format!("{{\"pixels\": [{numbers}], \"width\": 4}}\n"),
        format!("My readings [{numbers}] are not those of the secretary.\n"),
        format!("Devices that know the password:\n{}\n{}\n{}\n", mac(1), mac(2), mac(3)),
        "The secret of this recipe: 12 34 56 78 90 12 34 56 78 90 12 34 56 78 90 12 grams.\n".to_owned(),
        "Password lengths [8, 8, 10, 12, 12, 14, 16, 16, 20, 20, 24, 24, 32, 32, 64, 64]\n".to_owned(),
        "The bytes of the secret word are [72, 101, 108, 108, 111, 32, 87, 111, 114, 108, 100, 33, 32, 72, 101, 108, 108, 111]\n".to_owned(),
        "The token server is at 2001:0db8:85a3:0000:0000:8a2e:0370:7334\n".to_owned(),
        "Password reset 2024-01-05 12:34:56, 2024-01-06 12:34:56, 2024-01-07 12:34:56\n".to_owned(),
        "prime1: 02 03 05 07 0b 0d 11 13 17 1d 1f 25 29 2b 2f 35 are the first\n".to_owned(),
        "coefficient:\n    12, 34, 56, 78, 90, 12, 34, 56, 78, 90, 12, 34, 56, 78, 90, 12\n".to_owned(),
        format!("[{}]\n", joined(&bytes[..20], ", ", u8::to_string)),
    ] {
        assert_eq!(left(&kept), kept);
    }
}

#[test]
fn the_time_is_linear_in_the_text_and_a_run_of_any_length_is_one_span() {
    let many = format!("Secret: {}", "a1 ".repeat(1 << 18));
    assert_eq!(spans(&many).len(), 1);
    for part in
        ["1 x", "a1b2 ", "\\x", "\\x1", "00000000: a1b2\n", "secret 12:", "[1,", "1\n", "a1 b2c3 ", "\u{e4}1 ", "0x"]
    {
        // Were it quadratic, this would take hours.
        spans(&part.repeat((1 << 18) / part.len()));
    }
}
