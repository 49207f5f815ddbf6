//! Encrypted datagrams: one UDP packet each, to an agent that received the key over its link with the sender.
//!
//! | bytes | content |
//! |---|---|
//! | 4 | session, big-endian: which key decrypts it |
//! | 8 | counter, big-endian, from 1: never used twice with a key |
//! | n | the packet, encrypted with ChaCha20-Poly1305 (RFC 8439); the twelve bytes before it are authenticated too |
//! | 16 | the tag |
//!
//! The nonce is four zero bytes and the counter. The receiver accepts each counter once, within a sliding window, and
//! marks it only after the tag was verified: whoever lacks the key changes no state. Both halves work in the caller's
//! buffer.

use crate::limits::{DATAGRAM_WINDOW, MEMBER_BYTES_MAX};
use crate::wire::window::SlidingWindow;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce, Tag};
use core::fmt;

/// Bytes before the encrypted packet.
pub const HEAD: usize = 12;

/// Bytes after the encrypted packet.
pub const TAG: usize = 16;

/// Bytes of the largest datagram.
pub const DATAGRAM_BYTES_MAX: usize = HEAD + MEMBER_BYTES_MAX + TAG;

/// Why a datagram was not encrypted or not decrypted. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadDatagram {
    /// It is too short or too long for a datagram, or the buffer is too small for it.
    Size,
    /// It belongs to another session.
    Session,
    /// Its counter was accepted before, or is older than the window.
    Replay,
    /// The tag is wrong: another key was used, or the datagram was changed on its way.
    Tag,
    /// The counter is used up and a new key is needed; at a thousand a second that takes 500 million years.
    CounterExhausted,
}

/// The session number of a datagram; `None` if it is too short or too long for one.
#[must_use]
pub fn session(datagram: &[u8]) -> Option<u32> {
    (HEAD + TAG..=DATAGRAM_BYTES_MAX).contains(&datagram.len()).then_some(())?;
    datagram.first_chunk().map(|session| u32::from_be_bytes(*session))
}

/// The sending half: encrypts, and never uses a counter twice. Its key is wiped when it is dropped.
pub struct Encryptor {
    session: u32,
    cipher: ChaCha20Poly1305,
    counter: u64,
}

impl fmt::Debug for Encryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encryptor(session {}, {} sent)", self.session, self.counter)
    }
}

impl Encryptor {
    /// Begins a session. The key must be fresh from the operating system's generator.
    #[must_use]
    pub fn new(session: u32, key: &[u8; 32]) -> Self {
        Self { session, cipher: ChaCha20Poly1305::new(key.into()), counter: 0 }
    }

    /// Writes the datagram of `packet` to the beginning of `buffer`; returns its length.
    ///
    /// # Errors
    /// `Size`, or `CounterExhausted`; no counter was used.
    pub fn encrypt(&mut self, packet: &[u8], buffer: &mut [u8]) -> Result<usize, BadDatagram> {
        let length = HEAD + packet.len() + TAG;
        let buffer = buffer.get_mut(..length).filter(|_| length <= DATAGRAM_BYTES_MAX).ok_or(BadDatagram::Size)?;
        let counter = self.counter.checked_add(1).ok_or(BadDatagram::CounterExhausted)?;
        let (head, rest) = buffer.split_at_mut(HEAD);
        let (text, tag) = rest.split_at_mut(packet.len());
        head[..4].copy_from_slice(&self.session.to_be_bytes());
        head[4..].copy_from_slice(&counter.to_be_bytes());
        text.copy_from_slice(packet);
        let tag_bytes = self.cipher.encrypt_inout_detached(&nonce(counter), head, text.into());
        tag.copy_from_slice(&tag_bytes.map_err(|_| BadDatagram::Size)?);
        self.counter = counter;
        Ok(length)
    }
}

/// The receiving half. Its key is wiped when it is dropped.
pub struct Decryptor {
    session: u32,
    cipher: ChaCha20Poly1305,
    counters: SlidingWindow<{ DATAGRAM_WINDOW.div_ceil(64) }>,
}

impl fmt::Debug for Decryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decryptor(session {}, {} newest)", self.session, self.counters.newest())
    }
}

