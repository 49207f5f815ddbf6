//! Listing and reading of real files.

use super::*;
use crate::base::id::Ring;
use crate::store::record::Source;
use std::fs::FileTimes;
use std::time::{Duration, UNIX_EPOCH};

struct Disk {
    folder: tempfile::TempDir,
    folders: Folders,
}

impl Disk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let folders = Folders::new(folder.path().join("home"));
        Self { folder, folders }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn path(&self, name: &str) -> Vec<u8> {
        self.at(name).as_os_str().as_bytes().to_vec()
    }

    fn source(&self, name: &str) -> Source {
        let device = fs::metadata(self.folder.path()).unwrap().dev();
        Source { path: self.path(name), collection: "home".to_owned(), ring: Ring::Mesh, device }
    }

    fn list(&self, source: &str, scope: &str) -> Listing {
        self.folders.list(&Scan { source: self.source(source), scope: self.path(scope), after: None }, &[])
    }

    /// Sets a file's time of change to this many nanoseconds before now.
    fn changed_ago(&self, name: &str, ns: i64) {
        let time = UNIX_EPOCH + Duration::from_nanos(u64::try_from(wall_ns() - ns).unwrap());
        let file = File::options().write(true).open(self.at(name)).unwrap();
        file.set_times(FileTimes::new().set_modified(time)).unwrap();
    }

    fn read(&self, name: &str) -> FileStamp {
        match self.folders.read(&self.path(name), &[]) {
            Content::Bytes(_, stamp) | Content::TooLarge(stamp) => stamp,
            other => panic!("{other:?}"),
        }
    }
}

/// What `stamp` keeps of a file on a file system without times of its own.
fn plain() -> FileSystem {
    FileSystem { tag: 3, inodes: false, change_times: false, pseudo: false }
}

#[test]
fn a_file_that_may_change_again_without_another_stamp_is_read_again_and_a_settled_one_is_not() {
    let disk = Disk::new();
    fs::write(disk.at("a"), "fresh").unwrap();
    let fresh = disk.read("a");
    let listed = || disk.list("", "").entries.first().unwrap().stamp;
    let deadline = wall_ns() + 20_000_000_000;
    let mut again = disk.read("a");
    while again != listed() && wall_ns() < deadline {
        again = disk.read("a");
    }
    assert_eq!(again, listed(), "once it has settled, the next look does not read it again");
    // Read within the same tick of the kernel's clock as it was written, it was not settled.
    assert!(fresh == fresh.unsettled() || fresh == again);
    let coarse = FileStamp { changed_ns: 0, modified_ns: (wall_ns() / 1_000_000_000) * 1_000_000_000, ..again };
    assert!(!coarse.is_settled(wall_ns()));
}

#[test]
fn where_the_file_system_has_no_inodes_and_no_times_of_its_own_they_do_not_count() {
    let disk = Disk::new();
    fs::write(disk.at("a"), "x").unwrap();
    disk.changed_ago("a", 5_000_000_000);
    let meta = fs::metadata(disk.at("a")).unwrap();
    let before = stamp(&meta, &plain());
    assert_eq!((before.changed_ns, before.inode, before.volume()), (0, FileStamp::default().on_volume(3).inode, 3));
    assert!(before.is_settled(wall_ns()));
    disk.changed_ago("a", -5_000_000_000);
    let future = stamp(&fs::metadata(disk.at("a")).unwrap(), &plain());
    assert!(!future.is_settled(wall_ns()), "a time in the future says nothing");
}

