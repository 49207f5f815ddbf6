//! What `wattle up` starts an agent with: arguments and `config.toml` together.

use crate::base::id::Ring;
use crate::base::time::Duration;
use crate::config::{Config, Peer, Setting};
use crate::platform::disk::Sync;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What an agent is started with: arguments and `config.toml` together. All paths are absolute.
#[derive(Clone, Debug)]
pub struct UpOptions {
    /// The agent's home.
    pub home: PathBuf,
    /// Where the API listens, a loopback address.
    pub api: SocketAddr,
    /// One more address where the API listens, for other devices.
    pub open_api: Option<SocketAddr>,
    /// What to watch besides the sources of earlier runs.
    pub sources: SourceOptions,
    /// The network of agents.
    pub network: NetworkOptions,
    /// The models' folder; `None` searches the usual places.
    pub models: Option<PathBuf>,
    /// The device's name for people; `None` takes the machine's.
    pub name: Option<String>,
    /// How long background work goes on beside other programs after this start, zero for not at all; `None`: no governor
    /// decides how much of it is done.
    pub governor: Option<Duration>,
    /// The folder under which the governor finds sys and proc.
    pub sensors: PathBuf,
    /// What the owner wrote into `config.toml`.
    pub config: Config,
    /// How far the store syncs before it acknowledges a change.
    pub sync: Sync,

    /// What was typed and is to be remembered, without the folders: those are written down when they are watched.
    pub typed: Vec<Setting>,
}

/// What an agent watches from this start on.
#[derive(Clone, Debug)]
pub struct SourceOptions {
    /// Folders and files, unchecked: `platform::source` resolves and checks them.
    pub paths: Vec<PathBuf>,
    /// The collection that their documents join, if one was typed.
    pub collection: Option<String>,
    /// Who may see the documents; `None`: who may see the collection.
    pub ring: Option<Ring>,
}

/// How an agent reaches other devices and is reached.
#[derive(Clone, Debug)]
pub struct NetworkOptions {
    /// This agent's addresses for people and programs, which are not to be listened on for other devices.
    pub apis: Vec<SocketAddr>,
    /// Where to listen; `None` is port 7781 of this machine only, or any free port of it.
    pub listen: Option<SocketAddr>,
    /// The other devices.
    pub peers: Vec<Peer>,
    /// Whether other devices are found by multicast DNS.
    pub multicast: bool,
    /// Folders where an invite is looked for; empty: the usual ones.
    pub boot: Vec<PathBuf>,
}
