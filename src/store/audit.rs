//! The store's consistency: a quick check for every start, the whole audit of `wattle doctor`, and the repair.
//!
//! fjall 3.1.13 opens without an error after a flipped byte in its journal and silently loses what was written later,
//! and each space loses another amount (`tests/it/crash.rs` flips bytes). The quick check therefore compares the stamp
//! of each space with the counters. The audit reads everything and counts; it is the one reader that decodes all texts, as damage of a text
//! is not seen by who reads the head of its chunk. The repair ([`repair()`]) keeps every chunk that can be decoded and still has its vector,
//! and has the documents read again.

mod repair;

use super::counts::{Kind, StoreCounts};
use super::keys::{self, Stage};
use super::kv::{KvError, KvRead, Space};
use super::makers::Makers;
use super::read;
use super::record::{Chunk, ChunkHead, DocState, Document, Parked, Record, Vector};
use crate::base::id::{DocId, Row};
use crate::base::media::is_media;
use crate::limits::{FAULTS_MAX, PARKED_MAX, REFUSED_LISTED_MAX};

pub use repair::repair;

/// Whether every space has what the commit of the counters last wrote to it. Costs eight reads.
///
/// # Errors
/// Any `KvError`.
pub fn is_consistent(kv: &impl KvRead) -> Result<bool, KvError> {
    let commit = read::commit(kv)?;
    for space in Space::ALL {
        if !commit.is_in(kv, space)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The result of an audit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// The counts that the audit arrived at.
    pub counted: StoreCounts,
    /// The counts that the store has recorded.
    pub believed: StoreCounts,
    /// Vectors that other devices made.
    pub made_elsewhere: u64,
    /// Further ones that no check has vouched for: they count as none.
    pub unproven: u64,
    /// Further ones that are to be made anew with another model: they count as none too.
    pub outdated: u64,
    /// Chunks without a vector of documents that wait to be read or embedded, as they were found one by one.
    pub to_embed: u64,
    /// The first `FAULTS_MAX` faults, in plain sentences.
    pub faults: Vec<String>,
    /// How many faults there are.
    pub fault_count: u64,
    /// Paths of refused documents, and why; at most `REFUSED_LISTED_MAX`, of which pictures and their like are left out first.
    pub refused: Vec<(Vec<u8>, String)>,
    /// Parked documents: the path of each, and why; at most `PARKED_MAX`.
    pub parked: Vec<(DocId, Vec<u8>, Parked)>,
    /// A sample of the files, held against the documents; `None` where no files can be looked at.
    pub spot: Option<SpotCheck>,
}

/// A sample of the files on the disk, held against the documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpotCheck {
    /// Files that were looked at, those that are gone among them.
    pub looked: u64,
    /// Those that the store does not have as they are: new, changed, or gone, with the document of one that is gone.
    pub different: Vec<(Vec<u8>, Option<DocId>)>,
    /// Files that are gone and about which the agent knows: its owner is asked, or their documents are being removed.
    pub undecided: u64,
}

impl SpotCheck {
    /// What is gone and `known` is no difference that nobody noticed.
    pub fn set_aside(&mut self, known: impl Fn(DocId) -> bool) {
        let before = self.different.len();
        self.different.retain(|(_, doc)| doc.is_none_or(|doc| !known(doc)));
        self.undecided += (before - self.different.len()) as u64;
    }
}

impl Audit {
    /// Whether there is no fault.
    #[must_use]
    pub const fn clean(&self) -> bool {
        self.fault_count == 0
    }

    fn fault(&mut self, what: impl FnOnce() -> String) {
        self.fault_count += 1;
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(what());
        }
    }
}

