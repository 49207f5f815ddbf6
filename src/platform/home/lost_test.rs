//! Small files that are lost together with their copies.

use super::*;

/// What is done to a file, in words and in deed.
type Harm = (&'static str, fn(&Path));

#[test]
fn each_small_file_that_is_lost_with_its_copy_is_told_before_the_start_and_by_it_however_it_was_lost() {
    let harms: [Harm; 4] = [
        ("gone", |path| {
            [path.to_owned(), guarded::copy_of(path)].iter().for_each(|path| fs::remove_file(path).unwrap());
        }),
        ("cut", |path| [path.to_owned(), guarded::copy_of(path)].iter().for_each(|path| fs::write(path, "").unwrap())),
        ("garbled", |path| {
            fs::write(path, "{}").unwrap();
            fs::write(guarded::copy_of(path), "rubbish").unwrap();
        }),
        ("garbled, without a copy", |path| {
            fs::write(path, "zz").unwrap();
            fs::remove_file(guarded::copy_of(path)).unwrap();
        }),
    ];
    for (file, says) in [
        (HomeFile::Token, "token of the agent's API"),
        (HomeFile::BootCount, "count of the agent's starts"),
        (HomeFile::Energy, "A pause, if there was one, is lost"),
    ] {
        for (how, harm) in harms {
            let folder = tempfile::tempdir().unwrap();
            let start = || {
                let home = Home::open(folder.path()).unwrap();
                home.token().unwrap();
                home.count_boot().unwrap();
                home.write(HomeFile::Energy, &energy()).unwrap();
                home.findings().iter().map(|found| found.what.clone()).collect::<Vec<_>>()
            };
            assert_eq!(start(), [""; 0]);
            harm(&folder.path().join(file.name()));
            let found = damage(folder.path());
            assert!(found.len() == 1, "{file:?} {how}: {found:?}");
            assert!(found.iter().all(|found| found.what.contains(says) && found.what.contains(" is ")), "{found:?}");
            let told = start();
            assert!(told.len() == 1 && told[0].contains(says) && told[0].contains(" was "), "{file:?} {how}: {told:?}");
            assert_eq!((damage(folder.path()), start()), (Vec::new(), Vec::new()), "{file:?} {how}: once");
        }
    }
}

/// What the governor writes.
pub(super) fn energy() -> Vec<u8> {
    use crate::energy::coordinator::persisted::PersistedState;
    serde_json::to_vec(&PersistedState { v: PersistedState::VERSION, ..PersistedState::default() }).unwrap()
}

#[test]
fn a_home_of_which_the_store_alone_is_left_is_not_one_in_which_no_agent_ran() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::at(folder.path());
    fs::create_dir(folder.path().join("store-1")).unwrap();
    assert!(home.has_only_its_store() && !home.lacks_its_store());
    let outlook = home.key_outlook(None).unwrap().what;
    assert!(
        outlook.contains("a new device then to the others") && outlook.contains("the store alone is left"),
        "{outlook}"
    );
    assert_eq!(damage(folder.path()).len(), 3, "the token, the count and the password");
    let found = home.identity_on(&Hardware::default(), &|_| false).unwrap().findings;
    assert!(found.len() == 1 && found[0].what.contains("It is a new one to the others"), "{found:?}");
    assert!(!home.has_only_its_store());
    home.write(HomeFile::StoreModel, b"00\n").unwrap();
    fs::remove_dir(folder.path().join("store-1")).unwrap();
    assert!(home.lacks_its_store());
    // As a backup is restored.
    let restored = tempfile::tempdir().unwrap();
    fs::create_dir(restored.path().join("store-1")).unwrap();
    Home::at(restored.path()).write(HomeFile::Sources, &Sources::default().encode()).unwrap();
    assert_eq!((Home::at(restored.path()).key_outlook(None), damage(restored.path())), (None, Vec::new()));
}

#[test]
fn a_home_is_new_only_while_nothing_of_an_agent_but_its_key_is_in_it_whatever_was_lost() {
    let folder = tempfile::tempdir().unwrap();
    // The settings and the page's password may be written before the first start.
    fs::write(folder.path().join("config.toml"), "# mine\n").unwrap();
    Home::at(folder.path()).write(HomeFile::Password, b"{}").unwrap();
    assert!(Home::open(folder.path()).unwrap().is_new() && !Home::at(folder.path()).is_new());
    // As `wattle id` makes it, and `wattle identity keep` notes it.
    Home::open(folder.path()).unwrap().identity().unwrap();
    Home::open(folder.path()).unwrap().keep_identity().unwrap();
    assert!(Home::open(folder.path()).unwrap().is_new(), "a key alone opens nothing, and its home is new");
    Home::open(folder.path()).unwrap().token().unwrap();
    assert!(!Home::open(folder.path()).unwrap().is_new());
    for name in
        ["identity.key", "identity.copy", "api-token", "api-token.copy", "boot", "api-password", "api-password.copy"]
    {
        let _ = fs::remove_file(folder.path().join(name));
    }
    assert!(!Home::open(folder.path()).unwrap().is_new(), "a store, or the list of what was there, tells it");
}

#[test]
fn a_file_whose_first_writing_was_killed_is_finished_without_a_word_and_one_that_is_lost_later_is_told() {
    use super::durable::cut;
    let key = "5".repeat(64);
    for (file, changes) in home_file::GUARDED.into_iter().flat_map(|file| (0..=2).map(move |changes| (file, changes))) {
        let content = if file == HomeFile::Identity { key.as_bytes() } else { b"the content" };
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        if file != HomeFile::Identity {
            home.identity().unwrap();
        }
        // What the others are written behind.
        if ![HomeFile::Identity, HomeFile::Token, HomeFile::BootCount].contains(&file) {
            home.token().unwrap();
            home.count_boot().unwrap();
        }
        // First the copy, then the file, then the list of what was written.
        cut::after(Some(changes));
        let done = home.write(file, content);
        cut::after(None);
        assert_eq!(done.is_ok(), changes == 2, "{file:?}");
        let path = home.file(file);
        assert_eq!((guarded::copy_of(&path).exists(), path.exists()), (changes >= 1, changes == 2), "{file:?}");
        drop(home);
        assert_eq!(damage(folder.path()), [], "{file:?} after {changes}");
        let home = Home::open(folder.path()).unwrap();
        assert_eq!(home.findings(), [], "{file:?} after {changes}");
        if changes == 0 || !meant::outlives_its_file(file) {
            continue;
        }
        assert_eq!(home.read(file).unwrap().as_deref(), Some(content), "{file:?} after {changes}");
        drop(home);
        fs::remove_file(&path).unwrap();
        assert_eq!(damage(folder.path()).len(), 1, "{file:?}: it is lost");
        assert_eq!(Home::open(folder.path()).unwrap().findings().len(), 1, "{file:?}");
    }
}

#[test]
fn where_the_list_of_what_was_written_is_lost_too_a_file_that_is_gone_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).unwrap();
    home.identity().unwrap();
    home.write(HomeFile::Sources, b"the content").unwrap();
    drop(home);
    [HomeFile::Sources, HomeFile::Written]
        .iter()
        .for_each(|file| fs::remove_file(folder.path().join(file.name())).unwrap());
    assert!(damage(folder.path()).len() == 1 && Home::open(folder.path()).unwrap().findings().len() == 1);
}
