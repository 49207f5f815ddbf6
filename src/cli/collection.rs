//! `wattle collection`: lists the collections, renames one, says who may see it.

use super::args::CollectionCommand;
use super::languages;
use super::output::{Stop, pretty, print, print_as_is, show, show_done};
use super::pairing::confirm as confirm_on_terminal;
use super::text::one_line;
use crate::base::collection_name::is_same;
use crate::base::count::count;
use crate::base::finding::quoted;
use crate::base::id::Ring;
use crate::http::client::Client;
use crate::http::dto::{Model, Regrouped, StatusReport};
use crate::http::folders::{Folders, Watched};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Runs one of the commands.
pub(super) async fn collection(client: &Client, what: CollectionCommand, as_json: bool) -> Result<(), Stop> {
    match what {
        CollectionCommand::List => {
            let Folders { folders, private_names } = client.folders().await?.read;
            let model = client.status().await?.read.model;
            let text = list(&folders, &private_names, &model, as_json);
            if as_json { print_as_is(&text) } else { print(&text) }
        }
        CollectionCommand::Rename { name, to } => {
            told(&client.regroup(&name, Some(&to), None, false).await?, Some(&name), Ring::Private, as_json)
        }
        CollectionCommand::Ring { name, ring, new, confirm } => {
            let ring: Ring = ring.into();
            let of = if ring == Ring::Mesh { client.folders().await?.read.folders } else { Vec::new() };
            let shared = shared(&name, &of);
            let asked = if ring == Ring::Mesh { asked(&name, confirm.as_deref(), shared.as_deref())? } else { None };
            if let Some(what) = asked {
                confirm_on_terminal(&one_line(what))?;
            }
            let now = match ring {
                Ring::Public => client.publish(&name, confirm.as_deref()).await?,
                Ring::Private | Ring::Mesh => client.regroup(&name, None, Some(ring), new).await?,
            };
            told(&now, None, ring, as_json)?;
            shared
                .filter(|_| !as_json)
                .map_or(Ok(()), |shared| print(&(one_line(&format!("{shared} {}", closes(&now.name))) + "\n")))
        }
        CollectionCommand::Model { name, model, forecast: true, .. } => {
            let forecast = client.forecast(&name, model.as_deref()).await?;
            show(as_json, &json!(forecast), || one_line(&forecast.sentence()) + "\n")
        }
        CollectionCommand::Model { name, model, .. } => {
            // Where none is to be had, the change is made without one, or says itself why it is not made.
            let forecast = client.forecast(&name, model.as_deref()).await.ok();
            let now = client.remodel(&name, model.as_deref()).await?;
            let fields = json!({ "name": now.name, "forecast": forecast });
            let forecast = forecast.map_or_else(String::new, |forecast| one_line(&forecast.sentence()) + "\n");
            let text = format!("{forecast}{}", remodelled(&now.name, &client.status().await?.read));
            show_done(as_json, fields, &text)
        }
    }
}

/// What becomes of a collection whose model was set.
fn remodelled(name: &str, status: &StatusReport) -> String {
    let set = status.model.collections.iter().find(|of| is_same(&of.collection, name));
    let model = set.map_or(&status.model.name, |of| &of.model);
    one_line(&format!(
        "The collection {name} is embedded with {model} from now on. What is not embedded with it yet is found by the model of before, and by \
         its words; `wattle status` says how much that is and how long it takes, `wattle pause` pauses it, and \
         `wattle collection model {} --back` goes back.",
        quoted(name)
    )) + "\n"
}

/// What other devices see by the ring mesh that they did not see before, of these folders; `None` if that is nothing.
fn shared(name: &str, folders: &[Watched]) -> Option<String> {
    let private = folders.iter().filter(|folder| folder.ring == Ring::Private && is_same(&folder.collection, name));
    let paths: Vec<&str> = private.map(|folder| folder.path.as_str()).collect();
    let (first, more) = paths.split_first()?;
    let more =
        if more.is_empty() { String::new() } else { format!(" and {} more", count(more.len() as u64, "folder")) };
    Some(format!("Only this device searched {first}{more} so far; with the ring mesh your other devices do too."))
}

/// What is asked on a terminal before a collection gets the ring mesh: what other devices see then (`shared`), unless its name was typed once more.
///
/// # Errors
/// Another name was typed: which of both is meant, nobody knows.
fn asked<'a>(name: &str, confirm: Option<&str>, shared: Option<&'a str>) -> Result<Option<&'a str>, Stop> {
    match confirm {
        None => Ok(shared),
        Some(typed) if is_same(typed, name) => Ok(None),
        Some(typed) => Err(Stop::NotDone(one_line(&format!(
            "--confirm names the collection {typed:?}, and it is {name:?} that would be opened to your other devices. Nothing was changed."
        )))),
    }
}

