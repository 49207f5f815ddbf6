//! The primitives of `Noise_XX_25519_ChaChaPoly_SHA256` for snow.
//!
//! snow's own resolver would add second copies of the curve, the hash and the cipher, an older ChaCha that is slow on
//! ARM, and a random generator, which has no place in this layer. This one uses the crates that the agent has anyway,
//! and one ephemeral key that `platform` drew.

use super::chacha::{TAG, WideCipher};
use chacha20poly1305::aead::inout::InOutBuf;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce, Tag};
use sha2::{Digest, Sha256};
use snow::Error;
use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::CryptoResolver;
use snow::types::{Cipher, Dh, Hash, Random};
use std::cell::Cell;
use x25519_dalek::{PublicKey, StaticSecret};

/// Resolves snow's primitives, and gives out the ephemeral key once.
pub(super) struct CryptoProvider {
    ephemeral: Cell<Option<[u8; 32]>>,
}

impl CryptoProvider {
    pub(super) const fn new(ephemeral: [u8; 32]) -> Self {
        Self { ephemeral: Cell::new(Some(ephemeral)) }
    }
}

impl CryptoResolver for CryptoProvider {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(OneTimeKey(self.ephemeral.take())))
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        (*choice == DHChoice::Curve25519).then(|| Box::new(Curve::new([0; 32])) as Box<dyn Dh>)
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        (*choice == HashChoice::SHA256).then(|| Box::new(Sha(Sha256::new())) as Box<dyn Hash>)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        (*choice == CipherChoice::ChaChaPoly).then(|| Box::new(ChaChaPoly::default()) as Box<dyn Cipher>)
    }
}

/// A random generator that yields the one ephemeral key; a second draw is refused, not repeated.
struct OneTimeKey(Option<[u8; 32]>);

impl Random for OneTimeKey {
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        let bytes = self.0.take().ok_or(Error::Rng)?;
        if dest.len() != bytes.len() {
            return Err(Error::Rng);
        }
        dest.copy_from_slice(&bytes);
        Ok(())
    }
}

struct Curve {
    secret: StaticSecret,
    public: PublicKey,
}

impl Curve {
    fn new(secret: [u8; 32]) -> Self {
        let secret = StaticSecret::from(secret);
        let public = PublicKey::from(&secret);
        Self { secret, public }
    }
}

impl Dh for Curve {
    fn name(&self) -> &'static str {
        "25519"
    }

    fn pub_len(&self) -> usize {
        32
    }

    fn priv_len(&self) -> usize {
        32
    }

    fn set(&mut self, privkey: &[u8]) {
        // snow passes `priv_len` bytes. Any other length would be a defect there and leaves the key as it is.
        if let Ok(secret) = <[u8; 32]>::try_from(privkey) {
            *self = Self::new(secret);
        }
    }

    fn generate(&mut self, rng: &mut dyn Random) -> Result<(), Error> {
        let mut secret = [0; 32];
        rng.try_fill_bytes(&mut secret)?;
        *self = Self::new(secret);
        Ok(())
    }

    fn pubkey(&self) -> &[u8] {
        self.public.as_bytes()
    }

    fn privkey(&self) -> &[u8] {
        self.secret.as_bytes()
    }

    fn dh(&self, pubkey: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let theirs = pubkey.first_chunk::<32>().ok_or(Error::Dh)?;
        let shared = self.secret.diffie_hellman(&PublicKey::from(*theirs));
        // With a point of small order the shared secret is zero, which everybody knows (RFC 7748 section 6.1).
        if !shared.was_contributory() {
            return Err(Error::Dh);
        }
        out.first_chunk_mut::<32>().ok_or(Error::Dh)?.copy_from_slice(shared.as_bytes());
        Ok(())
    }
}

struct Sha(Sha256);

impl Hash for Sha {
    fn name(&self) -> &'static str {
        "SHA256"
    }

    fn block_len(&self) -> usize {
        64
    }

    fn hash_len(&self) -> usize {
        32
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn input(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn result(&mut self, out: &mut [u8]) {
        let hash = self.0.finalize_reset();
        if let Some(place) = out.first_chunk_mut::<32>() {
            place.copy_from_slice(&hash);
        }
    }
}

/// The key, once it is set, for messages of any length, and for long ones where the processor has more to give.
#[derive(Default)]
struct ChaChaPoly {
    any: Option<ChaCha20Poly1305>,
    long: Option<WideCipher>,
}

/// Noise specification 12.3: 32 zero bits, then the counter in little-endian order.
fn nonce(counter: u64) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&counter.to_le_bytes());
    nonce
}

impl Cipher for ChaChaPoly {
    fn name(&self) -> &'static str {
        "ChaChaPoly"
    }

    fn set(&mut self, key: &[u8; 32]) {
        self.any = Some(ChaCha20Poly1305::new(&(*key).into()));
        self.long = WideCipher::new(key);
    }

    fn encrypt(&self, counter: u64, authtext: &[u8], plaintext: &[u8], out: &mut [u8]) -> usize {
        let (text, rest) = out.split_at_mut(plaintext.len());
        if let Some(long) = self.long.as_ref().filter(|_| WideCipher::takes(plaintext.len()))
            && let Some(place) = rest.first_chunk_mut::<TAG>()
        {
            *place = long.encrypt(&nonce(counter), authtext, plaintext, text);
            return plaintext.len() + TAG;
        }
        let buffers = InOutBuf::new(plaintext, text).ok();
        let tag = self.any.as_ref().zip(buffers).and_then(|(cipher, buffers)| {
            cipher.encrypt_inout_detached(&Nonce::from(nonce(counter)), authtext, buffers).ok()
        });
        // snow sets the key first, and its messages are far below the cipher's limit of 256 GiB.
        assert!(tag.is_some(), "the cipher has a key, and the message fits");
        if let (Some(tag), Some(place)) = (tag, rest.first_chunk_mut::<TAG>()) {
            place.copy_from_slice(&tag);
        }
        plaintext.len() + TAG
    }

    fn decrypt(&self, counter: u64, authtext: &[u8], ciphertext: &[u8], out: &mut [u8]) -> Result<usize, Error> {
        let (text, tag) = ciphertext.split_last_chunk::<TAG>().ok_or(Error::Decrypt)?;
        let cipher = self.any.as_ref().ok_or(Error::Decrypt)?;
        let place = out.get_mut(..text.len()).ok_or(Error::Decrypt)?;
        if let Some(long) = self.long.as_ref().filter(|_| WideCipher::takes(text.len())) {
            let genuine = long.decrypt(&nonce(counter), authtext, text, tag, place);
            return if genuine { Ok(text.len()) } else { Err(Error::Decrypt) };
        }
        let buffers = InOutBuf::new(text, place).map_err(|_| Error::Decrypt)?;
        cipher
            .decrypt_inout_detached(&Nonce::from(nonce(counter)), authtext, buffers, &Tag::from(*tag))
            .map_err(|_| Error::Decrypt)?;
        Ok(text.len())
    }
}
