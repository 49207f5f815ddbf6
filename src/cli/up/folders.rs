//! The folders of a starting agent: those that were typed, those of config.toml, and those of earlier runs.
//!
//! What was typed is checked before the agent starts, watched, and written into config.toml. From then on config.toml says
//! what is watched, so that its owner can edit it: a place of it that is not watched yet is added, one that is not there
//! (a disk that is not plugged in) is looked for again, and an earlier run's place that it does not name is
//! reported. A home without the key `node.folders` gets it, with the places of its earlier runs.

mod rivals;

use crate::base::finding::{Area, Finding, quoted};
use crate::base::id::Ring;
use crate::cli::options::SourceOptions;
use crate::config::{DEFAULT_COLLECTION, Folder, Setting};
use crate::node::input::Request;
use crate::node::output::{Problem, Response};
use crate::platform::blocking;
use crate::platform::home::Home;
use crate::platform::source::source_at;
use crate::runtime::handle::{NodeHandle, not_set, unnamed};
use crate::runtime::starting::Awaited;
use crate::runtime::unfinished;
use crate::scheduler::addition::Addition;
use crate::scheduler::path::{covers, leaves_out};
use crate::scheduler::regroup::{NewGroup, Regroup};
use crate::store::record::{Source, Sources};
use log::{error, info, warn};
use rivals::{Set, whole};
use smol::Timer;
use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

#[cfg(test)]
pub(crate) use rivals::{conflict, same_place};

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
    // Of those that config.toml names nothing may be watched yet.
    let named = set.unwrap_or_default().iter().map(|folder| folder.collection.as_str()).chain([DEFAULT_COLLECTION]);
    let why = places.find_map(|place| place.undecided(&list).or_else(|| place.misnamed(&list, named.clone())));
    // No agent runs to which the folder could be added.
    why.map_or(Ok(()), |why| Err(why.replace("wattle add ", "wattle up ")))
}

/// The private collections of config.toml of which nothing is watched yet.
fn private_names(set: &[Folder], earlier: &[Source]) -> Vec<String> {
    let rings = unwatched_rings(set, earlier).into_iter();
    rings.filter(|(_, ring)| *ring == Ring::Private).map(|(name, _)| name).collect()
}

/// Writes down what was typed, and has the node watch every place that is typed or set. `earlier` are the places that
/// it watches already, and `awaited` are all of them until each was seen to.
pub(super) async fn keep(
    node: NodeHandle,
    mut typed: Vec<Setting>,
    places: Vec<Addition>,
    set: Option<Vec<Folder>>,
    watched: Sources,
    awaited: Awaited,
) {
    let earlier = watched.places.clone();
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
    let mut waiting = Vec::new();
    for place in places {
        let name = String::from_utf8_lossy(&place.path).into_owned();
        let place = if place.unnamed { place.where_it_is(&earlier) } else { place };
        match node.request(Request::Add(place.clone())).await {
            Response::Refused(problem, why) => match later(&place).filter(|_| problem != Problem::Conflict) {
                Some(folder) => {
                    warn!("{name} is not watched yet, and is once that is possible. {}", why.trim_end_matches(NOTHING));
                    typed.push(Setting::AddFolder(folder.clone()));
                    waiting.push(folder);
                }
                None => error!("{name} is not watched. {why}"),
            },
            _ => {
                let watched = told(&node, &place).await;
                typed.extend(watched.as_ref().and_then(Folder::of).map(Setting::AddFolder));
            }
        }
    }
    // What cannot be written is a finding, and is tried again.
    let _ = node.remember(typed).await;
    for source in earlier.iter().filter(|_| set.is_some()) {
        report_unnamed(&node, source, set.as_deref().unwrap_or_default()).await;
    }
    let mut set = set.unwrap_or_default();
    set.retain(|folder| waiting.iter().all(|typed| whole(typed) != whole(folder)));
    set.extend(waiting);
    let rings = unwatched_rings(&set, &earlier);
    let set = Arc::new(Set::new(set, &rings, watched));
    let places = set.places().await;
    for (number, folder) in set.folders.iter().enumerate() {
        if let Some((key, rival)) = set.rival(number, &places) {
            node.findings().set(&key, rival);
        } else if !earlier.iter().any(|source| is_same(source, folder)) {
            smol::spawn(watch_when_there(node.clone(), set.clone(), number, awaited.clone())).detach();
        }
    }
}

/// The end of a refusal, where something is changed all the same.
const NOTHING: &str = " Nothing was changed.";

