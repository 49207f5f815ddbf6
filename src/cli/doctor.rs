//! `wattle doctor`: checks the home, the clock, the disk, the model, the running agent, its folders, network and store.
//!
//! `local` needs no agent; `agent` and `network` judge the agent's own reports (`GET /v1/status`, `/v1/doctor`, `/v1/network`,
//! `/v1/energy`), and hold them against this machine where that is possible. Each check ends in one sentence: good; wrong, with what to do
//! and the command that helps; or that it could not run, which is not good. "Nothing is wrong" is written only after every
//! check ran and found all well. Nothing is changed: repairs happen when an agent starts. Files that cannot be used are
//! listed, but they are no fault.
//!
//! How it ends stands in `exit`: whether something is wrong, whether no agent answers, whether a check could not run.

mod agent;
mod check;
mod local;
mod network;
mod settings;
mod unusable;

use super::exit::Exit;
use super::style::Style;
use super::text::{one_line, wrap};
use crate::base::finding::Finding;
use crate::http::client::{Client, Failure};
use crate::http::dto::Checked;
use crate::limits::AUDIT_TOLD_MS;
use crate::platform::blocking;
use crate::platform::child::Parsers;
use crate::platform::home::read_only;
use crate::platform::models::{self, EmbeddedModel};
use crate::platform::stdout::note;
use agent::Reports;
use check::{Check, Outcome};
use serde_json::{Value, json};
use smol::Timer;
use std::fmt::Write;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

/// All checks, and what the agent reports of its store.
#[derive(Clone, Debug)]
pub struct Report {
    checks: Vec<Check>,
    store: Option<Checked>,
}

/// Makes all checks: those of this machine, then those of the agent that `client` asks. Where none answers, the model that
/// the next one would load is checked: the one in the folder `models`, or `embedded`. Hardware is looked at below `sensors`.
pub async fn examine(
    (home, sensors): (&Path, &Path),
    client: Result<Client, Failure>,
    models: Option<&Path>,
    embedded: &EmbeddedModel,
) -> Report {
    let mut checks = local::checks(home, sensors);
    checks.push(local::parser(Parsers::default().say()));
    // An agent that does not answer this is asked nothing else: each question would wait as long.
    let client = match client {
        Ok(client) => client.status().await.map(|_| client),
        Err(failure) => Err(failure),
    };
    let client = client.as_ref().map_err(Failure::clone);
    // First: it takes longest, and what the others say of this moment is held against it.
    let audit = told_to_wait(async { Ok(client.clone()?.doctor().await?.read) }).await;
    let mut reports = Reports {
        status: async { Ok(client.clone()?.status().await?.read) }.await,
        network: async { Ok(client.clone()?.network().await?.read) }.await,
        mesh: async { Ok(client.clone()?.mesh().await?.read) }.await,
        energy: async { Ok(client.clone()?.energy().await?.read) }.await,
        audit,
    };
    if let Ok(status) = &mut reports.status {
        tell_once(&checks, read_only(home).as_ref(), &mut status.findings);
    }
    if reports.status.is_err() {
        let model = models.map(models::find).transpose().and_then(|folder| models::load(folder.as_deref(), embedded));
        checks.push(match model {
            Ok((_, manifest)) => local::model(home, manifest.name(), manifest.fingerprint()),
            Err(why) => Check::wrong("model", why, "cargo install --path . --force"),
        });
    }
    checks.extend(agent::checks(&reports, look));
    checks.iter_mut().for_each(|check| check.name_home(home));
    Report { checks, store: reports.audit.ok() }
}

/// What the checks of this machine told is told once: of the page's address, of the small files, which one check tells together, and of the mesh's list the
/// agent says the same, and of a disk that cannot be written too, in its own words (`unwritable`).
fn tell_once(checks: &[Check], unwritable: Option<&Finding>, findings: &mut Vec<Finding>) {
    let is_told = |finding: &Finding| checks.iter().any(|check| check.says().contains(&finding.what));
    let is_of_disk = |finding: &Finding| {
        let is_home_wrong = || checks.iter().any(|check| check.name == "home" && !check.is_good());
        unwritable.is_some_and(|unwritable| unwritable.what == finding.what) && is_home_wrong()
    };
    findings.retain(|finding| !is_told(finding) && !is_of_disk(finding));
}

/// Says on standard error that this takes a while, if it does.
async fn told_to_wait<T>(audit: impl Future<Output = T>) -> T {
    let mut audit = pin!(audit);
    let told = async {
        Timer::after(Duration::from_millis(AUDIT_TOLD_MS)).await;
        None
    };
    if let Some(done) = smol::future::or(async { Some(audit.as_mut().await) }, told).await {
        return done;
    }
    note("The agent reads its whole store and checks it. Beside other work that takes a while, up to some minutes.");
    audit.await
}

