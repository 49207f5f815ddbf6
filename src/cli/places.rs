//! `wattle add`, `forget` and `keep`: what becomes of watched places.

use super::args::{AddArgs, ForgetArgs, PlaceArgs};
use super::decision::{PAUSE, until_taken};
use super::output::{Stop, pretty, print, print_as_is, show_done};
use super::paths::sendable;
use super::text::one_line;
use crate::base::media::why_not_read;
use crate::http::client::Client;
use crate::http::dto::Added;
use crate::platform::stdout::note;
use serde_json::json;
use std::io::IsTerminal;
use std::path::Path;

/// Adds each path; one that cannot be added does not keep the others from it.
pub(super) async fn add(client: &Client, add: &AddArgs, as_json: bool) -> Result<(), Stop> {
    let (mut added, mut failed, mut end) = (Vec::new(), Vec::new(), Ok(()));
    for path in &add.paths {
        match add_path(client, path, add).await {
            Ok(one) => {
                if !as_json {
                    print(&sentences(&one, path.is_dir()))?;
                }
                // It is watched, but the next start would not know of it.
                failed.extend(one.forgotten.clone().map(|why| (path.display().to_string(), why)));
                added.push(one);
            }
            Err(Stop::NotDone(why)) => failed.push((path.display().to_string(), why)),
            Err(stop) => {
                end = Err(stop);
                break;
            }
        }
    }
    if as_json {
        let failed = failed.iter().map(|(path, why)| json!({ "path": path, "error": why })).collect::<Vec<_>>();
        print_as_is(&pretty(&json!({ "added": added, "failed": failed })))?;
    }
    end?;
    let Some((_, last)) = failed.pop() else { return Ok(()) };
    failed.iter().filter(|_| !as_json).for_each(|(_, why)| note(&one_line(why)));
    Err(Stop::NotDone(last))
}

async fn add_path(client: &Client, path: &Path, add: &AddArgs) -> Result<Added, Stop> {
    let path = sendable(path)?;
    let added = client.add(&path, add.collection.as_deref(), add.ring.map(Into::into)).await?;
    if std::io::stdin().is_terminal() {
        // It is added all the same if the governor is off.
        let _ = client.work_now(json!({ "arrived": true })).await;
    }
    Ok(added)
}

/// What was done; of a picture, a sound or a film also that nothing of it is read. `is_folder`: it is no file, whatever its name is.
fn sentences(added: &Added, is_folder: bool) -> String {
    let parts =
        added.parts.iter().map(|part| format!("{} is a part of it now, in the same collection.\n", one_line(part)));
    let media = why_not_read(added.path.as_bytes()).filter(|_| !is_folder);
    let media = media.map_or_else(String::new, |why| format!("{why} It has no text that could be found.\n"));
    format!("{}\n{media}{}", one_line(&added.sentence()), parts.collect::<String>())
}

/// Ends the watching of a place, and forgets its documents.
pub(super) async fn forget(client: &Client, what: &ForgetArgs, as_json: bool) -> Result<(), Stop> {
    let path = sendable(&what.place.path)?;
    let done = until_taken(PAUSE, async || client.forget(&path, what.kept).await).await?;
    show_done(as_json, json!({ "path": path }), &(one_line(&done) + "\n"))
}

/// Keeps the documents of a place whose files are gone or away.
pub(super) async fn keep(client: &Client, place: &PlaceArgs, as_json: bool) -> Result<(), Stop> {
    let path = sendable(&place.path)?;
    let done = until_taken(PAUSE, async || client.keep(&path).await).await?;
    show_done(as_json, json!({ "path": path }), &(one_line(&done) + "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_addition_names_each_place_that_is_a_part_of_it_now() {
        let added = Added { path: "/n".into(), parts: vec!["/n/a\u{1b}".into(), "/n/b".into()], ..Added::default() };
        let text = sentences(&added, true);
        assert!(text.starts_with("The agent watches /n from now on.\n/n/a\u{fffd} is a part of it now"), "{text}");
        assert_eq!(text.lines().count(), 3);
    }

    #[test]
    fn of_a_picture_it_is_said_at_once_that_it_is_not_read() {
        let of = |path: &str| Added { path: path.into(), ..Added::default() };
        let says =
            "The agent watches /n/photo.jpg from now on.\nPictures are not read. It has no text that could be found.\n";
        assert_eq!(sentences(&of("/n/photo.jpg"), false), says);
        assert!(!sentences(&of("/n/photo.jpg"), true).contains("not read"), "a folder of that name");
        assert!(!sentences(&of("/n/notes.md"), false).contains("not read"));
    }
}
