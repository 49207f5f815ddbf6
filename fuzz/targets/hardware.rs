//! What a home keeps of its hardware: one encoding, proven whole by its sum, and only within its caps.
//!
//! A fuzzer finds no input with a right sum, so the bytes are read as version 1 too, whose copy proves it.

use wattle::limits::{HARDWARE_BYTES_MAX, INTERFACES_BOUND_MAX};
use wattle::mesh::hardware::{Binding, Found, Hardware, Serial};
use wattle::wire::peer_id::PeerId;

/// Asserts what the head of this file describes, and that unknown hardware changes nothing.
pub fn check(data: &[u8]) {
    let _ = Serial::read(&String::from_utf8_lossy(data));
    let Some(binding) = Binding::decode(data, true) else {
        return assert_eq!(Binding::decode(data, false), None, "a copy proves more, not less");
    };
    let lines = data.iter().filter(|byte| **byte == b'\n').count();
    assert!(data.len() <= HARDWARE_BYTES_MAX && lines <= 6 + INTERFACES_BOUND_MAX);
    let written = binding.encode();
    assert_eq!(Binding::decode(written.as_bytes(), false).as_ref(), Some(&binding), "it is read as it was written");
    let is_own = Binding::decode(data, false).is_some();
    assert_eq!(written.as_bytes() == data, is_own, "this version has one encoding, and its sum proves it");
    assert_eq!(binding.compare(&Hardware::default()), Found::Same(binding.clone()));
    let _ = (binding.compare(&known()), binding.recognized(&known()));
}

fn known() -> Hardware {
    let interfaces = [[0xd8, 0x3a, 0xdd, 1, 2, 3], [0xd8, 0x3a, 0xdd, 1, 2, 4]].into_iter().collect();
    Hardware { board: Serial::read("10000000abcd1234"), interfaces, machine: Some("0f1e2d3c".repeat(4)) }
}

/// Bindings to nothing, to all, and with a key of before; and the last as version 1 had it.
pub fn seeds() -> Vec<Vec<u8>> {
    let key =
        |seed| PeerId::from_public_key(ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key().as_bytes());
    let bindings = [(Hardware::default(), None), (known(), None), (known(), Some(key(2)))];
    let written = bindings.map(|(hardware, before)| Binding::new(key(1), &hardware, before).encode());
    let (above, _) = written[2].rsplit_once("sum ").unwrap_or_default();
    let of_before = above.replace("wattle-hardware 2", "wattle-hardware 1");
    written.iter().chain([&of_before]).map(|text| text.clone().into_bytes()).collect()
}
