//! Calls that return, and calls that do not.

use super::*;
use crate::limits::SILENT_CALLS_MAX_OF_SOURCE;
use crate::node::input::Input;
use crate::platform::findings::Findings;
use smol::channel::{Receiver, bounded};
use std::sync::mpsc;

struct Watched {
    findings: Findings,
    calls: Calls,
    inputs: Receiver<Input>,
}

/// Between two looks at a call under way: ten of them are long enough for whatever answers on a busy machine.
const TICK: Duration = Duration::from_millis(100);

/// Three sources.
fn watched() -> Watched {
    let (send, inputs) = bounded(9);
    let findings = Findings::default();
    let reach = Reach::with(findings.clone(), Some(send), TICK);
    [&b"/n/a"[..], b"/n/b", b"/n/a/inner"].iter().for_each(|source| reach.watch(source));
    Watched { findings, calls: Calls::new(reach), inputs }
}

/// A call that waits in this place until the sender is dropped.
fn hung(calls: &Calls, place: &[u8]) -> (mpsc::Sender<()>, Result<(), Silent>) {
    let (send, until) = mpsc::channel::<()>();
    let result = calls.call(place, move |_| until.recv().unwrap_or_default());
    (send, result)
}

fn answers(calls: &Calls, place: &[u8]) -> bool {
    calls.call(place, |_| 7) == Ok(7)
}

#[test]
fn a_call_is_made_on_one_thread_that_is_kept_and_its_panic_is_the_caller_s() {
    let Watched { calls, .. } = watched();
    let id = |calls: &Calls| calls.call(b"/n/a/x", |_| std::thread::current().id()).unwrap();
    let first = id(&calls);
    assert!(first != std::thread::current().id() && id(&calls) == first, "one thread for all calls");
    let why = guard(|| calls.call(b"/n/a", |_| panic!("a defect"))).map(drop).unwrap_err();
    assert!(why.contains("a defect"), "{why}");
    assert_eq!(id(&calls), first);
    assert!(id(&calls.clone()) != first, "each clone has its own");
}

#[test]
fn a_source_that_does_not_answer_is_left_alone_until_it_does_and_others_are_looked_at_meanwhile() {
    let Watched { findings, calls, inputs } = watched();
    let (end, result) = hung(&calls, b"/n/a/x/y.md");
    assert_eq!(result, Err(Silent));
    assert!(!answers(&calls, b"/n/a") && !answers(&calls, b"/n/a/z") && answers(&calls, b"/n/b"));
    assert_eq!(calls.reach().silent(), [b"/n/a"]);
    let found = findings.list().pop().unwrap();
    assert!(found.what.starts_with("/n/a does not answer: ") && found.command.is_some(), "{found:?}");
    assert!(inputs.is_empty());
    drop(end);
    assert!(matches!(inputs.recv_blocking(), Ok(Input::PathChanged(path)) if path == b"/n/a"));
    assert!(answers(&calls, b"/n/a/z") && findings.list().is_empty() && calls.reach().silent().is_empty());
}

#[test]
fn a_call_that_only_waits_for_a_core_or_computes_is_waited_for_and_its_file_system_not_blamed() {
    let Watched { findings, calls, .. } = watched();
    let began = clock::now();
    let computed = calls.call(b"/n/a", move |_| {
        // Twice the patience, without a system call into the place.
        while clock::now().since(began) < Duration::from_millis(2_000) {
            std::hint::spin_loop();
        }
        7
    });
    assert!(computed == Ok(7) && findings.list().is_empty());
    let (mut waited, progress) = (Waited::default(), Progress::new(b"/n/a"));
    assert_eq!((0..99).map(|_| waited.without_progress(&progress, 10)).max(), Some(0), "it has not begun");
    assert_eq!(waited.without_progress(&progress, 1), 1, "after a stop nobody waits for it");
}

#[test]
fn a_call_that_goes_on_is_waited_for_however_long_it_takes() {
    let Watched { findings, calls, .. } = watched();
    let steps = calls.call(b"/n/a", |progress| {
        // Twice the patience.
        (0..100).for_each(|_| {
            smol::block_on(smol::Timer::after(TICK / 5));
            progress.step();
        });
        progress.steps.load(Ordering::Relaxed)
    });
    assert!(steps == Ok(100) && findings.list().is_empty());
}

#[test]
fn the_calls_that_wait_in_a_source_are_bounded_and_an_unwatched_one_is_not_spoken_of() {
    let Watched { findings, calls, inputs } = watched();
    // In a source of its own the place is that source, so the outer one is followed on.
    let (inner, result) = hung(&calls, b"/n/a/inner/x");
    assert_eq!(result, Err(Silent));
    assert!(answers(&calls, b"/n/a/x") && !answers(&calls, b"/n/a/inner"));
    let ends: Vec<_> = (0..SILENT_CALLS_MAX_OF_SOURCE).map(|_| hung(&calls, b"/n/b/x")).collect();
    assert!(ends.iter().all(|(_, result)| *result == Err(Silent)));
    assert_eq!(findings.list().len(), 2);
    calls.reach().unwatch(b"/n/b");
    assert_eq!(findings.list().len(), 1);
    // Whoever waits is sent its end; what was refused waits for none.
    let waiting = ends.iter().filter(|(end, _)| end.send(()).is_ok()).count();
    assert_eq!(waiting, 1, "a place that does not answer is not asked again");
    drop(inner);
    assert!(inputs.recv_blocking().is_ok() && inputs.recv_blocking().is_ok());
    assert!(findings.list().is_empty());
}

#[test]
fn as_many_calls_are_under_way_in_a_source_as_may_and_the_next_waits_for_one_of_them() {
    let Watched { calls, .. } = watched();
    let (reach, enough) = (calls.reach().clone(), crate::limits::CALLS_MAX_OF_SOURCE);
    (0..enough).for_each(|_| drop(reach.enter(b"/n/a/x").unwrap()));
    let (entered, waits) = mpsc::channel();
    let other = reach.clone();
    let next = Builder::new().spawn(move || entered.send(other.enter(b"/n/a/y")).unwrap()).unwrap();
    assert_eq!(reach.enter(b"/n/b"), Ok(b"/n/b".to_vec()), "that holds up no other source");
    assert!(waits.try_recv().is_err());
    reach.leave(b"/n/a");
    assert_eq!(waits.recv().unwrap(), Ok(b"/n/a".to_vec()));
    next.join().unwrap();
}

#[test]
fn a_stop_waits_for_no_call_without_progress_and_says_nothing_of_it() {
    let (findings, (send, _inputs)) = (Findings::default(), bounded(1));
    let calls = Calls::new(Reach::with(findings.clone(), Some(send), Duration::from_millis(50)));
    let (begun, begins) = mpsc::channel();
    let (until, end) = mpsc::channel::<()>();
    let own = calls.clone();
    let caller = Builder::new().spawn(move || {
        own.call(b"/n/a", move |_| {
            begun.send(()).unwrap();
            end.recv().unwrap_or_default();
        })
    });
    begins.recv().unwrap();
    calls.reach().stop();
    assert_eq!(caller.unwrap().join().unwrap(), Err(Silent));
    assert!(findings.list().is_empty());
    drop(until);
}
