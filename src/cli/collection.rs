//! `wattle collection`: lists the collections, renames one, says who may see it.

use super::args::CollectionCommand;
use super::output::{Stop, pretty, print};
use super::text::one_line;
use crate::base::id::Ring;
use crate::http::client::Client;
use crate::http::dto::Regrouped;
use crate::http::folders::Watched;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Runs one of the commands.
pub(super) async fn collection(client: &Client, what: CollectionCommand) -> Result<(), Stop> {
    match what {
        CollectionCommand::List { json } => {
            let sources = client.status().await?.read.sources;
            print(&list(&sources, json))
        }
        CollectionCommand::Rename { name, to } => told(&client.regroup(&name, Some(&to), None).await?),
        CollectionCommand::Ring { name, ring } => told(&client.regroup(&name, None, Some(ring.into())).await?),
    }
}

fn told(now: &Regrouped) -> Result<(), Stop> {
    let who = match now.ring {
        Ring::Private => "only this device sees it",
        Ring::Mesh => "your devices see it",
        Ring::Public => "everybody sees it",
    };
    let folders = if now.places == 1 { "1 folder".to_owned() } else { format!("{} folders", now.places) };
    print(&format!("The collection {} has {folders}, and {who} (ring {}).\n", one_line(&now.name), now.ring.as_str()))?;
    now.forgotten.clone().map_or(Ok(()), |why| Err(Stop::NotDone(why)))
}

/// The collections with their folders.
fn list(sources: &[Watched], as_json: bool) -> String {
    let mut collections: BTreeMap<&str, (Ring, Vec<&str>)> = BTreeMap::new();
    for source in sources {
        collections.entry(&source.collection).or_insert((source.ring, Vec::new())).1.push(&source.path);
    }
    if as_json {
        let one = |(name, (ring, folders)): (&&str, &(Ring, Vec<&str>))| json!({ "name": name, "ring": ring, "folders": folders });
        return pretty(&collections.iter().map(one).collect());
    }
    if collections.is_empty() {
        return "There is no collection yet; add a folder with `wattle add FOLDER`.\n".to_owned();
    }
    let mut text = String::new();
    for (name, (ring, folders)) in &collections {
        let _ = writeln!(text, "{} (ring {})", one_line(name), ring.as_str());
        for folder in folders {
            let _ = writeln!(text, "    {}", one_line(folder));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collections_are_listed_with_their_ring_and_folders() {
        let watched = |path: &str, collection: &str, ring| Watched {
            path: path.to_owned(),
            collection: collection.to_owned(),
            ring,
            looked_s_ago: None,
            away: Vec::new(),
            missing: None,
        };
        let sources = [
            watched("/b", "home", Ring::Mesh),
            watched("/d", "diary\u{1b}[m", Ring::Private),
            watched("/a", "home", Ring::Mesh),
        ];
        assert_eq!(list(&sources, false), "diary\u{fffd}[m (ring private)\n    /d\nhome (ring mesh)\n    /b\n    /a\n");
        let json: serde_json::Value = serde_json::from_str(&list(&sources, true)).unwrap();
        assert_eq!(json[1], json!({ "name": "home", "ring": "mesh", "folders": ["/b", "/a"] }));
        assert!(list(&[], false).contains("wattle add"));
    }
}
