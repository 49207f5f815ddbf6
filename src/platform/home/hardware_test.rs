//! A home that wakes up in other hardware: its key, the one put aside, and power cuts in between.

use super::super::Home;
use super::*;

fn board(serial: &str) -> Hardware {
    Hardware { board: Some(serial.to_owned()), ..Hardware::default() }
}

fn key(home: &Home, hardware: &Hardware) -> (PeerId, Option<PeerId>) {
    let (identity, before) = home.identity_on(hardware).unwrap();
    assert_eq!(home.identity().unwrap().peer_id(), identity.peer_id(), "it is on the disk");
    (identity.peer_id(), before)
}

#[test]
fn a_copied_home_gets_a_key_of_its_own_and_the_old_one_is_put_aside_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).unwrap();
    let (one, two) = (board("10000000aaaa"), board("10000000bbbb"));
    let (first, before) = key(&home, &one);
    assert_eq!((key(&home, &one), before), ((first, None), None));
    assert_eq!(key(&home, &Hardware::default()), (first, None), "what is unknown makes no new key");
    let seed = fs::read(folder.path().join("identity.key")).unwrap();
    let (second, before) = key(&home, &two);
    assert!(second != first && before == Some(first));
    let aside = folder.path().join(file_of_old_key(&first));
    assert_eq!(fs::read(&aside).unwrap(), seed);
    assert_eq!(fs::metadata(&aside).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(key(&home, &two), (second, Some(first)), "once, and it is told until its owner has decided");
    let (third, before) = key(&home, &one);
    assert!(third != first && third != second && before == Some(second), "the first hardware is another one as well");
    assert!(aside.exists(), "nothing is destroyed");
    for file in [file_of_old_key(&first), file_of_old_key(&second)] {
        fs::remove_file(folder.path().join(file)).unwrap();
    }
    assert_eq!(key(&home, &one), (third, None), "deleted: decided");
}

#[test]
fn a_home_of_before_is_bound_at_its_first_start_without_a_word_and_a_key_that_was_put_here_is_bound_anew() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).unwrap();
    let first = home.identity().unwrap().peer_id();
    assert_eq!(key(&home, &Hardware::default()), (first, None));
    assert!(!home.file(HomeFile::Hardware).exists(), "nothing is known");
    assert_eq!(key(&home, &board("10000000aaaa")), (first, None));
    assert!(home.file(HomeFile::Hardware).exists());
    // Another key, by hand.
    fs::write(home.file(HomeFile::Identity), format!("{}\n", "5".repeat(64))).unwrap();
    let (second, before) = key(&home, &board("10000000bbbb"));
    assert!(second != first && before.is_none());
    assert_ne!(key(&home, &board("10000000aaaa")).0, second);
    // What cannot be read binds nothing.
    let (third, _) = key(&home, &board("10000000aaaa"));
    for file in ["hardware", "hardware.copy"] {
        fs::write(folder.path().join(file), "rubbish").unwrap();
    }
    assert_eq!(key(&home, &board("10000000cccc")).0, third);
}

#[test]
fn whoever_keeps_the_identity_has_the_earlier_key_again_bound_to_the_new_hardware() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).unwrap();
    let [one, two, three] = ["aaaa", "bbbb", "cccc"].map(|serial| board(&format!("10000000{serial}")));
    let (first, _) = key(&home, &one);
    let (second, _) = key(&home, &two);
    let done = home.keep_identity().unwrap();
    assert!(done.contains(&first.to_string()) && done.contains(&format!("wattle remove {second}")), "{done}");
    assert_eq!(key(&home, &two), (first, None));
    assert!(folder.path().join(file_of_old_key(&second)).exists(), "the one of meanwhile is kept too");
    assert_ne!(key(&home, &one).0, first, "it is bound to the second one now");
    // Typed before a move, the next hardware is the one.
    let (fourth, _) = key(&home, &one);
    let aside: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    aside
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "old"))
        .for_each(|old| fs::remove_file(old).unwrap());
    assert!(home.keep_identity().unwrap().contains("The next start keeps"));
    assert_eq!(key(&home, &three), (fourth, None));
    assert_ne!(key(&home, &one).0, fourth);
}

#[test]
fn a_power_cut_at_any_moment_of_a_new_key_leaves_one_that_is_whole_and_the_next_start_goes_on() {
    let whole = tempfile::tempdir().unwrap();
    let home = Home::open(whole.path()).unwrap();
    let (first, _) = key(&home, &board("10000000aaaa"));
    let bytes = |home: &Home, file| home.read(file).unwrap().unwrap();
    let (seed, noted) = (bytes(&home, HomeFile::Identity), bytes(&home, HomeFile::Hardware));
    let (second, _) = key(&home, &board("10000000bbbb"));
    // Before the new key was written: another one is made.
    home.write(HomeFile::Identity, &seed).unwrap();
    home.write(HomeFile::Hardware, &noted).unwrap();
    let (other, before) = key(&home, &board("10000000bbbb"));
    assert!(other != first && other != second && before == Some(first));
    // Before it was noted.
    home.write(HomeFile::Hardware, &noted).unwrap();
    assert_eq!(key(&home, &board("10000000bbbb")), (other, Some(first)));
}

#[test]
fn where_the_old_key_cannot_be_put_aside_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).unwrap();
    let (first, _) = key(&home, &board("10000000aaaa"));
    fs::create_dir(folder.path().join(file_of_old_key(&first)).with_extension("new")).unwrap();
    let why = home.identity_on(&board("10000000bbbb")).unwrap_err();
    assert!(why.contains("Nothing was changed"), "{why}");
    assert_eq!(key(&home, &board("10000000aaaa")), (first, None));
}
