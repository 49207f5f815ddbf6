//! Writes settings into the text of a config.toml and leaves everything else of it as it is: comments, order, spacing.
//!
//! The caller writes the new text to the disk. A new key goes below its table's last one; a new entry of a list gets a line
//! of its own. A comment beside an entry that is removed stays. The new text is read again before it is returned, so that a
//! file can only become one that an agent can use.

use super::api::OpenTo;
use super::error::ConfigError;
use super::file::Config;
use super::node::{DEFAULT_COLLECTION, Folder};
use super::peer::Peer;
use super::quiet;
use crate::base::id::Ring;
use crate::energy::policy::hours::QuietHours;
use crate::scheduler::path::{covers, leaves_out};
use core::net::SocketAddr;
use toml_edit::{Array, DocumentMut, InlineTable, Item, TableLike, Value, table};

/// One setting that a command changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// `node.name`.
    Name(String),
    /// `node.listen`.
    Listen(SocketAddr),
    /// `node.api`.
    Api(SocketAddr),
    /// `api.open`.
    OpenApi(OpenTo),
    /// `api.tls`.
    Tls(bool),
    /// `node.multicast`.
    Multicast(bool),
    /// `node.models`.
    Models(String),
    /// Adds a device to `node.peers`, in place of an entry with the same PeerId.
    AddPeer(Peer),
    /// Removes `node.peers`.
    NoPeers,
    /// Adds a place to `node.folders`, in place of an entry with the same path. Entries below it go if it covers them: those
    /// of another collection or ring stay, and so does what a folder leaves out unless it is named. A place that an entry
    /// covers is not added.
    AddFolder(Folder),
    /// Removes the place with this path, and those below it, from `node.folders`.
    RemoveFolder(String),
    /// `energy.quiet`, all windows. A comment above one that goes goes with it.
    Quiet(QuietHours),
}

/// The text with these settings in it. `home` stands for `~` in the paths of `node.folders`.
///
/// # Errors
/// The text is wrong before, or would be after; then nothing is to be written.
pub fn edit(text: &str, home: Option<&str>, settings: &[Setting]) -> Result<String, ConfigError> {
    Config::parse(text)?;
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        super::error::malformed(text, error.span().map(|span| span.start), error.message())
    })?;
    for setting in settings {
        apply(&mut document, home, setting);
    }
    let new = document.to_string();
    Config::parse(&new)?;
    Ok(new)
}

fn apply(document: &mut DocumentMut, home: Option<&str>, setting: &Setting) {
    match setting {
        Setting::Name(name) => set(document, "node", "name", name.as_str().into()),
        Setting::Listen(address) => set(document, "node", "listen", address.to_string().into()),
        Setting::Api(address) => set(document, "node", "api", address.to_string().into()),
        Setting::OpenApi(to) => {
            let text = to.address().map_or_else(|| "off".to_owned(), |address| address.to_string());
            set(document, "api", "open", text.into());
        }
        Setting::Tls(on) => set(document, "api", "tls", (if *on { "on" } else { "off" }).into()),
        Setting::Multicast(on) => set(document, "node", "multicast", (*on).into()),
        Setting::Models(folder) => set(document, "node", "models", folder.as_str().into()),
        Setting::AddPeer(peer) => {
            let same = |value: &Value| {
                let written = value.as_str().and_then(|text| text.parse::<Peer>().ok());
                written.is_some_and(|written| written.peer == peer.peer)
            };
            put(list(document, "peers"), same, peer.text.as_str().into());
        }
        Setting::NoPeers => {
            let _ = document.get_mut("node").and_then(Item::as_table_like_mut).map(|node| node.remove("peers"));
        }
        Setting::AddFolder(folder) => {
            let folders = list(document, "folders");
            let entries = |value: &Value| folder_of(value, home);
            if folders.iter().filter_map(entries).any(|outer| has(&outer, folder)) {
                return;
            }
            remove(folders, |value| entries(value).is_some_and(|inner| has(folder, &inner)));
            put(folders, |value| is_below(value, home, &folder.path, true), entry(folder));
        }
        Setting::RemoveFolder(path) => {
            let folders = list(document, "folders");
            remove(folders, |value| is_below(value, home, path, true) || is_below(value, home, path, false));
        }
        Setting::Quiet(hours) => {
            let read = Config::parse(&document.to_string());
            if read.is_ok_and(|now| now.energy.settings.policy.quiet != *hours) {
                quiet::write(document, hours);
            }
        }
    }
}

/// Whether an entry of `folders` is this path (`itself`), or lies below it.
fn is_below(value: &Value, home: Option<&str>, path: &str, itself: bool) -> bool {
    let (whole, path) = (path_of(value, home), path.trim_end_matches('/'));
    let rest = whole.as_deref().and_then(|whole| whole.strip_prefix(path));
    rest.is_some_and(|rest| if itself { rest.is_empty() } else { rest.starts_with('/') })
}

/// Whether a folder has another place as a part of it, in the same collection: then the place needs no entry of its own.
fn has(outer: &Folder, inner: &Folder) -> bool {
    let (folder, place) = (outer.path.trim_end_matches('/').as_bytes(), inner.path.trim_end_matches('/').as_bytes());
    let ring = |folder: &Folder| folder.ring.unwrap_or(Ring::Mesh);
    let alike = outer.collection == inner.collection && ring(outer) == ring(inner);
    alike && folder != place && covers(folder, place) && !leaves_out(folder, place)
}

