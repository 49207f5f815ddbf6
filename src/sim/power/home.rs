//! Two days of a home with four governed devices: two Pis, a laptop that is used on battery by day, and a PC with solar
//! surplus at noon. Each has a backlog that can wait two days.
//!
//! The question is where the work goes, not how fast it is: the speeds and watts of the laptop and the PC, and the Pis'
//! milliseconds a chunk, are assumed. Lending is the simplest possible: a device that publishes surplus takes chunks of
//! the others when it has none left. The mesh's own rules are not simulated here.

use super::control::board_report;
use super::plant::{COMPUTERS, Heat, Plant, plant};
use super::sensor::Sensor;
use crate::base::level::Energy;
use crate::base::time::{Duration, Instant};
use crate::energy::advertiser;
use crate::energy::advertiser::HeadroomAdvertiser;
use crate::energy::board::source::{Battery, Flow, Supplies};
use crate::energy::fraction::Fraction;
use crate::energy::governor::{Governor, Settings};
use crate::energy::input::Sample;
use crate::energy::policy::gate::{self, Backlog};
use crate::energy::policy::hint::{Hint, Origin};
use crate::energy::policy::hours::{QuietHours, Window};
use crate::energy::policy::wall::{Wall, Zone};
use crate::energy::sample::group::Readings;
use crate::energy::user_activity::Ticks;
use crate::wire::gossip::Headroom;

const HOUR: u32 = 3600;
const DAY: u32 = 24 * HOUR;
/// How long the backlog can wait, and how long the run is.
const DAYS: u32 = 2;
/// Hours of the day with solar surplus, as in spring.
const SUN: std::ops::Range<u32> = 10..15;
/// Hours in which the laptop is on its battery and used.
const OUT: std::ops::Range<u32> = 8..18;
/// Seconds between two hints of the home-automation system.
const HINT_EVERY: u32 = 300;
/// Temperature of the room in °C.
const AIR: f64 = 22.0;
/// A Tuesday at midnight, in seconds since 1970.
const MIDNIGHT: i64 = 1_774_310_400;

/// The work of a device.
#[derive(Clone, Copy, Debug, Default)]
pub struct Done {
    /// Chunks, its own and others'.
    pub chunks: f64,
    /// Of these, on surplus.
    pub on_surplus: f64,
    /// Of these, on its battery.
    pub on_battery: f64,
    /// Joules of that work, without the idle power.
    pub joules: f64,
    /// Of these, on surplus.
    pub joules_on_surplus: f64,
    /// Seconds with the true temperature above the limit.
    pub above_limit: u32,
    /// Seconds in quiet hours with a headroom above their cap.
    pub unquiet: u32,
}

/// A device of the home.
#[derive(Debug)]
pub struct Device {
    /// Its name in tables.
    pub name: &'static str,
    /// Its work so far.
    pub done: Done,
    /// Chunks that wait.
    pub backlog: f64,
    board: Board,
    chunk_seconds: f64,
    has_sun: bool,
    battery: Option<f64>,
    governor: Option<Box<Governor>>,
    advertiser: HeadroomAdvertiser,
    /// The headroom that it published last.
    published: Option<Headroom>,
}

/// A device's hardware.
#[derive(Debug)]
struct Board {
    plant: Plant,
    heat: Heat,
    sensor: Sensor,
    /// Ticks of all work, and of ours.
    ticks: (f64, f64),
    /// The fraction of all cores that our work took in the last second.
    ran: f64,
}

impl Board {
    fn new(plant: Plant) -> Self {
        let (heat, sensor) = (plant.at_rest(AIR), Sensor::new(plant.quantum, 1, &[]));
        Self { plant, heat, sensor, ticks: (0.0, 0.0), ran: 0.0 }
    }

    /// Lets a second pass with so many cores busy with our work and with other work; gives the core seconds at full
    /// clock that our work got.
    fn advance(&mut self, busy: f64, foreign: f64) -> f64 {
        let clock = self.plant.clock(self.heat);
        (0..5).for_each(|_| self.plant.step(&mut self.heat, AIR, busy + foreign, 0.2));
        self.ticks = (100.0_f64.mul_add(busy + foreign, self.ticks.0), 100.0_f64.mul_add(busy, self.ticks.1));
        self.ran = busy / self.plant.cores as f64;
        busy * clock
    }
}

