//! The calls about named tokens.

use super::unchanged::not_changed;
use super::{Api, NO_THREAD, body};
use crate::http::answer::{json, refused};
use crate::http::dto::{NewToken, Role, Tokens};
use crate::platform::blocking;
use serde::Deserialize;
use serde_json::json as value;
use trillium::{Conn, Status};

/// The body of `POST /v1/tokens`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: String,
    #[serde(default = "least")]
    role: Role,
}

const fn least() -> Role {
    Role::Read
}

/// The body of `POST /v1/tokens/revoke`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

impl Api {
    /// Makes a token.
    pub(in crate::http) async fn create_token(&self, mut conn: Conn) -> Conn {
        let Wanted { name, role } = match body(&mut conn).await {
            Ok(wanted) => wanted,
            Err((status, why)) => return refused(conn, status, &why),
        };
        let (keys, named) = (self.keys.clone(), name.clone());
        match blocking::run(move || keys.create(&named, role)).await {
            Some(Ok(token)) => {
                log::info!("A token {name} was made, which may {role}.");
                json(conn, Status::Ok, &NewToken { name, role, token: token.reveal().to_owned() })
            }
            Some(Err(unchanged)) => not_changed(conn, &unchanged),
            None => refused(conn, Status::ServiceUnavailable, NO_THREAD),
        }
    }

    /// The named tokens.
    pub(in crate::http) fn tokens(&self, conn: Conn) -> Conn {
        json(conn, Status::Ok, &Tokens { tokens: self.keys.list() })
    }

    /// Ends a token.
    pub(in crate::http) async fn revoke_token(&self, mut conn: Conn) -> Conn {
        let Named { name } = match body(&mut conn).await {
            Ok(named) => named,
            Err((status, why)) => return refused(conn, status, &why),
        };
        let (keys, named) = (self.keys.clone(), name.clone());
        match blocking::run(move || keys.revoke(&named)).await {
            Some(Ok(())) => {
                log::info!("The token {name} was revoked.");
                let done = format!("The token {name} is void: whoever has it is refused from the next call on.");
                json(conn, Status::Ok, &value!({ "done": done }))
            }
            Some(Err(unchanged)) => not_changed(conn, &unchanged),
            None => refused(conn, Status::ServiceUnavailable, NO_THREAD),
        }
    }
}
