//! docs/messages.md and the code say the same: its test vectors are made anew and compared, letter by letter.

use super::house::repo;
use super::link::{key, name};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::fs;
use wattle::wire::message::{BadMessage, Form, Opener, Sealer};
use wattle::wire::talk::{Answer, Ask, Echo, Found, Hit, Keys, Talk};

const BEGIN: &str = "<!-- vectors: made by tests/it/message.rs -->\n";
const END: &str = "<!-- end of the vectors -->";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The body, the message and what is signed, as the page shows them: JSON as it is, everything else in hexadecimal.
fn shown(form: Form, bytes: &[u8]) -> String {
    match form {
        Form::Postcard => hex(bytes),
        Form::Json => String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

fn sayings() -> Vec<Talk> {
    let hit = Hit {
        row: 12,
        path: b"/home/ann/soup.md".to_vec(),
        heading: "Soups > Leek".to_owned(),
        text: "Take 300 g of \"leek\".\n".to_owned(),
        cosine: 0.75,
        words: heapless::Vec::from_slice(&[1, 0]).unwrap(),
        length: 6,
    };
    let holding = heapless::Vec::from_slice(&[3, 300]).unwrap();
    let found = Found { passages: 500, holding, length: 40_000, hits: vec![hit] };
    let listen = vec!["192.168.1.5:7781".parse().unwrap(), "[fd00::5]:7781".parse().unwrap()];
    let device = "attic".to_owned();
    let model = std::array::from_fn(|at| at as u8);
    let codes = vec![1, 255, 128, 127];
    vec![
        Talk::Hello { device: device.clone(), ask: true, listen },
        Talk::Member(vec![1, 2, 3]),
        Talk::Keys(Keys { session: 70_000, key: [0xab; 32], port: 7781 }),
        Talk::Ask(Ask { id: 7, question: "How much leek?".to_owned(), model, scale: 0.007_812_5, codes, count: 20 }),
        Talk::Answer(Answer { id: 7, device: device.clone(), found: Some(Box::new(found)) }),
        Talk::Answer(Answer { id: 7, device, found: None }),
        Talk::Echo(Echo { id: 1 << 53, text: "Grüße 😀\u{1}".try_into().unwrap(), answer: false }),
    ]
}

fn body(talk: &Talk, form: Form) -> Vec<u8> {
    let mut body = Vec::new();
    talk.put(form, &mut body);
    body
}

/// The signature's input, put together here from the page's words, not by the code under test.
fn signed(kind: &str, task_id: &[u8], sender: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut bytes = b"wattle-msg-1".to_vec();
    for field in [kind.as_bytes(), task_id, sender] {
        bytes.extend((field.len() as u32).to_be_bytes());
        bytes.extend(field);
    }
    bytes.extend(Sha256::digest(payload));
    bytes
}

fn message(page: &mut String, talk: &Talk, form: Form, mesh: Option<[u8; 32]>, task_id: &[u8]) {
    let mut sealer = Sealer::new(key(1), 7);
    mesh.into_iter().for_each(|mesh| sealer.join(mesh));
    let (body, mut bytes) = (body(talk, form), Vec::new());
    sealer.seal_into(form, talk.kind(), task_id, &body, &mut bytes).unwrap();
    let mut opener = Opener::new();
    assert!(opener.allow(name(1)));
    let opened = opener.open_as(form, &bytes).unwrap();
    assert_eq!((opened.seq, opened.boot, opened.mesh, opened.body), (1, 7, mesh, &body[..]));
    assert_eq!(opener.open_as(form, &bytes), Err(BadMessage::Replay));
    // Where the payload stands: in JSON from the first colon; in postcard behind the two fields and its length.
    let payload = match form {
        Form::Json => {
            let end = bytes.windows(14).position(|part| part == b",\"sender_id\":\"").unwrap();
            &bytes[b"{\"payload\":".len()..end]
        }
        Form::Postcard => {
            let begin = 1 + talk.kind().len() + 1 + task_id.len();
            assert!(bytes[begin] < 0x80, "a length of one byte");
            &bytes[begin + 1..begin + 1 + usize::from(bytes[begin])]
        }
    };
    let signed = signed(talk.kind(), task_id, &name(1).to_bytes(), payload);
    let signature = ed25519_dalek::Signer::sign(&key(1), &signed).to_bytes();
    assert!(name(1).signed(&signed, &signature), "the page's words are the code's");
    let _ = write!(
        page,
        "type       {}\ntask_id    {}\nform       {}\npayload    {}\nsigned     {}\nsignature  {}\nmessage    {}\n\n",
        talk.kind(),
        if task_id.is_empty() { "-".to_owned() } else { hex(task_id) },
        if form == Form::Json { "json" } else { "postcard" },
        shown(form, payload),
        hex(&signed),
        hex(&signature),
        shown(form, &bytes),
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
    for talk in sayings() {
        let (packed, line) = (body(&talk, Form::Postcard), body(&talk, Form::Json));
        for (form, body) in [(Form::Postcard, &packed), (Form::Json, &line)] {
            assert_eq!(Talk::read(form, talk.kind(), body).as_ref(), Some(&talk));
        }
        let _ = write!(page, "{}\n{}\n{}\n\n", talk.kind(), hex(&packed), shown(Form::Json, &line));
    }
    page.truncate(page.trim_end().len());
    page += "\n```\n\nWhole messages, each the first of the sender's start 7; the last two are of a mesh and of a task:\n\n```text\n";
    let sayings = sayings();
    for talk in [&sayings[0], &sayings[6]] {
        for form in [Form::Postcard, Form::Json] {
            message(&mut page, talk, form, None, &[]);
        }
    }
    for form in [Form::Postcard, Form::Json] {
        message(&mut page, &sayings[5], form, Some([0xcd; 32]), b"task-1");
    }
    page.truncate(page.trim_end().len());
    page += "\n```\n\nRefused, each for the reason above it:\n\n```text\n";
    refused(&mut page);
    page + "```\n"
}

/// Lines that are nearly the test message, and what is wrong with each.
fn refused(page: &mut String) {
    let mut line = Vec::new();
    let body = b"{\"answer\":false,\"id\":5,\"text\":\"hi\"}";
    Sealer::new(key(1), 7).seal_into(Form::Json, "echo", &[], body, &mut line).unwrap();
    let line = String::from_utf8(line).unwrap();
    let wrong = [
        ("white space", "\"id\":5", "\"id\": 5", BadMessage::Form),
        ("the order of keys", "\"answer\":false,\"id\":5", "\"id\":5,\"answer\":false", BadMessage::Form),
        ("a key twice", "\"id\":5", "\"id\":5,\"id\":5", BadMessage::Form),
        ("a needless escape", "\"hi\"", "\"\\u0068i\"", BadMessage::Form),
        ("a float", "\"id\":5", "\"id\":5.0", BadMessage::Form),
        ("other words than were signed", "\"hi\"", "\"ho\"", BadMessage::Signature),
    ];
    for (why, from, to, reason) in wrong {
        let mut opener = Opener::new();
        assert!(opener.allow(name(1)) && line.contains(from));
        let changed = line.replace(from, to);
        assert_eq!(opener.open_as(Form::Json, changed.as_bytes()), Err(reason));
        assert!(opener.open_as(Form::Json, line.as_bytes()).is_ok());
        let _ = writeln!(page, "{why}\n{changed}");
    }
}

#[test]
fn the_page_about_messages_shows_what_the_code_does() {
    let page = fs::read_to_string(repo().join("docs/messages.md")).unwrap();
    let (_, rest) = page.split_once(BEGIN).unwrap();
    let (shown, _) = rest.split_once(END).unwrap();
    let made = vectors();
    assert!(shown == made, "docs/messages.md differs from the code. If the code is right, this belongs there:\n{made}");
}

#[test]
fn the_page_names_every_kind_and_every_cap() {
    use wattle::limits::{
        DEVICE_BYTES_MAX, ECHO_BYTES_MAX, FRAME_GOSSIP_MAX, FRAME_TASK_MAX, HITS_MAX, JSON_DEPTH_MAX, JSON_LINE_MAX,
        LINK_STREAMS_PROTOCOL_MAX, MESSAGE_KIND_MAX, MESSAGE_TASK_MAX, MESSAGE_WINDOW,
    };
    let page = fs::read_to_string(repo().join("docs/messages.md")).unwrap();
    for talk in sayings() {
        let row = format!("| `{}` | {} |", talk.kind(), body(&talk, Form::Postcard)[0]);
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
        ("device", DEVICE_BYTES_MAX),
        ("text of an echo", ECHO_BYTES_MAX),
        ("hits", HITS_MAX),
        ("streams of one protocol", LINK_STREAMS_PROTOCOL_MAX),
    ];
    for (what, cap) in caps {
        let cap = cap
            .to_string()
            .chars()
            .rev()
            .collect::<Vec<_>>()
            .chunks(3)
            .map(|part| part.iter().collect())
            .collect::<Vec<String>>();
        let cap: String = cap.join(",").chars().rev().collect();
        assert!(page.contains(&format!("| {what} | {cap} |")), "docs/messages.md lacks: | {what} | {cap} |");
    }
}
