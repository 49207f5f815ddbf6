//! A place that is to be watched, and the ring that its documents get.
//!
//! A ring belongs to a collection as a whole: who adds a folder to a private collection wants it private, whether that was
//! said again or not. So a place for which no ring is named gets that of its collection, and another ring than the
//! collection's is refused. It is decided here, on the list that is being saved, so that two commands at once agree.
//! Lists of earlier versions may hold collections with folders of both rings; those folders keep theirs.

mod refusal;

use super::path::{covers, leaves_out};
use crate::base::collection_name::{meant, tidy};
use crate::base::finding::{quoted, quoted_bytes};
use crate::base::id::Ring;
use crate::limits::{PRIVATE_NAMES_MAX, SOURCES_MAX};
use crate::store::record::{Source, Sources};
pub(super) use refusal::pattern;
use refusal::{conflict, is_near, no_such_collection, other_ring, public_is_confirmed, public_is_meant};
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

    /// Why a command that names a collection which is not there makes no shared one where there are private collections: its name may be
    /// a misspelt private one. `None` if the command says what it means, or the place is watched already; `usual` are collections that may be without a
    /// folder.
    #[must_use]
    pub fn misnamed<'a>(
        &self,
        list: &'a Sources,
        usual: impl IntoIterator<Item = &'a str, IntoIter: Clone>,
    ) -> Option<String> {
        let is_private = |source: &Source| source.ring == Ring::Private;
        let has_private = !list.private.is_empty() || list.places.iter().any(is_private);
        let is_known = meant(list.names().chain(usual), &self.collection).is_some();
        // Then it is as it was, or is refused for the collection that it is in.
        let is_watched = self.covering(&list.places).is_some_and(|source| !self.is_left_out_of(source));
        let is_meant = self.unnamed || self.ring.is_some() || is_known || is_watched || !has_private;
        // Where no more private names fit, a new one is private anyway.
        let is_safe = is_meant || self.with_ring(list).ring == Ring::Private;
        (!is_safe).then(|| no_such_collection(&self.path, &tidy(&self.collection), list))
    }

    /// Why a line of config.toml makes no shared collection: its name is not there, and nearly that of a private one. Another new name there makes one, as
    /// docs/config.md says. `None` as of [`Self::misnamed`].
    #[must_use]
    pub fn misspelt<'a>(
        &self,
        list: &'a Sources,
        usual: impl IntoIterator<Item = &'a str, IntoIter: Clone>,
    ) -> Option<String> {
        let typed = tidy(&self.collection);
        let of_places = list.places.iter().filter(|source| source.ring == Ring::Private);
        let mut private = of_places.map(|source| &source.collection).chain(&list.private);
        let is_near = private.any(|name| is_near(&typed, name));
        self.misnamed(list, usual).filter(|_| is_near)
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
        let add = |name: &str| format!("`wattle add {} --collection {name}`", quoted_bytes(&self.path));
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
mod tests;
