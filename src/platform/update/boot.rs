//! The boot partition: a folder for each system, and the two files by which the firmware chooses. `config.txt` names the system that starts, `tryboot.txt` the
//! one that starts once after a restart that asks for it.
//!
//! Both are copies of the `config.txt` in the folder of the system that they name. FAT has no journal: so each file is written beside, synced and
//! renamed, which changes one sector of its folder, and the folder of the running system is never touched.

use super::partition::holds;
use super::system::System;
use super::tar::{self, Entry};
use crate::limits::{UPDATE_CLUSTER_BYTES, UPDATE_RECORD_BYTES_MAX};
use crate::mesh::update::Slot;
use crate::platform::home::{disk_free, durable};
use crate::platform::regular;
use std::borrow::Cow;
use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const CONFIG: &str = "config.txt";
const TRYBOOT: &str = "tryboot.txt";
const CMDLINE: &str = "cmdline.txt";
/// In the folder of `System::run`; the image's `look` has the same name.
const LOCK: &str = "boot.lock";

/// Files, and of folders `None`, by their names.
type Files<'e> = Vec<(String, Option<Cow<'e, [u8]>>)>;

/// The boot partition of an image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Boot<'a> {
    system: &'a System,
}

impl<'a> Boot<'a> {
    /// That of this image.
    pub(super) const fn of(system: &'a System) -> Self {
        Self { system }
    }

    /// Does this while the partition is writable: FAT is mounted read-only at all other times.
    ///
    /// # Errors
    /// Those of `write`, or that it cannot be made writable.
    pub(super) fn writable<T>(&self, write: impl FnOnce(&Self) -> Result<T, String>) -> Result<T, String> {
        let boot = self.system.boot();
        // The image's `look` writes its report to the same partition, and closes it afterwards.
        let _lock = self.lock()?;
        if !self.system.is_live() {
            return write(self);
        }
        remount(&boot, "remount,rw")?;
        let done = write(self);
        if let Err(why) = remount(&boot, "remount,ro") {
            log::warn!("{why} It stays writable until the next start.");
        }
        done
    }

    /// Waits until nobody else writes to the partition. Root alone can open the file, so nobody else can hold it.
    fn lock(&self) -> Result<File, String> {
        let folder = self.system.run();
        let path = folder.join(LOCK);
        let opened = fs::create_dir_all(&folder).and_then(|()| {
            regular::open(&path, OpenOptions::new().create(true).truncate(false).write(true).mode(0o600))
        });
        let locked = opened.and_then(|file| file.lock().map(|()| file));
        locked.map_err(|error| format!("{} cannot be locked: {error}.", path.display()))
    }

    /// Whether the firmware starts this system by itself: its place is never written over.
    pub(super) fn starts(&self, slot: Slot) -> bool {
        self.read(CONFIG).is_ok_and(|text| text.lines().any(|line| line.trim() == prefix(slot)))
    }

    /// Whether these boot files, a tar, are some for this system, and there is room for them in place of those that it has.
    ///
    /// # Errors
    /// One sentence.
    pub(super) fn takes(&self, slot: Slot, tar: &[u8]) -> Result<(), String> {
        let lengths = self.files(slot, tar)?.into_iter().map(|(_, bytes)| bytes.map_or(0, |bytes| bytes.len() as u64));
        let needed: u64 = lengths.map(|length| length.saturating_add(UPDATE_CLUSTER_BYTES)).sum();
        let room = disk_free(&self.system.boot()).saturating_add(bytes_in(&self.folder(slot)));
        if room >= needed {
            return Ok(());
        }
        Err(format!("The boot partition has room for {room} bytes, and the update's boot files take {needed}."))
    }

    /// Puts these boot files, a tar, in place of those of a system that does not run, synced and read back.
    ///
    /// # Errors
    /// One sentence; the folder may hold some of them.
    pub(super) fn unpack(&self, slot: Slot, tar: &[u8]) -> Result<(), String> {
        let files = self.files(slot, tar)?;
        let folder = self.folder(slot);
        let unwritten = |error: std::io::Error| format!("{} cannot be written: {error}.", folder.display());
        empty(&folder).map_err(unwritten)?;
        for (name, bytes) in &files {
            let path = folder.join(name);
            let Some(bytes) = bytes else {
                fs::create_dir_all(&path).map_err(unwritten)?;
                continue;
            };
            path.parent().map_or(Ok(()), fs::create_dir_all).map_err(unwritten)?;
            durable::write(&path, bytes).map_err(unwritten)?;
            if !holds(&path, bytes).map_err(unwritten)? {
                return Err(format!(
                    "{} does not hold what was written to it: the card may be worn out.",
                    path.display()
                ));
            }
        }
        Ok(())
    }

