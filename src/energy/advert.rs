//! What peers are told (4.9): how much could be done here, how fast, how much energy; no heat, no charge, no habits.

use super::decision::Decision;
use super::mode::Mode;
use super::policy::hint::Energy;
use super::reason::Reason;
use crate::base::time::{Duration, Instant};
use serde::{Deserialize, Serialize};

/// A level holds for this long before a word changes it (4.9).
const DWELL: Duration = Duration::from_secs(30);
/// A word is said again after this long (4.9).
const AGAIN: Duration = Duration::from_secs(60);
/// Seconds for which a word holds: one that is lost is not missed (4.9: 30 to 120).
const VALID_S: u8 = 120;
/// With a backlog of its own a device offers at most half (4.9).
const HALF: u8 = 2;

/// The word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advert {
    /// Quarters of the device that peers may hope for, 0 to 4.
    pub quarters: u8,
    /// How much the device works.
    pub mode: u8,
    /// Milliseconds that a chunk takes here.
    pub chunk_ms: u32,
    /// How much energy there is.
    pub energy: Energy,
    /// Seconds for which this holds.
    pub valid_s: u8,
    /// Rises with each word.
    pub seq: u64,
}

/// Says when there is something to say.
#[derive(Clone, Debug, Default)]
pub struct Crier {
    said: Option<(Instant, Advert)>,
    seq: u64,
}

impl Crier {
    /// The word to send now, if one is due.
    pub fn word(&mut self, now: Instant, decision: &Decision, has_backlog: bool, chunk_ms: f64) -> Option<Advert> {
        let mut next = Advert {
            quarters: quarters(decision, has_backlog),
            mode: decision.mode as u8,
            chunk_ms: rounded(chunk_ms),
            energy: decision.energy,
            valid_s: VALID_S,
            seq: self.seq,
        };
        if let Some((at, said)) = self.said {
            let quiet = now.since(at);
            let same = (said.quarters, said.energy) == (next.quarters, next.energy);
            if quiet < DWELL || same && quiet < AGAIN {
                return None;
            }
        }
        self.seq += 1;
        next.seq = self.seq;
        self.said = Some((now, next));
        Some(next)
    }
}

/// Quarters of the device that peers may hope for.
#[must_use]
pub fn quarters(decision: &Decision, has_backlog: bool) -> u8 {
    let shy = decision.on_battery
        || decision.mode <= Mode::Trickle
        || matches!(decision.reason, Some(Reason::UnderVoltage | Reason::WeakSupply));
    let most = if has_backlog { HALF } else { 4 };
    if shy { 0 } else { decision.headroom.quarters().min(most) }
}

/// Milliseconds to two digits: a finer figure would tell devices apart.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 1e6 by construction")]
#[must_use]
pub fn rounded(chunk_ms: f64) -> u32 {
    let clamped = if chunk_ms >= 1.0 { chunk_ms.min(1e6) } else { 1.0 };
    let step = 10_f64.powf((clamped.log10().floor() - 1.0).max(0.0));
    ((clamped / step).round() * step) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::energy::share::Share;

    fn decision(headroom: f64) -> Decision {
        let mode = Mode::of(Share::new(headroom));
        Decision { headroom: Share::new(headroom), mode, workers: 1, ..Decision::default() }
    }

    #[test]
    fn at_most_two_words_a_minute_and_never_more_than_one_step_off_after_thirty_seconds() {
        let mut rng = Rng::new(9);
        let mut crier = Crier::default();
        let (mut words, mut last, mut level, mut since) = (Vec::new(), None, 0, 0);
        for second in 0..7200_u64 {
            if rng.one_in(20) {
                level = rng.below(5);
                since = second;
            }
            let now = Instant::from_millis(second * 1000);
            if let Some(word) = crier.word(now, &decision(level as f64 / 4.0), false, 100.0) {
                words.push(second);
                last = Some(word);
            }
            let shown = u64::from(last.unwrap().quarters);
            let due = if level == 1 { 0 } else { level };
            assert!(second - since < 30 || shown == due, "{shown} shown, {level} held for {} s", second - since);
        }
        assert!(words.windows(3).all(|three| three[2] - three[0] >= 60), "two a minute");
        assert!(words.windows(2).all(|two| two[1] - two[0] <= 60), "and one a minute at least");
    }

    #[test]
    fn a_device_in_need_offers_nothing_and_one_with_work_of_its_own_half() {
        let free = decision(1.0);
        assert_eq!(quarters(&free, false), 4);
        assert_eq!(quarters(&free, true), 2);
        assert_eq!(quarters(&Decision { on_battery: true, ..free }, false), 0);
        assert_eq!(quarters(&Decision { mode: Mode::Trickle, ..free }, false), 0);
        assert_eq!(quarters(&Decision { reason: Some(Reason::UnderVoltage), ..free }, false), 0);
    }

    #[test]
    fn the_word_holds_nothing_that_tells_of_habits() {
        let advert = Crier::default().word(Instant::ZERO, &decision(0.8), false, 123.4).unwrap();
        let text = serde_json::to_string(&advert).unwrap();
        let keys = ["quarters", "mode", "chunk_ms", "energy", "valid_s", "seq"];
        assert_eq!(text.matches("\":").count(), keys.len(), "{text}");
        assert!(keys.iter().all(|key| text.contains(key)), "{text}");
        assert!(["temp", "capacity", "hours", "reason", "battery"].iter().all(|word| !text.contains(word)), "{text}");
        assert_eq!(advert.chunk_ms, 120);
        assert_eq!([rounded(f64::NAN), rounded(0.0), rounded(9.4), rounded(1e99)], [1, 1, 9, 1_000_000]);
    }
}
