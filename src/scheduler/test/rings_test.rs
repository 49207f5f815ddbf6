//! Who may see a folder that is added while its collection is being changed.

use super::*;
use crate::limits::PRIVATE_NAMES_MAX;
use crate::scheduler::addition::Addition;
use crate::scheduler::regroup::{NewGroup, Regroup};
use crate::store::record::Record;

fn unsaid(path: &str) -> Addition {
    Addition { ring: None, ..source(path).into() }
}

/// The list that an input has saved.
fn listed(machine: &mut Scheduler, input: Input) -> Vec<Source> {
    let mut out = Vec::new();
    machine.handle(at(1), input, &mut out);
    let [Output::Save(_, changes)] = &out[..] else { panic!("{out:?}") };
    let [Change::Sources(Sources { places: list, .. })] = &changes[..] else { panic!("{changes:?}") };
    list.clone()
}

#[test]
fn a_folder_that_is_added_while_its_collection_becomes_private_is_private() {
    let private = Regroup { collection: "home".to_owned(), to: NewGroup::Ring(Ring::Private) };
    for ring_first in [true, false] {
        let mut machine = scheduler(1, &["/a"], StoreCounts::default());
        let inputs = [Input::Regroup(ReplyId(1), private.clone()), Input::Add(ReplyId(2), unsaid("/b"))];
        let [first, second] = inputs;
        let (first, second) = if ring_first { (first, second) } else { (second, first) };
        listed(&mut machine, first);
        let list = listed(&mut machine, second);
        assert_eq!(list.len(), 2);
        assert!(list.iter().all(|source| source.ring == Ring::Private), "{list:?}");
    }
}

#[test]
fn a_folder_that_is_added_while_its_collection_is_renamed_joins_a_new_one_of_the_old_name() {
    let mut machine = scheduler(1, &["/a"], StoreCounts::default());
    let renamed = Regroup { collection: "home".to_owned(), to: NewGroup::Name("work".to_owned()) };
    listed(&mut machine, Input::Regroup(ReplyId(1), renamed));
    let list = listed(&mut machine, Input::Add(ReplyId(2), unsaid("/b")));
    assert_eq!(list[1], source("/b"));
}

#[test]
fn the_first_folder_of_a_name_that_was_just_made_private_is_looked_at() {
    let mut machine = scheduler(1, &[], StoreCounts::default());
    machine.handle(at(0), Input::Wake, &mut Vec::new());
    let private = Regroup { collection: "home".to_owned(), to: NewGroup::Ring(Ring::Private) };
    for (save, input) in
        [Input::Regroup(ReplyId(1), private), Input::Add(ReplyId(2), unsaid("/docs"))].into_iter().enumerate()
    {
        let mut out = Vec::new();
        machine.handle(at(1), input, &mut out);
        machine.handle(at(1), saved(save as u64 + 1, &[]), &mut out);
    }
    machine.handle(at(2), Input::Changed(b"/docs/a.md".to_vec()), &mut Vec::new());
    machine.handle(at(2 + SETTLE_MS), Input::Wake, &mut Vec::new());
    let mut out = Vec::new();
    machine.start_next(LIGHT, &mut out).expect("a scan");
    assert!(matches!(&out[..], [Output::Start(_, Task::Scan(scan))] if scan.scope == b"/docs"), "{out:?}");
}

#[test]
fn a_private_collection_whose_last_folder_is_forgotten_is_private_when_a_folder_is_added_to_it_again() {
    let mut machine = scheduler(1, &["/w"], StoreCounts::default());
    let diary = |path: &str, ring| Addition { collection: "diary".to_owned(), ring, ..source(path).into() };
    let saved = |machine: &mut Scheduler, input| {
        let mut out = Vec::new();
        machine.handle(at(1), input, &mut out);
        let Some(Output::Save(save, changes)) = out.pop() else { panic!("{out:?}") };
        let list = changes
            .iter()
            .find_map(|change| if let Change::Sources(list) = change { Some(list.clone()) } else { None });
        machine.handle(at(2), super::saved(save.0, &[]), &mut Vec::new());
        list.expect("a list of sources")
    };
    saved(&mut machine, Input::Add(ReplyId(1), diary("/d", Some(Ring::Private))));
    let left = saved(&mut machine, Input::Forget(ReplyId(2), b"/d".to_vec()));
    assert_eq!((left.places.len(), left.private.as_slice()), (1, &["diary".to_owned()][..]));
    assert_eq!(machine.private_names(), ["diary"]);
    assert_eq!(Sources::decode(&left.encode()), Some(left), "and is written down");
    let list = saved(&mut machine, Input::Add(ReplyId(3), diary("/e", None)));
    assert_eq!((list.places[1].ring, list.private.len()), (Ring::Private, 0), "nobody said otherwise");
}

