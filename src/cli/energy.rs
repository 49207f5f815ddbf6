//! `wattle energy`: how much background work is done, why, and what it costs.
//!
//! A running agent answers for itself. Where none runs, a new supply is written to the state file in the home, under the
//! home's lock, and the next agent reads it. Joules are shown with their method, their scope (the
//! whole board, the CPU package, the battery) and their error; unknown joules are never shown as a number.

use super::args::Supply;
use super::calibrate;
use super::calibrate::Power;
use super::output::{Stop, compact, pretty, print, print_as_is, print_next, show, show_done};
use super::text::one_line;
use crate::base::count::count;
use crate::base::level::Energy;
use crate::base::span::span;
use crate::base::time::Duration;
use crate::energy::accounting::task::{Method, Scope};
use crate::energy::board::limit::LimitFrom;
use crate::energy::board::report::BoardReport;
use crate::energy::board::source::Source;
use crate::energy::coordinator::persisted::Calibration;
use crate::energy::reason::Reason;
use crate::energy::report::Report;
use crate::http::client::{Client, Failure};
use crate::platform::home::{Home, hints};
use crate::platform::sysfs;
use crate::runtime::governor::{BurstFrom, Current, GovernorDetails, MethodTotal, state_file};
use serde_json::json;
use smol::Timer;
use std::fmt::Write;
use std::path::Path;

/// Between two requests of `--watch`.
const WATCH: std::time::Duration = std::time::Duration::from_secs(2);

/// As whom the agent names the sender of a hint that was typed.
const HINT_FROM: &str = "the command line";

/// Reads a tree of sensors once; no agent is asked.
pub(super) fn read_tree(root: &Path, as_json: bool) -> Result<(), Stop> {
    if !root.is_dir() {
        return Err(Stop::NotDone(format!("{} is not a folder that can be read.", root.display())));
    }
    let found = BoardReport::of(&sysfs::tree(root));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let report = Report::glance(&found, cores);
    if as_json {
        let json = serde_json::to_value(&report).map_err(|error| Stop::NotDone(error.to_string()))?;
        return print_as_is(&pretty(&json));
    }
    let why = report.reason.map_or_else(|| "nothing is in the way".to_owned(), |reason| reason.to_string());
    print(&format!("{}Headroom     {:.0} %: {why}\n", text(&report), report.headroom * 100.0))
}

/// Measures what a busy core costs, and keeps it in the home.
pub(super) fn calibrate(home: &Path, time: Duration, as_json: bool) -> Result<(), Stop> {
    // Takes the home's lock: a running agent would work during the measurement, and overwrite the result.
    let home = Home::open(home).map_err(|why| Stop::NotDone(format!("{why} Calibrating needs the agent stopped.")))?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let meter = home.settings().map_err(Stop::NotDone)?.unwrap_or_default().energy.meter;
    // A program reads the result alone on standard output.
    let mut out: Box<dyn std::io::Write> =
        if as_json { Box::new(std::io::stderr()) } else { Box::new(std::io::stdout()) };
    let (found, scope) = if let Some((mut sensors, scope)) = calibrate::sensor(Path::new("/"), meter.as_deref()) {
        let _ = std::io::Write::write_fmt(&mut out, format_args!("Measured here: {}.\n", scope.as_str()));
        let mut watts = |now| sensors.watts(now, None).map(|watts| watts.watts);
        (calibrate::run(&mut Power::Measured(&mut watts), cores, time, &mut out), scope)
    } else {
        let plug = "Nothing here measures power: read the watts off a plug, and type them when you are asked.\n";
        let _ = std::io::Write::write_all(&mut out, plug.as_bytes());
        let typed = calibrate::run(&mut Power::Typed(&mut std::io::stdin().lock()), cores, time, &mut out);
        (typed, Scope::BoardInput)
    };
    let measured = found.map_err(Stop::NotDone)?;
    let calibration = Calibration { idle_watts: measured.idle_watts, core_watts: measured.core_watts, scope };
    state_file::calibrated(home.path(), calibration).map_err(|error| {
        Stop::NotDone(format!("What was found cannot be kept in {}: {error}.", home.path().display()))
    })?;
    let Calibration { idle_watts, core_watts, scope } = calibration;
    let fields = json!({ "idle_watts": idle_watts, "core_watts": core_watts, "scope": scope });
    show_done(as_json, fields, &calibrated(calibration))
}

/// The result, and which part of the device it covers.
fn calibrated(result: Calibration) -> String {
    let (what, but) = match result.scope {
        Scope::CpuPackage => ("The CPU package", " What the rest of the device takes is not in it."),
        _ => ("The device", ""),
    };
    format!(
        "{what} takes {:.2} W without work, and {:.2} W for each busy core. Joules are computed from that from now on: {}, ±{} \
         %.{but}\n",
        result.idle_watts,
        result.core_watts,
        result.scope.as_str(),
        Method::ModelCalibrated.err_pct()
    )
}

