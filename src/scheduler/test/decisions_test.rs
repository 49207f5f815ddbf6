//! What a scan may remove, and what its owner decides.

use super::*;
use crate::limits::{LOSS_ASKED_MIN, REMARKS_TOLD_MAX, SCAN_BATCH};
use crate::scheduler::marks::forgotten as forgotten_mark;
use crate::scheduler::task::{Away, Tally};
use crate::store::record::{Asked, Mark, MarkKind, Marks};

pub(super) fn found(known: u64, gone: u64, away: Vec<Away>) -> Outcome {
    let tally = Tally { known, remaining: known - gone, away, at: 50, ..Tally::default() };
    let gone = (0..gone).map(FoundDocument::somewhere).collect();
    Outcome::Scanned { changes: Vec::new(), gone, next: None, remarks: Vec::new(), tally: Box::new(tally) }
}

fn gone(doc: u64) -> Change {
    Change::Gone(FoundDocument::somewhere(doc))
}

/// Runs the next scan to this outcome; gives what follows.
pub(super) fn scan_finds(machine: &mut Scheduler, ms: u64, outcome: Outcome) -> Vec<Output> {
    let mut out = Vec::new();
    machine.handle(at(ms), Input::Wake, &mut out);
    let id = machine.start_next(LIGHT, &mut out).unwrap_or_else(|| panic!("no task at {ms}"));
    assert!(matches!(out.pop(), Some(Output::Start(_, Task::Scan(_)))));
    assert_eq!(out, []);
    machine.handle(at(ms), Input::Done(id, outcome), &mut out);
    out
}

/// Takes the inputs' outputs, and saves every save at once.
pub(super) fn saves(machine: &mut Scheduler, ms: u64, mut out: Vec<Output>) -> (Vec<Change>, Vec<Output>) {
    let (mut changes, mut others) = (Vec::new(), Vec::new());
    while !out.is_empty() {
        for output in std::mem::take(&mut out) {
            match output {
                Output::Save(save, list) => {
                    changes.extend(list);
                    machine.handle(at(ms), saved(save.0, &[]), &mut out);
                    machine.handle(at(ms), Input::Wake, &mut out);
                }
                other => others.push(other),
            }
        }
    }
    (changes, others)
}

fn mark(path: &str, kind: MarkKind) -> Mark {
    Mark { path: path.into(), volume: 7, since: 50, documents: 3, partly: 0, read: 0, unread: 0, kind }
}

fn away() -> Away {
    Away { path: b"/a/stick".to_vec(), volume: 7, documents: 3, ready: 3, partly: 0, read: 0, unread: 0 }
}

#[test]
fn a_few_files_that_are_gone_are_removed_with_the_scan_that_missed_them() {
    let mut machine = scheduler(1, &["/a"], StoreCounts::default());
    let out = scan_finds(&mut machine, 0, found(LOSS_ASKED_MIN, LOSS_ASKED_MIN / 2, Vec::new()));
    let (changes, others) = saves(&mut machine, 1, out);
    assert_eq!(changes, (0..LOSS_ASKED_MIN / 2).map(gone).collect::<Vec<_>>());
    assert_eq!((others, machine.scanning(), machine.looked_at(b"/a")), (Vec::new(), false, Some(at(0))));
}

