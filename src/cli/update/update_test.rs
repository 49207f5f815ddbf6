//! The commands on a folder that stands for the image.

use super::agent::{Seen, told};
use super::*;
use crate::base::time::{Duration, Instant};
use crate::limits::{UPDATE_REACHED_MS, UPDATE_TRIAL_LIMIT_MS, UPDATE_TRIAL_MS, UPDATE_TROUBLE_BYTES_MAX};
use crate::mesh::update::{Effect, Record, Slot};
use crate::platform::update::make_key;
use crate::wire::update::Version;
use std::fs;
use std::path::PathBuf;

struct Board {
    folder: tempfile::TempDir,
}

impl Board {
    fn new() -> Self {
        let board = Self { folder: tempfile::tempdir().unwrap() };
        board.put("usr/share/wattle/image", "armhf\n");
        board.put("proc/cmdline", "root=PARTUUID=57415454-03\n");
        board.put("boot/firmware/config.txt", "os_prefix=b/\n");
        board
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        fs::create_dir_all(self.at(name).parent().unwrap()).unwrap();
        fs::write(self.at(name), text).unwrap();
    }

    fn run(&self, what: UpdateCommand) -> Result<(), Stop> {
        let what = ImageCommand::Update { root: self.folder.path().to_owned(), what };
        image(what, &self.at("home"), true)
    }

    fn reset(&self, confirm: &str) -> Result<(), Stop> {
        let what = ImageCommand::FactoryReset { confirm: confirm.to_owned(), root: self.folder.path().to_owned() };
        image(what, &self.at("home"), true)
    }
}

#[test]
fn a_device_that_runs_no_image_says_how_it_is_updated_and_is_not_reset() {
    let board = Board::new();
    fs::remove_file(board.at("usr/share/wattle/image")).unwrap();
    for what in
        [UpdateCommand::Apply { from: None, older: true, now: true }, UpdateCommand::Status, UpdateCommand::Watch]
    {
        assert_eq!(board.run(what), Err(Stop::NotDone(NO_IMAGE.to_owned())));
    }
    assert!(matches!(board.reset("wattle"), Err(Stop::NotDone(why)) if why.contains("is not reset")));
    assert!(!board.at("boot/firmware/wattle-reset").exists());
}

#[test]
fn a_reset_is_for_the_board_that_was_named() {
    let board = Board::new();
    board.put("data/system/hostname", "attic\n");
    assert!(matches!(board.reset("cellar"), Err(Stop::Misused(why)) if why.contains("This board is attic")));
    assert!(!board.at("boot/firmware/wattle-reset").exists());
    board.reset("Attic.local").unwrap();
    assert!(board.at("boot/firmware/wattle-reset").exists());
}

#[test]
fn without_an_update_each_command_says_so_and_changes_nothing() {
    let board = Board::new();
    let nowhere = |done| matches!(done, Err(Stop::NotDone(why)) if why.contains("update_address"));
    assert!(nowhere(board.run(UpdateCommand::Check { from: None })));
    assert!(nowhere(board.run(UpdateCommand::Apply { from: None, older: false, now: false })));
    assert!(
        matches!(board.run(UpdateCommand::Rollback), Err(Stop::NotDone(why)) if why.contains("nothing to go back from"))
    );
    assert_eq!(board.run(UpdateCommand::Status), Ok(()));
    make_key(&board.at("key")).unwrap();
    let key = UpdateCommand::Key { file: board.at("key") };
    assert_eq!(board.run(key), Ok(()), "the public key of one that is there");
    let sign = |architecture: &str| UpdateCommand::Sign {
        folder: board.at("update"),
        key: board.at("key"),
        architecture: architecture.to_owned(),
        release: None,
    };
    assert!(matches!(board.run(sign("amd64")), Err(Stop::Misused(_))));
    assert!(matches!(board.run(sign("armhf")), Err(Stop::NotDone(why)) if why.contains("cannot be read")));
    assert_eq!(fs::read_to_string(board.at("boot/firmware/config.txt")).unwrap(), "os_prefix=b/\n");
}

