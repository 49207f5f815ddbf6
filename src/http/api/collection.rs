//! The body of `POST /v1/collection`.

use crate::base::collection_name::is_same;
use crate::base::finding::quoted;
use crate::base::id::Ring;
use crate::config::check_collection;
use crate::http::dto::{ModelHere, ModelsHere};
use crate::node::output::Response;
use crate::platform::models::{GET_MULTILINGUAL, MULTILINGUAL};
use crate::scheduler::regroup::{NewGroup, NewModel, Regroup};
use crate::store::record::{NamedModel, Source};
use serde::Deserialize;

/// What is to become of which collection.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Collection {
    name: String,
    to: Option<String>,
    ring: Option<Ring>,
    #[serde(default)]
    new: bool,
    model: Option<String>,
    #[serde(default)]
    back: bool,
    /// The name once more, where the ring is public.
    confirm: Option<String>,
}

impl Collection {
    /// The request.
    ///
    /// # Errors
    /// A sentence for people: the body says nothing that can be done.
    pub(super) fn regroup(self, found: &Models) -> Result<Regroup, String> {
        let to = match (self.model, self.back, self.to.is_some() || self.ring.is_some() || self.new) {
            (None, false, _) => None,
            (Some(name), false, false) => Some(NewGroup::Model(found.set(&name)?)),
            (None, true, false) => Some(NewGroup::Model(NewModel::Back)),
            _ => return Err("This call has one of \"to\", \"ring\", \"model\" and \"back\".".to_owned()),
        };
        if let Some(to) = to {
            return Ok(Regroup { collection: self.name, to });
        }
        if self.new && self.ring != Some(Ring::Private) {
            return Err("Only a private collection can be there before its first folder.".to_owned());
        }
        let to = match (self.to, self.ring) {
            (Some(name), None) => check_collection(&name).map(|()| NewGroup::Name(name))?,
            (None, Some(Ring::Private)) if self.new => NewGroup::NewPrivate,
            (None, Some(Ring::Public)) if !self.confirm.as_deref().is_some_and(|typed| is_same(typed, &self.name)) => {
                return Err(unconfirmed(&self.name));
            }
            (None, Some(ring)) => NewGroup::Ring(ring),
            _ => return Err("This call has \"to\", a new name, or \"ring\", and not both.".to_owned()),
        };
        Ok(Regroup { collection: self.name, to })
    }
}

/// Whether more people see some of these places by this change than do now. Where no place has the name, any ring but the narrowest counts as wider:
/// a folder may join it meanwhile.
pub(super) fn widens(regroup: &Regroup, places: &[Source]) -> bool {
    let NewGroup::Ring(ring) = &regroup.to else { return false };
    let mut named = places.iter().filter(|place| is_same(&place.collection, &regroup.collection)).peekable();
    *ring != Ring::Private && (named.peek().is_none() || named.any(|place| place.ring < *ring))
}

/// What follows where a collection becomes public, and how its owner says that this is meant.
fn unconfirmed(name: &str) -> String {
    format!(
        "Nothing was changed: a public collection is for everybody. There are two ways to it, each with a switch in config.toml: with \
         `ipfs.gateway = true` whoever reaches the API, and with `ipfs.bitswap = true` any program that reaches this device at \
         `node.listen`, reads every file of {name:?} and every passage of it without a password; `wattle doctor` says which of them is on. \
         What others fetched cannot be taken back; also the other devices of your mesh can search it. Who means that repeats the name: \
         `wattle collection ring {word} public --confirm {word}`, or \"confirm\" with the name in this call.",
        word = quoted(name)
    )
}

/// The models that a collection may have.
pub(super) struct Models {
    /// The home's.
    pub(super) home: NamedModel,
    /// Further ones.
    pub(super) others: Vec<NamedModel>,
    /// The names of those of all that know many languages; the rest know English.
    pub(super) many: Vec<String>,
    /// Where those are looked for.
    pub(super) folder: String,
}

