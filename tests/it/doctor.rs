//! Faults planted on real agents, and what `wattle doctor` says of each: held against the table in docs/doctor.md.

use super::harness::{Agent, Place, WATTLE, copied, up_args};
use super::hung::Hung;
use super::pair::{linked, prepared, up};
use namespace::{in_namespace, inside};
use page_test::{all_are_planted, planted};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

mod lost;
mod namespace;
#[path = "../../src/cli/doctor/page_test.rs"]
mod page_test;
mod state;
mod store;

const BEET: &str = "Pickled beetroot takes three spoons of caraway.\n";
const LOCK: &str = "The bicycle lock has the number 4711.\n";

fn read(output: &Output) -> (Value, i32) {
    let report = serde_json::from_slice(&output.stdout);
    (report.unwrap_or_else(|error| panic!("{error}: {output:?}")), output.status.code().unwrap())
}

/// Asks the doctor about this agent, and holds the answer against the row of the fault.
fn named(fault: &str, agent: &Agent) {
    let (report, code) = read(&agent.cli(["doctor", "--json"]));
    planted(fault, &report, code);
}

/// Asks the doctor about the home of an agent that does not run.
fn named_without_agent(fault: &str, home: &Path) {
    let (report, code) =
        read(&Command::new(WATTLE).arg("--home").arg(home).args(["doctor", "--json"]).output().unwrap());
    planted(fault, &report, code);
}

fn wait_finding(agent: &Agent, part: &str) {
    agent.wait(part, |status| status["findings"].to_string().contains(part));
}

#[test]
fn every_row_of_the_page_is_planted_once() {
    all_are_planted();
}

#[test]
fn a_folder_that_cannot_be_read() {
    let place = Place::new();
    place.write("a.md", BEET);
    place.write("locked/b.md", LOCK);
    fs::create_dir(place.home()).unwrap();
    let locked = place.docs().join("locked");
    let chmod = |mode: &str| assert!(Command::new("chmod").arg(mode).arg(&locked).status().unwrap().success());
    let mut command = Command::new(WATTLE);
    if rustix::process::getuid().is_root() {
        // Root reads everything, so the agent is another user's.
        let owned = Command::new("chown").args(["-R", "65534:65534"]).arg(place.path()).status();
        assert!(
            owned.unwrap().success() && Command::new("chown").args(["0:0"]).arg(&locked).status().unwrap().success()
        );
        command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", WATTLE]);
    }
    chmod("700");
    if !rustix::process::getuid().is_root() {
        chmod("000");
    }
    let agent = Agent::start(command, &place.home(), &[place.docs().to_str().unwrap()]);
    agent.wait_ready(1);
    wait_finding(&agent, "cannot be read by this user");
    named("a folder in a watched one cannot be read", &agent);
    chmod("755");
    agent.wait_ready(2);
    agent.wait("no finding", |status| !status["findings"].to_string().contains("cannot be read by this user"));
    // Once more, now that it is known.
    chmod(if rustix::process::getuid().is_root() { "700" } else { "000" });
    wait_finding(&agent, "cannot be read by this user");
    agent.wait("a look at it", |status| status["sources"][0]["away"][0]["unreadable"] == true);
    assert!(!agent.status()["findings"].to_string().contains("away since"), "{}", agent.status());
    named_again(&agent);
    let answer = agent.json(&["search", "--json", "bicycle lock"]);
    let hits = answer["hits"].as_array().unwrap();
    let of = |hit: &&Value| hit.to_string().contains("locked/b.md");
    assert_eq!(hits.iter().find(of).unwrap()["unreadable"], true, "{answer}");
    chmod("755");
}

/// The doctor has no more to say of it than before, and no other command.
fn named_again(agent: &Agent) {
    let (report, code) = read(&agent.cli(["doctor", "--json"]));
    let bad: Vec<_> = report["checks"].as_array().unwrap().iter().filter(|check| check["ok"] == false).collect();
    assert_eq!((code, bad.len()), (1, 1), "{bad:?}");
    assert!(bad[0]["command"].as_str().unwrap().starts_with("ls -ld "), "{bad:?}");
}

