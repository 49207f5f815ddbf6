//! Merges the results of several devices: all chunks scored alike, each text once with its places, and no device with
//! all of the first places.

use super::question::Question;
use super::statistics::joined;
use super::title::behind_passages;
use crate::base::count::plural;
use crate::base::file_name::{self, AskedNames};
use crate::base::hit::{Found, SearchHit, WordsDue};
use crate::base::id::PeerKey;
use crate::limits::{COMPARED_MAX, MISSING_NAMED_MAX, PLACES_MAX, SHARED_PLACES};
use crate::search::fusion::lift;
use crate::search::lexical::absent::absent;
use crate::search::lexical::lacking::Lacking;
use crate::search::lexical::near::{Compared, Likeness};
use crate::search::lexical::numbers::Missing;
use crate::search::lexical::phrase::Phrases;
use crate::search::lexical::terms::QueryTerms;
use crate::search::lexical::typed::as_typed;
use crate::search::scores::fused;
use std::collections::{BTreeMap, BTreeSet};

/// The cosine, or the part of the question's words, from which on a hit fits. Of 1,466 questions with a right answer among the
/// first ten hits all have one above, and 634 of 638 asked in another language; of 2,220 questions about something else 31 %
/// have none (docs/evidence.md, "Questions that nothing fits").
const FITTING: (f32, f32) = (0.2, 0.34);

/// The score of a first hit below which an answer is hardly ever right: 3 of 100 (docs/evidence.md, "What a score means").
const FITS_FROM: f32 = 0.1;

/// The part of a chunk's score that another one has at least which takes its place among the first because its device has fewer there.
/// Scores are comparable, as this device computes them from texts and vectors: what a device knows best may be all of the answer, and
/// only among what is as good but for a little no one device has all places. With .5 in place of .9 eight devices with a topic each
/// lose .03 of nDCG@10 (docs/evidence.md, "Search in many languages").
const NOT_FAR_WEAKER: f32 = 0.9;

/// A chunk of the merged answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// The device that holds it; `None` is this one.
    pub device: Option<PeerKey>,
    /// Its score, see `search::fusion`.
    pub score: f32,
    /// The chunk.
    pub hit: SearchHit,
    /// All files with this text that were found, the hit's own first; at most `PLACES_MAX`.
    pub places: Vec<Place>,
}

/// A device, `None` for this one, and a path on it.
pub type Place = (Option<PeerKey>, Vec<u8>);

/// The best `count` chunks of all lists for this question. Document frequencies are those of all lists together: with
/// its own, a device where a term is rare would score too high. If some chunks have the phrases of the question, they are the answer. Of the first places, another device has no more than
/// half of `limits::SHARED_PLACES`, unless the others have nothing for them that fits and is nearly as good. `lacking` is what
/// [`lacking`] tells of these lists.
#[must_use]
pub fn merge(
    question: &Question,
    lists: Vec<(Option<PeerKey>, Found)>,
    lacking: &Lacking,
    count: usize,
) -> Vec<Merged> {
    let (terms, question) = (question.terms(), question.text.as_str());
    let mut scores = scores(&terms, &lists, lacking).into_iter();
    let mut merged: Vec<Merged> = Vec::new();
    for (device, found) in lists {
        for hit in found.hits {
            let score = scores.next().unwrap_or_default();
            let places = vec![(device, hit.path.clone())];
            merged.push(Merged { device, score, hit, places });
        }
    }
    behind_passages(&terms, merged.iter_mut().map(|one| (&mut one.score, &one.hit)));
    let by_score = |a: &Merged, b: &Merged| {
        b.score.total_cmp(&a.score).then_with(|| (a.device, a.hit.row).cmp(&(b.device, b.hit.row)))
    };
    merged.sort_by(by_score);
    let asked = AskedNames::new(question);
    let mut files = BTreeSet::new();
    lift(merged.iter_mut().map(|one| {
        let is_named = asked.has(&one.hit.path) && files.insert((one.device, one.hit.path.clone()));
        (&mut one.score, is_named)
    }));
    merged.sort_by(by_score);
    let phrases = Phrases::of(question);
    if merged.iter().any(|one| has(&phrases, &one.hit)) {
        merged.retain(|one| has(&phrases, &one.hit));
    }
    let (different, copies) = folded(question, merged);
    with_copies(share_out(different, count, |hit| fits(&terms, &asked, hit)), copies, count)
}

/// The scores of all hits of all lists, in their order; `lacking` is what [`lacking`] tells of them.
pub(super) fn scores(terms: &QueryTerms, lists: &[(Option<PeerKey>, Found)], lacking: &Lacking) -> Vec<f32> {
    fused(terms, &joined(lists), lacking, lists.iter().flat_map(|(_, found)| &found.hits))
}

