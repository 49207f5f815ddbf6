//! Embedding that travels: chunks of this device that others embed, and chunks of others that this device embeds.
//!
//! Work is pulled. A device with more chunks than it embeds in a moment offers them to its linked members ([`lender`]); one that may work,
//! and has nothing to do itself, asks ([`borrower`]); the owner reads the texts of documents from the end of its queue, while it
//! embeds those at the beginning itself, and grants a lease of as many as the asking device embeds in `LEASE_WORK_MS` by its
//! measured speed (`speed`), and of fewer towards the end, so that all end together (guided self-scheduling: Polychronopoulos and Kuck, 1987).
//!
//! A lease ends when its time is over without a result, when the link is gone for `LEASE_UNLINKED_MS`, or when the device is
//! down or no member any more. Its chunks are the next to be granted. One that was lost `LOST_MAX_EACH` times, or that a device could
//! not embed and another one could not either, is embedded here only: what brings devices down ends here, where a document whose tasks fail is parked (`parking`). A document
//! that fails here is the first to be lent, as another device may be able to embed it. A device that can embed nothing gets next to nothing
//! (`failures`).
//!
//! No vector counts before a check of its maker (`worker`): it is stored with who made it, and is as good as none until then (`store::makers`). The
//! first `PROBATION` results are computed here too, after those one in
//! `CHECK_ONE_IN` at random, and what came since the last good check waits for the next. Where this device may embed nothing,
//! texts whose vectors are stored are mixed into the batches, and a device that gives those vouches for what it made before. A device whose vector is false gets
//! no work for `OFFENCE_MS` and is told so (`ban`), and what it made since its last good check is done again. What this device cannot compute is compared with what another one makes
//! of it (`lender::unconfirmed`).
//!
//! Invariants: a chunk is in one place at a time, in the pool, in a lease (and late ones in a task of this device besides), with a device's unchecked results, or on its way to the
//! disk; its document is busy in the queue as long as any of its chunks is. Late results, and results for a document that changed, have no
//! effect: the store takes a vector for a row without one and for the text that it has.

mod ban;
pub mod borrower;
mod ended_leases;
mod failures;
pub mod lendable;
pub mod lender;
pub mod recipient;
mod same;
mod speed;
pub(super) mod spread;
mod worker;

use crate::base::id::{DocId, Fingerprint, PeerKey};
use crate::base::time::Instant;
use borrower::Borrower;
use lender::Lender;
use spread::Spread;

/// Both sides.
#[derive(Debug)]
pub(super) struct Offload {
    pub(super) lender: Lender,
    pub(super) borrower: Borrower,
    /// Texts of programs that others embed.
    pub(super) spread: Spread,
    /// Devices whose false results were found and not told yet.
    pub(super) false_makers: Vec<PeerKey>,
    /// Whether a task reads chunks that are to be lent.
    pub(super) listing: bool,
    /// Whether what that task reads may be lent no more: folders became private, or were forgotten, meanwhile.
    pub(super) list_is_stale: bool,
    /// Documents that became others, or went, since that task began: it may have read their texts. `RECALLED_MAX` of them are any.
    pub(super) recalled: Vec<DocId>,
    /// Nothing is offered before, because the last documents that were read had nothing that may be lent.
    pub(super) nothing_until: Option<Instant>,
    /// Whether it was asked for texts with known vectors.
    pub(super) lists_known: bool,
    /// How many vectors the store had when no text with a known vector was found in it, and how often in a row.
    pub(super) known_of: Option<(u64, u32)>,
    /// Whether results might be checked at the last look.
    pub(super) checks: bool,
    /// Whether a device was to be had at the last look that may embed what fails here.
    pub(super) others: bool,
}

impl Offload {
    pub(super) fn new(model: Fingerprint, cosine_min: f32, seed: u64) -> Self {
        Self {
            lender: Lender::new(model, cosine_min, seed),
            borrower: Borrower::new(model, seed),
            spread: Spread::new(model),
            false_makers: Vec::new(),
            listing: false,
            list_is_stale: false,
            recalled: Vec::new(),
            nothing_until: None,
            lists_known: false,
            known_of: None,
            checks: false,
            others: false,
        }
    }
}

#[cfg(test)]
mod test;
