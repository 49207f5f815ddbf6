//! The folders of a starting agent: those that were typed, those of config.toml, and those of earlier runs.
//!
//! What was typed is checked before the agent starts, watched, and written into config.toml. From then on config.toml says
//! what is watched, so that its owner can edit it: a place of it that is not watched yet is added, one that is not there
//! (a disk that is not plugged in) is looked for again, and an earlier run's place that it does not name is
//! reported. A home without the key `node.folders` gets it, with the places of its earlier runs.

use crate::base::finding::{Area, Finding, quoted};
use crate::base::id::Ring;
use crate::cli::options::SourceOptions;
use crate::config::{DEFAULT_COLLECTION, Folder, Setting};
use crate::node::input::Request;
use crate::node::output::{Problem, Response};
use crate::platform::blocking;
use crate::platform::home::{Home, user_home};
use crate::platform::source::source_at;
use crate::runtime::handle::{NodeHandle, not_set, unnamed};
use crate::runtime::unfinished;
use crate::scheduler::addition::Addition;
use crate::scheduler::path::{covers, leaves_out};
use crate::scheduler::regroup::{NewGroup, Regroup};
use crate::store::record::{Source, Sources};
use log::{error, info, warn};
use smol::Timer;
use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Between two looks for a place of config.toml that is not there.
const RETRY: Duration = Duration::from_secs(30);

/// The places that were typed.
///
/// # Errors
/// One sentence: the first that is not there, or cannot be read.
pub(super) fn typed(options: &SourceOptions) -> Result<Vec<Addition>, String> {
    let collection = || options.collection.clone().unwrap_or_else(|| DEFAULT_COLLECTION.to_owned());
    let place = |path: &PathBuf| smol::block_on(addition(path.clone(), collection(), options.ring));
    let unnamed = options.collection.is_none();
    options.paths.iter().map(|path| Ok(Addition { unnamed, ..place(path)? })).collect()
}

/// The place, if its file system answers.
async fn addition(path: PathBuf, collection: String, ring: Option<Ring>) -> Result<Addition, String> {
    blocking::look(&path.clone(), move || source_at(&path, &collection, ring)).await.flatten()
}

/// The folders of config.toml, once what an earlier run left unfinished there is done: `sources` are the store's, `set` those
/// that config.toml names.
pub(super) fn finished(home: &Home, sources: &[Source], set: Option<Vec<Folder>>) -> Option<Vec<Folder>> {
    let left = if set.is_some() { unfinished::left(home, sources) } else { Vec::new() };
    if let Err(why) = home.remember(&left) {
        warn!("A command of an earlier run could not be finished. {why}");
        return set;
    }
    unfinished::clear(home);
    if left.is_empty() {
        return set;
    }
    let settings = home.settings().ok().flatten();
    let now = settings.and_then(|config| config.node.folders);
    if now != set {
        info!("A command was cut off when the agent ended; config.toml names the folders as they are watched now.");
    }
    now
}

/// Whether somebody said who may see each of the places that were typed. `set`: the folders of config.toml.
///
/// # Errors
/// Why the agent does not start: the first place that it would share although nobody said so.
pub(super) fn decided(places: &[Addition], sources: &Sources, set: Option<&[Folder]>) -> Result<(), String> {
    let mut list = sources.clone();
    for name in private_names(set.unwrap_or_default(), &sources.places) {
        // Where no more names fit, a new name is private anyway.
        let _ = list.remember(&name);
    }
    let mut places = places.iter().map(|place| place.clone().where_it_is(&list.places));
    let why = places.find_map(|place| place.undecided(&list));
    // No agent runs to which the folder could be added.
    why.map_or(Ok(()), |why| Err(why.replace("wattle add ", "wattle up ")))
}

/// The private collections of config.toml of which nothing is watched yet.
fn private_names(set: &[Folder], earlier: &[Source]) -> Vec<String> {
    let rings = unwatched_rings(set, earlier).into_iter();
    rings.filter(|(_, ring)| *ring == Ring::Private).map(|(name, _)| name).collect()
}

