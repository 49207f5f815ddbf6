//! Random bytes, positions and damage from a seed, for the tests of decoders.

use crate::base::rng::Rng;

/// A number from 0 to `end - 1`.
pub(crate) fn below(rng: &mut Rng, end: usize) -> usize {
    usize::try_from(rng.below(end as u64)).unwrap_or_default()
}

/// Fewer than `end` random bytes.
pub(crate) fn bytes(rng: &mut Rng, end: usize) -> Vec<u8> {
    (0..below(rng, end)).map(|_| byte(rng)).collect()
}

/// One random byte.
pub(crate) fn byte(rng: &mut Rng) -> u8 {
    rng.next().to_le_bytes()[0]
}

/// Overwrites fewer than `times` bytes at random positions.
pub(crate) fn damage(rng: &mut Rng, bytes: &mut [u8], times: usize) {
    for _ in 0..below(rng, times) {
        let at = below(rng, bytes.len());
        bytes[at] = byte(rng);
    }
}
