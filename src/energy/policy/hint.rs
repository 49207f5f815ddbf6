//! Energy hints: "surplus", "normal" or "scarce" with a time to live; from a file, from HTTP, from evcc or the grid, or
//! from the owner's schedule.

use super::hours::Window;
use super::wall::{Local, Wall};
use crate::base::level::Energy;
use crate::base::time::{Duration, Instant};
use crate::limits::{HINT_BYTES_MAX, HINT_SOURCE_BYTES_MAX, HINT_TTL_S_MAX, QUIET_HOURS_MAX};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a hint came from, in order of precedence: the first one that has not expired wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A file.
    File,
    /// `PUT /v1/energy/hint`.
    Put,
    /// The surplus that evcc measures.
    Evcc,
    /// The grid's carbon intensity.
    Grid,
    /// The owner's schedule.
    Schedule,
}

/// Why a hint was refused; the one before stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HintError {
    /// Larger than `HINT_BYTES_MAX`.
    TooLarge,
    /// Not the expected JSON.
    Malformed,
    /// A version that this program does not know.
    Version,
    /// No time to live from 1 to `HINT_TTL_S_MAX` seconds.
    TimeToLive,
    /// Its own `expires` is over, or lies too far ahead.
    Stamp,
}

impl fmt::Display for HintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => write!(f, "the hint is larger than {HINT_BYTES_MAX} bytes"),
            Self::Malformed => {
                f.write_str("the hint is not {\"v\":1,\"state\":\"surplus\"|\"normal\"|\"scarce\",\"ttl_s\":…}")
            }
            Self::Version => f.write_str("the hint's \"v\" is not 1"),
            Self::TimeToLive => write!(f, "the hint's \"ttl_s\" must be 1 to {HINT_TTL_S_MAX}"),
            Self::Stamp => f.write_str("the hint's \"expires\" is over, or lies further ahead than a hint may live"),
        }
    }
}

impl std::error::Error for HintError {}

#[derive(Deserialize)]
struct HintJson {
    v: u32,
    state: Energy,
    ttl_s: u64,
    #[serde(default)]
    source: Option<String>,
    /// Seconds since 1970; optional.
    #[serde(default)]
    expires: Option<i64>,
}

/// A hint that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Its state.
    pub energy: Energy,
    /// How long, from its arrival.
    pub ttl: Duration,
    /// Its source, for people.
    pub source: heapless::String<HINT_SOURCE_BYTES_MAX>,
}

impl Hint {
    /// Reads the JSON of a hint.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(bytes: &[u8], wall: Option<Wall>) -> Result<Self, HintError> {
        if bytes.len() > HINT_BYTES_MAX {
            return Err(HintError::TooLarge);
        }
        let json: HintJson = serde_json::from_slice(bytes).map_err(|_| HintError::Malformed)?;
        if json.v != 1 {
            return Err(HintError::Version);
        }
        if !(1..=HINT_TTL_S_MAX).contains(&json.ttl_s) {
            return Err(HintError::TimeToLive);
        }
        let mut ttl_s = json.ttl_s;
        // While the time is unknown `expires` means nothing: the time to live counts on our own clock.
        if let (Some(expires), Some(Wall(now))) = (json.expires, wall) {
            let ahead = u64::try_from(expires.saturating_sub(now)).unwrap_or(0);
            if !(1..=HINT_TTL_S_MAX).contains(&ahead) {
                return Err(HintError::Stamp);
            }
            // It came late, or was stored on its way: it ends when its sender wanted it to.
            ttl_s = ttl_s.min(ahead);
        }
        let mut source = heapless::String::new();
        for c in json.source.unwrap_or_default().chars().filter(|c| !c.is_control()) {
            if source.push(c).is_err() {
                break;
            }
        }
        Ok(Self { energy: json.state, ttl: Duration::from_secs(ttl_s), source })
    }
}

/// The current hints, one for each origin.
#[derive(Clone, Debug, Default)]
pub struct Hints {
    held: [Option<(Hint, Instant)>; 4],
    schedule: heapless::Vec<(Window, Energy), QUIET_HOURS_MAX>,
}

impl Hints {
    /// Adds hours to the schedule; false where they are invalid, or no more fit.
    pub fn plan(&mut self, window: Window, energy: Energy) -> bool {
        window.is_sound() && self.schedule.push((window, energy)).is_ok()
    }

    /// Does the schedule have hours of surplus?
    #[must_use]
    pub fn promises_surplus(&self) -> bool {
        self.schedule.iter().any(|(_, energy)| *energy == Energy::Surplus)
    }

    /// Takes a hint in place of the one before it from the same origin. The schedule takes none.
    pub fn take(&mut self, now: Instant, origin: Origin, hint: Hint) {
        let until = now + hint.ttl;
        if let Some(slot) = self.held.get_mut(origin as usize) {
            *slot = Some((hint, until));
        }
    }

    /// The next end of a hint that held at `seen`.
    #[must_use]
    pub fn next_end(&self, seen: Instant) -> Option<Instant> {
        self.held.iter().flatten().map(|(_, until)| *until).filter(|until| seen < *until).min()
    }

