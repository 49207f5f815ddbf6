//! The calls for what the owner of an agent chooses.

use super::{Client, Failure, typed};
use crate::http::dto::QuietSet;
use crate::limits::CLIENT_MS;
use serde_json::Value;
use trillium_client::Method;

impl Client {
    /// `PUT /v1/energy/quiet`: other quiet hours, all of them.
    ///
    /// # Errors
    /// Any `Failure`; nothing was changed.
    pub async fn set_quiet(&self, body: Value) -> Result<QuietSet, Failure> {
        Ok(typed(self.call(Method::Put, "/v1/energy/quiet", Some(body), CLIENT_MS).await?)?.read)
    }
}
