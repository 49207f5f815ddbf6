//! Chunks that have a term of a question.

/// A chunk that has a term.
pub(super) struct Occurrences {
    pub(super) slot: usize,
    /// How often, weighed.
    pub(super) count: f32,
    /// Words of the chunk.
    pub(super) length: u8,
}

/// Each chunk once, in the order of slots, with the most that it counts.
pub(super) fn once(found: &mut Vec<Occurrences>) {
    found.sort_unstable_by(|a, b| a.slot.cmp(&b.slot).then(b.count.total_cmp(&a.count)));
    found.dedup_by_key(|one| one.slot);
}
