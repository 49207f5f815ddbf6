//! Certificates in the node: which message each cap allows, what is saved before it holds, and guests.

use super::super::input::{Input as NodeInput, LinkInput, Request};
use super::super::output::{HangUp, Problem, Response};
use super::super::test::{at, node};
use super::*;
use crate::base::id::{MeshId, ReplyId};
use crate::limits::{CERTIFICATES_MAX, GUEST_MS, GUESTS_MAX, MEND_RETRY_MS, TRUST_BUCKETS};
use crate::mesh::trust::authority::Order;
use crate::wire::certificate::exchange::{Buckets, Exchange, Page};
use crate::wire::certificate::{Caps, Certificate, Chain, Record, Refusal, Removal, Signature};
use crate::wire::gossip::{Entries, Gossip};
use crate::wire::message::{
    Answer, Coming, Coverage, CutShort, Duplicate, Echo, Keys, LatestStart, Message, Query, Unembedded, Unread,
    Unusable, Vectors,
};
use crate::wire::pairing::InviteId;
use crate::wire::pairing::invite::InviteRecord;
use crate::wire::pairing::secret::LongSecret;
use crate::wire::why::Why;
use crate::wire::work::Work;

mod strangers_test;

const MESH: MeshId = MeshId([0x77; 32]);
const OWN: PeerKey = PeerKey([200; 32]);
const PEER: PeerKey = PeerKey([1; 32]);

/// What follows from an input, but for what dialled peers are shown.
fn handle(node: &mut Node, now: Instant, input: NodeInput) -> Vec<Output> {
    let mut out = super::super::test::handle(node, now, input);
    out.retain(|out| !matches!(out, Output::ShowCertificates(_)));
    out
}

fn certificate(holder: PeerKey, caps: Caps, serial: u64) -> Certificate {
    let (mesh, issuer, signature) = (MESH, MESH.root(), Signature::NONE);
    Certificate { mesh, holder, caps, serial, epoch: 0, issuer, signature }
}

fn chain(holder: PeerKey, caps: Caps) -> Chain {
    Chain { certificate: certificate(holder, caps, 1), issuer: None }
}

fn address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 1))
}

fn received(from: PeerKey, message: Message) -> NodeInput {
    NodeInput::Link(from, LinkInput::Received(Box::new(message)))
}

/// An admin of a mesh, without a link.
fn admin() -> Node {
    let mut node = node(u64::MAX);
    let enrol = Order::Enrol(Box::new(chain(OWN, Caps::MEMBER | Caps::ADMIN)));
    let out = handle(&mut node, at(1), NodeInput::Api(ReplyId(1), Request::from(enrol)));
    let [Output::SaveRecords(1, _)] = &out[..] else { panic!("{out:?}") };
    assert_eq!(node.records().mesh(), None, "nothing holds before it is saved");
    let out = handle(&mut node, at(2), NodeInput::RecordsSaved(1, Ok(())));
    assert!(matches!(&out[..], [Output::Reply(ReplyId(1), Response::Done(_))]), "{out:?}");
    assert!(node.records().is_admin(OWN));
    node
}

/// The same with a linked peer that has these caps.
fn with_peer(caps: Caps) -> Node {
    let mut node = admin();
    let page = Page { issuers: Vec::new(), records: vec![Record::Certificate(certificate(PEER, caps, 2))] };
    handle(&mut node, at(3), NodeInput::Link(PEER, LinkInput::Up(address())));
    let out = handle(&mut node, at(3), received(PEER, show(caps)));
    assert_eq!(out, [Output::VerifyRecords(PEER, Page::from(chain(PEER, caps)))]);
    let out = handle(&mut node, at(4), NodeInput::RecordsVerified(PEER, page, 0));
    assert_eq!(out.first(), Some(&Output::Admit(PEER, Rights::of(Some(caps)))), "{out:?}");
    node
}

fn show(caps: Caps) -> Message {
    Message::Trust(Exchange::Show(Box::new(chain(PEER, caps))))
}

