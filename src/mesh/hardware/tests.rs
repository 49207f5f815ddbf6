//! Bindings of keys to hardware by tables: what counts as another device, and what is read.

use super::*;

fn key(seed: u8) -> PeerId {
    PeerId::from_public_key(ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key().as_bytes())
}

fn hardware(board: &str, interfaces: &[u8], machine: &str) -> Hardware {
    let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let interfaces = interfaces.iter().map(|last| [0xd8, 0x3a, 0xdd, 0, 0, *last]).collect();
    Hardware { board: Serial::read(board), interfaces, machine: known(machine) }
}

/// Whether a home that was bound to the first wakes up elsewhere in the second.
fn elsewhere(bound: &Hardware, now: &Hardware) -> bool {
    Binding::new(key(1), bound, None).compare(now) == Found::Other
}

#[test]
fn only_a_known_value_in_place_of_another_known_one_of_its_kind_says_that_a_home_is_elsewhere() {
    let nothing = Hardware::default();
    let all = [
        hardware("10000000aaaa", &[], ""),
        hardware("", &[1], ""),
        hardware("", &[], "m1"),
        hardware("10000000aaaa", &[1, 2], "m1"),
    ];
    for known in &all {
        assert!(!elsewhere(known, known), "{known:?}");
        assert!(!elsewhere(known, &nothing), "changed to unknown: {known:?}");
        assert!(!elsewhere(&nothing, known), "unknown before: {known:?}");
    }
    for (at, one) in all[..3].iter().enumerate() {
        for other in all[..3].iter().enumerate().filter(|(other, _)| *other != at).map(|(_, other)| other) {
            assert!(!elsewhere(one, other), "of two kinds, nothing is known of both: {one:?} {other:?}");
        }
    }
    assert!(elsewhere(&hardware("10000000aaaa", &[], ""), &hardware("10000000bbbb", &[], "")), "another board");
    assert!(elsewhere(&hardware("", &[1, 2], ""), &hardware("", &[3, 4], "")), "other interfaces, all of them");
    assert!(
        !elsewhere(&hardware("", &[], "m1"), &hardware("", &[], "m2")),
        "a system that made itself a new machine id, on the same disk"
    );
}

#[test]
fn one_thing_of_the_board_that_is_the_same_keeps_the_key_whatever_else_has_changed() {
    let board = hardware("10000000aaaa", &[1, 2], "m1");
    for same in [
        hardware("10000000aaaa", &[3], "m2"),
        hardware("10000000bbbb", &[1], "m1"),
        hardware("10000000bbbb", &[2, 3], "m2"),
        hardware("10000000bbbb", &[1], ""),
        hardware("", &[2, 3], "m2"),
        // What cannot be seen may be the same.
        hardware("", &[3, 4], "m2"),
    ] {
        assert!(!elsewhere(&board, &same), "{same:?}");
    }
    for other in [
        hardware("10000000bbbb", &[3], "m1"),
        hardware("10000000bbbb", &[3], "m2"),
        hardware("10000000bbbb", &[3], ""),
        hardware("10000000bbbb", &[], "m1"),
        hardware("10000000bbbb", &[], ""),
    ] {
        assert!(elsewhere(&board, &other), "{other:?}");
    }
}

#[test]
fn where_no_serial_number_is_known_interfaces_and_the_machine_id_must_be_others_or_two_interfaces_or_more() {
    let machine = hardware("", &[1, 2], "m1");
    assert!(!elsewhere(&machine, &hardware("", &[3], "m1")), "a network card was exchanged");
    assert!(!elsewhere(&machine, &hardware("", &[2, 3], "m2")), "a system was installed anew, one card is still there");
    assert!(!elsewhere(&machine, &hardware("", &[2], "")), "one of two interfaces is off");
    assert!(!elsewhere(&machine, &hardware("", &[], "m2")), "both are off, and the machine id was made anew");
    assert!(elsewhere(&machine, &hardware("", &[3], "m2")), "nothing is the same");
    let two = hardware("", &[1, 2], "");
    assert!(!elsewhere(&hardware("", &[1], ""), &hardware("", &[2], "")), "the only card was exchanged");
    assert!(!elsewhere(&two, &hardware("", &[3], "")), "one was exchanged while the other one is off");
    assert!(!elsewhere(&hardware("", &[1], ""), &hardware("", &[2, 3], "")), "one was exchanged, and one came in");
    assert!(!elsewhere(&two, &hardware("", &[2, 3], "")), "one was exchanged");
    assert!(elsewhere(&two, &hardware("", &[3, 4], "")), "both are others");
}

