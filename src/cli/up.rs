//! `wattle up`: one agent, from the open home to the clean stop. Reads top to bottom as it happens.

use super::args::{DEFAULT_API, DEFAULT_LISTEN_PORT, UpOptions};
use crate::base::id::PeerKey;
use crate::embed::engine::Engine;
use crate::http;
use crate::http::Timeouts;
use crate::http::lan_listener::LanListener;
use crate::limits::{ASKS_MAX, AUDITS_MAX, BACKGROUND_MAX, PEER_ASKS_MAX, SAVES_MAX, TRUST_PEERS_MAX};
use crate::mesh::trust::{self, Refused, Rights, Trust};
use crate::net::address_book::AddressBook;
use crate::net::diagnostics::Diagnostics;
use crate::net::discovery::Discovery;
use crate::net::resolve::{Given, Peer, keep_looking_up};
use crate::net::session::{PeerSession, linking};
use crate::node::input::{Input, Request};
use crate::node::output::{Problem, Response};
use crate::node::{Node, NodeConfig};
use crate::platform::folder::Folders;
use crate::platform::hint_files::HintPaths;
use crate::platform::home::{Home, HomeFile, Identity, disk_free};
use crate::platform::panics;
use crate::platform::sched::step_back;
use crate::platform::source::source_at;
use crate::platform::watcher::FolderWatcher;
use crate::platform::{blocking, clock, models, store};
use crate::runtime::driver::{Driver, Outputs};
use crate::runtime::event::{Inbox, Senders};
use crate::runtime::executor::{Auditor, Clamp, Executor, Lanes};
use crate::runtime::governor::{GovernorHandle, Setup};
use crate::runtime::handle::NodeHandle;
use crate::runtime::progress::Progress;
use crate::runtime::writer::Writer;
use crate::scheduler;
use crate::store::read;
use crate::wire::multiaddr::Multiaddr;
use crate::wire::peer_id::PeerId;
use crate::worker::retrieve::load_index;
use async_signal::{Signal, Signals};
use futures_lite::StreamExt;
use log::{error, info};
use smol::channel::{Sender, bounded};
use std::io::{ErrorKind, IsTerminal};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, RwLock};
use std::thread::{Builder, JoinHandle};

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
    let (gate, requests) = NodeHandle::new();
    let (inbox, senders) = Inbox::new(requests);
    // Other devices find this one while it reads its model; what they say waits.
    let trust = trusted(&identity.peer_id(), &options.peers)?;
    let Network { session, network, reached } = Network::open(&identity, boot, options, &trust, &senders)?;
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
            ledger: library.commit().ledger,
            sources: read::sources(library.kv()).map_err(|error| format!("The store cannot be used: {error}."))?.0,
            slots: slots(),
            disk_free: disk_free(home.path()),
        },
    };

    let (memory, hints) = AddressBook::open(home.path(), &linking(&trust));
    let (threads, outputs) = hire(&home, library, engine, index, memory, &senders.inputs)?;
    let sources = config.scheduler.sources.clone();
    let mut node = Node::new(clock::now(), config, trust);
    introduce(&mut node, options);
    let progress = Progress::new(std::io::stderr().is_terminal());
    let governor_handle = govern(&home, options, &senders.inputs)?;
    let gate = gate.governed(governor_handle.clone());
    let driver = Driver::new(node, outputs, progress, session, gate.events().clone(), governor_handle.clone());
    sources.into_iter().for_each(|source| driver.watch(source.path));

    let address = listener.local_addr().map_err(|error| format!("The listener broke: {error}."))?;
    let gate = gate.around(network);
    let page = format!("http://{address}/#token={}", token.reveal());
    let lan_listener = options.open_api.map(|open| LanListener::at(open, gate.clone(), token.clone())).transpose()?;
    let served = http::serve(listener, gate.clone(), token, Timeouts::default());
    let server = served.map_err(|error| format!("The agent cannot listen on {address}: {error}."))?;
    println!("{device} is up. Other devices reach it at {reached}");
    // The journal is read by others than the owner of the token.
    if super::log::is_journal(std::io::stdout()) {
        println!("Ask on this page: http://{address}/ with the token in {}", home.file(HomeFile::Token).display());
    } else {
        println!("Ask on this page: {page}");
    }
    println!("Or type: wattle search \"your question\"{}   Stop with Ctrl-C.", api_flags(options));

    smol::spawn(recall(hints, senders.inputs.clone())).detach();
    smol::spawn(add_folders(gate, options.clone())).detach();
    smol::spawn(stop_on_signal(senders.inputs)).detach();
    // Not smol's: this thread would take turns with async-io's own at waiting for the system, and each turn is
    // some ten wake-ups.
    let driven = panics::guard(|| futures_lite::future::block_on(driver.run(inbox)));
    smol::block_on(server.stop());
    if let Some(lan_listener) = lan_listener {
        smol::block_on(lan_listener.stop());
    }
    governor_handle.end();
    end(threads, driven)
}

