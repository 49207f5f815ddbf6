//! A promise rests on what is on the disk: no reply and no message to a peer before the `Saved` of its record.

use super::*;
use crate::base::id::TaskId;
use crate::limits::STOP_WORK_MS;
use crate::wire::message::{Entry, Message};

#[test]
fn a_path_that_an_unsaved_source_covers_is_acknowledged_with_its_save() {
    let mut node = node(u64::MAX);
    let out = handle(&mut node, at(1), Input::Api(ReplyId(1), Request::Add(source("/a").into())));
    let [Output::Save(save, _)] = &out[..] else { panic!("{out:?}") };
    let again = [(2, "/a"), (3, "/a/b")];
    for (reply, path) in again {
        let out = handle(&mut node, at(2), Input::Api(ReplyId(reply), Request::Add(source(path).into())));
        assert_eq!(out, [], "{path} is acknowledged before it is on the disk");
    }
    assert_eq!(node.status(at(3)).sources, [], "a source is watched that a power cut would lose");
    let out = handle(&mut node, at(4), Input::Saved(*save, saved(Vec::new(), StoreCounts::default())));
    let added = |reply| Output::Reply(ReplyId(reply), Response::Added);
    assert_eq!(out, [Output::Watch(b"/a".to_vec()), added(1), added(2), added(3)]);
    assert_eq!(node.status(at(4)).sources, [source("/a")]);
}

#[test]
fn sources_build_on_saves_under_way_and_hold_once_they_are_saved() {
    let mut node = node(u64::MAX);
    let mut saves = Vec::new();
    for (reply, path) in [(1, "/a"), (2, "/b"), (3, "/b/c")] {
        let out = handle(&mut node, at(1), Input::Api(ReplyId(reply), Request::Add(source(path).into())));
        saves.extend(out);
    }
    let [Output::Save(first, _), Output::Save(second, changes)] = &saves[..] else { panic!("{saves:?}") };
    assert!(
        matches!(&changes[..], [Change::Sources(list)] if list.places == [source("/a"), source("/b")]),
        "{changes:?}"
    );
    let out = handle(&mut node, at(2), Input::Saved(*first, saved(Vec::new(), StoreCounts::default())));
    assert_eq!(out, [Output::Watch(b"/a".to_vec()), Output::Reply(ReplyId(1), Response::Added)]);
    assert_eq!(node.status(at(2)).sources, [source("/a")]);
    let out = handle(&mut node, at(3), Input::Saved(*second, Err(NotSaved::for_now("The disk is gone."))));
    for reply in [2, 3] {
        assert!(
            out.iter()
                .any(|out| matches!(out, Output::Reply(id, Response::Refused(Problem::Broken, _)) if id.0 == reply)),
            "{out:?}"
        );
    }
    assert_eq!(node.status(at(3)).sources, [source("/a")]);
}

/// Whether an output carries this agent's generation to a peer.
fn carries_generation(out: &Output) -> bool {
    matches!(out, Output::SwimPacket(..) | Output::Send(_, Message::Member(_) | Message::MemberList { .. }))
}

#[test]
fn a_new_generation_is_sent_to_nobody_before_it_is_on_the_disk() {
    let (mut node, _) = linked(&[1]);
    let peer = PeerKey([1; 32]);
    // The peer knows this agent in its generation 5; this start counts as 1.
    let entry = |key, generation| Entry { key, generation, incarnation: 0, standing: 0, addresses: Vec::new() };
    let members = vec![entry(peer, 1), entry(PeerKey([200; 32]), 5)];
    let list = LinkInput::Received(Box::new(Message::MemberList { ask: true, members }));
    let out = handle(&mut node, at(10), Input::Link(peer, list));
    assert_eq!(node.generation(), 6);
    assert!(out.contains(&Output::SaveBootCounter(6)), "{out:?}");
    assert!(!out.iter().any(carries_generation), "sent before it is saved: {out:?}");
    assert_eq!(
        handle(&mut node, at(11), Input::BootCounterSaved(5)).iter().filter(|out| carries_generation(out)).count(),
        0
    );
    let out = handle(&mut node, at(12), Input::BootCounterSaved(6));
    let lists = |out: &&Output| matches!(out, Output::Send(_, Message::MemberList { members, .. }) if members[0].generation == 6);
    assert_eq!(out.iter().filter(lists).count(), 1, "the list that was asked for is sent now: {out:?}");
}

