//! `wattle demo`: three agents on this machine answer three questions together, share work, lose one of them, and stop.
//!
//! Each agent is a child process with a home of its own and a third of the sample folder, in a temporary folder that is
//! removed at the end. They meet there too, so that no other agent of this host is told of their hurry. Each question is asked
//! at a device that does not hold the answer, so that the answer has to come over a link. A device that is silent, as on a very
//! busy machine, is asked again with the same question, twice at most. The demo fails if another device answers, or if not all
//! of them do. Then one of them gets a diary that all embed (`work`).

mod agent;
mod sample;
mod work;

use self::agent::{Agent, tell};
use super::display;
use super::exit::Exit;
use super::output::{Stop, print_next};
use super::signals::signals;
use super::style::Style;
use crate::base::count::count;
use crate::http::client::Client;
use crate::http::dto::SearchResults;
use crate::limits::{DEMO_TRIES, DEMO_WAIT_MS};
use crate::platform::home::Home;
use crate::runtime::governor::ALLOWED;
use crate::wire::multiaddr::Multiaddr;
use async_signal::Signals;
use futures_lite::{FutureExt, StreamExt};
use rustix::process::Signal;
use smol::Timer;
use std::collections::BTreeSet;
use std::fs;
use std::fs::DirBuilder;
use std::io::{BufRead, BufReader, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The three devices.
const DEVICES: [&str; 3] = ["attic", "kitchen", "cellar"];

/// The folders and the address of a device that is not started yet.
struct DemoDevice {
    home: PathBuf,
    docs: PathBuf,
    address: Multiaddr,
    /// Where the agents of the demo meet, and no other agent of this host: their hurry is none of its.
    meeting: PathBuf,
}

/// Runs the demo to its end.
///
/// # Errors
/// One sentence: what did not work.
pub(super) fn demo(models: Option<&Path>) -> Result<(), Stop> {
    let folder = private_folder(&std::env::temp_dir())?;
    // From here on a signal ends it in order, too: with its agents, whose handles end them, and its folder.
    let result = match signals() {
        Ok(signals) => smol::block_on(run(&folder, models).or(interrupted(signals))),
        Err(why) => Err(why.into()),
    };
    if let Err(error) = fs::remove_dir_all(&folder) {
        log::warn!("The demo's folder {} is left behind: {error}.", folder.display());
    }
    result
}

/// Ends with a word once the person, or the session, wants the demo to end.
async fn interrupted(mut signals: Signals) -> Result<(), Stop> {
    let _ = signals.next().await;
    tell("\nThe demo is ended: its agents stop, and its files are removed.")?;
    Err(Stop::Reported(Exit::Interrupted))
}

async fn run(folder: &Path, models: Option<&Path>) -> Result<(), Stop> {
    let devices = lay_out(folder)?;
    tell(&format!("Three agents start on this machine: {}. Each has a third of a sample folder.", DEVICES.join(", ")))?;
    let mut agents = Vec::new();
    for (at, name) in DEVICES.into_iter().enumerate() {
        agents.push(start(name, at, &devices, models)?);
    }
    for agent in &agents {
        ready(agent, devices.len() - 1).await?;
    }
    let mut answered = BTreeSet::new();
    for (question, device) in sample::QUESTIONS {
        // Asked at a device that does not hold the answer.
        let Some(asker) = agents.iter().find(|agent| agent.device != device) else { continue };
        answered.insert(ask(asker, question, device, DEVICES.len()).await?);
    }
    tell(&format!("Three questions, answered by {} different devices.", answered.len()))?;
    let killed = work::share(&agents, &devices[0].docs).await?;
    agents.retain(|agent| agent.device != killed);
    let (question, device) = work::QUESTION;
    ask(&agents[1], question, device, agents.len()).await?;
    tell("Nothing was lost. The agents stop.")?;
    for agent in agents {
        stop(agent)?;
    }
    Ok(())
}

/// Makes a folder that only this user can look into, with a name that nobody can guess: in a folder that everybody writes
/// to, another user could have made a folder, or a link, of a known name before. As mkdtemp(3) does.
fn private_folder(parent: &Path) -> Result<PathBuf, String> {
    let mut tries = 0..100;
    loop {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| format!("The system gives no random numbers: {error}."))?;
        let folder = parent.join(format!("wattle-demo-{:016x}", u64::from_le_bytes(random)));
        // mkdir(2) makes the folder or fails, whatever has its name: it follows no link.
        match DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == ErrorKind::AlreadyExists && tries.next().is_some() => {}
            Err(error) => return Err(format!("No folder can be made in {}: {error}.", parent.display())),
        }
    }
}

