//! The marks on places after a scan or a decision of the owner.

use super::machine::Scheduler;
use super::path::covers;
use super::task::Away;
use crate::base::time::{Duration, Instant};
use crate::limits::{AWAY_RECOUNT_MS, MARKS_MAX};
use crate::store::record::{Mark, MarkKind};
use std::collections::BTreeMap;

/// The mark on a place whose documents are to be forgotten, whatever disk they were on.
pub(super) const fn forgotten(path: Vec<u8>) -> Mark {
    Mark::new(path, MarkKind::Forgotten)
}

impl Scheduler {
    /// Documents of a place that is away are embedded as others are, if they were read: how many of them answer is counted anew when the
    /// last of them is embedded, and meanwhile now and then.
    pub(super) fn recount_away(&mut self, now: Instant) {
        let pause = Duration::from_millis(AWAY_RECOUNT_MS);
        let is_due =
            self.counts.to_embed() == 0 || self.decisions.recounted.is_none_or(|last| now.since(last) >= pause);
        let waits = |mark: &&Mark| mark.kind != MarkKind::Forgotten && mark.partly + mark.read > 0;
        let places: Vec<Vec<u8>> = self.decisions.marks().iter().filter(waits).map(|mark| mark.path.clone()).collect();
        if is_due && !places.is_empty() {
            self.decisions.recounted = Some(now);
            places.iter().for_each(|place| self.scans.queue.mark_dirty(now, place));
        }
    }
}

/// The marks after a scan of `scope`, a part or all of `source`, which found these places away. A place that was marked
/// before keeps its time and its owner's decision. The mark on one that lies in no watched folder goes: no scan looks at it.
///
/// Each place has its mark, or lies in one that has: what is away may be in a private folder by now, and its mark keeps it from other
/// devices.
pub(super) fn after_scan<'a>(
    marks: &[Mark],
    (source, scope): (&[u8], &[u8]),
    away: Vec<Away>,
    at: i64,
    source_of: impl Fn(&[u8]) -> Option<&'a [u8]>,
) -> Vec<Mark> {
    let forgotten = |mark: &&Mark| mark.kind == MarkKind::Forgotten;
    let (before, after): (Vec<&Mark>, Vec<&Mark>) = marks
        .iter()
        .filter(|mark| forgotten(mark) || source_of(&mark.path).is_some())
        .partition(|mark| !forgotten(mark) && covers(scope, &mark.path));
    let mut new: Vec<Mark> = Vec::new();
    for place in joined(away) {
        let told = place.documents > 0 || place.path == source;
        let within = |mark: &&&Mark| mark.volume == place.volume && covers(&mark.path, &place.path) && !forgotten(mark);
        if !told || after.iter().any(|mark| within(&mark)) {
            continue;
        }
        let same = |mark: &&&Mark| mark.volume == place.volume && (mark.volume != 0 || mark.path == place.path);
        let old = before.iter().find(same);
        new.push(Mark {
            since: old.map_or(at, |mark| mark.since),
            kind: old.map_or(MarkKind::Away, |mark| mark.kind),
            path: place.path,
            volume: place.volume,
            documents: place.ready,
            partly: place.partly,
            read: place.read,
            unread: place.unread,
        });
    }
    let mut all: Vec<Mark> = after.into_iter().cloned().collect();
    all.append(&mut new);
    while all.len() > MARKS_MAX && join_most(&mut all, marks, &source_of) {}
    all
}

/// Makes one of the marks of the watched folder that has most of them, on the deepest place that holds them all: `before`, it may have had
/// one. False if no folder has two; what is being forgotten stays as it is.
fn join_most<'a>(marks: &mut Vec<Mark>, before: &[Mark], source_of: impl Fn(&[u8]) -> Option<&'a [u8]>) -> bool {
    let mut counts: BTreeMap<&[u8], usize> = BTreeMap::new();
    let of = |mark: &Mark| source_of(&mark.path).filter(|_| mark.kind != MarkKind::Forgotten);
    marks.iter().filter_map(of).for_each(|source| *counts.entry(source).or_default() += 1);
    let Some((most, _)) = counts.into_iter().filter(|(_, count)| *count > 1).max_by_key(|(_, count)| *count) else {
        return false;
    };
    let (those, others): (Vec<Mark>, Vec<Mark>) = marks.drain(..).partition(|mark| of(mark) == Some(most));
    *marks = others;
    let kind = if those.iter().all(|mark| mark.kind == MarkKind::Kept) { MarkKind::Kept } else { MarkKind::Away };
    let one = those.into_iter().reduce(|mut one, mark| {
        cover(&mut one.path, &mark.path);
        for (all, more) in [
            (&mut one.documents, mark.documents),
            (&mut one.partly, mark.partly),
            (&mut one.read, mark.read),
            (&mut one.unread, mark.unread),
        ] {
            *all = all.saturating_add(more);
        }
        Mark { since: one.since.min(mark.since), ..one }
    });
    marks.extend(one.map(|one| {
        let one = Mark { volume: 0, kind, ..one };
        let old = before.iter().find(|mark| (&mark.path, mark.volume) == (&one.path, 0) && of(mark).is_some());
        Mark { since: old.map_or(one.since, |old| old.since), kind: old.map_or(kind, |old| old.kind), ..one }
    }));
    true
}

/// Shortens a path to the deepest folder that covers the place as well.
fn cover(path: &mut Vec<u8>, place: &[u8]) {
    while !covers(path, place) && path.len() > 1 {
        let slash = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        path.truncate(slash.max(1));
    }
}

