//! A device that joins, as its owner sees it.

use super::super::super::input::{GuestInput, Input, Pairing, Request};
use super::super::super::test::{at, handle, node};
use super::*;
use crate::base::id::PeerKey;
use crate::wire::pairing::secret::Code;
use crate::wire::pairing::{Message, Refusal, Way};
use heapless::Vec as Bounded;

const ADMIN: PeerKey = PeerKey([1; 32]);

fn asks(number: u64, request: Pairing) -> Input {
    Input::Api(ReplyId(number), Request::Pairing(request))
}

#[test]
fn a_device_that_waits_for_a_busy_admin_says_for_how_long() {
    let mut node = node(u64::MAX);
    let address = SocketAddr::from(([192, 168, 1, 5], 7781));
    let wanted = Asked {
        secret: Code::parse("12345678").unwrap().secret(),
        way: Way::Code,
        mesh: None,
        admins: Bounded::new(),
        places: Bounded::from_slice(&[Candidate { address, peer: None }]).unwrap(),
        searching: false,
    };
    handle(&mut node, at(1), asks(1, Pairing::Join(Box::new(wanted))));
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
fn an_invite_that_this_device_has_not_used_is_not_called_used() {
    let mut node = node(u64::MAX);
    let out = handle(&mut node, at(1), asks(1, Pairing::Used(InviteId([1; 16]))));
    assert!(matches!(&out[..], [Output::Reply(_, Response::Refused(..))]), "{out:?}");
}
