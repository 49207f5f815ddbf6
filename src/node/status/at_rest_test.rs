//! The status of a node that has nothing to do, and of a device that has nothing of its work, for tests.

use super::*;
use crate::base::id::Fingerprint;

impl Status {
    pub(crate) fn at_rest() -> Self {
        Self {
            peer_id: "12D3".to_owned(),
            device: "desk".to_owned(),
            mesh: None,
            counts: StoreCounts::default(),
            sources: Vec::new(),
            model: NamedModel { name: String::new(), fingerprint: Fingerprint::default() },
            foreign: None,
            peers: Vec::new(),
            gossip: Vec::new(),
            driver: FromDriver::default(),
            work: WorkStatus::default(),
            findings: Vec::new(),
        }
    }
}

impl LentStatus {
    pub(crate) fn at_rest() -> Self {
        Self {
            device: "nas".to_owned(),
            peer_id: "12D3".to_owned(),
            chunks: 0,
            unchecked: 0,
            owed: 0,
            done: 0,
            ms_per_chunk: None,
            since_ago: None,
            kept_out: None,
            link: WorkLink::Up,
            rests: false,
            owed_fails: None,
        }
    }
}
