//! Our part of `scripts/search-bench`, which compares the search with other libraries: it holds vectors or texts, and takes the time of a
//! round of questions whenever a line on its input says so. Without arguments it ends at once.
//!
//! `search vectors VECTORS QUESTIONS FOLDER` reads numbers (f32, little-endian, 384 each) and makes a store in the folder;
//! `search words TEXTS QUESTIONS FOLDER` reads a text from each line. It answers with a line of JSON for each line of its input.
//!
//! `search filters DOCUMENTS FOLDER` makes a store of so many documents of four passages and prints what questions cost with filters and
//! without: `cargo bench --bench search -- filters 25000 FOLDER`.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench fails by panicking, reads files and looks at the clock"
)]

use std::fs;
use std::io::{self, BufRead};
use std::path::Path;
use std::time::Instant;
use wattle::base::filter::{Filter, Key};
use wattle::base::fluency::Fluency;
use wattle::base::id::{EmbedKey, Fingerprint, Ring, Row};
use wattle::base::rng::Rng;
use wattle::base::vector::{Embedding, Quantized};
use wattle::embed::Embedder;
use wattle::embed::stand_in::StandIn;
use wattle::limits::{DIMENSIONS, RESCORE};
use wattle::platform::disk::{Disk, Sync};
use wattle::scheduler::task::{Outcome, Query};
use wattle::search::indexes::Indexes;
use wattle::search::lexical::analysis::Analysis;
use wattle::search::lexical::index::Index as Words;
use wattle::search::lexical::row_set::RowSet;
use wattle::search::lexical::terms::QueryTerms;
use wattle::search::vector::Index;
use wattle::store::change::{Change, NewChunk};
use wattle::store::keys;
use wattle::store::kv::{Batch, Kv, Space};
use wattle::store::library::Library;
use wattle::store::read;
use wattle::store::record::{FileStamp, Record, Source, Sources, Vector};
use wattle::worker::retrieve::{InStore, load_indexes, retrieve};
use wattle::worker::words;

