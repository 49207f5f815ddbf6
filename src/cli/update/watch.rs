//! The image's service that watches over an update: it looks at the agent as any other program does, and restarts the board. One that stands in the agent could not give up
//! a system whose agent does not come up.

use super::agent::{members, seen, turn};
use super::origin::Origin;
use crate::base::time::Instant;
use crate::cli::output::Stop;
use crate::limits::{UPDATE_FIRST_CHECK_MS, UPDATE_LOOK_MS, UPDATE_MEMBERS_MS};
use crate::mesh::update::{Record, Said, Stage, Trial};
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
    let mut trouble = Origin::on_card(system).and_then(|origin| take(system, home, &origin).err());
    let mut asks_at = Instant::from_millis(UPDATE_FIRST_CHECK_MS);
    let mut asks_members_at = asks_at;
    loop {
        let now = clock::now();
        match step(system, home, &mut trial, trouble.as_deref()) {
            Ok(Then::GoOn) => {}
            Ok(then) if restart(system, then)? => return Ok(()),
            Ok(_) => {
                return Err(Stop::NotDone("The board is to start anew, and is none that this can start.".to_owned()));
            }
            Err(why) => warn!("{why}"),
        }
        if now >= asks_at {
            asks_at = now + Duration::from_millis(UPDATE_LOOK_MS);
            if let Some(asked) = ask_address(system, home) {
                trouble = asked.err();
            }
        }
        if now >= asks_members_at {
            asks_members_at = now + Duration::from_millis(UPDATE_MEMBERS_MS);
            ask_members(system, home);
        }
        smol::block_on(Timer::after(Duration::from_millis(UPDATE_LOOK_MS)));
    }
}

/// One look: how the agent is, whether what is on trial has held, and whether what waits has its turn.
fn step(system: &System, home: &Path, trial: &mut Trial, trouble: Option<&str>) -> Result<Then, String> {
    let agent = seen(home);
    // Held by a command of the owner's: what that does is seen at the next look.
    let Ok(card) = Card::take(system) else { return Ok(Then::GoOn) };
    trial.found(card.record());
    let reaches_others = agent.is_some_and(|seen| seen.reaches_others);
    let then = card.carry_out(&trial.step(clock::now(), agent.is_some(), reaches_others))?;
    if then != Then::GoOn {
        return Ok(then);
    }
    let said = match trial.record().map(|record| record.stage) {
        Some(Stage::Written) => Said::Wants,
        Some(Stage::Trying) => Said::Updates,
        Some(Stage::Confirmed | Stage::RolledBack) | None => Said::Nothing,
    };
    if agent.is_some() && turn(home, said, trouble) { card.carry_out(&trial.turn()) } else { Ok(Then::GoOn) }
}

/// Asks the owner's address, if there is one and it is due. `None`: it was not asked.
fn ask_address(system: &System, home: &Path) -> Option<Result<(), String>> {
    let address = system.address()?;
    match Card::take(system).ok()?.asks(clock::shown()) {
        Ok(true) => Some(take(system, home, &Origin::Address(address))),
        Ok(false) => None,
        Err(error) => {
            warn!("When updates were asked for last cannot be written: {error}.");
            None
        }
    }
}

/// Takes an update from a linked member that has taken one. What is wrong with it is that member's owner's to know: it stands in the log here.
fn ask_members(system: &System, home: &Path) {
    if system.keys().is_ok_and(|keys| !keys.is_empty()) {
        let origins = members(home).into_iter().map(Origin::of_member).filter(Origin::has_update);
        origins.for_each(|origin| drop(take(system, home, &origin)));
    }
}

/// Takes an update without being told, if it is newer and was not given up before.
///
/// # Errors
/// One sentence: why not.
fn take(system: &System, home: &Path, origin: &Origin) -> Result<(), String> {
    let package = origin.package();
    let card = Card::take(system)?;
    let taken = package.check(system, true).and_then(|update| {
        if update.version <= System::version() || card.record().is_some_and(|record| is_known(&record, update.version))
        {
            return Ok(None);
        }
        let needs_mesh = seen(home).is_some_and(|seen| seen.reaches_others);
        card.install(&package, false, needs_mesh).map(Some)
    });
    let taken = taken.inspect_err(|why| warn!("{origin} has no update that is taken. {why}"))?;
    if let Some(version) = taken {
        info!("{origin} had version {version}, which lies whole on the card, and waits for its turn.");
    }
    Ok(())
}

/// Whether a version waits already, or was given up.
fn is_known(record: &Record, version: Version) -> bool {
    record.version == version && record.stage != Stage::Confirmed
}
