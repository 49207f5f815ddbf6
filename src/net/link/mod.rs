//! The link: libp2p on the wire, in our own small code, so that unmodified clients can dial an agent.
//!
//! Duty: TCP, multistream-select, Noise, yamux, identify, ping, and frames on `/wattle/gossip/1`,
//! `/wattle/task/1` and `/wattle/json/1`. In/out: orders by `Links`; `LinkEvent`s through one bounded channel, in order per peer.
//! Invariants: the accept loop waits for no handshake; only allowed PeerIds get a link, as the driver says at any time; per peer at most one
//! link, and `Up` and `Down` alternate, frames between them; a full channel of the driver stops reading.
//! Limits: `LINK*` and `FRAME_*` in `limits`; a peer that sends all it may holds some 6 MiB.
//! Not here: what the frames say (`wire::message`), whom to dial and when (`node`), discovery.

mod accept;
mod admission;
mod channel;
mod connection;
mod frame;
mod handshake;
mod inbound;
mod noise_stream;
mod peers;
mod stream;
mod table;

use crate::limits::{LINK_CLOSE_MS, LINK_HANDSHAKE_MS, LINK_HANDSHAKES_PER_SECOND, LINK_PING_MS};
use crate::wire::envelope::Encoding;
use crate::wire::multiaddr::Multiaddr;
use crate::wire::peer_id::PeerId;
use ed25519_dalek::SigningKey;
use log::debug;
use smol::Timer;
use smol::channel::{Receiver, Sender};
use smol::future::or;
use std::fmt;
use std::io::Result;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use table::LinkTable;

pub use channel::{Channel, SendError};
pub use frame::Frame;
pub use peers::AllowedPeer;
use peers::Link;

/// What happened on the links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkEvent {
    /// A link to an allowed peer stands.
    Up {
        /// Who; proven.
        peer: PeerId,
        /// Where the connection comes from or goes to.
        address: Multiaddr,
        /// Whether this agent dialled.
        dialled: bool,
    },
    /// The link that was up is gone; what was on its way may be lost.
    Down {
        /// Who.
        peer: PeerId,
        /// A phrase for people.
        why: String,
    },
    /// A dial did not lead to a link. A link that stood before still stands.
    DialFailed {
        /// Who was meant.
        peer: PeerId,
        /// Where.
        address: Multiaddr,
        /// A phrase for people.
        why: String,
    },
    /// A device that may not link wanted to, for the first time or after another one did.
    UnknownPeer {
        /// Who; proven.
        peer: PeerId,
        /// Where the connection comes from.
        address: SocketAddr,
    },
    /// One whole frame of a peer whose link is up. Its sender is proven, its content is not looked at.
    Frame {
        /// Who sent it.
        peer: PeerId,
        /// On which channel.
        channel: Channel,
        /// The frame.
        bytes: Frame,
    },
}

/// Times and rates; the defaults are those of `limits`. Tests and benchmarks take others.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// For a whole handshake.
    pub handshake: Duration,
    /// Silence before a ping, and how long a ping waits.
    pub ping: Duration,
    /// Handshakes a second from one address.
    pub handshakes_per_second: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            handshake: Duration::from_millis(LINK_HANDSHAKE_MS),
            ping: Duration::from_millis(LINK_PING_MS),
            handshakes_per_second: LINK_HANDSHAKES_PER_SECOND,
        }
    }
}

/// What every task of the links shares.
struct Shared {
    key: SigningKey,
    own: PeerId,
    local: SocketAddr,
    /// Where others reach this agent, for identify.
    places: Mutex<Vec<SocketAddr>>,
    settings: Settings,
    table: Mutex<LinkTable>,
    events: Sender<LinkEvent>,
    kept: frame::RetainedBuffers,
    /// Ends when the links are closed, or all handles are gone.
    stopping: Receiver<()>,
}

impl Shared {
    fn table(&self) -> MutexGuard<'_, LinkTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the driver, and waits while it is busy. An error means that nobody listens any more.
    async fn tell(&self, event: LinkEvent) {
        if self.events.send(event).await.is_err() {
            debug!("Nobody listens to the links any more.");
        }
    }
}

/// All links of an agent. A handle: clones mean the same links. They end with the last handle.
#[derive(Clone)]
pub struct Links {
    shared: Arc<Shared>,
    running: Sender<()>,
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Links({} on {})", self.shared.own, self.shared.local)
    }
}

impl Links {
    /// Begins to accept links on a listener that the caller has bound, on smol's own executor. Only `allowed`
    /// peers get one.
    ///
    /// # Errors
    /// The system's: the listener cannot be waited for.
    pub fn open(
        listener: std::net::TcpListener,
        key: SigningKey,
        allowed: &[PeerId],
        events: Sender<LinkEvent>,
    ) -> Result<Self> {
        Self::open_with(listener, key, allowed, events, Settings::default())
    }

