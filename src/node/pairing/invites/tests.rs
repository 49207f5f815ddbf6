//! Invites in the node: saved before they are promised, handed to admins alone, void when an admin is removed; and who is being let in.

use super::super::super::input::{Input, LinkInput, Pairing, Request};
use super::super::super::test::{at, handle, node};
use super::*;
use crate::base::id::MeshId;
use crate::limits::MEND_RETRY_MS;
use crate::mesh::pairing::admin::Issue;
use crate::mesh::pairing::invites::decode;
use crate::mesh::pairing::window::Secrets;
use crate::mesh::trust::authority::Order;
use crate::scheduler::task::{Outcome, Task};
use crate::wire::certificate::exchange::Page;
use crate::wire::certificate::{Caps, Certificate, Chain, Record, Removal, Signature};
use crate::wire::message::Message;
use crate::wire::pairing::secret::{Code, LongSecret};
use crate::wire::pairing::{DeviceName, InviteId};

mod replaced_test;
mod windows_test;

const MESH: MeshId = MeshId([0x77; 32]);
const OWN: PeerKey = PeerKey([200; 32]);
const ADMIN: PeerKey = PeerKey([1; 32]);
const MEMBER: PeerKey = PeerKey([2; 32]);

fn certificate(holder: PeerKey, caps: Caps, serial: u64) -> Certificate {
    let (mesh, issuer, signature) = (MESH, MESH.root(), Signature::NONE);
    Certificate { mesh, holder, caps, serial, epoch: 0, issuer, signature }
}

fn invite(n: u8) -> InviteRecord {
    let id = InviteId([n; 16]);
    InviteRecord {
        id,
        verifier: LongSecret::new([n; 16]).verifier(id),
        caps: 3,
        left_ms: 3_600_000,
        removed_admins: 0,
        holder: None,
    }
}

/// An admin of a mesh, linked with another admin and a member.
fn admin() -> Node {
    let mut node = node(u64::MAX);
    let own = Chain { certificate: certificate(OWN, Caps::MEMBER | Caps::ADMIN, 1), issuer: None };
    handle(&mut node, at(1), Input::Api(ReplyId(1), Request::from(Order::Enrol(Box::new(own)))));
    handle(&mut node, at(2), Input::RecordsSaved(1, Ok(())));
    let records = [(ADMIN, Caps::MEMBER | Caps::ADMIN, 2), (MEMBER, Caps::MEMBER | Caps::WORKER, 3)];
    let records = records.map(|(holder, caps, serial)| Record::Certificate(certificate(holder, caps, serial))).to_vec();
    node.take_records(at(3), None, &Page { issuers: Vec::new(), records }, &mut Out::new());
    for peer in [ADMIN, MEMBER] {
        let out = handle(&mut node, at(4), Input::Link(peer, LinkInput::Up(([127, 0, 0, 1], 1).into())));
        // The first count of the collections begins at once: it is ended, so that no stop waits for it.
        for out in out {
            if let Output::Start(task, Task::Summarize) = out {
                handle(&mut node, at(4), Input::Done(task, Outcome::Summarized(Default::default()), Duration::ZERO));
            }
        }
    }
    node
}

fn order(node: &mut Node, record: InviteRecord) -> Vec<Output> {
    handle(node, at(5), Input::Api(ReplyId(9), Request::Pairing(Pairing::Invite(Box::new(record), None))))
}

fn saved(out: &[Output]) -> Option<Vec<InviteRecord>> {
    saves(out).map(|saved| saved.records)
}

fn saves(out: &[Output]) -> Option<Saved> {
    out.iter().find_map(|out| if let Output::SaveInvites(bytes) = out { decode(bytes) } else { None })
}

/// To whom invites are sent.
fn handed(out: &[Output]) -> Vec<PeerKey> {
    let to = out.iter().filter_map(|out| match out {
        Output::Send(peer, Message::Trust(Exchange::Invite(_))) => Some(*peer),
        _ => None,
    });
    to.collect()
}