/// Writes down what was typed, and has the node watch every place that is typed or set. `earlier` are the places that
/// it watches already.
pub(super) async fn keep(
    node: NodeHandle,
    mut typed: Vec<Setting>,
    places: Vec<Addition>,
    set: Option<Vec<Folder>>,
    earlier: Vec<Source>,
) {
    if set.is_none() {
        typed.extend(earlier.iter().filter_map(Folder::of).map(Setting::AddFolder));
    }
    // Before anything is shared, whichever folder is there first, and also while the disk of a private one is away.
    for name in private_names(set.as_deref().unwrap_or_default(), &earlier) {
        let regroup = Regroup { collection: name.clone(), to: NewGroup::NewPrivate };
        if let Response::Refused(_, why) = node.request(Request::Regroup(regroup)).await {
            warn!("config.toml gives the collection {name} the ring private, and that could not be noted. {why}");
        }
    }
    for place in places {
        let name = String::from_utf8_lossy(&place.path).into_owned();
        let place = if place.unnamed { place.where_it_is(&earlier) } else { place };
        match node.request(Request::Add(place.clone())).await {
            Response::Refused(_, why) => error!("{name} is not watched. {why}"),
            _ => {
                let watched = told(&node, &place).await;
                typed.extend(watched.as_ref().and_then(Folder::of).map(Setting::AddFolder));
            }
        }
    }
    // What cannot be written is a finding, and is tried again.
    let _ = node.remember(typed).await;
    let Some(set) = set else { return };
    for source in &earlier {
        report_unnamed(&node, source, &set).await;
    }
    let rings = unwatched_rings(&set, &earlier);
    for folder in &set {
        if let Some(inner) = set.iter().find(|inner| swallows(folder, inner)) {
            node.findings().set(&not_set(&whole(folder).to_string_lossy()), conflict(folder, inner));
        } else if !earlier.iter().any(|source| is_same(source, folder)) {
            let ring = folder.ring.or_else(|| rings.get(&folder.collection).copied());
            let folder = Folder { ring, ..folder.clone() };
            smol::spawn(watch_when_there(node.clone(), folder)).detach();
        }
    }
}

/// Says that a place is watched and who can search it. Gives it as the node watches it.
async fn told(node: &NodeHandle, place: &Addition) -> Option<Source> {
    let watched = place.watched_in(&node.status().await?.sources)?;
    let name = String::from_utf8_lossy(&watched.path);
    info!("{name} is watched, in the collection {}, {}.", watched.collection, watched.ring.reach());
    Some(watched)
}

/// The collections of which nothing is watched yet and that config.toml gives a ring, with the most private that it gives:
/// it holds for their other folders too, whichever of them is there first.
fn unwatched_rings(set: &[Folder], earlier: &[Source]) -> BTreeMap<String, Ring> {
    let mut rings = BTreeMap::new();
    for folder in set.iter().filter(|folder| earlier.iter().all(|source| source.collection != folder.collection)) {
        let Some(ring) = folder.ring else { continue };
        rings.entry(folder.collection.clone()).and_modify(|known: &mut Ring| *known = ring.min(*known)).or_insert(ring);
    }
    rings
}

/// Whether a folder of config.toml would have the files of a narrower one that is to be in another collection or ring.
fn swallows(outer: &Folder, inner: &Folder) -> bool {
    let (folder, place) = (whole(outer), whole(inner));
    let (folder, place) = (folder.as_os_str().as_bytes(), place.as_os_str().as_bytes());
    let ring = |folder: &Folder| folder.ring.unwrap_or(Ring::Mesh);
    let alike = outer.collection == inner.collection && ring(outer) == ring(inner);
    !alike && folder != place && covers(folder, place)
}

/// A file is in one collection only. The narrower of two folders is watched, whichever is there first: its files may be
/// private, and the wider one would share them.
pub(crate) fn conflict(outer: &Folder, inner: &Folder) -> Finding {
    let of = |folder: &Folder| {
        let ring = folder.ring.map_or("not given", Ring::as_str);
        format!("{} (collection {:?}, ring {ring})", folder.path, folder.collection)
    };
    let what = format!(
        "config.toml names {} and in it {}. A file is in one collection only, so the wider folder is not newly watched. Give both \
         the same collection and ring, or name the folders in the wider one by themselves, then start the agent again.",
        of(outer),
        of(inner)
    );
    Finding { area: Area::Folders, what, command: None }
}

/// A place of an earlier run that its owner took out of config.toml: what was indexed of it is kept until that is confirmed.
async fn report_unnamed(node: &NodeHandle, source: &Source, set: &[Folder]) {
    let Ok(path) = str::from_utf8(&source.path) else { return };
    let has = |folder: &Path| {
        let folder = folder.as_os_str().as_bytes();
        covers(folder, path.as_bytes()) && !leaves_out(folder, path.as_bytes())
    };
    if set.iter().any(|folder| has(&whole(folder))) {
        return;
    }
    for folder in set.iter().map(whole) {
        let real = blocking::look(&folder.clone(), move || std::fs::canonicalize(folder)).await;
        if real.is_ok_and(|real| real.is_ok_and(|real| has(&real))) {
            return;
        }
    }
    node.findings().set(&unnamed(path), not_named(path, source));
}

