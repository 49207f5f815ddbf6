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

#[test]
fn a_member_that_types_a_code_is_answered_before_any_device_is_looked_for() {
    for who in [Who::Member, Who::Admin, Who::Shows] {
        let mut node = of(who);
        let crate::node::input::Pairing::Join(mut wanted) = joins_at(SocketAddr::from(([192, 168, 1, 5], 7781))) else {
            unreachable!()
        };
        (wanted.places, wanted.searching) = (Default::default(), true);
        let out = handle(&mut node, at(2), asks(1, crate::node::input::Pairing::Join(wanted)));
        let [Output::Reply(ReplyId(1), Response::Refused(Problem::Conflict, why))] = &out[..] else {
            panic!("{who:?}: {out:?}")
        };
        assert!(NEEDS_NONE.iter().all(|part| why.contains(part)), "{who:?}: {why}");
    }
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
        handle(&mut node, at(2), Input::ListenAddresses(vec![SocketAddr::from(([127, 0, 0, 1], 7999))]));
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
    let reply = |out: Vec<Output>| {
        out.into_iter().find_map(|out| match out {
            Output::Reply(ReplyId(1), Response::Refused(_, why)) => Some(why),
            _ => None,
        })
    };
    // A busy device is asked again until the time is over.
    let told = reply(out).or_else(|| reply(handle(&mut node, at(JOIN_MS + 5), Input::Wake)));
    told.unwrap_or_else(|| panic!("{who:?} {so:?}: no answer"))
}

#[test]
fn of_several_devices_the_one_is_named_that_said_what_is_told() {
    let mut node = of(Who::Stranger);
    let [first, second] = [5, 6].map(|host| SocketAddr::from(([192, 168, 1, host], 7781)));
    let crate::node::input::Pairing::Join(mut wanted) = joins_at(first) else { unreachable!() };
    wanted.places.push(Candidate { address: second, peer: None }).expect("there is room");
    handle(&mut node, at(2), asks(1, crate::node::input::Pairing::Join(wanted)));
    let mut out = Vec::new();
    for (ms, peer, address, cause) in
        [(3, ADMIN, first, Refusal::WrongSecret), (5, PeerKey([0x66; 32]), second, Refusal::NoWindow)]
    {
        let guest = |what| Input::Guest(peer, address, what);
        handle(&mut node, at(ms), guest(GuestInput::Began { dialled: true, encoding: Encoding::Postcard }));
        let mut bytes = Vec::new();
        Message::Refused { cause, wait: 0 }.put(Encoding::Postcard, &mut bytes);
        out = handle(&mut node, at(ms + 1), guest(GuestInput::Received { bytes, random: Box::new([5; 64]) }));
    }
    let Some(Output::Reply(ReplyId(1), Response::Refused(_, why))) = out.last() else { panic!("{out:?}") };
    assert!(why.contains("The code is wrong") && why.ends_with("is at 192.168.1.5:7781."), "{why}");
}

/// What happened and what to do, as a stranger reads it after this cause; and what a member reads, if that is something else.
const fn row(cause: Refusal) -> (&'static str, &'static str, Option<&'static str>) {
    let (pair, same) = ("Run `wattle pair`", "join again by the same one: it is still good");
    match cause {
        Refusal::NoWindow => (
            "it lets nobody in now: no code was made there, or its agent",
            pair,
            Some("shows a code now: this one never was one"),
        ),
        Refusal::Expired => ("the time of its last code is over", pair, Some("the time of its last one is over")),
        Refusal::Used => ("Another device has joined", "get a new one", Some("perhaps this very one")),
        Refusal::TooManyTries => ("too many tries", pair, Some("too many tries with its last one")),
        Refusal::WrongSecret => ("The code is wrong", "Read the code again", None),
        Refusal::Busy | Refusal::Interrupted => ("is busy with another exchange", "Join again in a moment", None),
        Refusal::Removed => ("was removed from the mesh, for ever.", "`wattle leave` gives it a new identity", None),
        Refusal::Full => {
            ("has no room for another device", "Remove one that is gone with `wattle remove DEVICE`", None)
        }
        Refusal::Version => ("speak different versions", "Update the older one, then join again", None),
        Refusal::UnknownInvite => {
            ("has no record of this invite", "write a new one with `wattle invite --file DIR`", None)
        }
        Refusal::Malformed => ("sent something that is not pairing", "Join again, by --at", None),
        Refusal::DiskFull => ("the disk of the device that lets others in is full", same, None),
        Refusal::NotSaved => ("cannot save anything", same, None),
        Refusal::Replaced => ("was replaced by a newer one", "write another with `wattle invite --file DIR`", None),
    }
}

