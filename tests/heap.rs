//! Heap use of a message in steady state: none by our own code, and a counted number of blocks by each crate.
//!
//! A test binary of its own, because dhat is the allocator of the whole process. `cargo test --test heap --
//! --nocapture` prints the figures of docs/evidence.md.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests fail by panicking; clippy spares only the test functions themselves"
)]

use ed25519_dalek::SigningKey;
use serde_json::Value;
use smol::channel::Receiver;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;
use wattle::base::time::Instant;
use wattle::embed::Embedder;
use wattle::embed::engine::Engine;
use wattle::embed::model::Manifest;
use wattle::energy::accounting::meter::{Cpu, Meter, Task};
use wattle::energy::accounting::task::Scope;
use wattle::energy::governor::Governor;
use wattle::energy::input::Sample;
use wattle::energy::mode::Mode;
use wattle::limits::{FRAME_GOSSIP_MAX, FRAMES_KEPT_MAX};
use wattle::net::link::{Channel, Frame, LinkEvent, Links, Settings};
use wattle::platform::models::{EmbeddedModel, load};
use wattle::platform::sysfs::sensors::Sensors;
use wattle::wire::envelope::{Encoding, Signer, Verifier};
use wattle::wire::message::{Echo, Message};
use wattle::wire::peer_id::PeerId;

#[global_allocator]
static HEAP: dhat::Alloc = dhat::Alloc;

const WARM: u64 = 300;
const COUNTED: u64 = 1000;

/// Crates whose stack frames only pass a request on to the allocator.
const BENEATH: [&str; 7] = ["alloc", "core", "std", "dhat", "backtrace", "__rustc", "mintex"];
/// Our own code: the library and this file.
const OURS: &str = "wattle";

struct End {
    links: Links,
    events: Receiver<LinkEvent>,
    address: SocketAddr,
    name: PeerId,
    signer: Signer,
    verifier: Verifier,
}

fn end(seed: u8, peer: u8) -> End {
    let key = |seed| SigningKey::from_bytes(&[seed; 32]);
    let name = |seed| PeerId::from_public_key(key(seed).verifying_key().as_bytes());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, events) = smol::channel::bounded(64);
    // No pings while we count.
    let settings = Settings { ping: Duration::from_secs(3600), ..Settings::default() };
    let links = Links::open_with(listener, key(seed), &[name(peer)], sender, settings).unwrap();
    let mut verifier = Verifier::new();
    assert!(verifier.add_peer(name(peer)));
    End { links, events, address, name: name(seed), signer: Signer::new(key(seed), 1), verifier }
}

/// `count` messages, each encoded, signed, sent, received, verified and decoded, `burst` of them in flight at once.
async fn exchange(from: &mut End, to: &mut End, channel: Channel, count: u64, burst: u64) {
    let encoding: Encoding = channel.encoding();
    let message =
        |id| Message::Echo(Echo { id, text: "headroom 0.75, sun on the roof".try_into().unwrap(), answer: false });
    for first in (0..count).step_by(usize::try_from(burst).unwrap()) {
        for id in first..first + burst {
            let (mut body, mut frame) = (from.links.frame(), from.links.frame());
            message(id).put(encoding, body.buffer());
            from.signer.sign_into(encoding, "echo", &[], &body, frame.buffer()).unwrap();
            from.links.send(&to.name, channel, frame).unwrap();
        }
        for id in first..first + burst {
            let LinkEvent::Frame { bytes, .. } = to.events.recv().await.unwrap() else { panic!("no frame") };
            let verified = to.verifier.verify_as(encoding, &bytes).unwrap();
            assert_eq!(Message::read(encoding, verified.kind, verified.body), Some(message(id)));
        }
    }
}

/// The paths of our own source files as the profiler shortens them: at most the last three parts.
fn own_files() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut folders, mut files) = (vec![root.join("src")], BTreeSet::from(["tests/heap.rs".to_owned()]));
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let parts: Vec<_> = path.iter().rev().take(3).map(|part| part.to_string_lossy()).collect();
                files.insert(parts.iter().rev().map(AsRef::as_ref).collect::<Vec<&str>>().join("/"));
            }
        }
    }
    files
}

