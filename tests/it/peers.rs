//! What `wattle peers` shows of other devices: the table, events as they happen; and the log's format under systemd.

use super::harness::{Agent, Place, WATTLE};
use super::pair::{linked, prepared, up};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// A command that keeps running, and the lines that it prints.
struct Following {
    child: Child,
    lines: Receiver<String>,
}

impl Following {
    fn new(agent: &Agent, home: &Place, args: &[&str]) -> Self {
        let mut command = Command::new(WATTLE);
        command.args(["--api", &agent.api, "--home"]).arg(home.home()).args(args);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let (stdout, (tell, lines)) = (BufReader::new(child.stdout.take().unwrap()), channel());
        let _ = thread::Builder::new()
            .spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Self { child, lines }
    }

    fn until(&self, what: &str) -> String {
        let (mut seen, end) = (Vec::new(), Instant::now() + Duration::from_secs(60));
        while let Ok(line) = self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            if line.contains(what) {
                return line;
            }
            seen.push(line);
        }
        panic!("{what:?} did not come; {seen:?} did");
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn peers(agent: &Agent, wished: impl Fn(&Value) -> bool) -> Value {
    let end = Instant::now() + Duration::from_secs(120);
    loop {
        let peers = agent.json(&["peers", "--json"]);
        if wished(&peers) {
            return peers;
        }
        assert!(Instant::now() < end, "{peers}\n{}", agent.log());
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_device_sees_anothers_headroom_and_collections_but_not_its_private_one() {
    let ((one, one_listen, one_address), (two, two_listen, two_address)) = (prepared(), prepared());
    two.write("a.txt", "The violin is in the cupboard.");
    two.write("b.txt", "The oboe is in the attic.");
    let diary = two.path().join("diary");
    fs::create_dir(&diary).unwrap();
    fs::write(diary.join("c.txt"), "Dear diary, the cello is mine.").unwrap();
    let cellar = up(&two, "cellar", &two_listen, &one_address);
    let added = cellar.cli(["add", "--collection", "diary", "--ring", "private", diary.to_str().unwrap()]);
    assert!(added.status.success());
    cellar.wait_ready(3);
    let attic = up(&one, "attic", &one_listen, &two_address);
    linked(&attic);
    let seen = peers(&attic, |peers| {
        peers[0]["headroom"]["quarters"] == 4 && peers[0]["collections"].as_array().is_some_and(|list| !list.is_empty())
    });
    assert_eq!(seen[0]["headroom"]["energy"], "unknown");
    let list = seen[0]["collections"].as_array().unwrap();
    assert_eq!(list.len(), 1, "{list:?}");
    assert_eq!([&list[0]["name"], &list[0]["documents"], &list[0]["passages"]], [&json!("home"), &json!(2), &json!(2)]);
    assert_eq!(list[0]["model"], attic.status()["model"]["fingerprint"]);

    let table = String::from_utf8(attic.cli(["peers"]).stdout).unwrap();
    println!("{table}");
    let line = table.lines().nth(1).unwrap();
    assert!(table.starts_with("DEVICE") && line.starts_with("cellar  …"), "{table}");
    assert!(
        line.contains(&two_listen)
            && line.contains("linked")
            && line.ends_with("full           home (2 files, 2 passages)"),
        "{table}"
    );

    let watching = Following::new(&attic, &one, &["peers", "--watch"]);
    watching.until("cellar");
    cellar.kill();
    assert!(watching.until("The link to cellar is gone").ends_with('.'));
    let cellar = up(&two, "cellar", &two_listen, &one_address);
    watching.until("cellar is linked.");
    let (three, three_listen, _) = prepared();
    let unknown_peer = up(&three, "stranger", &three_listen, &one_address);
    let name = unknown_peer.status()["peer_id"].as_str().unwrap().to_owned();
    assert!(watching.until("was refused").contains(&name));
    drop((cellar, unknown_peer, watching));

    let events = attic.json(&["status", "--json"]);
    assert_eq!(events["peers"].as_array().unwrap().len(), 1, "an unknown device is no peer: {events}");
    let log = attic.log();
    for what in ["cellar is linked.", "The link to cellar is gone", "An unknown device wanted to link and was refused"]
    {
        assert!(log.contains(what), "{what} is not in the log:\n{log}");
    }
}

#[test]
fn a_hit_of_another_device_begins_with_the_name_of_its_folder_and_filters_see_no_more_of_its_path() {
    let ((one, one_listen, one_address), (two, two_listen, two_address)) = (prepared(), prepared());
    two.write("music/violin.txt", "The violin is in the cupboard below the stairs.");
    let cellar = up(&two, "cellar", &two_listen, &one_address);
    cellar.wait_ready(1);
    let attic = up(&one, "attic", &one_listen, &two_address);
    linked(&attic);
    let whole = two.docs().join("music/violin.txt");
    let asked = |args: &[&str]| {
        let found = attic.json(&[&["search", "violin cupboard", "--json"][..], args].concat());
        found["hits"].as_array().unwrap().iter().map(|hit| hit["path"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    attic.wait("the hit", |_| !asked(&[]).is_empty());
    assert_eq!(asked(&[]), ["docs/music/violin.txt"]);
    assert_eq!(cellar.search("violin cupboard"), [whole.to_str().unwrap()], "on its own device it is whole");
    assert!(
        asked(&["--path", two.docs().to_str().unwrap()]).is_empty(),
        "who is not told the rest does not find it out"
    );
    assert_eq!(asked(&["--path", "docs/music/", "--type", "text"]), ["docs/music/violin.txt"]);
    assert!(asked(&["--path", "/no/such/folder/"]).is_empty());
    let text = String::from_utf8(attic.cli(["search", "violin cupboard"]).stdout).unwrap();
    assert!(text.contains("\n    docs/music/violin.txt\n") && !text.contains(two.path().to_str().unwrap()), "{text}");
}

#[test]
fn under_systemd_a_line_has_its_priority_and_elsewhere_it_has_not() {
    let place = Place::new();
    let log = place.home().with_extension("log");
    let stream = File::create(&log).unwrap().metadata().unwrap();
    let mut command = Command::new(WATTLE);
    command.env("JOURNAL_STREAM", format!("{}:{}", stream.dev(), stream.ino()));
    // An agent that answers a call has its signal handler in place.
    let stop = |agent: Agent| drop((agent.status(), agent.stop()));
    stop(Agent::start(command, &place.home(), &[place.docs().to_str().unwrap()]));
    let text = fs::read_to_string(&log).unwrap();
    let numbered = |line: &str| ["<3>", "<4>", "<6>", "<7>"].iter().any(|number| line.starts_with(number));
    assert!(text.lines().count() > 0 && text.lines().all(numbered), "{text}");
    assert!(text.lines().any(|line| line == "<6>Stopped. Everything that was acknowledged is on the disk."), "{text}");

    let elsewhere = Place::new();
    let mut command = Command::new(WATTLE);
    command.env("JOURNAL_STREAM", "1:1");
    stop(Agent::start(command, &elsewhere.home(), &[]));
    let text = fs::read_to_string(elsewhere.home().with_extension("log")).unwrap();
    assert!(!text.is_empty() && text.lines().all(|line| !line.starts_with('<')), "{text}");
}
