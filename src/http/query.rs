//! The parameters of a call in the query of its address: `name=value`, percent-encoded (RFC 3986, section 2.1).

use std::fmt::Write;

/// The value of a parameter; `None` where it is not there, or is not encoded as it should be.
pub(super) fn parameter(query: &str, name: &str) -> Option<Vec<u8>> {
    let value = query.split('&').find_map(|part| part.split_once('=').filter(|(key, _)| *key == name))?.1;
    decoded(value.as_bytes())
}

/// What a percent-encoded text says; `None` where it is not encoded as it should be.
pub(super) fn decoded(mut value: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(value.len());
    while let Some((first, rest)) = value.split_first() {
        value = rest;
        match first {
            b'%' => {
                let (digits, rest) = value.split_at_checked(2)?;
                let digits =
                    core::str::from_utf8(digits).ok().filter(|two| two.bytes().all(|b| b.is_ascii_hexdigit()))?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                value = rest;
            }
            other => bytes.push(*other),
        }
    }
    Some(bytes)
}

/// The text percent-encoded, but for slashes: nothing of it is a sign of an address, or a control character.
pub(crate) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_found_by_its_name_and_decoded() {
        let of = |query: &str, name| parameter(query, name);
        assert_eq!(of("path=%2Fn%2fa%20b.md&from=64", "path").as_deref(), Some(&b"/n/a b.md"[..]));
        assert_eq!(of("path=/n&from=64", "from").as_deref(), Some(&b"64"[..]));
        assert_eq!(of("path=%ff+", "path").as_deref(), Some(&b"\xff+"[..]));
        assert_eq!(of("path=", "path").as_deref(), Some(&b""[..]));
        for none in ["", "path", "xpath=a", "path=%", "path=%4", "path=%+4", "path=%zz", "path=%e2%"] {
            assert_eq!(of(none, "path"), None, "{none}");
        }
    }

    #[test]
    fn what_is_encoded_is_plain_and_decodes_to_the_same() {
        assert_eq!(encoded("/n/a b;ü%\u{1b}.md"), "/n/a%20b%3B%C3%BC%25%1B.md");
        for text in ["", "/", "/a b&c=d?#+~", "\u{0}\u{7f}\u{9b}", "世界"] {
            assert_eq!(decoded(encoded(text).as_bytes()).as_deref(), Some(text.as_bytes()));
        }
    }
}
