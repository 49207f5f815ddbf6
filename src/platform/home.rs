//! The agent's home: one private folder with its key, its token, its store, and a lock so that only one agent uses it.
//!
//! `HomeFile` names every small file in it, and `Home` is the only access to them. All are written by `durable`:
//! written beside, synced, renamed, and the folder synced, so that after a power cut a file is the old or the new one.
//! The folder has mode 0700 and its files 0600; its default path follows the XDG base directory specification. The
//! store's folder, which `store` and `disk` open, lies in it too.
//!
//! The small files that an agent writes for itself have a checksum and a second copy each (`guarded`). `Home::open` mends
//! them: a damaged one is kept as `NAME.damaged`, and its copy takes its place; each is a finding. `damage` looks at them
//! without changing any, for the doctor. One that is lost with its copy (`lost`, `written`) is a finding too, and begins anew. A key that is damaged without a copy is
//! neither used nor overwritten: the error tells the owner what to do.

mod alive;
mod aside;
mod boot_count;
mod damage;
pub(super) mod durable;
mod first_visit;
mod guarded;
mod hardware;
mod home_file;
mod identity;
mod left;
mod leftovers;
mod lock;
mod lost;
mod marks;
mod meant;
mod mend;
mod mesh_root;
mod outlook;
mod place;
mod remains;
mod restoring;
mod room;
mod settings;
mod settings_copy;
mod settings_file;
mod standing;
mod state;
mod tls_root;
mod token;
mod user;
mod whose;
mod writable;
mod written;

use crate::base::finding::Finding;
use crate::config::{Config, Setting};
use crate::mesh::hardware::Hardware;
use crate::platform::regular;
use crate::store::record::{Record, Sources};
use crate::wire::peer_id::PeerId;
use log::{error, warn};
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use alive::{CONTINUES, Looks, STILL_RUNS, did_not_answer, runs_without_folder, runs_without_token};
pub use damage::{damage, damage_in};
pub use first_visit::FirstVisit;
pub use hardware::OnHardware;
pub use home_file::HomeFile;
pub use identity::Identity;
pub use marks::is_agent_home;
pub use mesh_root::MeshRoot;
pub use place::in_the_way;
pub use remains::{mesh_without_records, rest_of_home};
pub use restoring::{RESTORED, unfinished_restore};
pub use room::disk_free;
pub use tls_root::TlsRoot;
pub use token::Token;
pub use user::{at_home, commands_at_home, default_home, hints, set_home_of_hints, user_cache, user_config, user_home};
pub use writable::{read_only, try_writing};

/// An agent's home.
#[derive(Debug)]
pub struct Home {
    path: PathBuf,
    /// What was found damaged when it was opened.
    findings: Vec<Finding>,
    /// Whether nothing of an agent but its key was in it then.
    is_new: bool,
    /// Says that its agent runs. Let go of before the lock, so that the next one sees neither.
    alive: Option<Arc<UnixListener>>,
    /// Held while the agent runs; `None` for read access beside it.
    _lock: Option<File>,
}

