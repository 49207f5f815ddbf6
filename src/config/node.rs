//! `[node]`: how the agent is started. `wattle up`, `add`, `forget` and `collection` write what was typed here, so that
//! `wattle up` alone comes back as it was.

use super::error::{ConfigError, wrong};
use super::peer::Peer;
use crate::base::collection_name::is_seen;
use crate::base::finding::quoted;
use crate::base::fold::controls_terminal;
use crate::base::id::Ring;
use crate::limits::{COLLECTION_BYTES_MAX, DEVICE_BYTES_MAX, PATH_BYTES_MAX, SOURCES_MAX, TRUST_PEERS_MAX};
use crate::store::record::Source;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

/// The collection of documents for which none was named.
pub const DEFAULT_COLLECTION: &str = "home";

/// What an agent is started with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeSettings {
    /// The device's name for people.
    pub name: Option<String>,
    /// Where other devices reach this one.
    pub listen: Option<SocketAddr>,
    /// Where people and programs of this machine reach it, a loopback address.
    pub api: Option<SocketAddr>,
    /// The other devices.
    pub peers: Vec<Peer>,
    /// Whether other devices are found by multicast DNS.
    pub multicast: Option<bool>,
    /// The folder of the model, where it is not the one inside the program.
    pub models: Option<String>,
    /// The watched folders and files. `None` where the key is not written: then those of earlier runs are watched.
    pub folders: Option<Vec<Folder>>,
}

/// One watched folder or file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Its absolute path, or one that begins with `~/`.
    pub path: String,
    /// The collection that its documents join.
    pub collection: String,
    /// Whether no collection is written: then it shares nothing new on a device that has private ones.
    pub unnamed: bool,
    /// Who may see them; `None`: who may see the collection.
    pub ring: Option<Ring>,
}

impl Folder {
    /// The entry of a watched place; `None` if its path is not UTF-8, which a TOML file cannot hold.
    #[must_use]
    pub fn of(source: &Source) -> Option<Self> {
        let path = str::from_utf8(&source.path).ok()?.to_owned();
        Some(Self { path, collection: source.collection.clone(), unnamed: false, ring: Some(source.ring) })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNode {
    name: Option<String>,
    listen: Option<String>,
    api: Option<String>,
    #[serde(default)]
    peers: Vec<String>,
    multicast: Option<bool>,
    models: Option<String>,
    folders: Option<Vec<RawFolder>>,
}

/// A folder as written: its path alone, or a table.
#[derive(Debug)]
struct RawFolder {
    path: String,
    collection: Option<String>,
    ring: Option<Ring>,
}

impl<'de> Deserialize<'de> for RawFolder {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        value.deserialize_any(PathOrTable)
    }
}

/// An untagged enum of serde would not say which key is wrong.
struct PathOrTable;

impl<'de> Visitor<'de> for PathOrTable {
    type Value = RawFolder;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a path, or a table as { path = \"/home/ann/diary\", ring = \"private\" }")
    }

