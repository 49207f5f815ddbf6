//! A place that is to be watched, and the ring that its documents get.
//!
//! A ring belongs to a collection as a whole: who adds a folder to a private collection wants it private, whether that was
//! said again or not. So a place for which no ring is named gets that of its collection, and another ring than the
//! collection's is refused. It is decided here, on the list that is being saved, so that two commands at once agree.
//! Lists of earlier versions may hold collections with folders of both rings; those folders keep theirs.

mod refusal;

use super::path::{covers, leaves_out};
use crate::base::collection_name::{meant, tidy};
use crate::base::finding::quoted;
use crate::base::id::Ring;
use crate::limits::{PRIVATE_NAMES_MAX, SOURCES_MAX};
use crate::store::record::{Source, Sources};
use refusal::{conflict, other_ring, public_is_confirmed, public_is_meant};
use std::collections::BTreeSet;

/// Private collections of which each is named in a refusal with its command; of more only their number.
const NAMED_PRIVATE_MAX: usize = 3;

/// A folder or file that is to be watched from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addition {
    /// Absolute path with symbolic links resolved, the system's bytes.
    pub path: Vec<u8>,
    /// The collection that its documents join.
    pub collection: String,
    /// Whether nobody named that collection: then it shares nothing new on a device that has private ones.
    pub unnamed: bool,
    /// Who may see them; `None`: who may see the collection, and of a new one the mesh.
    pub ring: Option<Ring>,
    /// The file system's device number.
    pub device: u64,
    /// What files of patterns say of it.
    pub patterns: Patterns,
}

/// What `.gitignore` and `.wattleignore` say of a place that is to be watched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns {
    /// The folders above the place of which they leave it out.
    pub left_out_of: Vec<Vec<u8>>,
    /// Whether such a file is in the place: then it may leave out what was named in it.
    pub are_in_it: bool,
}

/// The place with the ring that it has.
impl From<Source> for Addition {
    fn from(Source { path, collection, ring, device }: Source) -> Self {
        Self { path, collection, unnamed: false, ring: Some(ring), device, patterns: Patterns::default() }
    }
}

impl Addition {
    /// The place as one of these lists watches it, by itself or as a part of another; `None` if it does not.
    #[must_use]
    pub fn watched_in(&self, sources: &[Source]) -> Option<Source> {
        Some(Source { path: self.path.clone(), ..self.covering(sources)?.clone() })
    }

