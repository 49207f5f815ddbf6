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
