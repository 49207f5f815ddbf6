//! Background work as people read it: what waits, who has it, and why the rest waits.

use super::args::{TasksArgs, TasksCommand, Which};
use super::decision::{PAUSE, until_taken};
use super::output::{Stop, compact, print_next, show, show_done};
use super::style::Style;
use super::text::{one_line, whole_path};
use crate::base::count::{count, plural};
use crate::base::span::span;
use crate::base::time::utc;
use crate::http::client::{Client, Failure};
use crate::http::tasks::{AttemptedWork, LentState, LentWork, OwedWork, ParkedTasks, ParkedWork, RunningWork, Tasks};
use crate::limits::TASKS_WATCH_MS;
use crate::node::status::LOOKS;
use crate::platform::clock;
use crate::platform::home::hints;
use crate::platform::stdout::note;
use crate::scheduler::offload::lender::again::Again;
use serde_json::json;
use smol::Timer;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::io::IsTerminal;
use std::time::Duration;

/// Shows the tasks, or decides what becomes of parked ones.
pub(super) async fn run(client: &Client, args: TasksArgs, as_json: bool) -> Result<(), Stop> {
    let (which, retry) = match args.what {
        None if args.watch => return watch(client, as_json).await,
        None => {
            let answer = client.tasks().await?;
            return show(as_json, &answer.json, || tasks(&answer.read, &Style::of_stdout()));
        }
        Some(TasksCommand::Retry { which: Which(which) }) => (which, true),
        Some(TasksCommand::Drop { which: Which(which) }) => (which, false),
    };
    let done = until_taken(PAUSE, async || client.decide_parked(which, retry).await).await?;
    show_done(as_json, json!({ "task": which }), &(one_line(&done) + "\n"))
}

/// Shows the tasks each second, until Ctrl-C: anew on a terminal, else as a line whenever it is another one.
async fn watch(client: &Client, as_json: bool) -> Result<(), Stop> {
    let (style, is_terminal) = (Style::of_stdout(), std::io::stdout().is_terminal());
    let (mut before, mut has_answered, mut is_told) = (String::new(), false, false);
    loop {
        let answer = match client.tasks().await {
            Ok(answer) => answer,
            // One that answered before may be restarted, or be frozen: it is asked until it answers again.
            Err(Failure::NoAgent(_) | Failure::Silent(_)) if has_answered => {
                if !is_told {
                    note("The agent does not answer any more. It is asked each second, until Ctrl-C.");
                    is_told = true;
                }
                Timer::after(Duration::from_millis(TASKS_WATCH_MS)).await;
                continue;
            }
            Err(failure) => return Err(failure.into()),
        };
        (has_answered, is_told) = (true, false);
        if as_json {
            print_next(&compact(&answer.json))?;
        } else if is_terminal {
            print_next(&anew(&hints(&tasks(&answer.read, &style))))?;
        } else {
            let line = progress(&answer.read) + "\n";
            if line != before {
                print_next(&line)?;
                before = line;
            }
        }
        Timer::after(Duration::from_millis(TASKS_WATCH_MS)).await;
    }
}

/// The text alone on a terminal. Control Sequence Introducers of ECMA-48: cursor to the first place, and erase from there on.
fn anew(text: &str) -> String {
    format!("\u{1b}[H\u{1b}[J{text}")
}

/// What waits and how it gets on, on one line.
fn progress(tasks: &Tasks) -> String {
    let waits = waits(tasks);
    let pace = tasks.pace.phrase().map_or_else(String::new, |pace| format!(" Now {pace}."));
    let why = why(tasks).map_or_else(String::new, |why| format!(" {}", one_line(why)));
    let absent = absent(tasks).map_or_else(String::new, |absent| format!(" {absent}"));
    // Who does what, and from whom no word comes. One that has nothing is of no interest where nothing waits.
    let busy = |lent: &&LentWork| lent.passages > 0 || tasks.to_embed > 0;
    let devices = tasks.lent.iter().filter(busy).map(|lent| format!(" {}: {}.", one_line(&lent.device), does(lent)));
    let for_others: BTreeSet<String> =
        tasks.running.iter().filter_map(|running| running.of.as_deref().map(one_line)).collect();
    let for_others = for_others.iter().map(|of| format!(" This device embeds for {of}."));
    format!("{waits}{pace}{why}{absent}{}{}", devices.collect::<String>(), for_others.collect::<String>())
}

/// Why this device does not do all that waits; and what keeps it from all work, though nothing may wait so far.
fn why(tasks: &Tasks) -> Option<&String> {
    // Of a pause its owner is told whatever waits: it may be forgotten.
    let tells = tasks.here.paused || tasks.to_read + tasks.to_embed > 0;
    let background = tasks.here.background.as_ref().filter(|_| tells);
    tasks.here.held.as_ref().or(background)
}

