//! Where the open store lies on the disk. A store whose folder was deleted or moved away can still be written, by its open
//! files: what is saved into it then is lost with the process, and nothing tells.

use super::file_system::FileSystem;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file that fjall holds open and locked while the store is open.
const LOCK: &str = "lock";

/// The place of a store when it was opened.
#[derive(Clone, Debug)]
pub struct StorePlace {
    folder: Arc<PathBuf>,
    /// Device and inode of its lock, where the file system's inode numbers mean anything.
    lock: Option<(u64, u64)>,
}

impl StorePlace {
    /// That of the store in this folder, which is open.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        let id = || {
            let file = File::open(folder.join(LOCK)).ok()?;
            let meta = file.metadata().ok()?;
            FileSystem::of(&file, meta.dev()).inodes.then(|| (meta.dev(), meta.ino()))
        };
        Self { folder: Arc::new(folder.to_owned()), lock: id() }
    }

    /// Whether the store is still there.
    ///
    /// # Errors
    /// A sentence for people: it is not, and what to do.
    pub fn look(&self) -> Result<(), String> {
        let name = self.folder.display();
        let what = match fs::metadata(self.folder.join(LOCK)) {
            Ok(meta) if self.lock.is_none_or(|lock| lock == (meta.dev(), meta.ino())) => return Ok(()),
            Ok(_) => format!("Another store lies at {name} than the one that this agent opened."),
            Err(error) if error.kind() == ErrorKind::NotFound && self.is_home_gone() => return Err(self.home_gone()),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                format!("The store {name} is gone from the disk: it was deleted, or moved away.")
            }
            // What the disk refuses shows when it is written.
            Err(_) => return Ok(()),
        };
        Err(format!(
            "{what} Put it back; or stop the agent and start it again: it makes the index anew from your files, and documents \
             of folders that are away have to come back first."
        ))
    }
}

impl StorePlace {
    /// Whether the folder in which the store lies, the agent's home, is not there either.
    fn is_home_gone(&self) -> bool {
        let home = self.folder.parent();
        home.is_some_and(|home| matches!(fs::metadata(home), Err(error) if error.kind() == ErrorKind::NotFound))
    }

    fn home_gone(&self) -> String {
        format!(
            "The agent's home {} is gone from the disk: it was deleted, or moved away. Put it back; or stop the agent: a start without it makes a \
             new device, which has to join its mesh again.",
            self.folder.parent().unwrap_or(&self.folder).display()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_was_deleted_moved_or_replaced_is_noticed_and_one_that_came_back_is_the_same() {
        let home = tempfile::tempdir().unwrap();
        let (folder, away) = (home.path().join("store-1"), home.path().join("away"));
        let make = || {
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join(LOCK), "").unwrap();
        };
        make();
        let place = StorePlace::of(&folder);
        let held = File::open(folder.join(LOCK)).unwrap();
        assert_eq!(place.look(), Ok(()));
        #[expect(clippy::disallowed_methods, reason = "a person moves it")]
        let rename = |from: &Path, to: &Path| fs::rename(from, to).unwrap();
        rename(&folder, &away);
        assert!(place.look().unwrap_err().contains("is gone from the disk"));
        make();
        assert!(place.look().unwrap_err().contains("Another store"));
        fs::remove_dir_all(&folder).unwrap();
        rename(&away, &folder);
        assert_eq!(place.look(), Ok(()));
        let elsewhere = tempfile::tempdir().unwrap();
        rename(home.path(), &elsewhere.path().join("home"));
        let why = place.look().unwrap_err();
        assert!(why.contains("home") && why.contains("makes a new device"), "{why}");
        drop(held);
    }
}
