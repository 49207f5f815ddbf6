//! The command line: what people type, and what they read back.
//!
//! `args` declares the arguments with clap and turns them into typed options. `up` starts an agent in this process and
//! runs it until a signal stops it. Without a command, `start` says what is so and what to do next. Every other command but `card`, `update`, `factory-reset`, `demo`, `sim`, `eval`, `bench` and `id` is a client: it reads the token from the
//! agent's home, makes one call of the HTTP API (`http::client`) and prints the answer, as text or with `--json` as the
//! agent sent it. Where the API listens is in the home too: the running agent writes it there. `wattle pause`, `resume` and `energy new-supply` write to the agent's home instead where no agent runs, `identity keep` does so always;
//! `doctor` also checks this machine. `parse` is hidden: the agent starts it by itself (`platform::child`). `card` sets a board of the SD card image up, `update` and `factory-reset` are for such boards too. `demo` starts three agents as child processes, `sim` runs a scenario of the simulator, `eval` asks a set's questions, `bench` measures how fast this device embeds.
//!
//! Exit codes stand in `exit`. A failure is one sentence on stderr, and with `--json` one object there (`output`).
//!
//! Invariants: no byte of a document, a path or an answer reaches the terminal as a control character (`text`); the token
//! is printed by `up` only to a terminal, and by `link` and `open`, which are asked for it; a call ends after `CLIENT_MS`.
//!
//! This module makes no decisions about documents, peers or energy: those are the running agent's.

pub mod args;
mod ask;
mod bench;
pub mod calibrate;
mod car;
mod card;
mod code;
mod collection;
mod decision;
pub mod demo;
pub mod display;
pub mod doctor;
mod door;
mod energy;
mod eval;
mod exit;
mod folders;
mod hit;
mod identity;
mod languages;
mod link;
mod links;
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
mod places;
mod quiet;
mod reach;
mod service;
mod signals;
mod sim;
mod start;
mod style;
mod tasks;
pub mod text;
mod tls;
mod token;
pub mod up;
mod update;
mod upkeep;
mod why;
mod wishes;
mod words;

use crate::base::fold::controls_terminal;
use crate::base::time::Duration;
use crate::http::client::{Client, Failure};
use crate::platform::child;
use crate::platform::home::{Home, default_home, in_the_way, set_home_of_hints};
use crate::platform::models::EmbeddedModel;
use crate::platform::stdout::note;
use args::{Args, Command, EnergyCommand, EvalArgs, IdentityCommand, IpfsCommand};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use exit::Exit;
use options::up_options;
use output::{Stop, failed, is_read, show};
use paths::absolute;
use reach::{api_of, client_of};
use std::io::Write as _;
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
    let as_json = args.json;
    match run(args, model) {
        Ok(()) => ExitCode::from(Exit::Done.code()),
        Err(stop) => end(stop, as_json),
    }
}

/// How the program ends where a command stopped.
fn end(stop: Stop, as_json: bool) -> ExitCode {
    match stop {
        Stop::NotDone(why) => fail(&why, Exit::NotDone, as_json),
        Stop::NoAgent(why) => fail(&why, Exit::NoAgent, as_json),
        Stop::Misused(why) => fail(&why, Exit::Misused, as_json),
        Stop::Reported(exit) => ExitCode::from(exit.code()),
    }
}

fn fail(why: &str, exit: Exit, as_json: bool) -> ExitCode {
    note(&if as_json { failed(why, exit) } else { text::one_line(why) });
    ExitCode::from(exit.code())
}

