//! A change of a collection: its name, or who may see it.
//!
//! Only the list of sources says to which collection a document belongs and who may see it; `worker::retrieve` and
//! `worker::summary` read it there. So one save of the list changes a whole collection, and no answer after it
//! follows the old ring: what was found just before is held against the list once more when it leaves the device.

use crate::base::collection_name::{is_same, meant, tidy};
use crate::base::finding::quoted;
use crate::base::id::Ring;
use crate::store::record::{CollectionModel, NamedModel, Sources};
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
    /// Only this device may see it from now on, also if no folder has this name yet.
    NewPrivate,
    /// Its documents are embedded with another model from now on.
    Model(NewModel),
}

/// The model that a collection gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewModel {
    /// This one.
    Set {
        /// The model.
        model: NamedModel,
        /// The home's, which a collection has that was given none so far.
        home: NamedModel,
        /// The language for which it is chosen, in English; `None`: the owner chooses it.
        language: Option<String>,
    },
    /// The one of before.
    Back,
}

impl Regroup {
    /// Whether it only takes a collection away from the others.
    pub(super) fn makes_private(&self) -> bool {
        matches!(self.to, NewGroup::NewPrivate | NewGroup::Ring(Ring::Private))
    }

    /// The list of sources after the change, and the collection's name in it.
    ///
    /// # Errors
    /// A sentence for people: there is no such collection, the one of the new name has another ring, or the old name cannot
    /// be remembered.
    pub(super) fn apply(&self, list: &Sources) -> Result<(Sources, String), String> {
        let Some(collection) = meant(list.names(), &self.collection) else { return self.reserved(list) };
        let rings = rings_of(list, collection);
        if let NewGroup::Model(new) = &self.to {
            return set_model(list.clone(), collection, new).map(|changed| (changed, collection.to_owned()));
        }
        let mut changed = list.clone();
        let places = changed.places.iter_mut().filter(|source| source.collection == collection);
        match &self.to {
            // Done above.
            NewGroup::Model(_) => Ok((changed, collection.to_owned())),
            NewGroup::NewPrivate => {
                places.for_each(|source| source.ring = Ring::Private);
                Ok((changed, collection.to_owned()))
            }
            NewGroup::Ring(ring) => {
                places.for_each(|source| source.ring = *ring);
                if *ring != Ring::Private {
                    changed.forget_name(collection);
                }
                Ok((changed, collection.to_owned()))
            }
            NewGroup::Name(typed) => {
                let other = list.names().filter(|name| *name != collection);
                let name = meant(other, typed).map_or_else(|| tidy(typed), str::to_owned);
                // Another spelling of a name is no other collection.
                let is_other =
                    !is_same(&name, collection) || list.places.iter().any(|source| source.collection == name);
                let others = rings_of(list, &name);
                if let Some((now, other)) = other_rings(&rings, &others).filter(|_| is_other) {
                    return Err(format!(
                        "The collection {name:?} has the ring {}, and {collection:?} has the ring {}: documents would change who sees \
                         them. Give both the same ring first: {}. Nothing was changed.",
                        other.as_str(),
                        now.as_str(),
                        made_alike((collection, &rings), (&name, &others))
                    ));
                }
                places.for_each(|source| source.collection.clone_from(&name));
                if is_same(&name, collection) || changed.model_of(&name).is_none() {
                    let own = changed.models.iter_mut().filter(|set| is_same(&set.collection, collection));
                    own.for_each(|set| set.collection.clone_from(&name));
                } else if !changed.places.iter().any(|source| is_same(&source.collection, collection)) {
                    // The other one's model holds for both, and nothing has the old name.
                    changed.models.retain(|set| !is_same(&set.collection, collection));
                }
                changed.forget_name(&name);
                if rings.contains(&Ring::Private) {
                    // Who adds a folder to the old name again means what it was, whether it has one now or not; and a new name without
                    // a folder is as private.
                    changed.remember(&name)?;
                    changed.remember(collection)?;
                }
                Ok((changed, name))
            }
        }
    }
}

