//! The commands on a folder that stands for the image.

use super::agent::{Seen, told};
use super::status::told_status;
use super::*;
use crate::base::time::{Duration, Instant};
use crate::limits::{
    UPDATE_REACHED_MS, UPDATE_TRIAL_LIMIT_MS, UPDATE_TRIAL_MS, UPDATE_TRIES_MAX, UPDATE_TROUBLE_BYTES_MAX,
};
use crate::mesh::update::{Effect, Record, Slot, Stage, Why};
use crate::platform::update::{key_of, left_alone, make_key, sign};
use crate::wire::update::{Architecture, ROOT, Version};
use miniz_oxide::deflate::compress_to_vec;
use std::fs;
use std::path::PathBuf;

fn applied(from: Option<String>, (older, now): (bool, bool), stick: Option<&str>) -> UpdateCommand {
    UpdateCommand::Apply { from, older, now, stick: stick.map(ToOwned::to_owned) }
}

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
    for what in [applied(None, (true, true), None), UpdateCommand::Status, UpdateCommand::Watch] {
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
    assert!(nowhere(board.run(applied(None, (false, false), None))));
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
        let record = Record { stage, ..Record::new(Version(1, 5, 0), Slot::B) };
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
    let record = Record { stage: Stage::Confirmed, is_choice: true, ..Record::new(Version(0, 0, 1), Slot::B) };
    let told = told_status(&system, Some(record));
    assert!(told.contains("by your choice, which stands") && told.contains("`wattle update rollback`"), "{told}");
    assert!(!told.contains("once a day"), "{told}");
    let told = told_status(&system, Some(Record { is_choice: false, tries: 2, stage: Stage::Written, ..record }));
    assert!(!told.contains("stands") && told.contains("2 of 3 times") && told.contains("once a day"), "{told}");
    // Of one that was given up, why it was: all of its trials count.
    let (stage, tries) = (Stage::RolledBack, UPDATE_TRIES_MAX);
    let given_up = Record { is_choice: false, stage, tries, ..record };
    let told = told_status(&system, Some(Record { why: Some(Why::NoNetwork), ..given_up }));
    assert!(told.contains("none of its 3 trials") && told.contains("no network") && !told.contains("times"), "{told}");
    let told = told_status(&system, Some(Record { why: Some(Why::Owner), ..given_up }));
    assert!(told.contains("its owner went back") && !told.contains("trials"), "{told}");
    let told = told_status(&system, Some(given_up));
    assert!(told.contains("was given up") && !told.contains("times"), "by a program that kept no reason: {told}");
}

