//! Every row of the table of calls, against the real server.

use super::{Agent, agent, refused, status_of};
use std::net::TcpListener;
use std::sync::{Arc, atomic::Ordering};
use wattle::http::keys::Keys;
use wattle::http::routes::{Access, routes};
use wattle::http::{Timeouts, serve};
use wattle::platform::disk::{Disk, Sync};
use wattle::platform::home::Home;
use wattle::runtime::handle::NodeHandle;
use wattle::runtime::upkeep::Upkeep;

#[test]
fn every_row_of_the_table_answers_the_callers_and_the_method_that_it_names_only() {
    let agent = agent();
    Home::at(agent.home.path()).tls_root().unwrap();
    for route in routes() {
        // A stream does not end; `page` reads it. The gateway is off here; `ipfs` asks one that is on. A parameter stands for
        // one that there is.
        if ["/v1/events/stream", "/ipfs/{cid}"].contains(&route.path) {
            continue;
        }
        let (method, path) = (route.method.as_str(), route.path.replace("{file}", "app.js"));
        let path = path.as_str();
        let without = agent.call(method, path, &[], "{}");
        match route.access {
            // `{}` is no password.
            Access::Open if method == "POST" => assert_eq!(status_of(&without), 400, "{route:?}: {without}"),
            Access::Public | Access::Open => assert_eq!(status_of(&without), 200, "{route:?}: {without}"),
            Access::Read | Access::Write | Access::Admin | Access::Local => refused(&agent, &without, 401),
        }
        // Behind the stand-in driver there is no governor, and `{}` is not a body for every call.
        let answer = agent.with_token(method, path, "{}");
        assert!(matches!(status_of(&answer), 200 | 204 | 400 | 409 | 503), "{route:?}: {answer}");
        let head = agent.with_token("HEAD", path, "");
        let methods: Vec<&str> = routes().filter(|of| of.path == route.path).map(|of| of.method.as_str()).collect();
        if methods.contains(&"GET") {
            assert_eq!(status_of(&head), status_of(&agent.with_token("GET", path, "")), "{route:?}: {head}");
            assert!(head.ends_with("\r\n\r\n"), "no body: {head}");
        } else {
            assert_eq!(status_of(&head), 405, "{route:?}: {head}");
        }
        let wrong = agent.with_token("DELETE", path, "");
        refused(&agent, &wrong, 405);
        let allow = format!("Allow: {}\r\n", methods.join(", ").replace("GET", "GET, HEAD"));
        assert!(wrong.contains(&allow) && wrong.contains("This call is made with"), "{wrong}");
        assert_eq!(
            status_of(&agent.call("DELETE", path, &[], "")),
            401,
            "without the token nobody learns which calls exist"
        );
        refused(&agent, &agent.with_token(method, &format!("{path}/x"), "{}"), 404);
    }
}

#[test]
fn without_a_governor_its_calls_conflict_with_how_the_agent_runs_and_do_not_ask_to_be_made_again() {
    let agent = agent();
    let calls = [
        ("GET", "/v1/energy", ""),
        ("GET", "/v1/energy/day", ""),
        ("GET", "/v1/energy/hint", ""),
        ("PUT", "/v1/energy/hint", r#"{"v": 1, "state": "surplus", "ttl_s": 900}"#),
        ("PUT", "/v1/energy/quiet", r#"{"quiet": []}"#),
    ];
    for (method, path, body) in calls {
        let answer = agent.with_token(method, path, body);
        assert_eq!(status_of(&answer), 409, "{method} {path}: {answer}");
        assert!(answer.contains("--governor off") && !answer.contains("Retry-After"), "{method} {path}: {answer}");
        assert_eq!(answer.contains("a hint on energy has no effect"), method == "PUT" && path.ends_with("hint"));
    }
}

#[test]
fn the_description_in_openapi_has_every_call_and_the_server_answers_each_as_it_says() {
    let agent = agent();
    let answer = agent.with_token("GET", "/v1/openapi.json", "");
    let document: serde_json::Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    let (mut described, mut names) = (0, std::collections::BTreeSet::new());
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let row = routes().find(|of| of.path == path && of.method.as_str().eq_ignore_ascii_case(method));
            let row = row.unwrap_or_else(|| panic!("{method} {path} is not in the table"));
            assert_eq!(operation["summary"], row.about);
            assert_eq!(operation["security"].is_array(), row.access.role().is_some(), "{row:?}");
            assert!(row.method.as_str() != "GET" || operation["requestBody"].is_null(), "{row:?}");
            let name = operation["operationId"].as_str().unwrap().to_owned();
            assert!(names.insert(name), "{row:?} has the name of another");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap();
                assert_eq!(parameter["in"] == "path", path.contains(&format!("{{{name}}}")), "{row:?}");
                if parameter["required"] == true && parameter["in"] == "query" {
                    assert_eq!(status_of(&agent.with_token("GET", path, "")), 400, "without {name}: {row:?}");
                }
            }
            described += 1;
        }
    }
    assert_eq!(described, routes().count());
}

#[test]
fn once_the_agent_is_being_stopped_a_call_that_changes_something_is_refused_and_one_that_looks_is_answered() {
    let home = tempfile::tempdir().unwrap();
    let token = Home::at(home.path()).token().unwrap();
    let disk = Disk::open(&home.path().join("store-1"), Sync::Buffer).unwrap();
    let upkeep = Upkeep::new(disk, home.path().to_owned());
    let stopping = Arc::clone(upkeep.stopping());
    let (node, _driver) = NodeHandle::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let keys = Keys::load(home.path(), token.clone());
    let server = serve(listener, node.with_upkeep(upkeep), keys, Timeouts::default()).unwrap();
    let agent = Agent { address: server.address(), token, home, server, holds_texts: Arc::default() };
    let look = |path: &str| agent.with_token("GET", path, "");
    let before = look("/v1/tokens");
    stopping.store(true, Ordering::Release);
    let changes: Vec<_> = routes().filter(|route| !route.is_answered_at_stop()).collect();
    for path in ["/v1/tokens", "/v1/backup", "/v1/rebuild", "/v1/energy/pause", "/v1/password", "/v1/export"] {
        assert!(changes.iter().any(|route| route.path == path), "{path}");
    }
    for route in changes {
        let answer = agent.with_token(route.method.as_str(), route.path, r#"{"name": "late", "role": "admin"}"#);
        assert_eq!(status_of(&answer), 503, "{route:?}: {answer}");
        assert!(answer.contains("Retry-After: 1\r\n") && answer.contains("is being stopped"), "{route:?}: {answer}");
    }
    let body = |answer: &str| answer.split_once("\r\n\r\n").unwrap().1.to_owned();
    assert_eq!((status_of(&before), body(&look("/v1/tokens"))), (200, body(&before)), "no token was made");
    assert_eq!(status_of(&look("/v1/upkeep")), 200);
}
