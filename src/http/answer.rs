//! How every answer is written: JSON or one sentence, with headers that forbid browsers to cache, sniff or frame it.

use serde::Serialize;
use trillium::{Conn, Headers, KnownHeaderName, Status};

/// Headers of every answer: nothing is cached, sniffed, framed or sent on as a referrer.
pub(super) fn common_headers() -> Headers {
    Headers::new()
        .with_inserted_header(KnownHeaderName::CacheControl, "no-store")
        .with_inserted_header(KnownHeaderName::XcontentTypeOptions, "nosniff")
        .with_inserted_header(KnownHeaderName::ReferrerPolicy, "no-referrer")
        .with_inserted_header(KnownHeaderName::XframeOptions, "DENY")
        .with_inserted_header(KnownHeaderName::CrossOriginResourcePolicy, "same-origin")
        .with_inserted_header(KnownHeaderName::CrossOriginOpenerPolicy, "same-origin")
}

/// Answers with this value as JSON; no later handler runs.
pub(super) fn json(conn: Conn, status: Status, body: &impl Serialize) -> Conn {
    match serde_json::to_vec(body) {
        Ok(bytes) => conn
            .with_status(status)
            .with_response_header(KnownHeaderName::ContentType, "application/json")
            .with_body(bytes)
            .halt(),
        Err(error) => {
            log::error!("An answer could not be written as JSON: {error}.");
            conn.with_status(Status::InternalServerError).halt()
        }
    }
}

/// Answers `{"error": sentence}` and closes the connection: the rest of a refused request is not read.
pub(super) fn refused(conn: Conn, status: Status, sentence: &str) -> Conn {
    json(conn, status, &serde_json::json!({ "error": sentence }))
        .with_response_header(KnownHeaderName::Connection, "close")
}