#[test]
fn an_invite_is_saved_before_it_is_promised_and_goes_to_admins_alone() {
    let mut node = admin();
    let out = order(&mut node, invite(1));
    assert_eq!(saved(&out), Some(vec![invite(1)]));
    assert!(handed(&out).is_empty() && !out.iter().any(|out| matches!(out, Output::Reply(..))), "{out:?}");
    let out = handle(&mut node, at(6), Input::InvitesSaved(Ok(())));
    assert_eq!(handed(&out), [ADMIN]);
    let Some(Output::Reply(ReplyId(9), Response::Invited(report))) = out.last() else { panic!("{out:?}") };
    assert_eq!((report.mesh, report.issuers.clone()), (MESH.0, vec![OWN, ADMIN]));
    handle(&mut node, at(7), Input::Link(ADMIN, LinkInput::Down("gone".to_owned())));
    handle(&mut node, at(7), Input::Link(MEMBER, LinkInput::Down("gone".to_owned())));
    let again = handle(&mut node, at(8), Input::Link(ADMIN, LinkInput::Up(([127, 0, 0, 1], 1).into())));
    assert_eq!(handed(&again), [ADMIN], "after a partition too");
    let member = handle(&mut node, at(8), Input::Link(MEMBER, LinkInput::Up(([127, 0, 0, 1], 1).into())));
    assert!(handed(&member).is_empty());
}

#[test]
fn an_invite_that_cannot_be_saved_is_refused_and_not_good() {
    let mut node = admin();
    order(&mut node, invite(1));
    let out = handle(&mut node, at(6), Input::InvitesSaved(Err("The disk is full.".to_owned())));
    assert!(matches!(out.last(), Some(Output::Reply(ReplyId(9), Response::Refused(Problem::Broken, _)))), "{out:?}");
    assert_eq!(node.admin_machine().unwrap().invites().records(at(7)).count(), 0);
}

#[test]
fn an_invite_of_another_admin_is_taken_and_saved_and_one_of_a_member_is_not() {
    let mut node = admin();
    let from = |peer, n| {
        Input::Link(peer, LinkInput::Received(Box::new(Message::Trust(Exchange::Invite(Box::new(invite(n)))))))
    };
    assert_eq!(saved(&handle(&mut node, at(5), from(MEMBER, 1))), None);
    assert_eq!(saved(&handle(&mut node, at(5), from(ADMIN, 2))), Some(vec![invite(2)]));
    handle(&mut node, at(6), Input::InvitesSaved(Ok(())));
    assert_eq!(saved(&handle(&mut node, at(6), from(ADMIN, 2))), None, "nothing new");
}

const EVIL: PeerKey = PeerKey([3; 32]);

fn removal(holder: PeerKey) -> Record {
    Record::Removal(Removal { mesh: MESH, holder, epoch: 1, issuer: OWN, signature: Signature::NONE })
}

/// Takes records, and returns what follows once they are.
fn take(node: &mut Node, records: &[Record]) -> Vec<Output> {
    node.take_records(at(7), None, &Page { issuers: Vec::new(), records: records.to_vec() }, &mut Out::new());
    handle(node, at(7), Input::Wake)
}

fn held(node: &mut Node) -> Vec<InviteRecord> {
    node.admin_machine().unwrap().invites().records(at(7)).collect()
}

fn shared(from: PeerKey, record: InviteRecord) -> Input {
    Input::Link(from, LinkInput::Received(Box::new(Message::Trust(Exchange::Invite(Box::new(record))))))
}

#[test]
fn when_an_admin_is_removed_no_invite_that_was_not_used_lets_anybody_in_any_more() {
    let mut node = admin();
    order(&mut node, invite(1));
    handle(&mut node, at(6), Input::InvitesSaved(Ok(())));
    take(&mut node, &[removal(MEMBER)]);
    assert_eq!(held(&mut node).len(), 1, "a member knows none");
    let out = take(&mut node, &[removal(ADMIN)]);
    assert_eq!(saved(&out), Some(Vec::new()), "{out:?}");
}

#[test]
fn an_invite_that_was_voided_does_not_come_back_from_an_admin_that_does_not_know_why_or_from_the_file() {
    let mut node = admin();
    let evil = Record::Certificate(certificate(EVIL, Caps::MEMBER | Caps::ADMIN, 4));
    order(&mut node, invite(1));
    handle(&mut node, at(6), Input::InvitesSaved(Ok(())));
    // Its certificate and its removal come together, after days without a link.
    let out = take(&mut node, &[evil, removal(EVIL)]);
    assert_eq!(saved(&out), Some(Vec::new()), "{out:?}");
    // The other admin has not heard of it: it hands over what it has, and what it wrote meanwhile.
    for n in [1, 2] {
        assert_eq!(saved(&handle(&mut node, at(8), shared(ADMIN, invite(n)))), None);
    }
    node.load_invites(at(9), Saved { records: vec![invite(1)], void: Vec::new() });
    assert_eq!(held(&mut node), []);
    // What is written from now on is good, here and there.
    order(&mut node, invite(4));
    let since = |n| InviteRecord { removed_admins: 1, ..invite(n) };
    handle(&mut node, at(9), shared(ADMIN, since(5)));
    assert_eq!(
        held(&mut node).into_iter().map(|of| (of.id, of.removed_admins)).collect::<Vec<_>>(),
        [4, 5].map(|n| (since(n).id, 1))
    );
    node.load_invites(at(9), Saved { records: vec![since(6)], void: Vec::new() });
    assert_eq!(held(&mut node).len(), 3);
}

