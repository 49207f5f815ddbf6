//! A document's file to chunks: extract the text, split it, and give each chunk its embed key.

use crate::base::id::DocId;
use crate::embed::{Embedder, model};
use crate::limits::{CHUNK_BYTES_MAX, DOCUMENT_BYTES_MAX, DOCUMENT_CHUNKS_MAX};
use crate::scheduler::queue::NOT_THERE;
use crate::store::change::{Change, NewChunk};
use crate::store::record::{Document, FileStamp};
use crate::text::extract::extract;
use crate::text::extract::section::{READ_IN_PART, Section, Text};
use crate::text::{chunk, chunk::chunks};
use sha2::{Digest, Sha256};
use std::ops::Range;

/// Passages that tell what is left out of a file: what is told has some kilobytes at most.
const TOLD_MAX: usize = 16;

/// How the reason begins why a file could not be read.
const NOT_NOW: &str = "It could not be read just now";
const NOT_ALLOWED: &str = "It cannot be read";

/// The result of reading a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// All its bytes, and its stamp just before they were read.
    Bytes(Vec<u8>, FileStamp),
    /// It was read, and its text extracted elsewhere: where a parser can do no harm.
    Extracted {
        /// Its text, or why it has none, as a phrase.
        text: Result<Text, String>,
        /// What its record tells its content by.
        content: [u8; 16],
        /// Its stamp just before it was read.
        stamp: FileStamp,
    },
    /// It was read, and the extraction of its text was interrupted, for this reason, which is not the file's.
    Interrupted(String),
    /// It was read, and its text was not extracted, as the parser of another document takes long: it is read anew later.
    NoTurn,
    /// It is larger than `DOCUMENT_BYTES_MAX` and was not read.
    TooLarge(FileStamp),
    /// It exists and its owner lets this user not read it, for this reason.
    Unreadable(String),
    /// It could not be read just now, for this reason.
    Failed(String),
    /// It is not there. Whether it is gone, or its disk is away, is decided by a scan. With the tag of the file system that has its place now; 0:
    /// not known.
    Missing(u16),
}

impl Content {
    /// Whether the file system on which the document was learnt is not there.
    pub(super) fn is_away(&self, doc: &Document) -> bool {
        matches!(*self, Self::Missing(tag) if tag != 0 && doc.stamp.volume() != 0 && tag != doc.stamp.volume())
    }
}

/// The changes that follow from the content of a document's file. A file that changed since it was scanned is recorded
/// with its new stamp first: two changes, in order. What could not be read keeps the chunks of an earlier reading, and is
/// tried again at the next scan that finds it.
#[must_use]
pub fn changes(embedder: &(impl Embedder + ?Sized), id: DocId, doc: &Document, content: Content) -> Vec<Change> {
    let name = String::from_utf8_lossy(&doc.path);
    let (stamp, last) = match content {
        Content::NoTurn => return Vec::new(),
        Content::Missing(_) => return not_now(id, doc, |stamp| Change::Absent { doc: id, stamp }),
        Content::Failed(why) | Content::Interrupted(why) => {
            let reason = format!("{NOT_NOW}: {why}.");
            return not_now(id, doc, |stamp| Change::Refused { doc: id, stamp, reason, keep: true });
        }
        Content::Unreadable(why) => {
            let reason = format!("{NOT_ALLOWED}: {why}.");
            return vec![Change::Refused { doc: id, stamp: doc.stamp, reason, keep: true }];
        }
        Content::TooLarge(stamp) => {
            let (size, max) = (stamp.size, DOCUMENT_BYTES_MAX >> 20);
            let reason =
                format!("It has {size} bytes; files of up to {max} MiB, {DOCUMENT_BYTES_MAX} bytes, are read.");
            (stamp, Change::Refused { doc: id, stamp, reason, keep: false })
        }
        Content::Bytes(bytes, stamp) => {
            let text = extract(&name, &bytes).map_err(|refusal| refusal.to_string());
            (stamp, chunked(embedder, id, text, content_hash(&bytes), stamp))
        }
        Content::Extracted { text, content, stamp } => (stamp, chunked(embedder, id, text, content, stamp)),
    };
    if stamp == doc.stamp {
        return vec![last];
    }
    vec![Change::Differs { doc: id, from: doc.stamp, stamp }, last]
}

