//! What the nodes of these tests are started with.

use super::OWN;
use crate::base::fluency::Fluency;
use crate::base::id::Fingerprint;
use crate::node::NodeConfig;
use crate::scheduler::Config;

/// With this for the scheduler.
pub(super) fn config(scheduler: Config) -> NodeConfig {
    NodeConfig {
        key_before: None,
        key: OWN,
        boot: 1,
        seed: 1,
        peer_id: "peer".to_owned(),
        device: "here".to_owned(),
        home: "/srv/the agent".into(),
        model: "stand-in".to_owned(),
        fingerprint: Fingerprint([0; 32]),
        fluency: Fluency::default(),
        multilingual: None,
        scheduler,
    }
}
