//! What a peer's answer is worth: words are counted in the text that came, and a cosine is computed from the vector that
//! came with it. Neither is taken from the peer, so that no number it writes lifts its hits above those of others.
//!
//! Agents of before 0.2, and those in other languages, send no vectors. Their cosines count as far as the words of the
//! question that the text holds bear them out.

use super::question::Question;
use crate::base::file_name;
use crate::base::fluency::Fluency;
use crate::base::hit::{Absence, CorpusStatistics, Found, SearchHit, TermFrequencies};
use crate::base::time::utc;
use crate::base::vector::{Embedding, Quantized};
use crate::limits::{CHUNK_BYTES_MAX, PEER_CHUNKS_MAX, TIME_BYTES_MAX};
use crate::search::lexical::terms::QueryTerms;

/// The most that a cosine without a vector counts for a text that has no word of the question, and that has them all. An
/// honest hit of the model in use has 0.3 to 0.7 (docs/evidence.md).
const UNPROVEN_COSINE: (f32, f32) = (0.3, 0.7);

/// The most that honest texts which have no word of the question, and which have them all, seldom exceed: of the hits in the
/// first five places 4 to 29 % have more, in five sets of questions (docs/evidence.md, "Vectors of other devices").
const UNCHECKED_COSINE: (f32, f32) = (0.5, 0.8);

/// By how much a cosine may differ from that of the vector that came with it, which has one byte a dimension: an honest one
/// differs by some hundredths.
const ROUNDED_BY: f32 = 0.1;

/// Whether a peer gave figures that cannot be: a cosine that its own vector does not have, or more words than bytes.
#[must_use]
pub fn is_false(found: &Found, vectors: &[Quantized], embedding: &Embedding) -> bool {
    let proven = vectors.len() == found.hits.len();
    found.hits.iter().enumerate().any(|(at, hit)| {
        let bytes = hit.path.len() + hit.heading.len() + hit.text.len();
        let vector = vectors.get(at).filter(|_| proven).and_then(|vector| vector.exact(embedding.model()).ok());
        let cosine = vector.and_then(|vector| vector.cosine(embedding).ok());
        hit.frequencies.counts.iter().any(|count| usize::from(*count) > bytes)
            || cosine.is_some_and(|cosine| (cosine - hit.cosine).abs() > ROUNDED_BY)
    })
}

/// A peer's list with figures of our own. `vectors` are those that came with the hits, in their order; without one for
/// each hit all count as missing. They name no model: those of another one have other cosines, as false ones do.
#[must_use]
pub fn judged(mut found: Found, vectors: &[Quantized], question: &Question, embedding: &Embedding) -> Found {
    let terms = question.terms();
    let proven = vectors.len() == found.hits.len();
    for (at, hit) in found.hits.iter_mut().enumerate() {
        hit.frequencies = terms.count([&file_name::words(&hit.path), &hit.heading, &hit.text]);
        // A vector need not have the norm 1 that it claims.
        let exact = vectors.get(at).filter(|_| proven).and_then(|vector| vector.exact(embedding.model()).ok());
        let cosine = exact.and_then(|exact| exact.cosine(embedding).ok());
        hit.cosine = cosine.unwrap_or_else(|| unproven(hit, question.fluency)).clamp(-1.0, 1.0);
    }
    found.statistics = plausible(&found.statistics, &found.hits.iter().map(|hit| &hit.frequencies).collect::<Vec<_>>());
    found
}

/// What a hit's cosine counts without a vector: as far as its words bear it out.
pub(super) fn unproven(hit: &SearchHit, fluency: Fluency) -> f32 {
    hit.cosine.min(fluency.cosine(most_unproven(&hit.frequencies)))
}

/// The most that a hit's cosine counts while its vector was not checked, although the device is believed.
pub(super) fn unchecked(terms: &QueryTerms, hit: &SearchHit) -> f32 {
    hit.cosine.min(terms.fluency().cosine(most_unchecked(terms, &hit.frequencies)))
}

