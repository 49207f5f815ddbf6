//! What peers learn of this agent's headroom, and when. The gossip item is `wire::gossip::Headroom`: how many quarters of
//! the device peers may use, how long a chunk takes, how much energy there is. Temperature, charge and the times at which
//! the device is used stay private.

use super::decision::Decision;
use super::mode::Mode;
use super::reason::Reason;
use crate::base::level::Energy;
use crate::base::time::{Duration, Instant};
use crate::limits::{GOSSIP_DWELL_MS, GOSSIP_REFRESH_MS, GOSSIP_VALID_S};
use crate::wire::gossip::Headroom;

/// The least time between two items if the level changed.
const DWELL: Duration = Duration::from_millis(GOSSIP_DWELL_MS);
/// The time between two items if it did not.
const REFRESH: Duration = Duration::from_millis(GOSSIP_REFRESH_MS);
/// Quarters that a device with a backlog of its own offers at most.
const HALF: u8 = 2;

/// The item of an agent that has a governor.
#[must_use]
pub fn headroom(decision: &Decision, has_backlog: bool, chunk_ms: f64) -> Headroom {
    let (quarters, ms_per_task) = (quarters(decision, has_backlog), rounded(chunk_ms));
    Headroom { quarters, energy: decision.energy, ms_per_task, valid_s: GOSSIP_VALID_S.1 }
}

/// The item of an agent without one.
#[must_use]
pub const fn ungoverned(has_backlog: bool) -> Headroom {
    let quarters = if has_backlog { HALF } else { 4 };
    Headroom { quarters, energy: Energy::Unknown, ms_per_task: 0, valid_s: GOSSIP_VALID_S.1 }
}

/// Decides when an item is sent.
#[derive(Clone, Debug, Default)]
pub struct HeadroomAdvertiser {
    sent: Option<(Instant, Headroom)>,
}

impl HeadroomAdvertiser {
    /// When this item is due: at once if none was sent, sooner if the level or the energy changed, later if not. A new
    /// time per chunk alone is no reason to send.
    #[must_use]
    pub fn due(&self, next: &Headroom) -> Instant {
        let Some((at, sent)) = self.sent else { return Instant::ZERO };
        let same = (sent.quarters, sent.energy) == (next.quarters, next.energy);
        at + if same { REFRESH } else { DWELL }
    }

    /// The item to send now, if it is due.
    pub fn next_item(&mut self, now: Instant, next: Headroom) -> Option<Headroom> {
        if self.due(&next) > now {
            return None;
        }
        self.sent = Some((now, next));
        Some(next)
    }
}

/// Quarters of the device that peers may use.
fn quarters(decision: &Decision, has_backlog: bool) -> u8 {
    let needs_rest =
        decision.on_battery || decision.mode <= Mode::Trickle || decision.reason == Some(Reason::UnderVoltage);
    let most = if has_backlog { HALF } else { 4 };
    if needs_rest { 0 } else { decision.headroom.quarters().min(most) }
}

/// Milliseconds rounded to two digits: a finer figure would make a device recognisable.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 1e6 by construction")]
#[must_use]
fn rounded(chunk_ms: f64) -> u32 {
    let clamped = if chunk_ms >= 1.0 { chunk_ms.min(1e6) } else { 1.0 };
    let step = 10_f64.powf((clamped.log10().floor() - 1.0).max(0.0));
    ((clamped / step).round() * step) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::energy::fraction::Fraction;

    fn decision(headroom: f64) -> Decision {
        let mode = Mode::of(Fraction::new(headroom));
        Decision { headroom: Fraction::new(headroom), mode, workers: 1, ..Decision::default() }
    }

    #[test]
    fn at_most_two_items_a_minute_are_sent_and_the_last_is_right_after_thirty_seconds() {
        let mut rng = Rng::new(9);
        let mut advertiser = HeadroomAdvertiser::default();
        let (mut sent, mut last, mut level, mut since) = (Vec::new(), None, 0, 0);
        for second in 0..7200_u64 {
            if rng.one_in(20) {
                level = rng.below(5);
                since = second;
            }
            let now = Instant::from_millis(second * 1000);
            // The time per chunk changes with every measurement.
            let next = headroom(&decision(level as f64 / 4.0), false, 90.0 + rng.below(30) as f64);
            if let Some(item) = advertiser.next_item(now, next) {
                sent.push(second);
                last = Some(item);
            }
            let shown = u64::from(last.unwrap().quarters);
            let due = if level == 1 { 0 } else { level };
            assert!(second - since < 30 || shown == due, "{shown} shown, {level} held for {} s", second - since);
        }
        assert!(sent.windows(3).all(|three| three[2] - three[0] >= 60), "two a minute");
        assert!(sent.windows(2).all(|two| two[1] - two[0] <= 60), "and one a minute at least");
    }

    #[test]
    fn a_device_on_battery_or_held_low_offers_nothing_and_one_with_work_of_its_own_half() {
        let free = decision(1.0);
        assert_eq!(quarters(&free, false), 4);
        assert_eq!(quarters(&free, true), 2);
        assert_eq!(quarters(&Decision { on_battery: true, ..free }, false), 0);
        assert_eq!(quarters(&Decision { mode: Mode::Trickle, ..free }, false), 0);
        assert_eq!(quarters(&Decision { reason: Some(Reason::UnderVoltage), ..free }, false), 0);
        let weak = Decision { reason: Some(Reason::WeakSupply), ..decision(0.75) };
        assert_eq!(quarters(&weak, false), 3, "a lasting cap by a weak supply does not stop the offer");
    }

    #[test]
    fn the_item_holds_nothing_but_four_coarse_fields() {
        let item = headroom(&decision(0.8), false, 123.4);
        let text = serde_json::to_string(&item).unwrap();
        let keys = ["quarters", "energy", "ms_per_task", "valid_s"];
        assert_eq!(text.matches("\":").count(), keys.len(), "{text}");
        assert!(keys.iter().all(|key| text.contains(key)), "{text}");
        assert!(["temp", "capacity", "hours", "reason", "battery"].iter().all(|key| !text.contains(key)), "{text}");
        assert_eq!(item.ms_per_task, 120);
        assert_eq!([rounded(f64::NAN), rounded(0.0), rounded(9.4), rounded(1e99)], [1, 1, 9, 1_000_000]);
    }
}