/// Whether a watched place can be looked at.
fn look(place: &Path) -> Result<(), String> {
    let own = place.to_owned();
    let looked = smol::block_on(blocking::look(place, move || look_at(&own)));
    looked.unwrap_or_else(|_| Err("it does not answer".to_owned()))
}

fn look_at(place: &Path) -> Result<(), String> {
    match std::fs::metadata(place) {
        Ok(meta) if meta.is_dir() => {
            std::fs::read_dir(place).map(drop).map_err(|error| format!("it cannot be read ({error})"))
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err("it is not there".to_owned()),
        Err(error) => Err(format!("it cannot be looked at ({error})")),
    }
}

impl Report {
    /// Whether every check ran and found all well. Files that cannot be used count as no fault.
    #[must_use]
    pub fn well(&self) -> bool {
        self.checks.iter().all(Check::is_good)
    }

    /// How the doctor ends.
    #[must_use]
    pub(super) fn exit(&self) -> Exit {
        let wrong = |check: &&Check| matches!(check.outcome, Outcome::Wrong { .. });
        match self.checks.iter().filter(wrong).map(|check| check.name).collect::<Vec<_>>().as_slice() {
            [] if self.well() => Exit::Done,
            [] => Exit::NotChecked,
            ["agent"] => Exit::NoAgent,
            _ => Exit::NotDone,
        }
    }

    /// For programs: `{well, checks: [{name, ok, ran, says, command}], store}`; `store` is the agent's own answer or null.
    #[must_use]
    pub fn json(&self) -> Value {
        let check = |check: &Check| {
            let ran = !matches!(check.outcome, Outcome::NotRun(_));
            json!({
                "name": check.name, "ok": check.is_good(), "ran": ran, "says": check.says(), "command": check.command(),
            })
        };
        json!({ "well": self.well(), "checks": self.checks.iter().map(check).collect::<Vec<_>>(), "store": self.store })
    }

    /// For people.
    #[must_use]
    pub fn text(&self, style: &Style) -> String {
        let mut text = String::new();
        for check in &self.checks {
            let mark = match check.outcome {
                Outcome::Good(_) => "ok",
                Outcome::Wrong { .. } => "WRONG",
                Outcome::NotRun(_) => "?",
            };
            paragraph(&mut text, &format!("{mark:<6} {:<8} ", check.name), check.says(), *style);
            if let Some(command) = check.command() {
                // On a line of its own, to be copied.
                let _ = writeln!(text, "{:16}{}", "", one_line(command));
            }
        }
        if let Some(store) = &self.store {
            for fault in &store.faults {
                paragraph(&mut text, "       - ", fault, *style);
            }
            for (what, reason) in unusable::listed(&store.refused) {
                // A path stands whole, on a line of its own.
                let _ = writeln!(text, "       not usable: {what}");
                paragraph(&mut text, &" ".repeat(19), reason, *style);
            }
            if let Some(more) = unusable::more(store.counted.files.refused, store.refused.len()) {
                let _ = writeln!(text, "       {more}");
            }
        }
        let count = |wanted: fn(&Outcome) -> bool| self.checks.iter().filter(|check| wanted(&check.outcome)).count();
        let wrong = count(|outcome| matches!(outcome, Outcome::Wrong { .. }));
        let not_run = count(|outcome| matches!(outcome, Outcome::NotRun(_)));
        text.push_str(&match (wrong, not_run) {
            (0, 0) if self.checks.iter().any(|check| check.name == "work" && check.says().contains("`wattle work now`")) => {
                "Nothing is wrong, but files wait because the device is in use: `wattle work now` embeds them all the same.\n".to_owned()
            }
            (0, 0) => "Nothing is wrong.\n".to_owned(),
            (0, _) => format!("Not everything could be checked ({not_run}, marked ?).\n"),
            (_, 0) => format!("Something is wrong ({wrong}, marked WRONG).\n"),
            _ => format!("Something is wrong ({wrong}, marked WRONG), and not everything could be checked ({not_run}, marked ?).\n"),
        });
        text
    }
}

fn paragraph(text: &mut String, lead: &str, says: &str, style: Style) {
    let mut lead = lead.to_owned();
    for line in wrap(says, style.width.saturating_sub(lead.len()), usize::MAX) {
        let _ = writeln!(text, "{lead}{line}");
        lead = " ".repeat(lead.len());
    }
}

#[cfg(test)]
#[path = "doctor/page_test.rs"]
mod page_test;
#[cfg(test)]
#[path = "doctor/rows_test.rs"]
mod rows_test;
#[cfg(test)]
#[path = "doctor/starting_test.rs"]
mod starting_test;
#[cfg(test)]
#[path = "doctor/test.rs"]
mod test;
