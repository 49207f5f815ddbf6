//! The messages of work that is lent; the target `message` reads them.

use wattle::base::id::EmbedKey;
use wattle::limits::{GRANT_BYTES_MAX, KEPT_MESSAGE_MAX, LEASE_CHUNKS_MAX, RESULTS_MAX};
use wattle::wire::message::{HitVector, Message};
use wattle::wire::work::{BatchId, Failed, Grant, Kept, KeptResult, LentText, Offer, Results, Work};

/// Checks what a decoded message promises.
pub(super) fn check(work: &Work) {
    match work {
        Work::Grant(grant) => {
            assert!((1..=LEASE_CHUNKS_MAX).contains(&grant.texts.len()) && grant.lease_ms > 0);
            assert!(grant.texts.iter().map(LentText::bytes).sum::<usize>() <= GRANT_BYTES_MAX);
        }
        Work::Results(results) => {
            assert!((1..=RESULTS_MAX).contains(&results.vectors.len()));
            assert!(usize::from(results.first) < LEASE_CHUNKS_MAX);
        }
        Work::Ask(chunks) => assert!(*chunks > 0),
        Work::Kept(kept) => assert!((1..=KEPT_MESSAGE_MAX).contains(&kept.results.len())),
        Work::Failed(failed) => assert!(failed.count > 0 && usize::from(failed.first) < LEASE_CHUNKS_MAX),
        Work::Offer(_) | Work::Later(_) | Work::Renew(_) | Work::Return(_) | Work::End(_) => {}
    }
}

/// One of each variant.
pub(super) fn messages() -> Vec<Message> {
    let batch = BatchId([9; 16]);
    let text = |text: &str| LentText { heading: "House > Heating".to_owned(), text: text.to_owned() };
    let vectors = vec![HitVector { scale: 0.01, codes: vec![3; 16] }; 2];
    let kept = KeptResult { text: EmbedKey([4; 16]), vector: HitVector { scale: 0.01, codes: vec![3; 16] } };
    let grant = Grant { batch, lease_ms: 9_000, texts: vec![text("Bleed the radiators."), text("Grüße 😀")] };
    [
        Work::Offer(Offer { model: [1; 32], chunks: 4_000 }),
        Work::Ask(64),
        Work::Grant(Box::new(grant)),
        Work::Later(500),
        Work::Results(Box::new(Results { batch, first: 8, vectors })),
        Work::Renew(batch),
        Work::Return(batch),
        Work::Failed(Failed { batch, first: 3, count: 1 }),
        Work::End(batch),
        Work::Kept(Box::new(Kept { results: vec![kept; 2] })),
    ]
    .map(Message::Work)
    .to_vec()
}
