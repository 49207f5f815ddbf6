//! The number of this start of the agent, on the disk before anything is said with it: it orders this agent's
//! messages, and its lives as a member, after all of the starts before.

use super::home::{Home, write_file};
use log::warn;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Where the number is kept.
#[must_use]
pub fn path(home: &Path) -> PathBuf {
    home.join("boot")
}

/// Counts this start, from 1. A lost file begins anew: peers that remember a higher number say so, and
/// [`at_least`] keeps it for the next start.
///
/// # Errors
/// One sentence: the count is damaged, or cannot be kept.
pub fn count(home: &Home) -> Result<u32, String> {
    let path = path(home.path());
    let boot = read(&path)?.saturating_add(1);
    write(&path, boot)?;
    Ok(boot)
}

/// The next start counts above `number`: true once that is on the disk.
#[must_use]
pub fn at_least(home: &Path, number: u32) -> bool {
    let path = path(home);
    let kept = read(&path).and_then(|before| if before < number { write(&path, number) } else { Ok(()) });
    if let Err(why) = &kept {
        warn!(
            "{why} Until it can be, this agent does not answer other devices' probes, and they may take it for down."
        );
    }
    kept.is_ok()
}

fn read(path: &Path) -> Result<u32, String> {
    let name = path.display();
    match std::fs::read_to_string(path) {
        Ok(text) => text.trim().parse().map_err(|_| {
            format!("The count of starts, {name}, is damaged. Write into it a number above all starts so far.")
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
        Err(error) => Err(format!("The count of starts, {name}, cannot be read: {error}.")),
    }
}

fn write(path: &Path, boot: u32) -> Result<(), String> {
    write_file(path, format!("{boot}\n").as_bytes())
        .map_err(|error| format!("The count of starts, {}, cannot be written: {error}.", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_are_counted_and_a_higher_number_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(&folder.path().join("home")).unwrap();
        assert_eq!((count(&home), count(&home)), (Ok(1), Ok(2)));
        assert!(at_least(home.path(), 40) && at_least(home.path(), 7));
        assert_eq!(count(&home), Ok(41));
        std::fs::write(path(home.path()), "many").unwrap();
        assert!(count(&home).unwrap_err().contains("damaged"));
        assert!(!at_least(home.path(), 99));
        assert!(count(&home).is_err(), "a damaged count is its owner's to mend");
    }
}
