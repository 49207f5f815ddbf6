//! Messages as the official clients send them, and others.

use super::*;
use crate::limits::MCP_ID_BYTES_MAX;

fn request(message: &Value) -> Request {
    match read(message.to_string().as_bytes()) {
        Ok(Incoming::Request(request)) => request,
        other => panic!("{other:?}"),
    }
}

/// An answer, as its program reads it.
fn read_back(answer: &Answer) -> Value {
    serde_json::from_str(&answer.to_string()).unwrap()
}

fn fault(message: &str) -> Fault {
    read(message.as_bytes()).unwrap_err()
}

fn newest(method: &str, more: Value) -> Value {
    let mut parameters = more;
    parameters["_meta"] = json!({ REVISION_KEY: NEWEST, "io.modelcontextprotocol/clientCapabilities": {} });
    json!({ "jsonrpc": "2.0", "id": "a", "method": method, "params": parameters })
}

#[test]
fn the_handshake_agrees_on_the_clients_revision_or_on_the_newest_that_has_one() {
    for (asked, agreed) in [
        ("2025-06-18", "2025-06-18"),
        ("2024-11-05", "2024-11-05"),
        ("2099-01-01", "2025-11-25"),
        (NEWEST, "2025-11-25"),
    ] {
        let asked = request(&json!({
            "jsonrpc": "2.0", "id": 0, "method": "initialize",
            "params": { "protocolVersion": asked, "capabilities": {}, "clientInfo": { "name": "c", "version": "1" } },
        }));
        let answer = read_back(&answered(&asked).unwrap());
        assert_eq!((&answer["result"]["protocolVersion"], &answer["id"]), (&json!(agreed), &json!(0)));
        assert!(answer["result"].get("resultType").is_none() && answer["result"]["serverInfo"]["name"] == "wattle");
    }
    assert_eq!(read(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#), Ok(Incoming::Notification));
}

#[test]
fn each_request_of_the_newest_revision_says_it_and_its_result_says_how_long_it_may_be_kept() {
    let discovered = read_back(&answered(&request(&newest("server/discover", json!({})))).unwrap());
    assert_eq!(discovered["result"]["supportedVersions"][0], NEWEST);
    assert_eq!(discovered["result"]["resultType"], "complete");
    assert!(discovered["result"]["ttlMs"].is_u64() && discovered["result"]["cacheScope"] == "public");
    let other = newest("tools/list", json!({})).to_string().replace(NEWEST, "1900-01-01");
    let told = fault(&other);
    assert_eq!((told.code, told.id.as_ref().map(Id::json)), (OTHER_REVISION, Some("\"a\"")));
    assert_eq!(read_back(&told.answer())["error"]["data"]["requested"], "1900-01-01");
    // Before, nothing was kept, and there was no such call.
    let before = answered(&request(&json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }))).unwrap();
    let before = read_back(&before);
    assert!(before["result"].get("ttlMs").is_none() && before["result"]["tools"].as_array().unwrap().len() == 4);
    assert_eq!(fault(r#"{"jsonrpc":"2.0","id":1,"method":"server/discover"}"#).code, NO_METHOD);
}

#[test]
fn headers_say_the_same_as_the_body_or_the_request_is_refused() {
    let call = request(&newest("tools/call", json!({ "name": "search", "arguments": { "query": "x" } })));
    let right = Metadata { revision: Some(NEWEST), method: Some("tools/call"), name: Some("search") };
    assert_eq!(right.check(&call), Ok(()));
    assert_eq!(Metadata { name: Some("=?base64?c2VhcmNo?="), ..right }.check(&call), Ok(()));
    for wrong in [
        Metadata::default(),
        Metadata { revision: None, ..right },
        Metadata { revision: Some("2025-11-25"), ..right },
        Metadata { method: Some("tools/list"), ..right },
        Metadata { name: None, ..right },
        Metadata { name: Some("status"), ..right },
    ] {
        assert_eq!(wrong.check(&call).unwrap_err().code, HEADER_MISMATCH, "{wrong:?}");
    }
    let before = request(&json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }));
    assert_eq!(Metadata::default().check(&before), Ok(()));
    assert_eq!(Metadata { revision: Some("2025-06-18"), ..Metadata::default() }.check(&before), Ok(()));
    assert!(Metadata { revision: Some(NEWEST), ..Metadata::default() }.check(&before).is_err());
    assert!(Metadata { revision: Some("1900-01-01"), ..Metadata::default() }.check(&before).is_err());
}

