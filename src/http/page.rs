//! `GET /`: one self-contained page, under a Content Security Policy that lets it load nothing else and call only its
//! own agent.

use sha2::{Digest, Sha256};
use trillium::{Conn, KnownHeaderName};

/// The Content Security Policy of the page, made once. The page is the same for everybody, and says nothing of its agent: it needs no
/// token.
#[derive(Debug)]
pub struct Page {
    policy: String,
}

const HTML: &str = include_str!("page.html");

impl Default for Page {
    fn default() -> Self {
        Self::new()
    }
}

impl Page {
    /// The policy lets only the page's own script and style run, by their hashes, and call only this agent.
    #[must_use]
    pub fn new() -> Self {
        let (script, style) = (hash(inside("<script>", "</script>")), hash(inside("<style>", "</style>")));
        let policy = format!(
            "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; connect-src 'self'; img-src data:; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        Self { policy }
    }

    /// Answers with the page.
    pub(super) fn answer(&self, conn: Conn) -> Conn {
        conn.with_response_header(KnownHeaderName::ContentSecurityPolicy, self.policy.clone())
            .with_response_header(KnownHeaderName::ContentType, "text/html; charset=utf-8")
            .ok(HTML)
    }
}

/// The text between two tags, each of which the page has once.
fn inside(open: &str, close: &str) -> &'static str {
    HTML.split_once(open).and_then(|(_, rest)| rest.split_once(close)).map_or("", |(inside, _)| inside)
}

fn hash(text: &str) -> String {
    base64(&Sha256::digest(text.as_bytes()))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = (bits >> (18 - 6 * place)) & 63;
            text.push(if place <= group.len() { char::from(DIGITS[digit as usize]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_agrees_with_the_vectors_of_rfc_4648() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
        assert_eq!(hash(""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }

    #[test]
    fn the_page_has_one_script_and_one_style_and_the_policy_knows_both() {
        for tag in ["<script", "</script>", "<style", "</style>"] {
            assert_eq!(HTML.matches(tag).count(), 1, "{tag}");
        }
        let policy = Page::new().policy;
        assert!(
            policy.contains(&hash(inside("<script>", "</script>")))
                && policy.contains(&hash(inside("<style>", "</style>")))
        );
        assert!(!policy.contains("unsafe") && !policy.contains(&hash("")));
    }

    #[test]
    fn each_command_of_the_page_names_the_home_of_its_agent_but_those_for_who_has_no_token_and_for_another_device() {
        assert!(!HTML.contains("{at_home}") && !HTML.contains("data-home"), "nobody has shown a token yet");
        let script = inside("<script>", "</script>");
        assert!(script.contains("atHome = status.at_home"));
        // Each is made by `typed`, in quotation marks.
        for (at, _) in script.match_indices("wattle ") {
            let before = &script[..at];
            let elsewhere = before.ends_with("On the other device, type: ") || before.ends_with("those of `");
            assert!(elsewhere || before.ends_with("typed(\""), "{}", &script[at..script.floor_char_boundary(at + 40)]);
        }
    }

    #[test]
    fn the_page_names_no_other_host_and_never_writes_markup() {
        for banned in [
            "http://",
            "https://",
            "//cdn",
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            " style=",
            " onclick",
        ] {
            assert!(!HTML.contains(banned), "{banned}");
        }
    }
}