#[test]
fn a_serial_number_in_another_form_and_one_that_is_no_number_any_more_change_no_key() {
    let bound = hardware("00000000ABCD1234", &[], "");
    for now in ["abcd1234\0", "0xABCD1234", " abcd-1234\n", "0000000000000000", "To be filled by O.E.M.", ""] {
        assert!(!elsewhere(&bound, &hardware(now, &[], "")), "{now:?}");
        assert!(!elsewhere(&hardware(now, &[], ""), &bound), "{now:?}");
    }
    assert!(elsewhere(&bound, &hardware("00000000abcd1235", &[], "")));
}

#[test]
fn what_is_unknown_at_a_start_stays_bound_and_what_is_new_is_bound() {
    let kept = same(&Binding::new(key(1), &hardware("", &[1], ""), None), &hardware("", &[], "m1"));
    assert_eq!(kept.compare(&hardware("", &[2], "m2")), Found::Other, "both are bound now");
    assert!(matches!(kept.compare(&hardware("", &[1], "m2")), Found::Same(_)));
    let newer = same(&kept, &hardware("", &[2], "m1"));
    assert!(matches!(newer.compare(&hardware("", &[1], "m2")), Found::Same(_)), "the card of before is remembered");
    assert_eq!(newer.compare(&hardware("", &[3], "m2")), Found::Other);
}

fn same(binding: &Binding, hardware: &Hardware) -> Binding {
    match binding.compare(hardware) {
        Found::Same(kept) => kept,
        Found::Other => panic!("nothing says that it is elsewhere: {hardware:?}"),
    }
}

#[test]
fn interfaces_that_come_and_go_one_after_the_other_change_no_key_and_as_many_are_remembered_as_a_file_may_have() {
    let both = Binding::new(key(1), &hardware("", &[1, 2], ""), None);
    let off = same(&both, &hardware("", &[1], ""));
    assert_eq!(off, both, "one that is off is not forgotten");
    assert_eq!(same(&off, &hardware("", &[2], "")).count(Kind::Interface), 2);
    let mut binding = both;
    for last in 3..40 {
        binding = same(&binding, &hardware("", &[last], "m1"));
        assert!(binding.count(Kind::Interface) <= INTERFACES_BOUND_MAX);
        assert_eq!(Binding::decode(binding.encode().as_bytes(), false).as_ref(), Some(&binding));
    }
    let agrees = |last| matches!(binding.compare(&hardware("", &[last, 99], "m2")), Found::Same(_));
    assert!(agrees(39) && agrees(38) && !agrees(1), "the latest are remembered");
}

#[test]
fn hardware_is_recognized_by_what_is_known_on_both_sides_and_never_by_what_is_unknown() {
    let recognized = |bound: &Hardware, now: &Hardware| Binding::new(key(1), bound, None).recognized(now).is_some();
    let all = hardware("10000000aaaa", &[1, 2], "m1");
    assert!(recognized(&all, &all) && recognized(&all, &hardware("10000000aaaa", &[3], "m2")), "the board");
    assert!(recognized(&hardware("", &[1, 2], "m1"), &hardware("", &[2, 3], "m1")));
    for (bound, now) in [
        (all.clone(), Hardware::default()),
        (Hardware::default(), all.clone()),
        (all.clone(), hardware("10000000bbbb", &[1, 2], "m1")),
        (hardware("", &[1], "m1"), hardware("", &[2], "m1")),
        (hardware("", &[1], "m1"), hardware("", &[1], "m2")),
        (hardware("10000000aaaa", &[], ""), hardware("", &[1], "m1")),
    ] {
        assert!(!recognized(&bound, &now), "{bound:?} {now:?}");
    }
}

#[test]
fn a_binding_is_read_as_it_was_written_tells_no_value_and_is_another_one_for_another_key() {
    let known = hardware("10000000aaaa", &[1, 2, 3, 4], "0123456789abcdef");
    let binding = Binding::new(key(1), &known, Some(key(2)));
    let text = binding.encode();
    assert_eq!(Binding::decode(text.as_bytes(), false), Some(binding));
    assert!(
        text.len() < HARDWARE_BYTES_MAX && !text.contains("aaaa\n") && !text.contains("0123456789abcdef"),
        "{text}"
    );
    let marks = |text: &str| text.lines().skip(2).map(str::to_owned).collect::<Vec<_>>();
    let other = Binding::new(key(3), &known, Some(key(2))).encode();
    assert!(marks(&text).iter().skip(1).all(|mark| !marks(&other).contains(mark)), "salted with the key");
}

