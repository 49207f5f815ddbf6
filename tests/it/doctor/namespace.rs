//! Namespaces of their own for agents: limits, mounts and a small disk that touch nothing else.

use crate::harness::{Agent, Place, WATTLE};
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output};
use std::time::Duration;

/// A command with which the rest is run in a mount namespace of its own, after this script; `None` where there is none.
pub(super) fn in_namespace(script: &str) -> Option<Command> {
    let probe = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "x", "/mnt"]).output();
    if !probe.as_ref().is_ok_and(|probe| probe.status.success()) {
        eprintln!("SKIPPED, NOT TESTED: there is no mount namespace to be had: {probe:?}");
        return None;
    }
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", &format!("{script} && exec \"$@\""), "sh", WATTLE]);
    Some(command)
}

/// A command that runs in the namespaces of a process.
pub(super) fn inside(pid: u32) -> Command {
    let mut command = Command::new("nsenter");
    command.args(["-t", &pid.to_string(), "-U", "-m", "--preserve-credentials"]);
    command
}

/// A small disk for the home, which outlives the agents: a process that does nothing holds its namespace.
pub(super) struct SmallDisk {
    place: Place,
    keeper: Child,
}

impl SmallDisk {
    pub(super) fn new(size: &str) -> Option<Self> {
        let place = Place::new();
        place.write("a.md", "Pickled beetroot takes three spoons of caraway.\n");
        fs::create_dir(place.home()).unwrap();
        let home = place.home().display().to_string();
        in_namespace("true")?;
        let mount = format!(
            "mount -t tmpfs -o size={size},mode=0700 none '{home}' && touch '{home}/.mounted' && exec sleep 600"
        );
        let keeper = Command::new("unshare").args(["-rm", "sh", "-c", &mount]).spawn().unwrap();
        let disk = Self { place, keeper };
        while !disk.home().join(".mounted").exists() {
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(disk)
    }

    /// The home as this process sees it.
    fn home(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{}", self.keeper.id(), self.place.home().display()))
    }

    pub(super) fn up(&self) -> Agent {
        self.up_with(&[])
    }

    pub(super) fn up_with(&self, more: &[&str]) -> Agent {
        let mut command = inside(self.keeper.id());
        command.arg(WATTLE);
        let docs = self.place.docs();
        Agent::start(command, &self.place.home(), &[&[docs.to_str().unwrap()], more].concat())
    }

    pub(super) fn fill(&self, mebibytes: usize) {
        let mut filler = fs::File::create(self.home().join("filler")).unwrap();
        (0..mebibytes * 256).all(|_| std::io::Write::write_all(&mut filler, &[1; 4096]).is_ok());
    }

    /// Fills the disk but for so many mebibytes.
    pub(super) fn leave_free(&self, mebibytes: u64) {
        fs::write(self.home().join("filler"), "").unwrap();
        let free = wattle::platform::home::disk_free(&self.home()) >> 20;
        self.fill(usize::try_from(free.saturating_sub(mebibytes)).unwrap());
    }

    /// Runs a command that ends with the home, where the disk is.
    pub(super) fn run(&self, command: &[&str]) -> Output {
        inside(self.keeper.id()).args(command).arg(self.place.home()).output().unwrap()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}