/// Who may send a message: anybody, whoever has a certificate, and of those the members, the members that are workers, or the admins alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    All,
    Certified,
    Members,
    Workers,
    Admins,
}

impl Who {
    fn is(self, caps: Caps) -> bool {
        match self {
            Self::All | Self::Certified => true,
            Self::Members => caps.contains(Caps::MEMBER),
            Self::Workers => caps.contains(Caps::DEVICE),
            Self::Admins => caps.contains(Caps::ADMIN),
        }
    }
}

/// One message of each type, with who may send it.
fn messages() -> Vec<(Message, Who)> {
    let (all, certified, members) = (Who::All, Who::Certified, Who::Members);
    let id = InviteId([1; 16]);
    let verifier = LongSecret::new([2; 16]).verifier(id);
    let invite = InviteRecord { id, verifier, caps: 3, left_ms: 1, removed_admins: 0, holder: None };
    let found = |id| Message::Answer(Answer { id, device: "far".to_owned(), found: Some(Box::default()) });
    let query = Query { id: 1, question: "violin".to_owned(), model: [0; 32], scale: 1.0, codes: Vec::new(), count: 3 };
    vec![
        (Message::Hello { device: "attic".to_owned(), ask: true, listen: Vec::new() }, certified),
        (Message::Member(vec![1]), certified),
        (Message::MemberList { ask: true, members: Vec::new() }, certified),
        (Message::Keys(Keys { session: 1, key: [1; 32], port: 1 }), certified),
        (Message::Query(query), members),
        (found(1), members),
        (Message::Vectors(Vectors { id: 1, vectors: Vec::new() }), members),
        (Message::Coverage(Coverage { id: 1, known: 1, searchable: 1, away: 0, scanning: false }), members),
        (Message::Unread(Unread { id: 1 }), members),
        (Message::CutShort(CutShort { id: 1 }), members),
        (Message::Coming(Coming {}), members),
        (Message::Unembedded(Unembedded { id: 1, files: 1 }), members),
        (Message::Unusable(Unusable { files: 1 }), members),
        (Message::Work(Work::Ask(1)), Who::Workers),
        (Message::Why(Why { ask: true, hold: None }), Who::Workers),
        (Message::Echo(Echo { id: 1, text: "ho".try_into().unwrap(), answer: false }), certified),
        (Message::Gossip(Gossip::IHave { ask: true, list: Box::new(Entries::new()) }), certified),
        (Message::LatestStart(LatestStart { message: Vec::new() }), certified),
        (Message::Duplicate(Duplicate { key: PEER, linked: address(), other: address() }), certified),
        (show(Caps::MEMBER), all),
        (Message::Trust(Exchange::Refused(Refusal::Full)), all),
        (Message::Trust(Exchange::Digest { ask: true, buckets: Buckets([[1; 8]; TRUST_BUCKETS]) }), certified),
        (Message::Trust(Exchange::Push(Box::default())), certified),
        (Message::Trust(Exchange::Leave), certified),
        (Message::Trust(Exchange::Invite(Box::new(invite))), Who::Admins),
    ]
}

#[test]
fn every_type_of_message_is_taken_of_those_caps_that_allow_it_and_of_no_others() {
    let kinds: std::collections::BTreeSet<_> = messages().iter().map(|(message, _)| message.kind()).collect();
    assert_eq!(kinds.len(), 20, "a type of message is not walked");
    for bits in 0..=15_u8 {
        let caps = Caps::try_from(bits).unwrap();
        let rights = Rights::of(Some(caps));
        for (message, who) in messages() {
            let needed = Rights::needed_for(&message);
            assert_eq!(Rights::of(None).contains(needed), who == Who::All, "a guest's {message:?}");
            assert!(!Rights::NONE.contains(needed), "{message:?} of nobody");
            assert_eq!(rights.contains(needed), who.is(caps), "{message:?} of {caps:?}");
        }
    }
}

