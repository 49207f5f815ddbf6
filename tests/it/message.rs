//! docs/messages.md and the code agree: the page's test vectors are generated again and compared byte by byte.

use super::harness::repo;
use super::link::{key, name};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::fs;
use wattle::base::hit::{CorpusStatistics, Found, SearchHit, TermFrequencies};
use wattle::base::id::{MeshId, PeerKey, Row};
use wattle::base::level::Energy;
use wattle::wire::certificate::exchange::{Buckets, Exchange, Page};
use wattle::wire::certificate::{Caps, Certificate, Chain, InviteUse, Record, Refusal, Removal, Signature};
use wattle::wire::envelope::{BadMessage, Encoding, Signer, Verifier};
use wattle::wire::gossip;
use wattle::wire::gossip::{Claim, Collection, Fact, Gossip, Headroom, Kind, Relayed, Removed};
use wattle::wire::message::{
    Answer, Coming, Coverage, CutShort, Duplicate, Echo, Entry, HitVector, Keys, LatestStart, MemberDigest, Message,
    Query, Unembedded, Unread, Unusable, Vectors,
};
use wattle::wire::pairing::InviteId;
use wattle::wire::pairing::invite::InviteRecord;
use wattle::wire::pairing::secret::LongSecret;
use wattle::wire::why::{Figure, Hold, Why};

mod filters;
mod work;

