//! Folders that are typed, set and watched at a start.

use super::*;
use crate::platform::findings::Findings;
use crate::runtime::handle::Call;

fn source(path: &str, collection: &str, ring: Ring) -> Source {
    Source { path: path.into(), collection: collection.into(), ring, device: 1 }
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
        let misspelt = Addition { collection: "dairy".to_owned(), ..place(false) };
        let why = decided(&[misspelt], &list, Some(set)).unwrap_err();
        assert!(why.contains("`wattle up /d --collection diary` adds"), "{why}");
    }
    let watched = Sources::from(vec![source("/d", "home", Ring::Mesh), source("/secret", "diary", Ring::Private)]);
    assert_eq!(decided(&[place(true)], &watched, None), Ok(()), "it is shared already");
    let named = [diary.clone(), folder("/disk", Some("music"), Some(Ring::Mesh))];
    let typed = Addition { collection: "music".to_owned(), ..place(false) };
    assert_eq!(decided(&[typed], &none, Some(&named[..])), Ok(()), "config.toml has it, and its disk is away");
}

/// What an agent is asked that answers like a scheduler with this list, and its findings.
fn kept(list: Sources, set: Vec<Folder>) -> (Vec<Request>, Findings) {
    let (node, driver) = NodeHandle::new();
    let findings = node.findings().clone();
    let asked = smol::block_on(async {
        let (mut asked, mut list) = (Vec::new(), list);
        let awaited = node.starting().awaits_folders();
        let start = keep(node, Vec::new(), Vec::new(), Some(set), list.clone(), awaited);
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
    (asked, findings)
}

#[test]
fn a_typed_folder_that_a_full_disk_keeps_from_being_watched_is_tried_again_and_is_a_finding_until_then() {
    let there = tempfile::tempdir().unwrap();
    let place = smol::block_on(addition(there.path().to_owned(), "notes".to_owned(), Some(Ring::Private))).unwrap();
    let (node, driver) = NodeHandle::new();
    let findings = node.findings().clone();
    let tried = smol::block_on(async {
        let awaited = node.starting().awaits_folders();
        smol::spawn(keep(node, Vec::new(), vec![place.clone()], None, Sources::default(), awaited)).detach();
        let mut tried = Vec::new();
        while let Ok(Call { request: Request::Add(place), reply }) = driver.recv().await {
            tried.push((place.path, place.collection, place.ring));
            let _ = reply.try_send(Response::refused(Problem::DiskFull, "Only 5 MiB are free. Nothing was changed."));
            if tried.len() == 2 {
                break;
            }
        }
        while findings.list().is_empty() {
            Timer::after(Duration::from_millis(10)).await;
        }
        tried
    });
    assert_eq!(tried, vec![(place.path, place.collection, place.ring); 2]);
    let told = findings.list().remove(0).what;
    assert!(told.contains("and it is not watched. Only 5 MiB are free."), "{told}");
}

#[test]
fn a_folder_of_config_toml_without_a_collection_is_shared_unasked_by_no_start_where_there_are_private_ones() {
    let there = tempfile::tempdir().unwrap();
    let plain = folder(there.path().to_str().unwrap(), None, None);
    let (asked, findings) = kept(Sources::default(), vec![plain.clone()]);
    assert!(matches!(&asked[..], [Request::Add(place), Request::Status] if place.unnamed), "{asked:?}");
    assert_eq!(findings.list(), []);
    let diary = folder("/nowhere/diary", Some("diary"), Some(Ring::Private));
    let (asked, findings) = kept(Sources::default(), vec![plain, diary]);
    assert!(matches!(&asked[0], Request::Regroup(regroup) if regroup.collection == "diary"), "{asked:?}");
    let of_plain = || findings.list().into_iter().find(|found| found.what.contains("nobody said who may see"));
    // It is set after the last answer.
    let told = std::iter::repeat_with(|| {
        smol::block_on(Timer::after(Duration::from_millis(10)));
        of_plain()
    });
    let told = told.take(1000).flatten().next().expect("it is told");
    assert!(told.what.contains("and it is not watched") && told.what.contains("--collection diary` to keep it"));
}
