//! 11, 26: a linked member lies about what others tell of themselves, and tells too much.
//!
//! What is believed is read where people read it: the table of devices. Everything hostile goes over the channel of
//! tasks, so that the answer to a question behind it says that it was weighed.

use super::super::{key, name, until};
use super::arena::{Arena, LOUD, ORIGIN, Voice};
use super::words::{foe, still_heard};
use serde_json::{Value, json};
use wattle::base::level::Energy;
use wattle::limits::{GOSSIP_BATCH_MAX, GOSSIP_DIGEST_MAX, GOSSIP_HOPS_MAX, GOSSIP_LINK_BURST, GOSSIP_ORIGIN_BURST};
use wattle::net::link::Channel;
use wattle::wire::envelope::{Encoding, Signer, unsigned};
use wattle::wire::gossip::{Claim, Collection, Entries, Entry, Fact, Gossip, Headroom, Kind, Relayed, Removed, TYPE};
use wattle::wire::message::Message;
use wattle::wire::peer_id::PeerId;

/// A member that nobody is linked to here; what it tells comes by others.
struct Origin(Signer);

impl Origin {
    fn new(boot: u32) -> Self {
        Self(Signer::new(key(ORIGIN), boot))
    }

    fn tell(&mut self, fact: &Fact) -> Vec<u8> {
        self.0.sign(TYPE, &[], &fact.encode()).unwrap()
    }

    fn headroom(&mut self, quarters: u8) -> Vec<u8> {
        self.tell(&headroom(quarters))
    }
}

fn headroom(quarters: u8) -> Fact {
    Fact::Headroom(Headroom { quarters, energy: Energy::Normal, ms_per_task: 1, valid_s: 120 })
}

fn collections(of: &str) -> Fact {
    let one = Collection { name: of.try_into().unwrap(), model: [1; 32], documents: 1, passages: 1 };
    Fact::Collections(Box::new(heapless::Vec::from_slice(&[one]).unwrap()))
}

fn told<'a>(hops: u8, messages: impl IntoIterator<Item = &'a Vec<u8>>) -> Message {
    let relayed = |message: &Vec<u8>| Relayed { hops, age_s: 0, message: message.clone() };
    Message::Gossip(Gossip::Told(Box::new(messages.into_iter().map(relayed).collect())))
}

async fn say(arena: &Arena, voice: &Voice, talk: &Message) {
    assert!(voice.send(arena.name, Channel::Task, voice.seal(talk)).await);
}

/// How much background work the origin allows, and its collections, as the agent has it.
fn believed(arena: &Arena) -> (Value, Vec<String>) {
    let peers = arena.agent.json(&["peers", "--json"]);
    let id = name(ORIGIN).to_string();
    let peer = peers.as_array().unwrap().iter().find(|peer| peer["peer_id"] == id.as_str()).unwrap();
    let names = peer["collections"].as_array().unwrap().iter().map(|of| of["name"].as_str().unwrap().to_owned());
    (peer["headroom"]["quarters"].clone(), names.collect())
}

async fn comes_to_believe(arena: &Arena, quarters: u8) {
    until("the true rumour", || believed(arena).0 == json!(quarters)).await;
}

/// Rumours of `origin` that the voice was handed until that message came, itself not among them, each with its hops.
async fn handed_until(voice: &Voice, origin: PeerId, last: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut handed = Vec::new();
    loop {
        let batch = voice.hear(|talk| match talk {
            Message::Gossip(Gossip::Told(batch)) => Some(batch),
            _ => None,
        });
        for told in *batch.await {
            if told.message == last {
                return handed;
            }
            if Claim::of(&told.message).is_some_and(|claim| claim.origin.0 == *origin.public_key()) {
                handed.push((told.hops, told.message));
            }
        }
    }
}

/// 11: true items that were true once, by all ways that there are.
pub(super) async fn replay(arena: &Arena) -> String {
    let foe = foe(arena).await;
    let (mut former, mut origin) = (Origin::new(9), Origin::new(10));
    let old =
        [former.headroom(0), former.tell(&collections("before")), origin.headroom(1), origin.tell(&collections("old"))];
    let new = [origin.headroom(3), origin.tell(&collections("new"))];
    say(arena, &foe, &told(1, &new)).await;
    comes_to_believe(arena, 3).await;
    let truth = believed(arena);
    assert_eq!(truth, (json!(3), vec!["new".to_owned()]));
    let mut sent = 0;
    for round in 0..100_u8 {
        say(arena, &foe, &told(round % GOSSIP_HOPS_MAX + 1, &old)).await;
        sent += old.len();
    }
    // A list that claims to have newer ones is asked for them, and gets the old ones.
    let prefix = name(ORIGIN).public_key()[..8].try_into().unwrap();
    let claim = |kind| Entry { origin: prefix, kind, boot: u32::MAX, seq: u64::MAX };
    let list = Box::new(Entries::from_slice(&Kind::ALL.map(claim)).unwrap());
    say(arena, &foe, &Message::Gossip(Gossip::Have { ask: false, list })).await;
    foe.hear(|talk| matches!(talk, Message::Gossip(Gossip::Want(_))).then_some(())).await;
    say(arena, &foe, &told(GOSSIP_HOPS_MAX, &old)).await;
    // As messages of the link itself.
    for bytes in old.iter().chain(&new) {
        assert!(foe.send(arena.name, Channel::Task, bytes.clone()).await);
    }
    still_heard(arena, &foe).await;
    assert_eq!(believed(arena), truth);
    foe.part(arena.name).await;
    format!("{} old ones, on request as well: the new ones stand", sent + old.len())
}

