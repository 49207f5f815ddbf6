//! Messages of bitswap: lists and CIDs are within their caps, nothing is longer than what arrived, and a message survives encoding.

use wattle::limits::{BITSWAP_CID_MAX, BITSWAP_ENTRIES_MAX};
use wattle::wire::bitswap::{Block, Entry, Message, Presence, WantType};
use wattle::wire::cid::Cid;

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    let Ok(message) = Message::decode(data) else { return };
    for length in [message.wants.len(), message.blocks.len(), message.presences.len()] {
        assert!(length <= BITSWAP_ENTRIES_MAX);
    }
    let cids = message.wants.iter().map(|entry| entry.cid).chain(message.presences.iter().map(|presence| presence.cid));
    let mut total = 0;
    for cid in cids {
        assert!((1..=BITSWAP_CID_MAX).contains(&cid.len()));
        total += cid.len();
        let _ = Cid::from_bytes(cid);
    }
    total += message.blocks.iter().map(|block| block.prefix.len() + block.data.len()).sum::<usize>();
    assert!(total <= data.len());
    let again = message.encode();
    assert_eq!(Message::decode(&again).as_ref(), Ok(&message));
}

/// A list of wants, an answer, a message of 1.0.0, and an empty one.
pub fn seeds() -> Vec<Vec<u8>> {
    let (one, two) = ([1_u8, 0x55, 0x12, 0x20, 7], [1_u8, 0x70, 0x12, 0x20, 8]);
    let have = Entry { cid: &one, priority: 1, want: WantType::Have, send_dont_have: true, ..Entry::default() };
    let cancel = Entry { cid: &two, priority: -1, cancel: true, ..Entry::default() };
    let asked = Message { wants: vec![have, cancel], full: true, ..Message::default() };
    let answer = Message {
        blocks: vec![Block { prefix: &one[..4], data: b"block" }],
        presences: vec![Presence { cid: &one, has: true }, Presence { cid: &two, has: false }],
        pending_bytes: 300,
        ..Message::default()
    };
    vec![asked.encode(), answer.encode(), b"\x12\x05block".to_vec(), Vec::new()]
}