/// A home.
#[derive(Debug)]
pub struct Home {
    /// Its devices.
    pub devices: Vec<Device>,
    lends: bool,
}

/// How the devices of a home work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Governed, and devices on surplus take the others' work.
    Together,
    /// Governed, each device for itself.
    Alone,
    /// All cores work from the first second until the backlog is empty.
    Ungoverned,
}

impl Home {
    /// The home of the scenario.
    #[must_use]
    pub fn new(strategy: Strategy) -> Self {
        let is_governed = strategy != Strategy::Ungoverned;
        let [laptop, pc] = COMPUTERS;
        let device = |name, plant, ms, chunks, has_sun, battery| {
            Device::new(name, plant, f64::from(ms) / 1000.0, f64::from(chunks), has_sun, battery, is_governed)
        };
        Self {
            devices: vec![
                device("pi 4", plant("pi4_bare"), 800, 20_000, false, None),
                device("pi 5", plant("pi5_active"), 300, 20_000, false, None),
                device("laptop", laptop, 100, 60_000, false, Some(90.0)),
                device("pc", pc, 80, 200_000, true, None),
            ],
            lends: strategy == Strategy::Together,
        }
    }

    /// Runs two days; second 0 is midnight.
    pub fn live(&mut self) {
        for second in 0..DAYS * DAY {
            for at in 0..self.devices.len() {
                let core_seconds = self.devices[at].second(second);
                self.spend(at, core_seconds, second);
            }
        }
    }

    /// Chunks of all devices.
    #[must_use]
    pub fn chunks(&self) -> f64 {
        self.devices.iter().map(|device| device.done.chunks).sum()
    }

    /// The fraction of all chunks that were done on surplus.
    #[must_use]
    pub fn share_on_surplus(&self) -> f64 {
        self.devices.iter().map(|device| device.done.on_surplus).sum::<f64>() / self.chunks()
    }

    /// Joules of the work for a thousand chunks: all of them, and those that were not surplus.
    #[must_use]
    pub fn joules_per_thousand(&self) -> (f64, f64) {
        let sum = |of: fn(&Done) -> f64| self.devices.iter().map(|device| of(&device.done)).sum::<f64>();
        let (all, surplus) = (sum(|done| done.joules), sum(|done| done.joules_on_surplus));
        let thousands = self.chunks() / 1000.0;
        (all / thousands, (all - surplus) / thousands)
    }

    /// Spends core seconds of device `at` on its own chunks and then, on surplus, on those of the device with the most.
    fn spend(&mut self, at: usize, mut core_seconds: f64, second: u32) {
        let surplus = self.devices[at].published.is_some_and(|headroom| headroom.energy == Energy::Surplus);
        while core_seconds > 1e-9 {
            let lends = |device: &Device| if self.lends && surplus { device.backlog } else { 0.0 };
            let others = (0..self.devices.len()).filter(|other| *other != at);
            let most = others.max_by(|a, b| lends(&self.devices[*a]).total_cmp(&lends(&self.devices[*b])));
            let from = if self.devices[at].backlog > 0.0 { Some(at) } else { most };
            let Some(from) = from.filter(|from| *from == at || lends(&self.devices[*from]) > 0.0) else { return };
            let seconds = self.devices[at].chunk_seconds;
            let chunks = (core_seconds / seconds).min(self.devices[from].backlog);
            if chunks <= 0.0 {
                return;
            }
            self.devices[from].backlog -= chunks;
            core_seconds -= chunks * seconds;
            self.devices[at].count(chunks, second);
        }
    }
}

impl Device {
    fn new(
        name: &'static str,
        plant: Plant,
        chunk_seconds: f64,
        backlog: f64,
        has_sun: bool,
        battery: Option<f64>,
        is_governed: bool,
    ) -> Self {
        let mut quiet = QuietHours::default();
        let fits = quiet.add(Window { days: Window::DAILY, from: 22 * 60, to: 7 * 60 }, Fraction::TRICKLE);
        assert!(fits, "a home has one window of quiet hours");
        let policy =
            gate::Settings { quiet, zone: Zone::new(0, &[]), expects_surplus: true, ..gate::Settings::default() };
        let settings = Settings { policy, ..Settings::default() };
        let governor = Governor::new(plant.cores, &board_report(plant.limit), settings, None);
        Self {
            name,
            done: Done::default(),
            backlog,
            chunk_seconds,
            has_sun,
            battery,
            governor: is_governed.then(|| Box::new(governor)),
            advertiser: HeadroomAdvertiser::new(0),
            published: None,
            board: Board::new(plant),
        }
    }

