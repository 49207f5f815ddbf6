//! The costs of the parts of one agent: embedding, tokenizing, chunking and the vector scan. `cargo bench --bench
//! indexing` prints a table; docs/evidence.md has figures.
//!
//! The vector scan is compared with the obvious alternative, exact f32 cosines over all vectors.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    missing_docs,
    reason = "a bench fails by panicking and reads the model itself"
)]

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use std::fs;
use wattle::base::id::{Fingerprint, Row};
use wattle::base::rng::Rng;
use wattle::base::vector::Embedding;
use wattle::embed::Embedder;
use wattle::embed::engine::Engine;
use wattle::embed::model::Manifest;
use wattle::limits::{DIMENSIONS, RESCORE};
use wattle::search::lexical::row_set::RowSet;
use wattle::search::vector::Index;
use wattle::text::chunk::chunks;
use wattle::text::extract::extract;

fn main() {
    divan::main();
}

fn engine() -> Engine {
    let file = |name: &str| fs::read(format!("{}/models/all-MiniLM-L6-v2/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let manifest = Manifest::parse(&file("manifest.json")).unwrap();
    Engine::load(file("model.onnx"), &String::from_utf8(file("vocab.txt")).unwrap(), &manifest).unwrap()
}

fn readme() -> String {
    fs::read_to_string(format!("{}/README.md", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn vectors(count: u64) -> Vec<Embedding> {
    let mut rng = Rng::new(7);
    let number = |rng: &mut Rng| (rng.below(2001) as f32 - 1000.0) / 1000.0;
    (0..count)
        .map(|_| {
            let raw: Vec<f32> = (0..DIMENSIONS).map(|_| number(&mut rng)).collect();
            Embedding::new(Fingerprint([0; 32]), &raw).unwrap()
        })
        .collect()
}

/// One chunk of so many tokens, on one thread.
#[divan::bench(args = [32, 128, 254], sample_count = 20)]
fn embed(bencher: Bencher<'_, '_>, tokens: usize) {
    let mut engine = engine();
    let text = "house ".repeat(tokens);
    bencher.bench_local(|| engine.embed(black_box(&text)).unwrap());
}

#[divan::bench]
fn count_tokens(bencher: Bencher<'_, '_>) {
    let (engine, text) = (engine(), readme());
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| engine.tokens(black_box(&text)));
}

#[divan::bench]
fn split_markdown_into_chunks(bencher: Bencher<'_, '_>) {
    let (engine, text) = (engine(), readme());
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| {
        let text = extract("README.md", black_box(text.as_bytes())).unwrap();
        chunks(&text, &|part: &str| engine.tokens(part))
    });
}

/// The shipped scan: sketches of all vectors, then int8 cosines of the nearest.
#[divan::bench(args = [10_000, 100_000])]
fn scan_sign_bits_then_int8(bencher: Bencher<'_, '_>, count: u64) {
    let vectors = vectors(count);
    let stored: Vec<_> = vectors.iter().map(Embedding::quantize).collect();
    let mut index = Index::new();
    let entries: Vec<_> = vectors.iter().zip(0..).map(|(vector, row)| (Row(row), vector.quantize().sketch())).collect();
    index.add(&entries);
    let question = vectors[3].clone();
    bencher.counter(ItemsCount::new(count)).bench_local(|| {
        let near = index.nearest(&question, RESCORE, &RowSet::default());
        near.iter().map(|row| stored[row.0 as usize].cosine(black_box(&question))).fold(f32::MIN, f32::max)
    });
}

/// The alternative: exact cosines of all vectors.
#[divan::bench(args = [10_000, 100_000])]
fn scan_exact_f32(bencher: Bencher<'_, '_>, count: u64) {
    let vectors = vectors(count);
    let question = vectors[3].clone();
    bencher.counter(ItemsCount::new(count)).bench_local(|| {
        vectors.iter().map(|vector| vector.cosine(black_box(&question)).unwrap()).fold(f32::MIN, f32::max)
    });
}
