//! The update of this device's own system, as the image's service tells of it.

use super::{Api, body};
use crate::base::finding::{Area, Finding};
use crate::http::answer::refused;
use crate::limits::UPDATE_TROUBLE_BYTES_MAX;
use crate::mesh::update::Said;
use crate::node::input::Request;
use serde::Deserialize;
use trillium::{Conn, Status};

const KEY: &str = "update";

/// The body of `POST /v1/update`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnUpdate {
    said: Word,
    #[serde(default)]
    trouble: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Nothing,
    Wants,
    Updates,
}

impl From<Word> for Said {
    fn from(word: Word) -> Self {
        match word {
            Word::Nothing => Self::Nothing,
            Word::Wants => Self::Wants,
            Word::Updates => Self::Updates,
        }
    }
}

impl Api {
    /// Hands on what the service says, and tells whether it is this device's turn.
    pub(in crate::http) async fn update(&self, mut conn: Conn) -> Conn {
        let told = match body::<OwnUpdate>(&mut conn).await {
            Ok(told) => told,
            Err((status, why)) => return refused(conn, status, &why),
        };
        if told.trouble.as_ref().is_some_and(|why| why.len() > UPDATE_TROUBLE_BYTES_MAX) {
            let why = format!("A trouble has at most {UPDATE_TROUBLE_BYTES_MAX} bytes.");
            return refused(conn, Status::BadRequest, &why);
        }
        match told.trouble {
            Some(why) => self.node.findings().set(KEY, of_update(&why)),
            None => self.node.findings().clear(KEY),
        }
        self.request(conn, Ok(Request::Update(told.said.into()))).await
    }
}

/// What is to be told of an update of this board: why it was not taken, waits, or was given up.
pub(crate) fn of_update(why: &str) -> Finding {
    Finding { area: Area::State, what: format!("Of an update of this board: {why}"), command: None }
}
