//! The link: an authenticated, encrypted, multiplexed connection to another agent, libp2p on the wire.
//!
//! An unmodified libp2p client can dial an agent: TCP, multistream-select 1.0, `/noise` (the Noise Protocol Framework's
//! XX handshake after libp2p's noise specification), `/yamux/1.0.0` (yamux specification), then a protocol for each
//! stream: `/ipfs/id/1.0.0` (identify), `/ipfs/ping/1.0.0`, and our own `/wattle/gossip/1`, `/wattle/task/1` and
//! `/wattle/json/1`, which carry frames; and `/ipfs/bitswap/1.2.0` once the owner serves public documents. rust-libp2p is not used: it adds some 150 crates.
//!
//! [`Links`] is the handle. `accept` takes TCP connections as far as `handshake_limits` lets them, `handshake` makes a
//! multiplexed connection of them, `connection` drives one link from its handshake to its end, `inbound` serves the
//! streams that the peer opens, and `channel` queues and writes the frames of ours. `table` knows who may link, which
//! links are up, and which of two links to one peer stays: a link of another start of the same key (each start has a
//! random mark, which the handshake carries) replaces one that does not answer a ping; if that one answers, two devices
//! have the key, and both are told. `guests` serves peers that may not link: they may identify, ping and be paired. `bitswap` gives
//! blocks of public documents to any peer: `wants` is the table of what one peer asks for, `block_server` what all such exchanges share. Events go to the driver through one bounded channel.
//!
//! Invariants: the accept loop waits for no handshake; only allowed PeerIds get a link, others are guests or refused, and the driver changes who is
//! allowed at any time; there is at most one link for a peer; `Up` and `Down` alternate, with frames between them;
//! while the driver's channel is full, nothing is read. A peer whose pieces are too small for what they bring is sent away (`pieces`). Every buffer has a cap in `limits` (`LINK_*`, `FRAME_*`): a
//! peer that sends as much as it may makes this agent hold about 6 MiB. A link without traffic holds 64 KiB for what it reads and as much
//! for what it writes at once; buffers of large frames are kept for the next ones, 4 MiB by all links together.
//!
//! What the frames contain is `wire::message`'s; whom to dial and when is the node's to decide.

mod accept;
mod bitswap;
mod block_server;
mod channel;
mod connection;
mod event;
mod frame;
mod guest_table;
mod guests;
mod handshake;
mod handshake_limits;
mod identify;
mod inbound;
mod links;
mod noise_stream;
mod pieces;
mod ping;
mod scope;
mod shared;
mod strangers;
mod stream;
mod table;
mod wants;
mod yamux_driver;

pub use channel::{Channel, SendError};
pub use event::{GuestEvent, LinkEvent};
pub use frame::Frame;
pub use links::Links;
pub use shared::Settings;
pub use table::LinkInfo;
