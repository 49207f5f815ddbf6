//! Private places that are moved into shared ones, on a real disk.

use super::*;
use crate::platform::findings::Findings;
use crate::platform::reach::Reach;
use crate::store::record::Sources;
use crate::store::roots::Roots;
use std::time::Duration;

struct Place {
    folder: tempfile::TempDir,
    folders: Folders,
    findings: Findings,
    roots: Roots,
    sources: Sources,
}

impl Place {
    /// A private folder, a private file and a shared folder, each looked at once.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["diary/1999", "docs/letters"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        for name in ["diary/1999/may", "docs/letters/a", "will"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        let findings = Findings::default();
        let reach = Reach::with(findings.clone(), None, Duration::from_millis(10));
        let folders = Folders::new(folder.path().join("home")).with_reach(reach);
        let source = |name: &str, ring| Source {
            path: folder.path().join(name).into_os_string().into_vec(),
            collection: format!("{ring:?}"),
            ring,
            device: fs::metadata(folder.path()).unwrap().dev(),
        };
        let places = vec![source("diary", Ring::Private), source("will", Ring::Private), source("docs", Ring::Mesh)];
        let mut place = Self { folder, folders, findings, roots: Roots::default(), sources: Sources::from(places) };
        for at in 0..3 {
            let listing = place.list(at, None);
            let root = listing.root.expect("this file system tells files apart");
            place.roots = place.roots.with(&place.sources, &place.sources.places[at].path, root).unwrap();
        }
        place
    }

    fn list(&self, source: usize, scope: Option<&str>) -> Listing {
        let source = self.sources.places[source].clone();
        let scope = scope
            .map_or_else(|| source.path.clone(), |scope| self.folder.path().join(scope).into_os_string().into_vec());
        let scan = Scan { source, scope, after: None };
        self.folders.list_without(&scan, &self.sources.places, &self.roots.clone().private(&self.sources))
    }

    #[expect(clippy::disallowed_methods, reason = "files of the owner, whose moves need not be durable")]
    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.folder.path().join(from), self.folder.path().join(to)).unwrap();
    }

    fn names(&self, listing: &Listing) -> Vec<String> {
        let name = |path: &Vec<u8>| {
            Path::new(OsStr::from_bytes(path)).strip_prefix(self.folder.path()).unwrap().display().to_string()
        };
        listing.entries.iter().map(|entry| name(&entry.path)).collect()
    }
}

#[test]
fn a_private_place_that_is_moved_into_a_shared_one_is_left_out_there_and_told() {
    let mut place = Place::new();
    place.rename("diary", "docs/letters/diary");
    place.rename("will", "docs/will");
    let listing = place.list(2, None);
    assert_eq!(place.names(&listing), ["docs/letters/a"]);
    assert_eq!((listing.holes.len(), &listing.why), (2, &None));
    let told = place.findings.list().pop().unwrap();
    assert!(told.what.contains("docs/letters/diary is what was watched as the private place"), "{told:?}");
    assert!(told.command.unwrap().starts_with("wattle forget "));
    // An event names a folder within it.
    for scope in ["docs/letters/diary", "docs/letters/diary/1999", "docs/letters/diary/1999/may", "docs/will"] {
        assert_eq!(place.names(&place.list(2, Some(scope))), Vec::<String>::new(), "{scope}");
    }
    // Nothing moved into it becomes private of itself, and a part that leaves the private place is what its owner wants shared.
    place.rename("docs/letters/diary/1999", "docs/1999");
    assert_eq!(place.names(&place.list(2, None)), ["docs/1999/may", "docs/letters/a"]);
    place.rename("docs/letters/diary", "diary");
    place.rename("docs/will", "will");
    assert_eq!(place.list(2, None).holes.len(), 0);
    assert_eq!(place.findings.list(), []);
    place.rename("will", "docs/will");
    place.sources.places.remove(1);
    assert_eq!(place.names(&place.list(1, None)), ["docs/1999/may", "docs/letters/a", "docs/will"], "it was forgotten");
}

#[test]
fn a_private_folder_in_the_place_of_a_shared_one_is_not_looked_at_there() {
    let place = Place::new();
    place.rename("docs", "aside");
    place.rename("diary", "docs");
    place.rename("aside", "diary");
    for scope in [None, Some("docs/1999")] {
        let listing = place.list(2, scope);
        assert_eq!((place.names(&listing), listing.holes), (Vec::new(), vec![place.sources.places[2].path.clone()]));
        assert!(listing.why.unwrap().contains("it is the private place"));
    }
    assert_eq!(place.names(&place.list(0, None)), ["diary/letters/a"], "that is private now, too");
    place.rename("docs", "aside");
    place.rename("diary", "docs");
    place.rename("aside", "diary");
    let listing = place.list(2, None);
    assert_eq!((place.names(&listing), listing.why), (vec!["docs/letters/a".to_owned()], None));
    assert_eq!(place.findings.list(), []);
}
