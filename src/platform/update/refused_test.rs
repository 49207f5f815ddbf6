//! What is refused before anything of the card is changed, and who may wait for whom.

use super::tar::tests::tar_of;
use super::update_test::{Board, NEW, new_root, packed};
use super::*;
use crate::mesh::update::Slot;
use crate::wire::update::{Architecture, BOOT, MANIFEST, ROOT};
use std::cell::Cell;
use std::fs;
use std::io::Cursor;
use std::os::unix::fs::PermissionsExt;

const OTHER: &str = "dev/wattle/b";

/// What an install says that is to change nothing, not even by a copy on the data partition.
fn refused(board: &Board) -> String {
    let other = fs::read(board.at(OTHER)).unwrap();
    let why = board.install(false).unwrap_err();
    assert!(why.ends_with("Nothing was changed."), "{why}");
    assert_eq!(fs::read(board.at(OTHER)).unwrap(), other, "{why}");
    assert!(!board.at("data/update").join(MANIFEST).exists(), "{why}");
    why
}

#[test]
fn what_the_board_starts_by_itself_is_never_written_over_also_where_the_record_of_a_trial_is_lost() {
    let board = Board::new();
    let first = "dev/wattle/a";
    let whole = fs::read(board.at(first)).unwrap();
    // The other system was started once, and nothing is known of it.
    board.put("proc/cmdline", "root=PARTUUID=57415454-03 ro\n");
    for config in ["[all]\nos_prefix=a/\n", "# os_prefix=b/\nos_prefix=a/\n", ""] {
        board.put("boot/firmware/config.txt", config);
        assert!(refused(&board).contains("not written over"), "{config}");
        assert_eq!(fs::read(board.at(first)).unwrap(), whole);
    }
    board.put("boot/firmware/config.txt", "[all]\r\nos_prefix=b/\r\n");
    assert_eq!(board.install(false), Ok(NEW));
}

#[test]
fn where_a_stand_in_would_forget_how_far_an_update_is_none_is_taken() {
    let board = Board::new();
    board.put("run/wattle/stand-in", "damaged\n");
    assert!(board.system().stands_in() && refused(&board).contains("data partition cannot be used"));
    fs::remove_file(board.at("run/wattle/stand-in")).unwrap();
    assert_eq!(board.install(false), Ok(NEW));
}

#[test]
fn an_update_that_cannot_end_well_is_not_begun() {
    let board = Board::new();
    // A folder is in the way, as a full card is.
    board.put("data/system/update/record.try/in-the-way", "");
    assert!(refused(&board).contains("cannot be written down"));
    fs::remove_dir_all(board.at("data/system/update/record.try")).unwrap();
    let whole = fs::read(board.at(OTHER)).unwrap();
    board.put(OTHER, "a partition of few bytes");
    assert!(refused(&board).contains("has room for 24"));
    fs::write(board.at(OTHER), whole).unwrap();
    let boot = fs::read(board.at("update").join(BOOT)).unwrap();
    let signed = || sign(&board.at("update"), &board.at("key"), NEW, Architecture::Arm64).unwrap();
    for tar in
        [tar_of(&[("./config.txt", "os_prefix=c/\n"), ("./cmdline.txt", "root=PARTUUID=@ROOT@ ro\n")]), vec![1; 2000]]
    {
        fs::write(board.at("update").join(BOOT), tar).unwrap();
        signed();
        assert!(refused(&board).contains("boot files"));
    }
    fs::write(board.at("update").join(BOOT), boot).unwrap();
    signed();
    assert_eq!(board.install(false), Ok(NEW));
}

#[test]
fn what_is_packed_is_read_only_as_far_as_it_can_be_right() {
    let board = Board::new();
    let root = board.at("update").join(ROOT);
    // Longer than anything that packs to what was signed: a server may go on for ever.
    let mut long = packed(&new_root());
    long.resize(3_000_000, 7);
    fs::write(&root, long).unwrap();
    assert!(refused(&board).contains("longer than what it is to be unpacked"));
    // Few bytes may unpack to very many. The end, which is damaged, is not come to.
    let mut state = 1_u32;
    let noise = (0..1_000_000).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u8::try_from(state >> 24).unwrap()
    });
    let more = packed(&new_root().into_iter().chain(noise).collect::<Vec<_>>());
    fs::write(&root, &more[..more.len() - 100_000]).unwrap();
    assert!(refused(&board).contains("is not the one that its manifest names"));
}

#[test]
fn what_is_kept_for_others_is_what_was_looked_at_also_where_a_server_answers_otherwise_the_next_time() {
    let board = Board::new();
    let (folder, asked) = (board.at("update"), Cell::new(0));
    let package = Package::by(|name| {
        let is_second = name == MANIFEST && asked.replace(asked.get() + 1) > 0;
        let bytes = if is_second { b"form = 1".to_vec() } else { fs::read(folder.join(name)).unwrap() };
        Ok(Box::new(Cursor::new(bytes)))
    });
    assert_eq!(Card::take(&board.system()).unwrap().install(&package, false), Ok(NEW));
    let (kept, whole) = (board.at("data/update").join(MANIFEST), folder.join(MANIFEST));
    assert_eq!(fs::read(kept).unwrap(), fs::read(whole).unwrap());
}

#[test]
fn nobody_but_root_can_hold_what_an_update_waits_for() {
    let board = Board::new();
    board.install(false).unwrap();
    for lock in ["data/system/update/lock", "run/wattle/boot.lock"] {
        assert_eq!(fs::metadata(board.at(lock)).unwrap().permissions().mode() & 0o777, 0o600, "{lock}");
    }
}

#[test]
fn a_system_that_cannot_read_its_boot_files_or_its_data_is_not_whole_and_is_never_preferred() {
    let board = Board::new();
    let system = board.system();
    let card = Card::take(&system).unwrap();
    assert!(card.is_whole());
    board.put("run/wattle/stand-in", "absent\n");
    assert!(!card.is_whole());
    fs::remove_file(board.at("run/wattle/stand-in")).unwrap();
    let config = board.at("boot/firmware/a/config.txt");
    let text = fs::read(&config).unwrap();
    fs::remove_file(&config).unwrap();
    // As where the boot partition is not there: nothing says then that it names this system.
    assert!(!card.is_whole() && card.carry_out(&[Effect::Prefer(Slot::A)]).is_err());
    fs::write(&config, text).unwrap();
    assert!(card.is_whole() && card.carry_out(&[Effect::Prefer(Slot::A)]) == Ok(Then::GoOn));
}
