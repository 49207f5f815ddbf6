//! What `wattle up` starts an agent with: arguments and `config.toml` together.

use super::args::{DEFAULT_API, Switch, UpArgs};
use super::output::Stop;
use super::paths::absolute;
use crate::base::id::Ring;
use crate::base::time::Duration;
use crate::config::{Config, OpenTo, Peer, Setting};
use crate::net::blocks::Blocks;
use crate::platform::disk::Sync;
use crate::platform::home::Home;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

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
    /// The blocks of public documents that any program may fetch by bitswap, to be filled once the store is open; `None`: that is off.
    pub blocks: Option<Blocks>,
    /// Whether whoever opens the page first chooses its password on another device too.
    pub first_visitor: bool,
}

/// The options of `wattle up` with these arguments, at this home.
pub(super) fn up_options(up: UpArgs, home: PathBuf, api: Option<SocketAddr>) -> Result<UpOptions, Stop> {
    let config = Home::at(&home).settings().map_err(Stop::NotDone)?.unwrap_or_default();
    let models = up.models.as_deref().map(absolute).transpose()?;
    let typed = typed(&up, api, models.as_deref());
    let set_models = config.node.models.as_ref().map(PathBuf::from);
    let api_at = api.or(config.node.api).unwrap_or(DEFAULT_API);
    let open_api = up.opened.open_api.map_or(config.open_api, OpenTo::address);
    let burst = if std::io::stderr().is_terminal() { config.energy.burst() } else { Duration::ZERO };
    Ok(UpOptions {
        home,
        api: api_at,
        open_api,
        models: models.or(set_models),
        governor: (up.governor.governor == Switch::On).then(|| up.governor.burst.unwrap_or(burst)),
        sensors: absolute(&up.governor.sensors)?,
        sync: up.sync(),
        sources: SourceOptions {
            paths: up.folders.iter().map(|path| absolute(path)).collect::<Result<_, _>>()?,
            collection: up.collection,
            ring: up.ring.map(Into::into),
        },
        network: NetworkOptions {
            apis: std::iter::once(api_at).chain(open_api).collect(),
            listen: up.listen.or(config.node.listen),
            peers: all_peers(up.peers, &config),
            boot: up.boot.iter().map(|folder| absolute(folder)).collect::<Result<_, _>>()?,
            multicast: up.multicast.said().or(config.node.multicast).unwrap_or(true),
            blocks: config.ipfs.bitswap.then(Blocks::default),
            first_visitor: up.opened.first_visitor,
        },
        name: up.name.or_else(|| config.node.name.clone()),
        config,
        typed,
    })
}

/// What was typed at `wattle up` and is written into config.toml. Not among it: the governor switched off, other sensors and a first
/// visitor, which are for one run.
fn typed(up: &UpArgs, api: Option<SocketAddr>, models: Option<&Path>) -> Vec<Setting> {
    let mut typed = Vec::new();
    typed.extend(up.name.clone().map(Setting::Name));
    typed.extend(up.listen.map(Setting::Listen));
    typed.extend(api.map(Setting::Api));
    typed.extend(up.opened.open_api.map(Setting::OpenApi));
    typed.extend(up.multicast.said().map(Setting::Multicast));
    typed.extend(models.and_then(Path::to_str).map(|folder| Setting::Models(folder.to_owned())));
    typed.extend(up.peers.iter().cloned().map(Setting::AddPeer));
    typed
}

/// The peers that were typed and those of config.toml; of one device only the entry that was typed.
fn all_peers(typed: Vec<Peer>, config: &Config) -> Vec<Peer> {
    let known = config.node.peers.iter().filter(|set| !typed.iter().any(|peer| peer.peer == set.peer)).cloned();
    let known: Vec<Peer> = known.collect();
    typed.into_iter().chain(known).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::{Args, Command};
    use clap::Parser as _;

    #[test]
    fn the_page_is_closed_to_other_devices_by_the_option_that_opens_it_and_stays_so_at_later_starts() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        let start = |line: &str| {
            let Some(Command::Up(up)) = Args::try_parse_from(line.split(' ')).unwrap().command else {
                panic!("not up")
            };
            let options = up_options(up, home.to_owned(), None).unwrap();
            Home::at(home).remember(&options.typed).unwrap();
            (options.open_api.map(|open| open.to_string()), options.network.apis.len())
        };
        let open = (Some("192.168.1.4:7780".to_owned()), 2);
        assert_eq!(start("wattle up"), (None, 1), "by default");
        assert_eq!(start("wattle up --open-api 192.168.1.4:7780"), open);
        assert_eq!(start("wattle up"), open);
        assert_eq!(start("wattle up --open-api off"), (None, 1));
        assert_eq!(start("wattle up"), (None, 1));
        assert_eq!(start("wattle up --open-api 192.168.1.4:7780"), open);
    }
}
