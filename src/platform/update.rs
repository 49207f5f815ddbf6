//! What an update touches on a card of the appliance: the record of how far it is, the root partition and the boot folder of the system that does not run, and
//! the two files by which the firmware chooses.
//!
//! [`System`] says where all that lies, below a root that a test can point elsewhere. [`Card::install`] writes an update, [`Card::carry_out`] does the effects
//! that `mesh::update` decides. Nothing of the running system is ever written. The order is that of a power cut at any moment: first the update is copied whole
//! to the data partition, if there is room (`kept`); then the record of an earlier update goes, for the place that it speaks of is written over; then the root and the boot files are written, synced and read back; then `tryboot.txt` names
//! them; and the record that all of it lies there comes last. `config.txt` is changed only by an update that has held, by a rename.

mod boot;
mod given_up;
mod gzip;
mod kept;
mod left;
mod package;
mod partition;
mod record;
mod restart;
mod system;
mod tar;

pub use given_up::why_given_up;
pub use left::left_alone;
pub use package::{Package, key_of, make_key, sign};
pub use record::{stage_word, why_word};
pub use restart::{Then, restart};
pub use system::System;

use crate::limits::UPDATE_CHECK_MS;
use crate::mesh::update::{Effect, Record, Stage, Trial};
use crate::platform::clock;
use crate::platform::home::durable;
use crate::wire::update::Version;
use boot::Boot;
use restart::open_port;
use std::fs::{File, TryLockError};

/// The file by which a start knows that its owner wants the board as on its first day.
const RESET: &str = "wattle-reset";

/// Why a new system that ran for an hour does not stay, and is not given up.
const POSTPONED: &str = "The new system was ready, and in its hour the board reached no other device of its mesh, or no network, as it did before: either the others are all off, or the home's \
                         router is, or the new system's own network is at fault. The earlier system runs again, and the update waits for another turn.";

/// The card of this board, for one command at a time.
#[derive(Debug)]
pub struct Card<'a> {
    system: &'a System,
    _lock: File,
}

