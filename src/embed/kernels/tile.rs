//! How a product's rows are divided, and what follows it.

/// What follows a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    None,
    /// The exact GELU: x (1 + erf(x / sqrt 2)) / 2.
    Gelu,
}

/// The least number of tiles of at most `most` rows, of nearly equal heights: their first rows and their heights.
pub(super) fn tiles(rows: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = rows.div_ceil(most);
    (0..count).map(move |tile| {
        let begin = tile * rows / count;
        (begin, (tile + 1) * rows / count - begin)
    })
}
