//! A recorded exchange of pairing, in both encodings: tests/fixtures/pairing/exchange.json. docs/messages.md refers to it,
//! and examples/python/pair.py computes the same bytes with the spake2 of PyPI.
//!
//! Never change the file: with `WATTLE_WRITE_FIXTURES=1` this test writes that of a new version.

use super::harness::repo;
use super::link::name;
use serde_json::{Value, json};
use std::fs;
use wattle::base::id::PeerKey;
use wattle::base::outbox::Outbox;
use wattle::base::time::Instant;
use wattle::mesh::pairing::admin::{Admin, Effect, Received};
use wattle::mesh::pairing::join::{Candidate, Effect as JoinEffect, Join, Joined, Settings};
use wattle::mesh::pairing::window::Secrets;
use wattle::wire::envelope::Encoding;
use wattle::wire::pairing::invite::InviteRecord as Record;
use wattle::wire::pairing::link::PairLink;
use wattle::wire::pairing::qr::Qr;
use wattle::wire::pairing::secret::{Code, LongSecret};
use wattle::wire::pairing::{DeviceName, InviteId, Message, PROTOCOL, PROTOCOL_JSON, Refusal, Way};

const CODE: &str = "12345678";
const MESH: [u8; 32] = [0x3e; 32];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn random(side: u8) -> [u8; 64] {
    std::array::from_fn(|at| (at as u8).wrapping_mul(37).wrapping_add(side))
}

/// The messages in the order in which they are sent, and how it ended for the joining device.
fn exchange(encoding: Encoding) -> (Vec<Vec<u8>>, Joined) {
    let (now, joiner, own) = (Instant::ZERO, PeerKey(*name(1).public_key()), PeerKey(*name(2).public_key()));
    let (mut to_joiner, mut to_admin) = (Outbox::new(), Outbox::new());
    let mut admin = Admin::new(own, MESH);
    let secrets = Secrets { code: Code::parse(CODE).unwrap(), link: LongSecret::new([3; 16]) };
    admin.open(now, secrets, 1, &mut to_joiner);
    let settings = Settings {
        own: joiner,
        device: DeviceName::try_from("attic").unwrap(),
        secret: Code::parse(CODE).unwrap().secret(),
        way: Way::Code,
        mesh: None,
        is_member: false,
        admins: heapless::Vec::new(),
    };
    let mut join = Join::new(now, settings, false);
    join.found(now, Candidate { address: "192.168.1.5:7781".parse().unwrap(), peer: None }, &mut to_admin);
    join.linked(now, own, encoding, &mut to_admin);
    let mut messages = Vec::new();
    loop {
        let effects: Vec<JoinEffect> = to_admin.drain().collect();
        for effect in effects {
            match effect {
                JoinEffect::Send(bytes) => {
                    let received = Received { peer: joiner, encoding, bytes: &bytes, random: &random(2) };
                    admin.received(now, &received, &mut to_joiner);
                    messages.push(bytes);
                }
                JoinEffect::Joined(joined) => return (messages, joined),
                JoinEffect::Failed(why) => panic!("{why}"),
                JoinEffect::Dial(_) | JoinEffect::HangUp => {}
            }
        }
        let effects: Vec<Effect> = to_joiner.drain().collect();
        for effect in effects {
            match effect {
                Effect::Send(_, bytes) => {
                    join.received(now, &bytes, &random(1), &mut to_admin);
                    messages.push(bytes);
                }
                Effect::Issue(issue) => admin.granted(now, issue.holder, b"a certificate", &mut to_joiner),
                _ => {}
            }
        }
        let effects: Vec<Effect> = to_joiner.drain().collect();
        for effect in effects {
            if let Effect::Send(_, bytes) = effect {
                join.received(now, &bytes, &random(1), &mut to_admin);
                messages.push(bytes);
            }
        }
    }
}

fn recorded() -> Value {
    let (lines, joined) = exchange(Encoding::Json);
    let (frames, _) = exchange(Encoding::Postcard);
    let lines: Vec<String> = lines.into_iter().map(|line| String::from_utf8(line).unwrap()).collect();
    let (_, postcard_joined) = exchange(Encoding::Postcard);
    json!({
        "code": CODE,
        "joiner": name(1).to_string(),
        "admin": name(2).to_string(),
        "mesh": hex(&MESH),
        "random_joiner": hex(&random(1)),
        "random_admin": hex(&random(2)),
        "certificate": hex(&joined.certificate),
        "json": lines,
        "postcard": frames.iter().map(|frame| hex(frame)).collect::<Vec<_>>(),
        "words": joined.words.to_string(),
        "words_postcard": postcard_joined.words.to_string(),
    })
}

#[test]
fn an_exchange_has_the_bytes_that_were_recorded() {
    let path = repo().join("tests/fixtures/pairing/exchange.json");
    let text = format!("{:#}\n", recorded());
    if std::env::var_os("WATTLE_WRITE_FIXTURES").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), text, "{}", path.display());
    let lines = recorded()["json"].as_array().unwrap().len();
    assert_eq!(lines, 6, "begin, offer, share, confirm, grant, confirm");
}

#[test]
fn the_page_names_the_protocols() {
    let page = fs::read_to_string(repo().join("docs/messages.md")).unwrap();
    assert!([PROTOCOL, PROTOCOL_JSON].iter().all(|name| page.contains(&format!("`{name}`"))));
}

#[test]
fn a_removed_device_and_an_invite_that_was_taken_back_are_refused_by_their_names() {
    let (now, joiner) = (Instant::ZERO, PeerKey(*name(1).public_key()));
    let (mut admin, mut out) = (Admin::new(PeerKey(*name(2).public_key()), MESH), Outbox::new());
    let id = InviteId([7; 16]);
    let verifier = LongSecret::new([3; 16]).verifier(id);
    assert!(
        admin.invites().take(now, Record { id, verifier, caps: 1, left_ms: 1_000, removed_admins: 0, holder: None })
    );
    assert!(admin.invites().withdraw(id) && !admin.invites().withdraw(id));
    let mut bytes = Vec::new();
    let begin = Message::Begin { device: DeviceName::try_from("attic").unwrap(), v: 1, way: Way::Invite(id) };
    begin.put(Encoding::Json, &mut bytes);
    let received = Received { peer: joiner, encoding: Encoding::Json, bytes: &bytes, random: &random(2) };
    admin.received(now, &received, &mut out);
    let refused = br#"{"refused":{"cause":"unknown-invite","wait":0}}"#.to_vec();
    let effects: Vec<Effect> = out.drain().collect();
    assert_eq!(effects, [Effect::Send(joiner, refused), Effect::HangUp(joiner)]);
    // Nobody has proven anything, so there is nobody to deny.
    admin.denied(now, joiner, Refusal::Removed, &mut out);
    assert_eq!(out.drain().count(), 0);
}

#[test]
fn the_qr_code_of_a_window_is_small_enough_for_a_terminal_and_is_drawn_as_recorded() {
    let link = PairLink {
        addresses: vec!["192.168.1.5:7781".parse().unwrap()],
        secret: LongSecret::new([0xa7; 16]),
        admin: PeerKey(*name(2).public_key()),
        mesh: MESH,
    };
    let qr = Qr::of(&link.text()).unwrap();
    let lines = qr.lines(false);
    assert!(lines.len() <= 34 && lines[0].chars().count() <= 80, "{} lines", lines.len());
    let path = repo().join("tests/fixtures/pairing/qr.svg");
    if std::env::var_os("WATTLE_WRITE_FIXTURES").is_some() {
        fs::write(&path, qr.svg()).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), qr.svg(), "a scanner has read this one");
}