/// An entry of `folders`, with its whole path.
fn folder_of(value: &Value, home: Option<&str>) -> Option<Folder> {
    let field = |name: &str| value.as_inline_table()?.get(name)?.as_str();
    let ring = field("ring")
        .and_then(|ring| [Ring::Private, Ring::Mesh, Ring::Public].into_iter().find(|r| r.as_str() == ring));
    Some(Folder {
        path: path_of(value, home)?,
        collection: field("collection").unwrap_or(DEFAULT_COLLECTION).to_owned(),
        unnamed: field("collection").is_none(),
        ring,
    })
}

/// The path of an entry of `folders`, whole and without a slash at its end.
fn path_of(value: &Value, home: Option<&str>) -> Option<String> {
    let written = value.as_str().or_else(|| value.as_inline_table()?.get("path")?.as_str())?;
    let whole = match (written.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => format!("{}/{rest}", home.trim_end_matches('/')),
        _ => written.to_owned(),
    };
    Some(whole.trim_end_matches('/').to_owned())
}

/// An entry of `folders`: the path alone where collection and ring are the usual ones. The ring `mesh` is not written: its
/// collection has it.
fn entry(folder: &Folder) -> Value {
    let ring = folder.ring.filter(|ring| *ring != Ring::Mesh);
    if folder.collection == DEFAULT_COLLECTION && ring.is_none() {
        return folder.path.as_str().into();
    }
    let mut fields = InlineTable::new();
    fields.insert("path", folder.path.as_str().into());
    if folder.collection != DEFAULT_COLLECTION {
        fields.insert("collection", folder.collection.as_str().into());
    }
    if let Some(ring) = ring {
        fields.insert("ring", ring.as_str().into());
    }
    fields.into()
}

/// A table of the file, made at its end if need be.
fn table_of<'a>(document: &'a mut DocumentMut, name: &str) -> &'a mut dyn TableLike {
    let item = document.entry(name).or_insert_with(table);
    if !item.is_table_like() {
        // Not reached: the text was read as a configuration before.
        *item = table();
    }
    match item.as_table_like_mut() {
        Some(table) => table,
        None => unreachable!("it is a table"),
    }
}

/// Sets a value and keeps the comment behind it.
fn set(document: &mut DocumentMut, table: &str, key: &str, value: Value) {
    let item = table_of(document, table).entry(key).or_insert_with(|| Item::None);
    let decor = item.as_value().map(|before| before.decor().clone());
    *item = Item::Value(value);
    if let (Some(value), Some(decor)) = (item.as_value_mut(), decor) {
        *value.decor_mut() = decor;
    }
}

/// A list of `[node]`, made if need be.
fn list<'a>(document: &'a mut DocumentMut, key: &str) -> &'a mut Array {
    let item = table_of(document, "node").entry(key).or_insert_with(|| Item::Value(Array::new().into()));
    if !item.is_array() {
        *item = Item::Value(Array::new().into());
    }
    match item.as_array_mut() {
        Some(list) => list,
        None => unreachable!("it is a list"),
    }
}

/// Puts an entry in place of the one that is the same, or behind the last one.
fn put(list: &mut Array, same: impl Fn(&Value) -> bool, value: Value) {
    let place = list.iter().position(same);
    if let Some(place) = place {
        list.replace(place, value);
        return;
    }
    let before = list.iter().last().and_then(|last| last.decor().prefix()?.as_str()).map(str::to_owned);
    let indent = match before {
        // As the entry above, without its comment.
        Some(prefix) if prefix.contains('\n') => prefix.rsplit('\n').next().map_or(String::new(), |i| format!("\n{i}")),
        Some(_) if list.len() > 1 => " ".to_owned(),
        _ => "\n    ".to_owned(),
    };
    if list.len() == 1 && indent.starts_with('\n') {
        // A list that stood on one line begins to have a line for each entry.
        let prefix = list.get(0).and_then(|first| first.decor().prefix()?.as_str()).map(str::to_owned);
        if let Some(first) = list.get_mut(0).filter(|_| prefix.is_none_or(|prefix| !prefix.contains('\n'))) {
            first.decor_mut().set_prefix(indent.clone());
        }
    }
    let own_lines = indent.starts_with('\n');
    let rest = list.trailing().as_str().unwrap_or_default().to_owned();
    let (comment, end) = match rest.rfind('\n') {
        // A comment behind the last entry stays beside it.
        Some(cut) if rest[..cut].contains('#') => (rest[..cut].to_owned(), rest[cut..].to_owned()),
        _ => (String::new(), if own_lines { "\n".to_owned() } else { rest }),
    };
    list.push_formatted(value.decorated(format!("{comment}{indent}"), ""));
    list.set_trailing(end);
    list.set_trailing_comma(own_lines);
}

/// Removes entries; the comments that stood before them stay.
fn remove(list: &mut Array, wanted: impl Fn(&Value) -> bool) {
    loop {
        let place = list.iter().position(&wanted);
        let Some(place) = place else { return };
        let removed = list.remove(place);
        let comment = removed.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default();
        let Some(end) = comment.rfind('\n').filter(|_| comment.contains('#')) else { continue };
        let (comment, line) = comment.split_at(end);
        match list.get_mut(place) {
            Some(next) => {
                let prefix = next.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default().to_owned();
                next.decor_mut().set_prefix(format!("{comment}{prefix}"));
            }
            None => {
                let trailing = list.trailing().as_str().unwrap_or_default().to_owned();
                let trailing = match trailing.trim_start_matches([' ', '\t']) {
                    // The comment beside the removed entry gets a line of its own.
                    beside if beside.starts_with('#') => format!("{line}{beside}"),
                    _ if trailing.contains('\n') => trailing,
                    _ => "\n".to_owned(),
                };
                list.set_trailing(format!("{comment}{trailing}"));
            }
        }
    }
}

#[cfg(test)]
#[path = "edit_test.rs"]
mod test;
