//! bitswap 1.2: the message in which a peer names the blocks that it wants, and in which it is sent them.
//!
//! Source: the IPFS specification "Bitswap Protocol" (specs.ipfs.tech/bitswap-protocol) and message.proto of ipfs/boxo, in Protocol Buffers:
//! {1 wantlist {1 entries {1 block, 2 priority, 3 cancel, 4 wantType, 5 sendDontHave}, 2 full}, 2 blocks, 3 payload {1
//! prefix, 2 data}, 4 blockPresences {1 cid, 2 type}, 5 pendingBytes}. On a stream each message has its length as a
//! varint before it, as `wire::frame` has it. Messages of 1.1.0 lack fields 4 and 5, those of 1.0.0 have their blocks in field 2;
//! both are decoded, and 1.2.0 is encoded.
//!
//! A message borrows from the bytes that it was decoded from, so that blocks are not copied. Unknown fields are skipped.

use crate::base::protobuf::{self, BadProtobuf, Value};
use crate::limits::{BITSWAP_CID_MAX, BITSWAP_ENTRIES_MAX};

/// The protocol id.
pub const BITSWAP: &str = "/ipfs/bitswap/1.2.0";

/// What an entry asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WantType {
    /// The block itself.
    #[default]
    Block,
    /// Whether it is there.
    Have,
}

/// One entry of a list of wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The block's CID in binary, 1 to `BITSWAP_CID_MAX` bytes; not checked.
    pub cid: &'a [u8],
    /// What is wanted first has the highest number.
    pub priority: i32,
    /// Whether it is wanted no more.
    pub cancel: bool,
    /// What is asked for.
    pub want: WantType,
    /// Whether the answer is wanted also if the block is not there.
    pub send_dont_have: bool,
}

/// A block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Block<'a> {
    /// Its CID without the hash itself: version, codec, and the hash's code and length. Empty in messages of 1.0.0.
    pub prefix: &'a [u8],
    /// Its bytes, unchecked.
    pub data: &'a [u8],
}

/// Whether a block is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Presence<'a> {
    /// The block's CID in binary, 1 to `BITSWAP_CID_MAX` bytes; not checked.
    pub cid: &'a [u8],
    /// Whether it is.
    pub has: bool,
}

/// One message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message<'a> {
    /// What its sender wants.
    pub wants: Vec<Entry<'a>>,
    /// Whether these are all its wants, in place of earlier ones.
    pub full: bool,
    /// Blocks that the receiver wanted.
    pub blocks: Vec<Block<'a>>,
    /// Whether other blocks that it wanted are there.
    pub presences: Vec<Presence<'a>>,
    /// Bytes of blocks that its sender has queued for the receiver.
    pub pending_bytes: i32,
}

