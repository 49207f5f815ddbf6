//! Damaged and lost files of a home.

use super::lost_test::energy;
use super::*;
use crate::mesh::trust::records::Records;

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_flipped_bit_in_the_key_is_mended_and_told_and_the_device_stays_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).unwrap();
    let id = home.identity().unwrap().peer_id();
    let path = home.file(HomeFile::Identity);
    let key = fs::read(&path).unwrap();
    drop(home);
    for at in [0, 31, 63, 64] {
        flip(&path, at);
        let beside = Home::at(folder.path()).identity().unwrap().peer_id();
        assert_eq!(beside, id, "digit {at}, beside a running agent");
        let home = Home::open(folder.path()).unwrap();
        assert_eq!(home.identity().unwrap().peer_id(), id, "digit {at}");
        assert!(home.findings().len() == 1 && home.findings()[0].what.contains("identity.key was damaged"));
        assert_eq!(fs::read(&path).unwrap(), key, "mended");
        assert!(home.path().join("identity.damaged").exists());
    }
    assert_eq!(Home::open(folder.path()).unwrap().findings(), []);
}

#[test]
fn a_key_of_before_gets_a_copy_and_one_that_its_owner_changed_or_removed_is_obeyed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity.key");
    let key = |digit: char| format!("{}\n", digit.to_string().repeat(64));
    fs::write(&path, key('a')).unwrap();
    let first = Home::open(folder.path()).unwrap().identity().unwrap().peer_id();
    flip(&path, 5);
    assert_eq!(Home::open(folder.path()).unwrap().identity().unwrap().peer_id(), first, "it has a copy now");
    fs::write(&path, key('5')).unwrap();
    let home = Home::open(folder.path()).unwrap();
    let second = home.identity().unwrap().peer_id();
    assert!(second != first && home.findings().is_empty(), "another key, not a damaged one");
    drop(home);
    fs::remove_file(&path).unwrap();
    let home = Home::open(folder.path()).unwrap();
    assert_eq!(home.identity().unwrap().peer_id(), second, "a key that is lost alone is taken from its copy");
    assert!(home.findings().len() == 1 && home.findings()[0].what.contains("identity.key was gone"));
    drop(home);
    for name in ["identity.key", "identity.copy"] {
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    let home = Home::open(folder.path()).unwrap();
    let third = home.identity().unwrap().peer_id();
    assert!(third != first && third != second && home.findings().is_empty(), "whoever removes both gets a new one");
}

#[test]
fn the_doctor_finds_each_flipped_byte_lost_file_and_unusable_copy_without_changing_anything() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).unwrap();
    home.identity().unwrap();
    home.token().unwrap();
    home.count_boot().unwrap();
    home.mesh_root().unwrap();
    home.tls_root().unwrap();
    home.write(HomeFile::Records, &Records::default().encode()).unwrap();
    home.identity_on(&Hardware::default(), &|_| false).unwrap();
    let made = [HomeFile::MeshRoot, HomeFile::TlsRoot, HomeFile::Records, HomeFile::Hardware];
    let whole = energy();
    for file in home_file::GUARDED.into_iter().skip(3).filter(|file| !made.contains(file)) {
        home.write(file, b"one").unwrap();
        home.write(file, if file == HomeFile::Energy { &whole } else { b"the content" }).unwrap();
    }
    assert_eq!(damage(folder.path()), []);
    for file in home_file::GUARDED {
        let path = home.file(file);
        let copy = guarded::copy_of(&path);
        let (whole, of_copy) = (fs::read(&path).unwrap(), fs::read(&copy).unwrap());
        let says = |part: &str, also: &str| {
            let found = damage(folder.path());
            let [finding] = &found[..] else { panic!("{file:?}: {found:?}") };
            let name = format!("{} ", path.display());
            assert!(finding.what.contains(&name), "{finding:?}");
            assert!(finding.what.contains(part) && finding.what.contains(also), "{part}: {finding:?}");
        };
        // The lowest bit of the first digit of a count makes it a higher one, which may be meant.
        fs::write(&path, if file == HomeFile::BootCount { &b"0"[..] } else { &whole }).unwrap();
        if file != HomeFile::BootCount {
            flip(&path, 0);
        }
        says("is damaged", "is whole, and the next start puts it");
        fs::remove_file(&path).unwrap();
        if meant::outlives_its_file(file) {
            says("is gone", "is whole, and the next start puts it");
            // There is nothing to list.
            assert_eq!(damage(folder.path())[0].command.as_deref(), Some("wattle up"));
        } else {
            assert_eq!(damage(folder.path()), [], "{file:?} may be deleted");
        }
        fs::write(&path, &whole).unwrap();
        flip(&copy, of_copy.len() - 1);
        says("The copy", "its checksum is wrong");
        fs::remove_file(&copy).unwrap();
        fs::create_dir(&copy).unwrap();
        says("The copy", "not a regular file");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        says("cannot be read", "cannot be used either");
        fs::remove_dir(&path).unwrap();
        fs::write(&path, &whole).unwrap();
        drop(Home::at(folder.path()));
        assert!(
            mend::all(folder.path())
                .iter()
                .any(|found| found.what.contains("cannot be used: it is not a regular file")),
            "a start says it as the doctor does"
        );
        fs::remove_dir(&copy).unwrap();
        fs::write(&copy, &of_copy).unwrap();
    }
    assert_eq!(damage(folder.path()), []);
}

