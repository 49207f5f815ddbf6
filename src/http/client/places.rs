//! The calls about watched folders and what lies in them.

use super::{Answer, Client, Failure, done, typed};
use crate::base::id::Ring;
use crate::http::dto::{Added, DocumentPaths, DocumentText, Forecast, Regrouped};
use crate::http::folders::Folders;
use crate::http::query::{encoded, encoded_bytes};
use crate::http::tasks::Tasks;
use crate::http::why::Why;
use crate::limits::{CLIENT_AUDIT_MS, CLIENT_MS};
use serde_json::{Value, json};
use std::path::Path;
use trillium_client::Method;

impl Client {
    /// `POST /v1/add`; the path is absolute.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn add(&self, path: &str, collection: Option<&str>, ring: Option<Ring>) -> Result<Added, Failure> {
        // Null: the collection that it is in already, and who may see that.
        let body = json!({ "path": path, "collection": collection, "ring": ring });
        Ok(typed(self.call(Method::Post, "/v1/add", Some(body), CLIENT_MS).await?)?.read)
    }

    /// `POST /v1/collection`: the ring public; `confirm`: the name once more, if the owner typed it.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn publish(&self, name: &str, confirm: Option<&str>) -> Result<Regrouped, Failure> {
        let body = json!({ "name": name, "ring": Ring::Public, "confirm": confirm });
        Ok(typed(self.call(Method::Post, "/v1/collection", Some(body), CLIENT_MS).await?)?.read)
    }

    /// `POST /v1/collection`: another name (`to`) or ring; `new` if no folder has the name yet.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn regroup(
        &self,
        name: &str,
        to: Option<&str>,
        ring: Option<Ring>,
        new: bool,
    ) -> Result<Regrouped, Failure> {
        let mut body = json!({ "name": name });
        if new {
            body["new"] = json!(true);
        }
        if let Some(to) = to {
            body["to"] = json!(to);
        }
        if let Some(ring) = ring {
            body["ring"] = json!(ring);
        }
        Ok(typed(self.call(Method::Post, "/v1/collection", Some(body), CLIENT_MS).await?)?.read)
    }

    /// `POST /v1/collection`: another model; `None`: that of before.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn remodel(&self, name: &str, model: Option<&str>) -> Result<Regrouped, Failure> {
        let body = match model {
            Some(model) => json!({ "name": name, "model": model }),
            None => json!({ "name": name, "back": true }),
        };
        Ok(typed(self.call(Method::Post, "/v1/collection", Some(body), CLIENT_MS).await?)?.read)
    }

    /// `POST /v1/collection/forecast`: of another model; `None`: of that of before.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn forecast(&self, name: &str, model: Option<&str>) -> Result<Forecast, Failure> {
        let body = match model {
            Some(model) => json!({ "name": name, "model": model }),
            None => json!({ "name": name, "back": true }),
        };
        Ok(typed(self.call(Method::Post, "/v1/collection/forecast", Some(body), CLIENT_MS).await?)?.read)
    }

    /// `GET /v1/tasks`.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn tasks(&self) -> Result<Answer<Tasks>, Failure> {
        typed(self.call(Method::Get, "/v1/tasks", None, CLIENT_MS).await?)
    }

    /// `GET /v1/why`.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn why(&self) -> Result<Answer<Why>, Failure> {
        typed(self.call(Method::Get, "/v1/why", None, CLIENT_MS).await?)
    }

    /// `POST /v1/tasks/retry`, or `/v1/tasks/drop`; of all parked tasks without an id. Returns a sentence.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn decide_parked(&self, id: Option<u64>, retry: bool) -> Result<String, Failure> {
        let path = if retry { "/v1/tasks/retry" } else { "/v1/tasks/drop" };
        let body = id.map_or_else(|| json!({}), |id| json!({ "id": id }));
        done(&self.ask(Method::Post, path, Some(body), CLIENT_MS).await?)
    }

    /// `GET /v1/folders`.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn folders(&self) -> Result<Answer<Folders>, Failure> {
        typed(self.call(Method::Get, "/v1/folders", None, CLIENT_MS).await?)
    }

    /// `POST /v1/forget`; the path is absolute. With `kept` only what is kept without its file. Returns a sentence.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn forget(&self, path: &str, kept: bool) -> Result<String, Failure> {
        let body = Some(json!({ "path": path, "kept": kept }));
        done(&self.ask(Method::Post, "/v1/forget", body, CLIENT_AUDIT_MS).await?)
    }

    /// `POST /v1/keep`; as `forget`.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn keep(&self, path: &str) -> Result<String, Failure> {
        done(&self.ask(Method::Post, "/v1/keep", Some(json!({ "path": path })), CLIENT_AUDIT_MS).await?)
    }

    /// `GET /v1/document`: a part of the text of the document at this path, from the passage of this number on.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn document(&self, path: &str, from: usize) -> Result<DocumentText, Failure> {
        let call = format!("/v1/document?path={}&from={from}", encoded(path));
        Ok(typed(self.call(Method::Get, &call, None, CLIENT_MS).await?)?.read)
    }

    /// `GET /v1/documents`: the documents whose path ends so.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn documents(&self, end: &Path) -> Result<DocumentPaths, Failure> {
        let call = format!("/v1/documents?end={}", encoded_bytes(end.as_os_str().as_encoded_bytes()));
        Ok(typed(self.call(Method::Get, &call, None, CLIENT_MS).await?)?.read)
    }

    /// `POST /v1/feedback`: a verdict on a passage that was found.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn judge(&self, passage: Value, verdict: &str) -> Result<(), Failure> {
        let mut body = passage;
        body["verdict"] = json!(verdict);
        self.call(Method::Post, "/v1/feedback", Some(body), CLIENT_MS).await.map(drop)
    }
}
