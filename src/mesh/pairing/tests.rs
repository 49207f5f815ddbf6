//! Both machines against each other: a small world of one admin and devices that want to join.

mod attacks_test;
mod invites_test;
mod joining_test;
mod turned_away_test;

use super::admin::{Admin, Effect, Issue, Received};
use super::failure::{Failure, Lost};
use super::join::{Candidate, Effect as JoinEffect, Join, Joined, Settings};
use super::window::{Closed, Secrets};
use crate::base::id::PeerKey;
use crate::base::outbox::Outbox;
use crate::base::time::{Duration, Instant};
use crate::limits::{
    INVITE_LIFE_MS, INVITES_MAX, PAIR_ENDED_MS, PAIR_EXCHANGE_MS, PAIR_EXCHANGES_MAX, PAIR_TRIES, PAIR_WINDOW_MS,
};
use crate::wire::envelope::Encoding;
use crate::wire::pairing::invite::InviteRecord as Record;
use crate::wire::pairing::secret::{Code, LongSecret, Secret};
use crate::wire::pairing::{DeviceName, InviteId, Message, Refusal, Way};
use heapless::Vec as Bounded;
use std::collections::{BTreeMap, VecDeque};

const ADMIN: PeerKey = PeerKey([0xad; 32]);
const MESH: [u8; 32] = [0x3e; 32];
const ALICE: PeerKey = PeerKey([1; 32]);
const BOB: PeerKey = PeerKey([2; 32]);
const CERTIFICATE: &[u8] = b"a certificate";
const CODE: &str = "12345678";

/// What is on its way.
#[derive(Clone, Debug)]
enum Event {
    ToAdmin(PeerKey, Vec<u8>),
    ToJoiner(PeerKey, Vec<u8>),
    AdminLost(PeerKey),
    JoinerLost(PeerKey),
}

/// An attacker between the two: takes each message with its number, and returns what arrives in its place.
type Between = Box<dyn FnMut(usize, Event) -> Vec<Event>>;

struct World {
    now: Instant,
    admin: Admin,
    joins: BTreeMap<PeerKey, Join>,
    queue: VecDeque<Event>,
    between: Between,
    sent: usize,
    encoding: Encoding,
    /// What the joining devices see at the other end of their links, and the admin at its own.
    shown: fn(PeerKey) -> PeerKey,
    /// The answer to `Issue`; none: it never comes.
    grant: Option<Result<&'static [u8], Refusal>>,
    random: u8,
    seen: Vec<Effect>,
    ended: BTreeMap<PeerKey, Result<Joined, Failure>>,
    /// A device that is in the mesh already.
    member: Option<PeerKey>,
}

impl World {
    fn new() -> Self {
        Self {
            now: Instant::from_millis(1_000_000),
            admin: Admin::new(ADMIN, MESH),
            joins: BTreeMap::new(),
            queue: VecDeque::new(),
            between: Box::new(|_, event| vec![event]),
            sent: 0,
            encoding: Encoding::Postcard,
            shown: |peer| peer,
            grant: Some(Ok(CERTIFICATE)),
            random: 0,
            seen: Vec::new(),
            ended: BTreeMap::new(),
            member: None,
        }
    }

    fn with_window() -> Self {
        let mut world = Self::new();
        world.open();
        world
    }

    fn open(&mut self) {
        let secrets = Secrets { code: Code::parse(CODE).unwrap(), link: LongSecret::new([0x77; 16]) };
        self.admin_does(|admin, now, out| admin.open(now, secrets, 3, out));
    }

    fn random(&mut self) -> [u8; 64] {
        self.random += 1;
        [self.random; 64]
    }

