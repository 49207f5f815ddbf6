//! How many documents each watched place has, written down outside the store. When the store is damaged or gone, it is made
//! anew from the owner's files; what cannot be read again is what lies on a disk that is away. Only this file tells then what
//! that was.
//!
//! What was lost in that way stands in a file of its own until it can be read again, or its owner forgets the folder.
//!
//! Both files are lists of marks (`store::record`). Of the counts there is one for each watched place, one for each place in
//! them that is away, and one for the documents of a watched place that their owner keeps without their files. These are counted
//! by a walk over all documents: when their owner decides, and then as often as the others, but for starts, which take the
//! count that is written down.

use super::blocking;
use super::disk::LAYOUT;
use super::home::{Home, HomeFile};
use super::store_aside::due;
use crate::base::count::plural;
use crate::base::finding::{Area, Finding, quoted_bytes};
use crate::base::id::DocId;
use crate::base::path::covers;
use crate::limits::MARKS_MAX;
use crate::store::kv::{KvError, KvRead, Space};
use crate::store::read;
use crate::store::record::{DocState, Document, Mark, MarkKind, Marks, Record, Sources};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The time of the count of documents that are kept without their files. No place is away since then.
const KEPT_SINCE: i64 = 1;

/// Likewise, of a watched place whose owner is asked about documents whose files are gone. How many these are is not counted.
const ASKED_SINCE: i64 = 2;

/// Places that a sentence names.
const PLACES_NAMED: usize = 5;

/// Nothing is counted while a store that was set aside is still to be read: what that had is written down until then.
fn is_of_old_store(home: &Home) -> bool {
    !due(&home.path().join(LAYOUT)).is_empty()
}

/// Counts the documents of each place by the store's list of paths, and writes that down. What was written down before of
/// another number of documents is replaced. The places themselves are not looked at: a share may never answer, and this
/// is done where saves wait.
///
/// # Errors
/// Any `KvError`. A file that cannot be written, on a full disk for example, is left as it is.
pub fn note(home: &Home, kv: &impl KvRead) -> Result<(), KvError> {
    let watched = read::sources(kv)?;
    let is_watched = |kept: &Mark| watched.places.iter().any(|source| source.path == kept.path);
    note_with(home, kv, kept_before(home).into_iter().filter(is_watched).collect())
}

/// The same; what is kept without its file is counted anew too, if any was.
///
/// # Errors
/// As [`note`].
pub fn recount(home: &Home, kv: &impl KvRead) -> Result<(), KvError> {
    let is_any = !kept_before(home).is_empty();
    note_with(home, kv, if is_any { count_kept(kv)? } else { Vec::new() })
}

/// The owner keeps these documents without their files: adds them to those that were counted before.
///
/// # Errors
/// As [`note`].
pub fn add_kept(home: &Home, kv: &impl KvRead, documents: &[DocId]) -> Result<(), KvError> {
    let (watched, mut places) = (read::sources(kv)?, known(home).unwrap_or_default());
    for id in documents {
        // One that was renamed meanwhile is not kept.
        let doc = read::document(kv, *id)?.filter(|doc| doc.stamp.kept_since().is_some());
        let Some(source) = doc.as_ref().and_then(|doc| watched.of(&doc.path)) else { continue };
        add_one(&mut places, &source.path);
        if let Some(others) = places.iter_mut().find(|place| place.path == source.path && place.since == 0) {
            others.documents = others.documents.saturating_sub(1);
        }
    }
    places.truncate(MARKS_MAX);
    write_counts(home, places);
    Ok(())
}

fn add_one(kept: &mut Vec<Mark>, source: &[u8]) {
    match kept.iter_mut().find(|place| is_kept(place) && place.path == source) {
        Some(place) => place.documents += 1,
        None => kept.push(Mark { since: KEPT_SINCE, documents: 1, ..place(source.to_vec()) }),
    }
}

fn kept_before(home: &Home) -> Vec<Mark> {
    known(home).unwrap_or_default().into_iter().filter(is_kept).collect()
}

fn count_kept(kv: &impl KvRead) -> Result<Vec<Mark>, KvError> {
    let watched = read::sources(kv)?;
    let mut kept: Vec<Mark> = Vec::new();
    read::walk(kv, Space::Document, |_, value| {
        let doc = Document::decode_stored(value)?;
        let is_kept = doc.state != DocState::Tombstoned && doc.stamp.kept_since().is_some();
        if let Some(source) = watched.of(&doc.path).filter(|_| is_kept) {
            add_one(&mut kept, &source.path);
        }
        Ok(())
    })?;
    Ok(kept)
}

