//! Carries documents from a damaged store into the one in use.

use super::carried::{Carried, Stop};
use crate::base::id::{DocId, Fingerprint, ModelMark, PeerKey, Row};
use crate::base::path::covers;
use crate::embed::model::key;
use crate::limits::{MARKS_MAX, READER, SALVAGE_BATCH, SALVAGE_FAILURES_MAX, SAVE_FREE_MIN};
use crate::platform::blocking;
use crate::platform::disk::Disk;
use crate::platform::home::{Home, disk_free};
use crate::platform::store_aside::note::Due;
use crate::store::change::{Change, NewChunk};
use crate::store::keys::{self, Stage};
use crate::store::kv::{Kv, KvError, KvRead, Space};
use crate::store::library::Library;
use crate::store::makers::Makers;
use crate::store::models;
use crate::store::read;
use crate::store::record::{Asked, DocState, Document, Mark, MarkKind, Marks, Record, Sources};
use crate::store::roots;
use rustix::fs::{Access, access};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Documents read at a time: the record of one may have nearly a mebibyte.
const PAGE: usize = 8;

/// Vectors in one change.
const VECTORS: usize = 64;

/// A document of the old store that is to be carried over if its file is not there.
struct Candidate {
    id: DocId,
    path: Vec<u8>,
    /// Whether it is in any case.
    is_known: bool,
}

/// How far it is.
struct Progress<F> {
    /// Documents with numbers below this were carried over at a start before.
    from: u64,
    /// Likewise now, once the batch is.
    next: u64,
    /// Notes how far that is.
    note: F,
}

struct Carry<'a, F> {
    old: &'a Disk,
    library: &'a mut Library<Disk>,
    home: &'a Home,
    progress: Progress<F>,
    watched: Sources,
    /// What the old store's owner watched, as far as it can be read.
    was_watched: Sources,
    /// The old store's, and those of what its owner has forgotten since.
    marks: Vec<Mark>,
    model: Option<Fingerprint>,
    /// Who made the vectors of the old store, and which of them no check has vouched for; `None` if that cannot be read.
    makers: Option<Makers>,
    /// Whether an older version split the documents into chunks.
    is_outdated: bool,
    batch: Vec<Candidate>,
    carried: Carried,
}

/// Carries over from `old` what can be read and is still due. `note` is called with the number of the first document that is not carried over
/// yet, whenever more of them are on the disk.
pub(super) fn carry(
    home: &Home,
    library: &mut Library<Disk>,
    old: &Disk,
    due: &Due,
    note: impl FnMut(u64) -> std::io::Result<()>,
) -> Result<Carried, Stop> {
    let from = due.next.unwrap_or_default();
    let forgotten = read::marks(library.kv())?.0.into_iter().chain(due.forgotten.iter().cloned());
    let forgotten = forgotten.filter(|mark| mark.kind == MarkKind::Forgotten);
    let mut carry = Carry {
        old,
        home,
        progress: Progress { from, next: from, note },
        watched: read::sources(library.kv())?,
        was_watched: read::sources(old).unwrap_or_default(),
        marks: read::marks(old).unwrap_or_default().0.into_iter().chain(forgotten).collect(),
        model: models::model(library.kv())?,
        makers: Makers::read(old).ok(),
        is_outdated: read::reader(old).map_or(true, |reader| reader < READER),
        batch: Vec::new(),
        carried: Carried::default(),
        library,
    };
    if due.next.is_none() {
        carry.places()?;
        carry.library.kv().sync()?;
        carry.goes_on();
    }
    let unread = carry.documents()?;
    carry.flush()?;
    carry.unread(&unread);
    carry.library.kv().sync()?;
    Ok(carry.carried)
}

