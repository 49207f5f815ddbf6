//! The calls about named tokens, sessions and the page's password.

use super::{Client, Failure, done, typed};
use crate::http::dto::{NewToken, Role, Tokens};
use crate::limits::CLIENT_MS;
use serde_json::json;
use trillium_client::Method;

impl Client {
    /// `POST /v1/tokens`.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn create_token(&self, name: &str, role: Role) -> Result<NewToken, Failure> {
        let body = json!({ "name": name, "role": role });
        Ok(typed(self.call(Method::Post, "/v1/tokens", Some(body), CLIENT_MS).await?)?.read)
    }

    /// `GET /v1/tokens`.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn tokens(&self) -> Result<Tokens, Failure> {
        Ok(typed(self.call(Method::Get, "/v1/tokens", None, CLIENT_MS).await?)?.read)
    }

    /// `POST /v1/tokens/revoke`; returns what the agent did, in one sentence.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn revoke_token(&self, name: &str) -> Result<String, Failure> {
        done(&self.call(Method::Post, "/v1/tokens/revoke", Some(json!({ "name": name })), CLIENT_MS).await?)
    }

    /// `POST /v1/session/once`: a code that lets one browser in.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn new_once(&self) -> Result<String, Failure> {
        let answer = self.call(Method::Post, "/v1/session/once", Some(json!({})), CLIENT_MS).await?;
        let code = answer["once"].as_str().map(str::to_owned);
        code.ok_or_else(|| Failure::NotDone("The agent gave no code: is it of another version?".to_owned()))
    }

    /// `POST /v1/password`; returns what the agent did, in one sentence.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn set_password(&self, password: &str) -> Result<String, Failure> {
        done(&self.call(Method::Post, "/v1/password", Some(json!({ "password": password })), CLIENT_MS).await?)
    }

    /// `POST /v1/password/remove`; returns what the agent did, in one sentence.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn remove_password(&self) -> Result<String, Failure> {
        done(&self.call(Method::Post, "/v1/password/remove", Some(json!({})), CLIENT_MS).await?)
    }
}
