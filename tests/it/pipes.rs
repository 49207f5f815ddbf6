//! Who reads no more, the demo, and commands that are told to be typed.

use super::harness::{Place, WATTLE};
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{PipeWriter, pipe};
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

/// A pipe that nobody reads any more.
fn closed() -> PipeWriter {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    writer
}

#[test]
fn where_nobody_reads_any_more_a_command_ends_without_a_panic() {
    let place = Place::new();
    let home = place.home().display().to_string();
    let demo = Command::new(WATTLE).arg("demo").stdout(closed()).output().unwrap();
    assert!(demo.status.success() && demo.stderr.is_empty(), "{}", String::from_utf8_lossy(&demo.stderr));
    let no_agent = Command::new(WATTLE).args(["status", "--home", &home]).stderr(closed()).status().unwrap();
    assert_eq!(no_agent.code(), Some(3), "the reason cannot be told, and is the same");
    let _agent = place.up(&[]);
    for command in [&["peers", "--watch"][..], &["peers", "--watch", "--json"], &["status"]] {
        let ended = Command::new(WATTLE).args(command).args(["--home", &home]).stdout(closed()).output().unwrap();
        assert!(ended.status.success() && ended.stderr.is_empty(), "{command:?}: {ended:?}");
    }
}

/// Where nothing can be written: the device of Linux that is always full (full(4)).
fn full() -> File {
    OpenOptions::new().write(true).open("/dev/full").unwrap()
}

#[test]
fn what_cannot_be_written_is_told_by_each_command_also_by_help_and_version() {
    let place = Place::new();
    let home = place.home().display().to_string();
    for words in [
        &["--help"][..],
        &["help"],
        &["--version"],
        &["help", "search"],
        &["search", "--help"],
        &["completions", "bash"],
        &["man"],
        &["man", "--json"],
        &["id", "--home", &home],
        &["doctor", "--home", &home],
    ] {
        let ended = Command::new(WATTLE).args(words).stdout(full()).output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(ended.status.code() == Some(1) && told.contains("cannot be written"), "{words:?}: {ended:?}");
        let ended = Command::new(WATTLE).args(words).stdout(closed()).output().unwrap();
        let is_doctor = words[0] == "doctor";
        assert!(
            (ended.status.success() || is_doctor) && ended.stderr.is_empty(),
            "a closed pipe, {words:?}: {ended:?}"
        );
    }
}

#[test]
fn a_question_that_is_too_long_is_told_its_own_limit_however_long_it_is() {
    let place = Place::new();
    let agent = place.up(&[]);
    for words in [5_000, 70_000] {
        let question = "x".repeat(words);
        let asked = agent.cli(["search", &question]);
        let told = String::from_utf8_lossy(&asked.stderr).into_owned();
        assert_eq!(asked.status.code(), Some(1), "{told}");
        assert!(told.contains(&format!("{words} bytes")) && told.contains("at most 4096 are read"), "{told}");
    }
}

#[test]
fn the_demo_answers_each_of_its_questions_from_the_device_that_has_the_note() {
    let demo = Command::new(WATTLE).arg("demo").output().unwrap();
    let told = String::from_utf8_lossy(&demo.stdout);
    assert!(demo.status.success(), "{told}{}", String::from_utf8_lossy(&demo.stderr));
    for first in [" 1. heating.md ", " 1. violin.md ", " 1. bread.md "] {
        assert!(told.contains(first), "{first} in {told}");
    }
}

