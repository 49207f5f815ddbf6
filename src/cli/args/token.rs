//! The commands of `wattle token`.

use crate::http::dto::Role;
use clap::{Subcommand, ValueEnum};

/// The commands of `wattle token`.
#[derive(Clone, Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token for a program or a person, and print it: this once.
    Create {
        /// Who is to have it: letters, digits, blanks and . _ -, first a letter or digit.
        #[arg(value_name = "NAME")]
        name: String,
        /// What it allows.
        #[arg(long, value_enum, default_value_t = RoleArg::Read)]
        role: RoleArg,
    },
    /// List the tokens: what each allows, when it was made and when it was last used.
    List,
    /// Make a token void, from the next call on.
    Revoke {
        /// Its name.
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoleArg {
    /// Ask and look: search, documents, status, metrics, embeddings, MCP.
    Read,
    /// That, and change what is indexed and when work is done.
    Write,
    /// Everything, as the agent's own token.
    Admin,
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Read => Self::Read,
            RoleArg::Write => Self::Write,
            RoleArg::Admin => Self::Admin,
        }
    }
}
