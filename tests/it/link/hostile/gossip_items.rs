//! 11, 26: a linked member relays false or old gossip items of others, and too many.
//!
//! What the agent believes is read from the table of devices. All attacks go over the task channel, in order, so the
//! answer to a question behind them shows that they were processed.

use super::super::{key, name, until};
use super::arena::{Arena, LOUD, ORIGIN, TestPeer};
use super::messages::{linked_attacker, still_answered};
use serde_json::{Value, json};
use wattle::base::level::Energy;
use wattle::limits::{GOSSIP_BATCH_MAX, GOSSIP_DIGEST_MAX, GOSSIP_HOPS_MAX, GOSSIP_LINK_BURST, GOSSIP_ORIGIN_BURST};
use wattle::net::link::Channel;
use wattle::wire::envelope::{Encoding, Signer, unsigned};
use wattle::wire::gossip::{Claim, Collection, Entries, Entry, Fact, Gossip, Headroom, Kind, Relayed, Removed, TYPE};
use wattle::wire::message::Message;
use wattle::wire::peer_id::PeerId;

/// A member without a link; its items arrive by others.
struct Origin(Signer);

impl Origin {
    fn new(boot: u32) -> Self {
        Self(Signer::new(key(ORIGIN), boot))
    }

    fn sign(&mut self, fact: &Fact) -> Vec<u8> {
        self.0.sign(TYPE, &[], &fact.encode()).unwrap()
    }

    fn headroom(&mut self, quarters: u8) -> Vec<u8> {
        self.sign(&headroom(quarters))
    }
}

fn headroom(quarters: u8) -> Fact {
    Fact::Headroom(Headroom { quarters, energy: Energy::Normal, ms_per_task: 1, valid_s: 120 })
}

fn collections(of: &str) -> Fact {
    let one = Collection { name: of.try_into().unwrap(), model: [1; 32], documents: 1, passages: 1 };
    Fact::Collections(Box::new(heapless::Vec::from_slice(&[one]).unwrap()))
}

fn push<'a>(hops: u8, messages: impl IntoIterator<Item = &'a Vec<u8>>) -> Message {
    let relayed = |message: &Vec<u8>| Relayed { hops, age_s: 0, message: message.clone() };
    Message::Gossip(Gossip::Push(Box::new(messages.into_iter().map(relayed).collect())))
}

async fn send(arena: &Arena, peer: &TestPeer, message: &Message) {
    assert!(peer.send(arena.name, Channel::Task, peer.sign(message)).await);
}

/// The headroom and the collections of the origin, as the agent believes them.
fn believed(arena: &Arena) -> (Value, Vec<String>) {
    let peers = arena.agent.json(&["peers", "--json"]);
    let id = name(ORIGIN).to_string();
    let peer = peers.as_array().unwrap().iter().find(|peer| peer["peer_id"] == id.as_str()).unwrap();
    let names = peer["collections"].as_array().unwrap().iter().map(|of| of["name"].as_str().unwrap().to_owned());
    (peer["headroom"]["quarters"].clone(), names.collect())
}

async fn until_believed(arena: &Arena, quarters: u8) {
    until("the genuine item", || believed(arena).0 == json!(quarters)).await;
}

/// The items of `origin` that reached the peer before the message `last`, each with its hops.
async fn passed_on_until(peer: &TestPeer, origin: PeerId, last: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut passed_on = Vec::new();
    loop {
        let batch = peer.receive(|message| match message {
            Message::Gossip(Gossip::Push(batch)) => Some(batch),
            _ => None,
        });
        for relayed in *batch.await {
            if relayed.message == last {
                return passed_on;
            }
            if Claim::of(&relayed.message).is_some_and(|claim| claim.origin.0 == *origin.public_key()) {
                passed_on.push((relayed.hops, relayed.message));
            }
        }
    }
}

