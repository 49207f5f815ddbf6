//! cid: a CID has one binary encoding of version 1 and one text, and is read back from both.

use wattle::wire::cid::{Cid, Codec};

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    if let Ok((cid, rest)) = Cid::from_bytes(data) {
        assert!(rest.len() < data.len());
        assert_eq!(Cid::from_bytes(&cid.to_bytes()), Ok((cid, &[][..])));
        assert_eq!(cid.to_string().parse(), Ok(cid));
        assert!(data.first() != Some(&0x12) || cid.codec() == Codec::DagPb, "version 0 is of nodes");
    }
    let Ok(text) = core::str::from_utf8(data) else { return };
    if let Ok(cid) = text.parse::<Cid>() {
        let written = cid.to_string();
        assert!(!text.starts_with('b') || written == text, "one text");
        assert_eq!(written.parse(), Ok(cid));
    }
}

/// Both codecs and versions, in binary and as text.
pub fn seeds() -> Vec<Vec<u8>> {
    let cids = [Cid::of_raw(b"hello world"), Cid::of_node(&[0x0a, 0x02, 0x08, 0x01])];
    let mut seeds = Vec::new();
    for cid in cids {
        seeds.push(cid.to_bytes().to_vec());
        seeds.push(cid.to_string().into_bytes());
    }
    seeds.push(cids[1].to_bytes()[2..].to_vec());
    seeds.push(b"QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn".to_vec());
    seeds
}
