//! The handle through which HTTP tasks and start-up reach the node, its events, the network's diagnostics and the governor.

use super::embeds::Embeds;
use super::event_log::EventLog;
use super::feedback::Feedback;
use super::governor::GovernorHandle;
use super::starting::Starting;
use super::unfinished::{self, Command, ToWrite};
use super::upkeep::Upkeep;
use crate::base::count::count;
use crate::base::finding::{Area, Finding};
use crate::base::fluency::Fluency;
use crate::base::time::Duration;
use crate::config::{Folder, Setting};
use crate::embed::model::Manifest;
use crate::limits::{CALLS_MAX, DISK_RETRY_MS, REPLIES_MAX};
use crate::net::diagnostics::Diagnostics;
use crate::node::input::Request;
use crate::node::output::{Problem, Response};
use crate::node::status::Status;
use crate::platform::blocking;
use crate::platform::clock;
use crate::platform::findings::Findings;
use crate::platform::home::{Home, at_home};
use crate::platform::models::Places;
use crate::store::record::NamedModel;
use smol::channel::{Receiver, Sender, bounded};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

/// One request on its way to the driver.
#[derive(Debug)]
pub struct Call {
    /// The request.
    pub request: Request,
    /// Takes the one response; the channel has room for it, so sending never waits.
    pub reply: Sender<Response>,
}

/// A handle of the running node. Clones lead to the same driver.
#[derive(Clone, Debug)]
pub struct NodeHandle {
    calls: Sender<Call>,
    network: Diagnostics,
    events: EventLog,
    findings: Findings,
    governor_handle: GovernorHandle,
    /// The agent's home; none in tests of the API alone.
    home: Option<Arc<PathBuf>>,
    to_write: Arc<ToWrite>,
    starting: Starting,
    /// Where further models are found; none in tests of the API alone.
    models: Option<Places>,
    /// Work on the whole store; none in tests of the API alone.
    upkeep: Option<Upkeep>,
    feedback: Feedback,
    /// Where programs have texts embedded; none in tests of the API alone.
    embeds: Option<Embeds>,
}

impl NodeHandle {
    /// A handle, and the receiver that the driver holds. At most `CALLS_MAX` calls wait in between.
    #[must_use]
    pub fn new() -> (Self, Receiver<Call>) {
        let (calls, driver) = bounded(CALLS_MAX);
        let findings = Findings::default();
        (
            Self {
                calls,
                network: Diagnostics::default(),
                events: EventLog::on(findings.clone()),
                findings,
                governor_handle: GovernorHandle::off(),
                home: None,
                to_write: Arc::default(),
                starting: Starting::default(),
                models: None,
                upkeep: None,
                feedback: Feedback::default(),
                embeds: None,
            },
            driver,
        )
    }

    /// The same handle, with the network's diagnostics.
    #[must_use]
    pub fn with_diagnostics(self, network: Diagnostics) -> Self {
        Self { network, ..self }
    }

    /// The same handle, with the governor.
    #[must_use]
    pub fn with_governor(self, governor_handle: GovernorHandle) -> Self {
        Self { governor_handle, ..self }
    }

    /// The same handle, with the agent's home.
    #[must_use]
    pub fn with_home(self, home: PathBuf) -> Self {
        Self { feedback: Feedback::at(&home), home: Some(Arc::new(home)), ..self }
    }

    /// Writes settings into the home's config.toml, so that the next start has them. What cannot be written down is a
    /// finding, and is tried again until it is: a full disk gets room, and an owner ends an edit.
    ///
    /// # Errors
    /// One sentence: why not. What the settings say holds all the same.
    pub async fn remember(&self, settings: Vec<Setting>) -> Result<(), String> {
        if self.home.is_none() || settings.is_empty() {
            return Ok(());
        }
        let first = {
            let mut unwritten = self.to_write.settings.lock().await;
            let first = unwritten.is_empty();
            // Beyond, the note of the command is what the next start has.
            let room = if first { usize::MAX } else { REPLIES_MAX.saturating_sub(unwritten.len()) };
            unwritten.extend(settings.into_iter().take(room));
            first
        };
        let written = self.write_settings().await;
        if first && written.is_err() {
            smol::spawn(self.clone().write_later()).detach();
        }
        written
    }

    async fn write_later(self) {
        loop {
            clock::sleep_until(Some(clock::now() + Duration::from_millis(DISK_RETRY_MS))).await;
            if self.calls.is_closed() || self.write_settings().await.is_ok() {
                return;
            }
        }
    }

