//! Bytes that leave the process, and what they mean.
//!
//! Duty: encode and decode. In/out: values and bytes. Invariants: decoding never panics and never grows
//! memory beyond its limit; what is signed or hashed are the bytes as sent.
//! Limits: none yet. Not here: sockets, keys' secrets. Frames, Noise, messages and certificates join here
//! with the link.

pub mod peer;
