//! The link alone: listens, accepts the peers of its arguments, prints the events, and sends frames back.
//!
//! cargo run --example link_echo -- 127.0.0.1:7781 12D3KooW… [12D3KooW… …]

use ed25519_dalek::SigningKey;
use std::error::Error;
use std::net::TcpListener;
use wattle::net::link::{LinkEvent, Links};
use wattle::wire::peer_id::PeerId;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let listener =
        TcpListener::bind(arguments.next().ok_or("give the address to listen on, then the PeerIds that may link")?)?;
    let allowed = arguments.map(|peer| peer.parse()).collect::<Result<Vec<PeerId>, _>>()?;
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    let (sender, events) = smol::channel::bounded(64);
    let links = Links::open(listener, SigningKey::from_bytes(&seed), &allowed, sender)?;
    for address in links.listen_addresses() {
        println!("listens on {address}");
    }
    smol::block_on(async {
        while let Ok(event) = events.recv().await {
            match event {
                LinkEvent::Frame { peer, channel, bytes } => {
                    if let Err(why) = links.send(&peer, channel, bytes) {
                        println!("{why}");
                    }
                }
                other => println!("{other:?}"),
            }
        }
    });
    Ok(())
}