/// The change, and before it, unless the owner keeps the document without its file, a stamp that makes the next scan that finds
/// the file have it read.
fn not_now(id: DocId, doc: &Document, change: impl FnOnce(FileStamp) -> Change) -> Vec<Change> {
    if doc.stamp.kept_since().is_some() {
        return vec![change(doc.stamp)];
    }
    let stamp = doc.stamp.unsettled();
    vec![Change::Differs { doc: id, from: doc.stamp, stamp }, change(stamp)]
}

/// Whether a document cannot be used for a reason other than its content: nobody could read that.
#[must_use]
pub fn was_not_read(reason: &str) -> bool {
    [NOT_NOW, NOT_ALLOWED, NOT_THERE].iter().any(|not_read| reason.starts_with(not_read))
}

/// What a document's record tells its content by.
#[must_use]
pub fn content_hash(bytes: &[u8]) -> [u8; 16] {
    let hash: [u8; 32] = Sha256::digest(bytes).into();
    let mut short = [0; 16];
    short.copy_from_slice(&hash[..16]);
    short
}

/// The phrase as a sentence of its own, as people read it in the log and in the doctor.
fn sentence(phrase: &str) -> String {
    let mut letters = phrase.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).chain(['.']).collect())
}

/// The change that a text makes, or the phrase that says why there is none.
fn chunked(
    embedder: &(impl Embedder + ?Sized),
    doc: DocId,
    text: Result<Text, String>,
    content: [u8; 16],
    stamp: FileStamp,
) -> Change {
    match text.map_err(|phrase: String| sentence(&phrase)).and_then(|text| new_chunks(embedder, &text)) {
        Ok(chunks) => Change::Chunked { doc, stamp, content, chunks },
        Err(reason) => Change::Refused { doc, stamp, reason, keep: false },
    }
}

/// The passages of a text. Of one that makes more than a document may have, the first are kept, and the last one tells that the others are left
/// out, behind what the reader of the file told at its end.
fn new_chunks(embedder: &(impl Embedder + ?Sized), text: &Text) -> Result<Vec<NewChunk>, String> {
    let fingerprint = embedder.model();
    let new_chunk = |heading: String, range: Range<usize>, body: &str| -> Option<NewChunk> {
        debug_assert!(body.len() <= CHUNK_BYTES_MAX, "text::chunk keeps the byte cap");
        let key = model::key(&fingerprint, &heading, body);
        let (start, end) = (u32::try_from(range.start).ok()?, u32::try_from(range.end).ok()?);
        Some(NewChunk { key, heading, text: body.to_owned(), start, end })
    };
    let mut found = chunks(text, &|part| embedder.tokens(part));
    let is_cut = found.len() >= DOCUMENT_CHUNKS_MAX && has_more(text, &found);
    if is_cut {
        let told = told_already(embedder, text);
        let begins = told.first().map_or(usize::MAX, |first| first.range.start);
        found.retain(|chunk| chunk.range.start < begins);
        found.truncate(DOCUMENT_CHUNKS_MAX - 1 - told.len());
        found.extend(told);
    }
    let of_text = |chunk: chunk::Chunk| new_chunk(chunk.heading, chunk.range.clone(), text.text.get(chunk.range)?);
    let mut new: Vec<_> = found.into_iter().filter_map(of_text).collect();
    if is_cut {
        let note = format!(
            "Only the beginning of the text of this file is read, and the rest was left out: it makes more than the {DOCUMENT_CHUNKS_MAX} passages \
             that a file may have. Split it into several files."
        );
        let start = text.text.len();
        new.extend(new_chunk(READ_IN_PART.to_owned(), start..start + note.len(), &note));
    }
    if new.is_empty() { Err("It holds no text.".to_owned()) } else { Ok(new) }
}

