//! The pieces of a unigram model with their scores, in a byte trie that is read from the model's file as it is.
//!
//! Nodes lie in order of breadth, the children of one adjacent and sorted by their byte: a node is one u32, and ids and
//! scores stand only for nodes at which a piece ends. The 250,000 pieces of XLM-R take 5.2 MB.

use crate::limits::{PIECE_BYTES_MAX, PIECE_NODES_MAX};
use std::fmt;

/// The bit of a node at which a piece ends.
const ENDS: u32 = 1 << 8;
/// From this bit on: the node of the first child. The children end where those of the next node begin.
const FIRST_CHILD: u32 = 9;
/// How many pieces end before a node is known for each node of this distance, and counted from there.
const COUNTED: usize = 32;

/// The token of characters that no piece has.
pub(super) const UNKNOWN: u32 = 3;

/// What the score of an unknown character is below the worst piece.
const UNKNOWN_PENALTY: f64 = 10.0;

/// The pieces.
pub struct Pieces {
    /// The root first; a last entry ends the children of the last node.
    nodes: Vec<u32>,
    /// Pieces that end before every `COUNTED`th node.
    before: Vec<u32>,
    /// In the order of their nodes.
    ids: Vec<u32>,
    scores: Vec<f32>,
    /// Bytes of the longest piece.
    longest: usize,
    unknown_score: f64,
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pieces({})", self.ids.len())
    }
}

