//! The packets of the membership machine on the wire.
//!
//! Layout: source (8 bytes of key prefix, u32 generation), its incarnation (u16), destination, kind (u8), for probes
//! a probe number (u8), for indirect ones a third identity; then a count (u16, big-endian) and as many members of 15
//! bytes: identity, incarnation, state. Numbers without a remark are little-endian.

use crate::base::id::PeerKey;
use bytes::{Buf, BufMut};
use core::fmt;
use foca::{Codec, Header, Identity, Member, Message, State};

/// The first bytes of a public key.
pub(super) type KeyPrefix = [u8; 8];

/// The prefix of a key, which names a member. To find another key with the prefix of a given one takes some 2^64 tries;
/// a table refuses it.
#[must_use]
pub(crate) fn name_of(key: PeerKey) -> KeyPrefix {
    let mut name = KeyPrefix::default();
    name.copy_from_slice(&key.0[..8]);
    name
}

/// A member in one generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id {
    pub(super) name: KeyPrefix,
    /// Counts the starts of the member, and how often it was taken for down.
    pub(super) generation: u32,
}

impl Identity for Id {
    type Addr = KeyPrefix;

    /// foca never renews the identity: a claim that this agent is down is validated first
    /// (`Membership::on_own_down_claim`).
    fn renew(&self) -> Option<Self> {
        None
    }

    fn addr(&self) -> KeyPrefix {
        self.name
    }

    fn win_addr_conflict(&self, adversary: &Self) -> bool {
        self.generation > adversary.generation
    }
}

/// The bytes are not a packet, or a packet does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadPacket;

impl fmt::Display for BadPacket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too short, or of an unknown kind")
    }
}

impl core::error::Error for BadPacket {}

const ID_BYTES: usize = 12;
const MEMBER_BYTES: usize = ID_BYTES + 3;
/// Offset of the destination.
const TO: usize = ID_BYTES + 2;
/// Offset of the kind.
const KIND: usize = TO + ID_BYTES;

/// The kind of `Gossip`.
const GOSSIP: u8 = 8;

/// The layout, as foca asks for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PacketCodec;

impl Codec<Id> for PacketCodec {
    type Error = BadPacket;

    fn encode_header(&mut self, header: &Header<Id>, mut buf: impl BufMut) -> Result<(), BadPacket> {
        let (kind, number, third) = match &header.message {
            Message::Ping(number) => (0, Some(*number), None),
            Message::Ack(number) => (1, Some(*number), None),
            Message::PingReq { target, probe_number } => (2, Some(*probe_number), Some(target)),
            Message::IndirectPing { origin, probe_number } => (3, Some(*probe_number), Some(origin)),
            Message::IndirectAck { target, probe_number } => (4, Some(*probe_number), Some(target)),
            Message::ForwardedAck { origin, probe_number } => (5, Some(*probe_number), Some(origin)),
            Message::Announce => (6, None, None),
            Message::Feed => (7, None, None),
            Message::Gossip => (GOSSIP, None, None),
            // Not used: broadcasts are in `mesh::gossip`, and `notify_down_members` is off.
            Message::Broadcast | Message::TurnUndead => return Err(BadPacket),
        };
        if buf.remaining_mut() < KIND + 2 + ID_BYTES {
            return Err(BadPacket);
        }
        put_id(&mut buf, &header.src);
        buf.put_u16_le(header.src_incarnation);
        put_id(&mut buf, &header.dst);
        buf.put_u8(kind);
        number.into_iter().for_each(|number| buf.put_u8(number));
        third.into_iter().for_each(|third| put_id(&mut buf, third));
        Ok(())
    }

    fn decode_header(&mut self, mut buf: impl Buf) -> Result<Header<Id>, BadPacket> {
        let src = take_id(&mut buf)?;
        let src_incarnation = buf.try_get_u16_le().map_err(|_| BadPacket)?;
        let dst = take_id(&mut buf)?;
        let kind = buf.try_get_u8().map_err(|_| BadPacket)?;
        let mut number = || buf.try_get_u8().map_err(|_| BadPacket);
        let message = match kind {
            0 => Message::Ping(number()?),
            1 => Message::Ack(number()?),
            2..=5 => {
                let probe_number = number()?;
                let third = take_id(&mut buf)?;
                match kind {
                    2 => Message::PingReq { target: third, probe_number },
                    3 => Message::IndirectPing { origin: third, probe_number },
                    4 => Message::IndirectAck { target: third, probe_number },
                    _ => Message::ForwardedAck { origin: third, probe_number },
                }
            }
            6 => Message::Announce,
            7 => Message::Feed,
            GOSSIP => Message::Gossip,
            _ => return Err(BadPacket),
        };
        Ok(Header { src, src_incarnation, dst, message })
    }

    fn encode_member(&mut self, member: &Member<Id>, mut buf: impl BufMut) -> Result<(), BadPacket> {
        if buf.remaining_mut() < MEMBER_BYTES {
            return Err(BadPacket);
        }
        put_id(&mut buf, member.id());
        buf.put_u16_le(member.incarnation());
        buf.put_u8(match member.state() {
            State::Alive => 0,
            State::Suspect => 1,
            State::Down => 2,
        });
        Ok(())
    }