#[test]
fn each_command_that_is_told_names_the_home_that_was_given_and_works_as_it_stands() {
    let place = Place::new();
    let home = place.home().display().to_string();
    let none = Command::new(WATTLE).args(["status", "--home", &home]).output().unwrap();
    let told = String::from_utf8(none.stderr).unwrap();
    assert!(told.contains(&format!("`wattle up --home {home}`")), "{told}");
    let agent = place.up(&[]);
    let peers = agent.cli(["peers"]);
    let told = String::from_utf8(peers.stdout).unwrap();
    let expected = format!("`wattle pair --home {home}` here, then `wattle join CODE` on the other one");
    assert!(told.contains(&expected), "{told}");
    let forget = agent.cli(["forget", "/nowhere"]);
    let told = String::from_utf8(forget.stderr).unwrap();
    assert!(told.contains("nothing to forget") && !told.contains("`wattle forget FOLDER`"), "{told}");
    let folders = agent.cli(["folders"]);
    let told = String::from_utf8(folders.stdout).unwrap();
    assert!(told.contains(&format!("`wattle add FOLDER --home {home}`")), "{told}");
    // Each command takes it behind its other words.
    for command in ["pause 1h", "pause until 18:30", "resume", "work now 1m", "forget --kept /x", "search a question"] {
        let words = command.split(' ').chain(["--home", &home]);
        let done = Command::new(WATTLE).args(words).output().unwrap();
        assert_ne!(done.status.code(), Some(2), "{command}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

#[test]
fn a_command_for_a_place_that_nobody_can_type_works_as_it_stands() {
    let place = Place::new();
    let folder = place.docs().join(OsStr::from_bytes(b"no\xff UTF  \x1b[31m\nit's `x`"));
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("bread.md"), "Bread needs flour.\n").unwrap();
    let agent = place.up(&[]);
    let added = agent.cli([OsStr::new("add"), folder.as_os_str()]);
    assert!(added.status.success(), "{added:?}");
    agent.wait_ready(1);
    let shown = agent.cli([OsStr::new("show"), folder.join("bread.md").as_os_str()]);
    assert_eq!(String::from_utf8_lossy(&shown.stdout).trim(), "Bread needs flour.", "{shown:?}");
    // What is above it is not watched itself, so each place in it is named with its command.
    let refused = agent.cli([OsStr::new("forget"), place.docs().as_os_str()]);
    let told = String::from_utf8(refused.stderr).unwrap();
    let command = told.split('`').find(|part| part.starts_with("wattle forget $'")).unwrap_or_else(|| panic!("{told}"));
    assert!(!command.chars().any(|c| c.is_control() || c == char::REPLACEMENT_CHARACTER), "{command:?}");
    let typed = command.replacen("wattle", WATTLE, 1);
    let done = Command::new("bash").args(["-c", &typed]).output().unwrap();
    assert!(done.status.success(), "{typed}: {done:?}");
    assert_eq!(agent.json(&["folders", "--json"])["folders"], serde_json::json!([]));
    // And as it is shown, where it was copied from a screen.
    assert!(agent.cli([OsStr::new("add"), folder.as_os_str()]).status.success());
    let shown = agent.json(&["folders", "--json"])["folders"][0]["path"].as_str().unwrap().to_owned();
    assert!(shown.contains(char::REPLACEMENT_CHARACTER), "{shown}");
    let done = agent.cli(["forget", &shown]);
    assert!(done.status.success(), "{done:?}");
    assert_eq!(agent.json(&["folders", "--json"])["folders"], serde_json::json!([]));
}

#[test]
fn a_document_is_shown_by_the_end_of_its_path_and_of_several_each_is_named_with_its_command() {
    let place = Place::new();
    place.write("a/notes/todo.md", "Prune the quince.\n");
    place.write("b/work/it's todo.md", "Call the mill.\n");
    place.write("b/work/todo.md", "Grind the flour.\n");
    let agent = place.up(&[place.docs().to_str().unwrap()]);
    agent.wait_ready(3);
    for end in ["notes/todo.md", "./notes/todo.md", "a/notes/todo.md"] {
        let shown = agent.cli(["show", end]);
        assert_eq!(String::from_utf8_lossy(&shown.stdout).trim(), "Prune the quince.", "{end}: {shown:?}");
    }
    let several = agent.cli(["show", "todo.md"]);
    let told = String::from_utf8_lossy(&several.stderr).into_owned();
    assert!(several.status.code() == Some(1) && told.contains("the paths of several end so"), "{told}");
    let commands: Vec<&str> = told.split('`').filter(|part| part.starts_with("wattle show ")).collect();
    assert_eq!(commands.len(), 2, "a whole name, and no part of one: {told}");
    for (command, text) in commands.iter().zip(["Prune the quince.", "Grind the flour."]) {
        let done = Command::new("bash").args(["-c", &command.replacen("wattle", WATTLE, 1)]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&done.stdout).trim(), text, "{command}: {done:?}");
    }
    let quoted = agent.cli(["show", "work/it's todo.md"]);
    assert_eq!(String::from_utf8_lossy(&quoted.stdout).trim(), "Call the mill.", "{quoted:?}");
    for none in ["odo.md", "../todo.md", "notes"] {
        let nothing = agent.cli(["show", none]);
        assert!(nothing.status.code() == Some(1) && nothing.stdout.is_empty(), "{none}: {nothing:?}");
    }
}
