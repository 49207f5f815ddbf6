//! What the headers of an HTTP request say of the message in its body: in the newest revision they must be there and say the same.

use super::{Call, Fault, HEADER_MISMATCH, NEWEST, Request, WITH_HANDSHAKE};
use base64ct::{Base64, Encoding};
use std::borrow::Cow;

/// Bytes of a name that a header carries in base64; one beyond is no name of anything here.
const NAME_BYTES_MAX: usize = 4096;

/// The headers `MCP-Protocol-Version`, `Mcp-Method` and `Mcp-Name`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Metadata<'a> {
    /// The revision.
    pub revision: Option<&'a str>,
    /// The method.
    pub method: Option<&'a str>,
    /// The name of the tool, or the URI of the resource.
    pub name: Option<&'a str>,
}

impl Metadata<'_> {
    /// Holds them against the request.
    ///
    /// # Errors
    /// The answer, if they say something else.
    pub fn check(&self, request: &Request) -> Result<(), Fault> {
        let fault = |what: &str| Err(Fault::of(request, HEADER_MISMATCH, format!("Header mismatch: {what}.")));
        if !request.is_newest {
            let is_spoken = self.revision.is_none_or(|revision| WITH_HANDSHAKE.contains(&revision));
            // A first request may carry the revision that its client would like best.
            let begins = matches!(request.call, Call::Initialize(_));
            return if is_spoken || begins {
                Ok(())
            } else {
                fault("MCP-Protocol-Version names a revision that the request does not have")
            };
        }
        if self.revision != Some(NEWEST) {
            return fault("MCP-Protocol-Version is not the revision of the request");
        }
        if self.method != Some(request.method.as_str()) {
            return fault("Mcp-Method is not the method of the request");
        }
        match request.name() {
            Some(name) if self.name.and_then(decoded).as_deref() != Some(name) => {
                fault("Mcp-Name is not the name or URI in the request")
            }
            _ => Ok(()),
        }
    }
}

impl Request {
    /// The name of the tool, or the URI of the resource.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match &self.call {
            Call::CallTool(name, _) => Some(name),
            Call::ReadResource(uri) => Some(uri),
            _ => None,
        }
    }
}

/// A text as the value of a header: itself, or where it has more than visible ASCII in base64.
#[must_use]
pub fn header_value(text: &str) -> Cow<'_, str> {
    let is_plain = text.bytes().all(|byte| (0x21..0x7f).contains(&byte)) && !text.starts_with("=?");
    if is_plain && !text.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut encoded = String::from("=?base64?");
    for block in text.as_bytes().chunks(48) {
        let mut room = [0; 64];
        encoded.push_str(Base64::encode(block, &mut room).unwrap_or_default());
    }
    Cow::Owned(encoded + "?=")
}

/// The text of a header's value; `None` if it is none.
fn decoded(value: &str) -> Option<Cow<'_, str>> {
    let Some(encoded) = value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) else {
        return Some(Cow::Borrowed(value));
    };
    if encoded.len() > NAME_BYTES_MAX {
        return None;
    }
    let mut bytes = vec![0; encoded.len()];
    let length = Base64::decode(encoded, &mut bytes).ok()?.len();
    bytes.truncate(length);
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_carries_any_name() {
        for text in
            ["search", "wattle://a/b%20c", "Gr\u{fc}\u{df}e", " padded ", "", "=?base64?x?=", &"\u{4eac}".repeat(99)]
        {
            let value = header_value(text);
            assert!(value.bytes().all(|byte| (0x21..0x7f).contains(&byte)), "{value}");
            assert_eq!(decoded(&value).as_deref(), Some(text));
        }
        assert_eq!(header_value("search"), "search");
        // The examples of the specification.
        assert_eq!(header_value("Hello, \u{4e16}\u{754c}"), "=?base64?SGVsbG8sIOS4lueVjA==?=");
        assert_eq!(header_value(" padded "), "=?base64?IHBhZGRlZCA=?=");
        for none in ["=?base64?*?=", "=?base64?/w==?="] {
            assert_eq!(decoded(none), None, "{none}");
        }
    }
}
