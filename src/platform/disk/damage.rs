//! Damage of an open store: who meets it first has it told. And the checksum of a whole table, which finds it wherever it is.

use super::error::{WRONG_CHECKSUM, failed_io};
use crate::store::kv::KvError;
use fjall::{AbstractTree, Keyspace};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::OnceLock;
use xxhash_rust::xxh3::Xxh3Default;

/// Bytes that are read at once of a table that is checked.
const PIECE: usize = 1 << 16;

/// The first damage that was met, and who is told of it.
#[derive(Default)]
pub(super) struct Damage {
    first: OnceLock<String>,
    tell: OnceLock<Box<Tell>>,
}

/// Is told of the first damage.
type Tell = dyn Fn(&str) + Send + Sync;

impl Damage {
    /// The first damage, if any was met.
    pub(super) fn first(&self) -> Option<&str> {
        self.first.get().map(String::as_str)
    }

    /// Has damage told, also what was met before.
    pub(super) fn listen(&self, tell: impl Fn(&str) + Send + Sync + 'static) {
        if self.tell.set(Box::new(tell)).is_ok()
            && let (Some(tell), Some(what)) = (self.tell.get(), self.first())
        {
            tell(what);
        }
    }

    /// Damage was met. Only the first is told.
    pub(super) fn met(&self, what: &str) {
        if self.first.set(what.to_owned()).is_ok()
            && let Some(tell) = self.tell.get()
        {
            tell(what);
        }
    }
}

/// The checksum of a file by which fjall knows its tables.
pub(super) fn checksum(path: &Path) -> io::Result<u128> {
    let (mut file, mut hasher, mut piece) = (File::open(path)?, Xxh3Default::new(), vec![0; PIECE]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hasher.digest128()),
            read => hasher.update(&piece[..read]),
        }
    }
}

/// Holds each table of these spaces against its checksum, until `ends` says that nobody waits for it any more.
pub(super) fn check_tables(spaces: &[Keyspace], ends: impl Fn() -> bool) -> Result<(), KvError> {
    for space in spaces {
        for table in space.tree.current_version().iter_tables() {
            if ends() {
                return Err(KvError::Io("the agent is stopping".to_owned()));
            }
            if checksum(&table.path).map_err(|error| failed_io(&error))? != table.checksum().into_u128() {
                return Err(KvError::Damaged(WRONG_CHECKSUM.to_owned()));
            }
        }
    }
    Ok(())
}
