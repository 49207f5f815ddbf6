//! The handle to all links: dial, send, hang up.

use super::block_server::BlockServer;
use super::channel::{Channel, SendError};
use super::event::LinkEvent;
use super::frame::{Frame, RetainedBuffers};
use super::shared::{Settings, Shared, Shown};
use super::table::{Link, LinkInfo, LinkTable};
use super::{accept, connection, guests, ping};
use crate::limits::{HANDSHAKE_CERTIFICATES_MAX, LINK_CLOSE_MS, LINK_PARTING_MS};
use crate::net::blocks::Blocks;
use crate::platform::clock;
use crate::wire::envelope::Encoding;
use crate::wire::multiaddr::Multiaddr;
use crate::wire::peer_id::PeerId;
use ed25519_dalek::SigningKey;
use smol::Timer;
use smol::channel::{Receiver, Sender};
use smol::future::or;
use std::fmt;
use std::io::Result;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// A handle to all links of an agent. Clones are handles to the same links, which end with the last of them.
#[derive(Clone)]
pub struct Links {
    pub(super) shared: Arc<Shared>,
    running: Sender<()>,
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Links({} on {})", self.shared.own, self.shared.local)
    }
}

impl Links {
    /// Begins to accept links on a bound listener, on smol's global executor. Only `allowed` peers get one.
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

    /// As [`open`](Self::open), with other times and rates.
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
        let mut start = [0; 8];
        getrandom::fill(&mut start).map_err(std::io::Error::other)?;
        let start = u64::from_le_bytes(start);
        let (running, stopping) = smol::channel::bounded(1);
        let table = Mutex::new(LinkTable::new(own, allowed));
        let addresses = Mutex::new(if local.ip().is_unspecified() { Vec::new() } else { vec![local] });
        let buffers = RetainedBuffers::new();
        let shared = Arc::new(Shared {
            key,
            own,
            start,
            local,
            shown: Shown { addresses, ..Shown::default() },
            settings,
            table,
            guests: Mutex::default(),
            blocks: OnceLock::new(),
            events,
            buffers,
            stopping,
        });
        smol::spawn(accept::accept(Arc::clone(&shared), listener)).detach();
        Ok(Self { shared, running })
    }

    /// This agent's PeerId.
    #[must_use]
    pub fn own(&self) -> PeerId {
        self.shared.own
    }

    /// Where this agent listens, with its PeerId; as bound, so it may be an unspecified address (`0.0.0.0`).
    #[must_use]
    pub fn listen_addresses(&self) -> Vec<Multiaddr> {
        vec![Multiaddr::from(self.shared.local).with_peer(self.shared.own)]
    }

    /// Sets the addresses that identify reports. An unspecified address would be useless to a peer.
    pub fn set_identify_addresses(&self, addresses: &[SocketAddr]) {
        *self.shared.shown.addresses.lock().unwrap_or_else(PoisonError::into_inner) = addresses.to_vec();
    }

    /// Lets `peer` link from now on; false if `LINK_ALLOWED_MAX` others may already.
    #[must_use]
    pub fn add_peer(&self, peer: PeerId) -> bool {
        self.shared.table().add_peer(peer)
    }

    /// Refuses `peer` from now on, and ends its link, if there is one, as [`part`](Self::part) does.
    pub fn remove_peer(&self, peer: &PeerId, why: &str) {
        self.shared.table().remove_peer(peer);
        self.part(peer, why);
    }

    /// Ends the link to `peer`, if there is one, `LINK_PARTING_MS` from now, so that what it was sent last is read there: `Down`
    /// follows with `why`.
    pub fn part(&self, peer: &PeerId, why: &str) {
        let Some(link) = self.shared.table().link(peer).cloned() else { return };
        let why = why.to_owned();
        smol::spawn(async move {
            Timer::after(Duration::from_millis(LINK_PARTING_MS)).await;
            link.hang_up(&why);
        })
        .detach();
    }

    /// Dials `peer` at `address`, without waiting: `Up` or `DialFailed` follows.
    pub fn dial(&self, peer: PeerId, address: SocketAddr) {
        smol::spawn(connection::dial(Arc::clone(&self.shared), peer, address)).detach();
    }

    /// An empty frame to write into; its memory is reused.
    #[must_use]
    pub fn frame(&self) -> Frame {
        self.frame_for(0)
    }

    /// The same for one of so many bytes: large ones have memory of their own.
    #[must_use]
    pub fn frame_for(&self, length: usize) -> Frame {
        self.shared.buffers.frame(self.shared.buffers.take(length))
    }

    /// The encoding for messages to `peer`: that of its last message; before the first one postcard, unless identify
    /// says that the peer supports JSON only.
    #[must_use]
    pub fn encoding(&self, peer: &PeerId) -> Encoding {
        self.shared.table().link(peer).map_or(Encoding::Postcard, Link::encoding)
    }

    /// Whether a frame of so many bytes can be queued for `peer` just now: for whoever fills large ones, which `send` would drop.
    #[must_use]
    pub fn has_room(&self, peer: &PeerId, channel: Channel, bytes: usize) -> bool {
        self.shared.table().link(peer).is_some_and(|link| link.queue(channel).has_room(bytes))
    }

    /// Queues one frame for `peer`. Frames of a channel keep their order. A frame is lost if the link goes down or the
    /// peer does not support the channel. A line of JSON must not contain a line feed.
    ///
    /// # Errors
    /// `Full` if the queue is full: nothing was queued, try again later or drop the message.
    pub fn send(&self, peer: &PeerId, channel: Channel, frame: impl Into<Frame>) -> std::result::Result<(), SendError> {
        let frame = frame.into();
        if frame.is_empty() || frame.len() > channel.frame_max() {
            return Err(SendError::TooLarge);
        }
        self.shared.table().link(peer).ok_or(SendError::NoLink)?.queue(channel).push(frame)
    }

    /// Sends one frame to the second device with the key of `peer`, whose link was reported as `Duplicate`. It is lost
    /// if that link has ended, which it does soon.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_to_duplicate(&self, peer: &PeerId, frame: impl Into<Frame>) -> std::result::Result<(), SendError> {
        let frame = frame.into();
        let link = self.shared.table().duplicate(peer).cloned().ok_or(SendError::NoLink)?;
        link.queue(Channel::Gossip).push(frame)
    }

    /// Ends the link to `peer`, if there is one: `Down` follows with `why`.
    pub fn hang_up(&self, peer: &PeerId, why: &str) {
        if let Some(link) = self.shared.table().link(peer) {
            link.hang_up(why);
        }
    }

    /// Every link that is up, with what its peer reports of itself.
    #[must_use]
    pub fn known(&self) -> Vec<LinkInfo> {
        self.shared.table().links().map(Link::info).collect()
    }

    /// Measures the round-trip time to `peer` on its link, and stores it for [`known`](Self::known).
    ///
    /// # Errors
    /// A phrase for people: there is no link, or no answer in time.
    pub async fn ping(&self, peer: &PeerId) -> std::result::Result<Duration, String> {
        let link = self.shared.table().link(peer).cloned().ok_or("there is no link")?;
        let time = ping::ping(&link.streams(), self.shared.settings.ping).await?;
        link.update(|info| info.ping = Some(time));
        Ok(time)
    }

    /// Stops listening, ends every link and waits for that, two `LINK_CLOSE_MS` at most.
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

