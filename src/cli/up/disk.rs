//! The disk of the home, which may become read-only under the running agent.

use crate::base::time::Duration;
use crate::limits::HOME_LOOK_MS;
use crate::platform::blocking;
use crate::platform::clock;
use crate::platform::findings::Findings;
use crate::platform::home::read_only;
use std::path::PathBuf;

/// The key of the finding.
const KEY: &str = "home-disk";

/// Has it a finding while the system says that nothing can be written to the home's disk. An agent with nothing to do writes nothing, so
/// that no write would fail before a person's command does. Nothing is written for it: a card wears.
pub(super) async fn watch_disk(home: PathBuf, findings: Findings) {
    loop {
        let own = home.clone();
        match blocking::run(move || read_only(&own)).await.flatten() {
            Some(found) => findings.set(KEY, found),
            None => findings.clear(KEY),
        }
        clock::sleep_until(Some(clock::now() + Duration::from_millis(HOME_LOOK_MS))).await;
    }
}
