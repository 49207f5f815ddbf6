//! The checks of the running agent, made from its own reports and held against this machine where that is possible.

use super::check::{Check, Outcome};
use super::network::{self, Known};
use crate::base::count::{count, plural};
use crate::base::finding::{Area, Finding, quoted};
use crate::cli::display;
use crate::cli::languages;
use crate::cli::text::one_line;
use crate::http::client::Failure;
use crate::http::dto::{Checked, FileSample, Model, StatusReport};
use crate::http::folders::{Watched, left_out};
use crate::net::diagnostics::NetworkReport;
use crate::node::mesh_report::{MeshReport, of_removal};
use crate::platform::clock;
use crate::platform::home::{CONTINUES, STILL_RUNS};
use crate::platform::running::STARTING;
use crate::platform::store::MENDED_BY_START;
use crate::runtime::governor::Current;
use crate::store::kv::DAMAGED;
use std::path::Path;

/// What the agent reports, or why it does not.
#[derive(Debug)]
pub(super) struct Reports {
    /// `GET /v1/status`.
    pub(super) status: Result<StatusReport, Failure>,
    /// `GET /v1/doctor`.
    pub(super) audit: Result<Checked, Failure>,
    /// `GET /v1/network`.
    pub(super) network: Result<NetworkReport, Failure>,
    /// `GET /v1/mesh`: when each device was linked last, also before this start.
    pub(super) mesh: Result<MeshReport, Failure>,
    /// `GET /v1/energy`.
    pub(super) energy: Result<Current, Failure>,
}

/// The model is there; and which collections need one that knows more languages.
fn loaded(model: &Model) -> String {
    let mut says = format!("{} is loaded, and its files are whole.", model.name);
    for needs in model.languages.iter().filter_map(languages::needs) {
        says.push(' ');
        says.push_str(&needs);
    }
    says
}

/// The checks, in the order in which they are shown. `place` looks at a watched place on the disk: the error says what is
/// the matter with it.
pub(super) fn checks(reports: &Reports, place: impl Fn(&Path) -> Result<(), String>) -> Vec<Check> {
    let mut checks = Vec::new();
    match &reports.status {
        Ok(status) => {
            let starting = status.activity.starting.as_ref();
            let starts = starting.map_or_else(String::new, |starting| format!(" {}", starting.says));
            checks.push(Check::good("agent", format!("It answers: {}, {}.{starts}", status.device, status.peer_id)));
            checks.push(Check::good("model", loaded(&status.model)));
            checks.push(if display::is_unknown(status) { Check::not_run("work", STARTS) } else { work(status) });
            let is_in_mesh = reports.mesh.as_ref().is_ok_and(|mesh| mesh.members.len() > 1);
            checks.push(match starting {
                Some(starting) if starting.folders => Check::not_run("sources", STARTS),
                _ => sources(status, is_in_mesh || !status.peers.is_empty(), place),
            });
            let findings = dated(&status.findings, reports.mesh.as_ref().ok());
            checks.extend(Area::ALL.iter().flat_map(|area| found(*area, &findings)));
        }
        Err(failure) => {
            checks.push(unanswered(failure));
            let names = ["work", "sources"].into_iter().chain(Area::ALL.into_iter().map(name));
            checks.extend(names.map(|name| Check::not_run(name, NO_ANSWER)));
        }
    }
    match &reports.audit {
        Ok(audit) => {
            let scanning = reports.status.as_ref().is_ok_and(|status| status.activity.scanning);
            let sources = reports.status.as_ref().map_or(&[][..], |status| &status.sources[..]);
            checks.push(store(audit, reports.status.as_ref().ok().and_then(display::store_read)));
            let held = reports.status.as_ref().ok().and_then(|status| status.activity.held.as_deref());
            checks.push(files(audit.sample.as_ref(), (scanning, held), sources));
        }
        Err(failure) => {
            checks.push(unchecked_store(failure));
            checks.push(not_run("files", failure));
        }
    }
    checks.push(match &reports.energy {
        Ok(current) => Check::good("energy", governed(current)),
        Err(Failure::NotDone(why)) if why.contains("--governor off") => {
            Check::good("energy", "The governor was switched off for this run: nothing is measured or held back.")
        }
        Err(failure) => not_run("energy", failure),
    });
    match &reports.network {
        Ok(network) => {
            let now = clock::wall_ns() / 1_000_000_000;
            let known = Known { status: reports.status.as_ref().ok(), mesh: reports.mesh.as_ref().ok(), now };
            checks.extend(network::checks(network, &known));
        }
        Err(failure) => checks.extend(["listen", "mdns", "udp", "peer"].map(|name| not_run(name, failure))),
    }
    checks
}

/// The findings, that this device was removed from its mesh with the time since which that is known: the node knows no date.
fn dated(findings: &[Finding], mesh: Option<&MeshReport>) -> Vec<Finding> {
    let removal = mesh.and_then(|mesh| Some((of_removal(mesh.removed_by.as_deref()), mesh.own_removal()?)));
    let dated = |finding: &Finding| match &removal {
        Some((plain, dated)) if finding.what == *plain => Finding { what: dated.clone(), ..finding.clone() },
        _ => finding.clone(),
    };
    findings.iter().map(dated).collect()
}

