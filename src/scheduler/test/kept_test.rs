//! Documents that are kept without their files, and how their owner takes them out again.

use super::*;
use crate::scheduler::task::Tally;

/// A machine with one folder, of which a look at all of it finds so many documents kept without their files.
fn keeping(kept: u64) -> Scheduler {
    let mut machine = scheduler(1, &["/a"], StoreCounts::default());
    let tally = Tally { known: 200, remaining: 200, kept, at: 50, ..Tally::default() };
    let outcome = Outcome::Scanned {
        changes: Vec::new(),
        gone: Vec::new(),
        next: None,
        remarks: Vec::new(),
        tally: Box::new(tally),
    };
    machine.handle(at(0), Input::Wake, &mut Vec::new());
    let id = machine.start_next(LIGHT, &mut Vec::new()).unwrap();
    machine.handle(at(0), Input::Done(id, outcome), &mut Vec::new());
    machine
}

/// The task that lists what is kept at the place, and what the answer to it is.
fn lists(machine: &mut Scheduler, place: &str, listed: Outcome) -> Vec<Output> {
    let mut out = Vec::new();
    machine.handle(at(1), Input::ForgetKept(ReplyId(7), place.into()), &mut out);
    assert_eq!(out, [], "nobody is answered before it is looked at");
    machine.start_awaited(&mut out);
    let Some(Output::Start(id, Task::ListKept { reply: ReplyId(7), place: asked })) = out.pop() else {
        panic!("{out:?}")
    };
    assert_eq!(asked, place.as_bytes());
    machine.handle(at(1), Input::Done(id, listed), &mut out);
    out
}

#[test]
fn what_is_kept_without_its_file_is_counted_and_forgotten_at_any_place_of_its_folder() {
    let mut machine = keeping(120);
    assert_eq!(machine.kept_without_files(b"/a"), 120);
    let mut out = Vec::new();
    machine.handle(at(1), Input::Forget(ReplyId(1), b"/a/b".to_vec()), &mut out);
    let Some(Output::Refused(ReplyId(1), Refusal::Conflict, why)) = out.pop() else { panic!("{out:?}") };
    assert!(why.contains("`wattle forget --kept /a/b` forgets those at this place"), "{why}");
    let out = lists(&mut machine, "/a/b", Outcome::Kept(vec![DocId(3), DocId(4)]));
    let [Output::Save(save, changes)] = &out[..] else { panic!("{out:?}") };
    let forget = |doc| [Change::Gone { doc: DocId(doc) }, Change::Purge { doc: DocId(doc) }];
    assert_eq!(*changes, [forget(3), forget(4)].concat());
    assert_eq!(machine.kept_without_files(b"/a"), 118, "what is shown says so at once");
    let mut out = Vec::new();
    machine.handle(at(2), saved(save.0, &[]), &mut out);
    assert!(
        matches!(&out[..], [Output::Decided(ReplyId(7), done)] if done.contains("2 documents of /a/b that were kept")),
        "{out:?}"
    );
    assert_eq!(machine.sources().len(), 1, "the folder is still watched");
}

#[test]
fn where_nothing_is_kept_or_the_store_cannot_be_read_nothing_is_changed_and_that_is_said() {
    let out = lists(&mut keeping(0), "/a/b", Outcome::Kept(Vec::new()));
    assert!(
        matches!(&out[..], [Output::Refused(ReplyId(7), Refusal::Conflict, why)] if why.contains("Nothing was changed"))
    );
    let out = lists(&mut keeping(0), "/a/b", Outcome::StoreFailed("The store cannot be read.".to_owned()));
    assert!(matches!(&out[0], Output::Refused(ReplyId(7), Refusal::Broken, _)), "{out:?}");
    let mut machine = keeping(1);
    machine.handle(at(1), Input::ForgetKept(ReplyId(7), b"/a".to_vec()), &mut Vec::new());
    let mut out = Vec::new();
    machine.answer_at_stop(&mut out);
    assert!(matches!(&out[..], [Output::Refused(ReplyId(7), Refusal::Busy, _)]), "{out:?}");
}