/// A decrypted datagram.
#[derive(Debug, PartialEq, Eq)]
pub struct DecryptedDatagram<'a> {
    /// The packet.
    pub packet: &'a [u8],
    /// Whether it is the newest of its sender so far: its source address is the sender's present one.
    pub newest: bool,
}

impl Decryptor {
    /// Begins a session with the key that the sender gave.
    #[must_use]
    pub fn new(session: u32, key: &[u8; 32]) -> Self {
        Self { session, cipher: ChaCha20Poly1305::new(key.into()), counters: SlidingWindow::default() }
    }

    /// The session number.
    #[must_use]
    pub const fn session(&self) -> u32 {
        self.session
    }

    /// Decrypts a datagram in place.
    ///
    /// # Errors
    /// What is wrong; the window and the buffer are unchanged.
    pub fn decrypt<'a>(&mut self, datagram: &'a mut [u8]) -> Result<DecryptedDatagram<'a>, BadDatagram> {
        if session(datagram).ok_or(BadDatagram::Size)? != self.session {
            return Err(BadDatagram::Session);
        }
        let (head, rest) = datagram.split_first_chunk_mut::<HEAD>().ok_or(BadDatagram::Size)?;
        let (text, tag) = rest.split_last_chunk_mut::<TAG>().ok_or(BadDatagram::Size)?;
        let counter = u64::from_be_bytes(*head.last_chunk().ok_or(BadDatagram::Size)?);
        if !self.counters.is_new(counter) {
            return Err(BadDatagram::Replay);
        }
        self.cipher
            .decrypt_inout_detached(&nonce(counter), head, (&mut *text).into(), &Tag::from(*tag))
            .map_err(|_| BadDatagram::Tag)?;
        let newest = counter > self.counters.newest();
        self.counters.accept(counter);
        Ok(DecryptedDatagram { packet: text, newest })
    }
}

