//! The arguments of the commands about the mesh: `wattle pair`, `join`, `invite`, `mesh`, `remove`, `leave`.

use clap::Subcommand;
use std::path::PathBuf;

/// The commands about the mesh and who is in it.
#[derive(Clone, Debug, Subcommand)]
pub enum PairingCommand {
    /// Let one device join this one's mesh: shows a code and a QR code, and waits for three minutes. The first time, the mesh
    /// is made. With --json, a line tells of the open window, and one more when it has closed.
    Pair,
    /// Join the mesh of another device, on which `wattle pair` shows a code.
    Join(JoinArgs),
    /// Show the mesh that this device belongs to: its devices and what they may do.
    #[command(args_conflicts_with_subcommands = true)]
    Mesh {
        /// One of the commands below instead.
        #[command(subcommand)]
        what: Option<MeshCommand>,
    },
    /// Write an invite, by which a device without a screen or keyboard joins this mesh by itself: one device, once.
    Invite(InviteArgs),
    /// Leave the mesh for good. The agent ends; its next start is a new device, with the documents that this one has. On a terminal it
    /// asks first.
    Leave {
        /// Also if this is the only admin: nobody can let devices in or remove them then.
        #[arg(long)]
        anyway: bool,

        /// Ask nothing.
        #[arg(long)]
        yes: bool,
    },
    /// Remove a device from the mesh, for ever. What it holds on its own disk it keeps. On a terminal it asks first.
    Remove {
        /// Its PeerId, at least six letters of its beginning or end, or its name, as `wattle mesh` shows them.
        #[arg(value_name = "DEVICE")]
        device: String,

        /// Ask nothing.
        #[arg(long)]
        yes: bool,
    },
}

/// The commands of `wattle mesh`.
#[derive(Clone, Debug, Subcommand)]
pub enum MeshCommand {
    /// Make a mesh if this device has none, and print its recovery phrase: once, to be kept on paper. `wattle pair` makes the
    /// mesh too, without the phrase.
    Create,
    /// Make a device of the mesh an admin, which lets devices in and removes them as this one does. On the device where the mesh was
    /// made, or anywhere by its recovery phrase.
    Admin {
        /// Its whole PeerId, as `wattle mesh` shows it: each device chooses its own name.
        #[arg(value_name = "PEERID")]
        device: String,

        /// Ask for the recovery phrase.
        #[arg(long)]
        phrase: bool,
    },
    /// Make this device an admin: without more where its mesh was made here; else by the mesh's recovery phrase, which is asked for. A
    /// device in no mesh joins the one of that phrase.
    Recover,
}

/// The arguments of `wattle invite`.
#[derive(Clone, Debug, clap::Args)]
pub struct InviteArgs {
    /// The boot partition of the device's card, or any folder: the invite is written there as wattle/invite.toml.
    #[arg(long, value_name = "DIR")]
    pub file: PathBuf,

    /// Write it in place of an invite that is there, which is void from then on.
    #[arg(long)]
    pub replace: bool,

    /// For how many hours in which this device runs it is good: 1 to 720.
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u16).range(1..=720))]
    pub hours: u16,
}

/// The arguments of `wattle join`.
#[derive(Clone, Debug, clap::Args)]
pub struct JoinArgs {
    /// The eight digits, or the text of the QR code.
    #[arg(value_name = "CODE", num_args = 0..=8, required_unless_present = "invite")]
    pub code: Vec<String>,

    /// Where the other device is, as 192.168.1.5 or 192.168.1.5:7781, or a name in place of the number. Without it, the
    /// network is searched.
    #[arg(long, value_name = "ADDRESS")]
    pub at: Vec<String>,

    /// The file of an invite, or the folder of the card it is on, in place of a code. It is deleted once it has let this device in.
    #[arg(long, value_name = "FILE", conflicts_with = "code")]
    pub invite: Option<PathBuf>,
}
