//! Windows and times, two devices at once, and where a joining device looks.

use super::super::window::Own;
use super::*;
use crate::limits::{JOIN_DIAL_MS, JOIN_EXCHANGES_MAX, JOIN_FIND_MS, JOIN_LOOK_MS, JOIN_MS, JOIN_SETTLE_MS};
use crate::wire::pairing::exchange::{Exchange, Parties, Side};

#[test]
fn of_two_devices_at_once_the_second_waits_and_is_told_that_the_code_is_used() {
    let mut world = World::with_window();
    world.grant = None;
    for peer in [ALICE, BOB] {
        world.begin(peer, Code::parse(CODE).unwrap().secret(), Way::Code, None);
    }
    world.run();
    let now = world.now;
    assert_eq!(world.joins[&BOB].waits(now), Some(10), "the first one has ten seconds");
    world.admin_does(|admin, now, out| admin.granted(now, ALICE, CERTIFICATE, out));
    world.run();
    assert!(world.end_of(ALICE).is_ok());
    world.wait(10_000);
    assert_eq!(world.end_of(BOB), Err(Failure::Used));
    assert_eq!(world.issued(), 1);
}

#[test]
fn of_two_devices_at_once_the_second_gets_in_if_the_first_does_not() {
    let mut world = World::with_window();
    world.begin(BOB, Code::parse("00000000").unwrap().secret(), Way::Code, None);
    world.begin(ALICE, Code::parse(CODE).unwrap().secret(), Way::Code, None);
    world.run();
    world.wait(11_000);
    assert_eq!(world.end_of(BOB), Err(Failure::WrongCode));
    assert!(world.end_of(ALICE).is_ok());
}

#[test]
fn an_admin_that_can_save_nothing_says_so_and_its_code_stays_good_without_a_try() {
    for (cause, failure) in [(Refusal::DiskFull, Failure::DiskFull), (Refusal::NotSaved, Failure::NotSaved)] {
        let mut world = World::with_window();
        world.grant = Some(Err(cause));
        for _ in 0..2 * PAIR_TRIES {
            assert_eq!(world.join(ALICE, CODE), Err(failure));
            assert_eq!(world.tries_left(), Some(PAIR_TRIES), "the code was right");
            world.wait(1_000);
        }
        // A device that has not proven the code gets no try back by naming this cause itself.
        world.between = Box::new(move |_, event| match event {
            // In place of its `Share`.
            Event::ToAdmin(peer, bytes) if bytes.first() == Some(&2) => {
                let mut bytes = Vec::new();
                Message::Refused { cause, wait: 0 }.put(Encoding::Postcard, &mut bytes);
                vec![Event::ToAdmin(peer, bytes)]
            }
            event => vec![event],
        });
        world.begin(BOB, Code::parse("00000000").unwrap().secret(), Way::Code, None);
        world.run();
        assert_eq!(world.tries_left(), Some(PAIR_TRIES - 1));
        world.between = Box::new(|_, event| vec![event]);
        world.wait(1_000);
        world.grant = Some(Ok(CERTIFICATE));
        assert!(world.join(ALICE, CODE).is_ok(), "with the same code");
    }
}

#[test]
fn a_device_that_is_in_the_mesh_already_proves_nothing_and_the_code_stays_good_for_another_one() {
    let mut world = World::with_window();
    world.member = Some(ALICE);
    world.begin(ALICE, Code::parse(CODE).unwrap().secret(), Way::Code, Some(MESH));
    world.run();
    assert_eq!((world.end_of(ALICE), world.issued()), (Err(Failure::Member), 0));
    assert_eq!(world.admin.window().shown().map(|open| open.tries_left), Some(PAIR_TRIES), "that is no try");
    world.wait(1_000);
    assert!(world.join(BOB, CODE).is_ok());
}

#[test]
fn an_invite_is_redeemed_while_a_code_is_tried() {
    let mut world = World::with_window();
    let invite = world.invite(4);
    world.grant = None;
    world.begin(ALICE, Code::parse(CODE).unwrap().secret(), Way::Code, None);
    world.run();
    world.grant = Some(Ok(CERTIFICATE));
    assert!(world.join_by(BOB, invite).is_ok());
}