#[test]
fn a_source_that_is_gone_or_became_a_link_is_a_hole_and_its_folder_is_named() {
    let disk = Disk::new();
    fs::create_dir(disk.at("real")).unwrap();
    std::os::unix::fs::symlink(disk.at("real"), disk.at("link")).unwrap();
    for source in ["gone", "link", "real/not/there"] {
        let listing = disk.list(source, source);
        assert_eq!((listing.holes, listing.entries), (vec![disk.path(source)], Vec::new()), "{source}");
        assert_eq!(listing.remarks.len(), 1);
    }
    assert_eq!(
        disk.list("gone", "gone").volumes.first().map(|(path, _)| path.clone()),
        Some(disk.path("").strip_suffix(b"/").unwrap().to_vec())
    );
    assert!(disk.list("real/not/there", "real/not/there").volumes.is_empty(), "its folder is not there either");
    let listing = disk.list("real", "real/gone/deeper");
    assert_eq!((listing.holes.len(), listing.volumes.len()), (0, 1), "a folder in it may be gone");
}

#[test]
fn files_with_other_names_are_told_and_links_and_hidden_files_are_left_out() {
    let disk = Disk::new();
    for folder in ["docs/b", "docs/.git", "home"] {
        fs::create_dir_all(disk.at(folder)).unwrap();
    }
    for file in ["docs/a", "docs/b/c", "docs/.hidden", "docs/.git/x", "docs/b.txt"] {
        fs::write(disk.at(file), "x").unwrap();
    }
    fs::hard_link(disk.at("docs/a"), disk.at("docs/z")).unwrap();
    std::os::unix::fs::symlink(disk.at("docs/a"), disk.at("docs/link")).unwrap();
    let listing = disk.list("docs", "docs");
    let told: Vec<_> = listing.entries.iter().map(|entry| (entry.path.clone(), entry.has_other_names)).collect();
    let expected = [("docs/a", true), ("docs/b.txt", false), ("docs/b/c", false), ("docs/z", true)];
    assert_eq!(told, expected.map(|(name, linked)| (disk.path(name), linked)));
    let tags: Vec<u16> = listing.entries.iter().map(|entry| entry.stamp.volume()).collect();
    assert_eq!(tags, [listing.volumes[0].1; 4], "all on the file system of their source");
    assert!(tags[0] != 0 && listing.at > 1_700_000_000);
}

#[test]
fn what_can_be_read_only_later_is_told_apart_from_what_its_owner_locked() {
    let failed = |kind: ErrorKind| unreadable(&std::io::Error::from(kind));
    assert!(matches!(failed(ErrorKind::PermissionDenied), Content::Unreadable(_)));
    assert!(matches!(failed(ErrorKind::TimedOut), Content::Failed(_)));
    let disk = Disk::new();
    let here = crate::platform::file_system::FileSystem::of(
        std::fs::File::open("/proc").unwrap(),
        std::os::unix::fs::MetadataExt::dev(&std::fs::metadata("/proc").unwrap()),
    );
    let Content::Missing(tag) = disk.folders.read(&disk.path("gone"), &[]) else { panic!("it is not there") };
    assert_eq!(
        disk.folders.read(&disk.path("gone/too"), &[]),
        Content::Missing(tag),
        "of the deepest folder that is there"
    );
    assert!(tag != 0 && tag != here.tag);
    assert_eq!(disk.folders.read(b"/proc/none", &[]), Content::Missing(here.tag));
}