fn note_with(home: &Home, kv: &impl KvRead, mut kept: Vec<Mark>) -> Result<(), KvError> {
    if is_of_old_store(home) {
        return Ok(());
    }
    let mut places: Vec<Mark> =
        read::marks(kv)?.0.into_iter().filter(|mark| mark.kind != MarkKind::Forgotten).collect();
    // What waits to be read cannot be read again either.
    for place in &mut places {
        (place.documents, place.partly, place.read, place.unread) = (place.known(), 0, 0, 0);
    }
    places.append(&mut kept);
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
        let is_within = |mark: &&Mark| {
            if is_kept(mark) { mark.path == source.path } else { covers(&source.path, &mark.path) }
        };
        let within = places.iter().filter(is_within).map(|mark| mark.documents).fold(0, u64::saturating_add);
        source.documents = source.documents.saturating_sub(within);
    }
    sources.extend(read::asked(kv)?.0.into_iter().map(|path| Mark { since: ASKED_SINCE, documents: 1, ..place(path) }));
    sources.append(&mut places);
    sources.retain(|place| place.documents > 0);
    sources.truncate(MARKS_MAX);
    write_counts(home, sources);
    Ok(())
}

fn write_counts(home: &Home, places: Vec<Mark>) {
    let bytes = Marks(places).encode();
    if home.read(HomeFile::Counts).ok().flatten().is_none_or(|before| before != bytes)
        && let Err(error) = home.write(HomeFile::Counts, &bytes)
    {
        log::warn!("How many documents each folder has cannot be written down: {error}.");
    }
}

const fn place(path: Vec<u8>) -> Mark {
    Mark::new(path, MarkKind::Kept)
}

/// How many documents the store had, as far as it was written down.
pub(super) fn known(home: &Home) -> Option<Vec<Mark>> {
    let bytes = home.read(HomeFile::Counts).ok().flatten()?;
    Some(Marks::decode(&bytes)?.0)
}

/// What went with a store and cannot be read again now, for people: the documents of places that are away. Empty if there
/// are none. It is written down, so that later starts know it too.
pub(super) fn lost_with_store(home: &Home) -> String {
    let counted = known(home);
    let unknown = || home.sources().places.into_iter().map(|source| place(source.path)).collect();
    let places = counted.clone().unwrap_or_else(unknown);
    let (kept, others): (Vec<Mark>, Vec<Mark>) = places.into_iter().partition(is_kept);
    let (asked, others): (Vec<Mark>, Vec<Mark>) = others.into_iter().partition(is_asked);
    let mut known = String::new();
    if !kept.is_empty() {
        known = format!(" {}", sentence_of_kept(&kept));
    }
    if !asked.is_empty() {
        let names = named(&asked, |place| name(&place.path));
        known =
            format!("{known} Documents whose files are gone, and about which you were asked, went with it: {names}.");
    }
    let away: Vec<Mark> = others.into_iter().filter(is_away).collect();
    if away.is_empty() {
        return known;
    }
    add_lost(home, &away);
    match counted {
        Some(_) => format!("{known} {} {AGAIN}", sentence(&away)),
        None => format!(
            " What it had of folders that are away went with it, and is not known any more: {}. {AGAIN}",
            named(&away, |place| name(&place.path))
        ),
    }
}

/// Whether nothing went with a store that cannot be read again now: it is known what it had, and nothing of that was kept, gone or away.
pub(super) fn is_nothing_lost(home: &Home) -> bool {
    let is_lost = |place: &Mark| is_kept(place) || is_asked(place) || is_away(place);
    known(home).is_some_and(|places| places.len() < MARKS_MAX && !places.iter().any(is_lost))
}

/// What a store has lost that was repaired, and cannot be read again now, by what was written down of it; `None` if it has all that.
/// It is written down, so that later starts know it too.
pub(super) fn lost_in_repair(home: &Home, kv: &impl KvRead) -> Result<Option<Finding>, KvError> {
    let away: Vec<Mark> =
        known(home).unwrap_or_default().into_iter().filter(|place| !is_asked(place) && is_away(place)).collect();
    if away.is_empty() || is_of_old_store(home) {
        return Ok(None);
    }
    let (mut left, kept) = (vec![0_u64; away.len()], count_kept(kv)?);
    read::walk(kv, Space::Path, |path, _| {
        let within = away.iter().zip(&mut left).filter(|(place, _)| covers(&place.path, path));
        within.for_each(|(_, left)| *left += 1);
        Ok(())
    })?;
    let lost = away.into_iter().zip(left).filter_map(|(place, left)| {
        let left = if is_kept(&place) {
            kept.iter().filter(|now| now.path == place.path).map(|now| now.documents).sum()
        } else {
            left
        };
        let documents = place.documents.saturating_sub(left);
        (documents > 0).then_some(Mark { documents, ..place })
    });
    let (kept, away): (Vec<Mark>, Vec<Mark>) = lost.partition(is_kept);
    if kept.is_empty() && away.is_empty() {
        return Ok(None);
    }
    let mut what = "A part of the store was gone, and it was repaired from what is left.".to_owned();
    if !kept.is_empty() {
        what = format!("{what} {}", sentence_of_kept(&kept));
    }
    if !away.is_empty() {
        add_lost(home, &away);
        what = format!("{what} {} {AGAIN}", sentence(&away));
    }
    Ok(Some(Finding { area: Area::State, what, command: Some("dmesg --level=err,warn".to_owned()) }))
}