#[test]
fn a_great_loss_is_asked_about_and_the_owner_forgets_or_keeps() {
    for forget in [true, false] {
        let mut machine = scheduler(1, &["/a"], StoreCounts::default());
        let out = scan_finds(&mut machine, 0, found(1000, 900, Vec::new()));
        let (changes, out) = saves(&mut machine, 0, out);
        assert!(matches!(&out[..], [Output::Notice(Notice::Asks(why))] if why.contains("900 of 1000 documents of /a")));
        assert_eq!(changes, [Change::Asked(Asked(vec![b"/a".to_vec()]))], "a restart asks again");
        assert_eq!(machine.questions().count(), 1);
        machine.handle(at(1), Input::ChangesLost, &mut Vec::new());
        let out = scan_finds(&mut machine, 2000, found(1000, 901, Vec::new()));
        let (changes, others) = saves(&mut machine, 2000, out);
        assert_eq!(
            (changes, others),
            (vec![gone(900)], Vec::new()),
            "it is asked once, and a later deletion needs no word"
        );
        let (reply, path) = (ReplyId(5), b"/a".to_vec());
        let decision = if forget { Input::Forget(reply, path) } else { Input::Keep(reply, path) };
        let mut out = Vec::new();
        machine.handle(at(3000), decision, &mut out);
        assert!(matches!(&out[..], [Output::Save(_, changes)] if changes.len() <= 2 * SCAN_BATCH), "in bounded steps");
        let (changes, others) = saves(&mut machine, 3000, out);
        let expected = |doc| match forget {
            true => vec![gone(doc), Change::Purge { doc: DocId(doc) }],
            false => vec![Change::Kept { found: FoundDocument::somewhere(doc), since: 50 }],
        };
        assert_eq!(changes, (0..900).flat_map(expected).collect::<Vec<_>>());
        assert!(matches!(&others[..], [Output::Decided(ReplyId(5), _)]), "{others:?}");
        assert_eq!((machine.questions().count(), machine.sources().len()), (0, 1), "it is still watched");
    }
}

#[test]
fn after_an_answer_that_was_not_about_all_that_is_gone_a_look_at_all_follows_at_once_and_nothing_goes_unasked() {
    let most = crate::limits::LOST_MAX as u64;
    let mut machine = scheduler(1, &["/a"], StoreCounts::default());
    let out = scan_finds(&mut machine, 0, found(most * 3, most * 2, Vec::new()));
    saves(&mut machine, 1, out);
    let last = DocId(most * 2 - 1);
    assert!(
        machine.knows_gone(last) && machine.gone_since(last) == Some(50),
        "it is not lent, and not answered to others"
    );
    let mut out = Vec::new();
    machine.handle(at(2), Input::Forget(ReplyId(5), b"/a".to_vec()), &mut out);
    let (_, others) = saves(&mut machine, 2, out);
    assert!(
        matches!(&others[..], [Output::Decided(_, done)] if done.contains("More of its documents are gone")),
        "{others:?}"
    );
    let mut again = Vec::new();
    machine.handle(at(3), Input::Forget(ReplyId(6), b"/a".to_vec()), &mut again);
    assert!(matches!(&again[..], [Output::Refused(ReplyId(6), Refusal::Conflict, _)]), "it stays watched: {again:?}");
    assert!(machine.deadline().is_some_and(|due| due <= at(2 + SETTLE_MS)), "all of it is looked at soon");
    let mut rest = found(most * 2, 1, Vec::new());
    if let Outcome::Scanned { gone, .. } = &mut rest {
        *gone = vec![FoundDocument::somewhere(last.0)];
    }
    let out = scan_finds(&mut machine, 2 + SETTLE_MS, rest);
    let (changes, others) = saves(&mut machine, 3 + SETTLE_MS, out);
    assert!(changes.iter().all(|change| !matches!(change, Change::Gone { .. })), "{changes:?}");
    assert!(matches!(&others[..], [Output::Notice(Notice::Asks(_))]), "{others:?}");
}

#[test]
fn a_part_that_is_gone_is_judged_after_a_look_at_the_whole_source() {
    let mut machine = scheduler(1, &["/a"], StoreCounts::default());
    let out = scan_finds(&mut machine, 0, found(1000, 0, Vec::new()));
    assert_eq!(out, []);
    machine.handle(at(1), Input::Changed(b"/a/b".to_vec()), &mut Vec::new());
    let out = scan_finds(&mut machine, 1 + SETTLE_MS, found(800, 800, Vec::new()));
    assert_eq!(out, [], "nothing is removed yet");
    let out = scan_finds(&mut machine, 1 + 2 * SETTLE_MS, found(1000, 0, Vec::new()));
    assert_eq!((out, machine.questions().count()), (Vec::new(), 0), "they had only moved");
}

