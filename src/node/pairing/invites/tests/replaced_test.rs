//! An invite in the place of another one: both are saved before anybody is told, and what is void stays void.

use super::*;
use crate::limits::{INVITE_LIFE_MS_MAX, INVITES_VOID_MAX};

fn replace(node: &mut Node, ms: u64, new: InviteRecord, old: u8) -> Vec<Output> {
    let order = Pairing::Invite(Box::new(new), Some(InviteId([old; 16])));
    handle(node, at(ms), Input::Api(ReplyId(10), Request::Pairing(order)))
}

/// What is sent about invites: to whom, which one, and how much life it has.
fn told(out: &[Output]) -> Vec<(PeerKey, u8, u64)> {
    let told = out.iter().filter_map(|out| match out {
        Output::Send(to, Message::Trust(Exchange::Invite(record))) => Some((*to, record.id.0[0], record.left_ms)),
        _ => None,
    });
    told.collect()
}

/// An admin that has written the invite 1.
fn with_one() -> Node {
    let mut node = admin();
    order(&mut node, invite(1));
    handle(&mut node, at(6), Input::InvitesSaved(Ok(())));
    node
}

fn answer(out: &[Output]) -> Option<&Response> {
    out.iter().find_map(|out| if let Output::Reply(ReplyId(10), response) = out { Some(response) } else { None })
}

#[test]
fn an_invite_that_is_replaced_is_void_on_the_disk_before_its_owner_and_the_other_admins_hear_so() {
    let mut node = with_one();
    let out = replace(&mut node, 10, invite(2), 1);
    assert!(answer(&out).is_none() && told(&out).is_empty(), "a power cut would bring it back: {out:?}");
    let saved = saves(&out).expect("both are saved at once");
    assert_eq!((saved.records, saved.void), (vec![invite(2)], vec![(InviteId([1; 16]), 3_599_995)]));
    let out = handle(&mut node, at(11), Input::InvitesSaved(Ok(())));
    assert_eq!(told(&out), [(ADMIN, 1, 0), (ADMIN, 2, 3_600_000)], "the other admin, and no member");
    let Some(Response::Invited(report)) = answer(&out) else { panic!("{out:?}") };
    assert_eq!(report.before, Some(Before::Void));
    // Once more: it is void already, which is told, and nothing of it is saved or sent again.
    let out = replace(&mut node, 12, invite(3), 1);
    assert_eq!(saves(&out).map(|saved| saved.void.len()), Some(1));
    let out = handle(&mut node, at(13), Input::InvitesSaved(Ok(())));
    assert!(matches!(answer(&out), Some(Response::Invited(of)) if of.before == Some(Before::Replaced)), "{out:?}");
    assert_eq!(told(&out).len(), 1);
}

#[test]
fn an_invite_whose_replacing_cannot_be_saved_is_as_good_as_before() {
    let mut node = with_one();
    replace(&mut node, 10, invite(2), 1);
    let out = handle(&mut node, at(11), Input::InvitesSaved(Err("The disk is full.".to_owned())));
    let Some(Response::Refused(Problem::Broken, why)) = answer(&out) else { panic!("{out:?}") };
    assert!(why.ends_with("The one that was to be replaced is as it was.") && told(&out).is_empty(), "{why}");
    assert_eq!(held(&mut node).iter().map(|of| of.id.0[0]).collect::<Vec<_>>(), [1]);
    // Unless another admin has taken it back meanwhile.
    replace(&mut node, 12, invite(2), 1);
    handle(&mut node, at(13), shared(ADMIN, InviteRecord { left_ms: 0, ..invite(1) }));
    handle(&mut node, at(14), Input::InvitesSaved(Err("The disk is full.".to_owned())));
    assert_eq!(held(&mut node), []);
}

#[test]
fn a_stop_waits_until_what_was_ordered_is_on_the_disk_and_answers_it() {
    let stopped = |out: &[Output]| out.iter().any(|out| matches!(out, Output::Stopped));
    let mut node = with_one();
    replace(&mut node, 10, invite(2), 1);
    let out = handle(&mut node, at(11), Input::Stop);
    assert!(!stopped(&out) && answer(&out).is_none(), "{out:?}");
    let out = handle(&mut node, at(12), Input::InvitesSaved(Ok(())));
    assert!(stopped(&out) && matches!(answer(&out), Some(Response::Invited(_))), "{out:?}");
    assert_eq!(told(&out).len(), 2, "the other admin hears of it before the links end");

    // What came while another save was under way is saved after it.
    let mut node = with_one();
    handle(&mut node, at(10), shared(ADMIN, invite(3)));
    assert_eq!(saves(&replace(&mut node, 11, invite(2), 1)), None);
    assert!(!stopped(&handle(&mut node, at(12), Input::Stop)));
    let out = handle(&mut node, at(13), Input::InvitesSaved(Ok(())));
    assert!(!stopped(&out) && saves(&out).is_some_and(|saved| saved.void.len() == 1), "{out:?}");
    let out = handle(&mut node, at(14), Input::InvitesSaved(Ok(())));
    assert!(stopped(&out) && matches!(answer(&out), Some(Response::Invited(_))), "{out:?}");

    // A disk that takes nothing holds no stop up.
    let mut node = with_one();
    replace(&mut node, 10, invite(2), 1);
    handle(&mut node, at(11), Input::Stop);
    let out = handle(&mut node, at(12), Input::InvitesSaved(Err("The disk is full.".to_owned())));
    assert!(stopped(&out) && matches!(answer(&out), Some(Response::Refused(Problem::Broken, _))), "{out:?}");
}

