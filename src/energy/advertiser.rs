//! What peers learn of this agent's headroom, and when. The gossip item is `wire::gossip::Headroom`: how many quarters of
//! the device peers may use, how long a chunk takes, how much energy there is. Temperature, charge and the times at which
//! the device is used stay private.

use super::decision::Decision;
use super::mode::Mode;
use super::reason::Reason;
use crate::base::level::Energy;
use crate::base::rng::Rng;
use crate::base::time::{Duration, Instant};
use crate::limits::{GOSSIP_DWELL_MS, GOSSIP_DWELL_PEER_MS, GOSSIP_REFRESH_MS, GOSSIP_TASK_FACTOR, GOSSIP_VALID_S};
use crate::wire::gossip::Headroom;

/// The least time between two items if the level changed.
const DWELL: Duration = Duration::from_millis(GOSSIP_DWELL_MS);
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
#[derive(Clone, Debug)]
pub struct HeadroomAdvertiser {
    sent: Option<(Instant, Headroom)>,
    /// Until the item is sent again unchanged: drawn anew each time, so that agents that started together spread.
    refresh: Duration,
    rng: Rng,
}

impl HeadroomAdvertiser {
    /// Nothing is sent yet. The seed is for the time between items that did not change.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { sent: None, refresh: Duration::from_millis(GOSSIP_REFRESH_MS), rng: Rng::new(seed) }
    }

    /// The item is due again, as if none was sent.
    pub const fn forget(&mut self) {
        self.sent = None;
    }

    /// When this item is due: at once if none was sent, sooner if it changed enough to count, later if not. With many peers
    /// a change waits longer, so that all of them together send no more than a link carries easily.
    #[must_use]
    pub fn due(&self, next: &Headroom, peers: usize) -> Instant {
        let Some((at, sent)) = self.sent else { return Instant::ZERO };
        let dwell = DWELL.max(Duration::from_millis(peers as u64 * GOSSIP_DWELL_PEER_MS));
        at + if is_same(&sent, next) { self.refresh } else { dwell.min(self.refresh) }
    }

    /// The item to send now, if it is due.
    pub fn next_item(&mut self, now: Instant, next: Headroom, peers: usize) -> Option<Headroom> {
        if self.due(&next, peers) > now {
            return None;
        }
        // After the first one at any time: a whole mesh that has started at once is spread from then on.
        let within = if self.sent.is_none() { GOSSIP_REFRESH_MS - GOSSIP_DWELL_MS } else { GOSSIP_REFRESH_MS / 4 };
        let sooner = self.rng.below(within);
        (self.sent, self.refresh) = (Some((now, next)), Duration::from_millis(GOSSIP_REFRESH_MS - sooner));
        Some(next)
    }
}

/// Whether peers would decide alike by either. The time of a task is measured anew with each and counts by its magnitude.
fn is_same(one: &Headroom, other: &Headroom) -> bool {
    let (low, high) = (one.ms_per_task.min(other.ms_per_task), one.ms_per_task.max(other.ms_per_task));
    (one.quarters, one.energy) == (other.quarters, other.energy)
        && (low == high || high < low.saturating_mul(GOSSIP_TASK_FACTOR))
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
        let mut advertiser = HeadroomAdvertiser::new(1);
        let (mut sent, mut last, mut level, mut since) = (Vec::new(), None, 0, 0);
        for second in 0..7200_u64 {
            if rng.one_in(20) {
                level = rng.below(5);
                since = second;
            }
            let now = Instant::from_millis(second * 1000);
            // The time per chunk changes with every measurement.
            let next = headroom(&decision(level as f64 / 4.0), false, 90.0 + rng.below(30) as f64);
            if let Some(item) = advertiser.next_item(now, next, 4) {
                sent.push(second);
                last = Some(item);
            }
            let shown = u64::from(last.unwrap().quarters);
            let due = if level == 1 { 0 } else { level };
            assert!(second - since < 30 || shown == due, "{shown} shown, {level} held for {} s", second - since);
        }
        assert!(sent.windows(3).all(|three| three[2] - three[0] >= 60), "two a minute");
        assert!(sent.windows(2).all(|two| two[1] - two[0] <= 600), "and one in ten minutes at least");
    }

    #[test]
    fn what_does_not_change_is_sent_again_by_turns_and_a_change_waits_longer_in_a_large_mesh() {
        let item = |quarters, ms_per_task| Headroom { quarters, energy: Energy::Normal, ms_per_task, valid_s: 120 };
        let first = |seed| {
            let mut advertiser = HeadroomAdvertiser::new(seed);
            assert!(advertiser.next_item(Instant::ZERO, item(4, 100), 4).is_some());
            advertiser
        };
        let refresh = |seed| first(seed).due(&item(4, 100), 4).millis();
        let early = (1..=1_000).filter(|seed| refresh(*seed) < GOSSIP_REFRESH_MS / 2).count();
        assert!((400..600).contains(&early), "agents that start together spread: {early} of 1,000 in the first half");
        let mut later = first(1);
        for _ in 0..50 {
            let due = later.due(&item(4, 100), 4);
            assert!(later.next_item(due, item(4, 100), 4).is_some());
            assert!((450_000..=600_000).contains(&later.due(&item(4, 100), 4).since(due).as_millis()));
        }
        let changed = |item, peers| first(1).due(&item, peers).millis();
        assert_eq!(changed(item(3, 100), 4), GOSSIP_DWELL_MS);
        assert_eq!(changed(item(3, 100), 500), 250_000);
        assert_eq!([changed(item(4, 199), 4), changed(item(4, 51), 4)], [refresh(1); 2], "a little faster or slower");
        let much = [item(4, 200), item(4, 50), item(4, 0)].map(|item| changed(item, 4));
        assert_eq!(much, [GOSSIP_DWELL_MS; 3], "twice as slow, twice as fast, unknown");
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