impl<'a> Message<'a> {
    /// Decodes a message. Of entries, blocks and presences `BITSWAP_ENTRIES_MAX` each are taken; those without a CID, or with one beyond
    /// `BITSWAP_CID_MAX` bytes, are left out.
    ///
    /// # Errors
    /// It is malformed.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, BadProtobuf> {
        let mut message = Self::default();
        let mut inner = Ok(());
        protobuf::fields(bytes, |field, value| {
            let taken = match (field, value) {
                (1, Value::Bytes(list)) => message.take_wants(list),
                (2, Value::Bytes(data)) => {
                    push(&mut message.blocks, Block { prefix: &[], data });
                    Ok(())
                }
                (3, Value::Bytes(block)) => message.take_block(block),
                (4, Value::Bytes(presence)) => message.take_presence(presence),
                (5, Value::Number(bytes)) => {
                    message.pending_bytes = int32(bytes);
                    Ok(())
                }
                _ => Ok(()),
            };
            inner = inner.and(taken);
        })?;
        inner.map(|()| message)
    }

    fn take_wants(&mut self, list: &'a [u8]) -> Result<(), BadProtobuf> {
        let mut inner = Ok(());
        protobuf::fields(list, |field, value| match (field, value) {
            (1, Value::Bytes(bytes)) => match entry(bytes) {
                Ok(entry) if is_cid(entry.cid) => push(&mut self.wants, entry),
                Ok(_) => {}
                Err(bad) => inner = Err(bad),
            },
            (2, Value::Number(full)) => self.full = full != 0,
            _ => {}
        })?;
        inner
    }

    fn take_block(&mut self, bytes: &'a [u8]) -> Result<(), BadProtobuf> {
        let mut block = Block::default();
        protobuf::fields(bytes, |field, value| match (field, value) {
            (1, Value::Bytes(prefix)) => block.prefix = prefix,
            (2, Value::Bytes(data)) => block.data = data,
            _ => {}
        })?;
        push(&mut self.blocks, block);
        Ok(())
    }

    fn take_presence(&mut self, bytes: &'a [u8]) -> Result<(), BadProtobuf> {
        // Without a type it is HAVE, the number 0.
        let mut presence = Presence { cid: &[], has: true };
        protobuf::fields(bytes, |field, value| match (field, value) {
            (1, Value::Bytes(cid)) => presence.cid = cid,
            (2, Value::Number(kind)) => presence.has = kind == 0,
            _ => {}
        })?;
        if is_cid(presence.cid) {
            push(&mut self.presences, presence);
        }
        Ok(())
    }

    /// The message as 1.2.0 has it, without its length.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let blocks: usize = self.blocks.iter().map(|block| block.data.len()).sum();
        let mut out =
            Vec::with_capacity(blocks + 64 * (1 + self.blocks.len() + self.presences.len() + self.wants.len()));
        if self.full || !self.wants.is_empty() {
            let mut list = Vec::new();
            for entry in &self.wants {
                protobuf::put_bytes(&mut list, 1, &encoded(entry));
            }
            if self.full {
                protobuf::put_value(&mut list, 2, 1);
            }
            protobuf::put_bytes(&mut out, 1, &list);
        }
        let mut inner = Vec::new();
        for block in &self.blocks {
            inner.clear();
            protobuf::put_bytes(&mut inner, 1, block.prefix);
            protobuf::put_bytes(&mut inner, 2, block.data);
            protobuf::put_bytes(&mut out, 3, &inner);
        }
        for presence in &self.presences {
            inner.clear();
            protobuf::put_bytes(&mut inner, 1, presence.cid);
            protobuf::put_value(&mut inner, 2, u64::from(!presence.has));
            protobuf::put_bytes(&mut out, 4, &inner);
        }
        if self.pending_bytes != 0 {
            protobuf::put_value(&mut out, 5, i64::from(self.pending_bytes).cast_unsigned());
        }
        out
    }
}

fn entry(bytes: &[u8]) -> Result<Entry<'_>, BadProtobuf> {
    let mut entry = Entry::default();
    protobuf::fields(bytes, |field, value| match (field, value) {
        (1, Value::Bytes(cid)) => entry.cid = cid,
        (2, Value::Number(priority)) => entry.priority = int32(priority),
        (3, Value::Number(cancel)) => entry.cancel = cancel != 0,
        (4, Value::Number(kind)) => entry.want = if kind == 1 { WantType::Have } else { WantType::Block },
        (5, Value::Number(send)) => entry.send_dont_have = send != 0,
        _ => {}
    })?;
    Ok(entry)
}

fn encoded(entry: &Entry<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(entry.cid.len() + 24);
    protobuf::put_bytes(&mut out, 1, entry.cid);
    protobuf::put_value(&mut out, 2, i64::from(entry.priority).cast_unsigned());
    if entry.cancel {
        protobuf::put_value(&mut out, 3, 1);
    }
    if entry.want == WantType::Have {
        protobuf::put_value(&mut out, 4, 1);
    }
    if entry.send_dont_have {
        protobuf::put_value(&mut out, 5, 1);
    }
    out
}

fn push<T>(list: &mut Vec<T>, item: T) {
    if list.len() < BITSWAP_ENTRIES_MAX {
        list.push(item);
    }
}

fn is_cid(bytes: &[u8]) -> bool {
    (1..=BITSWAP_CID_MAX).contains(&bytes.len())
}