/// The crate of a frame of a backtrace, by its function name if that is a path, otherwise by its file; `None` if
/// neither tells, as for the standard library.
fn crate_of(frame: &str, own: &BTreeSet<String>) -> Option<String> {
    let (name, place) = frame.split_once(": ").map_or(frame, |(_, name)| name).rsplit_once(" (").unwrap_or_default();
    let file = place.split(':').next().unwrap_or_default();
    if own.contains(file) || file.ends_with("tests/heap.rs") && !name.contains("__rust") {
        return Some(OURS.to_owned());
    }
    if let Some((package, _)) = file.split_once("/src/").or_else(|| file.split_once('/'))
        && let Some((package, _)) =
            package.rsplit_once('-').filter(|(_, version)| version.starts_with(char::is_numeric))
    {
        return Some(package.replace('-', "_"));
    }
    let word = |letter: char| !(letter.is_alphanumeric() || letter == '_');
    let (first, rest) = name.trim_start_matches(['<', '&', '*']).split_once(word)?;
    (rest.starts_with(':') && !first.is_empty() && !BENEATH.contains(&first)).then(|| first.to_owned())
}

/// Blocks and bytes, by the crate that allocated them and the file of ours that called it.
type Allocations = BTreeMap<(String, String), (u64, u64)>;

fn allocations(profile: &Value) -> Allocations {
    let own = own_files();
    let table: Vec<&str> = profile["ftbl"].as_array().unwrap().iter().map(|frame| frame.as_str().unwrap()).collect();
    let crates: Vec<Option<String>> = table.iter().map(|frame| crate_of(frame, &own)).collect();
    let mut found = Allocations::new();
    for point in profile["pps"].as_array().unwrap() {
        let frames = || point["fs"].as_array().unwrap().iter().map(|at| usize::try_from(at.as_u64().unwrap()).unwrap());
        let allocator = frames().find_map(|at| crates[at].clone()).unwrap_or_else(|| "unknown".to_owned());
        let caller = frames().find(|at| crates[*at].as_deref() == Some(OURS));
        let caller = caller.and_then(|at| table[at].rsplit_once(" (")?.1.split(':').next()).unwrap_or("the executor");
        let sums = found.entry((allocator, caller.to_owned())).or_default();
        sums.0 += point["tbk"].as_u64().unwrap();
        sums.1 += point["tb"].as_u64().unwrap();
    }
    found
}

fn count(channel: Channel, burst: u64) -> Allocations {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("heap.json");
    smol::block_on(async {
        let (mut a, mut b) = (end(1, 2), end(2, 1));
        a.links.dial(b.name, b.address);
        for end in [&a, &b] {
            assert!(matches!(end.events.recv().await.unwrap(), LinkEvent::Up { .. }));
        }
        // Identify runs once; buffers and queues then grow to their final size.
        while a.links.known().iter().chain(&b.links.known()).any(|known| known.agent.is_empty()) {
            smol::Timer::after(Duration::from_millis(10)).await;
        }
        // How much one write sends depends on scheduling; a large frame grows the link's buffers to their largest size.
        for (from, to) in [(&a, &b), (&b, &a)] {
            from.links.send(&to.name, channel, vec![b'x'; FRAME_GOSSIP_MAX]).unwrap();
            while !matches!(to.events.recv().await.unwrap(), LinkEvent::Frame { .. }) {}
        }
        // How many buffers are in use at once depends on scheduling; all of them are allocated before we count.
        for links in [&a.links, &b.links] {
            let mut all: Vec<Frame> = (0..FRAMES_KEPT_MAX).map(|_| links.frame()).collect();
            all.iter_mut().for_each(|frame| frame.buffer().resize(1024, 0));
        }
        exchange(&mut a, &mut b, channel, WARM, 25).await;
        let profiler = profiler(&file);
        exchange(&mut a, &mut b, channel, COUNTED, burst).await;
        drop(profiler);
        a.links.close().await;
        b.links.close().await;
    });
    read(&file)
}

fn profiler(file: &Path) -> dhat::Profiler {
    dhat::Profiler::builder().file_name(file).trim_backtraces(Some(60)).build()
}

fn read(file: &Path) -> Allocations {
    allocations(&serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap())
}

fn blocks_of(found: &Allocations, name: &str) -> u64 {
    found.iter().filter(|((allocator, _), _)| allocator == name).map(|(_, sums)| sums.0).sum()
}

/// Our blocks while ten messages are signed into new buffers, which the profiler must not miss.
fn planted() -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("heap.json");
    let mut signer = Signer::new(SigningKey::from_bytes(&[1; 32]), 1);
    let profiler = profiler(&file);
    for _ in 0..10 {
        signer.sign("echo", &[], b"body").unwrap();
    }
    drop(profiler);
    blocks_of(&read(&file), OURS)
}

