//! What a person asks of the governor: to pause, to go on, to work beside other programs, to learn another power supply.

use super::handle::GovernorHandle;
use super::kept_burst;
use super::pause_request::{BurstFrom, BurstRequest, PauseRequest};
use crate::base::time::Duration;
use crate::energy::coordinator::Input;
use crate::energy::policy::pause::Pause;
use crate::limits::BURST_S;
use crate::platform::unchanged::Unchanged;
use crate::platform::{blocking, clock};

impl GovernorHandle {
    /// Pauses the background work of the host. The pause is on the disk when this returns.
    ///
    /// # Errors
    /// One sentence; nothing was changed.
    pub async fn pause(&self, wanted: PauseRequest) -> Result<(), Unchanged> {
        let now = clock::now();
        let shared = self.shared.clone().ok_or_else(off)?;
        shared.update_time(now);
        let (pause, before) = {
            let coordinator = &shared.lock().coordinator;
            (wanted.pause(now, coordinator.wall(now), coordinator.zone()), coordinator.pause())
        };
        self.set_pause(Some(pause.map_err(Unchanged::Conflict)?), before).await
    }

    /// Ends a pause of the host.
    ///
    /// # Errors
    /// One sentence; nothing was changed.
    pub async fn resume(&self) -> Result<(), Unchanged> {
        let shared = self.shared.clone().ok_or_else(off)?;
        let before = shared.lock().coordinator.pause();
        self.set_pause(None, before).await
    }

    /// Work goes on beside other programs for a while. A pause ends if a person asks for this.
    ///
    /// # Errors
    /// One sentence; nothing was changed.
    pub async fn work_now(&self, request: BurstRequest) -> Result<(), Unchanged> {
        let shared = self.shared.clone().ok_or_else(off)?;
        let usual = Duration::from_secs(BURST_S);
        let (time, from) = match request {
            BurstRequest::Arrived => (shared.burst, BurstFrom::Arrived),
            BurstRequest::Asked(time) => {
                let usual = if shared.burst > Duration::ZERO { shared.burst } else { usual };
                (time.unwrap_or(usual), BurstFrom::Asked)
            }
        };
        let paused = shared.lock().coordinator.pause().is_some_and(|pause| pause.holds(clock::now()));
        if paused && request != BurstRequest::Arrived {
            self.resume().await?;
        }
        if time > Duration::ZERO {
            shared.begin_burst(clock::now(), time, from);
        }
        if from == BurstFrom::Asked {
            kept_burst::save(shared).await;
        }
        Ok(())
    }

    /// The owner connected another power supply. That is on the disk when this returns.
    ///
    /// # Errors
    /// One sentence: nothing was changed, or the change holds until the next start only.
    pub async fn new_supply(&self) -> Result<(), Unchanged> {
        let shared = self.shared.clone().ok_or_else(off)?;
        if !shared.lock().coordinator.leads() {
            let why =
                "Another agent of this host governs it, and knows its power supply: give this command to that one.";
            return Err(Unchanged::Conflict(why.to_owned()));
        }
        self.input(clock::now(), Input::NewSupply);
        match blocking::run(move || shared.save(true)).await {
            Some(Ok(())) => Ok(()),
            failed => {
                let why = "It holds until the next start only: the agent's home cannot be written.".to_owned();
                Err(unsaved(failed, |_| why))
            }
        }
    }

    /// Sets the pause and saves it; restores `before` if it cannot be saved.
    async fn set_pause(&self, pause: Option<Pause>, before: Option<Pause>) -> Result<(), Unchanged> {
        let shared = self.shared.clone().ok_or_else(off)?;
        let now = clock::now();
        let burst = shared.lock().coordinator.burst(now);
        self.input(now, Input::Pause(pause));
        let saved = blocking::run(move || shared.save(true)).await;
        match saved {
            Some(Ok(())) => Ok(()),
            failed => {
                self.input(now, Input::Pause(before));
                burst.into_iter().for_each(|until| self.input(now, Input::Burst(until.since(now))));
                Err(unsaved(failed, |why| {
                    format!(
                        "That cannot be saved, because the agent's home cannot be written ({why}). Nothing was changed."
                    )
                }))
            }
        }
    }
}

const OFF: &str = "This agent runs without its governor (`--governor off`): nothing is held or paused.";

fn off() -> Unchanged {
    Unchanged::Conflict(OFF.to_owned())
}

/// Why a save failed, or had no thread, with the sentence that is made of that.
fn unsaved(failed: Option<std::io::Result<()>>, sentence: impl FnOnce(&str) -> String) -> Unchanged {
    match failed {
        Some(Err(error)) => Unchanged::unwritten(&error, sentence(&error.to_string())),
        _ => Unchanged::Busy(sentence("no thread")),
    }
}
