//! The commands about public documents and archives of them.

use clap::Subcommand;
use std::path::PathBuf;

/// The commands about public documents and archives of them.
#[derive(Clone, Debug, Subcommand)]
pub enum IpfsCommand {
    /// Write the files of public collections into a CAR archive, which any program of IPFS reads. A collection is public once
    /// `wattle collection ring` says so; files of others are never exported.
    Export {
        /// The new archive. One that is there is not overwritten.
        #[arg(long, value_name = "FILE", required = true)]
        car: PathBuf,
        /// One collection. By default all public ones.
        #[arg(long, value_name = "NAME")]
        collection: Option<String>,
    },
    /// Write the files of a CAR archive into a new folder, each block of them verified. No agent is asked; `wattle add` then has
    /// the folder watched.
    Import {
        /// The archive.
        #[arg(long, value_name = "FILE", required = true)]
        car: PathBuf,
        /// The new folder. By default it is beside the archive, and has its name without ".car".
        #[arg(long, value_name = "FOLDER")]
        to: Option<PathBuf>,
    },
    /// Print the CID of a public document, by which programs of IPFS ask for it.
    Cid {
        /// The document's path, or the end of it.
        #[arg(value_name = "PATH")]
        path: PathBuf,
    },
}
