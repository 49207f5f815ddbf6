//! `wattle up`: one agent, from opening its home to a clean stop.
//!
//! `up` reads top to bottom in the order in which things happen: the home and its lock, the API's listener, the network,
//! the model, the store and its index, the node, the threads, the governor, the driver. Then the driver's loop runs until
//! SIGINT, SIGTERM, or SIGHUP where the terminal goes; a second signal ends the process at once, which is safe, because whatever was acknowledged is on the
//! disk. Panics of the loop are caught and reported as a defect.
//!
//! Only wiring stands here: `network` opens what leads to other devices, `threads` starts the threads, `runtime` runs them.

mod disk;
mod folders;
mod invited;
mod network;
mod reports;
mod reread;
mod restart;
mod screen;
mod secured;
mod stop;
mod threads;
mod uncounted;

use super::options::UpOptions;
use super::signals::signals;
use crate::base::finding::{Finding, quoted, quoted_bytes};
use crate::base::id::PeerKey;
use crate::config::OPEN_HERE_AND_THERE;
use crate::embed::engine::Engine;
use crate::embed::loaded::Loaded;
use crate::embed::model::Manifest;
use crate::http;
use crate::http::Timeouts;
use crate::http::keys::Keys;
use crate::net::address_book::AddressBook;
use crate::net::session::linking;
use crate::node::input::Input;
use crate::node::{Node, NodeConfig};
use crate::platform::disk::Disk;
use crate::platform::hint_files::HintPaths;
use crate::platform::home::{FirstVisit, Home, HomeFile, OnHardware, Token, at_home, disk_free};
use crate::platform::home::{mesh_without_records, unfinished_restore};
use crate::platform::host::host_name;
use crate::platform::models::{EmbeddedModel, ModelsThere, Places};
use crate::platform::sysfs::hardware::hardware;
use crate::platform::systemd::ServiceManager;
use crate::platform::{clock, models, store};
use crate::platform::{panics, running};
use crate::runtime::driver::Driver;
use crate::runtime::event::Inbox;
use crate::runtime::governor::{GovernorHandle, Setup};
use crate::runtime::handle::NodeHandle;
use crate::runtime::progress::Progress;
use crate::runtime::records;
use crate::runtime::upkeep::Upkeep;
use crate::scheduler::addition::Addition;
use crate::scheduler::{self, stored::StoredWork};
use crate::search::indexes::Indexes;
use crate::store::kv::KvError;
use crate::store::library::Library;
use crate::store::models as stored_models;
use crate::store::read;
use crate::store::record::{Asked, Marks, Source, Sources};
use crate::worker::retrieve::load_indexes;
use crate::worker::sweep::unwatched;
use disk::watch_disk;
use log::{info, warn};
use network::{Network, give_local_addresses, send_known_addresses, tell_known, trusted};
use restart::Restart;
use screen::Screen;
use smol::channel::Sender;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use threads::{Parts, Threads, background_slots};
use uncounted::count_when_there_is_room;

/// What a start finds, for the test of the page that lists all findings.
#[cfg(test)]
pub(crate) use {
    folders::{conflict, not_named, not_watched, other_than_set, same_place},
    invited::not_in,
    reports::{of_board, of_card},
    secured::{of_no_visitor, of_visitor},
};

