//! Faults of what an agent keeps for itself: its disk, its home, its store.

use super::namespace::SmallDisk;
use super::page_test::planted;
use super::{BEET, LOCK, named, named_without_agent, read, wait_finding};
use crate::harness::{Agent, Place, WATTLE, copied};
use crate::joining::hardware::board;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// An agent that has read one document.
pub(super) fn started() -> (Place, Agent) {
    let place = Place::new();
    place.write("a.md", BEET);
    let agent = place.up(&[place.docs().to_str().unwrap()]);
    agent.wait_ready(1);
    (place, agent)
}

/// The agent of a home that has read one document before.
pub(super) fn restarted(place: &Place) -> Agent {
    let agent = place.up(&[]);
    agent.wait_ready(1);
    agent
}

/// Makes the mesh of this agent, by an invite that nobody uses.
fn makes_a_mesh(agent: &Agent) {
    let card = tempfile::tempdir().unwrap();
    assert!(agent.cli(["invite", "--file", card.path().to_str().unwrap()]).status.success());
}

fn id(agent: &Agent) -> String {
    agent.status()["peer_id"].as_str().unwrap().to_owned()
}

/// One digit of this file's key is another one.
fn flip(key: &Path) {
    let mut digits = fs::read(key).unwrap();
    digits[7] = if digits[7] == b'0' { b'1' } else { b'0' };
    fs::write(key, digits).unwrap();
}

#[test]
fn a_full_disk_and_a_start_on_it() {
    let Some(disk) = SmallDisk::new("260m") else { return };
    let agent = disk.up();
    let end = Instant::now() + Duration::from_secs(60);
    while read(&disk.run(&[WATTLE, "doctor", "--json", "--home"])).1 != 0 {
        assert!(Instant::now() < end, "{:?}", read(&disk.run(&[WATTLE, "doctor", "--json", "--home"])));
    }
    disk.fill(200);
    let (report, code) = read(&disk.run(&[WATTLE, "doctor", "--json", "--home"]));
    planted("the disk of the home is nearly full", &report, code);
    disk.fill(1000);
    agent.kill();
    let agent = disk.up();
    // The address could not be written down.
    let doctor = [WATTLE, "doctor", "--json", "--api", &agent.api, "--home"];
    let (report, code) = read(&disk.run(&doctor));
    planted("the agent was started on a full disk", &report, code);
}

#[test]
fn a_disk_that_becomes_read_only_under_the_agent() {
    let Some(disk) = SmallDisk::new("260m") else { return };
    let agent = disk.up();
    // The disk itself cannot be remounted while the agent writes to it, as the kernel does after errors; its home's path can be read-only.
    let read_only = "mount --bind $0 $0 && mount -o remount,bind,ro $0";
    assert!(disk.run(&["sh", "-c", read_only]).status.success());
    agent.wait("the finding", |status| status["findings"].to_string().contains("is read-only"));
    let (report, code) = read(&disk.run(&[WATTLE, "doctor", "--json", "--home"]));
    planted("the disk of the home becomes read-only", &report, code);
    let is_again =
        |check: &serde_json::Value| check["name"] == "state" && check["says"].to_string().contains("is read-only");
    assert!(
        !report["checks"].as_array().unwrap().iter().any(is_again),
        "the agent's finding is not told again: {report}"
    );
    assert!(disk.run(&["umount"]).status.success());
    agent.wait("the end of it", |status| !status["findings"].to_string().contains("is read-only"));
}

#[test]
fn a_disk_that_fills_up_before_a_command_holds_the_work_until_there_is_room() {
    let Some(disk) = SmallDisk::new("260m") else { return };
    let agent = disk.up();
    let end = Instant::now() + Duration::from_secs(60);
    let doctor = || read(&disk.run(&[WATTLE, "doctor", "--json", "--home"]));
    let well = || {
        while doctor().1 != 0 {
            assert!(Instant::now() < end + Duration::from_secs(60), "{:?}", doctor());
        }
    };
    well();
    disk.fill(1000);
    let ring = || disk.run(&[WATTLE, "collection", "ring", "home", "private", "--home"]);
    let refused = ring();
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && why.contains("Nothing was changed"), "{refused:?}");
    let (report, code) = doctor();
    planted("the disk fills up before a command", &report, code);
    // Room again: nothing is started anew, the finding ends, and the command is carried out.
    disk.fill(1);
    well();
    assert!(ring().status.success(), "{:?}", ring());
    drop(agent);
}