/// Asks the running agent, once or until Ctrl-C.
pub(super) async fn report(client: &Client, watch: bool, as_json: bool) -> Result<(), Stop> {
    let mut before = None;
    loop {
        let answer = client.energy().await?;
        if !watch {
            return show(as_json, &answer.json, || current(&answer.read));
        }
        let line = if as_json { compact(&answer.json) } else { hints(&line(&answer.read)).into_owned() };
        if as_json || before.as_ref() != Some(&line) {
            print_next(&line)?;
            before = Some(line);
        }
        Timer::after(WATCH).await;
    }
}

/// `wattle energy new-supply`.
pub(super) async fn new_supply(client: Result<Client, Failure>, home: &Path, as_json: bool) -> Result<(), Stop> {
    let answer = async { client?.new_supply().await }.await;
    match answer.map_err(Stop::from) {
        Ok(answer) => {
            let text = format!("The power supply counts as a new one. {}\n", answer.read.details.why);
            show_done(as_json, json!({ "energy": answer.json }), &text)
        }
        Err(Stop::NoAgent(_)) if home.is_dir() => {
            let home = Home::open(home).map_err(Stop::NotDone)?;
            state_file::new_supply(home.path()).map_err(|error| {
                Stop::NotDone(format!(
                    "That cannot be kept in {}: {error}. Nothing was changed.",
                    home.path().display()
                ))
            })?;
            let text = "No agent runs here now; for the next one the power supply counts as a new one.\n";
            show_done(as_json, json!({ "energy": null }), text)
        }
        Err(why) => Err(why),
    }
}

/// `wattle energy hint`: how much energy there is for a while, as the owner says.
pub(super) async fn hint(client: &Client, supply: Supply, time: Duration, as_json: bool) -> Result<(), Stop> {
    let (state, seconds) = (supply.state(), time.as_secs());
    client.hint(state, seconds, HINT_FROM).await?;
    let text = format!("Energy counts as {state} for {}, then as before.\n", span(seconds));
    show_done(as_json, json!({ "state": state, "ttl_s": seconds }), &text)
}

/// The sensors of a device, for people.
fn text(report: &Report) -> String {
    let mut text = String::new();
    let mut row = |name: &str, value: &str| _ = writeln!(text, "{name:12} {value}");
    row("Board", &report.board.as_deref().map_or_else(|| "not known".to_owned(), one_line));
    let heat = match (&report.cpu_sensor, report.cpu_temp_c) {
        (Some(sensor), Some(degrees)) => {
            let leads = report.sensors.iter().find(|line| line.name == *sensor);
            let label =
                leads.and_then(|line| line.label.as_deref()).map_or_else(String::new, |label| format!(", {label}"));
            format!("{degrees:.1} °C ({}{})", one_line(sensor), one_line(&label))
        }
        (Some(sensor), None) => format!("unknown: {} does not answer", one_line(sensor)),
        (None, _) => "unknown: no sensor of the CPU was found".to_owned(),
    };
    row("CPU", &heat);
    let from = match report.t_lim_from {
        LimitFrom::Owner => "chosen by its owner",
        LimitFrom::Trip => "where the kernel begins to throttle",
        LimitFrom::Hwmon => "the most that its sensor allows",
        LimitFrom::Board => "known of this board",
        LimitFrom::Critical => "25 °C below where the kernel switches off",
        LimitFrom::Default => "assumed: no source here gives one",
    };
    row("Limit", &format!("{:.0} °C ({from})", report.t_lim_c));
    let percent = report.battery_pct.map_or_else(String::new, |percent| format!(", {percent} % full"));
    let power = match report.power_source {
        Source::Ac => "mains",
        Source::Battery => "battery",
        Source::Unknown => "unknown: there is a battery that does not say whether it is emptied",
    };
    row("Power", &format!("{power}{percent}"));
    row(
        "Throttled",
        match report.throttling {
            Some(true) => "yes, by the kernel",
            Some(false) => "no",
            None => "unknown: the kernel does not say",
        },
    );
    for doubt in &report.doubts {
        row("Doubt", &one_line(doubt));
    }
    text
}

/// The state of a running agent, for people.
pub(super) fn current(current: &Current) -> String {
    let (report, details) = (&current.report, &current.details);
    let mut text = text(report);
    let mut row = |name: &str, value: &str| _ = writeln!(text, "{name:12} {value}");
    row("Work", &details.why);
    if details.workers > 0 {
        let tasks = count(details.workers as u64, "task");
        row("", &format!("{tasks} at once, each {:.0} % of its time", details.duty * 100.0));
    }
    if let Some(target) = details.target_c {
        row("Held at", &format!("{target:.0} °C at most by background work"));
    }
    if let Some(seconds) = current.wishes.burst_s {
        row("In a hurry", &hurry(current, seconds));
    }
    if let Some(cores) = details.foreign_cores {
        row("In use", &format!("{cores:.1} cores by others"));
    }
    row("Energy", &energy(details));
    if !details.leads {
        row("Governor", "another agent of this host governs it");
    } else if details.followers > 0 {
        row("Governor", &format!("here, for {} more of this host", count(details.followers as u64, "agent")));
    }
    let used = &current.consumption;
    if let (Some(watts), Some(method), Some(scope)) = (used.idle_watts, used.idle_method, used.idle_scope) {
        row("At rest", &format!("~{watts:.1} W ({}, {})", method.as_str(), scope.as_str()));
    }
    let mut day = |name: &str, spent: &[MethodTotal]| {
        for (at, spent) in spent.iter().enumerate() {
            row(if at == 0 { name } else { "" }, &joules(spent));
        }
    };
    day("Today", &used.today);
    for before in &used.days {
        day(&before.date.as_deref().map_or_else(|| "Some day".to_owned(), one_line), &before.spent);
    }
    text
}

