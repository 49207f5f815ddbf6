//! A home that wakes up in other hardware: its key, the one put aside, and power cuts in between.

use super::super::Home;
use super::super::durable::cut;
use super::*;
use crate::mesh::hardware::{Serial, file_of_old_key};
use std::fs;

mod lost_test;

fn board(serial: &str) -> Hardware {
    let board = Serial::read(serial);
    assert!(board.is_some(), "{serial}");
    Hardware { board, ..Hardware::default() }
}

/// A fresh home, on hardware of its own.
fn opened() -> (tempfile::TempDir, Home) {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).unwrap();
    (folder, home)
}

/// The same home, opened anew: what can be mended is.
fn reopened(folder: &tempfile::TempDir, home: Home) -> Home {
    drop(home);
    Home::open(folder.path()).unwrap()
}

fn key(home: &Home, hardware: &Hardware) -> (PeerId, Option<PeerId>) {
    let OnHardware { identity, before, .. } = start(home, hardware).unwrap();
    assert_eq!(home.identity().unwrap().peer_id(), identity.peer_id(), "it is on the disk");
    (identity.peer_id(), before)
}

fn start(home: &Home, hardware: &Hardware) -> Result<OnHardware, String> {
    home.identity_on(hardware, &|_| false)
}

/// A root key in a home's file, in place or put aside.
fn root(home: &Home, name: &str) -> Option<Vec<u8>> {
    fs::read(home.path().join(name)).ok()
}

#[test]
fn a_copied_home_gets_a_key_of_its_own_and_the_old_one_is_put_aside_private() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, home) = opened();
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
    fs::remove_file(folder.path().join(file_of_old_key(&first))).unwrap();
    assert_eq!(key(&home, &two), (second, None), "deleted: decided");
}

#[test]
fn a_card_that_comes_back_has_its_key_of_there_again_unless_that_was_removed_and_that_is_told_once() {
    let (folder, home) = opened();
    let [one, two, three] = ["aaaa", "bbbb", "cccc"].map(|serial| board(&format!("10000000{serial}")));
    let (first, _) = key(&home, &one);
    let made = home.mesh_root().unwrap().key().clone();
    let (second, _) = key(&home, &two);
    let (third, before) = key(&home, &three);
    assert!(before == Some(second) && third != second && third != first);
    let back = start(&home, &one).unwrap();
    let told = back.findings[0].what.clone();
    assert!(back.identity.peer_id() == first && back.before.is_none());
    assert!(told.contains(&first.to_string()) && told.contains(&format!("wattle remove {third}")), "{told}");
    assert_eq!(start(&home, &one).unwrap().findings, [], "once");
    assert_eq!(*home.existing_mesh_root().unwrap().unwrap().key(), made, "with the root of its mesh");
    assert!(!folder.path().join(file_of_old_key(&first)).exists(), "it is in use");
    assert_eq!([key(&home, &two), key(&home, &three), key(&home, &two)].map(|of| of.0), [second, third, second]);
    assert!(home.existing_mesh_root().unwrap().is_none(), "that belongs to the first");
    let other = home.identity_on(&one, &|key| *key == first).unwrap();
    let (fourth, before) = (other.identity.peer_id(), other.before);
    assert!(![first, second, third].contains(&fourth) && before == Some(second), "the mesh has removed the first");
    let aside = home.keys_aside().iter().filter(|file| file.to_string_lossy().contains("/identity-")).count();
    assert_eq!(aside, 3, "nothing is destroyed");
    // It is known of the latest few alone.
    for number in 0..9 {
        key(&home, &board(&format!("2000abcd{number}")));
    }
    let bindings = home.keys_aside().iter().filter(|file| file.to_string_lossy().contains("/hardware-")).count();
    assert_eq!(bindings, crate::limits::BINDINGS_KEPT);
}