/// All in one test, because the profiler counts the whole process: when a test ends, the harness allocates in a
/// thread of its own, and would do so while the next one counts.
#[test]
fn what_is_done_again_and_again_allocates_nothing() {
    our_frames_are_told_from_those_of_crates();
    a_steady_message_allocates_nothing_of_ours_from_encoding_to_decoding();
    a_sample_of_the_governor_allocates_nothing();
    an_embedding_allocates_itself_alone();
    allocates_embeddings_alone_in_many_languages();
}

fn a_steady_message_allocates_nothing_of_ours_from_encoding_to_decoding() {
    let each = |(blocks, bytes): (u64, u64)| {
        let each = |sum: u64| sum as f64 / COUNTED as f64;
        format!("{:7.3} blocks {:8.1} bytes", each(blocks), each(bytes))
    };
    assert!(planted() >= 10, "the profiler sees our blocks where there are some");
    for (channel, burst) in [(Channel::Gossip, 1), (Channel::Gossip, 25), (Channel::Json, 1), (Channel::Json, 25)] {
        let found = count(channel, burst);
        println!("\neach of {COUNTED} messages on {}, {burst} at a time:", channel.protocol());
        let mut all = (0, 0);
        for ((allocator, caller), sums) in &found {
            println!("{}  {allocator}, for {caller}", each(*sums));
            all = (all.0 + sums.0, all.1 + sums.1);
        }
        println!("{}  all", each(all));
        assert!(blocks_of(&found, "yamux") >= COUNTED / burst, "the profiler sees what yamux allocates for each frame");
        assert_eq!(
            (blocks_of(&found, OURS), blocks_of(&found, "unknown")),
            (0, 0),
            "blocks of ours, and of unknown crates: {found:?}"
        );
    }
}

/// A board's /sys and /proc as real files: a thermal zone, an alarm, a battery, a rail, CPU and pressure counters.
fn board(root: &Path) {
    for (path, text) in [
        ("sys/class/thermal/thermal_zone0/type", "cpu-thermal\n"),
        ("sys/class/thermal/thermal_zone0/temp", "47400\n"),
        ("sys/class/thermal/cooling_device0/type", "cpufreq-cpu0\n"),
        ("sys/class/thermal/cooling_device0/cur_state", "0\n"),
        ("sys/class/hwmon/hwmon0/name", "rpi_volt\n"),
        ("sys/class/hwmon/hwmon0/in0_lcrit_alarm", "0\n"),
        ("sys/class/power_supply/BAT0/type", "Battery\n"),
        ("sys/class/power_supply/BAT0/status", "Charging\n"),
        ("sys/class/power_supply/BAT0/capacity", "91\n"),
        ("sys/class/power_supply/BAT0/energy_full", "50000000\n"),
        ("sys/class/power_supply/BAT0/power_now", "7000000\n"),
        ("sys/class/hwmon/hwmon1/name", "ina219\n"),
        ("sys/class/hwmon/hwmon1/in1_input", "5020\n"),
        ("sys/class/hwmon/hwmon1/power1_input", "4016000\n"),
        ("sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count", "3\n"),
        ("sys/class/power_supply/AC/type", "Mains\n"),
        ("sys/class/power_supply/AC/online", "1\n"),
        ("proc/stat", "cpu  277643 18897 32397 116462 1279 0 634 1115 77 0\n"),
        ("proc/pressure/memory", "some avg10=0.13 avg60=0.68 avg300=0.28 total=1195993\n"),
        ("proc/pressure/io", "full avg10=0.00 avg60=0.00 avg300=0.00 total=8494\n"),
    ] {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn a_sample_of_the_governor_allocates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("heap.json");
    board(folder.path());
    let mut sensors = Sensors::open_metered(folder.path(), Some("ina219"));
    // A calibrated meter, because this device is never idle here.
    let mut meter = Meter::new(None, Some((1.0, Scope::BoardInput)));
    let mut governor = Governor::new(4, sensors.board(), Default::default(), None);
    let (mut sample, mut seconds) = (Sample::default(), 0);
    let mut samples = |count: u64| {
        for _ in 0..count {
            seconds += 1;
            let (now, own) = (Instant::from_millis(seconds * 1000), Duration::from_secs(seconds));
            sensors.sample(now, own, &|at, reading| governor.doubts(now, at, reading), &mut sample);
            sample.backlog.oldest = Some(Duration::ZERO);
            let watts = sensors.watts(now, sample.supplies);
            let cpu = Some(Cpu { mine: own / 2, busy: own });
            let _ = meter.ended(now, Task { day: 1, cpu: Duration::from_millis(300), chunks: 1 });
            let metered = meter.sample(now, watts, cpu, true);
            assert!(watts.is_some() && metered.is_some() || seconds < 60);
            assert!(governor.sample(now, &sample).mode > Mode::Off || seconds < 60);
        }
    };
    samples(WARM);
    let profiler = profiler(&file);
    samples(COUNTED);
    drop(profiler);
    let found = read(&file);
    println!("{COUNTED} samples of {} files: {found:?}", sensors.files());
    assert!(found.is_empty(), "blocks were allocated: {found:?}");
    assert!(sample.ticks.is_some() && sample.pressure.memory.some.is_some() && sample.temperatures[0] == Ok(47_400));
}

/// Holds that a model that has embedded one text allocates the numbers of each further embedding and nothing else, whatever its words are.
fn allocates_embeddings_alone(engine: &mut Engine, warm: &str, texts: &[String; 4]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("heap.json");
    engine.embed(warm).unwrap();
    let profiler = profiler(&file);
    for text in texts {
        engine.embed(text).unwrap();
    }
    drop(profiler);
    let found = read(&file);
    let sums = found.values().fold((0, 0), |(blocks, bytes), sums| (blocks + sums.0, bytes + sums.1));
    assert_eq!(sums, (4, 4 * 384 * 4), "its numbers, and nothing else: {found:?}");
}

/// The same for the multilingual model, where its file was made.
fn allocates_embeddings_alone_in_many_languages() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/wattle-e5-s6");
    if !folder.join("model.wme").is_file() {
        // Not by a macro: of a test that passes, the harness shows nothing that those print.
        let why =
            "SKIPPED, NOT TESTED: the multilingual model's file is not here (scripts/make-multilingual-model makes it)";
        std::io::stderr().write_all(format!("\n{why}\n").as_bytes()).unwrap();
        return;
    }
    let none = EmbeddedModel { manifest: b"", vocabulary: b"", weights: b"" };
    let mut engine = load(Some(&folder), &none).unwrap().0;
    // Words of several scripts, whose rows are in different places of the file; none of them was read before.
    let texts = ["Zaunpfähle ", "кафе, вокзал ", "珈琲 駅 ", "Umbrella résumé "].map(|words| words.repeat(60));
    // The room for a word grows to that of the longest one.
    let warm = format!("{} {}", "abcdefgh".repeat(10), "a b c d e f g h ".repeat(40));
    allocates_embeddings_alone(&mut engine, &warm, &texts);
}

