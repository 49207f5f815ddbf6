//! The arguments of `wattle`, declared with clap, and the typed options of `wattle up`.
//!
//! The doc comments of the arguments are the text of `--help`.

mod bench;
mod card;
mod collection;
mod door;
mod energy;
mod eval;
mod feedback;
mod identity;
mod ipfs;
mod link;
mod opened;
mod pairing;
mod password;
mod place;
mod search;
mod service;
mod show;
mod sim;
mod tasks;
mod tls;
mod token;
mod update;
mod upkeep;

use crate::base::id::Ring;
use crate::base::time::Duration;
use crate::config::{Peer, api_address, check_collection, device_name, listen_address};
use crate::platform::disk::Sync;
use clap::{Parser, Subcommand, ValueEnum};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;

pub use bench::BenchArgs;
pub use card::CardCommand;
pub use collection::{CollectionCommand, CollectionRing};
pub use door::DoorCommand;
pub use energy::{EnergyCommand, Supply};
pub use eval::{EvalArgs, Split};
pub use feedback::{FeedbackArgs, Thumb};
pub use identity::IdentityCommand;
pub use ipfs::IpfsCommand;
pub use link::{LinkArgs, OpenArgs};
pub use opened::OpenedArgs;
pub use pairing::{InviteArgs, JoinArgs, MeshCommand, PairingCommand};
pub use password::PasswordCommand;
pub use place::{ForgetArgs, PlaceArgs};
pub use search::SearchArgs;
pub use service::ServiceCommand;
pub use show::ShowArgs;
pub use sim::{Seeds, SimArgs};
pub use tasks::{TasksArgs, TasksCommand, Which};
pub use tls::TlsCommand;
pub use token::{RoleArg, TokenCommand};
pub use update::{ImageCommand, UpdateCommand};
pub use upkeep::{BackupArgs, RestoreArgs};

/// The port where an agent listens for other devices unless `--listen` names another.
pub const DEFAULT_LISTEN_PORT: u16 = 7781;

/// Where an agent's API listens unless `--api` names another address.
pub const DEFAULT_API: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 7780));

/// A private, watt-aware mesh of small agents: your own devices index your documents and answer your
/// questions. Nothing leaves the home unless its owner says so.
#[derive(Clone, Debug, Parser)]
#[command(name = "wattle", version, propagate_version = true, max_term_width = 100)]
pub struct Args {
    /// The agent's home: its key, its token and its store. By default wattle in the user's data folder.
    #[arg(long, global = true, value_name = "DIR")]
    pub home: Option<PathBuf>,

    /// The agent's address for people and programs, which only this machine can reach. By default the one where the agent of
    /// this home runs, else 127.0.0.1:7780.
    #[arg(long, global = true, value_name = "ADDRESS", value_parser = api_address)]
    pub api: Option<SocketAddr>,

    /// Tell more of what the agent does. Give it twice for everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// Print one JSON object for programs in place of text, and errors as one too; docs/json.md describes them all.
    #[arg(long, global = true)]
    pub json: bool,