#[test]
fn a_count_of_starts_is_never_lost_to_one_damage_and_may_be_raised_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("boot");
    let start = || {
        let home = Home::open(folder.path()).unwrap();
        (home.count_boot().unwrap().0, home.findings().len())
    };
    assert_eq!((start(), start()), ((1, 0), (2, 0)));
    for (damage, count) in [("many", 3), ("", 4), ("-3", 5), ("99999999999", 6)] {
        fs::write(&path, damage).unwrap();
        assert_eq!(start(), (count, 1), "{damage:?}");
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(start(), (7, 1));
    fs::write(&path, "40").unwrap();
    assert_eq!(start(), (41, 0));
    fs::write(&path, "3").unwrap();
    assert_eq!(start(), (42, 1), "a lower one is not meant");
    fs::remove_file(folder.path().join("boot.copy")).unwrap();
    fs::write(&path, "gone").unwrap();
    assert_eq!(start().0, 1, "without any count it begins anew: peers tell a higher one");
}

#[test]
fn a_count_or_token_that_is_gone_with_its_copy_is_told_where_an_agent_started_before() {
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        let home = Home::open(folder.path()).unwrap();
        home.token().unwrap();
        home.count_boot().unwrap();
        home.write(HomeFile::StoreModel, b"00\n").unwrap();
        home.findings().iter().map(|found| found.what.clone()).collect::<Vec<_>>()
    };
    assert_eq!(start(), [""; 0], "a first start loses nothing");
    for (file, now, after) in [
        (HomeFile::BootCount, "The next start counts from 1 again.", "It began from 1 again."),
        (HomeFile::Token, "The next start makes a new one", "A new one was made."),
    ] {
        let path = folder.path().join(file.name());
        fs::remove_file(guarded::copy_of(&path)).unwrap();
        fs::remove_file(path).unwrap();
        let found = damage(folder.path());
        assert!(found.len() == 1 && found[0].what.contains("is gone with its copy") && found[0].what.contains(now));
        let told = start();
        assert!(told.len() == 1 && told[0].contains("was gone with its copy") && told[0].contains(after), "{told:?}");
        assert_eq!((damage(folder.path()), start()), (Vec::new(), Vec::new()), "once");
    }
    fs::remove_file(folder.path().join(HomeFile::Token.name())).unwrap();
    let made_anew = start();
    assert!(
        made_anew.len() == 1 && made_anew[0].contains("who deletes that file alone gets a new token"),
        "{made_anew:?}"
    );
    assert_eq!((damage(folder.path()), start()), (Vec::new(), Vec::new()), "once");
}

