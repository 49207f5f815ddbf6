//! kill -9, a damaged journal, and the order of sync and acknowledgement.

use super::harness::{Agent, Place, WATTLE};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use wattle::base::id::{DocId, EmbedKey};
use wattle::platform::disk::{Disk, Sync};
use wattle::store::audit::audit;
use wattle::store::keys;
use wattle::store::kv::{KvRead, Space};
use wattle::store::read::walk;
use wattle::store::record::{Document, Record};

const FILES: u64 = 2000;
const KILLS: u64 = 10;

/// The embed keys whose vectors are stored, and the number of documents, read from the killed agent's store. Checks that the
/// store is consistent.
fn stored(home: &Path) -> (BTreeSet<String>, u64) {
    let disk = Disk::open(&home.join("store-1"), Sync::Disk).unwrap();
    let mut keys_found = BTreeSet::new();
    walk(&disk, Space::Key, |key, _| {
        if let Ok(bytes) = <[u8; 16]>::try_from(&key[..16]) {
            keys_found.insert(EmbedKey(bytes).to_string());
        }
        Ok(())
    })
    .unwrap();
    let mut paths = BTreeSet::new();
    walk(&disk, Space::Document, |key, value| {
        let doc = Document::decode_stored(value)?;
        let listed = disk.get(Space::Path, &doc.path)?.as_deref().and_then(keys::number).map(DocId);
        assert_eq!(listed, keys::number(key).map(DocId), "a file has two records");
        assert!(paths.insert(doc.path), "a file is in two states");
        Ok(())
    })
    .unwrap();
    let found = audit(&disk).unwrap();
    assert!(found.clean(), "{:?}", found.faults);
    (keys_found, paths.len() as u64)
}

