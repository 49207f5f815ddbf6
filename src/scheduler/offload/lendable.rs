//! A chunk on its way to a device that embeds it.

use crate::base::id::{DocId, EmbedKey, PeerKey, Row};
use crate::base::vector::Quantized;
use crate::wire::work::LentText;
use std::collections::BTreeSet;

/// A chunk that others may embed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lendable {
    /// Its document.
    pub doc: DocId,
    /// Its row.
    pub row: Row,
    /// The key of its text.
    pub key: EmbedKey,
    /// Its text.
    pub text: LentText,
}

/// A chunk whose vector is stored: what a device makes of it tells whether it is honest, and costs the owner nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// The chunk.
    pub chunk: Lendable,
    /// Its vector.
    pub vector: Quantized,
    /// The device that made it; `None`: this one.
    pub by: Option<PeerKey>,
}

/// A result that may be saved.
#[derive(Clone, Debug, PartialEq)]
pub struct Good {
    /// The chunk.
    pub chunk: Lendable,
    /// Its vector.
    pub vector: Quantized,
    /// The device that made it; `None`: this one.
    pub by: Option<PeerKey>,
    /// Whether a save has it already, as a result that waits for a check.
    pub kept: bool,
    /// Whether only texts with known vectors have vouched for it.
    pub is_owed: bool,
}

/// Results of a device that no check had vouched for when the agent ended.
#[derive(Clone, Debug, PartialEq)]
pub struct UnprovenResults {
    /// The device.
    pub by: PeerKey,
    /// Good checks of it, as far as they count.
    pub checks: u8,
    /// How many of its results answer and are owed a check.
    pub owed: u64,
    /// The results, in the order in which they came.
    pub results: Vec<(Lendable, Quantized)>,
    /// Until when it gets no work, because a result of it was false, in seconds since 1970; 0: there was none.
    pub banned_until: i64,
}

/// Results of a device that answer and are owed a check.
#[derive(Clone, Debug, PartialEq)]
pub struct OwedPart {
    /// The device.
    pub by: PeerKey,
    /// Their rows.
    pub rows: Vec<Row>,
    /// Whether the text of any of them is still there.
    pub has_texts: bool,
    /// Some of them by chance, which are computed here.
    pub texts: Vec<(Lendable, Quantized)>,
}

/// Texts that are embedded here only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HomeTexts {
    /// Of whatever document.
    pub always: BTreeSet<EmbedKey>,
    /// But of these documents.
    pub failed: BTreeSet<EmbedKey>,
    /// Those that another device is to try.
    pub wanted: BTreeSet<DocId>,
}

impl HomeTexts {
    /// Whether the text of a document is one of them.
    #[must_use]
    pub fn has(&self, doc: DocId, text: &EmbedKey) -> bool {
        self.always.contains(text) || self.failed.contains(text) && !self.wanted.contains(&doc)
    }
}

/// What a task read that is to be lent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LendableChunks {
    /// Chunks without vectors.
    pub chunks: Vec<Lendable>,
    /// Some with vectors.
    pub known: Vec<Known>,
    /// Those with vectors that were asked for by their rows.
    pub unconfirmed: Vec<Known>,
    /// Documents that have more chunks without vectors.
    pub longer: Vec<DocId>,
    /// Documents that were not looked at, because the others had enough.
    pub unreached: Vec<DocId>,
}