/// The finding of such a place.
pub(crate) fn not_named(path: &str, source: &Source) -> Finding {
    let (collection, ring) = (quoted(&source.collection), source.ring.as_str());
    let add = format!("wattle add {} --collection {collection} --ring {ring}", quoted(path));
    let what = format!(
        "{path} is watched, as before, and config.toml does not name it. `{add}` writes it into config.toml again; `wattle \
         forget {}` ends the watching and removes its documents from all answers.",
        quoted(path)
    );
    Finding { area: Area::Folders, what, command: Some(add) }
}

fn is_same(source: &Source, folder: &Folder) -> bool {
    source.path == whole(folder).as_os_str().as_encoded_bytes()
        && source.collection == folder.collection
        && folder.ring.is_none_or(|ring| source.ring == ring)
}

/// The path with `~` as the user's home.
fn whole(folder: &Folder) -> PathBuf {
    let path = match (folder.path.strip_prefix("~/"), user_home()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(&folder.path),
    };
    // Without a slash at its end.
    path.components().collect()
}

/// Adds a place of config.toml as soon as it is there, and its owner has said who may see it; until then that is a finding.
async fn watch_when_there(node: NodeHandle, folder: Folder) {
    let key = not_set(&whole(&folder).to_string_lossy());
    let mut waits_for_word = false;
    loop {
        let place = addition(whole(&folder), folder.collection.clone(), folder.ring).await;
        let place = place.map(|place| Addition { unnamed: folder.unnamed, ..place });
        if waits_for_word && is_watched(&node, place.as_ref().ok()).await {
            return node.findings().clear(&key);
        }
        let answer = match place.clone() {
            Ok(place) => match node.request(Request::Add(place.clone())).await {
                Response::Refused(problem, why) => Err((problem, why)),
                _ => Ok(place),
            },
            Err(why) => Err((Problem::Busy, why)),
        };
        let (problem, why) = match answer {
            Ok(place) => {
                told(&node, &place).await;
                return node.findings().clear(&key);
            }
            Err(refused) => refused,
        };
        node.findings().set(&key, not_watched(&folder.path, &why));
        if problem == Problem::Conflict {
            // It is watched in another collection, say: nothing of that changes by itself.
            if !folder.unnamed || is_watched(&node, place.as_ref().ok()).await {
                return;
            }
            waits_for_word = true;
        }
        Timer::after(RETRY).await;
        if !node.is_set(&folder.path).await {
            // Forgotten meanwhile, or written with its collection.
            return node.findings().clear(&key);
        }
    }
}

/// The finding of a place of config.toml that is not watched, for this reason.
pub(crate) fn not_watched(path: &str, why: &str) -> Finding {
    let what = format!("config.toml names the folder {path}, and it is not watched. {why}");
    Finding { area: Area::Folders, what, command: None }
}

