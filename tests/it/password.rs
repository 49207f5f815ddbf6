//! The page's password at a real agent: chosen by the first visitor, set and removed at the command line, and an agent that lets in whoever uses its
//! machine.

use super::harness::{Agent, Place, WATTLE};
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use wattle::net::discovery::interface::own_addresses;

const WORDS: &str = "quince and plum";

/// A call without a token, with these lines.
fn knock(agent: &Agent, method: &str, path: &str, lines: &str, body: &str) -> (u16, Value) {
    knock_at(&agent.api, method, path, lines, body)
}

/// The same at this address.
fn knock_at(api: &str, method: &str, path: &str, lines: &str, body: &str) -> (u16, Value) {
    let mut stream = TcpStream::connect(api).unwrap();
    let head =
        format!("{method} {path} HTTP/1.1\r\nHost: {api}\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    stream.write_all(format!("{head}{lines}\r\n{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap_or_default())
}

fn enter(agent: &Agent, path: &str, password: &str) -> (u16, Value) {
    knock(agent, "POST", path, "", &json!({ "password": password }).to_string())
}

/// `wattle password` with this on its standard input.
fn password(place: &Place, what: &str, input: &str) -> Output {
    let mut command = Command::new(WATTLE);
    command.arg("--home").arg(place.home()).args(["password", what]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_key_that_was_made_before_the_first_start_takes_no_first_visit() {
    let place = Place::new();
    let id = Command::new(WATTLE).arg("--home").arg(place.home()).arg("id").output().unwrap();
    assert!(id.status.success() && place.home().join("identity.key").exists(), "{id:?}");
    let agent = place.up(&[]);
    assert_eq!(knock(&agent, "GET", "/v1/door", "", "").1["first_visit"], true);
    agent.stop();
}

#[test]
fn the_first_visitor_of_a_new_agent_chooses_the_password_once_and_it_holds_over_a_start() {
    let place = Place::new();
    let agent = place.up(&[]);
    assert_eq!(knock(&agent, "GET", "/v1/door", "", "").1["first_visit"], true);
    assert_eq!(enter(&agent, "/v1/password/first", "short").0, 400);
    let (status, session) = enter(&agent, "/v1/password/first", WORDS);
    assert_eq!((status, &session["role"]), (200, &json!("admin")), "{session}");
    let bearer = format!("Authorization: Bearer {}\r\n", session["token"].as_str().unwrap());
    assert_eq!(enter(&agent, "/v1/password/first", "another long one").0, 409, "the second visitor is too late");
    agent.stop();
    let agent = place.up(&[]);
    assert_eq!(
        knock(&agent, "GET", "/v1/door", "", "").1,
        json!({ "password": true, "first_visit": false, "open": false })
    );
    assert_eq!(knock(&agent, "GET", "/v1/status", &bearer, "").0, 200, "the browser is remembered");
    assert_eq!(enter(&agent, "/v1/session", WORDS).0, 200);
    assert!(!agent.log().contains("quince") && !agent.log().contains(session["token"].as_str().unwrap()));
}

/// An address of this machine that other devices reach, with a free port; `None`, told loudly, where it has none.
fn outside() -> Option<String> {
    let Some(own) = own_addresses(0).into_iter().next() else {
        eprintln!("SKIPPED, NOT TESTED: this machine has no address that other devices reach.");
        return None;
    };
    Some(TcpListener::bind(own).ok()?.local_addr().ok()?.to_string())
}

#[test]
fn over_the_network_nobody_chooses_the_first_password_unless_the_agent_was_started_for_a_visitor_from_there() {
    let Some(open) = outside() else { return };
    let words = json!({ "password": WORDS }).to_string();
    let first = || knock_at(&open, "POST", "/v1/password/first", "", &words);
    let offers = |at: &str| knock_at(at, "GET", "/v1/door", "", "").1["first_visit"] == true;
    let place = Place::new();
    let agent = place.up(&["--open-api", &open]);
    assert!(!offers(&open) && offers(&agent.api), "on the device itself one is chosen as before");
    let (status, why) = first();
    assert!(status == 409 && why.to_string().contains("`wattle link`"), "{status} {why}");
    assert!(!agent.status()["findings"].to_string().contains("first-visitor"));
    // Whoever is not let in is told what to type: on this machine with the home in it, whose path is no stranger's business.
    for (at, names_home) in [(&agent.api, true), (&open, false)] {
        let (status, why) = knock_at(at, "GET", "/v1/status", "", "");
        assert_eq!((status, why.to_string().contains("--home")), (401, names_home), "{why}");
    }
    assert!(offers(&agent.api), "nothing was changed");
    agent.stop();
    // The flag is for one run: it is not in config.toml. The window of before goes on.
    let agent = place.up(&["--open-api", &open, "--first-visitor"]);
    assert!(offers(&open));
    let told = |status: &Value| status["findings"].to_string().contains("at the command line");
    agent.wait("that anybody may choose it", told);
    assert!(!fs::read_to_string(place.home().join("config.toml")).unwrap_or_default().contains("visitor"));
    let (status, session) = first();
    assert_eq!((status, &session["role"]), (200, &json!("admin")), "{session}");
    assert_eq!(first().0, 409, "the second visitor is too late");
    agent.wait("the end of that", |status| !told(status));
    agent.stop();
}

#[test]
fn no_address_is_handed_out_that_the_device_does_not_have() {
    let place = Place::new();
    // RFC 5737 reserves it for documentation: no device has it.
    fs::create_dir(place.home()).unwrap();
    fs::write(place.home().join("config.toml"), "[api]\nopen = \"192.0.2.1:7780\"\n").unwrap();
    let agent = place.up(&[]);
    let link = agent.json(&["link", "--json"]);
    assert!(link["phone"].is_null() && link["why"].as_str().unwrap().contains("192.0.2.1:7780"), "{link}");
    let code = agent.cli(["link", "--qr"]);
    assert!(code.status.code() == Some(1) && code.stdout.is_empty(), "{code:?}");
    let said = String::from_utf8_lossy(&code.stderr);
    assert!(said.contains("does not have that address"), "{said}");
    if let Some(own) = own_addresses(7780).first() {
        assert!(
            said.contains(&own.ip().to_string()) && said.contains("--open-api ") && said.contains(&own.to_string()),
            "{said}"
        );
    }
    let doctor: Value = serde_json::from_slice(&agent.cli(["doctor", "--json"]).stdout).unwrap();
    let checks = doctor["checks"].as_array().unwrap();
    let settings = checks.iter().find(|check| check["name"] == "settings").unwrap();
    assert!(settings["ok"] == false && settings["says"].to_string().contains("192.0.2.1:7780"), "{settings}");
    // The agent says the same, at the page too, and the doctor says it once.
    let status = agent.json(&["status", "--json"]);
    let told: Vec<&Value> = status["findings"].as_array().unwrap().iter().map(|finding| &finding["what"]).collect();
    assert!(told.contains(&&settings["says"]), "{status}");
    assert_eq!(checks.iter().filter(|check| check["says"] == settings["says"]).count(), 1, "{doctor}");
    let page = &status["page"];
    assert_eq!((&page["address"], &page["tls"]), (&json!("http://192.0.2.1:7780"), &json!(false)), "{status}");
    assert!(page["trouble"].as_str().unwrap().contains("does not have that address"), "{status}");
    let text = String::from_utf8(agent.cli(["status"]).stdout).unwrap();
    assert_eq!(text.matches("does not have that address").count(), 1, "{text}");
    agent.stop();
}

#[test]
fn a_home_that_was_started_before_has_no_first_visit() {
    let place = Place::new();
    let agent = place.up(&[]);
    agent.stop();
    // As by a version that knew no password.
    for name in ["api-password", "api-password.copy", "written-files"] {
        let _ = fs::remove_file(place.home().join(name));
    }
    let agent = place.up(&[]);
    assert_eq!(knock(&agent, "GET", "/v1/door", "", "").1["first_visit"], false);
    assert_eq!(enter(&agent, "/v1/password/first", WORDS).0, 409);
}

#[test]
fn a_first_start_that_was_cut_behind_its_token_and_its_count_is_the_first_again() {
    let place = Place::new();
    place.up(&[]).stop();
    // As the power going leaves it: the note, the key, the token and the count are there, and no step of the window is written down.
    let kept = ["lock", "identity", "hardware", "api-token", "boot"];
    for entry in fs::read_dir(place.home()).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_name().unwrap().to_str().unwrap();
        if entry.is_dir() {
            fs::remove_dir_all(&entry).unwrap();
        } else if !kept.iter().any(|kept| name.starts_with(kept)) {
            fs::remove_file(&entry).unwrap();
        }
    }
    fs::write(place.home().join("first-visit"), "new\n").unwrap();
    let agent = place.up(&[]);
    assert_eq!(knock(&agent, "GET", "/v1/door", "", "").1["first_visit"], true);
    assert_eq!(enter(&agent, "/v1/password/first", WORDS).0, 200);
}

#[test]
fn a_home_that_was_started_and_then_restored_takes_no_first_visitor_and_one_whose_restore_was_killed_says_so() {
    let source = Place::new();
    fs::create_dir(source.path().join("notes")).unwrap();
    fs::write(source.path().join("notes/a.txt"), "Quinces are picked in October.").unwrap();
    let agent = source.up(&[source.path().join("notes").to_str().unwrap()]);
    agent.wait_ready(1);
    let file = source.path().join("all.backup");
    let made = agent.cli(["backup", file.to_str().unwrap()]);
    assert!(made.status.success(), "{made:?}");
    agent.stop();
    let place = Place::new();
    place.up(&[]).stop();
    let mut restore = Command::new(WATTLE);
    let restored = restore.arg("--home").arg(place.home()).arg("restore").arg(&file).output().unwrap();
    assert!(restored.status.success(), "{restored:?}");
    let agent = place.up(&[]);
    assert_eq!(knock(&agent, "GET", "/v1/door", "", "").1["first_visit"], false);
    assert_eq!(enter(&agent, "/v1/password/first", WORDS).0, 409);
    agent.stop();

    let killed = Place::new();
    fs::create_dir_all(killed.home().join("store-1.restored")).unwrap();
    let agent = killed.up(&[]);
    assert_eq!(knock(&agent, "GET", "/v1/door", "", "").1["first_visit"], false);
    assert!(agent.status()["findings"].to_string().contains("A restore into this home did not end"));
}

#[test]
fn a_home_that_lost_its_password_and_the_count_of_its_starts_has_no_first_visit_and_says_so() {
    // With the list of what was there, and without it: then the store tells that the home is not new.
    for lost in [&["boot", "api-password"][..], &["boot", "api-password", "written-files"]] {
        let place = Place::new();
        let agent = place.up(&[]);
        assert_eq!(enter(&agent, "/v1/password/first", WORDS).0, 200);
        agent.stop();
        for name in lost.iter().flat_map(|name| [(*name).to_owned(), format!("{name}.copy")]) {
            let _ = fs::remove_file(place.home().join(name));
        }
        let agent = place.up(&[]);
        assert_eq!(
            knock(&agent, "GET", "/v1/door", "", "").1,
            json!({ "password": false, "first_visit": false, "open": false }),
            "{lost:?}"
        );
        assert_eq!(enter(&agent, "/v1/password/first", "another long one").0, 409);
        let findings = agent.status()["findings"].to_string();
        assert!(findings.contains("nobody chooses one as its first visitor"), "{lost:?}: {findings}");
        agent.stop();
        assert_eq!(enter(&place.up(&[]), "/v1/password/first", "another long one").0, 409, "nor at a later start");
    }
}

#[test]
fn the_owner_sets_and_removes_the_password_at_the_command_line_and_it_is_no_argument() {
    let place = Place::new();
    let agent = place.up(&[]);
    let said = |output: &Output| {
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };
    for (input, why) in [("", "Nothing was typed"), ("short\n", "at least 8 characters")] {
        let output = password(&place, "set", input);
        assert!(output.status.code() == Some(1) && said(&output).contains(why), "{output:?}");
    }
    let output = password(&place, "set", "quince and plum\n");
    assert!(output.status.success() && said(&output).contains("The password is set"), "{output:?}");
    assert!(!said(&output).contains("quince"), "{output:?}");
    let (status, session) = enter(&agent, "/v1/session", WORDS);
    assert_eq!(status, 200, "{session}");
    let list = agent.cli(["token", "list"]);
    assert!(said(&list).contains("browser  session  admin"), "{list:?}");
    let output = password(&place, "remove", "");
    assert!(output.status.success() && said(&output).contains("no password any more"), "{output:?}");
    assert_eq!(enter(&agent, "/v1/session", WORDS).0, 409);
    assert_eq!(knock(&agent, "GET", "/v1/door", "", "").1["first_visit"], false, "one was set");
    let output = agent.cli(["password", "set", WORDS]);
    assert_eq!(output.status.code(), Some(2), "an argument would be read by everybody: {output:?}");
    assert!(!agent.log().contains("quince"));
}

#[test]
fn whoever_uses_the_machine_is_let_in_only_where_its_owner_says_so_and_no_other_device_can_reach_it() {
    let place = Place::new();
    let closed = place.up(&[]);
    assert_eq!(knock(&closed, "GET", "/v1/status", "", "").0, 401);
    closed.stop();
    let config = place.home().join("config.toml");
    let before = fs::read_to_string(&config).unwrap_or_default();
    fs::write(&config, format!("{before}\n[api]\nopen_here = true\n")).unwrap();
    let why = place.up_fails(&["--open-api", "192.0.2.1:7780"]);
    assert!(why.contains("api.open_here"), "{why}");
    let agent = place.up(&[]);
    assert_eq!(knock(&agent, "GET", "/v1/door", "", "").1["open"], true);
    assert_eq!(knock(&agent, "GET", "/v1/status", "", "").0, 200);
    assert_eq!(knock(&agent, "GET", "/v1/tokens", "", "").0, 200, "everything");
    for line in ["Origin: http://evil.example\r\n", "Sec-Fetch-Site: cross-site\r\n"] {
        assert_eq!(knock(&agent, "GET", "/v1/status", line, "").0, 403, "{line}");
    }
    let wrong = format!("Authorization: Bearer {:064x}\r\n", 7);
    assert_eq!(knock(&agent, "GET", "/v1/status", &wrong, "").0, 401, "a token that is offered is looked at");
    let doctor = agent.cli(["doctor", "--json"]);
    assert!(String::from_utf8_lossy(&doctor.stdout).contains("without a token or a password"), "{doctor:?}");
    assert!(agent.log().contains("api.open_here"));
}
