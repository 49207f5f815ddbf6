//! Wrong codes, guesses, relays, and messages that were changed, left out, sent twice or out of turn.

use super::*;

/// Messages of an exchange: begin, offer, share, confirm, grant, confirm.
const MESSAGES: usize = 6;

#[test]
fn a_wrong_code_is_a_try_and_the_fifth_closes_the_window_however_often_the_device_links_anew() {
    let mut world = World::with_window();
    for left in (0..PAIR_TRIES).rev() {
        // Each time with another key: tries are the window's, not the peer's.
        assert_eq!(world.join(PeerKey([left + 10; 32]), "00000000"), Err(Failure::WrongCode));
        let failed = Effect::Failed(PeerKey([left + 10; 32]), Refusal::WrongSecret, Some(left));
        assert!(world.seen.contains(&failed), "{left}: {:?}", world.seen);
        world.wait(1_000);
    }
    assert_eq!(world.saw(|effect| *effect == Effect::Closed(Closed::TooManyTries)), 1);
    assert!(world.admin.window().shown().is_none());
    assert_eq!(world.join(ALICE, CODE), Err(Failure::TooManyTries), "the right code is too late");
    world.wait(PAIR_ENDED_MS);
    assert_eq!(world.join(ALICE, CODE), Err(Failure::NoWindow));
    world.open();
    assert!(world.join(ALICE, CODE).is_ok(), "a new window has all tries");
    assert_eq!(world.issued(), 1);
}

#[test]
fn after_a_try_the_next_one_waits_a_second() {
    let mut world = World::with_window();
    assert_eq!(world.join(BOB, "00000000"), Err(Failure::WrongCode));
    world.begin(ALICE, Code::parse(CODE).unwrap().secret(), Way::Code, None);
    world.run();
    let now = world.now;
    assert_eq!(world.joins[&ALICE].waits(now), Some(1));
    assert_eq!(world.tries_left(), Some(PAIR_TRIES - 1), "to be told to wait is no try");
    world.wait(900);
    assert!(world.ended.is_empty());
    world.wait(100);
    assert!(world.end_of(ALICE).is_ok());
}

#[test]
fn a_relay_with_its_own_identity_gets_another_key_on_both_sides_and_costs_one_try() {
    const RELAY: PeerKey = PeerKey([0xee; 32]);
    let mut world = World::with_window();
    // Both see the relay at the other end, and it hands on every byte.
    world.shown = |_| RELAY;
    assert_eq!(world.join(ALICE, CODE), Err(Failure::WrongCode));
    assert!(world.seen.contains(&Effect::Failed(RELAY, Refusal::WrongSecret, Some(PAIR_TRIES - 1))));
    assert_eq!((world.issued(), world.tries_left()), (0, Some(PAIR_TRIES - 1)));
    // Only one side is deceived.
    let mut world = World::with_window();
    world.shown = |peer| if peer == ALICE { RELAY } else { peer };
    assert_eq!(world.join(ALICE, CODE), Err(Failure::WrongCode));
    assert_eq!(world.issued(), 0);
}

/// Runs an exchange whose message `number` is replaced by what `change` makes of it.
fn attacked(number: usize, change: impl Fn(&[u8]) -> Vec<Vec<u8>> + 'static, encoding: Encoding) -> World {
    let mut world = World::with_window();
    world.encoding = encoding;
    world.between = Box::new(move |at, event| match (at == number, event) {
        (true, Event::ToAdmin(peer, bytes)) => {
            change(&bytes).into_iter().map(|bytes| Event::ToAdmin(peer, bytes)).collect()
        }
        (true, Event::ToJoiner(peer, bytes)) => {
            change(&bytes).into_iter().map(|bytes| Event::ToJoiner(peer, bytes)).collect()
        }
        (_, event) => vec![event],
    });
    world.begin(ALICE, Code::parse(CODE).unwrap().secret(), Way::Code, None);
    world.run();
    world
}

#[test]
fn a_changed_or_truncated_message_lets_nobody_in_and_costs_one_try() {
    for encoding in [Encoding::Postcard, Encoding::Json] {
        for number in 1..=MESSAGES {
            // Every tenth bit of the message, and its beginnings.
            for bit in (0..8 * 40).step_by(10) {
                let flip = move |bytes: &[u8]| {
                    let mut bytes = bytes.to_vec();
                    let at = bit / 8 % bytes.len();
                    bytes[at] ^= 1 << (bit % 8);
                    vec![bytes]
                };
                let cut = move |bytes: &[u8]| vec![bytes[..bit % bytes.len()].to_vec()];
                for world in [attacked(number, flip, encoding), attacked(number, cut, encoding)] {
                    assert!(!matches!(world.ended.get(&ALICE), Some(Ok(_))), "message {number}, bit {bit}");
                    assert!(number > 4 || world.issued() == 0, "message {number}, bit {bit}");
                    let begun = world.saw(|effect| matches!(effect, Effect::Failed(..)));
                    // The first one may be no `Begin` any more: then nothing has begun.
                    assert!(number > 4 || begun == 1 || number == 1 && begun == 0, "message {number}, bit {bit}");
                    let left = PAIR_TRIES - u8::try_from(begun).unwrap();
                    assert!(number > 4 || world.tries_left() == Some(left), "message {number}, bit {bit}");
                }
            }
        }
    }
}