#[test]
fn a_stop_between_the_save_of_a_forget_and_the_end_of_the_removal_acknowledges_it() {
    let mut node = node(u64::MAX);
    handle(&mut node, at(1), Input::Api(ReplyId(1), Request::Add(source("/a").into())));
    handle(&mut node, at(1), Input::Saved(SaveId(1), saved(Vec::new(), StoreCounts::default())));
    let out = handle(&mut node, at(2), Input::Api(ReplyId(2), Request::Forget(b"/a".to_vec())));
    let [Output::Save(save, _)] = &out[..] else { panic!("{out:?}") };
    let out = handle(&mut node, at(3), Input::Saved(*save, saved(Vec::new(), StoreCounts::default())));
    assert!(matches!(&out[..], [Output::Unwatch(_), Output::Start(_, Task::Sweep)]), "{out:?}");
    let out = handle(&mut node, at(4), Input::Stop);
    assert!(
        matches!(&out[..], [Output::Reply(ReplyId(2), Response::Done(_))]),
        "the sweep is still under way: {out:?}"
    );
    assert_eq!(node.deadline(), Some(at(4 + STOP_WORK_MS)), "the end of the sweep is an input");
    let Some(Output::Stopped) =
        handle(&mut node, at(9_000), Input::Done(TaskId(1), Outcome::StoreFailed("x".into()), Duration::ZERO)).pop()
    else {
        panic!("it stops")
    };
}

#[test]
fn a_stop_waits_for_a_task_that_does_not_end_no_longer_than_its_time_however_often_it_is_asked_for() {
    let mut node = node(u64::MAX);
    handle(&mut node, at(1), Input::Api(ReplyId(1), Request::Add(source("/a").into())));
    handle(&mut node, at(1), Input::Saved(SaveId(1), saved(Vec::new(), StoreCounts::default())));
    let out = handle(&mut node, at(2), Input::Api(ReplyId(2), Request::Forget(b"/a".to_vec())));
    let [Output::Save(save, _)] = &out[..] else { panic!("{out:?}") };
    let out = handle(&mut node, at(3), Input::Saved(*save, saved(Vec::new(), StoreCounts::default())));
    assert!(matches!(&out[..], [Output::Unwatch(_), Output::Start(_, Task::Sweep)]), "{out:?}");
    let stopped = |out: Vec<Output>| out.iter().any(|out| matches!(out, Output::Stopped));
    for again in [4, 5_000, 3 + STOP_WORK_MS] {
        assert!(!stopped(handle(&mut node, at(again), Input::Stop)), "the sweep is under way");
    }
    assert_eq!(node.deadline(), Some(at(4 + STOP_WORK_MS)));
    assert!(stopped(handle(&mut node, at(4 + STOP_WORK_MS), Input::Wake)));
}

#[test]
fn a_forget_whose_save_ends_while_the_agent_stops_is_acknowledged() {
    let mut node = node(u64::MAX);
    handle(&mut node, at(1), Input::Api(ReplyId(1), Request::Add(source("/a").into())));
    handle(&mut node, at(1), Input::Saved(SaveId(1), saved(Vec::new(), StoreCounts::default())));
    handle(&mut node, at(2), Input::Api(ReplyId(2), Request::Forget(b"/a".to_vec())));
    assert_eq!(handle(&mut node, at(3), Input::Stop), []);
    let out = handle(&mut node, at(4), Input::Saved(SaveId(2), saved(Vec::new(), StoreCounts::default())));
    assert!(out.iter().any(|out| matches!(out, Output::Reply(ReplyId(2), Response::Done(_)))), "{out:?}");
    assert_eq!(out.last(), Some(&Output::Stopped));
}
