//! Holds a sample of the files on the disk against the store's documents: the part of `wattle doctor` that finds changes which
//! nobody reported.
//!
//! Of each source two stretches of at most `SCAN_BATCH` files are listed and compared, as a scan does: its first, and one that
//! begins at a document picked by chance. A difference may be a change of this moment, which a scan is about to find. So the
//! differences are looked at again a few times, and those that stay are reported. A backup by hard links and a change of rights give a
//! file another stamp and the same content, so that is read before such a file is called different. Of a file that waits to be read, or
//! whose content cannot be used, the index has no content to compare. Nothing is changed.

use crate::base::id::DocId;
use crate::limits::{SPOT_LOOKS, SPOT_PAUSE_MS, SPOT_READS_MAX};
use crate::platform::folder::Folders;
use crate::scheduler::path::covers;
use crate::scheduler::task::{Outcome, Scan};
use crate::store::audit::SpotCheck;
use crate::store::change::{Change, FoundDocument};
use crate::store::keys;
use crate::store::kv::{Kv, KvError, Space};
use crate::store::read;
use crate::store::record::{DocState, Document, FileStamp, Record};
use crate::worker::extract::{Content, content_hash, was_not_read};
use crate::worker::scan::{compare, private, watched};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Makes the check. `chance` picks the second stretch; `stopped` ends the check early.
///
/// # Errors
/// Any `KvError`.
pub(super) fn spot_check(
    kv: &impl Kv,
    folders: &Folders,
    chance: u64,
    stopped: impl Fn() -> bool,
) -> Result<SpotCheck, KvError> {
    let steps = steps(kv, chance)?;
    let (mut looked, mut different) = look(kv, folders, &steps)?;
    for _ in 1..SPOT_LOOKS {
        if different.is_empty() || stopped() {
            break;
        }
        pause();
        let (_, still) = look(kv, folders, &steps)?;
        different.retain(|path, doc| still.get(path) == Some(doc));
    }
    let (mut reads, mut same, watched) = (0, BTreeSet::new(), read::sources(kv)?.places);
    for path in different.iter().filter(|(_, doc)| doc.is_none()).map(|(path, _)| path) {
        let stamp = looked.get(path).copied().unwrap_or_default();
        let Some(doc) = touched(kv, path, stamp)? else { continue };
        if !has_content(&doc) {
            same.insert(path.clone());
            continue;
        }
        reads += 1;
        // Of more than these nothing is said.
        if reads > SPOT_READS_MAX || is_as_known(&doc, folders.read(path, &watched)) {
            same.insert(path.clone());
        }
        if reads > SPOT_READS_MAX {
            looked.remove(path);
        }
    }
    different.retain(|path, _| !same.contains(path));
    looked.extend(different.keys().map(|path| (path.clone(), FileStamp::default())));
    Ok(SpotCheck { looked: looked.len() as u64, different: different.into_iter().collect(), undecided: 0 })
}

/// The document of a file of which only the time of the last change of metadata differs.
fn touched(kv: &impl Kv, path: &[u8], stamp: FileStamp) -> Result<Option<Document>, KvError> {
    let Some((_, doc)) = read::document_at(kv, path)? else { return Ok(None) };
    let is_same = doc.stamp.is_same_file(&FileStamp { changed_ns: doc.stamp.changed_ns, ..stamp });
    Ok(Some(doc).filter(|_| is_same))
}

/// Whether the content of a document's file decides if the index has it as it is.
fn has_content(doc: &Document) -> bool {
    match &doc.state {
        DocState::Waiting => false,
        // With another content it would have another size or time; but who was not allowed to read it may be now.
        DocState::Refused(reason) => was_not_read(reason),
        // Its owner knows that it is not in the index.
        DocState::Parked(_) => false,
        DocState::Chunked { .. } | DocState::Ready | DocState::Tombstoned => true,
    }
}

/// Whether the index has this content of a file, or knows that there is none to be had.
fn is_as_known(doc: &Document, content: Content) -> bool {
    let is_refused = matches!(doc.state, DocState::Refused(_));
    match content {
        Content::Bytes(bytes, _) => !is_refused && content_hash(&bytes) == doc.content,
        Content::Extracted { content, .. } => !is_refused && content == doc.content,
        Content::TooLarge(_)
        | Content::Unreadable(_)
        | Content::Failed(_)
        | Content::Interrupted(_)
        | Content::NoTurn
        | Content::Missing(_) => is_refused,
    }
}

#[expect(clippy::disallowed_methods, reason = "on the audit's own thread, which nobody waits for")]
fn pause() {
    std::thread::sleep(Duration::from_millis(SPOT_PAUSE_MS));
}

/// The stretches to look at.
fn steps(kv: &impl Kv, chance: u64) -> Result<Vec<Scan>, KvError> {
    let next = read::commit(kv)?.next_doc.0.max(1);
    let picked = kv.page(Space::Document, &keys::document(DocId(chance % next)), None, 1)?;
    let picked = picked.first().map(|(_, record)| Document::decode_stored(record)).transpose()?;
    let mut steps = Vec::new();
    for source in read::sources(kv)?.places {
        let begin = picked.as_ref().filter(|doc| covers(&source.path, &doc.path)).map(|doc| doc.path.clone());
        let step = |after| Scan { source: source.clone(), scope: source.path.clone(), after };
        steps.push(step(None));
        steps.extend(begin.map(|begin| step(Some(begin))));
    }
    Ok(steps)
}

