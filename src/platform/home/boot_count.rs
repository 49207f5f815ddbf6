//! The number of this start of the agent, on the disk before anything is sent with it: it orders this agent's messages
//! and its incarnations as a member after those of all earlier starts.
//!
//! A count that is lost begins anew. Peers that know a higher one prove it (`node::conduct`), and the agent goes on above it
//! in the same run.

use super::home_file::HomeFile;
use super::meant::parse_count;
use super::state;
use log::warn;
use std::io::{Error, ErrorKind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// One change at a time, so that a lower number never replaces a higher one.
static CHANGING: Mutex<()> = Mutex::new(());

/// Counts this start, from 1, and says whether that is on the disk. On a full disk the agent starts all the same, to answer:
/// until its start is stored (`at_least`), the next one may have the same number.
///
/// # Errors
/// One sentence: the count cannot be read or stored.
pub(super) fn count(home: &Path) -> Result<(u32, bool), String> {
    let _changing = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
    let boot = read(home)?.saturating_add(1);
    match state::write(home, HomeFile::BootCount, format!("{boot}\n").as_bytes()) {
        Err(error) if is_full(&error) => Ok((boot, false)),
        stored => stored.map(|()| (boot, true)).map_err(|error| unwritten(home, &error)),
    }
}

fn is_full(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

/// The next start counts above `number`: true once that is on the disk.
#[must_use]
pub(super) fn at_least(home: &Path, number: u32) -> bool {
    let _changing = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
    let stored = read(home).and_then(|before| if before < number { write(home, number) } else { Ok(()) });
    if let Err(why) = &stored {
        warn!(
            "{why} Until it can be, this agent does not answer other devices' probes, and they may take it for down."
        );
    }
    stored.is_ok()
}

fn read(home: &Path) -> Result<u32, String> {
    let name = home.join(HomeFile::BootCount.name()).display().to_string();
    match state::read(home, HomeFile::BootCount) {
        Ok(Some(bytes)) => Ok(parse_count(&bytes).unwrap_or_else(|| {
            warn!("The count of starts, {name}, is damaged and begins anew; other devices tell a higher one.");
            0
        })),
        Ok(None) => Ok(0),
        Err(error) => Err(format!("The count of starts, {name}, cannot be read: {error}.")),
    }
}

fn write(home: &Path, boot: u32) -> Result<(), String> {
    state::write(home, HomeFile::BootCount, format!("{boot}\n").as_bytes()).map_err(|error| unwritten(home, &error))
}

fn unwritten(home: &Path, error: &Error) -> String {
    let name = home.join(HomeFile::BootCount.name());
    format!("The count of starts, {}, cannot be written: {error}.", name.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_are_counted_and_a_higher_number_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        assert_eq!((count(home), count(home)), (Ok((1, true)), Ok((2, true))));
        assert!(at_least(home, 40) && at_least(home, 7));
        assert_eq!(count(home), Ok((41, true)));
        std::fs::write(home.join(HomeFile::BootCount.name()), "many").unwrap();
        assert_eq!(count(home), Ok((42, true)), "the copy has it");
    }
}
