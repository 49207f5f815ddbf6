//! What a sample costs: reading every file that a board has, and deciding, in CPU time of this thread.
//!
//! `cargo bench --bench sensors`, and `valgrind --tool=callgrind --toggle-collect='*one_sample*' PROGRAM` for
//! instructions. The bars: shared/reference/energy.md C1, 100 microseconds for ten files here.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::panic, reason = "a bench fails by panicking and prints")]

use std::fs;
use std::path::Path;
use wattle::base::time::{Duration, Instant};
use wattle::energy::governor::Governor;
use wattle::energy::input::Sample;
use wattle::io::clock::thread_cpu;
use wattle::io::sysfs::sensors::Sensors;

const SAMPLES: u32 = 5_000;

fn unpack(name: &str, root: &Path) {
    let text = fs::read_to_string(Path::new("tests/fixtures/sysfs").join(format!("{name}.tree"))).unwrap();
    for (path, content) in text.lines().filter_map(|line| line.split_once('\t')) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, serde_json::from_str::<String>(content).unwrap_or_default()).unwrap();
    }
    // What every Linux counts, as this machine says it.
    for path in ["proc/stat", "proc/pressure/memory", "proc/pressure/io", "proc/meminfo", "proc/vmstat"] {
        if let Ok(bytes) = fs::read(Path::new("/").join(path)) {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), bytes).unwrap();
        }
    }
}

#[inline(never)]
fn one_sample(now: Instant, sensors: &mut Sensors, governor: &mut Governor, sample: &mut Sample) {
    let own = Duration::from_millis(now.millis());
    sensors.sample(now, own, &|at, reading| governor.doubts(now, at, reading), sample);
    sample.backlog.oldest = Some(Duration::ZERO);
    governor.sample(now, sample);
}

fn main() {
    println!("tree                               files  microseconds of CPU a sample");
    for name in
        ["rpi5-rpios-activecooler", "rk3588-rock5b-vendor", "x86-laptop-bat-discharging", "jetson-orin-nano-jp6"]
    {
        let root = tempfile::tempdir().unwrap();
        unpack(name, root.path());
        let mut sensors = Sensors::open(root.path());
        let mut governor = Governor::new(4, sensors.findings(), Default::default(), None);
        let mut sample = Sample::default();
        let mut run = |from: u32, to: u32| {
            for second in from..to {
                one_sample(Instant::from_millis(u64::from(second) * 1000), &mut sensors, &mut governor, &mut sample);
            }
        };
        run(0, 100);
        let began = thread_cpu();
        run(100, 100 + SAMPLES);
        let each = (thread_cpu() - began).as_secs_f64() * 1e6 / f64::from(SAMPLES);
        println!("{name:34} {:5}  {each:6.1}", sensors.files());
    }
}
