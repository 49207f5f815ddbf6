//! The commands of a board of the SD card image: what its owner wrote on its card, its updates, and the way back to its first day.

use super::card::CardCommand;
use clap::Subcommand;
use std::path::PathBuf;

/// The commands of a board of the SD card image.
#[derive(Clone, Debug, Subcommand)]
pub enum ImageCommand {
    /// Of the SD card image alone: this board becomes what its owner wrote on its card (docs/appliance.md).
    Card {
        /// What to do.
        #[command(subcommand)]
        what: CardCommand,
    },
    /// Of the SD card image alone: look for an update of the whole system, take it, or go back from it (docs/appliance.md). Other devices
    /// are updated by the package that their program came with.
    Update {
        /// The system. For tests.
        #[arg(long, value_name = "DIR", default_value = "/", hide_short_help = true)]
        root: PathBuf,

        /// What to do.
        #[command(subcommand)]
        what: UpdateCommand,
    },
    /// Of the SD card image alone: this board forgets everything of its owner and starts as on its first day. Nothing of it can be brought back.
    FactoryReset {
        /// The board's name, so that it is this one that is meant.
        #[arg(long, value_name = "NAME")]
        confirm: String,

        /// The system. For tests.
        #[arg(long, value_name = "DIR", default_value = "/", hide_short_help = true)]
        root: PathBuf,
    },
}

/// The commands of `wattle update`.
#[derive(Clone, Debug, Subcommand)]
pub enum UpdateCommand {
    /// Show which version an update brings, and whether this board takes it. Nothing is written.
    Check {
        /// A folder with an update, or the address of one (http://…/). By default the folder update on the boot partition, else the address of wattle.txt.
        #[arg(value_name = "FROM")]
        from: Option<String>,
    },
    /// Write an update to the system that does not run. The board starts it when its turn in the mesh has come, in a few minutes; the earlier system comes back by
    /// itself unless the new one was ready, and its mesh reachable, for ten minutes.
    Apply {
        /// As of `wattle update check`.
        #[arg(value_name = "FROM")]
        from: Option<String>,

        /// Also a version that is not newer than the one that runs. An older one stands: no other is taken by itself until you apply a newer one, or go back.
        #[arg(long)]
        older: bool,

        /// Start it now, whatever other devices do. In a mesh, type it on one device after the other.
        #[arg(long)]
        now: bool,

        /// For the image's service: FROM lies on this USB stick, and nobody typed it. It is left alone where an older version stands by the owner's choice, or it was given
        /// up before.
        #[arg(long, value_name = "NAME", hide_short_help = true)]
        stick: Option<String>,
    },
    /// Go back to the earlier system, or give up an update that waits.
    Rollback,
    /// Show which version and system runs, and how far an update is.
    Status,
    /// Watch over an update on trial, and ask the owner's address once a day, until it is ended. The image's service runs it.
    Watch,
    /// For makers of images: make a key that signs updates, or print the public key of one that is there.
    Key {
        /// The file of the key. Keep it off every board.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// For makers of images: write the manifest of boot.tar and root.img.gz in a folder, and its signature. `scripts/update-package` does both.
    Sign {
        /// The folder.
        #[arg(value_name = "DIR")]
        folder: PathBuf,

        /// The file of the key.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,

        /// For which boards: arm64 or armhf.
        #[arg(long, value_name = "NAME")]
        architecture: String,

        /// Which version it brings. By default this program's.
        #[arg(long, value_name = "X.Y.Z")]
        release: Option<String>,
    },
}
