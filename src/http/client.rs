//! The command line's client of the API: one call, one answer, bounded in time and size.

mod energy;
mod export;
pub mod fetched;
mod mcp;
mod places;
mod settings;
#[cfg(test)]
mod test;
mod tokens;
mod upkeep;

use super::dto::{SearchResults, StatusReport};
use super::events::Events;
use crate::limits::{CLIENT_BODY_MAX, CLIENT_END_MS, CLIENT_JOIN_MS, CLIENT_MS};
use crate::net::diagnostics::NetworkReport;
use crate::node::mesh_report::{JoinReport, MeshReport, PairingReport};
use crate::platform::home::{Home, HomeFile, Token, did_not_answer, runs_without_folder, runs_without_token};
use crate::platform::running;
use crate::runtime::governor::Current;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use smol::Timer;
use smol::future::or;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use trillium_client::{Conn, Error, KnownHeaderName, Method};
use trillium_smol::ClientConfig;
use zeroize::Zeroizing;

/// Milliseconds between two looks whether an agent has ended.
const LOOK_MS: u64 = 50;

/// Why a call failed. Only after a time-out is it unknown whether the agent did what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// No agent answers at the address.
    NoAgent(String),
    /// Something answers there, and the call was not done.
    NotDone(String),
    /// The call was taken, and no answer came in time.
    Silent(String),
    /// The agent has no room for a decision just now, and changed nothing: `forget` and `keep` alone say it.
    Busy(String),
}

impl Failure {
    /// The sentence for a person.
    #[must_use]
    pub fn sentence(&self) -> &str {
        match self {
            Self::NoAgent(why) | Self::NotDone(why) | Self::Silent(why) | Self::Busy(why) => why,
        }
    }
}

/// A client of one agent.
#[derive(Clone, Debug)]
pub struct Client {
    address: SocketAddr,
    token: Token,
    token_path: PathBuf,
}

/// An answer, as sent and decoded.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    /// The JSON as the agent sent it, for programs.
    pub json: Value,
    /// The decoded value.
    pub read: T,
}

/// What became of the invite in whose place another one was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replaced {
    /// Whether it was good until then, and is void; `None`: none was named.
    pub is_void: Option<bool>,
    /// What is known of it, if it was not.
    pub why_not: Option<String>,
}

impl Client {
    /// A client of the agent at `address`; reads the token in `home` and makes no call yet.
    ///
    /// # Errors
    /// `NoAgent` where no agent ever ran with this home, `NotDone` where its token cannot be used, or its agent runs without it.
    pub fn new(address: SocketAddr, home: &Path) -> Result<Self, Failure> {
        let home = Home::at(home);
        let token_path = home.file(HomeFile::Token);
        if home.lacks_its_token() {
            if home.has_only_its_store() {
                return Err(Failure::NoAgent(format!(
                    "An agent has run with the home {}, and of its files the store alone is left: `wattle doctor` says what follows. `wattle up` \
                     starts it, as a new device to the others.",
                    home.path().display()
                )));
            }
            if running::is_running(&home) {
                return Err(Failure::NotDone(runs_without_token(home.path())));
            }
            if let Some(why) = runs_without_folder(home.path()) {
                return Err(Failure::NotDone(why));
            }
            return Err(Failure::NoAgent(format!(
                "No agent has run with the home {} yet. Start one with `wattle up`, or give its home with --home.",
                home.path().display()
            )));
        }
        let token = home.token_in_use().map_err(Failure::NotDone)?;
        Ok(Self { address, token, token_path })
    }

    /// `GET /v1/status`.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn status(&self) -> Result<Answer<StatusReport>, Failure> {
        typed(self.call(Method::Get, "/v1/status", None, CLIENT_MS).await?)
    }

    /// `GET /v1/events`: the events after this number.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn events(&self, after: u64) -> Result<Answer<Events>, Failure> {
        typed(self.call(Method::Get, &format!("/v1/events?after={after}"), None, CLIENT_MS).await?)
    }

    /// `POST /v1/search` with a question alone.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn search(&self, question: &str, count: usize) -> Result<Answer<SearchResults>, Failure> {
        self.search_with(json!({ "query": question, "k": count })).await
    }

    /// `POST /v1/search` with this body.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn search_with(&self, body: Value) -> Result<Answer<SearchResults>, Failure> {
        typed(self.call(Method::Post, "/v1/search", Some(body), CLIENT_MS).await?)
    }

    /// `GET /v1/energy`.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn energy(&self) -> Result<Answer<Current>, Failure> {
        typed(self.call(Method::Get, "/v1/energy", None, CLIENT_MS).await?)
    }
}

