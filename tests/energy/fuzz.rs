//! F4: any bytes in any file give a report and decisions, never a panic, never NaN.

use crate::trees::{names, tree};
use wattle::base::rng::Rng;
use wattle::base::time::Instant;
use wattle::energy::board::quota;
use wattle::energy::board::rail::Rail;
use wattle::energy::board::report::BoardReport;
use wattle::energy::board::source;
use wattle::energy::board::tree::Tree;
use wattle::energy::governor::{Governor, Settings};
use wattle::energy::input::Sample;
use wattle::energy::policy::grid::intensity;
use wattle::energy::policy::hint::Hint;
use wattle::energy::policy::surplus::evcc_surplus;
use wattle::energy::policy::wall::Wall;
use wattle::energy::sample::fault::Fault;
use wattle::energy::sample::group::Readings;
use wattle::energy::sample::text;
use wattle::limits::SENSOR_FILES_MAX;

/// Rounds by default; `WATTLE_FUZZ_ROUNDS` sets another number.
const ROUNDS: u64 = 400;

const SNIPPETS: [&[u8]; 16] = [
    b"",
    b"\n",
    b"-",
    b"0",
    b"-1\n",
    b"9223372036854775807\n",
    b"-9223372036854775808\n",
    b"18446744073709551616",
    b"\xff\xfe\x00",
    b"NaN",
    b"1e999",
    b"inf",
    b"Discharging\n",
    b"power_allocator\n",
    b"passive",
    b"cpu-thermal\n",
];

/// Files that no tree of a real board has: labels, a CPU's name, a charge, a named chip.
const EXTRA: [(&str, &[u8]); 11] = [
    ("sys/class/hwmon/hwmon90/name", b"k10temp\n"),
    ("sys/class/hwmon/hwmon90/temp1_label", b"Tctl\n"),
    ("sys/class/hwmon/hwmon90/temp1_input", b"61000\n"),
    ("proc/cpuinfo", b"processor\t: 0\nmodel name\t: AMD Ryzen 7 1800X\n"),
    ("sys/class/hwmon/hwmon91/name", b"asusec\n"),
    ("sys/class/hwmon/hwmon91/temp1_label", b"CPU\n"),
    ("sys/class/hwmon/hwmon91/temp1_input", b"44000\n"),
    ("sys/class/power_supply/BAT9/type", b"Battery\n"),
    ("sys/class/power_supply/BAT9/energy_now", b"30000000\n"),
    ("sys/class/power_supply/BAT9/energy_full", b"50000000\n"),
    ("sys/class/power_supply/BAT9/capacity", b"0\n"),
];