#[test]
fn an_admin_that_was_off_hears_that_an_invite_is_void_and_does_not_bring_it_back() {
    let mut node = with_one();
    handle(&mut node, at(7), Input::Link(ADMIN, LinkInput::Down("gone".to_owned())));
    replace(&mut node, 10, invite(2), 1);
    assert_eq!(told(&handle(&mut node, at(11), Input::InvitesSaved(Ok(())))), [], "it is off");
    let out = handle(&mut node, at(12), Input::Link(ADMIN, LinkInput::Up(([127, 0, 0, 1], 1).into())));
    assert_eq!(told(&out)[0], (ADMIN, 1, 0), "first of all");
    // It hands over what it held, and hears again that this one is void: after its first life here as well, since its own stood still.
    for ms in [13, 20 + INVITE_LIFE_MS_MAX] {
        let out = handle(&mut node, at(ms), shared(ADMIN, invite(1)));
        assert_eq!((told(&out), held(&mut node).len()), (vec![(ADMIN, 1, 0)], 1));
        assert!(
            handle(&mut node, at(ms), shared(MEMBER, invite(1))).iter().all(|out| !matches!(out, Output::Send(..)))
        );
    }
    // Nor does it come back with a start.
    let saved = node.admin_machine().unwrap().invites().saved(at(12));
    let mut again = admin();
    again.load_invites(at(5), saved);
    assert_eq!(told(&handle(&mut again, at(6), shared(ADMIN, invite(1)))), [(ADMIN, 1, 0)]);
}

#[test]
fn an_admin_that_hears_of_a_void_invite_keeps_that_also_of_one_that_it_never_had_and_saves_it_once() {
    let void = |n| shared(ADMIN, InviteRecord { left_ms: 0, ..invite(n) });
    for had in [true, false] {
        let mut node = admin();
        if had {
            handle(&mut node, at(5), shared(ADMIN, invite(1)));
            handle(&mut node, at(6), Input::InvitesSaved(Ok(())));
        }
        let out = handle(&mut node, at(11), void(1));
        assert_eq!(saves(&out).map(|saved| (saved.records, saved.void.len())), Some((Vec::new(), 1)), "{had}");
        handle(&mut node, at(12), Input::InvitesSaved(Ok(())));
        assert_eq!(saves(&handle(&mut node, at(13), void(1))), None, "no flash write for nothing");
        assert_eq!(saves(&handle(&mut node, at(14), shared(ADMIN, invite(1)))), None, "it stays void");
    }
    // One that let a device in is used, whoever says that it is void.
    let mut node = admin();
    handle(&mut node, at(5), shared(ADMIN, InviteRecord { holder: Some(EVIL), ..invite(1) }));
    handle(&mut node, at(6), Input::InvitesSaved(Ok(())));
    assert_eq!(saves(&handle(&mut node, at(7), void(1))), None);
}

#[test]
fn what_other_admins_say_of_void_invites_leaves_room_for_those_of_this_device() {
    let mut node = with_one();
    for n in 0..=255 {
        handle(&mut node, at(7), shared(ADMIN, InviteRecord { left_ms: 0, ..invite(n) }));
        handle(&mut node, at(7), Input::InvitesSaved(Ok(())));
    }
    let void = |node: &mut Node| node.admin_machine().unwrap().invites().saved(at(8)).void.len();
    assert_eq!(void(&mut node), INVITES_VOID_MAX / 2);
}

#[test]
fn an_invite_that_a_removal_makes_void_while_it_is_written_is_not_promised() {
    let mut node = with_one();
    replace(&mut node, 10, invite(2), 1);
    take(&mut node, &[removal(ADMIN)]);
    let out = handle(&mut node, at(11), Input::InvitesSaved(Ok(())));
    assert!(matches!(answer(&out), Some(Response::Refused(Problem::Conflict, _))) && told(&out).is_empty(), "{out:?}");
    // Nor does anybody wait for it where this device itself is removed.
    for is_saving in [true, false] {
        let mut node = with_one();
        if !is_saving {
            handle(&mut node, at(9), shared(ADMIN, invite(3)));
        }
        replace(&mut node, 10, invite(2), 1);
        let removed = Removal { mesh: MESH, holder: OWN, epoch: 1, issuer: ADMIN, signature: Signature::NONE };
        let mut out = Out::new();
        let page = Page { issuers: Vec::new(), records: vec![Record::Removal(removed)] };
        node.take_records(at(11), None, &page, &mut out);
        let mut out: Vec<Output> = out.drain().collect();
        out.extend(handle(&mut node, at(12), Input::InvitesSaved(Ok(()))));
        let answers = out.iter().filter(|out| matches!(out, Output::Reply(ReplyId(10), _))).count();
        assert!(answers == 1 && matches!(answer(&out), Some(Response::Refused(..))), "{out:?}");
        let is_told = |out: &Output| matches!(out, Output::Notice(Notice::RemovedHere(Some(_), _)));
        assert!(out.iter().any(is_told), "with who did it: {out:?}");
    }
}

#[test]
fn a_removal_of_another_device_is_told_with_who_did_it() {
    let mut node = admin();
    let page = Page { issuers: Vec::new(), records: vec![removal(MEMBER)] };
    let mut out = Out::new();
    node.take_records(at(7), None, &page, &mut out);
    let by = out.drain().find_map(|out| match out {
        Output::Notice(Notice::Expelled(_, by)) => Some(by),
        _ => None,
    });
    assert_eq!(by, Some(Some("this device".to_owned())));
}