#[test]
fn a_store_that_is_deleted_and_documents_of_a_folder_that_is_away() {
    let place = Place::new();
    place.write("here/a.md", BEET);
    place.write("usb/b.md", LOCK);
    let [here, usb] = ["here", "usb"].map(|name| place.docs().join(name));
    let store = place.home().join("store-1");
    let agent = place.up(&[here.to_str().unwrap(), usb.to_str().unwrap()]);
    agent.wait_ready(2);
    fs::remove_dir_all(&store).unwrap();
    let _ = agent.cli(["doctor"]);
    wait_finding(&agent, "is gone from the disk");
    named("the store is deleted under the agent", &agent);
    let refused = agent.cli(["collection", "ring", "home", "private"]);
    assert!(!refused.status.success(), "{refused:?}");
    agent.stop();
    let away = place.path().join("unplugged");
    let rename = |from: &Path, to: &Path| fs::rename(from, to).unwrap();
    rename(&usb, &away);
    let agent = restarted(&place);
    named("the store was deleted before the start", &agent);
    rename(&away, &usb);
    agent.wait_ready(2);
    agent.stop();
    rename(&usb, &away);
    fs::remove_dir_all(&store).unwrap();
    fs::write(&store, "x").unwrap();
    let agent = restarted(&place);
    named("the store is damaged while a folder is away", &agent);
    agent.stop();
    let agent = restarted(&place);
    named("documents were lost with the store before an earlier start", &agent);
    agent.stop();
    rename(&away, &usb);
    let agent = place.up(&[]);
    agent.wait_ready(2);
    assert!(!agent.status()["findings"].to_string().contains("went with it"), "{}", agent.status());
}

#[test]
fn faults_of_the_home() {
    let (place, agent) = started();
    assert!(Command::new("chmod").arg("755").arg(place.home()).status().unwrap().success());
    named("the home can be read by other users", &agent);
    assert!(Command::new("chmod").arg("700").arg(place.home()).status().unwrap().success());
    let config = place.home().join("config.toml");
    let text = fs::read(&config).unwrap();
    fs::write(&config, "[node\n").unwrap();
    named("config.toml cannot be read", &agent);
    fs::write(&config, text).unwrap();

    let token = place.home().join("api-token");
    assert!(Command::new("chmod").arg("644").arg(&token).status().unwrap().success());
    named("the token can be read by other users", &agent);
    assert!(Command::new("chmod").arg("600").arg(&token).status().unwrap().success());
    let digits = fs::read_to_string(&token).unwrap();
    let other = if digits.starts_with('0') { "1" } else { "0" };
    fs::write(&token, format!("{other}{}", &digits[1..])).unwrap();
    named("a small file of the home is damaged under the agent", &agent);
    fs::write(&token, digits).unwrap();
    let [copy, of_key] = ["sources.copy", "identity.copy"].map(|name| place.home().join(name));
    let cut = |copy: &Path| {
        let whole = fs::read(copy).unwrap();
        fs::write(copy, &whole[..whole.len() - 1]).unwrap();
        whole
    };
    let (of_list, of_identity) = (cut(&copy), cut(&of_key));
    named("the copy of a small file is damaged", &agent);
    named("the copy of the identity's file is damaged", &agent);
    fs::write(&of_key, of_identity).unwrap();
    fs::write(&copy, of_list).unwrap();
    fs::remove_file(&copy).unwrap();
    fs::create_dir(&copy).unwrap();
    named("the copy of a small file cannot be read", &agent);
    fs::remove_dir(&copy).unwrap();

    let pid = agent.child.id().to_string();
    let signal = |name: &str| assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    signal("-STOP");
    named("the agent is frozen", &agent);
    signal("-CONT");
    agent.stop();
    named_without_agent("no agent runs", &place.home());

    fs::remove_dir_all(&copy).ok();
    fs::write(&of_key, "x").unwrap();
    let agent = restarted(&place);
    let log = agent.log();
    let told = log.matches("identity.copy could not be used: its checksum is wrong.").count();
    assert!(told == 1 && log.contains("and the copy was written anew"), "{log}");
    agent.stop();

    let key = place.home().join("identity.key");
    flip(&key);
    let _ = fs::remove_file(&copy);
    fs::create_dir(&copy).unwrap();
    let agent = restarted(&place);
    named("the identity's file is damaged", &agent);
    named("the copy of a small file cannot be written at the start", &agent);
    let (report, _) = read(&agent.cli(["doctor", "--json"]));
    assert_eq!(report["checks"].to_string().matches("sources.copy cannot be").count(), 1, "told once: {report}");
    assert!(agent.status()["findings"].to_string().contains("sources.copy cannot be used"), "{}", agent.status());
    let before = id(&agent);
    agent.stop();
    fs::remove_file(&key).unwrap();
    let agent = restarted(&place);
    assert_eq!(id(&agent), before, "it is the same device");
    named("the identity's file is deleted", &agent);
}