#[test]
fn an_update_on_a_stick_that_is_left_in_undoes_nothing_that_the_owner_chose() {
    let board = Board::new();
    make_key(&board.at("key")).unwrap();
    board.put("data/system/update.keys", &key_of(&board.at("key")).unwrap());
    board.put("stick/boot.tar", "no board comes so far");
    let root = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0][..], &compress_to_vec(b"root", 1)[..]].concat();
    fs::write(board.at("stick").join(ROOT), root).unwrap();
    sign(&board.at("stick"), &board.at("key"), Version(9, 0, 0), Architecture::Armhf).unwrap();
    let system = System::find(board.folder.path()).unwrap().unwrap();
    let from = board.at("stick").to_str().map(ToOwned::to_owned);
    let apply = |stick| match board.run(applied(from.clone(), (false, false), stick)) {
        Err(Stop::NotDone(why)) => why,
        other => panic!("{other:?}"),
    };
    let keep = |record| Card::take(&system).unwrap().carry_out(&[Effect::Save(record)]).map(drop).unwrap();
    let chosen = Record { stage: Stage::Confirmed, is_choice: true, ..Record::new(Version(0, 0, 1), Slot::B) };
    let given_up = Record { stage: Stage::RolledBack, why: Some(Why::Owner), ..Record::new(Version(9, 0, 0), Slot::A) };
    for (record, why) in [(chosen, "that you chose stands"), (given_up, "was given up before")] {
        keep(record);
        let told = apply(Some("sdb1"));
        assert!(told.contains("9.0.0 on the USB stick sdb1 was left alone") && told.contains(why), "{told}");
        assert!(told.contains("look-at-stick sdb1 take"), "{told}");
        assert!(told_status(&system, Some(record)).contains(&told));
        assert_eq!(Card::look(&system), Ok(Some(record)), "nothing was changed");
        // Who types it is not asked: here it is refused for what it holds.
        assert!(!apply(None).contains("left alone"));
        Card::take(&system).unwrap().forget_left().unwrap();
        assert_eq!(left_alone(&system), None);
    }
    // One that lies there already is not written once more, and nobody is told.
    keep(Record::new(Version(9, 0, 0), Slot::A));
    assert!(apply(Some("sdb1")).contains("lies on the card already") && left_alone(&system).is_none());
    // Without a choice in the way, and before it was given up, it is taken.
    keep(Record { stage: Stage::RolledBack, ..Record::new(Version(8, 0, 0), Slot::A) });
    assert!(!apply(Some("sdb1")).contains("left alone"));
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
    let record = Record { stage: Stage::Trying, ..Record::new(Version(9, 0, 0), Slot::B) };
    let begun = || Trial::start(Instant::ZERO, Slot::B, Some(record)).0;
    let after = |millis| Instant::ZERO + Duration::from_millis(millis);
    let good = Some(Seen { reaches_others: true });
    // A folder is in the way of the record that is written, as a full card is.
    let kept = "data/system/update/record.new";
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
fn a_trial_whose_record_cannot_be_read_goes_on_and_is_not_good_meanwhile() {
    let board = Board::new();
    board.put("boot/firmware/b/config.txt", "os_prefix=b/\n");
    let system = System::find(board.folder.path()).unwrap().unwrap();
    let record = Record { stage: Stage::Trying, ..Record::new(Version(9, 0, 0), Slot::B) };
    Card::take(&system).unwrap().carry_out(&[Effect::Save(record)]).unwrap();
    let (kept, home) = (board.at("data/system/update/record.json"), board.at("home"));
    let look = |trial: &mut Trial| watch::step(&system, &home, (trial, &mut None), (None, None));
    let mut trial = Trial::start(clock::now(), Slot::B, Some(record)).0;
    let text = fs::read(&kept).unwrap();
    fs::remove_file(&kept).unwrap();
    fs::create_dir(&kept).unwrap();
    assert_eq!(look(&mut trial), Ok(Then::GoOn));
    assert!(trial.deadline().is_some(), "it is on trial still");
    // At the end of its hour it gives way, whatever its agent says.
    let good = Some(Seen { reaches_others: true });
    let (card, end) = (Card::take(&system).unwrap(), Instant::ZERO + Duration::from_millis(UPDATE_TRIAL_LIMIT_MS));
    let mut unread = Trial::start(Instant::ZERO, Slot::B, Some(record)).0;
    assert_eq!(watch::decide(&card, &mut unread, end, good), Ok(Then::Restart));
    assert_eq!(unread.record().unwrap().why, Some(Why::CardUnread));
    drop(card);
    fs::remove_dir(&kept).unwrap();
    fs::write(&kept, text).unwrap();
    assert_eq!((look(&mut trial), trial.record()), (Ok(Then::GoOn), Some(record)));
}

#[test]
fn what_a_start_found_given_up_is_told_until_another_update_lies_there() {
    let given_up = Record { stage: Stage::RolledBack, why: Some(Why::Start), ..Record::new(Version(9, 0, 0), Slot::A) };
    assert!(watch::is_given_up(Some(given_up)));
    // The owner takes the same one once more, or gives it up.
    for other in [Record::new(Version(9, 0, 0), Slot::A), Record { why: Some(Why::Owner), ..given_up }] {
        assert!(!watch::is_given_up(Some(other)), "{other:?}");
    }
    assert!(!watch::is_given_up(None));
}

