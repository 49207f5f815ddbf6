//! A start on a full disk, which is counted later.

use crate::base::finding::{Area, Finding, quoted_bytes};
use crate::base::time::Duration;
use crate::limits::{COUNT_FREE_MIN, DISK_RETRY_MS};
use crate::platform::blocking;
use crate::platform::clock;
use crate::platform::findings::Findings;
use crate::platform::home::{Home, disk_free};
use std::path::PathBuf;

/// The key of the finding.
const KEY: &str = "boot";

/// Counts this start as soon as the disk has room; until then that is a finding. The other devices order what this one
/// says by the count, so two starts with one number would be refused.
pub(super) async fn count_when_there_is_room(home: PathBuf, boot: u32, findings: Findings) {
    let name = home.display();
    let what = format!(
        "The disk that holds {name} is full: the agent answers, and start {boot} of it is not counted yet. It is counted as \
         soon as there is room. If the agent ends before, its next start has the same number, and other devices refuse its \
         messages for some seconds, until it counts on."
    );
    let command = Some(format!("df -h {}", quoted_bytes(home.as_os_str().as_encoded_bytes())));
    findings.set(KEY, Finding { area: Area::State, what, command });
    loop {
        clock::sleep_until(Some(clock::now() + Duration::from_millis(DISK_RETRY_MS))).await;
        let home = home.clone();
        let count = move || disk_free(&home) >= COUNT_FREE_MIN && Home::at(&home).boot_at_least(boot);
        if blocking::run(count).await == Some(true) {
            return findings.clear(KEY);
        }
    }
}
