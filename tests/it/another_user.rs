//! Another user of the same machine, at what is the agent's own user's alone: the page's first password, and a code of `wattle open`.
//!
//! Needs root, as only root starts a program of another user; otherwise the tests print that and are skipped.

use super::harness::{Agent, Place};
use serde_json::{Value, json};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

/// A user who owns nothing: nobody.
const OTHER: u32 = 65534;

/// What their program does with a connection: sends this, and reads all that comes.
const READS: &str = r#"exec 3<>"/dev/tcp/$1/$2" && printf %s "$3" >&3 && cat <&3"#;

/// The same, and closes at once: then nobody owns that end of the connection, and the kernel writes the user 0 for it.
const CLOSES: &str = r#"exec 3<>"/dev/tcp/$1/$2" && printf %s "$3" >&3; exec 3>&-"#;

fn may_be_somebody_else() -> bool {
    if rustix::process::getuid().is_root() {
        return true;
    }
    eprintln!("SKIPPED, and nothing is proven: only root starts a program of another user.");
    false
}

/// A call of a program of that user; what it read.
fn other_user(agent: &Agent, does: &str, path: &str, body: &Value) -> String {
    let body = body.to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        agent.api,
        body.len()
    );
    let (host, port) = agent.api.split_once(':').unwrap();
    let mut command = Command::new("bash");
    command.args(["-c", does, "bash", host, port, &request]).current_dir("/");
    let output = command.uid(OTHER).gid(OTHER).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The same of one who closes before the agent looks: the agent sleeps meanwhile, and the kernel takes the connection for it.
fn other_user_is_gone(agent: &Agent, path: &str, body: &Value) {
    let signal = |signal: &str| {
        let sent = Command::new("kill").args([signal, &agent.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    };
    signal("-STOP");
    other_user(agent, CLOSES, path, body);
    // Until the kernel has only the remains of that end (FIN-WAIT-2), which are nobody's.
    std::thread::sleep(Duration::from_millis(300));
    signal("-CONT");
    std::thread::sleep(Duration::from_millis(500));
}

fn is_first_visit(agent: &Agent) -> bool {
    let door = agent.call("GET", "/v1/door", "").1;
    assert_ne!(door["first_visit"], door["password"], "{door}");
    door["first_visit"] == true
}

#[test]
fn another_user_of_the_machine_does_not_choose_the_first_password_and_the_agents_own_user_does() {
    if !may_be_somebody_else() {
        return;
    }
    let place = Place::new();
    let agent = place.up(&[]);
    let words = json!({ "password": "quince and plum" });
    let told = other_user(&agent, READS, "/v1/password/first", &words);
    assert!(told.starts_with("HTTP/1.1 409 ") && told.contains("only the agent's own user chooses"), "{told}");
    // Who closes before the agent looks has a connection that belongs to nobody: not to root either, whose agent this one is.
    other_user_is_gone(&agent, "/v1/password/first", &words);
    assert!(is_first_visit(&agent), "{}", agent.log());
    let (status, session) = agent.call("POST", "/v1/password/first", &words.to_string());
    assert_eq!((status, &session["role"]), (200, &json!("admin")), "{session}");
    assert!(!is_first_visit(&agent));
}

#[test]
fn a_code_of_wattle_open_lets_no_other_user_in_and_is_not_used_up_by_one() {
    if !may_be_somebody_else() {
        return;
    }
    let place = Place::new();
    let agent = place.up(&[]);
    let (_, code) = agent.call("POST", "/v1/session/once", "{}");
    assert!(code["once"].is_string(), "{code}");
    let told = other_user(&agent, READS, "/v1/session", &code);
    assert!(told.starts_with("HTTP/1.1 401 ") && told.contains("only a browser of the agent's own user"), "{told}");
    assert!(!told.contains("\"token\""), "{told}");
    other_user_is_gone(&agent, "/v1/session", &code);
    let (_, list) = agent.call("GET", "/v1/tokens", "");
    assert_eq!(list["tokens"], json!([]), "nobody was let in");
    let (status, session) = agent.call("POST", "/v1/session", &code.to_string());
    assert_eq!(status, 200, "it is still good: {session}");
    assert_eq!(agent.call("POST", "/v1/session", &code.to_string()).0, 401, "once");
}