/// Waits for the threads, and says how it ended.
fn end(threads: Threads, driven: Result<(), String>) -> Result<(), String> {
    for thread in threads {
        // Whatever went wrong in it was told when it happened.
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

/// Begins to govern, unless the owner does not want it.
fn govern(home: &Home, options: &UpOptions, inputs: &Sender<Input>) -> Result<GovernorHandle, String> {
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

/// The table of who may do what, as the owner gives it: whoever is named by --peer may do all.
fn trusted(own: &PeerId, peers: &[Peer]) -> Result<Trust, String> {
    let mut trust = Trust::new(PeerKey(*own.public_key()));
    for Peer { peer, text, .. } in peers {
        let granted = trust.handle(trust::Input::Grant(PeerKey(*peer.public_key()), Rights::ALL));
        granted.map_err(|why| match why {
            Refused::Full => {
                format!("More than {TRUST_PEERS_MAX} peers were given with --peer; that many can be linked.")
            }
            Refused::Itself => format!("--peer {text} is this device itself. Name other devices only."),
        })?;
    }
    Ok(trust)
}

/// The way to other devices and back.
struct Network {
    session: PeerSession,
    network: Diagnostics,
    /// Where others reach this agent, for people.
    reached: String,
}

impl Network {
    fn open(
        identity: &Identity,
        boot: u32,
        options: &UpOptions,
        trust: &Trust,
        senders: &Senders,
    ) -> Result<Self, String> {
        let network = Diagnostics::default();
        let listener = listen_for_peers(options)?;
        let listen = listener.local_addr().map_err(|error| format!("The listener broke: {error}."))?;
        let key = identity.signing_key();
        let (inputs, events) = (senders.inputs.clone(), senders.links.clone());
        let session = PeerSession::open(boot, key, listener, trust, network.clone(), inputs, events)?;
        for Peer { peer, given, text } in &options.peers {
            if *given != Given::Nowhere {
                network.said(peer, text.clone());
            }
            if let Given::At(address) = given {
                network.give(*peer, address.ip());
            }
        }
        let reached = reach(identity.peer_id(), listen, options, &network, &senders.inputs);
        Ok(Self { session, network, reached })
    }
}

/// Tells the node of every address that was given.
fn introduce(node: &mut Node, options: &UpOptions) {
    for Peer { peer, given, .. } in &options.peers {
        if let Given::At(address) = given {
            node.give(PeerKey(*peer.public_key()), *address);
        }
    }
}

/// Begins to look for other devices and to be found; where others reach this one, for people.
fn reach(
    own: PeerId,
    listen: SocketAddr,
    options: &UpOptions,
    network: &Diagnostics,
    inputs: &Sender<Input>,
) -> String {
    Discovery { own, listen, multicast: options.multicast, network: network.clone(), inputs: inputs.clone() }.begin();
    for Peer { peer, given, .. } in &options.peers {
        if let Given::Named(name) = given {
            keep_looking_up(*peer, name.clone(), network.clone(), inputs.clone());
        }
    }
    let places = network.places();
    let told = places.iter().map(|place| Multiaddr::from(place.address).with_peer(own).to_string());
    if places.is_empty() { Multiaddr::from(own).to_string() } else { told.collect::<Vec<_>>().join(" or ") }
}

/// Tells the node where peers were reached before this start.
async fn recall(hints: Vec<(PeerId, SocketAddr)>, inputs: Sender<Input>) {
    for (peer, place) in hints {
        let _ = inputs.send(Input::Seen(PeerKey(*peer.public_key()), place)).await;
    }
}

/// The listener for other devices: where the owner said, else on this machine only.
fn listen_for_peers(options: &UpOptions) -> Result<TcpListener, String> {
    if let Some(address) = options.listen {
        return TcpListener::bind(address).map_err(|error| {
            format!("The agent cannot listen for other devices on {address}: {error}. Choose another with --listen.")
        });
    }
    let local = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    // A second agent on this machine takes any free port: nobody was promised the first.
    local(DEFAULT_LISTEN_PORT)
        .or_else(|_| local(0))
        .map_err(|error| format!("The agent cannot listen for other devices: {error}. Say where with --listen."))
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

/// For decisions by chance; not for secrets.
fn seed() -> Result<u64, String> {
    let mut seed = [0; 8];
    getrandom::fill(&mut seed).map_err(|error| format!("The system gives no random numbers: {error}."))?;
    Ok(u64::from_le_bytes(seed))
}

/// As many as there are cores: how many of them work is the governor's to say, and all of them stand behind people.
fn slots() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).clamp(1, BACKGROUND_MAX)
}

fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.is_empty() { "this device".to_owned() } else { name }
}

/// What must be added to a command so that it finds this agent.
fn api_flags(options: &UpOptions) -> String {
    let mut flags = String::new();
    if options.api != DEFAULT_API {
        flags += &format!(" --api {}", options.api);
    }
    if crate::platform::home::default_home().is_ok_and(|home| home != options.home) {
        flags += &format!(" --home {}", options.home.display());
    }
    flags
}

type Threads = Vec<JoinHandle<()>>;

fn hire(
    home: &Home,
    library: crate::store::library::Library<crate::platform::disk::Disk>,
    engine: Engine,
    index: crate::search::vector::Index,
    memory: AddressBook,
    inputs: &Sender<Input>,
) -> Result<(Threads, Outputs), String> {
    let index = Arc::new(RwLock::new(index));
    let executor = Executor {
        disk: library.kv().clone(),
        embedder: engine,
        folders: Folders::new(home.path().to_owned()),
        index: Arc::clone(&index),
        inputs: inputs.clone(),
        clamp: Clamp::default(),
    };
    let clamp = Clamp::default();
    let (background, background_tasks) = bounded(BACKGROUND_MAX);
    let (people, people_tasks) = bounded(2 * ASKS_MAX + PEER_ASKS_MAX);
    let (audits, audit_tasks) = bounded(AUDITS_MAX);
    let (saves, saved) = bounded(SAVES_MAX);
    let writer = Writer { library, index, home: home.path().to_owned(), inputs: inputs.clone(), broken: None };

    let mut threads = Vec::new();
    for n in 0..slots() {
        let (executor, tasks) = (Executor { clamp: clamp.clone(), ..executor.clone() }, background_tasks.clone());
        threads.push(thread(&format!("background-{n}"), move || {
            step_back();
            executor.run(&tasks);
        })?);
    }
    let auditor = Auditor { disk: executor.disk.clone(), inputs: inputs.clone() };
    threads.push(thread("audit", move || {
        step_back();
        auditor.run(&audit_tasks);
    })?);
    threads.push(thread("people", move || executor.run(&people_tasks))?);
    threads.push(thread("writer", move || writer.run(&saved))?);
    let watch = Arc::new(Mutex::new(FolderWatcher::new(inputs.clone(), home.path().to_owned())));
    let lanes = Lanes { background, people, audits };
    let outputs = Outputs { lanes, saves, watch, memory, clamp, home: home.path().to_owned(), inputs: inputs.clone() };
    Ok((threads, outputs))
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, String> {
    let told = name.to_owned();
    let guarded = move || {
        if let Err(why) = panics::guard(work) {
            error!(
                "The thread {told} ended after a defect of the program ({why}). Work that needs it fails until the agent is \
                 started again; what it had in hand is done again then."
            );
        }
    };
    Builder::new()
        .name(name.to_owned())
        .spawn(guarded)
        .map_err(|error| format!("The system gives no more threads: {error}."))
}

async fn add_folders(gate: NodeHandle, options: UpOptions) {
    for folder in options.folders {
        let (path, collection, ring) = (folder.clone(), options.collection.clone(), options.ring);
        let source = blocking::run(move || source_at(&path, &collection, ring)).await;
        let answer = match source {
            Some(Ok(source)) => gate.ask(Request::Add(source)).await,
            Some(Err(why)) => Response::refused(Problem::Conflict, why),
            None => Response::refused(Problem::Busy, "It could not be looked at just now; try again."),
        };
        match answer {
            Response::Refused(_, why) => error!("{} is not watched. {why}", folder.display()),
            _ => info!("{} is watched.", folder.display()),
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
        #[expect(clippy::exit, clippy::disallowed_methods, reason = "asked for twice: the disk is safe at any moment")]
        std::process::exit(130);
    }
}