#[test]
fn what_is_no_request_is_told_and_never_guessed_at() {
    for (message, code) in [
        ("", NOT_JSON),
        ("{", NOT_JSON),
        ("[]", NO_REQUEST),
        ("1", NO_REQUEST),
        ("{}", NO_REQUEST),
        (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, NO_REQUEST),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, NO_REQUEST),
        (r#"{"jsonrpc":"2.0","id":[1],"method":"ping"}"#, NO_REQUEST),
        (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, NO_REQUEST),
        (r#"{"jsonrpc":"2.0","id":1}"#, NO_REQUEST),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#, BAD_PARAMETERS),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}"#, BAD_PARAMETERS),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":[]}}"#, BAD_PARAMETERS),
        (r#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":3}}"#, BAD_PARAMETERS),
        (r#"{"jsonrpc":"2.0","id":1,"method":"initialize"}"#, BAD_PARAMETERS),
        (r#"{"jsonrpc":"2.0","id":1,"method":"prompts/list"}"#, NO_METHOD),
    ] {
        assert_eq!(fault(message).code, code, "{message}");
    }
    assert_eq!(read_back(&fault(r#"{"jsonrpc":"2.0","id":1,"method":"x"}"#).answer())["id"], 1);
    assert_eq!(fault(r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":1e999}}"#).code, NOT_JSON);
    assert_eq!(read(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#), Ok(Incoming::Notification));
    let many = "[".repeat(100_000);
    assert_eq!(fault(&many).code, NOT_JSON);
}

#[test]
fn an_id_comes_back_letter_for_letter_in_results_and_in_errors() {
    let long = "7".repeat(MCP_ID_BYTES_MAX);
    let text = format!("\"{}\"", "x".repeat(MCP_ID_BYTES_MAX - 2));
    for id in [
        "0",
        "-7",
        "18446744073709551616",
        "340282366920938463463374607431768211456",
        "1.10",
        "1.0e2",
        "1E400",
        "-0.0",
        "0.1000000000000000000000000001",
        "\"a\"",
        "\"\"",
        r#""\u00e9 \n \"quoted\"""#,
        "\"\u{fc}\"",
        &long,
        &text,
    ] {
        let asked = format!(r#"{{"jsonrpc":"2.0","id": {id} ,"method":"ping"}}"#);
        let Ok(Incoming::Request(request)) = read(asked.as_bytes()) else { panic!("{id}") };
        assert_eq!(request.id.json(), id);
        let done = answered(&request).unwrap().to_string();
        assert_eq!(done, format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#));
        let refused = fault(&asked.replace("ping", "pong")).answer().to_string();
        assert!(refused.starts_with(&format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"#)), "{refused}");
    }
    for long in ["7".repeat(MCP_ID_BYTES_MAX + 1), "7".repeat(5_000), format!("\"{}\"", "x".repeat(5_000))] {
        let told = fault(&format!(r#"{{"jsonrpc":"2.0","id":{long},"method":"ping"}}"#));
        assert_eq!((told.code, &told.id), (NO_REQUEST, &None));
        assert!(told.message.contains("too long") && told.message.contains(&MCP_ID_BYTES_MAX.to_string()));
        assert_eq!(read_back(&told.answer())["id"], Value::Null);
    }
    for none in ["true", "{}", "[1]", "null"] {
        let told = fault(&format!(r#"{{"jsonrpc":"2.0","id":{none},"method":"ping"}}"#));
        assert!(told.code == NO_REQUEST && told.message.contains("a number or a string"), "{told:?}");
    }
}

#[test]
fn a_tools_arguments_may_be_left_out() {
    let bare = request(&json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "status" } }));
    assert_eq!(bare.call, Call::CallTool("status".to_owned(), Map::new()));
    assert!(answered(&bare).is_none());
    assert_eq!(
        read_back(&result_of(&bare, json!({ "content": [] }))),
        json!({ "jsonrpc": "2.0", "id": 1, "result": { "content": [] } })
    );
}
