//! Stores that are damaged, in another's place, or gone.

use super::*;
use crate::limits::{STORE_OPENINGS_MAX, STORE_UNENDED_MAX};
use crate::platform::disk::misplaced;
use crate::platform::store_aside::aside;
use crate::store::record::{FileStamp, Mark, Marks, Source};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

const MODEL: Fingerprint = Fingerprint([7; 32]);

/// A home whose store has a watched folder and tables on the disk.
fn home() -> (tempfile::TempDir, Home) {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let home = Home::open(folder.path()).unwrap();
    let source = Source { path: b"/a".to_vec(), collection: "home".into(), ring: Ring::Mesh, device: 1 };
    home.write(HomeFile::Sources, &Sources::from(vec![source]).encode()).unwrap();
    let (library, (), found) = open(&home, &MODEL.into(), Sync::Buffer, |_| Ok(())).unwrap();
    assert_eq!(found, None);
    library.kv().rotate().unwrap();
    (folder, home)
}

#[test]
fn a_folder_in_the_own_home_that_an_agent_of_before_took_is_watched_no_more() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    // A path of a home need not be UTF-8.
    let folder = folder.path().join(std::ffi::OsStr::from_bytes(b"home\xff"));
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    let home = Home::open(&folder).unwrap();
    let own = folder.as_os_str().as_bytes();
    let source =
        |path: &[&[u8]], ring, name: &str| Source { path: path.concat(), collection: name.into(), ring, device: 1 };
    let sources = vec![
        source(&[own], Ring::Mesh, "a"),
        source(&[own, b"/store"], Ring::Private, "b"),
        source(&[own, b"-beside"], Ring::Mesh, "c"),
        source(&[b"/"], Ring::Private, "d"),
    ];
    home.write(HomeFile::Sources, &Sources::from(sources.clone()).encode()).unwrap();
    let (library, ..) = open(&home, &MODEL.into(), Sync::Buffer, |_| Ok(())).unwrap();
    let left = read::sources(library.kv()).unwrap();
    assert_eq!(left.places, sources[2..]);
    assert_eq!(left.private, ["b"], "a folder that is added to it again is private");
}

#[test]
fn a_list_of_folders_that_is_gone_with_its_copy_is_written_anew_from_the_store() {
    let (folder, home) = home();
    let before = home.sources();
    assert_eq!(before.places.len(), 1);
    ["sources", "sources.copy"].iter().for_each(|name| fs::remove_file(folder.path().join(name)).unwrap());
    opens_with_its_folders(&home);
    assert_eq!(home.sources(), before);
}

#[test]
fn the_mark_on_a_place_in_no_watched_folder_ends_with_a_start() {
    let (_folder, home) = home();
    let start = || open(&home, &MODEL.into(), Sync::Buffer, |_| Ok(())).unwrap().0;
    let mark = |path: &str, kind| Mark::new(path.into(), kind);
    let stays = vec![mark("/a/stick", MarkKind::Away), mark("/b", MarkKind::Forgotten)];
    let stale = [mark("/", MarkKind::Away), mark("/mnt", MarkKind::Kept)];
    let marks = Marks([&stale[..], &stays].concat());
    start().apply(&Change::Marks(marks)).unwrap();
    assert_eq!(read::marks(start().kv()).unwrap(), Marks(stays));
}

#[test]
fn documents_of_a_folder_that_is_away_are_not_lost_unsaid_with_a_space_of_the_store() {
    for space in 0..9 {
        let (folder, home) = home();
        let start = || open(&home, &MODEL.into(), Sync::Buffer, |_| Ok(())).unwrap();
        let mut library = start().0;
        for number in 0..60 {
            let (path, stamp) = (format!("/a/{number}.md").into_bytes(), FileStamp::default());
            let seen = Change::Seen { path, stamp, collection: "home".into(), ring: Ring::Mesh };
            library.apply(&seen).unwrap();
        }
        library.kv().rotate().unwrap();
        drop(library);
        assert_eq!(start().2, None);
        let gone = folder.path().join(LAYOUT).join(format!("keyspaces/{space}"));
        if !gone.is_dir() {
            continue;
        }
        fs::remove_dir_all(gone).unwrap();
        let (library, (), found) = start();
        let left = read::documents_under(library.kv(), b"/a", None, 100).unwrap().len();
        let told = found.map_or_else(String::new, |found| found.what);
        let lost = format!("{} documents of folders that are away went with it", 60 - left);
        assert!(left == 60 || told.contains(&lost), "space {space}: {left} are left: {told}");
    }
}