/// A place that was typed and cannot be watched yet, as config.toml names it until then; `None` if its path is not UTF-8.
fn later(place: &Addition) -> Option<Folder> {
    let path = String::from_utf8(place.path.clone()).ok()?;
    let (collection, unnamed, ring) = (place.collection.clone(), place.unnamed, place.ring);
    Some(Folder { path, collection, unnamed, ring })
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
    let collection = quoted(&source.collection);
    // Nobody types the ring public with a folder: it has it by its collection.
    let ring = if source.ring == Ring::Public { String::new() } else { format!(" --ring {}", source.ring.as_str()) };
    let add = format!("wattle add {} --collection {collection}{ring}", quoted(path));
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

/// Adds a place of config.toml as soon as it is there, and its owner has said who may see it; until then that is a finding.
async fn watch_when_there(node: NodeHandle, set: Arc<Set>, number: usize, awaited: Awaited) {
    let Some(folder) = set.folders.get(number) else { return };
    // One that is not there is no part of the start any more.
    let mut awaited = Some(awaited);
    let key = not_set(&whole(folder).to_string_lossy());
    let mut waits_for_word = false;
    loop {
        let place = addition(whole(folder), folder.collection.clone(), folder.ring).await;
        let place = place.map(|place| Addition { unnamed: folder.unnamed, ..place });
        if waits_for_word && is_watched(&node, place.as_ref().ok()).await {
            return node.findings().clear(&key);
        }
        // A link leads there only once a disk is attached, for example.
        if let Some((other, rival)) = set.rival(number, &set.places().await) {
            node.findings().clear(&key);
            return node.findings().set(&other, rival);
        }
        let spelt = match &place {
            Ok(place) => spelt(&node, &set, number, place).await,
            Err(_) => Ok(()),
        };
        let is_decided = !folder.unnamed && spelt.is_ok();
        let answer = match (place.clone(), spelt) {
            (Ok(_), Err(refused)) => Err(refused),
            (Ok(place), Ok(())) => match node.request(Request::Add(place.clone())).await {
                Response::Refused(problem, why) => Err((problem, why)),
                _ => Ok(place),
            },
            (Err(why), _) => Err((Problem::Busy, why)),
        };
        drop(awaited.take());
        let (problem, why) = match answer {
            Ok(place) => {
                told(&node, &place).await;
                return node.findings().clear(&key);
            }
            Err(refused) => refused,
        };
        let has = problem == Problem::Conflict && is_covered(&node, place.as_ref().ok()).await;
        let finding = if has { other_than_set(&folder.path, &why) } else { not_watched(&folder.path, &why) };
        node.findings().set(&key, finding);
        if problem == Problem::Conflict {
            // It is watched in another collection, say: nothing of that changes by itself.
            if is_decided || is_watched(&node, place.as_ref().ok()).await {
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

/// Whether the collection that a line of config.toml names for this place is none that is nearly the name of a private one.
///
/// # Errors
/// Why it is not watched: the name may be misspelt, or the agent does not say now which collections there are.
async fn spelt(node: &NodeHandle, set: &Set, number: usize, place: &Addition) -> Result<(), (Problem, String)> {
    if place.unnamed || place.ring.is_some() {
        return Ok(());
    }
    let Some(now) = node.status().await else {
        return Err((Problem::Busy, "The agent is busy; it is tried again in a moment.".to_owned()));
    };
    let list = Sources { private: now.work.private_names, ..now.sources.into() };
    let others = set.folders.iter().enumerate().filter(move |(other, _)| *other != number);
    let usual = others.map(|(_, folder)| folder.collection.as_str()).chain([DEFAULT_COLLECTION]);
    place.misspelt(&list, usual).map_or(Ok(()), |why| Err((Problem::Conflict, why)))
}

/// The finding of a place of config.toml that is not watched, for this reason.
pub(crate) fn not_watched(path: &str, why: &str) -> Finding {
    let what = format!("config.toml names the folder {path}, and it is not watched. {why}");
    Finding { area: Area::Folders, what, command: None }
}

/// The finding of a place that config.toml gives another collection or ring than it is watched in, for this reason.
pub(crate) fn other_than_set(path: &str, why: &str) -> Finding {
    let what = format!("config.toml gives the folder {path} another collection or ring than it has. {why}");
    Finding { area: Area::Folders, what, command: None }
}

/// Whether this place is watched, by itself or as a part of another.
async fn is_covered(node: &NodeHandle, place: Option<&Addition>) -> bool {
    let (Some(place), Some(status)) = (place, node.status().await) else { return false };
    place.watched_in(&status.sources).is_some_and(|_| !place.is_left_out(&status.sources))
}

/// Whether this very place is watched.
async fn is_watched(node: &NodeHandle, place: Option<&Addition>) -> bool {
    let (Some(place), Some(status)) = (place, node.status().await) else { return false };
    status.sources.iter().any(|source| source.path == place.path)
}

#[cfg(test)]
mod tests;
