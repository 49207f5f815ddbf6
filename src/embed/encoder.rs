//! The encoder of a sentence transformer, from word vectors to the mean of its results, by our own kernels.
//!
//! It runs one text at a time, without padding and without a mask: a batch saves 3 % and would make a text's time depend on its
//! neighbours. Between the attention steps, which need a whole text, rows go through a layer in blocks whose intermediate numbers stay
//! in the processor's second cache. Buffers are allocated once; a text allocates nothing.
//!
//! Words are looked up apart from it ([`Words`]), so that a model may keep its word vectors elsewhere.

use crate::embed::kernels::attention;
use crate::embed::kernels::matrix::Matrix;
use crate::embed::kernels::normalize::Norm;
use crate::embed::kernels::quantize::Rows;
use crate::embed::kernels::{Activation, Kernel};
use crate::limits::DIMENSIONS;
use std::borrow::Cow;
use std::fmt;

/// Tokens whose intermediate numbers are computed at once; with 1,536 of them for each token, 432 KiB.
const BLOCK: usize = 72;
/// Texts of at most so many tokens have finer codes: twice as many rows fit one tile of AMX, so that the products take no longer
/// there.
const FINE_TOKENS: usize = 8;
const _: () = assert!(2 * FINE_TOKENS <= BLOCK);

/// The parameters of a layer.
#[derive(Clone, Debug)]
pub struct Layer {
    /// To queries, keys and values; queries are divided by the square root of a head's width.
    pub projection: Matrix,
    /// The attention heads.
    pub heads: usize,
    /// Of what the heads give.
    pub mixed: Matrix,
    /// After the sum of input and attention.
    pub middle: Norm,
    /// To the wide numbers, of which the GELU is taken.
    pub wide: Matrix,
    /// From the wide numbers.
    pub narrow: Matrix,
    /// After the sum of that and its input.
    pub end: Norm,
}

impl Layer {
    fn fits(&self) -> bool {
        let heads =
            self.heads > 0 && DIMENSIONS.is_multiple_of(self.heads) && (DIMENSIONS / self.heads).is_multiple_of(32);
        let sizes = |matrix: &Matrix| (matrix.depth(), matrix.outputs());
        let wide = self.wide.outputs();
        heads
            && sizes(&self.projection) == (DIMENSIONS, 3 * DIMENSIONS)
            && sizes(&self.mixed) == (DIMENSIONS, DIMENSIONS)
            && sizes(&self.wide) == (DIMENSIONS, wide)
            && sizes(&self.narrow) == (wide, DIMENSIONS)
            && self.middle.depth() == DIMENSIONS
            && self.end.depth() == DIMENSIONS
    }
}

/// The parameters of an encoder.
#[derive(Clone)]
pub struct Encoder {
    /// What is added to the word vector at each place of a text.
    places: Vec<f32>,
    start: Norm,
    layers: Vec<Layer>,
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encoder({} layers, {} places)", self.layers.len(), self.places())
    }
}

impl Encoder {
    /// An encoder of these parts; `None` if their sizes are not those of an encoder of `DIMENSIONS` numbers, or a place is not finite.
    #[must_use]
    pub fn new(places: Vec<f32>, start: Norm, mut layers: Vec<Layer>) -> Option<Self> {
        let fits = places.len().is_multiple_of(DIMENSIONS)
            && places.iter().all(|number| number.is_finite())
            && start.depth() == DIMENSIONS
            && !layers.is_empty();
        if !fits || !layers.iter().all(Layer::fits) {
            return None;
        }
        // What normalisations shift is not in the codes of their results.
        let mut before = &start;
        for layer in &mut layers {
            if !layer.projection.add_input(before.shift()) || !layer.wide.add_input(layer.middle.shift()) {
                return None;
            }
            before = &layer.end;
        }
        Some(Self { places, start, layers })
    }

    /// The most tokens of a text.
    #[must_use]
    pub const fn places(&self) -> usize {
        self.places.len() / DIMENSIONS
    }