#[test]
fn many_files_that_are_gone_are_removed_in_steps_before_the_next_scan() {
    let mut machine = scheduler(1, &["/a"], StoreCounts::default());
    let many = SCAN_BATCH as u64 * 2 + 5;
    let out = scan_finds(&mut machine, 0, found(many * 3, many, Vec::new()));
    assert_eq!(out, []);
    machine.handle(at(1), Input::ChangesLost, &mut Vec::new());
    let mut out = Vec::new();
    machine.handle(at(2000), Input::Wake, &mut out);
    assert_eq!(machine.start_next(LIGHT, &mut out), None, "what is being removed would count as missing again");
    let (changes, _) = saves(&mut machine, 2000, out);
    assert_eq!(changes.len() as u64, many);
    assert!(machine.start_next(LIGHT, &mut Vec::new()).is_some());
}

#[test]
fn what_is_away_is_marked_and_its_owner_keeps_or_forgets_it() {
    let mut machine = scheduler(1, &["/a"], StoreCounts::default());
    let out = scan_finds(&mut machine, 0, found(10, 0, vec![away()]));
    let marks = |kind| Change::Marks(Marks(vec![mark("/a/stick", kind)]));
    assert_eq!(saves(&mut machine, 1, out).0, [marks(MarkKind::Away)]);
    let ask = |machine: &mut Scheduler, input| {
        let mut out = Vec::new();
        machine.handle(at(2), input, &mut out);
        saves(machine, 3, out)
    };
    let (changes, others) = ask(&mut machine, Input::Keep(ReplyId(1), b"/a".to_vec()));
    assert_eq!(changes, [marks(MarkKind::Kept)]);
    assert!(matches!(&others[..], [Output::Decided(ReplyId(1), _)]));
    let (changes, others) = ask(&mut machine, Input::Keep(ReplyId(2), b"/a".to_vec()));
    assert!(changes.is_empty() && matches!(&others[..], [Output::Refused(ReplyId(2), Refusal::Conflict, _)]));
    let (changes, others) = ask(&mut machine, Input::Forget(ReplyId(3), b"/a/stick".to_vec()));
    assert_eq!(changes, [marks(MarkKind::Forgotten)], "with this save its documents leave the answers");
    assert_eq!(others, [], "they are still counted");
    let mut out = Vec::new();
    let id = machine.start_next(LIGHT, &mut out).unwrap();
    assert!(matches!(&out[..], [Output::Start(_, Task::Sweep)]), "{out:?}");
    let place = Some(Mark { documents: 9, since: 9, ..mark("/a/stick", MarkKind::Forgotten) });
    let (mut out, docs) = (Vec::new(), vec![FoundDocument::somewhere(8)]);
    machine.handle(at(4), Input::Done(id, Outcome::Swept { place: place.clone(), docs, last: true }), &mut out);
    let (changes, others) = saves(&mut machine, 4, out);
    assert_eq!((changes, others), (vec![gone(8), Change::Purge { doc: DocId(8) }], Vec::new()), "it may have changed");
    let id = machine.start_next(LIGHT, &mut Vec::new()).unwrap();
    let mut out = Vec::new();
    machine.handle(at(4), Input::Done(id, Outcome::Swept { place, docs: Vec::new(), last: true }), &mut out);
    let (changes, others) = saves(&mut machine, 5, out);
    assert_eq!(changes, [Change::Marks(Marks(Vec::new()))]);
    assert!(matches!(&others[..], [Output::Decided(ReplyId(3), _)]));
    assert_eq!((machine.marks().len(), machine.start_next(LIGHT, &mut Vec::new())), (0, None));
}