#[test]
fn an_admin_that_lies_about_an_invite_gains_nothing_by_that_once_it_is_removed() {
    let mut node = admin();
    let late = InviteRecord { removed_admins: u32::MAX, ..invite(1) };
    let used = InviteRecord { holder: Some(EVIL), ..invite(2) };
    for record in [late, used] {
        handle(&mut node, at(6), shared(ADMIN, record));
    }
    assert_eq!(held(&mut node).len(), 2);
    let out = take(&mut node, &[removal(ADMIN)]);
    assert_eq!((saved(&out), held(&mut node)), (None, Vec::new()), "the first save is under way: {out:?}");
    assert_eq!(saved(&handle(&mut node, at(8), Input::InvitesSaved(Ok(())))), Some(Vec::new()));
}

#[test]
fn a_voiding_that_cannot_be_saved_is_saved_later_and_a_finding_until_then() {
    let mut node = admin();
    order(&mut node, invite(1));
    handle(&mut node, at(6), Input::InvitesSaved(Ok(())));
    assert_eq!(saved(&take(&mut node, &[removal(ADMIN)])), Some(Vec::new()));
    let full = || Input::InvitesSaved(Err("The disk is full.".to_owned()));
    let out = handle(&mut node, at(8), full());
    assert!(matches!(&out[..], [Output::Notice(Notice::Held(_))]), "{out:?}");
    assert!(node.status(at(8)).findings.iter().any(|of| of.what.contains("list of invites")));
    assert_eq!(saved(&handle(&mut node, at(7 + MEND_RETRY_MS), Input::Wake)), None);
    assert_eq!(saved(&handle(&mut node, at(8 + MEND_RETRY_MS), Input::Wake)), Some(Vec::new()));
    handle(&mut node, at(9 + MEND_RETRY_MS), Input::InvitesSaved(Ok(())));
    assert!(!node.status(at(9 + MEND_RETRY_MS)).findings.iter().any(|of| of.what.contains("list of invites")));
    // A person that writes one does not wait for the next try.
    order(&mut node, invite(2));
    handle(&mut node, at(9 + MEND_RETRY_MS), full());
    assert!(saved(&order(&mut node, invite(3))).is_some());
}

#[test]
fn an_admin_that_redeems_an_invite_has_used_it_before_it_gets_its_certificate() {
    let mut node = admin();
    let issue = Issue { holder: ADMIN, device: DeviceName::default(), caps: 3, invite: Some(InviteId([1; 16])) };
    let mut out = Out::new();
    node.issue(at(6), &issue, &mut out);
    let out = handle(&mut node, at(6), Input::Wake);
    let signs = |out: &Output| matches!(out, Output::SignRecords(of) if matches!(of[..], [Record::InviteUse(_)]));
    assert!(out.iter().any(signs), "{out:?}");
}