fn nonce(counter: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&counter.to_be_bytes());
    Nonce::from(nonce)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::wire::random_bytes;
    use std::collections::BTreeSet;

    const KEY: [u8; 32] = [7; 32];

    fn both() -> (Encryptor, Decryptor) {
        (Encryptor::new(5, &KEY), Decryptor::new(5, &KEY))
    }

    fn encrypted(encryptor: &mut Encryptor, packet: &[u8]) -> Vec<u8> {
        let mut buffer = [0; DATAGRAM_BYTES_MAX];
        let length = encryptor.encrypt(packet, &mut buffer).unwrap();
        buffer[..length].to_vec()
    }

    fn decrypt(decryptor: &mut Decryptor, datagram: &[u8]) -> Result<Vec<u8>, BadDatagram> {
        decryptor.decrypt(&mut datagram.to_vec()).map(|decrypted| decrypted.packet.to_vec())
    }

    #[test]
    fn a_datagram_of_any_size_is_decrypted_once() {
        let (mut encryptor, mut decryptor) = both();
        for length in [0, 1, 200, MEMBER_BYTES_MAX] {
            let datagram = encrypted(&mut encryptor, &vec![9; length]);
            assert_eq!(datagram.len(), HEAD + length + TAG);
            assert_eq!(decrypt(&mut decryptor, &datagram), Ok(vec![9; length]));
            assert_eq!(decrypt(&mut decryptor, &datagram), Err(BadDatagram::Replay));
        }
        let mut buffer = [0; DATAGRAM_BYTES_MAX + 1];
        assert_eq!(encryptor.encrypt(&[0; MEMBER_BYTES_MAX + 1], &mut buffer), Err(BadDatagram::Size));
        assert_eq!(encryptor.encrypt(b"abc", &mut buffer[..HEAD + 2 + TAG]), Err(BadDatagram::Size));
        assert_eq!(encryptor.counter, 4, "no counter was lost");
    }

    #[test]
    fn the_packet_is_encrypted_and_debug_shows_no_key() {
        let (mut encryptor, decryptor) = both();
        let datagram = encrypted(&mut encryptor, b"plain text");
        assert!(!datagram.windows(5).any(|part| part == b"plain"));
        let shown = format!("{encryptor:?} {decryptor:?}");
        assert_eq!(shown, "Encryptor(session 5, 1 sent) Decryptor(session 5, 0 newest)");
    }

    #[test]
    fn every_counter_is_accepted_once_in_any_order_within_the_window() {
        let (mut encryptor, mut decryptor) = both();
        let datagrams: Vec<Vec<u8>> = (0..6_000).map(|_| encrypted(&mut encryptor, b"x")).collect();
        let (mut rng, mut seen, mut newest, mut at) = (Rng::new(3), BTreeSet::new(), 0, 0);
        for _ in 0..40_000 {
            // Mostly near the front, sometimes far behind; the front moves on.
            at = (at + random_bytes::below(&mut rng, 3)).min(datagrams.len() - 1);
            let far = random_bytes::below(&mut rng, 8) == 0;
            let back = random_bytes::below(&mut rng, if far { 3_000 } else { 40 });
            let counter = at.saturating_sub(back) + 1;
            let fresh = counter + DATAGRAM_WINDOW > newest && seen.insert(counter);
            let decrypted = decryptor.decrypt(&mut datagrams[counter - 1].clone()).map(|decrypted| decrypted.newest);
            assert_eq!(decrypted, if fresh { Ok(counter > newest) } else { Err(BadDatagram::Replay) }, "{counter}");
            newest = newest.max(counter);
        }
        assert!(newest > 5_000 && seen.len() > 3_000);
    }

    #[test]
    fn a_forged_datagram_changes_nothing() {
        let (mut encryptor, mut decryptor) = both();
        let first = encrypted(&mut encryptor, b"first");
        let mut forged = first.clone();
        // A counter far ahead would push every genuine one out of the window.
        forged[4..HEAD].copy_from_slice(&(u64::MAX - 1).to_be_bytes());
        assert_eq!(decrypt(&mut decryptor, &forged), Err(BadDatagram::Tag));
        let mut copy = forged.clone();
        assert_eq!(decryptor.decrypt(&mut copy), Err(BadDatagram::Tag));
        assert_eq!(copy, forged, "the next key may be tried on the same bytes");
        assert_eq!(decrypt(&mut decryptor, &first), Ok(b"first".to_vec()));
    }

    #[test]
    fn every_changed_or_missing_byte_is_noticed() {
        let (mut encryptor, mut decryptor) = both();
        let good = encrypted(&mut encryptor, b"packet");
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            let expected = if at < 4 { BadDatagram::Session } else { BadDatagram::Tag };
            // This bit turns counter 1 into 0, which is never valid.
            let expected = if at == HEAD - 1 { BadDatagram::Replay } else { expected };
            assert_eq!(decrypt(&mut decryptor, &bad), Err(expected), "byte {at}");
            assert!(decrypt(&mut decryptor, &good[..at]).is_err());
        }
        assert_eq!(decrypt(&mut decryptor, &[&good[..], &[0]].concat()), Err(BadDatagram::Tag));
        assert_eq!(decrypt(&mut decryptor, &vec![0; DATAGRAM_BYTES_MAX + 1]), Err(BadDatagram::Size));
        assert_eq!(decrypt(&mut Decryptor::new(5, &[8; 32]), &good), Err(BadDatagram::Tag), "another key");
        assert_eq!(decrypt(&mut decryptor, &good), Ok(b"packet".to_vec()));
    }

    #[test]
    fn random_bytes_are_refused() {
        let (mut rng, (_, mut decryptor)) = (Rng::new(8), both());
        for _ in 0..20_000 {
            let mut bytes = random_bytes::bytes(&mut rng, DATAGRAM_BYTES_MAX + 40);
            if let Some(named) = bytes.first_chunk_mut::<4>() {
                *named = 5_u32.to_be_bytes();
            }
            assert!(decryptor.decrypt(&mut bytes).is_err());
        }
        assert_eq!(decryptor.counters.newest(), 0);
    }

    #[test]
    fn after_the_last_counter_nothing_is_encrypted() {
        let (mut encryptor, mut decryptor) = both();
        encryptor.counter = u64::MAX - 1;
        let last = encrypted(&mut encryptor, b"last");
        assert_eq!(encryptor.encrypt(b"more", &mut [0; 64]), Err(BadDatagram::CounterExhausted));
        assert_eq!(decrypt(&mut decryptor, &last), Ok(b"last".to_vec()));
        assert_eq!(decrypt(&mut decryptor, &last), Err(BadDatagram::Replay));
    }
}