/// That work does not wait for other programs for so many seconds, without promising any that something else holds.
fn hurry(current: &Current, seconds: u64) -> String {
    let (time, since) = (span(seconds), hurry_since(current.wishes.burst_from));
    if current.wishes.paused {
        return format!("not while the pause holds; what is left of it, {time}, counts from now ({since})");
    }
    match held_by(current) {
        None => format!("for {time}: work goes on beside other programs ({since})"),
        Some(_) => {
            format!("for {time}: other programs do not hold work up, but something else does, see Work ({since})")
        }
    }
}

/// Who began the hurry, in parentheses.
const fn hurry_since(from: Option<BurstFrom>) -> &'static str {
    match from {
        Some(BurstFrom::Asked) => "`wattle work now`",
        Some(BurstFrom::Arrived) => "since Wattle was started, or a folder added, on a terminal",
        None => "begun at another agent of this host",
    }
}

/// What holds all work although it does not wait for other programs.
pub(super) fn held_by(current: &Current) -> Option<Reason> {
    let passes = |reason: &Reason| matches!(reason, Reason::Rising | Reason::InUse | Reason::Answering);
    current.report.reason.filter(|reason| current.details.workers == 0 && !passes(reason))
}

fn energy(details: &GovernorDetails) -> String {
    let level = match details.energy {
        Energy::Scarce => "scarce",
        Energy::Unknown => "unknown: no source says whether there is more or less than usual; it counts as normal",
        Energy::Normal => "normal",
        Energy::Surplus => "surplus",
    };
    match &details.energy_source {
        Some(source) if !source.is_empty() => format!("{level} (says {})", one_line(source)),
        _ => level.to_owned(),
    }
}

fn joules(spent: &MethodTotal) -> String {
    let counts = format!("{}, {}", count(spent.tasks, "task"), count(spent.chunks, "passage"));
    let (Some(joules), Some(err), Some(scope)) = (spent.joules, spent.err_pct, spent.scope) else {
        return format!("{counts}; their energy is unknown: nothing here measures it (`wattle energy calibrate`)");
    };
    let digits = |joules: f64| if joules < 10.0 { 2 } else { 0 };
    let thousand = spent.per_1000_chunks.map_or_else(String::new, |per| {
        let digits = digits(per);
        format!("; ~{per:.digits$} J for 1,000 passages")
    });
    let (digits, method) = (digits(joules), spent.method.as_str());
    format!("~{joules:.digits$} J ({method}, {}, ±{err} %) for {counts}{thousand}", scope.as_str())
}

/// One line of `--watch`, written when it changes.
fn line(current: &Current) -> String {
    let (report, details) = (&current.report, &current.details);
    let degrees = report.cpu_temp_c.map_or_else(|| "?".to_owned(), |degrees| format!("{degrees:.1}"));
    let foreign = details.foreign_cores.map_or_else(|| "?".to_owned(), |cores| format!("{cores:.1}"));
    format!(
        "{degrees:>5} °C  {:3.0} %  {} × {:3.0} %  others {foreign}  {}\n",
        report.headroom * 100.0,
        details.workers,
        details.duty * 100.0,
        details.why
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joules_that_are_unknown_are_never_a_number_and_others_name_their_scope() {
        let spent = MethodTotal {
            method: Method::Unknown,
            scope: None,
            joules: None,
            err_pct: None,
            tasks: 3,
            chunks: 12,
            per_1000_chunks: None,
        };
        assert_eq!(
            joules(&spent),
            "3 tasks, 12 passages; their energy is unknown: nothing here measures it (`wattle energy calibrate`)"
        );
        let known = MethodTotal {
            method: Method::ModelDefault,
            scope: Some(Scope::BoardInput),
            joules: Some(12.2),
            err_pct: Some(40),
            per_1000_chunks: Some(0.25),
            ..spent
        };
        assert_eq!(
            joules(&known),
            "~12 J (model, table of boards, whole board, ±40 %) for 3 tasks, 12 passages; ~0.25 J for 1,000 passages"
        );
    }

    #[test]
    fn a_calibration_by_the_cpu_package_does_not_claim_to_be_of_the_device() {
        let package = Calibration { idle_watts: 3.0, core_watts: 4.5, scope: Scope::CpuPackage };
        let text = calibrated(package);
        assert!(text.starts_with("The CPU package takes 3.00 W") && text.contains("CPU package, ±15 %."), "{text}");
        let board = calibrated(Calibration { scope: Scope::BoardInput, ..package });
        assert!(board.starts_with("The device takes") && board.ends_with("whole board, ±15 %.\n"), "{board}");
    }
}
