//! Comparing a listing of files with what the store knows of the same stretch of paths: a sorted merge.

use crate::limits::LOOK_BATCH;
use crate::scheduler::path::covers;
use crate::scheduler::task::{Outcome, Scan};
use crate::store::change::Change;
use crate::store::kv::{Kv, KvError};
use crate::store::read;
use crate::store::record::{DocState, FileStamp};

/// One file, as listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Absolute path.
    pub path: Vec<u8>,
    /// The file from outside.
    pub stamp: FileStamp,
}

/// A stretch of a listing, in the order of paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The files after `Scan::after`, sorted by path.
    pub entries: Vec<Entry>,
    /// The stretch ends here, this path included; `None`: it reaches the end of the scope.
    pub upto: Option<Vec<u8>>,
    /// Places that could not be listed: nothing is known of what is below, so nothing there is gone.
    pub holes: Vec<Vec<u8>>,
    /// What was left out and why.
    pub remarks: Vec<String>,
}

/// What the listing changes.
///
/// # Errors
/// Any `KvError`; the step can be done again.
pub fn look(kv: &impl Kv, step: &Scan, listing: Listing) -> Result<Outcome, KvError> {
    let Listing { entries, upto, holes, remarks } = listing;
    let known = read::documents_under(kv, &step.scope, step.after.as_deref(), LOOK_BATCH)?;
    // A full page says nothing about what lies behind it: this step ends there at the latest.
    let page_end = if known.len() < LOOK_BATCH { None } else { known.last().map(|(_, doc)| doc.path.clone()) };
    let next = match (page_end, upto) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    };
    let within = |path: &[u8]| next.as_deref().is_none_or(|end| path <= end);

    let mut changes = Vec::new();
    let mut entries = entries.into_iter().filter(|entry| within(&entry.path)).peekable();
    let see = |changes: &mut Vec<Change>, entry: Entry| {
        let (collection, ring) = (step.source.collection.clone(), step.source.ring);
        changes.push(Change::Seen { path: entry.path, stamp: entry.stamp, collection, ring });
    };
    for (id, doc) in known.into_iter().filter(|(_, doc)| within(&doc.path)) {
        while let Some(entry) = entries.next_if(|entry| entry.path < doc.path) {
            see(&mut changes, entry);
        }
        if let Some(entry) = entries.next_if(|entry| entry.path == doc.path) {
            if doc.stamp != entry.stamp || doc.state == DocState::Tombstoned {
                see(&mut changes, entry);
            }
        } else if doc.state != DocState::Tombstoned && !holes.iter().any(|hole| covers(hole, &doc.path)) {
            changes.push(Change::Gone { doc: id });
        }
    }
    entries.for_each(|entry| see(&mut changes, entry));
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

    fn words(outcome: &Outcome) -> Vec<String> {
        let Outcome::Scanned { changes, .. } = outcome else { panic!("a look looks") };
        let word = |change: &Change| match change {
            Change::Seen { path, .. } => format!("seen {}", String::from_utf8_lossy(path)),
            Change::Gone { doc } => format!("gone {doc}"),
            other => panic!("{other:?}"),
        };
        changes.iter().map(word).collect()
    }

    fn library_of(paths: &[&str]) -> Library<MemoryKv> {
        let mut library = Library::open(MemoryKv::new()).unwrap();
        let listing = Listing { entries: paths.iter().map(|path| entry(path, 1)).collect(), ..Listing::default() };
        let Ok(Outcome::Scanned { changes, .. }) = look(library.kv(), &step(None), listing) else { panic!() };
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
        let outcome = look(library.kv(), &step(None), listing).unwrap();
        assert_eq!(words(&outcome), ["seen /home/b", "gone 2", "seen /home/d"]);
    }

    #[test]
    fn nothing_below_an_unreadable_folder_is_gone() {
        let library = library_of(&["/home/locked/a", "/home/z"]);
        let listing = Listing { holes: vec![b"/home/locked".into()], ..Listing::default() };
        assert_eq!(words(&look(library.kv(), &step(None), listing).unwrap()), ["gone 1"]);
    }

    #[test]
    fn a_step_that_ends_early_says_nothing_of_what_lies_behind() {
        let library = library_of(&["/home/a", "/home/m", "/home/z"]);
        let listing = Listing { upto: Some(b"/home/m".into()), ..Listing::default() };
        let outcome = look(library.kv(), &step(Some("/home/a")), listing).unwrap();
        assert_eq!(words(&outcome), ["gone 1"]);
        assert!(matches!(outcome, Outcome::Scanned { next: Some(end), .. } if end == b"/home/m"));
    }

    #[test]
    fn a_vanished_folder_of_many_files_is_gone_in_bounded_steps() {
        let names: Vec<String> = (0..LOOK_BATCH + 10).map(|n| format!("/home/{n:05}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let library = library_of(&names);
        let (mut after, mut gone, mut steps) = (None, 0, 0);
        loop {
            let step = Scan { after, ..step(None) };
            let Outcome::Scanned { changes, next, .. } = look(library.kv(), &step, Listing::default()).unwrap() else {
                panic!()
            };
            gone += changes.len();
            steps += 1;
            after = next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!((gone, steps), (LOOK_BATCH + 10, 2));
    }
}
