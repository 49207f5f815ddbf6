//! Packs units into chunks, and chooses where a chunk ends.

use super::{Chunk, Counter};
use crate::limits::{CHUNK_BYTES_MAX, CHUNK_TOKENS_TARGET, DOCUMENT_CHUNKS_MAX};
use std::ops::Range;

/// The boundary between a unit and the one before it, from the worst place for a break to the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Edge {
    /// Within a sentence.
    Tight,
    /// The end of what may be a sentence.
    Sentence,
    /// The end of a line that is no mere wrapping.
    Line,
    /// A blank line, or a line end in text whose lines are paragraphs.
    Paragraph,
}

impl Edge {
    /// How many tokens off the target a chunk may be to end here. Measured together with `FULL_PERCENT` on the 790
    /// reference passages of chunkeval (96.5 % are within one chunk) and on edits of one word (1.1 chunks change); both
    /// figures are flat around these values.
    const fn worth(self) -> usize {
        match self {
            Self::Tight => 0,
            Self::Sentence => 30,
            Self::Line => 60,
            Self::Paragraph => 100,
        }
    }
}

/// A part of the text that is not broken.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    /// Bytes of the text.
    pub range: Range<usize>,
    /// Tokens.
    pub tokens: usize,
    /// The boundary before it.
    pub edge: Edge,
}

/// A chunk has at least this many percent of the target if another break is possible.
const FULL_PERCENT: usize = 50;

/// Tokens that a chunk leaves for the next one, so that no section ends with a very small chunk.
const REST_TOKENS: usize = 32;

/// Collects the units of one section and appends its chunks to the list.
pub(super) struct Packer<'a> {
    /// The text that the ranges of units refer to.
    pub text: &'a str,
    /// Counts tokens.
    pub tokens: &'a Counter<'a>,
    /// The most tokens of a chunk's text, without its heading.
    pub room: usize,
    heading: String,
    pending: Vec<Unit>,
    /// Tokens of `pending`.
    total: usize,
    chunks: &'a mut Vec<Chunk>,
}

impl<'a> Packer<'a> {
    /// A packer for one section.
    pub(super) fn new(
        text: &'a str,
        heading: String,
        room: usize,
        tokens: &'a Counter<'a>,
        chunks: &'a mut Vec<Chunk>,
    ) -> Self {
        Self { text, tokens, room, heading, pending: Vec::new(), total: 0, chunks }
    }

    /// Whether the list of chunks is full.
    pub(super) fn is_full(&self) -> bool {
        self.chunks.len() >= DOCUMENT_CHUNKS_MAX
    }

    /// Adds the next unit, which has at most `room` tokens and `limits::CHUNK_BYTES_MAX` bytes.
    pub(super) fn push(&mut self, mut unit: Unit) {
        if self.text.get(..unit.range.start).is_some_and(|before| before.trim_end().ends_with(':')) {
            // A line such as "as follows:" stays with the next unit.
            unit.edge = unit.edge.min(Edge::Sentence);
        }
        while let Some(first) = self.pending.first() {
            let fits = self.total + unit.tokens <= self.room && unit.range.end - first.range.start <= CHUNK_BYTES_MAX;
            if fits {
                break;
            }
            let count = self.best_break(unit.edge);
            self.emit(count);
        }
        match self.pending.last_mut() {
            // A unit without tokens is no place for a break, and there may be very many of them.
            Some(last) if unit.tokens == 0 => last.range.end = unit.range.end,
            _ => {
                self.total += unit.tokens;
                self.pending.push(unit);
            }
        }
    }

    /// Ends the chunk: what is pushed next begins another one.
    pub(super) fn cut(&mut self) {
        while !self.pending.is_empty() {
            self.emit(self.pending.len());
        }
    }

    /// Ends the section: the remaining units become its last chunk.
    pub(super) fn finish(mut self) {
        self.cut();
    }

    /// How many of the pending units the next chunk has, at least 1; `next` is the boundary after the last of them.
    fn best_break(&self, next: Edge) -> usize {
        let most = self.room.saturating_sub(REST_TOKENS);
        let target = CHUNK_TOKENS_TARGET.min(most);
        let least = target * FULL_PERCENT / 100;
        let edges = self.pending.iter().skip(1).map(|unit| unit.edge).chain([next]);
        let mut best = (self.pending.len(), usize::MAX);
        let mut sum = 0;
        for (count, (unit, edge)) in (1..).zip(self.pending.iter().zip(edges)) {
            sum += unit.tokens;
            let cost = sum.abs_diff(target) + (Edge::Paragraph.worth() - edge.worth());
            if (least..=most).contains(&sum) && cost <= best.1 {
                best = (count, cost);
            }
        }
        best.0
    }

    /// Makes a chunk of the first `count` units, or of fewer if their common text has more tokens than their sum.
    fn emit(&mut self, count: usize) {
        let Some(start) = self.pending.first().map(|unit| unit.range.start) else { return };
        let mut count = count.clamp(1, self.pending.len());
        let mut end = start;
        loop {
            end = self.pending.get(count - 1).map_or(end, |unit| unit.range.end);
            let body = self.text.get(start..end).unwrap_or_default();
            if count == 1 || (self.tokens)(body) <= self.room {
                break;
            }
            count -= 1;
        }
        let tokens: usize = self.pending.drain(..count).map(|unit| unit.tokens).sum();
        self.total -= tokens;
        if !self.is_full() {
            self.chunks.push(Chunk { heading: self.heading.clone(), range: start..end });
        }
    }
}
