//! Named tokens: made, used within their role, and void from the call after they are revoked.

use super::{agent, refused, status_of};
use serde_json::{Value, json};

fn json_of(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[test]
fn a_named_token_lets_its_holder_do_what_its_role_allows_until_it_is_revoked() {
    let agent = agent();
    let make = |name: &str, role: &str| {
        let body = json!({ "name": name, "role": role }).to_string();
        let made = agent.with_token("POST", "/v1/tokens", &body);
        assert_eq!(status_of(&made), 200, "{made}");
        format!("Authorization: Bearer {}", json_of(&made)["token"].as_str().unwrap())
    };
    let (read, write, admin) = (make("phone", "read"), make("home-assistant", "write"), make("anna", "admin"));
    let add = json!({ "path": "/a" }).to_string();
    let status =
        |bearer: &str, method: &str, path: &str, body: &str| status_of(&agent.call(method, path, &[bearer], body));
    for bearer in [&read, &write, &admin] {
        assert_eq!(status(bearer, "POST", "/v1/search", "{\"query\":\"x\"}"), 200);
        assert_eq!(status(bearer, "GET", "/v1/status", ""), 200);
        assert_eq!(status(bearer, "GET", "/v1/nothing", ""), 404);
    }
    let why = agent.call("POST", "/v1/forget", &[&read], &add);
    refused(&agent, &why, 403);
    assert!(why.contains("role write"), "{why}");
    assert_eq!(status(&write, "POST", "/v1/forget", &add), 200);
    for path in ["/v1/tokens", "/v1/mesh/recover", "/v1/rebuild"] {
        let why = agent.call("POST", path, &[&write], "{}");
        refused(&agent, &why, 403);
        assert!(why.contains("role admin"), "{why}");
    }
    // What more people would see is for who may do everything; what fewer would see, for who may change something.
    let ring = |ring: &str| json!({ "name": "diary", "ring": ring, "confirm": "diary" }).to_string();
    for wider in ["mesh", "public"] {
        let why = agent.call("POST", "/v1/collection", &[&write], &ring(wider));
        refused(&agent, &why, 403);
        assert!(why.contains("role admin") && why.contains("Nothing was changed"), "{why}");
        assert_eq!(status(&admin, "POST", "/v1/collection", &ring(wider)), 200);
    }
    assert_eq!(status(&write, "POST", "/v1/collection", &ring("private")), 200);
    // Questions are people's own: who may only ask is not told those of others.
    let whose: Vec<u16> = [&read, &write].map(|bearer| status(bearer, "GET", "/v1/feedback", "")).into();
    assert_eq!(whose, [403, 200]);
    // Of the list nothing lets anybody in, and it is not for those who may read.
    refused(&agent, &agent.call("GET", "/v1/tokens", &[&read], ""), 403);
    let list = agent.call("GET", "/v1/tokens", &[&admin], "");
    let names: Vec<Value> = json_of(&list)["tokens"].as_array().unwrap().iter().map(|of| of["name"].clone()).collect();
    assert_eq!(names, ["phone", "home-assistant", "anna"]);
    assert!([&read, &write, &admin].iter().all(|bearer| !list.contains(bearer.rsplit(' ').next().unwrap())));

    let revoked = agent.with_token("POST", "/v1/tokens/revoke", "{\"name\":\"phone\"}");
    assert_eq!(status_of(&revoked), 200, "{revoked}");
    refused(&agent, &agent.call("GET", "/v1/status", &[&read], ""), 401);
    assert_eq!(status(&write, "GET", "/v1/status", ""), 200, "the others are as before");
    refused(&agent, &agent.with_token("POST", "/v1/tokens/revoke", "{\"name\":\"phone\"}"), 409);
    refused(&agent, &agent.with_token("POST", "/v1/tokens", "{\"name\":\"anna\"}"), 409);
    refused(&agent, &agent.with_token("POST", "/v1/tokens", "{\"name\":\"x\",\"role\":\"root\"}"), 400);
    for name in ["../../x", "a\nb", "a\u{1b}[2J", "", "-x"] {
        let told = agent.with_token("POST", "/v1/tokens", &json!({ "name": name }).to_string());
        refused(&agent, &told, 400);
        assert!(told.contains("letters, digits"), "{told}");
    }
    let spaced = agent.with_token("POST", "/v1/tokens", &json!({ "name": "anna phone" }).to_string());
    assert_eq!(status_of(&spaced), 200, "{spaced}");
}
