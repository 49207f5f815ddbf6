//! Checks of texts of other devices, by tables. Homes with a liar are in tests/sim/vectors.rs.

use super::*;
use crate::base::hit::{CorpusStatistics, Found};
use crate::base::id::{Fingerprint, ReplyId, Row};
use crate::base::time::{Duration, Instant};
use crate::embed::Embedder;
use crate::embed::stand_in::StandIn;
use crate::limits::PEER_ANSWER_MS;
use crate::search::lexical::lacking::Lacking;
use crate::search::lexical::terms::QueryTerms;

const LIAR: PeerKey = PeerKey([1; 32]);
const HONEST: PeerKey = PeerKey([2; 32]);
const QUESTION: &str = "where does the violin hang";

fn embed(text: &str) -> Embedding {
    StandIn::new(Fingerprint([7; 32])).embed(text).unwrap()
}

/// A list of these texts, each with a vector of the text beside it.
fn list(texts: &[(&str, &str)]) -> (Found, Vec<Quantized>) {
    let terms = QueryTerms::new(QUESTION);
    let vector = |of: &str| if of.is_empty() { Quantized::none() } else { embed(of).quantize() };
    let vectors: Vec<Quantized> = texts.iter().map(|(_, of)| vector(of)).collect();
    let hit = |(row, ((text, _), vector)): (u64, (&(&str, &str), &Quantized))| SearchHit {
        row: Row(row),
        path: format!("/{row}.md").into_bytes(),
        heading: String::new(),
        text: (*text).to_owned(),
        cosine: vector.cosine(&embed(QUESTION)),
        frequencies: terms.count(["", "", text]),
        absence: None,
        doc: None,
    };
    let hits: Vec<SearchHit> = (0..).zip(texts.iter().zip(&vectors)).map(hit).collect();
    let statistics = CorpusStatistics::of(terms.len(), hits.iter().map(|hit| &hit.frequencies));
    (Found { statistics, hits, ..Found::default() }, vectors)
}

/// A query that this device and these peers answered. A text beside an empty one has no vector yet.
fn answered(lists: &[(PeerKey, &[(&str, &str)])]) -> PendingQueries {
    let mut queries = PendingQueries::default();
    let peers: Vec<PeerKey> = lists.iter().map(|(peer, _)| *peer).collect();
    queries.open(Instant::ZERO, ReplyId(1), QUESTION.into(), 5, TaskId(10));
    queries.begin_search(Instant::ZERO, TaskId(10), &embed(QUESTION), TaskId(11), &peers).unwrap();
    for (peer, texts) in lists {
        let (found, vectors) = list(texts);
        queries.add_peer_vectors(10, *peer, vectors);
        queries.add_peer_result(10, *peer, Some(found));
    }
    assert_eq!(queries.begin_check(|| TaskId(99)), None, "this device searches first");
    assert!(queries.add_local_result(TaskId(11), Found::default()));
    queries
}

/// Carries out all checks; gives how many texts were embedded.
fn check_all(queries: &mut PendingQueries) -> usize {
    let mut embedded = 0;
    while let Some((task, HitText { text, .. })) = queries.begin_check(|| TaskId(20)) {
        assert!(queries.take_complete().is_none(), "the answer waits for the check");
        assert!(queries.end_check(task, Some(&embed(&text))));
        embedded += 1;
    }
    embedded
}

fn cosine_of(query: &PendingQuery, peer: PeerKey, place: usize) -> f32 {
    query.lists.iter().find(|(device, _)| *device == Some(peer)).unwrap().1.hits[place].cosine
}

