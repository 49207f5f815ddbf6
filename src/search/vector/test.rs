//! The vector index against a look at every vector.

use super::*;
use crate::base::id::Fingerprint;
use crate::base::rng::Rng;
use crate::limits::DIMENSIONS;
use crate::search::lexical::row_set::RowSet;

fn vector(seed: u64) -> Embedding {
    let mut rng = Rng::new(seed);
    let raw: Vec<f32> = (0..DIMENSIONS).map(|_| rng.below(2_001) as f32 - 1_000.0).collect();
    Embedding::new(Fingerprint([0; 32]), &raw).unwrap()
}

fn sketch(seed: u64) -> Sketch {
    vector(seed).quantize().sketch()
}

fn entries(rows: impl Iterator<Item = u64>) -> Vec<(Row, Sketch)> {
    rows.map(|row| (Row(row), sketch(row))).collect()
}

/// What is to be found, by a look at each vector: those with the nearest signs, and of these the best by the numbers that their bits stand for.
fn looked_at(entries: &[(Row, Sketch)], question: &Embedding, max: usize, leave: impl Fn(Row) -> bool) -> Vec<Row> {
    let signs = question.signs();
    let mut all: Vec<_> = entries.iter().filter(|(row, _)| !leave(*row)).collect();
    all.sort_by_key(|(row, sketch)| (sketch.signs.distance(&signs), *row));
    all.truncate(max + (3 * max).clamp(180, 600) + entries.len() / 1_000);
    let codes: Vec<i32> = question.quantize().bytes().map(|code| code.cast_signed().into()).collect();
    let bit = |bits: &Bits, at: usize| bits.words()[at / 64] >> (at % 64) & 1 == 1;
    let product = |sketch: &Sketch, at: usize| {
        let amount = if bit(&sketch.large, at) { 3 } else { 1 };
        codes[at] * if bit(&sketch.signs, at) { amount } else { -amount }
    };
    all.sort_by_key(|(row, sketch)| (-(0..DIMENSIONS).map(|at| product(sketch, at)).sum::<i32>(), *row));
    all.into_iter().take(max).map(|(row, _)| *row).collect()
}

fn found(index: &Index, question: u64, max: usize) -> Vec<Row> {
    index.nearest(&vector(question), max, &RowSet::default())
}

#[test]
fn the_nearest_rows_come_first_in_whatever_order_they_were_added() {
    let entries = entries(0..500);
    let (mut forward, mut reversed) = (Index::new(), Index::new());
    forward.add(&entries);
    entries.iter().rev().for_each(|entry| reversed.add(&[*entry]));
    let expected = looked_at(&entries, &vector(77), 10, |_| false);
    assert_eq!(found(&forward, 77, 10), expected);
    assert_eq!(found(&reversed, 77, 10), expected);
    assert_eq!((expected[0], expected.len()), (Row(77), 10));
}

#[test]
fn the_nearest_by_exact_cosine_are_among_those_found() {
    // Vectors around 40 others, as passages about one thing lie: of each question the nearest are those around its own.
    let mut rng = Rng::new(3);
    let vectors: Vec<Embedding> = (0..4_000)
        .map(|row| {
            let (centre, noise) = (vector(row % 40), vector(1_000 + row));
            let share = 1.0 + rng.below(100) as f32 / 50.0;
            let mixed: Vec<f32> = centre.values().iter().zip(noise.values()).map(|(c, n)| c + share * n).collect();
            Embedding::new(Fingerprint([0; 32]), &mixed).unwrap()
        })
        .collect();
    let mut index = Index::new();
    index.add(&vectors.iter().zip(0..).map(|(of, row)| (Row(row), of.quantize().sketch())).collect::<Vec<_>>());
    let mut hits = 0;
    for question in 0..40 {
        let question = vector(question);
        let mut exact: Vec<_> =
            (0..).zip(&vectors).map(|(row, of)| (of.cosine(&question).unwrap(), Row(row))).collect();
        exact.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        let found = index.nearest(&question, 20, &RowSet::default());
        hits += exact.iter().take(10).filter(|(_, row)| found.contains(row)).count();
    }
    assert!(hits >= 396, "{hits} of 400");
}

#[test]
fn copies_of_one_text_leave_room_for_others() {
    let mut index = Index::new();
    index.add(&(0..1000).map(|row| (Row(row), sketch(7))).collect::<Vec<_>>());
    index.add(&entries(1000..1050));
    let near = found(&index, 7, 10);
    let copies = near.iter().filter(|row| row.0 < 1000).count();
    assert_eq!((copies, near.len()), (PLACES_MAX, PLACES_MAX + 9));
}

#[test]
fn what_differs_in_one_bit_alone_is_no_copy() {
    let (first, mut index) = (sketch(7), Index::new());
    // A number that the question does not have: the estimate is the same.
    let mut values = *vector(7).values();
    values[70] = 0.0;
    let question = Embedding::new(Fingerprint([0; 32]), &values).unwrap();
    let mut words = *first.large.words();
    words[1] ^= 1 << 6;
    let other = Sketch { large: Bits::from_words(words), ..first };
    index.add(&(0..20).map(|row| (Row(row), if row % 2 == 0 { first } else { other })).collect::<Vec<_>>());
    let near = index.nearest(&question, 2, &RowSet::default());
    assert_eq!(near.len(), 2 * PLACES_MAX.min(10));
    assert_eq!(index.nearest(&question, 1, &RowSet::default()).len(), PLACES_MAX.min(10));
}