/// Runs an agent in the foreground until it is told to stop. `as_json`: what it tells at its start is for a program.
///
/// # Errors
/// One sentence: what is in the way and what to do.
pub fn up(options: &UpOptions, model: &EmbeddedModel, as_json: bool) -> Result<(), String> {
    // Before anything else: a folder that was mistyped starts nothing.
    let typed_sources = folders::typed(&options.sources)?;
    let (home, visit) = opened(options)?;
    let listener = network::bind_api(options.api, options.network.listen)?;
    let OnHardware { identity, before: key_before, findings } = on_hardware(&home, options)?;
    let (token, (boot, counted)) = (home.token()?, home.count_boot()?);
    let (node_handle, requests) = NodeHandle::new();
    tell_of_home(&home, &findings, &node_handle);
    let (inbox, senders) = Inbox::new(requests, ServiceManager::of_environment().watchdog());
    // Other devices can link while this one loads its model; their messages wait in the inbox.
    let trust = trusted(&home, &identity.peer_id(), &options.network.peers)?;
    let hint = network::hint(&trust, &options.network.peers);
    let Network { session, diagnostics, reached } = Network::open(&identity, boot, &options.network, &trust, &senders)?;
    let (engines, manifest, places, there) = load_models(options, &home, model)?;
    let (library, read, damaged) = store::open(&home, &there, options.sync, FirstReads::of)?;
    damaged.iter().for_each(|found| reread::tell(found, &node_handle));

    let device = options.name.clone().unwrap_or_else(host_name);
    let config = NodeConfig {
        key: PeerKey(*identity.peer_id().public_key()),
        boot,
        seed: seed()?,
        peer_id: identity.peer_id().to_string(),
        device: device.clone(),
        key_before,
        home: home.path().as_os_str().as_bytes().to_vec(),
        model: manifest.name().to_owned(),
        fingerprint: manifest.fingerprint(),
        fluency: manifest.fluency(),
        multilingual: there.multilingual(),
        scheduler: scheduler_config(&library, read.scheduler, &home, &manifest)?,
    };

    folders::decided(&typed_sources, &config.scheduler.sources, options.config.node.folders.as_deref())?;
    let (address_book, known_addresses) = AddressBook::open(home.path(), &linking(&trust));
    give_local_addresses(&diagnostics, &known_addresses);
    let upkeep = upkeep(&library, &home, options);
    let parts = Parts { library, engines, index: read.index, address_book, upkeep: upkeep.clone() };
    let (threads, outputs) = threads::start(&home, parts, &senders.inputs, (node_handle.findings(), manifest.name()))?;
    let (watched, progress) = (config.scheduler.sources.clone(), Progress::new(std::io::stderr().is_terminal()));
    let mut node = Node::new(clock::now(), config, trust);
    records::load_into(&mut node, &home);
    tell_known(&mut node, &options.network.peers, &outputs.seen);
    let governor_handle = start_governor(&home, options, &senders.inputs, &node_handle)?;
    threads::scrub(&home, &upkeep, &governor_handle)?;
    let node_handle = threads.serve(node_handle.with_governor(governor_handle.clone()), (&upkeep, &options.config));
    let driver = Driver::new(node, outputs, progress, session, node_handle.events().clone(), governor_handle.clone());
    watched.places.iter().for_each(|source| driver.watch(source.path.clone()));

    let address = listener.local_addr().map_err(|error| format!("The listener broke: {error}."))?;
    options.open_api.into_iter().chain([address]).for_each(|api| diagnostics.api(api));
    let node_handle = node_handle.with_diagnostics(diagnostics).with_home(home.path().to_owned()).with_models(places);
    let (page, keys) = (format!("http://{address}/#token={}", token.reveal()), keys(&home, options, token, visit)?);
    let lan_listener = secured::lan_listener(&home, options, (&node_handle, &keys))?;
    // Before it answers: whoever saw that it does asks at once, with a command that reads the address there.
    let (told, awaited) = (tell_address(&home, address), node_handle.starting().awaits_folders());
    let served = http::serve(listener, node_handle.clone(), keys, Timeouts::default());
    let server = served.map_err(|error| format!("The agent cannot listen on {address}: {error}."))?;
    // Before anybody learns that it is up: from then on a signal stops it cleanly.
    let signals = signals()?;
    let names = (device.as_str(), identity.peer_id().to_string());
    let screen = Screen::new(names, (address, told, page.as_str()), (reached.as_str(), hint.as_deref()));
    let folders = folder_names(&watched.places, &typed_sources);
    screen.with(folders, governor_handle.pause_left()).show(options, &home, as_json);

    follow_disk((&home, options), (!counted).then_some(boot), damaged, (&node_handle, &senders.inputs));
    smol::spawn(send_known_addresses(known_addresses, senders.inputs.clone())).detach();
    smol::spawn(invited::join(node_handle.clone(), options.network.boot.clone())).detach();
    let set = folders::finished(&home, &watched.places, options.config.node.folders.clone());
    smol::spawn(folders::keep(node_handle, options.typed.clone(), typed_sources, set, watched, awaited)).detach();
    let restart = Restart::follow(threads.damaged.clone(), senders.inputs.clone(), threads.stop_waiting(&upkeep));
    smol::spawn(stop::on_signal(signals, senders.inputs, threads.stop_waiting(&upkeep))).detach();
    // Not smol::block_on: it and async-io's own thread would take turns at waiting in the kernel, and each turn costs about
    // ten wake-ups.
    let driven = panics::guard(|| futures_lite::future::block_on(driver.run(inbox)));
    restart.tell_of_an_end(&ServiceManager::of_environment());
    smol::block_on(secured::close(server, lan_listener));
    governor_handle.end();
    end(threads, &upkeep, driven).and_then(|()| restart.begin())
}

