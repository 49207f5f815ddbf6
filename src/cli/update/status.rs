//! `wattle update status`.

use crate::cli::output::{Stop, show};
use crate::limits::UPDATE_TRIES_MAX;
use crate::mesh::update::{Record, Stage};
use crate::platform::update::{Card, System, left_alone, stage_word, why_given_up, why_word, word_of};
use serde_json::json;
use std::fmt::Write as _;

/// What an older version means that the owner chose, and how that ends.
pub(super) const STANDS: &str = "It is older than what ran, by your choice, which stands: no other update is taken by itself, from an address, the card, a USB stick or another board. \
                                 `wattle update apply` with a newer one ends that, and so does `wattle update rollback`.";

/// How far an update is, and what is known of the last one.
pub(super) fn status(system: &System, as_json: bool) -> Result<(), Stop> {
    let (record, version) = (Card::look(system)?, System::version());
    let update = record.map(|record| {
        json!({
            "brings": record.version.to_string(),
            "system": record.slot.name(),
            "stage": stage_word(record.stage),
            "stands": record.stands(),
            "tries": record.tries,
            "why": record.why.map(why_word),
        })
    });
    let fields = json!({
        "runs": version.to_string(),
        "system": system.running().name(),
        "architecture": system.architecture().name(),
        "address": system.address(),
        "update": update,
        "left_alone": left_alone(system),
    });
    show(as_json, &fields, || told_status(system, record))
}

/// The same for people.
pub(super) fn told_status(system: &System, record: Option<Record>) -> String {
    let mut text = format!("Version {} runs, from system {}.\n", System::version(), system.running().name());
    match record {
        Some(record) => {
            let (version, slot) = (record.version, record.slot.name());
            let _ = match why_given_up(system, record) {
                Some(why) => writeln!(text, "{why}"),
                None => writeln!(text, "Version {version} in system {slot}: {}", word_of(record.stage)),
            };
            if record.stands() {
                let _ = writeln!(text, "{STANDS}");
            }
            if record.tries > 0 && matches!(record.stage, Stage::Written | Stage::Trying) {
                let _ = writeln!(
                    text,
                    "It was tried ({} of {UPDATE_TRIES_MAX} times), and no other device, or no network, was reached in an hour: they, or the home's router, may have been off.",
                    record.tries
                );
            }
            if record.stage == Stage::Written
                && let Err(why) = system.can_try()
            {
                let _ = writeln!(text, "{why}");
            }
        }
        None => text += "No update is under way.\n",
    }
    if let Some(left) = left_alone(system) {
        let _ = writeln!(text, "{left}");
    }
    let _ = match system.address() {
        Some(_) if record.is_some_and(|record| record.stands()) => {
            writeln!(text, "The address of updates is not asked meanwhile.")
        }
        Some(address) => writeln!(text, "{address} is asked once a day."),
        None => writeln!(text, "No address is asked for updates; update_address in wattle.txt names one."),
    };
    text
}
