//! An update of a card in plain files, with the power cut after each single write.

use super::tar::tests::tar_of;
use super::*;
use crate::base::time::{Duration, Instant};
use crate::limits::{UPDATE_TRIAL_LIMIT_MS, UPDATE_TRIAL_MS};
use crate::mesh::update::{Health, Reach, Slot, Why};
use crate::platform::home::durable::cut;
use crate::wire::update::{Architecture, MANIFEST, ROOT};
use miniz_oxide::deflate::compress_to_vec;
use std::fs;
use std::path::{Path, PathBuf};

pub(super) const NEW: Version = Version(99, 0, 0);

/// A card, and a folder with an update for it.
pub(super) struct Board {
    folder: tempfile::TempDir,
}

fn system_files(slot: &str) -> [(String, String); 2] {
    let number = if slot == "a" { "02" } else { "03" };
    [
        (format!("{slot}/config.txt"), format!("[all]\nos_prefix={slot}/\nkernel=kernel8.img\n")),
        (format!("{slot}/cmdline.txt"), format!("root=PARTUUID=57415454-{number} ro\n")),
    ]
}

impl Board {
    pub(super) fn new() -> Self {
        let board = Self { folder: tempfile::tempdir().unwrap() };
        board.put("usr/share/wattle/image", "arm64\n");
        board.put("proc/cmdline", "root=PARTUUID=57415454-02 ro\n");
        for (name, number) in [("a", "02"), ("b", "03")] {
            board.put(&format!("dev/wattle/{name}"), &number.repeat(1_000_000));
        }
        for (name, text) in system_files("a") {
            board.put(&format!("boot/firmware/{name}"), &text);
        }
        board.put("boot/firmware/config.txt", "[all]\nos_prefix=a/\nkernel=kernel8.img\n");
        board.put("boot/firmware/tryboot.txt", "[all]\nos_prefix=b/\n");
        board.put("boot/firmware/a/kernel8.img", "the earlier kernel");
        let public = make_key(&board.at("key")).unwrap();
        board.put("usr/share/wattle/update.keys", &public);
        fs::create_dir(board.at("update")).unwrap();
        let boot = tar_of(&[
            ("./overlays/", ""),
            ("./overlays/README", "x"),
            ("./kernel8.img", "the new kernel"),
            ("./config.txt", "[all]\nos_prefix=@SLOT@/\nkernel=kernel8.img\n"),
            ("./cmdline.txt", "root=PARTUUID=@ROOT@ ro\n"),
        ]);
        fs::write(board.at("update/boot.tar"), boot).unwrap();
        fs::write(board.at("update").join(ROOT), packed(&new_root())).unwrap();
        sign(&board.at("update"), &board.at("key"), NEW, Architecture::Arm64).unwrap();
        board
    }

    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn put(&self, name: &str, text: &str) {
        fs::create_dir_all(self.at(name).parent().unwrap()).unwrap();
        fs::write(self.at(name), text).unwrap();
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap_or_default()
    }

    pub(super) fn system(&self) -> System {
        System::find(self.folder.path()).unwrap().unwrap()
    }

    pub(super) fn install(&self, older: bool) -> Result<Version, String> {
        let system = self.system();
        let folder = self.at("update");
        Card::take(&system)?.install(&Package::in_folder(&folder), older)
    }

    /// The power goes, and the firmware starts what its files name: `once` of those of the other file. Gives the system that runs.
    fn start(&self, once: bool) -> Slot {
        let file = if once { "tryboot.txt" } else { "config.txt" };
        let text = self.text(&format!("boot/firmware/{file}"));
        let slot =
            [Slot::A, Slot::B].into_iter().find(|slot| text.contains(&format!("os_prefix={}/", slot.name()))).unwrap();
        // Its boot files lead to its root; both are whole, or it does not come up and the firmware starts the other file's at the next power.
        let line = self.text(&format!("boot/firmware/{}/cmdline.txt", slot.name()));
        assert_eq!(line, format!("root=PARTUUID=57415454-{:02} ro\n", slot.partition()), "{file}");
        let root = fs::read(self.at(&format!("dev/wattle/{}", slot.name()))).unwrap();
        let is_new = root.starts_with(&new_root());
        let kernel = self.text(&format!("boot/firmware/{}/kernel8.img", slot.name()));
        assert_eq!(is_new, kernel == "the new kernel", "the root and the kernel of {file} are of one version");
        assert!(
            is_new || slot == Slot::A && root == "02".repeat(1_000_000).into_bytes(),
            "{file} starts a whole system"
        );
        self.put("proc/cmdline", &line);
        slot
    }

