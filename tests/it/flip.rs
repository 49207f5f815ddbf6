//! One byte of a store is another one, anywhere in it: the agent repairs it or makes it anew and says so, and never answers with a text
//! that no file has.
//!
//! A store with documents in tables, with a segment of the index of words, and with a journal that was not written out (its agent was
//! killed) is copied for each flip. The everyday run makes ten flips; `WATTLE_FLIPS=500` makes more, and `WATTLE_FLIP_SEED` others.
//! Printed is a table by the kind of file.

use super::harness::{Agent, Place, copied};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use wattle::base::rng::Rng;
use wattle::platform::disk::{Disk, Sync};
use wattle::store::kv::Kv;
use wattle::store::library::Library;
use wattle::worker::words;

const IN_TABLES: u64 = 24;
const IN_JOURNAL: u64 = 8;
const DOCUMENTS: u64 = IN_TABLES + IN_JOURNAL;

fn word(n: u64) -> String {
    format!("zubehoer{}q", n * 7919 + 13)
}

fn text(n: u64) -> String {
    let rows = (0..12)
        .map(|row| format!("Shelf {row} of flat {n} has the valve {} and the boiler part {}.", row * n, n * row + 7));
    format!("# Flat {n}\n\nThe word of this note is {}.\n\n{}\n", word(n), rows.collect::<Vec<_>>().join("\n\n"))
}

/// A place whose store is as described above, and no agent runs.
fn prepared() -> Place {
    let place = Place::new();
    let write = |n: u64| place.write(&format!("{n}.md"), text(n));
    (0..IN_TABLES).for_each(write);
    let agent = place.up(&[place.docs().to_str().unwrap()]);
    agent.wait_ready(IN_TABLES);
    agent.stop();
    let disk = Disk::open(&place.home().join("store-1"), Sync::Disk).unwrap();
    let mut library = Library::open(disk).unwrap();
    let mut index = words::load(library.kv()).unwrap();
    words::catch_up(&mut library, &mut index).unwrap();
    words::write(&mut library, index.full(true).unwrap()).unwrap();
    library.kv().sync().unwrap();
    library.kv().rotate().unwrap();
    drop(library);
    let agent = place.up(&[]);
    agent.wait_ready(IN_TABLES);
    (IN_TABLES..DOCUMENTS).for_each(write);
    agent.wait_ready(DOCUMENTS);
    agent.kill();
    place
}

/// The files of a store by their kind, each with the part of it that is written to.
fn files(store: &Path) -> BTreeMap<&'static str, Vec<(PathBuf, u64)>> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() { walk(&path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    walk(store, &mut found);
    found.sort();
    let mut kinds: BTreeMap<&str, Vec<(PathBuf, u64)>> = BTreeMap::new();
    for path in found {
        let used = fs::read(&path).unwrap().iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1);
        if used == 0 {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap();
        let space = |path: &Path| path.iter().rev().nth(2).unwrap().to_str().unwrap().parse::<usize>().unwrap();
        let kind = match name {
            _ if name.ends_with(".jnl") => "journal",
            _ if path.parent().unwrap().ends_with("tables") && space(&path) == 8 => "table of words",
            _ if path.parent().unwrap().ends_with("tables") => "table",
            "current" => "which version",
            _ if name.starts_with('v') && name[1..].parse::<u64>().is_ok() => "list of tables",
            _ => "other",
        };
        kinds.entry(kind).or_default().push((path, used));
    }
    kinds
}

/// What became of a flip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// All answers were right and nothing was found: nobody reads that byte.
    Unused,
    /// The store was repaired: no text was embedded again.
    Repaired,
    /// The end of the journal was dropped, and the files in it were read again.
    Dropped,
    /// The store was made anew at the start.
    Rebuilt,
    /// It was met while the agent ran, told, and the store made anew at the next start.
    Told,
}

fn findings(status: &Value) -> String {
    status["findings"].to_string()
}

/// Asks for each document by its word. Panics on a text that is not in the file; gives how many were found.
fn right_answers(agent: &Agent, says: &str) -> u64 {
    let mut found = 0;
    for n in 0..DOCUMENTS {
        let (status, answer) = agent.call("POST", "/v1/search", &format!("{{\"query\": \"{}\", \"k\": 5}}", word(n)));
        if status != 200 {
            // Said, not answered.
            assert!(answer["error"].to_string().contains("could not be answered"), "{says}: {answer}");
            continue;
        }
        for hit in answer["hits"].as_array().unwrap() {
            let path = hit["path"].as_str().unwrap();
            let file = fs::read_to_string(path).unwrap_or_else(|error| panic!("{says}: {path}: {error}"));
            let text = hit["text"].as_str().unwrap();
            assert!(file.contains(text), "{says}: a wrong text of {path}: {text}");
        }
        let first = answer["hits"][0]["path"].as_str().unwrap_or_default();
        found += u64::from(first.ends_with(&format!("/{n}.md")));
    }
    found
}

