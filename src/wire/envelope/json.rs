//! The envelope and the payload as one line of canonical JSON, without its line feed.

use super::{BadMessage, Envelope, Payload, SIGNATURE, VERSION};
use crate::wire::json::base64;
use crate::wire::json::read::Reader;
use crate::wire::json::write::{bytes, number};
use crate::wire::peer_id::{PEER_ID_BYTES, PeerId, PeerText};
use heapless::Vec as Bounded;

/// Appends everything up to the payload's end: where in `out` the payload begins.
pub(super) fn begin(payload: &Payload<'_>, out: &mut Vec<u8>) -> usize {
    out.extend_from_slice(b"{\"payload\":");
    let begin = out.len();
    out.extend_from_slice(b"{\"body\":");
    out.extend_from_slice(payload.body);
    out.extend_from_slice(b",\"boot\":");
    number(out, payload.boot.into());
    out.extend_from_slice(b",\"mesh\":");
    match &payload.mesh {
        Some(mesh) => bytes(out, mesh),
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(b",\"seq\":");
    number(out, payload.seq);
    out.extend_from_slice(b",\"v\":");
    number(out, VERSION.into());
    out.push(b'}');
    begin
}

/// Appends the rest.
pub(super) fn end(kind: &str, task_id: &[u8], sender: &PeerText, signature: &[u8; SIGNATURE], out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"sender_id\":\"");
    out.extend_from_slice(sender.as_bytes());
    out.extend_from_slice(b"\",\"signature\":");
    bytes(out, signature);
    out.extend_from_slice(b",\"task_id\":");
    bytes(out, task_id);
    out.extend_from_slice(b",\"type\":\"");
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(b"\"}");
}

/// Whether a kind stands in JSON as it is.
pub(super) fn is_plain(kind: &str) -> bool {
    !kind.bytes().any(|byte| byte < 0x20 || matches!(byte, b'"' | b'\\'))
}

pub(super) fn envelope(bytes: &[u8]) -> Result<Envelope<'_>, BadMessage> {
    fields(bytes).ok_or(BadMessage::Malformed)
}

fn fields(bytes: &[u8]) -> Option<Envelope<'_>> {
    let mut reader = Reader::new(bytes)?;
    reader.exact("{\"payload\":")?;
    let payload = reader.value()?.as_bytes();
    reader.exact(",\"sender_id\":")?;
    let sender = sender(reader.text()?.plain()?)?;
    reader.exact(",\"signature\":")?;
    let signature = reader.array()?;
    reader.exact(",\"task_id\":")?;
    let mut place = [0; crate::limits::MESSAGE_TASK_MAX];
    let length = base64::fill(reader.text()?.plain()?, &mut place)?;
    let task_id = Bounded::from_slice(place.get(..length)?).ok()?;
    reader.exact(",\"type\":")?;
    let kind = reader.text()?.plain()?;
    reader.exact("}")?;
    reader.end()?;
    Some(Envelope { kind, task_id, payload, sender, signature })
}

fn sender(text: &str) -> Option<[u8; PEER_ID_BYTES]> {
    let mut sender = [0; PEER_ID_BYTES];
    let length = bs58::decode(text).onto(&mut sender).ok()?;
    let known = PeerId::from_bytes(&sender).ok()?;
    (length == PEER_ID_BYTES && known.to_text() == text).then_some(sender)
}

pub(super) fn payload(bytes: &[u8]) -> Result<Payload<'_>, BadMessage> {
    inner(bytes).ok_or_else(|| version(bytes).map_or(BadMessage::Malformed, BadMessage::Version))
}

fn inner(bytes: &[u8]) -> Option<Payload<'_>> {
    let mut reader = Reader::new(bytes)?;
    reader.exact("{\"body\":")?;
    let body = reader.value()?.as_bytes();
    reader.exact(",\"boot\":")?;
    let boot = u32::try_from(reader.number()?).ok()?;
    reader.exact(",\"mesh\":")?;
    let mesh = if reader.has("null") { None } else { Some(reader.array()?) };
    reader.exact(",\"seq\":")?;
    let seq = reader.number()?;
    reader.exact(",\"v\":")?;
    let sound = reader.number()? == u64::from(VERSION);
    reader.exact("}")?;
    reader.end()?;
    sound.then_some(Payload { mesh, boot, seq, body })
}

/// The version of a payload that is none of ours, whatever else is in it.
fn version(bytes: &[u8]) -> Option<u8> {
    let mut reader = Reader::new(bytes)?;
    reader.exact("{")?;
    loop {
        if reader.key()?.plain() == Some("v") {
            let version = u8::try_from(reader.number()?).ok()?;
            return (version != VERSION).then_some(version);
        }
        reader.value()?;
        reader.exact(",")?;
    }
}
