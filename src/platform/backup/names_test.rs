//! The name under which a backup is made, what lies there already, and what is told meanwhile.

use super::*;

#[test]
fn nothing_is_overwritten_and_nothing_is_left_of_what_was_ended() {
    let folder = tempfile::tempdir().unwrap();
    let (home, disk) = made(&folder.path().join("home"));
    let path = folder.path().join("backup");
    fs::write(&path, "mine").unwrap();
    let why = back_up(&home, &disk, &path, false, |_| true).unwrap_err();
    assert!(why.contains("not overwritten") && fs::read(&path).unwrap() == b"mine", "{why}");
    assert_eq!(may_be_written(&path, false).unwrap_err(), why, "it is refused at once in the same words");
    assert!(may_be_written(&path.join("in a file"), false).unwrap_err().contains("is no folder"));
    assert!(may_be_written(&folder.path().join("none/x"), false).unwrap_err().contains("cannot be made: No such file"));
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("/nowhere", &link).unwrap();
    assert!(may_be_written(&link, false).is_err(), "a link to nothing is something too");
    fs::remove_file(&path).unwrap();
    assert_eq!(may_be_written(&path, false), Ok(()));
    for stage in [Stage::Checking, Stage::Writing] {
        let why = back_up(&home, &disk, &path, false, |progress| progress.stage != stage).unwrap_err();
        assert!(why.ends_with("nothing of it is left: the agent is stopping."), "{stage:?}: {why}");
        assert!(!path.exists() && !is_suspect(home.path()), "{stage:?}");
    }
}

#[test]
fn a_backup_has_its_name_once_it_is_whole_and_of_a_folder_everybody_is_told_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (home, disk) = made(&folder.path().join("home"));
    let path = folder.path().join("backup");
    let has_no_name = |_| !path.exists();
    back_up(&home, &disk, &path, false, has_no_name).unwrap();
    let names = |folder: &Path| fs::read_dir(folder).unwrap().count();
    assert_eq!((path.is_file(), names(folder.path())), (true, 2), "nothing is left beside it");
    // What comes into its place meanwhile stays.
    let late = folder.path().join("late");
    let why = back_up(&home, &disk, &late, false, |_| fs::write(&late, "mine").is_ok()).unwrap_err();
    assert!(why.contains("not overwritten") && fs::read(&late).unwrap() == b"mine", "{why}");
    for with_keys in [false, true] {
        let why = back_up(&home, &disk, folder.path(), with_keys, |_| true).unwrap_err();
        assert_eq!(may_be_written(folder.path(), with_keys), Err(why.clone()));
        assert!(why == is_a_folder(folder.path(), with_keys) && why.contains("/wattle.backup"), "{why}");
        assert_eq!(why.contains("--with-keys"), with_keys);
    }
}

#[test]
fn the_check_of_the_store_is_told_as_a_stage_of_its_own_before_the_writing() {
    let folder = tempfile::tempdir().unwrap();
    let (home, disk) = made(&folder.path().join("home"));
    let seen = RefCell::new(Vec::new());
    let tell = |progress: Progress| {
        seen.borrow_mut().push(progress);
        true
    };
    back_up(&home, &disk, &folder.path().join("backup"), false, tell).unwrap();
    let seen = seen.into_inner();
    assert!(seen.is_sorted_by_key(|progress| (progress.stage == Stage::Writing, progress.done)), "{seen:?}");
    for stage in [Stage::Checking, Stage::Writing] {
        let of_stage: Vec<&Progress> = seen.iter().filter(|progress| progress.stage == stage).collect();
        let last = of_stage.last().unwrap();
        assert!(of_stage.len() > 2 && last.done <= last.of && 10 * last.done > 8 * last.of, "{last:?}");
    }
}