#[test]
fn an_invite_that_is_voided_in_the_middle_of_an_exchange_ends_that_too() {
    let mut world = World::new();
    let (void, mut any) = (world.invite(4), false);
    world.between = Box::new(|at, event| if at <= 2 { vec![event] } else { Vec::new() });
    world.begin(ALICE, LongSecret::new([0x11; 16]).verifier(void).secret(), Way::Invite(void), Some(MESH));
    world.run();
    world.between = Box::new(|_, event| vec![event]);
    world.admin_does(|admin, now, out| any = admin.void_invites(now, 1, out));
    world.run();
    assert!(any && world.end_of(ALICE) == Err(Failure::UnknownInvite) && world.issued() == 0);
}

#[test]
fn a_window_that_ends_in_the_middle_of_an_exchange_ends_that_too() {
    let mut world = World::with_window();
    world.wait(PAIR_WINDOW_MS - 5_000);
    world.between = Box::new(|at, event| if at <= 2 { vec![event] } else { Vec::new() });
    world.begin(ALICE, Code::parse(CODE).unwrap().secret(), Way::Code, None);
    world.run();
    world.between = Box::new(|_, event| vec![event]);
    assert_eq!(world.admin.deadline(), Some(Instant::from_millis(1_000_000 + PAIR_WINDOW_MS)));
    world.wait(5_000);
    assert_eq!(world.end_of(ALICE), Err(Failure::Expired));
    assert_eq!(world.saw(|effect| matches!(effect, Effect::Closed(_))), 1);
    assert!(world.seen.contains(&Effect::Closed(Closed::Expired)));
    assert_eq!(world.join(BOB, CODE), Err(Failure::Expired));
}

#[test]
fn who_has_proven_the_code_in_time_gets_the_certificate_after_the_windows_end() {
    let mut world = World::with_window();
    world.wait(PAIR_WINDOW_MS - 1_000);
    world.grant = None;
    world.begin(ALICE, Code::parse(CODE).unwrap().secret(), Way::Code, None);
    world.run();
    world.wait(2_000);
    assert!(world.admin.window().shown().is_none());
    // A new window is not affected by what began with the old one.
    world.open();
    world.admin_does(|admin, now, out| admin.granted(now, ALICE, CERTIFICATE, out));
    world.run();
    assert!(world.end_of(ALICE).is_ok());
    assert_eq!(world.tries_left(), Some(PAIR_TRIES));
    let by_first = |effect: &Effect| matches!(effect, Effect::Paired(ALICE, _, _, Some(1)));
    assert_eq!(world.saw(by_first), 1, "it came by the code of the first window, not by that of the second");
}

#[test]
fn a_device_whose_certificate_is_lost_on_the_way_comes_again_and_no_other_may() {
    let mut world = World::with_window();
    world.between = Box::new(|at, event| if at == 5 || at == 6 { Vec::new() } else { vec![event] });
    world.begin(ALICE, Code::parse(CODE).unwrap().secret(), Way::Code, None);
    world.run();
    assert!(!world.ended.contains_key(&ALICE) && world.issued() == 1);
    assert_eq!(world.join(BOB, CODE), Err(Failure::Used));
    world.wait(1_000);
    assert!(world.end_of(ALICE).is_ok());
    assert_eq!(world.saw(|effect| matches!(effect, Effect::Closed(_))), 1, "it is closed once");
}

#[test]
fn an_owner_closes_the_window_and_opens_another() {
    let mut world = World::with_window();
    world.admin_does(Admin::close);
    assert!(world.seen.contains(&Effect::Closed(Closed::ByOwner)));
    assert_eq!(world.join(ALICE, CODE), Err(Failure::NoWindow));
    world.open();
    assert!(world.join(ALICE, CODE).is_ok());
}

#[test]
fn a_removed_device_is_told_so_and_a_full_mesh_says_that() {
    for (why, failure) in [(Refusal::Removed, Failure::Removed), (Refusal::Full, Failure::Full)] {
        let mut world = World::with_window();
        world.grant = Some(Err(why));
        assert_eq!(world.join(ALICE, CODE), Err(failure));
        assert!(world.seen.contains(&Effect::Failed(ALICE, why, Some(PAIR_TRIES - 1))));
    }
}

