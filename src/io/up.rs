//! `wattle up`: one agent, from the open home to the clean stop. Reads top to bottom as it happens.

use super::cli::args::{DEFAULT_API, DEFAULT_LISTEN_PORT, UpOptions};
use super::compute::{Auditor, Bench, Clamp, Lanes};
use super::discovery::Discovery;
use super::driver::{Driver, Event, Hands};
use super::folder::Folders;
use super::gate::{Asked, Gate};
use super::governor::{Governing, Setup};
use super::hints::Places;
use super::home::{Home, disk_free};
use super::http::Patience;
use super::http::token::{TOKEN_FILE, Token};
use super::http::{self, opened::Opened};
use super::identity::Identity;
use super::network::Network;
use super::priority::step_back;
use super::progress::Progress;
use super::remember::Memory;
use super::resolve::{Given, Peer, keep_looking_up};
use super::source::source_at;
use super::tongue::Tongue;
use super::watch::Watch;
use super::writer::Writer;
use super::{boot, clock, errand, models, panics, store};
use crate::base::id::PeerKey;
use crate::embed::engine::Engine;
use crate::limits::{ASKS_MAX, AUDITS_MAX, BACKGROUND_MAX, INPUTS_MAX, PEER_ASKS_MAX, PEERS_MAX, SAVES_MAX};
use crate::node::input::{Input, Request};
use crate::node::output::{Problem, Response};
use crate::node::{Facts, Node};
use crate::scheduler;
use crate::store::read;
use crate::wire::multiaddr::Multiaddr;
use crate::wire::peer::PeerId;
use crate::worker::retrieve::load_index;
use async_signal::{Signal, Signals};
use futures_lite::StreamExt;
use log::{error, info};
use smol::channel::{Receiver, Sender, bounded};
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
    let identity = Identity::load_or_create(&home.file("identity.key"))?;
    let token = Token::load_or_create(&home.file("api-token"))?;
    let boot = boot::count(&home)?;
    let (events, inbox) = bounded::<Event>(INPUTS_MAX);
    // Other devices find this one while it reads its model; what they say waits.
    let Outside { tongue, network, reached } = Outside::open(&identity, boot, options, &events)?;
    let (engine, manifest) = models::load(&models::find(options.models.as_deref())?)?;
    let library = store::open(&home, manifest.fingerprint(), options.sync)?;
    let index = load_index(library.kv()).map_err(|error| format!("The store cannot be used: {error}."))?;

    let device = options.name.clone().unwrap_or_else(host_name);
    let own = identity.peer_id();
    let facts = Facts {
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

    let (memory, hints) = Memory::open(home.file("peers"), &allowed(options));
    let (threads, hands) = hire(&home, library, engine, index, memory, &events)?;
    let sources = facts.scheduler.sources.clone();
    let mut node = Node::new(clock::now(), facts);
    introduce(&mut node, options)?;
    let (gate, asked) = Gate::new();
    let progress = Progress::new(std::io::stderr().is_terminal());
    let governing = govern(&home, options, &events)?;
    let gate = gate.governed(governing.clone());
    let driver = Driver::new(node, hands, progress, tongue, gate.events().clone(), governing.clone());
    sources.into_iter().for_each(|source| driver.watch(source.path));

    let address = listener.local_addr().map_err(|error| format!("The listener broke: {error}."))?;
    let gate = gate.around(network);
    let page = format!("http://{address}/#token={}", token.reveal());
    let opened = options.open_api.map(|open| Opened::at(open, gate.clone(), token.clone())).transpose()?;
    let served = http::serve(listener, gate.clone(), token, Patience::default());
    let server = served.map_err(|error| format!("The agent cannot listen on {address}: {error}."))?;
    println!("{device} is up. Other devices reach it at {reached}");
    // The journal is read by others than the owner of the token.
    if super::log::is_journal(std::io::stdout()) {
        println!("Ask on this page: http://{address}/ with the token in {}", home.file(TOKEN_FILE).display());
    } else {
        println!("Ask on this page: {page}");
    }
    println!("Or type: wattle search \"your question\"{}   Stop with Ctrl-C.", api_flags(options));

    smol::spawn(pass_on(asked, events.clone())).detach();
    smol::spawn(recall(hints, events.clone())).detach();
    smol::spawn(add_folders(gate, options.clone())).detach();
    smol::spawn(stop_on_signal(events.clone())).detach();
    drop(events);
    // Not smol's: this thread would take turns with async-io's own at waiting for the system, and each turn is
    // some ten wake-ups.
    let driven = panics::guard(|| futures_lite::future::block_on(driver.run(inbox)));
    smol::block_on(server.stop());
    if let Some(opened) = opened {
        smol::block_on(opened.stop());
    }
    governing.end();
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
fn govern(home: &Home, options: &UpOptions, events: &Sender<Event>) -> Result<Governing, String> {
    if !options.governed {
        info!("The governor is off: background work takes what it can get, whatever heat, power or a pause say.");
        return Ok(Governing::off());
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
        hint_files: Places::new(energy.hint_file.as_deref(), energy.grid_file.as_deref()),
        meeting: None,
    };
    Governing::begin(setup, events.clone())
}

/// Who may link.
fn allowed(options: &UpOptions) -> Vec<PeerId> {
    options.peers.iter().map(|peer| peer.peer).collect()
}

/// The way to other devices and back.
struct Outside {
    tongue: Tongue,
    network: Network,
    /// Where others reach this agent, for people.
    reached: String,
}

impl Outside {
    fn open(identity: &Identity, boot: u32, options: &UpOptions, events: &Sender<Event>) -> Result<Self, String> {
        let network = Network::default();
        for Peer { peer, given, text } in &options.peers {
            network.may_link(*peer, (*given != Given::Nowhere).then(|| text.clone()));
            if let Given::At(address) = given {
                network.give(address.ip());
            }
        }
        let listener = listen_for_peers(options)?;
        let listen = listener.local_addr().map_err(|error| format!("The listener broke: {error}."))?;
        let key = identity.signing_key();
        let tongue = Tongue::open(boot, key, listener, &allowed(options), network.clone(), events.clone())?;
        let reached = reach(identity.peer_id(), listen, options, &network, events);
        Ok(Self { tongue, network, reached })
    }
}

/// Tells the node of every peer that was given.
fn introduce(node: &mut Node, options: &UpOptions) -> Result<(), String> {
    for Peer { peer, given, .. } in &options.peers {
        let address = match given {
            Given::At(address) => Some(*address),
            Given::Named(_) | Given::Nowhere => None,
        };
        if !node.know(clock::now(), PeerKey(*peer.public_key()), peer.to_string(), address) {
            return Err(format!("More than {PEERS_MAX} peers were given with --peer; that many can be linked."));
        }
    }
    Ok(())
}

/// Begins to look for other devices and to be found; where others reach this one, for people.
fn reach(own: PeerId, listen: SocketAddr, options: &UpOptions, network: &Network, events: &Sender<Event>) -> String {
    Discovery { own, listen, multicast: options.multicast, network: network.clone(), events: events.clone() }.begin();
    for Peer { peer, given, .. } in &options.peers {
        if let Given::Named(name) = given {
            keep_looking_up(*peer, name.clone(), network.clone(), events.clone());
        }
    }
    let places = network.places();
    let told = places.iter().map(|place| Multiaddr::from(place.address).with_peer(own).to_string());
    if places.is_empty() { Multiaddr::from(own).to_string() } else { told.collect::<Vec<_>>().join(" or ") }
}

/// Tells the node where peers were reached before this start.
async fn recall(hints: Vec<(PeerId, SocketAddr)>, events: Sender<Event>) {
    for (peer, place) in hints {
        let _ = events.send(Event::Input(Input::Seen(PeerKey(*peer.public_key()), place))).await;
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
    if super::home::default_home().is_ok_and(|home| home != options.home) {
        flags += &format!(" --home {}", options.home.display());
    }
    flags
}

type Threads = Vec<JoinHandle<()>>;

fn hire(
    home: &Home,
    library: crate::store::library::Library<super::disk::Disk>,
    engine: Engine,
    index: crate::search::vector::Index,
    memory: Memory,
    events: &Sender<Event>,
) -> Result<(Threads, Hands), String> {
    let index = Arc::new(RwLock::new(index));
    let bench = Bench {
        disk: library.kv().clone(),
        embedder: engine,
        folders: Folders::new(home.path().to_owned()),
        index: Arc::clone(&index),
        events: events.clone(),
        clamp: Clamp::default(),
    };
    let clamp = Clamp::default();
    let (background, background_tasks) = bounded(BACKGROUND_MAX);
    let (people, people_tasks) = bounded(2 * ASKS_MAX + PEER_ASKS_MAX);
    let (audits, audit_tasks) = bounded(AUDITS_MAX);
    let (saves, saved) = bounded(SAVES_MAX);
    let writer = Writer { library, index, home: home.path().to_owned(), events: events.clone(), broken: None };

    let mut threads = Vec::new();
    for n in 0..slots() {
        let (bench, tasks) = (Bench { clamp: clamp.clone(), ..bench.clone() }, background_tasks.clone());
        threads.push(thread(&format!("background-{n}"), move || {
            step_back();
            bench.run(&tasks);
        })?);
    }
    let auditor = Auditor { disk: bench.disk.clone(), events: events.clone() };
    threads.push(thread("audit", move || {
        step_back();
        auditor.run(&audit_tasks);
    })?);
    threads.push(thread("people", move || bench.run(&people_tasks))?);
    threads.push(thread("writer", move || writer.run(&saved))?);
    let watch = Arc::new(Mutex::new(Watch::new(events.clone(), home.path().to_owned())));
    let lanes = Lanes { background, people, audits };
    let hands = Hands { lanes, saves, watch, memory, clamp, home: home.path().to_owned(), events: events.clone() };
    Ok((threads, hands))
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

async fn pass_on(asked: Receiver<Asked>, events: Sender<Event>) {
    while let Ok(asked) = asked.recv().await {
        if events.send(Event::Asked(asked)).await.is_err() {
            return;
        }
    }
}

async fn add_folders(gate: Gate, options: UpOptions) {
    for folder in options.folders {
        let (path, collection, ring) = (folder.clone(), options.collection.clone(), options.ring);
        let source = errand::run(move || source_at(&path, &collection, ring)).await;
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

async fn stop_on_signal(events: Sender<Event>) {
    let Ok(mut signals) = Signals::new([Signal::Int, Signal::Term]) else { return };
    if signals.next().await.is_some() {
        info!("Stopping: what is under way is finished first. Press Ctrl-C again to stop at once.");
        let _ = events.send(Event::Input(Input::Stop)).await;
    }
    if signals.next().await.is_some() {
        #[expect(clippy::exit, clippy::disallowed_methods, reason = "asked for twice: the disk is safe at any moment")]
        std::process::exit(130);
    }
}
