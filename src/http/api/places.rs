//! The calls about the watched folders: the list, and what their owner decides about documents that are away or missing.

use super::{Api, NO_ANSWER, Refused, body, status_of};
use crate::base::id::DocId;
use crate::config::Setting;
use crate::http::answer::{json, refused};
use crate::http::dto::{Files, Forgotten, text};
use crate::http::folders::Folders;
use crate::http::query::sent_path;
use crate::http::tasks::{Tasks, lacks_reason};
use crate::http::why::Why;
use crate::limits::WHY_MS;
use crate::node::input::Request;
use crate::node::output::{Problem, Response};
use crate::platform::blocking;
use crate::platform::clock;
use crate::platform::source::{place_as_typed, place_at};
use crate::runtime::unfinished::Command;
use crate::scheduler::attempt::Decided;
use serde::Deserialize;
use smol::Timer;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;
use trillium::{Conn, Status};

impl Api {
    /// Ends the watching of a folder, or answers for documents that are away or missing; see `Request::Forget`.
    pub(in crate::http) async fn forget(&self, mut conn: Conn) -> Conn {
        let (place, kept) = match forgotten_in(&mut conn).await {
            Ok((place, kept)) => (self.shown_as(place).await, kept),
            Err((status, why)) => return refused(conn, status, &why),
        };
        if kept {
            return self.request(conn, Ok(Request::ForgetKept(place))).await;
        }
        match self.forget_place(place).await {
            Ok((done, forgotten)) => json(conn, Status::Ok, &Forgotten { done, forgotten }),
            Err((status, why)) => refused(conn, status, &why),
        }
    }

    /// Has the node forget a place, and config.toml name it no more. Gives what was done, and why config.toml could not be written.
    pub(super) async fn forget_place(&self, place: Vec<u8>) -> Result<(String, Option<String>), Refused> {
        let command = self.node.begin(Command::Forget(text(&place))).await;
        let answer = self.node.request(Request::Forget(place.clone())).await;
        self.end_refused(command, &answer).await;
        let done = match answer {
            Response::Done(done) => done,
            Response::Refused(problem @ Problem::Conflict, why) => {
                return Err((status_of(problem), with_absence(place, why).await));
            }
            Response::Refused(problem, why) => return Err((status_of(problem), why)),
            _ => return Err((Status::InternalServerError, NO_ANSWER.to_owned())),
        };
        let forgotten = match self.node.status().await.map(|status| status.sources) {
            // A question was answered, and the folder is still watched.
            Some(sources) if sources.iter().any(|source| source.path == place) => {
                self.remember(command, Vec::new()).await
            }
            Some(_) => self.remember(command, vec![Setting::RemoveFolder(text(&place))]).await,
            // The agent is stopping. The note of the command stays, and the next start looks.
            None => None,
        };
        Ok((done, forgotten))
    }

    /// A command that the node refused is finished. One that it did not answer may have been carried out all the same: the note
    /// of it stays, and the next start looks.
    pub(super) async fn end_refused(&self, command: u64, answer: &Response) {
        if matches!(answer, Response::Refused(problem, _) if *problem != Problem::Unanswered) {
            self.node.finish(command).await;
        }
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
        let request = match place_in(&mut conn).await {
            Ok(place) => Ok(Request::Keep(self.shown_as(place).await)),
            Err(refused) => Err(refused),
        };
        self.request(conn, request).await
    }

    /// The watched place that is shown by this name: one whose path is not UTF-8 is shown, and sent by who read that, with U+FFFD. Else, and
    /// where several are shown so, the place itself.
    async fn shown_as(&self, place: Vec<u8>) -> Vec<u8> {
        let shown = text(&place);
        if !shown.contains(char::REPLACEMENT_CHARACTER) {
            return place;
        }
        let Some(sources) = self.node.status().await.map(|status| status.sources) else { return place };
        let mut alike = sources.iter().filter(|source| text(&source.path) == shown);
        match (alike.next(), alike.next()) {
            (Some(one), None) => one.path.clone(),
            _ => place,
        }
    }

    /// Background work: what waits, and who has it.
    pub(in crate::http) async fn tasks(&self, conn: Conn) -> Conn {
        let mut answer = self.node.request(Request::Status).await;
        if matches!(&answer, Response::Status(status) if lacks_reason(status)) {
            // Whoever rests has a moment to tell why.
            if matches!(self.node.request(Request::AskWhy).await, Response::Asked(devices) if devices > 0) {
                Timer::after(Duration::from_millis(WHY_MS)).await;
            }
            answer = self.node.request(Request::Status).await;
        }
        match answer {
            Response::Status(status) => {
                let mut tasks = Tasks::from(&*status);
                tasks.here.background = self.node.governor_handle().sentence(Files::waiting_work(&status));
                if let Some((left_s, _)) = self.node.governor_handle().paused() {
                    (tasks.here.paused, tasks.here.paused_s) = (true, left_s);
                }
                json(conn, Status::Ok, &tasks)
            }
            Response::Refused(problem, why) => refused(conn, status_of(problem), &why),
            _ => refused(conn, Status::InternalServerError, NO_ANSWER),
        }
    }

    /// Why work waits: the linked devices are asked, and have a moment to tell.
    pub(in crate::http) async fn why(&self, conn: Conn) -> Conn {
        if matches!(self.node.request(Request::AskWhy).await, Response::Asked(devices) if devices > 0) {
            Timer::after(Duration::from_millis(WHY_MS)).await;
        }
        match self.node.request(Request::Status).await {
            Response::Status(mut status) => {
                let governor = self.node.governor_handle();
                // As the status and the energy are told, which ask the governor too.
                let allowed = governor.decision(clock::now());
                allowed.into_iter().for_each(|allowed| status.work.shared.why.allow(&allowed));
                let why = Why::from(&*status).paused_here(governor.paused());
                json(conn, Status::Ok, &why)
            }
            Response::Refused(problem, why) => refused(conn, status_of(problem), &why),
            _ => refused(conn, Status::InternalServerError, NO_ANSWER),
        }
    }

    /// Has parked tasks tried again, or drops them.
    pub(in crate::http) async fn decide_parked(&self, mut conn: Conn, decided: Decided) -> Conn {
        let which = body::<WhichTask>(&mut conn).await.map(|WhichTask { id }| id.map(DocId));
        self.request(conn, which.map(|which| Request::Decide(which, decided))).await
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

/// The body of `POST /v1/forget`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ForgetBody {
    path: PathBuf,
    /// Whether only documents are meant that are kept without their files.
    #[serde(default)]
    kept: bool,
}

/// The body of `POST /v1/tasks/retry` and `/v1/tasks/drop`: all parked tasks without an id.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WhichTask {
    id: Option<u64>,
}

/// The body of `POST /v1/keep`.
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

async fn forgotten_in(conn: &mut Conn) -> Result<(Vec<u8>, bool), Refused> {
    let ForgetBody { path, kept } = body(conn).await?;
    Ok((place_of(path).await?, kept))
}

async fn place_in(conn: &mut Conn) -> Result<Vec<u8>, Refused> {
    let Place { path } = body(conn).await?;
    place_of(path).await
}

async fn place_of(path: PathBuf) -> Result<Vec<u8>, Refused> {
    let path = sent_path(path);
    let typed = path.clone();
    let place = blocking::look(&typed, move || place_at(&path)).await;
    // A place that does not answer can be kept and forgotten by the name that the findings and the folders have for it.
    place.unwrap_or_else(|_| place_as_typed(&typed)).map_err(|why| (Status::BadRequest, why))
}