    /// One start of the board, as long as the power lasts, with a new system that is good or not. What is left to do, or that the power went.
    fn run(&self, is_good: bool) -> Result<Then, String> {
        let system = self.system();
        let card = Card::take(&system)?;
        let (mut trial, effects) = Trial::start(Instant::ZERO, system.running(), card.record());
        card.carry_out(&effects)?;
        let is_new = system.running() == Slot::B;
        if !is_new && trial.record().is_none() {
            drop(card);
            self.install(false)?;
            let card = Card::take(&system)?;
            trial.found(card.record());
            return card.carry_out(&trial.turn(false, false));
        }
        let turn = card.carry_out(&trial.turn(false, false))?;
        if turn != Then::GoOn {
            return Ok(turn);
        }
        let after = |millis| Instant::ZERO + Duration::from_millis(millis);
        for now in [after(0), after(UPDATE_TRIAL_MS), after(UPDATE_TRIAL_LIMIT_MS)] {
            let health = if is_good || !is_new { Health::Ready } else { Health::NoAgent };
            let then = card.carry_out(&trial.step(now, health, Reach::Member))?;
            if then != Then::GoOn {
                return Ok(then);
            }
        }
        Ok(Then::GoOn)
    }
}

pub(super) fn new_root() -> Vec<u8> {
    (0..1_500_000_u32).map(|n| u8::try_from(n / 700 % 251).unwrap()).collect()
}

pub(super) fn packed(bytes: &[u8]) -> Vec<u8> {
    [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0][..], &compress_to_vec(bytes, 1)[..]].concat()
}

/// A life with the power going once, after so many writes. Gives what runs at the end and how far the update is; and whether the power went at all.
fn lived(writes: usize, is_good: bool) -> (Slot, Stage, bool) {
    let board = Board::new();
    let (mut once, mut was_cut) = (false, false);
    cut::after(Some(writes));
    for _ in 0..8 {
        let running = board.start(once);
        once = false;
        let done = board.run(is_good);
        if cut::is_over() && done.is_err() {
            was_cut = true;
            cut::after(None);
            continue;
        }
        match done.unwrap() {
            Then::RestartOnTrial => once = true,
            Then::Restart => {}
            Then::GoOn => {
                cut::after(None);
                let system = board.system();
                let card = Card::take(&system).unwrap();
                let stage = card.record().unwrap().stage;
                assert!(Boot::of(&system).prefers(running), "what runs is what starts");
                return (running, stage, was_cut);
            }
        }
    }
    panic!("it goes on for ever");
}

#[test]
fn wherever_the_power_goes_a_whole_system_starts_and_the_update_comes_to_its_end() {
    let mut cuts = 0;
    loop {
        let (running, stage, was_cut) = lived(cuts, true);
        let is_well = [(Slot::B, Stage::Confirmed), (Slot::A, Stage::RolledBack)].contains(&(running, stage));
        assert!(is_well, "cut after {cuts} writes: {running:?}, {stage:?}");
        let (running, stage, _) = lived(cuts, false);
        assert_eq!((running, stage), (Slot::A, Stage::RolledBack), "a bad system, cut after {cuts} writes");
        if !was_cut {
            break;
        }
        cuts += 1;
    }
    assert!(cuts >= 12, "the writes are counted: {cuts}");
    assert_eq!(lived(usize::MAX, true), (Slot::B, Stage::Confirmed, false));
}

