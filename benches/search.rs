//! Our part of `scripts/search-bench`, which compares the search with other libraries: it holds vectors or texts, and takes the time of a
//! round of questions whenever a line on its input says so. Without arguments it ends at once.
//!
//! `search vectors VECTORS QUESTIONS FOLDER` reads numbers (f32, little-endian, 384 each) and makes a store in the folder;
//! `search words TEXTS QUESTIONS FOLDER` reads a text from each line. It answers with a line of JSON for each line of its input.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    missing_docs,
    reason = "a bench fails by panicking, reads files and looks at the clock"
)]

use std::fs;
use std::io::{self, BufRead};
use std::path::Path;
use std::time::Instant;
use wattle::base::id::{Fingerprint, Row};
use wattle::base::vector::{Embedding, Quantized};
use wattle::limits::DIMENSIONS;
use wattle::platform::disk::{Disk, Sync};
use wattle::search::lexical::analysis::Analysis;
use wattle::search::lexical::index::Index as Words;
use wattle::search::lexical::row_set::RowSet;
use wattle::search::lexical::terms::QueryTerms;
use wattle::search::vector::Index;
use wattle::store::keys;
use wattle::store::kv::{Batch, Kv, Space};
use wattle::store::library::Library;
use wattle::store::read;
use wattle::store::record::{Record, Vector};
use wattle::worker::words;

const MODEL: Fingerprint = Fingerprint([0; 32]);
const IN_A_BATCH: usize = 5_000;
const SEGMENT: usize = 4_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["vectors", vectors, questions, folder] => of_vectors(vectors, questions, Path::new(folder)),
        ["words", texts, questions, folder] => of_words(texts, questions, Path::new(folder)),
        _ => println!("scripts/search-bench runs this with what to look in; by itself it does nothing."),
    }
}

fn embeddings(file: &str) -> impl Iterator<Item = Embedding> {
    let bytes = fs::read(file).unwrap();
    let count = bytes.len() / (4 * DIMENSIONS);
    (0..count).map(move |at| {
        let numbers = bytes[at * 4 * DIMENSIONS..][..4 * DIMENSIONS].as_chunks::<4>().0.iter();
        Embedding::new(MODEL, &numbers.map(|number| f32::from_le_bytes(*number)).collect::<Vec<_>>()).unwrap()
    })
}

/// The time of each question in microseconds, and what each gave.
fn timed<T, U>(questions: &[T], mut ask: impl FnMut(&T) -> U) -> (Vec<f64>, Vec<U>) {
    let one = |question| {
        let began = Instant::now();
        let answer = ask(question);
        (began.elapsed().as_secs_f64() * 1e6, answer)
    };
    questions.iter().map(one).unzip()
}

/// The rows of the ten best.
fn ten(mut scored: Vec<(f32, Row)>) -> Vec<u64> {
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    scored.into_iter().take(10).map(|(_, row)| row.0).collect()
}

/// Lines: `scan DEPTH`, the scan alone; `memory DEPTH`, and int8 codes in memory; `store DEPTH`, and int8 codes from the store. Depth 0 is what
/// the agent has for so many vectors.
fn of_vectors(vectors: &str, questions: &str, folder: &Path) {
    let kv = Disk::open(folder, Sync::Buffer).unwrap();
    let (mut index, mut codes) = (Index::new(), Vec::<Quantized>::new());
    let (mut batch, mut entries) = (Batch::default(), Vec::new());
    for (row, vector) in (0..).map(Row).zip(embeddings(vectors)) {
        let stored = vector.quantize();
        entries.push((row, stored.signs()));
        codes.push(stored.clone());
        batch.put(Space::Vector, keys::row(row), Vector { model: MODEL.into(), values: stored, by: 0 }.encode());
        if entries.len() == IN_A_BATCH {
            index.add(&std::mem::take(&mut entries));
            kv.commit(std::mem::take(&mut batch)).unwrap();
            kv.sync().unwrap();
        }
    }
    index.add(&entries);
    kv.commit(batch).unwrap();
    kv.sync().unwrap();
    let questions: Vec<Embedding> = embeddings(questions).collect();
    println!("{{\"count\": {}, \"memory\": {}, \"depth\": {}}}", index.len(), index.memory(), index.rescored());
    let none = RowSet::default();
    for line in io::stdin().lock().lines() {
        let line = line.unwrap();
        let (what, depth) = line.split_once(' ').unwrap();
        let depth = Some(depth.parse::<usize>().unwrap()).filter(|depth| *depth > 0).unwrap_or(index.rescored());
        let (times, answers) = timed(&questions, |question| {
            let near = index.nearest(&question.signs(), depth, &none);
            match what {
                "memory" => ten(near.into_iter().map(|row| (codes[row.0 as usize].cosine(question), row)).collect()),
                "store" => {
                    let of = |row| (read::made(&kv, row).unwrap().unwrap().values.cosine(question), row);
                    ten(near.into_iter().map(of).collect())
                }
                _ => near.into_iter().take(10).map(|row| row.0).collect(),
            }
        });
        println!("{{\"us\": {times:?}, \"answers\": {answers:?}}}");
    }
}

/// Each line of the input is a round.
fn of_words(texts: &str, questions: &str, folder: &Path) {
    let mut library = Library::open(Disk::open(folder, Sync::Buffer).unwrap()).unwrap();
    let mut index = Words::default();
    let texts = fs::read_to_string(texts).unwrap();
    let began = Instant::now();
    for (row, text) in (0..).map(Row).zip(texts.lines()) {
        index.add(row, &Analysis::of("", text));
        if row.0 as usize % SEGMENT == SEGMENT - 1
            && let Some(full) = index.full(true)
        {
            index.stored(words::write(&mut library, full).unwrap());
        }
    }
    if let Some(full) = index.full(true) {
        index.stored(words::write(&mut library, full).unwrap());
    }
    library.kv().sync().unwrap();
    let built = began.elapsed().as_secs_f64();
    println!("{{\"count\": {}, \"memory\": {}, \"built_s\": {built}}}", texts.lines().count(), index.memory());
    let questions = fs::read_to_string(questions).unwrap();
    let questions: Vec<&str> = questions.lines().collect();
    for _ in io::stdin().lock().lines() {
        let (times, answers) = timed(&questions, |question| {
            let terms = QueryTerms::new(question);
            let found = index.search(&terms, &mut words::Reader(library.kv()), 100, &[], false).unwrap();
            found.rows.into_iter().take(10).map(|(row, _)| row.0).collect::<Vec<_>>()
        });
        println!("{{\"us\": {times:?}, \"answers\": {answers:?}}}");
    }
}
