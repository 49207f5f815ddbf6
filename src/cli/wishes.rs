//! `wattle pause`, `wattle resume` and `wattle work now`: what a person wants of background work.
//!
//! A running agent is told. Where none runs, a pause and its end are written to the state file in the home, under the home's
//! lock, and the next agent reads them.

use super::energy::held_by;
use super::log;
use super::output::{Stop, show_done};
use crate::base::span::span;
use crate::config::duration;
use crate::energy::policy::hours::minute_of_day;
use crate::energy::reason::Reason;
use crate::http::client::{Answer, Client, Failure};
use crate::platform::home::{Home, at_home};
use crate::runtime::governor::{BurstFrom, Current, PauseRequest, Wishes, state_file};
use serde_json::{Value, json};
use std::path::Path;

/// `wattle pause`, with the words behind it.
pub(super) async fn pause(
    client: Result<Client, Failure>,
    home: &Path,
    words: &[String],
    as_json: bool,
) -> Result<(), Stop> {
    let wanted = wanted(words)?;
    let body = match wanted {
        PauseRequest::Open => json!({}),
        PauseRequest::For(time) => json!({ "seconds": time.as_secs() }),
        PauseRequest::Until(minute) => json!({ "until": format!("{:02}:{:02}", minute / 60, minute % 60) }),
    };
    let mut ended = Vec::new();
    let answer = async {
        let client = client?;
        // An agent that cannot say this is asked for the pause all the same, and says then what is in the way.
        if let Ok(before) = client.energy().await {
            ended.extend(replaced(held(&before.read.wishes)));
            ended.extend(burst_ended(&before.read.wishes));
        }
        Ok(client.pause(body).await?)
    };
    let answer: Result<Answer<Current>, Stop> = answer.await;
    let is_paused = answer.is_ok();
    let (mut text, energy) = reported(answer, home, Some(wanted), None)?;
    for ended in ended.iter().filter(|_| is_paused) {
        text += ended;
        text.push('\n');
    }
    show_done(as_json, json!({ "energy": energy }), &text)
}

/// Which pause a new one takes the place of.
fn replaced(held: Option<Option<u64>>) -> Option<String> {
    Some(match held? {
        Some(left) => format!("That replaces the pause until {}.", log::time_after(left)),
        None => "That replaces the pause that had no end of its own.".to_owned(),
    })
}

/// A pause is the newer wish: what it ended, if work did not wait for other programs before it.
fn burst_ended(before: &Wishes) -> Option<String> {
    let left = span(before.burst_s?);
    Some(format!("That ended {}, which had {left} left; `wattle resume` does not bring it back.", burst(before)))
}

/// What people call a burst, by who began it.
const fn burst(wishes: &Wishes) -> &'static str {
    match wishes.burst_from {
        Some(BurstFrom::Asked) => "`wattle work now`",
        Some(BurstFrom::Arrived) => "the hurry after Wattle was started, or a folder added, on a terminal",
        None => "the hurry that another agent of this host began",
    }
}

/// What a start says of a pause from before it, which ends in so many seconds, or only with a command. The home is that of the
/// agent.
pub(super) fn still_paused(left: Option<u64>, home: &Path) -> String {
    let resume = at_home("wattle resume", home);
    let until = left.map_or_else(String::new, |left| format!(" until {}, for {}", log::time_after(left), span(left)));
    format!(
        "Background work is paused{until}, as you said before this start: nothing new is embedded. `{resume}` ends that. Questions are \
         answered all the same."
    )
}

/// `wattle resume`.
pub(super) async fn resume(client: Result<Client, Failure>, home: &Path, as_json: bool) -> Result<(), Stop> {
    let mut before = None;
    let answer: Result<Answer<Current>, Stop> = async {
        let client = client?;
        before = client.energy().await.ok().map(|before| held(&before.read.wishes));
        let mut answer = client.resume().await?;
        // The status knows what waits, and so what is held.
        if let Some(why) = client.status().await.ok().and_then(|status| status.read.activity.background) {
            answer.read.details.why = why;
        }
        Ok(answer)
    }
    .await;
    let (text, energy) = reported(answer, home, None, before.map(over).as_deref())?;
    show_done(as_json, json!({ "energy": energy }), &text)
}

/// The pause that holds: the seconds until its end, where it has one of its own.
fn held(wishes: &Wishes) -> Option<Option<u64>> {
    wishes.paused.then_some(wishes.paused_s)
}

/// What became of the pause of before.
fn over(held: Option<Option<u64>>) -> String {
    match held {
        Some(Some(left)) => format!("The pause until {} is ended.", log::time_after(left)),
        Some(None) => "The pause, which had no end of its own, is over.".to_owned(),
        None => "No pause was in force.".to_owned(),
    }
}

