//! Messages of the Model Context Protocol: nothing panics, an answer repeats the id, and is read as an answer itself.

use serde_json::{Value, json};
use wattle::wire::mcp::{Incoming, Metadata, NEWEST, Request, answered, header_value, read};

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    let request = match read(data) {
        Ok(Incoming::Request(request)) => request,
        Ok(Incoming::Notification) => return,
        Err(fault) => {
            assert!(!fault.message.is_empty() && fault.code <= -32000);
            return is_answer(&fault.json(), fault.id.as_ref().unwrap_or(&Value::Null));
        }
    };
    if let Some(answer) = answered(&request) {
        is_answer(&answer, &request.id);
        assert_eq!(answer["result"]["resultType"].is_string(), request.is_newest);
    }
    check_headers(&request);
}

fn is_answer(answer: &Value, id: &Value) {
    assert_eq!(&answer["id"], id);
    // An error without an id is refused as a message, and is no request.
    let again = read(answer.to_string().as_bytes());
    assert!(matches!(again, Ok(Incoming::Notification)) || id.is_null(), "{answer}");
}

/// The headers that its own client sends fit it.
fn check_headers(request: &Request) {
    let name = request.name().map(header_value);
    let metadata = Metadata {
        revision: request.is_newest.then_some(NEWEST),
        method: Some(&request.method),
        name: name.as_deref(),
    };
    let is_long = request.name().is_some_and(|name| name.len() > 3000);
    assert!(metadata.check(request).is_ok() || is_long, "{request:?}");
}

/// A request of each kind, of both eras.
pub fn seeds() -> Vec<Vec<u8>> {
    let meta = json!({ "io.modelcontextprotocol/protocolVersion": NEWEST });
    let newest = |method: &str| json!({ "jsonrpc": "2.0", "id": "a", "method": method, "params": { "_meta": meta } });
    [
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": { "protocolVersion": "2025-06-18" } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "search", "arguments": { "query": "\u{fc}" } } }),
        json!({ "jsonrpc": "2.0", "id": 3, "method": "resources/read", "params": { "uri": "wattle://a/b%20\u{fc}" } }),
        json!({ "jsonrpc": "2.0", "id": 4, "method": "resources/list", "params": { "cursor": "x" } }),
        newest("server/discover"),
        newest("tools/list"),
        newest("other"),
        json!({ "jsonrpc": "2.0", "id": 5, "error": { "code": -1, "message": "" } }),
    ]
    .iter()
    .map(|message| message.to_string().into_bytes())
    .collect()
}
