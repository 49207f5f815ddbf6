//! ChaCha20-Poly1305 (RFC 8439) of long messages on processors with AVX2: sixteen blocks of the key stream at a time. Where there is
//! AVX-512, `avx512` does the work.
//!
//! The crate chacha20 makes four at a time there, at half the speed, and the cipher took half of a link's time (docs/evidence.md, issue 13).
//! Each word of the state is an array of sixteen lanes, one a block; in a function that may use AVX2 the compiler makes
//! vectors of them, so there is not one instruction written by hand, and the only `unsafe` is the call of that function.
//! Short messages and other processors go to the crate: on aarch64 it uses NEON.
//!
//! Nothing here depends on the content of a message or key but by adding, xor and rotating, so times tell nothing.

#[cfg(target_arch = "x86_64")]
use super::avx512::Avx512;
use chacha20poly1305::aead::KeyInit;
use poly1305::Poly1305;
use poly1305::universal_hash::UniversalHash;
use zeroize::Zeroize;

/// Blocks that are made at once: two vectors of AVX2 for each word.
const LANES: usize = 16;
const BLOCKS: u32 = 16;
const BLOCK: usize = 64;
const BATCH: usize = LANES * BLOCK;
pub(super) const TAG: usize = 16;

/// Bytes of a message from which on this is faster than the crate.
const LONG: usize = 2 * BATCH;

/// "expand 32-byte k".
const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// One word of each block.
type Row = [u32; LANES];

/// A key.
pub(super) struct WideCipher {
    key: [u32; 8],
    #[cfg(target_arch = "x86_64")]
    avx512: Option<Avx512>,
}

impl Drop for WideCipher {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

impl WideCipher {
    /// The cipher, if this processor gains by it.
    pub(super) fn new(key: &[u8; 32]) -> Option<Self> {
        has_avx2().then(|| Self::with_key(key))
    }

    fn with_key(key: &[u8; 32]) -> Self {
        let words = key.as_chunks::<4>().0;
        Self {
            key: core::array::from_fn(|at| words.get(at).map_or(0, |word| u32::from_le_bytes(*word))),
            #[cfg(target_arch = "x86_64")]
            avx512: Avx512::detect(),
        }
    }

    /// Whether a message of so many bytes is for this cipher.
    pub(super) const fn takes(length: usize) -> bool {
        length >= LONG
    }

    /// Encrypts `plain` into `out`, which is as long; returns the tag.
    pub(super) fn encrypt(&self, nonce: &[u8; 12], aad: &[u8], plain: &[u8], out: &mut [u8]) -> [u8; TAG] {
        let (mut state, mut key) = self.begin(nonce);
        self.xor_stream(&mut state, plain, out);
        let tag = self.tag(&key, aad, out);
        key.zeroize();
        tag
    }

    /// Decrypts `text` into `out`, which is as long; false, with nothing decrypted, if the tag is not that of the text.
    #[must_use]
    pub(super) fn decrypt(&self, nonce: &[u8; 12], aad: &[u8], text: &[u8], found: &[u8; TAG], out: &mut [u8]) -> bool {
        let (mut state, mut key) = self.begin(nonce);
        let tag = self.tag(&key, aad, text);
        key.zeroize();
        // In one comparison of all bits, whose time says nothing of where they differ.
        if u128::from_le_bytes(tag) ^ u128::from_le_bytes(*found) != 0 {
            return false;
        }
        self.xor_stream(&mut state, text, out);
        true
    }

    fn xor_stream(&self, state: &mut [u32; 16], input: &[u8], out: &mut [u8]) {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx512) = self.avx512 {
            return avx512.xor_stream(state, input, out);
        }
        xor_stream(state, input, out);
    }

    fn tag(&self, key: &[u8; 32], aad: &[u8], text: &[u8]) -> [u8; TAG] {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx512) = self.avx512 {
            return avx512.tag(key, aad, text);
        }
        tag(key, aad, text)
    }

    /// The state of block 1, with which a message begins, and the key of its authenticator, which is block 0.
    fn begin(&self, nonce: &[u8; 12]) -> ([u32; 16], [u8; 32]) {
        let mut state = [0; 16];
        let nonce = nonce.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word));
        let words = CONSTANTS.into_iter().chain(self.key).chain([0]).chain(nonce);
        state.iter_mut().zip(words).for_each(|(place, word)| *place = word);
        let mut rows = [[0; 1]; 16];
        blocks(&state, &mut rows);
        let mut key = [0; 32];
        key.as_chunks_mut::<4>().0.iter_mut().zip(rows).for_each(|(place, [word])| *place = word.to_le_bytes());
        state[12] = 1;
        (state, key)
    }
}

