//! Changes in watched folders, as the system reports them (inotify(7)).

use crate::node::input::Input;
use crate::platform::panics::guard;
use log::warn;
use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use smol::channel::Sender;
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Sends changes to the driver. Where it cannot watch, the hourly scan finds them.
pub struct FolderWatcher {
    watcher: Option<RecommendedWatcher>,
}

impl FolderWatcher {
    /// `home`: the agent's own folder, whose changes are ignored.
    #[must_use]
    pub fn new(inputs: Sender<Input>, home: PathBuf) -> Self {
        let on_event = move |result: notify::Result<notify::Event>| {
            // A full channel makes this thread wait; the system then drops events and reports that (`need_rescan`).
            let send = |input| drop(inputs.send_blocking(input));
            let handled = guard(|| match result {
                Ok(event) if event.need_rescan() => send(Input::EventsLost),
                Ok(event) if is_change(event.kind) => {
                    for path in event.paths.into_iter().filter(|path| !path.starts_with(&home)) {
                        send(Input::PathChanged(path.into_os_string().into_vec()));
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    warn!("A watched folder reported an error and is scanned again: {error}.");
                    send(Input::EventsLost);
                }
            });
            if handled.is_err() {
                send(Input::EventsLost);
            }
        };
        let watcher = notify::recommended_watcher(on_event);
        if let Err(error) = &watcher {
            warn!("Changes in folders cannot be watched on this system ({error}); they are found once an hour.");
        }
        Self { watcher: watcher.ok() }
    }

    /// Sends every change at `path` or below it from now on. May take long on a large tree.
    pub fn watch(&mut self, path: &[u8]) {
        let path = Path::new(OsStr::from_bytes(path));
        let Some(watcher) = &mut self.watcher else { return };
        if let Err(error) = watcher.watch(path, RecursiveMode::Recursive) {
            let name = path.display();
            match error.kind {
                notify::ErrorKind::MaxFilesWatch => warn!(
                    "{name} has more folders than the system lets one user watch (fs.inotify.max_user_watches). \
                     Changes in the rest are found once an hour."
                ),
                _ => warn!("{name} cannot be watched ({error}); changes in it are found once an hour."),
            }
        }
    }
}

/// Reading a file is not a change; this agent reads all of them.
const fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    }
}