/// 26: hops beyond the limit are no message, at the limit they end a flood; a circle goes round once.
pub(super) async fn hops(arena: &Arena) -> String {
    let (friend, foe) = (arena.befriended().await, foe(arena).await);
    let mut origin = Origin::new(20);
    let before = believed(arena);
    for hops in [0, GOSSIP_HOPS_MAX + 1, u8::MAX] {
        say(arena, &foe, &told(hops, &[origin.headroom(4)])).await;
    }
    still_heard(arena, &foe).await;
    assert_eq!(believed(arena), before, "no number of hops takes more than its limit");
    // At the limit: believed, and handed on to nobody.
    let limit = origin.headroom(2);
    say(arena, &foe, &told(GOSSIP_HOPS_MAX, &[limit])).await;
    comes_to_believe(arena, 2).await;
    // Below: handed on once, however often and from whichever side it comes again.
    let below = origin.tell(&collections("circle"));
    say(arena, &foe, &told(GOSSIP_HOPS_MAX - 1, [&below])).await;
    until("the circle's first round", || believed(arena).1 == ["circle"]).await;
    let mut rounds = 1;
    for _ in 0..200 {
        say(arena, &foe, &told(GOSSIP_HOPS_MAX - 1, [&below])).await;
        say(arena, friend, &told(GOSSIP_HOPS_MAX, [&below])).await;
        say(arena, friend, &told(1, [&below])).await;
        rounds += 3;
    }
    // Behind all of that one more from each side; what the other was handed until then is all that went on.
    let (last, very_last) = (origin.headroom(1), origin.headroom(0));
    say(arena, &foe, &told(1, [&last])).await;
    let handed = handed_until(friend, name(ORIGIN), &last).await;
    assert_eq!(handed, [(GOSSIP_HOPS_MAX, below)], "one flood of each rumour, and none at the limit");
    say(arena, friend, &told(1, [&very_last])).await;
    assert_eq!(handed_until(&foe, name(ORIGIN), &very_last).await, [], "nothing comes back");
    foe.part(arena.name).await;
    friend.part(arena.name).await;
    format!("round {rounds} times, handed on once; at the limit not at all")
}

/// 26: far more items, names and requests than a link or an origin may send.
pub(super) async fn flood(arena: &Arena) -> String {
    let (friend, foe) = (arena.befriended().await, foe(arena).await);
    let loud = Voice::new(LOUD, arena.name, 1);
    loud.link(arena.name, arena.address).await;
    let (mut signer, mut sent, mut bytes) = (Signer::new(key(LOUD), 1), 0, 0);
    // Three times what its link may bring at once; as an origin it may tell a sixty-fourth of that.
    while bytes < 3 * GOSSIP_LINK_BURST {
        let batch: Vec<Vec<u8>> = (0..GOSSIP_BATCH_MAX)
            .map(|at| signer.sign(TYPE, &[], &headroom((at % 5) as u8).encode()).unwrap())
            .collect();
        bytes += batch.iter().map(|message| message.len() as u64).sum::<u64>();
        sent += batch.len();
        say(arena, &loud, &told(1, &batch)).await;
    }
    // Names of everybody and of nobody, each list with a question, and requests for all that there is.
    let mut list = Box::new(Entries::new());
    for number in 0..GOSSIP_DIGEST_MAX {
        let origin =
            if number % 2 == 0 { name(ORIGIN).public_key()[..8].try_into().unwrap() } else { [number as u8; 8] };
        list.push(Entry { origin, kind: Kind::ALL[number % 3], boot: u32::MAX, seq: u64::MAX }).unwrap();
    }
    let lists = 1_000;
    for _ in 0..lists / 2 {
        say(arena, &loud, &Message::Gossip(Gossip::Have { ask: true, list: list.clone() })).await;
        say(arena, &loud, &Message::Gossip(Gossip::Want(list.clone()))).await;
    }
    let ((id, ask), mut answers) = (loud.ask(), 0);
    say(arena, &loud, &ask).await;
    let answered = loud.hear(|talk| {
        answers += usize::from(matches!(talk, Message::Gossip(_)));
        matches!(talk, Message::Answer(answer) if answer.id == id).then_some(())
    });
    answered.await;
    assert!(answers < lists, "{answers} answers to {lists} lists");
    // Whoever else is linked is heard, and what it brings goes on.
    let last = Origin::new(30).headroom(4);
    say(arena, &foe, &told(1, [&last])).await;
    let handed = handed_until(friend, name(LOUD), &last).await.len();
    comes_to_believe(arena, 4).await;
    let at_once = GOSSIP_ORIGIN_BURST as usize / (bytes as usize / sent);
    // The rate gives one more in about two seconds; this is the burst, and room for some minutes of a busy machine.
    assert!((1..at_once + 200).contains(&handed) && handed < sent / 10, "{handed} of {sent} were handed on");
    assert!(arena.agent.log().contains("sends more gossip than it may"), "people are told");
    for voice in [&loud, &foe, friend] {
        voice.part(arena.name).await;
    }
    format!("{sent} rumours, {lists} lists: {handed} handed on, {answers} answers")
}

