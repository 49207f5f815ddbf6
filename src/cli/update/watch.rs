//! The image's service that watches over an update: it looks at the agent as any other program does, and restarts the board. One that stands in the agent could not give up
//! a system whose agent does not come up.

use super::agent::{Seen, members, seen, turn};
use super::origin::Origin;
use crate::base::time::Instant;
use crate::cli::output::Stop;
use crate::limits::{UPDATE_CHECK_MS, UPDATE_FIRST_CHECK_MS, UPDATE_LOOK_MS, UPDATE_MEMBERS_MS, UPDATE_REACHED_MS};
use crate::mesh::update::{Effect, Health, Reach, Record, Said, Stage, Trial, Why};
use crate::platform::clock;
use crate::platform::update::{Card, System, Then, restart, why_given_up};
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
    let (mut trial, given_up) = start(system, &card);
    drop(card);
    let mut trouble = Origin::on_card(system).and_then(|origin| take(system, &origin).err().map(Untaken::why));
    let mut asks_at = Instant::from_millis(UPDATE_FIRST_CHECK_MS);
    let mut asks_members_at = asks_at;
    let mut reached = None;
    loop {
        let now = clock::now();
        match step(system, home, (&mut trial, &mut reached), (trouble.as_deref(), given_up.as_deref())) {
            Ok(Then::GoOn) => {}
            Ok(then) if restart(system, then)? => return Ok(()),
            Ok(_) => {
                return Err(Stop::NotDone(
                    "The board has to start anew now, and a folder that stands for one cannot: `--root` is for tests."
                        .to_owned(),
                ));
            }
            Err(why) => warn!("{why}"),
        }
        // A system on trial takes no other update, and whoever is slow to answer would keep it from being decided on. One that the owner chose stands.
        let may_ask = trial.record().is_none_or(|record| record.stage != Stage::Trying && !record.stands());
        if may_ask && now >= asks_at {
            asks_at = now + Duration::from_millis(UPDATE_LOOK_MS);
            if let Some(asked) = ask_address(system) {
                trouble = asked.err();
            }
        }
        if may_ask && now >= asks_members_at {
            asks_members_at = now + Duration::from_millis(ask_members(system, home));
        }
        smol::block_on(Timer::after(Duration::from_millis(UPDATE_LOOK_MS)));
    }
}

/// What this start is to an update: one on trial is noted to have come up, and of one that was given up, by this start or by the new system before it, the owner is told why.
pub(super) fn start(system: &System, card: &Card<'_>) -> (Trial, Option<String>) {
    let tried = card.record().filter(|record| record.stage == Stage::Trying);
    // A trial is as old as the board's start, however often this service was started since.
    let (trial, effects) = Trial::start(Instant::ZERO, system.running(), card.record());
    let untold = trial.record().filter(Record::is_untold);
    let given_up = untold.and_then(|record| why_given_up(system, record));
    let came_up = tried.filter(|record| record.slot == system.running());
    let noted = came_up.map_or(Ok(()), |record| card.note_came_up(record));
    // Of a card that cannot be written all else is told all the same; the next start does it again.
    for why in [noted.err(), card.carry_out(&effects).err(), given_up.clone()].into_iter().flatten() {
        warn!("{why}");
    }
    (trial, given_up)
}

/// One look: how the agent is, whether what is on trial has held, and whether what waits has its turn. `reached`: when another device was, last. `trouble`: why none was taken,
/// and `given_up`: why this start found one given up; of the latter is kept that the agent knows it, which has it on the page until the next start.
pub(super) fn step(
    system: &System,
    home: &Path,
    (trial, reached): (&mut Trial, &mut Option<Instant>),
    (trouble, given_up): (Option<&str>, Option<&str>),
) -> Result<Then, String> {
    let (agent, now) = (seen(home), clock::now());
    if agent.is_some_and(|seen| seen.reaches_others) {
        *reached = Some(now);
    }
    // Held by a command of the owner's: what that does is seen at the next look.
    let Ok(card) = Card::take(system) else { return Ok(Then::GoOn) };
    match Card::look(system) {
        Ok(record) => trial.found(record),
        // What runs on trial stays so, and is not good meanwhile (`Card::is_whole`): else nobody would decide on it any more.
        Err(why) if trial.deadline().is_some() => warn!("{why}"),
        Err(_) => trial.found(None),
    }
    let then = decide(&card, trial, now, agent)?;
    if then != Then::GoOn {
        return Ok(then);
    }
    let stage = trial.record().map(|record| record.stage);
    let untriable = if stage == Some(Stage::Written) { system.can_try().err() } else { None };
    let said = match stage {
        // What would be kept of a trial is forgotten by its start; and one that cannot be started keeps no other device waiting.
        _ if system.stands_in() || untriable.is_some() => Said::Nothing,
        Some(Stage::Written) => Said::Wants,
        Some(Stage::Trying) => Said::Updates,
        Some(Stage::Confirmed | Stage::RolledBack) | None => Said::Nothing,
    };
    let given_up = given_up.filter(|_| is_given_up(trial.record()));
    let told: Vec<&str> = [untriable.as_deref(), given_up, trouble].into_iter().flatten().collect();
    let told = (!told.is_empty()).then(|| told.join(" "));
    let answer = agent.and_then(|_| turn(home, said, told.as_deref()));
    if answer.is_some() && given_up.is_some() {
        card.carry_out(&trial.told())?;
    }
    if answer != Some(true) || untriable.is_some() {
        return Ok(Then::GoOn);
    }
    card.carry_out(&trial.turn(reached.is_some_and(|at| has_mesh(now, at)), card.has_network()))
}

