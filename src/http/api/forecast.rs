//! `POST /v1/collection/forecast`: what it takes to embed a collection anew.

use super::{Api, Refused, body};
use crate::http::answer::{json, refused};
use crate::http::dto::Forecast;
use crate::platform::blocking;
use crate::store::kv::Kv;
use crate::store::models::passages;
use serde::Deserialize;
use trillium::{Conn, Status};

/// Which collection.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    name: String,
}

impl Api {
    /// The forecast of a collection's change of model.
    pub(in crate::http) async fn forecast(&self, mut conn: Conn) -> Conn {
        let forecast = match body::<Which>(&mut conn).await {
            Ok(which) => self.forecast_of(which.name).await,
            Err(refused) => Err(refused),
        };
        match forecast {
            Ok(forecast) => json(conn, Status::Ok, &forecast),
            Err((status, why)) => refused(conn, status, &why),
        }
    }

    /// Counts its passages, on a thread of its own.
    async fn forecast_of(&self, name: String) -> Result<Forecast, Refused> {
        let Some(upkeep) = self.node.upkeep() else {
            return Err((Status::ServiceUnavailable, "This agent has no store.".to_owned()));
        };
        let (disk, asked) = (upkeep.disk().clone(), name.clone());
        match blocking::run(move || passages(&disk.snapshot(), &asked)).await {
            Some(Ok(Some(passages))) => Ok(Forecast::of(name, passages, self.node.governor_handle().day().as_ref())),
            Some(Ok(None)) => {
                let why = "No folder of this device is of that collection; `wattle collection list` names them.";
                Err((Status::NotFound, why.to_owned()))
            }
            Some(Err(error)) => {
                Err((Status::InternalServerError, format!("Its passages could not be counted: {error}.")))
            }
            None => Err((Status::ServiceUnavailable, "The system gives no thread for that. Try again.".to_owned())),
        }
    }
}
