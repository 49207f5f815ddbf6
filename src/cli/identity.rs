//! `wattle id` and `wattle identity keep`: who this device is, and that its key stays although the hardware is another one.

use super::output::{Stop, show, show_done};
use super::text::one_line;
use crate::platform::home::{Home, HomeFile, at_home};
use crate::platform::running;
use serde_json::json;
use std::path::Path;

/// Keeps the key of this home, which no agent uses.
pub(super) fn keep(path: &Path, as_json: bool) -> Result<(), Stop> {
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
    show_done(as_json, json!({}), &(one_line(&done) + "\n"))
}

/// Prints the PeerId. The key is read without the home's lock, which a running agent holds; a home that has no key yet
/// gets one.
pub(super) fn print_id(home: &Path, as_json: bool) -> Result<(), Stop> {
    let unlocked = Home::at(home);
    // Of a home whose key is gone the next start tells people, and makes a new one.
    if let Some(lost) = unlocked.key_outlook(None) {
        return Err(Stop::NotDone(lost.what));
    }
    let home = if unlocked.file(HomeFile::Identity).exists() { Ok(unlocked) } else { Home::open(home) };
    let identity = home.and_then(|home| home.identity()).map_err(Stop::NotDone)?;
    let peer_id = identity.peer_id().to_string();
    show(as_json, &json!({ "peer_id": peer_id }), || format!("{peer_id}\n"))
}
