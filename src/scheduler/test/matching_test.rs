//! The number of documents against what the looks found.

use super::*;
use crate::limits::{POLL_MS_MIN, RESCAN_MS};
use crate::scheduler::task::Tally;
use crate::scheduler::unmatched::Unmatched;

/// The scan that is due finds so many files where so many documents were known.
fn look(machine: &mut Scheduler, now: Instant, known: u64, files: u64) {
    let mut out = Vec::new();
    machine.handle(now, Input::Wake, &mut out);
    let id = machine.start_next(LIGHT, &mut out).unwrap();
    let tally = Box::new(Tally { known, remaining: files, listed: files, ..Tally::default() });
    let (changes, gone, remarks) = (Vec::new(), Vec::new(), Vec::new());
    machine.handle(now, Input::Done(id, Outcome::Scanned { changes, gone, next: None, remarks, tally }), &mut out);
}

#[test]
fn a_number_of_documents_that_the_looks_do_not_bear_out_is_told_and_all_is_looked_at_once_more() {
    let mut machine = scheduler(1, &["/a"], counts(&[Kind::Ready; 9]));
    look(&mut machine, at(0), 9, 9);
    assert_eq!((machine.unmatched(), machine.deadline()), (None, Some(at(RESCAN_MS))));

    machine.handle(at(1), Input::Changed(b"/a/b".to_vec()), &mut Vec::new());
    look(&mut machine, at(1 + SETTLE_MS), 2, 3);
    let unmatched = Some(Unmatched { expected: 10, documents: 9 });
    assert_eq!(machine.unmatched(), unmatched, "a file that was found is not in the store");
    let due = machine.deadline().unwrap();
    assert!(due <= at(1 + SETTLE_MS + POLL_MS_MIN), "{due:?}");
    look(&mut machine, due, 9, 10);
    assert_eq!(machine.unmatched(), unmatched, "it is so still");
    assert!(machine.deadline().is_some_and(|next| next >= due + Duration::from_millis(RESCAN_MS)), "once");

    machine.handle(due, Input::Changed(b"/a/b".to_vec()), &mut Vec::new());
    look(&mut machine, due + Duration::from_millis(SETTLE_MS), 3, 2);
    assert_eq!(machine.unmatched(), None);
}

#[test]
fn nothing_is_told_of_sources_one_in_another_or_in_which_no_file_was_found() {
    for (sources, files) in [(&["/a", "/a/b"][..], 3), (&["/a"], 0)] {
        let mut machine = scheduler(1, sources, counts(&[Kind::Ready; 9]));
        sources.iter().for_each(|_| look(&mut machine, at(0), 9, files));
        assert_eq!(machine.unmatched(), None, "{sources:?}");
    }
}
