//! multistream-select 1.0: two ends agree on a protocol. A state machine of bytes for either end.
//!
//! Source: the multiformats specification multistream-select and libp2p specs connections/README.md. A message is a
//! varint length and a line that ends with "\n". The dialler sends its proposal together with the header, without
//! waiting. The listener replies `na` to `ls` and to unknown protocols.

use super::varint;
use crate::limits::{NEGOTIATION_LINE_MAX, NEGOTIATION_PROPOSALS_MAX};
use std::fmt;

const HEADER: &[u8] = b"/multistream/1.0.0\n";
const REFUSAL: &[u8] = b"na\n";

/// Why two ends did not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadNegotiation {
    /// The other end does not speak multistream-select; an HTTP client, for example.
    NotMultistream,
    /// A line is above `NEGOTIATION_LINE_MAX` bytes or does not end with "\n".
    Line,
    /// There were `NEGOTIATION_PROPOSALS_MAX` unknown proposals.
    TooMany,
    /// The other end does not support the protocol.
    Refused,
    /// The other end agreed to a protocol that was not proposed.
    Unexpected,
}

impl fmt::Display for BadNegotiation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotMultistream => "the other end does not speak libp2p",
            Self::Line => "a line of the negotiation is too long or has no end",
            Self::TooMany => "the other end proposed too many protocols",
            Self::Refused => "the other end does not support this protocol",
            Self::Unexpected => "the other end agreed to a protocol that was not proposed",
        })
    }
}

impl std::error::Error for BadNegotiation {}

/// Collects one message, and takes no bytes beyond it.
#[derive(Debug, Default)]
struct Lines {
    partial: Vec<u8>,
    header_seen: bool,
}

impl Lines {
    /// Takes input until a message is complete; returns how many bytes were used, and the line with its "\n".
    fn take(&mut self, input: &[u8]) -> Result<(usize, Option<Vec<u8>>), BadNegotiation> {
        let mut used = 0;
        loop {
            let missing = match varint::read(&self.partial).map_err(|_| self.bad())? {
                None => 1,
                Some((length, head)) => {
                    if length == 0 || length > NEGOTIATION_LINE_MAX as u64 {
                        return Err(self.bad());
                    }
                    if !self.header_seen && length != HEADER.len() as u64 {
                        return Err(BadNegotiation::NotMultistream);
                    }
                    head + usize::try_from(length).map_err(|_| BadNegotiation::Line)? - self.partial.len()
                }
            };
            if missing == 0 {
                return Ok((used, Some(self.finish()?)));
            }
            let rest = input.get(used..).unwrap_or_default();
            if rest.is_empty() {
                return Ok((used, None));
            }
            let taken = rest.get(..missing).unwrap_or(rest);
            self.partial.extend_from_slice(taken);
            used += taken.len();
        }
    }

    fn finish(&mut self) -> Result<Vec<u8>, BadNegotiation> {
        let head = varint::read(&self.partial).ok().flatten().map_or(0, |(_, head)| head);
        let line = self.partial.split_off(head);
        self.partial.clear();
        if !self.header_seen && line != HEADER {
            return Err(BadNegotiation::NotMultistream);
        }
        self.header_seen = true;
        if line.last() == Some(&b'\n') { Ok(line) } else { Err(BadNegotiation::Line) }
    }

    const fn bad(&self) -> BadNegotiation {
        if self.header_seen { BadNegotiation::Line } else { BadNegotiation::NotMultistream }
    }
}

fn put(out: &mut Vec<u8>, line: &[u8]) {
    varint::put(out, line.len() as u64);
    out.extend_from_slice(line);
}

/// The dialling end, which proposes one protocol.
#[derive(Debug)]
pub struct Dialer {
    lines: Lines,
    protocol: &'static str,
}

impl Dialer {
    /// Proposes `protocol`; appends what is to be sent to `out`.
    #[must_use]
    pub fn new(protocol: &'static str, out: &mut Vec<u8>) -> Self {
        put(out, HEADER);
        put(out, format!("{protocol}\n").as_bytes());
        Self { lines: Lines::default(), protocol }
    }

    /// Takes input; returns how many bytes were used, and whether both ends agree. Bytes not used are the protocol's.
    ///
    /// # Errors
    /// The negotiation failed; the machine must not be used again.
    pub fn feed(&mut self, input: &[u8]) -> Result<(usize, bool), BadNegotiation> {
        let mut used = 0;
        loop {
            let header_seen = self.lines.header_seen;
            let (taken, line) = self.lines.take(input.get(used..).unwrap_or_default())?;
            used += taken;
            let Some(line) = line else { return Ok((used, false)) };
            if !header_seen {
                continue;
            }
            return match line.strip_suffix(b"\n") {
                Some(name) if name == self.protocol.as_bytes() => Ok((used, true)),
                Some(b"na") => Err(BadNegotiation::Refused),
                _ => Err(BadNegotiation::Unexpected),
            };
        }
    }
}

/// The listening end, which chooses.
#[derive(Debug)]
pub struct Listener {
    lines: Lines,
    protocols: &'static [&'static str],
    refused: usize,
}