    fn admin_does(&mut self, act: impl FnOnce(&mut Admin, Instant, &mut Outbox<Effect>)) {
        let mut out = Outbox::new();
        act(&mut self.admin, self.now, &mut out);
        let effects: Vec<Effect> = out.drain().collect();
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match &effect {
                Effect::Send(peer, bytes) => self.queue.push_back(Event::ToJoiner(*peer, bytes.clone())),
                Effect::HangUp(peer) => self.queue.push_back(Event::JoinerLost(*peer)),
                Effect::Issue(Issue { holder, .. }) => {
                    let holder = *holder;
                    match self.grant {
                        Some(Ok(bytes)) => self.admin_does(|admin, now, out| admin.granted(now, holder, bytes, out)),
                        Some(Err(why)) => self.admin_does(|admin, now, out| admin.denied(now, holder, why, out)),
                        None => {}
                    }
                }
                Effect::Paired(..) | Effect::Failed(..) | Effect::Closed(_) => {}
            }
            self.seen.push(effect);
        }
    }

    fn joiner_does(&mut self, peer: PeerKey, act: impl FnOnce(&mut Join, Instant, &mut Outbox<JoinEffect>)) {
        let Some(join) = self.joins.get_mut(&peer) else { return };
        let mut out = Outbox::new();
        act(join, self.now, &mut out);
        let effects: Vec<JoinEffect> = out.drain().collect();
        self.carry_out_joining(peer, effects);
    }

    fn carry_out_joining(&mut self, peer: PeerKey, effects: Vec<JoinEffect>) {
        for effect in effects {
            match effect {
                JoinEffect::Dial(_) => {
                    let (admin, encoding) = ((self.shown)(ADMIN), self.encoding);
                    self.joiner_does(peer, |join, now, out| join.linked(now, admin, encoding, out));
                }
                JoinEffect::Send(bytes) => self.queue.push_back(Event::ToAdmin(peer, bytes)),
                JoinEffect::HangUp => self.queue.push_back(Event::AdminLost(peer)),
                JoinEffect::Joined(joined) => _ = self.ended.insert(peer, Ok(joined)),
                JoinEffect::Failed(failure) => _ = self.ended.insert(peer, Err(failure)),
            }
        }
    }

    fn deliver(&mut self, event: Event) {
        let random = self.random();
        match event {
            Event::ToAdmin(peer, bytes) => {
                let peer = (self.shown)(peer);
                let received = Received { peer, encoding: self.encoding, bytes: &bytes, random: &random };
                self.admin_does(|admin, now, out| admin.received(now, &received, out));
            }
            Event::AdminLost(peer) => {
                let peer = (self.shown)(peer);
                let is_member = self.member == Some(peer);
                self.admin_does(|admin, now, out| admin.lost(now, peer, is_member, out));
            }
            Event::ToJoiner(peer, bytes) => {
                let peer = self.behind(peer);
                self.joiner_does(peer, |join, now, out| join.received(now, &bytes, &random, out));
            }
            Event::JoinerLost(peer) => {
                let peer = self.behind(peer);
                self.joiner_does(peer, |join, now, out| join.lost(now, Lost::Ended, out));
            }
        }
    }

    /// The joining device that the admin's side of the link calls `peer`.
    fn behind(&self, peer: PeerKey) -> PeerKey {
        self.joins.keys().copied().find(|joiner| (self.shown)(*joiner) == peer).unwrap_or(peer)
    }

    /// Delivers until nothing is on its way.
    fn run(&mut self) {
        while let Some(event) = self.queue.pop_front() {
            let is_message = matches!(event, Event::ToAdmin(..) | Event::ToJoiner(..));
            self.sent += usize::from(is_message);
            let arriving = if is_message { (self.between)(self.sent, event) } else { vec![event] };
            arriving.into_iter().for_each(|event| self.deliver(event));
        }
    }

    /// Lets time pass, in steps of 100 ms.
    fn wait(&mut self, millis: u64) {
        for _ in 0..millis / 100 {
            self.now = self.now + Duration::from_millis(100);
            self.admin_does(Admin::tick);
            let peers: Vec<PeerKey> = self.joins.keys().copied().collect();
            peers.into_iter().for_each(|peer| self.joiner_does(peer, Join::tick));
            self.run();
        }
    }

    fn begin(&mut self, peer: PeerKey, secret: Secret, way: Way, mesh: Option<[u8; 32]>) {
        let device = DeviceName::try_from("attic").unwrap();
        let (is_member, admins) = (self.member == Some(peer), Bounded::new());
        let settings = Settings { own: peer, device, secret, way, mesh, is_member, admins };
        self.joins.insert(peer, Join::new(self.now, settings, false));
        self.ended.remove(&peer);
        let candidate = Candidate { address: "192.168.1.5:7781".parse().unwrap(), peer: None };
        self.joiner_does(peer, |join, now, out| join.found(now, candidate, out));
    }

    /// Joins by a code, to the end.
    fn join(&mut self, peer: PeerKey, code: &str) -> Result<Joined, Failure> {
        self.begin(peer, Code::parse(code).unwrap().secret(), Way::Code, None);
        self.run();
        self.end_of(peer)
    }

    fn join_by(&mut self, peer: PeerKey, invite: InviteId) -> Result<Joined, Failure> {
        self.begin(peer, LongSecret::new([0x11; 16]).verifier(invite).secret(), Way::Invite(invite), Some(MESH));
        self.run();
        self.end_of(peer)
    }

    fn end_of(&mut self, peer: PeerKey) -> Result<Joined, Failure> {
        self.ended.remove(&peer).expect("the machine has not come to an end")
    }

    fn invite(&mut self, number: u8) -> InviteId {
        let id = InviteId([number; 16]);
        let verifier = LongSecret::new([0x11; 16]).verifier(id);
        let record = Record { id, verifier, caps: 1, left_ms: INVITE_LIFE_MS, removed_admins: 0, holder: None };
        let now = self.now;
        assert!(self.admin.invites().take(now, record));
        id
    }

    fn saw(&self, wanted: impl Fn(&Effect) -> bool) -> usize {
        self.seen.iter().filter(|effect| wanted(effect)).count()
    }

    fn issued(&self) -> usize {
        self.saw(|effect| matches!(effect, Effect::Issue(_)))
    }

    fn tries_left(&self) -> Option<u8> {
        self.admin.window().shown().map(|open| open.tries_left)
    }
}

