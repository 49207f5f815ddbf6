//! What a sample costs: reading every file that a board has, and deciding, in CPU time of this thread.
//!
//! `cargo bench --bench sensors`, and `valgrind --tool=callgrind --toggle-collect='*one_sample*' PROGRAM` for
//! instructions; `PROGRAM --samples N` takes so many samples of a Zero 2 W and ends, for scripts/count-sample, which
//! counts their instructions there. The bar (C1 of tests/energy/main.rs): 100 microseconds for ten files on a PC.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::panic, reason = "a bench fails by panicking and prints")]

use std::fs;
use std::path::Path;
use wattle::base::time::{Duration, Instant};
use wattle::energy::accounting::meter::{Cpu, Meter};
use wattle::energy::governor::Governor;
use wattle::energy::input::Sample;
use wattle::platform::clock::thread_cpu;
use wattle::platform::sysfs::sensors::Sensors;

const SAMPLES: u32 = 5_000;

fn unpack(name: &str, root: &Path) {
    let text = fs::read_to_string(Path::new("tests/fixtures/sysfs").join(format!("{name}.tree"))).unwrap();
    for (path, content) in text.lines().filter_map(|line| line.split_once('\t')) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, serde_json::from_str::<String>(content).unwrap_or_default()).unwrap();
    }
    // Counters of every Linux, from this machine; a Raspberry Pi's kernel has no pressure stall information.
    for path in ["proc/stat", "proc/pressure/memory", "proc/pressure/io", "proc/meminfo", "proc/vmstat"] {
        if name.starts_with("rpi") && path.contains("pressure") {
            continue;
        }
        if let Ok(bytes) = fs::read(Path::new("/").join(path)) {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), bytes).unwrap();
        }
    }
}

/// Everything that lives from sample to sample.
struct Device {
    sensors: Sensors,
    governor: Governor,
    meter: Meter,
    sample: Sample,
    seconds: u64,
    _root: tempfile::TempDir,
}

impl Device {
    fn new(name: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        unpack(name, root.path());
        let sensors = Sensors::open(root.path());
        let governor = Governor::new(4, sensors.board(), Default::default(), None);
        Self { sensors, governor, meter: Meter::new(None, None), sample: Sample::default(), seconds: 0, _root: root }
    }

    #[inline(never)]
    fn one_sample(&mut self) {
        self.seconds += 1;
        let (now, own) = (Instant::from_millis(self.seconds * 1000), Duration::from_secs(self.seconds));
        let governor = &self.governor;
        self.sensors.sample(now, own, &|at, reading| governor.doubts(now, at, reading), &mut self.sample);
        let watts = self.sensors.watts(now, self.sample.supplies);
        let _ = self.meter.sample(now, watts, Some(Cpu { mine: own, busy: own }), true);
        self.sample.backlog.oldest = Some(Duration::ZERO);
        self.governor.sample(now, &self.sample);
    }

    fn samples(&mut self, count: u32) {
        (0..count).for_each(|_| self.one_sample());
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--samples") {
        let count = arguments.get(at + 1).and_then(|count| count.parse().ok()).unwrap();
        return Device::new("rpizero2w-rpios").samples(count);
    }
    println!("tree                               files  microseconds of CPU a sample");
    for name in [
        "rpizero2w-rpios",
        "rpi5-rpios-activecooler",
        "rk3588-rock5b-vendor",
        "x86-laptop-bat-discharging",
        "jetson-orin-nano-jp6",
    ] {
        let mut device = Device::new(name);
        device.samples(100);
        let began = thread_cpu();
        device.samples(SAMPLES);
        let each = (thread_cpu() - began).as_secs_f64() * 1e6 / f64::from(SAMPLES);
        println!("{name:34} {:5}  {each:6.1}", device.sensors.files());
    }
}
