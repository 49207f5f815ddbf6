//! Failed reads: their class, and when to try again.

use crate::base::time::{Duration, Instant};

/// Why a read gave no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not at this moment (EAGAIN, ENODATA, EINTR): the next sample may have one.
    Later,
    /// The file is gone (ENODEV, ENOENT, ESTALE, ENXIO): close it and list the sensors again.
    Gone,
    /// The driver fails (EINVAL, EIO, ETIMEDOUT, EOPNOTSUPP and all others): back off.
    Failing,
    /// Permission denied (EACCES, EPERM): do not read again.
    Denied,
    /// There are bytes, but no number or an impossible one.
    Garbage,
}

/// A value as read, or why there is none.
pub type Reading = Result<i64, Fault>;

impl Fault {
    /// The class of an errno of Linux (the numbers are those of x86, ARM and RISC-V).
    #[must_use]
    pub const fn from_errno(errno: i32) -> Self {
        match errno {
            4 | 11 | 61 => Self::Later,
            2 | 6 | 19 | 116 => Self::Gone,
            1 | 13 => Self::Denied,
            _ => Self::Failing,
        }
    }
}

/// The first pause after a failing read; doubled each time.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause between two reads that fail.
const PAUSE_MAX: Duration = Duration::from_secs(300);
/// The pause after a file is gone: sensors are listed again by then.
const RESCAN: Duration = Duration::from_secs(60);

/// When one file may be read next.
#[derive(Clone, Copy, Debug, Default)]
pub struct Retry {
    failures: u32,
    not_before: Option<Instant>,
}

impl Retry {
    /// May the file be read now?
    #[must_use]
    pub fn is_due(&self, now: Instant) -> bool {
        self.not_before.is_none_or(|at| at <= now)
    }

    /// Takes the result of a read, and decides when the next one is due.
    pub fn on(&mut self, now: Instant, reading: Reading) {
        let pause = match reading {
            Ok(_) | Err(Fault::Later | Fault::Garbage) => {
                *self = Self::default();
                return;
            }
            Err(Fault::Gone) => RESCAN,
            Err(Fault::Denied) => Duration::MAX,
            Err(Fault::Failing) => PAUSE.saturating_mul(1 << self.failures.min(9)).min(PAUSE_MAX),
        };
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(now + pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_file_is_read_with_backoff_and_a_denied_one_never_again() {
        let at = Instant::from_millis;
        let mut retry = Retry::default();
        let mut now = at(0);
        let mut pauses = Vec::new();
        for _ in 0..11 {
            retry.on(now, Err(Fault::from_errno(5)));
            let due = (0..).map(|s| now + Duration::from_secs(s)).find(|t| retry.is_due(*t)).unwrap();
            pauses.push(due.since(now).as_secs());
            now = due;
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        retry.on(now, Ok(40_000));
        assert!(retry.is_due(now), "one good read resets the backoff");
        retry.on(now, Err(Fault::from_errno(13)));
        assert!(!retry.is_due(at(u64::MAX - 1)));
    }

    #[test]
    fn errnos_fall_into_their_classes() {
        for (errno, class) in [
            (11, Fault::Later),
            (61, Fault::Later),
            (4, Fault::Later),
            (19, Fault::Gone),
            (2, Fault::Gone),
            (22, Fault::Failing),
            (110, Fault::Failing),
            (95, Fault::Failing),
            (13, Fault::Denied),
            (-7, Fault::Failing),
        ] {
            assert_eq!(Fault::from_errno(errno), class, "errno {errno}");
        }
    }
}
