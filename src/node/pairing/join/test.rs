//! A device that joins, as its owner sees it.

use super::super::super::input::{GuestInput, Input, Pairing, Request};
use super::super::super::test::{at, handle, node};
use super::*;
use crate::base::id::PeerKey;
use crate::wire::certificate::{Caps, Certificate, Record, Signature};
use crate::wire::pairing::exchange::{Exchange, Parties, Side};
use crate::wire::pairing::secret::Code;
use crate::wire::pairing::{Message, Refusal, Way};
use heapless::Vec as Bounded;

mod causes_test;

const ADMIN: PeerKey = PeerKey([1; 32]);

fn asks(number: u64, request: Pairing) -> Input {
    Input::Api(ReplyId(number), Request::Pairing(request))
}

/// Joins by a code, at this address.
fn joins_at(address: SocketAddr) -> Pairing {
    Pairing::Join(Box::new(Asked {
        secret: Code::parse("12345678").unwrap().secret(),
        way: Way::Code,
        mesh: None,
        admins: Bounded::new(),
        places: Bounded::from_slice(&[Candidate { address, peer: None }]).unwrap(),
        searching: false,
    }))
}

#[test]
fn a_device_that_waits_for_a_busy_admin_says_for_how_long() {
    let mut node = node(u64::MAX);
    let address = SocketAddr::from(([192, 168, 1, 5], 7781));
    handle(&mut node, at(1), asks(1, joins_at(address)));
    let guest = |what| Input::Guest(ADMIN, address, what);
    handle(&mut node, at(2), guest(GuestInput::Began { dialled: true, encoding: Encoding::Postcard }));
    let waits = |node: &mut Node| match &handle(node, at(3), asks(2, Pairing::Show))[..] {
        [Output::Reply(_, Response::Pairing(report))] => report.waits,
        other => panic!("{other:?}"),
    };
    assert_eq!(waits(&mut node), None);
    let mut bytes = Vec::new();
    Message::Refused { cause: Refusal::Busy, wait: 9 }.put(Encoding::Postcard, &mut bytes);
    handle(&mut node, at(3), guest(GuestInput::Received { bytes, random: Box::new([5; 64]) }));
    assert_eq!(waits(&mut node), Some(9));
}

#[test]
fn whoever_dials_a_device_that_is_joining_and_shows_a_certificate_of_the_mesh_is_no_news() {
    let mut node = node(u64::MAX);
    let mesh = MeshId([0x77; 32]);
    let (caps, issuer, signature) = (Caps::MEMBER | Caps::ADMIN, mesh.root(), Signature::NONE);
    let certificate = Certificate { mesh, holder: ADMIN, caps, serial: 1, epoch: 0, issuer, signature };
    let shown = |now: u64| (at(now), Input::Presented(ADMIN, Box::new(Chain { certificate, issuer: None })));
    let is_told = |out: &[Output]| out.iter().any(|out| matches!(out, Output::Notice(_)));
    let (now, input) = shown(1);
    assert!(is_told(&handle(&mut node, now, input)), "of a stranger it is told");
    let place = Candidate { address: SocketAddr::from(([192, 168, 1, 5], 7781)), peer: None };
    let wanted = Asked {
        secret: Code::parse("12345678").unwrap().secret(),
        way: Way::Code,
        mesh: None,
        admins: Bounded::new(),
        places: Bounded::from_slice(&[place]).unwrap(),
        searching: false,
    };
    handle(&mut node, at(700_000), asks(1, Pairing::Join(Box::new(wanted))));
    let (now, input) = shown(700_001);
    assert!(!is_told(&handle(&mut node, now, input)));
}

#[test]
fn an_invite_that_this_device_has_not_used_is_not_called_used() {
    let mut node = node(u64::MAX);
    let out = handle(&mut node, at(1), asks(1, Pairing::Used(InviteId([1; 16]))));
    assert!(matches!(&out[..], [Output::Reply(_, Response::Refused(..))]), "{out:?}");
}

