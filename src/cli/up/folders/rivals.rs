//! Folders of config.toml of which only one can be watched: two lines name the same place, or one names a folder in that of
//! another, and they differ in collection or ring.
//!
//! A file is in one collection only. Of two lines for one place the private one holds, in whatever order they are written; of a folder
//! and one in it, the narrower one is watched, as the wider one would share its files. What counts is where the paths lead, not how
//! they are spelled.

use crate::base::finding::{Area, Finding};
use crate::base::id::Ring;
use crate::config::Folder;
use crate::platform::blocking;
use crate::platform::home::user_home;
use crate::platform::source::{place_as_typed, place_at};
use crate::scheduler::addition::{Addition, Patterns};
use crate::scheduler::path::covers;
use crate::store::record::{Source, Sources};
use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// The folders of config.toml, and what is watched already.
pub(super) struct Set {
    pub(super) folders: Vec<Folder>,
    watched: Sources,
}

impl Set {
    /// The folders, with the rings that config.toml gives their collections.
    pub(super) fn new(mut folders: Vec<Folder>, rings: &BTreeMap<String, Ring>, watched: Sources) -> Self {
        for folder in &mut folders {
            folder.ring = folder.ring.or_else(|| rings.get(&folder.collection).copied());
        }
        Self { folders, watched }
    }

    /// The folders as they would be watched now.
    pub(super) async fn places(&self) -> Vec<Source> {
        let mut places = Vec::new();
        for folder in &self.folders {
            places.push(self.place(folder).await);
        }
        places
    }

    /// The key and the finding of a folder that is not newly watched because of another; `None` if none is in its way.
    pub(super) fn rival(&self, number: usize, places: &[Source]) -> Option<(String, Finding)> {
        let (ours, folder) = (places.get(number)?, self.folders.get(number)?);
        let others = || self.folders.iter().zip(places).enumerate().filter(|(other, _)| *other != number);
        let is_alike = |other: &Source| other.collection == ours.collection && other.ring == ours.ring;
        // The private one first, then the one that is watched already, then the first one.
        let is_new = |place: &Source| !self.watched.places.iter().any(|known| is_same(known, place));
        let rank = |place: &Source, number: usize| (place.ring, is_new(place), number);
        let of_place = others().filter(|(_, (_, other))| other.path == ours.path && !is_alike(other));
        let first = of_place.min_by_key(|(number, (_, other))| rank(other, *number));
        if let Some((_, (winner, _))) = first.filter(|(other, (_, place))| rank(place, *other) < rank(ours, number)) {
            return Some((format!("rival:{number}"), same_place(winner, folder)));
        }
        let mut within = others().filter(|(_, (_, other))| other.path != ours.path && covers(&ours.path, &other.path));
        // Where both are watched so, patterns of the wider one left the narrower one out when that was added.
        let is_apart = |other: &Source| !is_new(ours) && !is_new(other);
        let (_, (inner, _)) = within.find(|(_, (_, other))| !is_alike(other) && !is_apart(other))?;
        Some((format!("rival:{number}"), conflict(folder, inner)))
    }

    /// The folder as it would be watched now, by where its path leads.
    async fn place(&self, folder: &Folder) -> Source {
        let path = whole(folder);
        let at = {
            let path = path.clone();
            blocking::look(&path.clone(), move || place_at(&path)).await
        };
        let at = at.flatten().or_else(|_| place_as_typed(&path));
        let path = at.unwrap_or_else(|_| path.as_os_str().as_bytes().to_vec());
        let Folder { collection, unnamed, ring, .. } = folder.clone();
        let patterns = Patterns::default();
        Addition { path, collection, unnamed, ring, device: 0, patterns }.in_list(&self.watched)
    }
}

fn is_same(known: &Source, place: &Source) -> bool {
    (&known.path, &known.collection, known.ring) == (&place.path, &place.collection, place.ring)
}

/// The path with `~` as the user's home.
pub(super) fn whole(folder: &Folder) -> PathBuf {
    let path = match (folder.path.strip_prefix("~/"), user_home()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(&folder.path),
    };
    // Without a slash at its end.
    path.components().collect()
}

/// A line of config.toml, for people.
fn line(folder: &Folder) -> String {
    let ring = folder.ring.map_or("not given", Ring::as_str);
    format!("{} (collection {:?}, ring {ring})", folder.path, folder.collection)
}

/// Two lines of config.toml name one place, and the first of these holds.
pub(crate) fn same_place(winner: &Folder, other: &Folder) -> Finding {
    let what = format!(
        "config.toml names one place twice: {} and {}. A file is in one collection only, so the second of these is not newly watched; \
         where one of two is private, that one holds. Take one of both lines out of config.toml, then start the agent again.",
        line(winner),
        line(other)
    );
    Finding { area: Area::Folders, what, command: None }
}