/// The home's model, and where others are found, which are loaded once they are needed.
fn load_models(
    options: &UpOptions,
    home: &Home,
    embedded: &EmbeddedModel,
) -> Result<(Loaded<Engine>, Manifest, Places, ModelsThere), String> {
    let folder = options.models.as_deref().map(models::find).transpose()?;
    let (engine, manifest) = models::load(folder.as_deref(), embedded)?;
    let places = Places::of(home.path(), folder.as_deref(), embedded);
    let (find, there) = (places.clone(), ModelsThere::of(&manifest, &places));
    Ok((Loaded::new(engine, move |mark| find.load(mark)), manifest, places, there))
}

/// What is read of the store before anything else: damage that shows here has it made anew.
struct FirstReads {
    index: Indexes,
    scheduler: Known,
}

/// What the scheduler starts with.
struct Known {
    sources: Sources,
    marks: Marks,
    asked: Asked,
    work: StoredWork,
    strays: bool,
}

impl FirstReads {
    fn of(library: &Library<Disk>) -> Result<Self, KvError> {
        let kv = library.kv();
        let (sources, marks, work) =
            (read::sources(kv)?, read::marks(kv)?, StoredWork::read(kv, clock::wall_ns() / 1_000_000_000)?);
        let has_outdated = stored_models::remodel(kv)?.is_some();
        let (asked, strays) = (read::asked(kv)?, has_outdated || !unwatched(kv, 1)?.is_empty());
        Ok(Self { index: load_indexes(kv)?, scheduler: Known { sources, marks, asked, work, strays } })
    }
}

/// What the scheduler starts with: what the store knows.
fn scheduler_config(
    library: &Library<Disk>,
    known: Known,
    home: &Home,
    model: &Manifest,
) -> Result<scheduler::Config, String> {
    Ok(scheduler::Config {
        counts: library.commit().counts,
        number: library.commit().number,
        sources: known.sources,
        marks: known.marks.0,
        asked: known.asked.0,
        work: known.work,
        strays: known.strays,
        slots: background_slots(),
        disk_free: disk_free(home.path()),
        model: model.fingerprint(),
        cosine_min: model.cosine_threshold(),
        seed: seed()?,
    })
}

/// Follows what becomes of the home's disk, of a store that was `damaged`, and of the reports in the folders of the boot partition. `uncounted`: the number
/// of this start, if there was no room to count it.
fn follow_disk(
    (home, options): (&Home, &UpOptions),
    uncounted: Option<u32>,
    damaged: Option<Finding>,
    (node_handle, inputs): (&NodeHandle, &Sender<Input>),
) {
    damaged.into_iter().for_each(|found| smol::spawn(reread::follow(found, node_handle.clone())).detach());
    let parts = || (home.path().to_owned(), node_handle.findings().clone());
    if let Some(number) = uncounted {
        let (home, findings) = parts();
        smol::spawn(count_when_there_is_room(home, number, findings)).detach();
    }
    let looks = home.looks();
    let (home, findings) = parts();
    let place = store::place(&home);
    smol::spawn(watch_disk((home, place, looks, options.network.boot.clone()), findings, inputs.clone())).detach();
}

/// Writes into the home where the agent answers, for the commands; false if it could not be written.
fn tell_address(home: &Home, address: SocketAddr) -> bool {
    let told = home.write(HomeFile::Api, format!("{address}\n").as_bytes());
    if let Err(error) = &told {
        // On a full disk for example: the agent answers all the same.
        let api = quoted(&address.to_string());
        warn!("The agent's home {} cannot be written: {error}. Commands need --api {api}.", home.path().display());
    }
    told.is_ok()
}