    fn decode_member(&mut self, mut buf: impl Buf) -> Result<Member<Id>, BadPacket> {
        let id = take_id(&mut buf)?;
        let incarnation = buf.try_get_u16_le().map_err(|_| BadPacket)?;
        let state = match buf.try_get_u8().map_err(|_| BadPacket)? {
            0 => State::Alive,
            1 => State::Suspect,
            2 => State::Down,
            _ => return Err(BadPacket),
        };
        Ok(Member::new(id, incarnation, state))
    }
}

fn put_id(buf: &mut impl BufMut, id: &Id) {
    buf.put_slice(&id.name);
    buf.put_u32_le(id.generation);
}

fn take_id(buf: &mut impl Buf) -> Result<Id, BadPacket> {
    let mut name = KeyPrefix::default();
    buf.try_copy_to_slice(&mut name).map_err(|_| BadPacket)?;
    Ok(Id { name, generation: buf.try_get_u32_le().map_err(|_| BadPacket)? })
}

/// Decodes a whole packet; `None` if it is malformed or bytes follow it.
pub(super) fn parse(mut bytes: &[u8]) -> Option<(Header<Id>, Vec<Member<Id>>)> {
    let header = PacketCodec.decode_header(&mut bytes).ok()?;
    let count = if bytes.is_empty() { 0 } else { bytes.try_get_u16().ok()? };
    let members = (0..count).map(|_| PacketCodec.decode_member(&mut bytes)).collect::<Result<Vec<_>, _>>().ok()?;
    bytes.is_empty().then_some((header, members))
}

/// Encodes a packet that this machine composes, or one from which some claims were removed.
pub(super) fn build(header: &Header<Id>, members: &[Member<Id>]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(KIND + 2 * ID_BYTES + members.len() * MEMBER_BYTES);
    // It fails only for kinds that have no encoding, which are not composed here.
    if PacketCodec.encode_header(header, &mut bytes).is_err() {
        return Vec::new();
    }
    if header.message != Message::Announce {
        bytes.put_u16(u16::try_from(members.len()).unwrap_or(u16::MAX));
        for member in members {
            let _ = PacketCodec.encode_member(member, &mut bytes);
        }
    }
    bytes
}

/// The purpose of a packet that this agent sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It asks for an answer: if the peer has no link and no datagram session, it is dialled.
    Probe,
    /// It is an answer.
    Answer,
    /// It carries changes of members, and may go to any peer.
    Update,
}

/// The purpose of an encoded packet.
pub(super) fn purpose(bytes: &[u8]) -> Purpose {
    match bytes.get(KIND) {
        Some(0 | 2 | 3 | 6) => Purpose::Probe,
        Some(&GOSSIP) => Purpose::Update,
        _ => Purpose::Answer,
    }
}

/// Whether it is a direct probe.
pub(super) fn is_ping(bytes: &[u8]) -> bool {
    bytes.get(KIND) == Some(&0)
}

/// Overwrites the destination of a packet.
pub(super) fn readdress(bytes: &mut [u8], to: Id) {
    if let Some(mut field) = bytes.get_mut(TO..KIND) {
        put_id(&mut field, &to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    fn id(n: u8) -> Id {
        Id { name: [n; 8], generation: u32::from(n) << 20 }
    }

    #[test]
    fn every_kind_of_packet_survives_encoding_and_decoding() {
        let messages = [
            Message::Ping(7),
            Message::Ack(7),
            Message::PingReq { target: id(3), probe_number: 9 },
            Message::IndirectPing { origin: id(3), probe_number: 9 },
            Message::IndirectAck { target: id(3), probe_number: 9 },
            Message::ForwardedAck { origin: id(3), probe_number: 9 },
            Message::Feed,
            Message::Gossip,
        ];
        let members = vec![Member::new(id(4), 5, State::Suspect), Member::new(id(5), 0, State::Down)];
        for message in messages {
            let header = Header { src: id(1), src_incarnation: 513, dst: id(2), message };
            let bytes = build(&header, &members);
            assert_eq!(parse(&bytes), Some((header, members.clone())));
            assert_eq!(parse(&bytes[..bytes.len() - 1]), None);
            assert_eq!(parse(&[&bytes[..], &[0]].concat()), None, "nothing may follow");
        }
    }

    #[test]
    fn a_packet_can_be_readdressed() {
        let header = Header { src: id(1), src_incarnation: 0, dst: id(2), message: Message::Gossip };
        let mut bytes = build(&header, &[]);
        readdress(&mut bytes, id(9));
        assert_eq!(parse(&bytes).map(|(header, _)| header.dst), Some(id(9)));
        assert_eq!(purpose(&bytes), Purpose::Update);
    }

    #[test]
    fn any_bytes_decode_to_a_packet_or_nothing() {
        let mut rng = Rng::new(5);
        let header = Header { src: id(1), src_incarnation: 0, dst: id(2), message: Message::Ping(1) };
        let sound = build(&header, &[Member::alive(id(3))]);
        for _ in 0..20_000 {
            let mut bytes = sound.clone();
            for _ in 0..=rng.below(4) {
                let at = usize::try_from(rng.below(bytes.len() as u64)).unwrap();
                bytes[at] = rng.next().to_le_bytes()[0];
            }
            bytes.truncate(usize::try_from(rng.below(bytes.len() as u64 + 1)).unwrap());
            if let Some((header, members)) = parse(&bytes) {
                assert!(build(&header, &members).len() <= bytes.len() + 2);
            }
        }
    }
}