    /// The number of layers.
    #[must_use]
    pub const fn layers(&self) -> usize {
        self.layers.len()
    }

    /// The mean of the encoder's results for the tokens whose word vectors stand in the buffers.
    ///
    /// # Panics
    /// If the buffers have no word vectors ([`Buffers::words`]), or were made for another encoder or for more tokens than this one has places.
    #[must_use]
    pub fn encode(&self, kernel: Kernel, buffers: &mut Buffers) -> [f32; DIMENSIONS] {
        let tokens = buffers.tokens;
        let pass = Pass { kernel, fine: tokens <= FINE_TOKENS };
        let Buffers { numbers, projected, mixed, narrow, wide, rows, attention, .. } = buffers;
        let numbers = &mut numbers[..tokens * DIMENSIONS];
        let mixed = &mut mixed[..tokens * DIMENSIONS];
        let factors = self.layers[0].projection.factors();
        for range in blocks(tokens, DIMENSIONS) {
            let (block, places) = (&mut numbers[range.clone()], &self.places[range.clone()]);
            pass.add_normalize(block, places, (&self.start, factors), rows);
            pass.multiply(rows, &self.layers[0].projection, Activation::None, &mut projected[3 * range.start..]);
        }
        for (at, layer) in self.layers.iter().enumerate() {
            let whole = &projected[..tokens * 3 * DIMENSIONS];
            kernel.attend(whole, layer.heads, DIMENSIONS / layer.heads, mixed, attention);
            let next = self.layers.get(at + 1);
            // After the last layer nothing is multiplied.
            let factors = next.unwrap_or(layer).projection.factors();
            for range in blocks(tokens, DIMENSIONS) {
                let numbers = &mut numbers[range.clone()];
                pass.quantize(&mixed[range.clone()], layer.mixed.factors(), rows);
                let added = pass.multiply(rows, &layer.mixed, Activation::None, narrow);
                pass.add_normalize(numbers, added, (&layer.middle, layer.wide.factors()), rows);
                let wide = pass.multiply(rows, &layer.wide, Activation::Gelu, wide);
                pass.quantize(wide, layer.narrow.factors(), rows);
                let added = pass.multiply(rows, &layer.narrow, Activation::None, narrow);
                pass.add_normalize(numbers, added, (&layer.end, factors), rows);
                if let Some(next) = next {
                    // This layer's attention is done: its queries, keys and values are not needed any more.
                    pass.multiply(rows, &next.projection, Activation::None, &mut projected[3 * range.start..]);
                }
            }
        }
        mean(numbers)
    }
}

/// How a text is computed.
#[derive(Clone, Copy)]
struct Pass {
    kernel: Kernel,
    /// With finer codes of all numbers, below the others in the rows.
    fine: bool,
}

impl Pass {
    fn quantize(self, numbers: &[f32], factors: &[f32], rows: &mut Rows) {
        self.kernel.quantize(numbers, factors, rows);
        if self.fine {
            self.kernel.refine(numbers, None, factors, rows);
        }
    }

    fn add_normalize(self, numbers: &mut [f32], more: &[f32], (norm, factors): (&Norm, &[f32]), rows: &mut Rows) {
        self.kernel.add_normalize(numbers, more, (norm, factors), rows);
        if self.fine {
            self.kernel.refine(numbers, Some(norm.shift()), factors, rows);
        }
    }

    /// The products of a block's rows: the first numbers of `out`, which has room for those of the finer rows too.
    fn multiply<'a>(self, rows: &Rows, matrix: &Matrix, activation: Activation, out: &'a mut [f32]) -> &'a mut [f32] {
        let out = &mut out[..rows.count() * matrix.outputs()];
        if !self.fine {
            self.kernel.multiply(rows, matrix, activation, out);
            return out;
        }
        self.kernel.multiply(rows, matrix, Activation::None, out);
        self.kernel.join(matrix, activation, out);
        let half = out.len() / 2;
        &mut out[..half]
    }
}

