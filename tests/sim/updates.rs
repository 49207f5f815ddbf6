//! Updates in a home: each device wants one, and asks every half minute whether its turn has come, as the image's service does. Never two are without their
//! system at once: with losses, while the network is broken, and while a device is away; and each has its turn once that is over. And a home that goes to bed while a
//! device is on trial, with its router or without, costs it no update.

use super::World;
use wattle::base::time::{Duration, Instant};
use wattle::limits::{UPDATE_TRIAL_LIMIT_MS, UPDATE_TRIAL_MS};
use wattle::mesh::update::{Effect, Health, Reach, Record, Said, Slot, Stage as Kept, Trial};
use wattle::node::input::Request;
use wattle::node::output::Response;
use wattle::wire::update::Version;

const DEVICES: usize = 4;
const SEEDS: u64 = 3;
/// Seconds between two calls of the service, of a restart, and of a trial.
const LOOK: u64 = 30;
const RESTART: u64 = 60;
const TRIAL: u64 = 900;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It has an update that waits.
    Waits,
    /// It restarts, until then.
    Restarts(Instant),
    /// Its new system is on trial, until then.
    OnTrial(Instant),
    /// It is updated.
    Done,
}

struct Home {
    world: World,
    stages: Vec<Stage>,
    /// Devices that were updating at one moment, at most.
    most: usize,
    /// Whether the router is off, and with it each device's network.
    is_dark: bool,
}

impl Home {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed, DEVICES);
        (world.net.loss_permille, world.net.datagram_loss_permille) = (20, 20);
        (0..DEVICES).for_each(|at| world.boot(at));
        let joined = world.run_till(Duration::from_secs(300), World::all_joined);
        assert!(joined.is_some(), "seed {seed}: {}", world.describe());
        Self { world, stages: vec![Stage::Waits; DEVICES], most: 0, is_dark: false }
    }

    /// What the service of each device does in half a minute.
    fn look(&mut self) {
        let mut asked = Vec::new();
        for at in 0..DEVICES {
            match self.stages[at] {
                Stage::Restarts(until) if self.world.now >= until => {
                    self.world.boot(at);
                    self.stages[at] = Stage::OnTrial(self.world.after(TRIAL));
                }
                Stage::OnTrial(until) if self.world.now >= until => self.stages[at] = Stage::Done,
                _ => {}
            }
            let said = match self.stages[at] {
                Stage::Waits => Said::Wants,
                Stage::OnTrial(_) => Said::Updates,
                Stage::Restarts(_) | Stage::Done => Said::Nothing,
            };
            if self.world.devices[at].agent.is_some() {
                asked.push((at, self.world.request(at, Request::Update(said))));
            }
        }
        self.world.run_until(self.world.after(1));
        for (at, reply) in asked {
            let is_turn = self.world.devices[at].replies.get(&reply) == Some(&Response::Turn(true));
            if is_turn && self.stages[at] == Stage::Waits {
                self.world.crash(at);
                self.stages[at] = Stage::Restarts(self.world.after(RESTART));
            }
        }
        self.most = self.most.max(self.updating());
        self.world.run_until(self.world.after(LOOK - 1));
    }

    fn updating(&self) -> usize {
        let is_updating = |stage: &&Stage| matches!(stage, Stage::Restarts(_) | Stage::OnTrial(_));
        self.stages.iter().filter(is_updating).count()
    }

    fn looks(&mut self, seconds: u64) {
        (0..seconds / LOOK).for_each(|_| self.look());
    }

    /// Each has its turn within this time, and never two at once.
    fn all_update(&mut self, seed: u64, seconds: u64) {
        for _ in 0..seconds / LOOK {
            if self.stages.iter().all(|stage| *stage == Stage::Done) {
                break;
            }
            self.look();
        }
        assert_eq!(self.stages, [Stage::Done; DEVICES], "seed {seed}");
        assert_eq!(self.most, 1, "seed {seed}");
    }
}

impl Home {
    /// Device 0 comes up in its new system.
    fn comes_up(&mut self, kept: Record) -> Trial {
        self.world.boot(0);
        let (trial, effects) = Trial::start(self.world.now, Slot::B, Some(kept));
        assert_eq!(effects, []);
        trial
    }

    /// What its service makes of what it sees, until there is something to do or this time is over. The board has its network unless the router is off.
    fn is_tried(&mut self, trial: &mut Trial, seconds: u64) -> Vec<Effect> {
        for _ in 0..seconds / LOOK {
            self.world.run_until(self.world.after(LOOK));
            let health = if self.world.devices[0].agent.is_some() { Health::Ready } else { Health::NoAgent };
            let reach = if !self.world.net.links_of(0).is_empty() {
                Reach::Member
            } else if self.is_dark {
                Reach::NoNetwork
            } else {
                Reach::Nobody
            };
            let effects = trial.step(self.world.now, health, reach);
            if !effects.is_empty() {
                return effects;
            }
        }
        Vec::new()
    }

    fn goes_to_bed(&mut self) {
        (1..DEVICES).for_each(|at| self.world.crash(at));
    }

    /// The router goes off: no device reaches another, and none has a network.
    fn goes_dark(&mut self) {
        self.is_dark = true;
        for at in 0..DEVICES {
            (at + 1..DEVICES).for_each(|other| self.world.cut(at, other));
        }
    }