/// Whether a hit's cosine is above what texts with as many words of the question have, so that its vector decides its place.
pub(super) fn needs_proof(terms: &QueryTerms, hit: &SearchHit) -> bool {
    terms.fluency().nearness(hit.cosine) > most_unchecked(terms, &hit.frequencies)
}

fn most_unchecked(terms: &QueryTerms, frequencies: &TermFrequencies) -> f32 {
    let (least, most) = UNCHECKED_COSINE;
    (most - least).mul_add(terms.held(frequencies), least)
}

/// What the notes about a file that is away, and about one that is gone and kept by its owner, begin and end with, around the time.
const AWAY_NOTE: (&str, &str) = ("(its file is away since ", ")");
const KEPT_NOTE: (&str, &str) = ("(its file is gone since ", " and its text is kept)");

/// A heading with the note that the hit's file is not there: a message has no place of its own for it, so that agents of before
/// still read it.
#[must_use]
pub fn with_note(heading: &str, absence: Absence) -> String {
    let ((begin, end), since) = match absence {
        Absence::Away(since) => (AWAY_NOTE, since),
        Absence::Kept(since) => (KEPT_NOTE, since),
        // It leaves this device in no answer.
        Absence::Unreadable => return heading.to_owned(),
    };
    format!("{heading} {begin}{}{end}", utc(since)).trim_start().to_owned()
}

/// The heading without that note, as it was embedded. Only the note's own form is left out, so that no other words are
/// shown and not embedded.
pub(super) fn without_note(heading: &str) -> &str {
    let of = |(begin, end)| heading.strip_suffix(end).and_then(|rest: &str| rest.rsplit_once(begin));
    let note = of(KEPT_NOTE).or_else(|| of(AWAY_NOTE));
    let is_time =
        |time: &str| time.len() <= TIME_BYTES_MAX && time.bytes().all(|byte| b"0123456789-: UTC".contains(&byte));
    note.filter(|(_, time)| is_time(time)).map_or(heading, |(rest, _)| rest.trim_end())
}

fn most_unproven(frequencies: &TermFrequencies) -> f32 {
    let (least, most) = UNPROVEN_COSINE;
    let held = frequencies.counts.iter().filter(|count| **count > 0).count();
    (most - least).mul_add(held as f32 / frequencies.counts.len().max(1) as f32, least)
}