    /// What holds now, and its origin.
    #[must_use]
    pub fn current(&self, now: Instant, local: Option<Local>) -> (Energy, Option<(Origin, &str)>) {
        let origins = [Origin::File, Origin::Put, Origin::Evcc, Origin::Grid];
        let fresh = origins.into_iter().zip(&self.held).find_map(|(origin, held)| {
            let (hint, until) = held.as_ref()?;
            (now < *until).then_some((hint.energy, Some((origin, hint.source.as_str()))))
        });
        let planned = || {
            let holds = |(window, _): &&(Window, Energy)| local.is_some_and(|local| window.holds(local));
            self.schedule.iter().find(holds).map(|(_, energy)| (*energy, Some((Origin::Schedule, "schedule"))))
        };
        fresh.or_else(planned).unwrap_or((Energy::Unknown, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Hint, HintError> {
        Hint::parse(text.as_bytes(), Some(Wall(1_000_000)))
    }

    #[test]
    fn a_hint_is_accepted_or_refused_with_its_reason() {
        let good = r#"{"v":1,"state":"surplus","surplus_w":350,"ttl_s":900,"source":"home-assistant"}"#;
        let hint = parse(good).unwrap();
        assert_eq!((hint.energy, hint.ttl.as_secs(), hint.source.as_str()), (Energy::Surplus, 900, "home-assistant"));
        for (text, why) in [
            ("", HintError::Malformed),
            ("[]", HintError::Malformed),
            (r#"{"v":1,"state":"plenty","ttl_s":9}"#, HintError::Malformed),
            (r#"{"v":1,"state":"surplus"}"#, HintError::Malformed),
            (r#"{"v":1,"state":"surplus","ttl_s":-1}"#, HintError::Malformed),
            (r#"{"v":2,"state":"surplus","ttl_s":9}"#, HintError::Version),
            (r#"{"v":1,"state":"surplus","ttl_s":0}"#, HintError::TimeToLive),
            (r#"{"v":1,"state":"surplus","ttl_s":3601}"#, HintError::TimeToLive),
            (r#"{"v":1,"state":"surplus","ttl_s":9,"expires":1000000}"#, HintError::Stamp),
            (r#"{"v":1,"state":"surplus","ttl_s":9,"expires":1003601}"#, HintError::Stamp),
        ] {
            assert_eq!(parse(text), Err(why), "{text}");
        }
        assert_eq!(parse(&format!("{good}{}", " ".repeat(4096))), Err(HintError::TooLarge));
        let late = parse(r#"{"v":1,"state":"surplus","ttl_s":900,"expires":1000060}"#).unwrap();
        assert_eq!(late.ttl.as_secs(), 60, "`expires` ends it before its time to live");
        assert_eq!(parse(r#"{"v":1,"state":"surplus","ttl_s":9,"expires":1000060}"#).unwrap().ttl.as_secs(), 9);
        let old = br#"{"v":1,"state":"surplus","ttl_s":9,"expires":5}"#;
        assert!(Hint::parse(old, None).is_ok(), "while the time is unknown, `expires` means nothing");
        let long = parse(&format!(r#"{{"v":1,"state":"normal","ttl_s":9,"source":"{}"}}"#, "ä".repeat(99))).unwrap();
        assert_eq!(long.source.len(), HINT_SOURCE_BYTES_MAX);
    }

    #[test]
    fn the_first_fresh_origin_wins_and_an_expired_hint_is_absent() {
        let at = Instant::from_millis;
        let mut hints = Hints::default();
        let hint =
            |energy, seconds| Hint { energy, ttl: Duration::from_secs(seconds), source: heapless::String::new() };
        hints.take(at(0), Origin::Grid, hint(Energy::Scarce, 100));
        hints.take(at(0), Origin::Put, hint(Energy::Surplus, 50));
        assert_eq!(hints.current(at(49_999), None).0, Energy::Surplus);
        assert_eq!(hints.current(at(50_000), None).0, Energy::Scarce);
        assert_eq!(hints.current(at(100_000), None).0, Energy::Unknown);
        hints.take(at(100_000), Origin::Put, hint(Energy::Surplus, 50));
        hints.take(at(100_001), Origin::Put, hint(Energy::Normal, 50));
        assert_eq!(hints.current(at(100_002), None).0, Energy::Normal, "the last writer wins");
    }

    #[test]
    fn a_schedule_holds_where_no_hint_does() {
        let mut hints = Hints::default();
        assert!(hints.plan(Window { days: Window::DAILY, from: 660, to: 900 }, Energy::Surplus));
        let local = |minute| Some(Local { weekday: 1, minute });
        assert_eq!(hints.current(Instant::ZERO, local(700)).0, Energy::Surplus);
        assert_eq!(hints.current(Instant::ZERO, local(900)).0, Energy::Unknown);
        assert_eq!(hints.current(Instant::ZERO, None).0, Energy::Unknown, "the time is unknown");
    }

    #[test]
    fn the_payload_of_the_documentation_is_accepted() {
        let page = include_str!("../../../docs/home-assistant.md");
        let line = page.lines().find_map(|line| line.trim().strip_prefix("payload: '")).unwrap();
        for state in ["surplus", "normal", "scarce"] {
            let payload = line.trim_end_matches('\'').replace("{{ state }}", state);
            assert_eq!(parse(&payload).unwrap().source, "home-assistant");
        }
    }
}
