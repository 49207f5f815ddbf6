//! Places that changed, when each of them is scanned, and the scans that wait.
//!
//! A dirty place is scanned `SETTLE_MS` after its last change, and `SETTLE_MS_MAX` after its first at the latest. Everything is scanned at
//! the start, after lost notifications, and every `RESCAN_MS`; a source whose changes the system does not report, every few seconds to minutes.

use super::ignored::Ignored;
use super::key_files::LeftOut;
use super::path::covers;
use super::replaced::ReplacedDisks;
use super::sources::WatchedSources;
use super::task::{Scan, Task};
use crate::base::time::{Duration, Instant, earliest};
use crate::limits::{
    DIRTY_MAX, POLL_MS_MIN, REMARKS_STEP_MAX, REMARKS_TOLD_MAX, RESCAN_MS, SETTLE_MS, SETTLE_MS_MAX, SOURCES_MAX,
};
use crate::store::record::Source;
use heapless::{Deque, Vec as Bounded};
use std::collections::BTreeSet;

/// The planned scans, the first of which may be under way, and the dirty places, to be planned later.
#[derive(Debug)]
pub(super) struct Scans {
    pub(super) queue: ScanQueue,
    pending: Deque<Scan, { SOURCES_MAX * 2 }>,
    under_way: bool,
    /// Whether changes could not be saved, and are not all looked at since.
    pub(super) are_behind: bool,
    polls: Vec<Poll>,
    /// The sources that have all their watches, as the watcher said.
    pub(super) followed: Vec<Vec<u8>>,
    /// The places that this user may not read, as the watcher said.
    pub(super) locked: Vec<Vec<u8>>,
    /// What was told of places that are left out: the next look at them says the same.
    told: BTreeSet<String>,
    /// The files of keys and passwords among those places.
    pub(super) left_out: LeftOut,
    /// What files of patterns leave out.
    pub(super) ignored: Ignored,
    /// Disks in the place of others.
    pub(super) replaced: ReplacedDisks,
}

/// A source that is scanned on a schedule.
#[derive(Debug)]
struct Poll {
    source: Vec<u8>,
    due: Instant,
}