/// 11: genuine but outdated items, in every way that a member can send them.
pub(super) async fn replay(arena: &Arena) -> String {
    let attacker = linked_attacker(arena).await;
    let (mut former, mut origin) = (Origin::new(9), Origin::new(10));
    let old =
        [former.headroom(0), former.sign(&collections("before")), origin.headroom(1), origin.sign(&collections("old"))];
    let new = [origin.headroom(3), origin.sign(&collections("new"))];
    send(arena, &attacker, &push(1, &new)).await;
    until_believed(arena, 3).await;
    let expected = believed(arena);
    assert_eq!(expected, (json!(3), vec!["new".to_owned()]));
    let mut sent = 0;
    for round in 0..100_u8 {
        send(arena, &attacker, &push(round % GOSSIP_HOPS_MAX + 1, &old)).await;
        sent += old.len();
    }
    // It announces newer ones, is asked for them, and sends the old ones.
    let prefix = name(ORIGIN).public_key()[..8].try_into().unwrap();
    let claim = |kind| Entry { origin: prefix, kind, boot: u32::MAX, seq: u64::MAX };
    let list = Box::new(Entries::from_slice(&Kind::ALL.map(claim)).unwrap());
    send(arena, &attacker, &Message::Gossip(Gossip::IHave { ask: false, list })).await;
    attacker.receive(|message| matches!(message, Message::Gossip(Gossip::IWant(_))).then_some(())).await;
    send(arena, &attacker, &push(GOSSIP_HOPS_MAX, &old)).await;
    // As messages of the link itself.
    for bytes in old.iter().chain(&new) {
        assert!(attacker.send(arena.name, Channel::Task, bytes.clone()).await);
    }
    still_answered(arena, &attacker).await;
    assert_eq!(believed(arena), expected);
    attacker.hang_up(arena.name).await;
    format!("{} old ones, also on request: the new ones stay", sent + old.len())
}

/// 26: items with too many hops are refused, at the limit they are not passed on; a circle ends after one round.
pub(super) async fn hops(arena: &Arena) -> String {
    let (friend, attacker) = (arena.linked_friend().await, linked_attacker(arena).await);
    let mut origin = Origin::new(20);
    let before = believed(arena);
    for hops in [0, GOSSIP_HOPS_MAX + 1, u8::MAX] {
        send(arena, &attacker, &push(hops, &[origin.headroom(4)])).await;
    }
    still_answered(arena, &attacker).await;
    assert_eq!(believed(arena), before, "hops beyond the limit are refused");
    // At the limit: believed, and passed on to nobody.
    let limit = origin.headroom(2);
    send(arena, &attacker, &push(GOSSIP_HOPS_MAX, &[limit])).await;
    until_believed(arena, 2).await;
    // Below: passed on once, however often and from whichever side it comes again.
    let below = origin.sign(&collections("circle"));
    send(arena, &attacker, &push(GOSSIP_HOPS_MAX - 1, [&below])).await;
    until("the circle's first round", || believed(arena).1 == ["circle"]).await;
    let mut rounds = 1;
    for _ in 0..200 {
        send(arena, &attacker, &push(GOSSIP_HOPS_MAX - 1, [&below])).await;
        send(arena, friend, &push(GOSSIP_HOPS_MAX, [&below])).await;
        send(arena, friend, &push(1, [&below])).await;
        rounds += 3;
    }
    // What it pushed was known, so its link is pruned, and it gets announcements until it asks for more.
    send(arena, friend, &Message::Gossip(Gossip::IWant(Box::default()))).await;
    let ((id, query), mut passed_on) = (friend.query(), Vec::new());
    send(arena, friend, &query).await;
    let answered = friend.receive(|message| match message {
        Message::Gossip(Gossip::Push(batch)) => {
            passed_on.extend(batch.into_iter().map(|relayed| (relayed.hops, relayed.message)));
            None
        }
        Message::Answer(answer) => (answer.id == id).then_some(()),
        _ => None,
    });
    answered.await;
    let of_origin =
        |message: &[u8]| Claim::of(message).is_some_and(|claim| claim.origin.0 == *name(ORIGIN).public_key());
    passed_on.retain(|(_, message)| of_origin(message));
    // After all of that one more from each side: everything that was passed on arrives before it.
    let (last, very_last) = (origin.headroom(1), origin.headroom(0));
    send(arena, &attacker, &push(1, [&last])).await;
    passed_on.extend(passed_on_until(friend, name(ORIGIN), &last).await);
    assert_eq!(passed_on, [(GOSSIP_HOPS_MAX, below)], "each item is flooded once, and none at the limit");
    send(arena, friend, &push(1, [&very_last])).await;
    assert_eq!(passed_on_until(&attacker, name(ORIGIN), &very_last).await, [], "nothing comes back");
    attacker.hang_up(arena.name).await;
    friend.hang_up(arena.name).await;
    format!("round {rounds} times, passed on once; at the limit not at all")
}

