//! Does it add up? The quick question at every start, the thorough one of `wattle doctor`, and the mending.
//!
//! Why: fjall 3.1.13 opens without an error after a flipped byte in its journal and silently loses what
//! came later, and different spaces lose different amounts (shared/reference/retrieval.md 7c).

use super::change::{Kind, Ledger};
use super::keys::{self, Wait};
use super::kv::{Batch, Kv, KvError, KvRead, Space};
use super::read;
use super::record::{Chunk, ChunkRef, Commit, DocState, Document, FileStamp, Record, Vector};
use crate::base::id::{DocId, Ring, Row};
use crate::limits::{DOCUMENT_CHUNKS_MAX, FAULTS_MAX, REFUSED_LISTED_MAX};

/// Writes of one batch while mending.
const MEND_BATCH: usize = 512;

/// Whether every space stands at the commit that the counters name. Costs seven reads.
///
/// # Errors
/// Any `KvError`.
pub fn sound(kv: &impl KvRead) -> Result<bool, KvError> {
    let commit = read::commit(kv)?;
    for space in Space::ALL {
        let stamp = kv.get(space, &keys::STAMP)?.as_deref().and_then(keys::number).unwrap_or(0);
        if stamp != commit.stamps[space.index()] {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What a walk over the whole store found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// The counts as counted.
    pub counted: Ledger,
    /// The counts as the store believes.
    pub believed: Ledger,
    /// What does not fit, in plain sentences; at most `FAULTS_MAX`, then only counted.
    pub faults: Vec<String>,
    /// How many things do not fit.
    pub fault_count: u64,
    /// Paths of documents that cannot be used, and why; at most `REFUSED_LISTED_MAX`.
    pub refused: Vec<(Vec<u8>, String)>,
}

impl Audit {
    /// Whether everything fits.
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

/// Walks everything and checks every invariant of `store`. Nothing is changed. Where somebody writes meanwhile it must
/// walk a snapshot: the counts and what they count are read minutes apart.
///
/// # Errors
/// Any `KvError`: a record that cannot be read at all.
pub fn audit(kv: &impl KvRead) -> Result<Audit, KvError> {
    let mut audit = Audit { believed: read::commit(kv)?.ledger, ..Audit::default() };
    let (mut rows, mut todos) = (0_u64, 0_u64);
    read::walk(kv, Space::Document, |key, value| {
        let Some(id) = keys::number(key).map(DocId) else { return Ok(()) };
        let doc = Document::decode_stored(value)?;
        audit.counted.enter(Kind::from(&doc.state));
        rows += doc.pieces.len() as u64;
        todos += u64::from(read::wait_of(&doc.state).is_some());
        if doc.state == DocState::Leaving {
            // Listed twice: by number and by content.
            todos += 1;
            audit.counted.parted_chunks += doc.pieces.len() as u64;
            audit.counted.parted_vectors += read::vectors_of(kv, &doc)?;
        }
        if let DocState::Refused(why) = &doc.state
            && audit.refused.len() < REFUSED_LISTED_MAX
        {
            audit.refused.push((doc.path.clone(), why.clone()));
        }
        check_document(kv, &mut audit, id, &doc)
    })?;
    read::walk(kv, Space::Chunk, |_, value| {
        Chunk::decode_stored(value)?;
        audit.counted.chunks += 1;
        Ok(())
    })?;
    read::walk(kv, Space::Vector, |_, value| {
        Vector::decode_stored(value)?;
        audit.counted.vectors += 1;
        Ok(())
    })?;
    let (mut holders, mut listed) = (0, 0);
    read::walk(kv, Space::Key, |_, _| {
        holders += 1;
        Ok(())
    })?;
    read::walk(kv, Space::Todo, |_, _| {
        listed += 1;
        Ok(())
    })?;
    let (counted, believed) = (audit.counted, audit.believed);
    if counted != believed {
        audit.fault(|| format!("the counts are off: {counted:?} counted, {believed:?} believed"));
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

fn check_document(kv: &impl KvRead, audit: &mut Audit, id: DocId, doc: &Document) -> Result<(), KvError> {
    let name = || String::from_utf8_lossy(&doc.path).into_owned();
    if kv.get(Space::Path, &doc.path)?.as_deref().and_then(keys::number) != Some(id.0) {
        audit.fault(|| format!("{} is not found by its path", name()));
    }
    if let Some(wait) = read::wait_of(&doc.state)
        && kv.get(Space::Todo, &keys::todo(wait, id))?.is_none()
    {
        audit.fault(|| format!("{} is unfinished and not listed so", name()));
    }
    let mut without = 0;
    for piece in &doc.pieces {
        let chunk = read::chunk(kv, piece.row)?;
        if chunk.as_ref().is_none_or(|chunk| chunk.doc != id) {
            audit.fault(|| format!("{} has lost a chunk", name()));
        }
        without += u32::from(kv.get(Space::Vector, &keys::row(piece.row))?.is_none());
    }
    let due = match doc.state {
        DocState::Chunked { missing } => Some(missing),
        DocState::Ready => Some(0),
        _ => None,
    };
    if due.is_some_and(|due| due != without) {
        audit.fault(|| format!("{} lacks {without} vectors where it should lack {}", name(), due.unwrap_or(0)));
    }
    Ok(())
}

/// Makes a store whose spaces disagree whole again: every document is read anew, every chunk that still
/// stands with its vector is kept for it, so that nothing that is stored is embedded again.
/// Returns how many documents will be read anew.
///
/// # Errors
/// Any `KvError`; mending may be begun again from where it stopped.
pub fn mend(kv: &impl Kv) -> Result<u64, KvError> {
    let old = read::commit(kv)?;
    clear(kv, Space::Todo)?;
    clear(kv, Space::Key)?;
    clear(kv, Space::Path)?;
    let mut commit = Commit { number: old.number, next_doc: old.next_doc, next_row: old.next_row, ..Commit::default() };
    mend_documents(kv, &mut commit)?;
    mend_rows(kv, &mut commit)?;
    commit.number += 1;
    commit.stamps = [commit.number; _];
    let mut batch = Batch::new();
    for space in Space::ALL {
        batch.put(space, keys::STAMP, commit.number.to_be_bytes());
    }
    batch.put(Space::State, keys::COMMIT, commit.encode());
    kv.commit(batch)?;
    kv.sync()?;
    Ok(commit.ledger.total())
}

fn clear(kv: &impl Kv, space: Space) -> Result<(), KvError> {
    loop {
        let page = kv.page(space, &[], None, MEND_BATCH)?;
        if page.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new();
        page.into_iter().for_each(|(key, _)| batch.delete(space, key));
        kv.commit(batch)?;
    }
}

fn mend_documents(kv: &impl Kv, commit: &mut Commit) -> Result<(), KvError> {
    let mut number = commit.number;
    read::walk(kv, Space::Document, |key, value| {
        let Some(id) = keys::number(key).map(DocId) else { return Ok(()) };
        let mut batch = Batch::new();
        let mut doc = Document::decode_stored(value)?;
        if kv.get(Space::Path, &doc.path)?.is_some() {
            // Two documents at one path: the younger record is the true one only by luck; reading tells.
            batch.delete(Space::Document, key);
            return kv.commit(batch);
        }
        let mut stands = Vec::new();
        for piece in doc.pieces {
            if read::chunk(kv, piece.row)?.is_some_and(|chunk| chunk.doc == id) {
                stands.push(piece);
            }
        }
        doc.pieces = stands;
        doc.state = DocState::Waiting;
        batch.put(Space::Document, key, doc.encode());
        batch.put(Space::Path, doc.path, id.0.to_be_bytes());
        batch.put(Space::Todo, keys::todo(Wait::Read, id), []);
        commit.ledger.enter(Kind::Waiting);
        commit.next_doc = commit.next_doc.max(DocId(id.0 + 1));
        number += 1;
        kv.commit(batch)
    })?;
    commit.number = number;
    Ok(())
}

/// Keeps the rows that a document lists. Rows whose document was lost are gathered under a leaving one, so
/// that their vectors can still be reused when the file is read anew.
fn mend_rows(kv: &impl Kv, commit: &mut Commit) -> Result<(), KvError> {
    let lost = commit.next_doc;
    let mut found = Vec::new();
    let drop_row = |key: &[u8]| {
        let mut batch = Batch::new();
        batch.delete(Space::Chunk, key);
        batch.delete(Space::Vector, key);
        kv.commit(batch)
    };
    let mut top = commit.next_row;
    read::walk(kv, Space::Vector, |key, _| {
        top = top.max(keys::number(key).map_or(Row(0), |row| Row(row + 1)));
        let kept = kv.get(Space::Chunk, key)?.is_some();
        if kept { Ok(()) } else { drop_row(key) }
    })?;
    read::walk(kv, Space::Chunk, |key, value| {
        let Some(row) = keys::number(key).map(Row) else { return Ok(()) };
        top = top.max(Row(row.0 + 1));
        let mut chunk = Chunk::decode_stored(value)?;
        let has_vector = kv.get(Space::Vector, key)?.is_some();
        let listed = read::document(kv, chunk.doc)?.is_some_and(|doc| doc.pieces.iter().any(|piece| piece.row == row));
        if !listed && (!has_vector || found.len() >= DOCUMENT_CHUNKS_MAX) {
            return drop_row(key);
        }
        let mut batch = Batch::new();
        if !listed {
            chunk.doc = lost;
            batch.put(Space::Chunk, key, chunk.encode());
            found.push(ChunkRef { row, start: 0, end: 0 });
        }
        commit.ledger.chunks += 1;
        if has_vector {
            commit.ledger.vectors += 1;
            batch.put(Space::Key, keys::holder(&chunk.key, row), []);
        }
        kv.commit(batch)
    })?;
    commit.next_row = top;
    if found.is_empty() { Ok(()) } else { keep_lost(kv, commit, lost, found) }
}

fn keep_lost(kv: &impl Kv, commit: &mut Commit, id: DocId, pieces: Vec<ChunkRef>) -> Result<(), KvError> {
    let doc = Document {
        collection: String::new(),
        ring: Ring::Private,
        path: format!("(chunks whose document was lost {id})").into_bytes(),
        stamp: FileStamp::default(),
        content: [0; 16],
        state: DocState::Leaving,
        pieces,
    };
    let mut batch = Batch::new();
    batch.put(Space::Document, keys::document(id), doc.encode());
    batch.put(Space::Path, doc.path, id.0.to_be_bytes());
    batch.put(Space::Todo, keys::todo(Wait::Drop, id), []);
    batch.put(Space::Todo, keys::leaving(&doc.content, id), []);
    commit.ledger.parted_chunks += doc.pieces.len() as u64;
    commit.ledger.parted_vectors += doc.pieces.len() as u64;
    commit.ledger.enter(Kind::Leaving);
    commit.next_doc = DocId(id.0 + 1);
    kv.commit(batch)
}
