//! Background work as people read it: what waits, who has it, and why the rest waits.

use super::args::{TasksArgs, TasksCommand, Which};
use super::decision::{PAUSE, until_taken};
use super::output::{Stop, print, show};
use super::style::Style;
use super::text::{one_line, whole_path};
use crate::base::count::{count, plural};
use crate::http::client::Client;
use crate::http::tasks::{AttemptedWork, LentState, LentWork, ParkedWork, Tasks};
use crate::scheduler::offload::lender::again::Again;
use std::fmt::Write;

/// Shows the tasks, or decides what becomes of parked ones.
pub(super) async fn run(client: &Client, args: TasksArgs) -> Result<(), Stop> {
    let (which, retry) = match args.what {
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

/// What waits here, and who embeds what.
#[must_use]
pub(super) fn tasks(tasks: &Tasks, style: &Style) -> String {
    let mut text = String::new();
    let waits = match (tasks.to_read, tasks.to_embed) {
        (0, 0) => "Nothing waits here.".to_owned(),
        (0, passages) => format!("{} to be embedded.", waiting(passages, "passage")),
        (files, 0) => format!("{} to be read.", waiting(files, "file")),
        (files, passages) => {
            format!("{} to be read, and {} to be embedded.", waiting(files, "file"), count(passages, "passage"))
        }
    };
    let _ = writeln!(text, "{waits}");
    let why = tasks.held.as_ref().or(tasks.background.as_ref()).filter(|_| tasks.to_read + tasks.to_embed > 0);
    if let Some(why) = why {
        let _ = writeln!(text, "This device: {}", style.dim(&one_line(why)));
    }
    for lent in &tasks.lent {
        let _ = writeln!(text, "{}", one_line(&line(lent)));
    }
    if tasks.borrowed > 0 {
        let _ = writeln!(text, "{} of other devices to embed here.", count(tasks.borrowed, "passage"));
    }
    parked(&mut text, tasks);
    if tasks.again.sum() > 0 {
        let _ = writeln!(text, "{}", style.dim(&again(&tasks.again)));
    }
    text
}

/// The parked tasks, and what their owner may type.
fn parked(text: &mut String, tasks: &Tasks) {
    if tasks.parked_count == 0 {
        return;
    }
    let number = count(tasks.parked_count, "task");
    let _ = writeln!(
        text,
        "{number} {} parked, because every attempt failed. `wattle tasks retry all` tries again, `wattle tasks drop all` gives up; a number in place of all means one.",
        plural(tasks.parked_count, "is", "are"),
    );
    for ParkedWork { id, path, attempts } in &tasks.parked {
        let _ = writeln!(text, "{id}  {}", whole_path(path));
        for (times, AttemptedWork { device, why, at }) in folded(attempts) {
            let times = if times > 1 { format!(", {times} times, at last") } else { String::new() };
            let _ = writeln!(text, "    {}{times} at {at}: {}", one_line(device), one_line(why));
        }
    }
    let more = tasks.parked_count.saturating_sub(tasks.parked.len() as u64);
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

/// What was embedded more than once, and why.
fn again(again: &Again) -> String {
    let Again { checked, known, late, hedged, lost, unproven } = *again;
    let causes = [
        (checked + known, "to check other devices"),
        (lost, "because a device went away with them"),
        (late + hedged, "by two devices at once"),
        (unproven, "because a device is not believed"),
    ];
    let causes: Vec<String> =
        causes.iter().filter(|(count, _)| *count > 0).map(|(count, why)| format!("{count} {why}")).collect();
    format!("Embedded again: {}.", causes.join(", "))
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
        LentState::Waits => {
            "allows no background work just now, as its pause, battery, heat or use by others say; `wattle energy` there tells which".to_owned()
        }
        LentState::Off => "is off; what it had goes to others".to_owned(),
        LentState::Away => "has no link just now; what it had goes to others".to_owned(),
        LentState::Refused => "gets no work for now, because a vector of it was false".to_owned(),
    };
    let held = if lent.unchecked > 0 { format!("; {} more wait for a check", lent.unchecked) } else { String::new() };
    format!("{}: {does}; {} done since this agent started{held}.", lent.device, lent.done)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Style = Style { width: usize::MAX, styled: false };

    fn lent(state: LentState) -> LentWork {
        LentWork {
            device: "attic".to_owned(),
            peer_id: "12D3".to_owned(),
            state,
            passages: if state == LentState::Works { 40 } else { 0 },
            unchecked: 3,
            done: 120,
            ms_per_passage: Some(52),
            since_s: Some(1),
        }
    }

    #[test]
    fn what_waits_is_told_with_who_has_it_and_why_the_rest_waits() {
        assert_eq!(tasks(&Tasks::default(), &PLAIN), "Nothing waits here.\n");
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
            parked_count: 2,
            parked: vec![ParkedWork { id: 17, path: "/a/bad.md".to_owned(), attempts }],
            to_read: 1,
            to_embed: 900,
            borrowed: 2,
            again: Again { checked: 4, known: 1, lost: 8, ..Again::default() },
            lent: vec![lent(LentState::Works), lent(LentState::Refused), lent(LentState::Waits), lent(LentState::Off)],
            held: None,
            background: Some("On battery; work waits.".to_owned()),
        };
        assert_eq!(
            tasks(&all, &PLAIN),
            "1 file waits to be read, and 900 passages to be embedded.\n\
             This device: On battery; work waits.\n\
             attic: has 40 passages to embed for 1 s, 52 ms each; 120 done since this agent started; 3 more wait for a check.\n\
             attic: gets no work for now, because a vector of it was false; 120 done since this agent started; 3 more wait for a check.\n\
             attic: allows no background work just now, as its pause, battery, heat or use by others say; `wattle energy` there tells which; \
             120 done since this agent started; 3 more wait for a check.\n\
             attic: is off; what it had goes to others; 120 done since this agent started; 3 more wait for a check.\n\
             2 passages of other devices to embed here.\n\
             2 tasks are parked, because every attempt failed. `wattle tasks retry all` tries again, `wattle tasks drop all` gives up; a number in place of all means one.\n\
             17  /a/bad.md\n    attic at 2026-11-27 14:00 UTC: It could not embed a passage of it.\n    \
             desk, 2 times, at last at 2026-11-27 14:02 UTC: Its indexing was stopped.\n\
             and 1 more.\n\
             Embedded again: 5 to check other devices, 8 because a device went away with them.\n"
        );
    }
}
