//! `PUT /v1/energy/quiet`: other quiet hours, which hold at once and stand in config.toml.

use super::unchanged::not_changed;
use super::{Api, NO_GOVERNOR, Refused, body};
use crate::config::{Setting, WantedQuiet, quiet_hours};
use crate::energy::policy::hours::QuietHours;
use crate::http::answer::{json, refused};
use crate::http::dto::QuietSet;
use crate::runtime::governor::QuietWindow;
use serde::Deserialize;
use trillium::{Conn, Status};

/// The body: all of them, and those that hold as far as is known; without, whatever holds is replaced.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    quiet: Vec<WantedQuiet>,
    before: Option<Vec<QuietWindow>>,
}

async fn wanted(conn: &mut Conn) -> Result<(QuietHours, Option<Vec<QuietWindow>>), Refused> {
    let Wanted { quiet, before } = body(conn).await?;
    let hours = quiet_hours(&quiet).map_err(|why| (Status::BadRequest, why))?;
    Ok((hours, before))
}

impl Api {
    /// Replaces the quiet hours.
    pub(in crate::http) async fn set_quiet(&self, mut conn: Conn) -> Conn {
        let (hours, before) = match wanted(&mut conn).await {
            Ok(wanted) => wanted,
            Err((status, why)) => return refused(conn, status, &why),
        };
        let (quiet, leads) = match self.node.governor_handle().set_quiet(&hours, before.as_deref()) {
            Ok(Some(set)) => set,
            Ok(None) => return refused(conn, Status::Conflict, NO_GOVERNOR),
            Err(unchanged) => return not_changed(conn, &unchanged),
        };
        log::info!("Other quiet hours hold from now on: {} of them.", quiet.len());
        let forgotten = self.node.remember(vec![Setting::Quiet(hours)]).await.err();
        json(conn, Status::Ok, &QuietSet { quiet, leads, forgotten })
    }
}