#[test]
fn a_device_joins_by_the_code_in_both_encodings_and_both_screens_show_the_same_words() {
    for encoding in [Encoding::Postcard, Encoding::Json] {
        let mut world = World::with_window();
        world.encoding = encoding;
        let joined = world.join(ALICE, CODE).unwrap();
        assert_eq!((joined.certificate.as_slice(), joined.admin, joined.mesh), (CERTIFICATE, ADMIN, MESH));
        let device = DeviceName::try_from("attic").unwrap();
        let issue = Issue { holder: ALICE, device: device.clone(), caps: 3, invite: None };
        assert!(world.seen.contains(&Effect::Issue(issue)));
        assert!(world.seen.contains(&Effect::Paired(ALICE, device, joined.words, Some(1))));
        assert!(world.seen.contains(&Effect::Closed(Closed::Used)));
        assert!(world.admin.window().shown().is_none(), "a code is for one device");
        assert_eq!(world.join(BOB, CODE), Err(Failure::Used));
    }
}

#[test]
fn a_device_joins_by_the_qr_code_and_by_an_invite_without_a_window() {
    let mut world = World::with_window();
    world.begin(ALICE, LongSecret::new([0x77; 16]).secret(), Way::Link, Some(MESH));
    world.run();
    assert!(world.end_of(ALICE).is_ok());
    let mut world = World::new();
    let invite = world.invite(9);
    assert!(world.join_by(ALICE, invite).is_ok());
    let device = DeviceName::try_from("attic").unwrap();
    let issue = Issue { holder: ALICE, device, caps: 1, invite: Some(invite) };
    assert!(world.seen.contains(&Effect::Issue(issue)));
}

#[test]
fn an_invite_lets_one_device_in_and_that_one_again_if_its_certificate_was_lost() {
    let mut world = World::new();
    let invite = world.invite(9);
    assert!(world.join_by(ALICE, invite).is_ok());
    assert_eq!(world.join_by(BOB, invite), Err(Failure::Used));
    assert!(world.join_by(ALICE, invite).is_ok());
    assert_eq!(world.join_by(BOB, InviteId([1; 16])), Err(Failure::UnknownInvite));
    assert!(world.admin.invites().withdraw(invite));
    assert_eq!(world.join_by(ALICE, invite), Err(Failure::UnknownInvite));
}

#[test]
fn the_life_of_an_invite_is_counted_in_running_time_and_goes_on_where_it_was_saved() {
    let mut world = World::new();
    let invite = world.invite(9);
    world.now = world.now + Duration::from_millis(INVITE_LIFE_MS - 10_000);
    let now = world.now;
    let saved: Vec<Record> = world.admin.invites().records(now).collect();
    assert_eq!(saved[0].left_ms, 10_000);
    // The machine starts again: its clock begins at zero, and the time that it was off does not count.
    let mut again = World::new();
    again.now = Instant::from_millis(5);
    let now = again.now;
    assert!(again.admin.invites().take(now, saved[0].clone()));
    again.now = Instant::from_millis(5 + 10_000);
    assert_eq!(again.join_by(ALICE, invite), Err(Failure::Expired));
    again.now = Instant::from_millis(5 + 9_999);
    assert!(again.join_by(ALICE, invite).is_ok());
    let now = again.now;
    let used: Vec<Record> = again.admin.invites().records(now).collect();
    assert_eq!(used[0].holder, Some(ALICE));
    assert!(world.admin.invites().take(now, used[0].clone()), "another admin hears of it");
    world.now = again.now;
    assert_eq!(world.join_by(BOB, invite), Err(Failure::Used));
}

#[test]
fn a_full_table_of_invites_refuses_and_gives_up_those_whose_life_is_over_first() {
    let mut world = World::new();
    (0..INVITES_MAX).for_each(|number| _ = world.invite(u8::try_from(number).unwrap()));
    let record = |id, left_ms| {
        let id = InviteId([id; 16]);
        Record {
            id,
            verifier: LongSecret::new([2; 16]).verifier(id),
            caps: 1,
            left_ms,
            removed_admins: 0,
            holder: None,
        }
    };
    let now = world.now;
    assert!(!world.admin.invites().take(now, record(200, 1)));
    assert_eq!(world.admin.invites().records(now).count(), INVITES_MAX);
    assert!(world.admin.invites().take(now, record(0, 1)), "one that is held is shortened");
    let later = now + Duration::from_millis(2);
    assert!(world.admin.invites().take(later, record(200, 1)));
    assert_eq!(world.admin.invites().records(later).count(), INVITES_MAX);
}

#[test]
fn no_code_and_no_key_shows_in_debug() {
    let mut world = World::with_window();
    world.begin(ALICE, Code::parse(CODE).unwrap().secret(), Way::Code, None);
    // The number of the message that carries the proof: both sides have a key.
    world.between = Box::new(|number, event| if number < 5 { vec![event] } else { Vec::new() });
    world.grant = None;
    world.run();
    let shown = format!("{:?} {:?}", world.admin, world.joins);
    assert!(shown.contains("SessionKey(..)") && shown.contains("Code(..)") && shown.contains("Secret(..)"));
    assert!(
        !shown.contains(CODE)
            && !shown.contains("1234 5678")
            && !shown.contains("[49, 50, 51")
            && !shown.contains("119, 119")
    );
}
