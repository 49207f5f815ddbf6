//! The record of an update, on the data partition: whole, or not there.

use crate::limits::UPDATE_RECORD_BYTES_MAX;
use crate::mesh::update::{Record, Slot, Stage};
use crate::platform::home::durable;
use crate::platform::regular;
use crate::wire::update::Version;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::Result;
use std::path::Path;

const NAME: &str = "record.json";

/// Its form in the file.
#[derive(Serialize, Deserialize)]
struct Kept {
    version: String,
    slot: String,
    stage: String,
    needs_mesh: bool,
}

/// The words for the stages.
const STAGES: [(Stage, &str); 4] = [
    (Stage::Written, "written"),
    (Stage::Trying, "trying"),
    (Stage::Confirmed, "confirmed"),
    (Stage::RolledBack, "rolled-back"),
];

/// The record, if there is one that can be read. Of one that cannot, the next start of the firmware falls back to the system that `config.txt` names, as it does
/// without one.
pub(super) fn read(folder: &Path) -> Option<Record> {
    let bytes = regular::read(&folder.join(NAME), UPDATE_RECORD_BYTES_MAX).ok()?;
    let kept: Kept = serde_json::from_slice(&bytes).ok()?;
    Some(Record {
        version: Version::parse(&kept.version)?,
        slot: [Slot::A, Slot::B].into_iter().find(|slot| slot.name() == kept.slot)?,
        stage: STAGES.iter().find(|(_, word)| *word == kept.stage)?.0,
        needs_mesh: kept.needs_mesh,
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
    };
    durable::write(&folder.join(NAME), &serde_json::to_vec(&kept)?)
}

/// The word for a stage.
fn stage_word(stage: Stage) -> &'static str {
    STAGES.iter().find(|(known, _)| *known == stage).map_or("", |(_, word)| word)
}

/// Forgets it, synced.
///
/// # Errors
/// The system's.
pub(super) fn forget(folder: &Path) -> Result<()> {
    durable::remove(&folder.join(NAME))
}

/// The file whose lock whoever changes the card holds.
///
/// # Errors
/// The system's.
pub(super) fn lock(folder: &Path) -> Result<File> {
    fs::create_dir_all(folder)?;
    regular::open(&folder.join("lock"), OpenOptions::new().create(true).truncate(false).write(true))
}
