//! The places that do not answer, and how many calls are under way in each source.

use super::deep::{DeepFolders, Looked};
use super::moved::MovedPlaces;
use crate::base::finding::{Area, Finding, quoted_bytes};
use crate::limits::{ANSWER_MS, ANSWER_TICK_MS, CALLS_MAX_OF_SOURCE, SILENT_CALLS_MAX, SILENT_CALLS_MAX_OF_SOURCE};
use crate::node::input::Input;
use crate::platform::findings::Findings;
use crate::platform::mounts::Mounts;
use crate::scheduler::path::covers;
use smol::channel::Sender;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The place, or all of its source, does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::platform) struct Silent;

/// What is known of the reach into watched folders. Clones are the same.
#[derive(Clone, Debug)]
pub struct Reach(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    table: Mutex<Table>,
    /// A call has ended, or counts as silent, or the agent stops.
    changed: Condvar,
    findings: Findings,
    inputs: Option<Sender<Input>>,
    tick: Duration,
}

#[derive(Debug, Default)]
struct Table {
    sources: BTreeSet<Vec<u8>>,
    calls: BTreeMap<Vec<u8>, Calls>,
    /// The silent places, and how many calls wait in each.
    silent: BTreeMap<Vec<u8>, usize>,
    deep: BTreeMap<Vec<u8>, DeepFolders>,
    moved: BTreeMap<Vec<u8>, MovedPlaces>,
    stopping: bool,
}

/// The calls of one source.
#[derive(Clone, Copy, Debug, Default)]
struct Calls {
    under_way: usize,
    silent: usize,
}

impl Default for Reach {
    /// For one that nobody else shares: what it finds is told to nobody.
    fn default() -> Self {
        Self::with(Findings::default(), None, Duration::from_millis(ANSWER_TICK_MS))
    }
}

impl Reach {
    /// What is found is told on the board, and a place that answers again to the node.
    #[must_use]
    pub fn new(findings: Findings, inputs: Sender<Input>) -> Self {
        Self::with(findings, Some(inputs), Duration::from_millis(ANSWER_TICK_MS))
    }

