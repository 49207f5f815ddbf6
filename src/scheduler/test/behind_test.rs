//! When the store may have what the files have no more.

use super::*;

fn ends_scans(machine: &mut Scheduler, ms: u64) {
    let mut out = Vec::new();
    machine.handle(at(ms), Input::Wake, &mut out);
    while let Some(id) = machine.start_next(LIGHT, &mut out) {
        assert!(machine.behind(true).is_some(), "before the look is over");
        let outcome = Outcome::Scanned {
            changes: Vec::new(),
            gone: Vec::new(),
            next: None,
            remarks: Vec::new(),
            tally: Box::default(),
        };
        machine.handle(at(ms), Input::Done(id, outcome), &mut out);
    }
}

#[test]
fn from_a_full_disk_on_the_store_is_behind_until_a_look_after_that_is_over() {
    let sources = Sources::from(vec![source("/a")]);
    let config = Config { sources, slots: 1, disk_free: 1, ..Config::default() };
    let mut machine = Scheduler::new(at(0), config);
    assert_eq!(machine.behind(true), Some([].into()), "from the start");
    machine.handle(at(1), Input::Wake, &mut Vec::new());
    machine.handle(at(2), Input::DiskFree(u64::MAX), &mut Vec::new());
    assert!(machine.behind(true).is_some(), "there is room, and what changed is not known yet");
    ends_scans(&mut machine, 3);
    assert_eq!(machine.behind(true), None);
    machine.handle(at(10), Input::Changed(b"/a/x".to_vec()), &mut Vec::new());
    assert_eq!(machine.behind(true), None, "what changes usually is about to be saved");
    machine.handle(at(11), Input::StoreLost("It failed.".to_owned()), &mut Vec::new());
    assert!(machine.behind(true).is_some());
}
