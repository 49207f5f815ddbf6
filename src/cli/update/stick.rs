//! An update on a USB stick that the image's service found: a stick that is left in is found at each start, and does not undo what its owner chose.

use super::origin::Origin;
use super::watch::is_known;
use crate::cli::output::Stop;
use crate::mesh::update::Stage;
use crate::platform::update::{Card, System};

/// Whether the update of the stick with this name is one to take without being told. One that is not newer than what runs is refused where it is taken.
///
/// # Errors
/// One sentence: it is left alone, and how it is taken all the same; or it is none for this board.
pub(super) fn may_take(card: &Card<'_>, from: &Origin, stick: &str) -> Result<(), Stop> {
    let version = from.package().check(card.system(), true)?.version;
    let known = card.record().filter(|record| is_known(record, version));
    let Some(record) = known.filter(|_| version > System::version()) else { return Ok(()) };
    let why = match record.stage {
        _ if record.stands() => "the older version that you chose stands",
        Stage::RolledBack => "it was given up before, or a later one was",
        Stage::Written | Stage::Trying | Stage::Confirmed => "it lies on the card already, or a later one does",
    };
    let text = format!(
        "Version {version} on the USB stick {stick} was left alone: {why}. `/usr/libexec/wattle/look-at-stick {stick} take`, typed by ssh, takes it all the same. Nothing was changed."
    );
    let is_choice = record.stands() || record.stage == Stage::RolledBack;
    if is_choice && let Err(error) = card.note_left(&text) {
        log::warn!("That an update was left alone cannot be written: {error}.");
    }
    Err(Stop::NotDone(text))
}
