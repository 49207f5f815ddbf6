//! Bindings of keys to hardware by tables: what counts as another device, and what is read.

use super::*;

fn key(seed: u8) -> PeerId {
    PeerId::from_public_key(ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key().as_bytes())
}

fn hardware(board: &str, interfaces: &[u8], machine: &str) -> Hardware {
    let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let interfaces = interfaces.iter().map(|last| [0xd8, 0x3a, 0xdd, 0, 0, *last]).collect();
    Hardware { board: known(board), interfaces, machine: known(machine) }
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
    assert!(elsewhere(&hardware("", &[], "m1"), &hardware("", &[], "m2")), "another machine");
}

#[test]
fn the_board_decides_where_it_is_known_and_else_one_thing_that_is_the_same_keeps_the_key() {
    let board = hardware("10000000aaaa", &[1], "m1");
    assert!(!elsewhere(&board, &hardware("10000000aaaa", &[2], "m2")), "a new network card and a new system");
    assert!(
        elsewhere(&board, &hardware("10000000bbbb", &[1], "m1")),
        "a whole image was copied, its machine id with it, and a boot loader that sets the address"
    );
    let machine = hardware("", &[1, 2], "m1");
    assert!(!elsewhere(&machine, &hardware("", &[3], "m1")), "a network card was exchanged");
    assert!(!elsewhere(&machine, &hardware("", &[2, 3], "m2")), "a system was installed anew, one card is still there");
    assert!(!elsewhere(&machine, &hardware("", &[2], "")), "one of two interfaces is off");
    assert!(elsewhere(&machine, &hardware("", &[3], "m2")), "nothing is the same");
    let two = hardware("", &[1, 2], "");
    assert!(!elsewhere(&hardware("", &[1], ""), &hardware("", &[2], "")), "the only card was exchanged");
    assert!(!elsewhere(&two, &hardware("", &[3], "")), "one was exchanged while the other one is off");
    assert!(!elsewhere(&hardware("", &[1], ""), &hardware("", &[2, 3], "")), "one was exchanged, and one came in");
    assert!(!elsewhere(&two, &hardware("", &[2, 3], "")), "one was exchanged");
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
        assert_eq!(Binding::decode(binding.encode().as_bytes()).as_ref(), Some(&binding));
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
    assert_eq!(Binding::decode(text.as_bytes()), Some(binding));
    assert!(
        text.len() < HARDWARE_BYTES_MAX && !text.contains("aaaa\n") && !text.contains("0123456789abcdef"),
        "{text}"
    );
    let marks = |text: &str| text.lines().skip(2).map(str::to_owned).collect::<Vec<_>>();
    let other = Binding::new(key(3), &known, Some(key(2))).encode();
    assert!(marks(&text).iter().skip(1).all(|mark| !marks(&other).contains(mark)), "salted with the key");
}

#[test]
fn what_is_no_binding_is_refused_whole() {
    let text = Binding::new(key(1), &hardware("10000000aaaa", &[1], "m1"), Some(key(2))).encode();
    let lines: Vec<&str> = text.lines().collect();
    let joined = |lines: &[&str]| format!("{}\n", lines.join("\n"));
    let mut swapped = lines.clone();
    swapped.swap(3, 5);
    let many: Vec<&str> = lines[..4].iter().copied().chain([lines[4]; INTERFACES_BOUND_MAX + 1]).collect();
    let twice: Vec<&str> = lines.iter().copied().chain([lines[5]]).collect();
    for bad in [
        String::new(),
        text[..text.len() - 1].to_owned(),
        text.replace("hardware 1", "hardware 2"),
        text.replace("key ", "key x"),
        text.replace("machine", "magic"),
        text.to_uppercase(),
        joined(&swapped),
        joined(&twice),
        joined(&many),
        joined(&lines[..1]),
        format!("{text}\n"),
    ] {
        assert_eq!(Binding::decode(bad.as_bytes()), None, "{bad}");
    }
    assert!(Binding::decode(joined(&lines[..2]).as_bytes()).is_some(), "bound to nothing yet");
}
