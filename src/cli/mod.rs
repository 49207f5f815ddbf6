//! The command line: what people type, and what they read back.
//!
//! Duty: arguments to typed options, each command to one call of the running agent, its answer to text.
//! In/out: arguments in; text on stdout, one sentence on stderr, an exit code.
//! Invariants: no byte of a document, path or answer reaches the terminal that could steer it; the token is
//! never printed.
//! Limits: a call ends after `CLIENT_MS`. Not here: the agent itself (`io::up`), decisions (`node`).
//!
//! Exit codes: 0 done, 1 not done, 2 wrong usage (by clap), 3 no agent answers.

pub mod args;
pub mod calibrate;
pub mod demo;
pub mod display;
pub mod doctor;
mod energy;
pub mod log;
mod peers;
pub mod text;
pub mod up;

use crate::http::client::{Client, Failure};
use crate::platform::home::{Home, HomeFile, default_home};

use crate::base::time::Duration;
use args::{AddArgs, Args, Command, EnergyCommand, SearchArgs, UpOptions};
use display::Style;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Why a command ends without being done.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stop {
    /// One sentence for stderr, exit code 1.
    NotDone(String),
    /// One sentence for stderr, exit code 3.
    NoAgent(String),
    /// Everything is said already, exit code 1.
    Told,
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NoAgent(why) => Self::NoAgent(why),
            Failure::NotDone(why) => Self::NotDone(why),
        }
    }
}

/// Runs the command that was typed.
#[must_use]
pub fn main() -> ExitCode {
    let args = <Args as clap::Parser>::parse();
    log::init(args.verbose);
    crate::platform::panics::install();
    run(args)
}

/// Runs one command to its end.
#[must_use]
pub fn run(args: Args) -> ExitCode {
    match carry_out(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::NotDone(why)) => tell(&why, 1),
        Err(Stop::NoAgent(why)) => tell(&why, 3),
        Err(Stop::Told) => ExitCode::from(1),
    }
}

fn tell(why: &str, code: u8) -> ExitCode {
    eprintln!("{}", text::one_line(why));
    ExitCode::from(code)
}

fn carry_out(args: Args) -> Result<(), Stop> {
    let home = match args.home {
        Some(home) => absolute(&home)?,
        None => default_home().map_err(Stop::NotDone)?,
    };
    let client = || Client::new(args.api, &home);
    match args.command {
        Command::Up(up) => {
            let folders = up.folders.iter().map(absolute).collect::<Result<_, _>>()?;
            let models = up.models.as_ref().map(absolute).transpose()?;
            let (sync, ring) = (up.sync(), up.ring.into());
            let config = Home::at(&home).settings().map_err(Stop::NotDone)?.unwrap_or_default();
            let options = UpOptions {
                home,
                api: args.api,
                folders,
                collection: up.collection,
                ring,
                models,
                name: up.name,
                listen: up.listen,
                peers: up.peers,
                multicast: !up.no_mdns,
                governed: up.governor == args::Switch::On,
                sensors: absolute(&up.sensors)?,
                open_api: up.open_api.or(config.open_api),
                config,
                sync,
            };
            up::up(&options).map_err(Stop::NotDone)
        }
        Command::Demo { models } => {
            let models = models.as_ref().map(absolute).transpose()?;
            demo::demo(models.as_deref()).map_err(Stop::NotDone)
        }
        Command::Id => {
            // The home's lock belongs to a running agent; the key's file alone says who it is.
            let seen = Home::at(&home);
            let made = if seen.file(HomeFile::Identity).exists() { Ok(seen) } else { Home::open(&home) };
            let identity = made.and_then(|home| home.identity()).map_err(Stop::NotDone)?;
            say(&format!("{}\n", identity.peer_id()))
        }
        Command::Add(add) => smol::block_on(add_path(&client()?, &add)),
        Command::Search(search) => smol::block_on(search_for(&client()?, &search)),
        Command::Status { json } => {
            let answer = smol::block_on(client()?.status())?;
            let look = Style::of_stdout();
            say(&if json { pretty(&answer.json) } else { display::status(&answer.read, &look) })
        }
        Command::Peers { watch, json } => smol::block_on(peers::peers(&client()?, watch, json)),
        Command::Energy { what: Some(EnergyCommand::Calibrate { seconds }), .. } => {
            energy::calibrate(&home, Duration::from_secs(seconds))
        }
        Command::Energy { what: Some(EnergyCommand::NewSupply), .. } => {
            smol::block_on(energy::new_supply(client(), &home))
        }
        Command::Energy { root: Some(root), json, .. } => energy::glance(&absolute(&root)?, json),
        Command::Energy { root: None, watch, json, .. } => smol::block_on(energy::show(&client()?, watch, json)),
        Command::Pause { time } => smol::block_on(energy::pause(client(), &home, &time)),
        Command::Resume => smol::block_on(energy::resume(client(), &home)),
        Command::Doctor { json } => {
            let report = smol::block_on(doctor::examine(&home, args.api));
            say(&if json { pretty(&report.json()) } else { report.text(&Style::of_stdout()) })?;
            if report.well() { Ok(()) } else { Err(Stop::Told) }
        }
    }
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
    say(&format!("The agent watches {} from now on.\n", text::one_line(&added)))
}

async fn search_for(client: &Client, search: &SearchArgs) -> Result<(), Stop> {
    let answer = client.search(&search.question.join(" "), search.count).await?;
    say(&if search.json { pretty(&answer.json) } else { display::found(&answer.read, &Style::of_stdout()) })
}

fn absolute(path: &PathBuf) -> Result<PathBuf, Stop> {
    std::path::absolute(path)
        .map_err(|error| Stop::NotDone(format!("The path {} is not usable: {error}.", path.display())))
}

/// JSON for programs: what is a control character stays escaped, as JSON demands.
fn pretty(json: &serde_json::Value) -> String {
    format!("{json:#}\n")
}

fn say(text: &str) -> Result<(), Stop> {
    match std::io::stdout().write_all(text.as_bytes()) {
        // `wattle search .. | head` has read enough.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Stop::NotDone(format!("The answer cannot be written: {error}.")))
        }
        _ => Ok(()),
    }
}