#[test]
fn a_device_that_is_for_another_mesh_sends_nothing_that_a_code_could_be_guessed_from() {
    let mut world = World::with_window();
    world.begin(ALICE, LongSecret::new([0x77; 16]).secret(), Way::Link, Some([9; 32]));
    world.run();
    assert_eq!(world.end_of(ALICE), Err(Failure::OtherMesh));
    assert_eq!(world.sent, 3, "begin, offer, and the admin's note of the end");
}

pub(super) fn place(last: u8, peer: Option<PeerKey>) -> Candidate {
    Candidate { address: format!("192.168.1.{last}:7781").parse().unwrap(), peer }
}

/// A joining device alone, with the effects of the last call.
pub(super) struct Seeker {
    pub(super) now: Instant,
    pub(super) join: Join,
}

impl Seeker {
    pub(super) fn new(searching: bool, admins: &[PeerKey]) -> Self {
        let settings = Settings {
            own: ALICE,
            device: DeviceName::try_from("attic").unwrap(),
            secret: Code::parse(CODE).unwrap().secret(),
            way: Way::Code,
            mesh: None,
            is_member: false,
            admins: Bounded::from_slice(admins).unwrap(),
        };
        Self { now: Instant::ZERO, join: Join::new(Instant::ZERO, settings, searching) }
    }

    pub(super) fn does(&mut self, act: impl FnOnce(&mut Join, Instant, &mut Outbox<JoinEffect>)) -> Vec<JoinEffect> {
        let mut out = Outbox::new();
        act(&mut self.join, self.now, &mut out);
        out.drain().collect()
    }

    pub(super) fn after(&mut self, millis: u64) -> Vec<JoinEffect> {
        self.now = self.now + Duration::from_millis(millis);
        self.does(Join::tick)
    }

    pub(super) fn refused(&mut self, cause: Refusal) -> Vec<JoinEffect> {
        let mut bytes = Vec::new();
        Message::Refused { cause, wait: 0 }.put(Encoding::Postcard, &mut bytes);
        self.does(|join, now, out| join.received(now, &bytes, &[5; 64], out))
    }
}

#[test]
fn candidates_are_tried_in_turn_and_who_does_not_answer_is_left() {
    let mut seeker = Seeker::new(false, &[]);
    assert_eq!(seeker.does(|join, now, out| join.found(now, place(1, None), out)), [JoinEffect::Dial(place(1, None))]);
    assert_eq!(seeker.does(|join, now, out| join.found(now, place(2, None), out)), []);
    assert_eq!(seeker.does(|join, now, out| join.found(now, place(2, None), out)), [], "it is known");
    assert_eq!(seeker.after(JOIN_DIAL_MS), [JoinEffect::HangUp, JoinEffect::Dial(place(2, None))]);
    let end = seeker.does(|join, now, out| join.lost(now, Lost::NoLink, out));
    assert_eq!(end, [JoinEffect::HangUp, JoinEffect::Failed(Failure::Unreachable)]);
    assert_eq!(seeker.join.deadline(), None);
    assert_eq!(seeker.after(JOIN_MS), []);
}

#[test]
fn a_search_that_finds_nobody_ends_and_says_so() {
    let mut seeker = Seeker::new(true, &[]);
    assert_eq!(seeker.join.deadline(), Some(Instant::from_millis(JOIN_FIND_MS)), "nobody waits for a minute");
    assert_eq!(seeker.after(JOIN_FIND_MS - 1), []);
    assert_eq!(seeker.after(1), [JoinEffect::Failed(Failure::NotFound)]);
}