/// Reads the whole store and checks every invariant of [`super`]. Nothing is changed. While a writer is at work it must
/// be given a snapshot: the counts and the records that they count are read minutes apart.
///
/// # Errors
/// Any `KvError`: a record that cannot be read at all.
pub fn audit(kv: &impl KvRead) -> Result<Audit, KvError> {
    let mut audit = Audit { believed: read::commit(kv)?.counts, ..Audit::default() };
    let (mut rows, mut todos) = (0_u64, 0_u64);
    read::walk(kv, Space::Document, |key, value| {
        let Some(id) = keys::number(key).map(DocId) else { return Ok(()) };
        let mut doc = Document::decode_stored(value)?;
        if let DocState::Chunked { missing } = &mut doc.state {
            *missing = read::missing_now(kv, id)?.unwrap_or(*missing);
        }
        audit.counted.enter_file(Kind::from(&doc.state), &doc.path);
        rows += doc.chunks.len() as u64;
        todos += u64::from(read::stage_of(&doc.state).is_some());
        if doc.state == DocState::Tombstoned {
            // The todo list has it twice: by number and by content.
            todos += 1;
            audit.counted.tombstoned_chunks += doc.chunks.len() as u64;
            audit.counted.tombstoned_vectors += read::vectors_of(kv, &doc)?;
        }
        todos += u64::from(matches!(doc.state, DocState::Parked(_)));
        list_unused(kv, &mut audit, id, &doc)?;
        audit.counted.set_aside += read::set_aside(kv, &doc.state, &doc)?;
        check_document(kv, &mut audit, id, &doc)
    })?;
    check_chunks(kv, &mut audit)?;
    count_vectors(kv, &mut audit)?;
    let (mut holders, mut listed) = (0, 0);
    read::walk(kv, Space::Key, |_, _| {
        holders += 1;
        Ok(())
    })?;
    read::walk(kv, Space::Todo, |key, _| {
        listed += 1;
        let Some(row) = keys::retired_row(key) else { return Ok(()) };
        todos += 1;
        audit.counted.tombstoned_vectors += 1;
        let vector = read::vector(kv, row)?.is_some();
        if !vector || kv.get(Space::Chunk, &keys::row(row))?.is_some() {
            audit.fault(|| format!("row {row} is to be purged and is not what it should be"));
        }
        Ok(())
    })?;
    if read::lacks_set_aside(kv)? {
        // The next start counts them.
        audit.believed.set_aside = audit.counted.set_aside;
    }
    let (counted, believed) = (audit.counted, audit.believed);
    for difference in believed.differences(&counted) {
        audit.fault(|| difference);
    }
    let waiting = audit.to_embed;
    if waiting != counted.to_embed() {
        audit.fault(|| {
            format!("{waiting} passages of files that are not done lack a vector, {} should", counted.to_embed())
        });
    }
    if rows != counted.chunks {
        audit.fault(|| format!("{} chunks belong to no document", counted.chunks.abs_diff(rows)));
    }
    if holders != counted.vectors {
        audit.fault(|| format!("{holders} vectors can be looked up, {} are stored", counted.vectors));
    }
    if listed != todos {
        audit.fault(|| format!("{listed} documents are listed as unfinished, {todos} are"));
    }
    Ok(audit)
}

/// Counts the chunks, and decodes each of them whole.
fn check_chunks(kv: &impl KvRead, audit: &mut Audit) -> Result<(), KvError> {
    read::walk(kv, Space::Chunk, |key, value| {
        audit.counted.chunks += 1;
        if Chunk::decode(value).is_none() {
            audit.fault(|| unreadable(kv, key, value));
        }
        Ok(())
    })
}

/// Says of a chunk that cannot be decoded of which file it is, if that is known of it.
fn unreadable(kv: &impl KvRead, key: &[u8], value: &[u8]) -> String {
    let doc = ChunkHead::decode_stored(value).ok().and_then(|head| read::document(kv, head.doc).ok().flatten());
    match doc {
        Some(doc) => format!("a chunk of {} cannot be read", String::from_utf8_lossy(&doc.path)),
        None => format!("the chunk in row {} cannot be read", keys::number(key).unwrap_or_default()),
    }
}

/// The document of which the chunk in a row is; `None` also if not even that can be decoded.
fn owner(kv: &impl KvRead, row: Row) -> Result<Option<DocId>, KvError> {
    let chunk = kv.get(Space::Chunk, &keys::row(row))?;
    Ok(chunk.and_then(|bytes| ChunkHead::decode_stored(&bytes).ok()).map(|head| head.doc))
}

