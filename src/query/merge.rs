//! Merges the results of several devices: all chunks scored alike, each text once with its places, and no device with
//! all of the first places.

use super::question::Question;
use crate::base::file_name::{self, AskedNames};
use crate::base::hit::{CorpusStatistics, Found, SearchHit};
use crate::base::id::PeerKey;
use crate::limits::{COMPARED_MAX, PLACES_MAX, SHARED_PLACES};
use crate::search::fusion::{fused, lift};
use crate::search::lexical::near::{Compared, Likeness};
use crate::search::lexical::phrase::Phrases;
use crate::search::lexical::terms::QueryTerms;
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
/// half of `limits::SHARED_PLACES`, unless the others have nothing for them that fits and is nearly as good.
#[must_use]
pub fn merge(question: &Question, lists: Vec<(Option<PeerKey>, Found)>, count: usize) -> Vec<Merged> {
    let (terms, question) = (question.terms(), question.text.as_str());
    let mut scores = scores(&terms, &lists).into_iter();
    let mut merged: Vec<Merged> = Vec::new();
    for (device, found) in lists {
        for hit in found.hits {
            let score = scores.next().unwrap_or_default();
            let places = vec![(device, hit.path.clone())];
            merged.push(Merged { device, score, hit, places });
        }
    }
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
    share_out(folded(question, merged), count, |hit| fits(&terms, &asked, hit))
}

/// The scores of all hits of all lists, in their order.
pub(super) fn scores(terms: &QueryTerms, lists: &[(Option<PeerKey>, Found)]) -> Vec<f32> {
    fused(terms, &joined(lists), lists.iter().flat_map(|(_, found)| &found.hits))
}

/// Whether the answer fits the question at all: its best hit is more than hardly ever right, or has the asked name.
#[must_use]
pub fn any_fits(hits: &[Merged]) -> bool {
    hits.iter().any(|hit| hit.score >= FITS_FROM)
}

/// Whether the question has phrases that none of these hits has: then they are only the nearest.
#[must_use]
pub fn lack_phrases(question: &str, hits: &[Merged]) -> bool {
    let phrases = Phrases::of(question);
    !phrases.is_empty() && !hits.iter().any(|one| has(&phrases, &one.hit))
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

/// The statistics of all lists together.
pub(super) fn joined(lists: &[(Option<PeerKey>, Found)]) -> CorpusStatistics {
    let mut statistics: Option<CorpusStatistics> = None;
    for (_, found) in lists {
        match &mut statistics {
            Some(statistics) => statistics.join(&found.statistics),
            None => statistics = Some(found.statistics.clone()),
        }
    }
    statistics.unwrap_or_default()
}

/// The same list, best first, in which each text stands once: that of the device that sorts first, which is this one if
/// it has it. White space makes no difference, and of the first `COMPARED_MAX` those that are nearly the same are one text
/// (`search::lexical::near`).
fn folded(question: &str, sorted: Vec<Merged>) -> Vec<Merged> {
    let likeness = Likeness::of(question);
    let mut different: Vec<Merged> = Vec::new();
    let mut compared: Vec<Compared> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for (number, one) in sorted.into_iter().enumerate() {
        let key = one.hit.text.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(first) = known.get(&key).and_then(|at| different.get_mut(*at)) {
            add_places(first, vec![(one.device, one.hit.path)]);
            continue;
        }
        let text = (number < COMPARED_MAX).then(|| Compared::new(&one.hit.text, one.hit.frequencies.clone()));
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
                let others = core::mem::replace(first, Merged { score, ..one }).places;
                text.into_iter().for_each(|text| *other = text);
                add_places(first, others);
            }
            Some((first, _)) => add_places(first, vec![(one.device, one.hit.path)]),
        }
    }
    different
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
mod tests {
    use super::*;
    use crate::base::id::Row;

    const PEER: PeerKey = PeerKey([1; 32]);
    const OTHER: PeerKey = PeerKey([2; 32]);

    fn found(terms: &QueryTerms, texts: &[(&str, f32)]) -> Found {
        let hits: Vec<SearchHit> = (0..)
            .zip(texts)
            .map(|(row, (text, cosine))| SearchHit {
                row: Row(row),
                path: format!("/{row}.md").into_bytes(),
                heading: String::new(),
                text: (*text).to_owned(),
                cosine: *cosine,
                frequencies: terms.count(["", "", text]),
                absence: None,
                doc: None,
            })
            .collect();
        let statistics = CorpusStatistics::of(terms.len(), hits.iter().map(|hit| &hit.frequencies));
        Found { statistics, hits, unusable: Vec::new(), unread: false }
    }