#[test]
fn a_code_that_is_closed_is_told_soon_and_a_device_that_shows_it_is_still_found_after_others_that_do_not() {
    let refuse = |seeker: &mut Seeker, at: u8, cause| {
        let (peer, candidate) = (PeerKey([at; 32]), place(at, Some(PeerKey([at; 32]))));
        let dialled = seeker.does(|join, now, out| join.found(now, candidate, out));
        assert_eq!(dialled, [JoinEffect::Dial(candidate)]);
        seeker.does(|join, now, out| join.linked(now, peer, Encoding::Postcard, out));
        assert_eq!(seeker.refused(cause), [JoinEffect::HangUp]);
    };
    for (cause, wait, failure) in [
        (Refusal::NoWindow, JOIN_LOOK_MS, Failure::NoWindow),
        (Refusal::Expired, JOIN_SETTLE_MS, Failure::Expired),
        (Refusal::Used, JOIN_SETTLE_MS, Failure::Used),
        (Refusal::TooManyTries, JOIN_SETTLE_MS, Failure::TooManyTries),
    ] {
        let mut seeker = Seeker::new(true, &[]);
        refuse(&mut seeker, 101, cause);
        assert_eq!(seeker.after(wait - 1), [], "{cause:?}");
        assert_eq!(seeker.after(1), [JoinEffect::Failed(failure)], "{cause:?}");
    }
    // Each that is found gives others time to be; and one that is busy is waited for as long as ever.
    let mut seeker = Seeker::new(true, &[]);
    for at in 101..105 {
        refuse(&mut seeker, at, Refusal::NoWindow);
        assert_eq!(seeker.after(JOIN_LOOK_MS - 1), []);
    }
    let busy = place(9, Some(ADMIN));
    seeker.does(|join, now, out| join.found(now, busy, out));
    for _ in 0..10 {
        seeker.does(|join, now, out| join.linked(now, ADMIN, Encoding::Postcard, out));
        assert_eq!(seeker.refused(Refusal::Busy), [JoinEffect::HangUp]);
        assert_eq!(seeker.after(1000), [JoinEffect::Dial(busy)]);
    }
    // Nobody who was found answers: as where nobody was.
    let mut seeker = Seeker::new(true, &[]);
    seeker.does(|join, now, out| join.found(now, place(1, None), out));
    assert_eq!(seeker.does(|join, now, out| join.lost(now, Lost::NoLink, out)), [JoinEffect::HangUp]);
    assert_eq!(seeker.after(JOIN_FIND_MS - 1), []);
    assert_eq!(seeker.after(1), [JoinEffect::Failed(Failure::Unreachable)]);
}

#[test]
fn a_device_that_has_refused_is_not_asked_at_its_other_addresses() {
    let mut seeker = Seeker::new(true, &[]);
    for at in 1..4 {
        seeker.does(|join, now, out| join.found(now, place(at, Some(ADMIN)), out));
    }
    seeker.does(|join, now, out| join.linked(now, ADMIN, Encoding::Postcard, out));
    assert_eq!(seeker.refused(Refusal::WrongSecret), [JoinEffect::HangUp]);
    let at = place(9, Some(BOB));
    assert_eq!(seeker.does(|join, now, out| join.found(now, at, out)), [JoinEffect::Dial(at)], "another one is");
    seeker.does(|join, now, out| join.linked(now, BOB, Encoding::Postcard, out));
    assert_eq!(seeker.refused(Refusal::NoWindow), [JoinEffect::HangUp]);
    assert_eq!(seeker.after(JOIN_SETTLE_MS), [JoinEffect::Failed(Failure::WrongCode)], "what tells most");
}

#[test]
fn only_the_devices_that_the_invite_names_may_answer() {
    let mut seeker = Seeker::new(false, &[ADMIN]);
    seeker.does(|join, now, out| join.found(now, place(1, None), out));
    assert_eq!(
        seeker.does(|join, now, out| join.linked(now, BOB, Encoding::Postcard, out)),
        [JoinEffect::HangUp, JoinEffect::Failed(Failure::Unreachable)]
    );
    let mut seeker = Seeker::new(true, &[ADMIN]);
    assert_eq!(seeker.does(|join, now, out| join.found(now, place(1, Some(BOB)), out)), []);
}

#[test]
fn a_device_without_the_protocol_speaks_another_version() {
    let mut seeker = Seeker::new(false, &[]);
    seeker.does(|join, now, out| join.found(now, place(1, None), out));
    let end = seeker.does(|join, now, out| join.lost(now, Lost::NoProtocol, out));
    assert_eq!(end, [JoinEffect::HangUp, JoinEffect::Failed(Failure::Version)]);
}

