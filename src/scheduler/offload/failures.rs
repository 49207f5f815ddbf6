//! A device that cannot embed what it is lent. After `FAILED_MAX` texts in a row it has nothing more of this one's work, and is tried with one
//! text at a time, after pauses that grow: whatever is wrong with it, others go on with its texts. A result ends that.

use crate::base::time::{Duration, Instant};
use crate::limits::{FAILED_MAX, FAILED_PAUSE_FACTOR, FAILED_PAUSE_MS, FAILED_PAUSE_MS_MAX};

/// The failures of one device.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// Texts that it could not embed since its last result.
    texts: u32,
    /// Pauses since then.
    pauses: u32,
    until: Option<Instant>,
}

impl Failures {
    /// It could not embed so many texts. True if it gets nothing for a while from now on.
    pub(super) fn failed(&mut self, now: Instant, texts: usize) -> bool {
        self.texts = self.texts.saturating_add(u32::try_from(texts).unwrap_or(u32::MAX));
        if !self.is_broken() || self.pause(now).is_some() {
            return false;
        }
        let ms = FAILED_PAUSE_MS.saturating_mul(FAILED_PAUSE_FACTOR.saturating_pow(self.pauses));
        self.pauses = self.pauses.saturating_add(1);
        self.until = Some(now + Duration::from_millis(ms.min(FAILED_PAUSE_MS_MAX)));
        true
    }

    /// It embeds.
    pub(super) fn end(&mut self) {
        *self = Self::default();
    }

    /// Whether it seems able to embed nothing: it is tried with one text.
    pub(super) const fn is_broken(&self) -> bool {
        self.texts >= FAILED_MAX
    }

    /// How long it gets nothing.
    pub(super) fn pause(&self, now: Instant) -> Option<Duration> {
        self.until.filter(|until| now < *until).map(|until| until.since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_their_limit_and_a_result_ends_them() {
        let mut failures = Failures::default();
        let mut now = Instant::ZERO;
        assert!(!failures.failed(now, 1) && !failures.failed(now, 1), "a text may be at fault");
        let mut pauses = Vec::new();
        for _ in 0..6 {
            assert!(failures.failed(now, 1) && !failures.failed(now, 1), "once a pause");
            let pause = failures.pause(now).unwrap_or_default().as_millis();
            pauses.push(u64::try_from(pause).unwrap_or(u64::MAX));
            now = now + Duration::from_millis(FAILED_PAUSE_MS_MAX);
            assert!(failures.is_broken() && failures.pause(now).is_none(), "it is tried");
        }
        assert!(pauses[0] == FAILED_PAUSE_MS && pauses[5] == FAILED_PAUSE_MS_MAX && pauses.is_sorted(), "{pauses:?}");
        failures.end();
        assert!(!failures.is_broken());
    }
}