/// The folders that this start watches, those typed at it too.
fn folder_names(watched: &[Source], typed: &[Addition]) -> Vec<String> {
    let paths = watched.iter().map(|source| &source.path).chain(typed.iter().map(|addition| &addition.path));
    let mut names: Vec<String> = Vec::new();
    for name in paths.map(|path| String::from_utf8_lossy(path).into_owned()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The key of the home on the hardware of this device.
fn on_hardware(home: &Home, options: &UpOptions) -> Result<OnHardware, String> {
    home.identity_on(&hardware(&options.sensors), &|key| records::is_removed(home, key))
}

/// Tells people what was found damaged in the home, and of its key.
fn tell_of_home(home: &Home, of_key: &[Finding], node_handle: &NodeHandle) {
    let board = node_handle.findings();
    // The log has those of its files already.
    let of_files = home.findings();
    of_files.iter().enumerate().for_each(|(at, found)| board.set_logged(&format!("home:{at}"), found.clone()));
    disk::tell_of_restore(unfinished_restore(home.path()), board);
    disk::tell_of_mesh(mesh_without_records(home.path()), board);
    of_key.iter().enumerate().for_each(|(at, found)| board.set(&format!("key:{at}"), found.clone()));
}

/// Who is let in at the API.
fn keys(home: &Home, options: &UpOptions, token: Token, visit: FirstVisit) -> Result<Keys, String> {
    let open_here = options.config.open_here;
    if open_here && options.open_api.is_some() {
        return Err(format!("{OPEN_HERE_AND_THERE}."));
    }
    if open_here {
        warn!(
            "Whoever uses this machine may do everything at the API without a token: api.open_here is true in config.toml."
        );
    }
    let gateway = options.config.ipfs.gateway;
    if gateway {
        warn!(
            "Whoever reaches the API may fetch the files and passages of public collections without a token: ipfs.gateway is true in config.toml."
        );
    }
    if options.config.ipfs.bitswap {
        warn!(
            "Any program that reaches this device at node.listen may fetch the files and passages of public collections by bitswap: ipfs.bitswap is true in config.toml."
        );
    }
    let keys = Keys::load(home.path(), token).with_open_here(open_here).with_gateway(gateway);
    Ok(keys.at_start(visit, options.network.first_visitor))
}

/// The work on the store; bitswap gets its public blocks, where the owner switched it on.
fn upkeep(library: &Library<Disk>, home: &Home, options: &UpOptions) -> Upkeep {
    let upkeep = Upkeep::new(library.kv().clone(), home.path().to_owned());
    if let Some(blocks) = &options.network.blocks {
        let public = upkeep.public_blocks().clone();
        blocks.fill(move |cid| public.block(cid));
    }
    upkeep
}

/// Waits for the threads to end, for a while; an error if a defect ended the driver.
fn end(threads: Threads, upkeep: &Upkeep, driven: Result<(), String>) -> Result<(), String> {
    let reach = threads.reach.clone();
    let cut_off = [upkeep.end(), threads.join()].concat();
    driven.map_err(|why| {
        format!(
            "A defect of the program ended the agent ({why}). What was acknowledged is on the disk; what was under way is \
             done again at the next start."
        )
    })?;
    stop::tell_end(&cut_off);
    reach.take_leave();
    Ok(())
}

/// Starts the governor, unless the owner switched it off.
fn start_governor(
    home: &Home,
    options: &UpOptions,
    inputs: &Sender<Input>,
    node_handle: &NodeHandle,
) -> Result<GovernorHandle, String> {
    let Some(burst_at_start) = options.governor else {
        info!("The governor is off: background work takes what it can get, whatever heat, power or a pause say.");
        return Ok(GovernorHandle::off());
    };
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
        burst: energy.burst(),
        burst_at_start,
        findings: node_handle.findings().clone(),
        meeting: None,
    };
    GovernorHandle::begin(setup, inputs.clone())
}

/// The home, with its note of the first visitor before anything else is made in it.
fn opened(options: &UpOptions) -> Result<(Home, FirstVisit), String> {
    let home = Home::open(&options.home).map_err(|why| already_running(options, why))?;
    let visit = FirstVisit::at_start(home.path(), home.is_new());
    Ok((home, visit))
}

/// Why the home cannot be opened; where an agent runs in it, how that one is given the folders.
fn already_running(options: &UpOptions, why: String) -> String {
    let paths = &options.sources.paths;
    if paths.is_empty() || !running::is_running(&Home::at(&options.home)) {
        return why;
    }
    let words: Vec<String> = paths.iter().map(|path| quoted_bytes(path.as_os_str().as_encoded_bytes())).collect();
    let add = at_home(&format!("wattle add {}", words.join(" ")), &options.home);
    format!("{why} To have that agent watch more, type: {add}")
}

/// Seeds the node's generator for random decisions; keys and nonces do not come from it.
fn seed() -> Result<u64, String> {
    let mut seed = [0; 8];
    getrandom::fill(&mut seed).map_err(|error| format!("The system gives no random numbers: {error}."))?;
    Ok(u64::from_le_bytes(seed))
}
