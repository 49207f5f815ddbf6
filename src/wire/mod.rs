//! Bytes that leave the process, and what they mean.
//!
//! Duty: encode and decode. In/out: values and bytes; the machines take bytes as they come and say how many
//! they used. Invariants: decoding never panics and never grows memory beyond its limit; what is signed or
//! hashed are the bytes as sent; what is read has one encoding.
//! Limits: `NEGOTIATION_*`, `NOISE_*`, `IDENTIFY_*`, `FRAME_*`, `JSON_*`, `MESSAGE_*` and `RUMOUR_*` in `limits`.
//! Not here: sockets, time, chance (handed in), keys' files. Certificates join here with the mesh.

pub mod canonical;
pub mod datagram;
pub mod dns;
pub mod envelope;
pub mod frame;
pub mod gossip;
pub mod identify;
pub mod json;
pub mod mdns;
pub mod message;
pub mod multiaddr;
pub mod multistream;
pub mod noise;
pub mod peer_id;
pub mod protobuf;
#[cfg(test)]
mod random_bytes;
pub mod varint;