/// The paths of some files with their stamps, each once: a place that is named in a watched folder, and the second stretch of a source, may
/// have the same files. At most `2 * SCAN_BATCH` of each source.
type Paths = BTreeMap<Vec<u8>, FileStamp>;
/// Files that the store has otherwise, with the document of each that is gone.
type Different = BTreeMap<Vec<u8>, Option<DocId>>;

/// The files that were looked at, and those that the store has otherwise.
fn look(kv: &impl Kv, folders: &Folders, steps: &[Scan]) -> Result<(Paths, Different), KvError> {
    let (mut looked, mut different) = (Paths::new(), Different::new());
    for step in steps {
        let listing = folders.list_without(step, &watched(kv)?, &private(kv)?);
        looked.extend(listing.entries.iter().map(|entry| (entry.path.clone(), entry.stamp)));
        let Outcome::Scanned { changes, mut gone, .. } = compare(kv, step, listing)? else { continue };
        for change in changes {
            match change {
                Change::Seen { path, .. } => _ = different.insert(path, None),
                Change::Gone(found) => gone.push(found),
                _ => {}
            }
        }
        for found in gone {
            let known = read::document(kv, found.doc)?.filter(|known| FoundDocument::new(found.doc, known) == found);
            different.extend(known.map(|known| (known.path, Some(found.doc))));
        }
    }
    Ok((looked, different))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Ring;
    use crate::platform::source::source_at;
    use crate::scheduler::addition::Addition;
    use crate::store::library::Library;
    use crate::store::memory::MemoryKv;
    use crate::store::record::{Source, Sources};
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    fn source_of(path: &Path) -> Source {
        let Addition { path, collection, device, .. } = source_at(path, "home", None).unwrap();
        Source { path, collection, ring: Ring::Mesh, device }
    }

    #[test]
    fn files_that_are_new_changed_or_gone_are_found_and_the_rest_is_content() {
        let folder = tempfile::tempdir().unwrap();
        let docs = fs::canonicalize(folder.path()).unwrap();
        let path = |name: &str| docs.join(name).as_os_str().as_bytes().to_vec();
        for name in ["changed.md", "gone.md", "same.md"] {
            fs::write(docs.join(name), "The same words.").unwrap();
        }
        let folders = Folders::new("/nonexistent".into());
        let source = source_of(&docs);
        let mut library = Library::open(MemoryKv::default()).unwrap();
        library.apply(&Change::Sources(Sources::from(vec![source.clone()]))).unwrap();
        let step = Scan { scope: source.path.clone(), source, after: None };
        let Outcome::Scanned { changes, .. } = compare(library.kv(), &step, folders.list(&step, &[])).unwrap() else {
            panic!("not scanned")
        };
        changes.iter().for_each(|change| drop(library.apply(change).unwrap()));
        let check = |library: &Library<MemoryKv>| spot_check(library.kv(), &folders, 7, || true).unwrap();
        let well = check(&library);
        assert!(well.different.is_empty());
        assert_eq!(well.looked, 3, "each file counts once");

        fs::write(docs.join("changed.md"), "Other words, and more of them.").unwrap();
        fs::write(docs.join("new.md"), "New words.").unwrap();
        fs::remove_file(docs.join("gone.md")).unwrap();
        let bad = check(&library);
        assert!(bad.different.iter().map(|(path, _)| path).eq(&[path("changed.md"), path("gone.md"), path("new.md")]));
        assert_eq!(bad.looked, 4, "the one that is gone counts too");
    }

    #[test]
    fn a_file_with_another_hard_link_is_read_and_has_not_changed() {
        let folder = tempfile::tempdir().unwrap();
        let docs = fs::canonicalize(folder.path()).unwrap().join("docs");
        fs::create_dir(&docs).unwrap();
        let names = ["a.md", "b.md"].map(|name| docs.join(name));
        names.iter().for_each(|name| fs::write(name, "The same words.").unwrap());
        let folders = Folders::new("/nonexistent".into());
        let source = source_of(&docs);
        let mut library = Library::open(MemoryKv::default()).unwrap();
        library.apply(&Change::Sources(Sources::from(vec![source.clone()]))).unwrap();
        let step = Scan { scope: source.path.clone(), source, after: None };
        let listing = folders.list(&step, &[]);
        let stamps: Vec<_> = listing.entries.iter().map(|entry| entry.stamp).collect();
        let Outcome::Scanned { changes, .. } = compare(library.kv(), &step, listing).unwrap() else { panic!() };
        changes.iter().for_each(|change| drop(library.apply(change).unwrap()));
        let known = read::documents_under(library.kv(), &step.scope, None, 9).unwrap();
        for (doc, stamp) in known.into_iter().map(|(doc, _)| doc).zip(stamps) {
            let content = content_hash(b"The same words.");
            library.apply(&Change::Chunked { doc, stamp, content, chunks: Vec::new() }).unwrap();
        }
        #[expect(clippy::disallowed_methods, reason = "a test waits on its own thread")]
        // The time of the last change of metadata has the grain of the kernel's tick.
        std::thread::sleep(Duration::from_millis(20));
        let outside = |name: &Path| folder.path().join(name.file_name().unwrap());
        names.iter().for_each(|name| fs::hard_link(name, outside(name)).unwrap());
        let spot = spot_check(library.kv(), &folders, 7, || true).unwrap();
        assert_eq!((spot.looked, spot.different.len()), (2, 0));
        // The same length, and the time of the last change set back.
        let before = fs::metadata(&names[0]).unwrap().modified().unwrap();
        fs::write(&names[0], "The some words.").unwrap();
        fs::File::options().write(true).open(&names[0]).unwrap().set_modified(before).unwrap();
        let spot = spot_check(library.kv(), &folders, 7, || true).unwrap();
        assert!(spot.different.iter().map(|(path, _)| path).eq([&names[0].as_os_str().as_bytes().to_vec()]));
    }

    #[test]
    fn a_file_with_another_hard_link_that_is_not_read_yet_or_cannot_be_used_has_not_changed_either() {
        let folder = tempfile::tempdir().unwrap();
        let docs = fs::canonicalize(folder.path()).unwrap().join("docs");
        fs::create_dir(&docs).unwrap();
        let reasons = [None, Some("A PDF with no text."), Some("It cannot be read: permission denied.")];
        let names = ["a new.md", "b scan.pdf", "c locked.md"].map(|name| docs.join(name));
        names.iter().for_each(|name| fs::write(name, "The same words.").unwrap());
        let folders = Folders::new("/nonexistent".into());
        let source = source_of(&docs);
        let mut library = Library::open(MemoryKv::default()).unwrap();
        library.apply(&Change::Sources(Sources::from(vec![source.clone()]))).unwrap();
        let step = Scan { scope: source.path.clone(), source, after: None };
        let Outcome::Scanned { changes, .. } = compare(library.kv(), &step, folders.list(&step, &[])).unwrap() else {
            panic!("not scanned")
        };
        changes.iter().for_each(|change| drop(library.apply(change).unwrap()));
        let known = read::documents_under(library.kv(), &step.scope, None, 9).unwrap();
        for ((doc, known), reason) in known.into_iter().zip(reasons) {
            let Some(reason) = reason.map(str::to_owned) else { continue };
            library.apply(&Change::Refused { doc, stamp: known.stamp, reason, keep: false }).unwrap();
        }
        #[expect(clippy::disallowed_methods, reason = "a test waits on its own thread")]
        // The time of the last change of metadata has the grain of the kernel's tick.
        std::thread::sleep(Duration::from_millis(20));
        let outside = |name: &Path| folder.path().join(name.file_name().unwrap());
        names.iter().for_each(|name| fs::hard_link(name, outside(name)).unwrap());
        let spot = spot_check(library.kv(), &folders, 7, || true).unwrap();
        let different: Vec<_> = spot.different.iter().map(|(path, _)| path.as_slice()).collect();
        assert_eq!((spot.looked, different), (3, vec![names[2].as_os_str().as_bytes()]), "that one can be read now");
    }

    #[test]
    fn a_file_of_two_watched_places_counts_once_and_what_is_gone_and_known_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let docs = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir(docs.join(".diary")).unwrap();
        for name in ["a.md", "b.md", ".diary/c.md", ".diary/d.md"] {
            fs::write(docs.join(name), "The same words.").unwrap();
        }
        let folders = Folders::new("/nonexistent".into());
        let sources: Vec<_> = [docs.clone(), docs.join(".diary")].map(|path| source_of(&path)).into();
        let mut library = Library::open(MemoryKv::default()).unwrap();
        library.apply(&Change::Sources(Sources::from(sources.clone()))).unwrap();
        let step = Scan { scope: sources[0].path.clone(), source: sources[0].clone(), after: None };
        let listing = folders.list(&step, &watched(library.kv()).unwrap());
        let Outcome::Scanned { changes, .. } = compare(library.kv(), &step, listing).unwrap() else { panic!() };
        changes.iter().for_each(|change| drop(library.apply(change).unwrap()));
        for chance in 0..8 {
            assert_eq!(spot_check(library.kv(), &folders, chance, || true).unwrap().looked, 4, "chance {chance}");
        }
        for name in ["b.md", ".diary/c.md", ".diary/d.md"] {
            fs::remove_file(docs.join(name)).unwrap();
        }
        let mut spot = spot_check(library.kv(), &folders, 3, || true).unwrap();
        assert_eq!((spot.looked, spot.different.len()), (4, 3), "not more differ than there are");
        let asked = spot.different.iter().filter_map(|(_, doc)| *doc).min();
        spot.set_aside(|doc| Some(doc) != asked);
        assert_eq!((spot.different.len(), spot.undecided), (1, 2));
    }
}
