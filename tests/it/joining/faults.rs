//! Joins on which something fails: the power, a disk, or the person in between.

use super::super::harness::Agent;
use super::{Command, Device, Place, Stdio, TcpListener, WATTLE, knows_that_it_was_removed, linked};
use std::fs;
use std::io::Write;
use std::process::Output;
use std::time::{Duration, Instant};

#[test]
fn two_devices_whose_power_is_cut_right_after_a_join_find_each_other_again_without_multicast() {
    let (attic, cellar) = (Device::new("attic", "one"), Device::new("cellar", "two"));
    let window = attic.pair();
    assert!(cellar.join(&window.code, &attic).status.success(), "{}", cellar.agent.log());
    let (attic, cellar) = (attic.killed(), cellar.killed());
    window.leave();
    let (attic, cellar) = (attic.started(), cellar.started());
    linked(&attic.agent);
    linked(&cellar.agent);
}

/// A device whose home is a small disk of its own; `None` where there is no mount namespace to be had.
fn on_small_disk(name: &'static str) -> Option<Device> {
    if !Command::new("unshare").args(["-m", "true"]).status().is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED, NOT TESTED: a small disk needs a mount namespace of its own.");
        return None;
    }
    let place = Place::new();
    place.write("one.txt", "one");
    fs::create_dir(place.home()).unwrap();
    let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let home = place.home().display().to_string();
    let mount = format!("mount -t tmpfs -o size=260m,mode=0700 none '{home}' && exec {WATTLE} \"$@\"");
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", &mount, "sh"]);
    let docs = place.docs();
    let agent = Agent::start(
        command,
        &place.home(),
        &["--name", name, "--listen", &listen, "--no-mdns", docs.to_str().unwrap()],
    );
    Some(Device { place, agent, listen, name })
}