/// The item as if another had said it: signed with one key, in the name of the other.
fn renamed(sealed: &[u8], from: PeerId, to: PeerId) -> Vec<u8> {
    let (from, to) = (from.to_bytes(), to.to_bytes());
    let at = sealed.windows(from.len()).position(|part| part == from).unwrap();
    [&sealed[..at], &to, &sealed[at + to.len()..]].concat()
}

/// 11: items that their origins never told.
pub(super) async fn forged(arena: &Arena) -> String {
    let foe = foe(arena).await;
    let mut origin = Origin::new(40);
    let last = origin.headroom(3);
    say(arena, &foe, &told(1, [&last])).await;
    comes_to_believe(arena, 3).await;
    let truth = believed(arena);
    let own = |boot, seed: u8| Signer::new(key(seed), boot).sign(TYPE, &[], &headroom(0).encode()).unwrap();
    let (origin_name, foe_name) = (name(ORIGIN), foe.end.name);
    let mut changed = origin.headroom(0);
    let at = changed.len() - 1;
    changed[at] ^= 1;
    let left = |of: PeerId| Fact::Removed(Removed { peer: *of.public_key(), serial: 0 });
    let says_left = Signer::new(key(super::arena::FOE), 50).sign(TYPE, &[], &left(origin_name).encode()).unwrap();
    let mut line = Vec::new();
    Signer::new(key(ORIGIN), 99).sign_into(Encoding::Json, TYPE, &[], b"{}", &mut line).unwrap();
    let forgeries = [
        // In the origin's name, by another key; by none; changed on the way.
        renamed(&own(50, super::arena::FOE), foe_name, origin_name),
        unsigned(origin_name, TYPE, 60, 1, &headroom(0).encode()),
        unsigned(origin_name, TYPE, u32::MAX, u64::MAX, &left(origin_name).encode()),
        changed,
        // In the agent's own name.
        renamed(&own(u32::MAX, super::arena::FOE), foe_name, arena.name),
        // Of one that is no member, truly signed.
        own(50, 77),
        // Truly signed by the origin, but another type, and the other encoding.
        Signer::new(key(ORIGIN), 98).sign("hello", &[], &headroom(0).encode()).unwrap(),
        line,
        // Truly signed by the foe: only its origin may say this.
        says_left,
    ];
    for forgery in &forgeries {
        say(arena, &foe, &told(1, [forgery])).await;
    }
    still_heard(arena, &foe).await;
    assert_eq!(believed(arena), truth);
    assert!(!arena.agent.log().contains("left the mesh for good"), "nobody is removed by another's word");
    // A thousand of them: after some, nobody looks at their signatures any more.
    let noted = || arena.agent.log().matches("a rumour that was not signed").count();
    let before = noted();
    assert!(before >= 3, "of four that name a member, {before} were seen through");
    let many: Vec<Vec<u8>> = (1..=960).map(|seq| unsigned(origin_name, TYPE, 70, seq, &headroom(0).encode())).collect();
    for batch in many.chunks(GOSSIP_BATCH_MAX) {
        say(arena, &foe, &told(1, batch)).await;
    }
    still_heard(arena, &foe).await;
    let looked = noted() - before;
    assert!(looked < many.len() / 4, "{looked} of {} signatures were checked", many.len());
    assert_eq!(believed(arena), truth);
    foe.part(arena.name).await;
    // By an honest link the origin's next word comes: nothing of its name was taken.
    let friend = arena.befriended().await;
    say(arena, friend, &told(1, &[origin.headroom(1)])).await;
    comes_to_believe(arena, 1).await;
    friend.part(arena.name).await;
    let (kinds, many) = (forgeries.len(), many.len());
    format!("{kinds} kinds and {many} more, none believed; {looked} looked at")
}
