//! How many documents of a place that is away answer is told as it is, while some of them are embedded.

use super::decisions_test::{found, saves, scan_finds};
use super::*;
use crate::base::id::{EmbedKey, Fingerprint, Row as ChunkRow};
use crate::base::vector::Quantized;
use crate::limits::DIMENSIONS;
use crate::scheduler::saves::AfterSave;
use crate::scheduler::task::Away;
use crate::store::record::{Mark, MarkKind};

#[test]
fn what_is_embedded_of_a_place_that_is_away_is_counted_anew() {
    let vector = Quantized::from_parts(1.0, &[1; DIMENSIONS]).unwrap();
    let embedded = Change::Embedded {
        doc: DocId(7),
        model: Fingerprint([1; 32]),
        vectors: vec![(ChunkRow(1), EmbedKey([1; 16]), vector)],
    };
    for (partly, read, unread, looks) in [(1, 0, 0, true), (0, 2, 0, true), (0, 0, 3, false)] {
        let mut machine = scheduler(2, &["/a"], StoreCounts::default());
        let mut out = Vec::new();
        machine.handle(at(0), Input::Wake, &mut out);
        let first = machine.start_next(LIGHT, &mut out).unwrap();
        machine.handle(at(1), scanned(first.0, Vec::new()), &mut out);
        let away = Mark { kind: MarkKind::Away, ..crate::scheduler::marks::forgotten(b"/a/stick".to_vec()) };
        machine.decisions.set_marks(vec![Mark { partly, read, unread, ..away }]);
        let SaveId(save) = machine.saves.begin_with(AfterSave::Release(Vec::new()), std::slice::from_ref(&embedded));
        machine.handle(at(10), saved(save, &[]), &mut out);
        machine.handle(at(10 + SETTLE_MS), Input::Wake, &mut out);
        assert_eq!(machine.scanning(), looks, "{partly} {read} {unread}");
    }
}

#[test]
fn keeping_a_place_without_documents_does_not_say_that_they_answer() {
    for (documents, says) in [(0, "no document of it answers yet"), (3, "are kept, and answer")] {
        let mut machine = scheduler(1, &["/a"], StoreCounts::default());
        let away = Away { path: b"/a".to_vec(), volume: 7, documents, ready: documents, partly: 0, read: 0, unread: 0 };
        let out = scan_finds(&mut machine, 0, found(documents, 0, vec![away]));
        saves(&mut machine, 0, out);
        let mut out = Vec::new();
        machine.handle(at(1), Input::Keep(ReplyId(1), b"/a".to_vec()), &mut out);
        let Some(Output::Save(SaveId(save), _)) = out.pop() else { panic!("{out:?}") };
        machine.handle(at(1), saved(save, &[]), &mut out);
        assert!(matches!(&out[..], [Output::Decided(_, done)] if done.contains(says)), "{documents}: {out:?}");
    }
}
