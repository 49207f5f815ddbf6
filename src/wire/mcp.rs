//! The Model Context Protocol: what a language model's program asks, decoded, and the answers for which no agent is needed.
//!
//! In the revision 2026-07-28 each request says its revision, and there is no session. In those before, a handshake
//! (`initialize`) agrees on one; nothing of it is kept here either, as no later request depends on it. JSON-RPC 2.0 is the
//! form of both: <https://modelcontextprotocol.io/specification/2026-07-28>.

mod answer;
mod metadata;
mod tools;

use serde_json::error::Category;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub use answer::{Answer, BadId, Id};
pub use metadata::{Metadata, header_value};

/// The newest revision.
pub const NEWEST: &str = "2026-07-28";

/// The revisions that begin with a handshake, the newest first.
const WITH_HANDSHAKE: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

/// Where a request of the newest revision says which one it is of.
const REVISION_KEY: &str = "io.modelcontextprotocol/protocolVersion";

/// For how many milliseconds a client may keep a list that no agent changes.
const LIST_MS: u64 = 300_000;

/// What a program sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// It waits for an answer.
    Request(Request),
    /// It does not: a notification, or the answer to something that was never asked.
    Notification,
}

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The answer repeats it.
    pub id: Id,
    /// What is asked.
    pub call: Call,
    /// The name of what is asked.
    pub method: String,
    /// Whether it says its revision, as in the newest one.
    pub is_newest: bool,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// To begin, with this revision.
    Initialize(String),
    /// Which revisions and what else there is.
    Discover,
    /// A sign of life.
    Ping,
    /// The tools.
    ListTools,
    /// The kinds of resources.
    ListTemplates,
    /// The resources, from this place on.
    ListResources(Option<String>),
    /// One resource.
    ReadResource(String),
    /// To use a tool.
    CallTool(String, Map<String, Value>),
}

/// Why there is no result.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The request's id, if it could be read.
    pub id: Option<Id>,
    /// JSON-RPC's code, or the protocol's.
    pub code: i32,
    /// One sentence.
    pub message: String,
    /// What a client can do something with.
    pub data: Option<Value>,
    /// Whether the request was of the newest revision, in which the status of HTTP tells faults apart.
    pub is_newest: bool,
}

/// No JSON.
pub const NOT_JSON: i32 = -32700;
/// JSON, and no request.
pub const NO_REQUEST: i32 = -32600;
/// A method that there is not.
pub const NO_METHOD: i32 = -32601;
/// Parameters that do not fit.
pub const BAD_PARAMETERS: i32 = -32602;
/// The agent could not.
pub const NOT_DONE: i32 = -32603;
/// Headers that say something else than the body.
pub const HEADER_MISMATCH: i32 = -32020;
/// A revision that is not spoken here.
pub const OTHER_REVISION: i32 = -32022;

impl Fault {
    fn new(id: Option<&Id>, code: i32, message: impl Into<String>) -> Self {
        Self { id: id.cloned(), code, message: message.into(), data: None, is_newest: false }
    }

    /// What went wrong with a request, as its answer.
    #[must_use]
    pub fn of(request: &Request, code: i32, message: impl Into<String>) -> Self {
        Self { is_newest: request.is_newest, ..Self::new(Some(&request.id), code, message) }
    }

    /// That a message is longer than is read; its id is not known.
    #[must_use]
    pub fn too_long(most: usize) -> Self {
        Self::new(None, NO_REQUEST, format!("The message is too long: at most {most} bytes are read."))
    }

    /// The answer.
    #[must_use]
    pub fn answer(&self) -> Answer {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some(data) = &self.data {
            error["data"] = data.clone();
        }
        Answer::not_done(self.id.as_ref(), error)
    }
}

/// Reads a message. Whatever JSON allows beside a request is refused or passed over, never guessed at.
///
/// # Errors
/// A `Fault` that is the answer.
pub fn read(bytes: &[u8]) -> Result<Incoming, Fault> {
    let message = fields(bytes)?;
    let text = |name: &str| message.get(name).and_then(|text| serde_json::from_str::<String>(text.get()).ok());
    if text("jsonrpc").as_deref() != Some("2.0") {
        return Err(Fault::new(None, NO_REQUEST, "This is no message of JSON-RPC 2.0."));
    }
    let id = message.get("id").map(|id| Id::try_from(*id)).transpose();
    let id = id.map_err(|why| Fault::new(None, NO_REQUEST, why.to_string()))?;
    let method = match text("method") {
        Some(method) => method,
        None if message.contains_key("method") => {
            return Err(Fault::new(id.as_ref(), NO_REQUEST, "A request has a method, which is a string."));
        }
        None if message.contains_key("result") || message.contains_key("error") => return Ok(Incoming::Notification),
        None => return Err(Fault::new(id.as_ref(), NO_REQUEST, "A request has a method.")),
    };
    let Some(id) = id else { return Ok(Incoming::Notification) };
    let parameters = message.get("params").map(|json| serde_json::from_str::<Value>(json.get())).transpose();
    let parameters = parameters
        .map_err(|error| Fault::new(Some(&id), NOT_JSON, format!("The parameters cannot be read: {error}.")))?;
    let parameters = match parameters {
        None => Map::new(),
        Some(Value::Object(parameters)) => parameters,
        Some(_) => return Err(Fault::new(Some(&id), BAD_PARAMETERS, "The parameters are an object.")),
    };
    let revision = parameters.get("_meta").and_then(|meta| meta.get(REVISION_KEY));
    let is_newest = revision.is_some() && method != "initialize";
    if let Some(revision) = revision.filter(|revision| is_newest && **revision != NEWEST) {
        let data = Some(json!({ "supported": spoken(), "requested": revision }));
        let fault = Fault::new(Some(&id), OTHER_REVISION, "This revision of the protocol is not spoken here.");
        return Err(Fault { data, is_newest, ..fault });
    }
    let call = call(&id, &method, parameters, is_newest).map_err(|fault| Fault { is_newest, ..fault })?;
    Ok(Incoming::Request(Request { id, call, method, is_newest }))
}

