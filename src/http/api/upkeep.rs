//! Work on the whole store: begun by a call, and told of by another one.

use super::{Api, NO_ANSWER, Refused, body};
use crate::http::answer::{json, refused};
use crate::http::query::sent_path;
use crate::runtime::upkeep::Upkeep;
use serde::Deserialize;
use std::path::PathBuf;
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
        self.node.upkeep().ok_or_else(|| (Status::ServiceUnavailable, NO_ANSWER.to_owned()))
    }

    /// Begins a backup.
    pub(in crate::http) async fn back_up(&self, mut conn: Conn) -> Conn {
        let asked = body::<BackUp>(&mut conn).await.and_then(|BackUp { path, keys }| {
            let asked = BackUp { path: sent_path(path), keys };
            let is_absolute = asked.path.is_absolute();
            let bad = || (Status::BadRequest, "The path of a backup is absolute.".to_owned());
            is_absolute.then_some(asked).ok_or_else(bad)
        });
        let begun = asked
            .and_then(|BackUp { path, keys }| self.store()?.back_up(path, keys).map_err(|why| (Status::Conflict, why)));
        match begun {
            Ok(()) => self.upkeep(conn),
            Err((status, why)) => refused(conn, status, &why),
        }
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
