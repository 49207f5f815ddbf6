//! An agent whose store is found damaged while it is in use starts itself anew: only a start mends that, and beside most devices nobody sits who
//! could type it. In between it answers with what can be read.
//!
//! The process becomes a new one of the same program in place (`exec`): a terminal, a service manager and a script see one that runs on.

use super::stop::end_at_last;
use crate::base::time::{Duration, Instant};
use crate::limits::{RESTART_AFTER_MS, RESTARTS_APART_MS};
use crate::node::input::Input;
use crate::platform::clock;
use crate::platform::systemd::ServiceManager;
use log::{info, warn};
use smol::channel::{Receiver, Sender};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What tells the next process when it was started: milliseconds of the clock of this boot, which `exec` outlives.
const STARTED_AT: &str = "WATTLE_STARTED_ANEW_AT";

/// Whether this process is to become the next one once it has stopped.
#[derive(Clone, Debug, Default)]
pub(super) struct Restart(Arc<AtomicBool>);

impl Restart {
    /// Stops the agent some time after its store is found `damaged`, for the next process.
    pub(super) fn follow(
        damaged: Receiver<()>,
        inputs: Sender<Input>,
        stop_waiting: impl Fn() + Send + 'static,
    ) -> Self {
        let restart = Self::default();
        smol::spawn(restart.clone().on_damage(damaged, inputs, stop_waiting)).detach();
        restart
    }

    /// Not if it was started for that a short time ago: then the damage comes again and again, and a start does not help.
    async fn on_damage(self, damaged: Receiver<()>, inputs: Sender<Input>, stop_waiting: impl Fn()) {
        // The channel closes when the store does.
        if damaged.recv().await.is_err() {
            return;
        }
        if !is_due(clock::now(), last()) {
            return warn!(
                "The store is damaged again, less than an hour after the agent started anew for that: it does not start by itself now. Look for \
                 errors of the disk or card, and start the agent again."
            );
        }
        info!("The agent starts anew by itself in {} seconds, because its store is damaged.", RESTART_AFTER_MS / 1_000);
        clock::sleep_until(Some(clock::now() + Duration::from_millis(RESTART_AFTER_MS))).await;
        self.0.store(true, Ordering::Release);
        ServiceManager::of_environment().tell_starting_anew("The agent starts anew, because its store is damaged.");
        stop_waiting();
        smol::spawn(end_at_last()).detach();
        let _ = inputs.send(Input::Stop).await;
    }

    /// Tells the service manager that the agent ends, also where no signal asked for that (a call of the API did, or a defect): what is written out
    /// then takes longer than the watchdog waits for a sign of life. Where it starts anew, that was told.
    pub(super) fn tell_of_an_end(&self, manager: &ServiceManager) {
        if !self.0.load(Ordering::Acquire) {
            manager.tell_stopping("The agent ends: what is under way is finished first.");
        }
    }

    /// Becomes the next process, if that is due. The agent has stopped.
    ///
    /// # Errors
    /// One sentence: the program could not be started.
    #[expect(clippy::disallowed_methods, reason = "the agent starts its own program")]
    pub(super) fn begin(&self) -> Result<(), String> {
        if !self.0.load(Ordering::Acquire) {
            return Ok(());
        }
        let failed = |error: std::io::Error| {
            format!(
                "The agent could not start itself anew ({error}). Its store is damaged, and the next start mends it: start the agent again."
            )
        };
        let program = std::env::current_exe().map_err(failed)?;
        let now = clock::now().millis().to_string();
        // It returns only if it fails.
        Err(failed(Command::new(program).args(std::env::args_os().skip(1)).env(STARTED_AT, now).exec()))
    }
}

/// When a process before this one became it.
#[expect(clippy::disallowed_methods, reason = "it is no setting: the process before this one says it")]
fn last() -> Option<Instant> {
    std::env::var_os(STARTED_AT)?.to_str()?.parse().ok().map(Instant::from_millis)
}

/// Whether the agent may start itself anew now. A time to come is that of another boot.
fn is_due(now: Instant, last: Option<Instant>) -> bool {
    last.is_none_or(|last| last > now || now >= last + Duration::from_millis(RESTARTS_APART_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_starts_anew_at_most_once_an_hour() {
        let at = Instant::from_millis;
        assert!(is_due(at(5), None));
        assert!(!is_due(at(5), Some(at(5))) && !is_due(at(5 + RESTARTS_APART_MS - 1), Some(at(5))));
        assert!(is_due(at(5 + RESTARTS_APART_MS), Some(at(5))));
        assert!(is_due(at(5), Some(at(6))), "it is of another boot");
    }

    #[test]
    fn an_end_that_no_signal_asked_for_is_told_and_one_for_a_new_start_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
        socket.set_nonblocking(true).unwrap();
        let manager = ServiceManager::at(&path, Duration::from_millis(30_000));
        let mut heard = [0; 512];
        Restart::default().tell_of_an_end(&manager);
        let length = socket.recv(&mut heard).unwrap();
        let told = String::from_utf8_lossy(&heard[..length]);
        assert!(told.starts_with("STOPPING=1\n") && told.contains("\nWATCHDOG_USEC="), "{told}");
        let restart = Restart::default();
        restart.0.store(true, Ordering::Release);
        restart.tell_of_an_end(&manager);
        assert!(socket.recv(&mut heard).is_err(), "for the manager it goes on");
    }

    #[test]
    fn nothing_starts_anew_that_was_not_found_damaged() {
        assert_eq!(Restart::default().begin(), Ok(()));
        let (damaged, found) = smol::channel::bounded(1);
        let (inputs, told) = smol::channel::bounded(1);
        drop(damaged);
        let restart = Restart::default();
        smol::block_on(restart.clone().on_damage(found, inputs, || ()));
        assert_eq!((restart.begin(), told.len()), (Ok(()), 0));
    }
}
