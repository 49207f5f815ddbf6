//! Messages of pairing: what is read has one encoding, is within its caps, and is the same in the other encoding.

use wattle::limits::{PAIR_CERTIFICATE_MAX, PAIR_FRAME_MAX, PAIR_LINE_MAX};
use wattle::wire::envelope::Encoding;
use wattle::wire::pairing::{Certificate, DeviceName, InviteId, Message, Refusal, VERSION, Way, is_name};

fn encoded(message: &Message, encoding: Encoding) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.put(encoding, &mut bytes);
    bytes
}

/// Asserts what the head of this file describes. The first byte selects the encoding.
pub fn check(data: &[u8]) {
    let Some((way, bytes)) = data.split_first() else { return };
    let (encoding, other) = match way % 2 {
        0 => (Encoding::Postcard, Encoding::Json),
        _ => (Encoding::Json, Encoding::Postcard),
    };
    let Ok(message) = Message::read(encoding, bytes) else { return };
    assert_eq!(encoded(&message, encoding), bytes, "a message has one encoding");
    assert!(bytes.len() <= if encoding == Encoding::Json { PAIR_LINE_MAX - 1 } else { PAIR_FRAME_MAX });
    assert_eq!(Message::read(other, &encoded(&message, other)).as_ref(), Ok(&message));
    match message {
        Message::Begin { device, v, .. } => assert!(is_name(&device) && v == VERSION),
        Message::Grant(Certificate(bytes)) => assert!((1..=PAIR_CERTIFICATE_MAX).contains(&bytes.len())),
        _ => {}
    }
}

/// One message of each type in both encodings, and a `Begin` of a later version.
pub fn seeds() -> Vec<Vec<u8>> {
    let device = DeviceName::try_from("attic").unwrap();
    let messages = [
        Message::Begin { device: device.clone(), v: VERSION, way: Way::Code },
        Message::Begin { device, v: VERSION, way: Way::Invite(InviteId([7; 16])) },
        Message::Offer { mesh: [1; 32], share: [2; 32] },
        Message::Share([3; 32]),
        Message::Confirm([4; 32]),
        Message::Grant(Certificate(vec![5; 40])),
        Message::Refused { cause: Refusal::Busy, wait: 300 },
    ];
    let mut seeds = vec![vec![0, 0, 1, b'a', 2], br#"1{"begin":{"device":"a","v":2}}"#.to_vec()];
    for (way, encoding) in [(0, Encoding::Postcard), (1, Encoding::Json)] {
        seeds.extend(messages.iter().map(|message| [&[way][..], &encoded(message, encoding)].concat()));
    }
    seeds
}
