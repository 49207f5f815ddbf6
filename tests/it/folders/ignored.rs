//! Files of patterns under a real agent.

use super::super::harness::Place;
use super::{BEET, LOCK, names, wait_for};
use std::fs;

#[test]
fn a_file_that_patterns_leave_out_answers_no_more_is_named_and_is_back_when_they_are_gone_or_it_is_added() {
    let place = Place::new();
    place.write("notes/beet.md", BEET);
    place.write("notes/drafts/lock.md", LOCK);
    let (notes, lock) = (place.docs().join("notes"), place.docs().join("notes/drafts/lock.md"));
    let agent = place.up(&[notes.to_str().unwrap()]);
    agent.wait_ready(2);
    let answers = |wanted: bool| {
        let what = format!("that it answers: {wanted}");
        wait_for(&agent, "bicycle lock", &what, |hits| hits.iter().any(|hit| names(hit, &lock)) == wanted);
    };
    answers(true);
    fs::write(notes.join(".gitignore"), "drafts/\n").unwrap();
    answers(false);
    let told = agent.cli(["folders"]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("left out by .gitignore or .wattleignore: ") && told.contains("notes/drafts"), "{told}");
    fs::write(notes.join(".wattleignore"), "!drafts\n").unwrap();
    answers(true);
    fs::remove_file(notes.join(".wattleignore")).unwrap();
    answers(false);
    assert!(agent.cli(["add", lock.to_str().unwrap()]).status.success());
    answers(true);
}