/// Whether what this start found given up is so still: another update may lie there since, or the same one once more, or its owner gave that up.
pub(super) fn is_given_up(record: Option<Record>) -> bool {
    record.is_some_and(|record| record.stage == Stage::RolledBack && record.why != Some(Why::Owner))
}

/// Whether a new system is to reach another device, when one was reached at this moment.
pub(super) fn has_mesh(now: Instant, reached: Instant) -> bool {
    now.since(reached) < Duration::from_millis(UPDATE_REACHED_MS)
}

/// Whether what is on trial has held, or is given up.
///
/// # Errors
/// One sentence: it has held, and that could not be written. It is decided anew at the next look.
pub(super) fn decide(card: &Card<'_>, trial: &mut Trial, now: Instant, agent: Option<Seen>) -> Result<Then, String> {
    let before = *trial;
    let reach = match agent {
        Some(Seen { reaches_others: true }) => Reach::Member,
        _ if card.has_network() => Reach::Nobody,
        _ => Reach::NoNetwork,
    };
    let health = match agent {
        _ if !card.is_whole() => Health::CardUnread,
        None => Health::NoAgent,
        Some(_) => Health::Ready,
    };
    let effects = trial.step(now, health, reach);
    let is_over = effects.contains(&Effect::Ended(Stage::RolledBack));
    if let Some(why) = trial.record().filter(|_| is_over).and_then(|record| why_given_up(card.system(), record)) {
        warn!("{why}");
    }
    match card.carry_out(&effects) {
        Err(why) if effects.contains(&Effect::Restart) => {
            // The firmware starts the earlier system whatever is written down, and that one finds what is left to be.
            warn!("{why} The earlier system is started all the same.");
            Ok(Then::Restart)
        }
        Err(why) => {
            *trial = before;
            Err(why)
        }
        done => done,
    }
}

/// Asks the owner's address, if there is one and it is due. `None`: it was not asked.
fn ask_address(system: &System) -> Option<Result<(), String>> {
    let address = system.address()?;
    match Card::take(system).ok()?.asks(clock::shown()) {
        Ok(true) => Some(take(system, &Origin::Address(address)).map_err(Untaken::why)),
        Ok(false) => None,
        Err(error) => {
            warn!("When updates were asked for last cannot be written: {error}.");
            None
        }
    }
}

/// Takes an update from a linked member that has taken one. What is wrong with it is that member's owner's to know: it stands in the log here. Gives the
/// milliseconds after which they are asked again: where one could not be written, they are asked as seldom as an address, as each try wears the card.
fn ask_members(system: &System, home: &Path) -> u64 {
    let has_keys = system.keys().is_ok_and(|keys| !keys.is_empty());
    if system.stands_in() || !has_keys {
        return UPDATE_MEMBERS_MS;
    }
    let mut origins = members(home).into_iter().map(Origin::of_member).filter(Origin::has_update);
    let has_failed = origins.any(|origin| matches!(take(system, &origin), Err(Untaken::Failed(_))));
    if has_failed { UPDATE_CHECK_MS } else { UPDATE_MEMBERS_MS }
}

/// Why an update was not taken, in a sentence.
#[derive(Debug)]
enum Untaken {
    /// There is none that this board takes, or none came.
    Refused(String),
    /// It is one, and could not be brought onto the card.
    Failed(String),
}

impl Untaken {
    fn why(self) -> String {
        match self {
            Self::Refused(why) | Self::Failed(why) => why,
        }
    }
}

/// Takes an update without being told, if it is newer and was not given up before.
fn take(system: &System, origin: &Origin) -> Result<(), Untaken> {
    let package = origin.package();
    let card = Card::take(system).map_err(Untaken::Refused)?;
    let told = |why: &String| warn!("{origin} has no update that is taken. {why}");
    let update = package.check(system, true).inspect_err(told).map_err(Untaken::Refused)?;
    if update.version <= System::version() || card.record().is_some_and(|record| is_known(&record, update.version)) {
        return Ok(());
    }
    let version = card.install(&package, false).inspect_err(told).map_err(Untaken::Failed)?;
    info!("{origin} had version {version}, which lies whole on the card, and waits for its turn.");
    Ok(())
}

/// Whether a version is not taken by itself: it or a later one waits already, was given up, or is what this system came by; or the owner chose an older one, which stands. The
/// last version counts too: an update whose program has an earlier version than its manifest says would be taken again and again.
pub(super) fn is_known(record: &Record, version: Version) -> bool {
    record.stands() || version <= record.version
}