const BEGIN: &str = "<!-- vectors: made by tests/it/message.rs -->\n";
const END: &str = "<!-- end of the vectors -->";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes as the page shows them: JSON as text, everything else in hexadecimal.
fn shown(encoding: Encoding, bytes: &[u8]) -> String {
    match encoding {
        Encoding::Postcard => hex(bytes),
        Encoding::Json => String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

/// The facts of agent 2, each in a gossip item of its start 4.
fn facts() -> [Fact; 3] {
    let model = std::array::from_fn(|at| at as u8);
    let cookbook = Collection { name: "cookbook".try_into().unwrap(), model, documents: 70, passages: 500 };
    let removed = Removed { peer: *name(2).public_key(), serial: 0 };
    [
        Fact::Headroom(Headroom { quarters: 3, energy: Energy::Normal, ms_per_task: 300, valid_s: 1_500 }),
        Fact::Collections(Box::new(heapless::Vec::from_slice(&[cookbook]).unwrap())),
        Fact::Removed(removed),
    ]
}

fn items() -> Vec<Vec<u8>> {
    let mut signer = Signer::new(key(2), 4);
    facts().iter().map(|fact| signer.sign(gossip::TYPE, &[], &fact.encode()).unwrap()).collect()
}

/// A message of each variant: items of agent 2, relayed by agent 1.
fn gossip() -> [Message; 5] {
    let item = Relayed { hops: 2, age_s: 5, message: items().swap_remove(0) };
    let origin = name(2).public_key()[..8].try_into().unwrap();
    let entry = |kind, seq| gossip::Entry { origin, kind, boot: 4, seq };
    let both = [entry(Kind::Headroom, 1), entry(Kind::Collections, 1 << 53)];
    [
        Gossip::Push(Box::new(heapless::Vec::from_slice(&[item]).unwrap())),
        Gossip::IHave { ask: true, list: Box::new(heapless::Vec::from_slice(&both).unwrap()) },
        Gossip::IWant(Box::new(heapless::Vec::from_slice(&both[..1]).unwrap())),
        Gossip::Prune,
        Gossip::Compare { ask: true, hashes: Buckets(std::array::from_fn(|at| [at as u8; 8])) },
    ]
    .map(Message::Gossip)
}

/// A message of each variant: agent 1 is the root, 2 an admin, 3 a member, whom 2 removes.
fn trust() -> [Message; 6] {
    let (mesh, signature) = (MeshId(*name(1).public_key()), Signature::NONE);
    let [root, admin, holder] = [1, 2, 3].map(|n| PeerKey(*name(n).public_key()));
    let caps = Caps::MEMBER | Caps::ADMIN;
    let of_admin = Certificate { mesh, holder: admin, caps, serial: 1, epoch: 0, issuer: root, signature };
    let of_member = Certificate { mesh, holder, caps: Caps::MEMBER, serial: 300, epoch: 0, issuer: admin, signature };
    let removal = Removal { mesh, holder, epoch: 1, issuer: admin, signature };
    let used = InviteUse { mesh, invite: [6; 16], holder, serial: 300, epoch: 0, issuer: admin, signature };
    let [of_admin, of_member, removal, used] = [
        Record::Certificate(of_admin).signed(&key(1)),
        Record::Certificate(of_member).signed(&key(2)),
        Record::Removal(removal).signed(&key(2)),
        Record::InviteUse(used).signed(&key(2)),
    ];
    let (Record::Certificate(issuer), Record::Certificate(certificate)) = (of_admin, of_member) else { panic!() };
    let chain = Chain { certificate, issuer: Some(issuer) };
    assert_eq!(chain.verify(mesh), Ok(()));
    let page = Page { issuers: vec![issuer], records: vec![of_member, removal, used] };
    let id = InviteId([6; 16]);
    let verifier = LongSecret::new([7; 16]).verifier(id);
    let invite = InviteRecord { id, verifier, caps: 3, left_ms: 86_400_000, removed_admins: 2, holder: Some(holder) };
    [
        Exchange::Show(Box::new(chain)),
        Exchange::Digest { ask: true, buckets: Buckets(std::array::from_fn(|at| [at as u8; 8])) },
        Exchange::Push(Box::new(page)),
        Exchange::Refused(Refusal::Removed),
        Exchange::Invite(Box::new(invite)),
        Exchange::Leave,
    ]
    .map(Message::Trust)
}

fn messages() -> Vec<Message> {
    let hit = SearchHit {
        row: Row(12),
        path: b"/home/ann/soup.md".to_vec(),
        heading: "Soups > Leek".to_owned(),
        text: "Take 300 g of \"leek\".\n".to_owned(),
        cosine: 0.75,
        frequencies: TermFrequencies { counts: heapless::Vec::from_slice(&[1, 0]).unwrap(), length: 6 },
        absence: None,
        doc: None,
    };
    let document_frequencies = heapless::Vec::from_slice(&[3, 300]).unwrap();
    let statistics = CorpusStatistics { chunks: 500, document_frequencies, length: 40_000 };
    let found = Found { statistics, hits: vec![hit], ..Found::default() };
    let listen = vec!["192.168.1.5:7781".parse().unwrap(), "[fd00::5]:7781".parse().unwrap()];
    let device = "attic".to_owned();
    let model = std::array::from_fn(|at| at as u8);
    let codes = vec![1, 255, 128, 127];
    let entry = Entry {
        key: PeerKey(*name(2).public_key()),
        generation: 300,
        incarnation: 1,
        standing: 0,
        addresses: listen.clone(),
    };
    let gone = Entry {
        key: PeerKey(*name(3).public_key()),
        generation: 9,
        incarnation: 0,
        standing: 2,
        addresses: Vec::new(),
    };
    let mut messages = vec![
        Message::Hello { device: device.clone(), ask: true, listen },
        Message::Member(vec![1, 2, 3]),
        Message::MemberList { ask: true, members: vec![entry, gone] },
        Message::Keys(Keys { session: 70_000, key: [0xab; 32], port: 7781 }),
        Message::Query(Query {
            id: 7,
            question: "How much leek?".to_owned(),
            model,
            scale: 0.007_812_5,
            codes,
            count: 20,
        }),
        Message::Answer(Answer { id: 7, device: device.clone(), found: Some(Box::new(found)) }),
        Message::Answer(Answer { id: 7, device, found: None }),
        Message::Vectors(Vectors { id: 7, vectors: vec![HitVector { scale: 0.007_812_5, codes: vec![1, 0xff] }] }),
        Message::Echo(Echo { id: 1 << 53, text: "Grüße 😀\u{1}".try_into().unwrap(), answer: false }),
    ];
    messages.extend(gossip());
    let [linked, other] = ["192.168.1.5:7781", "[fd00::5]:7781"].map(|address| address.parse().unwrap());
    messages.push(Message::LatestStart(LatestStart { message: items().swap_remove(0) }));
    messages.extend(trust());
    messages.push(Message::Duplicate(Duplicate { key: PeerKey(*name(2).public_key()), linked, other }));
    messages.push(Message::Coverage(Coverage { id: 7, known: 203, searchable: 34, away: 1, scanning: true }));
    messages.push(Message::Unread(Unread { id: 7 }));
    messages.push(Message::Unembedded(Unembedded { id: 7, files: 150 }));
    messages.extend(work::messages());
    messages.extend(filters::messages());
    let figure = Some(Figure { threshold: 150, unit: 1, value: 120 });
    let hold = Hold { figure, next_s: 5, reason: "battery-low".try_into().unwrap(), share: 0, since_s: 60 };
    messages.extend([(false, Some(hold)), (true, None)].map(|(ask, hold)| Message::Why(Why { ask, hold })));
    let hashes = Buckets(std::array::from_fn(|at| [at as u8; 8]));
    messages.extend([Message::MemberDigest(MemberDigest { ask: true, hashes }), Message::CutShort(CutShort { id: 7 })]);
    messages.extend([Message::Coming(Coming {}), Message::Unusable(Unusable { files: 600 })]);
    messages
}

fn body(message: &Message, encoding: Encoding) -> Vec<u8> {
    let mut body = Vec::new();
    message.put(encoding, &mut body);
    body
}

/// The signature's input, built here from the page's description, independently of the code under test.
fn signed(kind: &str, task_id: &[u8], sender: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut bytes = b"wattle-msg-1".to_vec();
    for field in [kind.as_bytes(), task_id, sender] {
        bytes.extend((field.len() as u32).to_be_bytes());
        bytes.extend(field);
    }
    bytes.extend(Sha256::digest(payload));
    bytes
}

fn write_message(page: &mut String, message: &Message, encoding: Encoding, mesh: Option<[u8; 32]>, task_id: &[u8]) {
    let mut signer = Signer::new(key(1), 7);
    mesh.into_iter().for_each(|mesh| signer.join(mesh));
    let (body, mut bytes) = (body(message, encoding), Vec::new());
    signer.sign_into(encoding, message.kind(), task_id, &body, &mut bytes).unwrap();
    let mut verifier = Verifier::new();
    assert!(verifier.add_peer(name(1)));
    let verified = verifier.verify_as(encoding, &bytes).unwrap();
    assert_eq!((verified.seq, verified.boot, verified.mesh, verified.body), (1, 7, mesh, &body[..]));
    assert_eq!(verifier.verify_as(encoding, &bytes), Err(BadMessage::Replay));
    // The payload: in JSON from the first colon; in postcard after two fields and its length.
    let payload = match encoding {
        Encoding::Json => {
            let end = bytes.windows(14).position(|part| part == b",\"sender_id\":\"").unwrap();
            &bytes[b"{\"payload\":".len()..end]
        }
        Encoding::Postcard => {
            let begin = 1 + message.kind().len() + 1 + task_id.len();
            assert!(bytes[begin] < 0x80, "a length of one byte");
            &bytes[begin + 1..begin + 1 + usize::from(bytes[begin])]
        }
    };
    let signed = signed(message.kind(), task_id, &name(1).to_bytes(), payload);
    let signature = ed25519_dalek::Signer::sign(&key(1), &signed).to_bytes();
    assert!(name(1).signed(&signed, &signature), "the page describes what the code signs");
    let _ = write!(
        page,
        "type       {}\ntask_id    {}\nform       {}\npayload    {}\nsigned     {}\nsignature  {}\nmessage    {}\n\n",
        message.kind(),
        if task_id.is_empty() { "-".to_owned() } else { hex(task_id) },
        if encoding == Encoding::Json { "json" } else { "postcard" },
        shown(encoding, payload),
        hex(&signed),
        hex(&signature),
        shown(encoding, &bytes),
    );
}

fn vectors() -> String {
    let mut page = String::new();
    let sender = name(1);
    let _ = write!(
        page,
        "```text\nseed       {}\npublic     {}\nsender_id  {}\n           {sender}\n```\n\n",
        hex(&[1; 32]),
        hex(sender.public_key()),
        hex(&sender.to_bytes())
    );
    page += "Bodies, in postcard and in JSON:\n\n```text\n";
    for message in messages() {
        let (packed, line) = (body(&message, Encoding::Postcard), body(&message, Encoding::Json));
        for (encoding, body) in [(Encoding::Postcard, &packed), (Encoding::Json, &line)] {
            assert_eq!(Message::read(encoding, message.kind(), body).as_ref(), Some(&message));
        }
        let _ = write!(page, "{}\n{}\n{}\n\n", message.kind(), hex(&packed), shown(Encoding::Json, &line));
    }
    page.truncate(page.trim_end().len());
    page += "\n```\n\nWhole messages, each the first of the sender's start 7; the last two belong to a mesh and a task:\n\n```text\n";
    let messages = messages();
    let kind = |kind: &'static str| messages.iter().rfind(move |message| message.kind() == kind).unwrap();
    for message in ["hello", "echo"].map(kind) {
        for encoding in [Encoding::Postcard, Encoding::Json] {
            write_message(&mut page, message, encoding, None, &[]);
        }
    }
    for encoding in [Encoding::Postcard, Encoding::Json] {
        write_message(&mut page, kind("answer"), encoding, Some([0xcd; 32]), b"task-1");
    }
    page.truncate(page.trim_end().len());
    page += "\n```\n\nGossip items of the agent of another seed, the first three messages of its start 4:\n\n```text\n";
    gossip_of_another(&mut page);
    page += "\n```\n\nRefused, each for the reason in the line above it:\n\n```text\n";
    refused(&mut page);
    page + "```\n"
}

/// The body and the whole of each gossip item, both checked to be what the code accepts.
fn gossip_of_another(page: &mut String) {
    let origin = name(2);
    let _ = write!(page, "seed       {}\nsender_id  {}\n\n", hex(&[2; 32]), hex(&origin.to_bytes()));
    for ((fact, bytes), seq) in facts().iter().zip(items()).zip(1..) {
        let mut verifier = Verifier::new();
        assert!(verifier.add_peer(origin));
        // A relayed item is verified each time that it comes: it moves no replay window.
        assert!((0..2).all(|_| verifier.verify_relayed(&bytes).is_ok_and(|verified| verified.body == fact.encode())));
        let claim = Claim { origin: PeerKey(*origin.public_key()), kind: fact.kind(), order: (4, seq) };
        assert_eq!(Claim::with_fact(&bytes).as_ref(), Some(&(claim, fact.clone())));
        let kind = format!("{:?}", fact.kind()).to_lowercase();
        let _ = write!(page, "kind       {kind}\nbody       {}\nmessage    {}\n\n", hex(&fact.encode()), hex(&bytes));
    }
    page.truncate(page.trim_end().len());
}

/// Lines that differ a little from a valid one, and what is wrong with each.
fn refused(page: &mut String) {
    let mut line = Vec::new();
    let body = b"{\"answer\":false,\"id\":5,\"text\":\"hi\"}";
    Signer::new(key(1), 7).sign_into(Encoding::Json, "echo", &[], body, &mut line).unwrap();
    let line = String::from_utf8(line).unwrap();
    let wrong = [
        ("white space", "\"id\":5", "\"id\": 5", BadMessage::Malformed),
        ("the order of keys", "\"answer\":false,\"id\":5", "\"id\":5,\"answer\":false", BadMessage::Malformed),
        ("a key twice", "\"id\":5", "\"id\":5,\"id\":5", BadMessage::Malformed),
        ("a needless escape", "\"hi\"", "\"\\u0068i\"", BadMessage::Malformed),
        ("a float", "\"id\":5", "\"id\":5.0", BadMessage::Malformed),
        ("another text than was signed", "\"hi\"", "\"ho\"", BadMessage::Signature),
    ];
    for (why, from, to, reason) in wrong {
        let mut verifier = Verifier::new();
        assert!(verifier.add_peer(name(1)) && line.contains(from));
        let changed = line.replace(from, to);
        assert_eq!(verifier.verify_as(Encoding::Json, changed.as_bytes()), Err(reason));
        assert!(verifier.verify_as(Encoding::Json, line.as_bytes()).is_ok());
        let _ = writeln!(page, "{why}\n{changed}");
    }
}

#[test]
fn the_test_vectors_of_the_page_are_those_of_the_code() {
    let page = fs::read_to_string(repo().join("docs/messages.md")).unwrap();
    let (_, rest) = page.split_once(BEGIN).unwrap();
    let (shown, _) = rest.split_once(END).unwrap();
    let made = vectors();
    assert!(shown == made, "docs/messages.md differs from the code. If the code is right, this belongs there:\n{made}");
}

#[test]
fn the_page_lists_every_message_type_and_every_cap() {
    use wattle::limits::{
        COLLECTION_BYTES_MAX, DEVICE_BYTES_MAX, ECHO_BYTES_MAX, FILTER_VALUE_BYTES_MAX, FILTER_VALUES_MAX,
        FRAME_GOSSIP_MAX, FRAME_TASK_MAX, GOSSIP_BATCH_BYTES, GOSSIP_BATCH_MAX, GOSSIP_BODY_MAX, GOSSIP_BYTES_MAX,
        GOSSIP_COLLECTIONS_MAX, GOSSIP_DIGEST_MAX, GOSSIP_FORGERY_BYTES, GOSSIP_HOPS_MAX, GOSSIP_LINK_BURST,
        GOSSIP_LINK_RATE, GOSSIP_ORIGIN_BURST, GOSSIP_ORIGIN_RATE, GOSSIP_TASK_MS_MAX, GOSSIP_VALID_S, GRANT_BYTES_MAX,
        HITS_MAX, JSON_DEPTH_MAX, JSON_LINE_MAX, KEPT_MESSAGE_MAX, LEASE_CHUNKS_MAX, LINK_STREAMS_PROTOCOL_MAX,
        MEMBER_BYTES_MAX, MEMBER_LIST_ADDRESSES_MAX, MEMBER_LIST_MAX, MESSAGE_KIND_MAX, MESSAGE_TASK_MAX,
        MESSAGE_WINDOW, RESULTS_MAX, START_PROOF_BYTES_MAX,
    };
    let page = fs::read_to_string(repo().join("docs/messages.md")).unwrap();
    for message in messages() {
        let row = format!("| `{}` | {} |", message.kind(), body(&message, Encoding::Postcard)[0]);
        assert!(page.contains(&row), "docs/messages.md lacks the row {row}");
    }
    let caps = [
        ("type", MESSAGE_KIND_MAX),
        ("task_id", MESSAGE_TASK_MAX),
        ("frame on `/wattle/gossip/1`", FRAME_GOSSIP_MAX),
        ("frame on `/wattle/task/1`", FRAME_TASK_MAX),
        ("line on `/wattle/json/1`", JSON_LINE_MAX),
        ("depth of JSON", JSON_DEPTH_MAX),
        ("window of numbers", MESSAGE_WINDOW),
        ("message of a `start`", START_PROOF_BYTES_MAX),
        ("device", DEVICE_BYTES_MAX),
        ("text of an echo", ECHO_BYTES_MAX),
        ("hits", HITS_MAX),
        ("streams of one protocol", LINK_STREAMS_PROTOCOL_MAX),
        ("packet of `member`", MEMBER_BYTES_MAX),
        ("members of a roll", MEMBER_LIST_MAX),
        ("addresses of a member", MEMBER_LIST_ADDRESSES_MAX),
        ("a gossip item", GOSSIP_BYTES_MAX),
        ("body of a gossip item", GOSSIP_BODY_MAX),
        ("items in `told`", GOSSIP_BATCH_MAX),
        ("identifiers in `have` and `want`", GOSSIP_DIGEST_MAX),
        ("hops", usize::from(GOSSIP_HOPS_MAX)),
        ("collections of an agent", GOSSIP_COLLECTIONS_MAX),
        ("name of a collection", COLLECTION_BYTES_MAX),
        ("texts of a grant", LEASE_CHUNKS_MAX),
        ("bytes of the texts of a grant", GRANT_BYTES_MAX),
        ("vectors of `results`", RESULTS_MAX),
        ("vectors of `kept`", KEPT_MESSAGE_MAX),
        ("values of one of the `filters`", FILTER_VALUES_MAX),
        ("bytes of such a value", FILTER_VALUE_BYTES_MAX),
    ];
    let sentences = [
        format!("{} to {}", GOSSIP_VALID_S.0, grouped(GOSSIP_VALID_S.1.into())),
        format!("at most {}", grouped(GOSSIP_TASK_MS_MAX as usize)),
        format!(
            "{} bytes a second and {} at once from a link",
            grouped(GOSSIP_LINK_RATE as usize),
            grouped(GOSSIP_LINK_BURST as usize)
        ),
        format!(
            "{} bytes a second and {} at once of an origin",
            grouped(GOSSIP_ORIGIN_RATE as usize),
            grouped(GOSSIP_ORIGIN_BURST as usize)
        ),
        format!("costs its link {} bytes", grouped(GOSSIP_FORGERY_BYTES as usize)),
        format!("at most {} bytes of items into one message", grouped(GOSSIP_BATCH_BYTES)),
    ];
    // Independent of line breaks.
    let words = page.split_whitespace().collect::<Vec<_>>().join(" ");
    for sentence in sentences {
        assert!(words.contains(&sentence), "docs/messages.md lacks: {sentence}");
    }
    for (what, cap) in caps {
        let cap = grouped(cap);
        assert!(page.contains(&format!("| {what} | {cap} |")), "docs/messages.md lacks: | {what} | {cap} |");
    }
}

/// With commas between thousands: 16,384.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let parts = (0..digits.len()).map(|at| if at > 0 && at % 3 == first { "," } else { "" });
    parts.zip(digits.chars()).map(|(comma, digit)| format!("{comma}{digit}")).collect()
}