/// Pairing and the mesh.
impl Client {
    /// `POST /v1/pair`: opens a window.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn pair(&self) -> Result<Answer<PairingReport>, Failure> {
        typed(self.call(Method::Post, "/v1/pair", Some(json!({})), CLIENT_MS).await?)
    }

    /// `POST /v1/pair`: closes the window.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn close_window(&self) -> Result<(), Failure> {
        self.call(Method::Post, "/v1/pair", Some(json!({ "close": true })), CLIENT_MS).await.map(drop)
    }

    /// `GET /v1/pair`.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn pairing(&self) -> Result<Answer<PairingReport>, Failure> {
        typed(self.call(Method::Get, "/v1/pair", None, CLIENT_MS).await?)
    }

    /// `POST /v1/join`.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn join(&self, body: Value) -> Result<Answer<JoinReport>, Failure> {
        typed(self.call(Method::Post, "/v1/join", Some(body), CLIENT_JOIN_MS).await?)
    }

    /// `GET /v1/mesh`.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn mesh(&self) -> Result<Answer<MeshReport>, Failure> {
        typed(self.call(Method::Get, "/v1/mesh", None, CLIENT_MS).await?)
    }

    /// `POST /v1/mesh`: makes one, and returns the recovery phrase.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn make_mesh(&self) -> Result<String, Failure> {
        let answer = self.call(Method::Post, "/v1/mesh", Some(json!({})), CLIENT_MS).await?;
        let phrase = answer["phrase"].as_str().map(str::to_owned);
        phrase.ok_or_else(|| Failure::NotDone("The agent gave no phrase: is it of another version?".to_owned()))
    }

    /// `POST /v1/mesh/admin`. Returns the sentence that says what was done.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn appoint(&self, peer: &str, phrase: Option<&str>) -> Result<String, Failure> {
        let body = phrase.map_or_else(|| json!({ "peer": peer }), |phrase| json!({ "peer": peer, "phrase": phrase }));
        done(&self.call(Method::Post, "/v1/mesh/admin", Some(body), CLIENT_MS).await?)
    }

    /// `POST /v1/mesh/recover`. Returns the sentence that says what was done.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn recover(&self, phrase: Option<&str>) -> Result<String, Failure> {
        let body = phrase.map_or_else(|| json!({}), |phrase| json!({ "phrase": phrase }));
        done(&self.call(Method::Post, "/v1/mesh/recover", Some(body), CLIENT_MS).await?)
    }

    /// `POST /v1/invite`. Returns the text of the invite's file, and what became of the one that it replaces.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn invite(&self, hours: u16, replaces: Option<&str>) -> Result<(Zeroizing<String>, Replaced), Failure> {
        let body = json!({ "hours": hours, "replaces": replaces });
        let answer = self.call(Method::Post, "/v1/invite", Some(body), CLIENT_MS).await?;
        let text = answer["invite"].as_str().map(|text| Zeroizing::new(text.to_owned()));
        let replaced = Replaced {
            is_void: answer["replaced"].as_bool(),
            why_not: answer["not_replaced"].as_str().map(str::to_owned),
        };
        text.map(|text| (text, replaced))
            .ok_or_else(|| Failure::NotDone("The agent gave no invite: is it of another version?".to_owned()))
    }

    /// `POST /v1/leave`. Returns the sentence that says what was done.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn leave(&self, anyway: bool) -> Result<String, Failure> {
        done(&self.call(Method::Post, "/v1/leave", Some(json!({ "anyway": anyway })), CLIENT_MS).await?)
    }

    /// `POST /v1/remove`. Returns the sentence that says what was done.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn remove(&self, peer: &str) -> Result<String, Failure> {
        done(&self.call(Method::Post, "/v1/remove", Some(json!({ "peer": peer })), CLIENT_MS).await?)
    }
}