/// How a collection that was private is that again.
fn closes(name: &str) -> String {
    format!("`wattle collection ring {} private` closes it to them again.", quoted(name))
}

fn told(now: &Regrouped, renamed: Option<&str>, given: Ring, as_json: bool) -> Result<(), Stop> {
    show_done(as_json, json!(now), &sentences(now, renamed, given))?;
    now.forgotten.clone().map_or(Ok(()), |why| Err(Stop::NotDone(why)))
}

/// What is so now; `renamed`: what the collection was called before; `given`: the ring that was given to it where it has no folder. A name
/// that is renamed without a folder is one that was private.
fn sentences(now: &Regrouped, renamed: Option<&str>, given: Ring) -> String {
    let who = match now.ring {
        Some(Ring::Private) => "only this device sees it (ring private)",
        Some(Ring::Mesh) => "your devices see it (ring mesh)",
        Some(Ring::Public) => {
            "your devices see it, and everybody who reaches the gateway (where `ipfs.gateway = true` stands in config.toml) or bitswap (where \
             `ipfs.bitswap = true` does; `wattle doctor` says which is on) (ring public)"
        }
        None if now.places.is_none() => "its folders have the rings that they had",
        None if now.places == Some(0) && given == Ring::Private => {
            "only this device will see a folder that is added to it (ring private)"
        }
        None if now.places == Some(0) => "your devices will see a folder that is added to it (ring mesh)",
        None => "they have different rings: `wattle collection list` names them",
    };
    let folders = match now.places {
        None => "the folders that it had".to_owned(),
        Some(0) => "no folder just now".to_owned(),
        Some(1) => "1 folder".to_owned(),
        Some(places) => format!("{places} folders"),
    };
    let mut text = format!("The collection {} has {folders}, and {who}.\n", one_line(&now.name));
    // A name that is renamed without a folder is one that was private.
    let stays_private = now.ring == Some(Ring::Private) || now.places == Some(0);
    if let Some(before) = renamed.filter(|before| stays_private && !is_same(before, &now.name)) {
        let _ =
            writeln!(text, "{}", one_line(&format!("No collection is called {} any more. {}.", before, kept(before))));
    }
    text
}

/// What is so with a name that belonged to a private collection and has no folder: who uses it again shares nothing by mistake.
fn kept(name: &str) -> String {
    format!("A folder that is added to that name is private too, until `wattle collection ring {} mesh`", quoted(name))
}

/// The collections with their folders and languages, and the models of those that have one of their own. Only lists of earlier versions have collections
/// whose folders have different rings.
fn list(sources: &[Watched], private_names: &[String], model: &Model, as_json: bool) -> String {
    let model_of = |name: &str| model.collections.iter().find(|of| is_same(&of.collection, name));
    let languages_of = |name: &str| model.languages.iter().find(|of| is_same(&of.collection, name));
    let mut collections: BTreeMap<&str, Vec<&Watched>> = BTreeMap::new();
    for source in sources {
        collections.entry(&source.collection).or_default().push(source);
    }
    if as_json {
        let one = |(name, folders): (&&str, &Vec<&Watched>)| {
            let paths: Vec<&str> = folders.iter().map(|folder| folder.path.as_str()).collect();
            let rings: Vec<Ring> = folders.iter().map(|folder| folder.ring).collect();
            let mut one = json!({ "name": name, "ring": ring_of(folders), "folders": paths, "rings": rings });
            if let Some(of) = model_of(name) {
                one["model"] = json!({ "name": of.model, "before": of.before, "language": of.language });
            }
            if let Some(of) = languages_of(name) {
                one["languages"] = json!(of.languages);
            }
            one
        };
        let none = |name: &String| json!({ "name": name, "ring": Ring::Private, "folders": [], "rings": [] });
        return pretty(&collections.iter().map(one).chain(private_names.iter().map(none)).collect());
    }
    let mut text = String::new();
    if collections.is_empty() {
        text.push_str("There is no collection yet; add a folder with `wattle add FOLDER`.\n");
    }
    for (name, folders) in &collections {
        let ring = ring_of(folders);
        let command = |ring: Ring| format!("`wattle collection ring {} {}`", quoted(name), ring.as_str());
        let said = ring.map_or_else(
            || {
                let [private, mesh] = [Ring::Private, Ring::Mesh].map(command);
                format!("of its folders some are private and some are not; {private} or {mesh} makes them alike")
            },
            |ring| format!("ring {}", ring.as_str()),
        );
        let model = model_of(name).map_or_else(String::new, |of| format!("; model {}", of.model));
        let languages = languages_of(name).map_or_else(String::new, |of| format!("; {}", of.words));
        let _ = writeln!(text, "{}", one_line(&format!("{name} ({said}{model}{languages})")));
        if let Some(needs) = languages_of(name).and_then(languages::needs) {
            let _ = writeln!(text, "    {}", one_line(&needs));
        }
        for folder in folders {
            let ring = if ring.is_none() { format!(" (ring {})", folder.ring.as_str()) } else { String::new() };
            let _ = writeln!(text, "    {}", one_line(&format!("{}{ring}", folder.path)));
        }
    }
    if !private_names.is_empty() {
        // They are no collections, and do not stand among them.
        text.push_str("\nNames without a folder that are private:\n");
    }
    for name in private_names {
        let _ = writeln!(text, "    {}", one_line(&format!("{name}: {}.", kept(name))));
    }
    text
}

