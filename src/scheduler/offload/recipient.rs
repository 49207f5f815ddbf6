//! A linked device to which work may be lent.

use crate::base::id::PeerKey;

/// A linked device that may work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// The device.
    pub peer: PeerKey,
    /// Whether it has surplus energy: it gets work before others.
    pub surplus: bool,
    /// Whether it gets work now: what can wait for surplus energy waits for a device that has some.
    pub gets: bool,
}