    /// The watched folder of one of these lists that this place is a part of; `None` if it is watched by itself.
    #[must_use]
    pub fn within<'a>(&self, sources: &'a [Source]) -> Option<&'a Source> {
        self.covering(sources).filter(|folder| folder.path != self.path)
    }

    /// The place in the collection in which one of these lists watches it already, if one does.
    #[must_use]
    pub fn where_it_is(self, sources: &[Source]) -> Self {
        let watched = self.covering(sources).filter(|source| !self.is_left_out_of(source));
        let collection = watched.map_or_else(|| self.collection.clone(), |source| source.collection.clone());
        Self { collection, ..self }
    }

    /// Why this place is not watched just because nobody named its collection; `None` if it can be watched, or not for another reason.
    #[must_use]
    pub fn undecided(&self, list: &Sources) -> Option<String> {
        let named = Self { unnamed: false, ..self.clone() };
        self.placed(list).err().filter(|_| named.placed(list).is_ok())
    }

    /// Whether a watched folder leaves the place out: it is indexed only if it is a source of its own.
    fn is_left_out_of(&self, source: &Source) -> bool {
        leaves_out(&source.path, &self.path) || self.patterns.left_out_of.contains(&source.path)
    }

    /// Whether the folder that one of these lists watches around this place leaves it out.
    #[must_use]
    pub fn is_left_out(&self, sources: &[Source]) -> bool {
        self.covering(sources).is_some_and(|source| self.is_left_out_of(source))
    }

    /// The place with the collection and the ring that it would get in this list.
    #[must_use]
    pub fn in_list(&self, list: &Sources) -> Source {
        self.with_ring(list)
    }

    fn covering<'a>(&self, sources: &'a [Source]) -> Option<&'a Source> {
        let covering = sources.iter().filter(|source| covers(&source.path, &self.path));
        covering.max_by_key(|source| source.path.len())
    }

    /// The list with this place added; `None` if the list covers it already.
    ///
    /// # Errors
    /// A sentence for people: it cannot be added.
    pub(super) fn placed(&self, list: &Sources) -> Result<Option<Sources>, String> {
        let (new, sources) = (self.with_ring(list), &list.places);
        let ours = |source: &Source| source.collection == new.collection;
        let already = sources.iter().any(|source| source.path == new.path);
        let nearest = self.covering(sources);
        for source in sources {
            let (outer, inner) = (covers(&source.path, &new.path), covers(&new.path, &source.path));
            // Of the folders around a place the nearest has it.
            if outer && nearest.is_some_and(|nearest| nearest.path != source.path) {
                continue;
            }
            // A place that the folder leaves out is indexed only if it is a source of its own.
            let has = outer && !self.is_left_out_of(source);
            let as_it_is = has && self.ring.is_none();
            // So no document has two owners where one of both is of another collection.
            let is_left_out = if outer { !has } else { already || leaves_out(&new.path, &source.path) };
            let fits = if ours(source) { as_it_is || source.ring == new.ring } else { is_left_out };
            if (outer || inner) && !fits {
                return Err(conflict(source, &new));
            }
            if has && (source.path != new.path || source.device == new.device) {
                return Ok(None);
            }
        }
        if new.ring == Ring::Public && self.ring.is_none() && !already {
            return Err(public_is_meant(&new));
        }
        if self.unnamed && self.ring.is_none() && new.ring != Ring::Private && !already {
            self.private_is_meant(&new, list)?;
        }
        let replaced = |source: &Source| {
            let is_in_it = ours(source) && covers(&new.path, &source.path) && !leaves_out(&new.path, &source.path);
            is_in_it && (source.path == new.path || !self.patterns.are_in_it)
        };
        let placed: Vec<_> = sources.iter().filter(|source| !replaced(source)).cloned().collect();
        let mut others = sources.iter().filter(|source| ours(source)).peekable();
        let is_private = list.remembers(&new.collection) && new.ring != Ring::Private;
        if is_private || (others.peek().is_some() && others.all(|source| source.ring != new.ring)) {
            let has =
                sources.iter().find(|source| !is_private && ours(source)).map_or(Ring::Private, |source| source.ring);
            return Err(other_ring(&new, has));
        }
        // The agent writes the ring public into config.toml where it is so already. There it makes nothing public by itself: nobody
        // said yet what that means.
        let is_public = |source: &Source| source.path == new.path && source.ring == Ring::Public;
        if new.ring == Ring::Public && !sources.iter().any(is_public) {
            let is_joined = sources.iter().any(|source| ours(source) && source.ring == Ring::Public);
            return Err(if is_joined { public_is_meant(&new) } else { public_is_confirmed(&new) });
        }
        if placed.len() >= SOURCES_MAX {
            return Err(format!(
                "{SOURCES_MAX} folders are watched already, and no more can be. Add a folder that holds several. Nothing was changed."
            ));
        }
        let mut placed = Sources { places: placed, ..list.clone() };
        placed.forget_name(&new.collection);
        placed.places.push(new);
        Ok(Some(placed))
    }

    /// Who forgets to name the private collection that a place belongs to would share it: where there are such, somebody says which one
    /// is meant. That holds for those with a folder too: the list does not know which folders they had.
    ///
    /// # Errors
    /// A sentence for people: there are private collections.
    fn private_is_meant(&self, new: &Source, list: &Sources) -> Result<(), String> {
        let with_folder =
            list.places.iter().filter(|source| source.ring == Ring::Private).map(|source| &source.collection);
        let names: BTreeSet<&String> = list.private.iter().chain(with_folder).collect();
        if names.is_empty() {
            return Ok(());
        }
        let path = String::from_utf8_lossy(&self.path);
        let add = |name: &str| format!("`wattle add {} --collection {name}`", quoted(&path));
        let keep = match names.len() {
            1..=NAMED_PRIVATE_MAX => names.iter().map(|name| add(&quoted(name))).collect::<Vec<_>>().join(" or "),
            count => format!(
                "{}, where NAME is one of your {count} private collections (`wattle collection list`),",
                add("NAME")
            ),
        };
        Err(format!(
            "Nothing was changed: nobody said who may see {path}. It would join the collection {}, {}, and this device has private \
             collections. Type {keep} to keep it on this device, or {} to share it.",
            new.collection,
            new.ring.reach(),
            add(&quoted(&new.collection))
        ))
    }

    /// The place with the ring that was named, or that it has, or that its collection has: of several the most private one.
    /// A collection that reads the same is the same, with the spelling that it has.
    fn with_ring(&self, list: &Sources) -> Source {
        let Self { path, collection: typed, unnamed: _, ring, device, patterns: _ } = self.clone();
        let (sources, collection) =
            (&list.places, meant(list.names(), &typed).map_or_else(|| tidy(&typed), str::to_owned));
        let same = || sources.iter().find(|source| source.path == path && source.collection == collection);
        let own = ring.or_else(|| Some(same()?.ring));
        let of_collection =
            || sources.iter().filter(|source| source.collection == collection).map(|source| source.ring);
        // Where no more names fit, this one may have been private: earlier versions left such names out.
        let is_private = list.remembers(&collection) || list.private.len() >= PRIVATE_NAMES_MAX;
        let of_none = if is_private { Ring::Private } else { Ring::Mesh };
        let ring = own.or_else(|| of_collection().min()).unwrap_or(of_none);
        Source { path, collection, ring, device }
    }
}