/// The ring of all these folders; `None` if they have several.
fn ring_of(folders: &[&Watched]) -> Option<Ring> {
    let ring = folders.first()?.ring;
    folders.iter().all(|folder| folder.ring == ring).then_some(ring)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::dto::{LanguageShare, LanguagesOf, ModelOf};

    /// With models of some collections, and the languages of some.
    fn model(collections: Vec<ModelOf>, languages: Vec<LanguagesOf>) -> Model {
        Model { name: "m".to_owned(), fingerprint: "00".to_owned(), unknown_language: None, collections, languages }
    }

    fn watched(path: &str, collection: &str, ring: Ring) -> Watched {
        Watched {
            path: path.to_owned(),
            collection: collection.to_owned(),
            ring,
            looked_s_ago: None,
            followed: false,
            away: Vec::new(),
            missing: None,
            kept_without_files: 0,
            key_files: 0,
            key_file_paths: Vec::new(),
            agent_homes: Vec::new(),
            ignored: None,
        }
    }

    fn two_collections() -> [Watched; 3] {
        [
            watched("/b", "home", Ring::Mesh),
            watched("/d", "diary\u{1b}[m", Ring::Private),
            watched("/a", "home", Ring::Mesh),
        ]
    }

    #[test]
    fn collections_are_listed_with_their_ring_and_folders() {
        let sources = two_collections();
        let none = model(Vec::new(), Vec::new());
        assert_eq!(
            list(&sources, &[], &none, false),
            "diary\u{fffd}[m (ring private)\n    /d\nhome (ring mesh)\n    /b\n    /a\n"
        );
        let json: serde_json::Value = serde_json::from_str(&list(&sources, &[], &none, true)).unwrap();
        assert_eq!(
            json[1],
            json!({ "version": 1, "name": "home", "ring": "mesh", "folders": ["/b", "/a"], "rings": ["mesh", "mesh"] })
        );
        assert!(list(&[], &[], &none, false).contains("wattle add"));
        let kept = ["old diary".to_owned()];
        let text = list(&[], &kept, &none, false);
        assert!(text.starts_with("There is no collection yet"), "a name is no collection: {text}");
        assert!(text.contains("\n\nNames without a folder"), "{text}");
        assert!(
            text.contains("    old diary: A folder")
                && text.contains("until `wattle collection ring 'old diary' mesh`")
        );
        let json: serde_json::Value = serde_json::from_str(&list(&[], &kept, &none, true)).unwrap();
        assert_eq!(
            json[0],
            json!({ "version": 1, "name": "old diary", "ring": "private", "folders": [], "rings": [] })
        );
        let text = list(&sources, &kept, &none, false);
        let (collections, names) = text.split_once("\n\n").unwrap();
        assert!(!collections.contains("old diary") && names.contains("    old diary: "), "{text}");
        let mixed = [watched("/b", "home", Ring::Mesh), watched("/c", "home", Ring::Private)];
        let text = list(&mixed, &[], &none, false);
        assert!(text.contains("    /b (ring mesh)\n    /c (ring private)\n"), "{text}");
        assert!(
            text.starts_with("home (of its folders some are private") && text.contains("ring home private`"),
            "{text}"
        );
        let json: serde_json::Value = serde_json::from_str(&list(&mixed, &[], &none, true)).unwrap();
        assert_eq!(json[0]["ring"], json!(null), "it has none as a whole");
        assert_eq!(json[0]["rings"], json!(["mesh", "private"]));
    }

    #[test]
    fn collections_are_listed_with_their_languages_and_models() {
        let sources = two_collections();
        let set = ModelOf {
            collection: "Home".to_owned(),
            model: "other".to_owned(),
            version: 1,
            before: Some("words".to_owned()),
            language: None,
        };
        let share = |name: &str, percent| LanguageShare { name: name.to_owned(), percent };
        let languages = LanguagesOf {
            collection: "home".to_owned(),
            words: "German, some English".to_owned(),
            languages: vec![share("German", 80), share("English", 20)],
            unknown_percent: 80,
        };
        let german = list(&sources, &[], &model(Vec::new(), vec![languages.clone()]), false);
        assert!(german.contains("home (ring mesh; German, some English)\n"), "{german}");
        assert!(
            german.contains("    80 % of the documents of home are in languages that its model does not"),
            "{german}"
        );
        let json = list(&sources, &[], &model(Vec::new(), vec![languages]), true);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json[1]["languages"][1], json!({ "name": "English", "percent": 20 }));
        assert_eq!(json[0].get("languages"), None, "nothing is known of it");
        let set = model(vec![set], Vec::new());
        let text = list(&sources, &[], &set, false);
        assert!(text.contains("home (ring mesh; model other)\n") && text.contains(" (ring private)\n"), "{text}");
        let json: serde_json::Value = serde_json::from_str(&list(&sources, &[], &set, true)).unwrap();
        assert_eq!(json[1]["model"], json!({ "name": "other", "before": "words", "language": null }));
        assert_eq!(json[0].get("model"), None);
    }

    #[test]
    fn who_confirms_another_name_opens_nothing_also_where_no_terminal_asks() {
        assert_eq!(asked("diary", None, Some("it is shared")), Ok(Some("it is shared")));
        assert_eq!(asked("diary", None, None), Ok(None), "nothing new is shared");
        assert_eq!(asked("diary", Some("Diary "), Some("it is shared")), Ok(None));
        let why = asked("diary", Some("dairy"), Some("it is shared")).unwrap_err();
        assert!(
            matches!(&why, Stop::NotDone(why) if why.contains("\"dairy\"") && why.ends_with("Nothing was changed."))
        );
    }

    #[test]
    fn a_private_collection_that_is_opened_is_named_with_its_folders_and_with_what_closes_it() {
        let folders = two_collections();
        assert_eq!(shared("home", &folders), None, "the mesh has it already");
        let both = [watched("/d", "Diary", Ring::Private), watched("/e", "Diary", Ring::Private)];
        let says = |folders: &[Watched]| shared(" diary", folders).unwrap();
        assert!(says(&both[..1]).starts_with("Only this device searched /d so far;"), "{}", says(&both));
        assert!(says(&both).starts_with("Only this device searched /d and 1 folder more so far;"), "{}", says(&both));
        assert!(closes("old diary").starts_with("`wattle collection ring 'old diary' private` closes"));
    }

    #[test]
    fn a_name_without_a_folder_is_told_with_its_ring() {
        let now = Regrouped { name: "home".to_owned(), ring: None, places: Some(0), forgotten: None };
        for (ring, part) in [(Ring::Private, "only this device will see"), (Ring::Mesh, "your devices will see")] {
            let text = sentences(&now, None, ring);
            assert!(text.contains(part) && text.contains(&format!("(ring {})", ring.as_str())), "{text}");
        }
    }

    #[test]
    fn of_a_public_collection_both_ways_to_it_are_told() {
        let ring = Some(Ring::Public);
        let now = Regrouped { name: "papers".to_owned(), ring, places: Some(1), forgotten: None };
        let text = sentences(&now, None, Ring::Public);
        assert!(text.contains("ipfs.gateway") && text.contains("ipfs.bitswap"), "{text}");
    }

    #[test]
    fn the_answer_to_a_rename_says_that_the_old_name_of_a_private_collection_stays_private() {
        let now = |ring, places| Regrouped { name: "journal".to_owned(), ring, places: Some(places), forgotten: None };
        let text = sentences(&now(Some(Ring::Private), 1), Some("old diary"), Ring::Private);
        assert!(
            text.contains("No collection is called old diary any more. A folder that is added to that name"),
            "{text}"
        );
        let text = sentences(&now(None, 0), Some("diary"), Ring::Private);
        assert!(text.contains("No collection is called diary any more. A folder that is added to that name"), "{text}");
        for (now, before) in [
            (now(Some(Ring::Mesh), 1), Some("diary")),
            (now(None, 2), Some("diary")),
            (now(None, 0), Some("Journal")),
            (now(Some(Ring::Private), 1), Some("Journal")),
            (now(Some(Ring::Private), 1), None),
        ] {
            assert_eq!(sentences(&now, before, Ring::Private).lines().count(), 1, "{now:?} {before:?}");
        }
    }
}
