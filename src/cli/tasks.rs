//! Background work as people read it: what waits, who has it, and why the rest waits.

use super::args::{TasksArgs, TasksCommand, Which};
use super::decision::{PAUSE, until_taken};
use super::energy::span;
use super::output::{Stop, compact, print, print_next, show};
use super::style::Style;
use super::text::{one_line, whole_path};
use crate::base::count::{count, plural};
use crate::base::time::utc;
use crate::http::client::Client;
use crate::http::tasks::{AttemptedWork, LentState, LentWork, ParkedTasks, ParkedWork, RunningWork, Tasks};
use crate::limits::TASKS_WATCH_MS;
use crate::node::status::LOOKS;
use crate::platform::clock;
use crate::platform::home::hints;
use crate::scheduler::offload::lender::again::Again;
use smol::Timer;
use std::fmt::Write;
use std::io::IsTerminal;
use std::time::Duration;

/// Shows the tasks, or decides what becomes of parked ones.
pub(super) async fn run(client: &Client, args: TasksArgs) -> Result<(), Stop> {
    let (which, retry) = match args.what {
        None if args.watch => return watch(client, args.json).await,
        None => {
            let answer = client.tasks().await?;
            return show(args.json, &answer.json, || tasks(&answer.read, &Style::of_stdout()));
        }
        Some(TasksCommand::Retry { which: Which(which) }) => (which, true),
        Some(TasksCommand::Drop { which: Which(which) }) => (which, false),
    };
    let done = until_taken(PAUSE, async || client.decide_parked(which, retry).await).await?;
    print(&format!("{}\n", one_line(&done)))
}