    fn is_on_battery(&self, second: u32) -> bool {
        self.battery.is_some() && OUT.contains(&(second % DAY / HOUR))
    }

    fn has_surplus(&self, second: u32) -> bool {
        self.has_sun && SUN.contains(&(second % DAY / HOUR))
    }

    /// One second: decides and warms up; gives the core seconds that may be spent.
    fn second(&mut self, second: u32) -> f64 {
        let now = Instant::from_millis(u64::from(second) * 1000);
        let cores = self.board.plant.cores as f64;
        let reading = self.board.sensor.read(second, self.board.heat.die);
        let supplies = self.supplies(second);
        let foreign = if self.is_on_battery(second) && second % 600 < 120 { 2.0 } else { 0.0 };
        let Some(governor) = self.governor.as_mut() else {
            return self.advance(if self.backlog > 0.0 { cores - foreign } else { 0.0 }, foreign);
        };
        if self.has_sun && SUN.contains(&(second % DAY / HOUR)) && second.is_multiple_of(HINT_EVERY) {
            let json = br#"{"v":1,"state":"surplus","surplus_w":900,"ttl_s":600,"source":"home-assistant"}"#;
            if let Ok(hint) = Hint::parse(json, None) {
                governor.policy.hint(now, Origin::Put, hint);
            }
        }
        // A device with surplus works for others, so it always has work.
        let helps = self.has_sun && SUN.contains(&(second % DAY / HOUR));
        let oldest = (self.backlog > 0.0 || helps).then(|| Duration::from_secs(u64::from(second)));
        let sample = Sample {
            temperatures: Readings::from_slice(&[reading]).unwrap_or_default(),
            supplies: Some(supplies),
            ticks: Some(Ticks {
                busy: whole(self.board.ticks.0),
                nice: 0,
                own: whole(self.board.ticks.1),
                per_second: 100,
            }),
            wall: Some(Wall(MIDNIGHT + i64::from(second))),
            backlog: Backlog { oldest, can_wait: Duration::from_secs(u64::from(DAYS * DAY)) },
            ran: Some(Fraction::new(self.board.ran)),
            ..Sample::default()
        };
        let decision = governor.sample(now, &sample);
        let next = advertiser::headroom(&decision, self.backlog > 0.0, self.chunk_seconds * 1000.0);
        self.published = self.advertiser.next_item(now, next, 0).or(self.published);
        let hour = second % DAY / HOUR;
        let is_loud = !(7..22).contains(&hour) && decision.headroom > Fraction::TRICKLE;
        self.done.unquiet += u32::from(is_loud);
        let busy = if oldest.is_some() { decision.headroom.value() * cores } else { 0.0 };
        self.advance(busy.min(cores - foreign), foreign)
    }

    /// Lets a second pass on its board; gives the core seconds at full clock that our work got.
    fn advance(&mut self, busy: f64, foreign: f64) -> f64 {
        let core_seconds = self.board.advance(busy, foreign);
        self.done.above_limit += u32::from(self.board.heat.die > self.board.plant.limit);
        core_seconds
    }

    fn supplies(&mut self, second: u32) -> Supplies {
        let out = self.is_on_battery(second);
        let Some(percent) = self.battery.as_mut() else { return Supplies::default() };
        // Six hours of battery, two of charging.
        *percent = (*percent + if out { -100.0 / 21_600.0 } else { 100.0 / 7200.0 }).clamp(5.0, 100.0);
        let flow = if out { Flow::Discharging } else { Flow::Charging };
        let battery = Battery { flow, percent: u8::try_from(whole(*percent)).ok(), ..Battery::default() };
        Supplies { mains: Some(!out), battery: Some(battery) }
    }

    fn count(&mut self, chunks: f64, second: u32) {
        let joules = chunks * self.chunk_seconds * self.board.plant.core_watts;
        self.done.chunks += chunks;
        self.done.joules += joules;
        if self.has_surplus(second) {
            self.done.on_surplus += chunks;
            self.done.joules_on_surplus += joules;
        }
        if self.is_on_battery(second) {
            self.done.on_battery += chunks;
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "ticks of two days, percents")]
fn whole(number: f64) -> u64 {
    number as u64
}