/// The network, and how a call is made.
impl Client {
    /// `GET /v1/network`.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn network(&self) -> Result<Answer<NetworkReport>, Failure> {
        typed(self.call(Method::Get, "/v1/network", None, CLIENT_MS).await?)
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>, timeout_ms: u64) -> Result<Value, Failure> {
        let answer = self.ask(method, path, body, timeout_ms).await;
        answer.map_err(|failure| if let Failure::Busy(why) = failure { Failure::NotDone(why) } else { failure })
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>, ms: u64) -> Result<Value, Failure> {
        or(self.exchange(method, path, body), async {
            Timer::after(Duration::from_millis(ms)).await;
            let home = self.token_path.parent().unwrap_or(&self.token_path);
            Err(Failure::Silent(did_not_answer(home, self.address, ms / 1000)))
        })
        .await
    }

    async fn exchange(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Failure> {
        let conn = self.begun(method, path, body).await?;
        self.answered(conn).await
    }

    /// The call, and the head of its answer.
    async fn begun(&self, method: Method, path: &str, body: Option<Value>) -> Result<Conn, Failure> {
        let mut conn = trillium_client::Client::new(ClientConfig::new().with_nodelay(true))
            .without_keepalive()
            .build_conn(method, format!("http://{}{path}", self.address))
            .with_request_header(KnownHeaderName::Authorization, format!("Bearer {}", self.token.reveal()));
        if let Some(body) = body {
            conn =
                conn.with_request_header(KnownHeaderName::ContentType, "application/json").with_body(body.to_string());
        }
        if let Err(error) = (&mut conn).await {
            return Err(self.failure(error).await);
        }
        Ok(conn)
    }

    /// The answer in JSON, or what it refuses.
    async fn answered(&self, mut conn: Conn) -> Result<Value, Failure> {
        let status = conn.status().map_or(0, |status| status as u16);
        let bytes = match conn.response_body().with_max_len(CLIENT_BODY_MAX).read_bytes().await {
            Ok(bytes) => bytes,
            Err(error) => return Err(self.failure(error).await),
        };
        let answer: Option<Value> = serde_json::from_slice(&bytes).ok();
        match (status, answer) {
            (200, Some(answer)) => Ok(answer),
            // Done, and there is nothing to say of it.
            (204, _) => Ok(Value::Null),
            (401, _) => Err(Failure::NotDone(format!(
                "The agent on {} does not know the token in {}. Is it another agent, with a home of its own? Give that \
                 home with --home.",
                self.address,
                self.token_path.display()
            ))),
            (status, Some(answer)) if sentence(&answer).is_some() => {
                let why = sentence(&answer).unwrap_or_default().to_owned();
                Err(if status == 503 { Failure::Busy(why) } else { Failure::NotDone(why) })
            }
            _ => Err(Failure::NotDone(format!(
                "What answers on {} is not a Wattle agent (HTTP status {status}).",
                self.address
            ))),
        }
    }

    /// Why there is no whole answer. An agent that is ending closes its connections: then that is why, whatever they met.
    async fn failure(&self, error: Error) -> Failure {
        match error {
            Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
                Failure::NoAgent(no_agent(self.address))
            }
            _ if self.has_ended().await => Failure::NoAgent(format!(
                "The agent on {} was ending, and has ended without an answer. If this was a command, look whether it was carried out \
                 once the agent runs again: `wattle up` starts it.",
                self.address
            )),
            error => Failure::NotDone(format!("The agent on {} gave no whole answer: {error}.", self.address)),
        }
    }

    /// Whether the agent of the home ends within `CLIENT_END_MS`.
    async fn has_ended(&self) -> bool {
        let Some(home) = self.token_path.parent().map(Home::at) else { return false };
        for _ in 0..CLIENT_END_MS / LOOK_MS {
            if !running::is_running(&home) {
                return true;
            }
            Timer::after(Duration::from_millis(LOOK_MS)).await;
        }
        false
    }
}

fn done(answer: &Value) -> Result<String, Failure> {
    let sentence = answer["done"].as_str().map(str::to_owned);
    // What could not be written into config.toml.
    let sentence = sentence.map(|done| [&*done, answer["forgotten"].as_str().unwrap_or_default()].join(" "));
    sentence.ok_or_else(|| Failure::NotDone("The agent did not say what it did: is it of another version?".to_owned()))
}

fn no_agent(address: SocketAddr) -> String {
    format!("No agent answers on {address}. Start one with `wattle up`, or give its address with --api.")
}

fn typed<T: DeserializeOwned>(json: Value) -> Result<Answer<T>, Failure> {
    let read = T::deserialize(&json).map_err(|error| {
        Failure::NotDone(format!("The agent's answer could not be read ({error}): is it of another version?"))
    })?;
    Ok(Answer { json, read })
}

/// What a refusal says, in our own shape or in that of JSON-RPC.
fn sentence(answer: &Value) -> Option<&str> {
    answer["error"].as_str().or_else(|| answer["error"]["message"].as_str())
}