#[test]
fn the_root_of_a_mesh_goes_with_the_key_of_the_device_that_made_it_and_comes_back_with_that_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, home) = opened();
    let (first, _) = key(&home, &board("10000000aaaa"));
    home.mesh_root().unwrap();
    let made = root(&home, "mesh-root");
    let (second, _) = key(&home, &board("10000000bbbb"));
    let aside = format!("mesh-root-{first}.old");
    assert!(made.is_some() && root(&home, &aside) == made);
    assert_eq!([root(&home, "mesh-root"), root(&home, "mesh-root.copy")], [None, None]);
    assert!(home.existing_mesh_root().unwrap().is_none());
    fs::set_permissions(folder.path().join(&aside), fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(key(&home, &board("10000000bbbb")).0, second);
    assert_eq!(fs::metadata(folder.path().join(&aside)).unwrap().permissions().mode() & 0o777, 0o600, "private again");
    home.keep_identity().unwrap();
    assert_eq!(key(&home, &board("10000000bbbb")), (first, None));
    assert_eq!([root(&home, "mesh-root"), root(&home, &aside)], [made, None]);
}

#[test]
fn a_home_of_before_is_bound_at_its_first_start_without_a_word_and_a_key_that_was_put_here_is_bound_anew() {
    let (_folder, home) = opened();
    let first = home.identity().unwrap().peer_id();
    assert_eq!(key(&home, &Hardware::default()), (first, None));
    let noted = || String::from_utf8(home.read(HomeFile::Hardware).unwrap().unwrap()).unwrap();
    assert!(noted().contains(&first.to_string()) && !noted().contains("board "), "of the hardware nothing is known");
    assert_eq!(key(&home, &board("10000000aaaa")), (first, None));
    assert!(noted().contains("board "));
    // Another key, by hand.
    fs::write(home.file(HomeFile::Identity), format!("{}\n", "5".repeat(64))).unwrap();
    let (second, before) = key(&home, &board("10000000bbbb"));
    assert!(second != first && before.is_none());
    assert_ne!(key(&home, &board("10000000aaaa")).0, second);
}

#[test]
fn whoever_keeps_the_identity_has_the_earlier_key_again_bound_to_the_new_hardware() {
    let (folder, home) = opened();
    let [one, two, three] = ["aaaa", "bbbb", "cccc"].map(|serial| board(&format!("10000000{serial}")));
    let (first, _) = key(&home, &one);
    let (second, _) = key(&home, &two);
    let done = home.keep_identity().unwrap();
    assert!(done.contains(&first.to_string()) && done.contains(&format!("wattle remove {second}")), "{done}");
    assert_eq!(key(&home, &two), (first, None));
    assert!(folder.path().join(file_of_old_key(&second)).exists(), "the one of meanwhile is kept too");
    assert_ne!(key(&home, &one).0, first, "it is bound to the second one now");
    assert_eq!(key(&home, &two).0, first, "and comes back there");
    // Typed before a move, the next hardware is the one.
    let (fourth, _) = key(&home, &one);
    home.keys_aside().iter().for_each(|old| fs::remove_file(old).unwrap());
    assert!(home.keep_identity().unwrap().contains("The next start keeps"));
    assert_eq!(key(&home, &three), (fourth, None));
    assert_ne!(key(&home, &one).0, fourth);
}

