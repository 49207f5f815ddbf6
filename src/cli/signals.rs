//! The signals that end a command in order.

use crate::platform::hang_up;
use async_signal::{Signal, Signals};

/// Those that end the agent, and the demo. Where it was started to outlive its terminal, as by `nohup`, that goes without a word.
pub(super) fn signals() -> Result<Signals, String> {
    let hang_up = (!hang_up::is_ignored()).then_some(Signal::Hup);
    Signals::new([Signal::Int, Signal::Term].into_iter().chain(hang_up))
        .map_err(|error| format!("The system gives no signals to the program: {error}."))
}
