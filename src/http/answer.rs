//! The forms that every answer takes: JSON or one plain sentence, and nothing that a browser may keep.

use serde::Serialize;
use trillium::{Conn, Headers, KnownHeaderName, Status};

/// On every answer: nothing is cached, sniffed, framed or sent on as a referrer.
pub(super) fn house_headers() -> Headers {
    Headers::new()
        .with_inserted_header(KnownHeaderName::CacheControl, "no-store")
        .with_inserted_header(KnownHeaderName::XcontentTypeOptions, "nosniff")
        .with_inserted_header(KnownHeaderName::ReferrerPolicy, "no-referrer")
        .with_inserted_header(KnownHeaderName::XframeOptions, "DENY")
        .with_inserted_header(KnownHeaderName::CrossOriginResourcePolicy, "same-origin")
        .with_inserted_header(KnownHeaderName::CrossOriginOpenerPolicy, "same-origin")
}

/// This value as JSON, with this status; no later handler runs.
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

/// `{"error": sentence}`. The connection closes after it: what else was sent is not worth reading.
pub(super) fn refused(conn: Conn, status: Status, sentence: &str) -> Conn {
    json(conn, status, &serde_json::json!({ "error": sentence }))
        .with_response_header(KnownHeaderName::Connection, "close")
}
