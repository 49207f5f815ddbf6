//! `wattle up`: one agent, from opening its home to a clean stop.
//!
//! `up` reads top to bottom in the order in which things happen: the home and its lock, the API's listener, the network,
//! the model, the store and its index, the node, the threads, the governor, the driver. Then the driver's loop runs until
//! SIGINT or SIGTERM; a second signal ends the process at once, which is safe, because whatever was acknowledged is on the
//! disk. Panics of the loop are caught and reported as a defect.
//!
//! Only wiring stands here: `network` opens what leads to other devices, `threads` starts the threads, `runtime` runs them.

mod network;
mod threads;

use super::args::{DEFAULT_API, SourceOptions, UpOptions};
use crate::base::id::PeerKey;
use crate::http;
use crate::http::Timeouts;
use crate::http::lan_listener::LanListener;
use crate::net::address_book::AddressBook;
use crate::net::session::linking;
use crate::node::input::{Input, Request};
use crate::node::output::{Problem, Response};
use crate::node::{Node, NodeConfig};
use crate::platform::hint_files::HintPaths;
use crate::platform::home::{Home, HomeFile, default_home, disk_free};
use crate::platform::panics;
use crate::platform::source::source_at;
use crate::platform::{blocking, clock, models, store};
use crate::runtime::driver::Driver;
use crate::runtime::event::Inbox;
use crate::runtime::governor::{GovernorHandle, Setup};
use crate::runtime::handle::NodeHandle;
use crate::runtime::progress::Progress;
use crate::scheduler;
use crate::store::read;
use crate::worker::retrieve::load_index;
use async_signal::{Signal, Signals};
use futures_lite::StreamExt;
use log::{error, info};
use network::{Network, give_addresses, send_known_addresses, trusted};
use smol::channel::Sender;
use std::io::{ErrorKind, IsTerminal};
use std::net::{SocketAddr, TcpListener};
use threads::{Parts, Threads, background_threads};

/// Runs an agent in the foreground until it is told to stop.
///
/// # Errors
/// One sentence: what is in the way and what to do.
pub fn up(options: &UpOptions) -> Result<(), String> {
    let home = Home::open(&options.home)?;
    let listener = listen(options.api)?;
    let identity = home.identity()?;
    let token = home.token()?;
    let boot = home.count_boot()?;
    let (node_handle, requests) = NodeHandle::new();
    let (inbox, senders) = Inbox::new(requests);
    // Other devices can link while this one loads its model; their messages wait in the inbox.
    let trust = trusted(&identity.peer_id(), &options.network.peers)?;
    let Network { session, diagnostics, reached_at } =
        Network::open(&identity, boot, &options.network, &trust, &senders)?;
    let (engine, manifest) = models::load(&models::find(options.models.as_deref())?)?;
    let library = store::open(&home, manifest.fingerprint(), options.sync)?;
    let index = load_index(library.kv()).map_err(|error| format!("The store cannot be used: {error}."))?;

    let device = options.name.clone().unwrap_or_else(host_name);
    let own = identity.peer_id();
    let config = NodeConfig {
        key: PeerKey(*own.public_key()),
        boot,
        seed: seed()?,
        peer_id: identity.peer_id().to_string(),
        device: device.clone(),
        model: manifest.name().to_owned(),
        fingerprint: manifest.fingerprint(),
        scheduler: scheduler::Config {
            counts: library.commit().counts,
            sources: read::sources(library.kv()).map_err(|error| format!("The store cannot be used: {error}."))?.0,
            slots: background_threads(),
            disk_free: disk_free(home.path()),
        },
    };

    let (address_book, known_addresses) = AddressBook::open(home.path(), &linking(&trust));
    let parts = Parts { library, engine, index, address_book };
    let (threads, outputs) = threads::start(&home, parts, &senders.inputs)?;
    let sources = config.scheduler.sources.clone();
    let mut node = Node::new(clock::now(), config, trust);
    give_addresses(&mut node, &options.network.peers);
    let progress = Progress::new(std::io::stderr().is_terminal());
    let governor_handle = start_governor(&home, options, &senders.inputs)?;
    let node_handle = node_handle.with_governor(governor_handle.clone());
    let driver = Driver::new(node, outputs, progress, session, node_handle.events().clone(), governor_handle.clone());
    sources.into_iter().for_each(|source| driver.watch(source.path));

    let address = listener.local_addr().map_err(|error| format!("The listener broke: {error}."))?;
    let node_handle = node_handle.with_diagnostics(diagnostics);
    let page = format!("http://{address}/#token={}", token.reveal());
    let lan_listener =
        options.open_api.map(|open| LanListener::at(open, node_handle.clone(), token.clone())).transpose()?;
    let served = http::serve(listener, node_handle.clone(), token, Timeouts::default());
    let server = served.map_err(|error| format!("The agent cannot listen on {address}: {error}."))?;
    println!("{device} is up. Other devices reach it at {reached_at}");
    // Others than the token's owner can read the journal.
    if super::log::is_journal(std::io::stdout()) {
        println!("Ask on this page: http://{address}/ with the token in {}", home.file(HomeFile::Token).display());
    } else {
        println!("Ask on this page: {page}");
    }
    println!("Or type: wattle search \"your question\"{}   Stop with Ctrl-C.", api_flags(options));

    smol::spawn(send_known_addresses(known_addresses, senders.inputs.clone())).detach();
    smol::spawn(add_sources(node_handle, options.sources.clone())).detach();
    smol::spawn(stop_on_signal(senders.inputs)).detach();
    // Not smol::block_on: it and async-io's own thread would take turns at waiting in the kernel, and each turn costs about
    // ten wake-ups.
    let driven = panics::guard(|| futures_lite::future::block_on(driver.run(inbox)));
    smol::block_on(server.stop());
    if let Some(lan_listener) = lan_listener {
        smol::block_on(lan_listener.stop());
    }
    governor_handle.end();
    end(threads, driven)
}