const STARTS: &str = "The agent is starting, and does not know that yet. Ask again in a moment.";

const NO_ANSWER: &str = "It could not be checked: the agent does not answer.";

fn not_run(name: &'static str, failure: &Failure) -> Check {
    match failure {
        Failure::NoAgent(_) => Check::not_run(name, NO_ANSWER),
        other => Check::not_run(name, format!("It could not be checked. {}", other.sentence())),
    }
}

/// No agent, or one that does not answer.
fn unanswered(failure: &Failure) -> Check {
    let why = failure.sentence();
    if matches!(failure, Failure::Silent(_)) {
        // The sentence about a frozen one has the command that lets it go on.
        if let Some(command) = why.split('`').find(|part| part.starts_with(CONTINUES)) {
            return Check::wrong("agent", why, command);
        }
        let what = "It hangs, or this device is too busy. If that lasts, end it with `kill -9` and its number, and start it \
                    again: what was acknowledged is on the disk.";
        return Check::wrong("agent", format!("{why} {what}"), "pgrep -a wattle");
    }
    if why.contains(STILL_RUNS) {
        // A start would be the wrong thing to do.
        return Check::wrong("agent", why, "pgrep -a wattle");
    }
    Check::wrong("agent", why, if why.contains(STARTING) { "wattle doctor" } else { "wattle up" })
}

/// Whether work goes on, or why not.
fn work(status: &StatusReport) -> Check {
    let waiting = status.files.to_do();
    let absent = status.files.absent_phrase().map_or_else(String::new, |absent| format!(" Besides, {absent}."));
    match &status.activity.held {
        Some(why) => Check::wrong("work", format!("Nothing is indexed just now. {why}"), "wattle status"),
        None if status.activity.working && !display::waits_for_use(status) => {
            Check::good("work", "The agent is indexing.")
        }
        None if waiting > 0 => {
            let files = if waiting == 1 { "One file waits".to_owned() } else { format!("{waiting} files wait") };
            let why = status.activity.background.as_ref().map_or_else(String::new, |why| format!(" {why}"));
            Check::good("work", format!("{files} to be read or embedded.{why}{absent}"))
        }
        None => Check::good(
            "work",
            match display::first_look(&status.sources) {
                Some(look) => format!("What was found before is indexed; {look}, and more files may be found.{absent}"),
                None if absent.is_empty() => "Everything that was found is indexed.".to_owned(),
                None => format!("Everything that is there is indexed.{absent}"),
            },
        ),
    }
}

/// Holds the watched places against the disk. What the agent knows of one already is a finding of its own, or was decided by
/// the owner with `wattle keep`. A device that has others to ask needs no folder of its own.
fn sources(status: &StatusReport, has_others: bool, place: impl Fn(&Path) -> Result<(), String>) -> Check {
    let (sources, findings) = (&status.sources, &status.findings);
    if sources.is_empty() && has_others {
        return Check::good("sources", "No folder is watched here: this device asks the others only.");
    }
    if sources.is_empty() {
        return Check::wrong("sources", "No folder is watched, so nothing can be found.", "wattle add FOLDER");
    }
    let known = |path: &str| findings.iter().any(|finding| finding.area == Area::Folders && names(&finding.what, path));
    let kept = |source: &&Watched| source.away.iter().any(|away| away.kept && away.path == source.path);
    let bad = sources.iter().filter(|source| !known(&source.path) && !kept(source));
    let bad = bad.filter_map(|source| place(Path::new(&source.path)).err().map(|why| (source.path.clone(), why)));
    match bad.collect::<Vec<_>>().as_slice() {
        [] => {
            let left_out = left_out(sources).map_or_else(String::new, |left_out| format!(" {left_out}"));
            let places =
                if sources.len() == 1 { "One place is".to_owned() } else { format!("{} places are", sources.len()) };
            let away: Vec<_> = sources.iter().filter(kept).map(|source| source.path.as_str()).collect();
            let away = if away.is_empty() {
                String::new()
            } else {
                format!(" Not there, and kept by your word: {}.", away.join(", "))
            };
            Check::good("sources", format!("{places} watched.{away}{left_out}"))
        }
        [(path, why), ..] => {
            let says = format!("{path} is watched, and {why}. The agent has not noticed that yet.");
            Check::wrong("sources", says, format!("ls -ld {}", quoted(path)))
        }
    }
}

/// Whether a sentence names this path, and not only one that begins with it.
fn names(sentence: &str, path: &str) -> bool {
    let ends = |at: usize| {
        let mut rest = sentence[at + path.len()..].chars();
        match rest.next() {
            Some('.') => rest.next().is_none_or(char::is_whitespace),
            other => other.is_none_or(|next| !next.is_alphanumeric() && !"/-_".contains(next)),
        }
    };
    sentence.match_indices(path).any(|(at, _)| ends(at))
}

const fn name(area: Area) -> &'static str {
    match area {
        Area::Folders => "folders",
        Area::Peers => "devices",
        Area::Messages => "messages",
        Area::Sensors => "sensors",
        Area::State => "state",
        Area::Program => "program",
    }
}

