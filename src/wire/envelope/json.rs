//! The envelope and the payload as one line of canonical JSON, without its line feed.
//!
//! The signature covers the payload's bytes as they were sent, and the body may be of a type that only newer agents
//! know. So the first field of each object, the payload and the body, is carried as raw bytes; serde reads and writes
//! the rest.

use super::{BadMessage, Envelope, Payload, SIGNATURE, VERSION};
use crate::limits::MESSAGE_TASK_MAX;
use crate::wire::json::{self, Fields, base64, field};
use crate::wire::peer_id::{PEER_ID_BYTES, PeerId};
use heapless::Vec as Bounded;
use serde::{Deserialize, Serialize};

/// The beginning of an envelope and of a payload: the name of the first field.
const PAYLOAD: &[u8] = b"{\"payload\":";
const BODY: &[u8] = b"{\"body\":";

/// The fields of the envelope after its payload.
#[derive(Serialize)]
struct AfterPayload<'a> {
    sender_id: &'a str,
    #[serde(with = "field")]
    signature: [u8; SIGNATURE],
    #[serde(serialize_with = "base64::serialize")]
    task_id: &'a [u8],
    #[serde(rename = "type")]
    kind: &'a str,
}

/// The fields of the payload after its body.
#[derive(Serialize)]
struct AfterBody {
    boot: u32,
    #[serde(with = "field")]
    mesh: Option<[u8; 32]>,
    #[serde(with = "field")]
    seq: u64,
    v: u8,
}

#[derive(Deserialize)]
struct TaskId(#[serde(deserialize_with = "base64::bounded")] Bounded<u8, MESSAGE_TASK_MAX>);

/// The one field that payloads of all versions share.
#[derive(Deserialize)]
struct Version {
    v: u8,
}

/// Appends the envelope up to the payload's end; returns where in `out` the payload begins.
pub(super) fn begin(payload: &Payload<'_>, out: &mut Vec<u8>) -> Result<usize, BadMessage> {
    let Payload { mesh, boot, seq, body } = *payload;
    out.extend_from_slice(PAYLOAD);
    let begin = out.len();
    out.extend_from_slice(BODY);
    out.extend_from_slice(body);
    if json::encode_more(&AfterBody { boot, mesh, seq, v: VERSION }, out) {
        Ok(begin)
    } else {
        Err(BadMessage::Internal)
    }
}

/// Appends the fields after the payload.
pub(super) fn end(
    kind: &str,
    task_id: &[u8],
    sender_id: &str,
    signature: [u8; SIGNATURE],
    out: &mut Vec<u8>,
) -> Result<(), BadMessage> {
    let written = json::encode_more(&AfterPayload { sender_id, signature, task_id, kind }, out);
    if written { Ok(()) } else { Err(BadMessage::Internal) }
}

/// Whether a message type needs no escape in JSON.
pub(super) fn is_plain(kind: &str) -> bool {
    !kind.bytes().any(|byte| byte < 0x20 || matches!(byte, b'"' | b'\\'))
}

pub(super) fn envelope(bytes: &[u8]) -> Result<Envelope<'_>, BadMessage> {
    fields(bytes).ok_or(BadMessage::Malformed)
}

fn fields(bytes: &[u8]) -> Option<Envelope<'_>> {
    let mut fields = Fields::new(bytes);
    let payload = fields.bytes(PAYLOAD)?;
    let sender = sender(fields.value(b",\"sender_id\":")?)?;
    let signature = fields.field(b",\"signature\":")?;
    let TaskId(task_id) = fields.value(b",\"task_id\":")?;
    // A `&str` can only be read if nothing in it is escaped.
    let kind = fields.value(b",\"type\":")?;
    fields.end()?;
    Some(Envelope { kind, task_id, payload, sender, signature })
}

fn sender(text: &str) -> Option<[u8; PEER_ID_BYTES]> {
    let mut sender = [0; PEER_ID_BYTES];
    let length = bs58::decode(text).onto(&mut sender).ok()?;
    let known = PeerId::from_bytes(&sender).ok()?;
    (length == PEER_ID_BYTES && known.to_text() == text).then_some(sender)
}

/// Reads a payload in canonical encoding.
pub(super) fn payload(bytes: &[u8]) -> Result<Payload<'_>, BadMessage> {
    inner(bytes).ok_or_else(|| version(bytes).map_or(BadMessage::Malformed, BadMessage::Version))
}

fn inner(bytes: &[u8]) -> Option<Payload<'_>> {
    let mut fields = Fields::new(bytes);
    let body = fields.bytes(BODY)?;
    let boot = fields.value(b",\"boot\":")?;
    let mesh = fields.field(b",\"mesh\":")?;
    let seq = fields.field(b",\"seq\":")?;
    let v: u8 = fields.value(b",\"v\":")?;
    fields.end()?;
    (v == VERSION).then_some(Payload { mesh, boot, seq, body })
}

/// The version of a payload, if it is another one than ours.
fn version(bytes: &[u8]) -> Option<u8> {
    let Version { v } = serde_json::from_slice(bytes).ok()?;
    (v != VERSION).then_some(v)
}
