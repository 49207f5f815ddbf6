//! How many documents each watched place has, written down outside the store. When the store is damaged or gone, it is made
//! anew from the owner's files; what cannot be read again is what lies on a disk that is away. Only this file tells then what
//! that was.
//!
//! The file is a list of marks (`store::record`): one for each watched place, and one for each place in them that is away.

use super::blocking;
use super::home::{Home, HomeFile};
use crate::base::path::covers;
use crate::limits::MARKS_MAX;
use crate::store::kv::{KvError, KvRead, Space};
use crate::store::read;
use crate::store::record::{Mark, MarkKind, Marks, Record};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Places that a sentence names.
const PLACES_NAMED: usize = 5;

/// Counts the documents of each place by the store's list of paths, and writes that down. What was written down before of
/// another number of documents is replaced. The places themselves are not looked at: a share may never answer, and this
/// is done where saves wait.
///
/// # Errors
/// Any `KvError`. A file that cannot be written, on a full disk for example, is left as it is.
pub fn note(home: &Home, kv: &impl KvRead) -> Result<(), KvError> {
    let mut places: Vec<Mark> =
        read::marks(kv)?.0.into_iter().filter(|mark| mark.kind != MarkKind::Forgotten).collect();
    let mut sources: Vec<Mark> = read::sources(kv)?.places.into_iter().map(|source| place(source.path)).collect();
    read::walk(kv, Space::Path, |path, _| {
        let of = sources.iter_mut().filter(|source| covers(&source.path, path));
        if let Some(source) = of.max_by_key(|source| source.path.len()) {
            source.documents += 1;
        }
        Ok(())
    })?;
    for source in &mut sources {
        // Those of a place in it that is away are counted there.
        let within = places.iter().filter(|mark| covers(&source.path, &mark.path)).map(|mark| mark.documents).sum();
        source.documents = source.documents.saturating_sub(within);
    }
    sources.append(&mut places);
    sources.retain(|place| place.documents > 0);
    sources.truncate(MARKS_MAX);
    let bytes = Marks(sources).encode();
    if home.read(HomeFile::Counts).ok().flatten().is_none_or(|before| before != bytes)
        && let Err(error) = home.write(HomeFile::Counts, &bytes)
    {
        log::warn!("How many documents each folder has cannot be written down: {error}.");
    }
    Ok(())
}

const fn place(path: Vec<u8>) -> Mark {
    Mark { path, volume: 0, since: 0, documents: 0, kind: MarkKind::Kept }
}

/// How many documents the store had, as far as it was written down.
pub(super) fn known(home: &Home) -> Option<Vec<Mark>> {
    let bytes = home.read(HomeFile::Counts).ok().flatten()?;
    Some(Marks::decode(&bytes)?.0)
}

/// What went with a store and cannot be read again now, for people: the documents of places that are away. Empty if there
/// are none.
pub(super) fn lost_with_store(home: &Home) -> String {
    let Some(known) = known(home) else {
        let away: Vec<Mark> = home.sources().places.into_iter().map(|source| place(source.path)).filter(is_away).collect();
        let names = away.iter().take(PLACES_NAMED).map(|place| name(&place.path)).collect::<Vec<_>>().join(", ");
        if names.is_empty() {
            return String::new();
        }
        return format!(
            " What it had of folders that are away went with it, and is not known any more: {names}. {AGAIN}"
        );
    };
    let away: Vec<Mark> = known.into_iter().filter(is_away).collect();
    let documents: u64 = away.iter().map(|place| place.documents).sum();
    if documents == 0 {
        return String::new();
    }
    let told = |place: &Mark| format!("{} ({})", name(&place.path), place.documents);
    let names = away.iter().take(PLACES_NAMED).map(told).collect::<Vec<_>>().join(", ");
    let more = away.len().saturating_sub(PLACES_NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more places") };
    let (documents, of) = if documents == 1 {
        ("One document".to_owned(), "a folder that is away")
    } else {
        (format!("{documents} documents"), "folders that are away")
    };
    format!(" {documents} of {of} went with it, and cannot be read again now: {names}{more}. {AGAIN}")
}

const AGAIN: &str =
    "Attach the disk, or put the folder back, and the documents are indexed again; until then they do not answer.";

fn name(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

/// Whether nothing of a place can be read: it is not there, it is an empty folder (the mount point of a disk that is
/// unplugged), it does not answer, or its owner kept documents whose files are gone (such a mark has a time, and a watched
/// place has none).
fn is_away(place: &Mark) -> bool {
    let path = Path::new(OsStr::from_bytes(&place.path)).to_owned();
    let look = {
        let path = path.clone();
        move || {
            fs::metadata(&path).is_ok_and(|meta| {
                !meta.is_dir() || fs::read_dir(&path).is_ok_and(|mut entries| entries.next().is_some())
            })
        }
    };
    (place.kind == MarkKind::Kept && place.since > 0) || !smol::block_on(blocking::look(&path, look)).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Ring;
    use crate::store::change::Change;
    use crate::store::library::Library;
    use crate::store::memory::MemoryKv;
    use crate::store::record::{FileStamp, Source, Sources};

    #[test]
    fn documents_are_counted_by_place_and_those_of_places_that_are_gone_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        let path = |name: &str| root.join(name).as_os_str().as_bytes().to_vec();
        for place in ["here", "gone"] {
            fs::create_dir(root.join(place)).unwrap();
        }
        fs::write(root.join("gone/d"), "").unwrap();
        fs::write(root.join("here/a"), "").unwrap();
        let home = Home::open(&root.join("home")).unwrap();
        let source = |name: &str| Source { path: path(name), collection: "home".into(), ring: Ring::Mesh, device: 1 };
        let mut library = Library::open(MemoryKv::default()).unwrap();
        library.apply(&Change::Sources(Sources::from(vec![source("here"), source("gone")]))).unwrap();
        for file in ["here/a", "here/stick/b", "here/stick/c", "gone/d"] {
            let (path, stamp) = (path(file), FileStamp::default());
            library.apply(&Change::Seen { path, stamp, collection: "home".into(), ring: Ring::Mesh }).unwrap();
        }
        let stick = Mark { path: path("here/stick"), volume: 7, since: 1, documents: 2, kind: MarkKind::Away };
        library.apply(&Change::Marks(Marks(vec![stick]))).unwrap();
        note(&home, library.kv()).unwrap();
        let counts: Vec<u64> = known(&home).unwrap().iter().map(|place| place.documents).collect();
        assert_eq!(counts, [1, 1, 2]);
        let says = lost_with_store(&home);
        assert!(says.contains(" 2 documents of folders") && says.contains("here/stick (2). Attach the disk"), "{says}");
        fs::remove_dir_all(root.join("gone")).unwrap();
        let says = lost_with_store(&home);
        assert!(says.contains(" 3 documents") && says.contains("gone (1), ") && !says.contains("here (1)"), "{says}");
        fs::create_dir_all(root.join("here/stick/x")).unwrap();
        fs::create_dir(root.join("gone")).unwrap();
        let says = lost_with_store(&home);
        assert!(says.contains("gone (1)"), "an empty folder is the mount point of what is away: {says}");
        fs::write(root.join("gone/d"), "").unwrap();
        assert_eq!(lost_with_store(&home), "", "all is there");
    }
}
