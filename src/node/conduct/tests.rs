//! What is doubtful about peers, by tables. Whole homes are in tests/sim/holders.rs.

use super::*;
use crate::base::filter::Filter;
use crate::base::id::ReplyId;
use crate::base::level::Energy;
use crate::base::vector::Embedding;
use crate::limits::{DIMENSIONS, DUPLICATE_MS, REFUSED_TOLD_MS};
use crate::node::input::{Input, LinkInput, Request};
use crate::node::test::{at, handle, linked};
use crate::scheduler::task::{Outcome, Task};
use crate::wire::envelope::unsigned;
use crate::wire::gossip::{Fact, Gossip, Headroom, Relayed, TYPE};
use crate::wire::message::{Echo, Query};
use crate::wire::peer_id::PeerId;
use crate::wire::work::Work;
use std::net::SocketAddr;

const PEER: PeerKey = PeerKey([1; 32]);
const OTHER: PeerKey = PeerKey([2; 32]);

fn place(host: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, host], 7781))
}

fn link(peer: PeerKey, input: LinkInput) -> Input {
    Input::Link(peer, input)
}

fn told(node: &Node, ms: u64, area: Area) -> Vec<Finding> {
    node.status(at(ms)).findings.into_iter().filter(|finding| finding.area == area).collect()
}

#[test]
fn a_lost_count_of_starts_is_raised_by_a_proof_on_the_disk_first_and_everything_is_sent_anew() {
    let (mut node, _) = linked(&[1]);
    let out = handle(&mut node, at(10), link(PEER, LinkInput::LatestStart(Some(40))));
    assert!(out.contains(&Output::SaveBootCounter(41)), "{out:?}");
    assert!(out.contains(&Output::Notice(Notice::CountRaised(41))));
    let again = handle(&mut node, at(11), link(PEER, LinkInput::LatestStart(Some(40))));
    assert!(!again.iter().any(|out| matches!(out, Output::SaveBootCounter(_) | Output::Notice(_))), "{again:?}");
    assert!(!out.iter().chain(&again).any(|out| matches!(out, Output::RaiseBoot(_))), "it is not on the disk yet");
    let out = handle(&mut node, at(12), Input::BootCounterSaved(41));
    assert_eq!(out.first(), Some(&Output::RaiseBoot(41)), "before anything that is signed: {out:?}");
    let hello = |out: &Output| matches!(out, Output::Send(PEER, Message::Hello { ask: true, .. }));
    let list = |out: &Output| matches!(out, Output::Send(PEER, Message::MemberList { members, .. }) if members[0].generation == 41);
    assert!(out.iter().any(hello) && out.iter().any(list), "{out:?}");
    assert!(out.iter().any(|out| matches!(out, Output::Sign(_))), "what it publishes is signed anew: {out:?}");
    for known in [0, 1, 40] {
        let out = handle(&mut node, at(20), link(PEER, LinkInput::LatestStart(Some(known))));
        assert!(!out.iter().any(|out| matches!(out, Output::SaveBootCounter(_))), "{known} is below: {out:?}");
    }
    let out = handle(&mut node, at(30), link(PEER, LinkInput::LatestStart(Some(u32::MAX))));
    assert!(!out.iter().any(|out| matches!(out, Output::SaveBootCounter(_))), "there is no number above: {out:?}");
}

#[test]
fn a_proof_that_proves_nothing_is_told_with_the_name_of_its_sender() {
    let (mut node, _) = linked(&[1]);
    let out = handle(&mut node, at(10), link(PEER, LinkInput::LatestStart(None)));
    assert!(matches!(&out[..], [Output::Notice(Notice::Offence(..))]), "{out:?}");
    let found = told(&node, 11, Area::Peers);
    assert!(found.len() == 1 && found[0].what.contains("false proof"), "{found:?}");
}