/// Makes the words that were typed harmless for the terminal that they are shown on: a script may have them from anywhere.
fn harmless(error: &mut clap::Error) {
    let acts = |word: &String| word.chars().any(controls_terminal);
    let shown = |word: &String| if acts(word) { text::one_line(word) } else { word.clone() };
    let words: Vec<_> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(word) if acts(word) => Some((kind, ContextValue::String(shown(word)))),
            ContextValue::Strings(words) if words.iter().any(acts) => {
                Some((kind, ContextValue::Strings(words.iter().map(shown).collect())))
            }
            _ => None,
        })
        .collect();
    if !words.is_empty() {
        // Advice has the words once more.
        error.remove(ContextKind::Suggested);
    }
    for (kind, value) in words {
        error.insert(kind, value);
    }
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
    if error.use_stderr() && std::env::args_os().any(|word| word == "--json") {
        // The arguments were not understood: that a program reads the answer is all that is known.
        let meant = command.or(option).unwrap_or_default();
        return fail(&format!("{} {meant}", error.render()), Exit::Misused, true);
    }
    harmless(&mut error);
    // Help and version are no errors, and go to standard output: they are answers like others.
    let printed = error.print().and_then(|()| std::io::stdout().flush());
    if !error.use_stderr()
        && let Err(stop) = is_read(printed)
    {
        return end(stop, std::env::args_os().any(|word| word == "--json"));
    }
    if let Some(meant) = command.or(option) {
        note(meant);
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Exit::Misused.code()))
}

fn run(args: Args, model: &'static EmbeddedModel) -> Result<(), Stop> {
    let home = home_of(&args)?;
    set_home_of_hints(&home);
    let (api, as_json) = (args.api, args.json);
    let client = || client_of(&home, api);
    let Some(command) = args.command else {
        return smol::block_on(start::start(client(), &home, api_of(&home, api), as_json));
    };
    match command {
        Command::Up(up) => up::up(&up_options(up, home, api)?, model, as_json).map_err(Stop::NotDone),
        Command::Demo { .. } | Command::Mcp if as_json => Err(Stop::Misused(
            "This command has no --json: it shows its work to people, or speaks a protocol of its own.".to_owned(),
        )),
        Command::Demo { models } => demo::demo(models.as_deref().map(absolute).transpose()?.as_deref()),
        Command::Mcp => mcp::run(client),
        Command::Completions { shell } => manual::completions(shell, as_json),
        Command::Man { folder } => manual::man(folder.as_deref(), as_json),
        Command::Id => identity::print_id(&home, as_json),
        Command::Identity { what: IdentityCommand::Keep } => identity::keep(&home, as_json),
        Command::Door(what) => door::run(what, client, (&home, api_of(&home, api)), as_json),
        Command::Service { what } => service::service(what, &home, as_json),
        Command::Image(what) => update::image(what, &home, as_json),
        Command::Backup(args) => upkeep::backup(client(), &home, &args, as_json),
        Command::Restore(args) => upkeep::restored(&home, &args, as_json),
        Command::Ipfs(IpfsCommand::Import { car, to }) => car::import(&car, to.as_deref(), as_json),
        Command::Sim(args) => sim::sim(&absolute(&args.file)?, &args, as_json),
        Command::Eval(args) => eval::eval(&args, &eval_paths(&args)?, model, as_json),
        Command::Bench(args) => {
            let given = args.models.as_deref().map(absolute).transpose()?;
            bench::bench(as_json, given.or_else(|| set_models(&home)).as_deref(), model)
        }
        Command::Energy { root, watch, what } => of_energy(client, &home, (root, watch, what), as_json),
        Command::Pause { time } => smol::block_on(wishes::pause(client(), &home, &time, as_json)),
        Command::Resume => smol::block_on(wishes::resume(client(), &home, as_json)),
        Command::Work { when } => smol::block_on(wishes::work(client(), &when, as_json)),
        Command::Doctor { sensors } => {
            let models = set_models(&home);
            let report =
                smol::block_on(doctor::examine((&home, &absolute(&sensors)?), client(), models.as_deref(), model));
            show(as_json, &report.json(), || report.text(&Style::of_stdout()))?;
            if report.well() { Ok(()) } else { Err(Stop::Reported(report.exit())) }
        }
        command => smol::block_on(asked(&client()?, &home, command, as_json)),
    }
}

