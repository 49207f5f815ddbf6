//! The status of a node that has nothing to do, for tests.

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
