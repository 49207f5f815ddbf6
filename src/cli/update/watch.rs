//! The image's service that watches over an update: it looks at the agent as any other program does, and restarts the board. One that stands in the agent could not give up
//! a system whose agent does not come up.

use super::agent::{Seen, seen};
use super::origin::Origin;
use crate::base::time::Instant;
use crate::cli::output::Stop;
use crate::limits::{UPDATE_FIRST_CHECK_MS, UPDATE_LOOK_MS};
use crate::mesh::update::{Record, Stage, Trial};
use crate::platform::clock;
use crate::platform::update::{Card, System, Then, restart};
use crate::wire::update::Version;
use log::{info, warn};
use smol::Timer;
use std::path::Path;
use std::time::Duration;

/// Looks every `UPDATE_LOOK_MS`, until the board starts anew.
///
/// # Errors
/// The card was not free at the start, or the board does not start anew.
pub(super) fn watch(system: &System, home: &Path) -> Result<(), Stop> {
    let card = Card::take(system)?;
    let (mut trial, effects) = Trial::start(clock::now(), system.running(), card.record());
    card.carry_out(&effects)?;
    drop(card);
    look_on_card(system, home);
    let mut asks_at = Instant::from_millis(UPDATE_FIRST_CHECK_MS);
    loop {
        let (now, agent) = (clock::now(), seen(home));
        match step(system, &mut trial, now, agent) {
            Ok(Then::GoOn) => {}
            Ok(then) if restart(system, then)? => return Ok(()),
            Ok(_) => {
                return Err(Stop::NotDone("The board is to start anew, and is none that this can start.".to_owned()));
            }
            Err(why) => warn!("{why}"),
        }
        if now >= asks_at {
            asks_at = now + Duration::from_millis(UPDATE_LOOK_MS);
            ask_address(system, home);
        }
        smol::block_on(Timer::after(Duration::from_millis(UPDATE_LOOK_MS)));
    }
}

/// One look.
fn step(system: &System, trial: &mut Trial, now: Instant, agent: Option<Seen>) -> Result<Then, String> {
    // Held by a command of the owner's: what that does is seen at the next look.
    let Ok(card) = Card::take(system) else { return Ok(Then::GoOn) };
    trial.found(card.record());
    let then = card.carry_out(&trial.step(now, agent.is_some(), agent.is_some_and(|seen| seen.reaches_others)))?;
    if then != Then::GoOn {
        return Ok(then);
    }
    // With others, the owner says when: two devices of a mesh never update at once.
    if agent.is_some_and(|seen| !seen.has_others) { card.carry_out(&trial.turn()) } else { Ok(Then::GoOn) }
}

/// Takes an update that the owner put on the boot partition.
fn look_on_card(system: &System, home: &Path) {
    if let Some(from) = Origin::on_card(system) {
        take(system, home, &from, "The update on the boot partition");
    }
}

/// Asks the owner's address, if there is one and it is due.
fn ask_address(system: &System, home: &Path) {
    let Some(address) = system.address() else { return };
    match Card::take(system).map(|card| card.asks(clock::shown())) {
        Ok(Ok(true)) => take(system, home, &Origin::Address(address), "The update at the owner's address"),
        Ok(Err(error)) => warn!("When updates were asked for last cannot be written: {error}."),
        _ => {}
    }
}

/// Takes an update without being told, if it is newer and was not given up before.
fn take(system: &System, home: &Path, from: &Origin, what: &str) {
    let package = from.package();
    let card = match Card::take(system) {
        Ok(card) => card,
        Err(why) => return info!("{what} is looked at later. {why}"),
    };
    let taken = package.check(system, true).and_then(|update| {
        if update.version <= System::version() || card.record().is_some_and(|record| is_known(&record, update.version))
        {
            return Ok(None);
        }
        card.install(&package, false, seen(home).is_some_and(|seen| seen.reaches_others)).map(Some)
    });
    match taken {
        Ok(Some(version)) => info!("{what}, version {version}, lies whole on the card, and waits for its turn."),
        Ok(None) => {}
        Err(why) => warn!("{what} was not taken. {why}"),
    }
}

/// Whether a version waits already, or was given up.
fn is_known(record: &Record, version: Version) -> bool {
    record.version == version && matches!(record.stage, Stage::Written | Stage::Trying | Stage::RolledBack)
}