#[test]
fn an_update_comes_from_where_it_was_typed_else_from_the_card_else_from_the_owners_address() {
    let board = Board::new();
    board.put("data/system/update.address", "http://nas.local/wattle\n");
    let system = System::find(board.folder.path()).unwrap().unwrap();
    let of = |typed| format!("{:?}", Origin::of(&system, typed).unwrap());
    assert_eq!(of(None), "Address(\"http://nas.local/wattle\")");
    board.put("boot/firmware/update/update.toml", "");
    assert!(of(None).starts_with("Folder(") && of(None).contains("boot/firmware/update"));
    assert_eq!(of(Some("http://10.0.0.2/")), "Address(\"http://10.0.0.2/\")");
    assert_eq!(of(Some("/media/stick")), "Folder(\"/media/stick\")");
}

#[test]
fn a_member_is_asked_where_its_agent_is_also_at_an_address_of_one_link() {
    let of = |at: &str| Origin::of_member(at.parse().unwrap()).to_string();
    assert_eq!(of("10.0.0.2:7781"), "http://10.0.0.2:7782");
    assert_eq!(of("[fd00::2]:7781"), "http://[fd00::2]:7782");
    assert_eq!(of("[fe80::2%3]:49152"), "http://[fe80::2%253]:7782");
    // The interface 253 is not taken for 3.
    assert_eq!(of("[fe80::2%253]:49152"), "http://[fe80::2%25253]:7782");
}

#[test]
fn a_version_is_taken_by_itself_only_if_it_is_later_than_what_is_known_of_whatever_became_of_that() {
    for stage in [Stage::Written, Stage::Trying, Stage::Confirmed, Stage::RolledBack] {
        let record =
            Record { version: Version(1, 5, 0), slot: Slot::B, stage, needs_mesh: false, is_choice: false, tries: 0 };
        let known = [Version(1, 4, 9), Version(1, 5, 0), Version(1, 5, 1)].map(|of| watch::is_known(&record, of));
        assert_eq!(known, [true, true, false], "{stage:?}");
        // A version that the owner chose over a newer one: as long as it is not given up, nothing comes by itself.
        let chosen = Record { is_choice: true, ..record };
        assert_eq!(watch::is_known(&chosen, Version(9, 0, 0)), stage != Stage::RolledBack, "{stage:?}");
    }
}

#[test]
fn the_status_says_that_a_choice_stands_and_how_it_ends_and_how_often_a_trial_reached_nobody() {
    let board = Board::new();
    board.put("data/system/update.address", "http://nas.local/wattle\n");
    let system = System::find(board.folder.path()).unwrap().unwrap();
    let record = Record {
        version: Version(0, 0, 1),
        slot: Slot::B,
        stage: Stage::Confirmed,
        needs_mesh: true,
        is_choice: true,
        tries: 0,
    };
    let told = told_status(&system, Some(record));
    assert!(told.contains("by your choice, which stands") && told.contains("`wattle update rollback`"), "{told}");
    assert!(!told.contains("once a day"), "{told}");
    let told = told_status(&system, Some(Record { is_choice: false, tries: 2, stage: Stage::Written, ..record }));
    assert!(!told.contains("stands") && told.contains("2 of 3 times") && told.contains("once a day"), "{told}");
}

#[test]
fn a_new_system_is_to_reach_another_device_where_one_was_reached_within_the_hour() {
    let after = |millis| Instant::ZERO + Duration::from_millis(millis);
    assert!(watch::has_mesh(after(UPDATE_REACHED_MS - 1), after(0)));
    assert!(!watch::has_mesh(after(UPDATE_REACHED_MS), after(0)));
}