#[test]
fn a_forgotten_source_is_watched_no_more_once_that_is_on_the_disk_and_is_swept_after_a_restart_too() {
    let mut machine = scheduler(1, &["/a", "/b"], StoreCounts::default());
    let mut out = Vec::new();
    machine.handle(at(1), Input::Forget(ReplyId(1), b"/a".to_vec()), &mut out);
    let forgotten = forgotten_mark(b"/a".to_vec());
    let list = Change::Sources(Sources::from(vec![source("/b")]));
    assert_eq!(out, [Output::Save(SaveId(1), vec![Change::Marks(Marks(vec![forgotten.clone()])), list])]);
    assert_eq!(machine.sources().len(), 2, "not before it is saved");
    let mut out = Vec::new();
    machine.handle(at(2), saved(1, &[]), &mut out);
    assert!(matches!(&out[..], [Output::Unwatch(place)] if place == b"/a"), "{out:?}");
    assert_eq!(machine.sources(), [source("/b")]);
    let config = Config { marks: vec![forgotten], slots: 1, disk_free: u64::MAX, ..Config::default() };
    let mut restarted = Scheduler::new(at(0), config);
    let mut out = Vec::new();
    assert!(restarted.start_next(LIGHT, &mut out).is_some());
    assert!(matches!(&out[..], [Output::Start(_, Task::Sweep)]), "{out:?}");
}

#[test]
fn the_root_is_forgotten_like_any_other_folder_and_takes_no_folder_with_it_that_it_is_not() {
    let mut machine = scheduler(1, &["/"], StoreCounts::default());
    let mut out = Vec::new();
    machine.handle(at(1), Input::Forget(ReplyId(1), b"/".to_vec()), &mut out);
    let (changes, others) = saves(&mut machine, 1, out);
    let forgotten = forgotten_mark(b"/".to_vec());
    assert_eq!(changes, [Change::Marks(Marks(vec![forgotten])), Change::Sources(Sources::from(Vec::new()))]);
    assert!(matches!(&others[..], [Output::Unwatch(_)]), "{others:?}");

    let mut machine = scheduler(1, &["/home/ann/Documents", "/srv"], StoreCounts::default());
    let out = scan_finds(&mut machine, 0, found(1000, 900, vec![away()]));
    assert!(!out.is_empty());
    for path in ["/", "/home", "/home/ann"] {
        let mut out = Vec::new();
        machine.handle(at(1), Input::Forget(ReplyId(1), path.into()), &mut out);
        assert!(
            matches!(&out[..], [Output::Refused(_, Refusal::Conflict, why)] if why.contains("Documents`")),
            "{out:?}"
        );
        assert_eq!((machine.sources().len(), machine.questions().count()), (2, 1), "nothing was changed by {path}");
    }
    let mut out = Vec::new();
    machine.handle(at(1), Input::Forget(ReplyId(1), b"/home/ann/Documnets".to_vec()), &mut out);
    let [Output::Refused(_, _, why)] = &out[..] else { panic!("{out:?}") };
    assert!(why.contains("What is watched: /home/ann/Documents, /srv. `wattle forget FOLDER`"), "{why}");
    assert!(why.contains("What waits for a decision") && why.contains("/home/ann/Documents, /a/stick"), "{why}");
}

#[test]
fn while_a_folder_that_was_away_is_looked_at_and_its_files_are_there_more_may_be_found() {
    let marks = vec![Mark { path: b"/a".to_vec(), ..mark("/a", MarkKind::Away) }];
    let sources = Sources::from(vec![source("/a")]);
    let config = Config { sources, marks, slots: 1, disk_free: u64::MAX, ..Config::default() };
    let mut machine = Scheduler::new(at(0), config);
    let step = |known, listed, next: Option<&str>| {
        let tally = Box::new(Tally { known, remaining: known, listed, ..Tally::default() });
        let next = next.map(|next| next.as_bytes().to_vec());
        Outcome::Scanned { changes: Vec::new(), gone: Vec::new(), next, remarks: Vec::new(), tally }
    };
    let mut more = Vec::new();
    for step in [step(256, 0, Some("/a/b")), step(256, 200, Some("/a/c")), step(9, 9, None)] {
        more.push(machine.may_find_more(|_| true));
        let out = scan_finds(&mut machine, 0, step);
        saves(&mut machine, 0, out);
    }
    more.push(machine.may_find_more(|_| true));
    assert_eq!(more, [false, false, true, false], "known documents alone are no files that are there");
    assert_eq!(machine.marks(), []);
}