#[test]
fn a_list_of_a_backup_is_told_until_a_member_has_the_same() {
    let mut node = with_peer(Caps::MEMBER);
    let is_told = |node: &Node| node.status(at(9)).findings.iter().any(|found| found.what.contains("from a backup"));
    let digest = |buckets| received(PEER, Message::Trust(Exchange::Digest { ask: false, buckets }));
    assert!(!is_told(&node));
    node.has_records_of_backup();
    let out = handle(&mut node, at(9), digest(Buckets([[1; 8]; TRUST_BUCKETS])));
    assert!(is_told(&node) && !out.contains(&Output::RecordsAgree), "the member has another one");
    let own = node.records().buckets();
    assert_eq!(handle(&mut node, at(10), digest(own)), [Output::RecordsAgree]);
    assert!(!is_told(&node));
    assert_eq!(handle(&mut node, at(11), digest(own)), [], "once");
}

#[test]
fn what_leaves_this_device_leaves_by_the_caps_of_whoever_asks() {
    let query = |node: &mut Node| {
        let model = node.config.fingerprint;
        let quantized = crate::embed::Embedder::embed(&mut crate::embed::stand_in::StandIn::new(model), "violin");
        let quantized = quantized.unwrap().quantize();
        let (scale, codes) = (quantized.scale(), quantized.bytes().collect());
        let message = Query { id: 1, question: "violin".to_owned(), model: model.0, scale, codes, count: 3 };
        let out = handle(node, at(9), received(PEER, Message::Query(message)));
        out.iter().any(|out| matches!(out, Output::Start(..)))
    };
    let digest = |node: &mut Node| {
        let message = Message::Trust(Exchange::Digest { ask: false, buckets: Buckets::default() });
        let out = handle(node, at(9), received(PEER, message));
        out.iter().any(|out| matches!(out, Output::Send(_, Message::Trust(Exchange::Push(_)))))
    };
    for (caps, answers) in [(Caps::MEMBER, true), (Caps::WORKER, false), (Caps::ADMIN, false), (Caps::KEEPER, false)] {
        let mut node = with_peer(caps);
        assert_eq!(query(&mut node), answers, "{caps:?}");
        assert!(digest(&mut node), "{caps:?}");
    }
    let mut guest = admin();
    handle(&mut guest, at(3), NodeInput::Link(PEER, LinkInput::Up(address())));
    assert!(!query(&mut guest) && !digest(&mut guest), "a guest gets nothing");
}

#[test]
fn a_removal_is_saved_before_it_is_answered_takes_effect_or_is_told() {
    let mut node = with_peer(Caps::MEMBER);
    let out = handle(&mut node, at(10), NodeInput::Api(ReplyId(2), Request::from(Order::Remove(PEER))));
    let Some(Output::SignRecords(records)) = out.iter().find(|out| matches!(out, Output::SignRecords(_))) else {
        panic!("{out:?}")
    };
    // The records that came from the peer are being saved; the removal waits for its own save.
    let out = handle(&mut node, at(11), NodeInput::RecordsSigned(records.clone()));
    let promised = |out: &[Output]| out.iter().any(|out| matches!(out, Output::Expel(_) | Output::Reply(..)));
    assert!(!promised(&out), "{out:?}");
    let out = handle(&mut node, at(12), NodeInput::RecordsSaved(2, Ok(())));
    assert!(!promised(&out) && matches!(&out[..], [Output::SaveRecords(3, _)]), "{out:?}");
    assert!(!node.records().is_removed(PEER) && node.rights(PEER).contains(Rights::MEMBER));
    let full = Err((Problem::DiskFull, "The disk is full.".to_owned()));
    let failed = handle(&mut node, at(13), NodeInput::RecordsSaved(3, full));
    assert!(failed.iter().any(|out| matches!(out, Output::Reply(ReplyId(2), Response::Refused(Problem::DiskFull, _)))));
    assert!(!node.records().is_removed(PEER), "nothing was changed");

    handle(&mut node, at(20), NodeInput::Api(ReplyId(3), Request::from(Order::Remove(PEER))));
    let out = handle(&mut node, at(21), NodeInput::RecordsSigned(records.clone()));
    let Some(Output::SaveRecords(save, _)) = out.first() else { panic!("{out:?}") };
    let out = handle(&mut node, at(22), NodeInput::RecordsSaved(*save, Ok(())));
    let [Output::Send(PEER, Message::Trust(Exchange::Push(proof))), Output::Expel(PEER), ..] = &out[..] else {
        panic!("it gets the proof while it is linked, and then the sockets are told: {out:?}")
    };
    assert!(proof.records.iter().any(|record| matches!(record, Record::Removal(of) if of.holder == PEER)), "{proof:?}");
    assert!(matches!(out.last(), Some(Output::Reply(ReplyId(3), Response::Done(_)))), "{out:?}");
    assert_eq!(node.rights(PEER), Rights::GUEST);
}

