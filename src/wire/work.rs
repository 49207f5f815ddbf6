//! Messages of work that is lent: who has some, who asks for it, the texts, the vectors.
//!
//! A device that has texts to embed offers them to its linked peers. One that may work asks; the owner grants a batch of texts
//! for a time, the lease. Vectors come back as they are made, each message of them extends the lease, and a lease that is over
//! is worth nothing: the owner gives its texts to another device, or embeds them itself. A job carries its input and names nothing
//! local: a text's place in its batch is all that a result says.

use super::vector::HitVector;
use crate::base::bounded;
use crate::base::id::{EmbedKey, Fingerprint};
use crate::limits::{GRANT_BYTES_MAX, KEPT_MESSAGE_MAX, LEASE_CHUNKS_MAX, RESULTS_MAX};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// One message of work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Work {
    /// The sender has texts to embed.
    Offer(Offer),
    /// The sender could embed texts of the receiver's offer: this many.
    Ask(u16),
    /// The texts, for a time.
    Grant(Box<Grant>),
    /// Nothing is granted just now. The asking device waits for another offer, or for this many milliseconds.
    Later(u32),
    /// Vectors of texts of a batch.
    Results(Box<Results>),
    /// The sender still works on the batch.
    Renew(BatchId),
    /// The sender does not go on with the batch.
    Return(BatchId),
    /// The sender cannot embed these texts of the batch.
    Failed(Failed),
    /// The lease is over: results of the batch count no more.
    End(BatchId),
    /// Vectors of texts that the receiver lent before the link broke or it started anew, and that may not have reached it.
    Kept(Box<Kept>),
}

/// What a device offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The fingerprint of the model with which they are to be embedded.
    pub model: [u8; 32],
    /// How many chunks wait; 0: none any more.
    pub chunks: u32,
}

/// The name of a batch: the hash of what is to be done. The same work has the same name, whoever does it and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BatchId(pub [u8; 16]);

impl BatchId {
    /// The first 16 bytes of SHA-256 over "wattle-embed-1", the model's fingerprint and the embed keys of the texts in their order.
    #[must_use]
    pub fn of<'a>(model: &Fingerprint, keys: impl Iterator<Item = &'a EmbedKey>) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"wattle-embed-1");
        hash.update(model.0);
        keys.for_each(|key| hash.update(key.0));
        let mut id = [0; 16];
        id.copy_from_slice(&hash.finalize()[..16]);
        Self(id)
    }
}

/// A lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its name.
    pub batch: BatchId,
    /// Milliseconds until it is over, unless a result or a `Renew` extends it by as many.
    pub lease_ms: u32,
    /// What is to be embedded, in this order; 1 to `LEASE_CHUNKS_MAX`.
    #[serde(deserialize_with = "bounded::list::<_, _, LEASE_CHUNKS_MAX>")]
    pub texts: Vec<LentText>,
}

/// A text to be embedded, as a chunk has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LentText {
    /// The headings above it.
    pub heading: String,
    /// The text.
    pub text: String,
}

impl LentText {
    /// Its bytes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.heading.len() + self.text.len()
    }
}

/// Vectors of some texts of a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// The batch.
    pub batch: BatchId,
    /// The place in the batch of the first of them.
    pub first: u16,
    /// Those of this text and the ones after it; 1 to `RESULTS_MAX`.
    #[serde(deserialize_with = "bounded::list::<_, _, RESULTS_MAX>")]
    pub vectors: Vec<HitVector>,
}

/// Texts of a batch that could not be embedded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The batch.
    pub batch: BatchId,
    /// The place in the batch of the first of them.
    pub first: u16,
    /// How many.
    pub count: u16,
}

/// Vectors that the sender has kept. Batches do not outlast a link, so each text has its own name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// 1 to `KEPT_MESSAGE_MAX`.
    #[serde(deserialize_with = "bounded::list::<_, _, KEPT_MESSAGE_MAX>")]
    pub results: Vec<KeptResult>,
}

/// A vector of a text that is named by what it depends on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptResult {
    /// The embed key of the text.
    pub text: EmbedKey,
    /// Its vector.
    pub vector: HitVector,
}

impl Work {
    /// Checks what the types do not express.
    pub(super) fn is_sound(&self) -> bool {
        match self {
            Self::Grant(grant) => {
                let bytes: usize = grant.texts.iter().map(LentText::bytes).sum();
                (1..=LEASE_CHUNKS_MAX).contains(&grant.texts.len()) && bytes <= GRANT_BYTES_MAX && grant.lease_ms > 0
            }
            Self::Results(results) => {
                // One that is no vector at all is false, which is for the owner of the texts to say.
                (1..=RESULTS_MAX).contains(&results.vectors.len()) && usize::from(results.first) < LEASE_CHUNKS_MAX
            }
            Self::Ask(chunks) => *chunks > 0,
            Self::Kept(kept) => (1..=KEPT_MESSAGE_MAX).contains(&kept.results.len()),
            Self::Failed(failed) => failed.count > 0 && usize::from(failed.first) < LEASE_CHUNKS_MAX,
            Self::Offer(_) | Self::Later(_) | Self::Renew(_) | Self::Return(_) | Self::End(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_work_has_the_same_name_and_other_work_another() {
        let (model, keys) = (Fingerprint([1; 32]), [EmbedKey([1; 16]), EmbedKey([2; 16])]);
        let id = BatchId::of(&model, keys.iter());
        assert_eq!(BatchId::of(&model, keys.iter()), id);
        assert_ne!(BatchId::of(&model, keys.iter().rev()), id, "results name places");
        assert_ne!(BatchId::of(&Fingerprint([2; 32]), keys.iter()), id);
        assert_ne!(BatchId::of(&model, keys[..1].iter()), id);
    }

    #[test]
    fn what_is_empty_or_too_large_is_not_sound() {
        let text = |bytes| LentText { heading: String::new(), text: "a".repeat(bytes) };
        let grant = |texts| Work::Grant(Box::new(Grant { batch: BatchId([0; 16]), lease_ms: 5_000, texts }));
        assert!(grant(vec![text(10)]).is_sound());
        assert!(!grant(Vec::new()).is_sound() && !grant(vec![text(GRANT_BYTES_MAX + 1)]).is_sound());
        let results = |first, scale, count| {
            let vectors = vec![HitVector { scale, codes: vec![1] }; count];
            Work::Results(Box::new(Results { batch: BatchId([0; 16]), first, vectors }))
        };
        assert!(results(0, 1.0, 1).is_sound() && results(0, f32::NAN, 1).is_sound(), "a false vector is a result");
        let kept = |count| {
            let vector = HitVector { scale: 1.0, codes: vec![1] };
            Work::Kept(Box::new(Kept { results: vec![KeptResult { text: EmbedKey([1; 16]), vector }; count] }))
        };
        assert!(kept(KEPT_MESSAGE_MAX).is_sound() && !kept(0).is_sound() && !kept(KEPT_MESSAGE_MAX + 1).is_sound());
        for wrong in [results(0, 1.0, 0), results(64, 1.0, 1), Work::Ask(0)] {
            assert!(!wrong.is_sound(), "{wrong:?}");
        }
    }
}
