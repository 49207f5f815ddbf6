//! The password of a page: set, typed, removed, and chosen by a first visitor.

use super::*;

const WORDS: &str = "quince and plum";

fn typed(password: &Password, what: &str) -> Typed {
    smol::block_on(password.look_at(Zeroizing::new(what.to_owned()), (1, 1)))
}

fn set(password: &Password, what: &str, first: bool) -> Result<u64, Unchanged> {
    smol::block_on(password.set(Zeroizing::new(what.to_owned()), first))
}

/// As `begin` without its clock.
fn begun(home: &Path, boot: u32) -> Password {
    let password = Password::load(home);
    if boot == 1 || password.with(|state| state.content.spent_s) > 0 {
        password.open_window();
        password.spend();
    }
    password
}

#[test]
fn a_password_is_right_wrong_or_not_there_and_stays_over_a_start() {
    let home = tempfile::tempdir().unwrap();
    let password = Password::load(home.path());
    assert_eq!((typed(&password, WORDS), password.is_set()), (Typed::Unset, false));
    set(&password, WORDS, false).unwrap();
    for of in [&password, &Password::load(home.path())] {
        assert!(of.is_set() && !of.is_first_visit());
        assert_eq!(
            [typed(of, WORDS), typed(of, "plum and quince"), typed(of, "")],
            [Typed::Right, Typed::Wrong, Typed::Wrong]
        );
    }
    assert!(matches!(set(&password, "short", false), Err(Unchanged::Unfit(_))));
    assert_eq!(typed(&password, WORDS), Typed::Right, "what is refused changes nothing");
    smol::block_on(password.remove()).unwrap();
    for of in [&password, &Password::load(home.path())] {
        assert_eq!(typed(of, WORDS), Typed::Unset);
    }
    assert!(smol::block_on(password.remove()).unwrap_err().why().contains("no password"));
}

#[test]
fn the_file_and_debug_texts_have_no_password_and_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let password = Password::load(home.path());
    set(&password, WORDS, false).unwrap();
    let files: Vec<PathBuf> = std::fs::read_dir(home.path()).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.iter().any(|file| file.ends_with("api-password")), "{files:?}");
    for path in files {
        assert!(!String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains("quince"), "{}", path.display());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
    }
    let sum = serde_json::to_value(password.with(|state| state.content.password.clone())).unwrap()["sum"]
        .as_str()
        .unwrap()
        .to_owned();
    let shown = format!("{password:?}");
    assert!(!shown.contains(&sum) && !shown.contains("quince"), "{shown}");
}

#[test]
fn the_first_visitor_chooses_once_and_only_in_the_first_half_hour_of_running_time() {
    let home = tempfile::tempdir().unwrap();
    // Restarts spend the window: each start writes down a step before anybody may choose.
    for boot in 1..=6 {
        assert!(begun(home.path(), boot).is_first_visit(), "start {boot}");
    }
    let late = begun(home.path(), 7);
    assert!(!late.is_first_visit());
    assert!(set(&late, WORDS, true).unwrap_err().why().contains("first half hour"));
    assert!(!late.is_set());

    let home = tempfile::tempdir().unwrap();
    let password = begun(home.path(), 1);
    assert!(set(&password, "short", true).is_err() && password.is_first_visit(), "a bad one does not end it");
    set(&password, WORDS, true).unwrap();
    assert!(!password.is_first_visit() && set(&password, "another one", true).is_err());
    assert_eq!(typed(&password, WORDS), Typed::Right);
    smol::block_on(password.remove()).unwrap();
    for boot in [1, 2] {
        assert!(!begun(home.path(), boot).is_first_visit(), "one was set once");
    }
}

#[test]
fn a_home_of_before_has_no_first_visit_and_neither_has_one_whose_file_is_damaged() {
    let home = tempfile::tempdir().unwrap();
    assert!(!begun(home.path(), 2).is_first_visit());
    let password = Password::load(home.path());
    password.begin(FirstVisit::Shut, true);
    assert!(!password.is_first_visit() && !password.is_first_visit_for_all());

    set(&password, WORDS, false).unwrap();
    std::fs::remove_file(home.path().join("api-password.copy")).unwrap();
    std::fs::write(home.path().join("api-password"), b"{\"password\":").unwrap();
    let damaged = begun(home.path(), 1);
    assert!(!damaged.is_first_visit());
    assert_eq!(typed(&damaged, WORDS), Typed::Unset);
}

#[test]
fn the_window_is_for_this_device_alone_unless_the_agent_was_started_for_a_visitor_from_another_one() {
    let home = tempfile::tempdir().unwrap();
    let password = begun(home.path(), 1);
    assert!(password.is_first_visit() && !password.is_first_visit_for_all());
    let password = begun(home.path(), 2);
    password.with(|state| state.is_for_all = true);
    assert!(password.is_first_visit() && password.is_first_visit_for_all());
    set(&password, WORDS, true).unwrap();
    assert!(!password.is_first_visit_for_all());
}

#[test]
fn who_sets_one_is_told_its_version_and_each_change_makes_another() {
    let home = tempfile::tempdir().unwrap();
    let password = begun(home.path(), 1);
    let first = set(&password, WORDS, true).unwrap();
    assert_eq!(first, password.version());
    let second = set(&password, "another one", false).unwrap();
    assert!(second != first && second == password.version());
    smol::block_on(password.remove()).unwrap();
    assert_ne!(password.version(), second);
}

#[test]
fn what_cannot_be_written_is_not_set() {
    let home = tempfile::tempdir().unwrap();
    let password = Password::load(home.path());
    std::fs::remove_dir_all(home.path()).unwrap();
    assert!(set(&password, WORDS, false).unwrap_err().why().contains("Nothing was changed"));
    assert!(!password.is_set());
}

#[test]
fn the_note_of_the_home_decides_and_goes_with_the_window_and_a_file_that_was_deleted_opens_nothing() {
    let home = tempfile::tempdir().unwrap();
    let start = || {
        let password = Password::load(home.path());
        password.begin(FirstVisit::of(home.path()), true);
        password
    };
    FirstVisit::New.note(home.path()).unwrap();
    let first = start();
    assert!(first.is_first_visit_for_all() && first.with(|state| state.content.spent_s) == FIRST_VISIT_STEP_S);
    assert_eq!(FirstVisit::of(home.path()), FirstVisit::Begun);
    assert!(start().is_first_visit_for_all(), "it goes on");
    for name in ["api-password", "api-password.copy"] {
        std::fs::remove_file(home.path().join(name)).unwrap();
    }
    assert!(!start().is_first_visit(), "what was spent is not known");
    assert_eq!(FirstVisit::of(home.path()), FirstVisit::Shut);
    // Its half hour is over: that is for good.
    FirstVisit::New.note(home.path()).unwrap();
    let last = start();
    while last.goes_on() {}
    assert!(!last.is_first_visit() && last.with(|state| state.content.spent_s) == FIRST_VISIT_S);
    assert_eq!(FirstVisit::of(home.path()), FirstVisit::Shut);
    assert!(!start().is_first_visit());
    for name in ["api-password", "api-password.copy"] {
        std::fs::remove_file(home.path().join(name)).unwrap();
    }
    // As a restore does.
    FirstVisit::New.note(home.path()).unwrap();
    assert!(start().is_first_visit());
    FirstVisit::Shut.note(home.path()).unwrap();
    assert!(!start().is_first_visit());
}
