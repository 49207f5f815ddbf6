//! `POST /mcp`: the Model Context Protocol over HTTP, each message answered by itself, as one JSON object.
//!
//! There are no sessions and no streams, which no revision of the protocol asks of a server: nothing here is sent without a request.
//! `wire::mcp` reads the messages, `tools` asks what the page asks.

mod tools;

use super::{Api, bytes};
use crate::http::answer::{json, refused};
use crate::limits::HTTP_BODY_MAX;
use crate::wire::mcp::{
    self, BAD_PARAMETERS, Call, Fault, HEADER_MISMATCH, Incoming, Metadata, NO_METHOD, NO_REQUEST, NOT_JSON,
    OTHER_REVISION, Request,
};
use serde_json::Value;
use trillium::{Conn, Status};

impl Api {
    /// Answers one message.
    pub(crate) async fn mcp(&self, mut conn: Conn) -> Conn {
        let body = match bytes(&mut conn, HTTP_BODY_MAX).await {
            Ok(body) => body,
            Err((status, why)) => return refused(conn, status, &why),
        };
        let request = match mcp::read(&body) {
            Ok(Incoming::Request(request)) => request,
            Ok(Incoming::Notification) => return conn.with_status(Status::Accepted).halt(),
            Err(fault) => return json(conn, status_of(&fault), &fault.answer()),
        };
        let headers = conn.request_headers();
        let metadata = Metadata {
            revision: headers.get_str("MCP-Protocol-Version"),
            method: headers.get_str("Mcp-Method"),
            name: headers.get_str("Mcp-Name"),
        };
        let answer = match metadata.check(&request) {
            Err(fault) => Err(fault),
            Ok(()) => match mcp::answered(&request) {
                Some(answer) => Ok(answer),
                None => self.asked(&request).await.map(|result| mcp::result_of(&request, result)),
            },
        };
        match answer {
            Ok(answer) => json(conn, Status::Ok, &answer),
            Err(fault) => json(conn, status_of(&fault), &fault.answer()),
        }
    }

    /// The result of a request that is about documents.
    async fn asked(&self, request: &Request) -> Result<Value, Fault> {
        match &request.call {
            Call::CallTool(name, arguments) => match self.tool(name, arguments.clone()).await {
                Some(result) => Ok(result),
                None => Err(Fault::of(request, BAD_PARAMETERS, "There is no such tool; tools/list has them all.")),
            },
            Call::ListResources(after) => self.resources(request, after.as_deref()).await,
            Call::ReadResource(uri) => self.resource(request, uri).await,
            _ => Err(Fault::of(request, NO_METHOD, "There is no such method here.")),
        }
    }
}

/// The status of a fault. Before the newest revision, a request is answered with 200 whatever its answer is: its clients take 404 for the end of a session.
const fn status_of(fault: &Fault) -> Status {
    match fault.code {
        NOT_JSON | NO_REQUEST | HEADER_MISMATCH | OTHER_REVISION => Status::BadRequest,
        NO_METHOD if fault.is_newest => Status::NotFound,
        BAD_PARAMETERS if fault.is_newest => Status::BadRequest,
        _ => Status::Ok,
    }
}