/// The numbers of blocks of nearly equal size.
fn blocks(tokens: usize, depth: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let count = tokens.div_ceil(BLOCK);
    (0..count).map(move |block| block * tokens / count * depth..(block + 1) * tokens / count * depth)
}

fn mean(numbers: &[f32]) -> [f32; DIMENSIONS] {
    let (rows, _) = numbers.as_chunks::<DIMENSIONS>();
    let mut sums = [0.0; DIMENSIONS];
    for row in rows {
        sums.iter_mut().zip(row).for_each(|(sum, number)| *sum += number);
    }
    let count = rows.len().max(1) as f32;
    sums.map(|sum| sum / count)
}

/// Where a text's numbers are computed: used from text to text, and never larger than the longest text asks for.
#[derive(Clone, Debug)]
pub struct Buffers {
    tokens: usize,
    numbers: Vec<f32>,
    projected: Vec<f32>,
    mixed: Vec<f32>,
    narrow: Vec<f32>,
    wide: Vec<f32>,
    rows: Rows,
    attention: attention::Buffers,
}

impl Buffers {
    /// Buffers for texts of at most so many tokens. Memory is taken from the system when a text of that length comes.
    #[must_use]
    pub fn new(encoder: &Encoder, tokens: usize) -> Self {
        let widest = encoder.layers.iter().map(|layer| layer.wide.outputs()).max().unwrap_or(0);
        let heads = encoder.layers.iter().map(|layer| layer.heads).min().unwrap_or(1);
        // Finer rows are a second one for each token.
        let block = tokens.clamp(2 * FINE_TOKENS, BLOCK);
        let zeros = |count: usize| vec![0.0; count];
        Self {
            tokens: 0,
            numbers: zeros(tokens * DIMENSIONS),
            projected: zeros(tokens.max(block) * 3 * DIMENSIONS),
            mixed: zeros(tokens * DIMENSIONS),
            narrow: zeros(block * DIMENSIONS),
            wide: zeros(block * widest),
            rows: Rows::with_capacity(block, block * widest.max(DIMENSIONS)),
            attention: attention::Buffers::with_capacity(tokens, DIMENSIONS / heads),
        }
    }

    /// The word vectors of a text of so many tokens, to be written; `None` if it is empty or the buffers are for shorter ones.
    pub fn words(&mut self, tokens: usize) -> Option<&mut [[f32; DIMENSIONS]]> {
        let numbers = self.numbers.get_mut(..tokens * DIMENSIONS).filter(|numbers| !numbers.is_empty())?;
        self.tokens = tokens;
        Some(numbers.as_chunks_mut().0)
    }
}

/// A table of word vectors: a row of eight-bit codes and a scale for each token of the vocabulary.
#[derive(Clone)]
pub struct Words {
    /// Signed codes, as the bytes that they are in the model's file: 12 MB, which so need not be copied.
    codes: Cow<'static, [u8]>,
    scales: Vec<f32>,
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words({})", self.scales.len())
    }
}

impl Words {
    /// A table; `None` if it has not a row of codes for each scale, or a scale is not finite.
    #[must_use]
    pub fn new(codes: Cow<'static, [u8]>, scales: Vec<f32>) -> Option<Self> {
        let fits = codes.len() == scales.len() * DIMENSIONS && scales.iter().all(|scale| scale.is_finite());
        fits.then_some(Self { codes, scales })
    }

    /// How many words it has.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.scales.len()
    }

    /// Writes the vector of a token; false if there is none.
    #[must_use]
    pub fn write(&self, token: u32, into: &mut [f32; DIMENSIONS]) -> bool {
        let token = token as usize;
        let Some(scale) = self.scales.get(token) else { return false };
        let codes = &self.codes[token * DIMENSIONS..][..DIMENSIONS];
        into.iter_mut().zip(codes).for_each(|(number, code)| *number = f32::from(code.cast_signed()) * scale);
        true
    }
}
