//! The command line: what people type, and what they read back.
//!
//! `args` declares the arguments with clap and turns them into typed options. `up` starts an agent in this process and
//! runs it until a signal stops it. Every other command but `demo`, `sim`, `eval`, `bench` and `id` is a client: it reads the token from the
//! agent's home, makes one call of the HTTP API (`http::client`) and prints the answer, as text or with `--json` as the
//! agent sent it. Where the API listens is in the home too: the running agent writes it there. `wattle pause`, `resume` and `energy new-supply` write to the agent's home instead where no agent runs, `identity keep` does so always;
//! `doctor` also checks this machine. `parse` is hidden: the agent starts it by itself (`platform::child`). `demo` starts three agents as child processes, `sim` runs a scenario of the simulator, `eval` asks a set's questions, `bench` measures how fast this device embeds.
//!
//! Exit codes: 0 done, 1 not done, 2 wrong usage (clap's), 3 no agent answers; `doctor` adds 4, see there. A failure is one
//! sentence on stderr.
//!
//! Invariants: no byte of a document, a path or an answer reaches the terminal as a control character (`text`); the token
//! is printed by `up` only to a terminal, and by `link` and `open`, which are asked for it; a call ends after `CLIENT_MS`.
//!
//! This module makes no decisions about documents, peers or energy: those are the running agent's.

pub mod args;
mod bench;
pub mod calibrate;
mod collection;
mod decision;
pub mod demo;
pub mod display;
pub mod doctor;
mod door;
mod energy;
mod eval;
mod folders;
mod hit;
mod identity;
mod link;
pub mod log;
mod manual;
mod mcp;
mod open;
mod options;
mod output;
mod pairing;
mod password;
mod paths;
mod peers;
mod service;
mod signals;
mod sim;
mod style;
mod tasks;
pub mod text;
mod token;
pub mod up;
mod upkeep;
mod why;
mod wishes;
mod words;

use crate::base::time::Duration;
use crate::config::{Config, Peer, Setting};
use crate::http::client::{Client, Failure};
use crate::platform::child;
use crate::platform::home::{Home, HomeFile, at_home, default_home, in_the_way, set_home_of_hints};
use crate::platform::models::EmbeddedModel;
use crate::platform::running;
use crate::platform::stdout::note;
use args::{
    AddArgs, Args, Command, EnergyCommand, EvalArgs, ForgetArgs, IdentityCommand, PlaceArgs, SearchArgs, UpArgs,
};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use decision::{PAUSE, until_taken};
use options::{NetworkOptions, SourceOptions, UpOptions};
use output::{Stop, pretty, print, print_as_is, show};
use paths::{absolute, sendable};
use serde_json::json;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use style::Style;

/// Runs the command of this process's arguments. `model` is the one inside the program.
#[must_use]
pub fn main(model: &'static EmbeddedModel) -> ExitCode {
    // Not for people, and before all that a parser process does not need.
    if std::env::args_os().skip(1).eq(["parse"]) {
        return child::main();
    }
    let args = match <Args as clap::Parser>::try_parse_from(words::question_last(std::env::args_os().collect())) {
        Ok(args) => args,
        Err(error) => return misused(error),
    };
    log::init(args.verbose);
    crate::platform::panics::install();
    match run(args, model) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::NotDone(why)) => fail(&why, 1),
        Err(Stop::NoAgent(why)) => fail(&why, 3),
        Err(Stop::Reported(code)) => ExitCode::from(code),
    }
}

fn fail(why: &str, code: u8) -> ExitCode {
    note(&text::one_line(why));
    ExitCode::from(code)
}

