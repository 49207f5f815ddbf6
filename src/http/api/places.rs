//! The calls about the watched folders: the list, and what their owner decides about documents that are away or missing.

use super::{Api, NO_ANSWER, Refused, body, status_of};
use crate::config::Setting;
use crate::http::answer::{json, refused};
use crate::http::dto::text;
use crate::http::folders::Folders;
use crate::node::input::Request;
use crate::node::output::{Problem, Response};
use crate::platform::blocking;
use crate::platform::source::{place_as_typed, place_at};
use crate::runtime::unfinished::Command;
use serde::Deserialize;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use trillium::{Conn, Status};

impl Api {
    /// Ends the watching of a folder, or answers for documents that are away or missing; see `Request::Forget`.
    pub(in crate::http) async fn forget(&self, mut conn: Conn) -> Conn {
        let place = match place_in(&mut conn).await {
            Ok(place) => place,
            Err((status, why)) => return refused(conn, status, &why),
        };
        let command = self.node.begin(Command::Forget(text(&place))).await;
        let answer = self.node.request(Request::Forget(place.clone())).await;
        if !matches!(answer, Response::Done(_)) {
            self.node.finish(command).await;
        }
        let done = match answer {
            Response::Done(done) => done,
            Response::Refused(problem @ Problem::Conflict, why) => {
                let why = with_absence(place, why).await;
                return refused(conn, status_of(problem), &why);
            }
            Response::Refused(problem, why) => return refused(conn, status_of(problem), &why),
            _ => return refused(conn, Status::InternalServerError, NO_ANSWER),
        };
        // Where a question was answered, the folder is still watched.
        let watched = match self.node.request(Request::Status).await {
            Response::Status(status) => status.sources.iter().any(|source| source.path == place),
            _ => true,
        };
        let settings = if watched { Vec::new() } else { vec![Setting::RemoveFolder(text(&place))] };
        let forgotten = self.remember(command, settings).await;
        json(conn, Status::Ok, &serde_json::json!({ "done": done, "forgotten": forgotten }))
    }

    /// Writes settings into config.toml, with which the command is finished; or why not. Then the next start does it.
    pub(super) async fn remember(&self, command: u64, settings: Vec<Setting>) -> Option<String> {
        let forgotten = self.node.remember(settings).await.err();
        if forgotten.is_none() {
            self.node.finish(command).await;
        }
        forgotten
    }

    /// Keeps documents that are away or missing.
    pub(in crate::http) async fn keep(&self, mut conn: Conn) -> Conn {
        let request = place_in(&mut conn).await.map(Request::Keep);
        self.request(conn, request).await
    }

    /// The watched folders and files, as in the status.
    pub(in crate::http) async fn folders(&self, conn: Conn) -> Conn {
        match self.node.request(Request::Status).await {
            Response::Status(status) => json(conn, Status::Ok, &Folders::from(&*status)),
            Response::Refused(problem, why) => refused(conn, status_of(problem), &why),
            _ => refused(conn, Status::InternalServerError, NO_ANSWER),
        }
    }
}

/// The body of `POST /v1/forget` and `POST /v1/keep`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    path: PathBuf,
}

/// The sentence, behind another one if nothing is at the place: the node looks at no disk.
async fn with_absence(place: Vec<u8>, why: String) -> String {
    let name = text(&place);
    let at = PathBuf::from(OsStr::from_bytes(&place));
    let look = blocking::look(&at, move || {
        let found = fs::symlink_metadata(OsStr::from_bytes(&place));
        found.is_err_and(|error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory))
    });
    if look.await == Ok(true) { format!("There is nothing at {name}. {why}") } else { why }
}

async fn place_in(conn: &mut Conn) -> Result<Vec<u8>, Refused> {
    let Place { path } = body(conn).await?;
    let typed = path.clone();
    let place = blocking::look(&typed, move || place_at(&path)).await;
    // A place that does not answer can be kept and forgotten by the name that the findings and the folders have for it.
    place.unwrap_or_else(|_| place_as_typed(&typed)).map_err(|why| (Status::BadRequest, why))
}
