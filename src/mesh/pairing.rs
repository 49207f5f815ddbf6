//! How a device joins a mesh: the two machines that exchange the messages of `wire::pairing`, on both sides of a link.
//!
//! - [`admin`]: lets devices in. One exchange per device at a time, within caps and deadlines.
//! - [`window`]: the code that a person opened, how many tries are left, and why it closed.
//! - [`invites`]: the invites that this agent has issued, or holds for another admin.
//! - [`join`]: the joining device: where to try, and what to send. [`failure`]: what its owner is told when it was not let in.
//!
//! The exchange is SPAKE2 (`wire::pairing::exchange`); what a certificate is, and who may issue one, is not known here:
//! [`admin`] asks for one by [`admin::Effect::Issue`] after the joining device has proven the secret, and hands over the
//! bytes that come back.
//!
//! Invariants: an exchange that has begun with a window's code and does not end well is a try, whatever ended it (a wrong
//! code, silence, a lost link, a message out of turn) and however often the device links anew; the fifth one closes the
//! window. Nothing of a secret is sent but a confirmation of its key, and the joining device's comes first. An invite is
//! for one device: the one that was let in may redeem it again, if the certificate was lost with the link, and no other.
//! Time is the agent's own running time; no wall clock is compared.
//!
//! Random bytes, sockets, the QR code's colours and the files are elsewhere (`platform`, `net`, `cli`).

pub mod admin;
pub mod failure;
pub mod invites;
pub mod join;
pub mod window;

#[cfg(test)]
mod tests;
