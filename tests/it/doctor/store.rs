//! Faults of the store, and of the disk below it.

use super::namespace::SmallDisk;
use super::page_test::planted;
use super::state::{restarted, started};
use super::{named, named_without_agent, read, wait_finding};
use crate::harness::{Place, WATTLE, copied, repo};
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use wattle::platform::disk::{Disk, Sync};
use wattle::store::kv::{Batch, Kv, KvRead, Space};

#[test]
fn faults_of_the_store() {
    let (place, agent) = started();
    agent.stop();
    let folder = place.home().join("store-1");
    let disk = Disk::open(&folder, Sync::Disk).unwrap();
    let mut batch = Batch::new();
    // The first record of a space is its stamp. A start sees that the passage is missing which was written last, and not this.
    let (holder, _) = disk.page(Space::Key, &[], None, 9).unwrap().pop().unwrap();
    batch.delete(Space::Key, holder);
    disk.commit(batch).unwrap();
    disk.sync().unwrap();
    drop(disk);
    let agent = place.up(&[]);
    named("a record of the store is missing", &agent);
    agent.stop();

    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "x").unwrap();
    let agent = restarted(&place);
    named("the store is damaged", &agent);
    agent.stop();

    let models = place.path().join("models/all-MiniLM-L6-v2");
    fs::create_dir_all(models.parent().unwrap()).unwrap();
    copied(&repo().join("models/all-MiniLM-L6-v2"), &models);
    let manifest = models.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("\"token_limit\": 256", "\"token_limit\": 128")).unwrap();
    let models = models.parent().unwrap().to_str().unwrap().to_owned();
    let config = place.home().join("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    let others: Vec<&str> = text.lines().filter(|line| !line.starts_with("models")).collect();
    fs::write(&config, others.join("\n").replace("[node]", &format!("[node]\nmodels = \"{models}\""))).unwrap();
    fs::write(manifest.with_file_name("vocab.txt"), "a\n").unwrap();
    named_without_agent("the files of the model are damaged", &place.home());
}

#[test]
fn a_home_on_a_disk_that_is_read_only() {
    let Some(disk) = SmallDisk::new("260m") else { return };
    disk.up().kill();
    // The processes of a killed agent end a moment after it, and hold its files until then.
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let mounted = disk.run(&["mount", "-o", "remount,ro"]);
        if mounted.status.success() {
            break;
        }
        assert!(Instant::now() < end, "{mounted:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
    let (report, code) = read(&disk.run(&[WATTLE, "doctor", "--json", "--home"]));
    planted("the disk of the home is read-only", &report, code);
}

/// The tables of a store.
fn tables(store: &Path) -> Vec<PathBuf> {
    let spaces = fs::read_dir(store.join("keyspaces")).unwrap().map(|space| space.unwrap().path().join("tables"));
    spaces.flat_map(|tables| fs::read_dir(tables).into_iter().flatten()).map(|file| file.unwrap().path()).collect()
}

#[test]
fn a_bit_of_the_store_that_is_flipped_under_the_agent() {
    let (place, agent) = started();
    // A stop writes all of it into tables, which the next start reads.
    agent.stop();
    let mut agent = restarted(&place);
    flip_all_tables(&place);
    // The doctor reads every table, and the agent learns of it.
    let _ = agent.cli(["doctor"]);
    wait_finding(&agent, "The store is damaged");
    named("a bit of the store is flipped under the agent", &agent);
    // It starts itself anew, at another address of this machine.
    let end = Instant::now() + Duration::from_secs(180);
    let address = || fs::read_to_string(place.home().join("api-address")).unwrap_or_default().trim().to_owned();
    while [&agent.api, ""].contains(&address().as_str()) {
        assert!(Instant::now() < end, "{}", agent.log());
        std::thread::sleep(Duration::from_millis(200));
    }
    agent.api = address();
    agent.wait_ready(1);
    assert!(agent.child.try_wait().unwrap().is_none(), "it is the same process");
    assert_eq!(agent.search("beetroot").len(), 1, "it is made anew");
    agent.stop();
}

/// Flips a bit in the middle of each table of the store.
fn flip_all_tables(place: &Place) {
    let tables = tables(&place.home().join("store-1"));
    assert!(!tables.is_empty());
    for table in tables {
        let file = fs::File::options().read(true).write(true).open(&table).unwrap();
        let (mut byte, at) = ([0], file.metadata().unwrap().len() / 2);
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ 1], at).unwrap();
    }
}

#[test]
fn a_collection_is_made_private_on_a_disk_that_is_nearly_full_and_what_is_private_needs_no_room() {
    let Some(disk) = SmallDisk::new("260m") else { return };
    let agent = disk.up();
    let end = Instant::now() + Duration::from_secs(60);
    while read(&disk.run(&[WATTLE, "doctor", "--json", "--home"])).1 != 0 {
        assert!(Instant::now() < end);
    }
    let ring = |ring: &str| disk.run(&[WATTLE, "collection", "ring", "home", ring, "--home"]);
    let is_private = || {
        let list = disk.run(&[WATTLE, "collection", "list", "--json", "--home"]);
        String::from_utf8_lossy(&list.stdout).contains("\"private\"")
    };
    for free in [40, 5] {
        disk.leave_free(0);
        assert!(!ring("private").status.success(), "not even a list can be written");
        disk.leave_free(free);
        let done = ring("private");
        assert!(done.status.success() && is_private(), "{free}: {done:?}");
        let shared = ring("mesh");
        assert!(!shared.status.success() && is_private(), "whatever shares waits for room: {shared:?}");
        disk.leave_free(0);
        let again = ring("private");
        assert!(again.status.success(), "{again:?}");
        disk.fill(1);
        let end = Instant::now() + Duration::from_secs(60);
        while !ring("mesh").status.success() {
            assert!(Instant::now() < end, "there is room again");
        }
    }
    drop(agent);
}