/// That a member needs no code, what it types if it is to go into another mesh, and that it is as it was.
const NEEDS_NONE: [&str; 3] = ["is in a mesh already, with", "type `wattle leave` here", "Nothing was changed."];

#[test]
fn each_cause_of_the_other_device_is_told_with_what_to_do() {
    let causes: Vec<Refusal> = (0..u8::MAX).map_while(|n| postcard::from_bytes(&[n]).ok()).collect();
    assert_eq!(causes.last(), Some(&Refusal::Replaced), "all of them, in the order of the wire");
    for cause in causes {
        let (part, does, to_member) = row(cause);
        let told = said(Who::Stranger, So::Refused(cause));
        assert!(told.contains(part) && told.contains(does), "{cause:?}: {told}");
        assert!(told.ends_with(" The device that said so is at 192.168.1.5:7781."), "{cause:?}: {told}");
        for who in [Who::Member, Who::Admin, Who::Shows] {
            let told = said(who, So::Refused(cause));
            let Some(part) = to_member else {
                assert!(told.contains(part) && told.contains(does), "{who:?} {cause:?}: {told}");
                continue;
            };
            // Nobody knows of a member's code whether it was one, and `wattle pair` over there lets no member in.
            let all = [part].into_iter().chain(NEEDS_NONE).all(|part| told.contains(part));
            assert!(
                all && !told.contains("wattle pair") && !told.contains("code is wrong"),
                "{who:?} {cause:?}: {told}"
            );
        }
    }
}

#[test]
fn each_failed_join_is_told_by_who_typed_the_code_and_what_is_so() {
    let leave = "type `wattle leave` here";
    let alone =
        ("in a mesh of its own", "Type `wattle leave` here and start the agent again, then join the other one; or");
    let removed = ("was removed from its mesh by ", "`wattle leave` gives it a new identity");
    let no_window = So::Refused(Refusal::NoWindow);
    let rows = [
        (Who::Stranger, So::OnlyHere, ("listens on its own machine only", "code with `--at ADDRESS`")),
        (
            Who::Stranger,
            So::OnlyHere,
            ("listens on its own machine only", "`wattle up --listen 0.0.0.0:7999`, then join"),
        ),
        (Who::Stranger, So::SwitchedOff, ("switched off here", "`--at ADDRESS`: `wattle pair` shows it")),
        (
            Who::Stranger,
            So::NobodyThere,
            ("No device of a mesh was found", "Run `wattle pair` on a device of the mesh"),
        ),
        (Who::Stranger, So::NoAnswer, ("does not answer. Check that it is on", " It was tried at ")),
        (Who::Unknown, So::Offer(OTHER), ("belongs to a mesh that does not know it any more", leave)),
        (Who::Unknown, no_window, ("it lets nobody in now", "Run `wattle pair` there")),
        (Who::Member, So::OnlyHere, ("This device is in a mesh already", leave)),
        (Who::Member, So::SwitchedOff, ("This device is in a mesh already", leave)),
        (Who::Member, So::NobodyThere, ("needs no code for that", leave)),
        (Who::Member, So::NoAnswer, ("may have shown this code does not answer", leave)),
        (Who::Member, So::Offer(MESH), ("is a member of this very mesh already", "needs no code. Nothing was changed")),
        (Who::Member, So::Offer(OTHER), ("The code is of another mesh", "Type `wattle leave` here and start")),
        (Who::Admin, So::NobodyThere, ("needs no code for that", leave)),
        (Who::Shows, no_window, ("This device shows a code itself, and what was typed is another one.", leave)),
        // These are told before anything is dialled.
        (Who::Alone, So::OnlyHere, alone),
        (Who::Alone, So::NobodyThere, alone),
        (Who::Alone, no_window, alone),
        (Who::Removed, So::OnlyHere, removed),
        (Who::Removed, So::NobodyThere, removed),
        (Who::Removed, no_window, removed),
    ];
    for (who, so, (part, does)) in rows {
        let told = said(who, so);
        assert!(told.contains(part) && told.contains(does), "{who:?} {so:?}: {told}");
        // `wattle pair` over there lets no member in.
        if matches!(who, Who::Member | Who::Admin | Who::Shows) && !matches!(so, So::Offer(_)) {
            assert!(NEEDS_NONE.iter().all(|part| told.contains(part)), "{who:?} {so:?}: {told}");
            assert!(!told.contains("wattle pair") && !told.contains("code is wrong"), "{who:?} {so:?}: {told}");
        }
        if matches!(who, Who::Alone | Who::Removed) {
            assert_eq!(told, said(who, So::OnlyHere), "{who:?}, whatever is there");
        }
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
        Request::Pairing(Pairing::Invite(Box::new(record), None)),
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
