//! Documents that their owner wants forgotten: the next of them below a place that is marked so.

use crate::limits::SCAN_BATCH;
use crate::scheduler::task::Outcome;
use crate::store::kv::{Kv, KvError};
use crate::store::read;
use crate::store::record::MarkKind;

/// The next documents to delete. What was deleted before is not found again, so each step begins at the place's first.
///
/// # Errors
/// Any `KvError`; the step can be done again.
pub(super) fn sweep(kv: &impl Kv) -> Result<Outcome, KvError> {
    let marks = read::marks(kv)?;
    let Some(place) = marks.0.into_iter().find(|mark| mark.kind == MarkKind::Forgotten) else {
        return Ok(Outcome::Swept { place: None, docs: Vec::new(), last: true });
    };
    let (mut docs, mut after) = (Vec::new(), None);
    loop {
        let page = read::documents_under(kv, &place.path, after.as_deref(), SCAN_BATCH)?;
        let last = page.len() < SCAN_BATCH;
        after = page.last().map(|(_, doc)| doc.path.clone());
        let meant = page.into_iter().filter(|(_, doc)| place.volume == 0 || doc.stamp.volume() == place.volume);
        docs.extend(meant.map(|(id, _)| id));
        if last || !docs.is_empty() {
            return Ok(Outcome::Swept { place: Some(place), docs, last });
        }
    }
}
