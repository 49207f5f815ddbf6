//! What the agent says while it runs: plain lines on stderr; for systemd's journal with its priorities.

use super::text::one_line;
use env_logger::{Builder, WriteStyle};
use log::{Level, LevelFilter};
use std::io::{IsTerminal, Write};

/// Begins to log. `verbose` is how often `-v` was given: 0 tells what happens, 1 also why, 2 everything.
///
/// Other people's code may only warn, whatever `verbose` says: at finer levels the HTTP library would write
/// out requests with their token. A second call changes nothing.
pub fn init(verbose: u8) {
    let ours = match verbose {
        0 => LevelFilter::Info,
        1 => LevelFilter::Debug,
        _ => LevelFilter::Trace,
    };
    let (clock, journal) = (std::io::stderr().is_terminal(), is_journal(std::io::stderr()));
    let started = Builder::new()
        .filter_level(LevelFilter::Warn)
        .filter_module("wattle", ours)
        .write_style(WriteStyle::Never)
        .format(move |out, record| {
            // A file's name can hold anything, even codes that steer a terminal.
            let message = one_line(&record.args().to_string());
            if journal {
                writeln!(out, "<{}>{message}", priority(record.level()))
            } else if clock {
                let stamp = out.timestamp_seconds().to_string();
                let time = stamp.get(11..).unwrap_or_default();
                writeln!(out, "{time} {} {message}", record.level())
            } else {
                writeln!(out, "{} {message}", record.level())
            }
        })
        .try_init();
    if started.is_err() {
        log::debug!("The log was set up before.");
    }
}

/// Whether a stream goes to systemd's journal: it names the stream's device and inode (systemd.exec(5)), so that a
/// stream that was led elsewhere since is not taken for it.
#[expect(clippy::disallowed_methods, reason = "systemd tells it in the environment, before there is any config")]
pub fn is_journal(stream: impl std::os::fd::AsFd) -> bool {
    let Ok(named) = std::env::var("JOURNAL_STREAM") else { return false };
    rustix::fs::fstat(stream).is_ok_and(|stream| named == format!("{}:{}", stream.st_dev, stream.st_ino))
}

/// The journal's number for a level, see sd-daemon(3). It keeps the time and the unit itself.
const fn priority(level: Level) -> u8 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    }
}