/// `wattle work now`, with the words behind `work`.
pub(super) async fn work(client: Result<Client, Failure>, words: &[String], as_json: bool) -> Result<(), Stop> {
    let wrong = || Stop::NotDone("Say it as `wattle work now`, or for how long: `wattle work now 30m`.".to_owned());
    let time = match words {
        [now] if now == "now" => None,
        [now, time @ ..] if now == "now" => Some(duration(&time.concat()).ok_or_else(wrong)?),
        _ => return Err(wrong()),
    };
    let body = time.map_or_else(|| json!({}), |time| json!({ "seconds": time.as_secs() }));
    let client = client?;
    let before = client.energy().await.ok().and_then(|before| held(&before.read.wishes));
    let Answer { json: energy, read: current } = client.work_now(body).await?;
    let asked = time.map(|time| time.as_secs());
    let text = format!("{}{}{}\n", pause_ended(before), hurried(&current), longer(&current.wishes, asked));
    show_done(as_json, json!({ "energy": energy }), &text)
}

/// That the order for work ended a pause, before what is so now.
fn pause_ended(held: Option<Option<u64>>) -> String {
    held.map_or_else(String::new, |left| format!("{} ", over(Some(left))))
}

/// That more time is left than was asked for just now, in so many seconds or as long as is usual: the order that ends last holds.
fn longer(wishes: &Wishes, asked: Option<u64>) -> String {
    let Some(left) = wishes.burst_s else { return String::new() };
    match asked {
        Some(asked) if left > asked => {
            format!(" That is longer than the {} you asked for: {} holds on.", span(asked), burst(wishes))
        }
        // Where it began here it is this very order, or the earlier one of the same time.
        None if wishes.burst_from.is_none() => format!(" Its end is that of {}.", burst(wishes)),
        _ => String::new(),
    }
}

/// What is so after `work now`, and until when. The sentence never promises work that something else holds.
fn hurried(current: &Current) -> String {
    let wait = current.wishes.burst_s.map(span);
    let lasting = wait.as_ref().map_or_else(String::new, |time| format!(" for {time}"));
    let goes_on = format!("Background work goes on beside what you do{lasting}");
    match current.report.reason {
        // The device in use is what such work does not wait for; the next sample says so.
        None | Some(Reason::Rising | Reason::InUse) => format!("{goes_on}."),
        Some(Reason::Answering) => {
            format!("{goes_on}; only a question comes first, and one is being answered, or was a moment ago.")
        }
        Some(reason) if current.details.workers > 0 => format!("{goes_on}, as far as this allows: {reason}."),
        Some(_) => {
            let then = wait.map_or_else(String::new, |time| {
                format!(" If it ends within {time}, work goes on beside what you do until they are over.")
            });
            format!("{} `wattle work now` does not lift that.{then}", current.details.why)
        }
    }
}

/// The new state, what became of the pause of before, and the agent's own answer. Where no agent runs, the pause is written to the home for
/// the next start.
fn reported(
    answer: Result<Answer<Current>, Stop>,
    home: &Path,
    wanted: Option<PauseRequest>,
    over_now: Option<&str>,
) -> Result<(String, Option<Value>), Stop> {
    match answer {
        Ok(answer) => Ok((paused(&answer.read, over_now), Some(answer.json))),
        Err(Stop::NoAgent(why)) if !home.is_dir() => Err(Stop::NoAgent(why)),
        Err(Stop::NoAgent(_)) => {
            let home = Home::open(home).map_err(Stop::NotDone)?;
            let held = state_file::save_pause(home.path(), wanted).map_err(Stop::NotDone)?;
            let text = if wanted.is_some() {
                let replaced = replaced(held).map_or_else(String::new, |replaced| format!(" {replaced}"));
                format!("No agent runs here now; the next one starts paused.{replaced}\n")
            } else {
                format!("{} No agent runs here now; the next one starts without a pause.\n", over(held))
            };
            Ok((text, None))
        }
        Err(why) => Err(why),
    }
}

fn wanted(words: &[String]) -> Result<PauseRequest, Stop> {
    let wrong = || {
        Stop::NotDone("Say it as `wattle pause`, `wattle pause 2h`, `1h30m`, or `wattle pause until 18:30`.".to_owned())
    };
    match words {
        [] => Ok(PauseRequest::Open),
        [until, time] if until == "until" => Ok(PauseRequest::Until(minute_of_day(time).ok_or_else(wrong)?)),
        // "1h 30m" is "1h30m".
        parts => Ok(PauseRequest::For(duration(&parts.concat()).ok_or_else(wrong)?)),
    }
}