/// What these hits lack of the question: of that it is told, and their scores are limited by it. Nothing while some of the index cannot be read: what
/// was not looked at may have it.
#[must_use]
pub fn lacking(question: &Question, lists: &[(Option<PeerKey>, Found)]) -> Lacking {
    if lists.iter().any(|(_, found)| found.unread) {
        return Lacking::default();
    }
    let hits = || lists.iter().flat_map(|(_, found)| &found.hits);
    let phrases = Phrases::of(&question.text);
    let no_phrase = !phrases.is_empty() && !hits().any(|hit| has(&phrases, hit));
    let lacking = Lacking::of(&question.terms(), &joined(lists), hits());
    // A word that was not looked up everywhere may be one that some passage has.
    Lacking { no_phrase, is_only_like: lacking.is_only_like && are_searched_by_words(lists), ..lacking }
}

/// Whether all that these devices have was searched by its words.
fn are_searched_by_words(lists: &[(Option<PeerKey>, Found)]) -> bool {
    lists.iter().all(|(_, found)| !found.unread && !found.cut_short && found.words_due == WordsDue::default())
}

/// A sentence for each of the first of these numbers, and one for all others. They claim no more than was looked at: the passages that were found.
#[must_use]
pub fn told_missing(missing: &[Missing]) -> Vec<String> {
    let sentence = |one: &Missing| {
        let typed = &one.number;
        if one.is_elsewhere() {
            return format!(
                "None of the passages found has {typed:?} together with another telling word of the question."
            );
        }
        format!("None of the passages found has {typed:?}, in whichever way it is typed.")
    };
    let mut told: Vec<String> = missing.iter().take(MISSING_NAMED_MAX).map(sentence).collect();
    let others = missing.get(MISSING_NAMED_MAX..).unwrap_or_default();
    if !others.is_empty() {
        let more = others.len();
        let numbers = plural(more as u64, "number or code of the question is", "numbers or codes of the question are");
        let beside =
            if others.iter().any(Missing::is_elsewhere) { " together with another telling word of it" } else { "" };
        told.push(format!("{more} more {numbers} in none of them{beside} either."));
    }
    told
}

/// A sentence of the words of a short question that no passage of these lists has. Nothing is said where not all could be searched by its words.
#[must_use]
pub fn told_absent(question: &Question, lists: &[(Option<PeerKey>, Found)]) -> Option<String> {
    if !are_searched_by_words(lists) {
        return None;
    }
    let terms = question.terms();
    let words = absent(&terms, &joined(lists), lists.iter().flat_map(|(_, found)| &found.hits));
    let typed: Vec<String> = words.iter().map(|word| format!("{:?}", as_typed(&question.text, word))).collect();
    let them = if typed.len() == 1 { "it" } else { "them" };
    let words = typed.join(" or ");
    (!typed.is_empty()).then(|| {
        format!("No passage that was searched has {words}: what is shown is like {them}, or fits by its meaning.")
    })
}

/// Whether the answer fits the question at all: its best hit is more than hardly ever right, or has the asked name.
#[must_use]
pub fn any_fits(hits: &[Merged]) -> bool {
    hits.iter().any(|hit| hit.score >= FITS_FROM)
}

/// Whether the question has phrases, and one of these hits has them: then it fits, whatever its score is.
#[must_use]
pub fn have_phrases(question: &str, hits: &[Merged]) -> bool {
    let phrases = Phrases::of(question);
    !phrases.is_empty() && hits.iter().any(|one| has(&phrases, &one.hit))
}

/// Whether the text of a hit has these phrases, which is seen in it alone: what its device says of it does not matter.
pub(super) fn has(phrases: &Phrases, hit: &SearchHit) -> bool {
    phrases.are_in([&file_name::words(&hit.path), &hit.heading, &hit.text])
}

/// Whether a hit fits: by its cosine, by its words, or by its file's name.
fn fits(terms: &QueryTerms, asked: &AskedNames, hit: &SearchHit) -> bool {
    let (cosine, held) = FITTING;
    terms.fluency().nearness(hit.cosine) >= cosine || terms.held(&hit.frequencies) >= held || asked.has(&hit.path)
}