#[test]
fn while_the_disk_of_the_admin_is_full_the_right_code_uses_no_try_and_lets_the_device_in_once_there_is_room() {
    let Some(attic) = on_small_disk("attic") else { return };
    let cellar = Device::new("cellar", "two");
    let pid = attic.agent.child.id().to_string();
    let mut command = Command::new("nsenter");
    command.args(["-t", &pid, "-m", WATTLE]);
    let window = attic.pair_by(command);
    let filler = format!("/proc/{pid}/root{}/filler", attic.place.home().display());
    let mut file = fs::File::create(&filler).unwrap();
    while file.write_all(&[1; 4096]).is_ok() {}
    for _ in 0..=wattle::limits::PAIR_TRIES {
        cellar.fails_to_join(&window.code, &attic, "lets others in is full");
    }
    // An open file keeps its room.
    drop(file);
    fs::remove_file(&filler).unwrap();
    let joined = cellar.join(&window.code, &attic);
    assert!(joined.status.success(), "{joined:?}\n{}", attic.agent.log());
    let (code, closed) = window.closed();
    assert_eq!((code, &closed["joined"]["device"]), (Some(0), &"cellar".into()));
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn pairs(admin: &Device, joiner: &Device) {
    let window = admin.pair();
    let output = joiner.join(&window.code, admin);
    assert!(output.status.success(), "{}\n{}", said(&output), joiner.agent.log());
    assert_eq!(window.closed().0, Some(0));
}

#[test]
fn of_two_devices_with_one_name_that_are_off_the_remover_names_both_and_removes_the_one_that_is_meant() {
    let (attic, one, other) = (Device::new("attic", "one"), Device::new("pi", "two"), Device::new("pi", "three"));
    pairs(&attic, &one);
    pairs(&attic, &other);
    let (one_id, other_id) = (one.id(), other.id());
    attic.agent.wait("their names", |status| {
        let peers = status["peers"].as_array().unwrap();
        peers.len() == 2 && peers.iter().all(|peer| peer["device"].is_string())
    });
    drop((one.stopped(), other.stopped()));
    let seen = attic.place.home().join("mesh-seen");
    let is_kept = || fs::read_to_string(&seen).unwrap_or_default().matches(" pi\n").count() == 2;
    attic.agent.wait("the names on the disk", |_| is_kept());
    let attic = attic.restarted();
    let refused = attic.agent.cli(["remove", "pi"]);
    let why = said(&refused);
    let ends = [&one_id, &other_id].map(|id| id[id.len() - 8..].to_owned());
    assert!(!refused.status.success() && ends.iter().all(|end| why.contains(end.as_str())), "{why}");
    assert_eq!(attic.members().len(), 3, "nobody was removed");
    let removed = said(&attic.agent.cli(["remove", &ends[0]]));
    assert!(
        removed.contains("pi") && removed.contains("documents go on to answer questions that are asked there"),
        "{removed}"
    );
    // One of this name is left.
    assert!(attic.agent.cli(["remove", "pi"]).status.success());
    assert_eq!(attic.members().len(), 1);
}

#[test]
fn a_removed_device_that_finds_nobody_learns_of_its_removal_where_it_tries_to_join() {
    let (attic, cellar) = (Device::new("attic", "one"), Device::new("cellar", "two"));
    pairs(&attic, &cellar);
    linked(&attic.agent);
    let cellar = cellar.stopped();
    // It does not know where to look any more.
    for file in ["peers", "peers.copy"] {
        let _ = fs::remove_file(cellar.place.home().join(file));
    }
    assert!(attic.agent.cli(["remove", "cellar"]).status.success());
    let cellar = cellar.started();
    let window = attic.pair();
    cellar.fails_to_join(&window.code, &attic, "was removed from ");
    knows_that_it_was_removed(&cellar);
    let barn = Device::new("barn", "three");
    assert!(barn.join(&window.code, &attic).status.success(), "the code is still good");
    window.leave();
    assert_eq!(
        cellar.agent.log().matches("This device was removed from its mesh").count(),
        1,
        "{}",
        cellar.agent.log()
    );
}

#[test]
fn a_join_that_can_only_fail_says_at_once_why_and_what_to_do() {
    let (attic, cellar) = (Device::new("attic", "one"), Device::new("cellar", "two"));
    let since = Instant::now();
    // Nobody can be found from where it listens.
    let nowhere = cellar.agent.cli(["join", "12345678"]);
    assert!(!nowhere.status.success() && said(&nowhere).contains("`--at ADDRESS`"), "{nowhere:?}");
    let window = attic.pair();
    // On the device that shows the code, which would look for another one for a minute.
    for code in [&window.code, &window.link] {
        let output = attic.agent.cli(["join", code]);
        assert!(!output.status.success() && said(&output).contains("device that shows this code"), "{output:?}");
    }
    // Both made a mesh.
    let own = cellar.pair();
    let output = cellar.agent.cli(["join", &window.code]);
    let why = said(&output);
    assert!(why.contains("a mesh of its own") && why.contains("`wattle leave --home "), "{why}");
    let output = cellar.agent.cli(["join", &window.link]);
    assert!(said(&output).contains("a mesh of its own"), "{output:?}");
    assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
    own.leave();
    let left = cellar.agent.cli(["leave"]);
    assert!(left.status.success(), "{left:?}");
    let cellar = ended_well(cellar).started();
    assert!(cellar.join(&window.code, &attic).status.success(), "{}", cellar.agent.log());
    let code = window.code.clone();
    assert_eq!(window.closed().0, Some(0));
    linked(&attic.agent);
    linked(&cellar.agent);
    for device in [&attic, &cellar] {
        assert!(!device.agent.log().contains("WARN"), "a join that went well: {}", device.agent.log());
    }

    // The code is used: by whom is known on both sides.
    let since = Instant::now();
    for (device, part) in [(&attic, "another device has joined by it"), (&cellar, "by this very code already")] {
        let output = device.agent.cli(["join", &code]);
        assert!(!output.status.success() && said(&output).contains(part), "{output:?}");
    }
    assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());

    // It is in: neither words nor a certificate, and the code is left for another device.
    let window = attic.pair();
    let output = cellar.join(&window.code, &attic);
    let why = said(&output);
    assert!(
        !output.status.success() && why.contains("member of this very mesh already") && !why.contains("words"),
        "{why}"
    );
    let output = cellar.agent.cli(["join", &window.link]);
    assert!(said(&output).contains("member of this very mesh already"), "{output:?}");
    let barn = Device::new("barn", "three");
    assert!(barn.join(&window.code, &attic).status.success(), "{}", barn.agent.log());
    assert_eq!(window.closed().0, Some(0));
}

