//! The device's own power supplies from open files: gives the same as `Supplies::read`, without an allocation.

use super::file::{File, PreviousFiles};
use crate::base::time::Instant;
use crate::energy::board::rise::Rise;
use crate::energy::board::source::{Flow, SUPPLY_FILES, SampledFiles, Supplies, files};
use crate::energy::board::tree::Tree;
use crate::limits::SENSOR_BYTES_MAX;

/// Bytes of a value of a supply; the longest text is "Not charging".
const WORD: usize = 32;

/// The supplies.
#[derive(Debug)]
pub(super) struct OpenSupplies {
    all: Vec<Supply>,
    rise: Rise,
}

/// The open files of one supply, and its `type` where that is known.
#[derive(Debug)]
struct Supply {
    kind: Option<&'static str>,
    files: Vec<(&'static str, File)>,
}

impl OpenSupplies {
    /// Opens those of a tree; `rise` is that of the listing before.
    pub(super) fn new(tree: &Tree, previous: &mut PreviousFiles<'_>, rise: Rise) -> Self {
        let mut open = |(file, path): (&'static str, String)| (file, previous.file(&path));
        let opened =
            |one: SampledFiles| Supply { kind: one.kind, files: one.files.into_iter().map(&mut open).collect() };
        let all = files(tree).into_iter().map(opened).collect();
        Self { all, rise }
    }

    pub(super) const fn rise(&self) -> Rise {
        self.rise
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    pub(super) fn files(&self) -> usize {
        self.all.iter().map(|supply| supply.files.len()).sum()
    }

    pub(super) fn take_files(&mut self) -> impl Iterator<Item = File> {
        std::mem::take(&mut self.all).into_iter().flat_map(|supply| supply.files).map(|(_, file)| file)
    }

    /// Is a file of one of them gone?
    pub(super) fn is_gone(&self) -> bool {
        self.all.iter().flat_map(|supply| &supply.files).any(|(_, file)| file.is_gone())
    }

    pub(super) fn read(&mut self, now: Instant) -> Supplies {
        let mut supplies = Supplies::default();
        let mut buffer = [0; SENSOR_BYTES_MAX];
        let mut have_status = true;
        for Supply { kind, files } in &mut self.all {
            let mut words = [([0; WORD], None); SUPPLY_FILES.len()];
            for ((word, length), (_, file)) in words.iter_mut().zip(files.iter_mut()) {
                let read = file.read(now, &mut buffer).ok().filter(|bytes| bytes.len() <= WORD);
                *length = read.map(|bytes| {
                    word[..bytes.len()].copy_from_slice(bytes);
                    bytes.len()
                });
            }
            supplies.add(|wanted| {
                if let (Some(kind), "type") = (&kind, wanted) {
                    return Some(kind.as_bytes());
                }
                let at = files.iter().position(|(name, _)| *name == wanted)?;
                let (word, length) = &words[at];
                length.map(|length| &word[..length])
            });
            have_status &= files.iter().any(|(name, _)| matches!(*name, "status" | "online"));
        }
        // Without a status, only a rising charge shows that a battery is being charged.
        if let Some(battery) = &mut supplies.battery
            && let Some(percent) = battery.percent
        {
            let rises = self.rise.take(now, percent);
            if rises && !have_status && battery.flow == Flow::Unknown {
                battery.flow = Flow::Charging;
            }
        }
        supplies
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::sysfs::list;
    use crate::platform::sysfs::root::Root;
    use std::fs;
    use std::path::Path;

    fn open(root: &Path) -> OpenSupplies {
        let (tree, root) = (list::tree(root), Root::new(root));
        OpenSupplies::new(&tree, &mut PreviousFiles::new(&root, &tree, Vec::new()), Rise::default())
    }

    #[test]
    fn a_battery_without_a_status_whose_charge_rises_is_charging() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("sys/class/power_supply/battery");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("type"), "Battery\n").unwrap();
        fs::write(folder.join("capacity"), "50\n").unwrap();
        let mut open = open(root.path());
        let flow = |open: &mut OpenSupplies, s: u64| open.read(Instant::from_millis(s * 1000)).battery.unwrap().flow;
        assert_eq!(flow(&mut open, 0), Flow::Unknown);
        fs::write(folder.join("capacity"), "53\n").unwrap();
        assert_eq!(flow(&mut open, 400), Flow::Charging);
        fs::write(folder.join("capacity"), "52\n").unwrap();
        assert_eq!(flow(&mut open, 500), Flow::Unknown, "a fall is left to the governor");
    }

    #[test]
    fn open_files_give_what_a_listing_gives() {
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
        let mut open = open(root.path());
        let now = Instant::ZERO;
        assert_eq!(open.read(now), Supplies::read(&tree));
        assert!(open.files() > 8);
        fs::write(folder.join("BAT0/status"), "Full\n").unwrap();
        assert_ne!(open.read(now), Supplies::read(&tree), "a change is seen without a listing");
        assert_eq!(open.read(now), Supplies::read(&list::tree(root.path())));
        fs::write(folder.join("BAT0/status"), [b'x'; 4000]).unwrap();
        assert_eq!(open.read(now), Supplies::read(&list::tree(root.path())), "a value that is too long is unknown");
    }
}