#[test]
fn a_window_that_was_closed_does_not_say_that_nobody_joined_while_a_device_is_being_let_in() {
    let mut node = admin();
    let pairing = |node: &mut Node, ms: u64, request: Pairing| {
        let out = handle(node, at(ms), Input::Api(ReplyId(ms), Request::Pairing(request)));
        let report = out
            .into_iter()
            .find_map(|out| if let Output::Reply(_, Response::Pairing(of)) = out { Some(of) } else { None });
        let report = report.expect("it is answered");
        (report.window.is_some(), report.letting_in, report.closed.map(|closed| closed.joined.is_some()))
    };
    let secrets = Secrets { code: Code::parse("12345678").unwrap(), link: LongSecret::new([7; 16]) };
    assert_eq!(pairing(&mut node, 10, Pairing::Open(Box::new(secrets))), (true, false, None));
    let issue = Issue { holder: PeerKey([9; 32]), device: DeviceName::default(), caps: 3, invite: None };
    let mut out = Out::new();
    node.issue(at(11), &issue, &mut out);
    let outs = handle(&mut node, at(11), Input::Wake);
    let signed = outs.into_iter().find_map(|out| if let Output::SignRecords(of) = out { Some(of) } else { None });
    assert_eq!(pairing(&mut node, 12, Pairing::Show), (true, true, None));
    assert_eq!(pairing(&mut node, 13, Pairing::Close), (false, true, None), "it may be who the code was for");
    let out = handle(&mut node, at(14), Input::RecordsSigned(signed.expect("it is ordered")));
    let save = out.iter().find_map(|out| if let Output::SaveRecords(save, _) = out { Some(*save) } else { None });
    assert_eq!(pairing(&mut node, 15, Pairing::Show), (false, true, None), "it is not on the disk yet");
    handle(
        &mut node,
        at(16),
        Input::RecordsSaved(save.expect("it is signed"), Err((Problem::DiskFull, "It is full.".to_owned()))),
    );
    assert_eq!(pairing(&mut node, 17, Pairing::Show), (false, false, Some(false)));
}

/// Two devices with the key of the other admin are seen.
fn see_two(node: &mut Node, ms: u64) {
    let place = |host: u8| ([10, 0, 0, host], 7781).into();
    handle(node, at(ms), Input::Link(ADMIN, LinkInput::Duplicate { linked: place(1), other: place(2) }));
}

#[test]
fn an_admin_that_was_frozen_gets_the_invites_of_meanwhile_once_that_has_ended() {
    let mut node = admin();
    see_two(&mut node, 4);
    order(&mut node, invite(1));
    let out = handle(&mut node, at(6), Input::InvitesSaved(Ok(())));
    let Some(Output::Reply(ReplyId(9), Response::Invited(report))) = out.last() else { panic!("{out:?}") };
    assert_eq!((handed(&out), &report.issuers[..]), (Vec::new(), &[OWN][..]), "nor is it named on the card");
    see_two(&mut node, 1_000);
    let end = 1_000 + crate::limits::DUPLICATE_MS;
    for ms in [4 + crate::limits::DUPLICATE_MS, end - 1] {
        assert!(handed(&handle(&mut node, at(ms), Input::Wake)).is_empty(), "it is frozen still");
    }
    assert!(node.pairing_deadline().is_some_and(|due| due <= at(end)), "{:?}", node.pairing_deadline());
    assert_eq!(handed(&handle(&mut node, at(end), Input::Wake)), [ADMIN], "without a new link");
    assert!(handed(&handle(&mut node, at(end + 1), Input::Wake)).is_empty(), "once");
    // Without a link it gets them with the next.
    see_two(&mut node, end + 2);
    let ordered = Request::Pairing(Pairing::Invite(Box::new(invite(2)), None));
    handle(&mut node, at(end + 2), Input::Api(ReplyId(10), ordered));
    handle(&mut node, at(end + 3), Input::InvitesSaved(Ok(())));
    handle(&mut node, at(end + 4), Input::Link(ADMIN, LinkInput::Down("gone".to_owned())));
    let later = end + 2 + crate::limits::DUPLICATE_MS;
    assert!(handed(&handle(&mut node, at(later), Input::Wake)).is_empty());
    assert!(node.thaw_at().is_none());
    let up = Input::Link(ADMIN, LinkInput::Up(([127, 0, 0, 1], 1).into()));
    assert_eq!(handed(&handle(&mut node, at(later + 1), up)), [ADMIN, ADMIN]);
}

#[test]
fn of_two_devices_with_the_key_of_an_admin_neither_gets_an_invite() {
    let mut node = admin();
    see_two(&mut node, 4);
    order(&mut node, invite(1));
    let out = handle(&mut node, at(6), Input::InvitesSaved(Ok(())));
    assert!(handed(&out).is_empty() && matches!(out.last(), Some(Output::Reply(..))), "{out:?}");
    let mut out = Out::new();
    node.hand_over_invites(at(7), ADMIN, &mut out);
    assert_eq!(out.drain().count(), 0, "nor with the next link");
    let later = at(4 + crate::limits::DUPLICATE_MS);
    node.hand_over_invites(later, ADMIN, &mut out);
    assert_eq!(handed(&out.drain().collect::<Vec<_>>()), [ADMIN], "once there is one of them");
}