fn an_embedding_allocates_itself_alone() {
    let model =
        |name: &str| std::fs::read(format!("{}/models/all-MiniLM-L6-v2/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let manifest = Manifest::parse(&model("manifest.json")).unwrap();
    let vocabulary = String::from_utf8(model("vocab.txt")).unwrap();
    let mut engine = Engine::load(model("model.onnx"), &vocabulary, &manifest).unwrap();
    let texts = [1, 9, 30, 90].map(|words| "Fence posts, caf\u{e9} ".repeat(words / 3 + 1));
    allocates_embeddings_alone(&mut engine, &"Rails and boards. ".repeat(50), &texts);
}

fn our_frames_are_told_from_those_of_crates() {
    let own = own_files();
    let of = |frame: &str| crate_of(frame, &own);
    assert_eq!(of("0x1: {async_fn#0} (net/link/channel.rs:166:46)").as_deref(), Some(OURS));
    assert_eq!(of("0x1: wattle::wire::frame::put (src/wire/frame.rs:1:1)").as_deref(), Some(OURS));
    assert_eq!(of("0x1: exchange (message/tests/heap.rs:60:1)").as_deref(), Some(OURS));
    assert_eq!(of("0x1: __rustc::__rust_alloc (message/tests/heap.rs:24:14)"), None);
    assert_eq!(of("0x1: alloc_impl (alloc/src/alloc.rs:312:9)"), None);
    assert_eq!(of("0x1: <alloc::raw_vec::RawVecInner>::try_allocate_in (???:0:0)"), None);
    assert_eq!(of("0x1: <yamux::connection::stream::Stream as A>::poll_write (???:0:0)").as_deref(), Some("yamux"));
    assert_eq!(of("0x1: poll<Secure> (yamux-0.14.1/src/connection.rs:462:35)").as_deref(), Some("yamux"));
    assert_eq!(of("0x1: with<Vec<u8>> (async-io-2.6.0/src/driver.rs:4:5)").as_deref(), Some("async_io"));
}
