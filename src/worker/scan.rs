//! One step of a scan: a sorted merge of a listing of files with the store's documents in the same range of paths.
//!
//! A document whose file is not listed is gone only if its folder was listed, on the file system on which the file was
//! learnt. Everything else is kept and reported as away: a disk that is unplugged, a share whose server is off, a folder
//! that cannot be read.

mod away;

use crate::base::agent_file::is_agent_file;
use crate::base::count::{count, plural};
use crate::base::id::DocId;
use crate::base::path::{covers, parent};
use crate::limits::SCAN_BATCH;
use crate::scheduler::key_files::KeyFiles;
use crate::scheduler::task::{Omitted, Outcome, Scan, Tally};
use crate::store::change::{Change, FoundDocument};
use crate::store::kv::{Kv, KvError, KvRead};
use crate::store::read;
use crate::store::record::{DocState, Document, FileStamp, Source, Sources};
use crate::store::roots::{self, Identity, Root};
use away::{Absence, Findable, Judged};
use std::collections::BTreeSet;

/// Documents that are read at once to see whether there is any.
const BELOW: usize = 16;

/// One file of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Absolute path.
    pub path: Vec<u8>,
    /// Its stamp.
    pub stamp: FileStamp,
    /// Whether the file has other names (hard links): a change shows at one of them only.
    pub has_other_names: bool,
}

/// A range of a listing, in the order of paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The files after `Scan::after`, sorted by path.
    pub entries: Vec<Entry>,
    /// The last path of the range; `None` if it ends with the scope.
    pub upto: Option<Vec<u8>>,
    /// Places that could not be listed: no file below them counts as gone.
    pub holes: Vec<Vec<u8>>,
    /// There are more of them: no file of the whole range counts as gone.
    pub has_more_holes: bool,
    /// Where a file system begins, and its tag: the source, and every folder at which another is mounted. A source that is a hole, and of
    /// which both `why` and this are told, was read well: it is empty, and on another disk than when it was added.
    pub volumes: Vec<(Vec<u8>, u16)>,
    /// What the folder or file at the path of the source is, where its file system tells.
    pub root: Option<Identity>,
    /// What is at the path of the source, if that is no folder.
    pub instead: Option<&'static str>,
    /// Why the source is a hole, as the end of a sentence.
    pub why: Option<String>,
    /// What was left out and why.
    pub remarks: Vec<String>,
    /// Files that were left out because their names are those of keys or passwords.
    pub key_files: KeyFiles,
    /// Files and folders that were left out by patterns of `.gitignore` and `.wattleignore` (`base::ignore`); `limits::IGNORED_MAX` at
    /// most.
    pub ignored: Vec<Vec<u8>>,
    /// When, in seconds since 1970 by the system's clock.
    pub at: i64,
}

/// All places that are watched: those within the step's source are listed although a scan leaves their like out, and a source that has
/// come to lie in another one is not.
///
/// # Errors
/// Any `KvError`.
pub fn watched(kv: &impl Kv) -> Result<Vec<Source>, KvError> {
    Ok(read::sources(kv)?.places)
}

/// What is known of the private places: what was at their paths is for nobody else, wherever it is moved to.
///
/// # Errors
/// Any `KvError`.
pub fn private(kv: &impl KvRead) -> Result<Vec<Root>, KvError> {
    Ok(roots::read(kv)?.private(&read::sources(kv)?))
}

/// The listing of a source that was a folder, and is something else now: nothing in it counts as gone. A source that never had a document
/// below it is the file that its owner named.
fn without_what_took_its_place(kv: &impl KvRead, step: &Scan, listing: Listing) -> Result<Listing, KvError> {
    let source = &step.source.path;
    match listing.instead {
        Some(kind) if has_documents_below(kv, source)? => {
            let (why, name) = (format!("there is {kind} in its place"), String::from_utf8_lossy(source));
            let remarks = vec![format!("{name} is away, because {why}: what is known of it is kept.")];
            let (holes, at) = (vec![source.clone()], listing.at);
            Ok(Listing { holes, why: Some(why), remarks, at, ..Listing::default() })
        }
        _ => Ok(listing),
    }
}

