//! Settings that are gone or empty.

use super::super::Home;
use super::*;
use crate::config::Setting;
use std::fs;
use std::os::unix::fs::symlink;

const SET: &str = "# mine\n[node]\nname = \"attic\"\n";

/// The name that the settings of this home give the device.
fn name(home: &Path) -> Option<String> {
    Home::at(home).settings().unwrap().and_then(|config| config.node.name)
}

fn told(home: &Path) -> Vec<String> {
    Home::open(home).unwrap().findings().iter().map(|found| found.what.clone()).collect()
}

#[test]
fn settings_that_are_gone_or_empty_come_back_and_that_is_told_before_the_start_and_by_it() {
    for harm in [None, Some(""), Some(" \n"), Some("\0\0\0\0")] {
        let folder = tempfile::tempdir().unwrap();
        let (home, file) = (folder.path(), folder.path().join("config.toml"));
        fs::write(&file, SET).unwrap();
        assert_eq!((told(home), Home::at(home).settings_outlook()), (Vec::new(), None));
        match harm {
            Some(text) => fs::write(&file, text).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
        assert_eq!(name(home).as_deref(), Some("attic"), "they are read before a start mends them");
        let outlook = Home::at(home).settings_outlook().unwrap().what;
        assert!(outlook.contains("the next start puts it there"), "{outlook}");
        let told_now = told(home);
        assert!(told_now.len() == 1 && told_now[0].contains("its copy was put in its place"), "{told_now:?}");
        assert_eq!((fs::read_to_string(&file).unwrap().as_str(), told(home)), (SET, Vec::new()), "once");
    }
}

#[test]
fn what_the_owner_writes_holds_and_what_was_taken_out_does_not_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let (home, file) = (folder.path(), folder.path().join("config.toml"));
    fs::write(&file, SET).unwrap();
    assert_eq!(told(home), [""; 0]);
    for own in ["[node]\nname = \"cellar\"\n", "# nothing\n"] {
        fs::write(&file, own).unwrap();
        assert_eq!((told(home), fs::read_to_string(&file).unwrap().as_str()), (Vec::new(), own));
    }
    // One that cannot be used is told by who reads it, and is no copy.
    fs::write(&file, "[node\n").unwrap();
    assert_eq!((told(home), fs::read_to_string(&file).unwrap().as_str()), (Vec::new(), "[node\n"));
    assert!(Home::at(home).settings().is_err());
    fs::write(&file, SET).unwrap();
    Home::at(home).remember(&[Setting::Name("hall".to_owned())]).unwrap();
    fs::remove_file(&file).unwrap();
    assert_eq!(name(home).as_deref(), Some("hall"), "what a command wrote last");
}

#[test]
fn settings_that_are_lost_with_their_copy_are_told_once_and_a_home_without_any_says_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (home, file) = (folder.path(), folder.path().join("config.toml"));
    assert_eq!((told(home), Home::at(home).settings_outlook()), (Vec::new(), None));
    fs::write(&file, "").unwrap();
    assert_eq!((told(home), Home::at(home).settings_outlook()), (Vec::new(), None), "there were none before");
    fs::write(&file, SET).unwrap();
    assert_eq!(told(home), [""; 0]);
    fs::remove_file(&file).unwrap();
    fs::remove_file(guarded::copy_of(&file)).unwrap();
    assert!(Home::at(home).settings_outlook().unwrap().what.contains("the defaults hold, and what was set"));
    let told_now = told(home);
    assert!(told_now.len() == 1 && told_now[0].contains("the defaults hold now"), "{told_now:?}");
    assert_eq!((told(home), name(home)), (Vec::new(), None));
}

#[test]
fn settings_without_a_word_whose_copy_is_damaged_are_told_at_each_start_until_there_are_some_or_both_are_deleted() {
    for harm in [None, Some(""), Some(" \n")] {
        let folder = tempfile::tempdir().unwrap();
        let (home, file) = (folder.path(), folder.path().join("config.toml"));
        assert_eq!(told(home), [""; 0]);
        // As a command writes them under an agent that runs: no start has seen them.
        Home::at(home).remember(&[Setting::Name("attic".to_owned())]).unwrap();
        match harm {
            Some(text) => fs::write(&file, text).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
        fs::write(guarded::copy_of(&file), "rubbish").unwrap();
        for _ in 0..2 {
            let outlook = Home::at(home).settings_outlook().unwrap().what;
            assert!(
                outlook.contains("config.copy cannot be used: its checksum is wrong. The defaults hold"),
                "{outlook}"
            );
            assert_eq!((told(home), name(home)), (vec![outlook], None), "the start says the same");
            assert_eq!(fs::read(guarded::copy_of(&file)).unwrap(), b"rubbish", "nothing was changed");
        }
        if harm.is_none() {
            fs::remove_file(guarded::copy_of(&file)).unwrap();
        } else {
            fs::write(&file, SET).unwrap();
        }
        assert_eq!((told(home), Home::at(home).settings_outlook()), (Vec::new(), None), "{harm:?}");
    }
}

#[test]
fn settings_that_a_command_wrote_and_that_are_gone_with_their_copy_before_the_next_start_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let (home, file) = (folder.path(), folder.path().join("config.toml"));
    assert_eq!(told(home), [""; 0]);
    Home::at(home).remember(&[Setting::Name("attic".to_owned())]).unwrap();
    [file.clone(), guarded::copy_of(&file)].iter().for_each(|path| fs::remove_file(path).unwrap());
    let told_now = told(home);
    assert!(told_now.len() == 1 && told_now[0].contains("there is no copy of it"), "{told_now:?}");
    // Whose last setting was taken out has none, and lost nothing.
    fs::write(&file, "\n").unwrap();
    keep(&file, "\n");
    assert_eq!((told(home), Home::at(home).settings_outlook()), (Vec::new(), None));
}

#[test]
fn a_link_whose_file_is_away_stays_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let (home, elsewhere) = (folder.path().join("home"), folder.path().join("dotfiles.toml"));
    fs::create_dir(&home).unwrap();
    fs::write(&elsewhere, SET).unwrap();
    symlink(&elsewhere, home.join("config.toml")).unwrap();
    // A folder with something else in it becomes no home; this one is prepared as one.
    fs::write(home.join("lock"), "").unwrap();
    assert_eq!(told(&home), [""; 0]);
    fs::remove_file(&elsewhere).unwrap();
    let told_now = told(&home);
    assert!(told_now.len() == 1 && told_now[0].contains("what it leads to is not there"), "{told_now:?}");
    assert!(home.join("config.toml").is_symlink() && !elsewhere.exists());
    assert_eq!(name(&home).as_deref(), Some("attic"));
}
