//! The sentence of each failed join, by who types the code and what is so: nobody is sent to a command that cannot help, and nothing is
//! said of a code that nobody knows.

use super::super::super::super::input::{GuestInput, Input};
use super::super::super::super::test::{at, handle, node};
use super::super::super::super::{Node, NodeConfig};
use super::super::*;
use super::{ADMIN, asks, joins_at};
use crate::limits::JOIN_MS;
use crate::mesh::pairing::window::Secrets;
use crate::wire::certificate::{Caps, Certificate, Record, Removal, Signature};
use crate::wire::pairing::exchange::{Exchange, Parties, Side};
use crate::wire::pairing::secret::{Code, LongSecret};
use crate::wire::pairing::{Message, Refusal};

const MESH: MeshId = MeshId([0x77; 32]);

/// Who types the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// A device in no mesh.
    Stranger,
    /// A device whose certificate counts no more.
    Unknown,
    Member,
    Admin,
    /// An admin that shows another code itself.
    Shows,
    /// An admin without other devices.
    Alone,
    Removed,
}

/// What is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum So {
    OnlyHere,
    SwitchedOff,
    NobodyThere,
    NoAnswer,
    Refused(Refusal),
    /// A device of this mesh, or of another one, lets somebody in.
    Offer(MeshId),
}

const OTHER: MeshId = MeshId([0x55; 32]);

fn of(who: Who) -> Node {
    let mut node = node(u64::MAX);
    let NodeConfig { key: own, .. } = node.config;
    if who == Who::Stranger {
        return node;
    }
    let _ = node.trust.adopt(MESH);
    let certificate = |holder, caps, serial| {
        let (mesh, issuer, signature) = (MESH, MESH.root(), Signature::NONE);
        Record::Certificate(Certificate { mesh, holder, caps, serial, epoch: 0, issuer, signature })
    };
    let admin = Caps::MEMBER | Caps::ADMIN;
    let mut records = Vec::new();
    if who != Who::Alone {
        records.push(certificate(ADMIN, admin, 1));
    }
    match who {
        Who::Stranger | Who::Unknown => {}
        Who::Member => records.push(certificate(own, Caps::MEMBER, 2)),
        Who::Admin | Who::Shows | Who::Alone => records.push(certificate(own, admin, 2)),
        Who::Removed => {
            let (mesh, issuer, signature) = (MESH, ADMIN, Signature::NONE);
            records.push(Record::Removal(Removal { mesh, holder: own, epoch: 1, issuer, signature }));
        }
    }
    let page = Page { issuers: Vec::new(), records };
    assert!(node.trust.take(&page).0.refused.is_empty());
    if who == Who::Shows {
        let secrets = Secrets { code: Code::parse("87654321").unwrap(), link: LongSecret::new([7; 16]) };
        handle(&mut node, at(1), asks(9, crate::node::input::Pairing::Open(Box::new(secrets))));
    }
    node
}

/// What is answered to a code of eight digits.
fn said(who: Who, so: So) -> String {
    let mut node = of(who);
    let address = SocketAddr::from(([192, 168, 1, 5], 7781));
    let crate::node::input::Pairing::Join(mut wanted) = joins_at(address) else { unreachable!() };
    match so {
        So::NobodyThere => (wanted.places.clear(), wanted.searching = true).1,
        So::OnlyHere | So::SwitchedOff => wanted.places.clear(),
        _ => {}
    }
    if so == So::OnlyHere {
        handle(&mut node, at(2), Input::ListenAddresses(vec![SocketAddr::from(([127, 0, 0, 1], 7781))]));
    }
    let mut out = handle(&mut node, at(2), asks(1, crate::node::input::Pairing::Join(wanted)));
    let mut message = Vec::new();
    match so {
        So::OnlyHere | So::SwitchedOff => {}
        So::NobodyThere => out.extend(handle(&mut node, at(JOIN_MS + 2), Input::Wake)),
        So::NoAnswer => out.extend(handle(&mut node, at(3), Input::GuestFailed(address, Lost::NoLink))),
        So::Refused(cause) => Message::Refused { cause, wait: 0 }.put(Encoding::Postcard, &mut message),
        So::Offer(mesh) => {
            let parties = Parties { joiner: node.config.key, admin: ADMIN, mesh: mesh.0 };
            let secret = Code::parse("12345678").unwrap().secret();
            let (_, share) = Exchange::begin(Side::Admin, &secret, &parties, &[2; 64]);
            Message::Offer { mesh: mesh.0, share }.put(Encoding::Postcard, &mut message);
        }
    }
    if !message.is_empty() {
        let guest = |what| Input::Guest(ADMIN, address, what);
        handle(&mut node, at(3), guest(GuestInput::Began { dialled: true, encoding: Encoding::Postcard }));
        let received = GuestInput::Received { bytes: message, random: Box::new([5; 64]) };
        out.extend(handle(&mut node, at(4), guest(received)));
    }
    let told = out.into_iter().find_map(|out| match out {
        Output::Reply(ReplyId(1), Response::Refused(_, why)) => Some(why),
        _ => None,
    });
    told.unwrap_or_else(|| panic!("{who:?} {so:?}: no answer"))
}