#[test]
fn refused_messages_are_one_notice_and_one_finding_with_the_cause_and_an_old_start_is_proven() {
    let (mut node, _) = linked(&[1]);
    let (mut notices, mut proofs) = (0, 0);
    for ms in 0..1000 {
        let why = BadMessage::EarlierStart { boot: 3, latest: 9 };
        for out in handle(&mut node, at(1000 + ms), link(PEER, LinkInput::Refused(why))) {
            notices += u32::from(matches!(out, Output::Notice(Notice::NotAccepted(..))));
            proofs += u32::from(out == Output::ProveStart(PEER));
        }
    }
    assert_eq!((notices, proofs), (1, 1));
    let found = told(&node, 2000, Area::Messages);
    assert!(found.len() == 1 && found[0].what.contains("1000 messages of"), "{found:?}");
    assert!(found[0].what.contains("its start 3, and its start 9 is known"), "{found:?}");
    assert!(found[0].what.contains("on that device type `echo 9 > boot` in the home of that agent"), "{found:?}");
    assert_eq!(found[0].command, None, "typed here, it would lower or raise the count of this device");
    handle(&mut node, at(2001), link(PEER, LinkInput::Refused(BadMessage::Signature)));
    assert!(told(&node, 2002, Area::Messages)[0].what.contains("not signed by its sender"));
    assert_eq!(told(&node, 2001 + REFUSED_TOLD_MS, Area::Messages), []);
}

#[test]
fn a_second_device_is_told_and_so_are_all_linked_ones_and_its_own_status_says_so() {
    let (mut node, _) = linked(&[1, 2]);
    let seen = LinkInput::Duplicate { linked: place(1), other: place(9) };
    let out = handle(&mut node, at(10), link(PEER, seen.clone()));
    let message = Message::Duplicate(Duplicate { key: PEER, linked: place(1), other: place(9) });
    assert!(out.contains(&Output::TellDuplicate(PEER, message.clone())), "{out:?}");
    for peer in [PEER, OTHER] {
        assert!(out.contains(&Output::Send(peer, message.clone())), "{out:?}");
    }
    assert_eq!(out.iter().filter(|out| matches!(out, Output::Notice(Notice::Duplicate(..)))).count(), 1);
    let again = handle(&mut node, at(20), link(PEER, seen));
    assert!(!again.iter().any(|out| matches!(out, Output::Notice(_))), "told once: {again:?}");
    assert!(again.contains(&Output::TellDuplicate(PEER, message)), "but each time to the one that tries: {again:?}");
    let found = told(&node, 30, Area::Peers);
    assert!(found.len() == 1 && found[0].what.contains(&format!("one at {}, which is linked", place(1))), "{found:?}");
    assert!(found[0].what.contains(&format!("one at {}, which", place(9))), "{found:?}");
    assert!(found[0].what.contains("by default ~/.local/share/wattle") && found[0].command.is_none(), "{found:?}");
    assert_eq!(told(&node, 20 + DUPLICATE_MS, Area::Peers), []);
}

#[test]
fn hearsay_of_two_devices_is_told_with_its_witness_and_passed_on_to_nobody() {
    let (mut node, _) = linked(&[1, 2]);
    let own = node.config.key;
    for (key, of) in [(own, "of this device"), (OTHER, "that of")] {
        let told = Duplicate { key, linked: place(1), other: place(9) };
        let received = LinkInput::Received(Box::new(Message::Duplicate(told)));
        let out = handle(&mut node, at(10), link(PEER, received));
        let notice = |out: &Output| matches!(out, Output::Notice(Notice::Duplicate(_, text)) if text.contains(of) && text.contains(" says: Two devices"));
        assert!(out.iter().any(notice), "{out:?}");
        assert!(!out.iter().any(|out| matches!(out, Output::Send(_, Message::Duplicate(_)))), "{out:?}");
    }
    let unknown = Duplicate { key: PeerKey([77; 32]), linked: place(1), other: place(9) };
    let out = handle(&mut node, at(11), link(PEER, LinkInput::Received(Box::new(Message::Duplicate(unknown)))));
    assert!(!out.iter().any(|out| matches!(out, Output::Notice(_))), "a key that is not known here: {out:?}");
    assert_eq!(told(&node, 12, Area::Peers).len(), 2);
}