/// The peer's statistics as far as they can be: over no more chunks than a device has, and in agreement with the hits.
/// They say how rare a word is, and cannot be checked otherwise: the chunks that were counted and not sent stay there.
fn plausible(claimed: &CorpusStatistics, hits: &[&TermFrequencies]) -> CorpusStatistics {
    let terms = hits.first().map_or(claimed.document_frequencies.len(), |hit| hit.counts.len());
    let counted = CorpusStatistics::of(terms, hits.iter().copied());
    if claimed.document_frequencies.len() != terms {
        return counted;
    }
    let chunks = claimed.chunks.clamp(counted.chunks, PEER_CHUNKS_MAX.max(counted.chunks));
    let mut document_frequencies = claimed.document_frequencies.clone();
    for (own, sure) in document_frequencies.iter_mut().zip(&counted.document_frequencies) {
        *own = (*own).clamp(*sure, chunks);
    }
    let longest = u64::from(chunks) * (CHUNK_BYTES_MAX as u64 / 2);
    CorpusStatistics {
        chunks,
        document_frequencies,
        length: claimed.length.clamp(counted.length, longest.max(counted.length)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::{Fingerprint, Row};
    use crate::limits::DIMENSIONS;

    fn embedding(phase: f32) -> Embedding {
        let raw: Vec<f32> = (0..DIMENSIONS).map(|at| (at as f32).mul_add(0.37, phase).sin()).collect();
        Embedding::new(Fingerprint([1; 32]), &raw).unwrap()
    }

    fn boasting(text: &str) -> Found {
        let counts = heapless::Vec::from_slice(&[60_000, 60_000]).unwrap();
        let frequencies = TermFrequencies { counts, length: 1 };
        let hit = SearchHit {
            row: Row(1),
            path: b"/x.md".to_vec(),
            heading: String::new(),
            text: text.to_owned(),
            cosine: 1.0,
            frequencies,
            absence: None,
            doc: None,
        };
        let document_frequencies = heapless::Vec::from_slice(&[u32::MAX, 0]).unwrap();
        Found {
            statistics: CorpusStatistics { chunks: u32::MAX, document_frequencies, length: 0 },
            hits: vec![hit],
            ..Found::default()
        }
    }

    #[test]
    fn a_cosine_that_the_vector_does_not_have_and_more_words_than_bytes_are_false_and_rounding_is_not() {
        let asked = embedding(0.0);
        let mut honest = boasting("a soup of leek");
        honest.hits[0].frequencies = TermFrequencies::zero(2);
        assert!(!is_false(&honest, &[asked.quantize()], &asked), "its own vector has a cosine of 1");
        assert!(!is_false(&honest, &[], &asked), "nothing to hold it against");
        assert!(is_false(&honest, &[embedding(1.5).quantize()], &asked));
        assert!(is_false(&boasting("a soup of leek"), &[], &asked), "60,000 words in so few bytes");
    }

    #[test]
    fn words_are_counted_in_the_text_that_came() {
        let judged = judged(boasting("buy this watch"), &[], &"boiler manual".into(), &embedding(0.0));
        assert_eq!((judged.hits[0].frequencies.counts.as_slice(), judged.hits[0].frequencies.length), (&[0, 0][..], 4));
        assert_eq!(judged.statistics.chunks, PEER_CHUNKS_MAX);
        assert_eq!(judged.statistics.document_frequencies.as_slice(), [PEER_CHUNKS_MAX, 0]);
    }

    #[test]
    fn the_cosine_is_that_of_the_vector_and_not_the_one_claimed() {
        let (asked, held) = (embedding(0.0), embedding(1.3));
        let judged = judged(boasting("the boiler"), &[held.quantize()], &"boiler manual".into(), &asked);
        assert!((judged.hits[0].cosine - held.cosine(&asked).unwrap()).abs() < 0.01);
        let long = Quantized::from_parts(1e4, &held.quantize().bytes().collect::<Vec<_>>()).unwrap();
        let judged_long = super::judged(boasting("the boiler"), &[long], &"boiler manual".into(), &asked);
        assert!((judged_long.hits[0].cosine - judged.hits[0].cosine).abs() < 0.01, "a long vector gains nothing");
    }

    #[test]
    fn a_cosine_without_a_vector_counts_as_far_as_the_words_bear_it_out() {
        let cosine = |text: &str, vectors: &[Quantized]| {
            judged(boasting(text), vectors, &"boiler manual".into(), &embedding(0.0)).hits[0].cosine
        };
        assert_eq!(cosine("buy this watch", &[]), 0.3);
        assert_eq!(cosine("the boiler", &[]), 0.5);
        assert!((cosine("manual of the boiler", &[]) - 0.7).abs() < 1e-6);
        let two = [embedding(0.0).quantize(), embedding(0.0).quantize()];
        assert_eq!(cosine("buy this watch", &two), 0.3, "vectors that do not belong to the hits are none");
    }

    #[test]
    fn the_note_of_a_file_that_is_away_is_no_part_of_what_was_embedded_and_nothing_else_is_left_out() {
        for heading in ["", "House > Heating", "a (b)"] {
            for absence in [Absence::Away(1_795_726_980), Absence::Kept(1_795_726_980)] {
                assert_eq!(without_note(&with_note(heading, absence)), heading);
            }
            assert_eq!(without_note(heading), heading);
        }
        for kept in ["(its file is away since my boiler)", "(its file is away since 2026-11-26 21:08 UTC) x", "x)"] {
            assert_eq!(without_note(kept), kept);
        }
    }

    #[test]
    fn statistics_of_another_question_are_counted_anew() {
        let mut found = boasting("boiler boiler");
        found.statistics.document_frequencies.clear();
        let judged = judged(found, &[], &"boiler manual".into(), &embedding(0.0));
        assert_eq!((judged.statistics.chunks, judged.statistics.document_frequencies.as_slice()), (1, &[1, 0][..]));
    }
}