#[test]
fn a_vector_that_is_not_that_of_its_text_is_a_lie_and_none_of_that_device_counts() {
    let lies: &[(&str, &str)] = &[("buy this watch", QUESTION), ("and that lamp", QUESTION)];
    let mut queries =
        answered(&[(LIAR, lies), (HONEST, &[("the violin hangs in the hall", "the violin hangs in the hall")])]);
    assert_eq!(check_all(&mut queries), 1, "one lie is enough");
    assert_eq!((queries.take_lie(), queries.take_lie()), (Some((LIAR, Lie::Vector)), None));
    let query = queries.take_complete().unwrap();
    assert!(cosine_of(&query, LIAR, 0) < 0.2, "it counts by its text's own vector");
    assert!(cosine_of(&query, LIAR, 1) <= 0.3, "it counts as far as its words bear it out");
    let merged = crate::query::merge::merge(&QUESTION.into(), query.lists, &Lacking::default(), 5);
    assert_eq!(merged[0].device, Some(HONEST));
}

#[test]
fn a_text_that_its_device_has_not_embedded_yet_is_no_lie() {
    let texts: &[(&str, &str)] = &[("the violin hangs in the hall", ""), ("where does it hang", "")];
    let mut rng = Rng::new(5);
    for _ in 0..40 {
        let mut queries = answered(&[(HONEST, texts)]);
        check_all(&mut queries);
        let query = queries.take_complete().unwrap();
        assert_eq!(queries.begin_spot_check(&query, &mut rng, || TaskId(30)), None);
        assert_eq!(queries.take_lie(), None);
        assert!(
            (0..2).all(|place| cosine_of(&query, HONEST, place) <= 0.7),
            "it counts as far as its words bear it out"
        );
    }
}

#[test]
fn texts_whose_cosine_their_words_bear_out_are_not_embedded() {
    let text = "the violin hangs in the hall";
    let mut queries = answered(&[(HONEST, &[(text, text), ("a lamp", "a lamp")])]);
    assert_eq!(check_all(&mut queries), 0);
    assert!(queries.take_complete().is_some() && queries.take_lie().is_none());
}

#[test]
fn an_honest_text_that_stands_out_is_embedded_once_and_keeps_its_place() {
    let text = "where does it hang";
    let mut queries = answered(&[(HONEST, &[(text, text), (text, text)])]);
    let embedded = check_all(&mut queries);
    assert!((1..=2).contains(&embedded), "{embedded}");
    assert_eq!(queries.take_lie(), None);
    let query = queries.take_complete().unwrap();
    let own = embed(text).cosine(&embed(QUESTION)).unwrap();
    assert!((cosine_of(&query, HONEST, 0) - own).abs() < 1e-6);
}

#[test]
fn a_question_has_a_few_texts_checked_at_most() {
    let texts: Vec<(String, String)> =
        (0..40).map(|n| (format!("{QUESTION} {QUESTION} {n}{n}{n}"), QUESTION.to_owned())).collect();
    let texts: Vec<(&str, &str)> = texts.iter().map(|(text, of)| (text.as_str(), of.as_str())).collect();
    let mut queries = answered(&[(LIAR, &texts)]);
    // Each is so near that no lie is found.
    queries.open[0].question = "unlike".into();
    assert_eq!(check_all(&mut queries), CHECKS_MAX);
    assert!(queries.take_complete().is_some());
}

#[test]
fn what_was_not_checked_by_the_deadline_counts_no_more_than_words_bear_out() {
    let lies: &[(&str, &str)] = &[("buy this watch", QUESTION), ("buy that violin", QUESTION)];
    let mut queries = answered(&[(LIAR, lies)]);
    let (task, text) = queries.begin_check(|| TaskId(20)).unwrap();
    assert_eq!(queries.begin_check(|| TaskId(21)), None, "one at a time");
    let query = queries.overdue(Instant::ZERO + Duration::from_millis(PEER_ANSWER_MS)).unwrap();
    assert!((0..2).all(|place| cosine_of(&query, LIAR, place) <= 0.8), "{:?}", query.lists);
    assert!(queries.end_check(task, Some(&embed(&text.text))) && !queries.end_check(task, None));
    assert_eq!(queries.take_lie(), Some((LIAR, Lie::Vector)), "it is found all the same, after the answer");
}