#[test]
fn documents_of_no_watched_folder_are_deleted_at_the_start() {
    let config =
        Config { strays: true, sources: vec![source("/a")].into(), slots: 1, disk_free: u64::MAX, ..Config::default() };
    let mut machine = Scheduler::new(at(0), config);
    for (number, last) in [(Some(8), false), (Some(9), true), (None, true)] {
        let mut out = Vec::new();
        machine.handle(at(1), Input::Wake, &mut out);
        let id = machine.start_next(LIGHT, &mut out).unwrap();
        assert!(matches!(&out[..], [Output::Start(_, Task::Sweep)]), "{out:?}");
        let (mut out, docs) = (Vec::new(), number.map(FoundDocument::somewhere).into_iter().collect());
        machine.handle(at(1), Input::Done(id, Outcome::Swept { place: None, docs, last }), &mut out);
        let deleted = number.into_iter().flat_map(|number| [gone(number), Change::Purge { doc: DocId(number) }]);
        assert_eq!(saves(&mut machine, 1, out).0, deleted.collect::<Vec<_>>());
    }
    let mut out = Vec::new();
    machine.handle(at(2), Input::Wake, &mut out);
    machine.start_next(LIGHT, &mut out).unwrap();
    assert!(matches!(&out[..], [Output::Start(_, Task::Scan(_))]), "once, and before any look: {out:?}");
}

#[test]
fn a_document_that_is_missing_and_undecided_or_being_removed_is_known_to_be_gone() {
    let mut machine = scheduler(1, &["/a"], StoreCounts::default());
    scan_finds(&mut machine, 0, found(1000, 900, Vec::new()));
    assert!(machine.knows_gone(DocId(899)) && !machine.knows_gone(DocId(900)));
    assert_eq!((machine.gone_since(DocId(899)), machine.gone_since(DocId(900))), (Some(50), None));
    let mut out = Vec::new();
    machine.handle(at(1), Input::Forget(ReplyId(1), b"/a".to_vec()), &mut out);
    assert!(machine.knows_gone(DocId(899)), "it is being forgotten");
    saves(&mut machine, 1, out);
    assert!(!machine.knows_gone(DocId(899)));
}

#[test]
fn what_is_not_watched_or_is_only_a_part_is_refused_in_a_sentence() {
    let mut machine = scheduler(1, &["/a"], StoreCounts::default());
    for (path, expected) in [
        (
            "/b",
            "/b is not watched, and nothing of it is in the index: there is nothing to forget. What is watched: /a. `wattle forget FOLDER` forgets",
        ),
        ("/a/x", "it is a part of /a, which is watched"),
        ("/a/x", "The line /x in the file .wattleignore in /a leaves it out. "),
        ("/", "/ is not watched itself; folders in it are. Forget each by its own name: `wattle forget /a`. Nothing"),
    ] {
        let mut out = Vec::new();
        machine.handle(at(1), Input::Forget(ReplyId(1), path.into()), &mut out);
        assert!(matches!(&out[..], [Output::Refused(_, Refusal::Conflict, why)] if why.contains(expected)), "{out:?}");
    }
    let broken = Input::Saved(SaveId(9), Err(NotSaved::for_now("x")));
    machine.handle(at(1), broken, &mut Vec::new());
    let mut out = Vec::new();
    machine.handle(at(1), Input::Keep(ReplyId(1), b"/a".to_vec()), &mut out);
    assert!(matches!(&out[..], [Output::Refused(..)]));
}

#[test]
fn a_decision_that_cannot_be_saved_is_refused() {
    let mut machine = scheduler(1, &["/a"], StoreCounts::default());
    scan_finds(&mut machine, 0, found(1000, 900, Vec::new()));
    let mut out = Vec::new();
    machine.handle(at(1), Input::Keep(ReplyId(4), b"/a".to_vec()), &mut out);
    let Some(Output::Save(save, _)) = out.pop() else { panic!("{out:?}") };
    machine.handle(at(2), Input::Saved(save, Err(NotSaved::for_now("The disk is gone."))), &mut out);
    assert!(matches!(&out[..], [Output::Refused(ReplyId(4), Refusal::Broken, _), Output::Notice(_)]), "{out:?}");
}

