//! `wattle doctor`: checks the home, the disk, the model, the running agent, its network and its store.
//!
//! The checks in `LOCAL` need no agent; the others are made from the agent's own reports (`GET /v1/doctor`, `/v1/network`,
//! `/v1/energy`). Each check ends in one sentence, good or bad, and a bad one says what to do. Nothing is changed: repairs
//! happen when an agent starts. Files that cannot be used are listed, but they are no fault.

mod check;
mod network;

use super::display;
use super::display::Style;
use super::text::{one_line, wrap};
use crate::base::finding::{Area, Finding};
use crate::http::client::{Client, Failure};
use crate::http::dto::{Checked, Unusable};
use crate::limits::DISK_FREE_MIN;
use crate::platform::home::{Home, HomeFile, disk_free};
use crate::platform::models;
use crate::runtime::governor::Current;
use check::Check;
use rustix::fs::Access;
use serde_json::{Value, json};
use std::fmt::Write;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A check of this machine, given the agent's home. It blocks for moments at most and changes nothing.
type Local = fn(&Path) -> Check;

/// The checks of this machine, in the order in which they are shown.
const LOCAL: &[Local] = &[
    home,
    config,
    |home| secret("key", &Home::at(home).file(HomeFile::Identity)),
    |home| secret("token", &Home::at(home).file(HomeFile::Token)),
    disk,
];

/// All checks, and what the agent reports of its store.
#[derive(Clone, Debug)]
pub struct Report {
    checks: Vec<Check>,
    store: Option<Checked>,
}

/// Makes all checks: those of this machine, then those of the agent at `api`.
pub async fn examine(home: &Path, api: SocketAddr) -> Report {
    let mut checks: Vec<Check> = LOCAL.iter().map(|check| check(home)).collect();
    let answer = async { Client::new(api, home)?.doctor().await }.await;
    let network = async { Client::new(api, home)?.network().await }.await;
    let energy = async { Client::new(api, home)?.energy().await }.await;
    let status = async { Client::new(api, home)?.status().await }.await;
    let (agent, store) = match answer {
        Ok(answer) => (Ok(format!("It answers on {api}.")), Some(answer.read)),
        Err(Failure::NoAgent(why) | Failure::NotDone(why)) => (Err(why), None),
    };
    if store.is_none() {
        // A running agent has loaded its model, wherever it found it.
        let model = models::find(None).map(|folder| format!("A model lies in {}.", folder.display()));
        checks.push(Check::new("model", model));
    }
    checks.push(Check::new("agent", agent));
    if let Some(store) = &store {
        checks.push(Check::new("store", store_outcome(store)));
    }
    if let Ok(current) = energy {
        checks.push(Check::new("energy", Ok(governed(&current.read))));
    }
    if let Ok(network) = network {
        checks.extend(network::checks(&network.read));
    }
    if let Ok(status) = status {
        checks.extend(Area::ALL.iter().flat_map(|area| found(*area, &status.read.findings)));
    }
    Report { checks, store }
}

/// Which agent governs the host, by which sensor, and what is allowed now.
fn governed(current: &Current) -> String {
    let who = if current.details.leads { "This agent governs its host" } else { "Another agent governs this host" };
    let by = match &current.report.cpu_sensor {
        Some(sensor) => format!("by {}", one_line(sensor)),
        None => "without a sensor of the CPU, and so at most half of it".to_owned(),
    };
    format!("{who}, {by}. {}", current.details.why)
}

/// One check of an area for each finding, or one good check if there is none.
fn found(area: Area, findings: &[Finding]) -> Vec<Check> {
    let (name, good) = match area {
        Area::Folders => ("folders", "Every watched folder is there and followed."),
        Area::Peers => ("peers", "No device contradicts another, and each key has one holder."),
        Area::Messages => ("signed", "No message was refused."),
        Area::Sensors => ("sensors", "No sensor contradicts another."),
        Area::State => ("state", "The agent's own files are whole."),
        Area::Program => ("program", "No task was stopped by a defect of the program."),
    };
    let bad = |finding: &Finding| {
        let command = finding.command.as_ref().map(|command| format!(" Type: {command}")).unwrap_or_default();
        Check::new(name, Err(finding.what.clone() + &*command))
    };
    let bad: Vec<Check> = findings.iter().filter(|finding| finding.area == area).map(bad).collect();
    if bad.is_empty() { vec![Check::new(name, Ok(good.to_owned()))] } else { bad }
}

fn store_outcome(store: &Checked) -> Result<String, String> {
    let counts = store.counted;
    if store.clean {
        let files = display::files(&counts.files);
        Ok(format!("It adds up: files {files}; {} passages, {} of them embedded.", counts.chunks, counts.vectors))
    } else {
        Err(format!(
            "{} things do not add up. Stop the agent and start it again: it repairs its store.",
            store.fault_count
        ))
    }
}

fn config(home: &Path) -> Check {
    let outcome = Home::at(home).settings().map(|settings| match settings {
        Some(_) => "config.toml can be used.".to_owned(),
        None => "There is no config.toml; the defaults hold.".to_owned(),
    });
    Check::new("settings", outcome)
}

fn home(home: &Path) -> Check {
    let name = home.display();
    let outcome = match std::fs::metadata(home) {
        Err(error) => Err(format!("The home {name} cannot be looked at: {error}.")),
        Ok(meta) if !meta.is_dir() => Err(format!("The home {name} is not a folder.")),
        Ok(meta) if meta.permissions().mode() & 0o077 != 0 => {
            Err(format!("The home {name} is open to other users of this machine. Starting the agent makes it private."))
        }
        Ok(_) => match rustix::fs::access(home, Access::WRITE_OK | Access::EXEC_OK) {
            Ok(()) => Ok(format!("{name} is private and can be written.")),
            Err(error) => Err(format!("The home {name} cannot be written: {error}.")),
        },
    };
    Check::new("home", outcome)
}

