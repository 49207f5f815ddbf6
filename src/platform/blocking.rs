//! Calls that block (a stat on a slow disk, a watch on a large tree), off the executor, each on a thread of
//! its own that ends with it. `smol::unblock` would do, but the pool beneath (blocking 1.7) keeps a thread
//! that wakes twice a second for ever: 120 wake-ups a minute of an idle agent, measured.

use crate::platform::panics::guard;
use smol::channel::bounded;
use std::thread::Builder;

/// Runs `errand` elsewhere. `None` if the system gives no thread, or the errand panicked.
pub async fn run<T: Send + 'static>(errand: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, result) = bounded(1);
    let thread = Builder::new().name("errand".to_owned()).spawn(move || {
        // The asker may have hung up. After a panic nothing is sent: the asker learns that nothing came of it.
        if let Ok(result) = guard(errand) {
            let _ = done.send_blocking(result);
        }
    });
    if let Err(error) = thread {
        log::warn!("The system gives no more threads: {error}.");
        return None;
    }
    result.recv().await.ok()
}
