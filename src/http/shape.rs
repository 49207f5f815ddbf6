//! The shapes in which programs of others expect what went wrong: each client reads its own one.

use serde_json::{Value, json};
use trillium::Status;

/// In whose shape a call is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Our own calls, and Ollama's, whose errors look the same: `{"error": sentence}`.
    Own,
    /// OpenAI's.
    OpenAi,
    /// That of text-embeddings-inference.
    Tei,
    /// JSON-RPC's, for a message of which nothing was read.
    Mcp,
}

impl Shape {
    fn of(path: &str) -> Self {
        match path {
            "/v1/embeddings" | "/v1/models" => Self::OpenAi,
            "/embed" => Self::Tei,
            "/mcp" => Self::Mcp,
            _ => Self::Own,
        }
    }
}

/// What went wrong at a path, as its clients read it.
pub(super) fn error(path: &str, status: Status, sentence: &str) -> Value {
    match Shape::of(path) {
        Shape::Own => json!({ "error": sentence }),
        Shape::Mcp => json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32000, "message": sentence } }),
        Shape::OpenAi => {
            let (kind, code) = match status {
                Status::Unauthorized => ("invalid_request_error", Some("invalid_api_key")),
                Status::NotFound => ("invalid_request_error", Some("model_not_found")),
                Status::TooManyRequests => ("rate_limit_error", Some("rate_limit_exceeded")),
                _ if status.is_server_error() => ("server_error", None),
                _ => ("invalid_request_error", None),
            };
            json!({ "error": { "message": sentence, "type": kind, "param": null, "code": code } })
        }
        Shape::Tei => {
            let kind = match status {
                Status::TooManyRequests => "Overloaded",
                Status::FailedDependency => "Backend",
                Status::ServiceUnavailable => "Unhealthy",
                _ => "Validation",
            };
            json!({ "error": sentence, "error_type": kind })
        }
    }
}

/// The sentence about a field that takes a string or a list of strings, and was sent something else.
pub(super) fn takes_strings(field: &str, example: &str, sent: &Value) -> String {
    let sent = match sent {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list with something else in it",
        Value::Object(_) => "an object",
    };
    format!(
        "The field {field} takes a string or a list of strings, as in {{\"{field}\": \"{example}\"}}; {sent} was sent."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_reads_what_went_wrong_in_its_own_shape() {
        let of = |path, status| error(path, status, "No.");
        assert_eq!(of("/v1/add", Status::Conflict), json!({ "error": "No." }));
        assert_eq!(of("/api/embed", Status::NotFound), json!({ "error": "No." }));
        let openai = of("/v1/embeddings", Status::NotFound);
        assert_eq!(openai["error"]["message"], "No.");
        assert_eq!(openai["error"]["code"], "model_not_found");
        assert_eq!(of("/v1/models", Status::Unauthorized)["error"]["code"], "invalid_api_key");
        assert_eq!(of("/v1/embeddings", Status::InternalServerError)["error"]["type"], "server_error");
        assert_eq!(of("/mcp", Status::Unauthorized)["error"]["message"], "No.");
        assert_eq!(of("/embed", Status::TooManyRequests), json!({ "error": "No.", "error_type": "Overloaded" }));
        assert_eq!(of("/embed", Status::PayloadTooLarge)["error_type"], "Validation");
    }
}