/// Whether words stand behind the last of these passages.
fn has_more(text: &Text, found: &[chunk::Chunk]) -> bool {
    let (upto, end) =
        (found.last().map_or(0, |last| last.range.end), text.sections.last().map_or(0, |it| it.range.end));
    text.text.get(upto..end).is_some_and(|rest| !rest.trim().is_empty())
}

/// The passages that tell what the reader of a file left out, at the end of its text; none if it told nothing.
fn told_already(embedder: &(impl Embedder + ?Sized), text: &Text) -> Vec<chunk::Chunk> {
    let Some(last) = text.sections.last().filter(|last| last.heading == READ_IN_PART) else { return Vec::new() };
    let note = text.text.get(last.range.clone()).unwrap_or_default().to_owned();
    let section = Section { heading: last.heading.clone(), range: 0..note.len() };
    let alone = Text { text: note, sections: vec![section] };
    let shifted = |chunk: chunk::Chunk| {
        let range = chunk.range.start + last.range.start..chunk.range.end + last.range.start;
        chunk::Chunk { range, ..chunk }
    };
    chunks(&alone, &|part| embedder.tokens(part)).into_iter().take(TOLD_MAX).map(shifted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Fingerprint;
    use crate::base::media::told_reason;
    use crate::embed::stand_in::StandIn;

    #[test]
    fn bytes_that_are_no_text_are_refused_with_the_reason_in_place_of_which_a_picture_has_its_own() {
        let reason = |path: &str| {
            let text = extract(path, b"\0\x01\x02\x03\x04").map_err(|refusal| refusal.to_string());
            let embedder = StandIn::new(Fingerprint([7; 32]));
            let change = chunked(&embedder, DocId(1), text, [0; 16], FileStamp::default());
            let Change::Refused { reason, .. } = change else { panic!("{change:?}") };
            told_reason(path.as_bytes(), &reason).to_owned()
        };
        assert_eq!(reason("/photos/a.jpg"), "Pictures are not read.");
        assert_eq!(reason("/photos/a.bin"), "The file is not text.");
    }

    #[test]
    fn of_a_text_with_more_passages_than_a_file_may_have_the_first_are_kept_and_it_is_told() {
        let embedder = StandIn::new(Fingerprint([7; 32]));
        let kept = |text: &Text| new_chunks(&embedder, text).unwrap();
        let many = |count: usize, note: &str| {
            let section = |at: usize| Section { heading: String::new(), range: at * 5..at * 5 + 4 };
            let mut text = Text { text: "word\n".repeat(count) + note, sections: (0..count).map(section).collect() };
            let told = Section { heading: READ_IN_PART.to_owned(), range: count * 5..text.text.len() };
            text.sections.extend((!note.is_empty()).then_some(told));
            text
        };
        assert_eq!(kept(&many(DOCUMENT_CHUNKS_MAX, "")).last().unwrap().text, "word", "it is whole");
        let chunks = kept(&many(DOCUMENT_CHUNKS_MAX + 9, ""));
        assert_eq!((chunks.len(), chunks[0].text.as_str()), (DOCUMENT_CHUNKS_MAX, "word"));
        let last = chunks.last().unwrap();
        assert!(last.heading == READ_IN_PART && last.text.contains("more than the 65536 passages"), "{last:?}");
        // An archive of which the reader told already what it left out.
        let told = "A file was left out.";
        let bodies = |text: &Text| kept(text).into_iter().map(|chunk| chunk.text).collect::<Vec<_>>();
        let most = bodies(&many(DOCUMENT_CHUNKS_MAX - 1, told));
        assert_eq!(most.len(), DOCUMENT_CHUNKS_MAX);
        assert_eq!(most[most.len() - 2..], ["word", told], "it is whole");
        let more = bodies(&many(DOCUMENT_CHUNKS_MAX, told));
        assert_eq!((more.len(), more[more.len() - 2].as_str()), (DOCUMENT_CHUNKS_MAX, told));
        assert!(more.last().unwrap().contains("Split it"), "{:?}", more.last());
    }
}
