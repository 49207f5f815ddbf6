//! Background work as people read it: what waits, who has it, and why the rest waits.

use super::style::Style;
use super::text::one_line;
use crate::base::count::count;
use crate::http::tasks::{LentState, LentWork, Tasks};
use std::fmt::Write;

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
    text
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
        let all = Tasks {
            to_read: 1,
            to_embed: 900,
            borrowed: 2,
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
             2 passages of other devices to embed here.\n"
        );
    }
}