#[test]
fn devices_of_one_name_are_told_apart_by_the_end_of_their_peer_id() {
    let (mut node, _) = linked(&[1, 2, 3]);
    let own = node.config.device.clone();
    for (peer, name) in [(1, "raspberrypi"), (2, "Raspberry Pi"), (3, own.as_str())] {
        let hello = Message::Hello { device: name.to_owned(), ask: false, listen: Vec::new() };
        handle(&mut node, at(10), link(PeerKey([peer; 32]), LinkInput::Received(Box::new(hello))));
    }
    let status = node.status(at(11));
    let names: Vec<String> = status.peers.iter().filter_map(|peer| peer.device.clone()).collect();
    for (peer, name) in status.peers.iter().zip(&names) {
        let end = &peer.peer_id[peer.peer_id.len() - 8..];
        assert!(name.ends_with(&format!(" (…{end})")), "{name} of {}", peer.peer_id);
    }
    assert!(names[0].starts_with("raspberrypi (") && names[1].starts_with("Raspberry Pi ("));
    assert!(names[2].starts_with(&own) && names[2] != own, "it cannot pass for this device");
    let hello = Message::Hello { device: "attic2".to_owned(), ask: false, listen: Vec::new() };
    handle(&mut node, at(12), link(OTHER, LinkInput::Received(Box::new(hello))));
    assert_eq!(node.title(Some(OTHER)), "attic2");
    assert_eq!(node.title(Some(PEER)), "raspberrypi", "alone with its name again");
}

#[test]
fn the_own_key_at_a_foreign_address_is_dialled_once_a_minute_and_another_holder_is_told_to_all() {
    let (mut node, _) = linked(&[1]);
    let own = node.config.key;
    let dials = |node: &mut Node, ms, host| {
        let out = handle(node, at(ms), Input::PeerDiscovered(own, place(host)));
        out.iter().filter(|out| **out == Output::Dial(own, place(host))).count()
    };
    assert_eq!([dials(&mut node, 10, 9), dials(&mut node, 20, 9), dials(&mut node, 30, 8)], [1, 0, 1]);
    assert!(handle(&mut node, at(40), link(own, LinkInput::DialFailed)).is_empty(), "nobody is there");
    let seen = LinkInput::Duplicate { linked: place(1), other: place(9) };
    let out = handle(&mut node, at(50), link(own, seen));
    let message = Message::Duplicate(Duplicate { key: own, linked: place(1), other: place(9) });
    assert!(out.contains(&Output::Send(PEER, message)), "{out:?}");
    let found = told(&node, 60, Area::Peers);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].what.starts_with("Another device with the key of this device is at 10.0.0.9"), "{found:?}");
    assert!(found[0].what.contains("they are in /srv/the agent"), "{found:?}");
    assert_eq!(found[0].command, None, "it may be the original");
    let again = handle(&mut node, at(60_020), Input::Wake);
    assert!(again.contains(&Output::Dial(own, place(9))), "it is looked for again: {again:?}");
}