#[test]
fn a_message_that_comes_twice_or_out_of_turn_ends_the_exchange() {
    for number in 1..=MESSAGES {
        let world = attacked(number, |bytes| vec![bytes.to_vec(), bytes.to_vec()], Encoding::Postcard);
        // The last two go to a device that takes the certificate once, and is in with the first proof.
        let joined = matches!(world.ended.get(&ALICE), Some(Ok(_)));
        assert_eq!(joined, number == MESSAGES || number == 4, "message {number}: {:?}", world.ended);
    }
    // Share and confirm change places, and grant and confirm.
    for first in [3, 5] {
        let mut world = World::with_window();
        let mut held = None;
        world.between = Box::new(move |at, event| {
            if at == first {
                held = Some(event);
                return Vec::new();
            }
            [Some(event), held.take()].into_iter().flatten().collect()
        });
        world.begin(ALICE, Code::parse(CODE).unwrap().secret(), Way::Code, None);
        world.run();
        assert!(!matches!(world.ended.get(&ALICE), Some(Ok(_))), "{first}");
        assert_eq!(world.issued(), usize::from(first == 5));
    }
}

#[test]
fn a_recorded_exchange_opens_no_other_window_and_no_other_link() {
    let mut world = World::with_window();
    let recorded = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let to = std::rc::Rc::clone(&recorded);
    world.between = Box::new(move |_, event| {
        to.borrow_mut().push(event.clone());
        vec![event]
    });
    assert!(world.join(ALICE, CODE).is_ok());
    let messages = recorded.borrow().clone();
    assert_eq!(messages.len(), MESSAGES);
    world.joins.clear();
    world.open();
    world.seen.clear();
    for peer in [ALICE, BOB] {
        for event in &messages {
            if let Event::ToAdmin(_, bytes) = event {
                world.deliver(Event::ToAdmin(peer, bytes.clone()));
            }
        }
        assert_eq!(world.issued(), 0);
        world.wait(1_000);
    }
    assert_eq!(world.tries_left(), Some(PAIR_TRIES - 2));
}

#[test]
fn a_share_that_makes_the_key_guessable_does_not_let_in_without_the_code() {
    // The neutral element and other points of small order, in their encodings (RFC 7748, section 6.1 names the danger).
    let mut small = [[0; 32]; 3];
    small[0][0] = 1;
    small[1] = [0xff; 32];
    (small[1][0], small[1][31]) = (0xec, 0x7f);
    for share in small {
        let world = attacked(3, move |_| vec![encoded(&Message::Share(share))], Encoding::Postcard);
        assert_eq!((world.issued(), world.tries_left()), (0, Some(PAIR_TRIES - 1)));
    }
}

fn encoded(message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.put(Encoding::Postcard, &mut bytes);
    bytes
}

#[test]
fn silence_and_a_lost_link_are_tries_as_well() {
    let mut world = World::with_window();
    world.between = Box::new(|at, event| if at == 1 { vec![event] } else { Vec::new() });
    world.begin(ALICE, Code::parse(CODE).unwrap().secret(), Way::Code, None);
    world.run();
    world.joins.clear();
    assert_eq!(world.tries_left(), Some(PAIR_TRIES - 1), "the try is taken when it begins");
    world.wait(PAIR_EXCHANGE_MS);
    assert!(world.seen.contains(&Effect::Failed(ALICE, Refusal::Interrupted, Some(PAIR_TRIES - 1))));
    world.wait(1_000);
    world.sent = 0;
    world.begin(ALICE, Code::parse(CODE).unwrap().secret(), Way::Code, None);
    world.run();
    world.joins.clear();
    world.deliver(Event::AdminLost(ALICE));
    assert!(world.seen.contains(&Effect::Failed(ALICE, Refusal::Interrupted, Some(PAIR_TRIES - 2))));
}

/// A device that knows the code and hangs up as soon as it has proven that.
fn proven_and_gone(end: fn(&mut World)) -> World {
    let mut world = World::with_window();
    world.grant = None;
    world.begin(ALICE, Code::parse(CODE).unwrap().secret(), Way::Code, None);
    world.run();
    world.joins.clear();
    end(&mut world);
    assert_eq!(world.issued(), 1, "the order for its certificate is under way");
    world
}

