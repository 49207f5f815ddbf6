//! Mistakes of people and faults of disks: each is reported in one clear sentence, everything else goes on, nothing is lost.

use super::harness::{Agent, Place, WATTLE, repo};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.trim_ascii() == b"0"
}

fn count(agent: &Agent, kind: &str) -> u64 {
    agent.status()["files"][kind].as_u64().unwrap()
}

#[test]
fn files_that_cannot_be_used_are_refused_with_a_reason_and_the_rest_is_found() {
    let place = Place::new();
    place.write("good.md", "The violin is kept in the cupboard under the stairs.");
    place.write("empty.txt", "");
    place.write("blank.txt", " \n\t\n");
    place.write("binary.bin", [0_u8, 159, 146, 150, 0, 1, 2]);
    place.write("latin1.txt", b"caf\xe9 and cr\xe8me, in an old encoding");
    place.write("garbled.txt", b"caf\x01\xfe\x02\xfd\x03 and more, in no encoding");
    fs::File::create(place.docs().join("huge.txt")).unwrap().set_len(1 << 30).unwrap();
    symlink(place.docs(), place.docs().join("loop")).unwrap();
    symlink("/etc/passwd", place.docs().join("outside.txt")).unwrap();
    assert!(Command::new("mkfifo").arg(place.docs().join("pipe")).status().unwrap().success());
    let agent = place.up(&[place.docs().to_str().unwrap()]);
    let status = agent.wait_ready(2);
    assert_eq!(status["files"]["refused"], 5, "{status}");
    assert!(agent.search("Where is the violin?")[0].ends_with("/good.md"));
    let log = agent.log();
    assert!(log.contains("loop is a link and was left out"), "{log}");
    let parsed = log.contains("are parsed in a process of their own each");
    assert!(parsed, "what holds the parsers of binary.bin and garbled.txt: {log}");
    let doctor = agent.json(&["doctor", "--json"]);
    let refused = doctor.to_string();
    for part in ["empty.txt", "binary.bin", "garbled.txt", "huge.txt", "1073741824 bytes"] {
        assert!(refused.contains(part), "{part} is not explained in {refused}");
    }
    assert!(agent.search("café and crème")[0].ends_with("/latin1.txt"));
    place.write("garbled.txt", "tea and biscuits, in a new encoding");
    agent.wait_ready(3);
    assert_eq!(count(&agent, "refused"), 4, "a repaired file is read again");
}

#[test]
fn an_unreadable_file_is_explained_and_read_once_it_can_be() {
    if is_root() {
        eprintln!(
            "SKIPPED for root: file modes do not bind it. CI runs as root; run the tests as a user to see this one."
        );
        return;
    }
    let place = Place::new();
    place.write("secret.txt", "The key is under the flower pot.");
    let path = place.docs().join("secret.txt");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    let agent = place.up(&[place.docs().to_str().unwrap()]);
    agent.wait("the refusal", |_| count(&agent, "refused") == 1);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    agent.wait_ready(1);
}

#[test]
fn a_second_agent_on_the_same_home_is_refused() {
    let place = Place::new();
    let _first = place.up(&[]);
    let stderr = place.up_fails(&[]);
    assert!(stderr.contains("Another agent lives in") && !stderr.contains("wattle add"), "{stderr}");
    let stderr = place.up_fails(&[place.docs().to_str().unwrap()]);
    let add = format!("wattle add {} --home {}", place.docs().display(), place.home().display());
    assert!(stderr.contains(&add), "how the running one is given the folder: {stderr}");
}

#[test]
fn a_taken_port_is_named_with_a_way_out() {
    let place = Place::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let home = place.home();
    let output =
        Command::new(WATTLE).args(["up", "--api", &address, "--home"]).arg(home).current_dir(repo()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && stderr.contains(&address) && stderr.contains("--api"), "{stderr}");
}

