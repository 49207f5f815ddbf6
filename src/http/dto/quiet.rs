//! The answer of `PUT /v1/energy/quiet`.

use crate::runtime::governor::QuietWindow;
use serde::{Deserialize, Serialize};

/// Quiet hours as they are from now on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QuietSet {
    /// All of them.
    pub quiet: Vec<QuietWindow>,
    /// Whether this agent governs its host; where another one does, that one's quiet hours hold.
    pub leads: bool,
    /// Why config.toml does not say so yet, if it could not be written: that is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forgotten: Option<String>,
}
