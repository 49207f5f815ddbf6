//! The envelope and the payload in postcard.

use super::{BadMessage, Envelope, Payload, SIGNATURE, VERSION};
use crate::wire::canonical::{exactly, put};
use crate::wire::peer_id::PEER_ID_BYTES;
use heapless::Vec as Bounded;
use serde::{Deserialize, Serialize};

/// Bytes of a payload before its body: version, mesh, boot, seq, the body's length.
const HEAD_MAX: usize = 1 + 33 + 5 + 10 + 10;

#[derive(Serialize, Deserialize)]
struct Fields<'a> {
    kind: &'a str,
    task_id: &'a [u8],
    payload: &'a [u8],
    sender_id: &'a [u8],
    signature: &'a [u8],
}

#[derive(Serialize, Deserialize)]
struct Inner<'a> {
    v: u8,
    mesh: Option<[u8; 32]>,
    boot: u32,
    seq: u64,
    body: &'a [u8],
}

/// Appends the envelope up to the payload's end; returns where in `out` the payload begins.
pub(super) fn begin(kind: &str, task_id: &[u8], payload: &Payload<'_>, out: &mut Vec<u8>) -> Result<usize, BadMessage> {
    let Payload { mesh, boot, seq, body } = payload;
    // Encoded separately, because its length precedes it. A tuple has the encoding of a struct of the same fields.
    let mut head = [0; HEAD_MAX];
    let head =
        postcard::to_slice(&(VERSION, mesh, boot, seq, body.len()), &mut head).map_err(|_| BadMessage::Internal)?;
    if !put(&(kind, task_id, head.len() + body.len()), out) {
        return Err(BadMessage::Internal);
    }
    let begin = out.len();
    out.extend_from_slice(head);
    out.extend_from_slice(body);
    Ok(begin)
}

/// Appends the fields after the payload.
pub(super) fn end(
    sender: &[u8; PEER_ID_BYTES],
    signature: &[u8; SIGNATURE],
    out: &mut Vec<u8>,
) -> Result<(), BadMessage> {
    if put(&(&sender[..], &signature[..]), out) { Ok(()) } else { Err(BadMessage::Internal) }
}

pub(super) fn envelope(bytes: &[u8]) -> Result<Envelope<'_>, BadMessage> {
    let fields: Fields<'_> = exactly(bytes).ok_or(BadMessage::Malformed)?;
    let task_id = Bounded::from_slice(fields.task_id).map_err(|_| BadMessage::TooLarge)?;
    let sender = fields.sender_id.try_into().map_err(|_| BadMessage::Malformed)?;
    let signature = fields.signature.try_into().map_err(|_| BadMessage::Malformed)?;
    Ok(Envelope { kind: fields.kind, task_id, payload: fields.payload, sender, signature })
}

pub(super) fn payload(bytes: &[u8]) -> Result<Payload<'_>, BadMessage> {
    // A later version may have other fields, but its first byte is the version.
    match bytes.first() {
        Some(&VERSION) => {}
        other => return Err(other.map_or(BadMessage::Malformed, |v| BadMessage::Version(*v))),
    }
    let Inner { mesh, boot, seq, body, .. } = exactly(bytes).ok_or(BadMessage::Malformed)?;
    Ok(Payload { mesh, boot, seq, body })
}
