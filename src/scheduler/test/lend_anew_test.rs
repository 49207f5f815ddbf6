//! When there is something for others again, and when there is nothing.

use super::lend_test::{PEER, asked, lendable, lending, share};
use super::*;
use crate::limits::OFFENCE_MS;
use crate::wire::work::Work;

#[test]
fn once_the_folders_are_others_what_was_tried_in_vain_is_offered_at_once() {
    let mut machine = lending(40);
    let (id, _) = asked(&mut machine, 1);
    machine.handle(at(2), Input::Done(id, lendable(Vec::new())), &mut Vec::new());
    while let Some(Output::Start(id, task)) = share(&mut machine, 2).pop() {
        let outcome = if matches!(task, Task::Refill { .. }) {
            Outcome::Refilled((0..40).map(DocId).collect())
        } else {
            lendable(Vec::new())
        };
        machine.handle(at(2), Input::Done(id, outcome), &mut Vec::new());
    }
    share(&mut machine, 3);
    assert!(machine.keeps_all());
    assert_eq!(share(&mut machine, 1_000), [], "there is nothing for others");
    let mut out = Vec::new();
    machine.handle(at(1_001), Input::Add(ReplyId(1), source("/b").into()), &mut out);
    let Some(Output::Save(save, _)) = out.pop() else { panic!("{out:?}") };
    let Input::Saved(save, Ok(on_disk)) = saved(save.0, &[]) else { unreachable!() };
    let on_disk = Saved { counts: *machine.counts(), ..on_disk };
    machine.handle(at(1_002), Input::Saved(save, Ok(on_disk)), &mut out);
    assert!(!machine.keeps_all(), "nobody has looked since");
    assert!(
        matches!(&share(&mut machine, 6_000)[..], [Output::Work(PEER, Work::Offer(offer)), ..] if offer.chunks > 0)
    );
}

#[test]
fn a_device_whose_documents_are_all_embedded_has_nothing_for_anybody() {
    let mut machine = lending(0);
    assert!(machine.is_for_nobody(at(1)));
    assert!(!lending(1).is_for_nobody(at(1)));
    machine.ban(at(2), PEER);
    assert!(!machine.is_for_nobody(at(3)), "it is to be told so");
    assert!(machine.is_for_nobody(at(2 + OFFENCE_MS)));
}
