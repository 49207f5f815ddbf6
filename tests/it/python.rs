//! An agent in another language, written from docs/messages.md: examples/python links, and answers ping and a test
//! message, over the py-libp2p of PyPI.
//!
//! scripts/interop installs that. Where it cannot be installed, these tests print that and are skipped; with CI=true
//! they fail.

use super::harness::{Place, repo};
use super::link::{End, key, name, soon, until};
use super::pair::prepared;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use wattle::net::link::{Channel, LinkEvent};
use wattle::wire::envelope::{Encoding, Signer, Verifier};
use wattle::wire::message::{Echo, Message};
use wattle::wire::peer_id::PeerId;

/// The Python that has py-libp2p; `None` where it cannot be installed.
fn python() -> Option<&'static Path> {
    static PYTHON: OnceLock<Option<PathBuf>> = OnceLock::new();
    PYTHON
        .get_or_init(|| {
            let installed = Command::new(repo().join("scripts/interop")).arg("python").output().unwrap();
            if installed.status.success() {
                return Some(PathBuf::from(String::from_utf8(installed.stdout).unwrap().trim()));
            }
            let why = String::from_utf8_lossy(&installed.stderr).into_owned();
            assert!(std::env::var("CI").as_deref() != Ok("true"), "py-libp2p could not be installed:\n{why}");
            eprintln!("\n!! NOT TESTED: the Python agent. py-libp2p could not be installed:\n{why}\n");
            None
        })
        .as_deref()
}

/// The running example; its output arrives line by line over a channel. Dropping it kills it.
struct Example {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn example(python: &Path, home: &Path) -> Command {
    let mut command = Command::new(python);
    command.arg(repo().join("examples/python/agent.py")).arg("--home").arg(home).stdin(Stdio::null());
    command
}

fn peer_id(python: &Path, home: &Path) -> String {
    let output = example(python, home).arg("--id").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl Example {
    fn start(python: &Path, home: &Path, more: &[&str]) -> Self {
        let mut child = example(python, home).args(more).stdout(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok()));
        Self { child, lines, seen: Vec::new() }
    }

    fn wait(&mut self, line: &str) {
        while !self.seen.iter().any(|seen| seen == line) {
            let next = self.lines.recv_timeout(Duration::from_secs(60));
            self.seen.push(next.unwrap_or_else(|_| panic!("the example never printed {line:?}, but {:?}", self.seen)));
        }
    }
}

#[test]
fn the_python_agent_joins_a_real_agent_and_its_test_message_is_answered() {
    let Some(python) = python() else { return };
    let (place, listen, address) = prepared();
    let home = place.path().join("python");
    let peer = format!("/p2p/{}", peer_id(python, &home));
    place.write("a.txt", "A letter from the notary.");
    let attic = place.up(&["--name", "attic", "--listen", &listen, "--peer", &peer, place.docs().to_str().unwrap()]);
    let mut example = Example::start(python, &home, &[&address, "--echo", "Grüße 😀"]);
    example.wait("hello from attic");
    example.wait("echo answered: Grüße 😀");
    let linked = attic.wait("its name", |status| status["peers"][0]["device"] == "python");
    assert_eq!(linked["peers"][0]["linked"], true);
    // It has no documents, replies so, and is counted as answered.
    attic.wait_ready(1);
    let found = attic.json(&["search", "a letter", "--json"]);
    assert_eq!((&found["coverage"]["asked"], &found["coverage"]["answered"]), (&2.into(), &2.into()), "{found}");
}

#[test]
fn the_python_agent_answers_ping_and_a_test_message() {
    let Some(python) = python() else { return };
    let place = Place::new();
    let home = place.path().join("python");
    let peer: PeerId = peer_id(python, &home).parse().unwrap();
    smol::block_on(async {
        let end = End::new(1, &[]);
        assert!(end.links.add_peer(peer));
        let address = format!("/ip4/127.0.0.1/tcp/{}/p2p/{}", end.address.port(), end.name);
        let mut example = Example::start(python, &home, &[&address]);
        let (mut signer, mut verifier) = (Signer::new(key(1), 1), Verifier::new());
        assert!(verifier.add_peer(peer) && end.name == name(1));
        until("a link", || end.links.known().iter().any(|known| known.peer == peer)).await;
        assert!(end.links.ping(&peer).await.unwrap() < Duration::from_secs(5));
        let mut receive = async || loop {
            let LinkEvent::Frame { bytes, channel, .. } = soon(async { end.events.recv().await.unwrap() }).await else {
                continue;
            };
            assert_eq!(channel, Channel::Json);
            let verified = verifier.verify_as(Encoding::Json, &bytes).unwrap();
            return Message::read(Encoding::Json, verified.kind, verified.body).unwrap();
        };
        assert_eq!(receive().await, Message::Hello { device: "python".to_owned(), ask: true, listen: Vec::new() });
        assert_eq!(end.links.encoding(&peer), Encoding::Json, "the replies have its encoding");
        for id in [1, 1 << 60] {
            let asked = Echo { id, text: "a\"\\\n".try_into().unwrap(), answer: false };
            let (mut body, mut frame) = (Vec::new(), end.links.frame());
            Message::Echo(asked.clone()).put(Encoding::Json, &mut body);
            signer.sign_into(Encoding::Json, "echo", &[], &body, frame.buffer()).unwrap();
            end.links.send(&peer, Channel::Json, frame.clone()).unwrap();
            // A repeated and a damaged message get no reply.
            end.links.send(&peer, Channel::Json, frame.clone()).unwrap();
            let at = frame.len() / 2;
            frame.buffer()[at] ^= 1;
            end.links.send(&peer, Channel::Json, frame).unwrap();
            assert_eq!(receive().await, Message::Echo(Echo { answer: true, ..asked }));
        }
        example.wait("a message was refused: it was received before");
        assert!(end.events.is_empty());
    });
}

/// Generates the page's vectors in Python, from seed, body, boot and seq.
const CHECK: &str = r#"
import base64, json, re, sys
sys.path.insert(0, sys.argv[1])
from agent import canonical, signed_bytes
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.peer.id import ID
keys = create_new_key_pair(seed=bytes([1] * 32))
sender = ID.from_pubkey(keys.public_key)
page = open(sys.argv[2]).read()
assert str(sender) in page and sender.to_bytes().hex() in page
blocks = re.findall(r"type       (.*)\ntask_id    (.*)\nform       json\npayload    (.*)\nsigned     (.*)\nsignature  (.*)\nmessage    (.*)\n", page)
for kind, task, payload, signed, signature, message in blocks:
    task = bytes.fromhex(task.strip("-"))
    assert canonical(json.loads(payload)).decode() == payload
    mine = signed_bytes(kind, task, sender.to_bytes(), payload.encode())
    assert mine.hex() == signed
    assert keys.private_key.sign(mine).hex() == signature
    whole = {"payload": json.loads(payload), "sender_id": str(sender), "type": kind,
        "signature": base64.b64encode(bytes.fromhex(signature)).decode(), "task_id": base64.b64encode(task).decode()}
    assert canonical(whole).decode() == message
print(len(blocks))
"#;

#[test]
fn python_generates_the_same_test_vectors() {
    let Some(python) = python() else { return };
    let page = repo().join("docs/messages.md");
    let output =
        Command::new(python).args(["-c", CHECK]).arg(repo().join("examples/python")).arg(&page).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = fs::read_to_string(&page).unwrap().matches("form       json").count();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), lines.to_string());
    assert!(lines >= 3);
}
