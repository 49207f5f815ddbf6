//! The bytes that agents exchange: encoders and decoders, without a socket.
//!
//! From the bottom up: `multistream` (multistream-select 1.0) agrees on a protocol, `noise` encrypts a link and proves
//! who is at its other end, `identify` describes a program to its peer, `frame` and `json::line` cut a stream into
//! messages, `envelope` signs and verifies a message, `message` and `gossip` define the bodies, `certificate` what makes a
//! device a member. `datagram` encrypts the
//! UDP packets of the membership protocol; `mdns` and `dns` read and write the records of discovery. `peer_id`,
//! `multiaddr` and `varint` are the small encodings of libp2p and multiformats that these need. Messages
//! have two encodings: postcard between our own agents (`canonical`), and JSON by RFC 8785 for agents in any language
//! (`json`). `window` refuses replays. `pairing` has the messages by which a device joins, `mcp` those of language models' programs. `x509` writes the certificates that browsers want, `update` what an update of the SD card image is.
//! `cid`, `unixfs` and `car` name blocks of files and put them into archives, as IPFS does. docs/messages.md describes them for other languages, with test vectors.
//!
//! Decoders are state machines or functions over byte slices: they take what arrived and return how many bytes they
//! used. They never panic on input (each has a fuzz target in fuzz/targets), and their memory grows with what arrived,
//! never beyond a cap in `limits`. Whatever is signed, hashed or compared has exactly one encoding, and any other is
//! refused.
//!
//! Not here: sockets and timers (`net`), random numbers and the time (both are passed in), the files that hold keys
//! (`platform`), and what a message causes (`mesh`, `query`, `node`).
//!
//! Specifications: libp2p specs (noise, identify, peer-ids, connections, discovery/mdns), multiformats
//! (unsigned-varint, multiaddr, multistream-select), the Noise Protocol Framework, RFC 1035, RFC 4648, RFC 6763, RFC
//! 8032, RFC 8785; of IPFS: CID, DAG-PB, UnixFS, CARv1.

pub mod bitswap;
pub mod canonical;
pub mod car;
pub mod certificate;
pub mod cid;
pub mod datagram;
pub mod dns;
pub mod envelope;
mod filters;
pub mod frame;
pub mod gossip;
pub mod holdings;
pub mod identify;
pub mod json;
pub mod mcp;
pub mod mdns;
pub mod message;
pub mod multiaddr;
pub mod multistream;
pub mod noise;
pub mod pairing;
pub mod peer_id;
#[cfg(test)]
mod random_bytes;
pub mod unixfs;
pub mod update;
pub mod varint;
pub mod vector;
pub mod why;
mod window;
pub mod work;
pub mod x509;