/// Its agent has ended by itself, with a code on which a service that restarts on failures does not.
fn ended_well(mut device: Device) -> super::Stopped {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(status) = device.agent.child.try_wait().unwrap() {
            assert_eq!(status.code(), Some(0), "{}", device.agent.log());
            return device.ended();
        }
        assert!(Instant::now() < end, "the agent has not ended: {}", device.agent.log());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_device_that_leaves_right_after_it_joined_is_removed_there_and_is_a_new_one_here() {
    let (attic, cellar) = (Device::new("attic", "one"), Device::new("cellar", "two"));
    let window = attic.pair();
    assert!(cellar.join(&window.code, &attic).status.success(), "{}", cellar.agent.log());
    let left = cellar.agent.cli(["leave"]);
    assert!(left.status.success() && said(&left).contains("is asked to remove it"), "{left:?}");
    assert_eq!(window.closed().0, Some(0));
    attic.agent.wait("the removal", |_| attic.members().len() == 1);
    let cellar = ended_well(cellar).started();
    assert_eq!(cellar.agent.json(&["mesh", "--json"])["mesh"], serde_json::json!(null));
    pairs(&attic, &cellar);
    linked(&cellar.agent);
}

/// A command at a terminal of its own, on which this is typed.
fn at_terminal(device: &Device, command: &str, typed: &str) -> Option<String> {
    let home = device.place.home().display().to_string();
    let command = format!("{WATTLE} --api {} --home '{home}' {command}", device.agent.api);
    let started = Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = started else {
        eprintln!("SKIPPED, NOT TESTED: there is no `script` to make a terminal.");
        return None;
    };
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    Some(said(&child.wait_with_output().unwrap()))
}

#[test]
fn at_a_terminal_a_removal_and_a_leaving_are_asked_about_first() {
    let (attic, cellar) = (Device::new("attic", "one"), Device::new("cellar", "two"));
    pairs(&attic, &cellar);
    linked(&attic.agent);
    let Some(asked) = at_terminal(&attic, "remove cellar", "n\n") else { return };
    let end = cellar.id().split_off(44);
    assert!(asked.contains(&format!("cellar ({end})")) && asked.contains("Nothing was changed"), "{asked}");
    let asked = at_terminal(&cellar, "leave", "\n").unwrap();
    assert!(asked.contains("[y/N]") && asked.contains("Nothing was changed"), "{asked}");
    assert_eq!((attic.members().len(), cellar.members().len()), (2, 2));
    let done = at_terminal(&attic, "remove cellar --yes", "").unwrap();
    assert!(!done.contains("[y/N]") && done.contains("removed for ever"), "{done}");
    let done = at_terminal(&cellar, "leave", "yes\n").unwrap();
    assert!(done.contains("This device has left its mesh"), "{done}");
    ended_well(cellar);
}

#[test]
fn a_code_whose_agent_ends_is_told_to_both_screens_as_what_it_is() {
    let (attic, cellar) = (Device::new("attic", "one"), Device::new("cellar", "two"));
    let super::Window { child, lines, code, .. } = attic.pair();
    let attic = attic.stopped();
    drop(lines);
    let output = child.wait_with_output().unwrap();
    let why = said(&output);
    assert!(
        !output.status.success() && why.contains("not good any more") && why.contains("`wattle pair --home "),
        "{why}"
    );
    let attic = attic.started();
    cellar.fails_to_join(&code, &attic, "its agent has started again, which ends a code");
}
