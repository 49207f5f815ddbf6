//! The fuzz targets of fuzz/, run for a moment with every `cargo test`: the committed seeds, then mutated ones.
//!
//! Not guided by coverage, unlike scripts/fuzz; the inputs are the same each time.

#[path = "../../fuzz/targets/mod.rs"]
#[expect(unreachable_pub, reason = "in the fuzz package these are the library's public items")]
pub(super) mod targets;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use targets::{TARGETS, Target};
use wattle::base::rng::Rng;

/// Mutated inputs for each target, divided by its slowness.
const INPUTS: usize = 20_000;

/// Edge values of lengths and counts, as varints.
const EDGE_VALUES: &[&[u8]] = &[
    &[0],
    &[0x7f],
    &[0x80, 0x01],
    &[0x80, 0x00],
    &[0xff; 4],
    &[0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    &[0x7f, 0xc0, 0x00, 0x00],
    &[0xed, 0xa0, 0x80],
];

fn seeds_of(target: &Target) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target.name)
}

fn below(rng: &mut Rng, end: usize) -> usize {
    rng.below(end as u64) as usize
}

/// One to five mutations of one seed, sometimes with a part of another.
fn mutated(rng: &mut Rng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seeds[below(rng, seeds.len())].clone();
    for _ in 0..=below(rng, 4) {
        let at = below(rng, bytes.len() + 1);
        let end = at + below(rng, (bytes.len() - at).min(16) + 1);
        match rng.below(7) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => drop(bytes.splice(at..end, EDGE_VALUES[below(rng, EDGE_VALUES.len())].iter().copied())),
            3 => {
                let part = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, part));
            }
            4 => {
                let other = &seeds[below(rng, seeds.len())];
                let from = below(rng, other.len() + 1);
                bytes.truncate(at);
                bytes.extend(&other[from..]);
            }
            _ if at < bytes.len() => bytes[at] ^= 1 << rng.below(8),
            _ => bytes.push(rng.next().to_le_bytes()[0]),
        }
    }
    bytes
}

#[test]
fn the_committed_seeds_are_those_of_the_real_encoders() {
    for target in TARGETS {
        let folder = seeds_of(target);
        for (number, seed) in (target.seeds)().into_iter().enumerate() {
            let path = folder.join(format!("made-{number:02}"));
            if std::env::var_os("WATTLE_WRITE_SEEDS").is_some() {
                fs::create_dir_all(&folder).unwrap();
                fs::write(&path, &seed).unwrap();
            }
            let committed = fs::read(&path).unwrap_or_default();
            assert!(
                committed == seed,
                "{} is not what the encoder makes: WATTLE_WRITE_SEEDS=1 writes it",
                path.display()
            );
        }
    }
}

#[test]
fn every_target_of_the_table_is_a_program_of_the_fuzz_package() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let package = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let bins = fs::read_dir(root.join("bins")).unwrap().count();
    assert_eq!((bins, package.matches("[[bin]]").count()), (TARGETS.len(), TARGETS.len()));
    for target in TARGETS {
        let name = target.name;
        let bin = fs::read_to_string(root.join(format!("bins/{name}.rs"))).unwrap();
        assert!(bin.contains(&format!("wattle_fuzz::{name}::check(data)")), "{name}");
        assert!(package.contains(&format!("name = \"{name}\"\npath = \"bins/{name}.rs\"")), "{name}");
    }
}

#[test]
fn every_target_holds_for_the_seeds_and_their_mutations() {
    for target in TARGETS {
        let mut files: Vec<PathBuf> =
            fs::read_dir(seeds_of(target)).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        let seeds: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
        let mut rng = Rng::new(22);
        let inputs = INPUTS / target.slowness;
        let all = seeds.iter().cloned().chain((0..inputs).map(|_| mutated(&mut rng, &seeds)));
        for bytes in all.collect::<Vec<_>>() {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (target.check)(&bytes))) {
                eprintln!("{} fails on {bytes:02x?}", target.name);
                std::panic::resume_unwind(panic);
            }
        }
        println!("{:16} {:3} seeds, {inputs} mutated inputs", target.name, seeds.len());
    }
}
