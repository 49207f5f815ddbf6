//! Work on the whole store: begun by a call, and told of by another one.

use super::{Api, NO_STORE, Refused, body};
use crate::http::answer::{json, refused};
use crate::http::query::sent_path;
use crate::platform::backup::may_be_written;
use crate::platform::blocking;
use crate::runtime::upkeep::Upkeep;
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use trillium::{Conn, Status};

/// The body of `POST /v1/backup`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BackUp {
    path: PathBuf,
    #[serde(default)]
    keys: bool,
}

impl Api {
    fn store(&self) -> Result<&Upkeep, Refused> {
        self.node.upkeep().ok_or_else(|| (Status::ServiceUnavailable, NO_STORE.to_owned()))
    }

    /// Whether the agent is being stopped.
    pub(in crate::http) fn is_stopping(&self) -> bool {
        self.node.upkeep().is_some_and(|upkeep| upkeep.stopping().load(Ordering::Acquire))
    }

    /// Begins a backup, unless its file cannot be made.
    pub(in crate::http) async fn back_up(&self, mut conn: Conn) -> Conn {
        let begun = match body::<BackUp>(&mut conn).await {
            Ok(asked) => self.begin_backup(asked).await,
            Err(refusal) => Err(refusal),
        };
        match begun {
            Ok(()) => self.upkeep(conn),
            Err((status, why)) => refused(conn, status, &why),
        }
    }

    async fn begin_backup(&self, BackUp { path, keys }: BackUp) -> Result<(), Refused> {
        let path = sent_path(path);
        if !path.is_absolute() {
            return Err((Status::BadRequest, "The path of a backup is absolute.".to_owned()));
        }
        let conflict = |why: String| (Status::Conflict, why);
        let place = path.clone();
        let seen = blocking::look(&path, move || may_be_written(&place, keys)).await;
        seen.unwrap_or_else(Err).map_err(conflict)?;
        self.store()?.back_up(path, keys).map_err(conflict)
    }

    /// Begins to make the index anew.
    pub(in crate::http) fn rebuild(&self, conn: Conn) -> Conn {
        match self.store() {
            Ok(store) => {
                store.rebuild().ask();
                self.upkeep(conn)
            }
            Err((status, why)) => refused(conn, status, &why),
        }
    }

    /// How far they are.
    pub(in crate::http) fn upkeep(&self, conn: Conn) -> Conn {
        match self.store() {
            Ok(store) => json(conn, Status::Ok, &store.report()),
            Err((status, why)) => refused(conn, status, &why),
        }
    }
}
