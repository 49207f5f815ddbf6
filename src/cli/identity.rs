//! `wattle identity keep`: the key stays although the hardware is another one.

use super::output::{Stop, print};
use super::text::one_line;
use crate::platform::home::{Home, HomeFile, at_home};
use crate::platform::running;
use std::path::Path;

/// Keeps the key of this home, which no agent uses.
pub(super) fn keep(path: &Path) -> Result<(), Stop> {
    let unlocked = Home::at(path);
    if running::is_running(&unlocked) {
        return Err(Stop::NotDone(format!(
            "An agent runs with the home {}. Nothing was changed. Stop it, type this again, and start it.",
            path.display()
        )));
    }
    if let Some(lost) = unlocked.key_outlook(None) {
        return Err(Stop::NotDone(lost.what));
    }
    if !unlocked.file(HomeFile::Identity).exists() {
        let up = at_home("wattle up", path);
        return Err(Stop::NotDone(format!("The home {} has no key. The first `{up}` makes one.", path.display())));
    }
    let done = Home::open(path).and_then(|home| home.keep_identity()).map_err(Stop::NotDone)?;
    print(&format!("{}\n", one_line(&done)))
}
