//! The statistics of all devices together: how many chunks there are, and how many of them have a word.
//!
//! A device says its own, and nobody can count them: it may say that a word which one right text has is in all of its chunks, so that the word
//! tells nothing, or that it has endless chunks without it. So no other device alone decides what a word tells:
//!
//! - its chunks count, all in the same part, as `PEER_CHUNKS_TRUSTED` or `PEER_CHUNKS_TIMES` as many as those of all others together at most, and
//!   as no more than four times as long or as short as its hits are;
//! - it takes no more of what a word tells, which others have too, than leaves a third, and no more than leaves four fifths where it says that
//!   many of its chunks have the word, and few of its hits do;
//! - a word that this device does not have, nor any hit of any device, is held by none: what is nearly it counts then.
//!
//! Between honest devices none of that changes anything but where one has nearly all of a word's chunks.

use crate::base::hit::{CorpusStatistics, Found, SearchHit};
use crate::base::id::PeerKey;
use crate::limits::{PEER_CHUNKS_TIMES, PEER_CHUNKS_TRUSTED};
use crate::search::lexical::bm25::{chunks_telling, telling};

/// The part of what a word tells without a device that is left with it; and where its hits do not bear out how common the word is there.
const LEFT: (f32, f32) = (1.0 / 3.0, 0.8);

/// How many times as long as its hits, or as short, the chunks of a device are at most in the mean.
const LENGTHS_DIFFER: u64 = 4;

/// The part of the share of its chunks which a device says have a word that its hits have at least, if they bear it out: hits of a question have
/// its words more often than others.
const BORNE_OUT: f32 = 0.5;

/// The statistics of all lists together.
pub(super) fn joined(lists: &[(Option<PeerKey>, Found)]) -> CorpusStatistics {
    let mut all = CorpusStatistics::default();
    let terms = lists.first().map_or(0, |(_, found)| found.statistics.document_frequencies.len());
    all.document_frequencies.extend(std::iter::repeat_n(0, terms));
    let told: u64 = lists.iter().map(|(_, found)| u64::from(found.statistics.chunks)).sum();
    let mut of_peers = Vec::new();
    for (device, found) in lists {
        if device.is_none() {
            all.join(&found.statistics);
            continue;
        }
        let others = told - u64::from(found.statistics.chunks);
        // Where nobody else answers there is nothing that it could push out.
        let is_alone = lists.iter().all(|(of, other)| of == device || other.hits.is_empty());
        let most = others.saturating_mul(PEER_CHUNKS_TIMES).max(PEER_CHUNKS_TRUSTED);
        let most = if is_alone { u64::MAX } else { most };
        let mut part = shrunk(&found.statistics, u32::try_from(most).unwrap_or(u32::MAX));
        part.length = plausible_length(part.length, part.chunks, found);
        all.join(&part);
        of_peers.push((part, found));
    }
    let own = lists.iter().find(|(device, _)| device.is_none()).map(|(_, found)| &found.statistics);
    for at in 0..all.document_frequencies.len() {
        let chunks = limited(&all, &of_peers, at);
        let is_here = own.is_some_and(|own| own.document_frequencies.get(at).is_some_and(|chunks| *chunks > 0));
        let is_seen = is_here || lists.iter().any(|(_, found)| holders(found, at) > 0);
        if let Some(known) = all.document_frequencies.get_mut(at) {
            *known = if is_seen { chunks } else { 0 };
        }
    }
    all
}

/// The same part of all that a device says, so that it has no more chunks than these.
fn shrunk(of: &CorpusStatistics, chunks: u32) -> CorpusStatistics {
    if of.chunks <= chunks {
        return of.clone();
    }
    let (all, most) = (u64::from(of.chunks), u64::from(chunks));
    let part = |count: u64| (u128::from(count) * u128::from(most)).div_ceil(u128::from(all));
    let frequencies = of.document_frequencies.iter();
    CorpusStatistics {
        chunks,
        document_frequencies: frequencies.map(|n| u32::try_from(part((*n).into())).unwrap_or(u32::MAX)).collect(),
        length: u64::try_from(part(of.length)).unwrap_or(u64::MAX),
    }
}

/// The words of so many chunks, as far as the hits among them bear it out.
fn plausible_length(length: u64, chunks: u32, found: &Found) -> u64 {
    let (hits, words) = (found.hits.len() as u64, found.hits.iter().map(|hit| u64::from(hit.frequencies.length)).sum());
    let all = u64::from(chunks).saturating_mul(words).checked_div(hits);
    all.map_or(length, |all: u64| length.clamp(all / LENGTHS_DIFFER, all.saturating_mul(LENGTHS_DIFFER)))
}

/// How many hits have a term.
fn holders(found: &Found, at: usize) -> usize {
    let has = |hit: &&SearchHit| hit.frequencies.counts.get(at).is_some_and(|count| *count > 0);
    found.hits.iter().filter(has).count()
}

/// The chunks that have a term, no more than leave of what it tells without any one of these devices the part that they may not take.
fn limited(all: &CorpusStatistics, of_peers: &[(CorpusStatistics, &Found)], at: usize) -> u32 {
    let of = |statistics: &CorpusStatistics| statistics.document_frequencies.get(at).copied().unwrap_or_default();
    let mut chunks = of(all);
    for (peer, found) in of_peers {
        let (rest, others) = (all.chunks.saturating_sub(peer.chunks), of(all).saturating_sub(of(peer)));
        if others > 0 && rest > 0 {
            let said = of(peer) as f32 / peer.chunks.max(1) as f32;
            let shown = holders(found, at) as f32 / found.hits.len().max(1) as f32;
            let left = if shown >= BORNE_OUT * said { LEFT.0 } else { LEFT.1 };
            let least = left * telling(rest, others);
            chunks = chunks.min(chunks_telling(all.chunks, least).max(others));
        }
    }
    chunks
}

#[cfg(test)]
#[path = "statistics_test.rs"]
mod tests;
