//! What files cost that are only looked at, and what the store holds in memory. `cargo bench --bench files`;
//! docs/evidence.md has figures.
//!
//! First: CPU of a scan for each of 10,000, 40,000 and 160,000 files, in one folder and in a tree of folders of 100, new and
//! unchanged, and of reading them. The requirement: CPU a file in the largest case is at most 1.3 times that in the smallest.
//! Then: resident memory over 25 rounds in which 2,000 files are touched. Each case is a process of its own, so that peaks
//! are of that case alone. CPU time is of the thread that does the work; the disk is whatever holds TMPDIR.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench fails by panicking, prints its figures and starts itself again"
)]

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use wattle::base::id::{EmbedKey, Fingerprint, Ring};
use wattle::base::vector::Embedding;
use wattle::embed::stand_in::StandIn;
use wattle::limits::{DIMENSIONS, TODO_MAX};
use wattle::platform::clock::thread_cpu;
use wattle::platform::disk::{Disk, Sync};
use wattle::platform::folder::Folders;
use wattle::scheduler::task::{Outcome, Scan};
use wattle::store::change::{Change, NewChunk};
use wattle::store::keys::Stage;
use wattle::store::kv::Kv;
use wattle::store::library::Library;
use wattle::store::read;
use wattle::store::record::{FileStamp, Source};
use wattle::worker::extract;
use wattle::worker::scan::compare;

const SIZES: [usize; 3] = [10_000, 40_000, 160_000];
const A_FOLDER: usize = 100;
const MODEL: Fingerprint = Fingerprint([7; 32]);
const TOUCHED: usize = 2_000;
const ROUNDS: i64 = 25;

/// A figure of /proc/self/status, in MiB.
fn memory(name: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

fn make(root: &Path, count: usize, tree: bool) {
    for n in 0..count {
        let folder =
            root.join(if tree { format!("{:02}/{:04}", n / A_FOLDER % 40, n / A_FOLDER) } else { String::new() });
        if n % A_FOLDER == 0 {
            fs::create_dir_all(&folder).unwrap();
        }
        fs::write(folder.join(format!("m{n:07}.bin")), format!("\0{n}")).unwrap();
    }
}

/// One whole scan, saved as the writer does it.
fn look(library: &mut Library<Disk>, folders: &Folders, root: &Path) -> usize {
    let path = root.as_os_str().as_bytes().to_vec();
    let device = fs::metadata(root).unwrap().dev();
    let source = Source { path: path.clone(), collection: "home".to_owned(), ring: Ring::Mesh, device };
    let mut scan = Scan { source, scope: path, after: None };
    let mut changed = 0;
    loop {
        let listing = folders.list(&scan, &[]);
        let Ok(Outcome::Scanned { changes, next, .. }) = compare(library.kv(), &scan, listing) else { unreachable!() };
        changed += changes.len();
        save(library, &changes);
        if next.is_none() {
            return changed;
        }
        scan.after = next;
    }
}

fn save(library: &mut Library<Disk>, changes: &[Change]) {
    changes.iter().for_each(|change| drop(library.apply(change).unwrap()));
    library.kv().sync().unwrap();
}

/// Reads all files that wait, in batches as large as the queue's refills.
fn read_all(library: &mut Library<Disk>, folders: &Folders) -> usize {
    let (embedder, mut after, mut count) = (StandIn::new(MODEL), None, 0);
    let watched = read::sources(library.kv()).unwrap().places;
    loop {
        let docs = read::todo(library.kv(), Stage::Read, after, TODO_MAX / 2).unwrap();
        let Some(last) = docs.last() else { return count };
        after = Some(*last);
        for doc in &docs {
            let document = read::document(library.kv(), *doc).unwrap().unwrap();
            let changes = extract::changes(&embedder, *doc, &document, folders.read(&document.path, &watched));
            save(library, &changes);
        }
        count += docs.len();
    }
}

/// CPU microseconds a file, for a scan of new files, their reading and a scan of unchanged ones.
fn looked_at(count: usize, tree: bool) {
    let (files, store) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let root = fs::canonicalize(files.path()).unwrap();
    make(&root, count, tree);
    let mut library = Library::open(Disk::open(store.path(), Sync::Buffer).unwrap()).unwrap();
    let folders = Folders::new(store.path().to_owned());
    let began = thread_cpu();
    assert_eq!(look(&mut library, &folders, &root), count);
    let new = thread_cpu();
    assert_eq!(read_all(&mut library, &folders), count);
    let read = thread_cpu();
    assert_eq!(look(&mut library, &folders, &root), 0);
    let unchanged = thread_cpu();
    let each = |from: std::time::Duration, to: std::time::Duration| (to - from).as_secs_f64() * 1e6 / count as f64;
    println!(
        "{count:>7} files in {}   new {:6.1}   read {:6.1}   unchanged {:6.2} µs of CPU a file   peak {:5.1} MiB",
        if tree { "a tree    " } else { "one folder" },
        each(began, new),
        each(new, read),
        each(read, unchanged),
        memory("VmHWM:")
    );
}

/// Resident memory while files are touched: each is seen with another stamp, read again and found equal.
fn touched() {
    let store = tempfile::tempdir().unwrap();
    let mut library = Library::open(Disk::open(store.path(), Sync::Buffer).unwrap()).unwrap();
    let stamp = |round: i64| FileStamp { modified_ns: round, ..FileStamp::default() };
    let vector = Embedding::new(MODEL, &[1.0; DIMENSIONS]).unwrap().quantize();
    let mut shown = Vec::new();
    for round in 0..=ROUNDS {
        for n in 0..TOUCHED {
            let path = format!("/home/ann/notes/letters/{n:05}.md").into_bytes();
            let seen = Change::Seen { path, stamp: stamp(round), collection: "home".to_owned(), ring: Ring::Mesh };
            let doc = library.apply(&seen).unwrap().doc.unwrap();
            let key = EmbedKey((n as u128).to_be_bytes());
            let chunk = NewChunk { key, heading: "Letters".to_owned(), text: "word ".repeat(150), start: 0, end: 750 };
            let content = (n as u128).to_be_bytes();
            save(&mut library, &[Change::Chunked { doc, stamp: stamp(round), content, chunks: vec![chunk] }]);
            if round == 0 {
                let row = read::document(library.kv(), doc).unwrap().unwrap().chunks[0].row;
                save(
                    &mut library,
                    &[Change::Embedded { doc, model: MODEL, vectors: vec![(row, key, vector.clone())] }],
                );
            }
        }
        shown.push(format!("{:.0}", memory("VmRSS:")));
    }
    println!(
        "{TOUCHED} files touched in {ROUNDS} rounds: resident MiB after each {}, peak {:.0}",
        shown.join(" "),
        memory("VmHWM:")
    );
}

fn main() {
    let case = std::env::var("WATTLE_BENCH_FILES").unwrap_or_default();
    let words: Vec<&str> = case.split(' ').collect();
    match words[..] {
        ["touched"] => return touched(),
        [count, shape] => return looked_at(count.parse().unwrap(), shape == "tree"),
        _ => {}
    }
    let this = std::env::current_exe().unwrap();
    let cases = SIZES.iter().flat_map(|size| [format!("{size} folder"), format!("{size} tree")]);
    for case in cases.chain(["touched".to_owned()]) {
        let done = Command::new(&this).env("WATTLE_BENCH_FILES", case).status().unwrap();
        assert!(done.success());
    }
}
