//! Runs calls that block (a stat on a slow disk, a watch on a large tree) off the executor, each on a thread of its own
//! that ends with it. `smol::unblock` is not used because its thread pool (blocking 1.7) has a thread that wakes twice
//! a second for ever: 120 wake-ups a minute of an idle agent, measured.

use crate::platform::panics::guard;
use smol::channel::bounded;
use std::thread::Builder;

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