/// 26: far more items, names and requests than a link or an origin may send.
pub(super) async fn flood(arena: &Arena) -> String {
    let (friend, attacker) = (arena.linked_friend().await, linked_attacker(arena).await);
    let loud = TestPeer::new(LOUD, arena.name, 1);
    loud.link(arena.name, arena.address).await;
    let (mut signer, mut sent, mut bytes) = (Signer::new(key(LOUD), 1), 0, 0);
    // Three times the burst of its link; as an origin its burst is a sixty-fourth of that.
    while bytes < 3 * GOSSIP_LINK_BURST {
        let batch: Vec<Vec<u8>> = (0..GOSSIP_BATCH_MAX)
            .map(|at| signer.sign(TYPE, &[], &headroom((at % 5) as u8).encode()).unwrap())
            .collect();
        bytes += batch.iter().map(|message| message.len() as u64).sum::<u64>();
        sent += batch.len();
        send(arena, &loud, &push(1, &batch)).await;
    }
    // Lists of known and unknown names that ask for a list in return, and requests for everything.
    let mut list = Box::new(Entries::new());
    for number in 0..GOSSIP_DIGEST_MAX {
        let origin =
            if number % 2 == 0 { name(ORIGIN).public_key()[..8].try_into().unwrap() } else { [number as u8; 8] };
        list.push(Entry { origin, kind: Kind::ALL[number % 3], boot: u32::MAX, seq: u64::MAX }).unwrap();
    }
    let lists = 1_000;
    for _ in 0..lists / 2 {
        send(arena, &loud, &Message::Gossip(Gossip::IHave { ask: true, list: list.clone() })).await;
        send(arena, &loud, &Message::Gossip(Gossip::IWant(list.clone()))).await;
    }
    let ((id, query), mut answers) = (loud.query(), 0);
    send(arena, &loud, &query).await;
    let answered = loud.receive(|message| {
        answers += usize::from(matches!(message, Message::Gossip(_)));
        matches!(message, Message::Answer(answer) if answer.id == id).then_some(())
    });
    answered.await;
    assert!(answers < lists, "{answers} answers to {lists} lists");
    // Another linked peer is not limited, and its items are passed on.
    let last = Origin::new(30).headroom(4);
    send(arena, &attacker, &push(1, [&last])).await;
    let passed_on = passed_on_until(friend, name(LOUD), &last).await.len();
    until_believed(arena, 4).await;
    let at_once = GOSSIP_ORIGIN_BURST as usize / (bytes as usize / sent);
    // The rate gives one more in about two seconds; this is the burst, and room for some minutes of a busy machine.
    assert!((1..at_once + 200).contains(&passed_on) && passed_on < sent / 10, "{passed_on} of {sent} were passed on");
    assert!(arena.agent.log().contains("sends more gossip than it may"), "a warning is logged");
    for peer in [&loud, &attacker, friend] {
        peer.hang_up(arena.name).await;
    }
    format!("{sent} items, {lists} lists: {passed_on} passed on, {answers} answers")
}

/// The signed item with its sender replaced: signed with one key, in the name of another.
fn renamed(signed: &[u8], from: PeerId, to: PeerId) -> Vec<u8> {
    let (from, to) = (from.to_bytes(), to.to_bytes());
    let at = signed.windows(from.len()).position(|part| part == from).unwrap();
    [&signed[..at], &to, &signed[at + to.len()..]].concat()
}