#[cfg(test)]
mod apart_test;
#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, collection: &str, ring: Ring) -> Source {
        Source { path: path.into(), collection: collection.into(), ring, device: 1 }
    }

    fn added(sources: &[Source], path: &str, collection: &str, ring: Option<Ring>) -> Result<Option<Ring>, String> {
        let new = Addition { ring, ..source(path, collection, Ring::Mesh).into() };
        let placed = new.placed(&sources.to_vec().into())?;
        Ok(placed
            .and_then(|list| list.places.into_iter().find(|source| source.path == path.as_bytes()))
            .map(|new| new.ring))
    }

    #[test]
    fn a_place_without_a_ring_gets_that_of_its_collection_and_a_new_collection_is_the_meshs() {
        let private = [source("/a", "home", Ring::Private), source("/w", "work", Ring::Mesh)];
        assert_eq!(added(&private, "/b", "home", None), Ok(Some(Ring::Private)));
        assert_eq!(added(&private, "/b", "work", None), Ok(Some(Ring::Mesh)));
        assert_eq!(added(&private, "/b", "letters", None), Ok(Some(Ring::Mesh)));
        assert_eq!(added(&private, "/", "letters", None).map_err(|why| why.contains("\"home\"")), Err(true));
        // A wider folder takes the place of the narrower one, and its ring.
        assert_eq!(added(&[source("/a/b", "home", Ring::Private)], "/a", "home", None), Ok(Some(Ring::Private)));
    }

    #[test]
    fn of_a_collection_with_both_rings_a_new_place_gets_the_more_private_one_and_the_old_ones_keep_theirs() {
        let mixed = [source("/a", "home", Ring::Mesh), source("/b", "home", Ring::Private)];
        assert_eq!(added(&mixed, "/c", "home", None), Ok(Some(Ring::Private)));
        assert_eq!(added(&mixed, "/a/x", "home", None), Ok(None), "a part of it");
        assert_eq!(added(&mixed, "/a", "home", None), Ok(None));
        assert_eq!(added(&mixed, "/a", "home", Some(Ring::Mesh)), Ok(None));
        assert_eq!(added(&mixed, "/c", "home", Some(Ring::Mesh)), Ok(Some(Ring::Mesh)), "who says so");
        let moved = Addition { ring: None, device: 2, ..source("/a", "home", Ring::Mesh).into() };
        let moved = moved.placed(&mixed.to_vec().into()).unwrap().unwrap();
        assert_eq!(moved.places[1], Source { device: 2, ..mixed[0].clone() }, "on another disk");
        let hidden = added(&mixed, "/a/.x", "home", None).unwrap_err();
        assert!(hidden.contains("ring mesh"), "it would be private in a folder of the mesh: {hidden}");
    }

    #[test]
    fn a_place_that_is_watched_already_stays_in_its_collection_where_none_is_named() {
        let sources = [source("/a", "papers", Ring::Private)];
        let list = Sources::from(sources.to_vec());
        let add = |path: &str| {
            Addition { unnamed: true, ring: None, ..source(path, "home", Ring::Mesh).into() }.where_it_is(&sources)
        };
        for path in ["/a", "/a/b"] {
            assert_eq!((add(path).collection.as_str(), add(path).placed(&list)), ("papers", Ok(None)), "{path}");
        }
        assert_eq!(add("/b").collection, "home");
        assert_eq!(add("/a/.ssh").collection, "home", "the folder leaves it out");
    }

    #[test]
    fn a_place_that_patterns_leave_out_is_a_source_of_its_own_and_stays_one() {
        let sources = [source("/a", "home", Ring::Mesh)];
        let add = |path: &str, left_out_of: &[&str], are_in_it| {
            let left_out_of = left_out_of.iter().map(|path| path.as_bytes().to_vec()).collect();
            let patterns = Patterns { left_out_of, are_in_it };
            Addition { patterns, ..source(path, "home", Ring::Mesh).into() }
        };
        assert_eq!(add("/a/build/x", &["/"], false).placed(&sources.to_vec().into()), Ok(None));
        let both = add("/a/build/x", &["/", "/a"], false).placed(&sources.to_vec().into()).unwrap().unwrap();
        assert_eq!(both.places.len(), 2);
        let named: Sources = vec![source("/a/build/x", "home", Ring::Mesh)].into();
        let kept = add("/a", &[], true).placed(&named).unwrap().unwrap();
        assert_eq!(kept.places.len(), 2, "the folder may leave it out");
        assert_eq!(add("/a", &[], false).placed(&named).unwrap().unwrap().places.len(), 1);
    }

    #[test]
    fn without_a_named_collection_nothing_new_is_shared_where_there_are_private_ones() {
        let add = |list: &Sources, path: &str, unnamed, ring| {
            Addition { unnamed, ring, ..source(path, "home", Ring::Mesh).into() }.placed(list)
        };
        let mut list = Sources::from(vec![source("/w", "home", Ring::Mesh)]);
        assert!(add(&list, "/my diary", true, None).is_ok(), "there is no private one");
        list.remember("diary").unwrap();
        let why = add(&list, "/my diary", true, None).unwrap_err();
        for part in [
            "Nothing was changed",
            "`wattle add '/my diary' --collection diary` to keep",
            "`wattle add '/my diary' --collection home` to share",
        ] {
            assert!(why.contains(part), "{part}: {why}");
        }
        assert!(add(&list, "/", true, None).is_err(), "a wider folder shares more");
        assert_eq!(add(&list, "/w/part", true, None), Ok(None), "it is shared already");
        let moved = Addition { device: 2, ..source("/w", "home", Ring::Mesh).into() };
        let moved = Addition { unnamed: true, ring: None, ..moved }.placed(&list);
        assert!(moved.is_ok_and(|list| list.is_some()), "the same place on another disk");
        assert!(
            add(&list, "/d", false, None).is_ok() && add(&list, "/d", true, Some(Ring::Mesh)).is_ok(),
            "who says so"
        );
        let with_folder = Sources::from(vec![source("/secret", "letters", Ring::Private)]);
        assert!(add(&with_folder, "/d", true, None).unwrap_err().contains("--collection letters`"));
        let private = Sources::from(vec![source("/secret", "home", Ring::Private)]);
        assert!(add(&private, "/d", true, None).is_ok(), "what it joins is private");
        ["a", "b", "c", "d"].iter().for_each(|name| list.remember(name).unwrap());
        assert!(add(&list, "/d", true, None).unwrap_err().contains("one of your 5 private collections"));
    }

    #[test]
    fn another_ring_than_the_collections_is_refused_with_the_two_ways_out() {
        let shared = [source("/a", "home", Ring::Mesh)];
        let why = added(&shared, "/b c", "home", Some(Ring::Private)).unwrap_err();
        for part in [
            "nothing was changed",
            "`wattle add '/b c' --collection NEW --ring private`",
            "`wattle collection ring home private`",
        ] {
            assert!(why.contains(part), "{part}: {why}");
        }
        assert_eq!(added(&shared, "/b", "diary", Some(Ring::Private)), Ok(Some(Ring::Private)));
        assert_eq!(added(&shared, "/b", "home", Some(Ring::Mesh)), Ok(Some(Ring::Mesh)));
        let why = added(&[source("/a", "home", Ring::Private)], "/b", "home", Some(Ring::Mesh)).unwrap_err();
        assert!(why.contains("has the ring private"), "{why}");
        let why = added(&shared, "/a", "home", Some(Ring::Private)).unwrap_err();
        assert!(why.contains("`wattle collection ring home private`"), "{why}");
    }

    #[test]
    fn a_folder_becomes_public_only_with_its_whole_collection() {
        let public = [source("/a", "papers", Ring::Public)];
        let why = added(&public, "/b", "papers", None).unwrap_err();
        assert!(why.contains("for everybody at once") && why.contains("`wattle collection ring papers mesh`"), "{why}");
        assert!(added(&public, "/", "papers", None).is_err(), "a wider folder");
        assert_eq!(added(&public, "/a/part", "papers", None), Ok(None), "it is public already");
        let why = added(&public, "/b", "papers", Some(Ring::Mesh)).unwrap_err();
        assert!(why.contains("has the ring public"), "{why}");
        for (list, part) in [(&public[..], "for everybody at once"), (&[], "in config.toml makes no folder public")] {
            let why = added(list, "/b", "papers", Some(Ring::Public)).unwrap_err();
            assert!(why.contains(part) && why.contains("`wattle collection ring papers public`"), "{why}");
        }
        assert_eq!(added(&public, "/a", "papers", Some(Ring::Public)), Ok(None), "config.toml as the agent wrote it");
        let moved = Addition { device: 2, ring: Some(Ring::Public), ..public[0].clone().into() };
        let moved = moved.placed(&public.to_vec().into()).unwrap().unwrap();
        assert_eq!(moved.places, [Source { device: 2, ..public[0].clone() }], "on another disk");
        let why = added(&[source("/a", "home", Ring::Mesh)], "/b", "home", Some(Ring::Public)).unwrap_err();
        assert!(why.contains("has the ring mesh"), "{why}");
    }

    #[test]
    fn a_collection_that_reads_the_same_is_the_same_and_keeps_its_spelling_and_ring() {
        let diary = [source("/a", "Diary", Ring::Private)];
        let joined = |typed: &str| {
            let new = Addition { ring: None, ..source("/b", typed, Ring::Mesh).into() };
            let placed = new.placed(&diary.to_vec().into()).unwrap().unwrap();
            (placed.places[1].collection.clone(), placed.places[1].ring)
        };
        for typed in ["diary", " Diary ", "DIARY", "Di\u{ad}ary"] {
            assert_eq!(joined(typed), ("Diary".to_owned(), Ring::Private), "{typed:?}");
        }
        assert_eq!(joined(" letters "), ("letters".to_owned(), Ring::Mesh));
        assert!(added(&diary, "/b", "diary ", Some(Ring::Mesh)).unwrap_err().contains("has the ring private"));
        // A list of an earlier version with two of them: the very name counts, else the private one.
        let mixed = [source("/c", "diary", Ring::Mesh), source("/a", "diary ", Ring::Private)];
        assert_eq!(added(&mixed, "/b", "diary", None), Ok(Some(Ring::Mesh)));
        assert_eq!(added(&mixed, "/b", "Diary", None), Ok(Some(Ring::Private)));
    }

    #[test]
    fn a_private_collection_without_a_folder_is_still_private() {
        let mut list = Sources::from(vec![source("/w", "work", Ring::Mesh)]);
        list.remember("diary").unwrap();
        let add = |list: &Sources, collection: &str, ring| {
            let new = Addition { ring, ..source("/b", collection, Ring::Mesh).into() };
            new.placed(list).map(|placed| placed.expect("it is new"))
        };
        let placed = add(&list, "Diary", None).unwrap();
        assert_eq!((placed.places[1].ring, placed.private.len()), (Ring::Private, 0), "its folder has the ring now");
        let why = add(&list, "diary", Some(Ring::Mesh)).unwrap_err();
        assert!(why.contains("has the ring private") && why.contains("`wattle collection ring diary mesh`"), "{why}");
        assert_eq!(add(&list, "work", None).unwrap().private, ["diary"], "another collection changes nothing");
        list.remember("work").unwrap();
        assert!(!list.remembers("work"), "it has a folder");
        let full =
            (0..2 * PRIVATE_NAMES_MAX).map(|n| list.remember(&format!("secret {n}"))).filter(Result::is_err).count();
        assert_eq!((list.private.len(), full), (PRIVATE_NAMES_MAX, PRIVATE_NAMES_MAX + 1), "none is left out silently");
        assert_eq!(add(&list, "new", None).unwrap().places[1].ring, Ring::Private, "it may be one that did not fit");
        assert_eq!(add(&list, "new", Some(Ring::Mesh)).unwrap().places[1].ring, Ring::Mesh, "who says so");
        assert_eq!(add(&list, "work", None).unwrap().places[1].ring, Ring::Mesh);
    }
}