/// An int32 is sent as 64 bits, of which the lower half counts.
fn int32(value: u64) -> i32 {
    let [a, b, c, d, ..] = value.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::wire::random_bytes;

    const CID: [u8; 4] = [1, 0x55, 0x12, 0x20];

    fn full() -> Message<'static> {
        let entry = Entry { cid: &CID, priority: -1, cancel: true, want: WantType::Have, send_dont_have: true };
        Message {
            wants: vec![entry, Entry { cid: b"x", priority: 7, ..Entry::default() }],
            full: true,
            blocks: vec![Block { prefix: &CID, data: b"block" }, Block { prefix: &CID, data: b"" }],
            presences: vec![Presence { cid: &CID, has: true }, Presence { cid: b"x", has: false }],
            pending_bytes: -5,
        }
    }

    #[test]
    fn a_message_survives_encoding_and_decoding() {
        let bytes = full().encode();
        assert_eq!(Message::decode(&bytes), Ok(full()));
        assert_eq!((Message::default().encode(), Message::decode(&[])), (Vec::new(), Ok(Message::default())));
    }

    #[test]
    fn the_bytes_on_the_wire_are_those_of_other_implementations() {
        // Made with protons-runtime from message.proto of @helia/bitswap 4.0.19: helia leaves out what has its default.
        let asked =
            [0x0a, 0x10, 0x0a, 0x0c, 0x0a, 0x04, 1, 0x55, 0x12, 0x20, 0x10, 0x01, 0x20, 0x01, 0x28, 0x01, 0x10, 0x01];
        let entry = Entry { cid: &CID, priority: 1, cancel: false, want: WantType::Have, send_dont_have: true };
        let wants = Message { wants: vec![entry], full: true, ..Message::default() };
        assert_eq!((Message::decode(&asked), wants.encode()), (Ok(wants.clone()), asked.to_vec()));
        let block = [0x1a, 0x0a, 0x0a, 0x04, 1, 0x55, 0x12, 0x20, 0x12, 0x02, b'h', b'i'];
        let blocks = Message { blocks: vec![Block { prefix: &CID, data: b"hi" }], ..Message::default() };
        assert_eq!((Message::decode(&block), blocks.encode()), (Ok(blocks.clone()), block.to_vec()));
        let gone = [0x22, 0x08, 0x0a, 0x04, 1, 0x55, 0x12, 0x20, 0x10, 0x01];
        let presences = Message { presences: vec![Presence { cid: &CID, has: false }], ..Message::default() };
        assert_eq!((Message::decode(&gone), presences.encode()), (Ok(presences.clone()), gone.to_vec()));
        // HAVE is the default: boxo and helia leave it out.
        let there = [0x22, 0x06, 0x0a, 0x04, 1, 0x55, 0x12, 0x20];
        assert_eq!(Message::decode(&there).unwrap().presences, [Presence { cid: &CID, has: true }]);
        let mut negative = vec![0x0a, 0x19, 0x0a, 0x17, 0x0a, 0x04, 1, 0x55, 0x12, 0x20, 0x10];
        negative.extend([0xff; 9]);
        negative.extend([0x01, 0x18, 0x01, 0x20, 0x00, 0x28, 0x00, 0x28, 0xfb]);
        negative.extend([0xff; 8]);
        negative.push(0x01);
        let entry = Entry { cid: &CID, priority: -1, cancel: true, ..Entry::default() };
        let cancels = Message { wants: vec![entry], pending_bytes: -5, ..Message::default() };
        assert_eq!(Message::decode(&negative), Ok(cancels));
    }

    #[test]
    fn a_block_of_1_0_0_has_no_prefix() {
        let old = [0x12, 0x02, b'h', b'i'];
        assert_eq!(Message::decode(&old).unwrap().blocks, [Block { prefix: &[], data: b"hi" }]);
    }

    #[test]
    fn lists_and_cids_are_bounded() {
        let long = [7; BITSWAP_CID_MAX + 1];
        let wants = |cid| vec![Entry { cid, ..Entry::default() }; 2 * BITSWAP_ENTRIES_MAX];
        let many = Message { wants: wants(&CID), ..Message::default() }.encode();
        assert_eq!(Message::decode(&many).unwrap().wants.len(), BITSWAP_ENTRIES_MAX);
        for cid in [&long[..], &[]] {
            let odd = Message { wants: wants(cid), presences: vec![Presence { cid, has: true }], ..Message::default() };
            assert_eq!(Message::decode(&odd.encode()), Ok(Message::default()), "{} bytes", cid.len());
        }
    }

    #[test]
    fn what_breaks_off_is_refused_and_damage_never_panics() {
        let good = full().encode();
        // Its last byte is a part of a number.
        assert_eq!(Message::decode(&good[..good.len() - 1]), Err(BadProtobuf));
        assert_eq!(
            Message::decode(&[0x0a, 0x03, 0x0a, 0x09, 0x01]),
            Err(BadProtobuf),
            "an entry is longer than its list"
        );
        let mut rng = Rng::new(9);
        for _ in 0..10_000 {
            let mut bytes = good.clone();
            random_bytes::damage(&mut rng, &mut bytes, 5);
            bytes.truncate(random_bytes::below(&mut rng, good.len() + 1));
            if let Ok(message) = Message::decode(&bytes) {
                assert_eq!(Message::decode(&message.encode()).as_ref(), Ok(&message));
            }
        }
    }
}
