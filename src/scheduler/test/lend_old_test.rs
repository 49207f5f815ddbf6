//! Texts that were read to be lent and for which nobody asked for a while.

use super::lend_test::{PEER, asked, chunks, lendable, lending, share};
use super::*;
use crate::limits::LENDABLE_MS;
use crate::wire::work::Work;

#[test]
fn what_waits_for_long_is_read_anew_with_its_files_before_it_leaves() {
    let mut machine = lending(64);
    let (id, documents) = asked(&mut machine, 1);
    let mut out = Vec::new();
    machine.handle(at(2), Input::Done(id, lendable(chunks(&documents))), &mut out);
    assert!(matches!(&share(&mut machine, 2)[..], [Output::Work(PEER, Work::Grant(_))]));
    for (now, is_old) in [(LENDABLE_MS, false), (LENDABLE_MS + 1, true)] {
        machine.on_work(at(now), PEER, Work::Ask(64), &mut out);
        let out = share(&mut machine, now);
        let is_granted = out.iter().any(|out| matches!(out, Output::Work(_, Work::Grant(_))));
        let read = out.iter().find_map(|out| match out {
            Output::Start(id, Task::Lend { documents, .. }) => Some((*id, documents.clone())),
            _ => None,
        });
        assert_eq!((is_granted, read.is_some()), (!is_old, is_old), "{now}: {out:?}");
        if let Some((id, again)) = read {
            let again: Vec<DocId> = again.into_iter().map(|(doc, _)| doc).collect();
            assert!(again.len() > 50 && again.iter().all(|doc| documents.contains(doc)), "{again:?}");
            machine.handle(at(now), Input::Done(id, lendable(chunks(&again))), &mut Vec::new());
            let out = share(&mut machine, now);
            assert!(out.iter().any(|out| matches!(out, Output::Work(PEER, Work::Grant(_)))), "{out:?}");
        }
    }
}