impl Pieces {
    /// Checks the tables: nodes in order of breadth, and an id below `words` and a finite score for each piece. The tokens that are no
    /// pieces, of which `UNKNOWN` is the last, have words too.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn new(nodes: Vec<u32>, ids: Vec<u32>, scores: Vec<f32>, words: usize) -> Result<Self, &'static str> {
        let (Some(last), true) = (nodes.len().checked_sub(1), nodes.len() <= PIECE_NODES_MAX) else {
            return Err("has no nodes or too many");
        };
        let first_child = |at: usize| nodes.get(at).map_or(last, |node| (node >> FIRST_CHILD) as usize);
        // Children lie behind their node, so that a walk ends; and within the nodes, so that one finds something.
        let are_ordered = (0..last).all(|at| first_child(at) > at && first_child(at) <= first_child(at + 1))
            && first_child(last) == last;
        let are_sorted = || {
            (0..last).all(|at| {
                let children = nodes.get(first_child(at)..first_child(at + 1)).unwrap_or_default();
                children.windows(2).all(|pair| byte(pair[0]) < byte(pair[1]))
            })
        };
        if last == 0 || first_child(0) != 1 || !are_ordered || !are_sorted() {
            return Err("has nodes out of order");
        }
        let (mut before, mut count) = (Vec::with_capacity(last / COUNTED + 1), 0);
        for part in nodes[..last].chunks(COUNTED) {
            before.push(count);
            count += ends(part);
        }
        if count == 0 || ids.len() != count as usize || scores.len() != ids.len() || nodes[0] & ENDS != 0 {
            return Err("has another number of pieces than of ids and scores");
        }
        if ids.iter().chain(&[UNKNOWN]).any(|id| *id as usize >= words) || scores.iter().any(|score| !score.is_finite())
        {
            return Err("has an id without a word or a score that is no number");
        }
        let (mut level, mut longest) = (0..1, 0);
        while !level.is_empty() && longest <= PIECE_BYTES_MAX {
            level = first_child(level.start)..first_child(level.end);
            longest += usize::from(!level.is_empty());
        }
        if longest > PIECE_BYTES_MAX {
            return Err("has a piece that is too long");
        }
        let worst = scores.iter().copied().fold(f32::INFINITY, f32::min);
        Ok(Self { nodes, before, ids, scores, longest, unknown_score: f64::from(worst) - UNKNOWN_PENALTY })
    }

    /// Bytes of the longest piece.
    pub(super) const fn longest(&self) -> usize {
        self.longest
    }

    /// The score of one unknown character.
    pub(super) const fn unknown_score(&self) -> f64 {
        self.unknown_score
    }

    /// Passes each piece that `text` begins with to `sink`, the shortest first: its bytes, its id and its score.
    pub(super) fn each(&self, text: &[u8], mut sink: impl FnMut(usize, u32, f32)) {
        let mut at = 0;
        for (length, sought) in (1..).zip(text) {
            let Some(next) = self.child(at, *sought) else { return };
            at = next;
            if let Some(piece) = self.piece(at)
                && let (Some(id), Some(score)) = (self.ids.get(piece), self.scores.get(piece))
            {
                sink(length, *id, *score);
            }
        }
    }

    fn child(&self, of: usize, sought: u8) -> Option<usize> {
        let [node, next] = *self.nodes.get(of..)?.first_chunk::<2>()?;
        let first = (node >> FIRST_CHILD) as usize;
        let children = self.nodes.get(first..(next >> FIRST_CHILD) as usize)?;
        children.binary_search_by_key(&sought, |child| byte(*child)).ok().map(|found| first + found)
    }

    /// The number of the piece that ends at a node.
    fn piece(&self, at: usize) -> Option<usize> {
        let part = self.nodes.get(at - at % COUNTED..=at)?;
        let (node, before) = part.split_last()?;
        (node & ENDS != 0).then_some(())?;
        Some((self.before.get(at / COUNTED)? + ends(before)) as usize)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the byte is the lowest one")]
const fn byte(node: u32) -> u8 {
    node as u8
}

/// How many pieces end at these nodes.
fn ends(nodes: &[u32]) -> u32 {
    nodes.iter().map(|node| (node >> 8) & 1).sum()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Nodes, ids and scores.
    type Tables = (Vec<u32>, Vec<u32>, Vec<f32>);

    /// The trie's tables, as scripts/make_multilingual_model.py writes them. Ids are 10 and more, in the given order.
    fn tables(pieces: &[(&str, f32)]) -> Tables {
        let (mut level, mut nodes, mut next) = (vec![Vec::<u8>::new()], Vec::new(), 1);
        let (mut ids, mut scores) = (Vec::new(), Vec::new());
        while !level.is_empty() {
            let depth = level[0].len() + 1;
            let below: BTreeSet<Vec<u8>> =
                pieces.iter().filter_map(|(piece, _)| Some(piece.as_bytes().get(..depth)?.to_vec())).collect();
            for prefix in &level {
                let found = (10..).zip(pieces).find(|(_, (piece, _))| piece.as_bytes() == prefix.as_slice());
                ids.extend(found.map(|(id, _)| id));
                scores.extend(found.map(|(_, (_, score))| *score));
                nodes.push(
                    u32::from(prefix.last().copied().unwrap_or_default())
                        | u32::from(found.is_some()) << 8
                        | next << FIRST_CHILD,
                );
                next += below.iter().map(|longer| u32::from(longer.starts_with(prefix))).sum::<u32>();
            }
            level = below.into_iter().collect();
        }
        nodes.push(next << FIRST_CHILD);
        (nodes, ids, scores)
    }

    pub(in super::super) fn pieces(of: &[(&str, f32)]) -> Pieces {
        let (nodes, ids, scores) = tables(of);
        Pieces::new(nodes, ids, scores, of.len() + 10).unwrap()
    }

    fn found(pieces: &Pieces, text: &str) -> Vec<(usize, u32)> {
        let mut found = Vec::new();
        pieces.each(text.as_bytes(), |length, id, _| found.push((length, id)));
        found
    }

    #[test]
    fn all_pieces_that_a_text_begins_with_are_found_the_shortest_first() {
        let pieces = pieces(&[("wattle", -1.0), ("wa", -2.0), ("würde", -3.0), ("x", -4.0), ("w", -5.0)]);
        assert_eq!(found(&pieces, "wattles"), [(1, 14), (2, 11), (6, 10)]);
        assert_eq!(found(&pieces, "würden"), [(1, 14), (6, 12)]);
        assert_eq!(found(&pieces, "y"), []);
        assert_eq!((pieces.longest(), pieces.unknown_score()), (6, -15.0));
    }

    #[test]
    fn among_many_pieces_each_has_its_id() {
        let words: Vec<String> = (0..500_u32).map(|n| format!("{n:x}{}", n % 7)).collect();
        let scored: Vec<(&str, f32)> = words.iter().map(|word| (word.as_str(), -1.0)).collect();
        let pieces = pieces(&scored);
        for (word, id) in words.iter().zip(10..) {
            assert!(found(&pieces, word).contains(&(word.len(), id)), "{word}");
        }
    }

    #[test]
    fn damaged_tables_are_refused() {
        let good = tables(&[("ab", -1.0), ("b", -2.0)]);
        let with = |change: &dyn Fn(&mut Tables)| {
            let mut tables = good.clone();
            change(&mut tables);
            Pieces::new(tables.0, tables.1, tables.2, 12).map(|_| ())
        };
        assert_eq!(with(&|_| {}), Ok(()));
        assert!(with(&|tables| tables.0.clear()).is_err());
        assert!(with(&|tables| tables.0.truncate(1)).is_err());
        assert!(with(&|tables| tables.0[1] = 7 << FIRST_CHILD).is_err(), "beyond the end");
        assert!(with(&|tables| tables.0.swap(1, 2)).is_err(), "not sorted");
        assert!(with(&|tables| tables.0[1] |= ENDS).is_err(), "a piece without an id");
        assert!(with(&|tables| tables.1[0] = 12).is_err(), "an id without a word");
        assert!(with(&|tables| tables.2[0] = f32::NAN).is_err());
        let few = |words| Pieces::new(good.0.clone(), vec![1, 2], good.2.clone(), words).is_ok();
        assert_eq!((few(3), few(4)), (false, true), "the unknown token has a word");
        let long = "x".repeat(PIECE_BYTES_MAX + 1);
        let (nodes, ids, scores) = tables(&[(long.as_str(), -1.0)]);
        assert!(Pieces::new(nodes, ids, scores, 12).is_err());
    }
}