#[test]
fn a_source_whose_path_leads_into_another_watched_place_is_away_and_says_where_it_leads() {
    let disk = Disk::new();
    for folder in ["diary/stuff/docs/.vault", "diary/stuff/docs/deep", "elsewhere/docs/secret", "home"] {
        fs::create_dir_all(disk.at(folder)).unwrap();
    }
    for file in ["diary/stuff/docs/a", "diary/stuff/docs/.vault/b", "elsewhere/docs/c", "elsewhere/docs/secret/d"] {
        fs::write(disk.at(file), "x").unwrap();
    }
    let link = |to: &str, name: &str| std::os::unix::fs::symlink(disk.at(to), disk.at(name)).unwrap();
    link("diary/stuff", "stuff");
    link("elsewhere", "other");
    link("elsewhere/docs", "alias");
    let place = |name: &str, ring| Source { path: disk.path(name), ring, ..disk.source("x") };
    let listed = |source: &str, watched: &[Source]| {
        disk.folders.list(&Scan { source: disk.source(source), scope: disk.path(source), after: None }, watched)
    };
    let diary = |ring| [place("stuff/docs", Ring::Mesh), place("diary", ring)];
    for ring in [Ring::Private, Ring::Mesh] {
        for (source, scope) in [("stuff/docs", "stuff/docs"), ("stuff/docs", "stuff/docs/deep")] {
            let step = Scan { source: disk.source(source), scope: disk.path(scope), after: None };
            let listing = disk.folders.list(&step, &diary(ring));
            assert_eq!((listing.entries, listing.holes), (Vec::new(), vec![disk.path(source)]));
            let (why, word) = (listing.why.unwrap(), if ring == Ring::Private { "private " } else { "" });
            let says = format!("leads through a link into {}, which is a {word}place", disk.at("diary").display());
            assert!(why.contains(&says), "{why}");
        }
    }
    // The private place is reached by a link itself.
    let away = listed("other/docs", &[place("other/docs", Ring::Mesh), place("alias/secret", Ring::Private)]);
    assert!(away.entries.is_empty() && away.why.unwrap().contains("with the private place"));
    // What its owner named within it has the same link, and is no other place; and elsewhere a folder may lie as before.
    let named = [place("stuff/docs", Ring::Mesh), place("stuff/docs/.vault", Ring::Private)];
    assert_eq!(listed("stuff/docs", &named).entries.len(), 2);
    assert_eq!(listed("stuff/docs/.vault", &named).entries.len(), 1);
    assert_eq!(listed("stuff/docs", &[place("stuff/docs", Ring::Mesh), place("elsewhere", Ring::Private)]).why, None);
}

#[test]
fn what_took_the_place_of_a_folder_is_told_by_its_kind() {
    let disk = Disk::new();
    fs::write(disk.at("file"), "x").unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(disk.at("socket")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, disk.at("pipe"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0)
        .unwrap();
    fs::create_dir(disk.at("folder")).unwrap();
    for (source, instead) in
        [("file", Some("a file")), ("socket", Some("a socket")), ("pipe", Some("a pipe")), ("folder", None)]
    {
        assert_eq!(disk.list(source, source).instead, instead, "{source}");
        assert_eq!(disk.list(source, &format!("{source}/deeper")).instead, instead, "{source}");
    }
}

#[test]
fn a_file_from_before_1970_or_from_a_far_year_is_listed_and_read_like_any_other() {
    let disk = Disk::new();
    fs::create_dir(disk.at("old")).unwrap();
    for (name, seconds) in [("a", -1), ("b", -86_400 * 365 * 40), ("c", 0), ("d", 15_000_000_000), ("e", i64::MIN / 4)]
    {
        let name = format!("old/{name}");
        fs::write(disk.at(&name), "words").unwrap();
        let since = Duration::from_secs(seconds.unsigned_abs());
        let time = if seconds < 0 { UNIX_EPOCH.checked_sub(since) } else { UNIX_EPOCH.checked_add(since) };
        let file = File::options().write(true).open(disk.at(&name)).unwrap();
        // A file system that cannot hold it takes the nearest that it can.
        file.set_times(FileTimes::new().set_modified(time.unwrap())).unwrap();
        let stamp = disk.read(&name);
        let listed = disk.list("old", &name).entries;
        assert_eq!(listed.len(), 1, "{seconds}");
        assert_eq!((listed[0].stamp.size, listed[0].stamp.modified_ns), (5, stamp.modified_ns), "{seconds}");
        if seconds == -1 {
            assert_eq!(stamp.modified_ns, -1_000_000_000);
            assert!(!FileStamp { changed_ns: 0, ..stamp }.is_settled(wall_ns()), "such a time says nothing");
        }
    }
    assert_eq!(disk.list("old", "old").entries.len(), 5);
}
