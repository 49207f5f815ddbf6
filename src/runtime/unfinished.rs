//! Commands that change the watched folders and were not finished: the store has the new list already, and config.toml has
//! not, because the process ended in between.
//!
//! A command is written down before the store is changed, and struck out once config.toml has it too, or the command was
//! refused. The next start brings config.toml in line with the store for what stands there then. Without this note it could
//! not tell an unfinished command from an edit of the owner: a folder that was forgotten would be watched again.
//!
//! The file has one command a line: what was done, a space, and what it was done to.

use crate::base::collection_name::is_same;
use crate::config::{Folder, Setting};
use crate::limits::REPLIES_MAX;
use crate::platform::home::{Home, HomeFile};
use crate::store::record::Source;
use log::warn;
use smol::lock::Mutex;
use std::collections::BTreeMap;

/// A command that changes the store's list of folders and then config.toml.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// This folder is watched.
    Add(String),
    /// This folder is watched no more.
    Forget(String),
    /// The collection that has this name afterwards, in whatever spelling, gets it or another ring.
    Regroup(String),
}

impl Command {
    fn line(&self) -> String {
        match self {
            Self::Add(place) => format!("add {place}\n"),
            Self::Forget(place) => format!("forget {place}\n"),
            Self::Regroup(name) => format!("regroup {name}\n"),
        }
    }

    fn parse(line: &str) -> Option<Self> {
        let (what, of) = line.split_once(' ')?;
        match what {
            "add" => Some(Self::Add(of.to_owned())),
            "forget" => Some(Self::Forget(of.to_owned())),
            "regroup" => Some(Self::Regroup(of.to_owned())),
            _ => None,
        }
    }

    /// What config.toml says if this command was carried out, by the store's list of folders.
    fn settings(&self, sources: &[Source]) -> Vec<Setting> {
        let of = |wanted: &dyn Fn(&Source) -> bool| {
            let found = sources.iter().filter(|source| wanted(source));
            found.filter_map(|source| Folder::of(source).map(Setting::AddFolder)).collect::<Vec<_>>()
        };
        match self {
            Self::Add(place) => of(&|source| source.path == place.as_bytes()),
            Self::Forget(place) if sources.iter().all(|source| source.path != place.as_bytes()) => {
                vec![Setting::RemoveFolder(place.clone())]
            }
            Self::Forget(_) => Vec::new(),
            Self::Regroup(name) => of(&|source| is_same(&source.collection, name)),
        }
    }
}

/// The commands under way, as they stand in the file. At most `REPLIES_MAX` are noted; others are carried out all the same.
#[derive(Debug, Default)]
pub(super) struct Unfinished {
    commands: BTreeMap<u64, Command>,
    last: u64,
}

impl Unfinished {
    /// A command begins: gives its number.
    pub(super) fn begin(&mut self, command: Command) -> u64 {
        self.last += 1;
        // A path with a line feed in it would be read as two commands.
        if self.commands.len() < REPLIES_MAX && command.line().matches('\n').count() == 1 {
            self.commands.insert(self.last, command);
        }
        self.last
    }

    /// A command is finished, or was refused.
    pub(super) fn end(&mut self, number: u64) {
        self.commands.remove(&number);
    }

    /// What stands in the file.
    pub(super) fn text(&self) -> String {
        self.commands.values().map(Command::line).collect()
    }
}

/// Writes the commands under way.
pub(super) fn write(home: &Home, text: &str) {
    if let Err(error) = home.write(HomeFile::Unfinished, text.as_bytes()) {
        // On a full disk the command is refused as well.
        warn!("Commands under way cannot be written down: {error}.");
    }
}

/// What config.toml does not say yet, and the commands under way that change it.
#[derive(Debug, Default)]
pub(super) struct ToWrite {
    /// Locked while it is written, so that the finding about it is of the last writing.
    pub(super) settings: Mutex<Vec<Setting>>,
    pub(super) commands: Mutex<Unfinished>,
}

/// What an earlier run left unfinished: what config.toml has to say, by the store's list of folders.
#[must_use]
pub fn left(home: &Home, sources: &[Source]) -> Vec<Setting> {
    let Ok(Some(bytes)) = home.read(HomeFile::Unfinished) else { return Vec::new() };
    let text = String::from_utf8_lossy(&bytes);
    text.lines().take(REPLIES_MAX).filter_map(Command::parse).flat_map(|command| command.settings(sources)).collect()
}

/// Nothing is unfinished any more.
pub fn clear(home: &Home) {
    if home.read(HomeFile::Unfinished).is_ok_and(|bytes| bytes.is_some_and(|bytes| !bytes.is_empty())) {
        write(home, "");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Ring;

    fn source(path: &str, collection: &str, ring: Ring) -> Source {
        Source { path: path.into(), collection: collection.into(), ring, device: 1 }
    }

    /// What config.toml says after a process ended in the middle of a command and the next one began.
    fn repaired(command: Command, before: &str, store: &[Source]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        std::fs::write(home.file(HomeFile::Settings), before).unwrap();
        let mut unfinished = Unfinished::default();
        unfinished.begin(command);
        write(&home, &unfinished.text());
        home.remember(&left(&home, store)).unwrap();
        clear(&home);
        assert_eq!(left(&home, store), [], "once");
        std::fs::read_to_string(home.file(HomeFile::Settings)).unwrap()
    }

    #[test]
    fn a_command_that_was_cut_off_is_finished_in_config_toml_as_far_as_the_store_has_it() {
        let before = "[node]\nfolders = [\"/a\", \"/away\"]\n";
        let (a, b) = (source("/a", "home", Ring::Mesh), source("/b", "home", Ring::Mesh));
        let add = || Command::Add("/b".to_owned());
        assert!(repaired(add(), before, &[a.clone(), b]).contains("\"/b\""), "it is watched, and is written down");
        assert_eq!(repaired(add(), before, std::slice::from_ref(&a)), before, "the store was not changed yet");
        let forget = || Command::Forget("/a".to_owned());
        let after = repaired(forget(), before, &[]);
        assert!(!after.contains("\"/a\"") && after.contains("\"/away\""), "it does not come back: {after}");
        assert_eq!(repaired(forget(), before, &[a]), before);
        let private = repaired(Command::Regroup("home".to_owned()), before, &[source("/a", "home", Ring::Private)]);
        assert!(private.contains("private"), "{private}");
        let renamed =
            repaired(Command::Regroup("new name".to_owned()), before, &[source("/a", "new name", Ring::Mesh)]);
        let spelled = repaired(Command::Regroup("Diary".to_owned()), before, &[source("/a", "diary", Ring::Private)]);
        assert!(spelled.contains("diary"), "the store chose the spelling: {spelled}");
        assert!(renamed.contains("new name") && renamed.matches("\"/a\"").count() == 1, "{renamed}");
    }

    #[test]
    fn commands_are_struck_out_when_they_end_and_are_bounded() {
        let mut unfinished = Unfinished::default();
        let first = unfinished.begin(Command::Add("/a".to_owned()));
        let second = unfinished.begin(Command::Forget("/b c".to_owned()));
        unfinished.begin(Command::Add("/two\nforget /lines".to_owned()));
        unfinished.end(first);
        assert_eq!(unfinished.text(), "forget /b c\n");
        unfinished.end(second);
        for _ in 0..2 * REPLIES_MAX {
            unfinished.begin(Command::Add("/a".to_owned()));
        }
        assert_eq!(unfinished.text().lines().count(), REPLIES_MAX);
    }
}
