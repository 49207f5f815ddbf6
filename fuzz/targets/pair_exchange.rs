//! A whole exchange with a peer that sends anything: without the secret it is never let in, and lets nobody in.
//!
//! The first byte selects the machine under attack (bit 0), the encoding (bit 1), and whether the fuzzed bytes follow an
//! honest beginning (bit 2). The rest is cut into messages at `ff ff`. The peer does not know the code, so neither a
//! certificate is asked for nor a device joined, whatever it sends.

use wattle::base::id::PeerKey;
use wattle::base::outbox::Outbox;
use wattle::base::time::{Duration, Instant};
use wattle::limits::{PAIR_EXCHANGE_MS, PAIR_TRIES};
use wattle::mesh::pairing::admin::{Admin, Effect, Received};
use wattle::mesh::pairing::join::{Candidate, Effect as JoinEffect, Join, Settings};
use wattle::mesh::pairing::window::Secrets;
use wattle::wire::envelope::Encoding;
use wattle::wire::pairing::secret::{Code, LongSecret};
use wattle::wire::pairing::{Certificate, DeviceName, Message, Refusal, VERSION, Way};

const PEER: PeerKey = PeerKey([9; 32]);
const RANDOM: [u8; 64] = [7; 64];

fn code() -> Code {
    Code::parse("12345678").unwrap()
}

fn encoded(message: &Message, encoding: Encoding) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.put(encoding, &mut bytes);
    bytes
}

fn begin() -> Message {
    Message::Begin { device: DeviceName::try_from("a").unwrap(), v: VERSION, way: Way::Code }
}

fn attack_admin(encoding: Encoding, messages: &[&[u8]]) {
    let (mut now, mut out) = (Instant::ZERO, Outbox::new());
    let mut admin = Admin::new(PeerKey([1; 32]), [2; 32]);
    admin.open(now, Secrets { code: code(), link: LongSecret::new([3; 16]) }, 1, &mut out);
    let (mut failed, mut hung_up) = (0, 0);
    for bytes in messages {
        admin.received(now, &Received { peer: PEER, encoding, bytes, random: &RANDOM }, &mut out);
        for effect in out.drain() {
            match effect {
                Effect::Send(_, bytes) => assert!(Message::read(encoding, &bytes).is_ok()),
                Effect::HangUp(_) => hung_up += 1,
                Effect::Failed(_, _, left) => {
                    failed += 1;
                    assert_eq!(left, Some(PAIR_TRIES - failed), "each failure is one try");
                }
                Effect::Closed(_) => assert_eq!(failed, PAIR_TRIES),
                Effect::Issue(_) | Effect::Paired(..) => panic!("let in without the code"),
            }
        }
        now = now + Duration::from_secs(1);
    }
    assert!(hung_up <= messages.len() + 1, "at most one end for each message");
    admin.tick(now + Duration::from_millis(PAIR_EXCHANGE_MS), &mut out);
    assert!(!out.drain().any(|effect| matches!(effect, Effect::Issue(_))));
}

fn attack_joiner(encoding: Encoding, messages: &[&[u8]]) {
    let (now, mut out) = (Instant::ZERO, Outbox::new());
    let settings = Settings {
        own: PeerKey([1; 32]),
        device: DeviceName::try_from("attic").unwrap(),
        secret: code().secret(),
        way: Way::Code,
        mesh: None,
        is_member: false,
        admins: heapless::Vec::new(),
    };
    let mut join = Join::new(now, settings, false);
    join.found(now, Candidate { address: "192.168.1.5:7781".parse().unwrap(), peer: None }, &mut out);
    join.linked(now, PEER, encoding, &mut out);
    let mut ends = 0;
    for bytes in messages {
        join.received(now, bytes, &RANDOM, &mut out);
        for effect in out.drain() {
            match effect {
                JoinEffect::Send(bytes) => assert!(Message::read(encoding, &bytes).is_ok()),
                JoinEffect::Joined(_) => panic!("joined without the code"),
                JoinEffect::Failed(_) => ends += 1,
                JoinEffect::Dial(_) | JoinEffect::HangUp => {}
            }
        }
    }
    assert!(ends <= 1 && (ends == 0) == join.deadline().is_some(), "it ends once");
}

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    let Some((way, bytes)) = data.split_first() else { return };
    let encoding = if way & 2 == 0 { Encoding::Postcard } else { Encoding::Json };
    let honest = encoded(&begin(), encoding);
    let mut messages: Vec<&[u8]> = if way & 5 == 4 { vec![&honest] } else { Vec::new() };
    let mut rest = bytes;
    while let Some(at) = rest.windows(2).position(|pair| pair == [0xff; 2]) {
        messages.push(&rest[..at]);
        rest = &rest[at + 2..];
    }
    messages.push(rest);
    messages.truncate(32);
    if way & 1 == 0 { attack_admin(encoding, &messages) } else { attack_joiner(encoding, &messages) }
}

/// The messages of both sides in their order, with a share that is a point, and a refusal.
pub fn seeds() -> Vec<Vec<u8>> {
    // The base point of Ed25519.
    let share = [&[0x58][..], &[0x66; 31]].concat().try_into().unwrap();
    let joiner = [begin(), Message::Share(share), Message::Confirm([4; 32])];
    let admin =
        [Message::Offer { mesh: [2; 32], share }, Message::Grant(Certificate(vec![5; 40])), Message::Confirm([4; 32])];
    let refused = [Message::Offer { mesh: [2; 32], share }, Message::Refused { cause: Refusal::Used, wait: 0 }];
    let mut seeds = Vec::new();
    for (bits, encoding) in [(0, Encoding::Postcard), (2, Encoding::Json)] {
        let run = |way: u8, messages: &[Message]| {
            let messages: Vec<Vec<u8>> = messages.iter().map(|message| encoded(message, encoding)).collect();
            [vec![way | bits], messages.join(&[0xff; 2][..])].concat()
        };
        seeds.extend([run(0, &joiner), run(4, &joiner[1..]), run(1, &admin), run(1, &refused)]);
    }
    seeds
}