    #[test]
    fn the_best_of_all_devices_come_first_and_twins_once_with_their_places() {
        let terms = QueryTerms::new("violin");
        let here = found(&terms, &[("the violin", 0.5), ("a lamp", 0.4), ("the\n violin ", 0.5)]);
        let there = found(&terms, &[("my violin", 0.9), ("the violin", 0.5)]);
        let merged = merge(&"violin".into(), vec![(Some(PEER), there), (None, here)], 3);
        let texts: Vec<_> = merged.iter().map(|m| (m.device, m.hit.text.as_str())).collect();
        assert_eq!(texts, [(Some(PEER), "my violin"), (None, "the violin"), (None, "a lamp")]);
        assert!(merged.windows(2).all(|pair| pair[0].score >= pair[1].score));
        let place = |device: Option<PeerKey>, path: &str| (device, path.as_bytes().to_vec());
        assert_eq!(merged[1].places, [place(None, "/0.md"), place(None, "/2.md"), place(Some(PEER), "/1.md")]);
        assert_eq!(merged[2].places, [place(None, "/1.md")]);
    }

    #[test]
    fn a_text_in_hundreds_of_files_is_one_hit() {
        let terms = QueryTerms::new("violin");
        let texts: Vec<_> = (0..90).map(|n| if n % 9 == 0 { ("a lamp", 0.2) } else { ("the violin", 0.5) }).collect();
        let merged = merge(&"violin".into(), vec![(None, found(&terms, &texts))], 10);
        assert_eq!(merged.iter().map(|m| m.hit.text.as_str()).collect::<Vec<_>>(), ["the violin", "a lamp"]);
        assert_eq!(merged[0].places.len(), PLACES_MAX);
    }

    /// The paths of each hit for three notes of the stove: two of different days, and one with another part. `of` has the device of each,
    /// and its cosine.
    fn folded_paths(question: &str, of: [(Option<PeerKey>, f32); 3]) -> Vec<Vec<String>> {
        let terms = QueryTerms::new(question);
        let note = |day: &str, part: &str| {
            format!(
                "{day}. The stove was cleaned, and its door needs part {part} before the next winter comes, he said."
            )
        };
        let texts = [note("2024-03-05", "AB-12"), note("2024-03-06", "AB-12"), note("2024-03-05", "AB-13")];
        let lists = (0..).zip(&texts).zip(of).map(|((at, text), (device, cosine))| {
            let mut found = found(&terms, &[(text.as_str(), cosine)]);
            found.hits[0].path = format!("{at}").into_bytes();
            (device, found)
        });
        let merged = merge(&question.into(), lists.collect(), 5);
        let path = |place: &Place| String::from_utf8(place.1.clone()).unwrap();
        merged.iter().map(|one| one.places.iter().map(path).collect()).collect()
    }

    #[test]
    fn copies_with_another_date_line_are_one_hit_and_notes_with_another_number_are_not() {
        let here = [(None, 0.6), (None, 0.5), (None, 0.4)];
        assert_eq!(folded_paths("stove", here), [&["0", "1"][..], &["2"]]);
        assert_eq!(folded_paths("which part does the stove need?", here), [&["0", "1"][..], &["2"]]);
        assert_eq!(folded_paths("when was the stove cleaned?", here), [["0"], ["1"], ["2"]]);
        assert_eq!(folded_paths("stove", here.map(|(_, cosine)| (Some(PEER), cosine))), [&["0", "1"][..], &["2"]]);
    }

    #[test]
    fn no_device_has_its_words_told_as_those_of_another_one_s_file() {
        let [peer, other] = [Some(PEER), Some(OTHER)];
        assert_eq!(folded_paths("stove", [(peer, 0.6), (other, 0.5), (None, 0.4)]), [["0"], ["1"], ["2"]]);
        assert_eq!(folded_paths("stove", [(None, 0.6), (other, 0.5), (None, 0.4)]), [&["0", "1"][..], &["2"]]);
        let own_is_shown = folded_paths("stove", [(peer, 0.6), (None, 0.5), (None, 0.4)]);
        assert_eq!(own_is_shown, [&["1", "0"][..], &["2"]], "this device's own words are shown");
    }

    #[test]
    fn the_file_that_has_the_name_of_the_question_comes_first() {
        let terms = QueryTerms::new("boiler");
        let mut here = found(&terms, &[("boiler boiler", 0.9), ("press the left button", 0.1), ("and then wait", 0.2)]);
        for at in [1, 2] {
            here.hits[at].path = b"/manuals/Boiler.md".to_vec();
        }
        let merged = merge(&"boiler".into(), vec![(None, here)], 3);
        let texts: Vec<_> = merged.iter().map(|m| m.hit.text.as_str()).collect();
        assert_eq!(texts, ["and then wait", "boiler boiler", "press the left button"], "only its best chunk is lifted");
        assert!(merged[0].score <= 1.0);
    }