/// The same list, best first, in which each text stands once: that of the device that sorts first, which is this one if
/// it has it. White space makes no difference, and of the first `COMPARED_MAX` those that are nearly the same are one text
/// (`search::lexical::near`). The second list has what is nearly the same as one of the first and was left out, best first.
fn folded(question: &str, sorted: Vec<Merged>) -> (Vec<Merged>, Vec<Merged>) {
    let likeness = Likeness::of(question);
    let mut different: Vec<Merged> = Vec::new();
    let mut copies: Vec<Merged> = Vec::new();
    let mut compared: Vec<Compared> = Vec::new();
    let mut known: BTreeMap<[String; 2], usize> = BTreeMap::new();
    for (number, one) in sorted.into_iter().enumerate() {
        // What stands above a text may be all that tells it from another one.
        let key = [&one.hit.heading, &one.hit.text].map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
        if let Some(first) = known.get(&key).and_then(|at| different.get_mut(*at)) {
            add_places(first, vec![(one.device, one.hit.path)]);
            continue;
        }
        let text =
            (number < COMPARED_MAX).then(|| Compared::new(&one.hit.heading, &one.hit.text, &one.hit.frequencies));
        let is_near = |(first, other): &(&mut Merged, &mut Compared)| {
            may_stand_for(first, &one) && text.as_ref().is_some_and(|text| likeness.are_one(other, text))
        };
        match different.iter_mut().zip(&mut compared).find(is_near) {
            None => {
                known.insert(key, different.len());
                different.push(one);
                compared.extend(text);
            }
            // What is this device's own is what is shown.
            Some((first, other)) if one.device.is_none() && first.device.is_some() => {
                let score = first.score;
                let others = core::mem::replace(first, Merged { score, ..one });
                text.into_iter().for_each(|text| *other = text);
                add_places(first, others.places.clone());
                copies.push(others);
            }
            Some((first, _)) => {
                add_places(first, vec![(one.device, one.hit.path.clone())]);
                copies.push(one);
            }
        }
    }
    (different, copies)
}

/// The list, in which copies stand behind what they are copies of, as long as there is a free place or a hit that is hardly ever right: a
/// copy is a better answer than that one. A copy with a place of its own is not told as a place of the first.
fn with_copies(mut list: Vec<Merged>, copies: Vec<Merged>, count: usize) -> Vec<Merged> {
    for copy in copies.into_iter().filter(|copy| copy.score >= FITS_FROM) {
        let is_full = list.len() >= count;
        if is_full && list.last().is_none_or(|last| last.score >= FITS_FROM) {
            break;
        }
        let own = (copy.device, copy.hit.path.clone());
        let Some(at) = list.iter().position(|one| one.places.contains(&own)) else { continue };
        if let Some(first) = list.get_mut(at)
            && (first.device, &first.hit.path) != (own.0, &own.1)
        {
            first.places.retain(|place| *place != own);
        }
        let behind = list.iter().skip(at).take_while(|one| one.score >= copy.score).count();
        if is_full {
            list.pop();
        }
        list.insert((at + behind).min(list.len()), copy);
    }
    list
}

/// Whether one text may be shown in place of another one that is nearly the same, and told to be in its file too: of one device, or where
/// this device has one of them. Else a device could have its own words told as those of another one.
fn may_stand_for(first: &Merged, one: &Merged) -> bool {
    first.device == one.device || first.device.is_none() || one.device.is_none()
}

fn add_places(first: &mut Merged, places: Vec<Place>) {
    for place in places {
        if first.places.len() < PLACES_MAX && !first.places.contains(&place) {
            first.places.push(place);
        }
    }
}

/// The first `count` of a list that is sorted by score. A chunk that would give its device too many of the first places waits until those
/// are taken, where a chunk of another device can stand in its place: one that fits and is not far weaker. Noise is no answer, whoever
/// has it.
fn share_out(mut sorted: Vec<Merged>, count: usize, fits: impl Fn(&SearchHit) -> bool) -> Vec<Merged> {
    let shared = SHARED_PLACES.min(count);
    let most = shared.div_ceil(2);
    let mut first = Vec::new();
    let mut taken: BTreeMap<PeerKey, usize> = BTreeMap::new();
    while first.len() < shared
        && let Some(best) = sorted.first().map(|best| best.score)
    {
        let has_all = |one: &Merged| one.device.is_some_and(|device| taken.get(&device).is_some_and(|n| *n >= most));
        let near = |one: &Merged| one.score >= best * NOT_FAR_WEAKER && fits(&one.hit);
        let is_first = |(at, one): (usize, &Merged)| !has_all(one) && (at == 0 || near(one));
        let one = sorted.remove(sorted.iter().enumerate().position(is_first).unwrap_or(0));
        if let Some(device) = one.device {
            *taken.entry(device).or_default() += 1;
        }
        first.push(one);
    }
    first.extend(sorted);
    first.truncate(count);
    first
}

#[cfg(test)]
#[path = "merge_test.rs"]
mod tests;