impl Regroup {
    /// The change where no folder has this name. Who makes a collection private before its first folder shares nothing by mistake. But
    /// where there are folders the name may be mistyped, and the collection that was meant would stay shared.
    fn reserved(&self, list: &Sources) -> Result<(Sources, String), String> {
        let is_private = self.to == NewGroup::Ring(Ring::Private);
        if self.to == NewGroup::NewPrivate || (is_private && list.places.is_empty()) {
            let (mut changed, name) = (list.clone(), tidy(&self.collection));
            changed.remember(&name)?;
            return Ok((changed, name));
        }
        let names: BTreeSet<&str> = list.names().collect();
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        let rest = if names.is_empty() { "no folder is watched".to_owned() } else { format!("there are {names}") };
        let new = if is_private {
            let name = quoted(&self.collection);
            format!(" A new name for a folder that you add later: `wattle collection ring {name} private --new`.")
        } else {
            String::new()
        };
        Err(format!("There is no collection {:?}; {rest}. Nothing was changed.{new}", self.collection))
    }
}

/// The list with another model for this collection. Settings of collections that have no folder any more are forgotten with that, so that
/// there are never many.
fn set_model(mut list: Sources, collection: &str, new: &NewModel) -> Result<Sources, String> {
    let Sources { places, models, .. } = &mut list;
    let has_folder = |name: &str| places.iter().any(|source| is_same(&source.collection, name));
    models.retain(|set| is_same(&set.collection, collection) || has_folder(&set.collection));
    let known = list.models.iter_mut().find(|set| is_same(&set.collection, collection));
    match (known, new) {
        (Some(set), NewModel::Set { model, language, .. }) if set.model == *model => set.language.clone_from(language),
        (Some(set), NewModel::Set { model, language, .. }) => {
            set.before = Some(std::mem::replace(&mut set.model, model.clone()));
            set.language.clone_from(language);
            set.version = set.version.saturating_add(1);
        }
        (None, NewModel::Set { model, home, language }) => list.models.push(CollectionModel {
            collection: collection.to_owned(),
            version: 1,
            model: model.clone(),
            before: Some(home.clone()).filter(|home| home != model),
            language: language.clone(),
        }),
        (Some(set), NewModel::Back) if set.before.is_some() => {
            let before = set.before.take();
            set.before = before.map(|before| std::mem::replace(&mut set.model, before));
            set.language = None;
            set.version = set.version.saturating_add(1);
        }
        (_, NewModel::Back) => {
            return Err(format!("The collection {collection:?} has had no other model. Nothing was changed."));
        }
    }
    Ok(list)
}

/// The rings of the folders with exactly this collection; that of a name which is remembered.
fn rings_of(list: &Sources, name: &str) -> BTreeSet<Ring> {
    let places = list.places.iter().filter(|source| source.collection == name).map(|source| source.ring);
    places.chain(list.private.iter().filter(|known| is_same(known, name)).map(|_| Ring::Private)).collect()
}

/// The commands that give two collections one ring, each ring with what it means: nobody shares a private one unawares.
fn made_alike(one: (&str, &BTreeSet<Ring>), other: (&str, &BTreeSet<Ring>)) -> String {
    let commands = |ring: Ring| {
        let differs = [one, other].into_iter().filter(|(_, rings)| rings.iter().any(|own| *own != ring));
        let command = |(name, _): (&str, _)| format!("`wattle collection ring {} {}`", quoted(name), ring.as_str());
        differs.map(command).collect::<Vec<_>>().join(" and ")
    };
    format!(
        "{}, after which only this device sees them, or {}, after which the other devices of your mesh can search all of both",
        commands(Ring::Private),
        commands(Ring::Mesh)
    )
}