#[test]
fn a_text_that_cannot_be_embedded_counts_as_if_it_had_no_vector() {
    let mut queries = answered(&[(LIAR, &[("buy this watch", QUESTION)])]);
    let (task, _) = queries.begin_check(|| TaskId(20)).unwrap();
    assert!(queries.end_check(task, None));
    let query = queries.take_complete().unwrap();
    assert!(cosine_of(&query, LIAR, 0) <= 0.3 && queries.take_lie().is_none());
}

#[test]
fn int8_codes_and_small_differences_of_engines_are_no_lie() {
    let own = embed("the violin hangs in the hall");
    assert!(is_of(&own.quantize(), &own));
    let noisy: Vec<f32> = (0..).zip(own.values()).map(|(at, v)| v + if at % 2 == 0 { 0.008 } else { -0.008 }).collect();
    let noisy = Embedding::new(own.model(), &noisy).unwrap();
    assert!(noisy.cosine(&own).unwrap() < 0.99 && is_of(&noisy.quantize(), &own), "{:?}", noisy.cosine(&own));
    assert!(!is_of(&embed("buy this watch").quantize(), &own));
}

#[test]
fn after_one_answer_in_four_a_text_that_is_shown_is_checked_by_chance() {
    let (text, mut rng, mut begun) = ("the violin hangs in the hall", Rng::new(5), 0);
    for _ in 0..400 {
        let mut queries = answered(&[(HONEST, &[(text, text)])]);
        let query = queries.take_complete().unwrap();
        begun += usize::from(queries.begin_spot_check(&query, &mut rng, || TaskId(30)).is_some());
    }
    assert!((70..130).contains(&begun), "{begun} of 400");
    let mut queries = answered(&[(LIAR, &[("buy that violin", "the violin hangs in the hall")])]);
    let query = queries.take_complete().unwrap();
    let check = (0..99).find_map(|_| queries.begin_spot_check(&query, &mut rng, || TaskId(30)));
    let (task, HitText { text, .. }) = check.unwrap();
    assert!(queries.end_check(task, Some(&embed(&text))));
    assert_eq!(queries.take_lie(), Some((LIAR, Lie::Vector)));
}

#[test]
fn a_check_of_a_device_that_may_answer_no_more_has_its_place_until_it_ends_and_says_nothing() {
    let lies: &[(&str, &str)] = &[("buy this watch", QUESTION)];
    let mut queries = answered(&[(LIAR, lies)]);
    let (task, _) = queries.begin_check(|| TaskId(20)).unwrap();
    queries.remove_peer(LIAR);
    assert_eq!(queries.checks.len(), 1, "its task is under way");
    assert!(queries.take_complete().is_some(), "no answer waits for it");
    assert!(queries.end_check(task, Some(&embed("buy this watch"))) && queries.checks.is_empty());
    assert_eq!(queries.take_lie(), None);
}

#[test]
fn the_hits_are_scored_once_until_a_list_or_a_cosine_changes() {
    let text = "the violin hangs in the hall";
    let mut queries = answered(&[(HONEST, &[(text, text)])]);
    let known = |queries: &PendingQueries| queries.open[0].beside.order.get().cloned();
    let places = |queries: &PendingQueries| queries.open[0].places().to_vec();
    assert_eq!(known(&queries), None, "an own result came last");
    assert_eq!((places(&queries), known(&queries)), (vec![(Some(HONEST), 0)], Some(vec![(Some(HONEST), 0)])));
    queries.open[0].doubt_unchecked();
    assert_eq!((known(&queries), places(&queries).len()), (None, 1));
    queries.open[0].take_own_cosine(HONEST, 0, Some(&embed(text)));
    assert_eq!((known(&queries), places(&queries).len()), (None, 1));
    queries.open[0].disbelieve(HONEST);
    assert_eq!((known(&queries), places(&queries).len()), (None, 1));
    queries.remove_peer(HONEST);
    assert_eq!((known(&queries), places(&queries).len()), (None, 0));
}
