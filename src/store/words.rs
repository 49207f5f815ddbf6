//! The index of words in the store: segments of postings, the words that are nearly another one, and the words of files' names.
//!
//! Everything here is derived from chunks and documents, and is made anew where it is missing. One batch writes a whole segment, so that
//! a segment is there with all its postings or not at all. `Space::Word`:
//!
//! | key | value |
//! |---|---|
//! | 1, term, 0, segment (u32) | the chunks that have the term (`search::lexical::postings`) |
//! | 2, group of letters, 0, segment (u32) | terms with that group which no earlier segment has, a line each |
//! | 3, segment (u32) | a version byte, the first row (u64), and for each row how many words its chunk has, at most 255; 0 where none is |
//! | 4, word, 0, document (u64) | nothing: the word is in the name of the document's file |
//! | 5 | the version of the analysis that made the terms (u32) |

use super::keys::after_prefix;
use super::kv::{Batch, KvError, KvRead, Pair, Space};
use crate::base::file_name;
use crate::base::fold::words;
use crate::base::id::{DocId, Row};
use crate::limits::TERM_BYTES_MAX;
use std::collections::BTreeSet;

const POSTING: u8 = 1;
const GRAM: u8 = 2;
const SEGMENT: u8 = 3;
const NAME: u8 = 4;

/// `Space::Word`: the version of the analysis.
pub const ANALYSIS: [u8; 1] = [5];

/// The version of a segment's record.
const VERSION: u8 = 1;

/// Pairs that are read at once.
const PAGE: usize = 1024;

/// A segment, as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredSegment {
    /// Its number.
    pub number: u32,
    /// Its first row.
    pub first: Row,
    /// For each row how many words its chunk has, at most 255; 0 where none is.
    pub lengths: Vec<u8>,
    /// The postings of each term.
    pub postings: Vec<(String, Vec<u8>)>,
}

fn key(kind: u8, word: &str, end: &[u8]) -> Vec<u8> {
    [&[kind][..], word.as_bytes(), &[0], end].concat()
}

/// The writes that store a segment. `grams` gives the groups of letters of a word.
///
/// # Errors
/// Any `KvError`.
pub fn put_segment<G: IntoIterator<Item = String>>(
    kv: &impl KvRead,
    batch: &mut Batch,
    segment: &StoredSegment,
    grams: impl Fn(&str) -> G,
) -> Result<(), KvError> {
    let number = segment.number.to_be_bytes();
    let mut groups: std::collections::BTreeMap<String, String> = std::collections::BTreeMap::new();
    for (term, postings) in &segment.postings {
        if all(kv, &key(POSTING, term, &[]), 1)?.is_empty() {
            for gram in grams(term) {
                let terms = groups.entry(gram).or_default();
                terms.push_str(term);
                terms.push('\n');
            }
        }
        batch.put(Space::Word, key(POSTING, term, &number), postings.clone());
    }
    for (gram, terms) in groups {
        batch.put(Space::Word, key(GRAM, &gram, &number), terms);
    }
    let record = [&[VERSION][..], &segment.first.0.to_be_bytes(), &segment.lengths].concat();
    batch.put(Space::Word, [&[SEGMENT][..], &number].concat(), record);
    Ok(())
}

/// All segments, in the order of their rows, without their postings.
///
/// # Errors
/// Any `KvError`.
pub fn segments(kv: &impl KvRead) -> Result<Vec<StoredSegment>, KvError> {
    let mut segments = Vec::new();
    for (key, value) in all(kv, &[SEGMENT], usize::MAX)? {
        let number = key.get(1..).and_then(|number| number.try_into().ok()).map(u32::from_be_bytes);
        let parts = value.split_first().filter(|(version, _)| **version == VERSION);
        let parts = parts.and_then(|(_, rest)| rest.split_first_chunk::<8>());
        let Some((number, (first, lengths))) = number.zip(parts) else {
            return Err(KvError::Damaged("a segment of the index of words".to_owned()));
        };
        let first = Row(u64::from_be_bytes(*first));
        segments.push(StoredSegment { number, first, lengths: lengths.to_vec(), postings: Vec::new() });
    }
    segments.sort_by_key(|segment| segment.first);
    Ok(segments)
}

