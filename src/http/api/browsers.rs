//! The calls about browsers that were let in: which there are, and their ends.

use super::unchanged::status_unchanged;
use super::{Api, NO_THREAD, Nothing, Refused, body};
use crate::http::answer::{json, refused};
use crate::http::dto::Sessions;
use crate::http::keys::Keys;
use crate::platform::blocking;
use crate::platform::unchanged::Unchanged;
use serde::Deserialize;
use serde_json::json as value;
use trillium::{Conn, KnownHeaderName, Status};
use zeroize::Zeroizing;

/// The body of `POST /v1/sessions/end`: one of the two. `created` says which one of a name is meant: another browser may have it by now.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ends {
    name: Option<String>,
    created: Option<i64>,
    #[serde(default)]
    others: bool,
}

const ONE_OF_THEM: &str = "The call says which browsers are signed out: {\"name\"}, one of the list, or {\"others\": true}, all but the one that asks.";

const NO_SESSION: &str = "This is no session: the agent's own token and those of programs are not signed out. `wattle token revoke NAME` ends one of a program.";

impl Api {
    /// The browsers that were let in.
    pub(in crate::http) fn sessions(&self, conn: Conn) -> Conn {
        let sessions = self.keys.sessions(bearer(&conn));
        json(conn, Status::Ok, &Sessions { sessions })
    }

    /// Ends the session that asks.
    pub(in crate::http) async fn end_own_session(&self, mut conn: Conn) -> Conn {
        if let Err((status, why)) = body::<Nothing>(&mut conn).await {
            return refused(conn, status, &why);
        }
        let token = Zeroizing::new(bearer(&conn).to_owned());
        let end = move |keys: Keys| match keys.end_own_session(&token) {
            Ok(true) => Ok("This browser is signed out.".to_owned()),
            Ok(false) => Err((Status::Conflict, NO_SESSION.to_owned())),
            Err(unchanged) => Err(refusal(&unchanged)),
        };
        self.end(conn, end).await
    }

    /// Ends a session by its name, or all others.
    pub(in crate::http) async fn end_sessions(&self, mut conn: Conn) -> Conn {
        let Ends { name, created, others } = match body(&mut conn).await {
            Ok(ends) => ends,
            Err((status, why)) => return refused(conn, status, &why),
        };
        let token = Zeroizing::new(bearer(&conn).to_owned());
        match (name, others) {
            (Some(name), false) => self.end(conn, move |keys| end_named(&keys, &name, created)).await,
            (None, true) => self.end(conn, move |keys| end_others(&keys, &token)).await,
            _ => refused(conn, Status::BadRequest, ONE_OF_THEM),
        }
    }

    async fn end(&self, conn: Conn, end: impl FnOnce(Keys) -> Result<String, Refused> + Send + 'static) -> Conn {
        let keys = self.keys.clone();
        match blocking::run(move || end(keys)).await {
            Some(Ok(done)) => {
                log::info!("{done}");
                json(conn, Status::Ok, &value!({ "done": done }))
            }
            Some(Err((status, why))) => refused(conn, status, &why),
            None => refused(conn, Status::ServiceUnavailable, NO_THREAD),
        }
    }
}

fn refusal(unchanged: &Unchanged) -> Refused {
    (status_unchanged(unchanged), unchanged.to_string())
}

fn end_named(keys: &Keys, name: &str, created: Option<i64>) -> Result<String, Refused> {
    match keys.end_session(name, created) {
        Ok(true) => Ok(format!("The browser {name} is signed out.")),
        Ok(false) => Err((Status::Conflict, format!("No browser {name} is signed in; nothing was changed."))),
        Err(unchanged) => Err(refusal(&unchanged)),
    }
}

fn end_others(keys: &Keys, token: &str) -> Result<String, Refused> {
    match keys.end_other_sessions(token) {
        Ok(0) => Ok("No other browser was signed in.".to_owned()),
        Ok(1) => Ok("One other browser is signed out.".to_owned()),
        Ok(number) => Ok(format!("{number} other browsers are signed out.")),
        Err(unchanged) => Err(refusal(&unchanged)),
    }
}

/// The token of a request; empty where there is none, as none is needed on this machine.
pub(super) fn bearer(conn: &Conn) -> &str {
    let sent = conn.request_headers().get_str(KnownHeaderName::Authorization).unwrap_or_default();
    sent.split_once(' ').map_or("", |(_, token)| token.trim())
}
