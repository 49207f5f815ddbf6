//! `wattle open`, with a program in place of the desktop's that notes down what it is told.

use super::harness::{Place, WATTLE};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};
use std::time::Duration;

/// Runs `wattle open` with a display, or none, and a desktop whose opener does this.
fn open(place: &Place, display: Option<&str>, then: Option<&str>, more: &[&str]) -> Output {
    let bin = place.path().join("bin");
    fs::create_dir_all(&bin).unwrap();
    if let Some(then) = then {
        let told = place.path().join("told");
        let file = bin.join("xdg-open");
        fs::write(&file, format!("#!/bin/sh\necho \"$@\" >> '{}'\n{then}\n", told.display())).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new(WATTLE);
    command.arg("--home").arg(place.home()).arg("open").args(more);
    command.env("PATH", &bin).env_remove("WAYLAND_DISPLAY").env_remove("DISPLAY");
    if let Some(display) = display {
        command.env("DISPLAY", display);
    }
    command.output().unwrap()
}

/// What the opener was told, once it was.
fn told(place: &Place) -> String {
    for _ in 0..200 {
        if let Ok(told) = fs::read_to_string(place.path().join("told"))
            && told.ends_with('\n')
        {
            return told;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    String::new()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_page_is_opened_on_a_desktop_without_a_secret_that_other_users_could_read() {
    let place = Place::new();
    let agent = place.up(&[]);
    let whole = format!("http://{}/#token={}", agent.api, agent.token);
    let output = open(&place, Some(":0"), Some("exit 3"), &[]);
    assert!(output.status.success(), "an opener that fails is no failure: {output:?}");
    let text = said(&output);
    assert!(text.contains(&whole) && text.contains("opens in your browser"), "{text}");
    let told = told(&place);
    assert!(told.starts_with(&format!("http://{}/", agent.api)), "{told}");
    assert!(!told.contains(&agent.token), "ps shows it to everybody");
    // What it was told lets a browser of this user in, once.
    let code = told.trim().split_once("#once=").unwrap().1;
    let body = format!("{{\"once\":\"{code}\"}}");
    let (status, session) = agent.call("POST", "/v1/session", &body);
    assert_eq!((status, session["role"].as_str()), (200, Some("admin")), "{session}");
    assert_eq!(agent.call("POST", "/v1/session", &body).0, 401);
}

#[test]
fn without_a_display_or_an_opener_or_where_it_is_only_printed_nothing_is_started_and_nothing_fails() {
    let place = Place::new();
    let agent = place.up(&[]);
    let whole = format!("http://{}/#token={}", agent.api, agent.token);
    let output = open(&place, Some(":0"), None, &[]);
    assert!(output.status.success() && said(&output).contains(&whole), "{output:?}");
    assert!(!said(&output).contains("opens in your browser"), "there is no opener: {output:?}");
    let output = open(&place, None, Some(""), &[]);
    assert!(output.status.success() && said(&output).contains(&whole), "{output:?}");
    for print in ["--print", "--no-browser"] {
        let output = open(&place, Some(":0"), Some(""), &[print]);
        assert_eq!((output.status.code(), said(&output)), (Some(0), format!("{whole}\n")), "{output:?}");
    }
    std::thread::sleep(Duration::from_millis(200));
    assert!(!place.path().join("told").exists(), "the opener was started");
}

#[test]
fn where_no_agent_runs_no_token_is_printed_and_nothing_is_opened() {
    let place = Place::new();
    let agent = place.up(&[]);
    let token = agent.token.clone();
    agent.stop();
    for more in [&[][..], &["--print"]] {
        let output = open(&place, Some(":0"), Some(""), more);
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("wattle up"), "{output:?}");
        assert!(!format!("{output:?}").contains(&token), "{output:?}");
    }
    assert!(!place.path().join("told").exists());
}