impl Scans {
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            queue: ScanQueue::new(now),
            pending: Deque::new(),
            under_way: false,
            are_behind: false,
            polls: Vec::new(),
            followed: Vec::new(),
            locked: Vec::new(),
            told: BTreeSet::new(),
            left_out: LeftOut::new(),
            ignored: Ignored::new(),
            replaced: ReplacedDisks::new(),
        }
    }

    /// What of these remarks was not told before: each is told once, and no more than `REMARKS_TOLD_MAX` in all.
    pub(super) fn new_remarks(&mut self, remarks: Vec<String>) -> Vec<String> {
        let room = REMARKS_TOLD_MAX - self.told.len();
        let new: Vec<String> =
            remarks.into_iter().filter(|remark| !self.told.contains(remark)).take(room.min(REMARKS_STEP_MAX)).collect();
        self.told.extend(new.iter().cloned());
        new
    }

    /// Whether any scan waits or is under way.
    pub(super) fn any(&self) -> bool {
        self.under_way || !self.pending.is_empty()
    }

    /// Whether a scan in this source waits or is under way.
    pub(super) fn is_planned(&self, source: &[u8]) -> bool {
        self.pending.iter().any(|scan| scan.source.path == source)
    }

    /// Whether the scan that is under way, or is the next, is one in this source.
    pub(super) fn is_first(&self, source: &[u8]) -> bool {
        self.pending.front().is_some_and(|scan| scan.source.path == source)
    }

    /// Plans the next place that is due, once the planned scans are over.
    pub(super) fn plan(&mut self, now: Instant, sources: &WatchedSources, is_crowd: impl Fn(&[u8], usize) -> bool) {
        while !self.any()
            && let Some(place) = self.queue.due(now)
        {
            let scans: Vec<Scan> = match place {
                Place::Everything => sources.saved.places.iter().map(whole).collect(),
                Place::Scope(scope) => self.scans_of(&scope, sources, &is_crowd),
            };
            for scan in scans {
                self.queue.is_scanned(&scan.scope);
                // There is room for twice the number of sources, and the deque is empty before.
                let _ = self.pending.push_back(scan);
            }
        }
    }

    /// The scans that a changed place needs. Where a source's changed places are a crowd, all of it is scanned. What covered the place may be forgotten since: then it
    /// stands for the sources in it, whose own changes it has taken in, and for those in a changed place of a source: files of keys and hidden folders that their owner named.
    fn scans_of(&self, scope: &[u8], sources: &WatchedSources, is_crowd: impl Fn(&[u8], usize) -> bool) -> Vec<Scan> {
        let Some(source) = sources.covering(scope) else {
            return sources.saved.places.iter().filter(|source| covers(scope, &source.path)).map(whole).collect();
        };
        let is_crowd = is_crowd(&source.path, 1 + self.queue.below(&source.path));
        let scope = if is_crowd { source.path.as_slice() } else { scope };
        let named = sources.saved.places.iter().filter(|other| other.path != source.path && covers(scope, &other.path));
        let first = Scan { source: source.clone(), scope: scope.to_vec(), after: None };
        std::iter::once(first).chain(named.map(whole)).collect()
    }

    /// Exactly these sources are polled, each after this time; those that are polled already keep theirs.
    pub(super) fn poll(&mut self, now: Instant, sources: Vec<Vec<u8>>) {
        let old = std::mem::take(&mut self.polls);
        let due = |source: &[u8]| old.iter().find(|poll| poll.source == source).map(|poll| poll.due);
        let first = now + Duration::from_millis(POLL_MS_MIN);
        let poll = |source: Vec<u8>| Poll { due: due(&source).unwrap_or(first), source };
        self.polls = sources.into_iter().take(SOURCES_MAX).map(poll).collect();
    }

    /// Whether the system reports the changes of this source: nobody may say so before its watches are set.
    pub(super) fn is_followed(&self, source: &[u8]) -> bool {
        self.followed.iter().any(|path| path == source) && self.polls.iter().all(|poll| poll.source != source)
    }

    /// Marks the polled sources that are due; `interval` gives the time until the next look at one.
    pub(super) fn mark_polled(&mut self, now: Instant, interval: impl Fn(&[u8]) -> Duration) {
        for poll in self.polls.iter_mut().filter(|poll| poll.due <= now) {
            poll.due = now + interval(&poll.source);
            self.queue.mark_dirty(now, &poll.source);
        }
    }

    /// When the next place or poll is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        earliest(self.queue.deadline(), self.polls.iter().map(|poll| poll.due).min())
    }

    /// The next step, unless one is under way.
    pub(super) fn begin_next(&mut self) -> Option<Task> {
        let scan = self.pending.front().filter(|_| !self.under_way)?;
        self.under_way = true;
        Some(Task::Scan(scan.clone()))
    }

    /// A step is saved: the scan goes on after this path, or is over with `None`.
    pub(super) fn end_step(&mut self, next: Option<Vec<u8>>) {
        self.under_way = false;
        match next {
            Some(after) => {
                if let Some(scan) = self.pending.front_mut() {
                    scan.after = Some(after);
                }
            }
            None => drop(self.pending.pop_front()),
        }
    }

    /// The scan under way ended without a result.
    pub(super) fn cancel(&mut self) {
        self.left_out.cancel();
        self.ignored.cancel();
        self.replaced.cancel();
        self.end_step(None);
    }

    /// Whether a step runs, or what it found is being saved.
    pub(super) const fn is_under_way(&self) -> bool {
        self.under_way
    }

    /// What a step found could not be saved: the scan is given up, and so are those that wait.
    pub(super) fn give_up(&mut self) {
        self.replaced.cancel();
        self.under_way = false;
        self.pending.clear();
    }

    /// A step failed and is to be done again.
    pub(super) const fn retry_step(&mut self) {
        self.under_way = false;
    }
}

fn whole(source: &Source) -> Scan {
    Scan { scope: source.path.clone(), source: source.clone(), after: None }
}

