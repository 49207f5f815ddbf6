//! Messages a second: signing and verifying alone, and over a link on loopback, in both encodings.
//!
//! `cargo bench --bench message`; docs/evidence.md has figures. The message is small, as most are.

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

/// Messages in flight at once: half of the capacity of a link's queue.
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

fn message() -> Message {
    Message::Echo(Echo { id: 7, text: "headroom 0.75, sun on the roof".try_into().unwrap(), answer: false })
}

fn sign(signer: &mut Signer, channel: Channel, message: &Message, body: &mut Vec<u8>, out: &mut Vec<u8>) {
    body.clear();
    message.put(channel.encoding(), body);
    signer.sign_into(channel.encoding(), message.kind(), &[], body, out).unwrap();
}

fn verify(verifier: &mut Verifier, channel: Channel, bytes: &[u8]) -> Message {
    let verified = verifier.verify_as(channel.encoding(), bytes).unwrap();
    Message::read(channel.encoding(), verified.kind, verified.body).unwrap()
}

fn verifier() -> Verifier {
    let mut verifier = Verifier::new();
    assert!(verifier.add_peer(name(1)));
    verifier
}

/// Encode and sign.
#[divan::bench(args = [Channel::Gossip, Channel::Json])]
fn signing(bencher: Bencher<'_, '_>, channel: Channel) {
    let (mut signer, message, mut body, mut out) = (Signer::new(key(1), 1), message(), Vec::new(), Vec::new());
    bencher.counter(ItemsCount::new(1_u64)).bench_local(|| {
        sign(&mut signer, channel, black_box(&message), &mut body, &mut out);
        out.len()
    });
}

/// Encode, sign, verify and decode, on one thread.
#[divan::bench(args = [Channel::Gossip, Channel::Json])]
fn signing_and_verifying(bencher: Bencher<'_, '_>, channel: Channel) {
    let (mut signer, message, mut body, mut out) = (Signer::new(key(1), 1), message(), Vec::new(), Vec::new());
    let mut verifier = verifier();
    bencher.counter(ItemsCount::new(1_u64)).bench_local(|| {
        sign(&mut signer, channel, black_box(&message), &mut body, &mut out);
        verify(&mut verifier, channel, &out)
    });
}

struct End {
    links: Links,
    events: Receiver<LinkEvent>,
    address: SocketAddr,
}

fn end(seed: u8, peer: u8) -> End {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, events) = smol::channel::bounded(64);
    let links = Links::open(listener, key(seed), &[name(peer)], sender).unwrap();
    End { links, events, address }
}

/// Encode, sign, Noise, TCP, Noise, verify and decode, with 32 messages in flight.
#[divan::bench(args = [Channel::Gossip, Channel::Json], sample_count = 50)]
fn over_a_link(bencher: Bencher<'_, '_>, channel: Channel) {
    smol::block_on(async {
        let (a, b) = (end(1, 2), end(2, 1));
        a.links.dial(name(2), b.address);
        for end in [&a, &b] {
            assert!(matches!(end.events.recv().await.unwrap(), LinkEvent::Up { .. }));
        }
        let (mut signer, mut verifier, message) = (Signer::new(key(1), 1), verifier(), message());
        let mut round = || {
            for _ in 0..BURST {
                let (mut body, mut frame) = (a.links.frame(), a.links.frame());
                sign(&mut signer, channel, &message, body.buffer(), frame.buffer());
                a.links.send(&name(2), channel, frame).unwrap();
            }
            for _ in 0..BURST {
                let LinkEvent::Frame { bytes, .. } = b.events.recv_blocking().unwrap() else { panic!("no frame") };
                assert_eq!(verify(&mut verifier, channel, &bytes), message);
            }
        };
        round();
        bencher.counter(ItemsCount::new(BURST)).bench_local(round);
    });
}
