//! What a home keeps of its hardware: one encoding, and only within its caps.

use wattle::limits::{HARDWARE_BYTES_MAX, INTERFACES_MAX};
use wattle::mesh::hardware::{Binding, Found, Hardware};
use wattle::wire::peer_id::PeerId;

/// Asserts what the head of this file describes, and that unknown hardware changes nothing.
pub fn check(data: &[u8]) {
    let Some(binding) = Binding::decode(data) else { return };
    assert!(
        data.len() <= HARDWARE_BYTES_MAX && data.iter().filter(|byte| **byte == b'\n').count() <= 5 + INTERFACES_MAX
    );
    assert_eq!(binding.encode().as_bytes(), data, "a binding has one encoding");
    assert_eq!(binding.compare(&Hardware::default()), Found::Same(binding.clone()));
    let _ = binding.compare(&known());
}

fn known() -> Hardware {
    let interfaces = [[0xd8, 0x3a, 0xdd, 1, 2, 3], [0xd8, 0x3a, 0xdd, 1, 2, 4]].into_iter().collect();
    Hardware { board: Some("10000000abcd1234".to_owned()), interfaces, machine: Some("0f1e2d3c".repeat(4)) }
}

/// Bindings to nothing, to all, and with a key of before.
pub fn seeds() -> Vec<Vec<u8>> {
    let key =
        |seed| PeerId::from_public_key(ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key().as_bytes());
    [(Hardware::default(), None), (known(), None), (known(), Some(key(2)))]
        .map(|(hardware, before)| Binding::new(key(1), &hardware, before).encode().into_bytes())
        .to_vec()
}