/// Waits for the threads to end; an error if a defect ended the driver.
fn end(threads: Threads, driven: Result<(), String>) -> Result<(), String> {
    for thread in threads {
        // A panic in it was logged when it happened.
        let _ = thread.join();
    }
    driven.map_err(|why| {
        format!(
            "A defect of the program ended the agent ({why}). What was acknowledged is on the disk; what was under way is \
             done again at the next start."
        )
    })?;
    info!("Stopped. Everything that was acknowledged is on the disk.");
    Ok(())
}

/// Starts the governor, unless the owner switched it off.
fn start_governor(home: &Home, options: &UpOptions, inputs: &Sender<Input>) -> Result<GovernorHandle, String> {
    if !options.governed {
        info!("The governor is off: background work takes what it can get, whatever heat, power or a pause say.");
        return Ok(GovernorHandle::off());
    }
    let energy = &options.config.energy;
    let setup = Setup {
        home: home.path().to_owned(),
        sensors: options.sensors.clone(),
        meter: energy.meter.clone(),
        settings: energy.settings.clone(),
        plan: energy.plan.clone(),
        can_wait: energy.can_wait,
        trusted_clock: energy.trusted_clock,
        hint_files: HintPaths::new(energy.hint_file.as_deref(), energy.grid_file.as_deref()),
        meeting: None,
    };
    GovernorHandle::begin(setup, inputs.clone())
}

fn listen(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => format!(
            "The address {address} is taken, perhaps by another agent. Stop that one, or give this one another \
             address with --api 127.0.0.1:{}.",
            address.port().wrapping_add(1).max(1024)
        ),
        _ => format!("The agent cannot listen on {address}: {error}."),
    })
}

/// Seeds the node's generator for random decisions; keys and nonces do not come from it.
fn seed() -> Result<u64, String> {
    let mut seed = [0; 8];
    getrandom::fill(&mut seed).map_err(|error| format!("The system gives no random numbers: {error}."))?;
    Ok(u64::from_le_bytes(seed))
}

fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.is_empty() { "this device".to_owned() } else { name }
}

/// The options that a command needs to find this agent.
fn api_flags(options: &UpOptions) -> String {
    let mut flags = String::new();
    if options.api != DEFAULT_API {
        flags += &format!(" --api {}", options.api);
    }
    if default_home().is_ok_and(|home| home != options.home) {
        flags += &format!(" --home {}", options.home.display());
    }
    flags
}

/// Asks the node to watch each path; what is wrong with one is logged, and the others go on.
async fn add_sources(node_handle: NodeHandle, options: SourceOptions) {
    for source_path in options.paths {
        let (path, collection, ring) = (source_path.clone(), options.collection.clone(), options.ring);
        let source = blocking::run(move || source_at(&path, &collection, ring)).await;
        let answer = match source {
            Some(Ok(source)) => node_handle.request(Request::Add(source)).await,
            Some(Err(why)) => Response::refused(Problem::Conflict, why),
            None => Response::refused(Problem::Busy, "It could not be looked at just now; try again."),
        };
        match answer {
            Response::Refused(_, why) => error!("{} is not watched. {why}", source_path.display()),
            _ => info!("{} is watched.", source_path.display()),
        }
    }
}

async fn stop_on_signal(inputs: Sender<Input>) {
    let Ok(mut signals) = Signals::new([Signal::Int, Signal::Term]) else { return };
    if signals.next().await.is_some() {
        info!("Stopping: what is under way is finished first. Press Ctrl-C again to stop at once.");
        let _ = inputs.send(Input::Stop).await;
    }
    if signals.next().await.is_some() {
        #[expect(
            clippy::exit,
            clippy::disallowed_methods,
            reason = "the person asked twice; acknowledged records are synced already"
        )]
        std::process::exit(130);
    }
}
