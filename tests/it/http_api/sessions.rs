//! The page's password: who is let in by it, what a session may do, and how little whoever guesses learns.

use super::{Agent, agent, refused, status_of};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const WORDS: &str = "quince and plum";
const BROWSER: &str = "User-Agent: Mozilla/5.0 (Android 14; Mobile; rv:128.0) Gecko/128.0 Firefox/128.0";

fn json_of(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

fn with_password() -> Agent {
    let agent = agent();
    let set = agent.with_token("POST", "/v1/password", &json!({ "password": WORDS }).to_string());
    assert_eq!(status_of(&set), 200, "{set}");
    agent
}

fn enter(agent: &Agent, body: &Value) -> String {
    agent.call("POST", "/v1/session", &[BROWSER], &body.to_string())
}

/// The header of a session that was opened so.
fn session(agent: &Agent, body: &Value) -> String {
    let answer = enter(agent, body);
    assert_eq!(status_of(&answer), 200, "{answer}");
    format!("Authorization: Bearer {}", json_of(&answer)["token"].as_str().unwrap())
}

#[test]
fn a_wrong_password_is_told_apart_from_a_missing_one_and_from_one_that_is_not_set() {
    let agent = agent();
    let door = |agent: &Agent| json_of(&agent.get("/v1/door", &[]));
    assert_eq!(door(&agent), json!({ "password": false, "first_visit": false, "open": false }));
    let unset = enter(&agent, &json!({ "password": WORDS }));
    refused(&agent, &unset, 409);
    assert!(unset.contains("No password is set"), "{unset}");
    let first = agent.call("POST", "/v1/password/first", &[], &json!({ "password": WORDS }).to_string());
    refused(&agent, &first, 409);
    let agent = with_password();
    assert_eq!(door(&agent), json!({ "password": true, "first_visit": false, "open": false }));
    let missing = enter(&agent, &json!({}));
    refused(&agent, &missing, 400);
    assert!(missing.contains("one of them is needed"), "{missing}");
    let wrong = enter(&agent, &json!({ "password": "plum and quince" }));
    refused(&agent, &wrong, 401);
    assert!(wrong.contains("not the password") && !wrong.contains("quince"), "{wrong}");
    assert_eq!(status_of(&agent.get("/v1/status", &[&session(&agent, &json!({ "password": WORDS }))])), 200);
    let short = agent.with_token("POST", "/v1/password", "{\"password\":\"seven77\"}");
    refused(&agent, &short, 400);
    assert!(short.contains("at least 8 characters") && !short.contains("seven77"), "{short}");
    for unseen in ["\0".repeat(8), "quince\nand plum".to_owned(), "quince\u{1b}[2Jplum".to_owned()] {
        let told = agent.with_token("POST", "/v1/password", &json!({ "password": unseen }).to_string());
        refused(&agent, &told, 400);
        assert!(told.contains("no control characters") && !told.contains("quince"), "{told}");
    }
}

#[test]
fn a_session_may_what_it_was_opened_for_is_listed_and_ends_when_it_is_revoked() {
    let agent = with_password();
    let read = session(&agent, &json!({ "password": WORDS, "role": "read" }));
    let admin = session(&agent, &json!({ "password": WORDS }));
    assert_eq!(status_of(&agent.call("POST", "/v1/search", &[&read], "{\"query\":\"x\"}")), 200);
    // A session of somebody who may look cannot make a token that may do more, nor another way in.
    for (path, body) in [
        ("/v1/tokens", json!({ "name": "x", "role": "admin" })),
        ("/v1/tokens", json!({ "name": "x", "role": "read" })),
        ("/v1/tokens/revoke", json!({ "name": "firefox-android" })),
        ("/v1/password", json!({ "password": "another long one", "old": WORDS })),
        ("/v1/password/remove", json!({ "old": WORDS })),
        ("/v1/session/once", json!({})),
    ] {
        refused(&agent, &agent.call("POST", path, &[&read], &body.to_string()), 403);
    }
    refused(&agent, &agent.call("POST", "/v1/forget", &[&read], "{\"path\":\"/a\"}"), 403);
    let list = json_of(&agent.with_token("GET", "/v1/tokens", ""));
    let told: Vec<String> = list["tokens"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| format!("{} {} {}", of["name"], of["kind"], of["role"]))
        .collect();
    assert_eq!(told, [r#""firefox-android" "session" "read""#, r#""firefox-android-2" "session" "admin""#]);
    assert!(list["tokens"][0]["expires"].as_i64() > list["tokens"][0]["used"].as_i64());
    assert!(!list.to_string().contains(read.rsplit(' ').next().unwrap()));
    let revoked = agent.with_token("POST", "/v1/tokens/revoke", "{\"name\":\"firefox-android\"}");
    assert_eq!(status_of(&revoked), 200, "{revoked}");
    refused(&agent, &agent.get("/v1/status", &[&read]), 401);
    assert_eq!(status_of(&agent.get("/v1/status", &[&admin])), 200);
}

#[test]
fn browsers_are_listed_in_plain_words_and_signed_out_one_by_one_or_all_but_the_one_that_asks() {
    let agent = with_password();
    let [phone, here, other] = [(); 3].map(|()| session(&agent, &json!({ "password": WORDS })));
    let read = session(&agent, &json!({ "password": WORDS, "role": "read" }));
    let list = |of: &str| json_of(&agent.get("/v1/sessions", &[of]))["sessions"].clone();
    let told = list(&here);
    let first = &told[0];
    let words = json!([first["browser"], first["role"], first["current"]]);
    assert_eq!(words, json!(["Firefox on Android (2)", "admin", true]), "{told}");
    assert!(first["used"].as_i64() >= first["created"].as_i64() && first["expires"].as_i64() > first["used"].as_i64());
    assert_eq!(told.as_array().unwrap().iter().filter(|one| one["current"] == true).count(), 1);
    assert_eq!(list(&agent.bearer()).as_array().unwrap().len(), 4);
    assert!(!told.to_string().contains(phone.rsplit(' ').next().unwrap()));
    let end = |of: &str, body: Value| agent.call("POST", "/v1/sessions/end", &[of], &body.to_string());
    refused(&agent, &agent.get("/v1/sessions", &[&read]), 403);
    refused(&agent, &end(&read, json!({ "others": true })), 403);
    for body in [json!({}), json!({ "name": "firefox-android", "others": true }), json!({ "others": false })] {
        refused(&agent, &end(&here, body), 400);
    }
    refused(&agent, &end(&here, json!({ "name": "nobody" })), 409);
    assert_eq!(status_of(&end(&here, json!({ "name": "firefox-android" }))), 200);
    refused(&agent, &agent.get("/v1/status", &[&phone]), 401);
    // Whoever may only look signs itself out all the same, and the agent's own token is no browser.
    assert_eq!(status_of(&agent.call("POST", "/v1/session/end", &[&read], "{}")), 200);
    refused(&agent, &agent.get("/v1/status", &[&read]), 401);
    refused(&agent, &agent.with_token("POST", "/v1/session/end", "{}"), 409);
    let done = end(&here, json!({ "others": true }));
    assert!(done.contains("One other browser"), "{done}");
    refused(&agent, &agent.get("/v1/status", &[&other]), 401);
    assert_eq!(status_of(&agent.get("/v1/status", &[&here])), 200);
}

#[test]
fn a_browser_that_is_signed_out_follows_the_agent_no_more() {
    let agent = with_password();
    let session = session(&agent, &json!({ "password": WORDS }));
    let named = json_of(&agent.with_token("POST", "/v1/tokens", "{\"name\":\"grafana\"}"));
    let named = format!("Authorization: Bearer {}", named["token"].as_str().unwrap());
    // A program whose token is revoked does not, either.
    for (token, path, body) in
        [(session, "/v1/sessions/end", "{\"others\":true}"), (named, "/v1/tokens/revoke", "{\"name\":\"grafana\"}")]
    {
        let mut stream = TcpStream::connect(agent.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let request = format!(
            "GET /v1/events/stream HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{token}\r\n\r\n",
            agent.address
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        while !line.starts_with("event: status") {
            line.clear();
            assert!(stream.read_line(&mut line).unwrap() > 0, "the stream begins");
        }
        let done = agent.with_token("POST", path, body);
        assert_eq!(status_of(&done), 200, "{done}");
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).expect("the stream ends, and does not only fall silent");
    }
}

#[test]
fn a_changed_or_removed_password_ends_all_sessions_and_no_token() {
    let agent = with_password();
    let named = json_of(&agent.with_token("POST", "/v1/tokens", "{\"name\":\"grafana\"}"));
    let named = format!("Authorization: Bearer {}", named["token"].as_str().unwrap());
    for (path, body, again) in [
        ("/v1/password", json!({ "password": "an entirely new one" }), Some("an entirely new one")),
        ("/v1/password/remove", json!({}), None),
    ] {
        let words = if again.is_some() { WORDS } else { "an entirely new one" };
        let sessions = [session(&agent, &json!({ "password": words })), session(&agent, &json!({ "password": words }))];
        let done = agent.with_token("POST", path, &body.to_string());
        assert_eq!(status_of(&done), 200, "{done}");
        for session in &sessions {
            refused(&agent, &agent.get("/v1/status", &[session]), 401);
        }
        let old = enter(&agent, &json!({ "password": words }));
        refused(&agent, &old, if again.is_some() { 401 } else { 409 });
        assert_eq!(status_of(&agent.get("/v1/status", &[&named])), 200);
    }
}

#[test]
fn a_browser_that_was_left_open_changes_the_password_only_with_the_one_of_before() {
    let agent = with_password();
    let open = session(&agent, &json!({ "password": WORDS }));
    let change = |path: &str, body: Value| agent.call("POST", path, &[&open], &body.to_string());
    refused(&agent, &change("/v1/password", json!({ "password": "an entirely new one" })), 400);
    refused(&agent, &change("/v1/password/remove", json!({})), 400);
    refused(&agent, &change("/v1/password", json!({ "password": "an entirely new one", "old": "guessed one" })), 403);
    assert_eq!(status_of(&agent.get("/v1/status", &[&open])), 200, "nothing was changed");
    let changed = change("/v1/password", json!({ "password": "an entirely new one", "old": WORDS }));
    assert_eq!(status_of(&changed), 200, "{changed}");
    refused(&agent, &agent.get("/v1/status", &[&open]), 401);
    assert_eq!(status_of(&enter(&agent, &json!({ "password": "an entirely new one" }))), 200);
}

#[test]
fn after_five_wrong_passwords_the_right_one_waits_too_and_tokens_do_not() {
    let agent = with_password();
    let wrong = |number: usize| enter(&agent, &json!({ "password": format!("guess number {number}") }));
    for number in 0..4 {
        refused(&agent, &wrong(number), 401);
    }
    assert_eq!(status_of(&enter(&agent, &json!({ "password": WORDS }))), 200, "a slip of the finger costs nothing");
    for number in 0..5 {
        refused(&agent, &wrong(number), 401);
    }
    for body in [json!({ "password": WORDS }), json!({ "password": "guess" }), json!({ "once": "0".repeat(64) })] {
        let told = enter(&agent, &body);
        refused(&agent, &told, 429);
        let header = told.lines().find_map(|line| line.strip_prefix("Retry-After: ")).unwrap();
        assert!((1..=60).contains(&header.trim().parse::<u64>().unwrap()), "{told}");
    }
    let wrong_token = agent.get("/v1/status", &[&format!("Authorization: Bearer {:064x}", 1)]);
    refused(&agent, &wrong_token, 401);
}

#[test]
fn a_flood_of_guesses_keeps_out_neither_a_browser_that_was_let_in_before_nor_the_owners_code() {
    let agent = with_password();
    let right = json!({ "password": WORDS });
    session(&agent, &right);
    let by = |program: &str, body: &Value| {
        agent.call("POST", "/v1/session", &[&format!("User-Agent: {program}")], &body.to_string())
    };
    let guessed: Vec<u16> = (0..30)
        .map(|number| status_of(&by(&format!("guesser {number}"), &json!({ "password": "guess guess" }))))
        .collect();
    assert_eq!(guessed.iter().filter(|status| **status == 401).count(), 10, "{guessed:?}");
    let fresh = by("another one", &right);
    refused(&agent, &fresh, 429);
    assert!(fresh.contains("try again in") && fresh.contains("`wattle link`"), "{fresh}");
    assert_eq!(status_of(&enter(&agent, &right)), 200, "the browser of before");
    let code = json_of(&agent.with_token("POST", "/v1/session/once", "{}"))["once"].clone();
    assert_eq!(status_of(&by("another one", &json!({ "once": code }))), 200);
    assert_eq!(status_of(&by("another one", &right)), 200, "which is one of before now");
}

#[test]
fn many_guesses_at_once_are_no_more_than_one_after_the_other() {
    let agent = with_password();
    let body = json!({ "password": "guess and guess" }).to_string();
    let request = format!(
        "POST /v1/session HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        agent.address,
        body.len()
    );
    let ask = |_| {
        let mut stream = TcpStream::connect(agent.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    };
    let streams: Vec<TcpStream> = (0..20).map(ask).collect();
    let told: Vec<u16> = streams.into_iter().map(|stream| status_of(&super::rest(stream))).collect();
    assert_eq!(told.iter().filter(|status| **status == 401).count(), 5, "{told:?}");
    assert_eq!(told.iter().filter(|status| **status == 429).count(), 15, "{told:?}");
}

#[test]
fn a_page_of_another_origin_or_by_another_name_cannot_knock() {
    let agent = with_password();
    let right = json!({ "password": WORDS }).to_string();
    for line in [
        "Origin: http://evil.example",
        "Origin: null",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
        "Host: evil.example:7780",
    ] {
        for (method, path) in [("POST", "/v1/session"), ("POST", "/v1/password/first"), ("GET", "/v1/door")] {
            refused(&agent, &agent.call(method, path, &[line], &right), 403);
        }
    }
    let own = format!("Origin: http://{}", agent.address);
    assert_eq!(status_of(&agent.call("POST", "/v1/session", &[&own, "Sec-Fetch-Site: same-origin"], &right)), 200);
}

#[test]
fn a_code_lets_one_browser_of_this_user_in_once() {
    let agent = agent();
    let code = || json_of(&agent.with_token("POST", "/v1/session/once", "{}"))["once"].clone();
    let first = code();
    let open = session(&agent, &json!({ "once": first }));
    assert_eq!(status_of(&agent.get("/v1/status", &[&open])), 200, "without any password");
    refused(&agent, &enter(&agent, &json!({ "once": first })), 401);
    refused(&agent, &enter(&agent, &json!({ "once": "0".repeat(64) })), 401);
    refused(&agent, &enter(&agent, &json!({ "once": code(), "password": WORDS })), 400);
    // A code is no token.
    let as_token = format!("Authorization: Bearer {}", code().as_str().unwrap());
    refused(&agent, &agent.get("/v1/status", &[&as_token]), 401);
    refused(&agent, &agent.call("POST", "/v1/session/once", &[], "{}"), 401);
}
