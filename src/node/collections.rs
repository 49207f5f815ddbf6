//! What is wrong with the names and rings of collections: only lists of earlier versions have such.

use crate::base::collection_name::is_same;
use crate::base::finding::{Area, Finding, quoted};
use crate::base::id::Ring;
use crate::store::record::Source;

/// Collections whose names read the same, and those of which some folders are private and some are not.
#[must_use]
pub(crate) fn of_collections(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, source) in sources.iter().enumerate() {
        let before = sources.iter().take(at);
        if before.clone().any(|other| other.collection == source.collection) {
            continue;
        }
        let name = &source.collection;
        let first = |ring: fn(Ring) -> bool| sources.iter().find(|other| other.collection == *name && ring(other.ring));
        if let (Some(private), Some(shared)) =
            (first(|ring| ring == Ring::Private), first(|ring| ring != Ring::Private))
        {
            let command = format!("wattle collection ring {} private", quoted(name));
            let [private, shared] = [private, shared].map(|source| String::from_utf8_lossy(&source.path));
            let what = format!(
                "Of the collection {name:?} some folders are private and some are not, as an earlier version allowed: {private} is, and \
                 the other devices of your mesh can search {shared}. `{command}` makes all of it private; with `mesh` in place of \
                 `private` they can search all of it."
            );
            findings.push(Finding { area: Area::Folders, what, command: Some(command) });
        }
        if let Some(other) = before.into_iter().find(|other| is_same(&other.collection, name)) {
            let command = format!("wattle collection rename {} NEW", quoted(name));
            let what = format!(
                "Two collections have names that read the same, {:?} with the ring {} and {name:?} with the ring {}: folders may be \
                 added to the wrong one. Give one of them another name.",
                other.collection,
                other.ring.as_str(),
                source.ring.as_str()
            );
            findings.push(Finding { area: Area::Folders, what, command: Some(command) });
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collections_of_an_earlier_version_that_are_confused_or_have_both_rings_are_found_once() {
        let source = |path: &str, collection: &str, ring| Source {
            path: path.as_bytes().to_vec(),
            collection: collection.to_owned(),
            ring,
            device: 1,
        };
        let well =
            [source("/a", "home", Ring::Mesh), source("/b", "home", Ring::Mesh), source("/c", "diary", Ring::Private)];
        assert_eq!(of_collections(&well), []);
        let confused = [
            source("/a", "home", Ring::Mesh),
            source("/b", "home", Ring::Private),
            source("/c", "Home ", Ring::Private),
            source("/d", "Home ", Ring::Private),
        ];
        let found = of_collections(&confused);
        let commands: Vec<&str> = found.iter().filter_map(|finding| finding.command.as_deref()).collect();
        assert_eq!(commands, ["wattle collection ring home private", "wattle collection rename 'Home ' NEW"]);
        assert!(found[0].what.contains("/b is, and the other devices of your mesh can search /a"), "{}", found[0].what);
    }
}