#[test]
fn the_list_of_folders_and_what_the_governor_learned_survive_a_flipped_bit() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).unwrap();
    for file in [HomeFile::Sources, HomeFile::Energy] {
        home.write(file, b"before").unwrap();
        home.write(file, b"the content").unwrap();
        flip(&home.file(file), 4);
        assert_eq!(home.read(file).unwrap().unwrap(), b"the content");
    }
    drop(home);
    let home = Home::open(folder.path()).unwrap();
    assert_eq!(home.findings().len(), 2);
    assert_eq!(fs::read(home.file(HomeFile::Energy)).unwrap(), b"the content");
    fs::remove_file(home.file(HomeFile::Energy)).unwrap();
    assert_eq!(home.read(HomeFile::Energy).unwrap(), None, "its owner removed it");
}

#[test]
fn a_pipe_in_the_place_of_an_own_file_holds_nothing_up_and_is_named() {
    use rustix::fs::{CWD, Mode, mkfifoat};
    let folder = tempfile::tempdir().unwrap();
    let with_pipe = |name: &str| {
        let home = folder.path().join(name.replace('.', "-"));
        drop(Home::open(&home).unwrap());
        let _ = fs::remove_file(home.join(name));
        mkfifoat(CWD, home.join(name), Mode::RUSR | Mode::WUSR).unwrap();
        home
    };
    let why = Home::open(&with_pipe("lock")).unwrap_err();
    assert!(why.contains("The file lock in") && why.contains("not a regular file"), "{why}");
    let why = Home::open(&with_pipe("config.toml")).unwrap().settings().unwrap_err();
    assert!(why.contains("config.toml cannot be read") && why.contains("not a regular file"), "{why}");
    let why = Home::open(&with_pipe("identity.key")).unwrap().identity().unwrap_err();
    assert!(why.contains("identity.key") && why.contains("not a regular file"), "{why}");
    let why = Home::open(&with_pipe("boot")).unwrap().count_boot().unwrap_err();
    assert!(why.contains("count of starts") && why.contains("not a regular file"), "{why}");
    let why = Home::open(&with_pipe("api-token")).unwrap().token().unwrap_err();
    assert!(why.contains("api-token") && why.contains("not a regular file"), "{why}");
    for file in [HomeFile::Sources, HomeFile::Records, HomeFile::Energy, HomeFile::Peers, HomeFile::Api] {
        assert!(Home::open(&with_pipe(file.name())).unwrap().read(file).is_err(), "{}", file.name());
    }
    // A copy that is a pipe counts as none, and is replaced by the next writing.
    let copy = Home::open(&with_pipe("boot.copy")).unwrap();
    assert_eq!(copy.count_boot(), Ok((1, true)));
}

#[test]
fn of_a_file_and_its_copy_that_are_both_damaged_the_doctor_says_what_the_start_does_and_what_helps() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).unwrap();
    home.identity().unwrap();
    home.mesh_root().unwrap();
    home.write(HomeFile::Records, &Records::default().encode()).unwrap();
    home.write(HomeFile::Peers, b"the content").unwrap();
    drop(home);
    for (file, is_refused) in [(HomeFile::Records, true), (HomeFile::MeshRoot, true), (HomeFile::Peers, false)] {
        let path = folder.path().join(file.name());
        let copy = guarded::copy_of(&path);
        let (whole, of_copy) = (fs::read(&path).unwrap(), fs::read(&copy).unwrap());
        // No hex digit, and no version of the records.
        fs::write(&path, [b"~".as_slice(), &whole[1..]].concat()).unwrap();
        flip(&copy, of_copy.len() - 1);
        let found = damage(folder.path());
        let [finding] = &found[..] else { panic!("{file:?}: {found:?}") };
        let (what, command) = (&finding.what, finding.command.clone().unwrap());
        assert!(what.contains(&format!("{} ", path.display())) && what.contains(&copy.display().to_string()), "{what}");
        assert!(!what.contains("is whole"), "{what}");
        let moves = format!("mv -n {0} {0}.away && mv -n {1} {1}.away", path.display(), copy.display());
        assert_eq!(command, if is_refused { moves } else { format!("rm {}", copy.display()) });
        assert_eq!(mend::all(folder.path()).len(), usize::from(!is_refused), "the start says it of one that it uses");
        // Half of the advice is not enough for a file that the start refuses.
        fs::remove_file(&copy).unwrap();
        assert_eq!(damage(folder.path()).len(), usize::from(is_refused), "{file:?}");
        assert_eq!(mend::all(folder.path()), []);
        assert_eq!(copy.exists(), !is_refused, "what is damaged gets no copy");
        fs::write(&path, &whole).unwrap();
        fs::write(&copy, &of_copy).unwrap();
    }
    // A digit of the key: it is still a key, of another device.
    let path = folder.path().join("identity.key");
    let mut key = fs::read(&path).unwrap();
    key[40] = if key[40] == b'0' { b'1' } else { b'0' };
    fs::write(&path, &key).unwrap();
    let copy = guarded::copy_of(&path);
    flip(&copy, 200);
    let found = damage(folder.path());
    assert!(found.len() == 1 && found[0].what.contains("cannot be proven whole"), "{found:?}");
    assert_eq!(mend::all(folder.path()), [], "nothing is done about it");
    assert_eq!(Home::at(folder.path()).identity().unwrap_err(), found[0].what, "the start says the same");
}

