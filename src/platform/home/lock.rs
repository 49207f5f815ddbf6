//! The lock of a home, which one agent holds while it runs; and that of who changes a file of it that commands change too.

use crate::limits::{LOCK_PAUSE_MS, LOCK_TRIES, LOCK_WAIT_PAUSE_MS, LOCK_WAIT_TRIES};
use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

/// Takes the lock of this home. A command that asks whether the home is in use holds it for a moment, so it is tried again. The system
/// frees the lock of a process that was killed only once it has taken its memory back, which takes a second on a busy machine: that is waited for,
/// and said.
pub(super) fn take(lock: &File, home: &Path) -> Result<(), TryLockError> {
    if let Some(taken) = try_often(lock, LOCK_TRIES, Duration::from_millis(LOCK_PAUSE_MS)) {
        return taken;
    }
    let wait = Duration::from_millis(LOCK_WAIT_PAUSE_MS);
    log::info!(
        "The lock of the agent's home {} is held: by an agent that lives there, or by one that is just ending. Waiting up to {} seconds for \
         its end.",
        home.display(),
        (wait * u32::try_from(LOCK_WAIT_TRIES).unwrap_or(u32::MAX)).as_secs()
    );
    try_often(lock, LOCK_WAIT_TRIES, wait).unwrap_or_else(|| lock.try_lock())
}

/// Holds a file's folder, as long as the result lives, for who reads the file, edits it and replaces it: of two programs that do so at once one
/// would undo what the other has acknowledged. `None` where the file system has no locks, or the folder cannot be opened.
///
/// # Errors
/// Another program has held it for seconds.
pub(super) fn of_writers(file: &Path) -> Result<Option<File>, &'static str> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let Ok(folder) = File::open(folder) else { return Ok(None) };
    let pauses = [(LOCK_TRIES, LOCK_PAUSE_MS), (LOCK_WAIT_TRIES, LOCK_WAIT_PAUSE_MS)];
    let taken = pauses.iter().find_map(|(tries, pause)| try_often(&folder, *tries, Duration::from_millis(*pause)));
    match taken {
        Some(taken) => Ok(taken.is_ok().then_some(folder)),
        None => Err("another program has been changing it for seconds; try again"),
    }
}

/// Tries the lock so many times, with a pause after each; `None` if it was held each time.
#[expect(
    clippy::disallowed_methods,
    reason = "at a start, before anything else runs, or for the moment in which another program writes settings"
)]
fn try_often(lock: &File, tries: usize, pause: Duration) -> Option<Result<(), TryLockError>> {
    for _ in 0..tries {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(pause),
            taken => return Some(taken),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a thread stands for the process that ends")]
    fn a_lock_that_a_dying_process_still_holds_is_waited_for_and_that_of_a_living_one_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let open = || File::create(folder.path().join("lock")).unwrap();
        let (held, wanted) = (open(), open());
        held.try_lock().unwrap();
        assert!(matches!(take(&wanted, folder.path()), Err(TryLockError::WouldBlock)));
        let longer_than_at_once = Duration::from_millis(3 * LOCK_PAUSE_MS * LOCK_TRIES as u64);
        let ends = std::thread::spawn(move || {
            std::thread::park_timeout(longer_than_at_once);
            drop(held);
        });
        take(&wanted, folder.path()).unwrap();
        ends.join().unwrap();
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a thread stands for the other program")]
    fn who_changes_a_file_waits_for_another_program_that_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let held = of_writers(&path).unwrap().unwrap();
        let written = path.clone();
        let other = std::thread::spawn(move || {
            std::thread::park_timeout(Duration::from_millis(3 * LOCK_PAUSE_MS));
            std::fs::write(written, "first").unwrap();
            drop(held);
        });
        let _mine = of_writers(&path).unwrap().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "first");
        other.join().unwrap();
        assert!(of_writers(&folder.path().join("none/config.toml")).unwrap().is_none());
    }
}
