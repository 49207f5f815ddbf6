//! Devices that join a mesh by a code: fresh homes, real processes, one command on each side.

mod faults;
pub(crate) mod hardware;
mod mesh;

use super::harness::{Agent, Place, WATTLE};
use super::pair::linked;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// An agent in a fresh home that knows no other device, and where it listens.
struct Device {
    place: Place,
    agent: Agent,
    listen: String,
    name: &'static str,
}

impl Device {
    fn new(name: &'static str, file: &str) -> Self {
        let place = Place::new();
        place.write(&format!("{name}.txt"), file);
        let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let agent = up(&place, name, &listen);
        Self { place, agent, listen, name }
    }

    fn restarted(self) -> Self {
        self.stopped().started()
    }

    /// The agent has ended by itself.
    fn ended(self) -> Stopped {
        let Self { place, listen, name, .. } = self;
        Stopped { place, listen, name }
    }

    fn stopped(self) -> Stopped {
        let Self { place, agent, listen, name } = self;
        agent.stop();
        Stopped { place, listen, name }
    }

    /// Its power is cut.
    fn killed(self) -> Stopped {
        let Self { place, agent, listen, name } = self;
        agent.kill();
        Stopped { place, listen, name }
    }

    fn pair(&self) -> Window {
        self.pair_by(Command::new(WATTLE))
    }