#[test]
fn an_endless_number_of_busy_answers_ends_in_time() {
    let mut seeker = Seeker::new(false, &[]);
    seeker.does(|join, now, out| join.found(now, place(1, None), out));
    let mut dials = 1;
    loop {
        seeker.does(|join, now, out| join.linked(now, ADMIN, Encoding::Postcard, out));
        seeker.refused(Refusal::Busy);
        let effects = seeker.after(1_000);
        dials += effects.iter().filter(|effect| matches!(effect, JoinEffect::Dial(_))).count();
        if effects.contains(&JoinEffect::Failed(Failure::Busy)) {
            break;
        }
        assert!(dials < 100);
    }
    assert!(seeker.now <= Instant::from_millis(JOIN_MS));
}

#[test]
fn every_failure_says_what_to_do() {
    let failures = [Refusal::NoWindow, Refusal::Expired, Refusal::Used, Refusal::TooManyTries, Refusal::WrongSecret];
    let others = [Failure::NotFound, Failure::Unreachable, Failure::OtherMesh];
    let all = failures.into_iter().map(Failure::of).chain(others);
    let mut sentences: Vec<String> = all.map(|failure| failure.to_string()).collect();
    sentences.sort();
    sentences.dedup();
    assert_eq!(sentences.len(), 8, "each cause has its own");
    assert!(Failure::Removed.to_string().contains("`wattle leave`"), "{}", Failure::Removed);
}

#[test]
fn however_many_admins_answer_a_joining_device_gives_four_of_them_a_guess() {
    let mut seeker = Seeker::new(true, &[]);
    let mut guesses = 0;
    for n in 1..=JOIN_EXCHANGES_MAX + 3 {
        let admin = PeerKey([100 + n; 32]);
        seeker.does(|join, now, out| join.found(now, place(n, Some(admin)), out));
        seeker.does(|join, now, out| join.linked(now, admin, Encoding::Postcard, out));
        let parties = Parties { joiner: ALICE, admin, mesh: MESH };
        let guess = Code::parse("87654321").unwrap().secret();
        let (_, share) = Exchange::begin(Side::Admin, &guess, &parties, &[n; 64]);
        let mut offer = Vec::new();
        Message::Offer { mesh: MESH, share }.put(Encoding::Postcard, &mut offer);
        let sent = seeker.does(|join, now, out| join.received(now, &offer, &[5; 64], out));
        guesses += u8::from(sent.iter().any(|effect| matches!(effect, JoinEffect::Send(_))));
        seeker.refused(Refusal::WrongSecret);
    }
    assert_eq!(guesses, JOIN_EXCHANGES_MAX);
}

#[test]
fn a_device_knows_the_codes_of_its_latest_windows_and_why_each_is_over() {
    let mut world = World::with_window();
    let own = |world: &World, code: &str| world.admin.window().own(&Code::parse(code).unwrap().secret());
    assert_eq!(own(&world, CODE), Some(Own::Good), "it is open");
    assert_eq!(world.admin.window().own(&LongSecret::new([0x77; 16]).secret()), Some(Own::Good), "as a QR code, too");
    assert_eq!(own(&world, "87654321"), None, "of another device");
    world.join(ALICE, CODE).unwrap();
    assert_eq!(own(&world, CODE), Some(Own::Over(Closed::Used)));
    world.wait(PAIR_WINDOW_MS);
    assert_eq!(own(&world, CODE), Some(Own::Over(Closed::Used)), "also once its time is over");
    let open = |world: &mut World, code: &str| {
        let secrets = Secrets { code: Code::parse(code).unwrap(), link: LongSecret::new([0x78; 16]) };
        world.admin_does(|admin, now, out| admin.open(now, secrets, 3, out));
    };
    open(&mut world, "11111111");
    world.wait(PAIR_WINDOW_MS);
    assert_eq!(own(&world, "11111111"), Some(Own::Over(Closed::Expired)));
    for code in ["22222222", "33333333", "44444444"] {
        open(&mut world, code);
    }
    assert_eq!(own(&world, "33333333"), Some(Own::Over(Closed::ByOwner)));
    assert_eq!((own(&world, CODE), own(&world, "44444444")), (Some(Own::Over(Closed::Used)), Some(Own::Good)));
    open(&mut world, "55555555");
    assert_eq!(
        (own(&world, CODE), own(&world, "11111111")),
        (None, Some(Own::Over(Closed::Expired))),
        "of the latest few"
    );
}