#[test]
fn guests_are_few_stay_for_half_a_minute_and_only_their_certificate_is_looked_at() {
    let mut node = admin();
    let guest = |n: usize| PeerKey([u8::try_from(n).unwrap() + 1; 32]);
    for n in 0..GUESTS_MAX {
        assert_eq!(handle(&mut node, at(10), NodeInput::Link(guest(n), LinkInput::Up(address()))), []);
    }
    let one_more = handle(&mut node, at(10), NodeInput::Link(guest(GUESTS_MAX), LinkInput::Up(address())));
    assert_eq!(one_more, [Output::HangUp(guest(GUESTS_MAX), HangUp::NotAdmitted)]);
    for (message, _) in messages().into_iter().filter(|(message, _)| *message != show(Caps::MEMBER)) {
        let out = handle(&mut node, at(11), received(PEER, message));
        assert!(out.iter().all(|out| matches!(out, Output::Notice(Notice::RefusedBy(..)))), "{out:?}");
    }
    assert_eq!(node.deadline(), Some(at(10 + GUEST_MS)));
    let out = handle(&mut node, at(10 + GUEST_MS), NodeInput::Wake);
    assert_eq!(out.len(), GUESTS_MAX);
    assert!(out.iter().all(|out| matches!(out, Output::HangUp(_, HangUp::NotAdmitted))), "{out:?}");
}

#[test]
fn a_guest_with_a_bad_certificate_is_told_the_cause() {
    let mut node = admin();
    let removal = Removal { mesh: MESH, holder: PEER, epoch: 1, issuer: OWN, signature: Signature::NONE };
    let (shown, other) = (chain(PEER, Caps::MEMBER), MeshId([1; 32]));
    let foreign =
        Chain { certificate: Certificate { mesh: other, issuer: other.root(), ..shown.certificate }, issuer: None };
    let by_itself = Chain { certificate: Certificate { issuer: PEER, ..shown.certificate }, issuer: None };
    for (chain, expected) in [(foreign, Refusal::OtherMesh), (by_itself, Refusal::NoAdmin)] {
        handle(&mut node, at(5), NodeInput::Link(PEER, LinkInput::Up(address())));
        let out = handle(&mut node, at(6), received(PEER, Message::Trust(Exchange::Show(Box::new(chain)))));
        assert_eq!(out.first(), Some(&Output::Send(PEER, Message::Trust(Exchange::Refused(expected)))), "{out:?}");
    }
    let out = handle(&mut node, at(7), NodeInput::RecordsVerified(PEER, Page::default(), 1));
    assert_eq!(out, [Output::Send(PEER, Message::Trust(Exchange::Refused(Refusal::Signature)))]);
    let page = Page { issuers: Vec::new(), records: vec![Record::Removal(removal)] };
    let member = Record::Certificate(certificate(PeerKey([3; 32]), Caps::MEMBER, 9));
    node.take_records(at(8), None, &Page { issuers: Vec::new(), records: vec![member] }, &mut Out::new());
    handle(&mut node, at(8), NodeInput::RecordsVerified(PeerKey([3; 32]), page.clone(), 0));
    let out = handle(&mut node, at(9), received(PEER, show(Caps::MEMBER)));
    assert_eq!(
        out.first(),
        Some(&Output::Send(
            PEER,
            Message::Trust(Exchange::Push(Box::new(Page {
                issuers: vec![certificate(OWN, Caps::MEMBER | Caps::ADMIN, 1)],
                ..page
            })))
        )),
        "it gets the proof: {out:?}"
    );
}