fn has_documents_below(kv: &impl KvRead, folder: &[u8]) -> Result<bool, KvError> {
    let mut after = folder.to_vec();
    loop {
        let page = read::documents_under(kv, folder, Some(&after), BELOW)?;
        if page.iter().any(|(_, doc)| doc.state != DocState::Tombstoned) {
            return Ok(true);
        }
        let Some((_, last)) = page.last().filter(|_| page.len() == BELOW) else { return Ok(false) };
        after.clone_from(&last.path);
    }
}

/// The changes that bring the store up to date with the listing. They are held against the store of one moment: between two reads of
/// it a renamed document may go on under another path, and then all that lies between would look gone, or new.
///
/// # Errors
/// Any `KvError`; the step can be done again.
pub fn compare(kv: &impl Kv, step: &Scan, listing: Listing) -> Result<Outcome, KvError> {
    let kv = &kv.snapshot();
    let listing = without_what_took_its_place(kv, step, listing)?;
    let root = listing.root;
    let Listing { entries, upto, holes, has_more_holes, volumes, why, mut remarks, key_files, ignored, at, .. } =
        listing;
    let (ignored, is_told): (BTreeSet<Vec<u8>>, _) = (ignored.into_iter().collect(), why.is_some());
    let known = read::documents_under(kv, &step.scope, step.after.as_deref(), SCAN_BATCH)?;
    let next = end_of_step(&known, upto);
    let within = |path: &[u8]| next.as_deref().is_none_or(|end| path <= end);

    let mut merge = Merge::new(step, read::sources(kv)?, Tally { at, why, ..Tally::default() });
    let (mut empty, mut unusable, mut left_out) = (BTreeSet::new(), BTreeSet::new(), 0_u64);
    let mut absence = Absence::new(&step.source.path, &holes, has_more_holes, &volumes, is_told);
    let mut entries = entries.into_iter().filter(|entry| within(&entry.path)).peekable();
    for (id, doc) in known.into_iter().filter(|(_, doc)| within(&doc.path)) {
        while let Some(entry) = entries.next_if(|entry| entry.path < doc.path) {
            merge.seen(entry);
        }
        let live = doc.state != DocState::Tombstoned;
        merge.tally.known += u64::from(live);
        if live && doc.is_unusable() {
            unusable.insert(id);
        }
        if let Some(entry) = entries.next_if(|entry| entry.path == doc.path) {
            if live && doc.stamp.is_same_file(&entry.stamp) {
                merge.tally.remaining += 1;
                merge.tally.listed += 1;
                if doc.stamp != entry.stamp {
                    absence.is_there(&doc, &entry.stamp);
                    merge.changes.push(Change::Restamped { doc: id, stamp: entry.stamp });
                }
            } else {
                if live && doc.stamp.kept_since().is_none() {
                    absence.is_another(&doc, &entry.stamp);
                }
                merge.seen(entry);
            }
        } else if live && doc.stamp.kept_since().is_none() && lies_in(&ignored, &doc.path) {
            left_out += 1;
            merge.changes.push(Change::Gone(FoundDocument::new(id, &doc)));
            unusable.remove(&id);
        } else if live {
            let (found, is_own) = (FoundDocument::new(id, &doc), is_of_agent(&key_files, &doc));
            empty.extend((is_own || doc.is_unusable() || is_unread(&doc)).then_some(id));
            if is_own {
                absence.is_gone(found);
            } else {
                absence.is_missing(found, &doc, findable(kv, id, &doc)?);
            }
        }
    }
    entries.for_each(|entry| merge.seen(entry));
    let Merge { mut changes, mut tally, .. } = merge;
    tally.kept = absence.kept();
    let Judged { gone, kept, away, replaced } = absence.judged();
    tally.replaced = replaced;
    // Of a file without chunks nothing answers: there is nothing to ask its owner about, and nothing that is lost.
    let (empty, gone): (Vec<_>, Vec<_>) = gone.into_iter().partition(|found| empty.contains(&found.doc));
    tally.empty = empty.len() as u64 + left_out;
    tally.known -= tally.empty;
    empty.iter().for_each(|found| _ = unusable.remove(&found.doc));
    tally.unusable = unusable.len() as u64;
    tally.omitted = Omitted { key_files, ignored: ignored.into_iter().collect() };
    if left_out > 0 {
        remarks.push(said_of_left_out(&step.scope, left_out));
    }
    changes.extend(empty.into_iter().map(Change::Gone));
    tally.remaining += kept;
    tally.away = away;
    changes.extend(new_root(kv, &step.source.path, root)?);
    Ok(Outcome::Scanned { changes, gone, next, remarks, tally: Box::new(tally) })
}