/// The fields of a message, each as it came. Of one that is there twice the last one counts.
fn fields(bytes: &[u8]) -> Result<BTreeMap<String, &RawValue>, Fault> {
    serde_json::from_slice(bytes).map_err(|error| {
        // What is JSON, and no object, is told apart from what is no JSON: that shows where it ends.
        let not_json = match error.classify() {
            Category::Data => serde_json::from_slice::<&RawValue>(bytes).err(),
            Category::Io | Category::Syntax | Category::Eof => Some(error),
        };
        match not_json {
            Some(error) => Fault::new(None, NOT_JSON, format!("This is no JSON: {error}.")),
            None => Fault::new(None, NO_REQUEST, "A message is one object; lists of messages are not read."),
        }
    })
}

fn call(id: &Id, method: &str, mut parameters: Map<String, Value>, is_newest: bool) -> Result<Call, Fault> {
    let bad = |why: &str| Fault::new(Some(id), BAD_PARAMETERS, why);
    let mut text = |name: &str| match parameters.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    Ok(match method {
        "initialize" => {
            let asked = text("protocolVersion").ok_or_else(|| bad("The protocolVersion is missing."))?;
            let is_spoken = WITH_HANDSHAKE.contains(&asked.as_str());
            Call::Initialize(if is_spoken { asked } else { WITH_HANDSHAKE[0].to_owned() })
        }
        "server/discover" if is_newest => Call::Discover,
        "ping" => Call::Ping,
        "tools/list" => Call::ListTools,
        "resources/templates/list" => Call::ListTemplates,
        "resources/list" => Call::ListResources(text("cursor")),
        "resources/read" => Call::ReadResource(text("uri").ok_or_else(|| bad("The uri is missing."))?),
        "tools/call" => {
            let name = text("name").ok_or_else(|| bad("The name of the tool is missing."))?;
            match parameters.remove("arguments") {
                None | Some(Value::Null) => Call::CallTool(name, Map::new()),
                Some(Value::Object(arguments)) => Call::CallTool(name, arguments),
                Some(_) => return Err(bad("The arguments are an object.")),
            }
        }
        _ => return Err(Fault::new(Some(id), NO_METHOD, "There is no such method here.")),
    })
}

/// All revisions that are spoken here, the newest first.
fn spoken() -> Vec<&'static str> {
    [NEWEST].into_iter().chain(WITH_HANDSHAKE).collect()
}

/// The answer to a request for which no agent is needed.
#[must_use]
pub fn answered(request: &Request) -> Option<Answer> {
    let capabilities = json!({ "tools": {}, "resources": {} });
    let server = json!({ "name": "wattle", "title": "Wattle", "version": env!("CARGO_PKG_VERSION") });
    let (mut result, is_kept) = match &request.call {
        Call::Initialize(revision) => (
            json!({
                "protocolVersion": revision, "capabilities": capabilities, "serverInfo": server,
                "instructions": tools::INSTRUCTIONS,
            }),
            false,
        ),
        Call::Discover => (
            json!({
                "supportedVersions": spoken(), "capabilities": capabilities, "instructions": tools::INSTRUCTIONS,
                "_meta": { "io.modelcontextprotocol/serverInfo": server },
            }),
            true,
        ),
        Call::Ping => (json!({}), false),
        Call::ListTools => (json!({ "tools": tools::tools() }), true),
        Call::ListTemplates => (json!({ "resourceTemplates": [tools::template()] }), true),
        Call::ListResources(_) | Call::ReadResource(_) | Call::CallTool(..) => return None,
    };
    if is_kept {
        result["ttlMs"] = json!(LIST_MS);
        result["cacheScope"] = json!("public");
    }
    Some(result_of(request, result))
}

/// The answer with this result. What a client may keep says so itself.
#[must_use]
pub fn result_of(request: &Request, mut result: Value) -> Answer {
    if request.is_newest {
        result["resultType"] = json!("complete");
    } else if let Value::Object(fields) = &mut result {
        // Fields of the newest revision alone.
        fields.remove("ttlMs");
        fields.remove("cacheScope");
    }
    Answer::done(&request.id, result)
}

#[cfg(test)]
mod test;