#[test]
fn killed_ten_times_in_the_middle_of_two_thousand_files_nothing_is_lost_or_embedded_again() {
    let place = Place::new();
    for n in 0..FILES {
        place.write(
            &format!("{}/{n}.txt", n % 20),
            format!("Letter number {n} is about the thing that has {} parts.", n * 31 % 977),
        );
    }
    let agent = place.up(&[]);
    agent.add(&place.docs());
    let mut agent = agent;
    let mut progress = Vec::new();
    for round in 1..=KILLS {
        let goal = round * FILES / (KILLS + 1);
        agent.wait("progress", |status| status["files"]["ready"].as_u64().unwrap() >= goal);
        // Counted when it is dead: what it embeds before that may be stored.
        let before = agent.kill_and_count();
        let (keys, files) = stored(&place.home());
        progress.push((files, keys.len()));
        agent = place.up(&[]);
        // What the restarted agent embeds must not have been stored before.
        std::thread::sleep(Duration::from_millis(200));
        let again: Vec<_> = agent.embedded().into_iter().skip(before).filter(|key| keys.contains(key)).collect();
        assert!(again.is_empty(), "embedded again: {again:?}");
    }
    let status = agent.wait_ready(FILES);
    let total: u64 = status["files"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(total, FILES, "every file in exactly one state");
    let embedded = agent.embedded();
    let distinct = embedded.iter().collect::<BTreeSet<_>>().len() as u64;
    println!("files and vectors stored at each kill: {progress:?}");
    println!(
        "{KILLS} kills: {} embedded in all, {distinct} different; what was in flight at a kill is done again",
        embedded.len()
    );
    assert_eq!(distinct, FILES);
    // At most the batches that were on their way to the disk at each kill.
    assert!(embedded.len() as u64 - distinct <= KILLS * 32 * 4);
    agent.stop();
    let (keys, files) = stored(&place.home());
    assert_eq!((keys.len() as u64, files), (FILES, FILES));
}

/// Traces the system calls of an agent during an `add`: was the journal synced before the response was written?
fn synced_before_the_response(more: &[&str]) -> Option<bool> {
    if Command::new("strace").arg("-V").output().is_err() {
        eprintln!("SKIPPED, and nothing is proven: strace is not installed (scripts/setup installs it).");
        return None;
    }
    let place = Place::new();
    let trace = place.path().join("trace");
    let mut strace = Command::new("strace");
    let calls = "trace=fdatasync,fsync,write,writev,sendto,sendmsg,pwrite64,openat";
    // With -D the agent is our child process and ends with the test.
    strace.args(["-D", "-f", "-y", "-s", "64", "-e", calls, "-o"]).arg(&trace).arg(WATTLE);
    let agent = Agent::start(strace, &place.home(), more);
    let mark = fs::read_to_string(&trace).unwrap().lines().count();
    agent.add(&place.docs());
    let is_response = |line: &str| line.contains("socket:") && line.contains("HTTP/1.1 200");
    let mut text = String::new();
    for _ in 0..100 {
        text = fs::read_to_string(&trace).unwrap();
        if text.lines().skip(mark).any(is_response) {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let lines: Vec<&str> = text.lines().skip(mark).collect();
    let response = lines.iter().position(|line| is_response(line)).expect("a response was written");
    let written = lines[..response]
        .iter()
        .rposition(|line| line.contains("write") && line.contains(".jnl"))
        .expect("the journal was written");
    let synced = lines[written..response].iter().any(|line| line.contains("fdatasync(") && line.contains(".jnl"));
    drop(agent);
    Some(synced)
}

#[test]
fn the_journal_is_synced_before_an_acknowledgement_is_sent() {
    assert_ne!(synced_before_the_response(&[]), Some(false));
}

#[test]
fn an_agent_that_does_not_sync_fails_the_test_above() {
    assert_ne!(synced_before_the_response(&["--inject-bug", "buffer"]), Some(true));
}

fn journals(home: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(home.join("store-1")).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|ending| ending == "jnl")).collect()
}

#[test]
fn a_flipped_byte_in_the_journal_costs_no_file_and_no_folder() {
    for quarter in 1..4_u64 {
        let place = Place::new();
        for n in 0..60 {
            place
                .write(&format!("{n}.txt"), format!("Letter number {n} is about a thing with {} parts.", n * 31 % 977));
        }
        let agent = place.up(&[place.docs().to_str().unwrap()]);
        agent.wait_ready(60);
        agent.kill();
        let journal = journals(&place.home()).pop().expect("there is a journal");
        let file = fs::OpenOptions::new().read(true).write(true).open(&journal).unwrap();
        let bytes = fs::read(&journal).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64;
        let at = used * quarter / 4;
        file.write_all_at(&[bytes[at as usize] ^ 0x10], at).unwrap();
        drop(file);
        let agent = place.up(&[]);
        agent.wait_ready(60);
        assert_eq!(agent.search("Letter number 31").len(), 10);
        let output = agent.cli(["doctor"]);
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        // Whether the store was made anew, repaired, or opened without its end depends on where the byte is; each is said.
        let wrong: Vec<&str> = told.lines().filter(|line| line.starts_with("WRONG")).collect();
        let ends = [
            "is made anew from your files",
            "was made anew from your files",
            "could not be read, and was dropped",
            "written to the store last was gone",
        ];
        assert!(wrong.iter().all(|line| ends.iter().any(|end| line.contains(end))), "quarter {quarter}: {told}");
        assert_eq!(output.status.code(), Some(i32::from(!wrong.is_empty())), "quarter {quarter}: {told}");
        assert!(told.contains("files 60 ready"), "quarter {quarter}: {told}");
    }
}

#[test]
fn an_agent_waits_for_one_that_is_just_ending_and_speaks_of_no_keys_where_there_are_none() {
    let place = Place::new();
    place.up(&[]).kill();
    // The system keeps the lock of a process that was killed for a while.
    let mut dying = Command::new("flock").arg(place.home().join("lock")).args(["sleep", "0.8"]).spawn().unwrap();
    let held = fs::File::open(place.home().join("lock")).unwrap();
    while held.try_lock_shared().is_ok() {
        held.unlock().unwrap();
        std::thread::sleep(Duration::from_millis(5));
    }
    let agent = place.up(&[]);
    dying.wait().unwrap();
    let log = agent.log();
    assert!(log.contains("or by one that is just ending. Waiting up to 6 seconds"), "{log}");
    agent.stop();
    let log = fs::read_to_string(place.home().with_extension("log")).unwrap();
    assert!(log.contains("Stopping: what is under way") && !log.contains("Press Ctrl-C"), "{log}");
    place.up(&[]).stop_by("-HUP");
    let log = fs::read_to_string(place.home().with_extension("log")).unwrap();
    assert!(log.contains("the terminal or session of this agent ended (SIGHUP)"), "{log}");
}
