//! Tokens of programs and people.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What the holder of a token may do: each role may do what the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Ask and look: search, documents, status, metrics, embeddings.
    Read,
    /// Change what is indexed and when work is done.
    Write,
    /// Everything, also the mesh, backups and tokens.
    Admin,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        })
    }
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// Made for a program or a person, and good until it is revoked.
    Token,
    /// A browser that was let in by the page's password: void once it is not used for long, or the password changes.
    Session,
}

impl fmt::Display for TokenKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token => "token",
            Self::Session => "session",
        })
    }
}

/// A token of the list: nothing of it lets anybody in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedToken {
    /// Its name.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// What it is.
    pub kind: TokenKind,
    /// When it was made, in seconds since 1970 by the agent's clock.
    pub created: i64,
    /// When it last let somebody in; null: not since the agent started.
    pub used: Option<i64>,
    /// When it is void if nobody uses it until then; null: it stays until it is revoked.
    pub expires: Option<i64>,
}

/// The answer of `GET /v1/tokens`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// The oldest first.
    pub tokens: Vec<NamedToken>,
}

/// A browser that was let in. Nothing of it lets anybody in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserSession {
    /// The name by which it is signed out.
    pub name: String,
    /// The browser and its system in plain words, by what it says of itself.
    pub browser: String,
    /// What it may do.
    pub role: Role,
    /// When it was let in, in seconds since 1970 by the agent's clock.
    pub created: i64,
    /// When it was last seen; null: not since it was let in.
    pub used: Option<i64>,
    /// When it is void if it is not seen until then; null: it does not end by itself.
    pub expires: Option<i64>,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// The answer of `GET /v1/sessions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    /// The one that asks first, then those that were seen last.
    pub sessions: Vec<BrowserSession>,
}

/// The answer of `POST /v1/tokens`. It has no `Debug`: it holds the token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewToken {
    /// Its name.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// The token, which is shown this once.
    pub token: String,
}

/// The answer of `GET /v1/door`: what the locked page says, and which fields it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Door {
    /// Whether a password is set.
    pub password: bool,
    /// Whether whoever opens the page at this address may choose the password now: in the first half hour of a new agent.
    pub first_visit: bool,
    /// Whether callers at this address need no token, as the agent's owner said.
    pub open: bool,
}