/// The commands that a running agent alone can answer.
async fn asked(client: &Client, home: &Path, command: Command, as_json: bool) -> Result<(), Stop> {
    match command {
        Command::Add(add) => places::add(client, &add, as_json).await,
        Command::Forget(what) => places::forget(client, &what, as_json).await,
        Command::Keep(place) => places::keep(client, &place, as_json).await,
        Command::Collection { what } => collection::collection(client, what, as_json).await,
        Command::Folders => {
            let answer = client.folders().await?;
            show(as_json, &answer.json, || folders::folders(&answer.read.folders, &Style::of_stdout()))
        }
        Command::Why => why::run(client, as_json).await,
        Command::Tasks(args) => tasks::run(client, args, as_json).await,
        Command::Search(search) => ask::search(client, home, &search, as_json).await,
        Command::Feedback(said) => ask::feedback(client, home, &said, as_json).await,
        Command::Show(what) => ask::document(client, &what, as_json).await,
        Command::Status => {
            let answer = client.status().await?;
            show(as_json, &answer.json, || display::status(&answer.read, &Style::of_stdout()))
        }
        Command::Mesh(command) => pairing::run(client, command, as_json).await,
        Command::Peers { watch } => peers::peers(client, watch, as_json).await,
        Command::Ipfs(what) => car::run(client, what, as_json).await,
        Command::Rebuild => upkeep::rebuild(client, as_json).await,
        // Each of the others is one that `run` carries out.
        other => Err(Stop::NotDone(format!("A defect of the program: nothing carries out {other:?}."))),
    }
}

/// `wattle energy`, and its commands.
fn of_energy(
    client: impl Fn() -> Result<Client, Failure>,
    home: &Path,
    (root, watch, what): (Option<PathBuf>, bool, Option<EnergyCommand>),
    as_json: bool,
) -> Result<(), Stop> {
    match (what, root) {
        (Some(EnergyCommand::Calibrate { seconds }), _) => {
            energy::calibrate(home, Duration::from_secs(seconds), as_json)
        }
        (Some(EnergyCommand::NewSupply), _) => smol::block_on(energy::new_supply(client(), home, as_json)),
        (Some(EnergyCommand::Quiet { hours, none }), _) => {
            smol::block_on(quiet::quiet(&client()?, &hours, none, as_json))
        }
        (Some(EnergyCommand::Hint { supply, time }), _) => {
            smol::block_on(energy::hint(&client()?, supply, time, as_json))
        }
        (None, Some(root)) => energy::read_tree(&absolute(&root)?, as_json),
        (None, None) => smol::block_on(energy::report(&client()?, watch, as_json)),
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
        None if matches!(args.command, Some(Command::Completions { .. } | Command::Man { .. })) => PathBuf::new(),
        None => default_home().map_err(Stop::NotDone)?,
    };
    let is_used = !matches!(
        args.command,
        Some(
            Command::Demo { .. }
                | Command::Eval(_)
                | Command::Bench(_)
                | Command::Completions { .. }
                | Command::Man { .. }
        )
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_was_typed_does_not_act_on_the_terminal_that_shows_it() {
        let bad = "x\u{1b}[2J\u{7}";
        let option = format!("--{bad}");
        for words in [
            &["wattle", bad][..],
            &["wattle", "search", "-k", bad],
            &["wattle", "search", &option],
            &["wattle", "completions", bad],
        ] {
            let mut error = <Args as clap::Parser>::try_parse_from(words).unwrap_err();
            harmless(&mut error);
            // As a terminal gets it, with the colours of the message itself.
            let shown = error.render().ansi().to_string();
            assert!(!shown.contains("\u{1b}[2J") && !shown.contains('\u{7}'), "{shown:?}");
            assert!(shown.contains("x\u{fffd}[2J"), "{shown:?}");
        }
    }
}
