//! What one lying device can do to the answers of others by its statistics alone.

use super::*;
use crate::base::id::Row;
use crate::query::merge::merge;
use crate::search::lexical::lacking::Lacking;
use crate::search::lexical::terms::QueryTerms;

const HONEST: PeerKey = PeerKey([1; 32]);
const LIAR: PeerKey = PeerKey([2; 32]);
const TRUSTED: u32 = 100_000;

/// A device with these texts and cosines, and so many chunks more without any word of the question.
fn device(question: &str, texts: &[(&str, f32)], more: u32) -> Found {
    let terms = QueryTerms::new(question);
    let hit = |(row, (text, cosine)): (u64, &(&str, f32))| SearchHit {
        row: Row(row),
        path: format!("/{row}.md").into_bytes(),
        heading: String::new(),
        text: (*text).to_owned(),
        cosine: *cosine,
        frequencies: terms.count(["", "", text]),
        absence: None,
        doc: None,
    };
    let hits: Vec<SearchHit> = (0..).zip(texts).map(hit).collect();
    let mut statistics = CorpusStatistics::of(terms.len(), hits.iter().map(|hit| &hit.frequencies));
    statistics.chunks += more;
    statistics.length += u64::from(more) * 8;
    Found { statistics, hits, ..Found::default() }
}

/// The first text of an answer of this device, an honest one and a liar.
fn first(question: &str, lie: impl Fn(&mut CorpusStatistics)) -> String {
    let noise: Vec<String> = (0..30).map(|n| format!("the pump costs {n} and is in the house of the garden")).collect();
    let noise: Vec<(&str, f32)> = noise.iter().map(|text| (text.as_str(), 0.55)).collect();
    let here = device(question, &noise, 3_000);
    let there = device(question, &[("the plate says thermostat, model old", 0.35), ("a lamp", 0.1)], 3_000);
    let mut liar = device(question, &noise, 3_000);
    lie(&mut liar.statistics);
    let lists = vec![(None, here), (Some(HONEST), there), (Some(LIAR), liar)];
    merge(&question.into(), lists, &Lacking::default(), 5)[0].hit.text.clone()
}

#[test]
fn no_device_takes_a_word_s_weight_from_the_text_of_another_one_by_what_it_says_of_its_chunks() {
    const RIGHT: &str = "the plate says thermostat, model old";
    let question = "old thermostat pump";
    // The words of the right text are the first two.
    let set = |statistics: &mut CorpusStatistics, chunks| statistics.document_frequencies[..2].fill(chunks);
    assert_eq!(first(question, |_| {}), RIGHT, "of honest devices");
    let all_have_it = |statistics: &mut CorpusStatistics| {
        statistics.chunks = 4_000_000;
        set(statistics, 4_000_000);
    };
    assert_eq!(first(question, all_have_it), RIGHT);
    let few_have_it = |statistics: &mut CorpusStatistics| set(statistics, 3_030);
    assert_eq!(first(question, few_have_it), RIGHT);
    let none_has_any = |statistics: &mut CorpusStatistics| {
        statistics.chunks = 4_000_000;
        statistics.document_frequencies.iter_mut().for_each(|chunks| *chunks = 0);
    };
    assert_eq!(first(question, none_has_any), RIGHT);
    let typo = "old thermostta pump";
    assert_eq!(first(typo, |_| {}), RIGHT, "what is nearly a word that nobody has counts");
    let has_it = |statistics: &mut CorpusStatistics| statistics.document_frequencies[1] = 1;
    assert_eq!(first(typo, has_it), RIGHT, "and a device that says it has it shows a text with it");
}

#[test]
fn of_devices_that_are_alike_the_statistics_are_the_sum() {
    let of = |chunks: u32, frequencies: &[u32]| Found {
        statistics: CorpusStatistics {
            chunks,
            document_frequencies: heapless::Vec::from_slice(frequencies).unwrap(),
            length: u64::from(chunks) * 5,
        },
        hits: device("boiler cellar", &[("the boiler in the cellar", 0.5)], 0).hits,
        ..Found::default()
    };
    let sum =
        joined(&[(None, of(5_000, &[3, 900])), (Some(HONEST), of(9_000, &[80, 0])), (Some(LIAR), of(70, &[0, 9]))]);
    assert_eq!((sum.chunks, sum.length, &sum.document_frequencies[..]), (14_070, 70_350, &[83, 909][..]));
    let large = joined(&[(None, of(50, &[1, 0])), (Some(HONEST), of(TRUSTED, &[10, 9]))]);
    assert_eq!(u64::from(TRUSTED), PEER_CHUNKS_TRUSTED);
    assert_eq!((large.chunks, &large.document_frequencies[..]), (TRUSTED + 50, &[11, 9][..]));
    assert_eq!(joined(&[]), CorpusStatistics::default());
    let alone = joined(&[(Some(HONEST), of(4_000_000, &[2, 400_000]))]);
    assert_eq!((alone.chunks, &alone.document_frequencies[..]), (4_000_000, &[2, 400_000][..]), "nobody else answers");
    let beside = joined(&[(None, of(50, &[0, 0])), (Some(HONEST), of(4_000_000, &[2, 400_000]))]);
    assert_eq!((beside.chunks, &beside.document_frequencies[..]), (TRUSTED + 50, &[1, 10_000][..]));
}