/// The tag of a message.
fn tag(key: &[u8; 32], aad: &[u8], text: &[u8]) -> [u8; TAG] {
    let mut authenticator = Poly1305::new(key.into());
    authenticator.update_padded(aad);
    authenticator.update_padded(text);
    let mut lengths = [0; TAG];
    lengths[..8].copy_from_slice(&(aad.len() as u64).to_le_bytes());
    lengths[8..].copy_from_slice(&(text.len() as u64).to_le_bytes());
    authenticator.update_padded(&lengths);
    authenticator.finalize().into()
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    std::is_x86_feature_detected!("avx2")
}

#[cfg(not(target_arch = "x86_64"))]
const fn has_avx2() -> bool {
    false
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "a function for AVX2 is called from one for any processor")]
fn xor_stream(state: &mut [u32; 16], input: &[u8], out: &mut [u8]) {
    // SAFETY: a `WideCipher` exists only where AVX2 was detected, and only its methods come here.
    unsafe { xor_stream_avx2(state, input, out) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn xor_stream_avx2(state: &mut [u32; 16], input: &[u8], out: &mut [u8]) {
    xor_stream_lanes(state, input, out);
}

#[cfg(not(target_arch = "x86_64"))]
fn xor_stream(state: &mut [u32; 16], input: &[u8], out: &mut [u8]) {
    xor_stream_lanes(state, input, out);
}

/// `out` is `input` xor the key stream from the state on.
#[inline(always)]
fn xor_stream_lanes(state: &mut [u32; 16], input: &[u8], out: &mut [u8]) {
    let mut rows: [Row; 16] = [[0; LANES]; 16];
    let (whole, rest) = input.as_chunks::<BATCH>();
    let (whole_out, rest_out) = out.as_chunks_mut::<BATCH>();
    for (input, out) in whole.iter().zip(whole_out) {
        blocks(state, &mut rows);
        state[12] = state[12].wrapping_add(BLOCKS);
        xor_batch(&rows, input, out);
    }
    if !rest.is_empty() {
        let (mut padded, mut padded_out) = ([0; BATCH], [0; BATCH]);
        padded[..rest.len()].copy_from_slice(rest);
        blocks(state, &mut rows);
        xor_batch(&rows, &padded, &mut padded_out);
        rest_out.copy_from_slice(&padded_out[..rest.len()]);
        padded.zeroize();
        padded_out.zeroize();
    }
}

#[inline(always)]
fn xor_batch(rows: &[Row; 16], input: &[u8; BATCH], out: &mut [u8; BATCH]) {
    for lane in 0..LANES {
        for (word, row) in rows.iter().enumerate() {
            let at = lane * BLOCK + word * 4;
            let plain = u32::from_le_bytes([input[at], input[at + 1], input[at + 2], input[at + 3]]);
            out[at..at + 4].copy_from_slice(&(plain ^ row[lane]).to_le_bytes());
        }
    }
}

/// The blocks of the key stream from the state on, one a lane.
#[inline(always)]
fn blocks<const N: usize>(state: &[u32; 16], rows: &mut [[u32; N]; 16]) {
    let mut start = [[0; N]; 16];
    for (row, word) in start.iter_mut().zip(state) {
        *row = [*word; N];
    }
    for (lane, counter) in (0..).zip(&mut start[12]) {
        *counter = counter.wrapping_add(lane);
    }
    *rows = start;
    for _ in 0..10 {
        // Not a loop: with one the rows are not kept in registers, and it takes half as long again.
        quarter_round(rows, 0, 4, 8, 12);
        quarter_round(rows, 1, 5, 9, 13);
        quarter_round(rows, 2, 6, 10, 14);
        quarter_round(rows, 3, 7, 11, 15);
        quarter_round(rows, 0, 5, 10, 15);
        quarter_round(rows, 1, 6, 11, 12);
        quarter_round(rows, 2, 7, 8, 13);
        quarter_round(rows, 3, 4, 9, 14);
    }
    for (row, start) in rows.iter_mut().zip(start) {
        *row = add(*row, start);
    }
}

#[inline(always)]
fn quarter_round<const N: usize>(rows: &mut [[u32; N]; 16], a: usize, b: usize, c: usize, d: usize) {
    rows[a] = add(rows[a], rows[b]);
    rows[d] = xor_rotate::<N, 16>(rows[d], rows[a]);
    rows[c] = add(rows[c], rows[d]);
    rows[b] = xor_rotate::<N, 12>(rows[b], rows[c]);
    rows[a] = add(rows[a], rows[b]);
    rows[d] = xor_rotate::<N, 8>(rows[d], rows[a]);
    rows[c] = add(rows[c], rows[d]);
    rows[b] = xor_rotate::<N, 7>(rows[b], rows[c]);
}

#[inline(always)]
fn add<const N: usize>(mut one: [u32; N], other: [u32; N]) -> [u32; N] {
    one.iter_mut().zip(other).for_each(|(one, other)| *one = one.wrapping_add(other));
    one
}

#[inline(always)]
fn xor_rotate<const N: usize, const BY: u32>(mut one: [u32; N], other: [u32; N]) -> [u32; N] {
    one.iter_mut().zip(other).for_each(|(one, other)| *one = (*one ^ other).rotate_left(BY));
    one
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::wire::random_bytes;
    use chacha20poly1305::aead::AeadInOut;
    use chacha20poly1305::aead::inout::InOutBuf;
    use chacha20poly1305::{ChaCha20Poly1305, Nonce};

    /// The ciphers of this processor; where it is none that gains, that for any.
    fn ciphers(key: &[u8; 32]) -> Vec<WideCipher> {
        let cipher = WideCipher::with_key(key);
        #[cfg(target_arch = "x86_64")]
        if cipher.avx512.is_some() {
            let mut narrow = WideCipher::with_key(key);
            narrow.avx512 = None;
            return vec![narrow, cipher];
        }
        vec![cipher]
    }

    #[test]
    fn every_length_gives_what_the_crate_gives_and_comes_back() {
        if !has_avx2() && cfg!(target_arch = "x86_64") {
            println!("not tested: this processor has no AVX2");
            return;
        }
        let ciphers = ciphers(&[0; 32]).len();
        println!("ciphers of this processor: {ciphers}, the last with AVX-512 if there are two");
        (0..ciphers).for_each(check);
    }

    fn check(which: usize) {
        let mut rng = Rng::new(4);
        let bytes = random_bytes::bytes(&mut rng, 70_000);
        let bytes = [bytes, vec![5; 70_000]].concat();
        let key: [u8; 32] = *bytes.last_chunk().unwrap();
        let (wide, crate_cipher) = (ciphers(&key).swap_remove(which), ChaCha20Poly1305::new(&key.into()));
        let lengths = (0..40).chain(1_000..1_050).chain([2_047, 2_048, 2_049, 3_071, 4_096, 32_769, 65_519, 70_000]);
        for (n, length) in (0_u8..).zip(lengths) {
            let (plain, nonce) = (&bytes[..length], [n; 12]);
            let (mut expected, mut out) = (vec![0; length], vec![0; length]);
            let buffers = InOutBuf::new(plain, &mut expected).unwrap();
            let aad = &bytes[..usize::from(n % 20)];
            let expected_tag = crate_cipher.encrypt_inout_detached(&Nonce::from(nonce), aad, buffers).unwrap();
            let tag = wide.encrypt(&nonce, aad, plain, &mut out);
            assert!(out == expected && tag[..] == expected_tag[..], "{length} bytes");
            let mut back = vec![0; length];
            assert!(wide.decrypt(&nonce, aad, &out, &tag, &mut back) && back == plain, "{length} bytes");
            let mut forged = tag;
            forged[usize::from(n) % TAG] ^= 1 << (n % 8);
            back.fill(0);
            assert!(!wide.decrypt(&nonce, aad, &out, &forged, &mut back), "{length} bytes");
            assert!(back.iter().all(|byte| *byte == 0), "nothing of a forged message is decrypted");
        }
    }
}