    fn pair_by(&self, mut command: Command) -> Window {
        let mut child = command
            .args(["--api", &self.agent.api, "--home"])
            .arg(self.place.home())
            .args(["pair", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let opened = line(&mut lines);
        let code = opened["window"]["code"].as_str().unwrap_or_else(|| panic!("{opened}")).replace(' ', "");
        let link = opened["window"]["link"].as_str().unwrap().to_owned();
        Window { child, lines, code, link }
    }

    fn join(&self, code: &str, at: &Self) -> Output {
        self.agent.cli(["join", code, "--at", &at.listen, "--json"])
    }

    fn fails_to_join(&self, code: &str, at: &Self, why: &str) {
        let output = self.join(code, at);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
        assert!(said.contains(why), "{said}");
    }

    fn id(&self) -> String {
        self.agent.status()["peer_id"].as_str().unwrap().to_owned()
    }

    fn members(&self) -> Vec<(String, Value)> {
        let mesh = self.agent.json(&["mesh", "--json"]);
        let members = mesh["members"].as_array().unwrap().iter();
        let mut members: Vec<(String, Value)> =
            members.map(|member| (member["peer_id"].as_str().unwrap().to_owned(), member["caps"].clone())).collect();
        members.sort_by(|one, other| one.0.cmp(&other.0));
        members
    }
}

/// A device whose agent does not run.
struct Stopped {
    place: Place,
    listen: String,
    name: &'static str,
}

impl Stopped {
    fn started(self) -> Device {
        let Self { place, listen, name } = self;
        let agent = up(&place, name, &listen);
        Device { place, agent, listen, name }
    }
}

fn up(place: &Place, name: &str, listen: &str) -> Agent {
    let docs = place.docs();
    let agent = place.up(&["--name", name, "--listen", listen, "--no-mdns", docs.to_str().unwrap()]);
    agent.wait_ready(1);
    agent
}

/// `wattle pair`, which waits.
struct Window {
    child: Child,
    lines: BufReader<ChildStdout>,
    code: String,
    link: String,
}

impl Window {
    fn closed(mut self) -> (Option<i32>, Value) {
        let closed = line(&mut self.lines)["closed"].clone();
        (self.child.wait().unwrap().code(), closed)
    }

    fn leave(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn line(lines: &mut BufReader<ChildStdout>) -> Value {
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?}"))
}

fn both_answer(one: &Device, other: &Device, question: &str) {
    for asked in [one, other] {
        let found = asked.agent.json(&["search", question, "--json"]);
        let counts = ["asked", "answered"].map(|key| found["coverage"][key].clone());
        assert_eq!(json!(counts), json!([2, 2]), "{found}\n{}", asked.agent.log());
        assert_eq!(found["hits"].as_array().unwrap().len(), 2, "{found}");
    }
}

#[test]
fn two_fresh_devices_pair_by_a_code_and_answer_each_others_questions_also_after_a_restart() {
    let attic = Device::new("attic", "The letter from the notary is about the parcel behind the barn.");
    let cellar = Device::new("cellar", "Leek soup needs three hundred grams of leek and one potato.");
    let window = attic.pair();
    let output = cellar.join(&window.code, &attic);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}\n{}\n{}", attic.agent.log(), cellar.agent.log());
    let joined: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(joined["admin"], attic.id());
    let (code, closed) = window.closed();
    assert_eq!(code, Some(0), "{closed}");
    assert_eq!(closed["joined"]["words"], joined["words"], "both screens show the same words");
    assert_eq!(closed["joined"]["peer_id"], cellar.id());
    assert_eq!(joined["words"].as_str().unwrap().split(' ').count(), 3);

    linked(&attic.agent);
    linked(&cellar.agent);
    both_answer(&attic, &cellar, "leek soup");
    let mut expected =
        vec![(attic.id(), json!(["member", "worker", "admin"])), (cellar.id(), json!(["member", "worker"]))];
    expected.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!((attic.members(), cellar.members()), (expected.clone(), expected));

    let addresses = cellar.place.home().join("peers");
    cellar.agent.wait("the address for the next start", |_| addresses.exists());
    let (attic, cellar) = (attic.restarted(), cellar.restarted());
    linked(&attic.agent);
    linked(&cellar.agent);
    both_answer(&attic, &cellar, "leek soup");
}

#[test]
fn each_failure_names_its_cause_and_a_removed_device_stays_out() {
    let attic = Device::new("attic", "one");
    let cellar = Device::new("cellar", "two");
    let stranger = Device::new("stranger", "three");
    cellar.fails_to_join("12345678", &attic, "lets nobody in now");
    cellar.fails_to_join("1234567", &attic, "eight digits");
    cellar.fails_to_join("wattle:pair?c=1", &attic, "not the text of a code");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let output = cellar.agent.cli(["join", "12345678", "--at", &silent]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("does not answer"), "{output:?}");

    let window = attic.pair();
    let wrong = if window.code == "12345678" { "12345679" } else { "12345678" };
    cellar.fails_to_join(wrong, &attic, "The code is wrong");
    // The next try may begin a second later; the device waits for that by itself.
    assert!(cellar.join(&window.link, &attic).status.success(), "{}", cellar.agent.log());
    stranger.fails_to_join(&window.code, &attic, "Another device has joined");
    assert_eq!(window.closed().0, Some(0));
    linked(&attic.agent);

    let output = cellar.agent.cli(["pair"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("no admin"), "{output:?}");
    let output = attic.agent.cli(["remove", "cellar"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    attic.agent.wait("the end of the link", |status| status["peers"].as_array().unwrap().is_empty());
    assert_eq!(attic.members(), [(attic.id(), json!(["member", "worker", "admin"]))]);
    knows_that_it_was_removed(&cellar);
    let window = attic.pair();
    cellar.fails_to_join(&window.code, &attic, "removed from its mesh by");
    window.leave();
}

#[test]
fn a_window_whose_command_is_ended_by_ctrl_c_lets_nobody_in() {
    let (attic, cellar) = (Device::new("attic", "one"), Device::new("cellar", "two"));
    let mut window = attic.pair();
    let pid = window.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(window.child.wait().unwrap().code(), Some(1));
    cellar.fails_to_join(&window.code, &attic, "it lets nobody in now");
}

#[test]
fn five_wrong_tries_end_a_code_and_a_device_of_one_mesh_joins_no_other() {
    let (attic, cellar, barn) =
        (Device::new("attic", "one"), Device::new("cellar", "two"), Device::new("barn", "three"));
    let window = attic.pair();
    let wrong = if window.code == "12345678" { "12345679" } else { "12345678" };
    for _ in 0..wattle::limits::PAIR_TRIES {
        // Whatever device guesses: the tries are the window's.
        cellar.fails_to_join(wrong, &attic, "The code is wrong");
    }
    barn.fails_to_join(&window.code, &attic, "too many tries");
    let (code, closed) = window.closed();
    assert_eq!(code, Some(1), "{closed}");
    assert!(closed["why"].as_str().unwrap().contains("too many wrong tries"), "{closed}");
    assert_eq!(closed["joined"], json!(null));

    let window = barn.pair();
    attic.fails_to_join(&window.code, &barn, "a mesh of its own");
    assert!(cellar.join(&window.code, &barn).status.success(), "{}", cellar.agent.log());
    assert_eq!(window.closed().0, Some(0));
    assert_eq!(attic.members(), [(attic.id(), json!(["member", "worker", "admin"]))], "its own mesh is as it was");
}

fn knows_that_it_was_removed(device: &Device) {
    device.agent.wait("the proof of the removal", |status| {
        let findings = status["findings"].as_array().unwrap();
        findings.iter().any(|finding| finding["what"].as_str().unwrap().contains("removed from its mesh"))
    });
    assert_eq!(device.agent.json(&["mesh", "--json"])["removed_here"], true);
    let mesh = device.agent.cli(["mesh"]);
    assert!(String::from_utf8_lossy(&mesh.stdout).contains("was removed from its mesh by attic, for ever"), "{mesh:?}");
    for command in [
        vec!["pair"],
        vec!["peers"],
        vec!["join", "12345678"],
        vec!["invite", "--file", "/tmp"],
        vec!["mesh", "recover"],
    ] {
        let said = device.agent.cli(&command);
        let said = [said.stdout, said.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert!(said.contains("was removed from its mesh by attic, for ever"), "{command:?}: {said}");
    }
    let doctor = device.agent.cli(["doctor"]);
    assert!(String::from_utf8_lossy(&doctor.stdout).contains("was removed from its mesh"), "{doctor:?}");
}

#[test]
fn a_device_that_was_off_when_it_was_removed_learns_of_it_when_it_comes_back() {
    let attic = Device::new("attic", "one");
    let cellar = Device::new("cellar", "two");
    let window = attic.pair();
    assert!(cellar.join(&window.code, &attic).status.success(), "{}", cellar.agent.log());
    assert_eq!(window.closed().0, Some(0));
    linked(&attic.agent);
    let (id, addresses) = (cellar.id(), cellar.place.home().join("peers"));
    cellar.agent.wait("the address for the next start", |_| addresses.exists());
    let cellar = cellar.stopped();
    let output = attic.agent.cli(["remove", &id]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    knows_that_it_was_removed(&cellar.started());
    let doctor = attic.agent.cli(["doctor"]);
    let said = String::from_utf8_lossy(&doctor.stdout);
    assert!(said.contains("which was removed from the mesh, wanted to link and was refused"), "{said}");
}
