//! The trust flow by tables: what the node still knows of a peer, and what it accepts from it, after each decision.

use super::super::input::{Input as NodeInput, LinkInput, Request};
use super::super::output::Response;
use super::super::test::{at, handle, linked};
use super::*;
use crate::base::filter::Filter;
use crate::base::hit::Found;
use crate::base::id::{Fingerprint, ReplyId, TaskId};
use crate::base::level::Energy;
use crate::base::time::Duration;
use crate::embed::Embedder;
use crate::embed::stand_in::StandIn;
use crate::limits::TRUST_PEERS_MAX;
use crate::mesh::trust::Refused;
use crate::scheduler::task::{Outcome, Task};
use crate::wire::envelope::unsigned;
use crate::wire::gossip::{Fact, Gossip, Headroom, Kind, Relayed, TYPE};
use crate::wire::message;
use crate::wire::message::{Entry, Message};

const A: PeerKey = PeerKey([1; 32]);
const B: PeerKey = PeerKey([2; 32]);

fn address(n: u8) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], u16::from(n)))
}

fn received(from: PeerKey, message: Message) -> NodeInput {
    NodeInput::Link(from, LinkInput::Received(Box::new(message)))
}

fn revoke(peer: PeerKey) -> NodeInput {
    NodeInput::Trust(Input::Revoke(peer))
}

fn grant(peer: PeerKey, rights: Rights) -> NodeInput {
    NodeInput::Trust(Input::Grant(peer, rights))
}

/// The member list of agent `n`.
fn member_list(n: u8) -> Message {
    let entry = |n: u8| Entry {
        key: PeerKey([n; 32]),
        generation: 1,
        incarnation: 0,
        standing: 0,
        addresses: vec![address(n)],
    };
    Message::MemberList { ask: false, members: vec![entry(n), entry(3 - n)] }
}

fn item(origin: PeerKey, seq: u64) -> Relayed {
    let fact = Fact::Headroom(Headroom { quarters: 2, energy: Energy::Unknown, ms_per_task: 0, valid_s: 120 });
    let message = unsigned(PeerId::from_public_key(&origin.0), TYPE, 1, seq, &fact.encode());
    Relayed { hops: 1, age_s: 0, message }
}

fn gossip(from: PeerKey, item: Relayed) -> NodeInput {
    received(from, Message::Gossip(Gossip::Push(Box::new([item].into_iter().collect()))))
}

fn query(id: u64, node: &Node) -> Message {
    let model = node.config.fingerprint;
    let quantized = StandIn::new(model).embed("violin").unwrap().quantize();
    let codes = quantized.bytes().collect();
    let question = "violin".to_owned();
    Message::Query(message::Query { id, question, model: model.0, scale: quantized.scale(), codes, count: 3 })
}

fn answer(id: u64) -> Message {
    Message::Answer(message::Answer { id, device: "far".to_owned(), found: Some(Box::default()) })
}

/// Two members, linked, with a gossip item of each.
fn two() -> Node {
    let (mut node, _) = linked(&[1, 2]);
    for (n, peer) in [(1, A), (2, B)] {
        handle(&mut node, at(10), received(peer, member_list(n)));
        handle(&mut node, at(10), NodeInput::Verified(peer, item(peer, 1)));
        assert!(node.is_up(peer) && node.newest_gossip(peer, Kind::Headroom).is_some());
    }
    node
}

/// Begins a query; gives the task that searches here and the number under which the peers were asked.
fn begin(node: &mut Node, reply: u64, asked: &[PeerKey]) -> (TaskId, u64) {
    let search = Request::Search { question: "violin".to_owned(), count: 3, filter: Filter::default() };
    let out = handle(node, at(20), NodeInput::Api(ReplyId(reply), search));
    let Some(Output::Start(embed, Task::EmbedQuery { .. })) = out.iter().find(|out| matches!(out, Output::Start(..)))
    else {
        panic!("{out:?}")
    };
    let embedding = StandIn::new(Fingerprint([0; 32])).embed("violin").unwrap();
    let out = handle(node, at(20), NodeInput::Done(*embed, Outcome::QueryEmbedding(embedding), Duration::ZERO));
    let sent = out.iter().filter_map(|out| match out {
        Output::Send(to, Message::Query(query)) => Some((*to, query.id)),
        _ => None,
    });
    let sent: Vec<_> = sent.collect();
    assert_eq!(sent.iter().map(|(to, _)| *to).collect::<Vec<_>>(), asked);
    let task = out.iter().find_map(|out| match out {
        Output::Start(task, Task::Retrieve(_)) => Some(*task),
        _ => None,
    });
    (task.unwrap(), sent.first().map_or(0, |(_, id)| *id))
}

