//! One row of the table of calls.

use super::super::api::Api;
use super::super::dto::Role;
use std::fmt;
use std::pin::Pin;
use trillium::{Conn, Method};

/// Who may make a call. The checks of Host and Origin hold for all calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody who reaches this address, also without TLS where that is on: the answer is what a browser needs to begin with TLS.
    Public,
    /// Everybody who reaches this address: the answer holds nothing private.
    Open,
    /// Callers with a token: the call asks and looks, and changes nothing.
    Read,
    /// Callers with a token that may change what is indexed and when work is done.
    Write,
    /// Callers with a token that may do everything, as the agent's own.
    Admin,
    /// The same at the address that this machine alone reaches: the call or its answer carries a secret that must
    /// not cross a network in the clear, or the call changes who belongs to the mesh.
    Local,
}

impl Access {
    /// What the token of a caller must allow; `None` if none is needed.
    #[must_use]
    pub const fn role(self) -> Option<Role> {
        match self {
            Self::Public | Self::Open => None,
            Self::Read => Some(Role::Read),
            Self::Write => Some(Role::Write),
            Self::Admin | Self::Local => Some(Role::Admin),
        }
    }
}

/// What is said of a call that is not answered once the agent is being stopped.
pub(super) const STOPPING: &str =
    "The agent is being stopped, and begins nothing any more. Nothing was changed. Ask again once it runs again.";

/// The future of one answer.
type Answer<'a> = Pin<Box<dyn Future<Output = Conn> + Send + 'a>>;

/// One call.
pub struct Route {
    /// `Get` answers HEAD as well, without the body.
    pub method: Method,
    /// The path. One segment may be a parameter, written as `{name}`: it matches one segment that is not empty.
    pub path: &'static str,
    /// Who may call.
    pub access: Access,
    /// What the call does, as a phrase after "it".
    pub about: &'static str,
    /// Answers the call; it gets the parameter as sent, percent-encoding included, or an empty string.
    pub(super) handler: for<'a> fn(&'a Api, Conn, String) -> Answer<'a>,
}

impl Route {
    /// Whether the call is answered also once the agent is being stopped: it changes nothing, and its answer is no archive, which would be cut.
    #[must_use]
    pub fn is_answered_at_stop(&self) -> bool {
        (self.method == Method::Get || self.access == Access::Read) && self.path != "/v1/export"
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}
