//! What goes to a parser process and what comes back, as bytes.
//!
//! A request is the length of its head, the head and the bytes of the document; an answer is its length and its body. Lengths are
//! four bytes, little-endian; head and body are postcard. Both sides are the same program.

use super::sandbox::{Bounds, Sandbox};
use crate::limits::{PARSER_ANSWER_BYTES_MAX, PARSER_HEAD_BYTES_MAX};
use crate::text::extract::section::Text;
use serde::{Deserialize, Serialize};

/// The head of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// The name of the document's file, without its folder; `None` asks only what the sandbox is.
    pub(super) name: Option<String>,
    /// Whether not its text is asked for, but whether a secret stands in it.
    pub(super) for_secret: bool,
    pub(super) bounds: Bounds,
}

/// What came of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Parsed {
    /// Its text.
    Text(Text),
    /// Whether a secret stands in it, or it cannot be looked at.
    Secret(bool),
    /// Why it has none, as a phrase.
    Refused(String),
    /// The parser panicked, at this place of the program.
    Panicked(String),
    /// Nothing was asked for.
    Nothing,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Answer {
    /// What held the process while it parsed.
    pub(super) sandbox: Sandbox,
    pub(super) parsed: Parsed,
}

/// The head of a request, with its length before it. `None`: the name is too long.
pub(super) fn head(head: &Head) -> Option<Vec<u8>> {
    framed(head, 0, PARSER_HEAD_BYTES_MAX)
}

/// An answer, with its length before it. `None`: it is too long.
pub(super) fn answer(answer: &Answer) -> Option<Vec<u8>> {
    let text = if let Parsed::Text(text) = &answer.parsed { text.text.len() } else { 0 };
    if text > PARSER_ANSWER_BYTES_MAX { None } else { framed(answer, text, PARSER_ANSWER_BYTES_MAX) }
}

/// Takes a request apart: the head, and the bytes of the document.
pub(super) fn request(bytes: &[u8]) -> Option<(Head, &[u8])> {
    let (body, document) = split(bytes, PARSER_HEAD_BYTES_MAX)?;
    Some((postcard::from_bytes(body).ok()?, document))
}

/// Reads a whole answer and nothing behind it.
pub(super) fn read_answer(bytes: &[u8]) -> Option<Answer> {
    let (body, rest) = split(bytes, PARSER_ANSWER_BYTES_MAX)?;
    if rest.is_empty() { postcard::from_bytes(body).ok() } else { None }
}

/// `expected`: most of its bytes, for which room is made at once: what grows by itself takes twice the memory.
fn framed(value: &impl Serialize, expected: usize, bytes_max: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(expected.saturating_add(expected / 8).saturating_add(1024));
    // The length is written there afterwards, so that nothing is copied once more.
    bytes.extend([0; 4]);
    let mut bytes = postcard::to_extend(value, bytes).ok()?;
    let length = bytes.len() - 4;
    let length = u32::try_from(length).ok().filter(|_| length <= bytes_max)?;
    bytes.get_mut(..4)?.copy_from_slice(&length.to_le_bytes());
    Some(bytes)
}

fn split(bytes: &[u8], bytes_max: usize) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok().filter(|length| *length <= bytes_max)?;
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { memory: 1 << 20, cpu_s: 2 };

    #[test]
    fn a_request_and_an_answer_come_back_whole_and_cut_ones_are_none() {
        let asked = Head { name: Some("a.pdf".to_owned()), for_secret: false, bounds: BOUNDS };
        let request_bytes = [head(&asked).unwrap(), b"%PDF-".to_vec()].concat();
        assert_eq!(request(&request_bytes), Some((asked, &b"%PDF-"[..])));
        let given = Answer { sandbox: Sandbox::default(), parsed: Parsed::Refused("the file has no text".to_owned()) };
        let bytes = answer(&given).unwrap();
        assert_eq!(read_answer(&bytes), Some(given));
        for cut in 0..bytes.len() {
            assert_eq!(read_answer(&bytes[..cut]), None, "{cut}");
        }
        assert_eq!(read_answer(&[bytes, vec![0]].concat()), None, "something behind it");
        assert_eq!(read_answer(&[0xff; 64]), None);
        assert_eq!(
            head(&Head { name: Some("a".repeat(PARSER_HEAD_BYTES_MAX)), for_secret: true, bounds: BOUNDS }),
            None
        );
    }
}
