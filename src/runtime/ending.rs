//! The end of threads, within a time: a task of a thread that other programs leave no core may take minutes.

use crate::base::time::Instant;
use crate::limits::STOP_LOOK_MS;
use crate::platform::clock;
use smol::Timer;
use std::thread::JoinHandle;
use std::time::Duration;

/// Waits for the end of these threads until `by`. Returns the names of those that have not ended by then: they go on until the process ends.
#[must_use]
pub fn join_by(threads: Vec<JoinHandle<()>>, by: Instant) -> Vec<String> {
    let mut late = Vec::new();
    for thread in threads {
        while !thread.is_finished() && clock::now() < by {
            smol::block_on(Timer::after(Duration::from_millis(STOP_LOOK_MS)));
        }
        if thread.is_finished() {
            // A panic in it was logged when it happened.
            let _ = thread.join();
        } else {
            late.push(thread.thread().name().unwrap_or("(unnamed)").to_owned());
        }
    }
    late
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread::Builder;

    #[test]
    fn a_thread_that_does_not_end_is_waited_for_no_longer_than_the_time_and_named() {
        let (end, ends) = mpsc::channel::<()>();
        let named =
            |name: &str, work: Box<dyn FnOnce() + Send>| Builder::new().name(name.to_owned()).spawn(work).unwrap();
        let threads = vec![
            named(
                "stuck",
                Box::new(move || {
                    let _ = ends.recv();
                }),
            ),
            named("done", Box::new(|| ())),
            named("panics", Box::new(|| panic!("as a test"))),
        ];
        let began = clock::now();
        // The others are waited for too, as long as there is time.
        let late = join_by(threads, began + Duration::from_millis(300));
        assert!(late.contains(&"stuck".to_owned()), "{late:?}");
        assert!(clock::now().since(began) >= Duration::from_millis(300));
        drop(end);
        let quick = vec![named("quick", Box::new(|| ()))];
        assert_eq!(join_by(quick, clock::now() + Duration::from_secs(60)), [""; 0]);
    }
}