fn rounds() -> u64 {
    std::env::var("WATTLE_FUZZ_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS)
}

fn pick(rng: &mut Rng, end: usize) -> usize {
    usize::try_from(rng.below(end as u64)).unwrap()
}

/// `old` with one random change.
fn mutated(rng: &mut Rng, old: &[u8]) -> Vec<u8> {
    let mut bytes = old.to_vec();
    match rng.below(5) {
        0 => bytes = SNIPPETS[pick(rng, SNIPPETS.len())].to_vec(),
        1 => bytes = (0..rng.below(40)).map(|_| rng.below(256) as u8).collect(),
        2 if !bytes.is_empty() => {
            let at = pick(rng, bytes.len());
            bytes[at] = rng.below(256) as u8;
        }
        3 if !bytes.is_empty() => {
            let at = pick(rng, bytes.len());
            bytes.truncate(at);
        }
        _ => bytes.extend_from_slice(SNIPPETS[pick(rng, SNIPPETS.len())]),
    }
    bytes
}

fn check(report: &BoardReport, rng: &mut Rng) {
    assert!((55.0..=95.0).contains(&report.t_lim), "{report:?}");
    assert!(report.cpu_degrees().is_none_or(|degrees| (-30.0..125.0).contains(&degrees)));
    assert!(report.supplies.battery.is_none_or(|battery| battery.percent.is_none_or(|percent| percent <= 100)));
    assert!(report.cpu.sensors().iter().all(|sensor| sensor.degrees().is_none_or(|t| (-30.0..125.0).contains(&t))));
    let mut governor = Governor::new(1 + pick(rng, 8), report, Settings::default(), None);
    for second in 0..4 {
        let mut temperatures = Readings::new();
        for sensor in report.cpu.sensors() {
            let _ = temperatures.push(sensor.reading);
        }
        let sample = Sample { temperatures, supplies: Some(report.supplies), ..Sample::default() };
        let decision = governor.sample(Instant::from_millis(second * 1000), &sample);
        assert!((0.0..=1.0).contains(&decision.headroom.value()) && (0.0..=1.0).contains(&decision.duty.value()));
        assert!(decision.workers <= 8);
    }
}

#[test]
fn any_bytes_in_any_file_give_a_report_and_a_decision() {
    let names = names();
    let mut rng = Rng::new(11);
    for _ in 0..rounds() {
        let mut damaged = tree(&names[pick(&mut rng, names.len())]);
        for (path, text) in EXTRA {
            damaged.insert(path, Ok(text));
        }
        let paths: Vec<String> = damaged.paths().map(str::to_owned).collect();
        for _ in 0..=rng.below(6) {
            let path = &paths[pick(&mut rng, paths.len())];
            if rng.one_in(5) {
                let errno = i32::try_from(rng.below(140)).unwrap();
                damaged.insert(path, Err(Fault::from_errno(errno)));
            } else {
                let old = damaged.bytes(path).unwrap_or_default().to_vec();
                let new = mutated(&mut rng, &old);
                damaged.insert(path, Ok(&new));
            }
        }
        let owners = ["ina219", "ina3221", "coretemp"][pick(&mut rng, 3)];
        let _ = Rail::find(&damaged, Some(owners)).map(|rail| rail.kind());
        assert!(source::files(&damaged).iter().map(|one| one.files.len()).sum::<usize>() <= SENSOR_FILES_MAX);
        check(&BoardReport::of(&damaged), &mut rng);
    }
}

#[test]
fn any_bytes_in_hints_and_counters_are_a_value_or_none() {
    let mut rng = Rng::new(12);
    let seeds: [&[u8]; 6] = [
        br#"{"v":1,"state":"surplus","ttl_s":900,"source":"x","expires":99}"#,
        br#"{"grid":{"power":-3.5}}"#,
        br#"{"data":[{"intensity":{"forecast":1,"actual":2}}]}"#,
        b"some avg10=0.1 avg60=0 avg300=0 total=5\nfull avg10=0 avg60=0 avg300=0 total=6\n",
        b"cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1\n",
        b"MemTotal: 5 kB\nMemAvailable: 77 kB\n",
    ];
    for _ in 0..rounds() * 20 {
        let seed = seeds[pick(&mut rng, seeds.len())];
        let bytes = mutated(&mut rng, seed);
        let _ = Hint::parse(&bytes, Some(Wall(i64::try_from(rng.below(200)).unwrap())));
        assert!(evcc_surplus(&bytes).is_none_or(f64::is_finite) && intensity(&bytes).is_none_or(f64::is_finite));
        let _ = (text::pressure(&bytes), text::busy_ticks(&bytes), text::field(&bytes, b"MemAvailable"));
        let _ = (text::integer(&bytes), text::word(&bytes));
        let _ = text::cgroup_millicores(&bytes);
        let _ = quota::files(&bytes);
    }
}

#[test]
fn a_tree_of_noise_is_a_device_without_sensors() {
    let mut tree = Tree::default();
    let mut rng = Rng::new(13);
    for n in 0..500 {
        let noise: Vec<u8> = (0..20).map(|_| rng.below(256) as u8).collect();
        tree.insert(&format!("sys/class/thermal/thermal_zone{n}/type"), Ok(&noise));
        tree.insert(&format!("sys/class/thermal/thermal_zone{n}/temp"), Ok(&noise));
    }
    let report = BoardReport::of(&tree);
    assert!(report.cpu_sensor().is_none() && report.cpu_degrees().is_none());
}