#[test]
fn a_private_collection_whose_name_cannot_be_remembered_keeps_its_last_folder() {
    let names: Vec<String> = (0..PRIVATE_NAMES_MAX).map(|n| format!("secret {n}")).collect();
    let diary = Source { collection: "diary".to_owned(), ring: Ring::Private, ..source("/d") };
    let sources = Sources { places: vec![diary], private: names, models: Vec::new() };
    let mut machine = Scheduler::new(at(0), Config { slots: 1, disk_free: u64::MAX, sources, ..Config::default() });
    let mut out = Vec::new();
    machine.handle(at(1), Input::Forget(ReplyId(1), b"/d".to_vec()), &mut out);
    let [Output::Refused(_, Refusal::Conflict, why)] = &out[..] else { panic!("{out:?}") };
    assert!(why.contains("Nothing was changed") && machine.sources().len() == 1, "{why}");
    let given_up = Regroup { collection: "secret 9".to_owned(), to: NewGroup::Ring(Ring::Mesh) };
    out.clear();
    machine.handle(at(2), Input::Regroup(ReplyId(2), given_up), &mut out);
    assert!(matches!(out[..], [Output::Save(..)]), "{out:?}");
    out.clear();
    machine.handle(at(3), Input::Forget(ReplyId(3), b"/d".to_vec()), &mut out);
    assert!(matches!(out[..], [Output::Save(..)]), "there is room now: {out:?}");
}

fn private() -> Regroup {
    Regroup { collection: "home".to_owned(), to: NewGroup::Ring(Ring::Private) }
}

#[test]
fn what_is_private_already_needs_no_save_and_so_no_room() {
    let home = Source { ring: Ring::Private, ..source("/a") };
    let config = Config { slots: 1, disk_free: 0, sources: vec![home].into(), ..Config::default() };
    let mut machine = Scheduler::new(at(0), config);
    let mut out = Vec::new();
    for fails in [false, true] {
        if fails {
            machine.handle(at(1), Input::StoreDamaged("The store is damaged.".to_owned()), &mut out);
        }
        out.clear();
        machine.handle(at(2), Input::Regroup(ReplyId(1), private()), &mut out);
        assert_eq!(out, [Output::Regrouped(ReplyId(1), "home".to_owned())], "{fails}");
    }
    let shared = Regroup { to: NewGroup::Ring(Ring::Mesh), ..private() };
    out.clear();
    machine.handle(at(3), Input::Regroup(ReplyId(2), shared), &mut out);
    assert!(matches!(&out[..], [Output::Refused(..)]), "that is a change: {out:?}");
}

#[test]
fn a_collection_is_made_private_on_a_full_disk_and_that_is_tried_after_a_save_that_failed() {
    let mut machine = scheduler(1, &["/a"], StoreCounts::default());
    machine.handle(at(0), Input::DiskFree(0), &mut Vec::new());
    let list = listed(&mut machine, Input::Regroup(ReplyId(1), private()));
    assert_eq!(list[0].ring, Ring::Private);
    let failed = || Err(NotSaved::for_now("The disk is full."));
    let mut out = Vec::new();
    machine.handle(at(2), Input::Saved(SaveId(1), failed()), &mut out);
    assert!(matches!(&out[..], [Output::Refused(ReplyId(1), Refusal::DiskFull, _), Output::Notice(_)]), "{out:?}");
    for (reply, works) in [(2, false), (3, true)] {
        let mut out = Vec::new();
        machine.handle(at(3), Input::Regroup(ReplyId(reply), private()), &mut out);
        let [Output::Mend(save, changes)] = &out[..] else { panic!("{out:?}") };
        let (save, changes) = (*save, changes.clone());
        let lists: Vec<_> = changes.iter().filter(|change| matches!(change, Change::Sources(_))).collect();
        assert!(matches!(lists[..], [Change::Sources(Sources { places, .. })] if places[0].ring == Ring::Private));
        assert_eq!(machine.deadline(), None, "one try at a time");
        out.clear();
        machine.handle(at(3), Input::Regroup(ReplyId(9), private()), &mut out);
        assert!(matches!(&out[..], [Output::Refused(ReplyId(9), ..)]), "{out:?}");
        out.clear();
        machine.handle(at(4), if works { saved(save.0, &[]) } else { Input::Saved(save, failed()) }, &mut out);
        if works {
            assert!(out.contains(&Output::Regrouped(ReplyId(3), "home".to_owned())), "{out:?}");
            assert_eq!((machine.sources()[0].ring, machine.stands_still()), (Ring::Private, false), "it goes on");
        } else {
            assert!(matches!(&out[..], [Output::Refused(ReplyId(2), ..)]), "{out:?}");
            assert_eq!(machine.sources()[0].ring, Ring::Mesh);
        }
    }
    let mut out = Vec::new();
    machine.handle(at(5), Input::DiskFree(0), &mut out);
    machine.handle(at(5), Input::Add(ReplyId(4), unsaid("/b")), &mut out);
    machine.handle(at(6), Input::DiskFree(0), &mut out);
    assert!(
        matches!(out.last(), Some(Output::Refused(ReplyId(4), Refusal::DiskFull, _))),
        "anything else waits: {out:?}"
    );
}
