//! One step of a scan: a sorted merge of a listing of files with the store's documents in the same range of paths.

use crate::limits::SCAN_BATCH;
use crate::scheduler::path::covers;
use crate::scheduler::task::{Outcome, Scan};
use crate::store::change::Change;
use crate::store::kv::{Kv, KvError};
use crate::store::read;
use crate::store::record::{DocState, FileStamp};

/// One file of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Absolute path.
    pub path: Vec<u8>,
    /// Its stamp.
    pub stamp: FileStamp,
}

/// A range of a listing, in the order of paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The files after `Scan::after`, sorted by path.
    pub entries: Vec<Entry>,
    /// The last path of the range; `None` if it ends with the scope.
    pub upto: Option<Vec<u8>>,
    /// Folders that could not be listed: no file below them counts as gone.
    pub holes: Vec<Vec<u8>>,
    /// What was left out and why.
    pub remarks: Vec<String>,
}

/// The changes that bring the store up to date with the listing.
///
/// # Errors
/// Any `KvError`; the step can be done again.
pub fn compare(kv: &impl Kv, step: &Scan, listing: Listing) -> Result<Outcome, KvError> {
    let Listing { entries, upto, holes, remarks } = listing;
    let known = read::documents_under(kv, &step.scope, step.after.as_deref(), SCAN_BATCH)?;
    // Behind a full page there may be more documents: this step ends with the page.
    let page_end = if known.len() < SCAN_BATCH { None } else { known.last().map(|(_, doc)| doc.path.clone()) };
    let next = match (page_end, upto) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    };
    let within = |path: &[u8]| next.as_deref().is_none_or(|end| path <= end);

    let mut changes = Vec::new();
    let mut entries = entries.into_iter().filter(|entry| within(&entry.path)).peekable();
    let push_seen = |changes: &mut Vec<Change>, entry: Entry| {
        let (collection, ring) = (step.source.collection.clone(), step.source.ring);
        changes.push(Change::Seen { path: entry.path, stamp: entry.stamp, collection, ring });
    };
    for (id, doc) in known.into_iter().filter(|(_, doc)| within(&doc.path)) {
        while let Some(entry) = entries.next_if(|entry| entry.path < doc.path) {
            push_seen(&mut changes, entry);
        }
        if let Some(entry) = entries.next_if(|entry| entry.path == doc.path) {
            if doc.stamp != entry.stamp || doc.state == DocState::Tombstoned {
                push_seen(&mut changes, entry);
            }
        } else if doc.state != DocState::Tombstoned && !holes.iter().any(|hole| covers(hole, &doc.path)) {
            changes.push(Change::Gone { doc: id });
        }
    }
    entries.for_each(|entry| push_seen(&mut changes, entry));
    Ok(Outcome::Scanned { changes, next, remarks })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Ring;
    use crate::store::library::Library;
    use crate::store::memory::MemoryKv;
    use crate::store::record::Source;

    fn step(after: Option<&str>) -> Scan {
        let source = Source { path: b"/home".into(), collection: "home".into(), ring: Ring::Mesh, device: 1 };
        Scan { source, scope: b"/home".into(), after: after.map(|path| path.as_bytes().to_vec()) }
    }

    fn entry(path: &str, size: u64) -> Entry {
        Entry { path: path.as_bytes().to_vec(), stamp: FileStamp { size, ..FileStamp::default() } }
    }

    fn described(outcome: &Outcome) -> Vec<String> {
        let Outcome::Scanned { changes, .. } = outcome else { panic!("{outcome:?}") };
        let describe = |change: &Change| match change {
            Change::Seen { path, .. } => format!("seen {}", String::from_utf8_lossy(path)),
            Change::Gone { doc } => format!("gone {doc}"),
            other => panic!("{other:?}"),
        };
        changes.iter().map(describe).collect()
    }

    fn library_of(paths: &[&str]) -> Library<MemoryKv> {
        let mut library = Library::open(MemoryKv::new()).unwrap();
        let listing = Listing { entries: paths.iter().map(|path| entry(path, 1)).collect(), ..Listing::default() };
        let Ok(Outcome::Scanned { changes, .. }) = compare(library.kv(), &step(None), listing) else { panic!() };
        changes.iter().for_each(|change| drop(library.apply(change).unwrap()));
        library
    }

    #[test]
    fn new_changed_and_gone_files_are_told_apart() {
        let library = library_of(&["/home/a", "/home/b", "/home/c"]);
        let listing = Listing {
            entries: vec![entry("/home/a", 1), entry("/home/b", 2), entry("/home/d", 1)],
            ..Listing::default()
        };
        let outcome = compare(library.kv(), &step(None), listing).unwrap();
        assert_eq!(described(&outcome), ["seen /home/b", "gone 2", "seen /home/d"]);
    }

    #[test]
    fn nothing_below_an_unreadable_folder_is_gone() {
        let library = library_of(&["/home/locked/a", "/home/z"]);
        let listing = Listing { holes: vec![b"/home/locked".into()], ..Listing::default() };
        assert_eq!(described(&compare(library.kv(), &step(None), listing).unwrap()), ["gone 1"]);
    }

    #[test]
    fn a_step_that_ends_early_changes_nothing_behind_its_end() {
        let library = library_of(&["/home/a", "/home/m", "/home/z"]);
        let listing = Listing { upto: Some(b"/home/m".into()), ..Listing::default() };
        let outcome = compare(library.kv(), &step(Some("/home/a")), listing).unwrap();
        assert_eq!(described(&outcome), ["gone 1"]);
        assert!(matches!(outcome, Outcome::Scanned { next: Some(end), .. } if end == b"/home/m"));
    }

    #[test]
    fn a_vanished_folder_of_many_files_is_gone_in_bounded_steps() {
        let names: Vec<String> = (0..SCAN_BATCH + 10).map(|n| format!("/home/{n:05}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let library = library_of(&names);
        let (mut after, mut gone, mut steps) = (None, 0, 0);
        loop {
            let step = Scan { after, ..step(None) };
            let Outcome::Scanned { changes, next, .. } = compare(library.kv(), &step, Listing::default()).unwrap()
            else {
                panic!()
            };
            gone += changes.len();
            steps += 1;
            after = next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!((gone, steps), (SCAN_BATCH + 10, 2));
    }
}