#[test]
fn an_update_that_is_not_what_it_says_leaves_the_running_system_and_its_files_alone() {
    let board = Board::new();
    let config = board.text("boot/firmware/config.txt");
    let other = "dev/wattle/b";
    let is_untouched = || board.text("boot/firmware/config.txt") == config && board.start(false) == Slot::A;
    for (name, what) in
        [("update.sig", "not signed"), (MANIFEST, "not signed by a key"), ("boot.tar", "boot files are not those")]
    {
        let whole = fs::read(board.at("update").join(name)).unwrap();
        let mut wrong = whole.clone();
        // Of the signature, a digit that becomes none; of the others, one bit.
        wrong[1] ^= if name == "update.sig" { 0x80 } else { 1 };
        fs::write(board.at("update").join(name), &wrong).unwrap();
        let why = board.install(false).unwrap_err();
        assert!(why.contains(what) && why.ends_with("Nothing was changed."), "{name}: {why}");
        assert!(board.text(other).starts_with("0303") && is_untouched(), "{name}");
        fs::write(board.at("update").join(name), &whole).unwrap();
    }
    let root = fs::read(board.at("update").join(ROOT)).unwrap();
    fs::write(board.at("update").join(ROOT), &root[..root.len() / 2]).unwrap();
    let why = board.install(false).unwrap_err();
    assert!(why.contains("ends in the middle") && why.ends_with("Nothing was changed."), "{why}");
    assert!(board.text(other).starts_with("0303") && !board.at("data/update").join(MANIFEST).exists());
    assert!(is_untouched() && Card::take(&board.system()).unwrap().record().is_none());
    // Whole, but of another root than the one that was signed.
    fs::write(board.at("update").join(ROOT), packed(&vec![1; 1_500_000])).unwrap();
    assert!(board.install(false).unwrap_err().contains("is not the one that its manifest names"));
    fs::write(board.at("update").join(ROOT), &root).unwrap();
    assert_eq!(board.install(false), Ok(NEW));
    let system = board.system();
    assert_eq!(
        Card::take(&system).unwrap().record().map(|record| (record.slot, record.stage)),
        Some((Slot::B, Stage::Written))
    );
    assert!(is_untouched() && board.start(true) == Slot::B);
}

#[test]
fn an_older_or_foreign_update_is_refused_unless_told_and_without_a_key_each_is() {
    let board = Board::new();
    let sign_as = |version, architecture| sign(&board.at("update"), &board.at("key"), version, architecture).unwrap();
    sign_as(Version(0, 0, 1), Architecture::Arm64);
    assert!(board.install(false).unwrap_err().contains("older version"));
    assert_eq!(board.install(true), Ok(Version(0, 0, 1)));
    sign_as(NEW, Architecture::Armhf);
    assert!(board.install(true).unwrap_err().contains("other boards"));
    sign_as(NEW, Architecture::Arm64);
    fs::remove_file(board.at("usr/share/wattle/update.keys")).unwrap();
    assert!(board.install(true).unwrap_err().contains("knows no key"));
    board.put("data/system/update.keys", &key_of(&board.at("key")).unwrap());
    assert_eq!(board.install(false), Ok(NEW));
    assert!(make_key(&board.at("key")).is_err(), "a key that is there is never written over");
    assert!(sign(&board.at("update"), Path::new("/nowhere"), NEW, Architecture::Arm64).is_err());
}

#[test]
fn the_owner_goes_back_from_an_update_that_has_held_and_gives_up_one_that_waits() {
    let board = Board::new();
    board.install(false).unwrap();
    let back = |running| {
        let system = board.system();
        let card = Card::take(&system).unwrap();
        let (mut trial, effects) = Trial::start(Instant::ZERO, running, card.record());
        assert_eq!(effects, []);
        card.carry_out(&trial.back(running)).unwrap()
    };
    assert_eq!(back(Slot::A), Then::GoOn, "what waits is given up without a restart");
    assert_eq!(lived_on(&board), (Slot::A, Stage::RolledBack));
    board.install(false).unwrap();
    assert_eq!(
        (board.run(true), board.start(true), board.run(true)),
        (Ok(Then::RestartOnTrial), Slot::B, Ok(Then::GoOn))
    );
    assert_eq!(board.start(false), Slot::B, "it stays");
    assert_eq!((back(Slot::B), board.start(false)), (Then::Restart, Slot::A));
    assert_eq!(lived_on(&board), (Slot::A, Stage::RolledBack));
}

#[test]
fn a_version_that_the_owner_chose_over_a_newer_one_stands_until_another_takes_its_place() {
    let board = Board::new();
    let sign_as = |version| sign(&board.at("update"), &board.at("key"), version, Architecture::Arm64).unwrap();
    let stands = |older| {
        board.install(older).unwrap();
        Card::take(&board.system()).unwrap().record().unwrap().stands()
    };
    sign_as(Version(0, 0, 1));
    assert!(stands(true));
    sign_as(System::version());
    assert!(stands(true), "the same as what runs once more, beside a choice");
    sign_as(NEW);
    assert!(!stands(false), "the owner takes a newer one");
    sign_as(System::version());
    assert!(!stands(true), "the same once more chooses nothing");
    // What an earlier program wrote knows of no choice.
    board.put(
        "data/system/update/record.json",
        r#"{"version":"0.0.1","slot":"b","stage":"confirmed","needs_mesh":true}"#,
    );
    let record = Card::look(&board.system()).unwrap().unwrap();
    assert_eq!((record.needs_mesh, record.is_choice, record.tries, record.stands()), (true, false, 0, false));
    assert_eq!((record.why, record.is_told, record.needs_network), (None, false, false));
}