    /// Writes all that is not written yet.
    async fn write_settings(&self) -> Result<(), String> {
        let mut unwritten = self.to_write.settings.lock().await;
        let Some(home) = self.home.clone().filter(|_| !unwritten.is_empty()) else { return Ok(()) };
        let settings = unwritten.clone();
        let written = blocking::run(move || Home::at(&home).remember(&settings)).await;
        let written = written.unwrap_or_else(|| Err("The system gives no thread to write config.toml.".to_owned()));
        if let Err(why) = written {
            let finding = not_remembered(&why);
            let what = finding.what.clone();
            self.findings.set(NOT_REMEMBERED, finding);
            return Err(what);
        }
        self.findings.clear(NOT_REMEMBERED);
        for setting in unwritten.drain(..) {
            match setting {
                Setting::AddFolder(Folder { path, .. }) | Setting::RemoveFolder(path) => {
                    self.findings.clear(&unnamed(&path));
                    self.findings.clear(&not_set(&path));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Notes on the disk that a command begins which changes the store and then config.toml; `finish` it with this number.
    pub async fn begin(&self, command: Command) -> u64 {
        let mut unfinished = self.to_write.commands.lock().await;
        let number = unfinished.begin(command);
        self.write_unfinished(unfinished.text()).await;
        number
    }

    /// The command is finished, or was refused. One that config.toml could not take is left to the next start.
    pub async fn finish(&self, number: u64) {
        let mut unfinished = self.to_write.commands.lock().await;
        unfinished.end(number);
        self.write_unfinished(unfinished.text()).await;
    }

    async fn write_unfinished(&self, text: String) {
        if let Some(home) = self.home.clone() {
            let _ = blocking::run(move || unfinished::write(&Home::at(&home), &text)).await;
        }
    }

    /// Whether config.toml names this folder just now, as it is written there; true where the file cannot be read.
    pub async fn is_set(&self, folder: &str) -> bool {
        let is_it = |setting: &Setting| matches!(setting, Setting::AddFolder(unwritten) if unwritten.path == folder);
        // A full disk takes it later.
        if self.to_write.settings.lock().await.iter().any(is_it) {
            return true;
        }
        let Some(home) = self.home.clone() else { return true };
        let settings = blocking::run(move || Home::at(&home).settings()).await;
        let Some(Ok(Some(config))) = settings else { return true };
        config.node.folders.is_none_or(|folders| folders.iter().any(|set| set.path == folder))
    }

    /// How far the agent is with its start.
    #[must_use]
    pub(crate) const fn starting(&self) -> &Starting {
        &self.starting
    }

    /// The agent's home.
    pub(crate) fn home(&self) -> Option<Arc<PathBuf>> {
        self.home.clone()
    }

    /// The governor.
    #[must_use]
    pub const fn governor_handle(&self) -> &GovernorHandle {
        &self.governor_handle
    }

    /// The network's diagnostics.
    #[must_use]
    pub const fn network(&self) -> &Diagnostics {
        &self.network
    }

    /// The event log, which the driver writes.
    #[must_use]
    pub const fn events(&self) -> &EventLog {
        &self.events
    }

    /// The board of findings, which everything outside the node writes.
    #[must_use]
    pub const fn findings(&self) -> &Findings {
        &self.findings
    }

    /// What is wrong, by area: what the node found, what stands on the board, and tasks that panicked. Its commands are for
    /// the agent of this home.
    #[must_use]
    pub fn all_findings(&self, of_node: Vec<Finding>, panics: u64) -> Vec<Finding> {
        let mut findings = of_node;
        findings.extend(self.findings.list());
        findings.extend(self.governor_handle.findings_of_leader());
        findings.extend(panicked(panics));
        findings.sort_by_key(|finding| finding.area);
        // Two parts of the agent may find one thing, a file that both read for example.
        let mut told = BTreeSet::new();
        findings.retain(|finding| told.insert(finding.what.clone()));
        if let Some(home) = &self.home {
            let commands = findings.iter_mut().filter_map(|finding| finding.command.as_mut());
            commands.for_each(|command| *command = at_home(command, home));
        }
        findings
    }

    /// What is so with the agent; `None` if the agent does not say, because it is stopping or too busy.
    pub async fn status(&self) -> Option<Box<Status>> {
        match self.request(Request::Status).await {
            Response::Status(status) => Some(status),
            _ => None,
        }
    }

    /// Asks the node and waits for its response. Never waits for room: a full or closed queue is a refusal. `Problem::Unanswered`
    /// if the agent ends before it answers.
    pub async fn request(&self, request: Request) -> Response {
        let (reply, answer) = bounded(1);
        match self.calls.try_send(Call { request, reply }) {
            Ok(()) => answer.recv().await.unwrap_or_else(|_| Response::refused(Problem::Unanswered, UNANSWERED)),
            Err(error) if error.is_full() => Response::refused(Problem::Busy, FULL),
            Err(_) => Response::refused(Problem::Broken, STOPPED),
        }
    }
}

/// What is beside the node: work on the whole store, what people said of answers, and the texts of programs.
impl NodeHandle {
    /// What people said of answers.
    #[must_use]
    pub const fn feedback(&self) -> &Feedback {
        &self.feedback
    }

    /// The same handle, with the work on this store.
    #[must_use]
    pub fn with_upkeep(self, upkeep: Upkeep) -> Self {
        Self { upkeep: Some(upkeep), ..self }
    }

    /// The same handle, with the thread that embeds.
    #[must_use]
    pub fn with_embeds(self, embeds: Embeds) -> Self {
        Self { embeds: Some(embeds), ..self }
    }

    /// Whether the agent takes calls: it is not stopping, and there is room for one.
    #[must_use]
    pub fn takes_calls(&self) -> bool {
        !self.calls.is_closed() && !self.calls.is_full()
    }

    /// Where programs have texts embedded.
    #[must_use]
    pub const fn embeds(&self) -> Option<&Embeds> {
        self.embeds.as_ref()
    }

    /// The same handle, with where further models are found.
    #[must_use]
    pub fn with_models(self, places: Places) -> Self {
        Self { models: Some(places), ..self }
    }

    /// The models that are there now, each with the languages that it knows, and the folder that further ones belong into.
    pub async fn models(&self) -> (Vec<(NamedModel, Fluency)>, String) {
        let Some(places) = self.models.clone() else { return (Vec::new(), String::new()) };
        let folder = places.in_home().to_owned();
        let named =
            |of: &Manifest| (NamedModel { name: of.name().to_owned(), fingerprint: of.fingerprint() }, of.fluency());
        let found =
            blocking::look(&folder, move || places.all().iter().map(|one| named(&one.manifest)).collect()).await;
        (found.unwrap_or_default(), folder.display().to_string())
    }

    /// The work on the store.
    #[must_use]
    pub const fn upkeep(&self) -> Option<&Upkeep> {
        self.upkeep.as_ref()
    }
}

/// The finding about tasks that panicked.
fn panicked(panics: u64) -> Option<Finding> {
    let what = format!(
        "A defect of the program stopped {} since the agent started; its log names each. Please report it.",
        count(panics, "task")
    );
    (panics > 0).then_some(Finding { area: Area::Program, what, command: None })
}

/// The key of the finding that a watched place is not named in config.toml.
#[must_use]
pub fn unnamed(path: &str) -> String {
    format!("unnamed:{path}")
}

/// The key of the finding that config.toml names a place, and it is not watched.
#[must_use]
pub fn not_set(path: &str) -> String {
    format!("set:{path}")
}

/// The key of the finding that config.toml could not be written.
const NOT_REMEMBERED: &str = "config.toml";
const FULL: &str = "The agent has too many requests at once. Try again in a moment.";
/// Not `Busy`: it is in vain to ask this agent again.
const STOPPED: &str = "The agent is stopping and did not answer. Nothing was changed.";
const UNANSWERED: &str = "The agent stopped before it answered. If that was a command, look whether it was carried out once the agent runs again.";

/// What was typed could not be written into config.toml, for this reason.
pub(crate) fn not_remembered(why: &str) -> Finding {
    let what = format!(
        "What was last asked for holds, and config.toml does not say so yet: it is written there as soon as that can be done. {why}"
    );
    Finding { area: Area::State, what, command: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_reaches_its_caller() {
        let (node, driver) = NodeHandle::new();
        let answer = smol::block_on(smol::future::zip(node.request(Request::Status), async {
            let call = driver.recv().await.unwrap();
            assert_eq!(call.request, Request::Status);
            call.reply.try_send(Response::Added).unwrap();
        }));
        assert_eq!(answer.0, Response::Added);
    }

    #[test]
    fn a_full_or_closed_queue_is_a_refusal_at_once() {
        let (node, driver) = NodeHandle::new();
        for _ in 0..CALLS_MAX {
            let (reply, _) = bounded(1);
            node.calls.try_send(Call { request: Request::Status, reply }).unwrap();
        }
        assert_eq!(smol::block_on(node.request(Request::Status)), Response::refused(Problem::Busy, FULL));
        drop(driver);
        assert_eq!(smol::block_on(node.request(Request::Status)), Response::refused(Problem::Broken, STOPPED));
    }

    #[test]
    fn a_call_that_the_driver_drops_is_refused() {
        let (node, driver) = NodeHandle::new();
        let (answer, ()) = smol::block_on(smol::future::zip(node.request(Request::Audit), async {
            drop(driver.recv().await.unwrap());
        }));
        assert_eq!(answer, Response::refused(Problem::Unanswered, UNANSWERED));
    }
}
