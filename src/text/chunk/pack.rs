//! Packing of units into chunks: where it is best to break.

use super::{Chunk, Counter};
use crate::limits::{CHUNK_BYTES_MAX, CHUNK_TOKENS_GOAL, DOCUMENT_CHUNKS_MAX};
use std::ops::Range;

/// What stands between a unit and the one before it, from the worst place for a break to the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Edge {
    /// Nothing that a reader would break at.
    Tight,
    /// The end of what may be a sentence.
    Sentence,
    /// The end of a line that was meant to end.
    Line,
    /// A blank line, or a line end in text whose lines are paragraphs.
    Paragraph,
}

impl Edge {
    /// How many word pieces off the goal a break here is worth. Measured with `FULL_PERCENT` on chunkeval's 790
    /// excerpts (96.5 % within one chunk) and on edits of a word (1.1 chunks change); both are flat around here.
    const fn worth(self) -> usize {
        match self {
            Self::Tight => 0,
            Self::Sentence => 30,
            Self::Line => 60,
            Self::Paragraph => 100,
        }
    }
}

/// A piece of text that is not broken.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    /// Bytes of the text.
    pub range: Range<usize>,
    /// Word pieces.
    pub tokens: usize,
    /// The border before it.
    pub edge: Edge,
}

/// A chunk shorter than this many percent of the goal is not made if another break is possible.
const FULL_PERCENT: usize = 50;

/// Word pieces that are left for the next chunk, so that no section ends with a scrap.
const SCRAP_TOKENS: usize = 32;

/// Collects the units of one section; gives out chunks as they fill.
pub(super) struct Packer<'a> {
    /// The whole text that the units' ranges index.
    pub text: &'a str,
    /// The model's counter.
    pub tokens: &'a Counter<'a>,
    /// Word pieces of a chunk's text, beside its heading.
    pub room: usize,
    heading: String,
    pending: Vec<Unit>,
    /// Word pieces of `pending`.
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

    /// No further chunk will be taken.
    pub(super) fn is_full(&self) -> bool {
        self.chunks.len() >= DOCUMENT_CHUNKS_MAX
    }

    /// The next unit: after those before it, at most `room` word pieces and `limits::CHUNK_BYTES_MAX` bytes.
    pub(super) fn push(&mut self, mut unit: Unit) {
        if self.text.get(..unit.range.start).is_some_and(|before| before.trim_end().ends_with(':')) {
            // "As follows:" stays with what follows.
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
            // A unit that the model does not see is no place for a break, and there may be very many.
            Some(last) if unit.tokens == 0 => last.range.end = unit.range.end,
            _ => {
                self.total += unit.tokens;
                self.pending.push(unit);
            }
        }
    }

    /// The section's end: what is left is the last chunk.
    pub(super) fn finish(mut self) {
        while !self.pending.is_empty() {
            self.emit(self.pending.len());
        }
    }

    /// How many of the pending units make the next chunk, at least 1; `next` is the border after all of them.
    fn best_break(&self, next: Edge) -> usize {
        let most = self.room.saturating_sub(SCRAP_TOKENS);
        let goal = CHUNK_TOKENS_GOAL.min(most);
        let least = goal * FULL_PERCENT / 100;
        let edges = self.pending.iter().skip(1).map(|unit| unit.edge).chain([next]);
        let mut best = (self.pending.len(), usize::MAX);
        let mut sum = 0;
        for (count, (unit, edge)) in (1..).zip(self.pending.iter().zip(edges)) {
            sum += unit.tokens;
            let cost = sum.abs_diff(goal) + (Edge::Paragraph.worth() - edge.worth());
            if (least..=most).contains(&sum) && cost <= best.1 {
                best = (count, cost);
            }
        }
        best.0
    }

    /// Makes a chunk of the first `count` units, or of fewer if they count for more together than alone.
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
        let gone: usize = self.pending.drain(..count).map(|unit| unit.tokens).sum();
        self.total -= gone;
        if !self.is_full() {
            self.chunks.push(Chunk { heading: self.heading.clone(), range: start..end });
        }
    }
}
