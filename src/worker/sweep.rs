//! Documents that are to be deleted: those below a place that their owner wants forgotten, and those of no watched folder; and those whose
//! vectors are to be made anew with another model.

use crate::base::id::DocId;
use crate::base::path;
use crate::limits::SCAN_BATCH;
use crate::scheduler::task::Outcome;
use crate::store::change::{Change, FoundDocument};
use crate::store::keys::{self, STAMP};
use crate::store::kv::{Kv, KvError, KvRead, Space};
use crate::store::models;
use crate::store::read;
use crate::store::record::{DocState, Document, MarkKind};

/// The next documents to delete. What was deleted before is not found again, so each step begins at the place's first.
///
/// # Errors
/// Any `KvError`; the step can be done again.
pub(super) fn sweep(kv: &impl Kv) -> Result<Outcome, KvError> {
    // Marks, sources and documents of one moment.
    let kv = &kv.snapshot();
    let marks = read::marks(kv)?;
    let Some(place) = marks.0.into_iter().find(|mark| mark.kind == MarkKind::Forgotten) else {
        let docs = unwatched(kv, SCAN_BATCH)?;
        if docs.is_empty()
            && let Some(after) = models::remodel(kv)?
        {
            return outdated(kv, &after).map(Outcome::Outdated);
        }
        let last = docs.len() < SCAN_BATCH;
        return Ok(Outcome::Swept { place: None, docs, last });
    };
    let (mut docs, mut after) = (Vec::new(), None);
    loop {
        let page = read::documents_under(kv, &place.path, after.as_deref(), SCAN_BATCH)?;
        let last = page.len() < SCAN_BATCH;
        after = page.last().map(|(_, doc)| doc.path.clone());
        let meant = page.into_iter().filter(|(_, doc)| place.volume == 0 || doc.stamp.volume() == place.volume);
        docs.extend(meant.map(|(id, doc)| FoundDocument::new(id, &doc)));
        if last || !docs.is_empty() {
            return Ok(Outcome::Swept { place: Some(place), docs, last });
        }
    }
}

/// What makes the vectors of other models than their collection's, of the next documents after this path, ones to be made anew.
fn outdated(kv: &impl KvRead, after: &[u8]) -> Result<Vec<Change>, KvError> {
    let page = kv.page(Space::Path, &[after, &[0]].concat(), None, SCAN_BATCH)?;
    let found = page.iter().filter(|(path, _)| path[..] != STAMP);
    let ids = found.filter_map(|(_, id)| keys::number(id).map(DocId));
    let mut changes: Vec<Change> = ids.map(|doc| Change::Outdated { doc }).collect();
    let next = page.last().filter(|_| page.len() == SCAN_BATCH).map(|(path, _)| path.clone());
    changes.push(Change::Remodel(next));
    Ok(changes)
}

/// A step of the list of documents at this place that their owner keeps without their files: those among the next `SCAN_BATCH` after
/// the path.
///
/// # Errors
/// Any `KvError`; the step can be done again.
pub(super) fn kept(kv: &impl Kv, place: &[u8], after: Option<&[u8]>) -> Result<Outcome, KvError> {
    let page = read::documents_under(&kv.snapshot(), place, after, SCAN_BATCH)?;
    let next = page.last().filter(|_| page.len() == SCAN_BATCH).map(|(_, doc)| doc.path.clone());
    let is_kept = |doc: &Document| doc.state != DocState::Tombstoned && doc.stamp.kept_since().is_some();
    let kept = page.into_iter().filter(|(_, doc)| is_kept(doc)).map(|(id, doc)| FoundDocument::new(id, &doc));
    Ok(Outcome::Kept(kept.collect(), next))
}