fn found(node: &mut Node, task: TaskId) -> Vec<Output> {
    handle(node, at(21), NodeInput::Done(task, Outcome::Found(Box::<Found>::default(), Vec::new()), Duration::ZERO))
}

/// Whether an output goes to a peer or is about it.
fn is_of(output: &Output, peer: PeerKey) -> bool {
    match output {
        Output::Send(to, _) | Output::SwimPacket(to, _) | Output::Dial(to, _) | Output::HangUp(to, _) => *to == peer,
        Output::SaveAddresses(to, _) | Output::Verify(to, _) | Output::Push { to, .. } => *to == peer,
        _ => false,
    }
}

fn knows(node: &Node, peer: PeerKey) -> bool {
    let status = node.status(at(30));
    status.peers.iter().any(|known| known.key == peer) || status.gossip.iter().any(|gossip| gossip.peer == peer)
}

#[test]
fn after_an_expulsion_nothing_knows_the_peer_any_more() {
    let mut node = two();
    let (task, number) = begin(&mut node, 1, &[A, B]);
    assert!(found(&mut node, task).iter().all(|out| !matches!(out, Output::Reply(..))), "the query waits for two");
    handle(&mut node, at(22), received(B, answer(number)));
    let asked = query(7, &node);
    let out = handle(&mut node, at(22), received(A, asked));
    let Some(Output::Start(theirs, Task::Retrieve(_))) = out.first() else { panic!("{out:?}") };

    let out = handle(&mut node, at(25), revoke(A));
    assert_eq!(out.first(), Some(&Output::Expel(A)), "the sockets are told before anything else happens");
    assert!(matches!(&out[1], Output::Notice(Notice::Uncertified(_))), "{out:?}");
    let Some(Output::Reply(ReplyId(1), Response::Hits { asked, answered, silent, .. })) = out.get(2) else {
        panic!("the query does not wait for it: {out:?}")
    };
    assert_eq!((*asked, *answered, silent.len()), (2, 2, 0), "this device and B");
    assert!(!out.iter().any(|out| is_of(out, A)), "{out:?}");
    assert!(!knows(&node, A) && knows(&node, B));
    assert!(!node.is_up(A) && node.is_up(B) && node.members_up() == 1);
    assert_eq!(node.newest_gossip(A, Kind::Headroom), None);
    assert!(node.newest_gossip(B, Kind::Headroom).is_some());
    assert_eq!(node.rights(A), Rights::NONE);
    let out = handle(
        &mut node,
        at(26),
        NodeInput::Done(*theirs, Outcome::Found(Box::<Found>::default(), Vec::new()), Duration::ZERO),
    );
    assert!(!out.iter().any(|out| is_of(out, A)), "its query is not answered: {out:?}");
}

#[test]
fn whatever_an_expelled_peer_still_sends_changes_nothing() {
    let mut node = two();
    let (query, packet) = (query(8, &node), vec![0; 40]);
    handle(&mut node, at(25), revoke(A));
    let inputs = [
        NodeInput::Link(A, LinkInput::Down("it was removed".to_owned())),
        NodeInput::Link(A, LinkInput::Up(address(1))),
        received(A, member_list(1)),
        received(A, query),
        received(A, Message::Hello { device: "attic".to_owned(), ask: true, listen: vec![address(1)] }),
        gossip(A, item(B, 5)),
        gossip(B, item(A, 5)),
        NodeInput::Verified(B, item(A, 6)),
        NodeInput::SwimPacket(A, packet),
        NodeInput::PeerDiscovered(A, address(1)),
        NodeInput::VerifyFailed(A),
        received(B, member_list(2)),
    ];
    for input in inputs {
        let shown = format!("{input:?}");
        let out = handle(&mut node, at(26), input);
        let hung_up = |out: &Output| matches!(out, Output::HangUp(A, _));
        assert_eq!(out.iter().any(hung_up), shown.contains("Up("), "{shown} led to {out:?}");
        let led_to = out.iter().filter(|out| !hung_up(out));
        let accepted =
            led_to.into_iter().any(|out| is_of(out, A) || matches!(out, Output::Start(..) | Output::Verify(..)));
        assert!(!accepted, "{shown} led to {out:?}");
        assert!(!knows(&node, A) && !node.is_up(A) && node.members_up() == 1, "{shown}");
        assert_eq!(node.newest_gossip(A, Kind::Headroom), None, "{shown}");
        assert_eq!(node.newest_gossip(B, Kind::Headroom), Some((1, 1)), "{shown}");
    }
    for second in 1..600 {
        let out = handle(&mut node, at(second * 1000), NodeInput::Wake);
        assert!(!out.iter().any(|out| is_of(out, A)), "{out:?}");
    }
}

