//! What is at a path: whether a source can be looked at, folders as they are opened, and the stamps of files.

use crate::base::id::Ring;
use crate::base::path::parent;
use crate::platform::file_system::FileSystem;
use crate::platform::home::is_agent_home;
use crate::platform::source::{elsewhere, is_at, led_into};
use crate::scheduler::key_files::AGENT_HOME;
use crate::scheduler::path::covers;
use crate::store::record::{FileStamp, Source};
use rustix::fs::{Mode, OFlags};
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// What is at the path of a source.
pub(super) enum Found {
    /// A folder or a file that can be looked at.
    Folder,
    /// Something else than a folder: this.
    Other(&'static str),
    /// Nothing of it counts as deleted.
    Away(Away),
}

/// Why nothing in a source counts as deleted: it is gone, out of reach (an unplugged disk, a server that is off), has become a link, or
/// its path leads elsewhere.
pub(super) struct Away {
    /// For the log.
    pub(super) remark: String,
    /// As the end of a sentence; `None` if nothing is there.
    pub(super) why: Option<String>,
    /// The folder that was read all the same: around a source of which nothing is there, as a source that is a file may be deleted; and a
    /// source that is empty. What was learnt on the file system that is there now is gone.
    pub(super) folder: Option<Vec<u8>>,
}

/// Looks at a source. `watched`: all places that are watched, but for those that do not answer.
pub(super) fn look_at(source: &Source, watched: &[Source]) -> Found {
    let path = Path::new(OsStr::from_bytes(&source.path));
    let name = path.display();
    let away = |why: String| {
        Found::Away(Away {
            remark: format!("{name} is away, because {why}: what is known of it is kept."),
            why: Some(why),
            folder: None,
        })
    };
    let meta = match fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            let remark = format!("{name} is not there: what is known of it is kept.");
            let folder = Some(parent(&source.path).to_vec());
            return Found::Away(Away { remark, why: None, folder });
        }
        Err(error) => return away(format!("it cannot be looked at ({})", plain(&error))),
    };
    if meta.is_symlink() {
        let why = "there is a link in its place, and links are not followed (add the folder that it leads to by its own name)";
        return away(why.to_owned());
    }
    if let Some(why) = leads_elsewhere(source, watched) {
        return away(why);
    }
    // Documents of before have no tag of their file system, so an empty folder on another one counts as a place where their disk was
    // mounted.
    let is_empty = || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    if meta.dev() != source.device && meta.is_dir() && is_empty() {
        let found = away("it is empty and on another disk than when it was added".to_owned());
        let Found::Away(away) = found else { return found };
        return Found::Away(Away { folder: Some(source.path.clone()), ..away });
    }
    if meta.is_dir() { Found::Folder } else { Found::Other(kind(&meta)) }
}

/// The same for a scan of the agent with this home: what has become the home of another one is away.
pub(super) fn look_beside(home: &Path, source: &Source, watched: &[Source]) -> Found {
    let path = Path::new(OsStr::from_bytes(&source.path));
    match look_at(source, watched) {
        Found::Folder if path != home && is_agent_home(|file| path.join(file).symlink_metadata().is_ok()) => {
            let remark = format!("{} is away, because {AGENT_HOME}: what is known of it is kept.", path.display());
            Found::Away(Away { remark, why: Some(AGENT_HOME.to_owned()), folder: None })
        }
        found => found,
    }
}

/// Why what the path of a source leads to is not looked at by that path: a folder above it has become a link, and it is within another
/// watched place now, which may be private, or a private one is within it. `wattle add` refuses the same.
pub(super) fn leads_elsewhere(source: &Source, watched: &[Source]) -> Option<String> {
    let real = elsewhere(&source.path)?;
    let text = String::from_utf8_lossy;
    let within = led_into(&source.path, &real, watched.iter().map(|other| &*other.path));
    if let Some(place) = within {
        let is_private = watched.iter().any(|other| other.path == place && other.ring == Ring::Private);
        let private = if is_private { "private " } else { "" };
        return Some(format!(
            "its path leads through a link into {}, which is a {private}place of its own",
            text(place)
        ));
    }
    let private = watched.iter().filter(|other| other.ring == Ring::Private && !covers(&source.path, &other.path));
    let inside = private.map(|other| &*other.path).find(|place| is_at(place, |place| covers(&real, place)));
    inside
        .map(|place| format!("its path leads through a link to a folder with the private place {} in it", text(place)))
}

/// What something is that is no folder.
fn kind(meta: &Metadata) -> &'static str {
    let kind = meta.file_type();
    if kind.is_file() {
        "a file"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

/// Opens a folder; where it is an automount point, that mounts it.
pub(super) fn open_folder(path: &[u8]) -> std::io::Result<(Metadata, OwnedFd)> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = File::from(rustix::fs::open(Path::new(OsStr::from_bytes(path)), flags, Mode::empty())?);
    Ok((folder.metadata()?, folder.into()))
}

/// The tag of the file system of a folder that can be read.
pub(super) fn open_volume(folder: &Path) -> std::io::Result<u16> {
    let (meta, folder) = open_folder(folder.as_os_str().as_bytes())?;
    Ok(FileSystem::of(&folder, meta.dev()).tag)
}

pub(super) fn is_folder(path: &[u8]) -> bool {
    fs::symlink_metadata(OsStr::from_bytes(path)).is_ok_and(|meta| meta.is_dir())
}

/// The system's reason, without its error number.
pub(super) fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

/// The stamp of a file on this file system.
pub(super) fn stamp(meta: &Metadata, system: &FileSystem) -> FileStamp {
    let ns = |seconds: i64, ns: i64| seconds.saturating_mul(1_000_000_000).saturating_add(ns);
    let stamp = FileStamp {
        size: meta.size(),
        modified_ns: ns(meta.mtime(), meta.mtime_nsec()),
        changed_ns: if system.change_times { ns(meta.ctime(), meta.ctime_nsec()) } else { 0 },
        inode: if system.inodes { meta.ino() } else { 0 },
    };
    stamp.on_volume(system.tag)
}

/// As it is, for comparison within one scan.
pub(super) fn own_stamp(meta: &Metadata) -> FileStamp {
    stamp(meta, &FileSystem { tag: 0, inodes: true, change_times: true, pseudo: false })
}

/// What is said of the home of another agent: it holds keys, and changes all the time.
pub(super) fn left_out_home(path: &[u8]) -> String {
    format!(
        "{} is the home of another agent, with its keys, and was left out; what is known of it is kept.",
        String::from_utf8_lossy(path)
    )
}