/// Documents that lie in no watched folder, at most `max`: nobody would look at their files again. An agent of before
/// November 2026 left them when `/` was forgotten. What lies below a source is stepped over.
///
/// # Errors
/// Any `KvError`.
pub fn unwatched(kv: &impl KvRead, max: usize) -> Result<Vec<FoundDocument>, KvError> {
    let sources = read::sources(kv)?;
    let (mut found, mut from) = (Vec::new(), Vec::new());
    while found.len() < max {
        let page = kv.page(Space::Path, &from, None, max)?;
        let Some((last, _)) = page.last() else { break };
        let mut next = [&last[..], &[0]].concat();
        for (place, id) in page.iter().filter(|(place, _)| place[..] != STAMP) {
            match sources.of(place) {
                None => {
                    let Some(id) = keys::number(id).map(DocId).filter(|_| found.len() < max) else { continue };
                    found.extend(read::document(kv, id)?.map(|doc| FoundDocument::new(id, &doc)));
                }
                Some(source) if source.path == *place => {}
                Some(source) => {
                    let Some(end) = keys::after_prefix(&path::prefix(&source.path)) else { return Ok(found) };
                    next = end;
                    break;
                }
            }
        }
        from = next;
    }
    found.truncate(max);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::{ReplyId, Ring};
    use crate::base::time::Instant;
    use crate::scheduler::saves::Saved;
    use crate::scheduler::task::{Away, Tally, Task};
    use crate::scheduler::{Config, Input, Output, Scheduler, WorkAllowance};
    use crate::store::counts::StoreCounts;
    use crate::store::library::Library;
    use crate::store::memory::MemoryKv;
    use crate::store::record::{FileStamp, Mark, Marks, Source, Sources};

    fn library(sources: &[&str], paths: &[&str]) -> (Library<MemoryKv>, Vec<DocId>) {
        let mut library = Library::open(MemoryKv::new()).unwrap();
        let source =
            |path: &&str| Source { path: (*path).into(), collection: "home".into(), ring: Ring::Mesh, device: 1 };
        library.apply(&Change::Sources(Sources::from(sources.iter().map(source).collect::<Vec<_>>()))).unwrap();
        let seen = |path: &&str| Change::Seen {
            path: (*path).into(),
            stamp: FileStamp::default(),
            collection: "home".into(),
            ring: Ring::Mesh,
        };
        let docs = paths.iter().map(|path| library.apply(&seen(path)).unwrap().doc.unwrap()).collect();
        (library, docs)
    }

    #[test]
    fn the_root_and_a_folder_are_swept_with_all_below_them() {
        for (place, count) in [("/", 3), ("/a", 2), ("/a/", 2), ("/c", 0)] {
            let (mut library, all) = library(&[], &["/a/b.md", "/a/c/d.md", "/ab.md"]);
            let mark = Mark::new(place.into(), MarkKind::Forgotten);
            library.apply(&Change::Marks(Marks(vec![mark]))).unwrap();
            let Outcome::Swept { docs, last, .. } = sweep(library.kv()).unwrap() else { panic!() };
            let docs: Vec<DocId> = docs.iter().map(|found| found.doc).collect();
            assert_eq!((docs.as_slice(), last), (&all[..count], true), "{place}");
        }
    }

    #[test]
    fn documents_of_no_watched_folder_are_swept_and_all_others_stay() {
        let paths = ["/a/b.md", "/a-b/c.md", "/b", "/b.md", "/c/d/e.md", "/d.md"];
        for (sources, strays) in [
            (&["/a", "/b", "/c/d/e.md"][..], &[1, 3, 5][..]),
            (&["/"], &[]),
            (&["/c/d", "/c"], &[0, 1, 2, 3, 5]),
            (&[], &[0, 1, 2, 3, 4, 5]),
        ] {
            let (library, all) = library(sources, &paths);
            // In the order of paths, in which `-` and `.` come before `/`.
            let mut strays: Vec<_> = strays.iter().map(|at: &usize| (paths[*at], all[*at])).collect();
            strays.sort_unstable();
            let strays: Vec<DocId> = strays.into_iter().map(|(_, id)| id).collect();
            let Outcome::Swept { place: None, docs, last: true } = sweep(library.kv()).unwrap() else { panic!() };
            let found = |docs: Vec<FoundDocument>| docs.iter().map(|found| found.doc).collect::<Vec<_>>();
            assert_eq!(found(docs), strays, "{sources:?}");
            for max in 1..3 {
                let some = found(unwatched(library.kv(), max).unwrap());
                assert_eq!(some, strays[..max.min(strays.len())], "{sources:?}");
            }
        }
    }

    /// Takes the outputs: each save is applied to the store, and each task is a sweep of it or a scan with this outcome. Gives the tasks.
    fn carry_out(
        machine: &mut Scheduler,
        library: &mut Library<MemoryKv>,
        mut out: Vec<Output>,
        scanned: &Outcome,
    ) -> Vec<Task> {
        let (mut tasks, allowance) = (Vec::new(), WorkAllowance { chunks: None });
        for _ in 0..20 {
            machine.handle(Instant::ZERO, Input::Wake, &mut out);
            machine.start_next(allowance, &mut out);
            let inputs: Vec<Input> = std::mem::take(&mut out)
                .into_iter()
                .filter_map(|output| match output {
                    Output::Save(save, changes) => {
                        let applied = changes.iter().map(|change| library.apply(change).unwrap()).collect();
                        // Nothing waits to be read: that is not what this is about.
                        let (counts, number) = (StoreCounts::default(), library.commit().number);
                        Some(Input::Saved(save, Ok(Saved { applied, counts, number, disk_free: u64::MAX })))
                    }
                    Output::Start(id, task) => {
                        let swept = matches!(task, Task::Sweep).then(|| sweep(library.kv()).unwrap());
                        tasks.push(task);
                        Some(Input::Done(id, swept.unwrap_or_else(|| scanned.clone())))
                    }
                    _ => None,
                })
                .collect();
            inputs.into_iter().for_each(|input| machine.handle(Instant::ZERO, input, &mut out));
        }
        tasks
    }

    #[test]
    fn a_forgotten_place_with_files_that_were_never_read_is_swept_until_a_step_finds_nothing() {
        let (mut library, _) = library(&["/a"], &["/a/b.md", "/a/stick/c.md"]);
        let sources = read::sources(library.kv()).unwrap();
        let config = Config { sources, slots: 1, disk_free: u64::MAX, ..Config::default() };
        let mut machine = Scheduler::new(Instant::ZERO, config);
        let away =
            Away { path: b"/a/stick".to_vec(), volume: 0, documents: 1, ready: 0, partly: 0, read: 0, unread: 1 };
        let tally = Box::new(Tally { known: 2, remaining: 2, away: vec![away], ..Tally::default() });
        let (changes, gone, remarks) = (Vec::new(), Vec::new(), Vec::new());
        let scanned = Outcome::Scanned { changes, gone, next: None, remarks, tally };
        carry_out(&mut machine, &mut library, Vec::new(), &scanned);
        assert_eq!(machine.marks()[0].unread, 1);
        let mut out = Vec::new();
        machine.handle(Instant::ZERO, Input::Forget(ReplyId(1), b"/a/stick".to_vec()), &mut out);
        let tasks = carry_out(&mut machine, &mut library, out, &scanned);
        assert_eq!(tasks.iter().filter(|task| matches!(task, Task::Sweep)).count(), 2, "{tasks:?}");
        assert_eq!((machine.marks().len(), read::marks(library.kv()).unwrap().0.len()), (0, 0));
    }

    #[test]
    fn a_document_that_changes_while_its_place_is_swept_is_deleted_before_the_mark_goes() {
        let (mut library, docs) = library(&["/a"], &["/a/b.md"]);
        let sources = read::sources(library.kv()).unwrap();
        let config = Config { sources, slots: 1, disk_free: u64::MAX, ..Config::default() };
        let mut machine = Scheduler::new(Instant::ZERO, config);
        let mut out = Vec::new();
        machine.handle(Instant::ZERO, Input::Forget(ReplyId(1), b"/a".to_vec()), &mut out);
        let mut is_changed = false;
        for _ in 0..20 {
            machine.handle(Instant::ZERO, Input::Wake, &mut out);
            machine.start_next(WorkAllowance { chunks: None }, &mut out);
            for output in std::mem::take(&mut out) {
                let input = match output {
                    Output::Save(save, changes) => {
                        let applied = changes.iter().map(|change| library.apply(change).unwrap()).collect();
                        let (counts, number) = (StoreCounts::default(), library.commit().number);
                        Input::Saved(save, Ok(Saved { applied, counts, number, disk_free: u64::MAX }))
                    }
                    Output::Start(id, Task::Sweep) => {
                        let swept = sweep(library.kv()).unwrap();
                        if !std::mem::replace(&mut is_changed, true) {
                            // An answer of before, that it is kept without its file, is carried out meanwhile.
                            let known = read::document(library.kv(), docs[0]).unwrap().unwrap();
                            let found = FoundDocument::new(docs[0], &known);
                            library.apply(&Change::Kept { found, since: 5 }).unwrap();
                        }
                        Input::Done(id, swept)
                    }
                    Output::Start(id, Task::Scan(_)) => {
                        let (changes, gone, remarks) = (Vec::new(), Vec::new(), Vec::new());
                        Input::Done(id, Outcome::Scanned { changes, gone, next: None, remarks, tally: Box::default() })
                    }
                    Output::Decided(..) => {
                        assert_eq!(read::document_at(library.kv(), b"/a/b.md").unwrap(), None, "acknowledged");
                        continue;
                    }
                    _ => continue,
                };
                machine.handle(Instant::ZERO, input, &mut out);
            }
        }
        assert!(is_changed && machine.marks().is_empty());
        assert_eq!(read::document_at(library.kv(), b"/a/b.md").unwrap(), None);
    }
}