/// Checks a file that only its owner may read.
fn secret(what: &'static str, path: &Path) -> Check {
    let name = path.display();
    let outcome = match std::fs::metadata(path) {
        Err(error) => Err(format!("{name} cannot be looked at: {error}. The agent makes it at its first start.")),
        Ok(meta) if !meta.is_file() => Err(format!("{name} is not a regular file.")),
        Ok(meta) if meta.permissions().mode() & 0o077 != 0 => {
            Err(format!("{name} can be read by other users of this machine. Starting the agent makes it private."))
        }
        Ok(_) => Ok(format!("{name} is there, and only its owner may read it.")),
    };
    Check::new(what, outcome)
}

fn disk(home: &Path) -> Check {
    let free = disk_free(home);
    let (has, needed) = (free >> 20, DISK_FREE_MIN >> 20);
    let outcome = if free >= DISK_FREE_MIN {
        Ok(format!("{has} MiB are free where the home is."))
    } else {
        Err(format!("Only {has} MiB are free where the home is; {needed} MiB are needed to index more."))
    };
    Check::new("disk", outcome)
}

impl Report {
    /// Whether nothing is wrong. Files that cannot be used count as no fault.
    #[must_use]
    pub fn well(&self) -> bool {
        self.checks.iter().all(|check| check.outcome.is_ok())
    }

    /// For programs: `{well, checks: [{name, ok, says}], store}`; `store` is the agent's own answer or null.
    #[must_use]
    pub fn json(&self) -> Value {
        let check = |check: &Check| {
            let (Ok(says) | Err(says)) = &check.outcome;
            json!({ "name": check.name, "ok": check.outcome.is_ok(), "says": says })
        };
        json!({ "well": self.well(), "checks": self.checks.iter().map(check).collect::<Vec<_>>(), "store": self.store })
    }

    /// For people.
    #[must_use]
    pub fn text(&self, style: &Style) -> String {
        let mut text = String::new();
        for Check { name, outcome } in &self.checks {
            let (Ok(says) | Err(says)) = outcome;
            let mark = if outcome.is_ok() { "ok" } else { "WRONG" };
            paragraph(&mut text, &format!("{mark:<6} {name:<6} "), says, *style);
        }
        if let Some(store) = &self.store {
            for fault in &store.faults {
                paragraph(&mut text, "       - ", fault, *style);
            }
            for Unusable { path, reason } in &store.refused {
                paragraph(&mut text, "       not usable: ", &format!("{path}: {reason}"), *style);
            }
        }
        text.push_str(if self.well() { "Nothing is wrong.\n" } else { "Something is wrong: see the lines above.\n" });
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
mod tests {
    use super::*;
    use crate::http::dto::Counts;
    use std::fs::{Permissions, set_permissions, write};

    fn mode(path: &Path, mode: u32) {
        set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_home_or_key_that_others_can_read_is_wrong_and_a_private_one_is_well() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let key = path.join("identity.key");
        assert!(secret("key", &key).outcome.unwrap_err().contains("first start"));
        write(&key, "x").unwrap();
        for (at, good, bad) in [(path, 0o700, 0o755), (&key, 0o600, 0o640)] {
            let check = |at: &Path| if at == path { home(at) } else { secret("key", at) };
            mode(at, bad);
            assert!(check(at).outcome.unwrap_err().contains("other users"));
            mode(at, good);
            assert!(check(at).outcome.is_ok());
        }
        assert!(home(&path.join("none")).outcome.is_err());
        assert!(home(&key).outcome.unwrap_err().contains("not a folder"));
    }

    #[test]
    fn each_finding_is_a_check_of_its_area_with_its_command() {
        let finding = Finding {
            area: Area::Folders,
            what: "/a is away.".to_owned(),
            command: Some("wattle forget /a".to_owned()),
        };
        let checks = found(Area::Folders, &[finding.clone(), finding.clone()]);
        assert_eq!(checks.len(), 2);
        assert_eq!(checks[0].outcome, Err("/a is away. Type: wattle forget /a".to_owned()));
        assert!(found(Area::Sensors, &[finding])[0].outcome.is_ok());
    }

    #[test]
    fn a_store_that_does_not_add_up_fails_the_report_which_lists_its_faults() {
        let mut store = Checked {
            clean: true,
            counted: Counts::default(),
            believed: Counts::default(),
            faults: Vec::new(),
            fault_count: 0,
            refused: vec![Unusable { path: "/a\u{1b}[1m.pdf".into(), reason: "It is binary.".into() }],
        };
        let style = Style { width: 60, styled: false };
        let report = |store: &Checked| Report {
            checks: vec![Check::new("store", store_outcome(store))],
            store: Some(store.clone()),
        };
        assert!(report(&store).well());
        assert!(report(&store).text(&style).contains("not usable: /a\u{fffd}[1m.pdf: It is binary.\n"));
        store = Checked { clean: false, faults: vec!["Row 7 has no chunk.".into()], fault_count: 1, ..store };
        assert!(!report(&store).well());
        assert_eq!(report(&store).json()["store"]["fault_count"], 1);
        assert!(report(&store).text(&style).contains("- Row 7 has no chunk.\n"));
        assert!(report(&store).text(&style).ends_with("Something is wrong: see the lines above.\n"));
    }
}