impl Models {
    /// What gives a collection the model of this name.
    fn set(&self, name: &str) -> Result<NewModel, String> {
        let model = self.named(name)?.clone();
        Ok(NewModel::Set { model, home: self.home.clone(), language: None })
    }

    /// All of them, the home's last.
    fn all(&self) -> impl Iterator<Item = &NamedModel> {
        self.others.iter().filter(|other| other.name != self.home.name).chain([&self.home])
    }

    /// As people choose among them: the home's first.
    pub(super) fn listed(&self) -> ModelsHere {
        let here = |model: &NamedModel| ModelHere {
            name: model.name.clone(),
            many_languages: self.many.contains(&model.name),
            home: model.name == self.home.name,
        };
        let mut models: Vec<ModelHere> = self.all().map(here).collect();
        models.sort_by_key(|model| !model.home);
        ModelsHere { models, folder: self.folder.clone() }
    }

    /// The model of this name.
    ///
    /// # Errors
    /// A sentence for people: there is none.
    pub(super) fn named(&self, name: &str) -> Result<&NamedModel, String> {
        let Some(model) = self.all().find(|model| model.name == name) else {
            let names: Vec<&str> = self.all().map(|model| model.name.as_str()).collect();
            let made = if name == MULTILINGUAL { format!(" {GET_MULTILINGUAL}") } else { String::new() };
            return Err(format!(
                "There is no model {name:?}; there are {}. Its folder belongs into {}.{made} Nothing was changed.",
                names.join(", "),
                self.folder
            ));
        };
        Ok(model)
    }
}

