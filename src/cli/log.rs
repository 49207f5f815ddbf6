//! The log: plain lines on stderr. On a terminal a line begins with the local time of day, in systemd's journal, which adds the
//! time itself, with the priority of sd-daemon(3); elsewhere, in a file for example, with the local date and time.

use super::text::one_line;
use crate::base::time::date;
use crate::platform::clock::{self, WallClock};
use crate::platform::home::hints;
use crate::platform::time_zone;
use env_logger::{Builder, WriteStyle};
use log::{Level, LevelFilter};
use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use tz::{LocalTimeType, TimeZone};

const DAY_S: i64 = 86_400;

/// Begins to log. `verbose` is how often `-v` was given: 0 logs what happens, 1 also why, 2 everything.
///
/// Other crates only log warnings, whatever `verbose` says: at finer levels the HTTP library would write out requests with
/// their token. A second call changes nothing.
pub fn init(verbose: u8) {
    let ours = match verbose {
        0 => LevelFilter::Info,
        1 => LevelFilter::Debug,
        _ => LevelFilter::Trace,
    };
    let (terminal, journal) = (std::io::stderr().is_terminal(), is_journal(std::io::stderr()));
    // A wrong clock is still the one that the person at this terminal sees, hence `true`.
    let wall_clock = Mutex::new(WallClock::new(true));
    let zone = if journal { None } else { time_zone::local().ok() };
    let started = Builder::new()
        .filter_level(LevelFilter::Warn)
        .filter_module("wattle", ours)
        // It writes a line for each read of a damaged block, dozens in a second; the agent tells of the damage once.
        .filter_module("lsm_tree::table::block", LevelFilter::Off)
        // It warns of each connection that the other side closed first; why a link ended, the agent tells.
        .filter_module("yamux::connection", LevelFilter::Error)
        // On a terminal the erasing below is to pass; messages hold no control characters.
        .write_style(if terminal { WriteStyle::Always } else { WriteStyle::Never })
        .format(move |out, record| {
            // A file's name can hold anything, control characters too.
            let message = one_line(&hints(&record.args().to_string()));
            if journal {
                writeln!(out, "<{}>{message}", priority(record.level()))
            } else {
                let wall = wall_clock.lock().unwrap_or_else(PoisonError::into_inner).wall(clock::now());
                let seconds = wall.map_or(0, |wall| wall.0);
                let (date, time) = (local_date(seconds, zone.as_ref()), time_of_day(seconds, zone.as_ref()));
                if terminal {
                    // A progress bar may stand on this line: ECMA-48 EL erases it, and it is drawn again below.
                    writeln!(out, "\r\x1b[2K{time} {} {message}", record.level())
                } else {
                    writeln!(out, "{date} {time} {} {message}", record.level())
                }
            }
        })
        .try_init();
    if started.is_err() {
        log::debug!("The log was set up before.");
    }
}

/// The date as 2026-11-26 in this zone, `seconds` after 1970; in UTC where the zone is not known.
fn local_date(seconds: i64, zone: Option<&TimeZone>) -> String {
    let local = seconds.saturating_add(offset(seconds, zone).map_or(0, i64::from));
    date(local.div_euclid(DAY_S)).unwrap_or_else(|| "1970-01-01".to_owned())
}

/// The local time of day so many seconds from now, as 18:30, and the date before it if that is another one than today's.
pub(super) fn time_after(wait: u64) -> String {
    let zone = time_zone::local().ok();
    let now = clock::shown();
    let then = now.saturating_add(i64::try_from(wait).unwrap_or(i64::MAX));
    moment(now, then, zone.as_ref())
}

fn moment(now: i64, then: i64, zone: Option<&TimeZone>) -> String {
    let (today, date, time) = (local_date(now, zone), local_date(then, zone), time_of_day(then, zone));
    // Without the seconds, and with the mark of UTC where that is what it shows.
    let time = format!("{}{}", time.get(..5).unwrap_or_default(), time.get(8..).unwrap_or_default());
    if today == date { time } else { format!("{date} {time}") }
}

fn offset(seconds: i64, zone: Option<&TimeZone>) -> Option<i32> {
    zone.and_then(|zone| zone.find_local_time_type(seconds).ok()).map(LocalTimeType::ut_offset)
}

/// The time of day as HH:MM:SS in this zone, `seconds` after 1970; in UTC, marked with a Z, where the zone is not known.
fn time_of_day(seconds: i64, zone: Option<&TimeZone>) -> String {
    let offset = offset(seconds, zone);
    let local = seconds.saturating_add(offset.map_or(0, i64::from)).rem_euclid(DAY_S);
    let mark = if offset.is_some() { "" } else { "Z" };
    format!("{:02}:{:02}:{:02}{mark}", local / 3600, local / 60 % 60, local % 60)
}

/// Whether a stream goes to systemd's journal: `JOURNAL_STREAM` holds the device and inode of the stream
/// that systemd connected (systemd.exec(5)); a stream that was redirected since has others.
#[expect(
    clippy::disallowed_methods,
    reason = "systemd sets it in the environment, and logging starts before any config is read"
)]
fn is_journal(stream: impl std::os::fd::AsFd) -> bool {
    let Ok(named) = std::env::var("JOURNAL_STREAM") else { return false };
    rustix::fs::fstat(stream).is_ok_and(|stream| named == format!("{}:{}", stream.st_dev, stream.st_ino))
}

/// The journal's priority for a level, see sd-daemon(3). The journal adds the time and the unit itself.
const fn priority(level: Level) -> u8 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_day_is_local_and_without_a_zone_utc_with_its_mark() {
        // Berlin's rules as POSIX writes them. In 2026 its clocks go from 2:00 to 3:00 at 1:00 UTC on 29 March.
        let berlin = TimeZone::from_posix_tz("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let spring = 1_774_746_000;
        assert_eq!(time_of_day(spring - 1, Some(&berlin)), "01:59:59");
        assert_eq!(time_of_day(spring, Some(&berlin)), "03:00:00");
        assert_eq!(time_of_day(spring + 21 * 3600 + 61, Some(&berlin)), "00:01:01", "past midnight there");
        assert_eq!(time_of_day(spring, Some(&TimeZone::utc())), "01:00:00");
        assert_eq!(time_of_day(spring, None), "01:00:00Z");
        assert_eq!(local_date(spring + 21 * 3600 + 3599, Some(&berlin)), "2026-03-30", "past midnight there");
        assert_eq!(local_date(spring, None), "2026-03-29");
        let west = TimeZone::from_posix_tz("EST5EDT,M3.2.0,M11.1.0").unwrap();
        assert_eq!(time_of_day(0, Some(&west)), "19:00:00", "the evening before");
        assert_eq!(time_of_day(-1, None), "23:59:59Z");
        assert_eq!(moment(spring - 60, spring + 60, Some(&berlin)), "03:01");
        for far in [-1, i64::MIN, i64::MAX] {
            assert!(!moment(far, far.saturating_add(1), Some(&berlin)).is_empty(), "no clock stops the log");
        }
        assert_eq!(moment(spring, spring + 86_400, Some(&berlin)), "2026-03-30 03:00");
        assert_eq!(moment(spring, spring, None), "01:00Z");
    }
}
