//! Lines of a JSON stream: the bytes between two line feeds.

use crate::limits::JSON_LINE_MAX;
use std::fmt;

/// A line above `JSON_LINE_MAX`, or an empty one: the stream must be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadLine;

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a line is empty or larger than this stream takes")
    }
}

impl std::error::Error for BadLine {}

/// Collects lines. Memory grows with the bytes that arrived.
#[derive(Debug, Default)]
pub struct Lines {
    line: Vec<u8>,
}

impl Lines {
    /// Takes input up to the end of one line; returns how many bytes were used, and the line without its line feed if
    /// it is complete.
    ///
    /// # Errors
    /// The line is too long or empty: the stream must be closed.
    pub fn feed(&mut self, input: &[u8]) -> Result<(usize, Option<Vec<u8>>), BadLine> {
        let end = input.iter().position(|byte| *byte == b'\n');
        let part = input.get(..end.unwrap_or(input.len())).unwrap_or_default();
        if self.line.len() + part.len() >= JSON_LINE_MAX {
            return Err(BadLine);
        }
        self.line.extend_from_slice(part);
        match end {
            None => Ok((input.len(), None)),
            Some(_) if self.line.is_empty() => Err(BadLine),
            Some(end) => Ok((end + 1, Some(std::mem::take(&mut self.line)))),
        }
    }

    /// Whether the stream may end here: between two lines.
    #[must_use]
    pub fn is_between(&self) -> bool {
        self.line.is_empty()
    }

    /// Gives the memory of `buffer` to the next line. Only between two lines.
    pub fn reuse(&mut self, buffer: Vec<u8>) {
        if self.is_between() {
            self.line = buffer;
            self.line.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::wire::random_bytes;

    #[test]
    fn lines_come_back_however_the_stream_was_cut() {
        let mut rng = Rng::new(2);
        let lines: Vec<Vec<u8>> = (1..200).map(|length: u8| vec![b'a'; length.into()]).collect();
        let bytes = [lines.join(&b'\n'), vec![b'\n']].concat();
        let (mut decoder, mut seen, mut at) = (Lines::default(), Vec::new(), 0);
        while at < bytes.len() {
            let end = (at + 1 + random_bytes::below(&mut rng, 300)).min(bytes.len());
            let (used, line) = decoder.feed(&bytes[at..end]).unwrap();
            at += used;
            seen.extend(line);
        }
        assert_eq!(seen, lines);
        assert!(decoder.is_between());
    }

    #[test]
    fn an_empty_line_and_one_above_the_cap_are_refused() {
        assert_eq!(Lines::default().feed(b"\n"), Err(BadLine));
        let mut lines = Lines::default();
        assert_eq!(lines.feed(&vec![b'a'; JSON_LINE_MAX - 1]), Ok((JSON_LINE_MAX - 1, None)));
        assert!(!lines.is_between());
        assert_eq!(lines.clone_feed(b"\n").unwrap().unwrap().len(), JSON_LINE_MAX - 1);
        assert_eq!(lines.feed(b"a"), Err(BadLine));
    }

    impl Lines {
        fn clone_feed(&self, input: &[u8]) -> Result<Option<Vec<u8>>, BadLine> {
            Lines { line: self.line.clone() }.feed(input).map(|(_, line)| line)
        }
    }
}