/// Whether a collection has this name, or it is remembered as a private one: earlier versions had names that are none now, and
/// they can be given up.
pub(super) fn is_known(name: &str, status: &Response) -> bool {
    let Response::Status(status) = status else { return false };
    let mut names = status.sources.iter().map(|source| &source.collection).chain(&status.work.private_names);
    names.any(|known| known == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Fingerprint;
    use crate::node::status::{FromDriver, Status, WorkStatus};
    use crate::store::counts::StoreCounts;

    #[test]
    fn a_name_of_an_earlier_version_is_known_as_long_as_a_folder_or_the_list_of_private_names_has_it() {
        let filler = "\u{3164}";
        assert!(check_collection(filler).is_err());
        let status = |collection: &str, private: &str| {
            let (path, collection) = (b"/a".to_vec(), collection.to_owned());
            Response::Status(Box::new(Status {
                peer_id: String::new(),
                device: String::new(),
                mesh: None,
                counts: StoreCounts::default(),
                sources: vec![Source { path, collection, ring: Ring::Private, device: 1 }],
                model: NamedModel { name: String::new(), fingerprint: Fingerprint([7; 32]) },
                foreign: None,
                peers: Vec::new(),
                gossip: Vec::new(),
                driver: FromDriver::default(),
                work: WorkStatus { private_names: vec![private.to_owned()], ..WorkStatus::default() },
                findings: Vec::new(),
            }))
        };
        assert!(is_known(filler, &status(filler, "diary")));
        assert!(is_known(filler, &status("home", filler)), "and can be given up");
        assert!(!is_known(filler, &status("home", "diary")));
        assert!(!is_known(filler, &Response::Added), "the agent is stopping");
    }

    #[test]
    fn a_ring_is_wider_than_that_of_any_place_of_the_name_and_nothing_else_is() {
        let place = |collection: &str, ring| Source {
            path: b"/a".to_vec(),
            collection: collection.to_owned(),
            ring,
            device: 1,
        };
        let to = |name: &str, to| Regroup { collection: name.to_owned(), to };
        let ring = |name: &str, ring| to(name, NewGroup::Ring(ring));
        let places = [place("diary", Ring::Private), place("home", Ring::Mesh), place("web", Ring::Public)];
        for (name, wider) in [("diary", [false, true, true]), ("home", [false, false, true]), ("web", [false; 3])] {
            assert_eq!(
                [Ring::Private, Ring::Mesh, Ring::Public].map(|to| widens(&ring(name, to), &places)),
                wider,
                "{name}"
            );
        }
        assert!(widens(&ring(" Diary ", Ring::Mesh), &places), "a name that reads the same is the same");
        assert!(widens(&ring("none", Ring::Mesh), &places) && !widens(&ring("none", Ring::Private), &[]));
        let both = [place("old", Ring::Mesh), place("old", Ring::Private)];
        assert!(widens(&ring("old", Ring::Mesh), &both), "of an earlier version, with two rings");
        assert!(!widens(&to("home", NewGroup::Name("web".to_owned())), &places));
        assert!(!widens(&to("diary", NewGroup::NewPrivate), &places));
    }

    #[test]
    fn the_models_to_choose_from_are_listed_once_each_the_homes_first_with_what_they_know() {
        let named = |name: &str| NamedModel { name: name.to_owned(), fingerprint: Fingerprint::default() };
        let others = ["large", "small"].map(named).to_vec();
        let models = Models { home: named("small"), others, many: vec!["large".to_owned()], folder: "/m".to_owned() };
        let here = |name: &str, many_languages, home| ModelHere { name: name.to_owned(), many_languages, home };
        let listed = ModelsHere {
            models: vec![here("small", false, true), here("large", true, false)],
            folder: "/m".to_owned(),
        };
        assert_eq!(models.listed(), listed);
    }

    #[test]
    fn a_body_says_one_thing_and_only_a_private_name_can_be_new() {
        let named = |name: &str| NamedModel { name: name.to_owned(), fingerprint: Fingerprint::default() };
        let models = Models {
            home: named("small"),
            others: vec![named("large")],
            many: vec!["large".to_owned()],
            folder: "/models".to_owned(),
        };
        let read = |body| serde_json::from_str::<Collection>(body).unwrap().regroup(&models).map(|regroup| regroup.to);
        let set = |name| NewGroup::Model(NewModel::Set { model: named(name), home: named("small"), language: None });
        assert_eq!(read(r#"{"name":"a","model":"large"}"#), Ok(set("large")));
        assert_eq!(read(r#"{"name":"a","model":"small"}"#), Ok(set("small")));
        assert_eq!(read(r#"{"name":"a","back":true}"#), Ok(NewGroup::Model(NewModel::Back)));
        let why = read(r#"{"name":"a","model":"wattle-e5-s6"}"#).unwrap_err();
        assert!(why.contains("there are large, small") && why.contains(GET_MULTILINGUAL), "{why}");
        assert_eq!(read(r#"{"name":"a","ring":"private"}"#), Ok(NewGroup::Ring(Ring::Private)));
        assert_eq!(read(r#"{"name":"a","ring":"private","new":true}"#), Ok(NewGroup::NewPrivate));
        assert_eq!(read(r#"{"name":"a","to":"b"}"#), Ok(NewGroup::Name("b".to_owned())));
        assert_eq!(read(r#"{"name":"a","ring":"public","confirm":"a"}"#), Ok(NewGroup::Ring(Ring::Public)));
        for unmeant in [r#"{"name":"a","ring":"public"}"#, r#"{"name":"a","ring":"public","confirm":"b"}"#] {
            let why = read(unmeant).unwrap_err();
            assert!(
                why.contains("everybody")
                    && why.contains("ipfs.gateway")
                    && why.contains("ipfs.bitswap")
                    && why.contains("`wattle collection ring a public --confirm a`"),
                "{why}"
            );
        }
        for bad in [
            r#"{"name":"a","ring":"mesh","new":true}"#,
            r#"{"name":"a","to":"b","new":true}"#,
            r#"{"name":"a","to":"b","ring":"mesh"}"#,
            r#"{"name":"a","ring":"public"}"#,
            r#"{"name":"a","model":"large","back":true}"#,
            r#"{"name":"a","model":"large","to":"b"}"#,
            r#"{"name":"a"}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