#[test]
fn a_place_that_is_left_out_is_told_once() {
    let mut machine = scheduler(1, &["/a"], StoreCounts::default());
    let leaving_out = |places: std::ops::Range<usize>| {
        let remarks = places.map(|place| format!("/a/{place} is a link and was left out.")).collect();
        Outcome::Scanned { changes: Vec::new(), gone: Vec::new(), next: None, remarks, tally: Box::default() }
    };
    let mut told = Vec::new();
    for (round, places) in [0..2, 0..3, 0..2, 0..3].into_iter().chain(vec![0..2 * REMARKS_TOLD_MAX; 200]).enumerate() {
        let ms = round as u64 * 10_000;
        machine.handle(at(ms), Input::Changed(b"/a/x".to_vec()), &mut Vec::new());
        told.push(scan_finds(&mut machine, ms + SETTLE_MS, leaving_out(places)).len());
    }
    assert_eq!(told[..4], [2, 1, 0, 0]);
    assert_eq!(told.iter().sum::<usize>(), REMARKS_TOLD_MAX, "and not without end");
}

#[test]
fn what_the_system_does_not_report_is_looked_at_every_few_seconds() {
    let mut machine = scheduler(1, &["/a"], StoreCounts::default());
    let documents = 4000;
    let out = scan_finds(&mut machine, 0, found(documents, 0, Vec::new()));
    assert_eq!(out, []);
    machine.handle(at(0), Input::Unwatched(vec![b"/a".to_vec()]), &mut Vec::new());
    let mut looks = Vec::new();
    for ms in (0..60_000).step_by(100) {
        machine.handle(at(ms), Input::Wake, &mut Vec::new());
        assert!(machine.deadline().is_none_or(|due| due > at(ms)));
        if let Some(id) = machine.start_next(LIGHT, &mut Vec::new()) {
            looks.push(ms);
            machine.handle(at(ms), Input::Done(id, found(documents, 0, Vec::new())), &mut Vec::new());
        }
    }
    assert!(!machine.is_followed(b"/a") && !machine.is_followed(b"/b"), "nobody said so");
    machine.handle(at(60_000), Input::Followed(vec![b"/a".to_vec(), b"/b".to_vec()]), &mut Vec::new());
    assert!(!machine.is_followed(b"/a") && machine.is_followed(b"/b"));
    assert_eq!(looks, [5400, 25_400, 45_400], "first after 5 s, then every 20 s, 5 ms a document; each settles 400 ms");
    machine.handle(at(60_000), Input::Unwatched(Vec::new()), &mut Vec::new());
    assert_eq!(machine.deadline(), Some(at(crate::limits::RESCAN_MS)).min(machine.deadline()));
}

#[test]
fn a_change_of_a_file_with_other_names_is_looked_for_under_all_of_them() {
    let mut machine = scheduler(1, &["/a", "/b"], StoreCounts::default());
    scan_finds(&mut machine, 0, found(10, 0, Vec::new()));
    scan_finds(&mut machine, 0, found(10, 0, Vec::new()));
    machine.handle(at(20_000), Input::Changed(b"/a/x".to_vec()), &mut Vec::new());
    let mut linked = found(1, 0, Vec::new());
    if let Outcome::Scanned { tally, .. } = &mut linked {
        tally.has_other_names = true;
    }
    scan_finds(&mut machine, 20_000 + SETTLE_MS, linked);
    for place in ["/a", "/b"] {
        let mut out = Vec::new();
        machine.handle(at(20_000 + SETTLE_MS), Input::Wake, &mut out);
        let id = machine.start_next(LIGHT, &mut out).unwrap();
        assert!(matches!(&out[..], [Output::Start(_, Task::Scan(scan))] if scan.scope == place.as_bytes()), "{out:?}");
        machine.handle(at(20_000 + SETTLE_MS), Input::Done(id, found(10, 0, Vec::new())), &mut out);
    }
}
