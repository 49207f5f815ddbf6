//! The record of an update, on the data partition: whole, or not there.

use crate::limits::UPDATE_RECORD_BYTES_MAX;
use crate::mesh::update::{Record, Slot, Stage, Why};
use crate::platform::home::durable;
use crate::platform::regular;
use crate::wire::update::Version;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Result};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

const NAME: &str = "record.json";
const ASKED: &str = "asked";
/// Which version came up last as one on trial.
const CAME_UP: &str = "came-up";
/// What is written to see whether a record can be.
const BESIDE: &str = "record.try";

/// Its form in the file. What it did not have from the beginning may be missing, and what a later version adds is passed over: both systems read it.
#[derive(Serialize, Deserialize)]
struct Kept {
    version: String,
    slot: String,
    stage: String,
    needs_mesh: bool,
    #[serde(default)]
    needs_network: bool,
    #[serde(default)]
    is_choice: bool,
    #[serde(default)]
    tries: u8,
    #[serde(default)]
    why: Option<String>,
    #[serde(default)]
    is_told: bool,
}

/// The words for the stages.
const STAGES: [(Stage, &str); 4] = [
    (Stage::Written, "written"),
    (Stage::Trying, "trying"),
    (Stage::Confirmed, "confirmed"),
    (Stage::RolledBack, "rolled-back"),
];

/// The words for why one was given up.
const WHYS: [(Why, &str); 6] = [
    (Why::Owner, "owner"),
    (Why::NoAgent, "agent"),
    (Why::CardUnread, "card"),
    (Why::NoNetwork, "network"),
    (Why::Nobody, "nobody"),
    (Why::Start, "start"),
];

/// The record, if there is one that makes sense.
///
/// # Errors
/// The system's.
pub(super) fn read(folder: &Path) -> Result<Option<Record>> {
    match regular::read(&folder.join(NAME), UPDATE_RECORD_BYTES_MAX) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        bytes => Ok(parse(&bytes?)),
    }
}

fn parse(bytes: &[u8]) -> Option<Record> {
    let kept: Kept = serde_json::from_slice(bytes).ok()?;
    Some(Record {
        version: Version::parse(&kept.version)?,
        slot: [Slot::A, Slot::B].into_iter().find(|slot| slot.name() == kept.slot)?,
        stage: STAGES.iter().find(|(_, word)| *word == kept.stage)?.0,
        needs_mesh: kept.needs_mesh,
        needs_network: kept.needs_network,
        is_choice: kept.is_choice,
        tries: kept.tries,
        why: kept.why.and_then(|kept| WHYS.iter().find(|(_, word)| *word == kept).map(|(why, _)| *why)),
        is_told: kept.is_told,
    })
}

/// Keeps it, synced.
///
/// # Errors
/// The system's; the earlier one is untouched.
pub(super) fn write(folder: &Path, record: Record) -> Result<()> {
    let kept = Kept {
        version: record.version.to_string(),
        slot: record.slot.name().to_owned(),
        stage: stage_word(record.stage).to_owned(),
        needs_mesh: record.needs_mesh,
        needs_network: record.needs_network,
        is_choice: record.is_choice,
        tries: record.tries,
        why: record.why.map(|why| why_word(why).to_owned()),
        is_told: record.is_told,
    };
    durable::write(&folder.join(NAME), &serde_json::to_vec(&kept)?)
}

/// Writes as much as a record may have beside it, and deletes that: on a full card an update would be written whole, and then not be known.
///
/// # Errors
/// The system's.
pub(super) fn try_to_write(folder: &Path) -> Result<()> {
    let beside = folder.join(BESIDE);
    let tried = durable::write(&beside, &[b'\n'; UPDATE_RECORD_BYTES_MAX]);
    let deleted = durable::remove(&beside);
    tried.and(deleted)
}

/// The word for a stage, for programs.
#[must_use]
pub fn stage_word(stage: Stage) -> &'static str {
    STAGES.iter().find(|(known, _)| *known == stage).map_or("", |(_, word)| word)
}

/// The word for why one was given up, for programs.
#[must_use]
pub fn why_word(why: Why) -> &'static str {
    WHYS.iter().find(|(known, _)| *known == why).map_or("", |(_, word)| word)
}

/// Forgets it, and what came up of it, synced.
///
/// # Errors
/// The system's.
pub(super) fn forget(folder: &Path) -> Result<()> {
    durable::remove(&folder.join(NAME))?;
    forget_came_up(folder)
}

/// Keeps that this version came up as one on trial, synced: the earlier system knows then that the firmware started it.
///
/// # Errors
/// The system's.
pub(super) fn note_came_up(folder: &Path, version: Version) -> Result<()> {
    durable::write(&folder.join(CAME_UP), format!("{version}\n").as_bytes())
}

/// Forgets what came up, synced: another trial begins.
///
/// # Errors
/// The system's.
pub(super) fn forget_came_up(folder: &Path) -> Result<()> {
    durable::remove(&folder.join(CAME_UP))
}

/// Whether this version came up as one on trial.
pub(super) fn came_up(folder: &Path, version: Version) -> bool {
    let bytes = regular::read(&folder.join(CAME_UP), UPDATE_RECORD_BYTES_MAX);
    bytes.is_ok_and(|bytes| str::from_utf8(&bytes).is_ok_and(|text| Version::parse(text.trim()) == Some(version)))
}

/// When the owner's address was asked last, in seconds since 1970 as the clock showed them.
pub(super) fn asked(folder: &Path) -> Option<i64> {
    let bytes = regular::read(&folder.join(ASKED), UPDATE_RECORD_BYTES_MAX).ok()?;
    str::from_utf8(&bytes).ok()?.trim().parse().ok()
}

/// Keeps that.
///
/// # Errors
/// The system's; the earlier time is untouched.
pub(super) fn note_asked(folder: &Path, shown: i64) -> Result<()> {
    durable::write(&folder.join(ASKED), format!("{shown}\n").as_bytes())
}

/// The file whose lock whoever changes the card holds. Root alone can open it: whoever else held it would keep a bad update from being given up.
///
/// # Errors
/// The system's.
pub(super) fn lock(folder: &Path) -> Result<File> {
    fs::create_dir_all(folder)?;
    let path = folder.join("lock");
    regular::open(&path, OpenOptions::new().create(true).truncate(false).write(true).mode(0o600))
}
