//! How fast work gets on, and since when it runs.

use super::*;
use crate::base::id::{EmbedKey, Fingerprint, Row as ChunkRow};
use crate::base::vector::Embedding;
use crate::limits::DIMENSIONS;

#[test]
fn the_pace_is_that_of_the_vectors_that_were_saved_and_a_running_task_tells_since_when() {
    let mut machine = scheduler(1, &[], counts(&[Kind::Chunked]));
    let (vector, mut out) = (Embedding::new(Fingerprint([1; 32]), &[0.5; DIMENSIONS]).unwrap().quantize(), Vec::new());
    let vectors = (0..4).map(|row| (ChunkRow(row), EmbedKey([1; 16]), vector.clone())).collect();
    let embedded = Change::Embedded { doc: DocId(7), model: Fingerprint([1; 32]), vectors };
    machine.queue.push(DocId(7), Kind::Chunked);
    for (save, ms) in [(1, 1000), (2, 3000)] {
        machine.handle(at(ms), Input::Wake, &mut out);
        let task = machine.start_next(ALL, &mut out).unwrap();
        let since: Vec<Instant> = machine.running_tasks().map(|(_, since)| since).collect();
        assert_eq!(since, [at(ms)]);
        assert_eq!(machine.embedded_per_minute(at(ms)), None, "nothing, or one save, tells nothing");
        machine.handle(at(ms + 1), Input::Done(task, Outcome::Changes(vec![embedded.clone()])), &mut out);
        let Input::Saved(save, Ok(mut on_disk)) = saved(save, &[(7, Kind::Chunked)]) else { unreachable!() };
        on_disk.applied[0].added =
            (0..4).map(|row| (ChunkRow(row), crate::base::id::ModelMark::default(), vector.sketch())).collect();
        machine.handle(at(ms + 2), Input::Saved(save, Ok(on_disk)), &mut out);
    }
    assert_eq!(machine.embedded_per_minute(at(3002)), Some(120));
    machine.handle(at(3003), Input::Wake, &mut out);
    let task = machine.start_next(ALL, &mut out).unwrap();
    machine.handle(at(3004), Input::Done(task, Outcome::Changes(vec![embedded])), &mut out);
    machine.handle(at(4002), saved(3, &[(7, Kind::Chunked)]), &mut out);
    assert!(machine.embedded_per_minute(at(4002)).is_none_or(|pace| pace <= 120), "vectors without effect are no work");
}
