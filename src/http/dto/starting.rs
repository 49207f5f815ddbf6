//! What an agent that started a moment ago does not know yet.

use super::StatusReport;
use crate::base::count::{count, plural};
use crate::http::folders::Watched;
use serde::{Deserialize, Serialize};

/// What is not known yet, a moment after the start: the counts are of what is known so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Starting {
    /// All of it in two sentences.
    pub says: String,
    /// Whether folders that are named for this start are not watched yet.
    pub folders: bool,
    /// Watched folders that were not looked at yet since the start.
    pub looks: usize,
    /// Known devices that are not linked yet and did not say that they are off.
    pub devices: usize,
}

impl Starting {
    /// From a status; `folders` may be to come, and the agent is `young` or not. `None`: all is known.
    #[must_use]
    pub fn of(report: &StatusReport, folders: bool, young: bool) -> Option<Self> {
        let is_away = |source: &Watched| source.away.iter().any(|place| place.path == source.path);
        let unlooked = report.sources.iter().filter(|source| source.looked_s_ago.is_none() && !is_away(source));
        let looks = if young { unlooked.count() } else { 0 };
        let devices = report.peers.iter().filter(|peer| young && !peer.linked && peer.off_s.is_none()).count();
        let parts = [
            folders.then(|| "all of the folders that it watches".to_owned()),
            (looks > 0).then(|| format!("what is new in {}", count(looks as u64, "folder"))),
            (devices > 0).then(|| {
                let are = plural(devices as u64, "device is", "devices are");
                format!("whether {devices} other {are} there")
            }),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let says =
            format!("The agent is starting, and counts what is known so far. Not known yet: {}.", parts.join("; "));
        (!parts.is_empty()).then_some(Self { says, folders, looks, devices })
    }
}

#[cfg(test)]
#[path = "starting_test.rs"]
mod tests;