/// Dirty places.
#[derive(Debug)]
pub struct ScanQueue {
    dirty: Bounded<Dirty, DIRTY_MAX>,
    /// When more places changed than the table holds, or notifications were lost: everything is scanned.
    overflowed: Option<Instant>,
    full_scan_at: Instant,
    /// When everything was last due.
    last_full: Option<Instant>,
}

#[derive(Debug)]
struct Dirty {
    scope: Vec<u8>,
    first: Instant,
    last: Instant,
}

/// What to scan now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// This folder or file.
    Scope(Vec<u8>),
    /// All sources.
    Everything,
}

impl ScanQueue {
    /// An empty queue; a scan of everything is due now.
    #[must_use]
    pub const fn new(now: Instant) -> Self {
        Self { dirty: Bounded::new(), overflowed: None, full_scan_at: now, last_full: None }
    }

    /// A path may have changed.
    pub fn mark_dirty(&mut self, now: Instant, path: &[u8]) {
        if let Some(dirty) = self.dirty.iter_mut().find(|dirty| covers(&dirty.scope, path)) {
            dirty.last = now;
            return;
        }
        if self.dirty.push(Dirty { scope: path.to_vec(), first: now, last: now }).is_err() {
            self.overflow(now);
        }
    }

    /// Too much changed, or notifications were lost: everything is to be scanned.
    pub fn overflow(&mut self, now: Instant) {
        self.dirty.clear();
        self.overflowed.get_or_insert(now);
    }

    /// Whether something in this place changed, and is not looked at yet.
    #[must_use]
    pub fn has_changes_in(&self, place: &[u8]) -> bool {
        let is_of = |dirty: &Dirty| covers(place, &dirty.scope) || covers(&dirty.scope, place);
        self.overflowed.is_some() || self.dirty.iter().any(is_of)
    }

    /// How many places lie in this scope.
    fn below(&self, scope: &[u8]) -> usize {
        self.dirty.iter().filter(|dirty| covers(scope, &dirty.scope)).count()
    }

    /// All of this scope is scanned from now on.
    fn is_scanned(&mut self, scope: &[u8]) {
        self.dirty.retain(|dirty| !covers(scope, &dirty.scope));
    }

    /// Whether any place waits to be scanned.
    pub(super) fn has_dirty(&self) -> bool {
        !self.dirty.is_empty() || self.overflowed.is_some()
    }

    /// Everything is to be scanned, but not sooner than this time after the last such scan.
    pub fn hasten(&mut self, now: Instant, pause: Duration) {
        let at = self.last_full.map_or(now, |last| (last + pause).max(now));
        self.full_scan_at = self.full_scan_at.min(at);
    }

    /// When the next place is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let settled = self.dirty.iter().map(Dirty::due).min();
        let overflow = self.overflowed.map(|since| since + Duration::from_millis(SETTLE_MS));
        earliest(settled, earliest(overflow, Some(self.full_scan_at)))
    }

    /// Takes the next place that is due. `Everything` postpones the next full scan by `RESCAN_MS`.
    pub fn due(&mut self, now: Instant) -> Option<Place> {
        let overflow = self.overflowed.is_some_and(|since| since + Duration::from_millis(SETTLE_MS) <= now);
        if overflow || self.full_scan_at <= now {
            self.overflowed = None;
            self.dirty.clear();
            self.full_scan_at = now + Duration::from_millis(RESCAN_MS);
            self.last_full = Some(now);
            return Some(Place::Everything);
        }
        let at = self.dirty.iter().position(|dirty| dirty.due() <= now)?;
        Some(Place::Scope(self.dirty.swap_remove(at).scope))
    }
}

