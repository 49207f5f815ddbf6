//! A restore that did not end: it was killed, or the power went.

use crate::base::finding::{Area, Finding};
use std::path::Path;

/// What stands behind the name of the store's folder in that of a restore's: the new store is made in it, and it goes once all is restored.
pub const RESTORED: &str = "restored";

/// The folder of a restore.
const FOLDER: &str = "store-1.restored";

/// Whether a restore into this home was begun and did not end.
pub(super) fn is_unfinished(home: &Path) -> bool {
    home.join(FOLDER).symlink_metadata().is_ok()
}

/// What people are told of a restore that was begun in this home and did not end; `None` without one.
#[must_use]
pub fn unfinished_restore(home: &Path) -> Option<Finding> {
    let what = || {
        format!(
            "A restore into this home did not end, as its folder {} tells: what the backup has may be missing here. Stop the agent, if it runs, and \
             restore the backup again: with --replace, if the home has documents by now, which are replaced then. If you do not want it any more, \
             delete that folder. No first visitor of the page chooses its password here.",
            home.join(FOLDER).display()
        )
    };
    is_unfinished(home).then(|| Finding {
        area: Area::State,
        what: what(),
        command: Some("wattle restore FILE".to_owned()),
    })
}
