//! Updates of a device with two systems: whether a new one stays, and whose turn it is in the mesh.
//!
//! [`Trial`] decides at a start, and while it runs. The firmware starts the other system once and comes back by itself (tryboot), so a system that
//! does not come up needs no decision. One that comes up stays when it was ready and its mesh reachable for `UPDATE_TRIAL_MS` without a break; after
//! `UPDATE_TRIAL_LIMIT_MS` it is given up.
//!
//! The mesh is reachable where another member is linked. It is also where none was reached in the hour before the update began, so that there is nothing to compare with; and where
//! the new system has reached one since its start and the board still has its network: then its links work, and the others are off. A new system that is ready and reaches
//! nobody, with a network or without one, may have come up in a home that sleeps and has its router off, or be at fault: nobody knows which, so the earlier one runs again and
//! the update waits for another turn, `UPDATE_TRIES_MAX` times. A new system is to reach what was reached before: another member only where one was then, and, also on a board
//! without a mesh, a network where there was one. One whose network does not work would stay for ever otherwise, and nobody could reach the board to go back.
//! Why one was given up is kept, and told once. A version that the owner chose over a newer one stands: no other is taken by itself.
//!
//! What is written is written before what rests on it, and each step may be done twice: a power cut
//! between two of them has the next start do the second again.
//!
//! [`Turn`] keeps two devices of a mesh from updating at once. Who wants to says so, and begins when for `UPDATE_SETTLE_MS` nobody else said that it updates, and
//! nobody with a smaller key that it wants to. While a device that was seen within `UPDATE_AWAY_MS` is not reached none begins: it
//! may be updating on the other side of a broken network. The words travel as news of the mesh; what a device says of itself is all that counts.
//!
//! Writing partitions, files and restarts are `platform::update`'s, and the service that looks at a trial is `cli::update`'s: root alone may do either, and an
//! agent that does not come up cannot give itself up.

mod turn;

use crate::base::time::{Duration, Instant};
use crate::limits::{UPDATE_TRIAL_LIMIT_MS, UPDATE_TRIAL_MS, UPDATE_TRIES_MAX};
use crate::wire::update::Version;

pub use crate::wire::gossip::Said;
pub use turn::Turn;

/// The two systems of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Partition 2, folder `a`.
    A,
    /// Partition 3, folder `b`.
    B,
}

impl Slot {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// Its folder of the boot partition.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
        }
    }

    /// Its partition of the card.
    #[must_use]
    pub const fn partition(self) -> u8 {
        match self {
            Self::A => 2,
            Self::B => 3,
        }
    }
}

/// How far an update is; kept on the data partition, which both systems have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It lies whole in the other system's place, and waits for its turn.
    Written,
    /// The firmware was, or is about to be, told to start it once.
    Trying,
    /// It stays.
    Confirmed,
    /// It was given up: the earlier system runs, and this version is not tried again by itself.
    RolledBack,
}

/// Why an update was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its owner went back from it, or gave it up while it waited.
    Owner,
    /// At the end of the trial's time its agent did not answer.
    NoAgent,
    /// At the end of that time a part of the card could not be read.
    CardUnread,
    /// At the end of the last trial the board had no network, as it had before.
    NoNetwork,
    /// At the end of the last trial no other device was reached.
    Nobody,
    /// The earlier system was started while it was on trial: it did not come up, or the board started anew before it had held.
    Start,
}

/// What is kept of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which version it brings.
    pub version: Version,
    /// Where it lies.
    pub slot: Slot,
    /// How far it is.
    pub stage: Stage,
    /// Whether another device was reached in the hour before the update began: then one must be again. Known once it began.
    pub needs_mesh: bool,
    /// Whether the board had a network when the update began: then it must have one again. Known once it began.
    pub needs_network: bool,
    /// Whether the owner chose it over a newer one that ran.
    pub is_choice: bool,
    /// How many of its trials reached no other device, or no network, for `UPDATE_TRIAL_MS`.
    pub tries: u8,
    /// Why it was given up; `None` as long as it was not, and where a program gave it up that kept no reason.
    pub why: Option<Why>,
    /// Whether the owner was told of that.
    pub is_told: bool,
}

impl Record {
    /// Of an update that lies there and was never tried.
    #[must_use]
    pub const fn new(version: Version, slot: Slot) -> Self {
        let (stage, needs_mesh, needs_network) = (Stage::Written, false, false);
        Self { version, slot, stage, needs_mesh, needs_network, is_choice: false, tries: 0, why: None, is_told: false }
    }

