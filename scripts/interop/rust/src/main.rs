//! rust-libp2p, unmodified: dials an agent, asks who it is, pings it three times, and prints one line.
//!
//!   wattle-interop id            prints the PeerId that dials
//!   wattle-interop MULTIADDR     with /p2p/ at its end

use futures::StreamExt;
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, SwarmBuilder, identify, identity::Keypair, noise, ping, tcp, yamux};
use std::error::Error;
use std::time::{Duration, Instant};

#[derive(NetworkBehaviour)]
struct Behaviour {
    ping: ping::Behaviour,
    identify: identify::Behaviour,
}

async fn dial(key: Keypair, address: Multiaddr) -> Result<String, Box<dyn Error>> {
    let mut swarm = SwarmBuilder::with_existing_identity(key)
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)?
        .with_behaviour(|key| Behaviour {
            ping: ping::Behaviour::new(ping::Config::new().with_interval(Duration::from_millis(100))),
            identify: identify::Behaviour::new(identify::Config::new("ipfs/0.1.0".into(), key.public())),
        })?
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(30)))
        .build();
    let begun = Instant::now();
    swarm.dial(address)?;
    let (mut dialled, mut who, mut pings) = (None, None, Vec::new());
    while pings.len() < 3 || who.is_none() {
        match swarm.select_next_some().await {
            SwarmEvent::ConnectionEstablished { .. } => dialled = Some(begun.elapsed()),
            SwarmEvent::OutgoingConnectionError { error, .. } => return Err(error.into()),
            SwarmEvent::ConnectionClosed { cause, .. } => return Err(format!("closed: {cause:?}").into()),
            SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Received { info, .. })) => who = Some(info),
            SwarmEvent::Behaviour(BehaviourEvent::Ping(event)) => pings.push(event.result?),
            _ => {}
        }
    }
    let who = who.ok_or("nobody said who it is")?;
    let pings: Vec<String> = pings.iter().map(|time| format!("{:.1}", time.as_secs_f64() * 1e3)).collect();
    Ok([
        "rust-libp2p 0.57.1".to_owned(),
        "noise yamux".to_owned(),
        format!("dial {} ms", dialled.ok_or("no connection")?.as_millis()),
        format!("identify {}", who.agent_version),
        format!("{} protocols", who.protocols.len()),
        format!("pings {} ms", pings.join(" ")),
    ]
    .join(" | "))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // No secret: the agent is told this client's PeerId for the test only.
    let key = Keypair::ed25519_from_bytes([0x52; 32])?;
    let what = std::env::args().nth(1).ok_or("id, or a multiaddr")?;
    if what == "id" {
        println!("{}", key.public().to_peer_id());
        return Ok(());
    }
    let said = tokio::time::timeout(Duration::from_secs(30), dial(key, what.parse()?)).await;
    println!("{}", said.map_err(|_| "nothing for 30 s")??);
    Ok(())
}