#[test]
fn of_two_live_holders_of_a_key_no_question_answer_or_news_is_taken_until_one_was_off_and_hearsay_freezes_nobody() {
    let (mut node, _) = linked(&[1, 2]);
    let received = |message: &Message| link(PEER, LinkInput::Received(Box::new(message.clone())));
    let (id, model) = (5, node.config.fingerprint.0);
    let (scale, codes) = (1.0, core::iter::repeat_n(1, DIMENSIONS).collect());
    let query = Message::Query(Query { id, question: "x".to_owned(), model, scale, codes, count: 1 });
    let fact = Fact::Headroom(Headroom { quarters: 4, energy: Energy::Unknown, ms_per_task: 0, valid_s: 120 });
    let news = |seq| {
        let message = unsigned(PeerId::from_public_key(&PEER.0), TYPE, 1, seq, &fact.encode());
        let batch = Gossip::Push(Box::new([Relayed { hops: 1, age_s: 0, message }].into_iter().collect()));
        link(OTHER, LinkInput::Received(Box::new(Message::Gossip(batch))))
    };
    let starts = |out: &[Output]| out.iter().any(|out| matches!(out, Output::Start(_, Task::Retrieve(_))));
    let verifies = |out: &[Output]| out.iter().any(|out| matches!(out, Output::Verify(..)));
    let none = |out: &Output| matches!(out, Output::Send(PEER, Message::Answer(answer)) if answer.found.is_none());

    // A member says so: it may be a liar.
    let hearsay = Message::Duplicate(Duplicate { key: PEER, linked: place(1), other: place(9) });
    handle(&mut node, at(5), link(OTHER, LinkInput::Received(Box::new(hearsay))));
    assert!(starts(&handle(&mut node, at(6), received(&query))) && verifies(&handle(&mut node, at(7), news(1))));

    handle(&mut node, at(10), link(PEER, LinkInput::Duplicate { linked: place(1), other: place(9) }));
    let out = handle(&mut node, at(11), received(&query));
    assert!(!starts(&out) && out.iter().any(none), "it is told at once that there is no answer: {out:?}");
    assert!(!verifies(&handle(&mut node, at(12), news(2))), "whoever hands it on");
    let leave = handle(&mut node, at(13), received(&Message::Trust(Exchange::Leave)));
    assert_eq!(leave, [], "one of them does not take the key out of the mesh");
    let echo = handle(
        &mut node,
        at(14),
        received(&Message::Echo(Echo { id: 1, text: heapless::String::new(), answer: false })),
    );
    assert!(matches!(&echo[..], [Output::Send(PEER, Message::Echo(_))]), "its link lives: {echo:?}");
    let findings = told(&node, 15, Area::Peers);
    assert!(findings[0].what.contains("Both are frozen"), "{findings:?}");
    let named = |out: &[Output]| out.iter().any(|out| matches!(out, Output::SaveName(PEER, _)));
    let hello = Message::Hello { device: "cellar".to_owned(), ask: false, listen: Vec::new() };
    assert!(!named(&handle(&mut node, at(16), received(&hello))) && node.title(Some(PEER)) != "cellar");

    // A question of a person goes to the other one alone.
    let ask = |node: &mut Node, ms| {
        let search = Request::Search { question: "x".to_owned(), count: 1, filter: Filter::default() };
        let out = handle(node, at(ms), Input::Api(ReplyId(ms), search));
        let embed =
            |out: &Output| if let Output::Start(task, Task::EmbedQuery { .. }) = out { Some(*task) } else { None };
        let task = out.iter().find_map(embed).expect("it is embedded");
        let embedding = Embedding::new(node.config.fingerprint, &[0.5; DIMENSIONS]).unwrap();
        handle(node, at(ms + 1), Input::Done(task, Outcome::QueryEmbedding(embedding), Duration::ZERO))
    };
    let asked = |out: &[Output]| {
        let to = |out: &Output| if let Output::Send(to, Message::Query(_)) = out { Some(*to) } else { None };
        out.iter().filter_map(to).collect::<Vec<_>>()
    };
    assert_eq!(asked(&ask(&mut node, 20)), [OTHER]);
    let later = 10 + DUPLICATE_MS;
    assert!(named(&handle(&mut node, at(later), received(&hello))) && node.title(Some(PEER)) == "cellar");
    assert_eq!(asked(&ask(&mut node, later)), [PEER, OTHER]);
    assert!(
        starts(&handle(&mut node, at(later + 9), received(&query)))
            && verifies(&handle(&mut node, at(later + 9), news(2)))
    );
}

