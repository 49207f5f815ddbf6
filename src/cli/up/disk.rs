//! The disk of the home, which may become read-only under the running agent, and the home itself, or the list of the mesh in it, which somebody may delete.
//! On a board of the SD card image, the reports of its services are read in the same look. What is left of a restore that did not end is looked for too,
//! until its owner deletes it.

use crate::base::finding::Finding;
use crate::base::time::Duration;
use crate::cli::up::reports;
use crate::limits::{HOME_LOOK_MS, HOME_LOOK_WRONG_MS};
use crate::node::input::Input;
use crate::platform::blocking;
use crate::platform::card;
use crate::platform::clock;
use crate::platform::findings::Findings;
use crate::platform::home::{Looks, mesh_without_records, read_only, unfinished_restore};
use crate::platform::store_place::StorePlace;
use smol::channel::Sender;
use std::path::PathBuf;

/// The key of the finding.
const KEY: &str = "home-disk";
/// That of a restore that did not end.
const RESTORE: &str = "restore";

/// That of a list of the mesh's devices that is gone where the mesh was made.
const MESH: &str = "mesh-records";

/// Tells that the list of the mesh's devices is gone, until it is back.
pub(super) fn tell_of_mesh(found: Option<Finding>, findings: &Findings) {
    match found {
        Some(found) => findings.set(MESH, found),
        None => findings.clear(MESH),
    }
}

/// Has it a finding while the system says that nothing can be written to the home's disk, and tells the node once when its store is gone from there. An
/// agent with nothing to do, or that embeds for others alone, writes nothing, so that no write would fail before a person's command does. Nothing is
/// written for it: a card wears. Each time those are dropped that looked whether the agent runs. `boot`: the folders of the reports, if there are any.
pub(super) async fn watch_disk(
    (home, place, looks, boot): (PathBuf, StorePlace, Looks, Vec<PathBuf>),
    findings: Findings,
    inputs: Sender<Input>,
) {
    let mut lost = Lost::default();
    loop {
        let (own, place, looks, boot) = (home.clone(), place.clone(), looks.clone(), boot.clone());
        let looked = blocking::run(move || {
            looks.drop_waiting();
            let of_home = (mesh_without_records(&own), unfinished_restore(&own));
            (read_only(&own), place.look().err(), card::reported(&boot), of_home)
        })
        .await;
        // Where no thread looked, what was told before stays.
        if let Some((_, _, reported, (of_mesh, unfinished))) = &looked {
            reports::tell(reported, &findings);
            tell_of_mesh(of_mesh.clone(), &findings);
            tell_of_restore(unfinished.clone(), &findings);
        }
        let (unwritable, gone, _, (of_mesh, _)) = looked.unwrap_or_default();
        let is_wrong = unwritable.is_some() || gone.is_some() || of_mesh.is_some();
        let pause = if is_wrong { HOME_LOOK_WRONG_MS } else { HOME_LOOK_MS };
        match unwritable {
            Some(found) => findings.set(KEY, found),
            None => findings.clear(KEY),
        }
        if let Some(why) = lost.news(gone)
            && inputs.send(Input::StoreLost(why)).await.is_err()
        {
            return;
        }
        clock::sleep_until(Some(clock::now() + Duration::from_millis(pause))).await;
    }
}

/// Has it a finding as long as there is something left of a restore that did not end.
pub(super) fn tell_of_restore(unfinished: Option<Finding>, findings: &Findings) {
    match unfinished {
        Some(found) => findings.set(RESTORE, found),
        None => findings.clear(RESTORE),
    }
}

/// Whether the node was told that the store is gone.
#[derive(Debug, Default)]
struct Lost {
    is_told: bool,
}

impl Lost {
    /// What is told after a look that found this: each loss once, as every telling ends what is lent.
    fn news(&mut self, gone: Option<String>) -> Option<String> {
        let was_told = std::mem::replace(&mut self.is_told, gone.is_some());
        gone.filter(|_| !was_told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::finding::Area;

    #[test]
    fn a_list_of_the_mesh_that_is_gone_is_told_once_until_it_is_back() {
        let findings = Findings::default();
        let found = || Some(Finding { area: Area::State, what: "gone".to_owned(), command: None });
        for now in [None, found(), found(), None] {
            tell_of_mesh(now.clone(), &findings);
            assert_eq!(findings.list(), now.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_restore_that_did_not_end_is_told_until_its_owner_deletes_what_is_left_of_it() {
        let (home, findings) = (tempfile::tempdir().unwrap(), Findings::default());
        let tell = || {
            tell_of_restore(unfinished_restore(home.path()), &findings);
            findings.list()
        };
        let left = home.path().join("store-1.restored");
        std::fs::create_dir(&left).unwrap();
        assert!(tell()[0].what.contains("delete that folder"));
        std::fs::remove_dir(left).unwrap();
        assert_eq!(tell(), []);
    }

    #[test]
    fn a_loss_of_the_home_is_told_once_and_the_next_one_again() {
        let (mut lost, gone) = (Lost::default(), || Some("gone".to_owned()));
        let told = [None, gone(), gone(), None, gone()].map(|found| lost.news(found).is_some());
        assert_eq!(told, [false, true, false, false, true]);
    }
}
