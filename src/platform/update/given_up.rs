//! Why an update was given up, for people.

use super::record::came_up;
use super::system::System;
use crate::mesh::update::{Record, Stage, Why};

/// In sentences, with what that means for its version; `None`: it was not given up, or by a program that kept no reason.
#[must_use]
pub fn why_given_up(system: &System, record: Record) -> Option<String> {
    let why = record.why.filter(|_| record.stage == Stage::RolledBack)?;
    let version = record.version;
    let why = match why {
        Why::Owner => "its owner went back from it, or did not want it while it waited".to_owned(),
        Why::NoAgent => "an hour after the start of its system, the agent did not answer".to_owned(),
        Why::CardUnread => "an hour after its start, its system could not read a part of the card (the data partition, or its own boot files)".to_owned(),
        Why::NoNetwork => format!("{}; at the end of the last one the board had no network", unreached(record)),
        Why::Nobody => unreached(record),
        Why::Start if came_up(&system.state(), version) => {
            "its system came up, and the board started anew before it had held".to_owned()
        }
        Why::Start => "the firmware did not start the new system, or that did not come so far that Wattle ran with the card's data".to_owned(),
    };
    Some(format!(
        "Version {version} was given up: {why}. The earlier one runs, and takes that version no more by itself (`wattle update apply` does)."
    ))
}

fn unreached(record: Record) -> String {
    let what = if record.needs_mesh || !record.needs_network {
        "was another device of the mesh reached for long enough"
    } else {
        "was the board in a network for long enough, as it was before the update"
    };
    format!("in none of its {} trials, of an hour each, {what}", record.tries)
}