    #[test]
    fn one_other_device_has_at_most_half_of_the_first_ten_places_or_of_a_shorter_answer() {
        let terms = QueryTerms::new("violin");
        let names: Vec<String> = (0..40).map(|n| format!("violin number {n}")).collect();
        let there: Vec<_> = names[..20].iter().map(|name| (name.as_str(), 0.9)).collect();
        let here: Vec<_> = names[20..].iter().map(|name| (name.as_str(), 0.87)).collect();
        let lists = || vec![(Some(PEER), found(&terms, &there)), (None, found(&terms, &here))];
        let of_peer = |merged: &[Merged]| merged.iter().filter(|m| m.device == Some(PEER)).count();
        let ten = merge(&"violin".into(), lists(), 10);
        assert_eq!((ten.len(), of_peer(&ten)), (10, 5));
        for (count, most) in [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (9, 5)] {
            let few = merge(&"violin".into(), lists(), count);
            assert_eq!((few.len(), of_peer(&few)), (count, most), "of an answer of {count}");
        }
        let alone = merge(&"violin".into(), vec![(Some(PEER), found(&terms, &there)), (None, Found::default())], 3);
        assert_eq!(of_peer(&alone), 3, "it alone has something");
        let twenty = merge(&"violin".into(), lists(), 20);
        assert_eq!((of_peer(&twenty[..10]), of_peer(&twenty[10..])), (5, 10), "the rest follows by score");
        let alone = merge(&"violin".into(), vec![(Some(PEER), found(&terms, &there)), (None, Found::default())], 10);
        assert_eq!(of_peer(&alone), 10, "it alone has something");
        let two = vec![(Some(PEER), found(&terms, &there)), (Some(OTHER), found(&terms, &here))];
        assert_eq!(of_peer(&merge(&"violin".into(), two, 10)), 5);
        let few = vec![(Some(PEER), found(&terms, &there)), (None, found(&terms, &here[..2]))];
        assert_eq!(of_peer(&merge(&"violin".into(), few, 10)), 8, "places that nobody else can take");
    }

    #[test]
    fn a_place_is_given_to_another_device_only_for_what_fits_and_is_nearly_as_good() {
        let terms = QueryTerms::new("violin");
        let names: Vec<String> = (0..40).map(|n| format!("passage number {n}")).collect();
        let first_ten = |there: f32, here: f32| {
            let of = |names: &[String], cosine| {
                found(&terms, &names.iter().map(|name| (name.as_str(), cosine)).collect::<Vec<_>>())
            };
            let lists = vec![(Some(PEER), of(&names[..20], there)), (None, of(&names[20..], here))];
            let merged = merge(&"violin".into(), lists, 10);
            merged.iter().map(|m| m.device == Some(PEER)).collect::<Vec<_>>()
        };
        assert_eq!(first_ten(0.35, 0.09), [true; 10], "noise stands behind what fits");
        assert_eq!(first_ten(0.9, 0.7), [true; 10], "it fits, and is weaker");
        assert_eq!(first_ten(0.3, 0.19), [true; 10], "it is near, and does not fit");
        let shared = [true, true, true, true, true, false, false, false, false, false];
        assert_eq!(first_ten(0.9, 0.85), shared, "it fits and is as good but for a little");
        assert_eq!(first_ten(0.15, 0.1), [true; 10], "where nothing fits, the score alone counts");
    }

    #[test]
    fn an_answer_fits_by_its_meaning_by_words_or_by_a_name_and_otherwise_not() {
        let fits = |question: &str, text: &str, cosine: f32| {
            let found = found(&QueryTerms::new(question), &[(text, cosine), ("a lamp", 0.1)]);
            any_fits(&merge(&question.into(), vec![(None, found)], 5))
        };
        assert!(!fits("Where is my violin?", "buy a watch", 0.25), "hardly nearer than what is far");
        assert!(fits("Where is my violin?", "the fiddle is in the attic", 0.5));
        assert!(fits("violin", "the violin", 0.0), "a rare word has no meaning that a vector could be near to");
        assert!(!fits("old violin in the dusty attic", "an old watch", 0.1), "one word of four");
        assert!(fits("0.md", "buy a watch", 0.0), "the file is named");
        assert!(!any_fits(&[]));
    }

    #[test]
    fn what_has_the_phrase_in_its_text_is_the_answer_and_else_the_nearest() {
        let question = "moss on the \"north side\"";
        let terms = QueryTerms::new(question);
        let there = || found(&terms, &[("moss on the side to the north", 0.9), ("moss, moss and moss", 0.95)]);
        let here = found(&terms, &[("a lamp on the north side", 0.1), ("moss on the north sides", 0.8)]);
        let merged = merge(&question.into(), vec![(Some(PEER), there()), (None, here)], 5);
        assert_eq!(merged.iter().map(|m| m.hit.text.as_str()).collect::<Vec<_>>(), ["a lamp on the north side"]);
        assert!(have_phrases(question, &merged) && !lack_phrases(question, &merged));
        let nearest = merge(&question.into(), vec![(Some(PEER), there())], 5);
        assert!(nearest.len() == 2 && lack_phrases(question, &nearest));
        assert!(!lack_phrases("moss on the north side", &nearest), "nothing is in quotes");
    }

    #[test]
    fn without_lists_the_answer_is_empty() {
        assert!(merge(&"x".into(), Vec::new(), 3).is_empty());
    }
}