/// For whom passages wait, where nobody embeds any.
fn absent(tasks: &Tasks) -> Option<String> {
    if tasks.to_embed == 0 || tasks.pace.devices > 0 || tasks.absent.is_empty() {
        return None;
    }
    let now = clock::shown();
    let names = tasks.absent.iter().map(|absent| {
        let how = if absent.stopped { "off or asleep" } else { "out of reach" };
        let since = absent.since_s.map(|ago| format!(" since {}", utc(now - i64::try_from(ago).unwrap_or(0))));
        format!("{}, {how}{}", one_line(&absent.device), since.unwrap_or_default())
    });
    Some(format!("Waiting for {}.", names.collect::<Vec<_>>().join("; for ")))
}

/// What runs on this device.
fn running(text: &mut String, tasks: &Tasks) {
    for RunningWork { does, passages, of, since_s } in &tasks.running {
        let passages = passages.map_or_else(String::new, |most| format!(" up to {}", count(most, "passage")));
        let of = of.as_ref().map_or_else(String::new, |of| format!(" of {}", one_line(of)));
        let _ = writeln!(text, "This device: {does}{passages}{of}, for {}.", span(*since_s));
    }
}

/// What waits here, and who embeds what.
#[must_use]
pub(super) fn tasks(tasks: &Tasks, style: &Style) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}", waits(tasks));
    if let Some(pace) = tasks.pace.phrase() {
        let _ = writeln!(text, "Now: {pace}.");
    }
    if let Some(why) = why(tasks) {
        let _ = writeln!(text, "This device: {}", style.dim(&one_line(why)));
    }
    running(&mut text, tasks);
    if let Some(absent) = absent(tasks) {
        let _ = writeln!(text, "{absent}");
    }
    for lent in &tasks.lent {
        let _ = writeln!(text, "{}", one_line(&line(lent)));
    }
    if tasks.here.offered > 0 && tasks.here.paused {
        let _ = writeln!(
            text,
            "{} of other devices {} for somebody who embeds them.",
            count(tasks.here.offered, "passage"),
            plural(tasks.here.offered, "waits", "wait")
        );
    }
    if tasks.borrowed > 0 {
        let _ = writeln!(text, "{} of other devices to embed here.", count(tasks.borrowed, "passage"));
    }
    for owner in &tasks.here.silent_owners {
        let _ = writeln!(text, "{}", one_line(&owner.sentence()));
    }
    if tasks.away > 0 {
        let _ =
            writeln!(text, "{} for {} disk or share.", waiting(tasks.away, "file"), plural(tasks.away, "its", "their"));
    }
    failing(&mut text, &tasks.parked);
    parked(&mut text, tasks);
    if tasks.again.sum() > 0 {
        let _ = writeln!(text, "{}", style.dim(&again(&tasks.again)));
    }
    text
}

/// The files whose tasks failed, and when the next of them is tried again.
fn failing(text: &mut String, ParkedTasks { failing: files, retry_s, .. }: &ParkedTasks) {
    if *files > 0 {
        let verb =
            plural(*files, "waits after an attempt that failed, and is", "wait after attempts that failed, and are");
        let next = retry_s.map_or_else(String::new, |next| format!("; the next one in {}", span(next)));
        let _ = writeln!(text, "{} {verb} tried again after pauses that grow{next}.", count(*files, "file"));
    }
}

/// The parked tasks, and what their owner may type.
fn parked(text: &mut String, tasks: &Tasks) {
    if tasks.parked.count == 0 {
        return;
    }
    let number = count(tasks.parked.count, "task");
    let _ = writeln!(
        text,
        "{number} {} parked, because every attempt failed. `wattle tasks retry all` tries again, `wattle tasks drop all` gives up; a number in place of all means one.",
        plural(tasks.parked.count, "is", "are"),
    );
    for ParkedWork { id, path, attempts } in &tasks.parked.first {
        let _ = writeln!(text, "{id}  {}", whole_path(path));
        for (times, AttemptedWork { device, why, at }) in folded(attempts) {
            let times = if times > 1 { format!(", {times} times, at last") } else { String::new() };
            let _ = writeln!(text, "    {}{times} at {at}: {}", one_line(device), one_line(why));
        }
    }
    let more = tasks.parked.count.saturating_sub(tasks.parked.first.len() as u64);
    if more > 0 {
        let _ = writeln!(text, "and {more} more.");
    }
}

/// Attempts in a row that failed on the same device for the same reason as one, with their number and the time of the last.
fn folded(attempts: &[AttemptedWork]) -> Vec<(usize, &AttemptedWork)> {
    let is_same = |a: &AttemptedWork, b: &AttemptedWork| (&a.device, &a.why) == (&b.device, &b.why);
    let rows = attempts.chunk_by(is_same);
    rows.filter_map(|row| Some((row.len(), row.last()?))).collect()
}

/// What was embedded more than once, and why. What a device that is gone had made and not sent nobody knows: it is counted at most.
fn again(again: &Again) -> String {
    let Again { checked, known, late, hedged, lost, unproven } = *again;
    let causes = [
        ("", checked + known, "to check that other devices work well"),
        (
            "at most ",
            lost,
            "that a device had and did not finish: it went off, lost its link, was too slow or gave them back",
        ),
        ("", late + hedged, "that two devices embedded, or whose file had changed meanwhile"),
        (
            "",
            unproven,
            "thrown away unchecked: nothing could be saved just then, or the device that made them was removed or sent a wrong result",
        ),
    ];
    let causes: Vec<String> = causes
        .iter()
        .filter(|(_, count, _)| *count > 0)
        .map(|(most, count, why)| format!("{most}{} {why}", self::count(*count, "passage")))
        .collect();
    format!("Embedded more than once: {}.", causes.join("; "))
}

