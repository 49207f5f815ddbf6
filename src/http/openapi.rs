//! The API described in OpenAPI 3.1 (<https://spec.openapis.org/oas/v3.1.1>), made from the table of calls and from schemas.txt.
//!
//! It says what each call is for, who may make it, what is sent with it and what comes back.

mod notation;

use super::routes::row::{Access, Route};
use serde_json::{Map, Value, json};
use trillium::Method;

/// Parameters in the query of an address: path of the call, name, whether it must be there, what it is.
const PARAMETERS: [(&str, &str, bool, &str); 10] = [
    ("/v1/events", "after", false, "The number of the last event that is known."),
    ("/v1/document", "path", true, "The document's path, absolute."),
    ("/v1/document", "from", false, "The number of the passage to begin with."),
    (
        "/v1/document",
        "passage",
        false,
        "The `passage` of a hit, in place of a number to begin with: the part begins some passages before it.",
    ),
    ("/v1/documents", "end", true, "The end of the path: the file's name, or with those of the folders around it."),
    ("/v1/document/file", "path", true, "The document's path, absolute."),
    ("/v1/cid", "path", true, "The document's path, absolute."),
    ("/v1/export", "collection", false, "The collection; without it all public ones."),
    ("/ipfs/{cid}", "format", false, "raw for the block, car for the blocks of a file."),
    ("/ipfs/{cid}", "dag-scope", false, "Of an archive: block for the root alone; entity and all are the whole file."),
];

/// The document of these calls.
pub(super) fn document(routes: impl Iterator<Item = &'static Route>) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in routes {
        let of_path = paths.entry(route.path).or_insert_with(|| json!({}));
        of_path[route.method.as_str().to_ascii_lowercase()] = operation(route);
    }
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Wattle", "version": env!("CARGO_PKG_VERSION"),
            "description": "The API of an agent, for people and their programs; docs/api.md has more words on it.",
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer", "description": "What the file api-token of the agent's home holds, or what `wattle token create NAME` made." } },
            "schemas": notation::schemas(),
        },
    })
}

fn operation(route: &Route) -> Value {
    let call = notation::calls().find(|call| (call.method, call.path) == (route.method.as_str(), route.path));
    let (sent, answered, refused) = call.map_or(("-", "any", "Error"), |call| (call.sent, call.answered, call.refused));
    let (status, description) = if answered == "-" { ("204", "It is done.") } else { ("200", "What is asked for.") };
    let mut operation = json!({
        "operationId": name_of(route),
        "summary": route.about,
        "responses": {
            status: { "description": description },
            "default": { "description": "Why it was not done.", "content": content(refused) },
        },
    });
    if answered != "-" {
        operation["responses"][status]["content"] = content(answered);
    }
    if route.path == "/mcp" {
        operation["responses"]["202"] = json!({ "description": "It was no question; nothing is answered." });
    }
    if let Some(role) = route.access.role() {
        let here = if route.access == Access::Local { ", at the address that the device alone reaches" } else { "" };
        operation["security"] = json!([{ "token": [] }]);
        operation["description"] = json!(format!("Needs a token with the role {role}{here}."));
    }
    if sent != "-" {
        operation["requestBody"] = json!({ "required": true, "content": content(sent) });
    }
    let in_path = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let in_path =
        in_path.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
    let in_query = PARAMETERS.iter().filter(|(path, ..)| *path == route.path && route.method == Method::Get);
    let in_query = in_query.map(|(_, name, required, what)| {
        json!({ "name": name, "in": "query", "required": required, "description": what, "schema": { "type": "string" } })
    });
    let parameters: Vec<Value> = in_path.chain(in_query).collect();
    if !parameters.is_empty() {
        operation["parameters"] = json!(parameters);
    }
    operation
}

/// What is sent or comes back: JSON of a type, or text and bytes of a media type.
fn content(of: &str) -> Value {
    let (media, schema) = match of.contains('/') {
        true => (of, json!({ "type": "string" })),
        false => ("application/json", notation::schema(of)),
    };
    json!({ media: { "schema": schema } })
}

/// A name of the call for programs that are made from the document.
fn name_of(route: &Route) -> String {
    let words = route.path.split(['/', '-', '_', '.', '{', '}']).filter(|word| !word.is_empty() && *word != "v1");
    let mut name = route.method.as_str().to_ascii_lowercase();
    for word in words {
        name.push('_');
        name += word;
    }
    name
}