/// The places without doubles: those of one file system are one place, the deepest that holds them all.
fn joined(away: Vec<Away>) -> Vec<Away> {
    let mut joined: Vec<Away> = Vec::new();
    for place in away {
        let same = |other: &&mut Away| other.volume == place.volume && (place.volume != 0 || other.path == place.path);
        match joined.iter_mut().find(same) {
            Some(other) => {
                other.documents += place.documents;
                other.ready += place.ready;
                other.partly += place.partly;
                other.read += place.read;
                other.unread += place.unread;
                cover(&mut other.path, &place.path);
            }
            None => joined.push(place),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away(path: &str, volume: u16, documents: u64) -> Away {
        Away { path: path.into(), volume, documents, ready: documents, partly: 0, read: 0, unread: 0 }
    }

    fn mark(path: &str, volume: u16, since: i64, kind: MarkKind) -> Mark {
        Mark { path: path.into(), volume, since, documents: 1, partly: 0, read: 0, unread: 0, kind }
    }

    fn after(marks: &[Mark], source: &str, scope: &str, away: Vec<Away>, at: i64) -> Vec<Mark> {
        after_scan(marks, (source.as_bytes(), scope.as_bytes()), away, at, |place| {
            [&b"/a"[..], b"/b"].into_iter().find(|source| covers(source, place))
        })
    }

    #[test]
    fn a_mark_in_no_watched_folder_goes_and_what_is_being_forgotten_stays() {
        let stale = [mark("/", 0, 5, MarkKind::Away), mark("/mnt", 7, 5, MarkKind::Kept)];
        let forgotten = mark("/c", 0, 5, MarkKind::Forgotten);
        let stick = mark("/b/stick", 7, 5, MarkKind::Away);
        let marks: Vec<Mark> = stale.into_iter().chain([forgotten.clone(), stick.clone()]).collect();
        let found = vec![away("/a/stick", 0, 1)];
        assert_eq!(
            after(&marks, "/a", "/a/stick", found, 9),
            [forgotten, stick, mark("/a/stick", 0, 9, MarkKind::Away)],
            "and it hides no place that is away"
        );
    }

    #[test]
    fn a_place_that_is_away_is_marked_until_a_scan_finds_it() {
        let found = vec![away("/a/stick/x", 7, 1), away("/a/stick/y", 7, 2), away("/a/locked", 0, 0)];
        let marks = after(&[], "/a", "/a", found, 100);
        assert_eq!(marks, [Mark { documents: 3, ..mark("/a/stick", 7, 100, MarkKind::Away) }]);
        let again = after(&marks, "/a", "/a/stick/x", vec![away("/a/stick/x", 7, 1)], 200);
        assert_eq!(again, marks, "a part of it changes nothing");
        let again = after(&marks, "/a", "/a", vec![away("/a/stick", 7, 3)], 200);
        assert_eq!(again, marks, "it is away since the first time");
        assert_eq!(after(&marks, "/a", "/a/b", Vec::new(), 300), marks);
        assert_eq!(after(&marks, "/a", "/a/stick", Vec::new(), 300), []);
    }

    #[test]
    fn a_decision_of_the_owner_stays_and_a_source_without_documents_is_marked_too() {
        let kept = [mark("/a", 0, 5, MarkKind::Kept), mark("/b", 0, 6, MarkKind::Forgotten)];
        let marks = after(&kept, "/a", "/a", vec![away("/a", 0, 0)], 100);
        assert_eq!(marks, [kept[1].clone(), Mark { documents: 0, ..kept[0].clone() }]);
        let other = after(&kept[1..], "/b", "/b", vec![away("/b", 0, 2)], 100);
        assert_eq!(other.len(), 2, "what is being forgotten is no mark of what is away");
    }

    #[test]
    fn files_that_were_not_read_or_cannot_be_used_are_no_documents_that_answer_and_their_place_is_told_all_the_same() {
        let found = vec![Away { ready: 1, ..away("/a/stick/x", 7, 2) }, Away { ready: 0, ..away("/a/stick/y", 7, 2) }];
        let marks = after(&[], "/a", "/a", found, 100);
        assert_eq!(marks, [Mark { documents: 1, ..mark("/a/stick", 7, 100, MarkKind::Away) }]);
        let none = after(&[], "/a", "/a", vec![Away { ready: 0, ..away("/a/pdf", 7, 2) }], 100);
        assert_eq!(none, [Mark { documents: 0, ..mark("/a/pdf", 7, 100, MarkKind::Away) }]);
    }

    #[test]
    fn where_there_are_more_places_than_marks_fit_those_of_a_folder_become_one_around_them() {
        let other = [mark("/b/x", 7, 1, MarkKind::Kept), mark("/b/y", 0, 1, MarkKind::Forgotten)];
        let many = || (0..2 * MARKS_MAX).map(|n| away(&format!("/a/b/{n}"), u16::try_from(n % 2 * n).unwrap(), 1));
        let found = || many().chain([away("/a/c", 0, 1), away("/a/d", 0, 0)]).collect();
        let one = Mark { documents: 2 * MARKS_MAX as u64 + 1, ..mark("/a", 0, 5, MarkKind::Away) };
        let marks = after(&other, "/a", "/a", found(), 5);
        assert_eq!(marks, [&other[..], &[one]].concat(), "none is without a mark");
        assert_eq!(after(&marks, "/a", "/a", found(), 9), marks, "it is away since the first time");
        let fewer = after(&marks, "/a", "/a", many().take(3).collect(), 9);
        assert_eq!(fewer.len(), 2 + 3, "{fewer:?}");
    }
}