#[test]
fn a_code_that_is_typed_goes_before_the_invite_on_the_card_unless_a_device_answers_that_just_now() {
    let mut node = node(u64::MAX);
    let address = SocketAddr::from(([192, 168, 1, 5], 7781));
    let invited = || match joins_at(address) {
        Pairing::Join(asked) => Pairing::Join(Box::new(Asked { way: Way::Invite(InviteId([1; 16])), ..*asked })),
        other => other,
    };
    let refused = |out: &[Output], number: u64| {
        out.iter()
            .any(|out| matches!(out, Output::Reply(reply, Response::Refused(Problem::Busy, _)) if reply.0 == number))
    };
    handle(&mut node, at(1), asks(1, invited()));
    let out = handle(&mut node, at(2), asks(2, joins_at(address)));
    assert!(refused(&out, 1) && !refused(&out, 2), "{out:?}");
    assert!(out.iter().any(|out| matches!(out, Output::DialAsGuest { .. })), "{out:?}");
    let out = handle(&mut node, at(3), asks(3, invited()));
    assert!(refused(&out, 3) && !refused(&out, 2), "the card waits for the person: {out:?}");

    let mut node = super::super::super::test::node(u64::MAX);
    handle(&mut node, at(1), asks(1, invited()));
    let began = GuestInput::Began { dialled: true, encoding: Encoding::Postcard };
    handle(&mut node, at(2), Input::Guest(ADMIN, address, began));
    let out = handle(&mut node, at(3), asks(2, joins_at(address)));
    assert!(refused(&out, 2) && !refused(&out, 1), "it may have let this device in already: {out:?}");
}

/// A device to which an admin has handed a certificate, whose signatures are being checked.
fn handed_over() -> (Node, Page) {
    let mut node = node(u64::MAX);
    let address = SocketAddr::from(([192, 168, 1, 5], 7781));
    handle(&mut node, at(1), asks(1, joins_at(address)));
    let mesh = MeshId([0x77; 32]);
    let certificate = |holder, caps, issuer| Certificate {
        mesh,
        holder,
        caps,
        serial: 1,
        epoch: 0,
        issuer,
        signature: Signature::NONE,
    };
    let issuer = Some(certificate(ADMIN, Caps::MEMBER | Caps::ADMIN, mesh.root()));
    let chain = Chain { certificate: certificate(node.config.key, Caps::MEMBER, ADMIN), issuer };
    let (secret, parties) =
        (Code::parse("12345678").unwrap().secret(), Parties { joiner: node.config.key, admin: ADMIN, mesh: mesh.0 });
    let [(exchange, _), (_, share)] =
        [(Side::Joiner, 1), (Side::Admin, 2)].map(|(side, n)| Exchange::begin(side, &secret, &parties, &[n; 64]));
    let words = exchange.finish(&share).expect("a share").words();
    let joined = Joined { certificate: chain.encode(), admin: ADMIN, mesh: mesh.0, words };
    node.mesh.trust.pairing.joining.as_mut().unwrap().reached = Some((ADMIN, address));
    let mut out = Out::new();
    node.on_joined(joined, &mut out);
    let page = out.drain().find_map(|out| if let Output::VerifyRecords(_, page) = out { Some(page) } else { None });
    (node, page.expect("its signatures are checked"))
}

fn keeps(out: &[Output]) -> bool {
    out.iter().any(|out| matches!(out, Output::KeepAddresses(..)))
}

#[test]
fn other_records_of_the_admin_end_no_join_and_a_forged_certificate_does() {
    let (mut node, page) = handed_over();
    let other = Page { issuers: Vec::new(), records: page.issuers.iter().map(|of| Record::Certificate(*of)).collect() };
    let out = handle(&mut node, at(2), Input::RecordsVerified(ADMIN, other, 0));
    assert!(!out.iter().any(|out| matches!(out, Output::Reply(..))), "{out:?}");
    assert!(keeps(&handle(&mut node, at(3), Input::RecordsVerified(ADMIN, page.clone(), 0))), "it goes on");
    let (mut node, _) = handed_over();
    let rest = Page { issuers: page.issuers, records: Vec::new() };
    let out = handle(&mut node, at(2), Input::RecordsVerified(ADMIN, rest, 1));
    assert!(matches!(out.last(), Some(Output::Reply(_, Response::Refused(..)))), "{out:?}");
}

#[test]
fn a_device_that_cannot_write_down_where_its_mesh_is_has_not_joined_and_says_why() {
    let (mut node, page) = handed_over();
    let kept = |result| Input::AddressesKept(ADMIN, result);
    assert_eq!(handle(&mut node, at(2), kept(Ok(()))), [], "the signatures are not checked yet");
    assert!(keeps(&handle(&mut node, at(3), Input::RecordsVerified(ADMIN, page, 0))));
    let out = handle(&mut node, at(4), kept(Err("There is no space left.".to_owned())));
    let Some(Output::Reply(ReplyId(1), Response::Refused(Problem::Broken, why))) = out.last() else {
        panic!("{out:?}")
    };
    assert!(why.contains("no space left") && why.contains("has not joined"), "{why}");
    assert!(!out.iter().any(|out| matches!(out, Output::SaveRecords(..))) && !node.is_member());
}
