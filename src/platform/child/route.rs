//! Which documents need a parser process.
//!
//! Plain text, Markdown and HTML in UTF-8 or UTF-16 are read in the agent's own process: their readers are this program's own, small,
//! fuzzed, and run on most files. Everything else goes to a parser process, also what turns out to be nothing that can be read; so
//! do texts that begin as a mail or a PDF file does, whatever they are called. In doubt it is the process.

use crate::limits::SIGN_BYTES;

/// How the names of texts end that other readers take.
const ENDINGS: [&str; 9] = ["eml", "mbox", "mbx", "mht", "mhtml", "rtf", "pdf", "xml", "fb2"];

/// What texts begin with, or have near the beginning, that other readers take.
const SIGNS: [&[u8]; 3] = [b"%PDF-", b"{\\rtf", b"<?mso-"];

/// Whether the document must not be parsed in this process.
pub(super) fn needs_process(name: &str, bytes: &[u8]) -> bool {
    let start = bytes.get(..SIGN_BYTES).unwrap_or(bytes);
    let inked = bytes.trim_ascii_start();
    if SIGNS.iter().any(|sign| inked.starts_with(sign) || start.windows(sign.len()).any(|part| part == *sign)) {
        return true;
    }
    let ending = name.rsplit_once('.').map(|(_, ending)| ending).unwrap_or_default();
    if ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)) {
        return true;
    }
    // A mark says UTF-16. Nothing but text begins so.
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        return false;
    }
    !is_text(bytes) || begins_as_mail(bytes) || begins_as_tar(bytes)
}

/// Whether it is UTF-8 without control characters that text does not have, such as those of every archive.
fn is_text(bytes: &[u8]) -> bool {
    let is_odd = |byte: u8| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x08 | 0x0b | 0x0c | 0x1b);
    !bytes.iter().copied().any(is_odd) && str::from_utf8(bytes).is_ok()
}

/// Whether the place where a tar archive has its checksum holds an octal number. One of texts can be all text.
fn begins_as_tar(bytes: &[u8]) -> bool {
    let field = bytes.get(148..156).unwrap_or_default();
    let is_octal = field.iter().all(|byte| matches!(byte, b'0'..=b'7' | b' '));
    is_octal && field.iter().any(u8::is_ascii_digit)
}

/// Whether the first line is one of a mail's head, or of a folder of mails.
fn begins_as_mail(bytes: &[u8]) -> bool {
    let bytes = bytes.trim_ascii_start();
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if line.starts_with(b"From ") {
        return true;
    }
    let mut parts = line.splitn(2, |byte| *byte == b':');
    let (field, value) = (parts.next().unwrap_or_default(), parts.next());
    let is_field = !field.is_empty() && field.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    is_field && value.is_some_and(|value| value.first().is_none_or(u8::is_ascii_whitespace))
}

#[cfg(test)]
mod tests {
    use super::needs_process;

    #[test]
    fn texts_pages_and_code_stay_and_everything_else_goes() {
        let own: [(&str, &[u8]); 7] = [
            ("notes.md", b"# Boiler\n\nThe red lamp: five seconds.\n"),
            ("a.html", b"<!doctype html><p>Red lamp</p>"),
            ("main.rs", b"//! The program: everything is in the library.\n"),
            ("a.txt", b"\xEF\xBB\xBFCaf\xC3\xA9\x0c\n"),
            ("a.txt", b"\xFF\xFEa\0b\0"),
            ("empty", b""),
            ("log", b"\x1b[1mbold\x1b[0m\n"),
        ];
        for (name, bytes) in own {
            assert!(!needs_process(name, bytes), "{name}");
        }
        let tar = [b"a".repeat(148), b"0017423 ".to_vec(), b"a".repeat(400)].concat();
        let late = [b" ".repeat(5000), b"{\\rtf1 x}".to_vec()].concat();
        let others: [(&str, &[u8]); 12] = [
            ("late", &late),
            ("a.pdf", b"no"),
            ("a.txt", b"junk before %PDF-1.4\n"),
            ("a.txt", b"{\\rtf1 x}"),
            ("a.docx", b"PK\x03\x04"),
            ("a.txt", b"PK\x03\x04"),
            ("a.txt", b"caf\xE9"),
            ("a", b"a\0b"),
            ("letter.EML", b"Hello"),
            ("letter", b"Return-Path: <ann@example.org>\r\nSubject: Pond\r\n\r\nHerons."),
            ("letters", b"From ann@example.org Sat Nov 28\n"),
            ("a", &tar),
        ];
        for (name, bytes) in others {
            assert!(needs_process(name, bytes), "{name}");
        }
    }
}
