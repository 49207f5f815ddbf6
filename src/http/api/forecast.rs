//! `POST /v1/collection/forecast`: what it takes to embed a collection anew.

use super::collection::Models;
use super::{Api, NO_STORE, NO_THREAD, Refused, body};
use crate::base::collection_name::is_same;
use crate::http::answer::{json, refused};
use crate::http::dto::{Forecast, ForecastChange};
use crate::platform::blocking;
use crate::store::kv::Kv;
use crate::store::models::passages;
use crate::store::record::CollectionModel;
use serde::Deserialize;
use trillium::{Conn, Status};

/// Which collection, and the model that it would have; any other one where none is named.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    name: String,
    model: Option<String>,
    #[serde(default)]
    back: bool,
}

impl Which {
    /// The model's name, and what the change means, by the settings of collections.
    ///
    /// # Errors
    /// A sentence for people: there is no such model.
    fn change(&self, models: &Models, set: &[CollectionModel]) -> Result<(Option<String>, ForecastChange), String> {
        let set = set.iter().find(|set| is_same(&set.collection, &self.name));
        let (now, before) = (set.map_or(&models.home, |set| &set.model), set.and_then(|set| set.before.as_ref()));
        let wanted = match (&self.model, self.back) {
            (None, false) => return Ok((None, ForecastChange::Anew)),
            (Some(name), false) => models.named(name)?,
            (None, true) => before.ok_or_else(|| format!("The collection {:?} has had no other model.", self.name))?,
            (Some(_), true) => return Err("This call has one of \"model\" and \"back\".".to_owned()),
        };
        let change = if wanted.fingerprint == now.fingerprint {
            ForecastChange::None
        } else if before.is_some_and(|before| before.fingerprint == wanted.fingerprint) {
            ForecastChange::Back
        } else {
            ForecastChange::Anew
        };
        Ok((Some(wanted.name.clone()), change))
    }
}

impl Api {
    /// The forecast of a collection's change of model.
    pub(in crate::http) async fn forecast(&self, mut conn: Conn) -> Conn {
        let forecast = match body::<Which>(&mut conn).await {
            Ok(which) => self.forecast_of(which).await,
            Err(refused) => Err(refused),
        };
        match forecast {
            Ok(forecast) => json(conn, Status::Ok, &forecast),
            Err((status, why)) => refused(conn, status, &why),
        }
    }

    /// Counts its passages, on a thread of its own.
    async fn forecast_of(&self, which: Which) -> Result<Forecast, Refused> {
        let Some(upkeep) = self.node.upkeep() else {
            return Err((Status::ServiceUnavailable, NO_STORE.to_owned()));
        };
        let (disk, asked) = (upkeep.disk().clone(), which.name.clone());
        let passages = match blocking::run(move || passages(&disk.snapshot(), &asked)).await {
            Some(Ok(Some(passages))) => passages,
            Some(Ok(None)) => {
                let why = "No folder of this device is of that collection; `wattle collection list` names them.";
                return Err((Status::NotFound, why.to_owned()));
            }
            Some(Err(error)) => {
                return Err((Status::InternalServerError, format!("Its passages could not be counted: {error}.")));
            }
            None => return Err((Status::ServiceUnavailable, NO_THREAD.to_owned())),
        };
        let work = self.node.status().await.map(|status| status.work).unwrap_or_default();
        let change = which.change(&self.models().await, &work.models).map_err(|why| (Status::BadRequest, why))?;
        let day = self.node.governor_handle().day();
        Ok(Forecast::of((which.name, passages), change, work.own_speed, day.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Fingerprint;
    use crate::store::record::NamedModel;

    #[test]
    fn a_forecast_is_of_a_model_that_is_there_and_knows_the_one_of_now_and_the_one_before() {
        let named = |name: &str| NamedModel {
            name: name.to_owned(),
            fingerprint: Fingerprint([u8::try_from(name.len()).unwrap(); 32]),
        };
        let others = vec![named("large"), named("larger")];
        let models = Models { home: named("home"), others, many: Vec::new(), folder: "/models".to_owned() };
        let (model, before, collection) = (named("large"), Some(named("home")), "Notes".to_owned());
        let set = [CollectionModel { collection, version: 1, model, before, language: None }];
        let of =
            |body: &str, set: &[CollectionModel]| serde_json::from_str::<Which>(body).unwrap().change(&models, set);
        let is = |name: &str, change| Ok((Some(name.to_owned()), change));
        assert_eq!(of(r#"{"name":"notes"}"#, &set), Ok((None, ForecastChange::Anew)));
        assert_eq!(of(r#"{"name":"notes","model":"larger"}"#, &set), is("larger", ForecastChange::Anew));
        assert_eq!(of(r#"{"name":"notes","model":"large"}"#, &set), is("large", ForecastChange::None));
        assert_eq!(of(r#"{"name":"notes","model":"home"}"#, &set), is("home", ForecastChange::Back));
        assert_eq!(of(r#"{"name":"notes","back":true}"#, &set), is("home", ForecastChange::Back));
        assert_eq!(of(r#"{"name":"notes","model":"home"}"#, &[]), is("home", ForecastChange::None));
        assert!(of(r#"{"name":"notes","model":"lrage"}"#, &set).unwrap_err().contains("There is no model \"lrage\""));
        assert!(of(r#"{"name":"notes","back":true}"#, &[]).unwrap_err().contains("has had no other model"));
        assert!(of(r#"{"name":"notes","back":true,"model":"large"}"#, &set).is_err());
    }
}
