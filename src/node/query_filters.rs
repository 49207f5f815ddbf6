//! Which devices and collections a question's filters mean, and what is told of those that nobody knows.

use super::Node;
use super::mesh_report::of_removal;
use super::output::Narrowed;
use crate::base::collection_name::is_same;
use crate::base::count::{count, plural};
use crate::base::filter::Filter;
use crate::base::fold::fold;
use crate::base::hit::TypedFiles;
use crate::base::id::PeerKey;
use crate::base::time::Instant;
use crate::limits::NAMED_MAX;
use crate::mesh::peers::Peer;
use crate::mesh::trust::Rights;
use crate::query::pending::PendingQuery;
use crate::wire::gossip::{Fact, Kind};

/// Characters of a PeerId's end that tell a device, and of its beginning, of which all have the first eight.
const ID_END: usize = 6;
const ID_BEGINNING: usize = 14;

impl Node {
    /// Whether a question with this filter is asked of a peer, or of this device (`None`).
    pub(super) fn is_meant(&self, filter: &Filter, key: Option<PeerKey>) -> bool {
        let is_one = |asked: &String| {
            let (asked, id) = (asked.trim(), self.peer_id_of(key));
            let name = key.map_or(self.config.device.as_str(), |key| self.peers.get(key).map_or("", Peer::name));
            let by_id =
                asked.len() >= ID_END && id.ends_with(asked) || asked.len() >= ID_BEGINNING && id.starts_with(asked);
            by_id || [name, &self.title(key)].iter().any(|name| !name.is_empty() && fold(name) == fold(asked))
        };
        filter.devices.is_empty() || filter.devices.iter().any(is_one)
    }

    /// Whether each device that a question is asked of is known.
    ///
    /// # Errors
    /// A sentence with the names of those that are.
    pub(super) fn check_devices(&self, filter: &Filter) -> Result<(), String> {
        let keys: Vec<Option<PeerKey>> =
            core::iter::once(None).chain(self.peers.iter().map(|peer| Some(peer.key))).collect();
        for asked in &filter.devices {
            let one = Filter { devices: vec![asked.clone()], ..Filter::default() };
            if !keys.iter().any(|key| self.is_meant(&one, *key)) {
                let names: Vec<String> = keys.iter().take(NAMED_MAX).map(|key| self.title(*key)).collect();
                let more = if keys.len() > NAMED_MAX { " and more" } else { "" };
                return Err(format!("No device is called {asked:?}. Known here: {}{more}.", names.join(", ")));
            }
        }
        Ok(())
    }

    /// Whether each collection that is asked for may be somewhere: this device's list of folders tells of it, and a linked device's holdings, where
    /// it said what they are. Of other devices nobody knows before they are asked.
    ///
    /// # Errors
    /// A sentence with the names of those that there are.
    pub(super) fn check_collections(&self, now: Instant, filter: &Filter) -> Result<(), String> {
        if filter.collections.is_empty() {
            return Ok(());
        }
        let known = self.known_collections(now);
        let meant = |peer: &&Peer| self.trust.may(peer.key, Rights::ANSWER) && self.is_meant(filter, Some(peer.key));
        let may_be_there = |asked: &str| {
            let is_without = |peer: &Peer| self.queries.holdings.is_known_without(peer.key, asked);
            self.peers.iter().filter(meant).any(|peer| !is_without(peer))
        };
        let is_unknown = |asked: &&String| !known.iter().any(|name| is_same(name, asked)) && !may_be_there(asked);
        filter.collections.iter().find(is_unknown).map_or(Ok(()), |asked| Err(no_such_collection(asked, &known)))
    }