    /// The files and folders in the tar, as this system has them.
    fn files<'e>(&self, slot: Slot, tar: &'e [u8]) -> Result<Files<'e>, String> {
        let entries =
            tar::entries(tar).map_err(|why| format!("The archive of the update's boot files, boot.tar, {why}."))?;
        let content = |entry: Entry<'e>| {
            let bytes = self.content(slot, &entry);
            (entry.name, bytes)
        };
        let files: Files<'e> = entries.into_iter().map(content).collect();
        let has = |name: &str, line: &str| {
            let text = files.iter().find(|(known, _)| known == name).and_then(|(_, bytes)| bytes.as_deref());
            text.and_then(|text| str::from_utf8(text).ok()).is_some_and(|text| text.contains(line))
        };
        if has(CONFIG, &prefix(slot)) && has(CMDLINE, &format!("root=PARTUUID={}", self.system.root_name(slot))) {
            return Ok(files);
        }
        Err("The update's boot files (config.txt and cmdline.txt) do not name the system that they start, so this board could not start them.".to_owned())
    }

    /// What a file holds for this system: the two that differ between the systems are told which one it is.
    fn content<'e>(&self, slot: Slot, entry: &Entry<'e>) -> Option<Cow<'e, [u8]>> {
        let bytes = entry.content?;
        let told = |text: &str| text.replace("@SLOT@", slot.name()).replace("@ROOT@", &self.system.root_name(slot));
        match str::from_utf8(bytes) {
            Ok(text) if [CONFIG, CMDLINE].contains(&entry.name.as_str()) => Some(Cow::Owned(told(text).into_bytes())),
            _ => Some(Cow::Borrowed(bytes)),
        }
    }

    /// Has the firmware start this system once, whenever it is asked to.
    ///
    /// # Errors
    /// One sentence.
    pub(super) fn offer(&self, slot: Slot) -> Result<(), String> {
        self.put(TRYBOOT, &self.config(slot)?)
    }

    /// Whether the firmware starts this system, and the other one once.
    pub(super) fn prefers(&self, slot: Slot) -> bool {
        let names = |file: &str, config: &str| self.read(file).is_ok_and(|text| text == config);
        let Ok(config) = self.config(slot) else { return false };
        // Of an other system that has no files there is nothing to start.
        let Ok(other) = self.config(slot.other()) else { return names(CONFIG, &config) };
        names(CONFIG, &config) && names(TRYBOOT, &other)
    }

    /// Whether the files of a system can be read.
    pub(super) fn has(&self, slot: Slot) -> bool {
        self.config(slot).is_ok()
    }

    /// Has the firmware start this system from now on, and the other one, if it is there, once. Between the two both files name it.
    ///
    /// # Errors
    /// One sentence.
    pub(super) fn prefer(&self, slot: Slot) -> Result<(), String> {
        self.put(CONFIG, &self.config(slot)?)?;
        self.config(slot.other()).map_or(Ok(()), |other| self.put(TRYBOOT, &other))
    }

    fn put(&self, name: &str, text: &str) -> Result<(), String> {
        let path = self.system.boot().join(name);
        if self.read(name).is_ok_and(|there| there == text) {
            return Ok(());
        }
        durable::write(&path, text.as_bytes())
            .map_err(|error| format!("{} cannot be written: {error}.", path.display()))
    }

    /// What the firmware is to read for this system.
    fn config(&self, slot: Slot) -> Result<String, String> {
        let name = format!("{}/{CONFIG}", slot.name());
        let path = self.system.boot().join(&name);
        let text = self.read(&name).map_err(|error| format!("{} cannot be read: {error}.", path.display()))?;
        if text.contains(&prefix(slot)) {
            Ok(text)
        } else {
            Err(format!("{} does not name its own folder.", path.display()))
        }
    }

    fn read(&self, name: &str) -> std::io::Result<String> {
        let bytes = regular::read(&self.system.boot().join(name), UPDATE_RECORD_BYTES_MAX)?;
        String::from_utf8(bytes).map_err(std::io::Error::other)
    }

    fn folder(&self, slot: Slot) -> PathBuf {
        self.system.boot().join(slot.name())
    }
}

/// The line by which the firmware finds a system's files.
fn prefix(slot: Slot) -> String {
    format!("os_prefix={}/", slot.name())
}

/// Bytes of the files in a folder, and below it; of one that is not there, none.
fn bytes_in(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => bytes_in(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

/// An empty folder, whatever was in it.
fn empty(folder: &Path) -> std::io::Result<()> {
    #[cfg(test)]
    durable::cut::step()?;
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_dir_all(folder)
}

#[expect(clippy::disallowed_methods, reason = "mount(8) knows the other options of the place")]
fn remount(boot: &Path, how: &str) -> Result<(), String> {
    let status = Command::new("mount").args(["-o", how]).arg(boot).stdin(Stdio::null()).stderr(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        _ => Err(format!("{} cannot be mounted with {how}.", boot.display())),
    }
}