/// Peers that may not link: certificates, short links, conversations, and public documents.
impl Links {
    /// Serves these blocks by bitswap, to guests too, on every connection that begins from now on. A second call changes nothing.
    pub fn serve_blocks(&self, blocks: Blocks) {
        let _ = self.shared.blocks.set(Arc::new(BlockServer::new(blocks)));
    }

    /// Lets `peer`, which may not link and waits for an answer to its certificates, have one link, to be told why not.
    pub fn hear_out(&self, peer: PeerId) {
        self.shared.table().hear_out(clock::now(), peer);
    }

    /// Sets the certificates that this agent shows to the peers that it dials, encoded: `HANDSHAKE_CERTIFICATES_MAX` bytes at
    /// most, else none are shown.
    pub fn set_certificates(&self, certificates: Vec<u8>) {
        debug_assert!(certificates.len() <= HANDSHAKE_CERTIFICATES_MAX, "`wire::certificate` keeps to it");
        *self.shared.shown.certificates.lock().unwrap_or_else(PoisonError::into_inner) = certificates;
    }

    /// Dials `address` as a guest of `peer`, or of whoever answers, to be paired, without waiting: `Guest` or `GuestFailed`
    /// follows.
    pub fn dial_as_guest(&self, peer: Option<PeerId>, address: SocketAddr) {
        smol::spawn(guests::dial(Arc::clone(&self.shared), peer, address)).detach();
    }

    /// Queues one frame in the conversation with a guest, or with the host that this agent is a guest of; false if there is
    /// none or it reads too slowly: nothing was sent.
    #[must_use]
    pub fn send_to_guest(&self, peer: &PeerId, frame: Vec<u8>) -> bool {
        self.shared.guests().send(peer, frame)
    }

    /// Ends the conversation with a guest once what waits is written.
    pub fn end_guest(&self, peer: &PeerId) {
        self.shared.guests().end(peer);
    }
}
