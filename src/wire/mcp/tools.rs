//! What the server says of itself, its tools and its resources, for language models to read.

use serde_json::{Value, json};

/// How the server is used.
pub(super) const INSTRUCTIONS: &str = "Wattle searches the documents on this person's own devices. Begin with `search`; a \
    hit names its device and path. Read on in a document with `read_document`, and say in which document on which device \
    you found something. `list_collections` names what there is to search, `status` says whether all of it is searched.";

/// The tools. None changes anything.
pub(super) fn tools() -> Value {
    let one_or_more =
        |what: &str| json!({ "type": ["string", "array"], "items": { "type": "string" }, "description": what });
    let search = json!({
        "type": "object",
        "properties": {
            "query": { "type": "string", "description": "A question or words; words in quotation marks must stand in the passage as they are." },
            "k": { "type": "integer", "minimum": 1, "maximum": 100, "description": "How many passages at most; 10 if it is left out." },
            "collection": one_or_more("Only these collections."),
            "device": one_or_more("Only documents on these devices."),
            "path": one_or_more("Only documents whose path has this part, or fits this pattern."),
            "type": one_or_more("Only these kinds of files, such as pdf, md, docx, mail."),
            "after": one_or_more("Only files changed on this day or later, as 2024-06-30, 2024-06 or 2024."),
            "before": one_or_more("Only files changed before this day."),
        },
        "required": ["query"],
        "additionalProperties": false,
    });
    let read = json!({
        "type": "object",
        "properties": {
            "path": { "type": "string", "description": "The path of the document, or its wattle:// address, as a hit has it." },
            "from": { "type": "integer", "minimum": 0, "description": "The number of the passage to begin with; 0 if it is left out." },
        },
        "required": ["path"],
        "additionalProperties": false,
    });
    let nothing = json!({ "type": "object", "additionalProperties": false });
    let tool = |name: &str, title: &str, description: &str, schema: &Value| {
        json!({
            "name": name, "title": title, "description": description, "inputSchema": schema,
            "annotations": { "title": title, "readOnlyHint": true, "idempotentHint": true, "openWorldHint": false },
        })
    };
    json!([
        tool(
            "search",
            "Search documents",
            "Finds the passages that answer a question in the documents on all devices of this person's mesh. Each has its device, path, headings and text.",
            &search
        ),
        tool(
            "read_document",
            "Read a document",
            "Returns the text of a document on this device, as it was read for the search, in parts.",
            &read
        ),
        tool(
            "list_collections",
            "List collections",
            "Lists the collections and watched folders, and which device has them.",
            &nothing
        ),
        tool(
            "status",
            "Status",
            "Says how many files are searched, what still waits and why, which devices are there, and what is wrong.",
            &nothing
        ),
    ])
}

/// The addresses of documents.
pub(super) fn template() -> Value {
    json!({
        "uriTemplate": "wattle://{device}/{+path}", "name": "document", "title": "Document",
        "description": "The text of a document on this device: `device` is its PeerId, `path` the document's path, percent-encoded.",
        "mimeType": "text/plain",
    })
}
