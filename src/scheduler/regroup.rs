//! A change of a collection: its name, or who may see it.
//!
//! Only the list of sources says to which collection a document belongs and who may see it; `worker::retrieve` and
//! `worker::summary` read it there. So one save of the list changes a whole collection, and no answer after it
//! follows the old ring.

use crate::base::id::Ring;
use crate::store::record::Source;
use std::collections::BTreeSet;

/// A change of one collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Regroup {
    /// Its name now.
    pub collection: String,
    /// What becomes of it.
    pub to: NewGroup,
}

/// What becomes of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewGroup {
    /// It has this name from now on; it joins the collection that has it already, if there is one of the same ring.
    Name(String),
    /// These may see it from now on.
    Ring(Ring),
}

impl Regroup {
    /// The list of sources after the change.
    ///
    /// # Errors
    /// A sentence for people: there is no such collection, or the one of the new name has another ring.
    pub(super) fn apply(&self, sources: &[Source]) -> Result<Vec<Source>, String> {
        let of = |name: &str| sources.iter().find(|source| source.collection == name);
        if of(&self.collection).is_none() {
            let names: BTreeSet<&str> = sources.iter().map(|source| source.collection.as_str()).collect();
            let names = names.into_iter().collect::<Vec<_>>().join(", ");
            let rest = if names.is_empty() { "no folder is watched".to_owned() } else { format!("there are {names}") };
            return Err(format!("There is no collection {:?}; {rest}. Nothing was changed.", self.collection));
        }
        if let NewGroup::Name(name) = &self.to
            && *name != self.collection
            && let Some((now, other)) = self.other_rings(name, sources)
        {
            return Err(format!(
                "The collection {name:?} has the ring {}, and {:?} has the ring {}: documents would change who sees them. Give \
                 both the same ring first, with `wattle collection ring`. Nothing was changed.",
                other.as_str(),
                self.collection,
                now.as_str()
            ));
        }
        let change = |source: &Source| match &self.to {
            _ if source.collection != self.collection => source.clone(),
            NewGroup::Name(name) => Source { collection: name.clone(), ..source.clone() },
            NewGroup::Ring(ring) => Source { ring: *ring, ..source.clone() },
        };
        Ok(sources.iter().map(change).collect())
    }

    /// A ring of this collection and another one of that collection, which is to be one with it; `None` if all are the same.
    fn other_rings(&self, name: &str, sources: &[Source]) -> Option<(Ring, Ring)> {
        let of = |name: &str| -> BTreeSet<Ring> {
            sources.iter().filter(|source| source.collection == name).map(|source| source.ring).collect()
        };
        let others = of(name);
        of(&self.collection).into_iter().find_map(|now| Some((now, *others.iter().find(|other| **other != now)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, collection: &str, ring: Ring) -> Source {
        Source { path: path.into(), collection: collection.into(), ring, device: 1 }
    }

    fn regroup(collection: &str, to: NewGroup) -> Result<Vec<(String, Ring)>, String> {
        let sources = [
            source("/a", "home", Ring::Mesh),
            source("/b", "diary", Ring::Private),
            source("/c", "home", Ring::Mesh),
            source("/d", "work", Ring::Mesh),
        ];
        let changed = Regroup { collection: collection.into(), to }.apply(&sources)?;
        Ok(changed.into_iter().map(|source| (source.collection, source.ring)).collect())
    }

    #[test]
    fn a_collection_gets_another_name_or_ring_with_all_its_places() {
        let changed = regroup("home", NewGroup::Ring(Ring::Private)).unwrap();
        assert_eq!(changed.iter().map(|(_, ring)| *ring).collect::<Vec<_>>(), {
            [Ring::Private, Ring::Private, Ring::Private, Ring::Mesh]
        });
        let renamed = regroup("home", NewGroup::Name("work".into())).unwrap();
        assert_eq!(renamed.iter().filter(|(name, _)| name == "work").count(), 3, "they are one collection now");
    }

    #[test]
    fn a_collection_that_there_is_not_and_one_of_another_ring_are_refused() {
        let why = regroup("hom", NewGroup::Ring(Ring::Private)).unwrap_err();
        assert!(why.contains("diary, home, work") && why.contains("Nothing was changed"), "{why}");
        let why = regroup("diary", NewGroup::Name("home".into())).unwrap_err();
        assert!(why.contains("wattle collection ring"), "{why}");
    }

    #[test]
    fn a_collection_of_both_rings_joins_no_other_one_and_a_ring_makes_its_folders_alike() {
        let mixed =
            [source("/a", "home", Ring::Mesh), source("/b", "home", Ring::Private), source("/d", "work", Ring::Mesh)];
        let regroup = |from: &str, to| Regroup { collection: from.into(), to }.apply(&mixed);
        assert!(regroup("home", NewGroup::Name("work".into())).unwrap_err().contains("ring private"));
        assert!(regroup("work", NewGroup::Name("home".into())).is_err());
        let renamed = regroup("home", NewGroup::Name("old".into())).unwrap();
        assert_eq!((renamed[0].ring, renamed[1].ring), (Ring::Mesh, Ring::Private), "each keeps its ring");
        let alike = regroup("home", NewGroup::Ring(Ring::Private)).unwrap();
        assert!(alike[..2].iter().all(|source| source.ring == Ring::Private));
    }
}