fn lived_on(board: &Board) -> (Slot, Stage) {
    let system = board.system();
    (system.running(), Card::take(&system).unwrap().record().unwrap().stage)
}

#[test]
fn only_an_update_that_has_held_is_handed_on_and_another_board_takes_it_from_there() {
    let board = Board::new();
    let held = board.at("data/update/held");
    board.install(false).unwrap();
    assert!(board.at("data/update").join(MANIFEST).exists() && !held.exists());
    assert_eq!(
        (board.run(true), board.start(true), board.run(true)),
        (Ok(Then::RestartOnTrial), Slot::B, Ok(Then::GoOn))
    );
    assert!(held.exists());
    let other = Board::new();
    let public = key_of(&board.at("key")).unwrap();
    other.put("data/system/update.keys", &public);
    let (system, kept) = (other.system(), board.at("data/update"));
    assert_eq!(Card::take(&system).unwrap().install(&Package::in_folder(&kept), false), Ok(NEW));
    let lies = |board: &Board| fs::read(board.at("dev/wattle/b")).unwrap();
    assert_eq!(lies(&other), lies(&board));
    // The owner goes back from it: then it is nobody's to have.
    let system = board.system();
    let card = Card::take(&system).unwrap();
    let (mut trial, _) = Trial::start(Instant::ZERO, Slot::B, card.record());
    card.carry_out(&trial.back(Slot::B)).unwrap();
    assert!(!held.exists());
}

#[test]
fn why_an_update_was_given_up_is_read_as_it_was_kept_also_beside_what_a_later_program_adds() {
    let board = Board::new();
    let system = board.system();
    let kept = "data/system/update/record.json";
    let whys = [Why::Owner, Why::NoAgent, Why::CardUnread, Why::NoNetwork, Why::Nobody, Why::Start];
    let mut told = std::collections::BTreeSet::new();
    for why in whys {
        let (stage, needs_network) = (Stage::RolledBack, true);
        let record = Record { stage, needs_network, tries: 3, why: Some(why), ..Record::new(NEW, Slot::B) };
        Card::take(&system).unwrap().carry_out(&[Effect::Save(record)]).unwrap();
        assert_eq!(Card::look(&system), Ok(Some(record)));
        let text = why_given_up(&system, record).unwrap();
        assert!(text.contains("99.0.0 was given up") && told.insert(text.clone()), "{text}");
        assert_eq!(why_given_up(&system, Record { stage: Stage::Written, ..record }), None);
        // A board without a mesh is not told of other devices.
        let of_mesh = why_given_up(&system, Record { needs_mesh: true, ..record }).unwrap();
        assert_eq!(of_mesh.contains("another device"), why == Why::NoNetwork || why == Why::Nobody, "{of_mesh}");
        assert!(!text.contains("another device"), "{text}");
    }
    let text = board.text(kept);
    board.put(kept, &text.replace('{', "{\"more\":1,").replace("\"start\"", "\"a reason of a later program\""));
    let record = Card::look(&system).unwrap().unwrap();
    assert_eq!((record.stage, record.tries, record.why), (Stage::RolledBack, 3, None));
    assert_eq!(why_given_up(&system, record), None);
}

#[test]
fn one_command_at_a_time_has_the_card() {
    let board = Board::new();
    let system = board.system();
    let first = Card::take(&system).unwrap();
    assert!(Card::take(&system).unwrap_err().contains("Another command"));
    drop(first);
    assert!(Card::take(&system).is_ok());
}

#[test]
fn the_owners_address_is_asked_once_a_day_also_by_a_board_that_is_started_often() {
    let board = Board::new();
    let system = board.system();
    let asks = |shown| Card::take(&system).unwrap().asks(shown).unwrap();
    assert!(asks(1_000_000) && !asks(1_000_000) && !asks(1_086_399) && asks(1_086_400) && !asks(1_086_401));
    assert!(asks(5) && !asks(6), "the clock was put back");
}