/// Makes the folders, the keys and the sample files of all devices.
fn lay_out(folder: &Path) -> Result<Vec<DemoDevice>, String> {
    let failed = |error: std::io::Error| format!("The demo's folder {} cannot be made: {error}.", folder.display());
    let (mut devices, meeting) = (Vec::new(), folder.join("host"));
    fs::create_dir_all(&meeting).map_err(failed)?;
    for (at, device) in DEVICES.into_iter().enumerate() {
        let (home, docs) = (folder.join(device).join("home"), folder.join(device).join("documents"));
        fs::create_dir_all(&docs).map_err(failed)?;
        for (name, text) in sample::FILES.iter().skip(at).step_by(DEVICES.len()) {
            fs::write(docs.join(name), text).map_err(failed)?;
        }
        let peer = Home::open(&home)?.identity()?.peer_id();
        // The port is free now; the agent takes it in a moment.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let socket = port.map_err(|error| format!("The system gives no port: {error}."))?;
        let address = Multiaddr::from(socket).with_peer(peer);
        devices.push(DemoDevice { home, docs, address, meeting: meeting.clone() });
    }
    Ok(devices)
}

/// What starts this device's agent.
#[expect(clippy::disallowed_methods, reason = "the demo starts three agents of its own program")]
fn command(program: &Path, name: &str, own: &DemoDevice, devices: &[DemoDevice], models: Option<&Path>) -> Command {
    let listen = own.address.socket().map(|socket| socket.to_string()).unwrap_or_default();
    let mut command = Command::new(program);
    // A person waits for the demo: it does not give way to what else runs here.
    command
        .args(["up", "--burst", "1h", "--api", "127.0.0.1:0", "--name", name, "--listen", &listen, "--home"])
        .arg(&own.home)
        .env("XDG_RUNTIME_DIR", &own.meeting);
    if let Some(models) = models {
        command.arg("--models").arg(models);
    }
    command.arg(&own.docs);
    for other in devices.iter().filter(|other| other.address != own.address) {
        command.args(["--peer", &other.address.to_string()]);
    }
    command
}

fn start(name: &'static str, at: usize, devices: &[DemoDevice], models: Option<&Path>) -> Result<Agent, String> {
    let failed = |what: &dyn std::fmt::Display| format!("The agent {name} did not start: {what}.");
    let program = std::env::current_exe().map_err(|error| failed(&error))?;
    let own = &devices[at];
    let mut command = command(&program, name, own, devices, models);
    let log = fs::File::create(own.home.with_extension("log")).map_err(|error| failed(&error))?;
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().map_err(|error| failed(&error))?;
    let api = api_of(&mut child);
    let Some(api) = api else {
        let _ = child.kill();
        let _ = child.wait();
        let log = fs::read_to_string(own.home.with_extension("log")).unwrap_or_default();
        return Err(failed(&log.trim()));
    };
    let client = Client::new(api, &own.home).map_err(|error| failed(&format!("{error:?}")))?;
    Ok(Agent { device: name, home: own.home.clone(), child, client })
}

/// The address of the child's API, from the line that it prints for people.
fn api_of(child: &mut Child) -> Option<SocketAddr> {
    let mut lines = BufReader::new(child.stdout.take()?);
    let mut line = String::new();
    loop {
        line.clear();
        if lines.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some((_, page)) = line.split_once("http://") {
            let address = page.split('/').next()?.parse().ok();
            // Kept open, or the child's later prints would fail.
            child.stdout = Some(lines.into_inner());
            return address;
        }
    }
}

