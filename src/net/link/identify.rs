//! Identify, `/ipfs/id/1.0.0` (libp2p specs, identify/README.md): what an agent reports of itself, asked and answered.

use super::channel::Channel;
use super::shared::Shared;
use super::stream::{Stream, finish, within};
use super::table::Link;
use crate::limits::{IDENTIFY_BYTES_MAX, LINK_HANDSHAKE_MS};
use crate::wire::envelope::Encoding;
use crate::wire::identify::{AGENT, IDENTIFY, Identify};
use crate::wire::multiaddr::Multiaddr;
use crate::wire::varint;
use log::{debug, warn};
use smol::io::{AsyncReadExt, AsyncWriteExt};
use std::sync::PoisonError;
use std::time::Duration;

/// Answers a peer that was seen at `observed`.
pub(super) async fn answer(
    shared: &Shared,
    observed: Multiaddr,
    protocols: &[&str],
    stream: &mut Stream,
) -> Result<(), String> {
    let listen = {
        let addresses = shared.shown.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        addresses.iter().copied().map(Multiaddr::from).collect()
    };
    let protocols = protocols.iter().map(|protocol| (*protocol).to_owned()).collect();
    let own = Identify { peer: Some(shared.own), listen, protocols, observed: Some(observed), agent: AGENT.to_owned() };
    stream.write_all(&own.encode()).await.map_err(|error| error.to_string())
}

/// Asks the peer once, and notes its answer in the link.
pub(super) async fn request(link: Link) {
    let peer = link.info().peer;
    let asked = async {
        let mut stream = link.streams().open(IDENTIFY).await?;
        let (mut answer, cap) = (Vec::new(), IDENTIFY_BYTES_MAX + varint::BYTES_MAX);
        (&mut stream).take(cap as u64).read_to_end(&mut answer).await.map_err(|error| error.to_string())?;
        finish(stream).await;
        Identify::decode(&answer).ok_or_else(|| "its answer could not be read".to_owned())
    };
    let limit = Duration::from_millis(LINK_HANDSHAKE_MS);
    match within(limit, asked).await.unwrap_or_else(|| Err("no answer in time".to_owned())) {
        Ok(who) => {
            if who.peer.is_some_and(|claimed| claimed != peer) {
                warn!("The device {peer} says of itself that it is another one.");
            }
            debug!("The device {peer} is {} and speaks {}.", who.agent, who.protocols.join(" "));
            let supports = |channel: Channel| who.protocols.iter().any(|protocol| protocol == channel.protocol());
            if supports(Channel::Json) && !supports(Channel::Task) && !supports(Channel::Gossip) {
                link.set_encoding(Encoding::Json);
            }
            link.update(|info| {
                info.agent = who.agent;
                info.protocols = who.protocols;
            });
        }
        Err(why) => debug!("The device {peer} did not say what it is: {why}."),
    }
}