/// The postings of a term: the segment's number, and the stored form.
///
/// # Errors
/// Any `KvError`.
pub fn postings(kv: &impl KvRead, term: &str) -> Result<Vec<(u32, Vec<u8>)>, KvError> {
    let pairs = all(kv, &key(POSTING, term, &[]), usize::MAX)?;
    let number = |key: &[u8]| key.last_chunk::<4>().map(|number| u32::from_be_bytes(*number));
    Ok(pairs.into_iter().filter_map(|(key, value)| Some((number(&key)?, value))).collect())
}

/// Up to `max` terms that have one of these groups of letters.
///
/// # Errors
/// Any `KvError`.
pub fn terms_with(
    kv: &impl KvRead,
    grams: impl IntoIterator<Item = String>,
    max: usize,
) -> Result<BTreeSet<String>, KvError> {
    let mut terms = BTreeSet::new();
    for gram in grams {
        for (_, value) in all(kv, &key(GRAM, &gram, &[]), usize::MAX)? {
            let value = String::from_utf8(value);
            let value = value.map_err(|_| KvError::Damaged("a group of letters of the index of words".to_owned()))?;
            terms.extend(value.lines().take(max.saturating_sub(terms.len())).map(str::to_owned));
        }
    }
    Ok(terms)
}

/// The words of a file's name, in their canonical form.
fn name_words(path: &[u8]) -> BTreeSet<String> {
    words(&file_name::words(path)).filter(|word| word.len() <= TERM_BYTES_MAX).collect()
}

/// A document has this path now.
pub fn put_name(batch: &mut Batch, path: &[u8], doc: DocId) {
    name_words(path).iter().for_each(|word| batch.put(Space::Word, key(NAME, word, &doc.0.to_be_bytes()), []));
}

/// A document has this path no more. Called before `put_name` with its new one.
pub fn delete_name(batch: &mut Batch, path: &[u8], doc: DocId) {
    name_words(path).iter().for_each(|word| batch.delete(Space::Word, key(NAME, word, &doc.0.to_be_bytes())));
}

/// Up to `max` documents whose file's name has a word that begins so.
///
/// # Errors
/// Any `KvError`.
pub fn named(kv: &impl KvRead, beginning: &str, max: usize) -> Result<Vec<DocId>, KvError> {
    let pairs = all(kv, &[&[NAME], beginning.as_bytes()].concat(), max)?;
    let doc = |key: &[u8]| key.last_chunk::<8>().map(|doc| DocId(u64::from_be_bytes(*doc)));
    Ok(pairs.iter().filter_map(|(key, _)| doc(key)).collect())
}

/// The version of the analysis that made the terms; 0 where there are none.
///
/// # Errors
/// Any `KvError`.
pub fn analysis(kv: &impl KvRead) -> Result<u32, KvError> {
    let value = kv.get(Space::Word, &ANALYSIS)?;
    Ok(value.and_then(|value| value.try_into().ok()).map_or(0, u32::from_be_bytes))
}

/// Up to `max` pairs whose keys begin so.
fn all(kv: &impl KvRead, prefix: &[u8], max: usize) -> Result<Vec<Pair>, KvError> {
    let (mut from, end) = (prefix.to_vec(), after_prefix(prefix));
    let mut pairs = Vec::new();
    loop {
        let page = kv.page(Space::Word, &from, end.as_deref(), PAGE.min(max.saturating_sub(pairs.len())))?;
        let is_last = page.len() < PAGE;
        pairs.extend(page);
        if is_last || pairs.len() >= max {
            return Ok(pairs);
        }
        if let Some((key, _)) = pairs.last() {
            from = [key, &[0][..]].concat();
        }
    }
}