/// What waits here.
fn waits(tasks: &Tasks) -> String {
    let checks = match tasks.passages.unchecked {
        0 => None,
        number => {
            let are = plural(number, "is embedded and waits", "are embedded and wait");
            Some(format!("{} {are} for a check", count(number, "passage")))
        }
    };
    let waits = match (tasks.readable(), tasks.to_embed) {
        (0, 0) if checks.is_some() => None,
        (0, 0) if tasks.running.iter().any(|task| task.does == LOOKS) => {
            Some("Nothing waits here so far; a folder is being looked at".to_owned())
        }
        (0, 0) if tasks.here.looking => Some("Nothing waits here so far; a folder is still to be looked at".to_owned()),
        (0, 0) if tasks.to_read > 0 => Some("Nothing that waits here can be done just now".to_owned()),
        (0, 0) => Some("Nothing waits here".to_owned()),
        (0, passages) => Some(format!("{} to be embedded", waiting(passages, "passage"))),
        (files, 0) => Some(format!("{} to be read", waiting(files, "file"))),
        (files, passages) => {
            Some(format!("{} to be read, and {} to be embedded", waiting(files, "file"), count(passages, "passage")))
        }
    };
    let only = tasks.here.only_here.as_ref().map_or_else(String::new, |only| format!(" {}", one_line(only)));
    format!("{}.{only}", waits.into_iter().chain(checks).collect::<Vec<_>>().join("; "))
}

fn waiting(number: u64, what: &str) -> String {
    format!("{} {}", count(number, what), if number == 1 { "waits" } else { "wait" })
}

/// What a device does, as the rest of a sentence about it.
fn does(lent: &LentWork) -> String {
    match lent.state {
        LentState::Works => {
            let since = lent.since_s.map(|seconds| format!(" for {}", span(seconds))).unwrap_or_default();
            let speed = lent.ms_per_passage.map(|ms| format!(", {ms} ms each")).unwrap_or_default();
            format!("has {} to embed{since}{speed}", count(lent.passages, "passage"))
        }
        LentState::Silent => {
            let silent = lent.silent_s.map(|seconds| format!(" for {}", span(seconds))).unwrap_or_default();
            let has = count(lent.passages, "passage");
            let has = format!(
                "; it has {has} to embed, {} others if none comes",
                plural(lent.passages, "which goes to", "which go to")
            );
            format!("no word from it{silent}{}", if lent.passages > 0 { has } else { String::new() })
        }
        LentState::Rests => "has none of this device's passages just now".to_owned(),
        LentState::Waits => match &lent.why {
            Some(why) => format!("does no background work just now: {}", one_line(why)),
            None => "does no background work just now; `wattle why` asks it for the reason".to_owned(),
        },
        LentState::Frozen => {
            "gets no work, because two devices use its key; `wattle doctor` says what helps".to_owned()
        }
        LentState::Off => "is off; what it had goes to others".to_owned(),
        LentState::Away => "has no link just now; what it had goes to others".to_owned(),
        LentState::Fails => {
            let next = lent.refused_s.filter(|left| *left > 0).map(|left| format!(" in {}", span(left)));
            format!(
                "could embed none of the passages that it had last, which are for others; it is tried again{}. `wattle doctor` there may tell why",
                next.unwrap_or_default()
            )
        }
        LentState::Refused => {
            let left = lent.refused_s.map_or_else(|| "now".to_owned(), |left| format!("another {}", span(left)));
            format!("gets no work for {left}, because a vector of it was false")
        }
    }
}

/// What of a device is owed a check, as a part of a sentence about it.
fn owed(OwedWork { count, attempts, why, next_s }: &OwedWork) -> String {
    let found = format!("; {count} of all that it made can be found already");
    match (count, why) {
        (0, _) => String::new(),
        (_, None) => format!("{found}, and are checked once this device embeds again"),
        (_, Some(why)) => {
            let tries = format!("{} to check some here failed", self::count(*attempts, "attempt"));
            let next =
                next_s.map_or_else(|| "once this device embeds again".to_owned(), |next| format!("in {}", span(next)));
            let why = one_line(why);
            let why = why.trim_end_matches('.');
            format!(
                "{found}, and {tries}, at last: {why}; the next one {next}, unless another device embeds the same before"
            )
        }
    }
}

fn line(lent: &LentWork) -> String {
    let held = if lent.unchecked > 0 {
        format!("; {} more {} for a check", lent.unchecked, plural(lent.unchecked, "waits", "wait"))
    } else {
        String::new()
    };
    let owed = owed(&lent.owed);
    format!("{}: {}; {} done since this agent started{held}{owed}.", lent.device, does(lent), lent.done)
}

#[cfg(test)]
mod test;