    /// The same with other times and rates.
    ///
    /// # Errors
    /// The system's: the listener cannot be waited for.
    pub fn open_with(
        listener: std::net::TcpListener,
        key: SigningKey,
        allowed: &[PeerId],
        events: Sender<LinkEvent>,
        settings: Settings,
    ) -> Result<Self> {
        let local = listener.local_addr()?;
        let listener = async_net::TcpListener::try_from(listener)?;
        let own = PeerId::from_public_key(key.verifying_key().as_bytes());
        let (running, stopping) = smol::channel::bounded(1);
        let table = Mutex::new(LinkTable::new(own, allowed));
        let places = Mutex::new(if local.ip().is_unspecified() { Vec::new() } else { vec![local] });
        let kept = frame::RetainedBuffers::new();
        let shared = Arc::new(Shared { key, own, local, places, settings, table, events, kept, stopping });
        smol::spawn(accept::accept(Arc::clone(&shared), listener)).detach();
        Ok(Self { shared, running })
    }

    /// Where this agent listens, with its name; as bound, so it may be an unspecified address (`0.0.0.0`).
    #[must_use]
    pub fn listen_addresses(&self) -> Vec<Multiaddr> {
        vec![Multiaddr::from(self.shared.local).with_peer(self.shared.own)]
    }

    /// Where others reach this agent from now on: identify says so. An unspecified address would help nobody.
    pub fn stand_at(&self, places: &[SocketAddr]) {
        *self.shared.places.lock().unwrap_or_else(PoisonError::into_inner) = places.to_vec();
    }

    /// Lets `peer` link from now on; false if `LINK_ALLOWED_MAX` others may already.
    #[must_use]
    pub fn allow(&self, peer: PeerId) -> bool {
        self.shared.table().allow(peer)
    }

    /// Refuses `peer` from now on, and ends its link, if there is one: `Down` follows with `why`.
    pub fn refuse(&self, peer: &PeerId, why: &str) {
        self.shared.table().refuse(peer);
        self.hang_up(peer, why);
    }

    /// Dials `peer` at `address`, without waiting: `Up` or `DialFailed` follows.
    pub fn dial(&self, peer: PeerId, address: SocketAddr) {
        smol::spawn(connection::dial(Arc::clone(&self.shared), peer, address)).detach();
    }

    /// An empty frame to write into, in memory that was used before.
    #[must_use]
    pub fn frame(&self) -> Frame {
        self.shared.kept.frame(self.shared.kept.take())
    }

    /// How `peer` is to be spoken to: in the encoding in which it spoke last; before that in postcard, unless it says
    /// of itself that it speaks JSON alone.
    #[must_use]
    pub fn encoding(&self, peer: &PeerId) -> Encoding {
        self.shared.table().link(peer).map_or(Encoding::Postcard, Link::encoding)
    }

    /// Puts one frame into the queue to `peer`. It is sent in the order of its channel; it is lost if the link
    /// goes down, or if the peer does not speak this channel. In a line of JSON there must be no line feed.
    ///
    /// # Errors
    /// `Full` if the queue is: nothing was queued, try again later or do without.
    pub fn send(&self, peer: &PeerId, channel: Channel, frame: impl Into<Frame>) -> std::result::Result<(), SendError> {
        let frame = frame.into();
        if frame.is_empty() || frame.len() > channel.frame_max() {
            return Err(SendError::TooLarge);
        }
        self.shared.table().link(peer).ok_or(SendError::NoLink)?.queue(channel).push(frame)
    }

    /// Ends the link to `peer`, if there is one: `Down` follows with `why`.
    pub fn hang_up(&self, peer: &PeerId, why: &str) {
        if let Some(link) = self.shared.table().link(peer) {
            link.hang_up(why);
        }
    }

    /// Every link that stands, with what its peer said of itself.
    #[must_use]
    pub fn known(&self) -> Vec<AllowedPeer> {
        self.shared.table().links().map(Link::known).collect()
    }

    /// The time to `peer` and back on its link, measured now.
    ///
    /// # Errors
    /// A phrase for people: there is no link, or no answer in time.
    pub async fn ping(&self, peer: &PeerId) -> std::result::Result<Duration, String> {
        let streams = self.shared.table().link(peer).ok_or("there is no link")?.streams();
        inbound::ping(&streams, self.shared.settings.ping).await
    }

    /// Stops listening and ends every link; waits for their ends, `LINK_CLOSE_MS` at most for each step.
    pub async fn close(self) {
        let ends: Vec<Receiver<()>> = self.shared.table().links().map(Link::end).collect();
        self.running.close();
        let all = async {
            for end in ends {
                // Closed when the link has ended; nothing is ever sent.
                let _ = end.recv().await;
            }
        };
        or(all, async {
            Timer::after(Duration::from_millis(2 * LINK_CLOSE_MS)).await;
        })
        .await;
    }
}