    /// The end of either night.
    fn gets_up(&mut self) {
        let was_dark = std::mem::take(&mut self.is_dark);
        self.world.net.heal();
        if !was_dark {
            (1..DEVICES).for_each(|at| self.world.boot(at));
        }
    }
}

const TRIED: Record = Record { stage: Kept::Trying, needs_mesh: true, ..Record::new(Version(9, 0, 0), Slot::B) };

#[test]
fn a_device_on_trial_stays_updated_although_all_others_are_switched_off() {
    for seed in 1..=SEEDS {
        let mut home = Home::new(seed);
        home.world.crash(0);
        let mut trial = home.comes_up(TRIED);
        assert_eq!(home.is_tried(&mut trial, 120), [], "seed {seed}");
        assert!(!home.world.net.links_of(0).is_empty(), "seed {seed}: it reaches the others");
        home.goes_to_bed();
        let ended = home.is_tried(&mut trial, UPDATE_TRIAL_MS / 1000 + 2 * LOOK);
        assert!(ended.contains(&Effect::Ended(Kept::Confirmed)), "seed {seed}: {ended:?}");
    }
}

/// An update whose trial begins in this night, which waits for the morning and is tried again.
fn is_tried_again_after(seed: u64, night: impl Fn(&mut Home)) {
    let mut home = Home::new(seed);
    home.world.crash(0);
    night(&mut home);
    let mut trial = home.comes_up(TRIED);
    let ended = home.is_tried(&mut trial, UPDATE_TRIAL_LIMIT_MS / 1000 + 2 * LOOK);
    let waits = Record { stage: Kept::Written, tries: 1, ..TRIED };
    assert!(ended.contains(&Effect::Save(waits)) && ended.last() == Some(&Effect::Restart), "seed {seed}: {ended:?}");
    // The earlier system, in a home that sleeps: no turn comes. In the morning one does.
    home.world.crash(0);
    home.world.boot(0);
    home.stages = vec![Stage::Done; DEVICES];
    home.stages[0] = Stage::Waits;
    home.looks(600);
    assert_eq!(home.stages[0], Stage::Waits, "seed {seed}: the others may be updating somewhere");
    home.gets_up();
    let joined = home.world.run_till(Duration::from_secs(3600), World::all_joined);
    assert!(joined.is_some(), "seed {seed}: {}", home.world.describe());
    home.looks(900);
    assert!(home.stages[0] != Stage::Waits, "seed {seed}: its turn comes");
    let (mut earlier, _) = Trial::start(home.world.now, Slot::A, Some(waits));
    let again = Record { stage: Kept::Trying, ..waits };
    assert_eq!(earlier.turn(true, false), [Effect::Save(again), Effect::RestartOnTrial]);
    home.world.crash(0);
    let mut trial = home.comes_up(again);
    let ended = home.is_tried(&mut trial, 3 * UPDATE_TRIAL_MS / 1000);
    assert!(ended.contains(&Effect::Ended(Kept::Confirmed)), "seed {seed}: {ended:?}");
}

#[test]
fn an_update_whose_trial_reaches_nobody_waits_for_the_others_and_is_tried_again() {
    (1..=SEEDS).for_each(|seed| is_tried_again_after(seed, Home::goes_to_bed));
}

#[test]
fn an_update_whose_trial_has_no_network_as_the_router_is_off_waits_for_it_and_is_tried_again() {
    (1..=SEEDS).for_each(|seed| is_tried_again_after(seed, Home::goes_dark));
}

#[test]
fn devices_that_all_want_to_update_do_so_one_after_the_other() {
    for seed in 1..=SEEDS {
        Home::new(seed).all_update(seed, 3 * 3600);
    }
}

#[test]
fn while_the_network_is_broken_none_begins_and_afterwards_each_has_its_turn() {
    for seed in 1..=SEEDS {
        let mut home = Home::new(seed);
        home.looks(60);
        (1..DEVICES).for_each(|other| home.world.cut(0, other));
        home.looks(3600);
        assert_eq!(home.stages, [Stage::Waits; DEVICES], "seed {seed}: each side may be all that is left, for a day");
        home.world.net.heal();
        home.all_update(seed, 3 * 3600);
    }
}

#[test]
fn a_network_that_breaks_during_an_update_brings_no_second_one() {
    for seed in 1..=SEEDS {
        let mut home = Home::new(seed);
        // Those that want to, wait for three minutes.
        for _ in 0..20 {
            if home.updating() == 0 {
                home.look();
            }
        }
        (1..DEVICES).for_each(|other| home.world.cut(0, other));
        home.looks(2 * 3600);
        let begun = home.stages.iter().filter(|stage| **stage != Stage::Waits).count();
        assert_eq!((home.most, begun), (1, 1), "seed {seed}");
        home.world.net.heal();
        home.all_update(seed, 3 * 3600);
    }
}

#[test]
fn a_device_that_is_away_is_waited_for() {
    for seed in 1..=SEEDS {
        let mut home = Home::new(seed);
        home.world.crash(3);
        home.looks(3600);
        assert_eq!(home.stages, [Stage::Waits; DEVICES], "seed {seed}");
        home.world.boot(3);
        home.all_update(seed, 3 * 3600);
    }
}