#[test]
fn a_start_in_the_earlier_system_tells_whether_the_new_one_came_up() {
    let board = Board::new();
    board.put("boot/firmware/b/config.txt", "os_prefix=b/\n");
    let system = System::find(board.folder.path()).unwrap().unwrap();
    let card = Card::take(&system).unwrap();
    let tried = |slot| Record { stage: Stage::Trying, ..Record::new(Version(9, 0, 0), slot) };
    let begin = |slot| card.carry_out(&[Effect::Save(tried(slot))]).unwrap();
    assert_eq!(watch::start(&system, &card).1, None, "there is no update");
    begin(Slot::A);
    let given_up = watch::start(&system, &card).1.unwrap();
    assert!(given_up.contains("9.0.0") && given_up.contains("the firmware did not start"), "{given_up}");
    assert_eq!(card.record().map(|record| record.stage), Some(Stage::RolledBack));
    let (mut trial, again) = watch::start(&system, &card);
    assert_eq!(again.as_ref(), Some(&given_up), "the agent has yet to be told");
    card.carry_out(&trial.told()).unwrap();
    assert_eq!(watch::start(&system, &card).1, None, "it is told once");
    assert!(told_status(&system, card.record()).contains(&given_up), "and the status has it");
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
fn what_the_new_system_gave_up_at_the_end_of_its_hour_is_told_by_the_earlier_one() {
    let board = Board::new();
    board.put("boot/firmware/a/config.txt", "os_prefix=a/\n");
    board.put("boot/firmware/b/config.txt", "os_prefix=b/\n");
    let after = |millis| Instant::ZERO + Duration::from_millis(millis);
    let tried =
        |slot| Record { stage: Stage::Trying, needs_mesh: true, tries: 2, ..Record::new(Version(9, 0, 0), slot) };
    let ready = Some(Seen { reaches_others: false });
    for (agent, is_whole, routes, why) in [
        (None, true, "", "the agent did not answer"),
        (ready, false, "", "could not read a part of the card"),
        (ready, true, "", "had no network"),
        (ready, true, "eth0 0\n", "3 trials, of an hour each, was another device of the mesh reached"),
    ] {
        board.put("proc/cmdline", "root=PARTUUID=57415454-03\n");
        board.put("proc/net/route", &format!("Iface\n{routes}"));
        board.put("boot/firmware/b/config.txt", if is_whole { "os_prefix=b/\n" } else { "damaged" });
        let system = System::find(board.folder.path()).unwrap().unwrap();
        let card = Card::take(&system).unwrap();
        let mut trial = Trial::start(Instant::ZERO, Slot::B, Some(tried(Slot::B))).0;
        assert_eq!(watch::decide(&card, &mut trial, after(UPDATE_TRIAL_LIMIT_MS), agent), Ok(Then::Restart), "{why}");
        drop(card);
        // The earlier system starts.
        board.put("proc/cmdline", "root=PARTUUID=57415454-02\n");
        let system = System::find(board.folder.path()).unwrap().unwrap();
        let card = Card::take(&system).unwrap();
        let given_up = watch::start(&system, &card).1.unwrap();
        assert!(given_up.contains("Version 9.0.0 was given up") && given_up.contains(why), "{given_up}");
        assert!(told_status(&system, card.record()).contains(&given_up));
    }
}

#[test]
fn a_long_sentence_is_cut_to_what_the_agent_takes() {
    assert_eq!(told("It is not signed."), "It is not signed.");
    let long = told(&"\u{fc}".repeat(UPDATE_TROUBLE_BYTES_MAX)).len();
    assert!((UPDATE_TROUBLE_BYTES_MAX - 1..=UPDATE_TROUBLE_BYTES_MAX).contains(&long), "{long}");
}