/// A ring of a collection and another one of the collection that is to be one with it; `None` if all are the same.
fn other_rings(own: &BTreeSet<Ring>, others: &BTreeSet<Ring>) -> Option<(Ring, Ring)> {
    own.iter().find_map(|now| Some((*now, *others.iter().find(|other| *other != now)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Fingerprint;
    use crate::limits::PRIVATE_NAMES_MAX;
    use crate::store::record::Source;

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
        let (changed, _) = Regroup { collection: collection.into(), to }.apply(&sources.to_vec().into())?;
        Ok(changed.places.into_iter().map(|source| (source.collection, source.ring)).collect())
    }

    #[test]
    fn a_collection_becomes_public_as_a_whole_and_no_other_one_with_it() {
        let changed = regroup("home", NewGroup::Ring(Ring::Public)).unwrap();
        let rings: Vec<Ring> = changed.into_iter().map(|(_, ring)| ring).collect();
        assert_eq!(rings, [Ring::Public, Ring::Private, Ring::Public, Ring::Mesh]);
        let list = Sources::from(vec![source("/a", "home", Ring::Public), source("/d", "work", Ring::Mesh)]);
        let joined = Regroup { collection: "work".into(), to: NewGroup::Name("home".into()) }.apply(&list);
        assert!(joined.unwrap_err().contains("has the ring public"), "nothing is published by a new name");
    }

    #[test]
    fn a_model_is_set_taken_back_and_forth_renamed_with_its_collection_and_forgotten_with_its_last_folder() {
        let named = |name: &str| NamedModel { name: name.to_owned(), fingerprint: Fingerprint::default() };
        let set =
            |name: &str| NewGroup::Model(NewModel::Set { model: named(name), home: named("small"), language: None });
        let apply = |list: &Sources, collection: &str, to: NewGroup| {
            Regroup { collection: collection.into(), to }.apply(list).map(|(list, _)| list)
        };
        let model = |list: &Sources, collection: &str| {
            list.model_of(collection)
                .map(|set| (set.model.name.clone(), set.before.clone().map(|it| it.name), set.version))
        };
        let told =
            |now: &str, before: Option<&str>, version| Some((now.to_owned(), before.map(str::to_owned), version));
        let list = Sources::from(vec![source("/a", "home", Ring::Mesh), source("/b", "work", Ring::Mesh)]);
        let back = || NewGroup::Model(NewModel::Back);
        assert!(apply(&list, "home", back()).unwrap_err().contains("has had no other model"));
        let large = apply(&list, "home", set("large")).unwrap();
        assert_eq!(model(&large, "Home"), told("large", Some("small"), 1));
        assert_eq!(apply(&large, "home", set("large")).unwrap(), large, "once more changes nothing");
        let small = apply(&large, "home", back()).unwrap();
        assert_eq!(model(&small, "home"), told("small", Some("large"), 2));
        assert_eq!(model(&apply(&small, "home", back()).unwrap(), "home"), told("large", Some("small"), 3));
        let renamed = apply(&large, "home", NewGroup::Name("house".into())).unwrap();
        assert_eq!((model(&renamed, "house"), model(&renamed, "home")), (told("large", Some("small"), 1), None));
        let both = apply(&large, "work", set("large")).unwrap();
        let joined = apply(&both, "home", NewGroup::Name("work".into())).unwrap();
        assert_eq!((model(&joined, "home"), joined.models.len()), (None, 1), "the old name is not listed any more");
        let gone = Sources { places: vec![source("/b", "work", Ring::Mesh)], ..large };
        let other = apply(&gone, "work", set("large")).unwrap();
        assert_eq!((model(&other, "home"), model(&other, "work")), (None, told("large", Some("small"), 1)));
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
        let why = regroup("hom", NewGroup::Ring(Ring::Mesh)).unwrap_err();
        assert!(why.contains("diary, home, work") && why.contains("Nothing was changed"), "{why}");
        let why = regroup("diary", NewGroup::Name("home".into())).unwrap_err();
        let commands = "first: `wattle collection ring home private`, after which only this device sees them, or `wattle collection ring \
                        diary mesh`, after which the other devices of your mesh can search all of both.";
        assert!(why.contains(commands), "{why}");
    }

    #[test]
    fn where_folders_are_watched_a_name_of_none_of_them_is_made_private_only_by_who_says_that_it_is_new() {
        let why = regroup("dairy", NewGroup::Ring(Ring::Private)).unwrap_err();
        assert!(
            why.contains("There is no collection \"dairy\"; there are diary, home, work. Nothing was changed."),
            "{why}"
        );
        assert!(why.contains("`wattle collection ring dairy private --new`"), "{why}");
        let why = regroup("dairy", NewGroup::Ring(Ring::Mesh)).unwrap_err();
        assert!(!why.contains("--new"), "{why}");
        let list =
            |list: &[&str]| Sources::from(list.iter().map(|path| source(path, "home", Ring::Mesh)).collect::<Vec<_>>());
        let named = |paths: &[&str], name: &str, to| Regroup { collection: name.into(), to }.apply(&list(paths));
        assert_eq!(named(&["/a"], "dairy", NewGroup::NewPrivate).unwrap().0.private, ["dairy"]);
        assert_eq!(
            named(&[], "dairy", NewGroup::Ring(Ring::Private)).unwrap().0.private,
            ["dairy"],
            "nothing is shared"
        );
        let known = named(&["/a"], "Home", NewGroup::NewPrivate).unwrap().0;
        assert_eq!(
            (known.places[0].ring, known.private.len()),
            (Ring::Private, 0),
            "it is not new, and private all the same"
        );
    }

    #[test]
    fn a_collection_of_both_rings_joins_no_other_one_and_a_ring_makes_its_folders_alike() {
        let mixed =
            [source("/a", "home", Ring::Mesh), source("/b", "home", Ring::Private), source("/d", "work", Ring::Mesh)];
        let regroup = |from: &str, to| {
            Regroup { collection: from.into(), to }.apply(&mixed.to_vec().into()).map(|(list, _)| list.places)
        };
        let why = regroup("home", NewGroup::Name("work".into())).unwrap_err();
        assert!(
            why.contains(
                "first: `wattle collection ring home private` and `wattle collection ring work private`, after"
            ),
            "work made private alone helps nothing: {why}"
        );
        assert!(why.contains("or `wattle collection ring home mesh`, after which the other devices"), "{why}");
        assert!(regroup("work", NewGroup::Name("home".into())).is_err());
        let renamed = regroup("home", NewGroup::Name("old".into())).unwrap();
        assert_eq!((renamed[0].ring, renamed[1].ring), (Ring::Mesh, Ring::Private), "each keeps its ring");
        let alike = regroup("home", NewGroup::Ring(Ring::Private)).unwrap();
        assert!(alike[..2].iter().all(|source| source.ring == Ring::Private));
    }

    #[test]
    fn a_private_name_stays_private_when_its_collection_is_renamed_and_its_ring_can_be_changed_without_a_folder() {
        let list = Sources::from(vec![source("/b", "diary", Ring::Private), source("/d", "work", Ring::Mesh)]);
        let named = |list: &Sources, from: &str, to| Regroup { collection: from.into(), to }.apply(list);
        let regroup = |list: &Sources, from: &str, to| named(list, from, to).map(|(list, _)| list);
        let name = |name: &str| NewGroup::Name(name.into());
        let renamed = regroup(&list, "Diary ", name(" letters ")).unwrap();
        assert_eq!(
            (renamed.places[0].collection.as_str(), renamed.private.as_slice()),
            ("letters", &["diary".to_owned()][..])
        );
        assert!(
            regroup(&renamed, "work", name("diary")).unwrap_err().contains("ring private"),
            "it would look private"
        );
        let back = regroup(&renamed, "letters", name("diary")).unwrap();
        assert_eq!(
            (back.places[0].collection.as_str(), back.private.as_slice()),
            ("diary", &["letters".to_owned()][..])
        );
        let shared = regroup(&renamed, "DIARY", NewGroup::Ring(Ring::Mesh)).unwrap();
        assert!(shared.private.is_empty() && shared.places[0].ring == Ring::Private, "the other name's is as it was");
        let spelled = regroup(&list, "diary", name("Diary")).unwrap();
        assert_eq!((spelled.places[0].collection.as_str(), spelled.private.len()), ("Diary", 0), "it is the same one");
        let early = regroup(&list, " home ", NewGroup::NewPrivate).unwrap();
        assert_eq!(early.private, ["home"], "private before it has a folder");
        assert!(regroup(&list, "home", NewGroup::Ring(Ring::Mesh)).unwrap_err().contains("There is no collection"));
        let moved = regroup(&renamed, "diary", name("old")).unwrap();
        assert_eq!(moved.private, ["diary", "old"], "a name without a folder stays private too");
        let spelled = regroup(&renamed, "diary", name("DIARY")).unwrap();
        assert_eq!(spelled.private, ["DIARY"], "another spelling is the same name");
        let (joined, is_called) = named(&renamed, "letters", name("Diary")).unwrap();
        assert_eq!(
            (joined.places[0].collection.as_str(), is_called.as_str()),
            ("diary", "diary"),
            "as it was remembered"
        );
        assert_eq!(named(&renamed, "WORK", NewGroup::Ring(Ring::Private)).unwrap().1, "work");
        let mut full = list.clone();
        (0..PRIVATE_NAMES_MAX).for_each(|n| full.remember(&format!("secret {n}")).unwrap());
        assert!(regroup(&full, "home", NewGroup::NewPrivate).is_err(), "no more names fit");
        let why = regroup(&full, "diary", name("letters")).unwrap_err();
        assert!(why.contains("Nothing was changed") && why.contains("`wattle collection ring NAME mesh`"), "{why}");
        assert!(regroup(&full, "diary", name("secret 3")).unwrap().remembers("diary"), "one goes, one comes");
    }
}
