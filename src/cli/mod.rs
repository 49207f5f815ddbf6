//! The command line: what people type, and what they read back.
//!
//! `args` declares the arguments with clap and turns them into typed options. `up` starts an agent in this process and
//! runs it until a signal stops it. Every other command but `demo` and `id` is a client: it reads the token from the
//! agent's home, makes one call of the HTTP API (`http::client`) and prints the answer, as text or with `--json` as the
//! agent sent it. `wattle pause`, `resume` and `energy new-supply` write to the agent's home instead where no agent runs;
//! `doctor` also checks this machine. `demo` starts three agents as child processes.
//!
//! Exit codes: 0 done, 1 not done, 2 wrong usage (clap's), 3 no agent answers. A failure is one sentence on stderr.
//!
//! Invariants: no byte of a document, a path or an answer reaches the terminal as a control character (`text`); the token
//! is printed only by `up`, and there only where the output is not systemd's journal; a call ends after `CLIENT_MS`.
//!
//! This module makes no decisions about documents, peers or energy: those are the running agent's.

pub mod args;
pub mod calibrate;
pub mod demo;
pub mod display;
pub mod doctor;
mod energy;
pub mod log;
mod output;
mod peers;
pub mod text;
pub mod up;

use crate::base::time::Duration;
use crate::http::client::Client;
use crate::platform::home::{Home, HomeFile, default_home};
use args::{AddArgs, Args, Command, EnergyCommand, NetworkOptions, SearchArgs, SourceOptions, UpArgs, UpOptions};
use display::Style;
use output::{Stop, pretty, print};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Runs the command of this process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    let args = <Args as clap::Parser>::parse();
    log::init(args.verbose);
    crate::platform::panics::install();
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::NotDone(why)) => fail(&why, 1),
        Err(Stop::NoAgent(why)) => fail(&why, 3),
        Err(Stop::Reported) => ExitCode::from(1),
    }
}

fn fail(why: &str, code: u8) -> ExitCode {
    eprintln!("{}", text::one_line(why));
    ExitCode::from(code)
}

fn run(args: Args) -> Result<(), Stop> {
    let home = match args.home {
        Some(home) => absolute(&home)?,
        None => default_home().map_err(Stop::NotDone)?,
    };
    let client = || Client::new(args.api, &home);
    match args.command {
        Command::Up(up) => up::up(&up_options(up, home, args.api)?).map_err(Stop::NotDone),
        Command::Demo { models } => {
            let models = models.as_ref().map(absolute).transpose()?;
            demo::demo(models.as_deref()).map_err(Stop::NotDone)
        }
        Command::Id => print_id(&home),
        Command::Add(add) => smol::block_on(add_path(&client()?, &add)),
        Command::Search(search) => smol::block_on(search_for(&client()?, &search)),
        Command::Status { json } => {
            let answer = smol::block_on(client()?.status())?;
            let style = Style::of_stdout();
            print(&if json { pretty(&answer.json) } else { display::status(&answer.read, &style) })
        }
        Command::Peers { watch, json } => smol::block_on(peers::peers(&client()?, watch, json)),
        Command::Energy { what: Some(EnergyCommand::Calibrate { seconds }), .. } => {
            energy::calibrate(&home, Duration::from_secs(seconds))
        }
        Command::Energy { what: Some(EnergyCommand::NewSupply), .. } => {
            smol::block_on(energy::new_supply(client(), &home))
        }
        Command::Energy { root: Some(root), json, .. } => energy::read_tree(&absolute(&root)?, json),
        Command::Energy { root: None, watch, json, .. } => smol::block_on(energy::show(&client()?, watch, json)),
        Command::Pause { time } => smol::block_on(energy::pause(client(), &home, &time)),
        Command::Resume => smol::block_on(energy::resume(client(), &home)),
        Command::Doctor { json } => {
            let report = smol::block_on(doctor::examine(&home, args.api));
            print(&if json { pretty(&report.json()) } else { report.text(&Style::of_stdout()) })?;
            if report.well() { Ok(()) } else { Err(Stop::Reported) }
        }
    }
}

fn up_options(up: UpArgs, home: PathBuf, api: SocketAddr) -> Result<UpOptions, Stop> {
    let config = Home::at(&home).settings().map_err(Stop::NotDone)?.unwrap_or_default();
    Ok(UpOptions {
        home,
        api,
        open_api: up.open_api.or(config.open_api),
        models: up.models.as_ref().map(absolute).transpose()?,
        governed: up.governor == args::Switch::On,
        sensors: absolute(&up.sensors)?,
        config,
        sync: up.sync(),
        name: up.name,
        sources: SourceOptions {
            paths: up.folders.iter().map(absolute).collect::<Result<_, _>>()?,
            collection: up.collection,
            ring: up.ring.into(),
        },
        network: NetworkOptions { listen: up.listen, peers: up.peers, multicast: !up.no_mdns },
    })
}

/// Prints the PeerId. The key is read without the home's lock, which a running agent holds; a home that has no key yet
/// gets one.
fn print_id(home: &Path) -> Result<(), Stop> {
    let unlocked = Home::at(home);
    let home = if unlocked.file(HomeFile::Identity).exists() { Ok(unlocked) } else { Home::open(home) };
    let identity = home.and_then(|home| home.identity()).map_err(Stop::NotDone)?;
    print(&format!("{}\n", identity.peer_id()))
}

async fn add_path(client: &Client, add: &AddArgs) -> Result<(), Stop> {
    let path = absolute(&add.path)?;
    let Some(path) = path.to_str() else {
        return Err(Stop::NotDone(format!(
            "The path {} is not UTF-8 and cannot be sent to a running agent. Give it to `wattle up` instead.",
            path.display()
        )));
    };
    let added = client.add(path, &add.collection, add.ring.into()).await?;
    print(&format!("The agent watches {} from now on.\n", text::one_line(&added)))
}

async fn search_for(client: &Client, search: &SearchArgs) -> Result<(), Stop> {
    let answer = client.search(&search.question.join(" "), search.count).await?;
    print(&if search.json { pretty(&answer.json) } else { display::found(&answer.read, &Style::of_stdout()) })
}

fn absolute(path: &PathBuf) -> Result<PathBuf, Stop> {
    std::path::absolute(path)
        .map_err(|error| Stop::NotDone(format!("The path {} is not usable: {error}.", path.display())))
}
