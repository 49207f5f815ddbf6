//! What the agent says while it runs: plain lines on stderr.

use super::cli::text::one_line;
use env_logger::{Builder, WriteStyle};
use log::LevelFilter;
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
    let clock = std::io::stderr().is_terminal();
    let started = Builder::new()
        .filter_level(LevelFilter::Warn)
        .filter_module("wattle", ours)
        .write_style(WriteStyle::Never)
        .format(move |out, record| {
            // A file's name can hold anything, even codes that steer a terminal.
            let message = one_line(&record.args().to_string());
            if clock {
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