impl Dirty {
    fn due(&self) -> Instant {
        (self.last + Duration::from_millis(SETTLE_MS)).min(self.first + Duration::from_millis(SETTLE_MS_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Ring;

    const fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    fn started() -> ScanQueue {
        let mut scans = ScanQueue::new(at(0));
        assert_eq!(scans.due(at(0)), Some(Place::Everything));
        scans
    }

    #[test]
    fn a_place_is_scanned_after_a_moment_of_quiet() {
        let mut scans = started();
        scans.mark_dirty(at(100), b"/a/b");
        scans.mark_dirty(at(300), b"/a/b");
        assert_eq!(scans.deadline(), Some(at(300 + SETTLE_MS)));
        assert_eq!(scans.due(at(300 + SETTLE_MS - 1)), None);
        assert_eq!(scans.due(at(300 + SETTLE_MS)), Some(Place::Scope(b"/a/b".to_vec())));
        assert_eq!(scans.due(at(300 + SETTLE_MS)), None);
    }

    #[test]
    fn a_place_that_changes_all_the_time_is_scanned_nevertheless() {
        let mut scans = started();
        (0..=SETTLE_MS_MAX).step_by(100).for_each(|ms| scans.mark_dirty(at(ms), b"/log"));
        assert_eq!(scans.due(at(SETTLE_MS_MAX)), Some(Place::Scope(b"/log".to_vec())));
    }

    #[test]
    fn too_many_places_become_one_scan_of_everything() {
        let mut scans = started();
        for n in 0..=DIRTY_MAX {
            scans.mark_dirty(at(1), format!("/{n}").as_bytes());
        }
        assert_eq!(scans.due(at(1 + SETTLE_MS)), Some(Place::Everything));
        assert_eq!(scans.due(at(1 + SETTLE_MS_MAX)), None);
    }

    #[test]
    fn a_folder_that_is_added_where_a_forgotten_one_had_just_changed_is_scanned() {
        let place =
            |path: &str| Source { path: path.into(), collection: "home".to_owned(), ring: Ring::Mesh, device: 1 };
        let (sources, mut scans) = (WatchedSources::new(vec![place("/a/x"), place("/b")].into()), Scans::new(at(0)));
        let _ = scans.queue.due(at(0));
        scans.queue.mark_dirty(at(1), b"/a");
        scans.queue.mark_dirty(at(2), b"/a/x");
        scans.plan(at(2 + SETTLE_MS), &sources, |_, _| false);
        assert!(matches!(scans.begin_next(), Some(Task::Scan(scan)) if scan.scope == b"/a/x"));
        scans.end_step(None);
        assert!(!scans.any(), "and nothing else is");
    }

    #[test]
    fn a_source_in_a_folder_that_changed_or_is_a_crowd_is_scanned_by_itself_too() {
        let place =
            |path: &str| Source { path: path.into(), collection: "home".to_owned(), ring: Ring::Mesh, device: 1 };
        let list = vec![place("/n"), place("/n/secret/a.key"), place("/b")];
        let sources = WatchedSources::new(list.into());
        for (changed, is_crowd, scopes) in [
            (["/n", "/n/secret/a.key"], false, &["/n", "/n/secret/a.key"][..]),
            (["/n/secret", "/n/secret/a.key"], false, &["/n/secret", "/n/secret/a.key"]),
            (["/n/garden", "/n/secret/a.key"], true, &["/n", "/n/secret/a.key"]),
            (["/n/garden", "/n/secret/a.key"], false, &["/n/garden", "/n/secret/a.key"]),
            (["/n/garden", "/b"], false, &["/n/garden", "/b"]),
        ] {
            let mut scans = Scans::new(at(0));
            let _ = scans.queue.due(at(0));
            changed.iter().for_each(|place| scans.queue.mark_dirty(at(1), place.as_bytes()));
            let mut planned = Vec::new();
            for _ in 0..4 {
                scans.plan(at(1 + SETTLE_MS), &sources, |source, _| is_crowd && source == b"/n");
                if let Some(Task::Scan(scan)) = scans.begin_next() {
                    planned.push((scan.scope, scan.source.path));
                    scans.end_step(None);
                }
            }
            let found: Vec<&[u8]> = planned.iter().map(|(scope, _)| scope.as_slice()).collect();
            assert_eq!(found, scopes.iter().map(|scope| scope.as_bytes()).collect::<Vec<_>>(), "{changed:?}");
            let own =
                planned.iter().filter(|(scope, _)| scope.ends_with(b".key")).all(|(scope, source)| scope == source);
            assert!(own, "a scan of the folder is no look at all of the file's own source: {planned:?}");
        }
    }

    #[test]
    fn after_an_hour_everything_is_scanned_again() {
        let scans = started();
        assert_eq!(scans.deadline(), Some(at(RESCAN_MS)));
    }
}
