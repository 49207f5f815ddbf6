//! Why a place is not watched: what is so, and the commands that change it.

use crate::base::finding::{quoted, quoted_bytes};
use crate::base::id::Ring;
use crate::base::path::covers;
use crate::store::record::{Source, Sources};

/// Another ring than that of its collection was named for a place.
pub(super) fn other_ring(new: &Source, has: Ring) -> String {
    let (name, collection) = (String::from_utf8_lossy(&new.path), &new.collection);
    let (ring, has) = (new.ring.as_str(), has.as_str());
    if new.ring == Ring::Public {
        // Only config.toml asks for that.
        return format!(
            "The collection {collection:?} has the ring {has}, and a ring holds for a whole collection, so {name} cannot join it with \
             the ring {ring}; nothing was changed. `wattle collection ring {} public` says what is to be known of that ring.",
            quoted(collection)
        );
    }
    format!(
        "The collection {collection:?} has the ring {has}, and a ring holds for a whole collection, so {name} cannot join it with \
         the ring {ring}; nothing was changed. Add it to another collection with `wattle add {} --collection NEW --ring {ring}`, or \
         give all of this one that ring with `wattle collection ring {} {ring}`.",
        quoted_bytes(&new.path),
        quoted(collection),
    )
}

/// A collection was named that is not there: of those in the `list` the one that is meant may be private. Who may see the nearest is told with it: it may be
/// another one than was meant.
pub(super) fn no_such_collection(path: &[u8], typed: &str, list: &Sources) -> String {
    let add = |name: &str| format!("wattle add {} --collection {}", quoted_bytes(path), quoted(name));
    let lower = typed.to_lowercase();
    let nearest = list.names().min_by_key(|name| distance(&lower, &name.to_lowercase()));
    let nearest = nearest.map_or_else(String::new, |name| {
        // Of one without a folder only the names of private ones are kept.
        let rings = list.places.iter().filter(|source| source.collection == name).map(|source| source.ring);
        let ring = rings.min().unwrap_or(Ring::Private);
        format!(" The nearest name that is there is {name:?}, {}: `{}` adds the folder to it.", ring.reach(), add(name))
    });
    format!(
        "Nothing was changed: there is no collection {typed:?}, and this device has private ones, of which one may be meant.{nearest} A \
         new collection is made where its ring is said: `{new} --ring private` keeps it on this device, and `{new} --ring mesh` shares it \
         with your devices.",
        new = add(typed)
    )
}

/// Letters in which a misspelt name differs from the one that is meant, at most: two that are exchanged are two.
const MISSPELT_MAX: usize = 2;

/// Whether one name may be the other, misspelt: few letters differ, and fewer than half.
pub(super) fn is_near(typed: &str, name: &str) -> bool {
    let letters = distance(&typed.to_lowercase(), &name.to_lowercase());
    letters <= MISSPELT_MAX && letters * 2 < typed.chars().count()
}

/// How many letters are to be changed, left out or put in until one word is the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (before, letter) in one.chars().enumerate() {
        let mut last = before + 1;
        let mut next = vec![last];
        for (pair, of_other) in row.windows(2).zip(&other) {
            let [corner, above] = pair else { continue };
            last = (last + 1).min(above + 1).min(corner + usize::from(letter != *of_other));
            next.push(last);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// Nobody makes a folder public just by adding it.
pub(super) fn public_is_meant(new: &Source) -> String {
    let (name, collection) = (String::from_utf8_lossy(&new.path), &new.collection);
    let (path, word) = (quoted_bytes(&new.path), quoted(collection));
    format!(
        "Nothing was changed: the collection {collection:?} is public, and {name} would be for everybody at once. To publish it too: \
         `wattle collection ring {word} mesh`, then `wattle add {path} --collection {word}`, then `wattle collection ring {word} \
         public`. Else add it to another collection with `wattle add {path} --collection NEW --ring mesh`."
    )
}

/// A word in config.toml makes no folder public: what that means is said, and confirmed, by a command.
pub(super) fn public_is_confirmed(new: &Source) -> String {
    let (name, word) = (String::from_utf8_lossy(&new.path), quoted(&new.collection));
    format!(
        "Nothing was changed: `ring = \"public\"` in config.toml makes no folder public, and {name} is not public here yet. Write \
         `ring = \"mesh\"` there (for all folders of the collection) and start the agent again, then `wattle collection ring {word} public` \
         says what becomes readable by whom, and how to confirm it."
    )
}

/// What is so, and which command changes it.
pub(super) fn conflict(source: &Source, new: &Source) -> String {
    let name = String::from_utf8_lossy(&source.path);
    let (collection, ring, word) = (&source.collection, source.ring.as_str(), quoted_bytes(&source.path));
    let command = if *collection == new.collection {
        format!(
            "`wattle collection ring {} {}` changes who may see that collection.",
            quoted(collection),
            new.ring.as_str()
        )
    } else if source.path == new.path {
        format!("`wattle forget {word}` takes it out of that one; then add it again.")
    } else if let Some(line) = pattern(&source.path, &new.path) {
        format!(
            "To have it in a collection of its own, with a ring of its own, write the line {line} into the file .wattleignore in \
             {name}, then type the same command again."
        )
    } else {
        format!(
            "`wattle forget {word}` takes that folder out of it; then add the folders one by one, the wider one first."
        )
    };
    format!(
        "{name} is watched in the collection {collection:?} with the ring {ring}, and a file is in one collection only. Nothing \
         was changed. {command}"
    )
}

/// The line of a file of patterns in a folder that leaves out this place in it; `None` if it is not in it.
pub(crate) fn pattern(folder: &[u8], place: &[u8]) -> Option<String> {
    if folder == place || !covers(folder, place) {
        return None;
    }
    let below = String::from_utf8_lossy(place.get(folder.len()..)?).into_owned();
    let mut line = String::from("/");
    for c in below.trim_matches('/').chars() {
        if matches!(c, '*' | '?' | '[' | '\\') {
            line.push('\\');
        }
        line.push(c);
    }
    Some(line)
}
