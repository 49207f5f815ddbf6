//! `wattle demo`: three agents on this machine, each with a home and a third of a sample folder of its own,
//! answer three questions together, with their devices named, and stop. Nothing of it stays.

mod sample;

use super::display;
use super::display::Style;
use crate::http::client::Client;
use crate::http::dto::SearchResults;
use crate::limits::DEMO_WAIT_MS;
use crate::platform::home::Home;
use crate::platform::models;
use crate::wire::multiaddr::Multiaddr;
use rustix::process::{Pid, Signal, kill_process};
use smol::Timer;
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The three devices.
const DEVICES: [&str; 3] = ["attic", "kitchen", "cellar"];

/// One agent of the demo. Dropping it kills what is left of it.
struct Agent {
    device: &'static str,
    home: PathBuf,
    child: Child,
    client: Client,
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where a device will be: its folders, and its address with its name.
struct DemoDevice {
    home: PathBuf,
    docs: PathBuf,
    address: Multiaddr,
}

/// Runs the demo to its end.
///
/// # Errors
/// One sentence: what did not work.
pub fn demo(given: Option<&Path>) -> Result<(), String> {
    let models = models::find(given)?;
    let place = std::env::temp_dir().join(format!("wattle-demo-{}", std::process::id()));
    let result = smol::block_on(run(&place, &models));
    if let Err(error) = fs::remove_dir_all(&place) {
        log::warn!("The demo's folder {} is left behind: {error}.", place.display());
    }
    result
}

async fn run(place: &Path, models: &Path) -> Result<(), String> {
    let plans = plan(place)?;
    println!("Three agents start on this machine: {}. Each has a third of a sample folder.", DEVICES.join(", "));
    let mut agents = Vec::new();
    for (at, device) in DEVICES.into_iter().enumerate() {
        agents.push(start(device, at, &plans, models)?);
    }
    for agent in &agents {
        ready(agent, plans.len() - 1).await?;
    }
    let mut answered = BTreeSet::new();
    for (question, device) in sample::QUESTIONS {
        // Each question is put to a device that does not hold the answer.
        let Some(asker) = agents.iter().find(|agent| agent.device != device) else { continue };
        answered.insert(ask(asker, question, device).await?);
    }
    println!("Three questions, answered by {} different devices. The agents stop.", answered.len());
    for agent in agents {
        stop(agent)?;
    }
    Ok(())
}

fn plan(place: &Path) -> Result<Vec<DemoDevice>, String> {
    let failed = |error: std::io::Error| format!("The demo's folder {} cannot be made: {error}.", place.display());
    let mut plans = Vec::new();
    for (at, device) in DEVICES.into_iter().enumerate() {
        let (home, docs) = (place.join(device).join("home"), place.join(device).join("documents"));
        fs::create_dir_all(&docs).map_err(failed)?;
        for (name, text) in sample::FILES.iter().skip(at).step_by(DEVICES.len()) {
            fs::write(docs.join(name), text).map_err(failed)?;
        }
        let peer = Home::open(&home)?.identity()?.peer_id();
        // Free now; taken again in a moment by the agent itself.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let socket = port.map_err(|error| format!("The system gives no port: {error}."))?;
        plans.push(DemoDevice { home, docs, address: Multiaddr::from(socket).with_peer(peer) });
    }
    Ok(plans)
}

#[expect(clippy::disallowed_methods, reason = "the demo starts three agents of its own program")]
fn start(device: &'static str, at: usize, plans: &[DemoDevice], models: &Path) -> Result<Agent, String> {
    let failed = |what: &dyn std::fmt::Display| format!("The agent {device} did not start: {what}.");
    let program = std::env::current_exe().map_err(|error| failed(&error))?;
    let plan = &plans[at];
    let listen = plan.address.socket().map(|socket| socket.to_string()).unwrap_or_default();
    let mut command = Command::new(program);
    command.args(["up", "--api", "127.0.0.1:0", "--name", device, "--listen", &listen, "--home"]).arg(&plan.home);
    command.arg("--models").arg(models).arg(&plan.docs);
    for other in plans.iter().filter(|other| other.address != plan.address) {
        command.args(["--peer", &other.address.to_string()]);
    }
    let log = fs::File::create(plan.home.with_extension("log")).map_err(|error| failed(&error))?;
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().map_err(|error| failed(&error))?;
    let api = api_of(&mut child);
    let Some(api) = api else {
        let _ = child.kill();
        let _ = child.wait();
        let log = fs::read_to_string(plan.home.with_extension("log")).unwrap_or_default();
        return Err(failed(&log.trim()));
    };
    let client = Client::new(api, &plan.home).map_err(|error| failed(&format!("{error:?}")))?;
    Ok(Agent { device, home: plan.home.clone(), child, client })
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
            // Kept open by the child until it ends; what it prints later is not needed.
            child.stdout = Some(lines.into_inner());
            return address;
        }
    }
}

/// Waits until the agent has indexed its files and is linked with all the others, and says so.
async fn ready(agent: &Agent, peers: usize) -> Result<(), String> {
    let pause = Duration::from_millis(100);
    let mut held = None;
    for _ in 0..DEMO_WAIT_MS / 100 {
        if let Ok(answer) = agent.client.status().await {
            let status = answer.read;
            let linked = status.peers.iter().filter(|peer| peer.linked && peer.device.is_some()).count();
            let indexed = status.files.ready > 0 && status.files.waiting + status.files.chunked == 0;
            // A machine that others keep busy lets nothing be embedded: say so, rather than wait in silence.
            if status.activity.background != held && status.files.chunked > 0 {
                held = status.activity.background;
                if let Some(why) = &held {
                    println!("  {:8} waits. {why}", agent.device);
                }
            }
            if indexed && !status.activity.working && linked == peers {
                println!(
                    "  {:8} {} files indexed, {} passages embedded, linked with {linked} devices",
                    agent.device, status.files.ready, status.vectors
                );
                return Ok(());
            }
        }
        Timer::after(pause).await;
    }
    let log = fs::read_to_string(agent.home.with_extension("log")).unwrap_or_default();
    let why = held.map_or_else(String::new, |why| format!(" {why}"));
    Err(format!("The agent {} was not ready in time.{why} It said: {}", agent.device, log.trim()))
}

/// Puts a question to an agent and shows the best answer; returns the device that it came from.
async fn ask(agent: &Agent, question: &str, holder: &str) -> Result<String, String> {
    println!("\n{} is asked: {question}", agent.device);
    let answer = agent.client.search(question, 1).await;
    let found: SearchResults = answer.map_err(|error| format!("{} did not answer: {error:?}", agent.device))?.read;
    print!("{}", display::found(&found, &Style::of_stdout()));
    let Some(best) = found.hits.first() else { return Err("Nothing was found.".to_owned()) };
    if best.device != holder || found.coverage.answered != DEVICES.len() {
        return Err(format!("The answer should have come from {holder}, with all devices answering."));
    }
    Ok(best.device.clone())
}

fn stop(mut agent: Agent) -> Result<(), String> {
    let pid = i32::try_from(agent.child.id()).ok().and_then(Pid::from_raw);
    let asked = pid.is_some_and(|pid| kill_process(pid, Signal::TERM).is_ok());
    match agent.child.wait() {
        Ok(status) if asked && status.success() => Ok(()),
        Ok(status) => Err(format!("The agent {} did not stop cleanly: {status}.", agent.device)),
        Err(error) => Err(format!("The agent {} could not be waited for: {error}.", agent.device)),
    }
}
