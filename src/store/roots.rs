//! Which folder or file each watched place was when it was looked at: a private one that is moved into a shared one, or takes its
//! place, is known there by it.

use super::codec::{decode_postcard, encode_postcard, postcard_record};
use super::keys;
use super::kv::{KvError, KvRead, Space};
use super::read::record;
use super::record::{Record, Sources};
use crate::base::id::Ring;
use crate::limits::ROOTS_OF_PLACE_MAX;
use serde::{Deserialize, Serialize};

/// What tells a folder or file from all others, wherever it is moved to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The tag of its file system.
    pub volume: u16,
    /// Its number there. A file system gives it to another file later.
    pub inode: u64,
    /// When it was made, in nanoseconds since 1970; 0 where the file system does not tell.
    pub born_ns: i64,
}

impl Identity {
    fn is_same(self, other: Self) -> bool {
        let born = self.born_ns == other.born_ns || self.born_ns == 0 || other.born_ns == 0;
        self.volume == other.volume && self.inode == other.inode && born
    }
}

/// What was at the path of a watched place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// The place's path.
    pub path: Vec<u8>,
    /// What was there.
    pub identity: Identity,
}

/// What was at the paths of the watched places, the newest last; of one place at most `ROOTS_OF_PLACE_MAX`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roots(pub Vec<Root>);
postcard_record!(Roots, "roots");

impl Roots {
    /// The list when this is at the path of a watched place; `None` if it is as it was. What is known of another watched place
    /// stays that place's: two folders may have changed their places.
    #[must_use]
    pub fn with(&self, sources: &Sources, path: &[u8], identity: Identity) -> Option<Self> {
        let is_watched = |root: &&Root| sources.places.iter().any(|source| source.path == root.path);
        if self.0.iter().filter(is_watched).any(|root| root.identity.is_same(identity)) {
            return None;
        }
        let mut roots: Vec<Root> = self.0.iter().filter(is_watched).cloned().collect();
        let of_place = roots.iter().filter(|root| root.path == path).count();
        if of_place >= ROOTS_OF_PLACE_MAX {
            let oldest = roots.iter().position(|root| root.path == path);
            oldest.map(|at| roots.remove(at));
        }
        roots.push(Root { path: path.to_vec(), identity });
        Some(Self(roots))
    }

    /// Those of private places.
    #[must_use]
    pub fn private(self, sources: &Sources) -> Vec<Root> {
        let private =
            |root: &Root| sources.places.iter().any(|source| source.path == root.path && source.ring == Ring::Private);
        self.0.into_iter().filter(private).collect()
    }
}

/// What is known to have been at the paths of the watched places.
///
/// # Errors
/// Any `KvError`.
pub fn read(kv: &impl KvRead) -> Result<Roots, KvError> {
    Ok(record(kv, Space::State, keys::ROOTS)?.unwrap_or_default())
}

/// The private place that this is, if what is at `path` is one that belongs elsewhere.
#[must_use]
pub fn moved<'a>(private: &'a [Root], path: &[u8], identity: Identity) -> Option<&'a [u8]> {
    let same = |root: &&Root| root.identity.is_same(identity);
    private.iter().rfind(same).map(|root| &*root.path).filter(|place| *place != path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::record::Source;

    fn sources(list: &[(&str, Ring)]) -> Sources {
        let source = |(path, ring): &(&str, Ring)| {
            let collection = format!("{ring:?}");
            Source { path: path.as_bytes().to_vec(), collection, ring: *ring, device: 1 }
        };
        Sources::from(list.iter().map(source).collect::<Vec<_>>())
    }

    fn identity(inode: u64) -> Identity {
        Identity { volume: 7, inode, born_ns: 5 }
    }

    #[test]
    fn a_private_place_is_known_where_it_was_moved_to_until_it_is_forgotten_or_shared() {
        let list = sources(&[("/diary", Ring::Private), ("/docs", Ring::Mesh)]);
        let roots = Roots::default().with(&list, b"/diary", identity(1)).unwrap();
        let roots = roots.with(&list, b"/docs", identity(2)).unwrap();
        assert_eq!(roots.with(&list, b"/diary", identity(1)), None);
        // The two have changed their places: each keeps what it was.
        assert_eq!(roots.with(&list, b"/diary", identity(2)), None);
        assert_eq!(roots.with(&list, b"/docs", identity(1)), None);
        let roots = roots.with(&list, b"/diary", identity(3)).unwrap();
        let private = roots.clone().private(&list);
        assert_eq!(moved(&private, b"/docs/diary", identity(1)), Some(&b"/diary"[..]));
        assert_eq!(moved(&private, b"/docs", identity(3)), Some(&b"/diary"[..]), "of each folder that was there");
        assert_eq!(moved(&private, b"/diary", identity(3)), None);
        assert_eq!(moved(&private, b"/docs/other", identity(2)), None, "a shared one may be moved");
        let other = Identity { born_ns: 6, ..identity(1) };
        assert_eq!(moved(&private, b"/docs/new", other), None, "its number was given to a new folder");
        let unknown = Identity { born_ns: 0, ..identity(1) };
        assert_eq!(moved(&private, b"/docs/new", unknown), Some(&b"/diary"[..]));
        assert!(roots.clone().private(&sources(&[("/docs", Ring::Mesh)])).is_empty(), "forgotten");
        assert!(roots.private(&sources(&[("/diary", Ring::Mesh)])).is_empty(), "shared");
    }

    #[test]
    fn of_each_place_the_newest_are_known_and_of_places_that_are_forgotten_none() {
        let list = sources(&[("/diary", Ring::Private), ("/docs", Ring::Mesh)]);
        let mut roots = Roots::default().with(&list, b"/docs", identity(0)).unwrap();
        for inode in 1..20 {
            roots = roots.with(&list, b"/diary", identity(inode)).unwrap();
        }
        assert_eq!(roots.0.len(), 1 + ROOTS_OF_PLACE_MAX);
        assert_eq!(roots.0.last().map(|root| root.identity), Some(identity(19)));
        let left = sources(&[("/docs", Ring::Mesh)]);
        assert_eq!(roots.with(&left, b"/docs", identity(30)).unwrap().0.len(), 2);
        let read = Roots::decode(&roots.encode());
        assert_eq!(read, Some(roots));
    }
}
