//! `wattle pause`, `wattle resume` and `wattle work now`: what a person wants of background work.
//!
//! A running agent is told. Where none runs, a pause and its end are written to the state file in the home, under the home's
//! lock, and the next agent reads them.

use super::energy::span;
use super::output::{Stop, print};
use crate::config::duration;
use crate::energy::policy::hours::minute_of_day;
use crate::http::client::{Answer, Client, Failure};
use crate::platform::home::Home;
use crate::runtime::governor::{Current, PauseRequest, state_file};
use serde_json::json;
use std::path::Path;

/// `wattle pause`, with the words behind it.
pub(super) async fn pause(client: Result<Client, Failure>, home: &Path, words: &[String]) -> Result<(), Stop> {
    let wanted = wanted(words)?;
    let body = match wanted {
        PauseRequest::Open => json!({}),
        PauseRequest::For(time) => json!({ "seconds": time.as_secs() }),
        PauseRequest::Until(minute) => json!({ "until": format!("{:02}:{:02}", minute / 60, minute % 60) }),
    };
    let answer = async { Ok(client?.pause(body).await?) }.await;
    report_pause(answer, home, Some(wanted))
}

/// `wattle resume`.
pub(super) async fn resume(client: Result<Client, Failure>, home: &Path) -> Result<(), Stop> {
    let answer = async { Ok(client?.resume().await?) }.await;
    report_pause(answer, home, None)
}

/// `wattle work now`, with the words behind `work`.
pub(super) async fn work(client: Result<Client, Failure>, words: &[String]) -> Result<(), Stop> {
    let wrong = || Stop::NotDone("Say it as `wattle work now`, or for how long: `wattle work now 30m`.".to_owned());
    let time = match words {
        [now] if now == "now" => None,
        [now, time @ ..] if now == "now" => Some(duration(&time.concat()).ok_or_else(wrong)?),
        _ => return Err(wrong()),
    };
    let body = time.map_or_else(|| json!({}), |time| json!({ "seconds": time.as_secs() }));
    let current = client?.work_now(body).await?.read;
    let wait = current.wishes.burst_s.map_or_else(String::new, |seconds| format!(" for {}", span(seconds)));
    print(&format!("Background work goes on beside what you do{wait}. {}\n", current.details.why))
}

/// Prints the new state. Where no agent runs, the pause is written to the home for the next start.
fn report_pause(answer: Result<Answer<Current>, Stop>, home: &Path, wanted: Option<PauseRequest>) -> Result<(), Stop> {
    match answer {
        Ok(answer) => print(&paused(&answer.read)),
        Err(Stop::NoAgent(why)) if !home.is_dir() => Err(Stop::NoAgent(why)),
        Err(Stop::NoAgent(_)) => {
            let home = Home::open(home).map_err(Stop::NotDone)?;
            state_file::save_pause(home.path(), wanted).map_err(Stop::NotDone)?;
            print(if wanted.is_some() {
                "No agent runs here now; the next one starts paused.\n"
            } else {
                "No agent runs here now; the next one starts without a pause.\n"
            })
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
fn paused(current: &Current) -> String {
    match (current.wishes.paused, current.wishes.paused_s) {
        (true, None) => {
            "Background work is paused until `wattle resume`. Questions are answered all the same.\n".to_owned()
        }
        (true, Some(seconds)) => format!(
            "Background work is paused for {}. Questions are answered all the same; `wattle resume` ends it early.\n",
            span(seconds)
        ),
        (false, _) => format!("Background work goes on. {}\n", current.details.why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Duration;

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