fn save_of(out: &[Output]) -> Option<u64> {
    out.iter().find_map(|out| if let Output::SaveRecords(save, _) = out { Some(*save) } else { None })
}

#[test]
fn a_removal_that_came_while_the_disk_was_full_is_saved_as_soon_as_there_is_room() {
    let mut node = with_peer(Caps::MEMBER | Caps::ADMIN);
    handle(&mut node, at(10), NodeInput::RecordsSaved(2, Ok(())));
    let removal = Removal { mesh: MESH, holder: PeerKey([3; 32]), epoch: 1, issuer: PEER, signature: Signature::NONE };
    let page = Page { issuers: Vec::new(), records: vec![Record::Removal(removal)] };
    let out = handle(&mut node, at(11), NodeInput::RecordsVerified(PEER, page, 0));
    let full = || Err((Problem::DiskFull, "No space left on device.".to_owned()));
    let out = handle(&mut node, at(12), NodeInput::RecordsSaved(save_of(&out).unwrap(), full()));
    assert!(matches!(&out[..], [Output::Notice(Notice::Held(_))]), "{out:?}");
    let finding = |node: &Node, now| node.status(now).findings.into_iter().find(|of| of.what.contains("No space left"));
    assert!(finding(&node, at(12)).is_some_and(|of| of.what.contains("removed since")));
    // Two seconds later, four, and so on: it is not told again, and the disk is left alone between.
    assert_eq!(node.trust_deadline(), Some(at(12 + MEND_RETRY_MS)));
    assert_eq!(save_of(&handle(&mut node, at(11 + MEND_RETRY_MS), NodeInput::Wake)), None);
    let save = save_of(&handle(&mut node, at(12 + MEND_RETRY_MS), NodeInput::Wake)).unwrap();
    let now = 13 + MEND_RETRY_MS;
    let out = handle(&mut node, at(now), NodeInput::RecordsSaved(save, full()));
    assert!(!out.iter().any(|out| matches!(out, Output::Notice(_))), "{out:?}");
    let again = handle(&mut node, at(now + 2 * MEND_RETRY_MS), NodeInput::Wake);
    let Some(Output::SaveRecords(save, bytes)) = again.iter().find(|out| matches!(out, Output::SaveRecords(..))) else {
        panic!("{again:?}")
    };
    assert!(Records::decode(bytes).unwrap().is_removed(PeerKey([3; 32])));
    handle(&mut node, at(now + 2 * MEND_RETRY_MS), NodeInput::RecordsSaved(*save, Ok(())));
    assert!(finding(&node, at(now + 2 * MEND_RETRY_MS)).is_none());
    assert_eq!(save_of(&handle(&mut node, at(now + 9 * MEND_RETRY_MS), NodeInput::Wake)), None);
}

#[test]
fn where_sixteen_admins_were_named_the_next_order_says_so() {
    let mut node = admin();
    let of = |n: u8| certificate(PeerKey([n; 32]), Caps::MEMBER | Caps::ADMIN, u64::from(n));
    let appointed = |node: &mut Node, n: u8| {
        let out = handle(node, at(20), NodeInput::Api(ReplyId(7), Request::from(Order::Appoint(Box::new(of(n))))));
        handle(node, at(21), NodeInput::RecordsSaved(save_of(&out).unwrap(), Ok(()))).pop()
    };
    for n in 101..=115 {
        let last = appointed(&mut node, n);
        assert!(matches!(last, Some(Output::Reply(_, Response::Done(_)))), "{n}: {last:?}");
    }
    let Some(Output::Reply(_, Response::Refused(_, why))) = appointed(&mut node, 116) else {
        panic!("it is one too many")
    };
    assert!(why.starts_with("16 devices were named admins") && why.contains("Nothing was changed"), "{why}");
}

