//! What a start does in the home of a device that has left its mesh: what belongs to the mesh, the key by which it was known
//! there, and those that the home had in other hardware or that were moved away or damaged, are deleted. The note goes last, so that a power cut on the way changes nothing.

use super::home_file::HomeFile;
use super::{aside, durable, leftovers};
use std::path::Path;

const OF_THE_MESH: [HomeFile; 7] = [
    HomeFile::Records,
    HomeFile::MeshRoot,
    HomeFile::Invites,
    HomeFile::Seen,
    HomeFile::Peers,
    HomeFile::Hardware,
    HomeFile::Identity,
];

/// Puts it away, if the device has left its mesh.
///
/// # Errors
/// One sentence: what cannot be deleted.
pub(super) fn put_away(home: &Path) -> Result<(), String> {
    let note = home.join(HomeFile::Left.name());
    if !note.exists() {
        return Ok(());
    }
    for file in OF_THE_MESH {
        let path = home.join(file.name());
        // The copy first: a start in between mends the file from it.
        remove(&path.with_extension("copy"))?;
        remove(&path)?;
    }
    // What goes here is not lost.
    remove(&home.join(HomeFile::Written.name()))?;
    leftovers::of(home, &OF_THE_MESH).iter().try_for_each(|file| remove(file))?;
    // A copied card has the key of a device that may still be in the mesh.
    aside::all(home).iter().try_for_each(|file| remove(file))?;
    remove(&note)?;
    log::info!("This device has left its mesh. It has a new identity from now on.");
    Ok(())
}

fn remove(path: &Path) -> Result<(), String> {
    durable::remove(path)
        .map_err(|error| format!("This device has left its mesh, and {} cannot be deleted: {error}.", path.display()))
}

#[cfg(test)]
mod tests {
    use super::super::Home;
    use super::*;
    use std::fs;

    #[test]
    fn after_a_device_has_left_its_next_start_knows_no_mesh_and_has_another_key_and_the_rest_stays() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        let (before, token) = (home.identity().unwrap().peer_id(), home.token().unwrap());
        let root = *home.mesh_root().unwrap().key().as_bytes();
        home.write(HomeFile::Records, b"records").unwrap();
        let kept =
            ["mesh-root.damaged", "identity.damaged", "identity.key.away", "identity.copy.away2", "mesh-root.away"];
        let kept = kept.map(str::to_owned);
        let aside = ["identity", "mesh-root", "hardware"].map(|name| format!("{name}-{before}.old"));
        let cut = format!("identity-{before}.new");
        let kept: Vec<_> = kept.into_iter().chain(aside).chain([cut]).map(|name| folder.path().join(name)).collect();
        kept.iter().for_each(|name| fs::write(name, b"a key").unwrap());
        let settings =
            "[node]\nname = \"attic\"\npeers = [\"/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA\"]\n";
        fs::write(home.file(HomeFile::Settings), settings).unwrap();
        home.leave().unwrap();
        assert_eq!(home.identity().unwrap().peer_id(), before, "not before the next start");
        // Before the next start reads them: without a mesh its peers have all rights.
        let settings = home.settings().unwrap().unwrap().node;
        assert_eq!((settings.name.as_deref(), settings.peers.len()), (Some("attic"), 0));
        drop(home);
        let home = Home::open(folder.path()).unwrap();
        assert_ne!(home.identity().unwrap().peer_id(), before);
        assert!(home.read(HomeFile::Records).unwrap().is_none() && home.existing_mesh_root().unwrap().is_none());
        assert!(
            kept.iter().all(|name| !name.exists()),
            "a damaged key is a key, and so is one of before or one that was moved away"
        );
        assert_ne!(*home.mesh_root().unwrap().key().as_bytes(), root);
        assert_eq!(home.token().unwrap().reveal(), token.reveal());
        let after = home.identity().unwrap().peer_id();
        drop(home);
        assert_eq!(Home::open(folder.path()).unwrap().identity().unwrap().peer_id(), after, "once");
    }
}
