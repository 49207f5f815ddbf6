//! Which blocks have sums of two products that fit 16 bits whatever the codes are.
//!
//! The instructions of AVX2 multiply an unsigned by a signed byte and add two such products in 16 bits, where a sum that is too large
//! stays at the largest number. A code of at most 255 times two weights that are together at most 128 in size, those of one sign, is
//! not too large. Of a group's blocks more than half are so in trained models, and the others take a longer way (`avx2`), so that all sums are exact.

use super::block::{Block, DEPTH, GROUP, OFFSET};

/// The largest sum of two weights of one sign that is safe with any code: 255 * 128 is below 2^15.
const SAFE: i32 = 128;
const _: () = assert!(SAFE * 255 < 1 << 15);

/// The blocks of a group in the order in which they are multiplied.
#[derive(Clone, Debug)]
pub(super) struct Order {
    places: Vec<u16>,
    safe: usize,
    /// What the sums of the columns begin with: what the longer way leaves out.
    pub(super) begin: [i32; GROUP],
}

impl Order {
    /// The places of the blocks whose sums are safe, and of the others.
    pub(super) fn parts(&self) -> (&[u16], &[u16]) {
        self.places.split_at(self.safe)
    }

    /// The order of a group of these blocks, of which there are at most 2^16.
    pub(super) fn new(blocks: &[Block], group: usize) -> Self {
        let is_safe = |place: &u16| fits(&blocks[usize::from(*place)].0[group]);
        let places = 0..u16::try_from(blocks.len()).unwrap_or(u16::MAX);
        let (mut places, others): (Vec<u16>, Vec<u16>) = places.partition(is_safe);
        let mut begin = [0; GROUP];
        for place in &others {
            let columns = blocks[usize::from(*place)].0[group].as_chunks::<DEPTH>().0;
            for (begin, weights) in begin.iter_mut().zip(columns) {
                // The longer way multiplies codes without their offset, and takes a negative weight's size from the sum once.
                *begin += weights.iter().map(|&w| i32::from(OFFSET) * i32::from(w) - i32::from(w.min(0))).sum::<i32>();
            }
        }
        let safe = places.len();
        places.extend(others);
        Self { places, safe, begin }
    }
}

fn fits(weights: &[i8; GROUP * DEPTH]) -> bool {
    let of_sign = |pair: &[i8; 2], sign: i32| pair.iter().map(|&weight| (sign * i32::from(weight)).max(0)).sum::<i32>();
    weights.as_chunks().0.iter().all(|pair| of_sign(pair, 1) <= SAFE && of_sign(pair, -1) <= SAFE)
}

#[cfg(test)]
mod tests {
    use super::Order;
    use crate::embed::kernels::block::Block;

    #[test]
    fn a_block_is_safe_where_no_two_weights_of_a_sum_are_too_large_together() {
        let mut blocks = vec![Block([[50; 64]; 4]); 4];
        // A column has four weights, of which the first two are added, and the last two. In the second block two that are added are too
        // large together.
        blocks[1].0[0][..2].copy_from_slice(&[-65, -64]);
        // In the third they are not added.
        blocks[2].0[0][13..15].copy_from_slice(&[70, 70]);
        // In the first they are of opposite signs.
        blocks[0].0[1][..2].copy_from_slice(&[127, -127]);
        let order = Order::new(&blocks, 0);
        assert_eq!(order.parts(), (&[0, 2, 3][..], &[1][..]));
        assert_eq!(order.begin[..2], [128 * (50 + 50 - 65 - 64) + 129, 128 * 200]);
        let order = Order::new(&blocks, 1);
        assert_eq!((order.parts(), order.begin), ((&[0, 1, 2, 3][..], &[][..]), [0; 16]));
    }
}