    /// What to do. Without one, a short screen says whether an agent runs here, and what to do next.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The commands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Run the agent in the foreground, and watch these folders from now on. What is given here is kept in config.toml:
    /// `wattle up` alone comes back as it was.
    Up(UpArgs),
    /// Have the running agent watch more folders or files.
    Add(AddArgs),
    /// List the collections, give one another name or model, or say who may see it.
    Collection {
        /// What to do.
        #[command(subcommand)]
        what: CollectionCommand,
    },
    /// End the watching of a folder or file, and forget its documents. While Wattle asks about documents of the folder whose files are
    /// gone all at once, it forgets those, and the folder is still watched. Of a place that is away (an unplugged disk) within a
    /// watched folder it forgets the documents. Another part of a watched folder
    /// cannot be forgotten, nor a folder that is not watched itself but contains watched ones: those are named one by one.
    Forget(ForgetArgs),
    /// Keep the documents at a place whose files are away, or gone all at once; they go on answering.
    Keep(PlaceArgs),
    /// List the watched folders and files: when each was last looked at, and what of it is away.
    Folders,
    /// Show what waits to be read and embedded, which devices have some of it, and why the rest waits.
    Tasks(TasksArgs),
    /// Show why work waits: of each device and kind of work the reason, value, threshold, since when, and the next look.
    Why,
    /// Ask a question; the best passages come first.
    Search(SearchArgs),
    /// Say that a passage answered the question, or that it did not. It stays on this device.
    Feedback(FeedbackArgs),
    /// Print the text of a document of this device, as it was read.
    Show(ShowArgs),
    /// The ways into the page and the API.
    #[command(flatten)]
    Door(DoorCommand),
    /// Have systemd run the agent for you, without a terminal and after each start of the machine.
    Service {
        /// What to do.
        #[command(subcommand)]
        what: ServiceCommand,
    },
    /// What boards of the SD card image have.
    #[command(flatten)]
    Image(ImageCommand),
    /// Answer a language model's program on standard input and output, by the Model Context Protocol (docs/mcp.md).
    Mcp,
    /// Print what a shell completes: `source <(wattle completions bash)`.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page, `wattle man | man -l -`; or write the pages of all commands.
    Man {
        /// A folder that is there, such as ~/.local/share/man/man1.
        #[arg(value_name = "DIR")]
        folder: Option<PathBuf>,
    },
    /// Start three agents here, each with a third of a sample folder, ask them three questions, and delete all files of it.
    Demo {
        /// A folder with a model, in place of the one inside the program.
        #[arg(long, value_name = "DIR")]
        models: Option<PathBuf>,
    },
    /// Print this device's PeerId, which other devices are given with --peer /p2p/…; the first run makes it.
    Id,
    /// The key by which other devices know this one.
    Identity {
        /// What to do.
        #[command(subcommand)]
        what: IdentityCommand,
    },
    /// Show what the running agent has indexed and what it does now.
    Status,
    /// List the other devices: whether they are linked, and what they report of themselves.
    Peers {
        /// Then go on and show which devices come, go or are refused, until Ctrl-C; with --json one line for each event.
        #[arg(long)]
        watch: bool,
    },
    /// The mesh, and who is in it.
    #[command(flatten)]
    Mesh(PairingCommand),
    /// Show what the device's sensors report, how much background work is done, why, and what it costs.
    #[command(args_conflicts_with_subcommands = true)]
    Energy {
        /// Read this tree of sensors once (a folder with sys and proc in it) and show what it contains; no agent is asked.
        #[arg(long, value_name = "DIR", conflicts_with = "watch")]
        root: Option<PathBuf>,

        /// Go on and show every change, until Ctrl-C; with --json one line every two seconds.
        #[arg(long)]
        watch: bool,

        /// One of the commands below instead.
        #[command(subcommand)]
        what: Option<EnergyCommand>,
    },
    /// Pause background work: until `wattle resume`, or for a time ("2h", "30m"), or "until 18:30". Questions are
    /// answered all the same. A pause survives restarts and holds for all agents of this host.
    Pause {
        /// 2h, 1h30m, or until HH:MM.
        #[arg(value_name = "TIME", num_args = 0..)]
        time: Vec<String>,
    },
    /// End a pause.
    Resume,
    /// Work although the device is in use: `wattle work now`, or for a time, `wattle work now 30m`. It ends a pause. It does not
    /// lift what heat, supply, battery and quiet hours hold, and questions come first. It holds for all agents of this host.
    Work {
        /// now, and for how long: 30m, 1h30m.
        #[arg(value_name = "now [TIME]", num_args = 1..=3, required = true)]
        when: Vec<String>,
    },
    /// Run a scenario of the simulator: devices, documents and faults from a file, in virtual time, with what must hold checked.
    Sim(SimArgs),
    /// Measure how well the questions of a set are answered: by words, by meaning, and by both. No agent is asked.
    Eval(EvalArgs),
    /// Measure how fast this device embeds, and what that costs. No agent is asked; stop it meanwhile.
    Bench(BenchArgs),
    /// Write what the agent has indexed, and its settings, into one file: of one moment, while it runs or not.
    Backup(BackupArgs),
    /// Put what a backup has into a home without documents, in which no agent runs.
    Restore(RestoreArgs),
    /// Public documents, and archives of them.
    #[command(flatten)]
    Ipfs(IpfsCommand),
    /// Make the index anew from the stored texts and vectors: nothing is read or embedded again.
    Rebuild,
    /// Check the agent, its home, its network and its store, and say what is wrong.
    Doctor {
        /// Where the hardware of this device is looked at where no agent runs: a folder with sys and proc in it. For tests.
        #[arg(long, value_name = "DIR", default_value = "/", hide_short_help = true)]
        sensors: PathBuf,
    },
}

/// The arguments of `wattle up`.
#[derive(Clone, Debug, clap::Args)]
pub struct UpArgs {
    /// Folders or files to watch, besides those of earlier runs.
    #[arg(value_name = "FOLDER")]
    pub folders: Vec<PathBuf>,

    /// The collection that the documents join. By default the one that they are in already, else "home".
    #[arg(long, value_name = "NAME", value_parser = parse_collection)]
    pub collection: Option<String>,

    /// Who may see the documents. By default who may see the collection already; a new collection is for the devices of your
    /// mesh. All folders of a collection have one ring.
    #[arg(long, value_enum)]
    pub ring: Option<RingArg>,

    /// A folder with a model, in place of the one inside the program.
    #[arg(long, value_name = "DIR")]
    pub models: Option<PathBuf>,

