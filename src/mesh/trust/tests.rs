//! The table by hand: grants, the full table, and whoever follows its effects.

use super::*;
use crate::base::rng::Rng;

const OWN: PeerKey = PeerKey([9; 32]);

fn key(n: u64) -> PeerKey {
    let mut key = [7; 32];
    key[..8].copy_from_slice(&n.to_be_bytes());
    PeerKey(key)
}

#[test]
fn a_peer_may_do_what_was_granted_last_and_nothing_else() {
    let mut trust = Trust::new(OWN);
    assert_eq!(trust.rights(key(1)), Rights::NONE, "it is not in the table");
    assert!(trust.may(key(1), Rights::NONE) && !trust.may(key(1), Rights::LINK));
    let some = Rights::LINK | Rights::SIGN;
    assert_eq!(trust.handle(Input::Grant(key(1), some)), Ok(Some(Effect::Admit(key(1), some))));
    assert!(trust.may(key(1), Rights::LINK) && trust.may(key(1), some) && !trust.may(key(1), Rights::ALL));
    assert!(!trust.may(key(1), Rights::SIGN | Rights::PROBE), "one of two is not both");
    assert_eq!(trust.handle(Input::Grant(key(1), Rights::PROBE)), Ok(Some(Effect::Admit(key(1), Rights::PROBE))));
    assert!(!trust.may(key(1), Rights::LINK), "the later grant replaces the earlier one");
    assert_eq!(format!("{:?} {:?}", some, Rights::NONE), "{\"link\", \"sign\"} {}");
}

#[test]
fn an_effect_is_a_change_and_never_a_repetition() {
    let mut trust = Trust::new(OWN);
    assert_eq!(trust.handle(Input::Revoke(key(1))), Ok(None));
    assert_eq!(trust.handle(Input::Grant(key(1), Rights::NONE)), Ok(None));
    assert!(trust.handle(Input::Grant(key(1), Rights::ALL)).is_ok_and(|effect| effect.is_some()));
    assert_eq!(trust.handle(Input::Grant(key(1), Rights::ALL)), Ok(None));
    assert_eq!(trust.handle(Input::Revoke(key(1))), Ok(Some(Effect::Expel(key(1)))));
    assert_eq!(trust.handle(Input::Revoke(key(1))), Ok(None));
    assert!(trust.handle(Input::Grant(key(1), Rights::ALL)).is_ok_and(|effect| effect.is_some()));
    assert_eq!(trust.handle(Input::Grant(key(1), Rights::NONE)), Ok(Some(Effect::Expel(key(1)))));
    assert_eq!(trust.iter().count(), 0);
}

#[test]
fn a_full_table_refuses_forgets_nobody_and_never_holds_the_agent_itself() {
    let mut trust = Trust::new(OWN);
    let taken = (0..1_000_000).filter(|n| trust.handle(Input::Grant(key(*n), Rights::ALL)).is_ok()).count();
    assert_eq!((taken, trust.iter().count()), (TRUST_PEERS_MAX, TRUST_PEERS_MAX));
    assert_eq!(trust.handle(Input::Grant(key(u64::MAX), Rights::LINK)), Err(Refused::Full));
    assert!(trust.handle(Input::Grant(key(0), Rights::LINK)).is_ok(), "a peer in the table may be given other rights");
    assert_eq!(trust.handle(Input::Grant(OWN, Rights::ALL)), Err(Refused::Itself));
    assert!(trust.handle(Input::Revoke(key(0))).is_ok());
    assert!(trust.handle(Input::Grant(key(u64::MAX), Rights::LINK)).is_ok(), "there is room again");
}

#[test]
fn whoever_follows_the_effects_holds_the_same_table() {
    for seed in 0..50 {
        let (mut rng, mut trust, mut follower) = (Rng::new(seed), Trust::new(OWN), BTreeMap::new());
        for _ in 0..2_000 {
            let peer = key(rng.below(TRUST_PEERS_MAX as u64 + 20));
            let rights = Rights(u8::try_from(rng.below(32)).unwrap());
            let input = if rng.one_in(3) { Input::Revoke(peer) } else { Input::Grant(peer, rights) };
            match trust.handle(input) {
                Ok(Some(Effect::Admit(peer, rights))) => _ = follower.insert(peer, rights),
                Ok(Some(Effect::Expel(peer))) => assert!(follower.remove(&peer).is_some(), "it was in"),
                Ok(None) | Err(_) => {}
            }
        }
        assert_eq!(trust.iter().collect::<BTreeMap<_, _>>(), follower, "seed {seed}");
    }
}

#[test]
fn a_grant_ends_where_a_mesh_begins() {
    let mut trust = Trust::new(OWN);
    assert!(trust.handle(Input::Grant(key(1), Rights::ALL)).is_ok());
    assert!(!trust.may(key(1), Rights::ADMIN), "what lets devices in is not granted by hand");
    assert_eq!(trust.adopt(MeshId([5; 32])), Ok(vec![Effect::Expel(key(1))]));
    assert_eq!(trust.rights(key(1)), Rights::GUEST, "it may come to be paired");
    assert_eq!(trust.handle(Input::Grant(key(2), Rights::ALL)), Ok(None), "and no later grant counts either");
    assert_eq!(trust.iter().count(), 0);
    assert_eq!(trust.adopt(MeshId([6; 32])), Err(Refusal::OtherMesh));
}
