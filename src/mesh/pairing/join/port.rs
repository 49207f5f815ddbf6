//! What the joining machine works with: whom it tries, and what it wants done.

use crate::base::id::PeerKey;
use crate::mesh::pairing::failure::Failure;
use crate::wire::pairing::words::Words;
use core::net::SocketAddr;

/// A place where an admin may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Where to dial.
    pub address: SocketAddr,
    /// Who must answer there, if that is known.
    pub peer: Option<PeerKey>,
}

/// What the machine wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A link to there, and a stream of the pairing protocol. Then `Join::linked` or `Join::lost` is called.
    Dial(Candidate),
    /// The message is sent on the stream.
    Send(Vec<u8>),
    /// The stream and its link are closed after what was sent.
    HangUp,
    /// The device is in.
    Joined(Joined),
    /// It is not. Nothing of the device has changed.
    Failed(Failure),
}

/// What a device that was let in has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// Its certificate, which must be checked: an admin knows the secret, but may be none of this mesh any more.
    pub certificate: Vec<u8>,
    /// Who let it in.
    pub admin: PeerKey,
    /// The mesh.
    pub mesh: [u8; 32],
    /// To be compared with those on the admin's screen.
    pub words: Words,
}
