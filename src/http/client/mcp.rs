//! The call of `wattle mcp`.

use super::{Client, Failure};
use crate::limits::CLIENT_MS;
use serde_json::Value;
use trillium_client::Method;

impl Client {
    /// `POST /mcp`: a message, and the one that answers it.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn mcp(&self, message: Value) -> Result<Value, Failure> {
        self.call(Method::Post, "/mcp", Some(message), CLIENT_MS).await
    }
}