#[test]
fn each_failed_join_is_told_by_who_typed_the_code_and_what_is_so() {
    let refused = So::Refused;
    let (in_mesh, alone, removed) = ("is in a mesh already, with", "in a mesh of its own", "for ever. ");
    let rows = [
        (Who::Stranger, So::OnlyHere, "listens on its own machine only"),
        (Who::Stranger, So::SwitchedOff, "switched off here"),
        (Who::Stranger, So::NobodyThere, "No device of a mesh was found"),
        (Who::Stranger, So::NoAnswer, "does not answer. Check"),
        (Who::Stranger, refused(Refusal::NoWindow), "it lets nobody in now: no code was made there, or its agent"),
        (Who::Stranger, refused(Refusal::Expired), "the time of its last code is over"),
        (Who::Stranger, refused(Refusal::Used), "Another device has joined"),
        (Who::Stranger, refused(Refusal::TooManyTries), "too many tries"),
        (Who::Stranger, refused(Refusal::WrongSecret), "The code is wrong"),
        (Who::Stranger, refused(Refusal::Removed), removed),
        (Who::Unknown, So::Offer(OTHER), "belongs to a mesh that does not know it any more"),
        (Who::Unknown, refused(Refusal::NoWindow), "it lets nobody in now"),
        (Who::Member, So::OnlyHere, "nobody was asked about this code"),
        (Who::Member, So::NobodyThere, "nobody knows this code"),
        (Who::Member, So::NoAnswer, "may have shown this code does not answer"),
        (Who::Member, refused(Refusal::NoWindow), "shows a code now: this one never was one"),
        (Who::Member, refused(Refusal::Expired), "the time of its last one is over"),
        (Who::Member, refused(Refusal::Used), "perhaps this very one"),
        (Who::Member, refused(Refusal::TooManyTries), "too many tries with its last one"),
        (Who::Member, So::Offer(MESH), "is a member of this very mesh already"),
        (Who::Member, So::Offer(OTHER), "The code is of another mesh"),
        (Who::Admin, refused(Refusal::NoWindow), "shows a code now: this one never was one"),
        (Who::Admin, So::NobodyThere, "nobody knows this code"),
        (Who::Shows, refused(Refusal::NoWindow), "This device shows a code itself, and what was typed is another one."),
        (Who::Alone, So::NobodyThere, alone),
        (Who::Alone, refused(Refusal::NoWindow), alone),
        (Who::Removed, So::NobodyThere, "was removed from its mesh by "),
        (Who::Removed, So::OnlyHere, removed),
    ];
    let is_of = |who, so| if who == Who::Alone || who == Who::Removed { So::OnlyHere } else { so };
    for (who, so, part) in rows {
        // These two are answered before anything is dialled.
        let told = said(who, is_of(who, so));
        assert!(told.contains(part), "{who:?} {so:?}: {told}");
        let is_member = matches!(who, Who::Member | Who::Admin | Who::Shows);
        // Nobody knows of a member's code whether it was one, and `wattle pair` over there lets no member in.
        if is_member && !matches!(so, So::OnlyHere | So::Offer(_)) {
            assert!(told.contains(in_mesh) && told.contains("Nothing was changed"), "{who:?} {so:?}: {told}");
            assert!(!told.contains("wattle pair") && !told.contains("code is wrong"), "{who:?} {so:?}: {told}");
        }
        assert!(
            ["`", "again", "Check", "get a new one", "Nothing was changed"].iter().any(|does| told.contains(does)),
            "what to do: {told}"
        );
    }
}

#[test]
fn a_removed_device_says_so_in_the_same_words_whatever_it_is_asked() {
    use crate::node::input::{Pairing, Request};
    let mut node = of(Who::Removed);
    let secrets = Secrets { code: Code::parse("87654321").unwrap(), link: LongSecret::new([7; 16]) };
    let invite = crate::wire::pairing::InviteId([1; 16]);
    let verifier = secrets.link.verifier(invite);
    let record = crate::wire::pairing::invite::InviteRecord {
        id: invite,
        verifier,
        caps: 3,
        left_ms: 1,
        removed_admins: 0,
        holder: None,
    };
    let mut asked = vec![
        Request::Pairing(Pairing::Open(Box::new(secrets))),
        Request::Pairing(Pairing::Invite(Box::new(record))),
        Request::Pairing(joins_at(SocketAddr::from(([192, 168, 1, 5], 7781)))),
        Request::from(Order::Remove(PeerKey([9; 32]))),
    ];
    let expected = of_removal(node.removed_by().as_deref());
    assert!(expected.contains("removed from its mesh by "), "{expected}");
    for (number, request) in (1..).zip(asked.drain(..)) {
        let name = format!("{request:?}");
        let out = handle(&mut node, at(number), Input::Api(ReplyId(number), request));
        let told = out.iter().find_map(|out| match out {
            Output::Reply(_, Response::Refused(_, why)) => Some(why.as_str()),
            _ => None,
        });
        assert_eq!(told, Some(expected.as_str()), "{name}");
    }
    let findings = node.status(at(9)).findings;
    assert!(findings.iter().any(|finding| finding.what == expected), "{findings:?}");
    let out = handle(&mut node, at(10), asks(10, Pairing::Mesh));
    let [Output::Reply(_, Response::Mesh(report))] = &out[..] else { panic!("{out:?}") };
    assert_eq!(of_removal(report.removed_by.as_deref()), expected);
}
