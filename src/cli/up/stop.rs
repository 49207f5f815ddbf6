//! The orderly stop on a signal.

use crate::node::input::Input;
use crate::platform::systemd::ServiceManager;
use async_signal::{Signal, Signals};
use futures_lite::StreamExt;
use log::info;
use smol::channel::Sender;
use std::io::IsTerminal;

/// Stops at the first signal. A second one ends the process at once; that the terminal is gone may come twice, and is no such wish.
pub(super) async fn on_signal(mut signals: Signals, inputs: Sender<Input>, stop_waiting: impl Fn()) {
    if let Some(signal) = signals.next().await {
        let is_gone = matches!(signal, Ok(Signal::Hup));
        let says = stopping(is_gone, std::io::stdin().is_terminal() && std::io::stderr().is_terminal());
        info!("{says}");
        ServiceManager::of_environment().tell_stopping(says);
        stop_waiting();
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
