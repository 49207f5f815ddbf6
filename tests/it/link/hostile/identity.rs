//! A dialler with a valid Noise handshake and an identity payload of its choice.

use super::super::raw::{bad, propose, secrets};
use super::super::{key, name, soon};
use async_net::TcpStream;
use ed25519_dalek::Signer;
use smol::io::{AsyncReadExt, AsyncWriteExt};
use std::io::Result;
use std::net::SocketAddr;
use wattle::base::protobuf;
use wattle::wire::peer_id::PeerId;

/// Dials with an identity payload that `payload` makes of the static key. An error if the agent refuses it.
pub(super) async fn dial_with(target: SocketAddr, payload: impl Fn(&[u8]) -> Vec<u8>) -> Result<()> {
    let mut tcp = TcpStream::connect(target).await?;
    propose(&mut tcp, "/noise").await?;
    let params = "Noise_XX_25519_ChaChaPoly_SHA256".parse().map_err(bad)?;
    let secrets = secrets();
    let fixed = x25519_dalek::PublicKey::from(&x25519_dalek::StaticSecret::from(secrets.fixed));
    let mut state = snow::Builder::with_resolver(params, wattle::wire::noise::resolver(secrets.ephemeral))
        .local_private_key(&secrets.fixed)
        .and_then(snow::Builder::build_initiator)
        .map_err(bad)?;
    let mut buffer = vec![0; 65_535];
    let length = state.write_message(&[], &mut buffer).map_err(bad)?;
    tcp.write_all(&[&(length as u16).to_be_bytes(), &buffer[..length]].concat()).await?;
    let mut head = [0; 2];
    tcp.read_exact(&mut head).await?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(head))];
    tcp.read_exact(&mut answer).await?;
    state.read_message(&answer, &mut buffer).map_err(bad)?;
    let length = state.write_message(&payload(fixed.as_bytes()), &mut buffer).map_err(bad)?;
    tcp.write_all(&[&(length as u16).to_be_bytes(), &buffer[..length]].concat()).await?;
    // An agent that accepted it would answer multistream-select.
    let mut transport = state.into_transport_mode().map_err(bad)?;
    let length = transport.write_message(b"\x13/multistream/1.0.0\n", &mut buffer).map_err(bad)?;
    tcp.write_all(&[&(length as u16).to_be_bytes(), &buffer[..length]].concat()).await?;
    soon(tcp.read_exact(&mut head)).await.map(drop)
}

/// Makes an identity payload of a handshake's static key.
pub(super) type Payload = Box<dyn Fn(&[u8]) -> Vec<u8>>;

/// The genuine payload of agent `seed`, and forged ones.
pub(super) fn forgeries_of(seed: u8) -> (Payload, Vec<Payload>) {
    fn signed(identity: &[u8], signature: &[u8]) -> Vec<u8> {
        let mut payload = Vec::new();
        protobuf::put_bytes(&mut payload, 1, identity);
        protobuf::put_bytes(&mut payload, 2, signature);
        payload
    }
    let sign = move |fixed: &[u8]| key(seed).sign(&[b"noise-libp2p-static-key:", fixed].concat()).to_bytes();
    let mut rsa = vec![0x08, 0x00];
    protobuf::put_bytes(&mut rsa, 2, &[1; 3000]);
    let genuine: Payload = Box::new(move |fixed| signed(&name(seed).to_protobuf(), &sign(fixed)));
    let forgeries: Vec<Payload> = vec![
        // An allowed PeerId signed with another key; a valid signature for another connection.
        Box::new(move |fixed| signed(&name(2).to_protobuf(), &sign(fixed))),
        Box::new(move |_| signed(&name(seed).to_protobuf(), &sign(&[1; 32]))),
        // The neutral element as key: a lax check accepts a constant signature of anything.
        Box::new(move |_| {
            let weak = std::array::from_fn(|at| u8::from(at == 0));
            signed(
                &PeerId::from_public_key(&weak).to_protobuf(),
                &std::array::from_fn::<u8, 64, _>(|at| u8::from(at == 0)),
            )
        }),
        Box::new(move |fixed| signed(&rsa, &sign(fixed))),
        Box::new(|_| vec![0xff; 100]),
        Box::new(|_| Vec::new()),
    ];
    (genuine, forgeries)
}