/// As version 1 wrote it: the marks of the board's number as it was read then, and no sum.
fn version_1(board: &str) -> String {
    let board = Mark::new(&key(1), Kind::Board, board.as_bytes());
    format!("wattle-hardware 1\nkey {}\nboard {}\n", key(1), hex(&board.hash))
}

#[test]
fn of_version_1_is_read_what_a_copy_proves_and_its_form_of_the_serial_number_is_known() {
    let text = version_1("00000000abcd 1234");
    assert_eq!(Binding::decode(text.as_bytes(), false), None, "nothing proves it");
    let binding = Binding::decode(text.as_bytes(), true).unwrap();
    let same = same(&binding, &hardware("00000000ABCD 1234\0", &[], ""));
    assert_eq!(binding.compare(&hardware("00000000abcd1235", &[], "")), Found::Other);
    assert_eq!(same.compare(&hardware("abcd1234", &[], "")), Found::Same(same.clone()), "bound in the new form");
    assert!(same.encode().starts_with("wattle-hardware 2\n"));
    // Written by the program of before.
    let fixture = include_bytes!("version-1.txt");
    let binding = Binding::decode(fixture, true).unwrap();
    assert_eq!(binding.compare(&hardware("10000000abcd9999", &[2], "m2")), Found::Other);
    let bound = "0f1e2d3c".repeat(4);
    let known = Hardware { machine: Some(bound), ..hardware("10000000abcd1234", &[], "") };
    assert!(matches!(binding.compare(&known), Found::Same(_)) && binding.count(Kind::Interface) == 2);
}

#[test]
fn every_flipped_bit_of_the_file_has_it_bind_nothing() {
    let binding = Binding::new(key(1), &hardware("10000000aaaa", &[1, 2], "m1"), Some(key(2)));
    let text = binding.encode().into_bytes();
    for at in 0..8 * text.len() {
        let mut damaged = text.clone();
        damaged[at / 8] ^= 1 << (at % 8);
        assert_eq!(Binding::decode(&damaged, false), None, "bit {at}");
        assert_eq!(Binding::decode(&damaged, true), None, "bit {at}, and its copy is alike");
    }
    for cut in 0..text.len() {
        assert_eq!(Binding::decode(&text[..cut], true), None, "cut after {cut} bytes");
    }
}

#[test]
fn what_is_no_binding_is_refused_whole() {
    let text = Binding::new(key(1), &hardware("10000000aaaa", &[1], "m1"), Some(key(2))).encode();
    // Without the sum, which is made anew.
    let lines: Vec<&str> = text.lines().take(6).collect();
    let read = |lines: &[&str]| {
        let above = format!("{}\n", lines.join("\n"));
        Binding::decode(format!("{above}sum {}\n", sum(&above)).as_bytes(), false)
    };
    assert!(read(&lines).is_some());
    let mut swapped = lines.clone();
    swapped.swap(3, 5);
    let many: Vec<&str> = lines[..4].iter().copied().chain([lines[4]; INTERFACES_BOUND_MAX + 1]).collect();
    let twice: Vec<&str> = lines.iter().copied().chain([lines[5]]).collect();
    let with = |at: usize, line: String| {
        let changed =
            lines.iter().enumerate().map(|(number, of)| if number == at { line.clone() } else { (*of).to_owned() });
        changed.collect::<Vec<_>>()
    };
    for bad in [
        with(0, "wattle-hardware 3".to_owned()),
        with(1, lines[1].replace("key ", "key x")),
        with(5, lines[5].replace("machine", "magic")),
        with(5, lines[5].to_uppercase()),
        with(5, String::new()),
    ] {
        assert_eq!(read(&bad.iter().map(String::as_str).collect::<Vec<_>>()), None, "{bad:?}");
    }
    for bad in [&swapped, &many, &twice, &lines[..1].to_vec(), &vec![]] {
        assert_eq!(read(bad), None, "{bad:?}");
    }
    assert!(read(&lines[..2]).is_some(), "bound to nothing yet");
    for bad in [text.replace('\n', "\r\n"), format!("{text}\n"), format!("{text}{text}"), String::new()] {
        assert_eq!(Binding::decode(bad.as_bytes(), true), None, "{bad}");
    }
}
