//! SPAKE2 between a joining device and an admin, and the confirmation of its key.
//!
//! SPAKE2 (Abdalla and Pointcheval, 2005; by the crate spake2, over Ed25519, whose messages Python's spake2 shares) turns
//! a secret of few bits into a key of many: whoever answers learns per exchange whether one guess was right, and a
//! listener nothing. The names that it hashes into the key are those that each side's own Noise link shows, so a relay
//! with a PeerId of its own gets two keys that differ.
//!
//! The key itself is never sent. Each side proves it by an HMAC over all messages up to there, as they were sent. The
//! joining device proves first: an admin that does not know the secret gets one guess, and nothing that it could try
//! others against.
//!
//! The random bytes are handed in, as everywhere below `platform`.

use super::secret::Secret;
use super::words;
use crate::base::id::PeerKey;
use crate::wire::peer_id::PeerId;
use core::convert::Infallible;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest as _, Sha256};
use spake2::{Ed25519Group, Identity, Password, Spake2};
use std::fmt;
use zeroize::Zeroizing;

const DOMAIN: &[u8] = b"wattle-pair-1";

/// Random bytes that an exchange takes: twice the group's order, so that its number has no bias.
pub const EXCHANGE_RANDOM_BYTES: usize = 64;

/// A side of the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The device that wants to join: side A of SPAKE2.
    Joiner,
    /// The device that lets it in: side B.
    Admin,
}

/// Who is at the two ends of the link, as the own side knows it, and the mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parties {
    /// The joining device.
    pub joiner: PeerKey,
    /// The admin.
    pub admin: PeerKey,
    /// The mesh's id.
    pub mesh: [u8; 32],
}

impl Parties {
    /// `wattle-pair-1`, the PeerId's 38 bytes, the mesh.
    fn identity(&self, side: Side) -> Identity {
        let PeerKey(key) = if side == Side::Joiner { self.joiner } else { self.admin };
        Identity::new(&[DOMAIN, &PeerId::from_public_key(&key).to_bytes(), &self.mesh].concat())
    }
}

/// One side's exchange between its own share and the other's.
pub struct Exchange {
    side: Side,
    spake: Spake2<Ed25519Group>,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Exchange({:?})", self.side)
    }
}

impl Exchange {
    /// Begins, and returns the share to send. `random` must be used for one exchange only.
    #[must_use]
    pub fn begin(
        side: Side,
        secret: &Secret,
        parties: &Parties,
        random: &[u8; EXCHANGE_RANDOM_BYTES],
    ) -> (Self, [u8; 32]) {
        let [joiner, admin] = [Side::Joiner, Side::Admin].map(|side| parties.identity(side));
        let (password, random) = (Password::new(secret.as_bytes()), Once { random, used: 0 });
        let (spake, message) = match side {
            Side::Joiner => Spake2::start_a_with_rng(&password, &joiner, &admin, random),
            Side::Admin => Spake2::start_b_with_rng(&password, &joiner, &admin, random),
        };
        // The crate puts the letter of the side in front, which the message's type says already.
        let share = message.last_chunk().copied().unwrap_or_default();
        (Self { side, spake }, share)
    }

    /// The key, with the other side's share. Both sides have the same one if the secret, the parties and the shares are the
    /// same. `None` if the share is no point of the curve.
    #[must_use]
    pub fn finish(self, share: &[u8; 32]) -> Option<SessionKey> {
        let letter = if self.side == Side::Joiner { b'B' } else { b'A' };
        let mut message = [letter; 33];
        message.last_chunk_mut::<32>()?.copy_from_slice(share);
        let key = Zeroizing::new(self.spake.finish(&message).ok()?);
        Some(SessionKey(Zeroizing::new(key.as_slice().try_into().ok()?)))
    }
}

/// The random bytes for one draw of the crate.
struct Once<'a> {
    random: &'a [u8; EXCHANGE_RANDOM_BYTES],
    used: usize,
}

impl TryRng for Once<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes).map(|()| u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes).map(|()| u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        assert!(to.len() <= self.random.len() - self.used, "the crate draws one scalar, which has 64 bytes");
        self.random.iter().skip(self.used).zip(to.iter_mut()).for_each(|(from, to)| *to = *from);
        self.used += to.len();
        Ok(())
    }
}

impl TryCryptoRng for Once<'_> {}

/// All messages of an exchange in the order in which they were sent.
#[derive(Clone)]
pub struct Transcript(Sha256);

impl Default for Transcript {
    fn default() -> Self {
        Self(Sha256::new_with_prefix(DOMAIN))
    }
}

impl fmt::Debug for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transcript(..)")
    }
}

impl Transcript {
    /// Adds the bytes of one message, without its frame or line feed: its length as four bytes, big-endian, and it.
    pub fn add(&mut self, message: &[u8]) {
        // No message has four gigabytes: frames and lines end at their caps.
        self.0.update(u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes());
        self.0.update(message);
    }
}

/// The key that both sides have if they are the two that know the secret.
pub struct SessionKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(..)")
    }
}

