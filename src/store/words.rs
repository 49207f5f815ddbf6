//! The index of words in the store: segments of postings, the words that are nearly another one, and the words of files' names.
//!
//! Everything here is derived from chunks and documents, and is made anew where it is missing. One batch writes a whole segment, so that
//! a segment is there with all its postings or not at all. `Space::Word`:
//!
//! | key | value |
//! |---|---|
//! | 1, bucket (u16), segment (u32) | terms of the bucket, each with the chunks that have it (`search::lexical::postings`), see `block` |
//! | 2, bucket (u16), segment (u32) | groups of letters of the bucket, each with the terms that have it and that no earlier segment has, a line each |
//! | 3, segment (u32) | a version byte, the first row (u64), for each row how many words its chunk has, at most 255; 0 where none is; and, from version 2 on, for each row the code of its languages |
//! | 5 | the version of this layout (u16), and that of the analysis that made the terms (u16) |
//! | 6 | the merge that is under way, see `merge` |
//! | 7, term | nothing: the merge found that no chunk has the term any more |
//!
//! The words of files' names are in `Space::State`, each as a key of its own: `word`, the word, 0 and the document (u64). They are written with each
//! document, and whatever is written to a space again and again has all of it rewritten.

mod block;
mod merge;

use super::keys::after_prefix;
use super::kv::{Batch, KvError, KvRead, Pair, Space};
use crate::base::file_name;
use crate::base::fold::words;
use crate::base::id::{DocId, Row};
use crate::base::term_postings::TermPostings;
use crate::limits::TERM_BYTES_MAX;
use block::{Block, bucket_of, encode};
use std::collections::{BTreeMap, BTreeSet};

pub use merge::{Merging, Phase, merging};
pub(in crate::store) use merge::{commit_merge, groups_step, join_step, sweep_step, unused};

const POSTING: u8 = 1;
const GRAM: u8 = 2;
const SEGMENT: u8 = 3;

/// `Space::Word`: the version of the analysis.
pub const ANALYSIS: [u8; 1] = [5];

/// `Space::State`: the first bytes of the keys of words of files' names.
const NAMES: &[u8] = b"word";

/// The version of a segment's record. Those of the first have no languages.
const VERSION: u8 = 2;
const WITHOUT_LANGUAGES: u8 = 1;

/// The version of the layout: an index of another one is made anew.
const LAYOUT: u32 = 3;

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
    /// For each row the code of its languages (`search::lexical::language`); empty where they were not kept.
    pub languages: Vec<u8>,
    /// The postings of each term.
    pub postings: TermPostings,
}

/// The key of a block; without the segment's number the beginning of those of all segments.
fn block_key(kind: u8, bucket: u16, segment: &[u8]) -> Vec<u8> {
    [&[kind][..], &bucket.to_be_bytes(), segment].concat()
}

fn name_key(word: &str, doc: DocId) -> Vec<u8> {
    [NAMES, word.as_bytes(), &[0], &doc.0.to_be_bytes()].concat()
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
    // What is being swept belongs to no segment.
    let swept = merging(kv)?.filter(|merging| merging.phase != Phase::Joining).map(|merging| merging.inputs);
    let swept = swept.unwrap_or_default();
    let mut places: Vec<(u16, usize)> =
        segment.postings.iter().enumerate().map(|(place, (term, _))| (bucket_of(term), place)).collect();
    places.sort_unstable();
    let mut groups: BTreeMap<u16, BTreeMap<String, String>> = BTreeMap::new();
    for places in places.chunk_by(|(one, _), (other, _)| one == other) {
        let Some((bucket, _)) = places.first().copied() else { continue };
        let terms: Vec<(&str, &[u8])> = places.iter().filter_map(|(_, place)| segment.postings.get(*place)).collect();
        let blocks = all(kv, Space::Word, &block_key(POSTING, bucket, &[]), usize::MAX)?;
        let is_read = |key: &[u8]| segment_of(key).is_some_and(|number| !swept.contains(&number));
        let blocks = blocks.iter().filter(|(key, _)| is_read(key)).map(|(_, block)| Block::read(block));
        let blocks: Vec<Block<'_>> = blocks.collect::<Result<_, _>>()?;
        let mut known = BTreeSet::new();
        for block in &blocks {
            known.extend(block.entries()?.into_iter().map(|(term, _)| term));
        }
        for (term, _) in terms.iter().filter(|(term, _)| !known.contains(term)) {
            for gram in grams(term) {
                let lines = groups.entry(bucket_of(&gram)).or_default().entry(gram).or_default();
                lines.push_str(term);
                lines.push('\n');
            }
        }
        batch.put(Space::Word, block_key(POSTING, bucket, &number), encode(terms));
    }
    for (bucket, groups) in groups {
        let block = encode(groups.iter().map(|(gram, lines)| (gram.as_str(), lines.as_bytes())));
        batch.put(Space::Word, block_key(GRAM, bucket, &number), block);
    }
    put_record(batch, segment);
    Ok(())
}

/// The segment is one of the store's from this batch on.
fn put_record(batch: &mut Batch, segment: &StoredSegment) {
    let StoredSegment { first, lengths, languages, .. } = segment;
    let version = if lengths.len() == languages.len() { VERSION } else { WITHOUT_LANGUAGES };
    let languages = if version == VERSION { &languages[..] } else { &[] };
    let record = [&[version][..], &first.0.to_be_bytes(), lengths, languages].concat();
    batch.put(Space::Word, record_key(segment.number), record);
}

