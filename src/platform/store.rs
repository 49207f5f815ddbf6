//! Opens the store, and repairs it when it is inconsistent. The store can always be rebuilt from the owner's files, but
//! as much as possible of it is saved: it is repaired first, and set aside, never deleted, where that fails.

use super::disk::{Disk, LAYOUT, Sync};
use super::home::Home;
use crate::base::id::Fingerprint;
use crate::store::audit::{audit, is_consistent, repair};
use crate::store::change::Change;
use crate::store::kv::{Kv, KvError};
use crate::store::library::Library;
use crate::store::read;
use log::warn;
use std::fs;
use std::path::Path;

/// Marks that the store failed while it was in use, so that the whole store is checked at the next start.
const SUSPECT: &str = "store-suspect";

/// Opens the home's store, repairs or rebuilds it where it is damaged, and binds it to the model.
///
/// # Errors
/// One sentence: the disk fails, or the store belongs to another model.
pub fn open(home: &Home, model: Fingerprint, sync: Sync) -> Result<Library<Disk>, String> {
    let folder = home.path().join(LAYOUT);
    let suspect = home.path().join(SUSPECT).exists();
    let disk = match Disk::open(&folder, sync).and_then(|disk| check(disk, suspect)) {
        Ok(disk) => disk,
        Err(KvError::Io(why)) => return Err(format!("The store {} cannot be opened: {why}.", folder.display())),
        Err(KvError::Damaged(what)) => {
            let aside = set_aside(&folder)?;
            warn!("The store was damaged ({what}) and is made anew from your files. The old one was kept as {aside}.");
            Disk::open(&folder, sync).map_err(|error| format!("A new store cannot be made: {error}."))?
        }
    };
    let _ = fs::remove_file(home.path().join(SUSPECT));
    let broken = |error| format!("The store cannot be used: {error}.");
    let mut library = Library::open(disk).map_err(broken)?;
    if let Err(bound) = library.bind(model).map_err(broken)? {
        return Err(format!(
            "The store holds vectors of the model {bound}, and the model found is {model}; the two cannot be mixed. \
             Give the old model with --models, or a new home with --home. Nothing was changed."
        ));
    }
    let sources = home.sources();
    if read::sources(library.kv()).map_err(broken)?.0.is_empty() && !sources.0.is_empty() {
        library.apply(&Change::Sources(sources)).map_err(broken)?;
    }
    library.kv().sync().map_err(broken)?;
    Ok(library)
}

/// Marks the store for a check of the whole store at the next start.
pub fn mark_suspect(home: &Path) {
    let _ = fs::write(home.join(SUSPECT), "The store failed while it was in use.\n");
}

fn check(disk: Disk, suspect: bool) -> Result<Disk, KvError> {
    let whole = is_consistent(&disk)? && (!suspect || audit(&disk)?.clean());
    if !whole {
        let documents = repair(&disk)?;
        warn!("The store had lost a part of what was written last and was repaired; {documents} files are read again.");
        if !audit(&disk)?.clean() {
            return Err(KvError::Damaged("it does not add up after repairing".to_owned()));
        }
    }
    Ok(disk)
}

fn set_aside(folder: &Path) -> Result<String, String> {
    for n in 1..1000 {
        let aside = folder.with_extension(format!("damaged-{n}"));
        if !aside.exists() {
            #[expect(
                clippy::disallowed_methods,
                reason = "nothing is lost if the old name is still there after a power cut"
            )]
            fs::rename(folder, &aside)
                .map_err(|error| format!("The damaged store {} cannot be moved away: {error}.", folder.display()))?;
            return Ok(aside.display().to_string());
        }
    }
    Err(format!("There are a thousand damaged stores beside {}. Is the disk failing?", folder.display()))
}