const MODEL: Fingerprint = Fingerprint([0; 32]);
const IN_A_BATCH: usize = 5_000;
const SEGMENT: usize = 4_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["vectors", vectors, questions, folder] => of_vectors(vectors, questions, Path::new(folder)),
        ["words", texts, questions, folder] => of_words(texts, questions, Path::new(folder)),
        ["filters", documents, folder] => of_filters(documents.parse().unwrap(), Path::new(folder)),
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
        entries.push((row, stored.sketch()));
        codes.push(stored.clone());
        batch.put(
            Space::Vector,
            keys::row(row),
            Vector { model: MODEL.into(), values: stored, by: 0, is_stale: false }.encode(),
        );
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
    println!("{{\"count\": {}, \"memory\": {}, \"depth\": {}}}", index.len(), index.memory(), RESCORE);
    let none = RowSet::default();
    for line in io::stdin().lock().lines() {
        let line = line.unwrap();
        let (what, depth) = line.split_once(' ').unwrap();
        let depth = Some(depth.parse::<usize>().unwrap()).filter(|depth| *depth > 0).unwrap_or(RESCORE);
        let (times, answers) = timed(&questions, |question| {
            let near = index.nearest(question, depth, &none);
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

const PASSAGES: u64 = 4;
const DAY_S: i64 = 86_400;

/// A word, of which some are in most passages and most in few.
fn word(rng: &mut Rng) -> String {
    let most = 1 + rng.below(20_000);
    format!("word{}", rng.below(most))
}

/// Documents in a hundred folders, a day apart; one in a hundred is a PDF.
fn fill(folder: &Path, documents: u64) -> (Library<Disk>, Indexes) {
    let mut library = Library::open(Disk::open(folder, Sync::Buffer).unwrap()).unwrap();
    library.bind(MODEL, &[]).unwrap();
    let place = Source { path: b"/docs".to_vec(), collection: "home".to_owned(), ring: Ring::Mesh, device: 1 };
    library.apply(&Change::Sources(Sources::from(vec![place]))).unwrap();
    let (mut rng, mut embedder) = (Rng::new(1), StandIn::new(MODEL));
    let mut indexes = Indexes::default();
    for n in 0..documents {
        let ending = if n % 100 == 0 { "pdf" } else { "md" };
        let path = format!("/docs/folder{}/note{n}.{ending}", n % 100).into_bytes();
        let modified_ns = (n.cast_signed() % 10_000) * DAY_S * 1_000_000_000;
        let stamp = FileStamp { size: n, modified_ns, ..FileStamp::default() };
        let seen = Change::Seen { path, stamp, collection: "home".to_owned(), ring: Ring::Mesh };
        let doc = library.apply(&seen).unwrap().doc.unwrap();
        let chunk = |at: u64| {
            let text = (0..60).map(|_| word(&mut rng)).collect::<Vec<_>>().join(" ");
            let key = EmbedKey(u128::from(n * PASSAGES + at).to_be_bytes());
            NewChunk { key, heading: String::new(), text, start: 0, end: 1 }
        };
        let chunks: Vec<NewChunk> = (0..PASSAGES).map(chunk).collect();
        let vectors: Vec<_> =
            chunks.iter().map(|chunk| (chunk.key, embedder.embed(&chunk.text).unwrap().quantize())).collect();
        library.apply(&Change::Chunked { doc, stamp, content: u128::from(n).to_be_bytes(), chunks }).unwrap();
        let rows = read::document(library.kv(), doc).unwrap().unwrap().chunks;
        let vectors = rows.iter().zip(vectors).map(|(place, (key, vector))| (place.row, key, vector)).collect();
        let added = library.apply(&Change::Embedded { doc, model: MODEL, vectors }).unwrap().added;
        indexes.vectors.add(&added);
        if n % 500 == 499 {
            words::catch_up(&mut library, &mut indexes.words).unwrap();
            library.kv().sync().unwrap();
        }
    }
    // As at the start of an agent: with the files of all documents.
    indexes = load_indexes(library.kv()).unwrap();
    words::catch_up(&mut library, &mut indexes.words).unwrap();
    library.kv().sync().unwrap();
    (library, indexes)
}

/// What a question costs with filters, on one thread, and how many hits it has.
fn of_filters(documents: u64, folder: &Path) {
    let (library, indexes) = fill(folder, documents);
    let lookup = InStore { index: &indexes, kv: library.kv() };
    let cases: [(&str, &[(Key, &str)]); 6] = [
        ("no filter", &[]),
        ("collection:home, which all are of", &[(Key::Collection, "home")]),
        ("type:pdf, which one in a hundred is", &[(Key::Type, "pdf")]),
        ("path:folder7/*.md", &[(Key::Path, "folder7/*.md")]),
        ("after:1990", &[(Key::After, "1990")]),
        ("type:docx, which none is", &[(Key::Type, "docx")]),
    ];
    for round in 0..3 {
        for (name, values) in cases {
            let mut rng = Rng::new(7);
            let mut filter = Filter::default();
            values.iter().for_each(|(key, value)| filter.add(*key, value).unwrap());
            let questions: Vec<String> =
                (0..40).map(|_| (0..5).map(|_| word(&mut rng)).collect::<Vec<_>>().join(" ")).collect();
            let (mut times, hits) = timed(&questions, |question| {
                let embedding = StandIn::new(MODEL).embed(question).unwrap();
                let (text, filter) = (question.clone(), filter.clone());
                let fluency = Fluency::default();
                let query = Query { text, embedding, fluency, count: 20, shared: false, filter, behind: None };
                match retrieve(library.kv(), &lookup, &query).unwrap() {
                    Outcome::Found(found, _) => found.hits.len(),
                    other => unreachable!("{other:?}"),
                }
            });
            times.sort_by(f64::total_cmp);
            let ms = |at: usize| times[at] / 1000.0;
            let (median, worst) = (ms(times.len() / 2), ms(times.len() - 1));
            let hits = hits.iter().sum::<usize>() as f64 / hits.len() as f64;
            println!("{round} {name:38} median {median:7.2} ms, worst {worst:7.2} ms, {hits:.1} hits");
        }
    }
}