    fn visit_str<E: Error>(self, path: &str) -> Result<RawFolder, E> {
        Ok(RawFolder { path: path.to_owned(), collection: None, ring: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<RawFolder, A::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            path: String,
            collection: Option<String>,
            ring: Option<Ring>,
        }
        let Table { path, collection, ring } = Table::deserialize(MapAccessDeserializer::new(table))?;
        Ok(RawFolder { path, collection, ring })
    }
}

impl RawNode {
    pub(super) fn checked(self) -> Result<NodeSettings, ConfigError> {
        let address = |key: &str, text: Option<String>, read: fn(&str) -> Result<SocketAddr, String>| {
            text.map(|text| read(&text).map_err(|why| wrong(format!("{key}: {why}")).of(key))).transpose()
        };
        if self.peers.len() > TRUST_PEERS_MAX {
            return Err(wrong(format!("node.peers has more than {TRUST_PEERS_MAX} devices")).of("node.peers"));
        }
        let peer = |(place, text): (usize, &String)| {
            let key = format!("node.peers.{place}");
            text.parse::<Peer>().map_err(|why| wrong(format!("node.peers: {why}")).of(&key))
        };
        Ok(NodeSettings {
            name: self.name.map(device_name).transpose().map_err(|why| wrong(why).of("node.name"))?,
            listen: address("node.listen", self.listen, listen_address)?,
            api: address("node.api", self.api, api_address)?,
            peers: self.peers.iter().enumerate().map(peer).collect::<Result<_, _>>()?,
            multicast: self.multicast,
            models: self.models,
            folders: self.folders.map(folders).transpose()?,
        })
    }
}

fn folders(written: Vec<RawFolder>) -> Result<Vec<Folder>, ConfigError> {
    if written.len() > SOURCES_MAX {
        return Err(wrong(format!("node.folders has more than {SOURCES_MAX} places")).of("node.folders"));
    }
    let folder = |(place, RawFolder { path, collection, ring }): (usize, RawFolder)| {
        let at = |why: String| wrong(format!("node.folders: {why}")).of(&format!("node.folders.{place}"));
        if path.len() > PATH_BYTES_MAX || !(path.starts_with('/') || path.starts_with("~/")) {
            return Err(at(format!("a path begins with / or ~/ and has at most {PATH_BYTES_MAX} bytes, not {path:?}")));
        }
        let unnamed = collection.is_none();
        let collection = collection.unwrap_or_else(|| DEFAULT_COLLECTION.to_owned());
        check_collection(&collection).map_err(at)?;
        Ok(Folder { path, collection, unnamed, ring })
    };
    written.into_iter().enumerate().map(folder).collect()
}

/// Checks a device's name for people.
///
/// # Errors
/// One sentence: it is empty, too long, has characters that do not print, or none that can be seen.
pub fn device_name(name: String) -> Result<String, String> {
    if !is_seen(&name) || name.len() > DEVICE_BYTES_MAX || name.chars().any(char::is_control) {
        return Err(format!("a device's name has 1 to {DEVICE_BYTES_MAX} bytes, prints, and can be seen"));
    }
    Ok(name)
}

/// Whether this can be a collection's name.
///
/// # Errors
/// One sentence: empty, too long, with characters that do not print, or with none that can be seen.
pub fn check_collection(name: &str) -> Result<(), String> {
    if name.trim().is_empty() || name.len() > COLLECTION_BYTES_MAX {
        return Err(format!("A collection's name has 1 to {COLLECTION_BYTES_MAX} bytes and is not only spaces."));
    }
    if name.chars().any(controls_terminal) {
        return Err("A collection's name has only printable characters.".to_owned());
    }
    if !is_seen(name) {
        return Err("A collection's name has characters that can be seen.".to_owned());
    }
    Ok(())
}

/// Reads an address of this machine at which the API listens. "localhost" counts as 127.0.0.1.
///
/// # Errors
/// One sentence: what is wrong with it, and what may be meant.
pub fn api_address(text: &str) -> Result<SocketAddr, String> {
    let address = socket(text).ok_or_else(|| address_hint(text, "127.0.0.1", 7780))?;
    if !address.ip().is_loopback() {
        let example = IpAddr::from(Ipv4Addr::new(192, 168, 1, 4));
        let ip = if address.ip().is_unspecified() { example } else { address.ip() };
        return Err(format!(
            "only this machine reaches the API, so its address is a loopback address such as 127.0.0.1:{}; to open it to \
             other devices as well, say `wattle up --open-api {}`",
            address.port(),
            quoted(&SocketAddr::new(ip, address.port()).to_string())
        ));
    }
    Ok(address)
}

/// Reads an address at which other devices reach this one.
///
/// # Errors
/// One sentence: what is wrong with it, and what may be meant.
pub fn listen_address(text: &str) -> Result<SocketAddr, String> {
    socket(text).ok_or_else(|| address_hint(text, "0.0.0.0", 7781))
}

fn socket(text: &str) -> Option<SocketAddr> {
    match text.strip_prefix("localhost:") {
        Some(port) => port.parse().ok().map(|port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        None => text.parse().ok(),
    }
}

/// What is missing of an address.
fn address_hint(text: &str, host: &str, port: u16) -> String {
    let bare = text.strip_prefix(':').unwrap_or(text);
    if let Ok(port) = bare.parse::<u16>() {
        return format!("{text:?} is a port alone; with the address it is {host}:{port}");
    }
    let port_of = text.rsplit_once(':').map_or(bare, |(_, port)| port);
    if !port_of.is_empty() && port_of.bytes().all(|byte| byte.is_ascii_digit()) && port_of.parse::<u16>().is_err() {
        return format!("the port in {text:?} is too large: ports end at {}, as in {host}:{port}", u16::MAX);
    }
    if text == "localhost" {
        return format!("{text:?} has no port; with it, it is 127.0.0.1:{port}");
    }
    if let Ok(ip) = text.trim_matches(['[', ']']).parse::<core::net::IpAddr>() {
        return format!("{text:?} has no port; with it, it is {}", SocketAddr::new(ip, port));
    }
    format!("an address is written as {host}:{port} or [::1]:{port}, not {text:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_lacks_a_part_is_completed_in_the_error() {
        for (text, hint) in [
            ("7790", "127.0.0.1:7790"),
            (":7790", "127.0.0.1:7790"),
            ("127.0.0.2", "127.0.0.2:7780"),
            ("::1", "[::1]:7780"),
            ("localhost", "127.0.0.1:7780"),
            ("127.0.0.1:99999", "too large: ports end at 65535"),
            ("99999", "too large"),
            ("here", "127.0.0.1:7780"),
            ("0.0.0.0:7780", "--open-api 192.168.1.4:7780"),
            ("192.168.1.9:7000", "--open-api 192.168.1.9:7000"),
            ("[fd00::2]:7000", "--open-api '[fd00::2]:7000'"),
        ] {
            let why = api_address(text).unwrap_err();
            assert!(why.contains(hint), "{text}: {why}");
        }
        assert_eq!(api_address("localhost:9").unwrap().to_string(), "127.0.0.1:9");
        assert!(listen_address("7781").unwrap_err().contains("0.0.0.0:7781"));
        assert_eq!(listen_address("0.0.0.0:7781").unwrap().port(), 7781);
    }

    #[test]
    fn a_name_prints_and_is_not_empty() {
        assert!(device_name("Dachboden 2".into()).is_ok());
        for bad in ["", " ", "a\nb", "\u{3164}", "\u{200b}", &"x".repeat(DEVICE_BYTES_MAX + 1)] {
            assert!(device_name(bad.to_owned()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_collection_has_a_short_printable_name() {
        assert_eq!(check_collection("Büro 2"), Ok(()));
        for bad in ["", "  ", "a\nb", "\u{1b}[31m", "a\u{202e}b", &"x".repeat(COLLECTION_BYTES_MAX + 1)] {
            assert!(check_collection(bad).is_err(), "{bad:?}");
        }
        for unseen in ["\u{200b}\u{ad}", "\u{3164}", "\u{1160} \u{115f}", "\u{ffa0}", "\u{17b4}\u{1d173}", "\u{301}"] {
            assert!(check_collection(unseen).is_err_and(|why| why.contains("can be seen")), "{unseen:?}");
        }
        assert_eq!(check_collection("diary\u{3164}"), Ok(()), "something of it is seen");
    }
}
