//! The number of this start of the agent, on the disk before anything is sent with it: it orders this agent's messages
//! and its incarnations as a member after those of all earlier starts.

use super::durable;
use crate::limits::STATE_BYTES_MAX;
use log::warn;
use std::path::Path;

/// Counts this start, from 1. A lost file counts from 1 again: peers that remember a higher number report it, and
/// [`at_least`] stores it for the next start.
///
/// # Errors
/// One sentence: the count is damaged, or cannot be stored.
pub(super) fn count(path: &Path) -> Result<u32, String> {
    let boot = read(path)?.saturating_add(1);
    write(path, boot)?;
    Ok(boot)
}

/// The next start counts above `number`: true once that is on the disk.
#[must_use]
pub(super) fn at_least(path: &Path, number: u32) -> bool {
    let stored = read(path).and_then(|before| if before < number { write(path, number) } else { Ok(()) });
    if let Err(why) = &stored {
        warn!(
            "{why} Until it can be, this agent does not answer other devices' probes, and they may take it for down."
        );
    }
    stored.is_ok()
}

fn read(path: &Path) -> Result<u32, String> {
    let name = path.display();
    match durable::read(path, STATE_BYTES_MAX) {
        Ok(Some(bytes)) => {
            let number = str::from_utf8(&bytes).ok().and_then(|text| text.trim().parse().ok());
            number.ok_or_else(|| {
                format!("The count of starts, {name}, is damaged. Write into it a number above all starts so far.")
            })
        }
        Ok(None) => Ok(0),
        Err(error) => Err(format!("The count of starts, {name}, cannot be read: {error}.")),
    }
}

fn write(path: &Path, boot: u32) -> Result<(), String> {
    durable::write(path, format!("{boot}\n").as_bytes())
        .map_err(|error| format!("The count of starts, {}, cannot be written: {error}.", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_are_counted_and_a_higher_number_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = &folder.path().join("boot");
        assert_eq!((count(path), count(path)), (Ok(1), Ok(2)));
        assert!(at_least(path, 40) && at_least(path, 7));
        assert_eq!(count(path), Ok(41));
        std::fs::write(path, "many").unwrap();
        assert!(count(path).unwrap_err().contains("damaged"));
        assert!(!at_least(path, 99));
        assert!(count(path).is_err(), "a damaged count is left for its owner");
    }
}
