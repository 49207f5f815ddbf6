//! `PUT /v1/energy/quiet`: other quiet hours, which hold at once and stand in config.toml.

use super::{Api, NO_GOVERNOR, Refused, body};
use crate::config::{Setting, WantedQuiet, quiet_hours};
use crate::energy::policy::hours::QuietHours;
use crate::http::answer::{json, refused, refused_for_good};
use crate::http::dto::QuietSet;
use serde::Deserialize;
use trillium::{Conn, Status};

/// The body: all of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    quiet: Vec<WantedQuiet>,
}

async fn wanted(conn: &mut Conn) -> Result<QuietHours, Refused> {
    let Wanted { quiet } = body(conn).await?;
    quiet_hours(&quiet).map_err(|why| (Status::BadRequest, why))
}

impl Api {
    /// Replaces the quiet hours.
    pub(in crate::http) async fn set_quiet(&self, mut conn: Conn) -> Conn {
        let hours = match wanted(&mut conn).await {
            Ok(hours) => hours,
            Err((status, why)) => return refused(conn, status, &why),
        };
        let Some((quiet, leads)) = self.node.governor_handle().set_quiet(&hours) else {
            return refused_for_good(conn, Status::ServiceUnavailable, NO_GOVERNOR);
        };
        log::info!("Other quiet hours hold from now on: {} of them.", quiet.len());
        let forgotten = self.node.remember(vec![Setting::Quiet(hours)]).await.err();
        json(conn, Status::Ok, &QuietSet { quiet, leads, forgotten })
    }
}