#[test]
fn a_note_of_the_newest_tables_that_is_cut_flipped_or_gone_is_told_and_the_store_keeps_what_it_has() {
    let cut = |note: &Path, bytes| fs::File::options().write(true).open(note).unwrap().set_len(bytes).unwrap();
    let flip = |note: &Path| {
        let mut bytes = fs::read(note).unwrap();
        bytes[12] ^= 4;
        fs::write(note, bytes).unwrap();
    };
    let damages: [&dyn Fn(&Path); 5] =
        [&|note| cut(note, 12), &|note| cut(note, 4), &|note| cut(note, 0), &flip, &|note| {
            fs::remove_file(note).unwrap();
        }];
    let mut planted = 0;
    for (space, (at, damage)) in
        (0..9).step_by(4).flat_map(|space| damages.iter().enumerate().map(move |damage| (space, damage)))
    {
        let (folder, home) = home();
        let start = || open(&home, &MODEL.into(), Sync::Buffer, |_| Ok(())).unwrap();
        let mut library = start().0;
        let (path, stamp) = (b"/a/note.md".to_vec(), FileStamp::default());
        library.apply(&Change::Seen { path, stamp, collection: "home".into(), ring: Ring::Mesh }).unwrap();
        library.kv().rotate().unwrap();
        let note = folder.path().join(LAYOUT).join(format!("keyspaces/{space}/current"));
        // One without a table that is made anew is as it was.
        if !note.exists() {
            continue;
        }
        planted += 1;
        assert_eq!(library.kv().verify(), Ok(()), "space {space}");
        // fjall may write it anew just then, where it merges tables.
        let is_found = |_| {
            damage(&note);
            matches!(library.kv().verify(), Err(KvError::Damaged(_)))
        };
        assert!((0..20).any(is_found), "the doctor finds it under the agent: space {space}, damage {at}");
        drop(library);
        drop(start());
        // A flipped bit leaves enough of the checksum, and without tables there is nothing to leave out.
        let has_tables = fs::read_dir(note.with_file_name("tables")).unwrap().count() > 0;
        let repaired = (at != 3 && has_tables).then_some(1);
        damage(&note);
        // A start that ends while it reads the store leaves to the next one what was so.
        let ended = open(&home, &MODEL.into(), Sync::Buffer, |_| Err::<(), _>(KvError::Io("it is killed".into())));
        assert!(ended.is_err());
        let (library, (), found) = start();
        assert_eq!(found, of_notes(1, repaired), "space {space}, damage {at}");
        assert!(audit(library.kv()).unwrap().clean());
        assert_eq!(read::documents_under(library.kv(), b"/a", None, 9).unwrap().len(), 1);
        drop(library);
        assert_eq!(start().2, None, "once");
    }
    assert!(planted >= 10);
}

fn opens_with_its_folders(home: &Home) {
    let (library, (), found) =
        open(home, &MODEL.into(), Sync::Buffer, |_| Ok(())).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(read::sources(library.kv()).unwrap().places.len(), 1);
    assert!(audit(library.kv()).unwrap().clean());
    let aside = aside(&home.path().join(LAYOUT)).last().map(|(_, path)| path.display().to_string());
    assert!(found.is_none_or(|found| found.what.contains(&aside.unwrap())), "its owner is told where the old one is");
}

/// The regular files of a store, and its folders but for the outermost.
fn contents(store: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let (mut files, mut folders) = (Vec::new(), vec![store.to_owned()]);
    let mut at = 0;
    while let Some(folder) = folders.get(at).cloned() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() { folders.push(entry) } else { files.push(entry) }
        }
        at += 1;
    }
    folders.remove(0);
    (files, folders)
}

