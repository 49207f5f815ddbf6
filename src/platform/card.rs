//! The card of the appliance: `wattle.txt` on its boot partition, the report beside it, and what is made of both on the data partition.
//!
//! What is written lies whole on the card before anything is wiped: a power cut in between has the same carried out once more.

use super::home::durable;
use super::regular;
use crate::limits::{CARD_BYTES_MAX, CARD_REPORT_BYTES_MAX};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Result, Write};
use std::os::unix::fs::{MetadataExt, lchown, symlink};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What the owner writes.
const WISHES: &str = "wattle.txt";
/// What the board answers.
const REPORT: &str = "wattle-report.txt";
/// The page's password on its way from the card to the agent.
const PASSWORD: &str = "page-password";

/// What the owner wrote, and a byte more than such a file may have; `None` where there is no such file.
///
/// # Errors
/// The system's.
pub fn read(boot: &Path) -> Result<Option<Zeroizing<Vec<u8>>>> {
    match regular::read(&boot.join(WISHES), CARD_BYTES_MAX + 1) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        bytes => bytes.map(|bytes| Some(Zeroizing::new(bytes))),
    }
}

/// Writes over the file in place, then puts another one in its place. A flash card may keep the old bytes all the same.
///
/// # Errors
/// The system's: some of the secrets are still there.
pub fn wipe(boot: &Path, overwritten: &[u8], noted: &[u8]) -> Result<()> {
    let path = boot.join(WISHES);
    let mut file = regular::open(&path, OpenOptions::new().write(true))?;
    file.write_all(overwritten)?;
    file.sync_all()?;
    drop(file);
    durable::write(&path, noted)
}

/// Writes the report beside it.
///
/// # Errors
/// The system's.
pub fn write_report(folder: &Path, text: &str) -> Result<()> {
    durable::write(&folder.join(REPORT), text.as_bytes())
}

/// What the services of the SD card image have to tell, each a sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// What of `wattle.txt` was not carried out.
    pub mistakes: Vec<String>,
    /// What is wrong with the board itself: its card, its network.
    pub board: Vec<String>,
}

/// What the reports in these folders tell. A folder without one tells nothing.
#[must_use]
pub fn reported(folders: &[PathBuf]) -> Reported {
    let mut reported = Reported::default();
    for folder in folders {
        let report = regular::read(&folder.join(REPORT), CARD_REPORT_BYTES_MAX).unwrap_or_default();
        for line in String::from_utf8_lossy(&report).lines().map(str::trim_end) {
            if let Some(what) = line.strip_prefix("wrong: ") {
                reported.board.push(what.to_owned());
            } else if line.starts_with("line ") || line.starts_with("not done: ") {
                reported.mistakes.push(line.to_owned());
            }
        }
    }
    reported
}

/// Writes a file that its owner alone reads, and its folder where there is none.
///
/// # Errors
/// The system's; an earlier file is untouched.
pub fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    durable::write(path, bytes)
}

/// Has a link lead to this place, in place of where it led.
///
/// # Errors
/// The system's; after a power cut there may be no link.
pub fn lead(link: &Path, to: &Path) -> Result<()> {
    link.parent().map_or(Ok(()), fs::create_dir_all)?;
    durable::remove(link)?;
    symlink(to, link)
}

/// Takes away what lies in place of a folder of the agent's and is none: root would write to where a link leads, and give that to the agent.
///
/// # Errors
/// The system's.
pub fn clear(folder: &Path) -> Result<()> {
    match fs::symlink_metadata(folder) {
        Ok(meta) if meta.is_dir() => Ok(()),
        Ok(_) => durable::remove(folder),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Gives a file, or a folder, to whoever has the folder in which it lies; of a link, the link.
///
/// # Errors
/// The system's.
pub fn give(path: &Path) -> Result<()> {
    let owner = fs::metadata(path.parent().unwrap_or(path))?;
    lchown(path, Some(owner.uid()), Some(owner.gid()))
}

/// Leaves the page's password for the agent, in a folder of the agent's.
///
/// # Errors
/// The system's.
pub fn leave_password(folder: &Path, password: &str) -> Result<()> {
    let file = folder.join(PASSWORD);
    put(&file, password.as_bytes())?;
    give(&file)
}

/// The page's password that was left there.
///
/// # Errors
/// The system's, or that it is no text.
pub fn left_password(folder: &Path) -> Result<Option<Zeroizing<String>>> {
    match regular::read(&folder.join(PASSWORD), CARD_BYTES_MAX) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
        Ok(bytes) => {
            let text = String::from_utf8(bytes).map_err(|_| std::io::Error::other("it is no text"))?;
            Ok(Some(Zeroizing::new(text)))
        }
    }
}

/// Takes it away once it is used.
///
/// # Errors
/// The system's.
pub fn forget_password(folder: &Path) -> Result<()> {
    let path = folder.join(PASSWORD);
    let length = usize::try_from(fs::metadata(&path)?.len().min(CARD_BYTES_MAX as u64)).unwrap_or(CARD_BYTES_MAX);
    let mut file = regular::open(&path, OpenOptions::new().write(true))?;
    file.write_all(&vec![b'#'; length])?;
    file.sync_all()?;
    durable::remove(&path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wiped_is_written_over_first_and_the_report_lists_only_the_mistakes() {
        let card = tempfile::tempdir().unwrap();
        assert_eq!(read(card.path()).unwrap(), None);
        fs::write(card.path().join(WISHES), "secret\n").unwrap();
        wipe(card.path(), b"######\n", b"# gone\n").unwrap();
        assert_eq!(read(card.path()).unwrap().unwrap().as_slice(), b"# gone\n");
        let other = tempfile::tempdir().unwrap();
        let folders = [other.path().to_owned(), card.path().to_owned()];
        assert_eq!(reported(&folders), Reported::default());
        write_report(card.path(), "What.\r\nUsed: the name.\r\nline 3: it is wrong.\r\nnot done: it.\r\n").unwrap();
        assert_eq!(reported(&folders).mistakes, ["line 3: it is wrong.", "not done: it."]);
        write_report(other.path(), "wrong: The card is very slow.\nnow: not this.\n").unwrap();
        let told = reported(&folders);
        assert_eq!((told.board, told.mistakes.len()), (vec!["The card is very slow.".to_owned()], 2));
    }

    #[test]
    fn a_password_is_left_once_and_a_link_leads_to_the_last_place() {
        let folder = tempfile::tempdir().unwrap();
        assert!(left_password(folder.path()).unwrap().is_none() && forget_password(folder.path()).is_err());
        leave_password(folder.path(), "quince and plum").unwrap();
        let mode = fs::metadata(folder.path().join(PASSWORD)).unwrap().mode();
        assert_eq!((mode & 0o777, left_password(folder.path()).unwrap().unwrap().as_str()), (0o600, "quince and plum"));
        forget_password(folder.path()).unwrap();
        assert!(left_password(folder.path()).unwrap().is_none());
        let link = folder.path().join("system/localtime");
        for zone in ["Europe/Berlin", "Etc/UTC"] {
            lead(&link, Path::new(zone)).unwrap();
            assert_eq!(fs::read_link(&link).unwrap(), Path::new(zone));
        }
    }
}
