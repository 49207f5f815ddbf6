//! Starts the board anew, and what hands an update on, by systemd.

use super::system::System;
use std::process::{Command, Stdio};

/// What is left to do once effects are carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Nothing.
    GoOn,
    /// Restart, and have the firmware start the other system once.
    RestartOnTrial,
    /// Restart, as always.
    Restart,
}

/// Opens the port at which other members have the update that has held. It opens by itself at each start.
#[expect(clippy::disallowed_methods, reason = "the socket is systemd's")]
pub(super) fn open_port(system: &System) {
    let start = ["--no-block", "start", "wattle-hand-on.socket"];
    if system.is_live()
        && let Err(error) = Command::new("systemctl").args(start).stdin(Stdio::null()).output()
    {
        log::info!("The update is not handed on before the next start: systemctl: {error}.");
    }
}

/// Does what is left to do; whether the board starts anew now. A folder of a test does not.
///
/// # Errors
/// One sentence.
#[expect(clippy::disallowed_methods, reason = "systemd ends what runs, in its order")]
pub fn restart(system: &System, then: Then) -> Result<bool, String> {
    let arguments: &[&str] = match then {
        Then::GoOn => return Ok(false),
        Then::Restart => &["reboot"],
        // The kernel hands these words to the firmware: partition 0, and the flag that it forgets by itself.
        Then::RestartOnTrial => &["reboot", "--reboot-argument=0 tryboot"],
    };
    if !system.is_live() {
        return Ok(false);
    }
    let output = Command::new("systemctl").args(arguments).stdin(Stdio::null()).output();
    match output {
        Ok(output) if output.status.success() => Ok(true),
        Ok(output) => Err(format!(
            "The board has to start anew, and systemd does not start it: {}.",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
        Err(error) => Err(format!("The board has to start anew, and systemctl does not run: {error}.")),
    }
}