#[test]
fn a_power_cut_at_any_moment_of_a_new_key_leaves_one_that_is_whole_and_the_next_start_goes_on() {
    let (_folder, home) = opened();
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

/// Begins from a home that `prepare` made, and cuts the power after each number of changes that `act` makes to it.
fn cut_at_each_change<T>(
    prepare: impl Fn(&Home) -> T,
    act: impl Fn(&Home) -> Result<(), String>,
    check: impl Fn(&Home, &T, Result<(), String>),
) {
    for changes in 0..60 {
        let (folder, home) = opened();
        let before = prepare(&home);
        cut::after(Some(changes));
        let done = act(&home);
        let is_cut = cut::is_over();
        cut::after(None);
        let home = reopened(&folder, home);
        check(&home, &before, done);
        if !is_cut {
            assert!(changes > 8, "there are more changes than {changes}");
            return;
        }
    }
    panic!("it comes to no end");
}

#[test]
fn a_power_cut_or_a_full_disk_at_any_moment_of_keep_or_a_new_key_loses_no_key_and_it_is_done_when_it_is_typed_again() {
    let [one, two] = ["aaaa", "bbbb"].map(|serial| board(&format!("10000000{serial}")));
    let first_with_root = |home: &Home| {
        let (first, _) = key(home, &one);
        home.mesh_root().unwrap();
        (first, root(home, "mesh-root"))
    };
    let copied = |home: &Home| {
        let (first, made) = first_with_root(home);
        (first, made, key(home, &two).0)
    };
    let keep = |home: &Home| home.keep_identity().map(drop);
    let has_root = |home: &Home| home.existing_mesh_root().unwrap().is_some();
    // Kept, and not typed again.
    cut_at_each_change(copied, keep, |home, (first, made, second), done| {
        let unchanged = done.as_ref().is_err_and(|why| why.contains("Nothing was changed"));
        let (present, before) = key(home, &two);
        assert_eq!(present == *second, unchanged, "{done:?}");
        let expected = if unchanged { (*second, Some(*first)) } else { (*first, None) };
        assert_eq!((present, before), expected, "{done:?}");
        assert!(home.path().join(file_of_old_key(if unchanged { first } else { second })).exists());
        assert_eq!(root(home, "mesh-root").filter(|_| !unchanged), made.clone().filter(|_| !unchanged));
        assert_eq!(has_root(home), !unchanged, "the second key never has the root");
    });
    // Kept, and typed again.
    cut_at_each_change(copied, keep, |home, (first, made, second), _| {
        let _ = home.keep_identity();
        let seed = aside::seed(home.path(), second);
        assert_eq!(key(home, &two), (*first, None));
        assert!(seed.is_ok() && root(home, "mesh-root") == *made);
    });
    let new_key = |home: &Home| start(home, &two).map(drop);
    // Made, and gone on.
    cut_at_each_change(first_with_root, new_key, |home, (first, made), _| {
        let is_other = home.identity().unwrap().peer_id() != *first;
        assert!(!is_other || !has_root(home), "a new key never has the root");
        let (second, before) = key(home, &two);
        assert!(second != *first && before == Some(*first) && !has_root(home));
        home.keep_identity().unwrap();
        assert!(key(home, &two) == (*first, None) && root(home, "mesh-root") == *made);
    });
    // Made, and `keep` typed at once.
    cut_at_each_change(first_with_root, new_key, |home, (first, made), _| {
        home.keep_identity().unwrap();
        assert!(key(home, &two) == (*first, None) && root(home, "mesh-root") == *made);
    });
    // Made, and gone back: that is the first hardware.
    cut_at_each_change(first_with_root, new_key, |home, (first, made), _| {
        let (present, before) = key(home, &one);
        let was_noted = before.is_none();
        assert!(!was_noted || (present == *first && root(home, "mesh-root") == *made), "{present} {before:?}");
        assert!(was_noted || before == Some(*first), "bound anew, and its owner is asked");
    });
    let back = |home: &Home| start(home, &one).map(drop);
    cut_at_each_change(copied, back, |home, (first, made, second), _| {
        assert!(key(home, &one) == (*first, None) && root(home, "mesh-root") == *made);
        assert!(aside::seed(home.path(), second).is_ok());
    });
}

#[test]
fn where_the_old_key_cannot_be_put_aside_nothing_changes() {
    let (folder, home) = opened();
    let (first, _) = key(&home, &board("10000000aaaa"));
    fs::create_dir(folder.path().join(file_of_old_key(&first)).with_extension("new")).unwrap();
    let why = start(&home, &board("10000000bbbb")).unwrap_err();
    assert!(why.contains("Nothing was changed"), "{why}");
    assert_eq!(key(&home, &board("10000000aaaa")), (first, None));
}
