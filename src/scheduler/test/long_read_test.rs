//! A file that is read for long, as its parser is at it, holds up no other.

use super::*;
use crate::limits::{PARSER_TURN_MS, READ_LONG_MS};

/// The task that starts next, and the document that it reads.
fn next(machine: &mut Scheduler) -> Option<(TaskId, u64)> {
    let mut out = Vec::new();
    let id = machine.start_next(LIGHT, &mut out)?;
    let [Output::Start(_, Task::Read { doc })] = &out[..] else { panic!("{out:?}") };
    Some((id, doc.0))
}

fn end(machine: &mut Scheduler, ms: u64, task: TaskId, outcome: Outcome) {
    machine.handle(at(ms), Input::Done(task, outcome), &mut Vec::new());
}

#[test]
fn beside_a_file_that_takes_long_others_are_read_and_those_that_wait_for_its_parser_come_behind_it() {
    // Those that end here change nothing in the store: of the counts two are left, and no refill looks for more.
    let mut machine = scheduler(1, &[], counts(&[Kind::Waiting; 2]));
    machine.handle(at(0), Input::Wake, &mut Vec::new());
    (1..=4).for_each(|doc| machine.queue.push(DocId(doc), Kind::Waiting));
    let nothing = || Outcome::Changes(Vec::new());
    let (first, doc) = next(&mut machine).unwrap();
    assert_eq!((doc, next(&mut machine), machine.long_read()), (1, None, None), "it may be done in a moment");
    assert!(machine.deadline().is_some_and(|due| due <= at(READ_LONG_MS)), "then another one starts");
    machine.handle(at(READ_LONG_MS), Input::Wake, &mut Vec::new());
    assert_eq!(machine.long_read(), Some(first));
    let (second, doc) = next(&mut machine).unwrap();
    assert_eq!((doc, next(&mut machine)), (2, None), "one, and no more");
    end(&mut machine, READ_LONG_MS + 1, second, Outcome::NoTurn);
    for other in [3, 4] {
        let (task, doc) = next(&mut machine).unwrap();
        assert_eq!(doc, other);
        end(&mut machine, READ_LONG_MS + other, task, nothing());
    }
    assert_eq!(next(&mut machine), None, "the parser is not free");
    end(&mut machine, READ_LONG_MS + 9, first, nothing());
    assert_eq!(
        next(&mut machine).map(|(_, doc)| doc),
        Some(2),
        "at once: else a parser rests between many that take long"
    );
}

#[test]
fn what_waits_for_a_parser_that_no_task_has_is_tried_again_after_a_pause() {
    let mut machine = scheduler(1, &[], counts(&[Kind::Waiting]));
    machine.handle(at(0), Input::Wake, &mut Vec::new());
    machine.queue.push(DocId(1), Kind::Waiting);
    let (task, _) = next(&mut machine).unwrap();
    end(&mut machine, 5, task, Outcome::NoTurn);
    assert_eq!(next(&mut machine), None);
    let again = 5 + PARSER_TURN_MS;
    assert!(machine.deadline().is_some_and(|due| due <= at(again)));
    machine.handle(at(again), Input::Wake, &mut Vec::new());
    assert_eq!(next(&mut machine).map(|(_, doc)| doc), Some(1));
}