/// Says what is wrong with the arguments, and for a command of another program's which one is meant here.
fn misused(mut error: clap::Error) -> ExitCode {
    let word = |error: &clap::Error, kind| match error.get(kind) {
        Some(ContextValue::String(word)) => Some(word.clone()),
        _ => None,
    };
    let command = word(&error, ContextKind::InvalidSubcommand).and_then(|command| words::meant(&command));
    let option = word(&error, ContextKind::InvalidArg).and_then(|option| words::meant_option(&option));
    if command.is_some() {
        // By spelling alone: "peer" is no "energy".
        error.remove(ContextKind::SuggestedSubcommand);
    }
    if error.kind() == ErrorKind::UnknownArgument && !std::env::args_os().any(|word| word == "search") {
        // That a word behind "--" is none of the options helps a question, and nothing else.
        error.remove(ContextKind::Suggested);
    }
    // Help and version are no errors, and go to standard output. A closed pipe is no failure.
    let _ = error.print();
    if let Some(meant) = command.or(option) {
        note(meant);
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// A client of the agent in this home, at its address.
fn client_of(home: &Path, given: Option<SocketAddr>) -> Result<Client, Failure> {
    let at = Home::at(home);
    // Where it will answer is not known yet: another agent may be at the usual address.
    if let Some(why) = running::starting(&at).filter(|_| given.is_none()) {
        return Err(Failure::NoAgent(why));
    }
    if given.is_none() && at.file(HomeFile::Token).exists() && !running::is_running(&at) {
        // Nothing is sent: another program may listen there now.
        let up = at_home("wattle up", home);
        let why = format!("No agent runs with the home {}. Start one with `{up}`.", home.display());
        return Err(Failure::NoAgent(why));
    }
    Client::new(api_of(home, given), home)
}

/// Where the agent of this home answers: as given, or as it wrote down, or as its settings say.
fn api_of(home: &Path, given: Option<SocketAddr>) -> SocketAddr {
    let at = Home::at(home);
    let set = || at.settings().ok().flatten()?.node.api;
    given.or_else(|| running::api_address(&at)).or_else(set).unwrap_or(args::DEFAULT_API)
}

fn run(args: Args, model: &'static EmbeddedModel) -> Result<(), Stop> {
    let home = home_of(&args)?;
    set_home_of_hints(&home);
    let client = || client_of(&home, args.api);
    match args.command {
        Command::Up(up) => up::up(&up_options(up, home, args.api)?, model).map_err(Stop::NotDone),
        Command::Demo { models } => {
            let models = models.as_deref().map(absolute).transpose()?;
            demo::demo(models.as_deref())
        }
        Command::Id => print_id(&home),
        Command::Identity { what: IdentityCommand::Keep } => identity::keep(&home),
        Command::Add(add) => smol::block_on(add_paths(&client()?, &add)),
        Command::Collection { what } => smol::block_on(collection::collection(&client()?, what)),
        Command::Forget(what) => smol::block_on(forget(&client()?, &what)),
        Command::Keep(place) => smol::block_on(keep(&client()?, &place)),
        Command::Folders { json } => {
            let answer = smol::block_on(client()?.folders())?;
            show(json, &answer.json, || folders::folders(&answer.read.folders, &Style::of_stdout()))
        }
        Command::Why { json } => smol::block_on(why::run(&client()?, json)),
        Command::Tasks(args) => smol::block_on(tasks::run(&client()?, args)),
        Command::Search(search) => smol::block_on(search_for(&client()?, &search)),
        Command::Door(what) => door::run(what, client, &home, api_of(&home, args.api)),
        Command::Mcp => mcp::run(client),
        Command::Completions { shell } => manual::completions(shell),
        Command::Man { folder } => manual::man(folder.as_deref()),
        Command::Status { json } => {
            let answer = smol::block_on(client()?.status())?;
            show(json, &answer.json, || display::status(&answer.read, &Style::of_stdout()))
        }
        Command::Mesh(command) => smol::block_on(pairing::run(&client()?, command)),
        Command::Peers { watch, json } => smol::block_on(peers::peers(&client()?, watch, json)),
        Command::Energy { what: Some(EnergyCommand::Calibrate { seconds }), .. } => {
            energy::calibrate(&home, Duration::from_secs(seconds))
        }
        Command::Energy { what: Some(EnergyCommand::NewSupply), .. } => {
            smol::block_on(energy::new_supply(client(), &home))
        }
        Command::Energy { root: Some(root), json, .. } => energy::read_tree(&absolute(&root)?, json),
        Command::Energy { root: None, watch, json, .. } => smol::block_on(energy::report(&client()?, watch, json)),
        Command::Pause { time } => smol::block_on(wishes::pause(client(), &home, &time)),
        Command::Resume => smol::block_on(wishes::resume(client(), &home)),
        Command::Work { when } => smol::block_on(wishes::work(client(), &when)),
        Command::Sim(args) => sim::sim(&absolute(&args.file)?, &args),
        Command::Eval(args) => eval::eval(&args, &eval_paths(&args)?, model),
        Command::Bench(args) => {
            let given = args.models.as_deref().map(absolute).transpose()?;
            bench::bench(args.json, given.or_else(|| set_models(&home)).as_deref(), model)
        }
        Command::Service { what } => service::service(what, &home),
        Command::Backup(args) => upkeep::backup(client(), &home, &args),
        Command::Restore(args) => upkeep::restored(&home, &args),
        Command::Rebuild => smol::block_on(upkeep::rebuild(&client()?)),
        Command::Doctor { json, sensors } => {
            let models = set_models(&home);
            let report =
                smol::block_on(doctor::examine((&home, &absolute(&sensors)?), client(), models.as_deref(), model));
            show(json, &report.json(), || report.text(&Style::of_stdout()))?;
            if report.well() { Ok(()) } else { Err(Stop::Reported(report.exit_code())) }
        }
    }
}

/// The folder of models that the home's settings name.
fn set_models(home: &Path) -> Option<PathBuf> {
    let settings = Home::at(home).settings().ok().flatten();
    settings.and_then(|config| config.node.models).map(PathBuf::from)
}

/// The home that is meant. The demo makes homes of its own.
fn home_of(args: &Args) -> Result<PathBuf, Stop> {
    let home = match &args.home {
        Some(home) => absolute(home)?,
        // They are made where packages are made, too.
        None if matches!(args.command, Command::Completions { .. } | Command::Man { .. }) => PathBuf::new(),
        None => default_home().map_err(Stop::NotDone)?,
    };
    let is_used = !matches!(
        args.command,
        Command::Demo { .. } | Command::Eval(_) | Command::Bench(_) | Command::Completions { .. } | Command::Man { .. }
    );
    in_the_way(&home).filter(|_| is_used).map_or(Ok(home), |why| Err(Stop::NotDone(why)))
}

fn eval_paths(args: &EvalArgs) -> Result<eval::Paths, Stop> {
    let of = |path: &Option<PathBuf>| path.as_deref().map(absolute).transpose();
    Ok(eval::Paths {
        set: absolute(&args.set)?,
        cache: of(&args.cache)?,
        models: of(&args.models)?,
        dump: of(&args.dump)?,
    })
}

fn up_options(up: UpArgs, home: PathBuf, api: Option<SocketAddr>) -> Result<UpOptions, Stop> {
    let config = Home::at(&home).settings().map_err(Stop::NotDone)?.unwrap_or_default();
    let models = up.models.as_deref().map(absolute).transpose()?;
    let typed = typed(&up, api, models.as_deref());
    let set_models = config.node.models.as_ref().map(PathBuf::from);
    let (api_at, open_api) = (api.or(config.node.api).unwrap_or(args::DEFAULT_API), up.open_api.or(config.open_api));
    let burst = if std::io::stderr().is_terminal() { config.energy.burst() } else { Duration::ZERO };
    Ok(UpOptions {
        home,
        api: api_at,
        open_api,
        models: models.or(set_models),
        governor: (up.governor.governor == args::Switch::On).then(|| up.governor.burst.unwrap_or(burst)),
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
        },
        name: up.name.or_else(|| config.node.name.clone()),
        config,
        typed,
    })
}

/// What was typed at `wattle up` and is written into config.toml. Not among it: the governor switched off and other sensors,
/// which are for one run.
fn typed(up: &UpArgs, api: Option<SocketAddr>, models: Option<&Path>) -> Vec<Setting> {
    let mut typed = Vec::new();
    typed.extend(up.name.clone().map(Setting::Name));
    typed.extend(up.listen.map(Setting::Listen));
    typed.extend(api.map(Setting::Api));
    typed.extend(up.open_api.map(Setting::OpenApi));
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

/// Prints the PeerId. The key is read without the home's lock, which a running agent holds; a home that has no key yet
/// gets one.
fn print_id(home: &Path) -> Result<(), Stop> {
    let unlocked = Home::at(home);
    // Of a home whose key is gone the next start tells people, and makes a new one.
    if let Some(lost) = unlocked.key_outlook(None) {
        return Err(Stop::NotDone(lost.what));
    }
    let home = if unlocked.file(HomeFile::Identity).exists() { Ok(unlocked) } else { Home::open(home) };
    let identity = home.and_then(|home| home.identity()).map_err(Stop::NotDone)?;
    print(&format!("{}\n", identity.peer_id()))
}

/// Adds each path; one that cannot be added does not keep the others from it.
async fn add_paths(client: &Client, add: &AddArgs) -> Result<(), Stop> {
    let mut failed = None;
    for path in &add.paths {
        match add_path(client, path, add).await {
            Ok(()) => {}
            Err(Stop::NotDone(why)) => {
                if let Some(before) = failed.replace(why) {
                    note(&text::one_line(&before));
                }
            }
            Err(stop) => return Err(stop),
        }
    }
    failed.map_or(Ok(()), |why| Err(Stop::NotDone(why)))
}

async fn add_path(client: &Client, path: &Path, add: &AddArgs) -> Result<(), Stop> {
    let path = sendable(path)?;
    let path = path.as_str();
    let added = client.add(path, add.collection.as_deref(), add.ring.map(Into::into)).await?;
    if std::io::stdin().is_terminal() {
        // It is added all the same if the governor is off.
        let _ = client.work_now(json!({ "arrived": true })).await;
    }
    print(&format!("{}\n", text::one_line(&added.sentence())))?;
    for part in &added.parts {
        print(&format!("{} is a part of it now, in the same collection.\n", text::one_line(part)))?;
    }
    // It is watched, but the next start would not know of it.
    added.forgotten.map_or(Ok(()), |why| Err(Stop::NotDone(why)))
}

async fn forget(client: &Client, what: &ForgetArgs) -> Result<(), Stop> {
    let path = sendable(&what.place.path)?;
    let done = until_taken(PAUSE, async || client.forget(&path, what.kept).await).await?;
    print(&format!("{}\n", text::one_line(&done)))
}

async fn keep(client: &Client, place: &PlaceArgs) -> Result<(), Stop> {
    let path = sendable(&place.path)?;
    let done = until_taken(PAUSE, async || client.keep(&path).await).await?;
    print(&format!("{}\n", text::one_line(&done)))
}

async fn search_for(client: &Client, search: &SearchArgs) -> Result<(), Stop> {
    let answer = client.search_with(search.body()).await?;
    // The words of documents are told as they are: only what is said about them names the agent's home.
    let told = if search.all { display::found } else { display::best_found };
    print_as_is(&if search.json { pretty(&answer.json) } else { told(&answer.read, &Style::of_stdout()) })?;
    let files = answer.read.coverage.files;
    if search.json || files.searchable >= files.known {
        return Ok(());
    }
    // Why files wait, where their owner can have them embedded all the same.
    match client.status().await {
        Ok(status) if display::waits_for_use(&status.read) && answer.read.coverage.background.is_none() => {
            print(&format!("{}\n", status.read.activity.background.unwrap_or_default()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_waits_for_an_agent_that_starts_for_the_first_time_and_asks_nobody_at_the_usual_address() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        home.token().unwrap();
        let Err(Failure::NoAgent(why)) = client_of(folder.path(), None) else { panic!("it is not up") };
        assert!(why.contains(running::STARTING) && !why.contains("wattle up"), "{why}");
        assert!(client_of(folder.path(), Some(args::DEFAULT_API)).is_ok(), "its address was typed");
        home.write(HomeFile::Api, b"127.0.0.1:7790\n").unwrap();
        assert!(client_of(folder.path(), None).is_ok());
    }
}