    /// Whether it was given up for a reason that its owner has yet to be told: not where that was the owner's own will.
    #[must_use]
    pub fn is_untold(&self) -> bool {
        self.stage == Stage::RolledBack && !self.is_told && self.why.is_some_and(|why| why != Why::Owner)
    }

    /// Whether the owner's choice of this version stands, so that no other is taken by itself.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.is_choice && self.stage != Stage::RolledBack
    }
}

/// What a look at the new system finds of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Its agent answers, and all that it has on the card can be read.
    Ready,
    /// Its agent does not answer.
    NoAgent,
    /// A part of the card cannot be read, whatever its agent says.
    CardUnread,
}

/// What a look at the agent finds of the other members of its mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// A link to one is up.
    Member,
    /// None is up, and the board has its network.
    Nobody,
    /// None is up, and the board has no network either.
    NoNetwork,
}

/// What is to be done, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Keep this, and sync it, before the effects behind it.
    Save(Record),
    /// Have the firmware start this system from now on: `config.txt` names it, `tryboot.txt` the other. Nothing is done where it does already.
    Prefer(Slot),
    /// Restart, and have the firmware start the other system once.
    RestartOnTrial,
    /// Restart, as always.
    Restart,
    /// Tell the owner that the trial ends without a decision, and that the update waits for another.
    Postponed,
    /// Tell the owner that the update ends, and have other members take what has held, and nothing else.
    Ended(Stage),
}

/// An update of this device, from its files to its end.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    record: Option<Record>,
    /// Since when the new system runs on trial.
    began: Option<Instant>,
    /// Since when it is ready and its mesh reachable.
    good_since: Option<Instant>,
    /// Whether it has reached another member since it runs.
    has_reached: bool,
}

impl Trial {
    /// At a start in this system, with what was kept. `now`: since when it runs.
    #[must_use]
    pub fn start(now: Instant, running: Slot, record: Option<Record>) -> (Self, Vec<Effect>) {
        let mut trial = Self { record, began: None, good_since: None, has_reached: false };
        let effects = match record {
            Some(record) if record.stage == Stage::Trying && record.slot == running => {
                trial.began = Some(now);
                Vec::new()
            }
            // It did not come up, or the power went before it was started: nobody knows which, and the owner may try again.
            Some(record) if record.stage == Stage::Trying => trial.given_up(Why::Start, &[Effect::Prefer(running)]),
            // The power went while the owner went back to it, or its files were put back by hand.
            Some(record) if record.stage == Stage::Confirmed && record.slot != running => {
                trial.given_up(Why::Owner, &[])
            }
            _ => Vec::new(),
        };
        (trial, effects)
    }

    /// The update lies whole in the other system's place. `is_choice`: the owner chose it over a newer one.
    #[must_use]
    pub fn written(&mut self, version: Version, running: Slot, is_choice: bool) -> Vec<Effect> {
        if self.began.is_some() {
            return Vec::new();
        }
        let record = Record { is_choice, ..Record::new(version, running.other()) };
        self.record = Some(record);
        vec![Effect::Save(record)]
    }

    /// What is kept now, after a command of the owner's in another process: it has written an update, given one up, or put its word of a trial in the way.
    pub fn found(&mut self, record: Option<Record>) {
        if self.began.is_some() && record == self.record {
            return;
        }
        (self.began, self.good_since, self.has_reached) = (None, None, false);
        // One that is to be tried is that process's to start.
        self.record = record.filter(|record| record.stage != Stage::Trying);
    }

    /// The owner wants the earlier system back, or gives up the update that waits. Empty: there is nothing to go back from.
    #[must_use]
    pub fn back(&mut self, running: Slot) -> Vec<Effect> {
        match self.record {
            Some(record) if record.stage == Stage::Written => self.given_up(Why::Owner, &[]),
            Some(record) if record.slot == running && record.stage != Stage::RolledBack => {
                let mut effects = self.given_up(Why::Owner, &[Effect::Prefer(running.other())]);
                effects.push(Effect::Restart);
                effects
            }
            _ => Vec::new(),
        }
    }