#[test]
fn two_devices_of_one_key_are_asked_for_no_work_and_named_for_no_silence() {
    for is_twice in [false, true] {
        let (mut node, _) = linked(&[1]);
        let offer = crate::wire::work::Offer { model: node.config.fingerprint.0, chunks: 100 };
        let work = |work| link(PEER, LinkInput::Received(Box::new(Message::Work(work))));
        let asks =
            |out: &[Output]| out.iter().any(|out| matches!(out, Output::Send(PEER, Message::Work(Work::Ask(_)))));
        assert!(asks(&handle(&mut node, at(10), work(Work::Offer(offer)))));
        if is_twice {
            handle(&mut node, at(20), link(PEER, LinkInput::Duplicate { linked: place(1), other: place(9) }));
        }
        // The first request is given up, and the offer is made once more.
        handle(&mut node, at(5_500), Input::Wake);
        let again = crate::wire::work::Offer { model: node.config.fingerprint.0, chunks: 90 };
        assert_eq!(asks(&handle(&mut node, at(6_000), work(Work::Offer(again)))), !is_twice);
        assert!(!is_twice || node.scheduler.offered() == 0, "nobody waits for it");
        let [device] = &node.status(at(1_000)).work.shared.why.devices[..] else { panic!("one device") };
        assert_eq!(device.frozen, is_twice);
    }
}

#[test]
fn a_question_names_who_is_not_asked_as_two_devices_use_its_key_and_so_do_the_peers() {
    let (mut node, _) = linked(&[1, 2]);
    handle(&mut node, at(10), link(PEER, LinkInput::Duplicate { linked: place(1), other: place(9) }));
    let frozen: Vec<(PeerKey, bool)> = node.status(at(11)).peers.iter().map(|peer| (peer.key, peer.frozen)).collect();
    assert_eq!(frozen, [(PEER, true), (OTHER, false)]);
    let search = Request::Search { question: "x".to_owned(), count: 1, filter: Filter::default() };
    let out = handle(&mut node, at(20), Input::Api(ReplyId(7), search));
    let embed = |out: &Output| if let Output::Start(task, Task::EmbedQuery { .. }) = out { Some(*task) } else { None };
    let task = out.iter().find_map(embed).expect("it is embedded");
    let embedding = Embedding::new(node.config.fingerprint, &[0.5; DIMENSIONS]).unwrap();
    handle(&mut node, at(21), Input::Done(task, Outcome::QueryEmbedding(embedding), Duration::ZERO));
    let out = handle(&mut node, at(21 + crate::limits::QUERY_MS_MAX), Input::Wake);
    let hits = |out: &Output| match out {
        Output::Reply(ReplyId(7), crate::node::output::Response::Hits { silent, frozen, .. }) => {
            let silent: Vec<String> = silent.iter().map(|of| of.peer_id.clone()).collect();
            Some((silent, frozen.iter().map(|of| of.peer_id.clone()).collect::<Vec<String>>()))
        }
        _ => None,
    };
    let (silent, frozen) = out.iter().find_map(hits).expect("it is answered in the end");
    let id = |peer| PeerId::from_public_key(&peer).to_string();
    assert_eq!(frozen, [id(PEER.0)]);
    assert!(silent.contains(&id(OTHER.0)) && !silent.contains(&id(PEER.0)), "{silent:?}");
}

#[test]
fn a_device_that_knows_of_two_with_its_key_names_no_owner_that_does_not_answer_it() {
    for is_told in [false, true] {
        let (mut node, _) = linked(&[1]);
        let allowed = crate::scheduler::lend::Allowed { others: true, checks: true, reads: true };
        let offer = crate::wire::work::Offer { model: node.config.fingerprint.0, chunks: 100 };
        let mut orders = Vec::new();
        node.scheduler.on_work(at(10), PEER, Work::Offer(offer), &mut orders);
        // Each request is given up, and the next one made after a pause.
        for second in 1..=600 {
            node.scheduler.share_work(at(second * 1_000), &[], allowed, &mut orders);
        }
        let now = 601_000;
        if is_told {
            let told = Duplicate { key: node.config.key, linked: place(1), other: place(9) };
            handle(&mut node, at(now), link(PEER, LinkInput::Received(Box::new(Message::Duplicate(told)))));
        }
        let status = node.status(at(now + 1));
        let blamed = status.findings.iter().filter(|found| found.what.contains("has answered none of")).count();
        assert_eq!((status.work.shared.why.silent_owners.len(), blamed), if is_told { (0, 0) } else { (1, 1) });
        assert_eq!(status.work.shared.why.own_key_twice, is_told);
    }
}