#[test]
fn whoever_proves_the_code_and_hangs_up_has_used_it_and_its_owner_is_told() {
    let ends: [fn(&mut World); 4] = [
        |world| world.deliver(Event::AdminLost(ALICE)),
        |world| world.wait(2 * PAIR_EXCHANGE_MS),
        |world| world.deliver(Event::ToAdmin(ALICE, vec![9; 3])),
        |world| {
            let refused = Message::Refused { cause: Refusal::Interrupted, wait: 0 };
            world.deliver(Event::ToAdmin(ALICE, encoded(&refused)));
        },
    ];
    for (n, end) in ends.into_iter().enumerate() {
        let mut world = proven_and_gone(end);
        assert_eq!(world.saw(|effect| matches!(effect, Effect::Failed(..))), 0, "{n}: it is not said to be out");
        world.begin(BOB, Code::parse(CODE).unwrap().secret(), Way::Code, None);
        world.run();
        assert_eq!(world.issued(), 1, "{n}: nobody else begins meanwhile");
        world.joins.clear();
        world.queue.clear();
        world.admin_does(|admin, now, out| admin.granted(now, ALICE, CERTIFICATE, out));
        assert_eq!(world.saw(|effect| matches!(effect, Effect::Paired(ALICE, ..))), 1, "{n}");
        assert_eq!(world.saw(|effect| *effect == Effect::Closed(Closed::Used)), 1, "{n}");
        assert!(world.admin.window().shown().is_none(), "{n}");
        world.grant = Some(Ok(CERTIFICATE));
        assert_eq!(world.join(BOB, CODE), Err(Failure::Used), "{n}: one code is for one device");
        assert_eq!(world.issued(), 1, "{n}");
        assert!(world.join(ALICE, CODE).is_ok(), "{n}: the same device may come again");
    }
}

#[test]
fn a_device_that_links_anew_before_its_certificate_is_saved_waits_and_gets_it_then() {
    let mut world = proven_and_gone(|world| world.deliver(Event::AdminLost(ALICE)));
    world.begin(ALICE, Code::parse(CODE).unwrap().secret(), Way::Code, None);
    world.run();
    let now = world.now;
    assert_eq!(world.joins[&ALICE].waits(now), Some(1));
    world.admin_does(|admin, now, out| admin.granted(now, ALICE, CERTIFICATE, out));
    world.run();
    assert!(world.ended.is_empty(), "nothing of the old exchange goes over the new stream");
    world.grant = Some(Ok(CERTIFICATE));
    world.wait(1_000);
    assert!(world.end_of(ALICE).is_ok());
}

#[test]
fn a_certificate_that_cannot_be_issued_to_a_device_that_has_gone_is_a_try() {
    let mut world = proven_and_gone(|world| world.deliver(Event::AdminLost(ALICE)));
    world.admin_does(|admin, now, out| admin.denied(now, ALICE, Refusal::Full, out));
    assert!(world.seen.contains(&Effect::Failed(ALICE, Refusal::Full, Some(PAIR_TRIES - 1))));
    assert!(world.queue.is_empty() && world.admin.window().shown().is_some());
}

#[test]
fn a_later_version_and_bytes_that_are_no_message_are_refused_without_a_try() {
    let mut world = World::with_window();
    for (bytes, cause) in [
        (&[0, 1, b'a', 2, 9][..], Refusal::Version),
        (b"GET / HTTP/1.1", Refusal::Malformed),
        (&[], Refusal::Malformed),
    ] {
        world.deliver(Event::ToAdmin(BOB, bytes.to_vec()));
        let Some(Event::ToJoiner(_, answer)) = world.queue.pop_front() else { panic!("no answer") };
        assert_eq!(Message::read(Encoding::Postcard, &answer), Ok(Message::Refused { cause, wait: 0 }));
        world.queue.clear();
    }
    assert_eq!(world.tries_left(), Some(PAIR_TRIES));
}

#[test]
fn devices_that_fill_the_table_of_exchanges_are_told_when_to_come_again() {
    let mut world = World::with_window();
    world.between = Box::new(|_, event| if matches!(event, Event::ToAdmin(..)) { vec![event] } else { Vec::new() });
    for number in 0..PAIR_EXCHANGES_MAX {
        let invite = world.invite(u8::try_from(number).unwrap());
        let peer = PeerKey([u8::try_from(number).unwrap() + 50; 32]);
        world.begin(peer, LongSecret::new([9; 16]).secret(), Way::Invite(invite), None);
        world.run();
    }
    world.joins.clear();
    world.between = Box::new(|_, event| vec![event]);
    world.begin(ALICE, Code::parse(CODE).unwrap().secret(), Way::Code, None);
    world.run();
    let now = world.now;
    assert_eq!(world.joins[&ALICE].waits(now), Some(u16::try_from(PAIR_EXCHANGE_MS / 1_000).unwrap()));
    assert_eq!(world.tries_left(), Some(PAIR_TRIES));
    world.wait(PAIR_EXCHANGE_MS);
    assert!(world.end_of(ALICE).is_ok(), "silence does not hold a place for ever");
}
