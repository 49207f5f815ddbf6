//! The commands of `wattle collection`.

use super::parse_collection;
use crate::base::id::Ring;
use clap::{Subcommand, ValueEnum};

/// The commands of `wattle collection`.
#[derive(Clone, Debug, Subcommand)]
pub enum CollectionCommand {
    /// List the collections: who may see each, and its folders.
    List,
    /// Give a collection another name. Where that is the name of another one of the same ring, the two become one.
    Rename {
        /// Its name now.
        #[arg(value_name = "NAME")]
        name: String,
        /// Its name from now on.
        #[arg(value_name = "NEW", value_parser = parse_collection)]
        to: String,
    },
    /// Say who may see a collection, from this moment on.
    Ring {
        /// Its name.
        #[arg(value_name = "NAME")]
        name: String,
        /// Who may see its documents.
        #[arg(value_enum)]
        ring: CollectionRing,
        /// With public: the collection's name once more. Everybody who reaches its gateway, or it by bitswap, can read its files then.
        /// With mesh: the same, and nothing is asked.
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
        /// With private: no folder has this name yet; one that is added to it later is private.
        #[arg(long)]
        new: bool,
    },
    /// Embed a collection with another model, in the background: what is not done yet answers by the one of before.
    Model {
        /// Its name.
        #[arg(value_name = "NAME")]
        name: String,
        /// The model's name, as `wattle status` and its manifest have it.
        #[arg(value_name = "MODEL", required_unless_present = "back")]
        model: Option<String>,
        /// Go back to the model of before. Vectors of it that are kept are not computed again.
        #[arg(long, conflicts_with = "model")]
        back: bool,
        /// Only tell how many passages that is, how long it takes and what it costs, as far as that is known; change nothing.
        #[arg(long)]
        forecast: bool,
    },
}

/// The rings of a collection. `public` is given to a whole collection alone, never together with a folder that is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CollectionRing {
    /// This device only.
    Private,
    /// The members of the mesh.
    Mesh,
    /// Everybody, where the gateway or bitswap is switched on.
    Public,
}

impl From<CollectionRing> for Ring {
    fn from(ring: CollectionRing) -> Self {
        match ring {
            CollectionRing::Private => Self::Private,
            CollectionRing::Mesh => Self::Mesh,
            CollectionRing::Public => Self::Public,
        }
    }
}
