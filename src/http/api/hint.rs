//! `/v1/energy/hint`: how plentiful energy is, as other programs say it, and what holds by that.

use super::{Api, NO_GOVERNOR, bytes, sentence_case};
use crate::http::answer::{json, refused};
use crate::http::dto::EnergyNow;
use crate::limits::GRID_BYTES_MAX;
use trillium::{Conn, Status};

/// What whoever gives a hint reads where nothing goes by hints.
const NO_EFFECT: &str = "This agent runs without its governor (`--governor off`), so a hint on energy has no effect here, and this one is not kept. \
                         Hints count again once the agent is started without `--governor off`.";

impl Api {
    /// Takes a hint.
    pub(in crate::http) async fn hint(&self, mut conn: Conn) -> Conn {
        let read = bytes(&mut conn, GRID_BYTES_MAX).await;
        match read.map(|bytes| self.node.governor_handle().hint(&bytes)) {
            Ok(Ok(true)) => conn.with_status(Status::NoContent).halt(),
            Ok(Ok(false)) => refused(conn, Status::Conflict, NO_EFFECT),
            Ok(Err(error)) => {
                let why =
                    format!("{}. The hint before it stays until its time is over.", sentence_case(&error.to_string()));
                refused(conn, Status::BadRequest, &why)
            }
            Err((status, why)) => refused(conn, status, &why),
        }
    }

    /// What holds now, for whoever may ask and not give hints.
    pub(in crate::http) async fn energy_now(&self, conn: Conn) -> Conn {
        match self.node.governor_handle().current().await {
            Some(current) => json(conn, Status::Ok, &EnergyNow::from(current.details)),
            None => refused(conn, Status::Conflict, NO_GOVERNOR),
        }
    }
}
