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
use crate::runtime::handle::{NodeHandle, unnamed};
use crate::runtime::unfinished;
use crate::scheduler::addition::Addition;
use crate::scheduler::path::{covers, leaves_out};
use crate::store::record::Source;
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
            node.findings().set(&format!("set:{}", folder.path), conflict(folder, inner));
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

/// Adds a place of config.toml as soon as it is there; until then that is a finding.
async fn watch_when_there(node: NodeHandle, folder: Folder) {
    let key = format!("set:{}", folder.path);
    loop {
        let answer = match addition(whole(&folder), folder.collection.clone(), folder.ring).await {
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
        let what = format!("config.toml names the folder {}, and it is not watched. {why}", folder.path);
        node.findings().set(&key, Finding { area: Area::Folders, what, command: None });
        if problem == Problem::Conflict {
            return;
        }
        Timer::after(RETRY).await;
        if !node.is_set(&folder.path).await {
            // Forgotten meanwhile.
            return node.findings().clear(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wider_folder_swallows_no_narrower_one_of_another_collection_or_ring() {
        let folder =
            |path: &str, ring| Folder { path: path.to_owned(), collection: "home".to_owned(), ring: Some(ring) };
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
        let folder = |path: &str, ring| Folder { path: path.to_owned(), collection: "home".to_owned(), ring };
        let set = [folder("/a", None), folder("/b", Some(Ring::Private)), folder("/c", Some(Ring::Mesh))];
        assert_eq!(unwatched_rings(&set, &[]).get("home"), Some(&Ring::Private));
        assert!(unwatched_rings(&set[..1], &[]).is_empty(), "the default is the node's");
        let source = Source { path: b"/x".into(), collection: "home".into(), ring: Ring::Mesh, device: 1 };
        assert!(unwatched_rings(&set, &[source]).is_empty(), "what is watched has its ring");
    }
}
