//! The fuzz targets: one for each decoder of bytes that come from outside.
//!
//! A target's `check` takes any bytes and asserts what must hold for them: nothing panics, caps are kept, a value has
//! one encoding, the result does not depend on how a stream was cut. Its `seeds` come from the real encoders, so a
//! fuzzer starts from valid inputs. A target uses no clock and no random numbers: the same bytes give the same result.
//!
//! Not here: what runs the targets (libFuzzer by bins/ and scripts/fuzz; tests/it/fuzz_short.rs on every `cargo test`).

pub mod announce;
pub mod backup;
pub mod bitswap;
pub mod car;
pub mod card;
pub mod certificate;
pub mod cid;
pub mod config;
pub mod datagram;
pub mod document;
pub mod envelope;
pub mod frame;
pub mod gossip;
pub mod hardware;
pub mod hint;
pub mod host;
pub mod identify;
pub mod json;
pub mod mcp;
pub mod member;
pub mod message;
pub mod model_file;
pub mod multiaddr;
pub mod multistream;
pub mod noise_frame;
pub mod noise_handshake;
pub mod noise_payload;
pub mod onnx;
pub mod pair_exchange;
pub mod pair_message;
pub mod pair_text;
pub mod question;
pub mod record;
pub mod sensors;
pub mod text;
pub mod unixfs;
pub mod update;
mod work;

/// One decoder under test.
pub struct Target {
    /// The name of its file in bins/ and of its folder in seeds/.
    pub name: &'static str,
    /// Asserts what must hold for any bytes.
    pub check: fn(&[u8]),
    /// Valid inputs from the real encoders.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// The short run has this many times fewer inputs: 1 for a fast target.
    pub slowness: usize,
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "announce", check: announce::check, seeds: announce::seeds, slowness: 1 },
    Target { name: "backup", check: backup::check, seeds: backup::seeds, slowness: 2 },
    Target { name: "bitswap", check: bitswap::check, seeds: bitswap::seeds, slowness: 1 },
    Target { name: "car", check: car::check, seeds: car::seeds, slowness: 2 },
    Target { name: "card", check: card::check, seeds: card::seeds, slowness: 2 },
    Target { name: "certificate", check: certificate::check, seeds: certificate::seeds, slowness: 40 },
    Target { name: "cid", check: cid::check, seeds: cid::seeds, slowness: 1 },
    Target { name: "config", check: config::check, seeds: config::seeds, slowness: 4 },
    Target { name: "datagram", check: datagram::check, seeds: datagram::seeds, slowness: 50 },
    Target { name: "document", check: document::check, seeds: document::seeds, slowness: 8 },
    Target { name: "envelope", check: envelope::check, seeds: envelope::seeds, slowness: 8 },
    Target { name: "frame", check: frame::check, seeds: frame::seeds, slowness: 1 },
    Target { name: "hardware", check: hardware::check, seeds: hardware::seeds, slowness: 4 },
    Target { name: "hint", check: hint::check, seeds: hint::seeds, slowness: 1 },
    Target { name: "host", check: host::check, seeds: host::seeds, slowness: 1 },
    Target { name: "identify", check: identify::check, seeds: identify::seeds, slowness: 2 },
    Target { name: "json", check: json::check, seeds: json::seeds, slowness: 2 },
    Target { name: "mcp", check: mcp::check, seeds: mcp::seeds, slowness: 2 },
    Target { name: "member", check: member::check, seeds: member::seeds, slowness: 10 },
    Target { name: "model_file", check: model_file::check, seeds: model_file::seeds, slowness: 40 },
    Target { name: "multiaddr", check: multiaddr::check, seeds: multiaddr::seeds, slowness: 2 },
    Target { name: "multistream", check: multistream::check, seeds: multistream::seeds, slowness: 1 },
    Target { name: "noise_frame", check: noise_frame::check, seeds: noise_frame::seeds, slowness: 2 },
    Target { name: "noise_handshake", check: noise_handshake::check, seeds: noise_handshake::seeds, slowness: 40 },
    Target { name: "noise_payload", check: noise_payload::check, seeds: noise_payload::seeds, slowness: 40 },
    Target { name: "onnx", check: onnx::check, seeds: onnx::seeds, slowness: 40 },
    Target { name: "pair_exchange", check: pair_exchange::check, seeds: pair_exchange::seeds, slowness: 20 },
    Target { name: "pair_message", check: pair_message::check, seeds: pair_message::seeds, slowness: 1 },
    Target { name: "pair_text", check: pair_text::check, seeds: pair_text::seeds, slowness: 4 },
    Target { name: "question", check: question::check, seeds: question::seeds, slowness: 4 },
    Target { name: "record", check: record::check, seeds: record::seeds, slowness: 1 },
    Target { name: "gossip", check: gossip::check, seeds: gossip::seeds, slowness: 4 },
    Target { name: "text", check: text::check, seeds: text::seeds, slowness: 8 },
    Target { name: "unixfs", check: unixfs::check, seeds: unixfs::seeds, slowness: 1 },
    Target { name: "update", check: update::check, seeds: update::seeds, slowness: 20 },
    Target { name: "sensors", check: sensors::check, seeds: sensors::seeds, slowness: 10 },
    Target { name: "message", check: message::check, seeds: message::seeds, slowness: 1 },
];

/// Cuts `data` at lengths that its own bytes give: a stream arrives in fragments, and no result may depend on them.
#[must_use]
pub fn fragments(data: &[u8]) -> Vec<&[u8]> {
    let (mut rest, mut fragments, mut at) = (data, Vec::new(), 0);
    while !rest.is_empty() {
        let wish = data.get(at).map_or(1, |byte| usize::from(byte % 23));
        let (fragment, after) = rest.split_at(wish.clamp(1, rest.len()));
        fragments.push(fragment);
        (rest, at) = (after, at + 1);
    }
    fragments
}