impl<F: FnMut(u64) -> std::io::Result<()>> Carry<'_, F> {
    /// What comes before `next` is on the disk.
    fn goes_on(&mut self) {
        // On a full disk, the try before counts on.
        let _ = (self.progress.note)(self.progress.next);
    }

    /// The marks on places that are away, and the sources whose owners are asked: all, if the old store does not tell.
    fn places(&mut self) -> Result<(), KvError> {
        let mut marks = read::marks(self.library.kv())?.0;
        let before = marks.len();
        for mark in &self.marks {
            let is_forgotten = self.is_forgotten(&mark.path, mark.volume);
            let is_new =
                !is_forgotten && mark.kind != MarkKind::Forgotten && !marks.iter().any(|known| known.is_same(mark));
            if is_new && self.watched.of(&mark.path).is_some() && marks.len() < MARKS_MAX {
                marks.push(mark.clone());
            }
        }
        if marks.len() > before {
            self.library.apply(&Change::Marks(Marks(marks)))?;
        }
        let told = roots::read(self.old).unwrap_or_default();
        if roots::read(self.library.kv())?.0.is_empty() && !told.0.is_empty() {
            self.library.apply(&Change::Roots(told))?;
        }
        let mut asked = read::asked(self.library.kv())?.0;
        let before = asked.len();
        let told = read::asked(self.old).ok().map(|asked| asked.0);
        for source in &self.watched.places {
            let is_asked = told.as_ref().is_none_or(|told| told.contains(&source.path));
            if is_asked && !asked.contains(&source.path) {
                asked.push(source.path.clone());
            }
        }
        if asked.len() > before {
            self.library.apply(&Change::Asked(Asked(asked)))?;
        }
        Ok(())
    }

    /// Looks at every document of the old store; gives the numbers of those that cannot be read. A range of numbers that cannot be
    /// read is halved, until the damaged ones are single.
    fn documents(&mut self) -> Result<BTreeSet<u64>, Stop> {
        let end = read::commit(self.old).ok().map(|commit| commit.next_doc.0).filter(|end| *end > 0);
        let (mut unread, mut failures) = (BTreeSet::new(), 0);
        let mut ranges = vec![(0, end.unwrap_or(u64::MAX))];
        while let Some((mut from, to)) = ranges.pop() {
            while from < to {
                let [first, last] = [from, to].map(|id| keys::document(DocId(id)));
                let Ok(page) = self.old.page(Space::Document, &first, Some(&last), PAGE) else {
                    failures += 1;
                    if failures > SALVAGE_FAILURES_MAX {
                        self.carried.is_cut = true;
                        return Ok(unread);
                    }
                    if to - from == 1 {
                        unread.insert(from);
                    } else {
                        let middle = from + (to - from) / 2;
                        ranges.extend([(middle, to), (from, middle)]);
                    }
                    break;
                };
                let mut next = to;
                for (key, value) in &page {
                    let Some(id) = keys::number(key) else { continue };
                    next = if page.len() == PAGE { id + 1 } else { to };
                    match Document::decode(value) {
                        Some(doc) => self.consider(DocId(id), doc)?,
                        None => drop(unread.insert(id)),
                    }
                }
                from = next;
            }
        }
        Ok(unread)
    }

    /// A document without chunks has nothing to carry over.
    fn consider(&mut self, id: DocId, doc: Document) -> Result<(), Stop> {
        self.progress.next = self.progress.next.max(id.0.saturating_add(1));
        if doc.state == DocState::Tombstoned
            || doc.chunks.is_empty()
            || self.is_forgotten(&doc.path, doc.stamp.volume())
        {
            return Ok(());
        }
        if self.watched.of(&doc.path).is_none() {
            // The list of folders was lost with the store.
            self.carried.unplaced += u64::from(self.was_watched.of(&doc.path).is_some());
            return Ok(());
        }
        let is_away = self.marks.iter().any(|mark| mark.is_about(&doc.path, doc.stamp.volume()));
        // What is refused and has chunks could not be read when it was tried last.
        let is_known = is_away || doc.stamp.kept_since().is_some() || matches!(doc.state, DocState::Refused(_));
        self.batch.push(Candidate { id, path: doc.path, is_known });
        if self.batch.len() >= SALVAGE_BATCH { self.flush() } else { Ok(()) }
    }

    fn is_forgotten(&self, path: &[u8], volume: u16) -> bool {
        self.marks.iter().any(|mark| mark.kind == MarkKind::Forgotten && mark.is_about(path, volume))
    }

    /// Carries the documents of the batch over whose files are not there.
    fn flush(&mut self) -> Result<(), Stop> {
        let mut batch = std::mem::take(&mut self.batch);
        self.retain_missing(&mut batch);
        if batch.is_empty() {
            return Ok(());
        }
        if disk_free(self.home.path()) < SAVE_FREE_MIN {
            return Err(Stop::Later("the disk is full".to_owned()));
        }
        let before = self.library.commit().number;
        for candidate in batch {
            self.carry_over(&candidate)?;
        }
        if self.library.commit().number > before {
            self.library.kv().sync()?;
            self.goes_on();
        }
        Ok(())
    }

    /// Leaves those in the batch that have no file, or one that does not answer.
    fn retain_missing(&self, batch: &mut Vec<Candidate>) {
        let mut paths: BTreeMap<&[u8], Vec<Vec<u8>>> = BTreeMap::new();
        for candidate in batch.iter().filter(|candidate| !candidate.is_known) {
            if let Some(source) = self.watched.of(&candidate.path) {
                paths.entry(&source.path).or_default().push(candidate.path.clone());
            }
        }
        let mut there = BTreeSet::new();
        for (source, paths) in paths {
            let look = move || paths.into_iter().filter(|path| is_there(path)).collect::<Vec<_>>();
            there.extend(smol::block_on(blocking::look(as_path(source), look)).unwrap_or_default());
        }
        batch.retain(|candidate| candidate.is_known || !there.contains(&candidate.path));
    }

    fn carry_over(&mut self, candidate: &Candidate) -> Result<(), KvError> {
        let Candidate { id, path, .. } = candidate;
        let Ok(Some(doc)) = read::document(self.old, *id) else {
            self.leave(path);
            return Ok(());
        };
        if let Some((_, known)) = read::document_at(self.library.kv(), path)?
            && !(known.state == DocState::Waiting && known.chunks.is_empty())
        {
            // At a start before, or from a newer store.
            self.carried.count += 1;
            if known.chunks.len() < doc.chunks.len() {
                self.leave(path);
            }
            return Ok(());
        }
        let (chunks, rows) = self.chunks(*id, &doc);
        if chunks.len() < doc.chunks.len() {
            self.leave(path);
        }
        // What was carried over at a start before and is not there any more, its owner has forgotten.
        let is_due = id.0 >= self.progress.from && !chunks.is_empty();
        let Some(source) = self.watched.of(path).filter(|_| is_due) else { return Ok(()) };
        let is_current = matches!(doc.state, DocState::Chunked { .. } | DocState::Ready)
            && !self.is_outdated
            && chunks.len() == doc.chunks.len();
        // The file is read again when it is back, unless it is known to be the same.
        let is_kept = doc.stamp.kept_since().is_some();
        let stamp = if is_kept || is_current { doc.stamp } else { doc.stamp.unsettled() };
        let (collection, ring) = (source.collection.clone(), source.ring);
        self.library.apply(&Change::Seen { path: path.clone(), stamp, collection, ring })?;
        let Some((new, _)) = read::document_at(self.library.kv(), path)? else { return Ok(()) };
        self.library.apply(&Change::Chunked { doc: new, stamp, content: doc.content, chunks })?;
        self.carried.count += 1;
        self.vectors(path, &rows)
    }

    /// The chunks that can be read, and the row of each.
    fn chunks(&self, id: DocId, doc: &Document) -> (Vec<NewChunk>, Vec<Row>) {
        let model = self.model.unwrap_or_default();
        let read = doc.chunks.iter().filter_map(|place| {
            let chunk = read::chunk(self.old, place.row).ok().flatten().filter(|chunk| chunk.doc == id)?;
            let key = key(&model, &chunk.heading, &chunk.text);
            let (start, end) = (place.start, place.end);
            Some((NewChunk { key, heading: chunk.heading, text: chunk.text, start, end }, place.row))
        });
        read.unzip()
    }

    /// The vectors that can be read, are this model's, and are this device's own, or proven ones of a maker that is known, who stays with
    /// them; others are made again.
    fn vectors(&mut self, path: &[u8], rows: &[Row]) -> Result<(), KvError> {
        let Some((doc, new)) = read::document_at(self.library.kv(), path)? else { return Ok(()) };
        let Some(model) = self.model else { return Ok(()) };
        for places in new.chunks.iter().zip(rows).collect::<Vec<_>>().chunks(VECTORS) {
            let (mut vectors, mut of_others) = (Vec::new(), BTreeMap::<(PeerKey, bool), Vec<_>>::new());
            for (place, row) in places {
                let (old, vector) = (read::chunk_head(self.old, **row), read::vector(self.old, **row));
                let (Ok(Some(old)), Ok(Some(vector))) = (old, vector) else { continue };
                let Some(chunk) = read::chunk_head(self.library.kv(), place.row)? else { continue };
                if old.key != chunk.key || vector.model != ModelMark::from(model) {
                    continue;
                }
                let makers = self.makers.as_ref().filter(|makers| !makers.holds(**row));
                let result = (place.row, chunk.key, vector.values);
                match makers.and_then(|makers| makers.named(vector.by)) {
                    _ if vector.by == 0 => vectors.push(result),
                    Some(by) => {
                        let is_owed = makers.is_some_and(|makers| makers.owed_by(**row).is_some());
                        of_others.entry((by, is_owed)).or_default().push(result);
                    }
                    None => {}
                }
            }
            if !vectors.is_empty() {
                self.library.apply(&Change::Embedded { doc, model, vectors })?;
            }
            for ((by, is_owed), vectors) in of_others {
                let rows = vectors.iter().map(|(row, key, _)| (*row, *key)).collect();
                let checks = self.makers.as_ref().map_or(0, |makers| makers.checks(by));
                self.library.apply(&Change::Unproven { by, model, vectors })?;
                self.library.apply(&if is_owed {
                    Change::Vouched { doc, by, checks, rows }
                } else {
                    Change::Proven { doc, by, checks, rows }
                })?;
            }
        }
        Ok(())
    }

    /// Counts the documents of which not even the record can be read, if their files are not there: the old store's list of paths
    /// names them. Where that cannot be read either, all are counted.
    fn unread(&mut self, unread: &BTreeSet<u64>) {
        if unread.is_empty() {
            return;
        }
        let (old, mut named, mut batch) = (self.old, 0, Vec::new());
        // A repair that ended early has deleted the list.
        let is_whole = matches!(old.get(Space::Path, &keys::STAMP), Ok(Some(_)));
        let walked = read::walk(old, Space::Path, |path, id| {
            let Some(id) = keys::number(id).filter(|id| unread.contains(id)).map(DocId) else { return Ok(()) };
            named += 1;
            batch.push(Candidate { id, path: path.to_vec(), is_known: false });
            if batch.len() >= SALVAGE_BATCH {
                self.leave_missing(&mut batch);
            }
            Ok(())
        });
        self.leave_missing(&mut batch);
        if walked.is_err() || !is_whole {
            self.carried.unplaced += (unread.len() as u64).saturating_sub(named);
        }
    }

    fn leave_missing(&mut self, batch: &mut Vec<Candidate>) {
        batch.retain(|candidate| {
            let leaves = matches!(self.old.get(Space::Todo, &keys::todo(Stage::Purge, candidate.id)), Ok(Some(_)));
            let known = read::document_at(self.library.kv(), &candidate.path);
            !leaves && !matches!(known, Ok(Some(_))) && !self.is_forgotten(&candidate.path, 0)
        });
        self.retain_missing(batch);
        for candidate in batch.drain(..) {
            self.leave(&candidate.path);
        }
    }

    /// A document at this path is not carried over, or only in part.
    fn leave(&mut self, path: &[u8]) {
        let away = self.marks.iter().filter(|mark| mark.kind != MarkKind::Forgotten && covers(&mark.path, path));
        let deepest = away.max_by_key(|mark| mark.path.len()).map(|mark| &mark.path);
        let Some(place) = deepest.or_else(|| self.watched.of(path).map(|source| &source.path)) else {
            self.carried.unplaced += u64::from(self.was_watched.of(path).is_some());
            return;
        };
        match self.carried.left.iter_mut().find(|left| left.path == *place) {
            Some(left) => left.documents += 1,
            None => self.carried.left.push(Mark { documents: 1, ..Mark::new(place.clone(), MarkKind::Kept) }),
        }
    }
}

/// Whether the file can be read now, by its looks.
fn is_there(path: &[u8]) -> bool {
    let path = as_path(path);
    std::fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file()) && access(path, Access::READ_OK).is_ok()
}

fn as_path(path: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(path))
}