    /// The same, with another time between two looks at a call under way.
    pub(in crate::platform) fn with(findings: Findings, inputs: Option<Sender<Input>>, tick: Duration) -> Self {
        let (table, changed) = (Mutex::default(), Condvar::new());
        Self(Arc::new(Shared { table, changed, findings, inputs, tick }))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The source is watched from now on.
    pub(in crate::platform) fn watch(&self, source: &[u8]) {
        self.table().sources.insert(source.to_vec());
    }

    /// The source is watched no more: nothing is told of it. Calls that wait in it are counted until they return.
    pub(in crate::platform) fn unwatch(&self, source: &[u8]) {
        let mut table = self.table();
        table.sources.remove(source);
        table.deep.remove(source);
        table.moved.remove(source);
        let of_others = |place: &[u8]| table.sources.iter().any(|other| covers(other, place) || covers(place, other));
        let places = table.silent.keys().filter(|place| covers(source, place) && !of_others(place));
        places.for_each(|place| self.0.findings.clear(&silent_key(place)));
        self.0.findings.clear(&deep_key(source));
        self.0.findings.clear(&moved_key(source));
    }

    /// The agent stops: from now on a call is waited for only as long as it makes progress.
    pub fn stop(&self) {
        self.table().stopping = true;
        self.0.changed.notify_all();
    }

    /// Tells, at the end of a stop, what keeps the process: a thread in a system call that has gone to a program behind FUSE
    /// cannot even be killed (fuse_dev.c: `request_wait_answer`). All that others could need, the lock and the sockets, is
    /// closed by then.
    pub fn take_leave(&self) {
        for place in self.silent() {
            let name = String::from_utf8_lossy(&place).into_owned();
            let mounts = Mounts::open();
            let mount = quoted_bytes(mounts.of(&place));
            log::warn!(
                "{name} still does not answer. The system may keep this process until it does, or until it is unmounted by \
                 `sudo umount -f {mount}`. The agent can be started again meanwhile."
            );
        }
    }

    /// The places that do not answer now.
    pub(in crate::platform) fn silent(&self) -> Vec<Vec<u8>> {
        self.table().silent.keys().cloned().collect()
    }

    /// A step of a scan looked at this part of the source, and these folders in it are too deep.
    pub(in crate::platform) fn set_deep(&self, source: &[u8], looked: &Looked, found: Vec<Vec<u8>>) {
        let mut table = self.table();
        if found.is_empty() && !table.deep.contains_key(source) {
            return;
        }
        let deep = table.deep.entry(source.to_vec()).or_default();
        deep.replace(looked, found);
        match deep.finding(source) {
            Some(finding) => self.0.findings.set(&deep_key(source), finding),
            None => {
                table.deep.remove(source);
                self.0.findings.clear(&deep_key(source));
            }
        }
    }

    /// A step of a scan looked at this part of the source, and these private places were moved into it.
    pub(in crate::platform) fn set_moved(&self, source: &[u8], looked: &Looked, found: Vec<(Vec<u8>, Vec<u8>)>) {
        let mut table = self.table();
        if found.is_empty() && !table.moved.contains_key(source) {
            return;
        }
        let moved = table.moved.entry(source.to_vec()).or_default();
        moved.replace(looked, found);
        match moved.finding() {
            Some(finding) => self.0.findings.set(&moved_key(source), finding),
            None => {
                table.moved.remove(source);
                self.0.findings.clear(&moved_key(source));
            }
        }
    }

    /// Counts a call into the path, and gives the source that it counts for. Waits while enough are under way there.
    pub(super) fn enter(&self, path: &[u8]) -> Result<Vec<u8>, Silent> {
        let mut table = self.table();
        let source = table.source_of(path);
        loop {
            let calls = table.calls.get(&source).copied().unwrap_or_default();
            let closed = calls.silent >= SILENT_CALLS_MAX_OF_SOURCE
                || calls.silent > 0 && table.silent.values().sum::<usize>() >= SILENT_CALLS_MAX;
            if closed || table.is_silent(path) {
                return Err(Silent);
            }
            if calls.under_way < CALLS_MAX_OF_SOURCE {
                break;
            }
            if table.stopping {
                return Err(Silent);
            }
            table = self.0.changed.wait(table).unwrap_or_else(PoisonError::into_inner);
        }
        table.calls.entry(source.clone()).or_default().under_way += 1;
        Ok(source)
    }

    /// A call of this source has ended.
    pub(super) fn leave(&self, source: &[u8]) {
        self.table().end(source, |calls| &mut calls.under_way);
        self.0.changed.notify_all();
    }

    /// How often a call under way is looked at, and after how many such looks without progress it counts as silent.
    pub(super) fn patience(&self) -> (Duration, u64) {
        (self.0.tick, if self.table().stopping { 1 } else { ANSWER_MS / ANSWER_TICK_MS })
    }

    /// A call of this source waits at `at`. If `give_up` agrees, nobody waits for it any more, and the place is silent: the
    /// mount that lies in the source, or the source.
    pub(super) fn lose(&self, source: &[u8], at: &[u8], give_up: impl FnOnce(&[u8]) -> bool) -> bool {
        let mounts = Mounts::open();
        let mount = mounts.of(at);
        let place = if covers(source, mount) { mount } else { source };
        let mut table = self.table();
        if !give_up(place) {
            return false;
        }
        table.end(source, |calls| &mut calls.under_way);
        table.calls.entry(source.to_vec()).or_default().silent += 1;
        *table.silent.entry(place.to_vec()).or_default() += 1;
        if !table.stopping {
            self.0.findings.set(&silent_key(place), finding(place, mount));
        }
        drop(table);
        self.0.changed.notify_all();
        true
    }

    /// A call that nobody waits for has returned.
    pub(super) fn returned(&self, source: &[u8], place: &[u8]) {
        let mut table = self.table();
        table.end(source, |calls| &mut calls.silent);
        let left = table.silent.get_mut(place).map_or(0, |calls| {
            *calls = calls.saturating_sub(1);
            *calls
        });
        if left > 0 {
            return;
        }
        table.silent.remove(place);
        self.0.findings.clear(&silent_key(place));
        let told = self.0.inputs.clone().filter(|_| !table.stopping);
        drop(table);
        if let Some(inputs) = told {
            let _ = inputs.send_blocking(Input::PathChanged(place.to_vec()));
        }
    }
}

impl Table {
    fn is_silent(&self, path: &[u8]) -> bool {
        self.silent.keys().any(|place| covers(place, path))
    }

    /// The innermost source around the path; itself, if it is in none.
    fn source_of(&self, path: &[u8]) -> Vec<u8> {
        let around = self.sources.iter().filter(|source| covers(source, path));
        around.max_by_key(|source| source.len()).map_or(path, Vec::as_slice).to_vec()
    }

    fn end(&mut self, source: &[u8], which: impl FnOnce(&mut Calls) -> &mut usize) {
        let Some(calls) = self.calls.get_mut(source) else { return };
        let count = which(calls);
        *count = count.saturating_sub(1);
        if calls.under_way + calls.silent == 0 {
            self.calls.remove(source);
        }
    }
}

fn silent_key(place: &[u8]) -> String {
    format!("silent:{}", String::from_utf8_lossy(place))
}

/// The key of the finding about private places that were moved into a source.
fn moved_key(source: &[u8]) -> String {
    format!("moved:{}", String::from_utf8_lossy(source))
}

fn deep_key(source: &[u8]) -> String {
    format!("deep:{}", String::from_utf8_lossy(source))
}

fn finding(place: &[u8], mount: &[u8]) -> Finding {
    let name = String::from_utf8_lossy(place);
    let (help, command) = if mount == b"/" {
        ("Look for errors of its disk.", "dmesg --level=err,warn".to_owned())
    } else {
        (
            "Is its server on, or the program behind it running? If it is gone for good, unmount it.",
            format!("sudo umount -f {}", quoted_bytes(mount)),
        )
    };
    let what = format!(
        "{name} does not answer: its file system has let a look at it wait for more than {} seconds. What is indexed of it is \
         kept, and answers. It is followed again as soon as it answers; other folders are followed meanwhile. {help}",
        ANSWER_MS / 1000
    );
    Finding { area: Area::Folders, what, command: Some(command) }
}
