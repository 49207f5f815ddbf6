//! Encrypted datagrams: only the holder of the key changes any state, and each datagram is decrypted once.

use wattle::limits::{DATAGRAM_WINDOW, MEMBER_BYTES_MAX};
use wattle::wire::datagram::{BadDatagram, DATAGRAM_BYTES_MAX, Decryptor, Encryptor, HEAD, TAG, session};

const KEY: [u8; 32] = [7; 32];

fn encrypted(encryptor: &mut Encryptor, packet: &[u8]) -> Vec<u8> {
    let mut buffer = [0; DATAGRAM_BYTES_MAX];
    let length = encryptor.encrypt(packet, &mut buffer).unwrap();
    buffer[..length].to_vec()
}

/// Asserts what the head of this file describes. Each byte also selects the genuine datagram that arrives next.
pub fn check(data: &[u8]) {
    let (mut encryptor, mut decryptor) = (Encryptor::new(5, &KEY), Decryptor::new(5, &KEY));
    let genuine = encrypted(&mut encryptor, b"true");
    // libFuzzer traces comparisons and so can find the genuine datagram, which is no forgery.
    if data == genuine {
        return;
    }
    assert!(decryptor.decrypt(&mut data.to_vec()).is_err());
    let mut changed = genuine.clone();
    changed.iter_mut().zip(data).for_each(|(byte, change)| *byte ^= change);
    if changed != genuine {
        assert!(decryptor.decrypt(&mut changed).is_err());
    }
    let longer = [&genuine[..], data].concat();
    assert!(data.is_empty() || decryptor.decrypt(&mut longer.clone()).is_err());
    assert_eq!(
        decryptor.decrypt(&mut genuine.clone()).map(|decrypted| decrypted.packet.to_vec()),
        Ok(b"true".to_vec())
    );
    if let Some(number) = session(data) {
        assert_eq!(number.to_be_bytes(), data[..4]);
        assert!((HEAD + TAG..=DATAGRAM_BYTES_MAX).contains(&data.len()));
    }
    // The input as a packet, up to the largest.
    let packet = data.get(..MEMBER_BYTES_MAX).unwrap_or(data);
    let whole = encrypted(&mut encryptor, packet);
    assert_eq!(decryptor.decrypt(&mut whole.clone()).map(|decrypted| decrypted.packet.to_vec()), Ok(packet.to_vec()));
    // In any order, lost or repeated: each is decrypted once, and none from before the window.
    let all: Vec<Vec<u8>> = (0..40_u8).map(|number| encrypted(&mut encryptor, &[number])).collect();
    let (mut taken, mut newest) = ([false; 40], 0_usize);
    for byte in data.iter().take(64) {
        let at = usize::from(*byte) % 40;
        let fresh = !taken[at] && newest.saturating_sub(at) < DATAGRAM_WINDOW;
        let decrypted = decryptor.decrypt(&mut all[at].clone()).map(|decrypted| decrypted.packet.to_vec());
        assert_eq!(decrypted, if fresh { Ok(vec![*byte % 40]) } else { Err(BadDatagram::Replay) });
        (taken[at], newest) = (true, newest.max(at));
    }
}

/// Garbage of the smallest and another length, one changed bit, a datagram of another session, an order of arrival.
pub fn seeds() -> Vec<Vec<u8>> {
    let other = encrypted(&mut Encryptor::new(6, &KEY), b"another");
    vec![vec![0; HEAD + TAG], vec![7; 100], [&[0; 4][..], &[1]].concat(), other, (0..64).rev().collect()]
}
