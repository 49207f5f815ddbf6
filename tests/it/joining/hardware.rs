//! A copied card in other hardware: a new device, which joins like any other.

use super::Device;
use crate::harness::{Place, copied};
use std::fs;
use std::net::TcpListener;

/// A tree of sensors of a board with this serial number, or of a device that has none.
pub(crate) fn board(place: &Place, serial: &str) -> String {
    let root = place.path().join(format!("root-{serial}"));
    let base = root.join("sys/firmware/devicetree/base");
    fs::create_dir_all(&base).unwrap();
    if !serial.is_empty() {
        fs::write(base.join("serial-number"), format!("{serial}\0")).unwrap();
    }
    root.display().to_string()
}

/// An agent of this place on a board with this serial number.
fn on_board(place: Place, name: &'static str, serial: &str) -> Device {
    on_board_with(place, name, serial, &[])
}

fn on_board_with(place: Place, name: &'static str, serial: &str, more: &[&str]) -> Device {
    let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let root = board(&place, serial);
    let args = ["--name", name, "--listen", &listen, "--no-mdns", "--sensors", &root, "--governor", "off"];
    let agent = place.up(&[&args, more].concat());
    Device { place, agent, listen, name }
}

/// The device that made a mesh, prepared by `prepare` before, and a copy of its card.
fn founder_and_copy(place: Place, prepare: impl Fn(&Device)) -> (Device, Place) {
    let attic = on_board(place, "attic", "10000000aaaa");
    prepare(&attic);
    // Makes the mesh.
    attic.pair().leave();
    let (first, members) = (attic.id(), attic.members());
    assert_eq!(members.len(), 1);
    let Device { place, agent, .. } = attic;
    agent.stop();
    let card = Place::new();
    copied(&place.home(), &card.home());
    let attic = on_board(place, "attic", "10000000aaaa");
    assert_eq!(attic.id(), first);
    (attic, card)
}

#[test]
fn a_copied_card_is_a_guest_in_other_hardware_and_joins_anew_beside_its_original() {
    let place = Place::new();
    place.write("a.md", "The treasure is called jewel.\n");
    let (attic, card) = founder_and_copy(place, |attic| {
        attic.agent.add(&attic.place.docs());
        attic.agent.wait_ready(1);
    });
    let first = attic.id();
    let copy = on_board(card, "copy", "10000000bbbb");
    assert_ne!(copy.id(), first, "{}", copy.agent.log());
    assert_eq!(copy.agent.search("jewel").len(), 1, "its documents answer");
    assert!(!attic.members().iter().any(|(id, _)| *id == copy.id()), "it is no member");
    let told = |device: &Device| device.agent.status()["findings"].to_string().contains("was in another device before");
    assert!(told(&copy) && !told(&attic), "{}", copy.agent.status());
    let window = attic.pair();
    let joined = copy.join(&window.code, &attic);
    assert!(joined.status.success(), "{joined:?}");
    assert_eq!(window.closed().0, Some(0));
    assert_eq!((attic.members().len(), copy.members().len()), (2, 2));
    assert!(!told(&copy), "{}", copy.agent.status());
    let findings = attic.agent.status()["findings"].to_string();
    assert!(!findings.contains("Two devices use the same key"), "{findings}");
}

#[test]
fn a_copied_card_without_a_screen_joins_by_an_invite_and_is_no_admin_by_the_root_of_its_original() {
    let invites = tempfile::tempdir().unwrap();
    let folder = invites.path().to_str().unwrap().to_owned();
    let (attic, card) = founder_and_copy(Place::new(), |_| ());
    let first = attic.id();
    let copy = on_board(card, "copy", "10000000bbbb");
    let refused = copy.agent.cli(["mesh", "recover"]);
    assert!(!refused.status.success(), "without the phrase: {refused:?}");
    assert!(copy.members().iter().all(|(id, _)| *id != copy.id()), "it is no member");
    let Device { place: card, agent, .. } = copy;
    agent.stop();

    let written = attic.agent.cli(["invite", "--file", &folder]);
    assert!(written.status.success(), "{written:?}");
    let file = invites.path().join("wattle/invite.toml");
    // In the tests an agent announces no address.
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("addresses = []", &format!("addresses = [\"{}\"]", attic.listen))).unwrap();
    let copy = on_board_with(card, "copy", "10000000bbbb", &["--boot", &folder]);
    copy.agent.wait("the end of the invite", |_| !file.exists());
    let (second, members) = (copy.id(), attic.members());
    assert!(second != first && members.len() == 2, "{members:?}");
    let caps = members.iter().find(|(id, _)| *id == second).unwrap().1.to_string();
    assert!(!caps.contains("admin"), "{caps}");
}
