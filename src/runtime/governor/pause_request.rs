//! A pause or a burst as a person asks for it, on the command line or over HTTP.

use crate::base::time::{Duration, Instant};
use crate::energy::policy::pause::Pause;
use crate::energy::policy::wall::{Wall, Zone};
use serde::{Deserialize, Serialize};

/// How long to pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseRequest {
    /// Until `wattle resume`.
    Open,
    /// For this long.
    For(Duration),
    /// Until the clock shows this minute of the day.
    Until(u16),
}

/// Why work is to go on beside other programs for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BurstRequest {
    /// A person asked for it, for this long or for as long as is usual.
    Asked(Option<Duration>),
    /// A person added a folder on a terminal, and looks on.
    Arrived,
}

/// Who began a burst: what ends it is told by that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BurstFrom {
    /// A person asked for it.
    Asked,
    /// The agent, because it was started, or was given a folder, on a terminal.
    Arrived,
}

const NO_TIME: &str = "Nothing vouches for this device's clock (no time service, no hardware clock), so nothing is timed by it. Say \
                       for how long instead, as `wattle pause 2h`; or, if the clock is right, write trust_clock = true below \
                       [energy] in config.toml, for the next start.";

impl PauseRequest {
    /// The pause that begins now.
    ///
    /// # Errors
    /// A time of day was asked for and none is known, in one sentence.
    pub(super) fn pause(self, now: Instant, wall: Option<Wall>, zone: &Zone) -> Result<Pause, String> {
        match self {
            Self::Open => Ok(Pause::OPEN),
            Self::For(time) => Ok(Pause::lasting(now, time)),
            Self::Until(minute) => Pause::until_clock(now, wall, zone, minute).ok_or_else(|| NO_TIME.to_owned()),
        }
    }
}