impl Listener {
    /// Agrees to one of `protocols`.
    #[must_use]
    pub fn new(protocols: &'static [&'static str]) -> Self {
        Self { lines: Lines::default(), protocols, refused: 0 }
    }

    /// Takes input; returns how many bytes were used, and the protocol once both ends agree. Appends what is to be sent
    /// to `out`. Bytes not used are the protocol's.
    ///
    /// # Errors
    /// The negotiation failed; the machine must not be used again.
    pub fn feed(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(usize, Option<&'static str>), BadNegotiation> {
        let mut used = 0;
        loop {
            let header_seen = self.lines.header_seen;
            let (taken, line) = self.lines.take(input.get(used..).unwrap_or_default())?;
            used += taken;
            let Some(line) = line else { return Ok((used, None)) };
            if !header_seen {
                put(out, HEADER);
                continue;
            }
            let name = line.strip_suffix(b"\n").unwrap_or_default();
            if let Some(chosen) = self.protocols.iter().find(|protocol| protocol.as_bytes() == name) {
                put(out, &line);
                return Ok((used, Some(chosen)));
            }
            self.refused += 1;
            if self.refused >= NEGOTIATION_PROPOSALS_MAX {
                return Err(BadNegotiation::TooMany);
            }
            put(out, REFUSAL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::wire::random_bytes;

    const OURS: &[&str] = &["/one/1", "/two/2"];

    #[test]
    fn both_ends_agree_byte_by_byte_and_later_bytes_are_left() {
        let (mut to_listener, mut to_dialer) = (Vec::new(), Vec::new());
        let mut dialer = Dialer::new("/two/2", &mut to_listener);
        let mut listener = Listener::new(OURS);
        to_listener.extend(b"data");
        let mut chosen = None;
        let mut at = 0;
        while chosen.is_none() {
            let (used, found) = listener.feed(&to_listener[at..=at], &mut to_dialer).unwrap();
            at += used;
            chosen = found;
        }
        assert_eq!((chosen, &to_listener[at..]), (Some("/two/2"), &b"data"[..]));
        to_dialer.extend(b"more");
        let (used, agreed) = dialer.feed(&to_dialer).unwrap();
        assert!(agreed);
        assert_eq!(&to_dialer[used..], b"more");
    }

    #[test]
    fn the_bytes_on_the_wire_are_those_of_the_specification() {
        let mut out = Vec::new();
        let _ = Dialer::new("/noise", &mut out);
        assert_eq!(out, b"\x13/multistream/1.0.0\n\x07/noise\n");
    }

    #[test]
    fn ls_and_unknown_protocols_are_refused_and_the_next_one_is_accepted() {
        let mut input = Vec::new();
        for line in [HEADER, b"ls\n", b"/three/3\n", b"/one/1\n"] {
            put(&mut input, line);
        }
        let mut out = Vec::new();
        let (used, chosen) = Listener::new(OURS).feed(&input, &mut out).unwrap();
        assert_eq!((used, chosen), (input.len(), Some("/one/1")));
        assert_eq!(out, b"\x13/multistream/1.0.0\n\x03na\n\x03na\n\x07/one/1\n");
        let answer = b"\x13/multistream/1.0.0\n\x03na\n";
        assert_eq!(Dialer::new("/one/1", &mut out).feed(answer), Err(BadNegotiation::Refused));
    }

    #[test]
    fn other_protocols_are_recognised_by_their_first_byte() {
        let http = b"GET / HTTP/1.1\r\n\r\n";
        assert_eq!(Listener::new(OURS).feed(&http[..1], &mut Vec::new()), Err(BadNegotiation::NotMultistream));
        assert_eq!(Listener::new(OURS).feed(&[0x16, 0x03, 0x01], &mut Vec::new()), Err(BadNegotiation::NotMultistream));
    }

    #[test]
    fn endless_proposals_and_long_lines_are_refused() {
        let mut input = Vec::new();
        put(&mut input, HEADER);
        let header = input.clone();
        (0..20_000).for_each(|_| put(&mut input, b"/whatever\n"));
        let mut out = Vec::new();
        assert_eq!(Listener::new(OURS).feed(&input, &mut out), Err(BadNegotiation::TooMany));
        assert!(out.len() < 200);
        for length in [[0xff, 0xff, 0x7f], [0x81, 0x08, 0]] {
            let long = [&header[..], &length].concat();
            assert_eq!(Listener::new(OURS).feed(&long, &mut out), Err(BadNegotiation::Line));
        }
    }

    #[test]
    fn damaged_bytes_never_panic_and_take_little_memory() {
        let mut rng = Rng::new(4);
        for _ in 0..5_000 {
            let mut input = Vec::new();
            for line in [HEADER, b"/one/1x\n", b"ls\n", b"/two/2\n"] {
                put(&mut input, line);
            }
            random_bytes::damage(&mut rng, &mut input, 3);
            let (mut listener, mut out) = (Listener::new(OURS), Vec::new());
            let _ = listener.feed(&input, &mut out);
            let _ = Dialer::new("/one/1", &mut out).feed(&input);
            assert!(listener.lines.partial.capacity() <= 2 * (NEGOTIATION_LINE_MAX + 16));
        }
    }
}