    /// What is told of the question's filters beside the hits: `no_phrase` says whether no passage has its words in quotes, `found` whether there are
    /// any hits, `of_types` which files of the types that are asked for this device has, where that was counted, and `is_alone` whether only this
    /// device answered.
    pub(super) fn narrowed(
        &self,
        now: Instant,
        query: &PendingQuery,
        (no_phrase, found): (bool, bool),
        (of_types, is_alone): (Option<TypedFiles>, bool),
    ) -> Narrowed {
        let filter = &query.question.filter;
        let unfiltered = query.beside.unfiltered.iter().map(|key| self.title(Some(*key))).collect();
        // With one collection, what was found is of it: a device may have told of it only now.
        let is_asked = !(filter.collections.is_empty() || found && filter.collections.len() == 1);
        let known = if is_asked { self.known_collections(now) } else { Vec::new() };
        let is_unknown = |asked: &&String| is_asked && !known.iter().any(|name| is_same(name, asked));
        let unknown = filter.collections.iter().filter(is_unknown).map(|asked| no_such_collection(asked, &known));
        let is_removed = self.trust.records().is_removed(self.config.key);
        let removed = is_removed.then(|| of_removal(self.removed_by().as_deref()));
        let strange = if found { Vec::new() } else { filter.strange_types() };
        let of_types = of_types.filter(|_| !found);
        let missing = of_types.and_then(|files| none_of_types(filter, files, &self.config.device, is_alone));
        let unknown = unknown.chain(strange).chain(missing).chain(removed).collect();
        Narrowed { no_phrase, english_only: false, filters: filter.told(), unfiltered, unknown }
    }

    /// The names of the collections of this device, and of those that other devices that may answer told of: each once, in order.
    fn known_collections(&self, now: Instant) -> Vec<String> {
        let mut known: Vec<String> = Vec::new();
        let mut add = |name: &str| {
            if !known.iter().any(|known| is_same(known, name)) {
                known.push(name.to_owned());
            }
        };
        self.scheduler.sources().iter().for_each(|source| add(&source.collection));
        for peer in self.peers.iter().filter(|peer| self.trust.may(peer.key, Rights::ANSWER)) {
            if let Some(Fact::Collections(list)) = self.gossip.items.fact(now, peer.key, Kind::Collections) {
                list.iter().for_each(|collection| add(&collection.name));
            }
        }
        known.sort_by_cached_key(|name| fold(name).into_owned());
        known
    }
}

/// What is said where nothing was found and the device that was asked, which is called so, has no file of these types, or none that it can read.
fn none_of_types(filter: &Filter, files: TypedFiles, device: &str, is_alone: bool) -> Option<String> {
    let types = filter.known_types().map(|asked| format!("{asked:?}")).collect::<Vec<_>>().join(" or ");
    match files {
        _ if types.is_empty() || files.all > files.unusable => None,
        TypedFiles { all: 0, .. } if is_alone => Some(format!("No file of the type {types} is on {device}.")),
        TypedFiles { all: 0, .. } => {
            Some(format!("No file of the type {types} is on {device}, and no other device that answered found one."))
        }
        TypedFiles { unusable, .. } => Some(format!(
            "{} of the type {types} {} on {device}, and {} be read: `wattle doctor` says why.",
            count(unusable, "file"),
            plural(unusable, "is", "are"),
            plural(unusable, "cannot", "none of them can"),
        )),
    }
}

/// What is said of a collection that nobody is known to have.
fn no_such_collection(asked: &str, known: &[String]) -> String {
    if known.is_empty() {
        return format!("No collection is called {asked:?}: no device is known to have any yet.");
    }
    let names = known.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
    let more = if known.len() > NAMED_MAX { " and more" } else { "" };
    format!("No collection is called {asked:?}. Known here: {names}{more}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::filter::Key;

    #[test]
    fn a_type_of_which_there_is_no_file_is_told_and_one_whose_files_cannot_be_read_too() {
        let told = |types: &str, all, unusable, is_alone| {
            let mut filter = Filter::default();
            filter.add(Key::Type, types).unwrap();
            none_of_types(&filter, TypedFiles { all, unusable }, "attic", is_alone)
        };
        for (types, all, unusable, is_alone, says) in [
            ("pdf", 0, 0, true, "No file of the type \"pdf\" is on attic."),
            (
                "pdf",
                0,
                0,
                false,
                "No file of the type \"pdf\" is on attic, and no other device that answered found one.",
            ),
            ("pdf,mail", 0, 0, true, "No file of the type \"pdf\" or \"mail\" is on attic."),
            (
                "pdf",
                1,
                1,
                true,
                "1 file of the type \"pdf\" is on attic, and cannot be read: `wattle doctor` says why.",
            ),
            (
                "pdf",
                2,
                2,
                true,
                "2 files of the type \"pdf\" are on attic, and none of them can be read: `wattle doctor` says why.",
            ),
        ] {
            assert_eq!(told(types, all, unusable, is_alone).as_deref(), Some(says));
        }
        assert_eq!(told("pdf", 2, 1, true), None, "what is there does not fit the rest of the question");
        assert_eq!(told("foo", 0, 0, true), None, "it is told with the kinds that there are");
    }
}
