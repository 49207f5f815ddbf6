//! The identity payload of a Noise handshake: no identity is accepted without its signature.
//!
//! A correct handshake up to the third message, whose payload is the input. It is accepted if and only if it holds a
//! public key and that key's signature of this handshake's static key.

use ed25519_dalek::{Signer as _, SigningKey};
use wattle::base::protobuf::{self, Value};
use wattle::wire::noise::{Handshake, HandshakeKeys, resolver};
use wattle::wire::peer_id::PeerId;

const FIXED: [u8; 32] = [9; 32];

fn dialler() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn signed_statement() -> Vec<u8> {
    let fixed = x25519_dalek::PublicKey::from(&x25519_dalek::StaticSecret::from(FIXED));
    [b"noise-libp2p-static-key:", &fixed.as_bytes()[..]].concat()
}

/// The identity that the listener accepts from `payload`.
fn accepted(payload: &[u8]) -> Option<PeerId> {
    let params = "Noise_XX_25519_ChaChaPoly_SHA256".parse().unwrap();
    let mut state = snow::Builder::with_resolver(params, resolver([8; 32]))
        .local_private_key(&FIXED)
        .and_then(snow::Builder::build_initiator)
        .unwrap();
    let secrets = HandshakeKeys { fixed: [7; 32], ephemeral: [6; 32] };
    let mut listener = Handshake::listen(&SigningKey::from_bytes(&[2; 32]), secrets).unwrap();
    let (mut answer, mut buffer) = (Vec::new(), vec![0; 65_535]);
    let mut framed = |state: &mut snow::HandshakeState, payload: &[u8]| {
        let length = state.write_message(payload, &mut buffer).unwrap();
        [&u16::try_from(length).unwrap().to_be_bytes()[..], &buffer[..length]].concat()
    };
    let first = framed(&mut state, &[]);
    listener.feed(&first, &mut answer).unwrap();
    state.read_message(&answer[2..], &mut vec![0; 65_535]).unwrap();
    let third = framed(&mut state, payload);
    listener.feed(&third, &mut Vec::new()).ok()?.1.map(|established| established.peer)
}

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    if data.len() > 60_000 {
        return;
    }
    let Some(peer) = accepted(data) else { return };
    let mut signature = None;
    protobuf::fields(data, |field, value| {
        if let (2, Value::Bytes(bytes)) = (field, value) {
            signature = Some(bytes);
        }
    })
    .unwrap();
    assert!(peer.signed(&signed_statement(), signature.unwrap()), "an identity without its signature");
}

/// A valid payload, another peer's key, a signature of something else, a huge RSA key, an extension.
pub fn seeds() -> Vec<Vec<u8>> {
    let name = |key: &SigningKey| PeerId::from_public_key(key.verifying_key().as_bytes()).to_protobuf();
    let payload = |identity: &[u8], signature: [u8; 64]| {
        let mut bytes = Vec::new();
        protobuf::put_bytes(&mut bytes, 1, identity);
        protobuf::put_bytes(&mut bytes, 2, &signature);
        bytes
    };
    let signed = dialler().sign(&signed_statement()).to_bytes();
    let mut rsa = vec![0x08, 0x00];
    protobuf::put_bytes(&mut rsa, 2, &[1; 300]);
    let mut extended = payload(&name(&dialler()), signed);
    protobuf::put_bytes(&mut extended, 4, b"\x12\x0c/yamux/1.0.0");
    vec![
        payload(&name(&dialler()), signed),
        payload(&name(&SigningKey::from_bytes(&[3; 32])), signed),
        payload(&name(&dialler()), dialler().sign(b"another").to_bytes()),
        payload(&rsa, signed),
        extended,
    ]
}