#[test]
fn a_key_that_is_damaged_with_its_copy_starts_no_other_device_and_a_note_of_the_hardware_makes_no_new_key() {
    let (place, agent) = started();
    let before = id(&agent);
    agent.stop();
    let file = |name: &str| place.home().join(name);
    let whole = fs::read(file("identity.key")).unwrap();
    flip(&file("identity.key"));
    fs::write(file("identity.copy"), "").unwrap();
    named_without_agent("the identity's file and its copy are damaged", &place.home());
    let why = place.up_fails(&[]);
    assert!(
        why.contains("identity.key holds the key of another device than this one") && why.contains(&before),
        "{why}"
    );
    // From a backup, without the copy.
    fs::write(file("identity.key"), whole).unwrap();
    fs::remove_file(file("identity.copy")).unwrap();
    for name in ["hardware", "hardware.copy"] {
        fs::write(file(name), "rubbish").unwrap();
    }
    let agent = restarted(&place);
    assert_eq!(id(&agent), before);
    named("the note of the hardware and its copy are damaged", &agent);
}

#[test]
fn a_card_in_another_device_before_its_start_there_and_on_a_full_disk() {
    let Some(disk) = SmallDisk::new("260m") else { return };
    let boards = Place::new();
    let [one, other] = ["10000000aaaa", "10000000bbbb"].map(|serial| board(&boards, serial));
    disk.up_with(&["--sensors", &one, "--governor", "off"]).kill();
    let doctor = || read(&disk.run(&[WATTLE, "doctor", "--json", "--sensors", &other, "--home"]));
    let (report, code) = doctor();
    planted("a card is in another device and was not started there", &report, code);
    disk.fill(1000);
    let refused = disk.run(&[WATTLE, "up", "--api", "127.0.0.1:0", "--no-mdns", "--sensors", &other, "--home"]);
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && why.contains("cannot be put aside"), "{refused:?}");
    let (report, code) = doctor();
    planted("a card is in another device whose disk is full", &report, code);
    disk.fill(1);
    let agent = disk.up_with(&["--sensors", &other, "--governor", "off"]);
    wait_finding(&agent, "was in another device before");
}

#[test]
fn the_device_that_made_a_mesh_loses_its_identity_and_recovers_by_the_root_in_its_home() {
    let (place, agent) = started();
    makes_a_mesh(&agent);
    let (mesh, before) = (agent.json(&["mesh", "--json"])["mesh"].clone(), id(&agent));
    agent.stop();
    for file in ["identity.key", "identity.copy"] {
        fs::remove_file(place.home().join(file)).unwrap();
    }
    named_without_agent("the identity is lost", &place.home());
    let agent = restarted(&place);
    assert_ne!(id(&agent), before);
    assert!(agent.log().contains(&format!("and was {before}")), "{}", agent.log());
    named("the identity was lost before the start", &agent);
    named("the identity of the device that made a mesh is lost", &agent);
    let done = agent.cli(["mesh", "recover"]);
    assert!(done.status.success() && String::from_utf8_lossy(&done.stdout).contains("is an admin"), "{done:?}");
    let report = agent.json(&["mesh", "--json"]);
    assert_eq!(report["mesh"], mesh);
    let own = report["members"].as_array().unwrap().iter().find(|member| member["here"] == true).unwrap();
    assert!(own["caps"].to_string().contains("admin"), "{report}");
    assert!(!agent.status()["findings"].to_string().contains("has no certificate"), "{}", agent.status());
}

#[test]
fn a_count_of_starts_and_a_token_that_are_gone_with_their_copies_are_named_before_a_start_and_after_it() {
    let (place, agent) = started();
    let lose = |agent: Agent, file: &str| {
        agent.stop();
        for name in [file.to_owned(), format!("{file}.copy")] {
            fs::remove_file(place.home().join(name)).unwrap();
        }
    };
    lose(agent, "boot");
    named_without_agent("the count of starts is gone with its copy", &place.home());
    let agent = restarted(&place);
    named("the count of starts was gone before the start", &agent);
    lose(agent, "api-token");
    named_without_agent("the API's token is gone with its copy", &place.home());
    let agent = restarted(&place);
    named("the API's token was gone before the start", &agent);
    agent.stop();
    fs::remove_file(place.home().join("api-token")).unwrap();
    named("the API's token was deleted before the start", &restarted(&place));
}

