//! The device's own power supplies, with their files kept open: the twin of `Supplies::read` without an allocation.

use super::file::File;
use crate::base::time::Instant;
use crate::energy::board::source::{SUPPLY_FILES, Supplies, names};
use crate::energy::board::tree::Tree;
use crate::limits::{SENSOR_BYTES_MAX, SUPPLIES_MAX};
use std::path::Path;

/// Bytes of a number or word of a supply; the longest word is "Not charging".
const WORD: usize = 32;

/// The supplies.
#[derive(Debug)]
pub(super) struct OpenSupplies {
    all: Vec<Vec<(&'static str, File)>>,
}

impl OpenSupplies {
    pub(super) fn new(root: &Path, tree: &Tree) -> Self {
        let path = |name: &str, file: &str| format!("sys/class/power_supply/{name}/{file}");
        let supply = |name: &&str| {
            let there = SUPPLY_FILES.into_iter().filter(|file| tree.has(&path(name, file)));
            there.map(|file| (file, File::new(root, &path(name, file)))).collect()
        };
        Self { all: names(tree).iter().take(SUPPLIES_MAX).map(supply).collect() }
    }

    pub(super) fn files(&self) -> usize {
        self.all.iter().map(Vec::len).sum()
    }

    pub(super) fn read(&mut self, now: Instant) -> Supplies {
        let mut supplies = Supplies::default();
        let mut buffer = [0; SENSOR_BYTES_MAX];
        for files in &mut self.all {
            let mut words = [([0; WORD], None); SUPPLY_FILES.len()];
            for ((word, length), (_, file)) in words.iter_mut().zip(files.iter_mut()) {
                let read = file.read(now, &mut buffer).ok().filter(|bytes| bytes.len() <= WORD);
                *length = read.map(|bytes| {
                    word[..bytes.len()].copy_from_slice(bytes);
                    bytes.len()
                });
            }
            supplies.add(|wanted| {
                let at = files.iter().position(|(name, _)| *name == wanted)?;
                let (word, length) = &words[at];
                length.map(|length| &word[..length])
            });
        }
        supplies
    }
}

#[cfg(test)]
mod tests {
    use super::super::list;
    use super::*;
    use std::fs;

    #[test]
    fn open_files_say_what_a_listing_says() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("sys/class/power_supply");
        for (name, files) in [
            (
                "BAT0",
                &[
                    ("type", "Battery"),
                    ("status", "Discharging"),
                    ("capacity", "101"),
                    ("current_now", "-500000"),
                    ("voltage_now", "12000000"),
                ][..],
            ),
            (
                "BAT1",
                &[("type", "Battery"), ("status", "Not charging"), ("energy_full", "50000000"), ("power_now", "0")],
            ),
            ("AC", &[("type", "Mains"), ("online", "1")]),
            ("hidpp_battery_0", &[("type", "Battery"), ("scope", "Device"), ("status", "Discharging")]),
        ] {
            fs::create_dir_all(folder.join(name)).unwrap();
            for (file, text) in files {
                fs::write(folder.join(name).join(file), format!("{text}\n")).unwrap();
            }
        }
        let tree = list::tree(root.path());
        let mut open = OpenSupplies::new(root.path(), &tree);
        let now = Instant::ZERO;
        assert_eq!(open.read(now), Supplies::read(&tree));
        assert!(open.files() > 8);
        fs::write(folder.join("BAT0/status"), "Full\n").unwrap();
        assert_ne!(open.read(now), Supplies::read(&tree), "a change is seen without a listing");
        assert_eq!(open.read(now), Supplies::read(&list::tree(root.path())));
        fs::write(folder.join("BAT0/status"), [b'x'; 4000]).unwrap();
        assert_eq!(open.read(now), Supplies::read(&list::tree(root.path())), "a word that is none is unknown");
    }
}