#[test]
fn a_removed_row_is_not_found() {
    let mut index = Index::new();
    index.add(&entries(1..3));
    index.remove(&[Row(1), Row(99)]);
    assert_eq!(found(&index, 1, 5), [Row(2)]);
    assert_eq!(index.len(), 1);
}

#[test]
fn what_is_found_and_then_moved_leaves_each_row_once_with_its_last_sketch() {
    let mut index = Index::new();
    let mut there: BTreeMap<Row, Sketch> = BTreeMap::new();
    for step in 0..200_u64 {
        let row = |n: u64| Row((step * 7 + n * n) % 97);
        let go: BTreeSet<Row> = (0..step % 9).map(row).collect();
        let come: BTreeMap<Row, Sketch> =
            go.iter().filter(|row| row.0 % 3 > 0).map(|row| (*row, sketch(step * 100 + row.0))).collect();
        there.retain(|row, _| !go.contains(row));
        there.extend(&come);
        let moves = index.find(&go, come);
        index.apply(moves);
        let entries: Vec<_> = there.iter().map(|(row, sketch)| (*row, *sketch)).collect();
        assert_eq!(index.len(), entries.len(), "step {step}");
        assert_eq!(found(&index, step, 999), looked_at(&entries, &vector(step), 999, |_| false));
    }
}

#[test]
fn every_kernel_finds_the_same_whatever_the_number_of_rows() {
    for count in [0, 1, 7, 8, 9, 511, 512, 513, 3_000] {
        let entries = entries((0..count).map(|row| row * 3));
        let signs = vector(5).signs();
        let mut index = Index::new();
        index.add(&entries);
        let mut expected: Vec<_> = entries.iter().map(|(row, of)| (of.signs.distance(&signs), *row)).collect();
        expected.sort_unstable();
        for (kernel, max) in Kernel::all().flat_map(|kernel| [1, 3, 200, 5_000].map(|max| (kernel, max))) {
            let near = index.within(&signs, max, Taken::from(&RowSet::default()), kernel);
            let mut rows: Vec<_> = near.iter().map(|(distance, row, _)| (u32::from(*distance), *row)).collect();
            rows.sort_unstable();
            assert_eq!(rows, expected[..max.min(expected.len())], "{count} rows, {max} wanted, {kernel:?}");
        }
    }
}

#[test]
fn rows_that_are_left_out_take_no_place_of_others() {
    let entries = entries(0..2_000);
    let (mut index, question) = (Index::new(), vector(77));
    index.add(&entries);
    let order = looked_at(&entries, &question, 5_000, |_| false);
    // The nearest 500, and every other row.
    let out: RowSet = order.iter().take(500).copied().chain((0..2_000).step_by(2).map(Row)).collect();
    let expected = |max: usize| looked_at(&entries, &question, max, |row| out.contains(row));
    assert_eq!(index.nearest(&question, 50, &out), expected(50));
    assert_eq!(index.nearest(&question, 5_000, &out), expected(5_000));
    let all: RowSet = (0..2_000).map(Row).collect();
    assert_eq!(index.nearest(&question, 5, &all), []);
    // The farthest alone, and of those no other ones.
    let only: RowSet = order.iter().rev().take(100).copied().collect();
    let expected = |max: usize| looked_at(&entries, &question, max, |row| out.contains(row) || !only.contains(row));
    let taken = Taken { left_out: &out, only: Some(&only) };
    assert!(!expected(5).is_empty());
    assert_eq!(index.nearest(&question, 5, taken), expected(5));
    assert_eq!(index.nearest(&question, 5_000, taken), expected(5_000));
}

#[test]
fn rows_come_and_go_and_memory_is_little_more_than_that_of_the_sketches() {
    let mut index = Index::new();
    let mut entries = entries(0..4_003);
    entries.chunks(10).for_each(|some| index.add(some));
    assert!(index.memory() <= 4_003 * 104 * 9 / 8 + 1_000, "{}", index.memory());
    let gone: Vec<Row> = (0..4_003).filter(|row| row % 3 == 0).map(Row).collect();
    index.remove(&gone);
    entries.retain(|(row, _)| row.0 % 3 != 0);
    assert_eq!(index.len(), entries.len());
    assert_eq!(found(&index, 7, 9_999), looked_at(&entries, &vector(7), 9_999, |_| false));
    index.add(&[(Row(9_000), sketch(7))]);
    assert_eq!(found(&index, 7, 2)[..2], [Row(7), Row(9_000)]);
}

#[test]
fn many_equally_near_rows_are_cut_at_the_oldest() {
    let mut index = Index::new();
    index.add(&(0..5_000).rev().map(|row| (Row(row), sketch(3))).collect::<Vec<_>>());
    let near = index.within(&vector(3).signs(), 20, Taken::from(&RowSet::default()), Kernel::best());
    assert_eq!(near.iter().map(|(_, row, _)| row.0).collect::<BTreeSet<_>>(), (0..20).collect());
}
