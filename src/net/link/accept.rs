//! The accept loop, which waits for nobody, and the handshakes that it starts.

use super::admission::{Admission, SourceKey};
use super::handshake::{NoLink, listen};
use super::stream::within;
use super::{LinkEvent, Shared, connection};
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
    admission: Mutex<Admission>,
    /// The unknown_peer that was refused last: one that tries again and again fills no log.
    unknown_peer: Mutex<Option<PeerId>>,
}

impl Acceptor {
    fn admission<T>(&self, then: impl FnOnce(&mut Admission) -> T) -> T {
        then(&mut self.admission.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Accepts until the links are closed.
pub(super) async fn accept(shared: Arc<Shared>, listener: TcpListener) {
    let stopping = shared.stopping.clone();
    let admission = Mutex::new(Admission::new(clock::now(), shared.settings.handshakes_per_second));
    let door = Arc::new(Acceptor { shared, admission, unknown_peer: Mutex::new(None) });
    let accepted = async {
        loop {
            match listener.accept().await {
                Ok((stream, address)) => begin(&door, stream, address),
                Err(error) => {
                    warn!("A connection could not be taken: {error}. The next try is in a second.");
                    Timer::after(Duration::from_secs(1)).await;
                }
            }
        }
    };
    or(accepted, async {
        // Closed, never sent to.
        let _ = stopping.recv().await;
    })
    .await;
}

fn begin(door: &Arc<Acceptor>, stream: TcpStream, address: SocketAddr) {
    if door.shared.table().is_full() {
        debug!("A connection from {address} was closed: there are enough links.");
        return;
    }
    let (serial, lost) = door.admission(|admission| admission.enter(address.ip().into()));
    let door = Arc::clone(door);
    smol::spawn(async move {
        let handshaken = shake(&door, stream, address, lost).await;
        door.admission(|admission| admission.leave(serial));
        match handshaken {
            Ok(handshaken) => {
                if let Err(why) = connection::live(&door.shared, handshaken, address, false).await {
                    debug!("The link from {address} was not kept: {why}.");
                }
            }
            Err(NoLink::UnknownPeer(peer)) => door.tell_stranger(peer, address).await,
            Err(NoLink::Failed(why)) => debug!("No link came about with {address}: {why}."),
        }
    })
    .detach();
}

impl Acceptor {
    async fn tell_stranger(&self, peer: PeerId, address: SocketAddr) {
        let last = self.unknown_peer.lock().unwrap_or_else(PoisonError::into_inner).replace(peer);
        if last == Some(peer) {
            debug!("The unknown device {peer} at {address} was refused again.");
        } else {
            info!("An unknown device wanted to link and was refused: {peer} at {address}.");
            self.shared.tell(LinkEvent::UnknownPeer { peer, address }).await;
        }
    }
}

async fn shake(
    door: &Acceptor,
    stream: TcpStream,
    address: SocketAddr,
    lost: Receiver<()>,
) -> Result<super::handshake::Handshaken, NoLink> {
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    let place = SourceKey::from(address.ip());
    let turn = async {
        while let Some(wait) = door.admission(|admission| admission.turn(clock::now(), place)) {
            Timer::after(wait).await;
        }
    };
    let handshaken = async {
        let limit = door.shared.settings.handshake;
        within(limit, listen(&door.shared, stream, turn))
            .await
            .unwrap_or_else(|| Err("it took too long".to_owned().into()))
    };
    let ended = async {
        // Both are closed, never sent to.
        let _ = or(lost.recv(), door.shared.stopping.recv()).await;
        Err("its place was needed".to_owned().into())
    };
    or(handshaken, ended).await
}
