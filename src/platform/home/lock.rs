//! The lock of a home, which one agent holds while it runs.

use std::fs::{File, TryLockError};
use std::time::Duration;

/// Tries of the lock before the home counts as in use.
const LOCK_TRIES: usize = 4;
/// Between two of them.
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Takes the lock. A command that asks whether the home is in use holds it for a moment, so it is tried again.
#[expect(clippy::disallowed_methods, reason = "at a start, before anything else runs")]
pub(super) fn take(lock: &File) -> Result<(), TryLockError> {
    for _ in 0..LOCK_TRIES {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            taken => return taken,
        }
    }
    lock.try_lock()
}