#[test]
fn what_is_gone_with_a_damaged_copy_is_never_taken_for_what_never_was_and_the_copy_stays() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).unwrap();
    home.mesh_root().unwrap();
    home.write(HomeFile::Records, &Records::default().encode()).unwrap();
    assert!(home.read(HomeFile::Records).unwrap().is_some());
    drop(home);
    for file in [HomeFile::Records, HomeFile::MeshRoot] {
        let path = folder.path().join(file.name());
        let copy = guarded::copy_of(&path);
        fs::remove_file(&path).unwrap();
        let last = fs::read(&copy).unwrap().len() - 1;
        flip(&copy, last);
        let of_copy = fs::read(&copy).unwrap();
        let home = Home::open(folder.path()).unwrap();
        let why = match file {
            HomeFile::Records => home.read(file).unwrap_err().to_string(),
            _ => home.mesh_root().unwrap_err(),
        };
        assert!(why.contains("is gone") && why.contains(&copy.display().to_string()), "{why}");
        assert_eq!((path.exists(), fs::read(&copy).unwrap()), (false, of_copy), "{file:?}");
        assert!(damage(folder.path()).iter().any(|found| found.what.contains(&format!("{} is gone", path.display()))));
        // As the doctor says: then there is none.
        #[expect(clippy::disallowed_methods, reason = "as the owner does")]
        fs::rename(&copy, leftovers::away(&copy)).unwrap();
        assert_eq!(home.read(file).unwrap(), None);
    }
}

#[test]
fn what_was_moved_away_of_a_key_is_as_private_as_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).unwrap();
    for name in ["identity.key.away", "mesh-root.copy.away2", "api-token.damaged"] {
        let path = folder.path().join(name);
        fs::write(&path, b"a key").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(home.keys_aside().contains(&path), "the doctor looks at it: {name}");
    }
    home.identity_on(&Hardware::default(), &|_| false).unwrap();
    for path in home.keys_aside() {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{path:?}");
    }
}

#[test]
fn a_folder_in_the_place_of_a_file_is_to_be_moved_away_by_the_doctor_and_by_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).unwrap();
    home.count_boot().unwrap();
    drop(home);
    let path = folder.path().join("boot");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let found = damage(folder.path());
    assert!(found.len() == 1 && found[0].what.contains("move it away"), "{found:?}");
    assert_eq!(found[0].command, Some(format!("mv -n {0} {0}.away", path.display())));
    assert_eq!(Home::open(folder.path()).unwrap().findings(), found);
    #[expect(clippy::disallowed_methods, reason = "as the owner does")]
    fs::rename(&path, folder.path().join("boot.away")).unwrap();
    assert_eq!(Home::open(folder.path()).unwrap().count_boot(), Ok((2, true)));
}