/// 11: items that their origins never signed.
pub(super) async fn forged(arena: &Arena) -> String {
    let attacker = linked_attacker(arena).await;
    let mut origin = Origin::new(40);
    let last = origin.headroom(3);
    send(arena, &attacker, &push(1, [&last])).await;
    until_believed(arena, 3).await;
    let expected = believed(arena);
    let own = |boot, seed: u8| Signer::new(key(seed), boot).sign(TYPE, &[], &headroom(0).encode()).unwrap();
    let (origin_name, attacker_name) = (name(ORIGIN), attacker.end.name);
    let mut changed = origin.headroom(0);
    let at = changed.len() - 1;
    changed[at] ^= 1;
    let left = |of: PeerId| Fact::Removed(Removed { peer: *of.public_key(), serial: 0 });
    let others_removal =
        Signer::new(key(super::arena::ATTACKER), 50).sign(TYPE, &[], &left(origin_name).encode()).unwrap();
    let mut line = Vec::new();
    Signer::new(key(ORIGIN), 99).sign_into(Encoding::Json, TYPE, &[], b"{}", &mut line).unwrap();
    let forgeries = [
        // In the origin's name, by another key; by none; changed on the way.
        renamed(&own(50, super::arena::ATTACKER), attacker_name, origin_name),
        unsigned(origin_name, TYPE, 60, 1, &headroom(0).encode()),
        unsigned(origin_name, TYPE, u32::MAX, u64::MAX, &left(origin_name).encode()),
        changed,
        // In the agent's own name.
        renamed(&own(u32::MAX, super::arena::ATTACKER), attacker_name, arena.name),
        // Validly signed by a peer that is not a member.
        own(50, 77),
        // Validly signed by the origin, but of another message type, and in the other encoding.
        Signer::new(key(ORIGIN), 98).sign("hello", &[], &headroom(0).encode()).unwrap(),
        line,
        // Validly signed by the attacker: only the peer itself may sign its removal.
        others_removal,
    ];
    for forgery in &forgeries {
        send(arena, &attacker, &push(1, [forgery])).await;
    }
    still_answered(arena, &attacker).await;
    assert_eq!(believed(arena), expected);
    assert!(!arena.agent.log().contains("left the mesh for good"), "a removal signed by another has no effect");
    // A thousand of them: after some, their signatures are not checked any more. The finding has the number of those that
    // were checked and refused.
    let refused = || -> usize {
        let findings = arena.agent.status()["findings"].to_string();
        let Some((_, rest)) = findings.split_once("a gossip item with a false signature") else { return 0 };
        let found = rest.split_once("That was found ").and_then(|(_, rest)| rest.split_once(" times"));
        found.map_or(1, |(count, _)| count.parse().unwrap())
    };
    let before = refused();
    assert!(before >= 3, "of four that name a member, {before} were refused");
    let many: Vec<Vec<u8>> = (1..=960).map(|seq| unsigned(origin_name, TYPE, 70, seq, &headroom(0).encode())).collect();
    for batch in many.chunks(GOSSIP_BATCH_MAX) {
        send(arena, &attacker, &push(1, batch)).await;
    }
    still_answered(arena, &attacker).await;
    let checked = refused() - before;
    assert!(checked < many.len() / 4, "{checked} of {} signatures were checked", many.len());
    assert_eq!(believed(arena), expected);
    attacker.hang_up(arena.name).await;
    // The origin's next item arrives over an honest link: the forgeries used nothing of its budget.
    let friend = arena.linked_friend().await;
    send(arena, friend, &push(1, &[origin.headroom(1)])).await;
    until_believed(arena, 1).await;
    friend.hang_up(arena.name).await;
    let (kinds, many) = (forgeries.len(), many.len());
    format!("{kinds} kinds and {many} more, none believed; {checked} checked")
}