impl Home {
    /// The home in this folder, whoever uses it: nothing is made or locked. For reading beside a running agent, and for
    /// tasks of the agent that holds the lock.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), findings: Vec::new(), is_new: false, alive: None, _lock: None }
    }

    /// Makes the folder if need be (mode 0700) and takes its lock, until the value is dropped.
    ///
    /// # Errors
    /// One sentence: it cannot be made, is a folder of something else, or another agent uses it.
    pub fn open(path: &Path) -> Result<Self, String> {
        let name = path.display();
        if !path.join("lock").exists()
            && let Some(why) = alive::surely_without_folder(path)
        {
            return Err(format!("{why} Nothing was made."));
        }
        if let Some(why) = place::belongs_to_others(path) {
            return Err(why);
        }
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| match place::in_the_way(path) {
            Some(why) => why,
            None => format!("The agent's home {name} cannot be made: {error}. Choose another with --home."),
        })?;
        let path =
            fs::canonicalize(path).map_err(|error| format!("The agent's home {name} cannot be opened: {error}."))?;
        let mode = fs::metadata(&path).map_or(0o700, |meta| meta.permissions().mode());
        if mode & 0o077 != 0 {
            warn!("The agent's home {name} was open to other users of this machine; it is private now.");
            fs::set_permissions(&path, Permissions::from_mode(0o700))
                .map_err(|error| format!("The agent's home {name} cannot be made private: {error}."))?;
        }
        let mut options = OpenOptions::new();
        let lock = regular::open(&path.join("lock"), options.create(true).truncate(false).write(true).mode(0o600));
        let lock = lock.map_err(|error| {
            format!("The file lock in the agent's home {name} cannot be written: {error}. Nothing was changed. Choose another home with --home.")
        })?;
        match lock::take(&lock, &path) {
            Ok(()) => {
                if let Some(why) = alive::beside_lock(&path) {
                    return Err(why);
                }
                // Before a mesh that was left is put away: a home that was in one is not new.
                let is_new = written::is_new(&path);
                left::put_away(&path)?;
                let alive = alive::hold(&path).map(Arc::new);
                Ok(Self { findings: mend::all(&path), is_new, alive, path, _lock: Some(lock) })
            }
            Err(TryLockError::WouldBlock) => Err(format!(
                "Another agent lives in {name} already. Stop it first, or give this one a home of its own with --home. If it was killed just now, \
                 the system is still ending it: start again in a moment."
            )),
            Err(TryLockError::Error(error)) => Err(format!("The agent's home {name} cannot be locked: {error}.")),
        }
    }

    /// What was found damaged when the home was opened, and what was done about it.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The folder; absolute and without links if it was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where a file of it is.
    #[must_use]
    pub fn file(&self, file: HomeFile) -> PathBuf {
        self.path.join(file.name())
    }

    /// What a file holds, or its copy if the file is damaged; `None` if there is none.
    ///
    /// # Errors
    /// The system's, that it is no regular file, or that it is longer than such a file can be; and that the key or the records of the mesh
    /// are gone, and their copy is damaged.
    pub fn read(&self, file: HomeFile) -> std::io::Result<Option<Vec<u8>>> {
        state::read(&self.path, file)
    }

    /// Writes a file, synced: after a power cut the old or the new one is whole.
    ///
    /// # Errors
    /// The system's; the old file is untouched.
    pub fn write(&self, file: HomeFile, bytes: &[u8]) -> std::io::Result<()> {
        state::write(&self.path, file, bytes)
    }

    /// The agent's key, made at the first start.
    ///
    /// # Errors
    /// One sentence; a damaged key is never overwritten.
    pub fn identity(&self) -> Result<Identity, String> {
        Identity::load_or_create(&self.path)
    }

    /// The token of the API, made at the first start.
    ///
    /// # Errors
    /// One sentence; a damaged token is never overwritten.
    pub fn token(&self) -> Result<Token, String> {
        Token::load_or_create(&self.file(HomeFile::Token))
    }

    /// The token of the API, where an agent made one.
    ///
    /// # Errors
    /// One sentence.
    pub fn existing_token(&self) -> Result<Token, String> {
        Token::load(&self.file(HomeFile::Token))
    }

    /// Counts this start, from 1, and says whether that is on the disk: on a full one it is not.
    ///
    /// # Errors
    /// One sentence: the count cannot be read or stored.
    pub fn count_boot(&self) -> Result<(u32, bool), String> {
        boot_count::count(&self.path)
    }

    /// The next start counts above `number`: true once that is on the disk.
    #[must_use]
    pub fn boot_at_least(&self, number: u32) -> bool {
        boot_count::at_least(&self.path, number)
    }

    /// Writes settings into `config.toml`, so that the next start has them; the rest of the file stays as it is.
    ///
    /// # Errors
    /// One sentence: why not; the file is as it was.
    pub fn remember(&self, settings: &[Setting]) -> Result<(), String> {
        settings::remember(&self.file(HomeFile::Settings), settings)
    }

    /// What the owner set; `None` without `config.toml`.
    ///
    /// # Errors
    /// One sentence: what is wrong, where, and what to do.
    pub fn settings(&self) -> Result<Option<Config>, String> {
        settings::read(&self.file(HomeFile::Settings))
    }

    /// The copy of the list of watched folders, outside the store so that a damaged store can be rebuilt. An unreadable
    /// copy counts as empty, with an error in the log.
    #[must_use]
    pub fn sources(&self) -> Sources {
        let Ok(Some(bytes)) = self.read(HomeFile::Sources) else { return Sources::default() };
        Sources::decode_stored(&bytes).unwrap_or_else(|error| {
            let name = self.file(HomeFile::Sources);
            error!("The list of watched folders, {}, is damaged and was not used: {error}.", name.display());
            Sources::default()
        })
    }
}

/// The key, the hardware, and the token of an agent that runs.
impl Home {
    /// The agent's key on this hardware, and the one that the home had in other hardware, if that is still put aside: a home that is
    /// known to be in another device than before gets a new one, or the one that it had there; not one that `is_removed`.
    ///
    /// # Errors
    /// One sentence; no key is ever overwritten without a copy.
    pub fn identity_on(&self, hardware: &Hardware, is_removed: &dyn Fn(&PeerId) -> bool) -> Result<OnHardware, String> {
        hardware::identity(&self.path, hardware, is_removed)
    }

    /// The token of the API of an agent that runs: where its file was deleted under it, its copy has that one still. The next start makes
    /// another.
    ///
    /// # Errors
    /// One sentence.
    pub fn token_in_use(&self) -> Result<Token, String> {
        Token::load_in_use(&self.file(HomeFile::Token))
    }

