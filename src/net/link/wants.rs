//! What one peer wants by bitswap and was not answered yet: a table, without a socket.
//!
//! What is wanted first has the highest priority, then came first. A want of a block that is not there is answered at once, or dropped: this
//! agent does not tell later that it has got one, as boxo does, so nothing waits here for longer than an answer takes.

use crate::limits::BITSWAP_WANTS_MAX;
use crate::wire::bitswap::{Entry, Message, WantType};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// One want.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Want {
    /// The block's CID as it was asked for; not checked.
    pub(super) cid: Vec<u8>,
    /// Whether the block is wanted, or whether it is there.
    pub(super) want: WantType,
    /// Whether an answer is wanted also if it is not.
    pub(super) send_dont_have: bool,
}

/// What comes first: the highest priority, then the earliest.
type Turn = (Reverse<i32>, u64);

/// The wants of one peer, at most `BITSWAP_WANTS_MAX`.
#[derive(Debug, Default)]
pub(super) struct Wants {
    waiting: BTreeMap<Turn, Want>,
    turns: BTreeMap<Vec<u8>, Turn>,
    /// Wants so far.
    count: u64,
}

impl Wants {
    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
        self.turns.clear();
    }

    /// Takes a list of wants: adds to the earlier ones, replaces them, or cancels some. Returns how many there was no room for.
    pub(super) fn take(&mut self, message: &Message<'_>) -> usize {
        if message.full {
            self.clear();
        }
        let mut left_out = 0;
        for entry in &message.wants {
            let earlier = self.remove(entry.cid);
            if entry.cancel {
                continue;
            }
            if self.waiting.len() >= BITSWAP_WANTS_MAX {
                left_out += 1;
                continue;
            }
            self.insert(entry, earlier);
        }
        left_out
    }

    /// Of two wants of one block the larger one holds: whoever wants it is not only told that it is there.
    fn insert(&mut self, entry: &Entry<'_>, earlier: Option<(u64, Want)>) {
        self.count += 1;
        let (since, has_asked) = earlier.map_or((self.count, None), |(since, want)| (since, Some(want)));
        let wants_block = |want: &Want| want.want == WantType::Block;
        let want = if has_asked.as_ref().is_some_and(wants_block) { WantType::Block } else { entry.want };
        let send_dont_have = entry.send_dont_have || has_asked.is_some_and(|want| want.send_dont_have);
        let turn = (Reverse(entry.priority), since);
        self.turns.insert(entry.cid.to_vec(), turn);
        self.waiting.insert(turn, Want { cid: entry.cid.to_vec(), want, send_dont_have });
    }

    /// Takes a want out; since when it waited is its number.
    fn remove(&mut self, cid: &[u8]) -> Option<(u64, Want)> {
        let turn = self.turns.remove(cid)?;
        Some((turn.1, self.waiting.remove(&turn)?))
    }

    /// Takes out what is to be answered next.
    pub(super) fn pop(&mut self) -> Option<Want> {
        let (_, want) = self.waiting.pop_first()?;
        self.turns.remove(&want.cid);
        Some(want)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(entries: &[(u8, i32)]) -> Vec<[u8; 1]> {
        entries.iter().map(|(cid, _)| [*cid]).collect()
    }

    fn message<'a>(cids: &'a [[u8; 1]], entries: &[(u8, i32)]) -> Message<'a> {
        let entry =
            |(cid, (_, priority)): (&'a [u8; 1], &(u8, i32))| Entry { cid, priority: *priority, ..Entry::default() };
        Message { wants: cids.iter().zip(entries).map(entry).collect(), ..Message::default() }
    }

    fn all(table: &mut Wants) -> Vec<u8> {
        std::iter::from_fn(|| table.pop()).map(|want| want.cid[0]).collect()
    }

    #[test]
    fn the_highest_priority_is_first_and_then_who_came_first() {
        let (entries, mut table) = ([(1, 1), (2, 9), (3, 1), (4, -1), (5, 9)], Wants::default());
        let cids = wants(&entries);
        assert_eq!(table.take(&message(&cids, &entries)), 0);
        // Again, with another priority: it is wanted once.
        let again = [(3, 5)];
        table.take(&message(&wants(&again), &again));
        assert_eq!(all(&mut table), [2, 5, 3, 1, 4]);
        assert!(table.waiting.is_empty() && table.turns.is_empty());
    }

    #[test]
    fn a_cancel_takes_one_out_and_a_full_list_all() {
        let (entries, mut table) = ([(1, 1), (2, 1), (3, 1)], Wants::default());
        let cids = wants(&entries);
        table.take(&message(&cids, &entries));
        let cancel = Entry { cid: &[2], cancel: true, ..Entry::default() };
        let unknown = Entry { cid: &[9], ..cancel };
        table.take(&Message { wants: vec![cancel, unknown], ..Message::default() });
        assert_eq!(table.turns.len(), 2);
        let more = [(4, 1)];
        let cids = wants(&more);
        table.take(&Message { full: true, ..message(&cids, &more) });
        assert_eq!(all(&mut table), [4]);
        table.take(&message(&cids, &more));
        table.take(&Message { full: true, ..Message::default() });
        assert_eq!(table.len(), 0, "an empty full list wants nothing");
    }

    #[test]
    fn who_wants_the_block_is_not_only_told_that_it_is_there() {
        let have = Entry { cid: &[1], want: WantType::Have, send_dont_have: true, ..Entry::default() };
        let block = Entry { cid: &[1], ..Entry::default() };
        for entries in [vec![have, block], vec![block, have]] {
            let mut table = Wants::default();
            table.take(&Message { wants: entries, ..Message::default() });
            assert_eq!(table.pop(), Some(Want { cid: vec![1], want: WantType::Block, send_dont_have: true }));
            assert_eq!(table.pop(), None);
        }
    }

    #[test]
    fn the_table_is_bounded_and_cancels_still_count() {
        let cids: Vec<[u8; 4]> = (0..).map(u32::to_be_bytes).take(BITSWAP_WANTS_MAX + 10).collect();
        let entries = cids.iter().map(|cid| Entry { cid, ..Entry::default() });
        let mut table = Wants::default();
        assert_eq!(table.take(&Message { wants: entries.collect(), ..Message::default() }), 10);
        let cancel = cids.iter().map(|cid| Entry { cid, cancel: true, ..Entry::default() });
        assert_eq!(table.take(&Message { wants: cancel.collect(), ..Message::default() }), 0);
        assert!(table.waiting.is_empty() && table.turns.is_empty());
    }
}
