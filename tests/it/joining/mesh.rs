//! The life of a mesh: further admins, recovery, invites, leaving, and devices that knew each other by --peer before.

use super::super::harness::Place;
use super::super::pair;
use super::{Device, linked};
use serde_json::json;
use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use wattle::platform::home::Home;
use wattle::wire::pairing::words;

const ADMIN: [&str; 3] = ["member", "worker", "admin"];

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn pairs(admin: &Device, joiner: &Device) {
    let window = admin.pair();
    let output = joiner.join(&window.code, admin);
    assert!(output.status.success(), "{}\n{}\n{}", said(&output), admin.agent.log(), joiner.agent.log());
    assert_eq!(window.closed().0, Some(0));
}

/// Waits until a device lists these others, with what they may do.
fn lists(device: &Device, expected: &[(&str, &[&str])]) {
    let mut expected: Vec<_> = expected.iter().map(|(id, caps)| ((*id).to_owned(), json!(caps))).collect();
    expected.sort_by(|one, other| one.0.cmp(&other.0));
    device.agent.wait("the list of the mesh", |_| device.members() == expected);
}

fn typed(device: &Device, args: &[&str], input: &str) -> Output {
    let mut child = Command::new(super::WATTLE)
        .args(["--api", &device.agent.api, "--home"])
        .arg(device.place.home())
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn phrase_of(home: &Path) -> String {
    words::phrase(Home::at(home).existing_mesh_root().unwrap().unwrap().key().as_bytes()).to_string()
}

#[test]
fn a_second_admin_goes_on_when_the_first_one_leaves_and_the_first_is_a_new_device_then() {
    let (attic, cellar, barn) =
        (Device::new("attic", "one"), Device::new("cellar", "two"), Device::new("barn", "three"));
    pairs(&attic, &cellar);
    linked(&attic.agent);
    let alone = attic.agent.cli(["leave"]);
    assert!(!alone.status.success() && said(&alone).contains("only admin"), "{alone:?}");
    let refused = cellar.agent.cli(["mesh", "admin", &cellar.id()]);
    assert!(said(&refused).contains("was not made on this device"), "{refused:?}");
    let (attic_id, cellar_id) = (attic.id(), cellar.id());
    let by_name = attic.agent.cli(["mesh", "admin", "cellar"]);
    assert!(!by_name.status.success() && said(&by_name).contains("whole PeerId"), "{by_name:?}");
    let made = attic.agent.cli(["mesh", "admin", &cellar_id]);
    assert!(made.status.success(), "{made:?}");
    lists(&cellar, &[(&attic_id, &ADMIN), (&cellar_id, &ADMIN)]);

    let left = attic.agent.cli(["leave"]);
    assert!(left.status.success() && said(&left).contains("cellar is asked to remove it"), "{left:?}");
    lists(&cellar, &[(&cellar_id, &ADMIN)]);
    let since = Instant::now();
    while attic.agent.cli(["status"]).status.code() != Some(3) {
        assert!(since.elapsed() < Duration::from_secs(60), "the agent has not ended: {}", attic.agent.log());
        std::thread::sleep(Duration::from_millis(100));
    }
    let attic = attic.ended().started();
    assert_ne!(attic.id(), attic_id, "a new identity");
    assert_eq!(attic.agent.json(&["mesh", "--json"])["mesh"], json!(null));

    pairs(&cellar, &barn);
    pairs(&cellar, &attic);
    lists(&attic, &[(&cellar_id, &ADMIN), (&barn.id(), &["member", "worker"]), (&attic.id(), &["member", "worker"])]);
}

#[test]
fn the_recovery_phrase_makes_an_admin_and_is_printed_to_a_terminal_only() {
    let (attic, cellar) = (Device::new("attic", "one"), Device::new("cellar", "two"));
    let piped = attic.agent.cli(["mesh", "create"]);
    assert!(!piped.status.success() && said(&piped).contains("on a terminal only"), "{piped:?}");
    assert_eq!(attic.agent.json(&["mesh", "--json"])["mesh"], json!(null), "nothing was changed");
    pairs(&attic, &cellar);
    linked(&attic.agent);
    let [mesh, status] = ["mesh", "status"].map(|command| attic.agent.json(&[command, "--json"])["mesh"].clone());
    assert!(mesh.is_string() && mesh == status, "{mesh} {status}");
    let phrase = phrase_of(&attic.place.home());
    let short = typed(&cellar, &["mesh", "recover"], "abandon ability\n");
    assert!(said(&short).contains("has 24 words"), "{short:?}");
    let other = words::phrase(&[7; 32]);
    let wrong = typed(&cellar, &["mesh", "recover"], &format!("{}\n", *other));
    assert!(said(&wrong).contains("is of another mesh"), "{wrong:?}");
    let done = typed(&cellar, &["mesh", "recover"], &phrase.replace(' ', "\n"));
    assert!(done.status.success(), "{done:?}");
    let (attic_id, cellar_id) = (attic.id(), cellar.id());
    lists(&attic, &[(&attic_id, &ADMIN), (&cellar_id, &ADMIN)]);
    for (device, secret) in [(&attic, &phrase), (&cellar, &phrase)] {
        assert!(!device.agent.log().contains(secret.as_str()), "a log has the phrase");
    }
}

#[test]
fn a_device_joins_by_the_invite_on_its_card_without_a_command_and_a_copy_of_it_lets_nobody_in() {
    let attic = Device::new("attic", "one");
    let card = tempfile::tempdir().unwrap();
    let missing = attic.agent.cli(["invite", "--file", "/nowhere/at/all"]);
    assert!(!missing.status.success() && said(&missing).contains("There is no folder"), "{missing:?}");
    let written = attic.agent.cli(["invite", "--file", card.path().to_str().unwrap()]);
    assert!(written.status.success(), "{written:?}");
    assert!(said(&written).contains("listens on its own machine only"), "no board finds it there: {written:?}");
    let first = fs::read_to_string(card.path().join("wattle/invite.toml")).unwrap();
    let again = attic.agent.cli(["invite", "--file", card.path().to_str().unwrap()]);
    assert!(
        !again.status.success() && said(&again).contains("is there already: an invite for one device"),
        "{again:?}"
    );
    assert_eq!(fs::read_to_string(card.path().join("wattle/invite.toml")).unwrap(), first, "it was refused");
    let replaced = attic.agent.cli(["invite", "--file", card.path().to_str().unwrap(), "--replace"]);
    assert!(replaced.status.success() && said(&replaced).contains("is void here"), "{replaced:?}");
    let damaged = tempfile::tempdir().unwrap();
    fs::create_dir(damaged.path().join("wattle")).unwrap();
    fs::write(damaged.path().join("wattle/invite.toml"), &first[..80]).unwrap();
    let refused = attic.agent.cli(["invite", "--file", damaged.path().to_str().unwrap(), "--replace"]);
    assert!(!refused.status.success() && said(&refused).contains("cannot be made void"), "{refused:?}");
    assert_eq!(fs::read_to_string(damaged.path().join("wattle/invite.toml")).unwrap(), first[..80]);
    let void = card.path().join("void.toml");
    fs::write(&void, first.replace("addresses = []", &format!("addresses = [\"{}\"]", attic.listen))).unwrap();
    let barn = Device::new("barn", "four");
    let output = barn.agent.cli(["join", "--invite", void.to_str().unwrap()]);
    assert!(!output.status.success() && said(&output).contains("was replaced by a newer one"), "{output:?}");
    let (file, copy) = (card.path().join("wattle/invite.toml"), card.path().join("copy.toml"));
    // At this address alone: in the tests an agent announces none.
    let text = fs::read_to_string(&file).unwrap();
    let text = text.replace("addresses = []", &format!("addresses = [\"{}\"]", attic.listen));
    assert!(text.contains(&attic.listen), "{text}");
    fs::write(&file, &text).unwrap();
    fs::write(&copy, &text).unwrap();
    // The record outlives a restart of its issuer.
    let attic = attic.restarted();

    let place = Place::new();
    place.write("cellar.txt", "two");
    let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let docs = place.docs();
    let boot = card.path().to_str().unwrap().to_owned();
    let args = ["--name", "cellar", "--listen", &listen, "--no-mdns", "--boot", &boot, docs.to_str().unwrap()];
    let agent = place.up(&args);
    let cellar = Device { place, agent, listen, name: "cellar" };
    linked(&cellar.agent);
    linked(&attic.agent);
    cellar.agent.wait("the end of the invite", |_| !file.exists());
    let (attic_id, cellar_id) = (attic.id(), cellar.id());
    lists(&attic, &[(&attic_id, &ADMIN), (&cellar_id, &["member", "worker"])]);

    let thief = Device::new("thief", "three");
    let output = thief.agent.cli(["join", "--invite", copy.to_str().unwrap()]);
    assert!(
        !output.status.success() && said(&output).contains("Another device has joined by this invite"),
        "{output:?}"
    );
    assert!(copy.exists(), "a file that let nobody in stays");
    for log in [attic.agent.log(), cellar.agent.log(), thief.agent.log()] {
        let secret = text.lines().find_map(|line| line.strip_prefix("secret = ")).unwrap();
        assert!(!log.contains(secret.trim_matches('"')), "a log has the secret");
    }
}

#[test]
fn devices_that_knew_each_other_by_peer_trust_certificates_alone_once_there_is_a_mesh() {
    let ((one, one_listen, one_address), (two, two_listen, two_address)) = (pair::prepared(), pair::prepared());
    one.write("attic.txt", "one");
    two.write("cellar.txt", "two");
    let device = |place: Place, name, listen: String, peer: &str| {
        let docs = place.docs();
        let agent =
            place.up(&["--name", name, "--listen", &listen, "--no-mdns", "--peer", peer, docs.to_str().unwrap()]);
        agent.wait_ready(1);
        Device { place, agent, listen, name }
    };
    let attic = device(one, "attic", one_listen, &two_address);
    let cellar = device(two, "cellar", two_listen, &one_address);
    linked(&attic.agent);
    let told = said(&attic.agent.cli(["mesh"]));
    assert!(told.contains("wattle pair") && told.contains("wattle join"), "{told}");

    let window = attic.pair();
    attic.agent.wait("the end of the link", |status| status["peers"].as_array().unwrap().is_empty());
    let output = cellar.join(&window.code, &attic);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(window.closed().0, Some(0));
    linked(&attic.agent);
    linked(&cellar.agent);
    // The address that the owner gave is where it is dialled after a restart too, by either side.
    let (attic, cellar) = (attic.restarted(), cellar.restarted());
    linked(&attic.agent);
    linked(&cellar.agent);
    assert!(attic.agent.cli(["remove", &cellar.id()]).status.success());
    let attic = attic.restarted();
    attic.agent.wait("its own start", |status| status["peers"].as_array().unwrap().is_empty());
}