impl SessionKey {
    /// HMAC-SHA-256 by the key over a label.
    fn derived(&self, label: &[u8]) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(mac(&self.0, label).finalize().into_bytes().into())
    }

    fn confirming(&self, side: Side, messages: &Transcript) -> Hmac<Sha256> {
        let label: &[u8] = if side == Side::Joiner { b"wattle-pair-1 joiner" } else { b"wattle-pair-1 admin" };
        mac(&self.derived(label), &messages.0.clone().finalize())
    }

    /// The proof that `side` sends after `messages`.
    #[must_use]
    pub fn confirmation(&self, side: Side, messages: &Transcript) -> [u8; 32] {
        self.confirming(side, messages).finalize().into_bytes().into()
    }

    /// Whether `proof` is what `side` sends after `messages` if it has the same key. Takes the same time whatever differs.
    #[must_use]
    pub fn confirms(&self, side: Side, messages: &Transcript, proof: &[u8; 32]) -> bool {
        self.confirming(side, messages).verify_slice(proof).is_ok()
    }

    /// Three words for people to compare: 33 bits of the key.
    #[must_use]
    pub fn words(&self) -> words::Words {
        words::of(&self.derived(b"wattle-pair-1 words"))
    }
}

/// An HMAC-SHA-256 that was fed `message`.
fn mac(key: &[u8; 32], message: &[u8]) -> Hmac<Sha256> {
    // RFC 2104: a key of up to 64 bytes is padded with zeros to the block of 64.
    let mut block = Zeroizing::new([0; 64]);
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    let mut mac = Hmac::<Sha256>::new(&(*block).into());
    mac.update(message);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::pairing::secret::Code;

    const PARTIES: Parties = Parties { joiner: PeerKey([1; 32]), admin: PeerKey([2; 32]), mesh: [3; 32] };

    fn secret(code: &str) -> Secret {
        Code::parse(code).unwrap().secret()
    }

    fn keys(secrets: [&str; 2], parties: [&Parties; 2]) -> [SessionKey; 2] {
        let (joiner, a) = Exchange::begin(Side::Joiner, &secret(secrets[0]), parties[0], &[11; 64]);
        let (admin, b) = Exchange::begin(Side::Admin, &secret(secrets[1]), parties[1], &[22; 64]);
        [joiner.finish(&b).unwrap(), admin.finish(&a).unwrap()]
    }

    #[test]
    fn both_sides_have_one_key_if_the_secret_and_the_parties_are_the_same() {
        let [joiner, admin] = keys(["12345678"; 2], [&PARTIES; 2]);
        assert_eq!(*joiner.0, *admin.0);
        assert_eq!(joiner.words(), admin.words());
        for other in [
            Parties { joiner: PeerKey([9; 32]), ..PARTIES },
            Parties { admin: PeerKey([9; 32]), ..PARTIES },
            Parties { mesh: [9; 32], ..PARTIES },
        ] {
            let [joiner, admin] = keys(["12345678"; 2], [&PARTIES, &other]);
            assert_ne!(*joiner.0, *admin.0, "{other:?}");
            assert_ne!(joiner.words(), admin.words());
        }
        let [joiner, admin] = keys(["12345678", "12345679"], [&PARTIES; 2]);
        assert_ne!(*joiner.0, *admin.0);
    }

    #[test]
    fn a_confirmation_is_of_one_side_and_of_the_messages_as_they_were_sent() {
        let [joiner, admin] = keys(["12345678"; 2], [&PARTIES; 2]);
        let sent = |messages: &[&[u8]]| {
            let mut transcript = Transcript::default();
            messages.iter().for_each(|message| transcript.add(message));
            transcript
        };
        let proof = joiner.confirmation(Side::Joiner, &sent(&[b"one", b"two"]));
        assert!(admin.confirms(Side::Joiner, &sent(&[b"one", b"two"]), &proof));
        assert!(!admin.confirms(Side::Admin, &sent(&[b"one", b"two"]), &proof), "sent back to its sender");
        for other in [&[&b"two"[..], b"one"][..], &[b"onetwo"], &[b"one"], &[b"one", b"two", b""], &[b"on", b"etwo"]] {
            assert!(!admin.confirms(Side::Joiner, &sent(other), &proof), "{other:?}");
        }
    }

    #[test]
    fn a_share_that_is_no_point_of_the_curve_gives_no_key() {
        let (joiner, _) = Exchange::begin(Side::Joiner, &secret("12345678"), &PARTIES, &[11; 64]);
        assert!(joiner.finish(&[2; 32]).is_none(), "y = 2 + .. has no x");
    }

    #[test]
    fn a_share_depends_on_the_random_bytes_alone() {
        let share = |random| Exchange::begin(Side::Joiner, &secret("12345678"), &PARTIES, &[random; 64]).1;
        assert_eq!(share(11), share(11));
        assert_ne!(share(11), share(12));
    }

    #[test]
    fn no_key_shows_in_debug() {
        let (exchange, _) = Exchange::begin(Side::Admin, &secret("12345678"), &PARTIES, &[7; 64]);
        let [key, _] = keys(["12345678"; 2], [&PARTIES; 2]);
        assert_eq!(
            format!("{exchange:?} {key:?} {:?}", Transcript::default()),
            "Exchange(Admin) SessionKey(..) Transcript(..)"
        );
    }
}
