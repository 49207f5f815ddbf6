//! Why work waits, asked of other devices and told to them.

use super::*;
use crate::energy::measured::{Measured, Unit};
use crate::scheduler::only_here::OnlyHere;
use crate::wire::message::Message;
use crate::wire::why::{Figure, Hold, Why};

const NAS: PeerKey = PeerKey([1; 32]);

/// The device asks or tells; gives the answers.
fn told(node: &mut Node, now: u64, why: Why) -> Vec<Output> {
    let received = LinkInput::Received(Box::new(Message::Why(why)));
    let is_why = |out: &Output| matches!(out, Output::Send(_, Message::Why(_)));
    handle(node, at(now), Input::Link(NAS, received)).into_iter().filter(is_why).collect()
}

#[test]
fn a_device_that_asks_is_told_the_reason_the_figure_and_since_when() {
    let (mut node, _) = linked(&[1]);
    let battery = Some(Measured { value: 340, threshold: 600, unit: Unit::Percent });
    let held = Decision { reason: Some(Reason::OnBattery), measured: battery, ..Decision::default() };
    handle(&mut node, at(1_000), Input::Power(held));
    // Only the charge has changed: the reason is the same as before.
    let less = Some(Measured { value: 330, threshold: 600, unit: Unit::Percent });
    handle(&mut node, at(31_000), Input::Power(Decision { measured: less, ..held }));
    let ask = Why { ask: true, hold: None };
    let figure = Some(Figure { threshold: 600, unit: 1, value: 330 });
    let hold =
        Hold { figure, next_s: 5, reason: "on-battery".try_into().expect("a short word"), share: 0, since_s: 60 };
    let answer = Why { ask: false, hold: Some(hold) };
    assert_eq!(told(&mut node, 61_000, ask.clone()), [Output::Send(NAS, Message::Why(answer))]);
    let free = Decision { headroom: Fraction::ALL, workers: 1, ..Decision::default() };
    handle(&mut node, at(62_000), Input::Power(free));
    let answer = Why { ask: false, hold: None };
    assert_eq!(told(&mut node, 62_001, ask), [Output::Send(NAS, Message::Why(answer))], "nothing holds it");
}

#[test]
fn what_linked_devices_tell_when_they_are_asked_is_in_the_status_for_a_moment() {
    let (mut node, _) = linked(&[1]);
    let out = handle(&mut node, at(1_000), Input::Api(ReplyId(3), Request::AskWhy));
    let ask = Message::Why(Why { ask: true, hold: None });
    assert_eq!(out[..2], [Output::Send(NAS, ask), Output::Reply(ReplyId(3), Response::Asked(1))]);
    let why = |node: &Node, now| node.status(at(now)).work.shared.why.devices;
    assert_eq!(why(&node, 1_000)[0].told, None, "it did not say yet");
    let hold =
        Hold { figure: None, next_s: 0, reason: "paused".try_into().expect("a short word"), share: 0, since_s: 60 };
    assert_eq!(told(&mut node, 1_030, Why { ask: false, hold: Some(hold) }), []);
    let devices = why(&node, 2_030);
    let said = devices[0].told.clone().flatten().expect("it told");
    assert_eq!((said.reason, said.since_ago, said.next_in), (Ok(Reason::Paused), Duration::from_secs(61), None));
    assert_eq!(why(&node, 60_000)[0].told, None, "what it said long ago may be otherwise");
    handle(&mut node, at(60_000), Input::Trust(trust::Input::Grant(NAS, Rights::LINK | Rights::SIGN)));
    assert_eq!(why(&node, 60_001), [], "of one that may not work for this one nobody asks");
    assert_eq!(told(&mut node, 60_002, Why { ask: true, hold: None }), [], "and it is told nothing");
}

#[test]
fn a_device_whose_disk_is_full_tells_that_and_not_what_the_governor_allows() {
    let mut node = node(0);
    admit(&mut node, NAS, SocketAddr::from(([127, 0, 0, 1], 1)));
    handle(&mut node, at(1), Input::Link(NAS, LinkInput::Up(SocketAddr::from(([127, 0, 0, 1], 1)))));
    let free = Decision { headroom: Fraction::ALL, workers: 1, ..Decision::default() };
    handle(&mut node, at(1_000), Input::Power(free));
    let answers = told(&mut node, 2_000, Why { ask: true, hold: None });
    let [Output::Send(NAS, Message::Why(Why { hold: Some(hold), .. }))] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!((&*hold.reason.to_string(), hold.share), ("disk-full", 0));
    assert!(node.status(at(2_000)).work.shared.why.hold.is_some(), "and its owner reads it");
}

#[test]
fn a_device_that_asks_with_another_model_is_named_until_it_asks_with_the_same_one() {
    let (mut node, _) = linked(&[1]);
    let asks = |node: &mut Node, now, model| {
        let codes = vec![1; crate::limits::DIMENSIONS];
        let query =
            crate::wire::message::Query { id: 5, question: "q".to_owned(), model, scale: 0.01, codes, count: 3 };
        let out = handle(node, at(now), Input::Link(NAS, LinkInput::Received(Box::new(Message::Query(query)))));
        let by = |output: &Output| match output {
            Output::Start(_, Task::Retrieve(query)) => Some(query.embedding.model().0),
            _ => None,
        };
        assert_eq!(out.iter().find_map(by), Some(model), "by words at least");
    };
    let named = |node: &Node| {
        let status = node.status(at(9_000));
        let found = status.findings.iter().filter(|finding| finding.what.contains("another model")).count();
        (found, status.peers[0].other_model)
    };
    asks(&mut node, 10, [9; 32]);
    assert_eq!(named(&node), (1, true));
    let own = node.config.fingerprint.0;
    asks(&mut node, 20, own);
    assert_eq!(named(&node), (0, false));
}

