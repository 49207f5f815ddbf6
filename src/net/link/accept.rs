//! The accept loop, which waits for no handshake, and the tasks of the handshakes that it starts.

use super::event::LinkEvent;
use super::handshake::{Handshaken, Proven, listen};
use super::handshake_limits::{HandshakeLimits, SourceKey};
use super::shared::Shared;
use super::strangers::Strangers;
use super::stream::within;
use super::{connection, guests};
use crate::limits::GUEST_DECISION_MS;
use crate::platform::clock;
use crate::wire::peer_id::PeerId;
use async_net::{TcpListener, TcpStream};
use log::{debug, info, warn};
use smol::Timer;
use smol::channel::Receiver;
use smol::future::or;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What the accept loop and its handshakes share.
struct Acceptor {
    shared: Arc<Shared>,
    limits: Mutex<HandshakeLimits>,
    strangers: Mutex<Strangers>,
}

impl Acceptor {
    fn limits<T>(&self, then: impl FnOnce(&mut HandshakeLimits) -> T) -> T {
        then(&mut self.limits.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Accepts until the links are closed.
pub(super) async fn accept(shared: Arc<Shared>, listener: TcpListener) {
    let stopping = shared.stopping.clone();
    let limits = Mutex::new(HandshakeLimits::new(clock::now(), shared.settings.handshakes_per_second));
    let acceptor = Arc::new(Acceptor { shared, limits, strangers: Mutex::default() });
    let accepted = async {
        loop {
            match listener.accept().await {
                Ok((stream, address)) => begin(&acceptor, stream, address),
                Err(error) => {
                    warn!("A connection could not be taken: {error}. The next try is in a second.");
                    Timer::after(Duration::from_secs(1)).await;
                }
            }
        }
    };
    or(accepted, async {
        // Closed when the links are; nothing is ever sent.
        let _ = stopping.recv().await;
    })
    .await;
}

fn begin(acceptor: &Arc<Acceptor>, stream: TcpStream, address: SocketAddr) {
    if acceptor.shared.table().is_full() {
        debug!("A connection from {address} was closed: there are enough links.");
        return;
    }
    let (serial, lost) = acceptor.limits(|limits| limits.enter(address.ip().into()));
    let acceptor = Arc::clone(acceptor);
    smol::spawn(async move {
        let handshaken = handshake(&acceptor, stream, address, lost).await;
        acceptor.limits(|limits| limits.leave(serial));
        match handshaken {
            Ok((handshaken, true)) => {
                if let Err(why) = guests::run(&acceptor.shared, handshaken, address, false).await {
                    debug!("The guest from {address} was refused: {why}.");
                }
            }
            Ok((handshaken, false)) => {
                if let Err(why) = connection::run(&acceptor.shared, handshaken, address, false).await {
                    debug!("The link from {address} was refused: {why}.");
                }
            }
            Err(why) if Shared::is_own_key(&why) => {
                acceptor.shared.report_own_key(address).await;
            }
            Err(why) => debug!("No link came about with {address}: {why}."),
        }
    })
    .detach();
}

impl Acceptor {
    /// Whether a peer is a guest, if it may come in: as one that is allowed to link, or is admitted by its certificates now, or is
    /// told on a short link why not; or as one that does not expect a link: to be paired, or a libp2p program that identifies and pings.
    async fn is_guest(&self, proven: &Proven, address: SocketAddr) -> Result<bool, String> {
        let (peer, extensions) = (proven.peer, &proven.extensions);
        if self.shared.table().is_allowed(&peer) && !extensions.guest {
            return Ok(false);
        }
        if extensions.guest || extensions.start.is_none() {
            return Ok(true);
        }
        if !extensions.certificates.is_empty() {
            let certificates = extensions.certificates.clone();
            self.shared.report(LinkEvent::Presented { peer, address, certificates }).await;
            let admitted = async {
                // Not held while it waits.
                let is_decided = || {
                    let table = self.shared.table();
                    table.is_allowed(&peer) || table.is_heard_out(&peer)
                };
                while !is_decided() {
                    Timer::after(Duration::from_millis(20)).await;
                }
            };
            if within(Duration::from_millis(GUEST_DECISION_MS), admitted).await.is_some() {
                return Ok(false);
            }
        }
        self.report_unknown(peer, address).await;
        Err("this device is not known here".to_owned())
    }

    async fn report_unknown(&self, peer: PeerId, address: SocketAddr) {
        let told = self.strangers.lock().unwrap_or_else(PoisonError::into_inner).is_told(clock::now(), peer);
        if told {
            info!("An unknown device wanted to link and was refused: {peer} at {address}.");
        } else {
            debug!("The unknown device {peer} at {address} was refused.");
        }
        // Each try counts, also of one of which people were told.
        self.shared.report(LinkEvent::UnknownPeer { peer, address, told }).await;
    }
}

/// The multiplexed connection of a proven peer, and whether it is a guest's.
async fn handshake(
    acceptor: &Acceptor,
    stream: TcpStream,
    address: SocketAddr,
    lost: Receiver<()>,
) -> Result<(Handshaken, bool), String> {
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    let source = SourceKey::from(address.ip());
    let turn = async {
        while let Some(wait) = acceptor.limits(|limits| limits.take_token(clock::now(), source)) {
            Timer::after(wait).await;
        }
    };
    let handshaken = async {
        let limit = acceptor.shared.settings.handshake;
        let handshaken = async {
            let proven = listen(&acceptor.shared, stream, turn).await?;
            let guest = acceptor.is_guest(&proven, address).await?;
            Ok((proven.multiplexed().await?, guest))
        };
        within(limit, handshaken).await.unwrap_or_else(|| Err("it took too long".to_owned()))
    };
    let ended = async {
        // Nothing is ever sent on either; one of them closes.
        let _ = or(lost.recv(), acceptor.shared.stopping.recv()).await;
        Err("its slot was needed for a newer connection".to_owned())
    };
    or(handshaken, ended).await
}