#[test]
fn a_peer_that_is_admitted_again_starts_from_nothing() {
    let mut node = two();
    handle(&mut node, at(25), revoke(A));
    assert_eq!(handle(&mut node, at(25), revoke(A)), [], "it was expelled already");
    let out = handle(&mut node, at(26), grant(A, Rights::ALL));
    assert!(matches!(&out[..], [Output::Admit(A, Rights::ALL), Output::Notice(Notice::Admitted(_)), ..]), "{out:?}");
    assert!(!out.iter().any(|out| matches!(out, Output::Dial(..))), "its addresses were forgotten");
    assert_eq!(handle(&mut node, at(26), grant(A, Rights::ALL)), [], "it was admitted already");
    handle(&mut node, at(27), NodeInput::PeerDiscovered(A, address(1)));
    let out: Vec<_> = (1..3).flat_map(|s| handle(&mut node, at(s * 1000), NodeInput::Wake)).collect();
    assert!(out.contains(&Output::Dial(A, address(1))), "{out:?}");
    handle(&mut node, at(2100), NodeInput::Link(A, LinkInput::Up(address(1))));
    handle(&mut node, at(2100), received(A, member_list(1)));
    assert!(node.is_up(A) && node.members_up() == 2);
    let out = handle(&mut node, at(2100), gossip(A, item(A, 1)));
    assert!(out.iter().any(|out| matches!(out, Output::Verify(A, _))), "its old items are new again: {out:?}");
    begin(&mut node, 2, &[A, B]);
}

#[test]
fn a_peer_that_may_only_link_and_sign_is_no_member_and_takes_no_part_in_queries() {
    let mut node = two();
    handle(&mut node, at(25), grant(A, Rights::LINK | Rights::SIGN));
    assert!(knows(&node, A) && !node.is_up(A) && node.members_up() == 1);
    assert!(node.newest_gossip(A, Kind::Headroom).is_some(), "it may sign");
    let query = query(9, &node);
    let out = handle(&mut node, at(26), received(A, query));
    assert!(!out.iter().any(|out| matches!(out, Output::Start(..))), "{out:?}");
    let (task, number) = begin(&mut node, 3, &[B]);
    found(&mut node, task);
    assert!(handle(&mut node, at(27), received(A, answer(number))).iter().all(|out| !matches!(out, Output::Reply(..))));
    let out = handle(&mut node, at(28), received(B, answer(number)));
    let reply = out.iter().find(|out| matches!(out, Output::Reply(..)));
    assert!(matches!(reply, Some(Output::Reply(_, Response::Hits { asked: 2, answered: 2, .. }))), "{out:?}");
    handle(&mut node, at(29), grant(A, Rights::LINK));
    assert_eq!(node.newest_gossip(A, Kind::Headroom), None);
}

#[test]
fn a_full_table_is_an_answer_and_the_last_member_can_be_expelled_too() {
    let mut node = two();
    let key = |n: usize| {
        let mut key = [9; 32];
        key[..8].copy_from_slice(&n.to_be_bytes());
        PeerKey(key)
    };
    for n in 2..TRUST_PEERS_MAX {
        let out = handle(&mut node, at(30), grant(key(n), Rights::ALL));
        assert_eq!(out.first(), Some(&Output::Admit(key(n), Rights::ALL)), "{n}");
    }
    let out = handle(&mut node, at(30), grant(key(0), Rights::ALL));
    assert!(matches!(&out[..], [Output::Notice(Notice::NotAdmitted(_, Refused::Full))]), "{out:?}");
    assert_eq!(node.status(at(30)).peers.len(), TRUST_PEERS_MAX);
    for n in 2..TRUST_PEERS_MAX {
        handle(&mut node, at(31), revoke(key(n)));
    }
    handle(&mut node, at(31), revoke(A));
    handle(&mut node, at(31), revoke(B));
    assert_eq!((node.status(at(31)).peers.len(), node.members_up()), (0, 0));
    for second in 1..200 {
        let out = handle(&mut node, at(second * 1000), NodeInput::Wake);
        assert!(!out.iter().any(|out| matches!(out, Output::Send(..) | Output::SwimPacket(..) | Output::Dial(..))));
    }
}
