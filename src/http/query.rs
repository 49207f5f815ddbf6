//! The parameters of a call in the query of its address: `name=value`, percent-encoded (RFC 3986, section 2.1).

use std::ffi::OsString;
use std::fmt::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

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

/// What a path begins with that is not UTF-8, in JSON and in addresses: a `file` URI (RFC 8089), whose path begins with a slash.
const FILE: &str = "file://";

/// A path as JSON carries it: as it is, or where it is not UTF-8 percent-encoded as a `file` URI, of which [`sent_path`] makes it again.
pub(crate) fn sendable_path(path: PathBuf) -> String {
    let encode = |path: OsString| format!("{FILE}{}", encoded_bytes(path.as_bytes()));
    path.into_os_string().into_string().unwrap_or_else(encode)
}

/// A document's path as calls take it. That of another device's begins with the name of a folder, and no call takes it: it is text.
pub(crate) fn sendable_bytes(path: &[u8]) -> String {
    match str::from_utf8(path) {
        Err(_) if path.first() == Some(&b'/') => format!("{FILE}{}", encoded_bytes(path)),
        _ => String::from_utf8_lossy(path).into_owned(),
    }
}

/// A path that was sent so, as people read it: with U+FFFD for what is not UTF-8.
pub(crate) fn shown_path(path: &str) -> String {
    String::from_utf8_lossy(&sent_bytes(path.as_bytes().to_vec())).into_owned()
}

/// The path that was sent so.
pub(super) fn sent_path(path: PathBuf) -> PathBuf {
    OsString::from_vec(sent_bytes(path.into_os_string().into_vec())).into()
}

/// The same of bytes.
pub(crate) fn sent_bytes(path: Vec<u8>) -> Vec<u8> {
    let encoded = path.strip_prefix(FILE.as_bytes()).filter(|rest| rest.starts_with(b"/"));
    encoded.and_then(decoded).unwrap_or(path)
}

/// The text percent-encoded, but for slashes: nothing of it is a sign of an address, or a control character.
pub(crate) fn encoded(text: &str) -> String {
    encoded_bytes(text.as_bytes())
}

/// The same of bytes.
pub(crate) fn encoded_bytes(bytes: &[u8]) -> String {
    let mut encoded = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(byte) {
            encoded.push(char::from(*byte));
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

    #[test]
    fn a_path_that_is_not_utf_8_is_sent_as_a_uri_and_comes_out_as_it_was() {
        let path = |bytes: &[u8]| PathBuf::from(OsString::from_vec(bytes.to_vec()));
        assert_eq!(sendable_path(path(b"/a/v\xff %.md")), "file:///a/v%FF%20%25.md");
        for bytes in [&b"/a/v\xff %.md"[..], b"/plain %41.md", "/\u{e4}\n".as_bytes(), b"/\xfe/\xff"] {
            assert_eq!(sent_path(PathBuf::from(sendable_path(path(bytes)))), path(bytes));
        }
        assert_eq!(sendable_bytes(b"/a/v\xff %.md"), "file:///a/v%FF%20%25.md");
        assert_eq!(
            [sendable_bytes("/ä %.md".as_bytes()), sendable_bytes(b"a/v\xff.md")],
            ["/ä %.md", "a/v\u{fffd}.md"]
        );
        assert_eq!(shown_path("file:///a/v%FF%20%25.md"), "/a/v\u{fffd} %.md");
        assert_eq!(shown_path("/a/v%FF.md"), "/a/v%FF.md");
        for other in ["file://host/a", "file:///a%f", "/file:///a"] {
            assert_eq!(sent_path(PathBuf::from(other)), PathBuf::from(other), "what is no such URI is left as it is");
        }
    }
}
