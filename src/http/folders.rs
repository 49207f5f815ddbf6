//! What the API tells of the watched folders and files.

use crate::base::count::{count, plural};
use crate::base::finding::quoted;
use crate::base::id::Ring;
use crate::base::time::utc;
use crate::limits::IGNORED_KNOWN_MAX;
use crate::node::status::{FolderStatus, Status};
use crate::store::record::{Mark, MarkKind, Source};
use serde::{Deserialize, Serialize};

/// The answer of `GET /v1/folders`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folders {
    /// The watched folders and files.
    pub folders: Vec<Watched>,
    /// Private collections without a folder: a folder that is added to one of these names is private. Left out where there are
    /// none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub private_names: Vec<String>,
}

/// One watched folder or file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// The absolute path.
    pub path: String,
    /// The collection that its documents join.
    pub collection: String,
    /// Who may see the documents.
    pub ring: Ring,
    /// Seconds since the last look at all of it ended; null if there was none since the agent started.
    #[serde(default)]
    pub looked_s_ago: Option<u64>,
    /// Whether the system reports its changes: they are then looked at within seconds, and all of it seldom.
    #[serde(default)]
    pub followed: bool,
    /// Places in it whose documents are kept because their files could not be looked at.
    #[serde(default)]
    pub away: Vec<AwayPlace>,
    /// Documents whose files are gone all at once, about which its owner is asked; null if there are none.
    #[serde(default)]
    pub missing: Option<Missing>,
    /// Documents that its owner keeps without their files. Left out where there are none.
    #[serde(default, skip_serializing_if = "is_none")]
    pub kept_without_files: u64,
    /// Files in it that are left out, because their names are those of keys or passwords.
    #[serde(default)]
    pub key_files: u64,
    /// The paths of the first 16 of them. Left out where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_file_paths: Vec<String>,
    /// Folders in it that are left out, because they are the homes of other agents, with their keys. Left out where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agent_homes: Vec<String>,
    /// What patterns of `.gitignore` and `.wattleignore` leave out of it. Left out where that is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignored: Option<IgnoredPlaces>,
}

/// Files and folders that patterns leave out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IgnoredPlaces {
    /// How many, 256 at most.
    pub count: u64,
    /// The paths of the first 16 of them.
    pub paths: Vec<String>,
}

/// A place that is away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwayPlace {
    /// The absolute path.
    pub path: String,
    /// Since when, as a date and time in UTC.
    pub since: String,
    /// How many documents are kept.
    pub documents: u64,
    /// How many of them answer, at least in part.
    #[serde(default)]
    pub answering: u64,
    /// How many of them were not read, and are not found before the place is back. Left out where there are none.
    #[serde(default, skip_serializing_if = "is_none")]
    pub unread: u64,
    /// Whether the owner said that they are to be kept.
    pub kept: bool,
    /// Whether it is there, and this user may not read it. Left out where that is not so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unreadable: bool,
}

impl AwayPlace {
    /// How many documents are kept and how many of them answer, as a phrase.
    #[must_use]
    pub fn phrase(&self) -> String {
        let documents = count(self.documents, "document");
        let answer = match (self.documents, self.answering) {
            (0, _) => return documents,
            (all, answering) if all == answering => plural(all, "which answers", "which answer").to_owned(),
            (_, 0) => "none of which answers yet".to_owned(),
            (_, answering) => format!("{answering} of which {}", plural(answering, "answers", "answer")),
        };
        let unread = match self.unread {
            0 => String::new(),
            unread => format!(", {unread} not read yet"),
        };
        format!("{documents}, {answer}{unread}")
    }
}

/// Documents that are missing at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// How many.
    pub documents: u64,
    /// Of how many.
    pub of: u64,
}

impl From<&Status> for Folders {
    fn from(status: &Status) -> Self {
        let states = status.work.folders.iter().map(Some).chain(std::iter::repeat(None));
        let folders = status.sources.iter().zip(states).map(|(source, state)| Watched::new(source, state)).collect();
        Self { folders, private_names: status.work.private_names.clone() }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_none(count: &u64) -> bool {
    *count == 0
}

/// Paths are text here: U+FFFD replaces what is not UTF-8.
fn text(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

/// What was left out of these places because of its name, or by patterns, for people; `None` if nothing was.
#[must_use]
pub fn left_out(places: &[Watched]) -> Option<String> {
    let sentences: Vec<String> = [keys_left_out(places), ignored(places)].into_iter().flatten().collect();
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

fn ignored(places: &[Watched]) -> Option<String> {
    let all = || places.iter().filter_map(|place| place.ignored.as_ref());
    let one = all().flat_map(|ignored| &ignored.paths).next()?;
    let count: u64 = all().map(|ignored| ignored.count).sum();
    let is_all = all().all(|ignored| ignored.count < IGNORED_KNOWN_MAX as u64);
    let at_least = if is_all { "" } else { "At least " };
    Some(match count {
        1 => format!(".gitignore or .wattleignore leaves out {one}. `wattle add {}` takes it in.", quoted(one)),
        count => format!(
            "{at_least}{count} files and folders are left out by .gitignore or .wattleignore, {one} for example. `wattle folders` names \
             them; `wattle add PATH` takes one in."
        ),
    })
}

fn keys_left_out(places: &[Watched]) -> Option<String> {
    let count: u64 = places.iter().map(|place| place.key_files).sum();
    let one = places.iter().flat_map(|place| &place.key_file_paths).next();
    let files = match count {
        0 => return None,
        1 => "One file looks like keys or passwords and is left out".to_owned(),
        count => format!("{count} files look like keys or passwords and are left out"),
    };
    Some(match one {
        Some(path) if count == 1 => format!("{files}: {path}. `wattle add {}` takes it in.", quoted(path)),
        Some(path) => {
            format!("{files}, {path} for example. `wattle folders` names them; `wattle add FILE` takes one in.")
        }
        None => format!("{files}. `wattle add FILE` takes one in."),
    })
}

impl Watched {
    fn new(source: &Source, state: Option<&FolderStatus>) -> Self {
        let locked = state.map_or(&[][..], |state| &state.locked);
        let away = |mark: &Mark| AwayPlace {
            path: text(&mark.path),
            since: utc(mark.since),
            documents: mark.known(),
            answering: mark.answering(),
            unread: mark.unread,
            kept: mark.kind == MarkKind::Kept,
            unreadable: locked.contains(&mark.path),
        };
        Self {
            path: text(&source.path),
            collection: source.collection.clone(),
            ring: source.ring,
            looked_s_ago: state.and_then(|state| state.looked_ago).map(|ago| ago.as_secs()),
            followed: state.is_some_and(|state| state.followed),
            away: state.into_iter().flat_map(|state| state.away.iter().map(away)).collect(),
            missing: state.and_then(|state| state.missing).map(|(documents, of)| Missing { documents, of }),
            kept_without_files: state.map_or(0, |state| state.kept),
            key_files: state.map_or(0, |state| state.key_files),
            key_file_paths: state.into_iter().flat_map(|state| state.key_paths.iter().map(|path| text(path))).collect(),
            agent_homes: state.into_iter().flat_map(|state| state.agent_homes.iter().map(|path| text(path))).collect(),
            ignored: state.map(|state| &state.ignored).filter(|(count, _)| *count > 0).map(|(count, paths)| {
                IgnoredPlaces { count: *count, paths: paths.iter().map(|path| text(path)).collect() }
            }),
        }
    }
}
