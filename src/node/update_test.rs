//! Whose turn it is, by what the service asks and by what other members said.

use super::*;
use crate::limits::{UPDATE_AWAY_MS, UPDATE_SETTLE_MS, UPDATE_WAIT_MS};
use crate::mesh::trust;
use crate::node::input::{Input, Request};
use crate::node::test::{at, handle, linked, node};
use crate::wire::envelope::unsigned;
use crate::wire::gossip::{Relayed, TYPE};
use crate::wire::peer_id::PeerId;

/// What the service is answered, and what is said to the mesh.
fn asked(node: &mut Node, ms: u64, said: Said) -> (bool, Option<Said>) {
    let out = handle(node, at(ms), Input::Api(ReplyId(ms), Request::Update(said)));
    let told = out.iter().find_map(|out| if let Output::Sign(Fact::Update(said)) = out { Some(*said) } else { None });
    let answered = |out: &Output| match out {
        Output::Reply(reply, Response::Turn(turn)) if *reply == ReplyId(ms) => Some(*turn),
        _ => None,
    };
    (out.iter().find_map(answered).expect("an answer"), told)
}

/// Another member's word, verified.
fn heard(node: &mut Node, ms: u64, seq: u64, said: Said) {
    let message = unsigned(PeerId::from_public_key(&[1; 32]), TYPE, 1, seq, &Fact::Update(said).encode());
    handle(node, at(ms), Input::Verified(PeerKey([1; 32]), Relayed { hops: 1, age_s: 0, message }));
}

#[test]
fn a_device_alone_has_its_turn_after_a_while_and_is_told_again_until_it_updates() {
    let mut node = node(u64::MAX);
    assert_eq!(
        asked(&mut node, 1, Said::Nothing),
        (false, Some(Said::Nothing)),
        "an earlier word may be believed still"
    );
    assert_eq!(asked(&mut node, 30_001, Said::Nothing), (false, None));
    assert_eq!(asked(&mut node, 60_001, Said::Wants), (false, Some(Said::Wants)));
    assert_eq!(asked(&mut node, 60_000 + UPDATE_SETTLE_MS, Said::Wants), (false, None));
    assert_eq!(asked(&mut node, 60_001 + UPDATE_SETTLE_MS, Said::Wants), (true, Some(Said::Updates)));
    assert_eq!(asked(&mut node, 90_001 + UPDATE_SETTLE_MS, Said::Wants), (true, None), "the answer may have been lost");
    assert_eq!(asked(&mut node, 90_002 + UPDATE_SETTLE_MS, Said::Updates), (false, None));
    assert_eq!(
        asked(&mut node, 60_001 + UPDATE_SETTLE_MS + UPDATE_SAY_MS, Said::Updates),
        (false, Some(Said::Updates))
    );
    assert_eq!(
        asked(&mut node, 60_002 + UPDATE_SETTLE_MS + UPDATE_SAY_MS, Said::Nothing),
        (false, Some(Said::Nothing))
    );
}

#[test]
fn a_member_that_updates_is_waited_for_until_its_word_ends() {
    let (mut node, _) = linked(&[1]);
    // Nothing of its membership arrived, so it counts as away; only that is told apart here.
    let later = UPDATE_AWAY_MS + 1_000;
    assert!(!asked(&mut node, 1_000, Said::Wants).0);
    heard(&mut node, later, 1, Said::Updates);
    assert!(
        !asked(&mut node, later + 1, Said::Wants).0 && !asked(&mut node, later + UPDATE_SETTLE_MS + 1, Said::Wants).0
    );
    heard(&mut node, later + UPDATE_SETTLE_MS + 2, 2, Said::Nothing);
    let free = later + UPDATE_SETTLE_MS + 3;
    assert!(!asked(&mut node, free, Said::Wants).0 && asked(&mut node, free + UPDATE_SETTLE_MS, Said::Wants).0);
}

#[test]
fn a_word_of_a_member_that_is_never_heard_again_ends_by_itself() {
    let (mut node, _) = linked(&[1]);
    let later = UPDATE_AWAY_MS + 1_000;
    asked(&mut node, 1_000, Said::Wants);
    heard(&mut node, later, 1, Said::Updates);
    assert!(!asked(&mut node, later + UPDATE_WAIT_MS - 1, Said::Wants).0);
    let ended = later + UPDATE_WAIT_MS;
    assert!(!asked(&mut node, ended, Said::Wants).0 && asked(&mut node, ended + UPDATE_SETTLE_MS, Said::Wants).0);
}

#[test]
fn a_member_that_is_away_stops_it_for_a_day_and_one_that_is_expelled_does_not() {
    let (mut node, _) = linked(&[1]);
    assert!(!asked(&mut node, 1_000, Said::Wants).0 && !asked(&mut node, 1_000 + UPDATE_SETTLE_MS, Said::Wants).0);
    assert!(!asked(&mut node, 999 + UPDATE_AWAY_MS, Said::Wants).0);
    handle(&mut node, at(1_000 + UPDATE_AWAY_MS), Input::Trust(trust::Input::Revoke(PeerKey([1; 32]))));
    let free = 2_000 + UPDATE_AWAY_MS;
    assert!(!asked(&mut node, free, Said::Wants).0 && asked(&mut node, free + UPDATE_SETTLE_MS, Said::Wants).0);
}