/// The state after a pause or its end, for people.
fn paused(current: &Current, over_now: Option<&str>) -> String {
    match (current.wishes.paused, current.wishes.paused_s) {
        (true, None) => {
            "Background work is paused until `wattle resume`. Questions are answered all the same.\n".to_owned()
        }
        (true, Some(seconds)) => format!(
            "Background work is paused for {}. Questions are answered all the same; `wattle resume` ends it early.\n",
            span(seconds)
        ),
        (false, _) => {
            let why = &current.details.why;
            let held = current.report.reason == Some(Reason::InUse) && !why.contains("`wattle work now`");
            let hint = match current.wishes.burst_s {
                Some(left) if held_by(current).is_some() => {
                    format!(
                        " If that ends within {}, work goes on beside other programs until they are over.",
                        span(left)
                    )
                }
                Some(left) => {
                    format!(
                        " Work goes on beside other programs for {}: {} holds on.",
                        span(left),
                        burst(&current.wishes)
                    )
                }
                None if held => " `wattle work now` lets it go on all the same.".to_owned(),
                None => String::new(),
            };
            format!("{} {}{hint}\n", over_now.unwrap_or("No pause holds now."), why)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Duration;

    fn current(reason: Option<Reason>, workers: usize, why: &str) -> Current {
        let current = json!({
            "board": null, "cpu_sensor": null, "cpu_temp_c": null, "t_lim_c": 80.0, "t_lim_from": "default", "power_source": "ac",
            "battery_pct": null, "throttling": null, "sensors": [], "headroom": 0.0, "reason": reason, "why": why,
            "mode": "off", "workers": workers, "duty": 0.0, "goal_c": null, "foreign_cores": null, "energy": "unknown",
            "energy_source": null, "leads": true, "followers": 0, "paused": false, "paused_s": null, "burst_s": 600,
            "burst_from": "asked", "today": [],
        });
        serde_json::from_value(current).unwrap()
    }

    #[test]
    fn work_now_and_resume_promise_nothing_that_is_held_and_say_until_when() {
        let goes_on = "Background work goes on beside what you do for 10 minutes";
        for free in [None, Some(Reason::Rising), Some(Reason::InUse)] {
            assert_eq!(hurried(&current(free, 0, "x")), format!("{goes_on}."));
        }
        let asked = hurried(&current(Some(Reason::Answering), 0, "Background work is held: a question."));
        assert!(asked.starts_with(goes_on) && !asked.contains("is held"), "{asked}");
        let warm = hurried(&current(Some(Reason::Warm), 1, "x"));
        assert!(warm.starts_with(&format!("{goes_on}, as far as this allows: the device is as warm")), "{warm}");
        let why = "Background work is held: quiet hours until 07:00.";
        let quiet = hurried(&current(Some(Reason::QuietHours), 0, why));
        assert!(quiet.starts_with(why) && quiet.contains("does not lift that") && !quiet.contains(goes_on), "{quiet}");
        let without_burst = |reason| {
            let mut current = current(reason, 0, why);
            current.wishes.burst_s = None;
            current
        };
        assert_eq!(paused(&without_burst(Some(Reason::QuietHours)), None), format!("No pause holds now. {why}\n"));
        let hurried = paused(&current(Some(Reason::Warm), 1, why), None);
        assert_eq!(
            hurried,
            format!(
                "No pause holds now. {why} Work goes on beside other programs for 10 minutes: `wattle work now` holds on.\n"
            )
        );
        let in_use = paused(&without_burst(Some(Reason::InUse)), None);
        assert!(in_use.ends_with(" `wattle work now` lets it go on all the same.\n"), "{in_use}");
    }

    #[test]
    fn an_order_for_less_time_than_is_left_says_whose_longer_one_holds() {
        let mut wishes = Wishes { burst_s: Some(1799), ..current(None, 0, "x").wishes };
        assert_eq!(
            longer(&wishes, Some(300)),
            " That is longer than the 5 minutes you asked for: `wattle work now` holds on."
        );
        assert_eq!(format!("{}{}", longer(&wishes, Some(1800)), longer(&wishes, None)), "");
        wishes.burst_from = None;
        let of_other = longer(&wishes, Some(300));
        assert!(of_other.contains("another agent of this host") && !of_other.contains("work now"), "{of_other}");
        assert!(longer(&wishes, None).contains("another agent of this host"));
    }

    #[test]
    fn a_pause_names_what_it_ended_and_never_a_command_that_nobody_typed() {
        let mut wishes = current(None, 0, "x").wishes;
        assert!(burst_ended(&wishes).unwrap().starts_with("That ended `wattle work now`, which had 10 minutes left"));
        for from in [Some(BurstFrom::Arrived), None] {
            wishes.burst_from = from;
            let said = burst_ended(&wishes).unwrap();
            assert!(!said.contains("work now") && said.contains("which had 10 minutes left"), "{said}");
            let resumed = paused(&Current { wishes: wishes.clone(), ..current(Some(Reason::Warm), 1, "x") }, None);
            assert!(!resumed.contains("work now"), "{resumed}");
        }
        assert_eq!(burst_ended(&Wishes { burst_s: None, ..wishes }), None);
    }

    #[test]
    fn no_report_says_in_one_line_that_work_goes_on_and_in_another_that_it_is_held() {
        for reason in [Reason::Paused, Reason::TooHot, Reason::QuietHours, Reason::OnBattery, Reason::Pressure] {
            let mut held = current(Some(reason), 0, "Background work is held: x.");
            held.wishes.paused = reason == Reason::Paused;
            let text = super::super::energy::current(&held);
            assert!(text.contains("In a hurry") && !text.contains("goes on"), "{text}");
            assert!(!paused(&held, None).contains("holds on"), "{}", paused(&held, None));
        }
        let free = super::super::energy::current(&current(Some(Reason::Rising), 1, "x"));
        assert!(free.contains("for 10 minutes: work goes on beside other programs (`wattle work now`)"), "{free}");
    }

    #[test]
    fn a_resume_names_the_pause_that_it_ended_and_says_where_there_was_none() {
        let mut wishes = Wishes { paused: true, paused_s: Some(1200), burst_s: None, ..current(None, 0, "x").wishes };
        let said = |wishes: &Wishes| over(held(wishes));
        assert_eq!(said(&wishes), format!("The pause until {} is ended.", log::time_after(1200)));
        wishes.paused_s = None;
        assert_eq!(said(&wishes), "The pause, which had no end of its own, is over.");
        wishes.paused = false;
        let now = Current { wishes: wishes.clone(), ..current(None, 1, "Work goes on.") };
        assert_eq!(paused(&now, Some(&said(&wishes))), "No pause was in force. Work goes on.\n");
        let in_use = "Files are read slowly. Nothing is embedded; `wattle work now` embeds all the same.";
        let now = Current { wishes: wishes.clone(), ..current(Some(Reason::InUse), 0, in_use) };
        assert_eq!(paused(&now, Some("It is over.")), format!("It is over. {in_use}\n"), "the command is told once");
        assert_eq!((replaced(None), pause_ended(None)), (None, String::new()));
        assert_eq!(
            replaced(Some(Some(60))).unwrap(),
            format!("That replaces the pause until {}.", log::time_after(60))
        );
        assert!(replaced(Some(None)).unwrap().contains("no end of its own"));
        assert_eq!(pause_ended(Some(None)), "The pause, which had no end of its own, is over. ");
        let home = tempfile::tempdir().unwrap();
        for (wanted, before) in [(Some(PauseRequest::Open), None), (None, Some(None)), (None, None)] {
            assert_eq!(state_file::save_pause(home.path(), wanted), Ok(before), "where no agent runs");
        }
    }

    #[test]
    fn a_start_says_of_a_pause_from_before_how_long_it_lasts_and_what_ends_it() {
        let home = Path::new("/srv/wattle");
        let open = still_paused(None, home);
        assert!(open.starts_with("Background work is paused, as you said before this start"), "{open}");
        let timed = still_paused(Some(5400), home);
        assert!(
            timed.starts_with("Background work is paused until ") && timed.contains(", for 90 minutes, as"),
            "{timed}"
        );
        for said in [open, timed] {
            assert!(said.contains("`wattle resume --home /srv/wattle` ends that."), "{said}");
        }
    }

    #[test]
    fn a_pause_is_open_for_a_span_or_until_a_time_and_anything_else_is_refused() {
        let parse = |line: &str| wanted(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(parse("").ok(), Some(PauseRequest::Open));
        assert_eq!(parse("2h").ok(), Some(PauseRequest::For(Duration::from_secs(7200))));
        assert_eq!(parse("1h30m").ok(), Some(PauseRequest::For(Duration::from_secs(5400))));
        assert_eq!(parse("1h 30m").ok(), Some(PauseRequest::For(Duration::from_secs(5400))));
        assert_eq!(parse("until 18:30").ok(), Some(PauseRequest::Until(18 * 60 + 30)));
        for wrong in ["2", "h", "0m", "-1h", "until", "until 25:00", "for 2h", "3m 2h", "99999999999999999999d", "2ü"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
