//! Invites that take the place of others, and exchanges with those that are void.

use super::super::invites::{Before, Full, Saved, TakenBack, decode, encode};
use super::*;
use crate::limits::INVITES_VOID_MAX;

fn record(number: u8) -> Record {
    let id = InviteId([number; 16]);
    let verifier = LongSecret::new([0x11; 16]).verifier(id);
    Record { id, verifier, caps: 1, left_ms: INVITE_LIFE_MS, removed_admins: 0, holder: None }
}

impl World {
    fn write(&mut self, new: u8, old: u8) -> Result<Option<(Before, Option<TakenBack>)>, Full> {
        let mut written = Ok(None);
        let old = Some(InviteId([old; 16]));
        self.admin_does(|admin, now, out| written = admin.write_invite(now, record(new), old, out));
        written
    }

    fn replace(&mut self, new: u8, old: u8) -> Option<Before> {
        self.write(new, old).expect("there is room").map(|(before, _)| before)
    }
}

#[test]
fn whoever_comes_with_a_replaced_invite_is_told_that_another_one_took_its_place() {
    let mut world = World::new();
    let old = world.invite(1);
    assert_eq!(world.replace(2, 1), Some(Before::Void));
    assert_eq!(world.join_by(ALICE, old), Err(Failure::Replaced));
    assert!(Failure::Replaced.to_string().contains("replaced by a newer one"));
    assert!(world.join_by(ALICE, InviteId([2; 16])).is_ok());
    let told = [world.replace(3, 1), world.replace(4, 2), world.replace(5, 99)];
    assert_eq!(told, [Some(Before::Replaced), Some(Before::Used), Some(Before::Unknown)]);
    world.now = world.now + Duration::from_millis(INVITE_LIFE_MS);
    assert_eq!(world.replace(6, 3), Some(Before::Expired));
    let no_other = world.admin.write_invite(world.now, record(7), None, &mut Outbox::new());
    assert!(matches!(no_other, Ok(None)));
}

#[test]
fn an_exchange_with_an_invite_ends_when_that_is_replaced_and_one_that_has_proven_it_does_not() {
    for heard in [false, true] {
        let mut world = World::new();
        let old = world.invite(1);
        world.invite(5);
        // The first message alone arrives.
        world.between = Box::new(|number, event| if number < 2 { vec![event] } else { Vec::new() });
        world.begin(ALICE, LongSecret::new([0x11; 16]).verifier(old).secret(), Way::Invite(old), Some(MESH));
        world.run();
        if heard {
            world.admin_does(|admin, now, out| assert!(admin.hear_of_void(now, old, out)));
        } else {
            world.replace(2, 1);
        }
        assert_eq!(world.seen.last(), Some(&Effect::Failed(ALICE, Refusal::Replaced, None)), "{heard}");
        assert_eq!(world.saw(|of| matches!(of, Effect::HangUp(ALICE))), 1, "{heard}");

        let mut world = World::new();
        let old = world.invite(1);
        world.grant = None;
        world.begin(ALICE, LongSecret::new([0x11; 16]).verifier(old).secret(), Way::Invite(old), Some(MESH));
        world.run();
        assert_eq!(world.issued(), 1);
        if heard {
            world.admin_does(|admin, now, out| assert!(!admin.hear_of_void(now, old, out)));
        } else {
            assert_eq!(world.replace(2, 1), Some(Before::InUse));
        }
        world.admin_does(|admin, now, out| admin.granted(now, ALICE, CERTIFICATE, out));
        world.run();
        assert!(world.end_of(ALICE).is_ok(), "{heard}");
    }
}

#[test]
fn replacing_an_invite_needs_no_free_place_and_changes_nothing_where_it_cannot_be_done() {
    let mut world = World::new();
    (0..INVITES_MAX).for_each(|number| _ = world.invite(u8::try_from(number).unwrap()));
    assert_eq!(world.replace(100, 0), Some(Before::Void));
    assert!(world.join_by(ALICE, InviteId([1; 16])).is_ok());
    assert!(world.seen.iter().any(|effect| matches!(effect, Effect::Paired(ALICE, _, _, None))), "by its invite");
    assert_eq!(world.replace(101, 1), Some(Before::Used));
    assert_eq!(world.write(102, 99).unwrap_err(), Full::Invites, "which one would go for it?");
    // Each one that is void is remembered within its first life; there is room for so many.
    for number in 1..INVITES_VOID_MAX {
        let (new, old) = (u8::try_from(110 + number).unwrap(), u8::try_from(109 + number).unwrap());
        let old = if number == 1 { 100 } else { old };
        assert_eq!(world.replace(new, old), Some(Before::Void), "{number}");
    }
    let before = world.admin.invites().saved(world.now);
    assert_eq!(before.void.len(), INVITES_VOID_MAX);
    assert_eq!(world.write(200, 101).unwrap_err(), Full::Void);
    let now = world.now;
    assert_eq!(world.admin.invites().saved(now), before);
    // After it, it makes room.
    world.now = world.now + Duration::from_millis(INVITE_LIFE_MS);
    let now = world.now;
    assert!(world.admin.invites().take(now, record(201)));
    assert_eq!(world.replace(202, 201), Some(Before::Void));
    assert_eq!(world.admin.invites().saved(now).void.len(), INVITES_VOID_MAX);
}

#[test]
fn the_file_of_invites_says_which_are_void_and_one_from_before_is_read_as_it_was_written() {
    let saved = Saved { records: vec![record(1)], void: vec![(InviteId([2; 16]), 7_000)] };
    assert_eq!(decode(&encode(&saved)), Some(saved.clone()));
    let mut first = vec![1];
    first.extend(postcard::to_allocvec(&saved.records).unwrap());
    assert_eq!(decode(&first), Some(Saved { void: Vec::new(), ..saved }));
    assert_eq!(decode(&[3]), None, "of a later version");
    let largest = Saved {
        records: (0..INVITES_MAX)
            .map(|n| Record { holder: Some(ALICE), left_ms: u64::MAX, ..record(u8::try_from(n).unwrap()) })
            .collect(),
        void: (0..INVITES_VOID_MAX).map(|n| (InviteId([u8::try_from(n).unwrap(); 16]), u64::MAX)).collect(),
    };
    assert!(encode(&largest).len() <= crate::limits::INVITES_FILE_BYTES_MAX);
}
