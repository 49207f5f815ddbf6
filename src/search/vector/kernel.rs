//! Which instructions compare sign bits: the widest that this processor has. All give the same distances.

#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use super::avx512::Avx512;
use super::block::{Block, Compared, LANES};
#[cfg(target_arch = "aarch64")]
use super::neon::Neon;
use crate::base::vector::BIT_WORDS;

/// The instructions.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kernel {
    /// Those that every processor has.
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
}

impl Kernel {
    /// Those that this processor has, the slowest first.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let portable = [Some(Self::Portable)];
        #[cfg(target_arch = "x86_64")]
        let wide = [Avx2::detect().map(Self::Avx2), Avx512::detect().map(Self::Avx512)];
        #[cfg(target_arch = "aarch64")]
        let wide = [Neon::detect().map(Self::Neon)];
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let wide: [Option<Self>; 0] = [];
        portable.into_iter().chain(wide).flatten()
    }

    /// The fastest of this processor.
    pub(super) fn best() -> Self {
        Self::all().last().unwrap_or(Self::Portable)
    }

    /// The distances of the vectors of each block from the question, and which blocks have one that is not farther than the limit.
    pub(super) fn compare(self, question: &[u64; BIT_WORDS], blocks: &[Block], limit: u16, out: &mut [Compared]) {
        match self {
            Self::Portable => portable(question, blocks, limit, out),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.compare(question, blocks, limit, out),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(avx512) => avx512.compare(question, blocks, limit, out),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(neon) => neon.compare(question, blocks, limit, out),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a vector has 384 signs")]
fn portable(question: &[u64; BIT_WORDS], blocks: &[Block], limit: u16, out: &mut [Compared]) {
    for (block, out) in blocks.iter().zip(out) {
        let mut sums = [0_u32; LANES];
        for (words, asked) in block.0.iter().zip(question) {
            sums.iter_mut().zip(words).for_each(|(sum, word)| *sum += (word ^ asked).count_ones());
        }
        *out = Compared::new(sums.map(|sum| sum as u16), limit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::base::vector::Bits;

    #[test]
    fn all_instructions_give_the_distance_of_the_signs() {
        let mut rng = Rng::new(11);
        let mut word = || match rng.below(5) {
            0 => 0,
            1 => u64::MAX,
            _ => rng.below(u64::MAX),
        };
        let mut signs = || Bits::from_words(core::array::from_fn(|_| word()));
        for count in [0, 1, 2, 3, 7, 64] {
            let mut blocks = vec![Block::EMPTY; count];
            let vectors: Vec<Bits> = (0..count * LANES).map(|_| signs()).collect();
            for (at, vector) in vectors.iter().enumerate() {
                blocks[at / LANES].set(at % LANES, vector);
                assert_eq!(blocks[at / LANES].get(at % LANES), *vector);
            }
            let none = Bits::from_words([0; BIT_WORDS]);
            let every = Bits::from_words([u64::MAX; BIT_WORDS]);
            for question in [none, every, signs()] {
                let expected: Vec<u16> =
                    vectors.iter().map(|of| u16::try_from(of.distance(&question)).unwrap()).collect();
                let (blocks_of, _) = expected.as_chunks::<LANES>();
                for (kernel, limit) in
                    Kernel::all().flat_map(|kernel| [0, 1, 180, 192, 384].map(|limit| (kernel, limit)))
                {
                    let mut out = vec![Compared::default(); count];
                    kernel.compare(question.words(), &blocks, limit, &mut out);
                    let near = |of: &[u16; LANES]| of.iter().any(|distance| *distance <= limit);
                    let of = |of: &[u16; LANES]| Compared { distances: *of, is_near: near(of) };
                    assert_eq!(out, blocks_of.iter().map(of).collect::<Vec<_>>(), "{kernel:?}");
                }
            }
        }
        println!("compared: {:?}", Kernel::all().collect::<Vec<_>>());
    }
}