/// Counts the vectors, by whether they are proven and who made them.
fn count_vectors(kv: &impl KvRead, audit: &mut Audit) -> Result<(), KvError> {
    let mut unproven = Makers::read(kv)?.unproven();
    read::walk(kv, Space::Vector, |key, value| {
        let Vector { by, is_stale, .. } = Vector::decode_stored(value)?;
        audit.outdated += u64::from(is_stale);
        let is_unproven = keys::number(key).is_some_and(|row| unproven.remove(&Row(row)));
        audit.counted.vectors += u64::from(!is_unproven && !is_stale);
        audit.unproven += u64::from(is_unproven);
        audit.made_elsewhere += u64::from(by != 0 && !is_unproven && !is_stale);
        Ok(())
    })?;
    for row in unproven {
        audit.fault(|| format!("row {row} has no vector where another device has made one"));
    }
    Ok(())
}

/// Names a refused document. Pictures and their like, of which there may be thousands, make room for what its owner may want to mend.
fn list_refused(listed: &mut Vec<(Vec<u8>, String)>, path: &[u8], why: &str) {
    if listed.len() >= REFUSED_LISTED_MAX {
        let least = listed.iter().rposition(|(path, _)| is_media(path)).filter(|_| !is_media(path));
        let Some(least) = least else { return };
        listed.remove(least);
    }
    listed.push((path.to_vec(), why.to_owned()));
}

/// Names a document that is refused or parked.
fn list_unused(kv: &impl KvRead, audit: &mut Audit, id: DocId, doc: &Document) -> Result<(), KvError> {
    if let DocState::Refused(why) = &doc.state {
        list_refused(&mut audit.refused, &doc.path, why);
    }
    if let DocState::Parked(parked) = &doc.state {
        if audit.parked.len() < PARKED_MAX {
            audit.parked.push((id, doc.path.clone(), parked.clone()));
        }
        if kv.get(Space::Todo, &keys::parked(id))?.is_none() {
            audit.fault(|| format!("{} is parked and not listed so", String::from_utf8_lossy(&doc.path)));
        }
    }
    Ok(())
}

fn check_document(kv: &impl KvRead, audit: &mut Audit, id: DocId, doc: &Document) -> Result<(), KvError> {
    let name = || String::from_utf8_lossy(&doc.path).into_owned();
    if kv.get(Space::Path, &doc.path)?.as_deref().and_then(keys::number) != Some(id.0) {
        audit.fault(|| format!("{} is not found by its path", name()));
    }
    if let Some(stage) = read::stage_of(&doc.state)
        && kv.get(Space::Todo, &keys::todo(stage, id))?.is_none()
    {
        audit.fault(|| format!("{} is unfinished and not listed so", name()));
    }
    let without = (doc.chunks.len() as u64).saturating_sub(read::vectors_of(kv, doc)?);
    for place in &doc.chunks {
        if owner(kv, place.row)? != Some(id) {
            audit.fault(|| format!("{} has lost a chunk", name()));
        }
    }
    if read::stage_of(&doc.state).is_some_and(|stage| stage != Stage::Purge) {
        audit.to_embed += without;
    }
    let expected = match doc.state {
        DocState::Chunked { missing } => Some(missing),
        DocState::Ready => Some(0),
        _ => None,
    };
    if let Some(expected) = expected.filter(|expected| u64::from(*expected) != without) {
        audit.fault(|| format!("{} lacks {without} vectors where it should lack {expected}", name()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_make_room_for_documents_that_cannot_be_used() {
        let mut listed = Vec::new();
        for number in 0..REFUSED_LISTED_MAX + 9 {
            list_refused(&mut listed, format!("/a/{number}.jpg").as_bytes(), "The file is not text.");
        }
        list_refused(&mut listed, b"/a/z.pdf", "The file needs a password.");
        assert_eq!(listed.len(), REFUSED_LISTED_MAX);
        assert_eq!(listed.last().map(|(path, _)| &path[..]), Some(&b"/a/z.pdf"[..]));
        for number in 0..REFUSED_LISTED_MAX + 9 {
            list_refused(&mut listed, format!("/b/{number}.pdf").as_bytes(), "The file needs a password.");
        }
        assert!(listed.len() == REFUSED_LISTED_MAX && listed.iter().all(|(path, _)| !is_media(path)));
    }
}
