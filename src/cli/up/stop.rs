//! The orderly stop on a signal, and how long each part of it may take.
//!
//! From the signal on nothing that changes anything is begun (`Upkeep::stopping`). What is waited for, and how long: tasks and saves under way
//! (`STOP_WORK_MS`, by the node); answers under way (`HTTP_STOP_MS` at each address); a backup, which ends with the stop, and threads (`STOP_THREADS_MS` each);
//! the thread that writes the store out (`STORE_FLUSH_MS`); and whatever else does not end, a disk that does not answer for example (`STOP_MS_MAX` in all).
//! An acknowledgement leaves only after its record is on the disk, so nothing that is cut off was acknowledged: it is done again at the next start.

use crate::base::time::Duration;
use crate::limits::STOP_MS_MAX;
use crate::node::input::Input;
use crate::platform::clock;
use crate::platform::systemd::ServiceManager;
use async_signal::{Signal, Signals};
use futures_lite::StreamExt;
use log::{error, info, warn};
use smol::channel::Sender;
use std::io::IsTerminal;

/// Stops at the first signal. A second one ends the process at once; that the terminal is gone may come twice, and is no such wish.
pub(super) async fn on_signal(mut signals: Signals, inputs: Sender<Input>, stop_waiting: impl Fn()) {
    if let Some(signal) = signals.next().await {
        let is_gone = matches!(signal, Ok(Signal::Hup));
        let says = stopping(is_gone, std::io::stdin().is_terminal() && std::io::stderr().is_terminal());
        // First: whatever is acknowledged behind that line was asked for before.
        stop_waiting();
        info!("{says}");
        ServiceManager::of_environment().tell_stopping(says);
        smol::spawn(end_at_last()).detach();
        let _ = inputs.send(Input::Stop).await;
    }
    while let Some(signal) = signals.next().await {
        if matches!(signal, Ok(Signal::Hup)) {
            continue;
        }
        #[expect(
            clippy::exit,
            clippy::disallowed_methods,
            reason = "the person asked twice; acknowledged records are synced already"
        )]
        std::process::exit(130);
    }
}

/// Ends the process once a stop has taken longer than all its parts may.
pub(super) async fn end_at_last() {
    clock::sleep_until(Some(clock::now() + Duration::from_millis(STOP_MS_MAX))).await;
    error!(
        "The stop does not come to its end: the disk may not answer. The agent ends now. What was cut off was not acknowledged, and is done again at the \
         next start; everything that was acknowledged is on the disk."
    );
    #[expect(
        clippy::exit,
        clippy::disallowed_methods,
        reason = "what was acknowledged is synced, and nothing else ends any more"
    )]
    std::process::exit(1);
}

/// Tells the end of a stop, with the threads that were `cut_off`, as they took longer than a stop waits.
pub(super) fn tell_end(cut_off: &[String]) {
    if cut_off.is_empty() {
        info!("Stopped. Everything that was acknowledged is on the disk.");
    } else {
        warn!("{}", cut(cut_off));
    }
}

fn cut(threads: &[String]) -> String {
    format!(
        "Stopped. What these threads were at took too long and was cut off: {}. It was not acknowledged, and is done again at the next start. Everything that \
         was acknowledged is on the disk.",
        threads.join(", ")
    )
}

/// What is said at the first signal: that a second one ends it is a key only where somebody can press it.
const fn stopping(terminal_is_gone: bool, has_keys: bool) -> &'static str {
    match (terminal_is_gone, has_keys) {
        (true, _) => {
            "Stopping, because the terminal or session of this agent ended (SIGHUP): what is under way is finished first."
        }
        (false, true) => "Stopping: what is under way is finished first. Press Ctrl-C again to stop at once.",
        (false, false) => "Stopping: what is under way is finished first.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stop_cut_off_is_named_with_what_is_safe() {
        let said = cut(&["background-0".to_owned(), "texts-1".to_owned()]);
        assert!(said.contains("cut off: background-0, texts-1. It was not acknowledged"), "{said}");
        assert!(said.ends_with("Everything that was acknowledged is on the disk."), "{said}");
    }
}
