//! The way of a file through a real agent: added, found, changed, renamed, deleted.

use super::harness::{Agent, MEANING, Place, WATTLE, up_args};
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

const HEATING: &str = "# Heating\n\nBleed the radiators every autumn, beginning with the lowest one in the house.\n";
const BREAD: &str = "# Bread\n\nKnead the dough for ten minutes and let it rise until it has doubled.\n";
const TAX: &str = "The tax office wants the form by the end of May, with all receipts.\n";

fn first(agent: &Agent, question: &str) -> String {
    agent.search(question).into_iter().next().unwrap_or_default()
}

#[test]
fn a_file_is_found_by_its_meaning_after_it_is_added_changed_renamed_and_deleted() {
    let place = Place::new();
    place.write("house/heating.md", HEATING);
    place.write("bread.md", BREAD);
    let agent = place.up(&[MEANING, place.docs().to_str().unwrap()]);
    agent.wait_ready(2);
    assert!(first(&agent, "How do I get air out of the heaters?").ends_with("/house/heating.md"));

    place.write("office/tax.txt", TAX);
    agent.wait_ready(3);
    assert!(first(&agent, "When must I hand in my declaration?").ends_with("/office/tax.txt"));

    place.write("bread.md", "Water the tomatoes in the evening, never in the midday sun.\n");
    agent.wait("the changed file", |_| first(&agent, "tomatoes in the garden").ends_with("/bread.md"));
    agent.wait_ready(3);

    let before = agent.embedded().len();
    fs::rename(place.docs().join("house"), place.docs().join("home")).unwrap();
    agent.wait("the new name", |_| first(&agent, "air in the heaters").ends_with("/home/heating.md"));
    agent.wait_ready(3);
    assert_eq!(agent.embedded().len(), before, "a renamed folder embeds nothing");

    fs::remove_file(place.docs().join("office/tax.txt")).unwrap();
    agent.wait_ready(2);
    assert!(!first(&agent, "When must I hand in my declaration?").ends_with("/tax.txt"));
    agent.stop();
}

#[test]
fn a_status_at_once_after_the_first_start_tells_no_zeros_and_misses_no_folder() {
    let place = Place::new();
    place.write("a.md", HEATING);
    let agent = place.up(&[place.docs().to_str().unwrap()]);
    let text = String::from_utf8(agent.cli(["status"]).stdout).unwrap();
    assert!(!text.contains("nothing yet") && !text.contains("\nFiles      0 ready\n"), "{text}");
    assert!(text.starts_with("Starting   The agent is starting") || !text.contains("not known yet"), "{text}");
    agent.wait_ready(1);
    agent.wait("the end of the start", |status| status["starting"].is_null());
    agent.stop();
}

#[test]
fn what_was_added_is_watched_again_after_a_restart_and_nothing_is_embedded_again() {
    let place = Place::new();
    place.write("a.md", HEATING);
    let agent = place.up(&[]);
    agent.add(&place.docs());
    agent.wait_ready(1);
    let before = agent.embedded().len();
    agent.stop();
    place.write("b.md", BREAD);
    let agent = place.up(&[]);
    agent.wait_ready(2);
    assert_eq!(agent.embedded().len(), before + 1);
    let status = agent.status();
    assert_eq!(status["mesh"], serde_json::Value::Null);
    assert_eq!(status["peers"], serde_json::json!([]));
    assert_eq!(status["chunks"], 2);
    assert!(status["peer_id"].as_str().unwrap().starts_with("12D3KooW"));
}

#[test]
fn every_answer_names_its_device_and_its_coverage() {
    let place = Place::new();
    place.write("a.md", HEATING);
    let agent = place.up(&[place.docs().to_str().unwrap()]);
    agent.wait_ready(1);
    let found = agent.json(&["search", "radiators", "-k", "1", "--json"]);
    let files = serde_json::json!({"known": 1, "searchable": 1, "away": 0, "scanning": false});
    let uncovered = serde_json::json!({"documents": 0, "elsewhere": 0, "unknown_devices": 0});
    let whole = serde_json::json!({"asked": 1, "answered": 1, "uncovered": uncovered, "files": files, "background": null, "unusable": 0});
    assert_eq!(found["coverage"], whole);
    let hit = &found["hits"][0];
    assert_eq!(hit["device"], "here");
    assert!(hit["text"].as_str().unwrap().contains("Bleed the radiators"));
    assert!(hit["score"].as_f64().unwrap() > 0.3);
}

#[test]
fn the_doctor_finds_a_healthy_agent_healthy() {
    let place = Place::new();
    place.write("a.md", HEATING);
    let agent = place.up(&[place.docs().to_str().unwrap()]);
    agent.wait_ready(1);
    let output = agent.cli(["doctor"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_command_without_an_agent_fails_with_one_sentence() {
    let output =
        Command::new(WATTLE).args(["--api", "127.0.0.1:9", "--home", "/nonexistent", "search", "x"]).output().unwrap();
    assert!(!output.status.success());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("wattle up") || error.contains("token"), "{error}");
    assert_eq!(error.lines().count(), 1, "one sentence: {error}");
}

#[test]
fn whoever_the_api_answers_finds_its_address_in_the_home() {
    let place = Place::new();
    let api = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let args = up_args(&place.home(), &[]).into_iter().map(|arg| if arg == "127.0.0.1:0" { api.clone() } else { arg });
    let mut command = Command::new(WATTLE);
    let mut child = command.args(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // The listener is there before the agent answers: the question waits for it.
    let connect = || TcpStream::connect(&api).ok();
    let mut stream = std::iter::repeat_with(|| {
        std::thread::sleep(Duration::from_millis(1));
        connect()
    });
    let mut stream = stream.find_map(|stream| stream).unwrap();
    write!(stream, "GET /healthz HTTP/1.1\r\nHost: {api}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let told = fs::read_to_string(place.home().join("api-address"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(answer.ends_with("ok"), "{answer}");
    assert_eq!(told.unwrap(), format!("{api}\n"));
}
