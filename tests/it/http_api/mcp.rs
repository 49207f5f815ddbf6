//! The Model Context Protocol over HTTP, as its clients speak it.

use super::{Agent, agent, refused, status_of};
use serde_json::{Value, json};

const NEWEST: &str = "2026-07-28";

fn post(agent: &Agent, message: &Value, lines: &[&str]) -> (u16, Value) {
    let bearer = agent.bearer();
    let lines = [&[bearer.as_str(), "Accept: application/json, text/event-stream"], lines].concat();
    let answer = agent.call("POST", "/mcp", &lines, &message.to_string());
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    (status_of(&answer), if body.is_empty() { Value::Null } else { serde_json::from_str(body).unwrap() })
}

fn call(tool: &str, arguments: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": { "name": tool, "arguments": arguments } })
}

fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap()
}

#[test]
fn a_client_of_an_older_revision_begins_with_a_handshake_and_uses_the_tools() {
    let agent = agent();
    let parameters =
        json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "c", "version": "1" } });
    let hello = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": parameters });
    let (status, hello) = post(&agent, &hello, &[]);
    assert_eq!((status, &hello["result"]["protocolVersion"]), (200, &json!("2025-06-18")));
    let version = "MCP-Protocol-Version: 2025-06-18";
    let begun = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert_eq!(post(&agent, &begun, &[version]), (202, Value::Null));
    let (_, found) = post(&agent, &call("search", &json!({ "query": "where is it?" })), &[version]);
    assert!(
        text(&found).contains("on attic") && text(&found).contains("file:///a/%FF.md"),
        "device and place: {found}"
    );
    let hit = &found["result"]["structuredContent"]["hits"][0];
    assert_eq!((&hit["device"], &hit["text"]), (&json!("attic"), &json!("where is it?")));
    let (_, empty) = post(&agent, &call("search", &json!({ "query": "" })), &[version]);
    assert!(empty["result"]["isError"] == true && text(&empty).contains("The question is empty"), "{empty}");
    assert_eq!(post(&agent, &call("search", &json!({ "limit": 3 })), &[version]).1["result"]["isError"], true);
    assert!(text(&post(&agent, &call("status", &json!({})), &[version]).1).starts_with("attic: files: "));
    assert!(text(&post(&agent, &call("list_collections", &json!({})), &[version]).1).contains("No folder is watched"));
    let (_, other) = post(&agent, &call("read_document", &json!({ "path": "wattle://12D3KooOther/a.md" })), &[version]);
    assert!(other["result"]["isError"] == true && text(&other).contains("another device"), "{other}");
    // What is no tool is no result, and before the newest revision no status of HTTP either.
    let (status, none) = post(&agent, &call("delete", &json!({})), &[version]);
    assert_eq!((status, &none["error"]["code"]), (200, &json!(-32602)));
    let prompts = json!({ "jsonrpc": "2.0", "id": 1, "method": "prompts/list" });
    let (status, none) = post(&agent, &prompts, &[version]);
    assert_eq!((status, &none["error"]["code"]), (200, &json!(-32601)), "404 would end the session");
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "resources/list" });
    assert_eq!(post(&agent, &list, &[version]).1["result"]["resources"], json!([]));
}

#[test]
fn an_id_comes_back_as_it_was_sent_and_one_that_is_too_long_is_told() {
    let agent = agent();
    let sent = |id: &str, method: &str| {
        let message = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}"}}"#);
        let answer = agent.call("POST", "/mcp", &[agent.bearer().as_str()], &message);
        (status_of(&answer), answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    };
    for id in ["18446744073709551616", "1.10", "-1E400", &"7".repeat(250), r#""\u00e9""#] {
        for method in ["ping", "resources/list", "prompts/list"] {
            let (status, answer) = sent(id, method);
            assert!(status == 200 && answer.starts_with(&format!(r#"{{"jsonrpc":"2.0","id":{id},"#)), "{answer}");
        }
    }
    let (status, told) = sent(&"7".repeat(5_000), "ping");
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((status, &told["id"], &told["error"]["code"]), (400, &Value::Null, &json!(-32600)));
    assert!(told["error"]["message"].as_str().unwrap().contains("too long"), "{told}");
}

#[test]
fn every_tool_that_is_listed_is_there_and_reads_only() {
    let agent = agent();
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let listed = post(&agent, &list, &[]).1;
    let tools = listed["result"]["tools"].as_array().unwrap();
    assert_eq!(tools.len(), 4);
    for tool in tools {
        let hints = &tool["annotations"];
        assert!(hints["readOnlyHint"] == true && hints["openWorldHint"] == false, "{tool}");
        let asked = post(&agent, &call(tool["name"].as_str().unwrap(), &json!({ "none": 1 })), &[]).1;
        assert!(asked["result"].is_object(), "{asked}");
        assert_eq!(asked["result"]["isError"], true, "what a tool does not take is refused: {asked}");
    }
}

#[test]
fn a_request_of_the_newest_revision_stands_alone_and_its_headers_must_fit() {
    let agent = agent();
    let meta =
        json!({ "io.modelcontextprotocol/protocolVersion": NEWEST, "io.modelcontextprotocol/clientCapabilities": {} });
    let discover = json!({ "jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": { "_meta": meta } });
    let headers = ["MCP-Protocol-Version: 2026-07-28", "Mcp-Method: server/discover"];
    let (status, told) = post(&agent, &discover, &headers);
    assert_eq!((status, &told["result"]["supportedVersions"][0]), (200, &json!(NEWEST)));
    let mismatch = [headers[0], "Mcp-Method: tools/list"];
    assert_eq!(post(&agent, &discover, &mismatch).1["error"]["code"], -32020);
    assert_eq!(post(&agent, &discover, &[]).0, 400);
    let other: Value = serde_json::from_str(&discover.to_string().replace(NEWEST, "1900-01-01")).unwrap();
    let (status, told) = post(&agent, &other, &["MCP-Protocol-Version: 1900-01-01"]);
    assert_eq!((status, &told["error"]["data"]["supported"][0]), (400, &json!(NEWEST)));
    let unknown: Value = serde_json::from_str(&discover.to_string().replace("server/discover", "tools/none")).unwrap();
    assert_eq!(post(&agent, &unknown, &[headers[0], "Mcp-Method: tools/none"]).0, 404);
}

#[test]
fn who_has_no_token_or_comes_from_a_page_or_sends_no_message_is_refused() {
    let agent = agent();
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let token = agent.bearer();
    assert_eq!(status_of(&agent.call("POST", "/mcp", &[], ping)), 401);
    for (line, status) in [("Origin: https://evil.example", 403), ("Origin: null", 403), ("Host: evil.example", 403)] {
        assert_eq!(status_of(&agent.call("POST", "/mcp", &[&token, line], ping)), status, "{line}");
    }
    assert_eq!(status_of(&agent.call("POST", "/mcp", &[&token], ping)), 200);
    assert_eq!(status_of(&agent.call("POST", "/mcp", &[&token], "[]")), 400);
    assert_eq!(status_of(&agent.with_token("GET", "/mcp", "")), 405, "no stream is opened");
    agent.serves_the_next_caller();
    refused(&agent, &agent.with_token("GET", "/v1/none", ""), 404);
}
