//! Keys and notes that are damaged or lost: no device becomes another one by that, and none without a word.

use super::*;
use crate::platform::home::damage;

/// A bit of this file is another one, a few bytes before its end.
fn flip(home: &Home, name: &str) {
    let path = home.path().join(name);
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.len() - 9;
    bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
    fs::write(path, bytes).unwrap();
}

/// What is done to a home, in words and in deed.
type Harm = (&'static str, fn(&Home));

fn remove(home: &Home, name: &str) {
    fs::remove_file(home.path().join(name)).unwrap();
}

#[test]
fn a_note_of_the_hardware_that_is_not_proven_whole_makes_no_new_key_and_that_is_told_once() {
    let [one, two] = ["aaaa", "bbbb"].map(|serial| board(&format!("10000000{serial}")));
    let damages: [Harm; 8] = [
        ("gone, and its copy flipped", |home| {
            remove(home, "hardware");
            flip(home, "hardware.copy");
        }),
        ("flipped, without a copy", |home| {
            flip(home, "hardware");
            remove(home, "hardware.copy");
        }),
        ("both flipped", |home| ["hardware", "hardware.copy"].iter().for_each(|name| flip(home, name))),
        ("flipped, and its copy empty", |home| {
            flip(home, "hardware");
            fs::write(home.path().join("hardware.copy"), "").unwrap();
        }),
        ("rubbish", |home| {
            ["hardware", "hardware.copy"].iter().for_each(|name| fs::write(home.path().join(name), "rubbish").unwrap());
        }),
        ("empty", |home| {
            ["hardware", "hardware.copy"].iter().for_each(|name| fs::write(home.path().join(name), "").unwrap());
        }),
        ("of version 1, without a copy", |home| {
            of_version_1(home);
            remove(home, "hardware.copy");
        }),
        ("a folder", |home| {
            ["hardware", "hardware.copy"].iter().for_each(|name| remove(home, name));
            fs::create_dir(home.path().join("hardware")).unwrap();
        }),
    ];
    for (how, harm) in damages {
        let (folder, home) = opened();
        let (first, _) = key(&home, &one);
        harm(&home);
        let doctor = damage(folder.path());
        assert!(doctor.len() == 1 && doctor[0].what.contains("binds nothing"), "{how}: {doctor:?}");
        let home = reopened(&folder, home);
        let found = start(&home, &two).unwrap();
        assert_eq!((found.identity.peer_id(), found.before), (first, None), "{how}");
        let [told] = &found.findings[..] else { panic!("{how}: {:?}", found.findings) };
        assert!(told.what.contains("/hardware,") && told.what.contains(&first.to_string()), "{how}: {told:?}");
        if how != "a folder" {
            assert_eq!(start(&home, &two).unwrap().findings, [], "{how}, once");
            assert_ne!(key(&home, &one).0, first, "{how}: bound to the second one now");
        }
    }
    // One copy that is whole is enough.
    for damaged in ["hardware", "hardware.copy"] {
        let (folder, home) = opened();
        let (first, _) = key(&home, &one);
        flip(&home, damaged);
        let home = reopened(&folder, home);
        assert_ne!(key(&home, &two).0, first, "{damaged}");
    }
}

/// The note as version 1 wrote it, with its copy.
fn of_version_1(home: &Home) {
    let text = String::from_utf8(home.read(HomeFile::Hardware).unwrap().unwrap()).unwrap();
    let (above, _) = text.split_once("sum ").unwrap();
    home.write(HomeFile::Hardware, above.replace("hardware 2", "hardware 1").as_bytes()).unwrap();
}

#[test]
fn a_note_of_version_1_counts_with_its_copy_and_is_written_anew_in_this_version() {
    let [one, two] = ["aaaa", "bbbb"].map(|serial| board(&format!("10000000{serial}")));
    let (_folder, home) = opened();
    let (first, _) = key(&home, &one);
    of_version_1(&home);
    assert_ne!(key(&home, &two).0, first);
    assert_eq!(key(&home, &one).0, first);
    of_version_1(&home);
    assert_eq!(key(&home, &one), (first, None));
    assert!(home.read(HomeFile::Hardware).unwrap().unwrap().starts_with(b"wattle-hardware 2\n"));
}

#[test]
fn a_key_that_its_copy_does_not_prove_is_known_by_the_note_beside_it() {
    for bad_copy in [None, Some(""), Some("rubbish")] {
        let (folder, home) = opened();
        let (first, _) = key(&home, &Hardware::default());
        let whole = fs::read(home.file(HomeFile::Identity)).unwrap();
        match bad_copy {
            None => remove(&home, "identity.copy"),
            Some(bytes) => fs::write(home.path().join("identity.copy"), bytes).unwrap(),
        }
        assert_eq!(home.identity().unwrap().peer_id(), first, "{bad_copy:?}");
        flip(&home, "identity.key");
        let flipped = fs::read(home.file(HomeFile::Identity)).unwrap();
        let home = reopened(&folder, home);
        let why = start(&home, &Hardware::default()).unwrap_err();
        assert!(why.contains("the key of another device") && why.contains(&first.to_string()), "{why}");
        assert_eq!(damage(folder.path())[0].what, why, "the doctor says the same");
        assert!(home.keep_identity().is_err());
        assert_eq!(fs::read(home.file(HomeFile::Identity)).unwrap(), flipped, "nothing was changed");
        // From a backup, without the copy, as the sentence says.
        fs::write(home.file(HomeFile::Identity), &whole).unwrap();
        let _ = fs::remove_file(home.path().join("identity.copy"));
        let home = reopened(&folder, home);
        assert_eq!(key(&home, &Hardware::default()), (first, None));
        assert_eq!(damage(folder.path()), [], "and has a copy again");
        // Or its owner is sure of another one.
        fs::write(home.file(HomeFile::Identity), &flipped).unwrap();
        ["identity.copy", "hardware", "hardware.copy"].iter().for_each(|name| remove(&home, name));
        assert_ne!(key(&home, &Hardware::default()).0, first);
    }
}

#[test]
fn a_home_whose_key_is_gone_says_who_it_was_before_the_start_and_at_it() {
    let (_folder, home) = opened();
    assert_eq!(home.key_outlook(Some(&Hardware::default())), None, "a first start has lost nothing");
    let (first, _) = key(&home, &board("10000000aaaa"));
    assert_eq!(home.key_outlook(Some(&board("10000000aaaa"))), None);
    home.mesh_root().unwrap();
    ["identity.key", "identity.copy"].iter().for_each(|name| remove(&home, name));
    let outlook = home.key_outlook(Some(&Hardware::default())).unwrap().what;
    assert!(outlook.contains(&first.to_string()) && outlook.contains("join its mesh again"), "{outlook}");
    assert!(home.existing_identity().unwrap_err().contains("is gone"), "an agent that runs makes none");
    assert!(!home.file(HomeFile::Identity).exists());
    let found = start(&home, &Hardware::default()).unwrap();
    let second = found.identity.peer_id();
    let [told] = &found.findings[..] else { panic!("{:?}", found.findings) };
    for part in [&first.to_string(), &second.to_string(), &format!("wattle remove {first}")] {
        assert!(told.what.contains(part.as_str()), "{told:?}");
    }
    assert_eq!(start(&home, &Hardware::default()).unwrap().findings, [], "once");
    // Made by a command meanwhile, and where no note is left either.
    ["identity.key", "identity.copy"].iter().for_each(|name| remove(&home, name));
    home.identity().unwrap();
    let told = start(&home, &Hardware::default()).unwrap().findings;
    assert!(told.len() == 1 && told[0].what.contains(&second.to_string()), "{told:?}");
    ["identity.key", "identity.copy", "hardware", "hardware.copy"].iter().for_each(|name| remove(&home, name));
    let told = start(&home, &Hardware::default()).unwrap().findings;
    assert!(told.len() == 1 && told[0].what.contains("wattle mesh recover"), "{told:?}");
}

#[test]
fn before_a_start_in_other_hardware_the_doctor_says_what_it_does_and_what_is_in_the_way() {
    let (folder, home) = opened();
    let (first, _) = key(&home, &board("10000000aaaa"));
    let other = board("10000000bbbb");
    let outlook = home.key_outlook(Some(&other)).unwrap();
    assert!(outlook.what.contains("The next start puts its key") && outlook.what.contains("`wattle identity keep`"));
    let way = folder.path().join(file_of_old_key(&first)).with_extension("new");
    fs::create_dir(&way).unwrap();
    let outlook = home.key_outlook(Some(&other)).unwrap();
    assert!(
        outlook.what.contains("cannot be put aside") && outlook.what.contains(way.to_str().unwrap()),
        "{outlook:?}"
    );
    fs::remove_dir(&way).unwrap();
    home.keep_identity().unwrap();
    assert_eq!(home.key_outlook(Some(&other)), None, "it was kept for whatever hardware");
    ["hardware", "hardware.copy"].iter().for_each(|name| remove(&home, name));
    assert_eq!(home.key_outlook(Some(&other)), None, "the key was made by a command, and no agent was started");
    home.write(HomeFile::BootCount, b"1").unwrap();
    let outlook = home.key_outlook(Some(&other)).unwrap();
    assert!(outlook.what.contains("bound to nothing until the agent's next start"), "{outlook:?}");
    assert_eq!(home.key_outlook(None), None, "the key is there");
    key(&home, &other);
    assert_eq!(home.key_outlook(Some(&other)), None, "that start bound it");
}
