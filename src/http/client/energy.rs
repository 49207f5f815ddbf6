//! The calls about what people want of background work.

use super::{Answer, Client, Failure, typed};
use crate::limits::CLIENT_MS;
use crate::runtime::governor::Current;
use serde_json::{Value, json};
use trillium_client::Method;

impl Client {
    /// `POST /v1/energy/pause`.
    ///
    /// # Errors
    /// Any `Failure`; nothing was changed.
    pub async fn pause(&self, body: Value) -> Result<Answer<Current>, Failure> {
        typed(self.call(Method::Post, "/v1/energy/pause", Some(body), CLIENT_MS).await?)
    }

    /// `POST /v1/energy/resume`.
    ///
    /// # Errors
    /// Any `Failure`; nothing was changed.
    pub async fn resume(&self) -> Result<Answer<Current>, Failure> {
        typed(self.call(Method::Post, "/v1/energy/resume", None, CLIENT_MS).await?)
    }

    /// `POST /v1/energy/work`.
    ///
    /// # Errors
    /// Any `Failure`; nothing was changed.
    pub async fn work_now(&self, body: Value) -> Result<Answer<Current>, Failure> {
        typed(self.call(Method::Post, "/v1/energy/work", Some(body), CLIENT_MS).await?)
    }

    /// `POST /v1/energy/new-supply`.
    ///
    /// # Errors
    /// Any `Failure`; nothing was changed.
    pub async fn new_supply(&self) -> Result<Answer<Current>, Failure> {
        typed(self.call(Method::Post, "/v1/energy/new-supply", None, CLIENT_MS).await?)
    }

    /// `PUT /v1/energy/hint`: how much energy there is, for so many seconds, as its sender calls itself.
    ///
    /// # Errors
    /// Any `Failure`; the hint of before stays.
    pub async fn hint(&self, state: &str, seconds: u64, source: &str) -> Result<(), Failure> {
        let body = json!({ "v": 1, "state": state, "ttl_s": seconds, "source": source });
        self.call(Method::Put, "/v1/energy/hint", Some(body), CLIENT_MS).await.map(drop)
    }
}