/// Shows the tasks each second, until Ctrl-C: anew on a terminal, else as a line whenever it is another one.
async fn watch(client: &Client, as_json: bool) -> Result<(), Stop> {
    let (style, is_terminal) = (Style::of_stdout(), std::io::stdout().is_terminal());
    let mut before = String::new();
    loop {
        let answer = client.tasks().await?;
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
    format!("{waits}{pace}{why}{absent}")
}

/// Why this device does not do all that waits; and what keeps it from all work, though nothing may wait so far.
fn why(tasks: &Tasks) -> Option<&String> {
    let background = tasks.here.background.as_ref().filter(|_| tasks.to_read + tasks.to_embed > 0);
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
        let _ = writeln!(text, "This device: {does}{passages}{of}, for {since_s} s.");
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
    if tasks.borrowed > 0 {
        let _ = writeln!(text, "{} of other devices to embed here.", count(tasks.borrowed, "passage"));
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
            "that were thrown away unchecked: nothing could be saved just then, or the device that made them was removed or sent a wrong result",
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
    match (tasks.to_read, tasks.to_embed) {
        (0, 0) if tasks.running.iter().any(|task| task.does == LOOKS) => {
            "Nothing waits here so far; a folder is being looked at.".to_owned()
        }
        (0, 0) if tasks.here.looking => "Nothing waits here so far; a folder is still to be looked at.".to_owned(),
        (0, 0) => "Nothing waits here.".to_owned(),
        (0, passages) => format!("{} to be embedded.", waiting(passages, "passage")),
        (files, 0) => format!("{} to be read.", waiting(files, "file")),
        (files, passages) => {
            format!("{} to be read, and {} to be embedded.", waiting(files, "file"), count(passages, "passage"))
        }
    }
}

fn waiting(number: u64, what: &str) -> String {
    format!("{} {}", count(number, what), if number == 1 { "waits" } else { "wait" })
}

fn line(lent: &LentWork) -> String {
    let does = match lent.state {
        LentState::Works => {
            let since = lent.since_s.map(|seconds| format!(" for {seconds} s")).unwrap_or_default();
            let speed = lent.ms_per_passage.map(|ms| format!(", {ms} ms each")).unwrap_or_default();
            format!("has {} to embed{since}{speed}", count(lent.passages, "passage"))
        }
        LentState::Rests => "has none of this device's passages just now".to_owned(),
        LentState::Waits => match &lent.why {
            Some(why) => format!("does no background work just now: {why}"),
            None => "does no background work just now, and does not say why; `wattle energy` there tells".to_owned(),
        },
        LentState::Frozen => {
            "gets no work, because two devices use its key; `wattle doctor` says what helps".to_owned()
        }
        LentState::Off => "is off; what it had goes to others".to_owned(),
        LentState::Away => "has no link just now; what it had goes to others".to_owned(),
        LentState::Fails => {
            let next = lent.refused_s.filter(|left| *left > 0).map(|left| format!(" in {left} s")).unwrap_or_default();
            format!(
                "could embed none of the passages that it had last, which are for others; it is tried again{next}. `wattle doctor` there may tell why"
            )
        }
        LentState::Refused => {
            let left =
                lent.refused_s.map_or_else(|| "now".to_owned(), |left| format!("{} min more", left.div_ceil(60)));
            format!("gets no work for {left}, because a vector of it was false")
        }
    };
    let held = if lent.unchecked > 0 { format!("; {} more wait for a check", lent.unchecked) } else { String::new() };
    let owed = if lent.owed > 0 {
        format!("; {} that can be found are not checked before this device embeds again", lent.owed)
    } else {
        String::new()
    };
    format!("{}: {does}; {} done since this agent started{held}{owed}.", lent.device, lent.done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::dto::Pace;
    use crate::http::tasks::{AbsentDevice, Here};

    const PLAIN: Style = Style { width: usize::MAX, styled: false };

    fn lent(state: LentState) -> LentWork {
        LentWork {
            device: "attic".to_owned(),
            peer_id: "12D3".to_owned(),
            state,
            passages: if state == LentState::Works { 40 } else { 0 },
            unchecked: 3,
            owed: 0,
            done: 120,
            ms_per_passage: Some(52),
            since_s: Some(1),
            why: (state == LentState::Waits).then(|| "paused by its owner; wattle resume there ends it".to_owned()),
            refused_s: (state == LentState::Refused).then_some(1_801),
        }
    }

    #[test]
    fn what_waits_is_told_with_who_has_it_and_why_the_rest_waits() {
        assert_eq!(tasks(&Tasks::default(), &PLAIN), "Nothing waits here.\n");
        let looks = RunningWork { does: LOOKS.to_owned(), passages: None, of: None, since_s: 3 };
        let looking = Tasks { running: vec![looks], ..Tasks::default() };
        assert!(tasks(&looking, &PLAIN).starts_with("Nothing waits here so far; a folder is being looked at.\n"));
        let attempt = |device: &str, why: &str, at: &str| AttemptedWork {
            device: device.to_owned(),
            why: why.to_owned(),
            at: at.to_owned(),
        };
        let attempts = vec![
            attempt("attic", "It could not embed a passage of it.", "2026-11-27 14:00 UTC"),
            attempt("desk", "Its indexing was stopped.", "2026-11-27 14:01 UTC"),
            attempt("desk", "Its indexing was stopped.", "2026-11-27 14:02 UTC"),
        ];
        let all = Tasks {
            parked: ParkedTasks {
                count: 2,
                first: vec![ParkedWork { id: 17, path: "/a/bad.md".to_owned(), attempts }],
                failing: 2,
                retry_s: Some(40),
            },
            to_read: 1,
            to_embed: 900,
            borrowed: 2,
            again: Again { checked: 4, known: 1, lost: 8, ..Again::default() },
            lent: vec![lent(LentState::Works), lent(LentState::Refused), lent(LentState::Waits), lent(LentState::Off)],
            pace: Pace { devices: 2, per_minute: Some(120), left_s: Some(450) },
            running: vec![RunningWork { does: "embeds".to_owned(), passages: Some(8), of: None, since_s: 2 }],
            absent: vec![AbsentDevice { device: "nas".to_owned(), stopped: true, since_s: None }],
            here: Here { background: Some("On battery; work waits.".to_owned()), ..Here::default() },
            ..Tasks::default()
        };
        assert_eq!(
            tasks(&all, &PLAIN),
            "1 file waits to be read, and 900 passages to be embedded.\n\
             Now: 2 devices embed, 2.0 passages a second, about 8 minutes left.\n\
             This device: On battery; work waits.\n\
             This device: embeds up to 8 passages, for 2 s.\n\
             attic: has 40 passages to embed for 1 s, 52 ms each; 120 done since this agent started; 3 more wait for a check.\n\
             attic: gets no work for 31 min more, because a vector of it was false; 120 done since this agent started; 3 more wait for a check.\n\
             attic: does no background work just now: paused by its owner; wattle resume there ends it; \
             120 done since this agent started; 3 more wait for a check.\n\
             attic: is off; what it had goes to others; 120 done since this agent started; 3 more wait for a check.\n\
             2 passages of other devices to embed here.\n\
             2 files wait after attempts that failed, and are tried again after pauses that grow; the next one in 40 seconds.\n\
             2 tasks are parked, because every attempt failed. `wattle tasks retry all` tries again, `wattle tasks drop all` gives up; a number in place of all means one.\n\
             17  /a/bad.md\n    attic at 2026-11-27 14:00 UTC: It could not embed a passage of it.\n    \
             desk, 2 times, at last at 2026-11-27 14:02 UTC: Its indexing was stopped.\n\
             and 1 more.\n\
             Embedded more than once: 5 passages to check that other devices work well; at most 8 passages that a device had and did not \
             finish: it went off, lost its link, was too slow or gave them back.\n"
        );
    }

    #[test]
    fn a_full_disk_a_first_look_that_is_to_come_and_a_key_of_two_devices_are_told() {
        let held = Some("The disk is nearly full: 59 MiB are free.".to_owned());
        let full = Tasks { here: Here { held, ..Here::default() }, ..Tasks::default() };
        assert_eq!(
            tasks(&full, &PLAIN),
            "Nothing waits here.\nThis device: The disk is nearly full: 59 MiB are free.\n"
        );
        let looking = Tasks { here: Here { looking: true, ..Here::default() }, ..Tasks::default() };
        assert_eq!(tasks(&looking, &PLAIN), "Nothing waits here so far; a folder is still to be looked at.\n");
        let line = line(&lent(LentState::Frozen));
        assert!(line.starts_with("attic: gets no work, because two devices use its key"), "{line}");
    }

    #[test]
    fn where_nobody_embeds_it_is_told_for_whom_the_passages_wait() {
        let absent = |device: &str, stopped, since_s| AbsentDevice { device: device.to_owned(), stopped, since_s };
        let waiting = Tasks {
            to_embed: 9,
            here: Here { background: Some("Paused; work waits.".to_owned()), ..Here::default() },
            absent: vec![absent("nas", true, Some(60)), absent("attic", false, None)],
            ..Tasks::default()
        };
        let line = progress(&waiting);
        let begins = "9 passages wait to be embedded. Paused; work waits. Waiting for nas, off or asleep since ";
        assert!(line.starts_with(begins) && line.ends_with("; for attic, out of reach."), "{line}");
        assert!(tasks(&waiting, &PLAIN).contains("\nWaiting for nas, off or asleep since "));
        let works = Tasks { pace: Pace { devices: 1, ..Pace::default() }, ..waiting };
        assert!(!progress(&works).contains("Waiting for"), "somebody embeds them");
        assert_eq!(anew("x"), "\u{1b}[H\u{1b}[Jx");
    }
}