/// These documents were not carried over from a damaged store: later starts tell those of places that are away.
pub(super) fn note_lost(home: &Home, places: &[Mark]) {
    let away: Vec<Mark> = places.iter().filter(|place| is_away(place)).cloned().collect();
    if !away.is_empty() {
        add_lost(home, &away);
    }
}

fn add_lost(home: &Home, away: &[Mark]) {
    let mut all = lost(home);
    all.retain(|before| !away.iter().any(|place| (&place.path, place.volume) == (&before.path, before.volume)));
    all.extend(away.iter().cloned());
    all.truncate(MARKS_MAX);
    write_lost(home, all);
}

/// What went with a store before an earlier start, and cannot be read again yet.
/// `watched` is what the agent watches: the list in the open store, not the file beside it, which may be lost.
pub(super) fn lost_before(home: &Home, watched: &Sources) -> Option<Finding> {
    let all = lost(home);
    let is_watched = |place: &Mark| watched.of(&place.path).is_some();
    let away: Vec<Mark> = all.iter().filter(|place| is_watched(place) && is_away(place)).cloned().collect();
    if away.len() < all.len() {
        write_lost(home, away.clone());
    }
    if away.is_empty() {
        return None;
    }
    let file = home.file(HomeFile::Lost);
    let [file, copy] =
        [file.clone(), file.with_extension("copy")].map(|path| quoted_bytes(path.as_os_str().as_encoded_bytes()));
    let command = format!("rm {file} {copy}");
    let what = format!(
        "The store was made anew, or repaired, at an earlier start. {} {AGAIN} If they are gone for good, `{command}` ends this notice at the \
         next start.",
        sentence(&away)
    );
    Some(Finding { area: Area::State, what, command: Some(command) })
}

fn lost(home: &Home) -> Vec<Mark> {
    let bytes = home.read(HomeFile::Lost).ok().flatten();
    bytes.and_then(|bytes| Marks::decode(&bytes)).map(|marks| marks.0).unwrap_or_default()
}

fn write_lost(home: &Home, places: Vec<Mark>) {
    if let Err(error) = home.write(HomeFile::Lost, &Marks(places).encode()) {
        log::warn!("What was lost with the store cannot be written down: {error}.");
    }
}

/// How many documents of which places went with a store.
fn sentence(away: &[Mark]) -> String {
    let documents: u64 = away.iter().map(|place| place.documents).sum();
    let names = named(away, |place| match place.documents {
        0 => name(&place.path),
        documents => format!("{} ({documents})", name(&place.path)),
    });
    let (documents, of) = match documents {
        0 => ("Documents".to_owned(), "folders that are away"),
        1 => ("One document".to_owned(), "a folder that is away"),
        documents => (format!("{documents} documents"), "folders that are away"),
    };
    format!("{documents} of {of} went with it, and cannot be read again now: {names}.")
}

/// How many documents, kept without their files, went with a store.
fn sentence_of_kept(kept: &[Mark]) -> String {
    let documents: u64 = kept.iter().map(|place| place.documents).sum();
    let names = named(kept, |place| format!("{} ({})", name(&place.path), place.documents));
    let many = match documents {
        1 => "One document that was kept without its file".to_owned(),
        documents => format!("{documents} documents that were kept without their files"),
    };
    format!("{many} went with it: {names}.")
}

fn named(places: &[Mark], told: impl Fn(&Mark) -> String) -> String {
    let names = places.iter().take(PLACES_NAMED).map(told).collect::<Vec<_>>().join(", ");
    let more = places.len().saturating_sub(PLACES_NAMED);
    if more == 0 { names } else { format!("{names} and {more} more {}", plural(more as u64, "place", "places")) }
}

const AGAIN: &str =
    "Attach the disk, or put the folder back, and the documents are indexed again; until then they do not answer.";

fn name(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

/// Whether these are documents that their owner keeps without their files.
fn is_kept(place: &Mark) -> bool {
    place.kind == MarkKind::Kept && place.since == KEPT_SINCE
}

/// Whether their owner is asked about documents of this place.
fn is_asked(place: &Mark) -> bool {
    place.kind == MarkKind::Kept && place.since == ASKED_SINCE
}

/// Whether nothing of a place can be read: it is not there, it is an empty folder (the mount point of a disk that is
/// unplugged), it does not answer, or its owner kept documents of it while it was away (such a mark has a time, and a watched
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
mod test;
