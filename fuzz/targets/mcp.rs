//! Messages of the Model Context Protocol: nothing panics, an answer repeats the id, and is read as an answer itself.

use serde_json::json;
use wattle::wire::mcp::{Answer, Id, Incoming, Metadata, NEWEST, Request, answered, header_value, read};

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    let request = match read(data) {
        Ok(Incoming::Request(request)) => request,
        Ok(Incoming::Notification) => return,
        Err(fault) => {
            assert!(!fault.message.is_empty() && fault.code <= -32000);
            return is_answer(&fault.answer(), fault.id.as_ref());
        }
    };
    if let Some(answer) = answered(&request) {
        is_answer(&answer, Some(&request.id));
        let result = answer.result().expect("it needs no agent");
        assert_eq!(result["resultType"].is_string(), request.is_newest);
    }
    check_headers(&request);
}

fn is_answer(answer: &Answer, id: Option<&Id>) {
    let text = answer.to_string();
    let repeated = format!(r#"{{"jsonrpc":"2.0","id":{},"#, id.map_or("null", Id::json));
    assert!(text.starts_with(&repeated), "{text}");
    assert!(answer.result().is_some() != answer.error().is_some());
    // An error without an id is refused as a message, and is no request.
    assert!(matches!(read(text.as_bytes()), Ok(Incoming::Notification)) || id.is_none(), "{text}");
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

/// A request of each kind, of both eras; the last one has an id that is no number of ours.
pub fn seeds() -> Vec<Vec<u8>> {
    let meta = json!({ "io.modelcontextprotocol/protocolVersion": NEWEST });
    let newest = |method: &str| json!({ "jsonrpc": "2.0", "id": "a", "method": method, "params": { "_meta": meta } });
    let mut seeds: Vec<Vec<u8>> = [
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
    .collect();
    seeds.push(br#"{"jsonrpc":"2.0","id":18446744073709551616.10,"method":"ping"}"#.to_vec());
    seeds
}