/// The same, until all are found: their words are entered a moment after they are read.
fn all_answers(agent: &Agent, says: &str) -> u64 {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let found = right_answers(agent, says);
        if found == DOCUMENTS || Instant::now() > end {
            return found;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Waits until every document is ready, or damage is told.
fn settled(agent: &Agent) -> Value {
    let end = Instant::now() + Duration::from_secs(120);
    loop {
        let status = agent.status();
        let is_ready = status["files"]["ready"] == DOCUMENTS && status["working"] == false;
        if is_ready || findings(&status).contains("is damaged") {
            return status;
        }
        assert!(Instant::now() < end, "{status}\n{}", agent.log());
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn up(home: &Path) -> Agent {
    Agent::start(std::process::Command::new(super::harness::WATTLE), home, &[])
}

/// One flip, to its end.
fn flipped(original: &Place, (kind, file, at, bit): (&str, &Path, u64, u8)) -> Fate {
    let says = format!("{kind}, {} at {at}, bit {bit}", file.display());
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    copied(&original.home(), &home);
    let damaged = fs::File::options().read(true).write(true).open(home.join("store-1").join(file)).unwrap();
    let mut byte = [0];
    damaged.read_exact_at(&mut byte, at).unwrap();
    damaged.write_all_at(&[byte[0] ^ (1 << bit)], at).unwrap();
    drop(damaged);
    let agent = up(&home);
    let status = settled(&agent);
    let is_damaged = findings(&status).contains("is damaged");
    let found = if is_damaged { right_answers(&agent, &says) } else { all_answers(&agent, &says) };
    // It reads all of the store, and the agent learns what it finds.
    let doctor: Value = serde_json::from_slice(&agent.cli(["doctor", "--json"]).stdout).unwrap();
    let (told, log) = (format!("{} {}", findings(&agent.status()), findings(&status)), agent.log());
    if told.contains("is damaged") {
        assert!(doctor.to_string().contains("is damaged"), "{says}: the doctor says so too: {doctor}");
        agent.stop();
        let agent = up(&home);
        let status = settled(&agent);
        assert!(findings(&status).contains("made anew from your files"), "{says}: {status}");
        assert_eq!(all_answers(&agent, &says), DOCUMENTS, "{says}: all are found again");
        return Fate::Told;
    }
    assert_eq!(found, DOCUMENTS, "{says}: all are found: {told}\n{log}");
    if told.contains("made anew from your files") {
        Fate::Rebuilt
    } else if told.contains("the store was repaired") {
        Fate::Repaired
    } else if told.contains("could not be read, and was dropped") {
        Fate::Dropped
    } else {
        // Nothing was changed by it that anybody reads: not one text was read or embedded again.
        assert_eq!(agent.embedded().len(), 0, "{says}: work was done again and nobody says why\n{log}");
        Fate::Unused
    }
}

#[test]
fn one_byte_of_the_store_is_flipped_and_no_text_is_ever_wrong() {
    let number = |name: &str, usual| std::env::var(name).ok().map_or(usual, |set| set.parse().unwrap());
    let (flips, mut rng) = (number("WATTLE_FLIPS", 10), Rng::new(number("WATTLE_FLIP_SEED", 14)));
    let original = prepared();
    let store = original.home().join("store-1");
    let kinds = files(&store);
    assert!(kinds.len() >= 5, "{:?}", kinds.keys());
    let names: Vec<&str> = kinds.keys().copied().collect();
    let mut table: BTreeMap<(&str, Fate), u64> = BTreeMap::new();
    for flip in 0..flips {
        let kind = names[usize::try_from(flip).unwrap() % names.len()];
        let of_kind = &kinds[kind];
        let (path, used) = &of_kind[usize::try_from(rng.below(of_kind.len() as u64)).unwrap()];
        let (at, bit) = (rng.below(*used), u8::try_from(rng.below(8)).unwrap());
        let fate = flipped(&original, (kind, path.strip_prefix(&store).unwrap(), at, bit));
        *table.entry((kind, fate)).or_default() += 1;
    }
    println!("{flips} flips, no wrong text:");
    for ((kind, fate), count) in table {
        println!("  {kind:16} {fate:?}: {count}");
    }
}
