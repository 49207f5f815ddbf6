//! Runs calls that block (a stat on a slow disk, a watch on a large tree) off the executor, each on a thread of its own
//! that ends with it. `smol::unblock` is not used because its thread pool (blocking 1.7) has a thread that wakes twice
//! a second for ever: 120 wake-ups a minute of an idle agent, measured.

use crate::limits::{ANSWER_MS, LATE_LOOKS_MAX};
use crate::platform::panics::guard;
use crate::platform::turn::Turn;
use smol::Timer;
use smol::channel::bounded;
use smol::future::or;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;
use std::time::Duration;

/// The looks under way, by number and place, and whether their caller has gone on without them. Of the process, as its
/// threads are.
static LOOKS: Mutex<Looks> = Mutex::new(Looks { last: 0, under_way: Vec::new() });

struct Looks {
    last: u64,
    under_way: Vec<(u64, PathBuf, bool)>,
}

/// Runs `call` on another thread. `None` if the system gives no thread, or the call panicked.
pub async fn run<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, result) = bounded(1);
    let thread = Builder::new().name("blocking".to_owned()).spawn(move || {
        // The caller may be gone. After a panic nothing is sent, and the closed channel gives the caller `None`.
        if let Ok(result) = guard(call) {
            let _ = done.send_blocking(result);
        }
    });
    if let Err(error) = thread {
        log::warn!("The system gives no more threads: {error}.");
        return None;
    }
    result.recv().await.ok()
}

/// Runs a look at a place that somebody named, such as by `wattle add`, and waits for `ANSWER_MS` at most: its file system
/// may never answer, and a thread in it cannot be ended. So no more than `LATE_LOOKS_MAX` such threads are left behind, and
/// one at a place.
///
/// # Errors
/// One sentence: the place does not answer, or too many others do not.
pub async fn look<T: Send + 'static>(place: &Path, call: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    look_for(Duration::from_millis(ANSWER_MS), place, call).await
}

async fn look_for<T: Send + 'static>(
    patience: Duration,
    place: &Path,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    let number = Looks::begin(place)?;
    let turn = Arc::new(Turn::default());
    let own = Arc::clone(&turn);
    let answer = run(move || {
        own.begin();
        let result = guard(call);
        Looks::end(number);
        result
    });
    let late = async {
        Timer::after(patience).await;
        None
    };
    // The thread is begun by the first poll; if there is none, the look ends here.
    match or(async { Some(answer.await) }, late).await {
        Some(Some(Ok(result))) => Ok(result),
        Some(_) => {
            Looks::end(number);
            Err(format!("{} could not be looked at just now; try again.", place.display()))
        }
        None => {
            Looks::leave(number);
            Err(if turn.is_awaited() { haste(place) } else { silence(place) })
        }
    }
}

fn silence(place: &Path) -> String {
    format!(
        "{} does not answer: its file system has let a look at it wait for more than {} seconds. Is its server on, or the \
         program behind it running? Nothing was changed.",
        place.display(),
        ANSWER_MS / 1000
    )
}

/// A look that got no core for so long: no fault of its file system.
fn haste(place: &Path) -> String {
    format!(
        "{} was not looked at within {} seconds, as other programs keep this device busy. Nothing was changed; try again.",
        place.display(),
        ANSWER_MS / 1000
    )
}

impl Looks {
    fn begin(place: &Path) -> Result<u64, String> {
        let mut looks = LOOKS.lock().unwrap_or_else(PoisonError::into_inner);
        let late = || looks.under_way.iter().filter(|(.., late)| *late);
        if late().any(|(_, at, _)| at == place) {
            return Err(silence(place));
        }
        if late().count() >= LATE_LOOKS_MAX {
            return Err(format!(
                "{} was not looked at: {LATE_LOOKS_MAX} other places that were looked at do not answer. Unmount what is gone, \
                 or start the agent again. Nothing was changed.",
                place.display()
            ));
        }
        looks.last += 1;
        let number = looks.last;
        looks.under_way.push((number, place.to_owned(), false));
        Ok(number)
    }

    fn end(number: u64) {
        LOOKS.lock().unwrap_or_else(PoisonError::into_inner).under_way.retain(|(own, ..)| *own != number);
    }

    /// The caller goes on without it.
    fn leave(number: u64) {
        let mut looks = LOOKS.lock().unwrap_or_else(PoisonError::into_inner);
        looks.under_way.iter_mut().filter(|(own, ..)| *own == number).for_each(|(.., late)| *late = true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, TryRecvError, channel};

    /// Long enough for a thread to begin on a busy machine.
    const SHORT: Duration = Duration::from_millis(200);

    #[test]
    fn a_look_that_gets_no_answer_is_left_behind_once_and_few_of_them_are() {
        let hang = |place: &str, until: Receiver<()>| {
            smol::block_on(look_for(SHORT, Path::new(place), move || until.recv().is_ok()))
        };
        let looked = |place: &str| smol::block_on(look_for(Duration::from_secs(600), Path::new(place), || 7));
        let (mut sends, mut first) = (Vec::new(), None);
        for n in 0..LATE_LOOKS_MAX {
            let (send, until) = channel();
            let why = hang(&format!("/silent/{n}"), until).unwrap_err();
            assert!(why.starts_with(&format!("/silent/{n} does not answer")), "{why}");
            first.get_or_insert(send.clone());
            sends.push(send);
            assert!(looked(&format!("/silent/{n}")).is_err(), "no second thread for the same place");
        }
        assert!(looked("/other").unwrap_err().contains("other places"), "their number is bounded");
        drop((sends, first));
        // The threads end by and by.
        while looked("/other").is_err() {
            std::thread::yield_now();
        }
        assert_eq!(looked("/other"), Ok(7));
        while looked("/silent/0").is_err() {
            std::thread::yield_now();
        }
        // One that runs, or would if it had a core: no file system is blamed. It stands here as the looks are those of the process.
        let (send, until) = channel::<()>();
        let busy = move || while until.try_recv() == Err(TryRecvError::Empty) {};
        let why = smol::block_on(look_for(SHORT, Path::new("/busy"), busy)).unwrap_err();
        assert!(why.starts_with("/busy was not looked at") && why.ends_with("try again."), "{why}");
        drop(send);
    }
}