/// Whether this very place is watched.
async fn is_watched(node: &NodeHandle, place: Option<&Addition>) -> bool {
    let (Some(place), Some(status)) = (place, node.status().await) else { return false };
    status.sources.iter().any(|source| source.path == place.path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::handle::Call;

    fn source(path: &str, collection: &str, ring: Ring) -> Source {
        Source { path: path.into(), collection: collection.into(), ring, device: 1 }
    }

    #[test]
    fn a_wider_folder_swallows_no_narrower_one_of_another_collection_or_ring() {
        let folder = |path: &str, ring| Folder {
            path: path.to_owned(),
            collection: "home".to_owned(),
            unnamed: false,
            ring: Some(ring),
        };
        let diary = folder("/home/ann/diary/", Ring::Private);
        for (outer, ring, swallows_it) in [
            ("/", Ring::Mesh, true),
            ("/home/ann/", Ring::Mesh, true),
            ("/home/ann", Ring::Private, false),
            ("/home/ann/diary", Ring::Mesh, false),
            ("/home/ann/dia", Ring::Mesh, false),
        ] {
            assert_eq!(swallows(&folder(outer, ring), &diary), swallows_it, "{outer}");
        }
    }

    #[test]
    fn a_folder_of_a_new_collection_gets_the_most_private_ring_that_config_toml_gives_it() {
        let folder =
            |path: &str, ring| Folder { path: path.to_owned(), collection: "home".to_owned(), unnamed: false, ring };
        let set = [folder("/a", None), folder("/b", Some(Ring::Private)), folder("/c", Some(Ring::Mesh))];
        assert_eq!(unwatched_rings(&set, &[]).get("home"), Some(&Ring::Private));
        assert!(unwatched_rings(&set[..1], &[]).is_empty(), "the default is the node's");
        let source = Source { path: b"/x".into(), collection: "home".into(), ring: Ring::Mesh, device: 1 };
        assert!(unwatched_rings(&set, &[source]).is_empty(), "what is watched has its ring");
    }

    fn folder(path: &str, collection: Option<&str>, ring: Option<Ring>) -> Folder {
        let unnamed = collection.is_none();
        Folder { path: path.to_owned(), collection: collection.unwrap_or(DEFAULT_COLLECTION).to_owned(), unnamed, ring }
    }

    #[test]
    fn a_typed_folder_is_shared_by_no_start_where_the_store_or_config_toml_has_private_collections() {
        let place = |unnamed| Addition { unnamed, ..source("/d", "home", Ring::Mesh).into() };
        let place = |unnamed| Addition { ring: None, ..place(unnamed) };
        let (none, diary) = (Sources::default(), folder("/secret", Some("diary"), Some(Ring::Private)));
        assert_eq!(decided(&[place(true)], &none, None), Ok(()));
        for (list, set) in [
            (none.clone(), std::slice::from_ref(&diary)),
            (Sources::from(vec![source("/secret", "diary", Ring::Private)]), &[]),
        ] {
            let why = decided(&[place(true)], &list, Some(set)).unwrap_err();
            assert!(why.contains("`wattle up /d --collection diary` to keep it"), "{why}");
            assert!(why.contains("`wattle up /d --collection home` to share it"), "{why}");
            assert_eq!(decided(&[place(false)], &list, Some(set)), Ok(()), "its collection was named");
        }
        let watched = Sources::from(vec![source("/d", "home", Ring::Mesh), source("/secret", "diary", Ring::Private)]);
        assert_eq!(decided(&[place(true)], &watched, None), Ok(()), "it is shared already");
    }

    /// What an agent is asked that answers like a scheduler with this list, and the findings then.
    fn kept(list: Sources, set: Vec<Folder>) -> (Vec<Request>, Vec<Finding>) {
        let (node, driver) = NodeHandle::new();
        let earlier = list.places.clone();
        let findings = node.findings().clone();
        let asked = smol::block_on(async {
            let (mut asked, mut list) = (Vec::new(), list);
            let start = keep(node, Vec::new(), Vec::new(), Some(set), earlier);
            smol::spawn(start).detach();
            while let Ok(Call { request, reply }) = driver.recv().await {
                let answer = match &request {
                    Request::Regroup(regroup) => {
                        list.remember(&regroup.collection).unwrap();
                        Response::Regrouped(regroup.collection.clone())
                    }
                    Request::Add(place) => match place.undecided(&list) {
                        Some(why) => Response::refused(Problem::Conflict, why),
                        None => Response::Added,
                    },
                    _ => Response::refused(Problem::Busy, "no"),
                };
                asked.push(request.clone());
                let _ = reply.try_send(answer);
                if matches!(request, Request::Status) {
                    break;
                }
            }
            asked
        });
        (asked, findings.list())
    }

    #[test]
    fn a_folder_of_config_toml_without_a_collection_is_shared_unasked_by_no_start_where_there_are_private_ones() {
        let there = tempfile::tempdir().unwrap();
        let plain = folder(there.path().to_str().unwrap(), None, None);
        let (asked, findings) = kept(Sources::default(), vec![plain.clone()]);
        assert!(matches!(&asked[..], [Request::Add(place), Request::Status] if place.unnamed), "{asked:?}");
        assert_eq!(findings, []);
        let diary = folder("/nowhere/diary", Some("diary"), Some(Ring::Private));
        let (asked, findings) = kept(Sources::default(), vec![plain, diary]);
        assert!(matches!(&asked[0], Request::Regroup(regroup) if regroup.collection == "diary"), "{asked:?}");
        let told = findings.iter().find(|found| found.what.contains("nobody said who may see")).unwrap();
        assert!(told.what.contains("and it is not watched") && told.what.contains("--collection diary` to keep it"));
    }
}