/// The last path of a step; `None` if it ends with the scope. Behind a full page there may be more documents: then it ends with the page.
fn end_of_step(known: &[(DocId, Document)], upto: Option<Vec<u8>>) -> Option<Vec<u8>> {
    let page_end = if known.len() < SCAN_BATCH { None } else { known.last().map(|(_, doc)| doc.path.clone()) };
    match (page_end, upto) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}

/// Whether a document is a file of another agent, that was listed before enough of them were there to tell its home: it is nobody's document.
fn is_of_agent(key_files: &KeyFiles, doc: &Document) -> bool {
    let name = doc.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    doc.stamp.kept_since().is_none() && is_agent_file(name) && key_files.has_home(parent(&doc.path))
}

/// What is said of so many documents whose files patterns leave out.
fn said_of_left_out(scope: &[u8], left_out: u64) -> String {
    let (what, scope) = (count(left_out, "document"), String::from_utf8_lossy(scope));
    let is = plural(left_out, "is", "are");
    format!("{what} of {scope} {is} indexed no more: .gitignore or .wattleignore leaves the files out.")
}

/// Whether a path is one of these places, or lies in one.
fn lies_in(places: &BTreeSet<Vec<u8>>, path: &[u8]) -> bool {
    let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
    !places.is_empty() && slashes.chain([path.len()]).any(|end| places.contains(&path[..end]))
}

/// The change that notes what is at the path of a watched place.
fn new_root(kv: &impl KvRead, path: &[u8], root: Option<Identity>) -> Result<Option<Change>, KvError> {
    let Some(root) = root else { return Ok(None) };
    Ok(roots::read(kv)?.with(&read::sources(kv)?, path, root).map(Change::Roots))
}

/// Whether it waits, and was never read.
fn is_unread(doc: &Document) -> bool {
    doc.state == DocState::Waiting && doc.content == [0; 16]
}

/// How much can be found of a document, as a list of documents gives it.
fn findable(kv: &impl KvRead, id: DocId, doc: &Document) -> Result<Findable, KvError> {
    let whole = match doc.state {
        DocState::Ready => return Ok(Findable::Whole),
        DocState::Waiting if is_unread(doc) => return Ok(Findable::Unread),
        _ => read::document(kv, id)?,
    };
    let Some(whole) = whole else { return Ok(Findable::Not) };
    Ok(match whole.state {
        DocState::Chunked { missing } if (missing as usize) < whole.chunks.len() => Findable::Partly,
        DocState::Chunked { .. } => Findable::Read,
        // What was found of it before it changed, or could not be read any more, still is.
        _ if has_vector(kv, &whole)? => Findable::Whole,
        DocState::Waiting => Findable::Unread,
        _ => Findable::Not,
    })
}

/// Whether any of a document's chunks has its vector.
fn has_vector(kv: &impl KvRead, doc: &Document) -> Result<bool, KvError> {
    for place in &doc.chunks {
        if read::vector(kv, place.row)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the merge of one step has found so far.
struct Merge<'a> {
    step: &'a Scan,
    /// Places in the source that are watched by themselves, and may be in other collections.
    named: Sources,
    changes: Vec<Change>,
    tally: Tally,
}

impl<'a> Merge<'a> {
    fn new(step: &'a Scan, mut named: Sources, tally: Tally) -> Self {
        let source = &step.source.path;
        named.places.retain(|place| place.path != *source && covers(source, &place.path));
        Self { step, named, changes: Vec::new(), tally }
    }

    /// A file that is new, or differs from its document.
    fn seen(&mut self, entry: Entry) {
        let source = self.named.of(&entry.path).unwrap_or(&self.step.source);
        let (collection, ring) = (source.collection.clone(), source.ring);
        self.tally.remaining += 1;
        self.tally.listed += 1;
        self.tally.has_other_names |= entry.has_other_names;
        self.changes.push(Change::Seen { path: entry.path, stamp: entry.stamp, collection, ring });
    }
}

#[cfg(test)]
mod replaced_test;
#[cfg(test)]
mod tests;
