//! Changes in watched folders and files, as the system reports them.
//!
//! One thread sets an inotify watch on each folder (`tree`) and sends the changes to the driver. A watch that is lost is set
//! anew: where a folder was replaced, where a disk was unmounted and is back (`platform::mounts`), where a folder became readable,
//! where the system's limit was raised. A source that is gone is looked for every few seconds (`source`). What cannot be
//! watched (too many folders, no inotify, a network file system that other machines write to) is named in a finding, and
//! the node is told to look at it on a schedule. A file system that does not answer holds up the thread for as long as it
//! takes to notice that (`platform::reach`); the others are watched on.

mod source;
mod table;
mod tree;
mod watching;

use crate::node::input::Input;
use crate::platform::clock;
use crate::platform::findings::Findings;
use crate::platform::panics::guard;
use crate::platform::reach::Reach;
use rustix::event::{EventfdFlags, eventfd};
use smol::channel::{Sender, unbounded};
use source::WatchedSource;
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use watching::{Order, Watching};

/// How often the thread begins anew after a defect of the program.
const RESTARTS_MAX: usize = 3;

/// Gives orders to the watching thread, which ends when this is dropped.
#[derive(Debug)]
pub struct FolderWatcher {
    orders: Sender<Order>,
    wake: Arc<OwnedFd>,
    reach: Reach,
}

impl FolderWatcher {
    /// Starts the thread. `home`: the agent's own folder, whose changes are ignored. `reach` learns what is watched.
    ///
    /// # Errors
    /// One sentence: the system gives no thread or no event counter.
    pub fn start(inputs: Sender<Input>, findings: Findings, home: PathBuf, reach: Reach) -> Result<Self, String> {
        let (orders, received) = unbounded();
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
            .map_err(|error| format!("Folders cannot be watched: {error}."))?;
        let wake = Arc::new(wake);
        let (woken, followed) = (Arc::clone(&wake), reach.clone());
        let work = move || {
            let mut sources = BTreeMap::new();
            for _ in 0..RESTARTS_MAX {
                let mut watching = Watching::new(&inputs, &findings, &home, &followed, std::mem::take(&mut sources));
                if guard(|| watching.run(&received, &woken)).is_ok() {
                    return;
                }
                // After a panic everything is watched anew and looked at.
                sources =
                    watching.sources.keys().map(|path| (path.clone(), WatchedSource::new(clock::now()))).collect();
                let _ = inputs.send_blocking(Input::EventsLost);
            }
            let _ = inputs.send_blocking(Input::Followed(Vec::new()));
            let _ = inputs.send_blocking(Input::Unwatched(sources.into_keys().collect()));
        };
        let thread = std::thread::Builder::new().name("watch".to_owned()).spawn(work);
        thread.map_err(|error| format!("The system gives no more threads: {error}."))?;
        Ok(Self { orders, wake, reach })
    }

    /// Sends every change at `path` or below it from now on. Once the watches are set, the path itself is sent as changed,
    /// so that what happened before is found. A path that is watched already is watched anew.
    pub fn watch(&self, path: Vec<u8>) {
        self.reach.watch(&path);
        self.order(Order::Watch(path));
    }

    /// Sends no changes at `path` any more, unless another watched path covers it.
    pub fn unwatch(&self, path: Vec<u8>) {
        self.reach.unwatch(&path);
        self.order(Order::Unwatch(path));
    }

    fn order(&self, order: Order) {
        let _ = self.orders.try_send(order);
        let _ = rustix::io::write(&*self.wake, &1_u64.to_ne_bytes());
    }
}

impl Drop for FolderWatcher {
    fn drop(&mut self) {
        self.orders.close();
        let _ = rustix::io::write(&*self.wake, &1_u64.to_ne_bytes());
    }
}

#[cfg(test)]
mod tests;