/// Has an admin remove a device, and returns what it says.
fn removed(node: &mut Node, holder: PeerKey) -> String {
    let out = handle(node, at(30), NodeInput::Api(ReplyId(7), Request::from(Order::Remove(holder))));
    let signed = out.into_iter().find_map(|out| if let Output::SignRecords(of) = out { Some(of) } else { None });
    let out = handle(node, at(31), NodeInput::RecordsSigned(signed.unwrap()));
    let out = handle(node, at(32), NodeInput::RecordsSaved(save_of(&out).unwrap(), Ok(())));
    match out.last() {
        Some(Output::Reply(ReplyId(7), Response::Done(said))) => said.clone(),
        _ => panic!("{out:?}"),
    }
}

#[test]
fn whoever_removes_an_admin_is_told_whom_it_had_let_in_and_how_to_remove_them_too() {
    let mut node = with_peer(Caps::MEMBER | Caps::ADMIN);
    handle(&mut node, at(10), NodeInput::RecordsSaved(2, Ok(())));
    let [own, its] = [[5; 32], [6; 32]].map(PeerKey);
    let by = |holder, issuer| Record::Certificate(Certificate { issuer, ..certificate(holder, Caps::MEMBER, 5) });
    let page = Page { issuers: Vec::new(), records: vec![by(own, OWN), by(its, PEER)] };
    node.take_records(at(11), None, &page, &mut Out::new());
    let said = removed(&mut node, PEER);
    assert!(
        said.contains(&peer_id(its)) && !said.contains(&peer_id(own)) && said.contains("`wattle remove PEERID`"),
        "{said}"
    );
    assert!(node.rights(its).contains(Rights::MEMBER));
    let said = removed(&mut node, its);
    assert!(said.contains("removed for ever") && !said.contains("let in"), "{said}");
    assert_eq!(node.title(Some(its)), "a device that was removed");
}

#[test]
fn an_admin_is_removed_from_a_mesh_whose_table_of_certificates_is_full_and_those_whom_it_let_in_stay() {
    let mut node = with_peer(Caps::MEMBER | Caps::ADMIN);
    handle(&mut node, at(10), NodeInput::RecordsSaved(2, Ok(())));
    let key = |n: usize| PeerKey(std::array::from_fn(|at| (n >> (8 * (at % 2))).to_le_bytes()[0].wrapping_add(7)));
    let by = |n, issuer| Record::Certificate(Certificate { issuer, ..certificate(key(n), Caps::MEMBER, 9) });
    for n in 0..CERTIFICATES_MAX {
        // All but one of them by three issuers, so that the table is full before the mesh is.
        let issuers = if n == 0 { &[PEER][..] } else { &[PEER, OWN, MESH.root()][..] };
        let records = issuers.iter().map(|issuer| by(n, *issuer)).collect();
        node.take_records(at(11), None, &Page { issuers: Vec::new(), records }, &mut Out::new());
    }
    let certified = |node: &Node| (0..CERTIFICATES_MAX).filter(|n| node.records().caps(key(*n)).is_some()).count();
    let before = certified(&node);
    let anew = Page { issuers: Vec::new(), records: vec![by(0, OWN)] };
    assert_eq!(
        node.records().clone().take(&anew).refused,
        [(key(0), Refusal::Full)],
        "the remover's certificate for it"
    );
    assert!(removed(&mut node, PEER).contains("removed for ever"));
    assert_eq!(certified(&node), before);
}
