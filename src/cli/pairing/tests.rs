//! What the commands say.

use super::*;
use crate::node::mesh_report::MemberReport;

#[test]
fn whoever_reads_other_words_is_told_to_leave_here_as_well() {
    let text = has_joined("lamp river stone");
    assert!(text.contains("`wattle leave` here") && text.contains("`wattle remove DEVICE`"), "{text}");
}

#[test]
fn whoever_joins_reads_where_a_device_is_looked_for_with_the_port_that_was_added() {
    let at = places("127.0.0.1").map_err(|_| "no address").unwrap();
    assert!(looks(&at, false).starts_with("Asking at 127.0.0.1:7781 over TCP"), "{}", looks(&at, false));
    assert!(looks(&[], false).contains("in this network") && looks(&[], false).contains("up to 20 seconds"));
    assert!(looks(&[], true).contains("by the invite"));
}

#[test]
fn a_device_of_the_mesh_has_one_word_for_what_it_is() {
    let of = |caps: &[&str]| role(&caps.iter().map(|cap| (*cap).to_owned()).collect::<Vec<_>>());
    assert_eq!(of(&["member", "worker"]), "member");
    assert_eq!(of(&["member", "worker", "admin"]), "admin");
    assert_eq!(of(&["worker"]), "worker", "one that neither asks nor answers");
}

#[test]
fn times_are_told_in_the_largest_unit_that_says_enough() {
    let told = [-5, 59, 60, 3_599, 3_600, 172_799, 172_800].map(ago);
    assert_eq!(
        told,
        ["just now", "59 seconds ago", "1 minute ago", "60 minutes ago", "60 minutes ago", "2 days ago", "2 days ago"]
    );
}

#[test]
fn a_device_that_was_seen_and_has_no_name_here_is_not_called_one_not_seen_yet() {
    let member = |peer_id: &str, seen| MemberReport {
        device: None,
        name: None,
        peer_id: peer_id.to_owned(),
        caps: Vec::new(),
        here: false,
        linked: false,
        since: None,
        seen,
        no_help: None,
        silent_s: None,
    };
    let report = MeshReport {
        mesh: Some("77".repeat(32)),
        peer_id: "12D3c".to_owned(),
        removed_here: true,
        removed_by: Some("attic".to_owned()),
        members: vec![
            MemberReport { no_help: Some("has another model".to_owned()), ..member("12D3a", Some(0)) },
            member("12D3b", None),
        ],
        removed: 1,
        removals: Vec::new(),
        epoch: 1,
        next_serial: 1,
    };
    let text = table(&report, Style { width: 80, styled: false });
    assert!(text.starts_with("This device was removed from its mesh by attic, for ever."), "{text}");
    assert!(text.contains("\n12D3a has another model.\n"), "{text}");
    // Each device counts by itself.
    assert!(text.contains("  KNOWN HERE SINCE  "), "{text}");
    let row = |peer: &str| text.lines().find(|line| line.ends_with(peer)).unwrap().to_owned();
    assert!(row("12D3a").starts_with("name not known") && row("12D3a").contains("days ago"), "{text}");
    assert!(row("12D3b").starts_with("not seen yet") && row("12D3b").contains("not linked"), "{text}");
}