#[test]
fn a_device_without_surplus_gets_nothing_that_waits_for_some_and_none_gets_what_is_private() {
    let (node, _) = linked(&[1]);
    let gets = |node: &Node, now| node.status(at(now)).work.shared.why.devices[0].gets;
    assert!(!gets(&node, 10), "nothing may leave this device");
    for (ring, lends) in [(Ring::Private, false), (Ring::Mesh, true)] {
        let (mut node, _) = linked(&[1]);
        let out =
            handle(&mut node, at(10), Input::Api(ReplyId(1), Request::Add(Source { ring, ..source("/a") }.into())));
        let save = out.iter().find_map(|out| if let Output::Save(save, _) = out { Some(*save) } else { None });
        let save = save.expect("the folder is saved");
        handle(&mut node, at(11), Input::Saved(save, saved(Vec::new(), StoreCounts::default())));
        assert_eq!(gets(&node, 12), lends, "{ring:?}");
        handle(
            &mut node,
            at(13),
            Input::Power(Decision { reason: Some(Reason::WaitingForSurplus), ..Decision::default() }),
        );
        assert!(!gets(&node, 14), "it has no surplus");
    }
}

#[test]
fn that_only_this_device_may_embed_what_waits_is_known_where_all_of_it_is_private() {
    for (ring, chunks, says) in
        [(Ring::Private, 40, OnlyHere::Private), (Ring::Mesh, 40, OnlyHere::No), (Ring::Private, 0, OnlyHere::No)]
    {
        let (mut node, _) = linked(&[1]);
        let out =
            handle(&mut node, at(10), Input::Api(ReplyId(1), Request::Add(Source { ring, ..source("/a") }.into())));
        let save = out.iter().find_map(|out| if let Output::Save(save, _) = out { Some(*save) } else { None });
        let mut counts = StoreCounts::default();
        counts.enter(Kind::Chunked);
        counts.chunks = chunks;
        handle(&mut node, at(11), Input::Saved(save.expect("the folder is saved"), saved(Vec::new(), counts)));
        assert_eq!(node.status(at(12)).work.shared.why.only_here, says, "{ring:?}");
    }
}

#[test]
fn a_device_that_may_work_no_more_is_no_more_in_the_list_of_those_that_have_worked() {
    let (mut node, _) = linked(&[1]);
    let listed = |node: &Node| node.status(at(9_000)).work.shared.lent.len();
    node.scheduler.worker_has_done(at(10), NAS, 7);
    assert_eq!(listed(&node), 1);
    handle(&mut node, at(60_000), Input::Trust(trust::Input::Grant(NAS, Rights::LINK | Rights::SIGN)));
    assert_eq!(listed(&node), 0, "it was removed");
}

#[test]
fn a_device_is_told_at_once_that_a_result_of_it_was_false_and_not_with_each_step() {
    let (mut owner, _) = linked(&[1]);
    owner.scheduler.worker_was_false(at(10_000), NAS);
    let mut says = |now: u64| -> Vec<Why> {
        let why = |out: Output| if let Output::Send(NAS, Message::Why(why)) = out { Some(why) } else { None };
        handle(&mut owner, at(now), Input::Wake).into_iter().filter_map(why).collect()
    };
    assert_eq!(says(10_000), [Why::of_false_result(0, 3_600)]);
    assert_eq!(says(10_001), []);
}

#[test]
fn that_a_result_of_this_device_was_false_as_another_one_says_is_logged_once_and_found_by_its_own_doctor() {
    let (mut node, _) = linked(&[1]);
    let logged = |node: &mut Node, now: u64| {
        let message = Box::new(Message::Why(Why::of_false_result(600, 3_000)));
        let out = handle(node, at(now), Input::Link(NAS, LinkInput::Received(message)));
        out.iter().filter(|out| matches!(out, Output::Notice(Notice::Disputed(_)))).count()
    };
    assert_eq!(logged(&mut node, 1_000), 1);
    assert_eq!(node.status(at(1_001)).work.shared.why.devices[0].told, None, "it is nothing that limits that device");
    assert_eq!(logged(&mut node, 61_000), 0, "it says so once more");
    let found = |node: &Node, now: u64| -> Vec<String> {
        let found = node.status(at(now)).findings.into_iter().map(|finding| finding.what);
        found.filter(|what| what.contains("is not that of its passage")).collect()
    };
    let says = found(&node, 61_000);
    assert!(says.len() == 1 && says[0].contains("found that 10 minutes ago"), "{says:?}");
    assert!(says[0].contains("no work for another 50 minutes"), "{says:?}");
    assert_eq!(found(&node, 61_000 + 3_000_000).len(), 0, "it gives work again");
}