    /// Those who look whether its agent runs.
    #[must_use]
    pub fn looks(&self) -> Looks {
        Looks::at(self.alive.as_ref())
    }

    /// Whether nothing of an agent was in it when it was opened, but for its key: no token, documents or mesh. False of a home that was not opened.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.is_new
    }

    /// What is so with the owner's settings whose file is gone or empty, and what the next start does; `None` if nothing is lost.
    #[must_use]
    pub fn settings_outlook(&self) -> Option<Finding> {
        settings_copy::outlook(&self.file(HomeFile::Settings))
    }

    /// Whether the token of the API is not there, nor its copy.
    #[must_use]
    pub fn lacks_its_token(&self) -> bool {
        Token::is_gone(&self.file(HomeFile::Token))
    }

    /// The agent's key, where it is there: of an agent that runs.
    ///
    /// # Errors
    /// One sentence: it cannot be used, or is gone. None is made.
    pub fn existing_identity(&self) -> Result<Identity, String> {
        let name = self.file(HomeFile::Identity);
        let gone = || {
            format!(
                "The key of this device, {}, is gone with its copy. Put it back; nothing was changed.",
                name.display()
            )
        };
        Identity::load(&self.path)?.ok_or_else(gone)
    }

    /// Whether a store is all that is left of a home in which an agent ran.
    #[must_use]
    pub fn has_only_its_store(&self) -> bool {
        written::has_only_its_store(&self.path)
    }

    /// Whether an agent ran in this home, and its store is not there.
    #[must_use]
    pub fn lacks_its_store(&self) -> bool {
        written::lacks_its_store(&self.path)
    }

    /// What the next start does about a key that is lost, and, in this hardware, about one that is of other hardware or bound to none, and
    /// what is in the way; `None` if the key is well.
    #[must_use]
    pub fn key_outlook(&self, hardware: Option<&Hardware>) -> Option<Finding> {
        outlook::of(&self.path, hardware)
    }

    /// The files of keys that the home had in other hardware, and what is left of its own secrets under other names: as secret as these.
    #[must_use]
    pub fn keys_aside(&self) -> Vec<PathBuf> {
        // One that is being written just now is there for a moment.
        let left = leftovers::of(&self.path, &leftovers::SECRET).into_iter();
        let left = left.filter(|file| file.extension().is_none_or(|extension| extension != "new"));
        aside::all(&self.path).into_iter().chain(left).collect()
    }

    /// Gives the home the key back that it had in other hardware; or has the next start keep the present one, whatever the
    /// hardware. Returns what was done, for people.
    ///
    /// # Errors
    /// One sentence; no key is lost.
    pub fn keep_identity(&self) -> Result<String, String> {
        hardware::keep(&self.path)
    }
}

/// The mesh.
impl Home {
    /// The root key of the mesh that was made here, made now if there is none.
    ///
    /// # Errors
    /// One sentence; a damaged key is never overwritten.
    pub fn mesh_root(&self) -> Result<MeshRoot, String> {
        MeshRoot::load_or_create(&self.path)
    }

    /// The root key of the mesh that was made here, if one was.
    ///
    /// # Errors
    /// One sentence: it cannot be read.
    pub fn existing_mesh_root(&self) -> Result<Option<MeshRoot>, String> {
        if self.file(HomeFile::MeshRoot).exists() { self.mesh_root().map(Some) } else { Ok(None) }
    }

    /// The root that signs this device's certificates of TLS, made now if there is none.
    ///
    /// # Errors
    /// One sentence; a key that cannot be read is never overwritten.
    pub fn tls_root(&self) -> Result<TlsRoot, String> {
        TlsRoot::load_or_create(&self.path)
    }

    /// The root that signs this device's certificates of TLS, if TLS was ever on.
    ///
    /// # Errors
    /// One sentence: it cannot be read.
    pub fn existing_tls_root(&self) -> Result<Option<TlsRoot>, String> {
        TlsRoot::load(&self.path)
    }

    /// Notes that this device has left its mesh: the next start puts away what belongs to it, and makes a new identity. The peers of
    /// config.toml go now: without a mesh they would have all rights again, removed devices among them.
    ///
    /// # Errors
    /// One sentence; the device is in its mesh as before.
    pub fn leave(&self) -> Result<(), String> {
        self.remember(&[Setting::NoPeers]).map_err(|why| format!("This device has not left its mesh. {why}"))?;
        let noted = self.write(HomeFile::Left, b"left\n");
        noted.map_err(|error| {
            format!("That this device leaves its mesh cannot be written down: {error}. Nothing was changed.")
        })
    }
}

#[cfg(test)]
mod lost_test;
#[cfg(test)]
mod tests;
