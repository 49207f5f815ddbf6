//! Messages a second: sealing and opening alone, and the whole way over a link on loopback, in both encodings.
//!
//! `cargo bench --bench message`; docs/evidence.md keeps figures. The message is a small one, as steady ones are.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a bench fails by panicking"
)]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use ed25519_dalek::SigningKey;
use smol::channel::Receiver;
use std::net::{SocketAddr, TcpListener};
use wattle::net::link::{Channel, LinkEvent, Links};
use wattle::wire::envelope::{Signer, Verifier};
use wattle::wire::message::{Echo, Message};
use wattle::wire::peer_id::PeerId;

/// Messages that are under way at once: half of what a queue of a link holds.
const BURST: u64 = 32;

fn main() {
    divan::main();
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn name(seed: u8) -> PeerId {
    PeerId::from_public_key(key(seed).verifying_key().as_bytes())
}

fn said() -> Message {
    Message::Echo(Echo { id: 7, text: "headroom 0.75, sun on the roof".try_into().unwrap(), answer: false })
}

fn seal(signer: &mut Signer, channel: Channel, talk: &Message, body: &mut Vec<u8>, out: &mut Vec<u8>) {
    body.clear();
    talk.put(channel.encoding(), body);
    signer.sign_into(channel.encoding(), talk.kind(), &[], body, out).unwrap();
}

fn open(verifier: &mut Verifier, channel: Channel, bytes: &[u8]) -> Message {
    let opened = verifier.verify_as(channel.encoding(), bytes).unwrap();
    Message::read(channel.encoding(), opened.kind, opened.body).unwrap()
}

fn listening() -> Verifier {
    let mut verifier = Verifier::new();
    assert!(verifier.allow(name(1)));
    verifier
}

/// Encode and sign.
#[divan::bench(args = [Channel::Gossip, Channel::Json])]
fn sealing(bencher: Bencher<'_, '_>, channel: Channel) {
    let (mut signer, talk, mut body, mut out) = (Signer::new(key(1), 1), said(), Vec::new(), Vec::new());
    bencher.counter(ItemsCount::new(1_u64)).bench_local(|| {
        seal(&mut signer, channel, black_box(&talk), &mut body, &mut out);
        out.len()
    });
}

/// Verify and decode as well, on one thread.
#[divan::bench(args = [Channel::Gossip, Channel::Json])]
fn sealing_and_opening(bencher: Bencher<'_, '_>, channel: Channel) {
    let (mut signer, talk, mut body, mut out) = (Signer::new(key(1), 1), said(), Vec::new(), Vec::new());
    let mut verifier = listening();
    bencher.counter(ItemsCount::new(1_u64)).bench_local(|| {
        seal(&mut signer, channel, black_box(&talk), &mut body, &mut out);
        open(&mut verifier, channel, &out)
    });
}

struct End {
    links: Links,
    events: Receiver<LinkEvent>,
    address: SocketAddr,
}

fn end(seed: u8, friend: u8) -> End {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, events) = smol::channel::bounded(64);
    let links = Links::open(listener, key(seed), &[name(friend)], tell).unwrap();
    End { links, events, address }
}

/// The whole way, 32 messages under way at once: encode, sign, Noise, TCP, Noise, verify, decode.
#[divan::bench(args = [Channel::Gossip, Channel::Json], sample_count = 50)]
fn over_a_link(bencher: Bencher<'_, '_>, channel: Channel) {
    smol::block_on(async {
        let (a, b) = (end(1, 2), end(2, 1));
        a.links.dial(name(2), b.address);
        for end in [&a, &b] {
            assert!(matches!(end.events.recv().await.unwrap(), LinkEvent::Up { .. }));
        }
        let (mut signer, mut verifier, talk) = (Signer::new(key(1), 1), listening(), said());
        let mut round = || {
            for _ in 0..BURST {
                let (mut body, mut frame) = (a.links.frame(), a.links.frame());
                seal(&mut signer, channel, &talk, body.buffer(), frame.buffer());
                a.links.send(&name(2), channel, frame).unwrap();
            }
            for _ in 0..BURST {
                let LinkEvent::Frame { bytes, .. } = b.events.recv_blocking().unwrap() else { panic!("no frame") };
                assert_eq!(open(&mut verifier, channel, &bytes), talk);
            }
        };
        round();
        bencher.counter(ItemsCount::new(BURST)).bench_local(round);
    });
}
