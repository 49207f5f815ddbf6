//! What people read of background work.

use super::*;
use crate::http::dto::{Pace, Passages};
use crate::http::tasks::{AbsentDevice, Here};

const PLAIN: Style = Style { width: usize::MAX, styled: false };

fn lent(state: LentState) -> LentWork {
    LentWork {
        device: "attic".to_owned(),
        peer_id: "12D3".to_owned(),
        state,
        passages: if matches!(state, LentState::Works | LentState::Silent) { 40 } else { 0 },
        unchecked: 3,
        owed: OwedWork::default(),
        done: 120,
        ms_per_passage: Some(52),
        since_s: Some(1),
        silent_s: (state == LentState::Silent).then_some(4),
        why: (state == LentState::Waits).then(|| "paused by its owner; `wattle resume` there ends it".to_owned()),
        refused_s: (state == LentState::Refused).then_some(1_801),
    }
}

#[test]
fn what_is_owed_a_check_is_told_with_what_failed_and_when_it_is_tried_again() {
    let told = |owed: OwedWork| line(&LentWork { owed, ..lent(LentState::Rests) });
    let waits = OwedWork { count: 9, ..OwedWork::default() };
    assert!(
        told(waits.clone())
            .ends_with("; 9 of all that it made can be found already, and are checked once this device embeds again.")
    );
    let why = Some("A passage could not be embedded: it is too hot.".to_owned());
    let fails = told(OwedWork { attempts: 3, why, next_s: Some(40), ..waits.clone() });
    let ends = "; 9 of all that it made can be found already, and 3 attempts to check some here failed, at last: A passage could not be embedded: it is too hot; \
                the next one in 40 seconds, unless another device embeds the same before.";
    assert!(fails.ends_with(ends), "{fails}");
    let held = told(OwedWork { attempts: 3, why: Some("It is too hot.".to_owned()), next_s: None, ..waits });
    assert!(held.contains("It is too hot; the next one once this device embeds again"), "{held}");
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
            failing_to_read: 1,
            retry_s: Some(40),
        },
        to_read: 4,
        away: 2,
        to_embed: 900,
        borrowed: 2,
        again: Again { checked: 4, known: 1, lost: 8, ..Again::default() },
        lent: vec![lent(LentState::Works), lent(LentState::Refused), lent(LentState::Waits), lent(LentState::Off)],
        pace: Pace { devices: 2, per_minute: Some(120), left_s: Some(450), held: 0 },
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
         This device: embeds up to 8 passages, for 2 seconds.\n\
         attic: has 40 passages to embed for 1 second, 52 ms each; 120 done since this agent started; 3 more wait for a check.\n\
         attic: gets no work for another 30 minutes, because a vector of it was false; 120 done since this agent started; 3 more wait for a check.\n\
         attic: does no background work just now: paused by its owner; `wattle resume` there ends it; \
         120 done since this agent started; 3 more wait for a check.\n\
         attic: is off; what it had goes to others; 120 done since this agent started; 3 more wait for a check.\n\
         2 passages of other devices to embed here.\n\
         2 files wait for their disk or share.\n\
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
    assert_eq!(tasks(&full, &PLAIN), "Nothing waits here.\nThis device: The disk is nearly full: 59 MiB are free.\n");
    let looking = Tasks { here: Here { looking: true, ..Here::default() }, ..Tasks::default() };
    assert_eq!(tasks(&looking, &PLAIN), "Nothing waits here so far; a folder is still to be looked at.\n");
    let line = line(&lent(LentState::Frozen));
    assert!(line.starts_with("attic: gets no work, because two devices use its key"), "{line}");
}

#[test]
fn a_pause_is_told_whatever_waits_with_what_others_wait_for() {
    let why = "No background work of this device waits. Passages of another device wait, and are not embedded here: paused by its \
               owner until 18:30; `wattle resume` ends it.";
    let here = Here { paused: true, background: Some(why.to_owned()), offered: 40, ..Here::default() };
    let idle = Tasks { here, ..Tasks::default() };
    let expected = format!(
        "Nothing waits here.\nThis device: {why}\n40 passages of other devices wait for somebody who embeds them.\n"
    );
    assert_eq!(tasks(&idle, &PLAIN), expected);
    assert_eq!(progress(&idle), format!("Nothing waits here. {why}"));
    let free = Tasks { here: Here { paused: false, ..idle.here.clone() }, ..idle };
    assert_eq!(tasks(&free, &PLAIN), "Nothing waits here.\n", "what holds nothing up is not told");
    let parked = ParkedTasks { failing: 1, failing_to_read: 1, ..ParkedTasks::default() };
    let failed = Tasks { to_read: 1, parked, ..Tasks::default() };
    assert!(tasks(&failed, &PLAIN).starts_with("Nothing that waits here can be done just now.\n"));
}

#[test]
fn that_only_this_device_may_embed_what_waits_is_told_behind_it() {
    let only = "The passages are private, so only this device may embed them.";
    let here = Here { only_here: Some(only.to_owned()), ..Here::default() };
    let private = Tasks { to_embed: 120, here, ..Tasks::default() };
    let says = format!("120 passages wait to be embedded. {only}");
    assert_eq!(tasks(&private, &PLAIN), format!("{says}\n"));
    assert_eq!(progress(&private), says);
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

#[test]
fn what_is_watched_in_a_pipe_names_each_device_and_from_which_no_word_comes() {
    let of = |device: &str, state| LentWork { device: device.to_owned(), ..lent(state) };
    let lent = vec![of("nas", LentState::Works), of("attic", LentState::Silent), of("tv", LentState::Rests)];
    let all =
        Tasks { to_embed: 90, lent, passages: Passages { unchecked: 1, ..Passages::default() }, ..Tasks::default() };
    assert_eq!(
        progress(&all),
        "90 passages wait to be embedded; 1 passage is embedded and waits for a check. nas: has 40 passages to embed for 1 second, 52 ms each. \
         attic: no word from it for 4 seconds; it has 40 passages to embed, which go to others if none comes. \
         tv: has none of this device's passages just now."
    );
    let rest = all.lent.into_iter().filter(|lent| lent.state == LentState::Rests).collect();
    assert_eq!(progress(&Tasks { lent: rest, ..Tasks::default() }), "Nothing waits here.");
}
