//! Which device a person means: names are chosen by the devices, PeerIds are not.

use super::*;

fn id(seed: u8) -> String {
    PeerId::from_public_key(&[seed; 32]).to_string()
}

fn report(devices: &[(u8, Option<&str>)]) -> MeshReport {
    let members = devices.iter().map(|(seed, device)| MemberReport {
        device: device.map(str::to_owned),
        name: device.map(str::to_owned),
        peer_id: id(*seed),
        caps: Vec::new(),
        here: false,
        linked: false,
        since: None,
        seen: None,
        no_help: None,
        silent_s: None,
    });
    MeshReport {
        mesh: Some("77".repeat(32)),
        peer_id: id(1),
        removed_here: false,
        removed_by: None,
        members: members.collect(),
        removed: 0,
        removals: Vec::new(),
        epoch: 0,
        next_serial: 1,
    }
}

/// Which device is meant, or the status of the refusal.
fn meant(named: &str, report: &MeshReport) -> Result<String, Status> {
    member(named, report).map(|member| member.peer_id.clone()).map_err(|(status, _)| status)
}

#[test]
fn a_device_is_named_by_its_peer_id_or_a_part_of_it_or_a_name_that_no_other_one_has() {
    let mesh = report(&[(1, Some("attic")), (2, Some("cellar")), (3, None)]);
    let end = id(3).split_off(46);
    assert_eq!(end.len(), 6, "the fewest letters that name a device");
    for (named, seed) in [(&id(3), 3), (&end, 3), (&"cellar".to_owned(), 2)] {
        assert_eq!(meant(named, &mesh), Ok(id(seed)), "{named}");
    }
    assert_eq!(meant("12D3Koo", &mesh), Err(Status::Conflict), "all begin like that");
    assert_eq!(meant(&end[1..], &mesh), Err(Status::NotFound), "too short to be a part");
}

#[test]
fn a_name_that_another_device_took_or_that_looks_like_a_peer_id_names_nobody() {
    let twice = report(&[(1, Some("attic")), (2, Some("attic"))]);
    assert_eq!(meant("attic", &twice), Err(Status::Conflict));
    // It calls itself by the end of another device's PeerId, or by the whole of it.
    let (end, whole) = (id(1).split_off(46), id(1));
    assert_eq!(meant(&end, &report(&[(1, Some("attic")), (2, Some(&end))])), Err(Status::Conflict));
    assert_eq!(meant(&whole, &report(&[(1, Some("attic")), (2, Some(&whole))])), Ok(id(1)));
    assert_eq!(meant(&whole, &report(&[(2, Some(&whole))])), Err(Status::NotFound), "the device itself is gone");
}

#[test]
fn where_a_name_fits_several_devices_they_are_listed_with_what_names_each() {
    let mesh = report(&[(1, Some("attic")), (2, Some("pi")), (3, Some("pi"))]);
    let (status, why) = member("pi", &mesh).map(|_| ()).unwrap_err();
    assert_eq!(status, Status::Conflict);
    for seed in [2, 3] {
        let end = id(seed).split_off(44);
        assert!(why.contains(&format!("pi ({end})")), "{why}");
        assert_eq!(meant(&end, &mesh), Ok(id(seed)));
    }
    assert!(!why.contains("attic"), "{why}");
    // Names that people take for the same are the same.
    let mesh = report(&[(1, Some("attic")), (2, Some("Pi")), (3, Some("pi"))]);
    assert_eq!(meant("pi", &mesh), Err(Status::Conflict));
}

#[test]
fn power_is_given_by_the_whole_peer_id_alone() {
    let mesh = report(&[(1, Some("attic")), (2, Some("cellar"))]);
    assert_eq!(member_by_peer_id(&id(2), &mesh).map(|member| member.peer_id.clone()), Ok(id(2)));
    for named in ["cellar", &id(2)[40..]] {
        let (status, why) = member_by_peer_id(named, &mesh).map(|_| ()).unwrap_err();
        assert!(status == Status::NotFound && why.contains("whole PeerId"), "{why}");
    }
}
