//! Finds a sensor that gives one constant number while others of the same CPU move.

use super::fault::Reading;
use crate::base::time::{Duration, Instant};
use crate::limits::CPU_SENSORS_MAX;

/// A number that stands for this long, while others moved, is a constant.
const STANDS: Duration = Duration::from_secs(300);
/// So often another sensor has to move by `STEP` meanwhile: once may be a sensor of something else.
const MOVES: u32 = 3;
/// Millidegrees of one move; coarse sensors have steps of one degree.
const STEP: i64 = 3000;

/// The sensors of one CPU.
#[derive(Clone, Debug, Default)]
pub(super) struct Constants {
    sensors: [Option<Seen>; CPU_SENSORS_MAX],
    /// Moves of all of them.
    moves: u32,
}

/// What is known of one sensor.
#[derive(Clone, Copy, Debug)]
struct Seen {
    raw: i64,
    /// Since when it gives this number, and the moves of all until then.
    since: (Instant, u32),
    /// The number from which its next move is measured.
    anchor: i64,
}

impl Constants {
    /// Takes a plausible reading of sensor `at`; is it a constant?
    pub(super) fn take(&mut self, now: Instant, at: usize, reading: Reading) -> bool {
        let (Ok(raw), Some(place)) = (reading, self.sensors.get_mut(at)) else { return false };
        let since = (now, self.moves);
        let seen = place.get_or_insert(Seen { raw, since, anchor: raw });
        if seen.raw != raw {
            (seen.raw, seen.since) = (raw, since);
        }
        if (raw - seen.anchor).abs() >= STEP {
            seen.anchor = raw;
            self.moves = self.moves.wrapping_add(1);
        }
        let (began, moves) = seen.since;
        now.since(began) >= STANDS && self.moves.wrapping_sub(moves) >= MOVES
    }
}