/// The first row, the lengths and the languages of a segment's record.
fn record_of(record: &[u8]) -> Option<(Row, Vec<u8>, Vec<u8>)> {
    let (version, rest) = record.split_first()?;
    let (first, rest) = rest.split_first_chunk::<8>()?;
    let (lengths, languages) = match *version {
        WITHOUT_LANGUAGES => (rest, &[][..]),
        VERSION if rest.len().is_multiple_of(2) => rest.split_at(rest.len() / 2),
        _ => return None,
    };
    Some((Row(u64::from_be_bytes(*first)), lengths.to_vec(), languages.to_vec()))
}

fn record_key(number: u32) -> Vec<u8> {
    [&[SEGMENT][..], &number.to_be_bytes()].concat()
}

/// The segment of a key that ends with its number.
fn segment_of(key: &[u8]) -> Option<u32> {
    key.last_chunk::<4>().map(|number| u32::from_be_bytes(*number))
}

/// All segments, in the order of their rows, without their postings.
///
/// # Errors
/// Any `KvError`.
pub fn segments(kv: &impl KvRead) -> Result<Vec<StoredSegment>, KvError> {
    let mut segments = Vec::new();
    for (key, value) in all(kv, Space::Word, &[SEGMENT], usize::MAX)? {
        let number = key.get(1..).and_then(|number| number.try_into().ok()).map(u32::from_be_bytes);
        let Some((number, (first, lengths, languages))) = number.zip(record_of(&value)) else {
            return Err(KvError::Damaged("a segment of the index of words".to_owned()));
        };
        segments.push(StoredSegment { number, first, lengths, languages, postings: TermPostings::default() });
    }
    segments.sort_by_key(|segment| segment.first);
    Ok(segments)
}

/// The stored form of a term's postings in a segment. A question looks up hundreds of terms, most of which are in no block: a key is found to
/// be missing by the filters of the store's tables, and a range would be looked for in each of them.
///
/// # Errors
/// Any `KvError`.
pub fn postings(kv: &impl KvRead, term: &str, segment: u32) -> Result<Option<Vec<u8>>, KvError> {
    let key = block_key(POSTING, bucket_of(term), &segment.to_be_bytes());
    let Some(block) = kv.get(Space::Word, &key)? else { return Ok(None) };
    Ok(Block::read(&block)?.find(term)?.map(<[u8]>::to_vec))
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
        for (_, block) in all(kv, Space::Word, &block_key(GRAM, bucket_of(&gram), &[]), usize::MAX)? {
            if let Some(value) = Block::read(&block)?.find(&gram)? {
                let room = max.saturating_sub(terms.len());
                terms.extend(lines(value)?.take(room).map(str::to_owned));
            }
        }
    }
    Ok(terms)
}

/// The terms of a group of letters.
fn lines(value: &[u8]) -> Result<std::str::Lines<'_>, KvError> {
    let text = str::from_utf8(value);
    text.map(str::lines).map_err(|_| KvError::Damaged("a group of letters of the index of words".to_owned()))
}

/// The words of a file's name, in their canonical form.
fn name_words(path: &[u8]) -> BTreeSet<String> {
    words(&file_name::words(path)).filter(|word| word.len() <= TERM_BYTES_MAX).collect()
}

/// A document has this path now.
pub fn put_name(batch: &mut Batch, path: &[u8], doc: DocId) {
    name_words(path).iter().for_each(|word| batch.put(Space::State, name_key(word, doc), []));
}

/// A document has this path no more. Called before `put_name` with its new one.
pub fn delete_name(batch: &mut Batch, path: &[u8], doc: DocId) {
    name_words(path).iter().for_each(|word| batch.delete(Space::State, name_key(word, doc)));
}

/// Up to `max` documents whose file's name has a word that begins so.
///
/// # Errors
/// Any `KvError`.
pub fn named(kv: &impl KvRead, beginning: &str, max: usize) -> Result<Vec<DocId>, KvError> {
    let pairs = all(kv, Space::State, &[NAMES, beginning.as_bytes()].concat(), max)?;
    let doc = |key: &[u8]| key.last_chunk::<8>().map(|doc| DocId(u64::from_be_bytes(*doc)));
    Ok(pairs.iter().filter_map(|(key, _)| doc(key)).collect())
}

/// The words of files' names, as they are deleted where an index is made anew: at most so many keys.
///
/// # Errors
/// Any `KvError`.
pub fn all_names(kv: &impl KvRead, max: usize) -> Result<Vec<Vec<u8>>, KvError> {
    Ok(all(kv, Space::State, NAMES, max)?.into_iter().map(|(key, _)| key).collect())
}

/// The version of the analysis that made the terms; 0 where there are none, or in another layout.
///
/// # Errors
/// Any `KvError`.
pub fn analysis(kv: &impl KvRead) -> Result<u32, KvError> {
    let value = kv.get(Space::Word, &ANALYSIS)?;
    let value = value.and_then(|value| value.try_into().ok()).map_or(0, u32::from_be_bytes);
    Ok(if value >> 16 == LAYOUT { value & 0xFFFF } else { 0 })
}

/// The index is one by this version of the analysis from this batch on.
pub fn put_analysis(batch: &mut Batch, analysis: u32) {
    batch.put(Space::Word, ANALYSIS, ((LAYOUT << 16) | analysis).to_be_bytes());
}

/// Up to `max` pairs whose keys begin so.
fn all(kv: &impl KvRead, space: Space, prefix: &[u8], max: usize) -> Result<Vec<Pair>, KvError> {
    let (mut from, end) = (prefix.to_vec(), after_prefix(prefix));
    let mut pairs = Vec::new();
    loop {
        let page = kv.page(space, &from, end.as_deref(), PAGE.min(max.saturating_sub(pairs.len())))?;
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