#[test]
fn a_missing_or_damaged_model_is_named() {
    let place = Place::new();
    let models = place.path().join("models");
    fs::create_dir_all(&models).unwrap();
    let stderr = place.up_fails(&["--models", models.to_str().unwrap()]);
    assert!(stderr.contains("No model was found") && stderr.contains(models.to_str().unwrap()), "{stderr}");

    let copy = models.join("all-MiniLM-L6-v2");
    fs::create_dir_all(&copy).unwrap();
    for entry in fs::read_dir(repo().join("models/all-MiniLM-L6-v2")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    let weights = copy.join("model.onnx");
    let mut bytes = fs::read(&weights).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&weights, bytes).unwrap();
    let stderr = place.up_fails(&["--models", models.to_str().unwrap()]);
    assert!(stderr.contains("model.onnx") || stderr.contains("cannot be used"), "{stderr}");
}

#[test]
fn a_folder_that_is_not_there_is_refused_and_the_agent_goes_on() {
    let place = Place::new();
    let agent = place.up(&[]);
    let output = agent.cli(["add", "/nowhere/at/all"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && stderr.contains("/nowhere/at/all"), "{stderr}");
    agent.add(&place.docs());
}

#[test]
fn on_a_full_disk_the_agent_reports_it_and_answers_and_goes_on_when_there_is_room() {
    if !is_root() || Command::new("unshare").args(["-m", "true"]).status().map_or(true, |status| !status.success()) {
        eprintln!("SKIPPED, and nothing is proven: a small disk needs a mount namespace of its own.");
        return;
    }
    let place = Place::new();
    place.write("a.txt", "The violin is kept in the cupboard under the stairs.");
    fs::create_dir(place.home()).unwrap();
    let mount =
        format!("mount -t tmpfs -o size=260m,mode=0700 none '{}' && exec {WATTLE} \"$@\"", place.home().display());
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", &mount, "sh"]);
    let agent = Agent::start(command, &place.home(), &[place.docs().to_str().unwrap()]);
    agent_ready(&agent, 1);

    let inside = format!("/proc/{}/root{}", agent.child.id(), place.home().display());
    fs::write(format!("{inside}/filler"), vec![1; 200 << 20]).unwrap();
    place.write("b.txt", "The bicycle is in the cellar.");
    api_wait(&agent, |status| status["held"].as_str().is_some_and(|why| why.contains("MiB free")));
    place.write("c.txt", "The lamp is broken.");
    let found = api(&agent, "POST /v1/search", "{\"query\": \"violin\"}");
    assert!(found.contains("a.txt"), "{found}");
    place.write("a.txt", "The cello is sold.");
    let found = api(&agent, "POST /v1/search", "{\"query\": \"violin\"}");
    assert!(!found.contains("cupboard"), "no text answers that is not in its file any more: {found}");
    fs::remove_file(format!("{inside}/filler")).unwrap();
    agent_ready(&agent, 3);
}

#[test]
fn killed_on_a_full_disk_the_agent_starts_again_and_answers() {
    if !is_root() || Command::new("unshare").args(["-m", "true"]).status().map_or(true, |status| !status.success()) {
        eprintln!("SKIPPED, and nothing is proven: a small disk needs a mount namespace of its own.");
        return;
    }
    let place = Place::new();
    place.write("a.txt", "The violin is kept in the cupboard under the stairs.");
    fs::create_dir(place.home()).unwrap();
    // The disk outlives the agent: a process that does nothing holds its namespace.
    let home = place.home().display().to_string();
    let mount =
        format!("mount -t tmpfs -o size=200m,mode=0700 none '{home}' && touch '{home}/.mounted' && exec sleep 600");
    let mut keeper = Command::new("unshare").args(["-m", "sh", "-c", &mount]).spawn().unwrap();
    let inside = format!("/proc/{}/root{home}", keeper.id());
    while !fs::exists(format!("{inside}/.mounted")).unwrap_or(false) {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let up = |more: &[&str]| {
        let mut command = Command::new("nsenter");
        command.args(["-t", &keeper.id().to_string(), "-m", WATTLE]);
        Agent::start(command, &place.home(), more)
    };
    let agent = up(&[place.docs().to_str().unwrap()]);
    agent_ready(&agent, 1);
    let mut filler = fs::File::create(format!("{inside}/filler")).unwrap();
    while std::io::Write::write_all(&mut filler, &[1; 4096]).is_ok() {}
    drop(filler);
    agent.kill();
    let starts = || fs::read_to_string(format!("{inside}/boot")).unwrap();
    assert_eq!(starts(), "1\n");
    let agent = up(&[]);
    let found = api(&agent, "POST /v1/search", "{\"query\": \"violin\"}");
    assert!(found.contains("a.txt"), "{found}");
    let status: serde_json::Value = serde_json::from_str(&api(&agent, "GET /v1/status", "")).unwrap();
    let findings = status["findings"].to_string();
    assert!(findings.contains("MiB free") && findings.contains("start 2 of it is not counted yet"), "{status}");
    assert_eq!(starts(), "1\n");
    place.write("b.txt", "The bicycle is in the cellar.");
    fs::remove_file(format!("{inside}/filler")).unwrap();
    agent_ready(&agent, 2);
    api_wait(&agent, |status| status["findings"] == serde_json::json!([]));
    assert_eq!(starts(), "2\n", "it is counted once there is room");
    drop(agent);
    keeper.kill().unwrap();
    keeper.wait().unwrap();
}

/// Sends one HTTP request. The command line cannot read the token in the agent's mount namespace.
fn api(agent: &Agent, what: &str, body: &str) -> String {
    use std::io::{Read, Write};
    let (method, path) = what.split_once(' ').unwrap();
    let mut stream = std::net::TcpStream::connect(&agent.api).unwrap();
    let (api, token, length) = (&agent.api, &agent.token, body.len());
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {api}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all((head + body).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

fn api_wait(agent: &Agent, reached: impl Fn(&serde_json::Value) -> bool) {
    for _ in 0..1500 {
        let text = api(agent, "GET /v1/status", "");
        if serde_json::from_str(&text).is_ok_and(|status| reached(&status)) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("the expected status was not reached: {}\n{}", api(agent, "GET /v1/status", ""), agent.log());
}

fn agent_ready(agent: &Agent, files: u64) {
    api_wait(agent, |status| status["files"]["ready"] == files && status["working"] == false);
}

#[test]
fn a_home_that_is_moved_away_under_its_agent_is_told_by_every_command_and_is_not_made_anew() {
    let place = Place::new();
    place.write("violin.md", "The violin is kept in the cupboard under the stairs.");
    let agent = place.up(&[place.docs().to_str().unwrap()]);
    agent.wait_ready(1);
    let (home, away) = (place.home(), place.path().join("away"));
    let rename = |from: &Path, to: &Path| fs::rename(from, to).unwrap();
    let said = |command: &[&str]| {
        // Not the agent's own address: with it alone nobody knows that an agent is there.
        let output = Command::new(WATTLE).arg("--home").arg(&home).args(command).output().unwrap();
        assert!(!output.status.success(), "{command:?}");
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };
    rename(&home, &away);
    let sentence = format!("still runs (process {})", agent.child.id());
    for command in [&["status"][..], &["doctor"], &["up", "--api", "127.0.0.1:0"]] {
        let text = said(command);
        assert!(text.contains(&sentence) && text.contains("Put it back") && !text.contains("wattle up"), "{text}");
    }
    assert!(!home.exists(), "nothing was made");
    // Somebody made the folder.
    fs::create_dir(&home).unwrap();
    let text = said(&["up", "--api", "127.0.0.1:0"]);
    assert!(text.contains(&sentence), "{text}");
    assert!(!home.join("identity.key").exists());
    fs::remove_dir_all(&home).unwrap();
    rename(&away, &home);
    place.write("beet.md", "Pickled beetroot takes three spoons of caraway.");
    agent.wait_ready(2);
    agent.stop();
    assert!(place.up(&[]).search("beetroot")[0].ends_with("/beet.md"), "it starts again");
}