impl<'a> Card<'a> {
    /// Takes the card for as long as the value lives.
    ///
    /// # Errors
    /// One sentence: another command has it, or the data partition cannot be written.
    pub fn take(system: &'a System) -> Result<Self, String> {
        let lock = record::lock(&system.state()).map_err(|error| {
            format!("{} cannot be written: {error}. Nothing was changed.", system.state().display())
        })?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { system, _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                Err("Another command updates this board just now. Nothing was changed; try it again in a moment."
                    .to_owned())
            }
            Err(TryLockError::Error(error)) => Err(format!("The card cannot be locked: {error}.")),
        }
    }

    /// The image whose card it is.
    #[must_use]
    pub const fn system(&self) -> &'a System {
        self.system
    }

    /// What is kept of an update. Of a record that cannot be read nothing is known, as without one: the firmware's files say what starts.
    #[must_use]
    pub fn record(&self) -> Option<Record> {
        Self::look(self.system).ok().flatten()
    }

    /// The same for whoever only looks, beside a command that has the card.
    ///
    /// # Errors
    /// One sentence: it may not be read by this user.
    pub fn look(system: &System) -> Result<Option<Record>, String> {
        record::read(&system.state()).map_err(|error| format!("How far an update is cannot be read: {error}."))
    }

    /// Writes an update to the place of the system that does not run, and keeps that it waits there. `older`: also one that is not newer, which then stands.
    ///
    /// # Errors
    /// One sentence, and what became of the card.
    pub fn install(&self, package: &Package<'_>, older: bool) -> Result<Version, String> {
        let system = self.system;
        let stands = self.record().is_some_and(|record| record.stands());
        self.may_install()?;
        let checked = package.checked(system, older)?;
        let unchanged = |why: String| format!("{why} Nothing was changed.");
        let (boot, other) = (Boot::of(system), system.running().other());
        let place = system.partition(other);
        // What would fail in the end is not begun: it would be begun again and again, and a card wears.
        system.holds(&place).and_then(|()| partition::has_room(&checked.update.root, &place)).map_err(unchanged)?;
        boot.takes(other, &checked.boot).map_err(unchanged)?;
        let folder = system.kept();
        let is_kept = kept::keep(package, &checked, &folder).map_err(unchanged)?;
        let kept = Package::in_folder(&folder);
        let whole = if is_kept { &kept } else { package };
        let mut root = whole.root().map_err(unchanged)?;
        let half = |why: String| {
            format!("{why} The system that runs is as it was; the place of the other one holds nothing whole now.")
        };
        // Before the first byte is written over what it speaks of.
        record::forget(&system.state())
            .map_err(|error| format!("The record cannot be removed: {error}. Nothing was changed."))?;
        partition::write(&mut root, &checked.update.root, &place).map_err(half)?;
        boot.writable(|boot| {
            boot.unpack(other, &checked.boot)?;
            boot.offer(other)
        })
        .map_err(half)?;
        // A trial that is under way was refused above: nothing stands in the way of this one.
        let (mut trial, _) = Trial::start(clock::now(), system.running(), None);
        let (version, runs) = (checked.update.version, System::version());
        // The same once more is no other choice.
        let is_choice = version < runs || version == runs && stands;
        self.carry_out(&trial.written(version, system.running(), is_choice))?;
        Ok(version)
    }

    /// Whether the system that runs finds what it has on the card: the owner's data, what is kept of the update among it, and its own boot files.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.system.stands_in() && Boot::of(self.system).has(self.system.running()) && Self::look(self.system).is_ok()
    }

    /// Whether the board has a network beside its own, by which other devices could be reached.
    #[must_use]
    pub fn has_network(&self) -> bool {
        self.system.has_network()
    }

    /// Whether the place of the other system may be written over now.
    fn may_install(&self) -> Result<(), String> {
        let system = self.system;
        if system.stands_in() {
            return Err("The card's data partition cannot be used, so how far an update is would be forgotten at the next start. Nothing was changed."
                .to_owned());
        }
        if self.record().is_some_and(|record| record.stage == Stage::Trying && record.slot == system.running()) {
            return Err("The system that runs is on trial itself: wait until it has held for ten minutes, or go back with `wattle update rollback`. Nothing was changed."
                .to_owned());
        }
        // Also where the record of a trial was lost: without a system that the firmware starts, the board never starts again.
        if !Boot::of(system).starts(system.running()) {
            return Err("The system that runs is not the one that this board starts by itself (config.txt on its boot partition), and that one is not written over: start the board anew first. Nothing was changed."
                .to_owned());
        }
        record::try_to_write(&system.state())
            .map_err(|error| format!("How far the update is cannot be written down: {error}. Nothing was changed."))
    }

    /// Whether the owner's address is due to be asked, by what the clock of the wall shows; from now on it is not. A board that is started often asks
    /// no more than one that runs.
    ///
    /// # Errors
    /// The system's: nothing is noted, and it is due again.
    pub fn asks(&self, shown: i64) -> std::io::Result<bool> {
        let state = self.system.state();
        let since = record::asked(&state).map(|asked| shown.saturating_sub(asked));
        let most = i64::try_from(UPDATE_CHECK_MS / 1000).unwrap_or(i64::MAX);
        // A clock that was put back says nothing.
        let is_due = since.is_none_or(|since| !(0..most).contains(&since));
        if is_due {
            record::note_asked(&state, shown)?;
        }
        Ok(is_due)
    }

    /// Keeps that what is on trial came up, so that the earlier system can tell why it was given up.
    ///
    /// # Errors
    /// One sentence; the trial goes on all the same.
    pub fn note_came_up(&self, record: Record) -> Result<(), String> {
        record::note_came_up(&self.system.state(), record.version)
            .map_err(|error| format!("That the new system came up cannot be written: {error}."))
    }

    /// Keeps until the next start of the board, for whoever looks, that an update was left alone.
    ///
    /// # Errors
    /// The system's: only the log has it.
    pub fn note_left(&self, what: &str) -> std::io::Result<()> {
        left::note(self.system, what)
    }

    /// An update was taken, or there is nothing any more for which one was left alone.
    ///
    /// # Errors
    /// The system's: it is told until the next start.
    pub fn forget_left(&self) -> std::io::Result<()> {
        left::forget(self.system)
    }

    /// Carries effects out, in their order.
    ///
    /// # Errors
    /// One sentence: those behind it are not done, and the next start does them.
    pub fn carry_out(&self, effects: &[Effect]) -> Result<Then, String> {
        let mut then = Then::GoOn;
        for effect in effects {
            match effect {
                Effect::Save(record) => record::write(&self.system.state(), *record)
                    .map_err(|error| format!("How far the update is cannot be written: {error}."))?,
                Effect::Prefer(slot) => {
                    let boot = Boot::of(self.system);
                    if !boot.prefers(*slot) {
                        boot.writable(|boot| boot.prefer(*slot))?;
                    }
                }
                Effect::RestartOnTrial => {
                    // What is known is of the trial before. Where it cannot be forgotten, a wrong reason may be told, and the trial goes on.
                    let _ = record::forget_came_up(&self.system.state());
                    then = Then::RestartOnTrial;
                }
                Effect::Restart => then = Then::Restart,
                Effect::Postponed => log::info!("{POSTPONED}"),
                Effect::Ended(stage) => self.ended(*stage),
            }
        }
        Ok(then)
    }

    /// Tells of the end, and has other members take what has held here and nothing else.
    fn ended(&self, stage: Stage) {
        log::info!("{}", word_of(stage));
        let has_held = stage == Stage::Confirmed;
        match kept::hand_on(&self.system.kept(), has_held) {
            Ok(()) if has_held => open_port(self.system),
            Ok(()) => {}
            Err(error) => log::warn!("Whether the update is handed on cannot be written: {error}."),
        }
    }
}

/// Marks the boot partition, so that the next start makes the data partition anew and takes what the owner wrote off the boot partition.
///
/// # Errors
/// One sentence.
pub fn mark_for_reset(system: &System) -> Result<(), String> {
    let mark = system.boot().join(RESET);
    let marked = |_: &Boot<'_>| durable::write(&mark, &[]).map_err(|error| error.to_string());
    let why = |error: String| format!("{} cannot be written: {error}. Nothing was changed.", mark.display());
    Boot::of(system).writable(marked).map_err(why)
}

/// How far an update is, for people.
#[must_use]
pub const fn word_of(stage: Stage) -> &'static str {
    match stage {
        Stage::Written => "The update lies on the card, and waits for its turn.",
        Stage::Trying => "The update runs on trial.",
        Stage::Confirmed => "The update has held, and stays.",
        Stage::RolledBack => {
            "The update was given up: the earlier system runs. This version is not taken by itself again; `wattle update apply` takes it all the same."
        }
    }
}

#[cfg(test)]
#[path = "update/update_test.rs"]
mod update_test;

#[cfg(test)]
#[path = "update/refused_test.rs"]
mod refused_test;