/// An agent for which the system's own limits of inotify are as the script sets them.
fn limited(script: &str) -> Option<(Place, Agent)> {
    let place = Place::new();
    for folder in 0..12 {
        place.write(&format!("{folder}/a.md"), BEET);
    }
    let command = in_namespace(script)?;
    let agent = Agent::start(command, &place.home(), &[place.docs().to_str().unwrap()]);
    agent.wait_ready(12);
    Some((place, agent))
}

#[test]
fn the_limits_of_inotify() {
    if let Some((_place, agent)) = limited("echo 8 > /proc/sys/user/max_inotify_watches") {
        wait_finding(&agent, "max_user_watches");
        named("the system's limit of watches is reached", &agent);
    }
    if let Some((_place, agent)) = limited("echo 0 > /proc/sys/user/max_inotify_instances") {
        wait_finding(&agent, "max_user_instances");
        named("the system gives no inotify instance", &agent);
    }
}

#[test]
fn a_watched_folder_that_is_deleted_and_one_that_never_was_there() {
    let place = Place::new();
    place.write("vault/lock.md", LOCK);
    place.write("other/beet.md", BEET);
    let [vault, other] = ["vault", "other"].map(|name| place.docs().join(name));
    let agent = place.up(&[vault.to_str().unwrap(), other.to_str().unwrap()]);
    agent.wait_ready(2);
    fs::remove_dir_all(&vault).unwrap();
    wait_finding(&agent, "has been away since");
    named("a watched folder is deleted", &agent);
    agent.stop();
    let config = place.home().join("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    let set = text.replace("folders = [", "folders = [ \"/nowhere/at/all\",");
    assert_ne!(set, text);
    fs::write(&config, set).unwrap();
    let agent = place.up(&[]);
    wait_finding(&agent, "/nowhere/at/all");
    named("config.toml names a folder that is not there", &agent);
}

#[test]
fn a_folder_whose_place_a_file_takes_and_one_that_is_moved_into_a_private_one_behind_a_link() {
    let place = Place::new();
    for name in ["vault/1.md", "vault/2.md", "vault/deep/3.md", "stuff/other/beet.md"] {
        place.write(name, BEET);
    }
    place.write("diary/lock.md", LOCK);
    let at = |name: &str| place.docs().join(name);
    let rename = |from: &str, to: &str| fs::rename(at(from), at(to)).unwrap();
    let agent = place.up(&[at("vault").to_str().unwrap(), at("stuff/other").to_str().unwrap()]);
    // A private collection from the start would have the agent ask who may see the others.
    agent.wait_ready(4);
    let added = agent.cli(["add", at("diary").to_str().unwrap(), "--collection", "diary", "--ring", "private"]);
    assert!(added.status.success(), "{added:?}");
    agent.wait_ready(5);
    let is_well = |status: &Value| status["findings"].as_array().unwrap().is_empty() && status["files"]["ready"] == 5;
    rename("stuff", "diary/stuff");
    std::os::unix::fs::symlink(at("diary/stuff"), at("stuff")).unwrap();
    wait_finding(&agent, "leads through a link into");
    agent.wait("what is in the private folder", |status| status["files"]["ready"] == 6);
    named("a watched folder is moved into a private one, and a link is left", &agent);
    fs::write(at("diary/stuff/other/new.md"), LOCK).unwrap();
    agent.wait("the new file, once", |status| status["files"]["ready"] == 7);
    fs::remove_file(at("diary/stuff/other/new.md")).unwrap();
    fs::remove_file(at("stuff")).unwrap();
    rename("diary/stuff", "stuff");
    agent.wait("the folder that is back", is_well);
    let added = agent.cli(["collection", "ring", "diary", "mesh"]);
    assert!(added.status.success(), "{added:?}");
    rename("vault", "real");
    fs::write(at("vault"), BEET).unwrap();
    wait_finding(&agent, "because there is a file in its place");
    named("a file takes the place of a watched folder", &agent);
    assert_eq!(agent.status()["files"]["ready"], 5, "and the file is no document");
    fs::remove_file(at("vault")).unwrap();
    rename("real", "vault");
    agent.wait("the folder that is back", is_well);
    assert!(agent.cli(["collection", "ring", "diary", "private"]).status.success());
    rename("diary", "vault/diary");
    wait_finding(&agent, "is what was watched as the private place");
    named("a private folder is moved into a shared one", &agent);
    assert!(agent.search("lock").iter().all(|hit| !hit.contains("vault/diary")), "nothing of it is indexed there");
    assert!(agent.cli(["forget", at("diary").to_str().unwrap()]).status.success());
    agent.wait("the folder as a part of the shared one", |status| {
        status["findings"].as_array().unwrap().is_empty() && status["files"]["ready"] == 5
    });
}

#[test]
fn a_disk_that_is_unplugged() {
    let place = Place::new();
    place.write("lock.md", LOCK);
    let stick = place.docs().join("stick");
    fs::create_dir(&stick).unwrap();
    let name = stick.to_str().unwrap();
    let Some(command) = in_namespace(&format!("mount -t tmpfs stick {name} && echo '{BEET}' > {name}/beet.md")) else {
        return;
    };
    let agent = Agent::start(command, &place.home(), &[place.docs().to_str().unwrap()]);
    agent.wait_ready(2);
    assert!(inside(agent.child.id()).args(["umount", name]).status().unwrap().success());
    wait_finding(&agent, "has been away since");
    named("a disk in a watched folder is unplugged", &agent);
}

#[test]
fn a_share_that_does_not_answer() {
    let Some(hung) = Hung::start() else { return };
    hung.hang();
    hung.agent.wait("its absence", |status| status["findings"].to_string().contains("has been away since"));
    named("the file system of a watched folder does not answer", &hung.agent);
}

#[test]
fn a_folder_that_lies_too_deep() {
    let place = Place::new();
    place.write("a.md", BEET);
    place.write(&format!("{}b.md", "d/".repeat(65)), LOCK);
    let agent = place.up(&[place.docs().to_str().unwrap()]);
    agent.wait_ready(1);
    named("a folder lies too deep", &agent);
}

#[test]
fn most_of_many_documents_deleted_at_once() {
    let place = Place::new();
    let file = |number: u64| format!("{}/{number}.md", number % 3);
    (0..120).for_each(|number| place.write(&file(number), LOCK));
    let agent = place.up(&[place.docs().to_str().unwrap()]);
    agent.wait_ready(120);
    (0..80).for_each(|number| fs::remove_file(place.docs().join(file(number))).unwrap());
    agent.wait("the question", |status| status["sources"][0]["missing"]["documents"] == 80);
    named("most of a folder's many documents are deleted", &agent);
}

#[test]
fn a_file_that_is_no_document_is_listed_and_is_no_fault() {
    let place = Place::new();
    place.write("a.md", BEET);
    place.write("scan.pdf", b"%PDF-1.7\n\0\x01\x02");
    let agent = place.up(&[place.docs().to_str().unwrap()]);
    agent.wait("both files", |status| status["files"]["ready"] == 1 && status["working"] == false);
    named("a file is no document", &agent);
}

#[test]
fn a_change_that_no_event_told() {
    let place = Place::new();
    for folder in ["lower", "more", "docs/seen"] {
        fs::create_dir_all(place.path().join(folder)).unwrap();
    }
    fs::write(place.path().join("lower/a.md"), BEET).unwrap();
    // What changes below an overlay is told to nobody who watches the overlay.
    let at = |name: &str| place.path().join(name).display().to_string();
    let overlay = format!("mount -t overlay overlay -o lowerdir={}:{} {}", at("lower"), at("more"), at("docs/seen"));
    let Some(command) = in_namespace(&overlay) else { return };
    let agent = Agent::start(command, &place.home(), &[&at("docs/seen")]);
    agent.wait_ready(1);
    fs::write(place.path().join("lower/unnoticed.md"), LOCK).unwrap();
    named("a change of a file was not noticed", &agent);
}

#[test]
fn devices_that_cannot_be_linked_and_an_agent_that_watches_nothing() {
    let ((one, one_listen, _), (_two, _, two_address)) = (prepared(), prepared());
    let (three, three_listen, three_address) = prepared();
    let there = up(&three, "there", &three_listen, &two_address);
    let here = one.up(&["--listen", &one_listen, "--peer", &two_address]);
    here.wait("the dial", |_| here.cli(["doctor"]).stdout.windows(13).any(|part| part == b"Nobody listen"));
    named("another device is not up", &here);
    here.stop();
    let (alone, listen, _) = prepared();
    let lone = alone.up(&["--listen", &listen]);
    named("no folder is watched", &lone);
    drop(lone);
    for name in ["config.toml", "config.copy", "written-files"] {
        fs::remove_file(one.home().join(name)).unwrap();
    }
    let (wrong, _) = three_address.rsplit_once("/p2p/").unwrap();
    let (_, id) = two_address.rsplit_once("/p2p/").unwrap();
    let here = one.up(&["--listen", &one_listen, "--peer", &format!("{wrong}/p2p/{id}")]);
    here.wait("the dial", |_| String::from_utf8_lossy(&here.cli(["doctor"]).stdout).contains("another agent answered"));
    named("another device is named by a wrong PeerId", &here);
    drop(there);
}

#[test]
fn a_home_that_was_restored_from_a_copy() {
    let ((one, one_listen, one_address), (two, two_listen, two_address)) = (prepared(), prepared());
    let attic = up(&one, "attic", &one_listen, &two_address);
    let files = ["boot", "boot.copy"].map(|name| two.home().join(name));
    let mut kept = Vec::new();
    for start in 1..=3 {
        let cellar = up(&two, "cellar", &two_listen, &one_address);
        linked(&cellar);
        attic.wait("the link", |status| status["peers"][0]["linked"] == true);
        cellar.stop();
        if start == 1 {
            kept = files.iter().map(|file| fs::read(file).unwrap()).collect();
        }
    }
    // It goes on within a second: a folder in the way of its next count keeps it mute, where that is there in time.
    let way = two.home().join("boot.new");
    let cellar = loop {
        files.iter().zip(&kept).for_each(|(file, bytes)| fs::write(file, bytes).unwrap());
        let (boot, folder) = (files[0].clone(), way.clone());
        let blocked = std::thread::spawn(move || {
            loop {
                match fs::read(&boot).unwrap().as_slice() {
                    b"1\n" => {}
                    b"2\n" if fs::create_dir(&folder).is_err() => {}
                    _ => break,
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let cellar = up(&two, "cellar", &two_listen, &one_address);
        blocked.join().unwrap();
        // The copy is written first.
        if files.iter().all(|file| fs::read(file).unwrap().ends_with(b"2\n")) {
            break cellar;
        }
        cellar.stop();
        let _ = fs::remove_dir(&way);
    };
    wait_finding(&attic, "they are of its start 2");
    named("another device's home was restored from a copy", &attic);
    drop(cellar);
}

#[test]
fn two_devices_with_one_key() {
    let ((one, one_listen, one_address), (two, two_listen, two_address)) = (prepared(), prepared());
    let (copy, copy_listen, _) = prepared();
    fs::remove_dir_all(copy.home()).unwrap();
    copied(&two.home(), &copy.home());
    two.write("beet.md", BEET);
    let attic = up(&one, "attic", &one_listen, &two_address);
    let cellar = up(&two, "cellar", &two_listen, &one_address);
    linked(&attic);
    cellar.wait_ready(1);
    assert_eq!(attic.search("beetroot").len(), 1);
    let other = up(&copy, "cellar", &copy_listen, &one_address);
    wait_finding(&attic, "Two devices use the same key");
    named("two devices have one key", &attic);
    assert_eq!(attic.search("beetroot"), [""; 0], "neither of them is asked");
    wait_finding(&other, "that of this device");
    named("another device has the key of this one", &cellar);
    drop((cellar, other));
}

#[test]
fn sensors_that_contradict_each_other() {
    let place = Place::new();
    place.write("a.md", BEET);
    let root = place.path().join("root");
    for (file, text) in [
        ("hwmon/hwmon0/name", "coretemp"),
        ("hwmon/hwmon0/temp1_input", "45000"),
        ("power_supply/AC/type", "Mains"),
        ("power_supply/AC/online", "1"),
        ("power_supply/BAT0/type", "Battery"),
        ("power_supply/BAT0/present", "1"),
        ("power_supply/BAT0/status", "Not charging"),
        ("power_supply/BAT0/capacity", "0"),
        ("power_supply/BAT0/energy_full", "0"),
    ] {
        let file = root.join("sys/class").join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, format!("{text}\n")).unwrap();
    }
    let mut command = Command::new(WATTLE);
    command.env("XDG_RUNTIME_DIR", place.path());
    command.args(up_args(&place.home(), &["--sensors", root.to_str().unwrap(), place.docs().to_str().unwrap()]));
    let agent = Agent::start_as_it_is(command, &place.home());
    wait_finding(&agent, "although mains is connected");
    named("sensors contradict each other", &agent);
}