    /// It is this device's turn. `has_mesh`: it reached another member within `UPDATE_REACHED_MS`; `has_network`: it has one now.
    #[must_use]
    pub fn turn(&mut self, has_mesh: bool, has_network: bool) -> Vec<Effect> {
        match &mut self.record {
            Some(record) if record.stage == Stage::Written => {
                (record.stage, record.needs_mesh, record.needs_network) = (Stage::Trying, has_mesh, has_network);
                vec![Effect::Save(*record), Effect::RestartOnTrial]
            }
            _ => Vec::new(),
        }
    }

    /// The owner was told why it was given up.
    #[must_use]
    pub fn told(&mut self) -> Vec<Effect> {
        match &mut self.record {
            Some(record) if record.is_untold() => {
                record.is_told = true;
                vec![Effect::Save(*record)]
            }
            _ => Vec::new(),
        }
    }

    /// How the new system and its agent are now.
    #[must_use]
    pub fn step(&mut self, now: Instant, health: Health, reach: Reach) -> Vec<Effect> {
        let (Some(record), Some(began)) = (self.record, self.began) else { return Vec::new() };
        self.has_reached |= reach == Reach::Member;
        let is_reachable = match reach {
            Reach::Member => true,
            Reach::Nobody => self.has_reached || !record.needs_mesh,
            Reach::NoNetwork => !record.needs_mesh && !record.needs_network,
        };
        let is_good = health == Health::Ready && is_reachable;
        self.good_since = is_good.then(|| self.good_since.unwrap_or(now));
        let is_past = |since: Instant, millis| now.since(since) >= Duration::from_millis(millis);
        if self.good_since.is_some_and(|since| is_past(since, UPDATE_TRIAL_MS)) {
            return self.ended(Stage::Confirmed, &[Effect::Prefer(record.slot)]);
        }
        // One that is good at this moment may still become confirmed.
        if !is_good && is_past(began, UPDATE_TRIAL_LIMIT_MS) {
            return self.over(record, health, reach);
        }
        Vec::new()
    }

    /// When [`Self::step`] is due again, if nothing changes before.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let limit = self.began? + Duration::from_millis(UPDATE_TRIAL_LIMIT_MS);
        Some(self.good_since.map_or(limit, |since| since + Duration::from_millis(UPDATE_TRIAL_MS)))
    }

    /// What was kept, and where it stands.
    #[must_use]
    pub const fn record(&self) -> Option<Record> {
        self.record
    }

    /// Its time is over, and it is not good.
    fn over(&mut self, record: Record, health: Health, reach: Reach) -> Vec<Effect> {
        let mut record = record;
        let why = match (health, reach) {
            (Health::NoAgent, _) => Why::NoAgent,
            (Health::CardUnread, _) => Why::CardUnread,
            (Health::Ready, Reach::NoNetwork) => Why::NoNetwork,
            (Health::Ready, Reach::Nobody | Reach::Member) => Why::Nobody,
        };
        // All that is wrong is that nobody is reached, or nothing.
        if health == Health::Ready {
            record.tries = record.tries.saturating_add(1);
            if record.tries < UPDATE_TRIES_MAX {
                return self.postponed(record);
            }
        }
        self.record = Some(record);
        let mut effects = self.given_up(why, &[Effect::Prefer(record.slot.other())]);
        effects.push(Effect::Restart);
        effects
    }

    /// It may not be the new system's fault: the earlier one runs meanwhile.
    fn postponed(&mut self, record: Record) -> Vec<Effect> {
        let record = Record { stage: Stage::Written, ..record };
        (self.record, self.began, self.good_since) = (Some(record), None, None);
        vec![Effect::Prefer(record.slot.other()), Effect::Postponed, Effect::Save(record), Effect::Restart]
    }

    /// As [`Self::ended`], with the reason kept.
    fn given_up(&mut self, why: Why, first: &[Effect]) -> Vec<Effect> {
        if let Some(record) = &mut self.record {
            (record.why, record.is_told) = (Some(why), false);
        }
        self.ended(Stage::RolledBack, first)
    }

    /// The files first, then what is handed on, and the record last: between any two, the next start finds a trial, and comes to the same end.
    fn ended(&mut self, stage: Stage, first: &[Effect]) -> Vec<Effect> {
        (self.began, self.good_since) = (None, None);
        let mut effects = first.to_vec();
        effects.push(Effect::Ended(stage));
        if let Some(record) = &mut self.record {
            record.stage = stage;
            effects.push(Effect::Save(*record));
        }
        effects
    }
}
