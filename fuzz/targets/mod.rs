//! What is fuzzed: a body for each decoder of bytes that somebody else wrote.
//!
//! Duty: for any bytes, assert what must hold. In/out: bytes in, a panic where something does not hold.
//! Invariants: no clock, no chance, the same verdict for the same bytes; seeds come from the real encoders.
//! Limits: those of `wattle::limits`, asserted. Not here: what drives them (libFuzzer by bins/, or
//! tests/it/fuzz_short.rs on every `cargo test`).

pub mod announce;
pub mod config;
pub mod datagram;
pub mod envelope;
pub mod frame;
pub mod hint;
pub mod host;
pub mod identify;
pub mod json;
pub mod member;
pub mod multiaddr;
pub mod multistream;
pub mod noise_frame;
pub mod noise_handshake;
pub mod noise_payload;
pub mod record;
pub mod rumour;
pub mod sensors;
pub mod talk;

/// One decoder under test.
pub struct Target {
    /// Its name, of the file in bins/ and of the folder in seeds/.
    pub name: &'static str,
    /// Asserts what must hold of any bytes.
    pub check: fn(&[u8]),
    /// Bytes to begin with, from the real encoders.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// How often the short run leaves out an input: 1 for the quick ones.
    pub slowness: usize,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "announce", check: announce::check, seeds: announce::seeds, slowness: 1 },
    Target { name: "config", check: config::check, seeds: config::seeds, slowness: 4 },
    Target { name: "datagram", check: datagram::check, seeds: datagram::seeds, slowness: 50 },
    Target { name: "envelope", check: envelope::check, seeds: envelope::seeds, slowness: 8 },
    Target { name: "frame", check: frame::check, seeds: frame::seeds, slowness: 1 },
    Target { name: "hint", check: hint::check, seeds: hint::seeds, slowness: 1 },
    Target { name: "host", check: host::check, seeds: host::seeds, slowness: 1 },
    Target { name: "identify", check: identify::check, seeds: identify::seeds, slowness: 2 },
    Target { name: "json", check: json::check, seeds: json::seeds, slowness: 2 },
    Target { name: "member", check: member::check, seeds: member::seeds, slowness: 10 },
    Target { name: "multiaddr", check: multiaddr::check, seeds: multiaddr::seeds, slowness: 2 },
    Target { name: "multistream", check: multistream::check, seeds: multistream::seeds, slowness: 1 },
    Target { name: "noise_frame", check: noise_frame::check, seeds: noise_frame::seeds, slowness: 2 },
    Target { name: "noise_handshake", check: noise_handshake::check, seeds: noise_handshake::seeds, slowness: 40 },
    Target { name: "noise_payload", check: noise_payload::check, seeds: noise_payload::seeds, slowness: 40 },
    Target { name: "record", check: record::check, seeds: record::seeds, slowness: 1 },
    Target { name: "rumour", check: rumour::check, seeds: rumour::seeds, slowness: 4 },
    Target { name: "sensors", check: sensors::check, seeds: sensors::seeds, slowness: 10 },
    Target { name: "talk", check: talk::check, seeds: talk::seeds, slowness: 1 },
];

/// Cuts `data` where its own bytes say: a stream arrives in pieces, and nothing may depend on which.
#[must_use]
pub fn pieces(data: &[u8]) -> Vec<&[u8]> {
    let (mut rest, mut pieces, mut at) = (data, Vec::new(), 0);
    while !rest.is_empty() {
        let wish = data.get(at).map_or(1, |byte| usize::from(byte % 23));
        let (piece, after) = rest.split_at(wish.clamp(1, rest.len()));
        pieces.push(piece);
        (rest, at) = (after, at + 1);
    }
    pieces
}