#[test]
fn the_list_of_a_meshs_devices_that_is_gone_is_named_and_the_root_beside_it_makes_the_same_mesh() {
    let (place, agent) = started();
    let check = |agent: &Agent| {
        let report: serde_json::Value = serde_json::from_slice(&agent.cli(["doctor", "--json"]).stdout).unwrap();
        let checks = report["checks"].as_array().unwrap();
        checks.iter().find(|check| check["name"] == "mesh").unwrap()["ok"].clone()
    };
    assert_eq!(check(&agent), true, "no mesh is no fault");
    makes_a_mesh(&agent);
    assert_eq!(check(&agent), true);
    let mesh = agent.json(&["mesh", "--json"])["mesh"].clone();
    agent.stop();
    let both = ["mesh-records", "mesh-records.copy"].map(|file| place.home().join(file));
    both.iter().for_each(|file| fs::write(file, "x").unwrap());
    named_without_agent("the list of the mesh's devices and its copy are damaged", &place.home());
    both.iter().for_each(|file| fs::remove_file(file).unwrap());
    let agent = restarted(&place);
    named("the list of the mesh's devices is deleted where the mesh was made", &agent);
    let (report, _) = read(&agent.cli(["doctor", "--json"]));
    assert_eq!(
        report["checks"].to_string().matches("A mesh was made on this device").count(),
        1,
        "told once: {report}"
    );
    // The start and the status say it too.
    assert!(agent.log().contains("A mesh was made on this device"), "{}", agent.log());
    assert!(agent.status()["findings"].to_string().contains("wattle mesh recover"), "{}", agent.status());
    agent.stop();
    let agent = restarted(&place);
    wait_finding(&agent, "A mesh was made on this device");
    let done = agent.cli(["mesh", "recover"]);
    assert!(done.status.success(), "{done:?}");
    agent.wait("the end of it", |status| !status["findings"].to_string().contains("A mesh was made on this device"));
    assert_eq!((check(&agent), &agent.json(&["mesh", "--json"])["mesh"]), (true.into(), &mesh));
}

#[test]
fn a_card_that_was_copied_into_another_device_and_one_that_is_kept_there() {
    let (place, repaired) = (Place::new(), Place::new());
    place.write("a.md", BEET);
    let up = |place: &Place, serial: &str| place.up(&["--sensors", &board(place, serial), "--governor", "off"]);
    let agent = up(&place, "10000000aaaa");
    agent.add(&place.docs());
    agent.wait_ready(1);
    makes_a_mesh(&agent);
    let first = id(&agent);
    agent.stop();
    copied(&place.home(), &repaired.home());

    let agent = up(&repaired, "");
    assert_eq!(id(&agent), first, "unknown hardware makes no new key");
    agent.stop();
    let agent = up(&repaired, "10000000bbbb");
    let second = id(&agent);
    assert_ne!(second, first);
    let aside = repaired.home().join(format!("identity-{first}.old"));
    assert_eq!(fs::read(&aside).unwrap(), fs::read(place.home().join("identity.key")).unwrap());
    assert!(agent.log().contains("This home was in another device before"), "{}", agent.log());
    assert_eq!(agent.search("beetroot").len(), 1, "documents still answer");
    named("a card was copied into another device", &agent);
    let refused = agent.cli(["identity", "keep"]);
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("Stop it"), "{refused:?}");
    agent.stop();
    let agent = up(&repaired, "10000000bbbb");
    assert_eq!(id(&agent), second, "once");
    wait_finding(&agent, "was in another device before");
    agent.stop();

    // A board was exchanged, and the card is the same device.
    let keep = Command::new(WATTLE).arg("--home").arg(repaired.home()).args(["identity", "keep"]).output().unwrap();
    assert!(keep.status.success() && String::from_utf8_lossy(&keep.stdout).contains(&first), "{keep:?}");
    let agent = up(&repaired, "10000000bbbb");
    assert_eq!(id(&agent), first);
    assert!(!agent.status()["findings"].to_string().contains("another device before"), "{}", agent.status());
    let members = agent.json(&["mesh", "--json"])["members"].to_string();
    assert!(members.contains(&first) && members.contains("admin"), "{members}");
    agent.stop();

    // It was lent to another device.
    let agent = up(&repaired, "10000000cccc");
    assert!(![&first, &second].contains(&&id(&agent)));
    agent.stop();
    let agent = up(&repaired, "10000000bbbb");
    assert_eq!(id(&agent), first);
    named("a card came back into a device in which it was before", &agent);
}
