//! Messages of work that is lent, as docs/messages.md shows them.

use wattle::base::id::Fingerprint;
use wattle::embed::model::key as key_of;
use wattle::wire::message::{HitVector, Message};
use wattle::wire::work::{BatchId, Failed, Grant, Kept, KeptResult, LentText, Offer, Results, Work};

/// A message of each variant of work.
pub(super) fn messages() -> [Message; 10] {
    let model = Fingerprint(std::array::from_fn(|at| at as u8));
    let text = |heading: &str, text: &str| LentText { heading: heading.to_owned(), text: text.to_owned() };
    let texts = vec![text("House > Heating", "Bleed the radiators."), text("", "Leek 😀")];
    let keys: Vec<_> = texts.iter().map(|text| key_of(&model, &text.heading, &text.text)).collect();
    let batch = BatchId::of(&model, keys.iter());
    let vector = HitVector { scale: 0.007_812_5, codes: vec![1, 0xff] };
    let kept = Kept { results: vec![KeptResult { text: keys[1], vector }] };
    let vectors = vec![HitVector { scale: 0.007_812_5, codes: vec![1, 0xff] }];
    [
        Work::Offer(Offer { model: model.0, chunks: 4000 }),
        Work::Ask(64),
        Work::Grant(Box::new(Grant { batch, lease_ms: 9000, texts })),
        Work::Later(500),
        Work::Results(Box::new(Results { batch, first: 1, vectors })),
        Work::Renew(batch),
        Work::Return(batch),
        Work::Failed(Failed { batch, first: 1, count: 1 }),
        Work::End(batch),
        Work::Kept(Box::new(kept)),
    ]
    .map(Message::Work)
}
