//! The calls about the whole store, and about an update of the whole system.

use super::{Answer, Client, Failure, typed};
use crate::http::dto::Checked;
use crate::limits::{CLIENT_AUDIT_MS, CLIENT_MS};
use crate::mesh::update::Said;
use crate::runtime::upkeep::Report;
use serde_json::json;
use trillium_client::Method;

impl Client {
    /// `GET /v1/doctor`: the agent reads its whole store.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn doctor(&self) -> Result<Answer<Checked>, Failure> {
        typed(self.call(Method::Get, "/v1/doctor", None, CLIENT_AUDIT_MS).await?)
    }

    /// `POST /v1/backup`; the path is absolute.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn back_up(&self, path: &str, keys: bool) -> Result<Report, Failure> {
        let body = json!({ "path": path, "keys": keys });
        Ok(typed(self.call(Method::Post, "/v1/backup", Some(body), CLIENT_MS).await?)?.read)
    }

    /// `POST /v1/update`: how far the update of this device is, and why one was not taken, waits, or was given up. Gives whether its turn has come.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn update(&self, said: Said, trouble: Option<&str>) -> Result<bool, Failure> {
        let word = match said {
            Said::Nothing => "nothing",
            Said::Wants => "wants",
            Said::Updates => "updates",
        };
        let body = json!({ "said": word, "trouble": trouble });
        let answer = self.call(Method::Post, "/v1/update", Some(body), CLIENT_MS).await?;
        Ok(answer["turn"].as_bool().unwrap_or_default())
    }

    /// `POST /v1/rebuild`.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn rebuild(&self) -> Result<Report, Failure> {
        Ok(typed(self.call(Method::Post, "/v1/rebuild", Some(json!({})), CLIENT_MS).await?)?.read)
    }

    /// `GET /v1/upkeep`.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn upkeep(&self) -> Result<Report, Failure> {
        Ok(typed(self.call(Method::Get, "/v1/upkeep", None, CLIENT_MS).await?)?.read)
    }
}
