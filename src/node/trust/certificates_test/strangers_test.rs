//! What strangers cause and are told, and devices that leave.

use super::super::super::input::Pairing;
use super::super::super::pairing_state::Wanted;
use super::*;

#[test]
fn a_device_without_a_mesh_gives_no_link_to_whoever_shows_a_certificate_and_hangs_up_on_strangers() {
    let mut node = node(u64::MAX);
    let out = handle(&mut node, at(1), NodeInput::Presented(PEER, Box::new(chain(PEER, Caps::MEMBER))));
    assert!(!out.iter().any(|out| matches!(out, Output::HearOut(_))), "{out:?}");
    let out = handle(&mut node, at(2), NodeInput::Link(PEER, LinkInput::Up(address())));
    assert_eq!(out, [Output::HangUp(PEER, HangUp::NotAdmitted)]);
    let out = handle(&mut node, at(3), received(PEER, show(Caps::MEMBER)));
    assert_eq!(out, []);
}

#[test]
fn a_device_asks_to_be_removed_only_once_it_is_noted_that_it_leaves() {
    let mut node = with_peer(Caps::MEMBER | Caps::ADMIN);
    let leave = |noted| NodeInput::Api(ReplyId(8), Request::Pairing(Pairing::Leave { anyway: false, noted }));
    let out = handle(&mut node, at(5), leave(false));
    assert!(matches!(&out[..], [Output::Reply(_, Response::Done(_))]), "{out:?}");
    let out = handle(&mut node, at(6), leave(true));
    assert!(out.contains(&Output::Send(PEER, Message::Trust(Exchange::Leave))), "{out:?}");
}

#[test]
fn an_admin_that_cannot_remove_a_device_that_leaves_tells_its_owner_which_one() {
    let mut node = with_peer(Caps::MEMBER);
    while node.mesh.trust.pairing.order(Wanted::Enrol).is_some() {}
    let out = handle(&mut node, at(5), received(PEER, Message::Trust(Exchange::Leave)));
    let id = peer_id(PEER);
    assert!(matches!(&out[..], [Output::Notice(Notice::Held(why))] if why.contains(&id)), "{out:?}");
}

#[test]
fn whoever_shows_a_forged_certificate_when_it_dials_is_told_the_cause() {
    let mut node = admin();
    let out = handle(&mut node, at(5), NodeInput::Presented(PEER, Box::new(chain(PEER, Caps::MEMBER))));
    assert!(matches!(&out[..], [Output::VerifyRecords(PEER, _)]), "{out:?}");
    let out = handle(&mut node, at(6), NodeInput::RecordsVerified(PEER, Page::default(), 1));
    assert!(out.contains(&Output::HearOut(PEER)), "a short link, for the cause: {out:?}");
    let out = handle(&mut node, at(7), NodeInput::Link(PEER, LinkInput::Up(address())));
    let told = Output::Send(PEER, Message::Trust(Exchange::Refused(Refusal::Signature)));
    assert_eq!(out, [told, Output::HangUp(PEER, HangUp::NotAdmitted)]);
}

#[test]
fn however_many_keys_a_stranger_has_people_are_told_once_in_a_while() {
    let mut node = admin();
    let mut told = 0;
    for n in 1..=100 {
        let stranger = PeerKey([n; 32]);
        let by_itself = Certificate { issuer: stranger, ..certificate(stranger, Caps::MEMBER, 1) };
        let shown = Box::new(Chain { certificate: by_itself, issuer: None });
        let out = handle(&mut node, at(5), NodeInput::Presented(stranger, shown));
        told += out.iter().filter(|out| matches!(out, Output::Notice(_))).count();
    }
    assert_eq!(told, 1);
}

#[test]
fn a_stranger_that_names_a_removed_admin_gets_no_proof_before_the_signature_of_that_one_was_checked() {
    let (mut node, gone) = (admin(), PeerKey([2; 32]));
    let removal = Removal { mesh: MESH, holder: gone, epoch: 1, issuer: OWN, signature: Signature::NONE };
    let records = vec![Record::Certificate(certificate(gone, Caps::MEMBER | Caps::ADMIN, 2)), Record::Removal(removal)];
    node.take_records(at(3), None, &Page { issuers: Vec::new(), records }, &mut Out::new());
    let by_gone = Certificate { issuer: gone, ..certificate(PEER, Caps::MEMBER, 1) };
    let shown = Chain { certificate: by_gone, issuer: Some(certificate(gone, Caps::MEMBER | Caps::ADMIN, 2)) };
    handle(&mut node, at(4), NodeInput::Link(PEER, LinkInput::Up(address())));
    let out = handle(&mut node, at(5), received(PEER, Message::Trust(Exchange::Show(Box::new(shown)))));
    assert_eq!(out, [Output::VerifyRecords(PEER, Page::from(shown))]);
    let proof =
        |out: &[Output]| out.iter().any(|out| matches!(out, Output::Send(PEER, Message::Trust(Exchange::Push(_)))));
    let forged = handle(&mut node, at(6), NodeInput::RecordsVerified(PEER, Page::default(), 1));
    assert!(!proof(&forged), "{forged:?}");
    let signed = handle(&mut node, at(7), NodeInput::RecordsVerified(PEER, Page::from(shown), 0));
    assert!(proof(&signed), "{signed:?}");
}