/// Waits until the agent has indexed its files and is linked with all the others, and prints it.
async fn ready(agent: &Agent, peers: usize) -> Result<(), Stop> {
    let pause = Duration::from_millis(100);
    let mut held = None;
    for _ in 0..DEMO_WAIT_MS / 100 {
        if let Ok(answer) = agent.client.status().await {
            let status = answer.read;
            let linked = status.peers.iter().filter(|peer| peer.linked && peer.device.is_some()).count();
            let indexed = status.files.ready > 0 && status.files.waiting + status.files.chunked == 0;
            // The governor may hold the work on a busy or hot machine: show its reason rather than wait in silence.
            if status.activity.background != held && status.files.chunked > 0 {
                held = status.activity.background;
                if let Some(why) = &held {
                    tell(&progress(agent.device, why))?;
                }
            }
            if indexed && !status.activity.working && linked == peers {
                tell(&format!(
                    "  {:8} {} indexed, {} embedded, linked with {}",
                    agent.device,
                    count(status.files.ready, "file"),
                    count(status.progress.vectors, "passage"),
                    count(linked as u64, "device")
                ))?;
                return Ok(());
            }
        }
        Timer::after(pause).await;
    }
    let log = fs::read_to_string(agent.home.with_extension("log")).unwrap_or_default();
    let why = held.map_or_else(String::new, |why| format!(" {why}"));
    Err(format!("The agent {} was not ready in time.{why} Its log: {}", agent.device, log.trim()).into())
}

/// What an agent does that has something to embed, and this is said of its background work.
fn progress(device: &str, why: &str) -> String {
    let does = if why.starts_with(ALLOWED) { "embeds" } else { "waits" };
    format!("  {device:8} {does}. {why}")
}

/// Asks an agent, prints the best answer and returns the device that it came from. So many devices are up.
async fn ask(agent: &Agent, question: &str, holder: &str, up: usize) -> Result<String, Stop> {
    tell(&format!("\n{} is asked: {question}", agent.device))?;
    let mut tries = 1..DEMO_TRIES;
    loop {
        let answer = agent.client.search(question, 1).await;
        let found: SearchResults = answer.map_err(|error| format!("{} did not answer: {error:?}", agent.device))?.read;
        if found.coverage.answered < up && tries.next().is_some() {
            tell("  A device was silent, on a busy machine maybe. The question is asked again.")?;
            continue;
        }
        print_next(&display::found(&found, &Style::of_stdout()))?;
        let Some(best) = found.hits.first() else { return Err("Nothing was found.".to_owned().into()) };
        if best.device != holder || found.coverage.answered != up {
            let why = format!("The answer should have come from {holder}, with all devices answering.");
            return Err(why.into());
        }
        return Ok(best.device.clone());
    }
}

fn stop(mut agent: Agent) -> Result<(), String> {
    let signalled = agent.signal(Signal::TERM).is_ok();
    match agent.child.wait() {
        Ok(status) if signalled && status.success() => Ok(()),
        Ok(status) => Err(format!("The agent {} did not stop cleanly: {status}.", agent.device)),
        Err(error) => Err(format!("The agent {} could not be waited for: {error}.", agent.device)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_demos_folder_is_private_and_its_name_is_not_known_before() {
        let parent = tempfile::tempdir().unwrap();
        let (first, second) = (private_folder(parent.path()).unwrap(), private_folder(parent.path()).unwrap());
        assert_ne!(first, second);
        assert_eq!(fs::metadata(&first).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(private_folder(&parent.path().join("none")).is_err());
    }

    #[test]
    fn an_agent_of_the_demo_waits_only_where_the_governor_holds_its_work() {
        let half = "Background work may use 50 % of the device: the CPU is warm.";
        assert_eq!(progress("cellar", half), format!("  cellar   embeds. {half}"));
        assert!(progress("attic", "Background work is held: it is hot.").starts_with("  attic    waits. "));
    }

    #[test]
    fn the_demos_agents_meet_in_its_own_folder_and_tell_the_hosts_other_agents_of_no_hurry() {
        let folder = tempfile::tempdir().unwrap();
        let devices = lay_out(folder.path()).unwrap();
        for (name, own) in DEVICES.into_iter().zip(&devices) {
            let command = command(Path::new("wattle"), name, own, &devices, None);
            let place = command.get_envs().find(|(name, _)| *name == "XDG_RUNTIME_DIR").and_then(|(_, place)| place);
            let place = Path::new(place.unwrap());
            // A folder that is there is the only one in which an agent looks for others.
            assert!(place.is_absolute() && place.is_dir() && place.starts_with(folder.path()), "{}", place.display());
        }
    }
}