#[test]
fn whatever_file_of_the_store_becomes_a_folder_the_agent_starts_and_keeps_its_list() {
    let (kept, _home) = home();
    let (files, folders) = contents(&kept.path().join(LAYOUT));
    assert!(files.iter().any(|file| file.to_string_lossy().contains("/tables/")), "{files:?}");
    assert_eq!(misplaced(&kept.path().join(LAYOUT), 0), None, "a whole store is in order");
    // One of the spaces stands for the others.
    let others = (2..9).map(|space| kept.path().join(LAYOUT).join(format!("keyspaces/{space}")));
    let others: Vec<PathBuf> = others.collect();
    let of_one = |path: &&PathBuf| !others.iter().any(|other| path.starts_with(other));
    for path in files.iter().chain(&folders).filter(of_one) {
        let (folder, home) = home();
        mark_suspect(folder.path());
        let path = folder.path().join(path.strip_prefix(kept.path()).unwrap());
        if path.is_dir() {
            fs::remove_dir_all(&path).unwrap();
            fs::write(&path, "x").unwrap();
        } else {
            // The numbers of tables may differ from store to store; then a folder is added.
            let _ = fs::remove_file(&path);
            fs::create_dir(&path).unwrap();
        }
        opens_with_its_folders(&home);
    }
}

#[test]
fn a_store_whose_opening_ended_the_process_by_itself_three_times_is_set_aside() {
    let (folder, home) = home();
    let survives = |marks: &str| {
        fs::write(folder.path().join(OPENING), marks).unwrap();
        opens_with_its_folders(&home);
        assert!(!folder.path().join(OPENING).exists());
        aside(&folder.path().join(LAYOUT)).len()
    };
    let panicked = |times: usize| survives(&"xp".repeat(times));
    assert_eq!([panicked(STORE_OPENINGS_MAX - 1), panicked(STORE_OPENINGS_MAX)], [0, 1]);
    let was_ended = |times: usize| survives(&"x".repeat(times));
    assert_eq!([was_ended(STORE_UNENDED_MAX - 1), was_ended(STORE_UNENDED_MAX)], [1, 2], "Ctrl-C is no damage");
}

#[test]
fn a_file_in_the_place_of_the_store_is_set_aside() {
    let (folder, home) = home();
    fs::remove_dir_all(folder.path().join(LAYOUT)).unwrap();
    fs::write(folder.path().join(LAYOUT), "x").unwrap();
    opens_with_its_folders(&home);
}

#[test]
fn damaged_stores_are_kept_twice_and_not_without_limit() {
    let (folder, home) = home();
    let damage = folder.path().join(LAYOUT);
    for _ in 0..4 {
        fs::remove_dir_all(&damage).unwrap();
        fs::write(&damage, "x").unwrap();
        opens_with_its_folders(&home);
    }
    let numbers: Vec<u64> = aside(&damage).iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [3, 4]);
}

#[test]
fn a_store_whose_making_was_killed_is_made_anew_without_a_word_and_a_damaged_one_is_told() {
    let remove = |folder: &Path, name: &str| {
        let path = folder.join(LAYOUT).join(name);
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    };
    let halves: [&[&str]; 4] = [
        &["version", "keyspaces"],
        &["version", "keyspaces", "0.jnl"],
        &["keyspaces/0/current", "keyspaces/1", "keyspaces/2"],
        &["keyspaces/6/current", "keyspaces/7", "keyspaces/8"],
    ];
    for half in halves {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let home = Home::open(folder.path()).unwrap();
        drop(Disk::open(&folder.path().join(LAYOUT), Sync::Disk).unwrap());
        half.iter().for_each(|name| remove(folder.path(), name));
        for start in 0..2 {
            let (library, (), found) = open(&home, &MODEL.into(), Sync::Buffer, |_| Ok(())).unwrap();
            assert_eq!((found, aside(&folder.path().join(LAYOUT))), (None, Vec::new()), "{half:?}, start {start}");
            assert!(audit(library.kv()).unwrap().clean());
        }
    }
    let (folder, home) = home();
    remove(folder.path(), "version");
    let found = open(&home, &MODEL.into(), Sync::Buffer, |_| Ok(())).unwrap().2.unwrap();
    assert!(found.what.contains("The store was damaged"), "{found:?}");
}