/// One check of an area for each finding, or one good check if there is none.
fn found(area: Area, findings: &[Finding]) -> Vec<Check> {
    let good = match area {
        Area::Folders => "Every watched folder is there and followed.",
        Area::Peers => "No device contradicts another, and each key has one holder.",
        Area::Messages => "No message was refused.",
        Area::Sensors => "No sensor contradicts another.",
        Area::State => "The agent's own files are whole and can be written.",
        Area::Program => "No task was stopped by a defect of the program.",
    };
    let bad = findings.iter().filter(|finding| finding.area == area).map(|finding| {
        let outcome = Outcome::Wrong { says: finding.what.clone(), command: finding.command.clone(), there: false };
        Check { name: name(area), outcome }
    });
    let bad: Vec<Check> = bad.collect();
    if bad.is_empty() { vec![Check::good(name(area), good)] } else { bad }
}

/// A store that could not be checked; one that cannot be read for damage is wrong.
fn unchecked_store(failure: &Failure) -> Check {
    match failure {
        Failure::NotDone(why) if why.contains(DAMAGED) => {
            Check::wrong("store", format!("{why} {MENDED_BY_START}"), "wattle up")
        }
        _ => not_run("store", failure),
    }
}

fn store(store: &Checked, read: Option<String>) -> Check {
    let counts = store.counted;
    if store.clean {
        let files = counts.files.phrase();
        let waiting = counts.chunks.saturating_sub(counts.vectors).saturating_sub(counts.set_aside);
        let rest = [(waiting, "waiting"), (counts.set_aside, "of files that are parked or not usable")];
        let rest =
            rest.into_iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!(", {number} {what}"));
        let rest: String = rest.collect();
        // The other lines are of after it, and work goes on meanwhile.
        let since = if waiting > 0 { " So it was when the check began." } else { "" };
        let says = format!(
            "It adds up: files {files}; {}, {} embedded{}.{since}{}",
            count(counts.chunks, "passage"),
            counts.vectors,
            rest,
            read.map_or_else(String::new, |read| format!(" By itself the agent read it whole last on {read}."))
        );
        return Check::good("store", says);
    }
    let first = store.faults.first().map_or_else(String::new, |first| format!(" The first: {}.", one_line(first)));
    let says = format!(
        "{} not add up. Stop the agent and start it again: it repairs its store.{first}",
        count(store.fault_count, "thing") + plural(store.fault_count, " does", " do")
    );
    Check::wrong("store", says, "wattle up")
}

/// Why that number of files is another one at each call.
const SAMPLE: &str = "They are a sample, a new one each time.";

/// A sample of the files on the disk, held against the index.
fn files(sample: Option<&FileSample>, (scanning, held): (bool, Option<&str>), sources: &[Watched]) -> Check {
    if let Some(look) = display::first_look(sources) {
        // What changed while no agent ran is not known before.
        return Check::not_run("files", format!("There is nothing to tell of them: {look}. Ask again afterwards."));
    }
    let Some(FileSample { looked, different, examples, undecided }) = sample else {
        return Check::not_run("files", "The files could not be held against the index; the agent's log says why.");
    };
    let is_asked = sources.iter().any(|source| source.missing.is_some());
    let unsaved = different + if is_asked { 0 } else { *undecided };
    if let Some(why) = held.filter(|_| unsaved > 0) {
        let example = examples.first().map_or_else(String::new, |path| format!(", {} for example", one_line(path)));
        let says = format!(
            "The index does not have {unsaved} of {} as they are{example}: changes cannot be saved just now, and are taken in once that is \
             over. Until then a text whose file is gone or changed does not answer. {why}",
            count(*looked, "file")
        );
        return Check::wrong("files", says, "wattle status");
    }
    let gone = match undecided {
        0 => String::new(),
        1 => " One of them is gone, which the agent knows; its document is kept until it is decided.".to_owned(),
        many => {
            format!(" {many} of them are gone, which the agent knows; their documents are kept until it is decided.")
        }
    };
    if *different == 0 {
        let were = plural(*looked, "was", "were");
        let rest = match (gone.is_empty(), *looked) {
            (true, 1) => "it has it as it is.",
            (true, _) => "it has them as they are.",
            (false, _) => "it has the others as they are.",
        };
        let what = format!("{} {were} held against the index: {rest}{gone} {SAMPLE}", count(*looked, "file"));
        return Check::good("files", what);
    }
    let named = examples.iter().take(3).map(|path| one_line(path)).collect::<Vec<_>>().join(", ");
    let says =
        format!("The index does not have {different} of {} as they are, {named} for example", count(*looked, "file"));
    if scanning {
        return Check::not_run("files", format!("{says}; folders are being looked at just now. Ask again afterwards."));
    }
    let says = format!("{says}: a change was not noticed. Adding the folder again has the agent look at it now.{gone}");
    Check::wrong(
        "files",
        says,
        format!("wattle add {}", sources.first().map_or("FOLDER".to_owned(), |source| quoted(&source.path))),
    )
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