    /// This device's name for people. By default the name of the machine.
    #[arg(long, value_name = "NAME", value_parser = |name: &str| device_name(name.to_owned()))]
    pub name: Option<String>,

    /// Where other devices reach this one, for example 0.0.0.0:7781. By default port 7781 of this machine only, or
    /// any free port of it.
    #[arg(long, value_name = "ADDRESS", value_parser = listen_address)]
    pub listen: Option<SocketAddr>,

    /// Another device, as /p2p/12D3Koo…, /ip4/192.168.1.7/tcp/7781/p2p/12D3Koo… or
    /// /dns4/nas.local/tcp/7781/p2p/12D3Koo…: `wattle id` prints the last part there. The other device needs a --peer
    /// for this one too. The PeerId alone is enough where multicast DNS finds it. Give it once for each device.
    #[arg(long = "peer", value_name = "MULTIADDR")]
    pub peers: Vec<Peer>,

    /// How background work is limited.
    #[command(flatten)]
    pub governor: GovernorArgs,

    /// Where an invite for this device is looked for, as wattle/invite.toml in this folder, while it belongs to no mesh. By default in
    /// /boot/firmware and /boot, where a card has its boot partition.
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    pub boot: Vec<PathBuf>,

    /// Whether other devices reach the API.
    #[command(flatten)]
    pub opened: OpenedArgs,

    /// Whether other devices are found by multicast.
    #[command(flatten)]
    pub multicast: MulticastArgs,

    /// Injects a bug, so that a test can prove that it would be caught. Not in release builds.
    #[cfg(debug_assertions)]
    #[arg(long = "inject-bug", value_enum, hide = true)]
    pub inject_bug: Option<StoreBug>,
}

/// Whether other devices are found by multicast: what was said last is remembered.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct MulticastArgs {
    /// Do not use multicast: other devices are found only at the addresses of --peer, or where they were before.
    #[arg(long)]
    pub no_mdns: bool,

    /// Use multicast again, after an earlier --no-mdns.
    #[arg(long, conflicts_with = "no_mdns")]
    pub mdns: bool,
}

impl MulticastArgs {
    /// What was said, if anything was.
    #[must_use]
    pub const fn said(self) -> Option<bool> {
        if self.mdns || self.no_mdns { Some(self.mdns) } else { None }
    }
}

/// Bugs of the store that a test can inject.
#[cfg(debug_assertions)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StoreBug {
    /// Acknowledgements are sent before the journal is on the disk.
    Buffer,
}

impl UpArgs {
    /// How far the store syncs before it acknowledges a change.
    #[must_use]
    pub const fn sync(&self) -> Sync {
        #[cfg(debug_assertions)]
        if self.inject_bug.is_some() {
            return Sync::Buffer;
        }
        Sync::Disk
    }
}

/// The arguments of `wattle up` about background work.
#[derive(Clone, Debug, clap::Args)]
pub struct GovernorArgs {
    /// Whether the governor limits background work to what heat, power and people's use allow. "off" holds for this run
    /// only.
    #[arg(long, value_enum, default_value_t = Switch::On, value_name = "on|off")]
    pub governor: Switch,

    /// How long background work goes on beside other programs after this start: a time as 10m, or off. By default what
    /// config.toml says (ten minutes) if a person starts the agent on a terminal, else off.
    #[arg(long, value_name = "TIME", value_parser = crate::config::burst)]
    pub burst: Option<Duration>,

    /// Where the governor finds its sensors: a folder with sys and proc in it. For tests, and for boards with trees
    /// of their own.
    #[arg(long, value_name = "DIR", default_value = "/", hide_short_help = true)]
    pub sensors: PathBuf,
}

/// The arguments of `wattle add`.
#[derive(Clone, Debug, clap::Args)]
pub struct AddArgs {
    /// The folders or files to watch.
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,

    /// The collection that their documents join. By default the one that they are in already, else "home".
    #[arg(long, value_name = "NAME", value_parser = parse_collection)]
    pub collection: Option<String>,

    /// Who may see them. By default who may see the collection already; a new collection is for the devices of your mesh. All
    /// folders of a collection have one ring.
    #[arg(long, value_enum)]
    pub ring: Option<RingArg>,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

/// The rings that can be chosen for what is added; a collection becomes public as a whole, by a command of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RingArg {
    /// This device only.
    Private,
    /// The members of the mesh.
    Mesh,
}

impl From<RingArg> for Ring {
    fn from(ring: RingArg) -> Self {
        match ring {
            RingArg::Private => Self::Private,
            RingArg::Mesh => Self::Mesh,
        }
    }
}

fn parse_collection(text: &str) -> Result<String, String> {
    check_collection(text).map(|()| text.to_owned())
}

#[cfg(test)]
mod tests;
