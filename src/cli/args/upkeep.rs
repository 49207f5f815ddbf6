//! The arguments of commands about the whole store.

use std::path::PathBuf;

/// The arguments of `wattle backup`.
#[derive(Clone, Debug, clap::Args)]
pub struct BackupArgs {
    /// The new file. One that is there is not overwritten.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Also this device's key, and its place in the mesh: for the same device after its disk is exchanged. Keep the file as secret as the
    /// key; two devices with one key are refused by the mesh.
    #[arg(long)]
    pub with_keys: bool,
}

/// The arguments of `wattle restore`.
#[derive(Clone, Debug, clap::Args)]
pub struct RestoreArgs {
    /// The backup.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Also if the home has documents: they are replaced by those of the backup, and the settings too.
    #[arg(long)]
    pub replace: bool,
}