#[test]
fn what_cannot_be_written_of_a_trial_is_tried_again_and_holds_nobody_back_from_the_earlier_system() {
    let board = Board::new();
    board.put("boot/firmware/b/config.txt", "os_prefix=b/\n");
    let system = System::find(board.folder.path()).unwrap().unwrap();
    let card = Card::take(&system).unwrap();
    let record = Record {
        version: Version(9, 0, 0),
        slot: Slot::B,
        stage: Stage::Trying,
        needs_mesh: false,
        is_choice: false,
        tries: 0,
    };
    let begun = || Trial::start(Instant::ZERO, Slot::B, Some(record)).0;
    let after = |millis| Instant::ZERO + Duration::from_millis(millis);
    let good = Some(Seen { reaches_others: true });
    // A folder is in the way of the record, as a full card is.
    let kept = "data/system/update/record.json";
    board.put(&format!("{kept}/in-the-way"), "");
    let mut trial = begun();
    assert_eq!(watch::decide(&card, &mut trial, after(0), good), Ok(Then::GoOn));
    assert!(watch::decide(&card, &mut trial, after(UPDATE_TRIAL_MS), good).is_err());
    assert!(watch::decide(&card, &mut trial, after(UPDATE_TRIAL_MS + 1), good).is_err(), "it is still on trial");
    let mut bad = begun();
    assert_eq!(watch::decide(&card, &mut bad, after(UPDATE_TRIAL_LIMIT_MS), None), Ok(Then::Restart));
    fs::remove_dir_all(board.at(kept)).unwrap();
    assert_eq!(watch::decide(&card, &mut trial, after(UPDATE_TRIAL_MS + 2), good), Ok(Then::GoOn));
    assert_eq!(card.record().unwrap().stage, Stage::Confirmed);
}

#[test]
fn a_start_in_the_earlier_system_tells_whether_the_new_one_came_up() {
    let board = Board::new();
    board.put("boot/firmware/b/config.txt", "os_prefix=b/\n");
    let system = System::find(board.folder.path()).unwrap().unwrap();
    let card = Card::take(&system).unwrap();
    let tried = |slot| Record {
        version: Version(9, 0, 0),
        slot,
        stage: Stage::Trying,
        needs_mesh: false,
        is_choice: false,
        tries: 0,
    };
    let begin = |slot| card.carry_out(&[Effect::Save(tried(slot))]).unwrap();
    assert_eq!(watch::start(&system, &card).1, None, "there is no update");
    begin(Slot::A);
    let given_up = watch::start(&system, &card).1.unwrap();
    assert!(given_up.contains("9.0.0") && given_up.contains("the firmware did not start"), "{given_up}");
    assert_eq!(card.record().map(|record| record.stage), Some(Stage::RolledBack));
    assert_eq!(watch::start(&system, &card).1, None, "it is told once");
    // The same version again: this time it runs, and is started in the other place after that.
    begin(Slot::B);
    let (trial, given_up) = watch::start(&system, &card);
    assert!(trial.deadline().is_some() && given_up.is_none());
    begin(Slot::A);
    let given_up = watch::start(&system, &card).1.unwrap();
    assert!(given_up.contains("its system came up"), "{given_up}");
    // And once more, as after a trial that ended without a decision: what came up before says nothing of this one.
    card.carry_out(&[Effect::Save(tried(Slot::A)), Effect::RestartOnTrial]).unwrap();
    let given_up = watch::start(&system, &card).1.unwrap();
    assert!(given_up.contains("the firmware did not start"), "{given_up}");
}

#[test]
fn a_long_sentence_is_cut_to_what_the_agent_takes() {
    assert_eq!(told("It is not signed."), "It is not signed.");
    let long = told(&"\u{fc}".repeat(UPDATE_TROUBLE_BYTES_MAX)).len();
    assert!((UPDATE_TROUBLE_BYTES_MAX - 1..=UPDATE_TROUBLE_BYTES_MAX).contains(&long), "{long}");
}
