//! The marks on places after a scan or a decision of the owner.

use super::machine::Scheduler;
use super::path::covers;
use super::task::Away;
use crate::base::time::{Duration, Instant};
use crate::limits::{AWAY_RECOUNT_MS, MARKS_MAX};
use crate::store::record::{Mark, MarkKind};

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
/// before keeps its time and its owner's decision.
pub(super) fn after_scan(marks: &[Mark], source: &[u8], scope: &[u8], away: Vec<Away>, at: i64) -> Vec<Mark> {
    let forgotten = |mark: &&Mark| mark.kind == MarkKind::Forgotten;
    let (before, mut after): (Vec<&Mark>, Vec<&Mark>) =
        marks.iter().partition(|mark| !forgotten(mark) && covers(scope, &mark.path));
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
    // Marks only tell people; documents beyond them are kept all the same.
    after.truncate(MARKS_MAX);
    let mut marks: Vec<Mark> = after.into_iter().cloned().collect();
    new.truncate(MARKS_MAX - marks.len());
    marks.append(&mut new);
    marks
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
                while !covers(&other.path, &place.path) && other.path.len() > 1 {
                    let slash = other.path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
                    other.path.truncate(slash.max(1));
                }
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

    #[test]
    fn a_place_that_is_away_is_marked_until_a_scan_finds_it() {
        let found = vec![away("/a/stick/x", 7, 1), away("/a/stick/y", 7, 2), away("/a/locked", 0, 0)];
        let marks = after_scan(&[], b"/a", b"/a", found, 100);
        assert_eq!(marks, [Mark { documents: 3, ..mark("/a/stick", 7, 100, MarkKind::Away) }]);
        let again = after_scan(&marks, b"/a", b"/a/stick/x", vec![away("/a/stick/x", 7, 1)], 200);
        assert_eq!(again, marks, "a part of it changes nothing");
        let again = after_scan(&marks, b"/a", b"/a", vec![away("/a/stick", 7, 3)], 200);
        assert_eq!(again, marks, "it is away since the first time");
        assert_eq!(after_scan(&marks, b"/a", b"/a/b", Vec::new(), 300), marks);
        assert_eq!(after_scan(&marks, b"/a", b"/a/stick", Vec::new(), 300), []);
    }

    #[test]
    fn a_decision_of_the_owner_stays_and_a_source_without_documents_is_marked_too() {
        let kept = [mark("/a", 0, 5, MarkKind::Kept), mark("/b", 0, 6, MarkKind::Forgotten)];
        let marks = after_scan(&kept, b"/a", b"/a", vec![away("/a", 0, 0)], 100);
        assert_eq!(marks, [kept[1].clone(), Mark { documents: 0, ..kept[0].clone() }]);
        let other = after_scan(&kept[1..], b"/b", b"/b", vec![away("/b", 0, 2)], 100);
        assert_eq!(other.len(), 2, "what is being forgotten is no mark of what is away");
    }

    #[test]
    fn files_that_were_not_read_or_cannot_be_used_are_no_documents_that_answer_and_their_place_is_told_all_the_same() {
        let found = vec![Away { ready: 1, ..away("/a/stick/x", 7, 2) }, Away { ready: 0, ..away("/a/stick/y", 7, 2) }];
        let marks = after_scan(&[], b"/a", b"/a", found, 100);
        assert_eq!(marks, [Mark { documents: 1, ..mark("/a/stick", 7, 100, MarkKind::Away) }]);
        let none = after_scan(&[], b"/a", b"/a", vec![Away { ready: 0, ..away("/a/pdf", 7, 2) }], 100);
        assert_eq!(none, [Mark { documents: 0, ..mark("/a/pdf", 7, 100, MarkKind::Away) }]);
    }

    #[test]
    fn there_are_not_more_marks_than_fit() {
        let many = (0..2 * MARKS_MAX).map(|n| away(&format!("/a/{n}"), 0, 1)).collect();
        assert_eq!(after_scan(&[], b"/a", b"/a", many, 1).len(), MARKS_MAX);
    }
}