/// A file is in one collection only. The narrower of two folders is watched, whichever is there first: its files may be
/// private, and the wider one would share them.
pub(crate) fn conflict(outer: &Folder, inner: &Folder) -> Finding {
    let what = format!(
        "config.toml names {} and in it {}. A file is in one collection only, so the wider folder is not newly watched. Give both \
         the same collection and ring, or name the folders in the wider one by themselves, then start the agent again.",
        line(outer),
        line(inner)
    );
    Finding { area: Area::Folders, what, command: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn folder(path: &str, collection: &str, ring: Option<Ring>) -> Folder {
        Folder { path: path.to_owned(), collection: collection.to_owned(), unnamed: false, ring }
    }

    fn rivals(folders: &[Folder], watched: &Sources) -> Vec<Option<String>> {
        let set = Set::new(folders.to_vec(), &BTreeMap::new(), watched.clone());
        let places = smol::block_on(set.places());
        let of = |number| set.rival(number, &places).map(|(_, finding)| finding.what);
        (0..folders.len()).map(of).collect()
    }

    #[test]
    fn a_wider_folder_swallows_no_narrower_one_of_another_collection_or_ring() {
        let diary = folder("/nowhere/ann/diary/", "diary", Some(Ring::Private));
        for (outer, collection, ring, swallows_it) in [
            ("/nowhere", "home", Ring::Mesh, true),
            ("/nowhere/ann/", "home", Ring::Mesh, true),
            ("/nowhere/ann", "diary", Ring::Private, false),
            ("/nowhere/ann/dia", "home", Ring::Mesh, false),
        ] {
            let found = rivals(&[folder(outer, collection, Some(ring)), diary.clone()], &Sources::default());
            assert_eq!((found[0].is_some(), &found[1]), (swallows_it, &None), "{outer}");
        }
    }

    #[test]
    fn a_folder_that_is_watched_apart_in_a_wider_one_is_no_rival_of_that() {
        let source = |path: &str, collection: &str, ring| Source {
            path: path.into(),
            collection: collection.into(),
            ring,
            device: 0,
        };
        let set =
            [folder("/nowhere", "home", Some(Ring::Mesh)), folder("/nowhere/diary", "diary", Some(Ring::Private))];
        let both = [source("/nowhere", "home", Ring::Mesh), source("/nowhere/diary", "diary", Ring::Private)];
        assert_eq!(rivals(&set, &both.to_vec().into()), [None, None]);
        let [_, diary] = both;
        assert!(rivals(&set, &vec![diary].into())[0].is_some(), "the wider one is not watched yet");
    }

    #[test]
    fn of_two_lines_for_one_place_the_private_one_holds_however_they_are_ordered_and_spelled() {
        let at = tempfile::tempdir().unwrap();
        let (real, link) = (at.path().join("real"), at.path().join("link"));
        std::fs::create_dir(&real).unwrap();
        symlink(&real, &link).unwrap();
        let (real, link) = (real.to_str().unwrap().to_owned(), link.to_str().unwrap().to_owned());
        for other in [real.clone(), format!("{real}/"), link, format!("{real}/../real/.")] {
            let (private, shared) = (folder(&real, "a", Some(Ring::Private)), folder(&other, "b", Some(Ring::Mesh)));
            for (set, loser) in [([private.clone(), shared.clone()], 1), ([shared.clone(), private.clone()], 0)] {
                let found = rivals(&set, &Sources::default());
                assert_eq!(found[1 - loser], None, "{other}");
                let told = found[loser].as_ref().expect(&other);
                assert!(told.contains(&line(&private)) && told.contains(&line(&shared)), "{told}");
            }
        }
        // A ring that is not written is that of the collection.
        let mut list = Sources::default();
        list.remember("a").unwrap();
        let set = [folder(&real, "b", None), folder(&real, "a", None)];
        let found = rivals(&set, &list);
        assert!(found[0].is_some() && found[1].is_none(), "{found:?}");
        let twice = [folder(&real, "a", None), folder(&format!("{real}/"), "a", None)];
        assert_eq!(rivals(&twice, &list), [None, None], "the same is no clash");
    }

    #[test]
    fn a_private_folder_that_a_link_names_is_not_shared_by_the_folder_it_lies_in() {
        let at = tempfile::tempdir().unwrap();
        let (wide, diary, link) = (at.path().join("wide"), at.path().join("wide/diary"), at.path().join("link"));
        std::fs::create_dir_all(&diary).unwrap();
        symlink(&diary, &link).unwrap();
        let set = [
            folder(wide.to_str().unwrap(), "home", Some(Ring::Mesh)),
            folder(link.to_str().unwrap(), "diary", Some(Ring::Private)),
        ];
        let found = rivals(&set, &Sources::default());
        assert!(found[0].is_some() && found[1].is_none(), "{found:?}");
    }
}
