//! `[energy]`: heat, battery, quiet hours, surplus.

use super::duration::duration;
use super::error::{ConfigError, within, wrong};
use super::quiet::{Quiet, hours_of};
use super::window::{Days, window};
use crate::base::level;
use crate::base::time::Duration;
use crate::energy::battery;
use crate::energy::governor::Settings;
use crate::energy::policy::gate;
use crate::energy::policy::hours::Window;
use crate::energy::thermal;
use crate::limits::{BURST_S, BURST_S_MAX, CHIP_NAME_BYTES_MAX, QUIET_HOURS_MAX};
use core::fmt;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

/// The owner's settings for the governor.
#[derive(Clone, Debug, Default)]
pub struct Energy {
    /// Heat, battery, pause and quiet hours. The time zone is the system's, see `platform::time_zone`.
    pub settings: Settings,
    /// Hours in which energy is cheap or short.
    pub plan: Vec<(Window, level::Energy)>,
    /// How long background work may wait for surplus energy.
    pub can_wait: Duration,
    /// For how long work also runs while the device is in use, after a person started the agent, or added a folder, on a
    /// terminal; zero: it does not.
    pub burst: Option<Duration>,
    /// Whether the clock is taken to be right although the system does not know it.
    pub trusted_clock: bool,
    /// The path of the file of hints; the default path if `None`.
    pub hint_file: Option<String>,
    /// The path of the file with the grid's carbon intensity.
    pub grid_file: Option<String>,
    /// The hwmon chip that measures the whole device's power.
    pub meter: Option<String>,
}

impl Energy {
    /// How long a burst lasts: as the owner chose, else ten minutes.
    #[must_use]
    pub fn burst(&self) -> Duration {
        self.burst.unwrap_or(Duration::from_secs(BURST_S))
    }
}

/// The table as written. It is one table of TOML and two groups of keys.
#[derive(Debug, Default)]
pub(super) struct RawEnergy {
    power: RawPower,
    timing: RawTiming,
}

/// Keys of heat, battery and the files and sensors that are read.
#[derive(Debug, Default)]
struct RawPower {
    limit_c: Option<f64>,
    margin_c: Option<f64>,
    silent: bool,
    on_battery: Option<OnBattery>,
    hint_file: Option<String>,
    grid_file: Option<String>,
    meter: Option<String>,
}

/// Keys of when work is done.
#[derive(Debug, Default)]
struct RawTiming {
    can_wait: Option<String>,
    max_defer: Option<String>,
    expects_surplus: bool,
    burst: Option<String>,
    trust_clock: bool,
    quiet: Vec<Quiet>,
    schedule: Vec<Scheduled>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    LimitC,
    MarginC,
    Silent,
    OnBattery,
    CanWait,
    MaxDefer,
    ExpectsSurplus,
    Burst,
    TrustClock,
    HintFile,
    GridFile,
    Meter,
    Quiet,
    Schedule,
}

impl<'de> Deserialize<'de> for RawEnergy {
    fn deserialize<D: Deserializer<'de>>(table: D) -> Result<Self, D::Error> {
        table.deserialize_map(Keys)
    }
}

/// Reads the table key by key: serde's `flatten` would lose the lines of errors.
struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = RawEnergy;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the table [energy]")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<RawEnergy, A::Error> {
        let mut raw = RawEnergy::default();
        let RawEnergy { power, timing } = &mut raw;
        while let Some(key) = table.next_key()? {
            match key {
                Key::LimitC => power.limit_c = table.next_value()?,
                Key::MarginC => power.margin_c = table.next_value()?,
                Key::Silent => power.silent = table.next_value()?,
                Key::OnBattery => power.on_battery = table.next_value()?,
                Key::HintFile => power.hint_file = table.next_value()?,
                Key::GridFile => power.grid_file = table.next_value()?,
                Key::Meter => power.meter = table.next_value()?,
                Key::CanWait => timing.can_wait = table.next_value()?,
                Key::MaxDefer => timing.max_defer = table.next_value()?,
                Key::ExpectsSurplus => timing.expects_surplus = table.next_value()?,
                Key::Burst => timing.burst = table.next_value()?,
                Key::TrustClock => timing.trust_clock = table.next_value()?,
                Key::Quiet => timing.quiet = table.next_value()?,
                Key::Schedule => timing.schedule = table.next_value()?,
            }
        }
        Ok(raw)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OnBattery {
    Stop,
    Trickle,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scheduled {
    days: Option<Days>,
    from: String,
    to: String,
    state: level::Energy,
}

impl RawEnergy {
    pub(super) fn checked(self) -> Result<Energy, ConfigError> {
        let Self { power, timing } = self;
        let thermal = thermal::Settings {
            margin: power
                .margin_c
                .map_or(Ok(thermal::Settings::default().margin), |c| within("energy.margin_c", c, 3.0, 10.0))?,
            silent: power.silent,
        };
        Ok(Energy {
            settings: Settings {
                thermal,
                battery: battery::Settings { trickle_on_battery: power.on_battery == Some(OnBattery::Trickle) },
                policy: timing.policy()?,
                t_lim: power.limit_c.map(|limit| within("energy.limit_c", limit, 40.0, 95.0)).transpose()?,
            },
            plan: timing.plan()?,
            can_wait: time("can_wait", timing.can_wait.as_deref(), Duration::ZERO)?,
            burst: timing
                .burst
                .as_deref()
                .map(|text| burst(text).map_err(|what| wrong(what).of("energy.burst")))
                .transpose()?,
            trusted_clock: timing.trust_clock,
            hint_file: power.hint_file,
            grid_file: power.grid_file,
            meter: power.meter.map(chip).transpose()?,
        })
    }
}

impl RawTiming {
    fn policy(&self) -> Result<gate::Settings, ConfigError> {
        let quiet = hours_of(&self.quiet)?;
        let defaults = gate::Settings::default();
        Ok(gate::Settings {
            quiet,
            max_defer: time("max_defer", self.max_defer.as_deref(), defaults.max_defer)?,
            expects_surplus: self.expects_surplus,
            ..defaults
        })
    }

    fn plan(&self) -> Result<Vec<(Window, level::Energy)>, ConfigError> {
        if self.schedule.len() > QUIET_HOURS_MAX {
            let what = format!("more than {QUIET_HOURS_MAX} hours are scheduled; that many are kept");
            return Err(wrong(what).of("energy.schedule"));
        }
        let planned = |(place, hours): (usize, &Scheduled)| {
            let window = window("energy.schedule", hours.days.as_ref(), &hours.from, &hours.to);
            Ok((window.map_err(|error| error.below(&format!("energy.schedule.{place}")))?, hours.state))
        };
        self.schedule.iter().enumerate().map(planned).collect()
    }
}

fn time(key: &str, text: Option<&str>, default: Duration) -> Result<Duration, ConfigError> {
    let Some(text) = text else { return Ok(default) };
    duration(text)
        .ok_or_else(|| wrong(format!("energy.{key} is a time as \"90s\", \"30m\", \"1h30m\" or \"2d\", not {text:?}")))
        .map_err(|error| error.of(&format!("energy.{key}")))
}

/// Reads how long a burst lasts: a time up to `BURST_S_MAX`, or "off", which is zero.
///
/// # Errors
/// One sentence: what is allowed.
pub fn burst(text: &str) -> Result<Duration, String> {
    if text == "off" {
        return Ok(Duration::ZERO);
    }
    let hours = BURST_S_MAX / 3600;
    let wrong = || format!("energy.burst is a time up to {hours} hours as \"10m\", or \"off\", not {text:?}");
    duration(text).filter(|time| time.as_secs() <= BURST_S_MAX).ok_or_else(wrong)
}

/// Checks the name of a hwmon chip, as in its `name` file.
fn chip(name: String) -> Result<String, ConfigError> {
    let sound = (1..=CHIP_NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if sound {
        return Ok(name);
    }
    Err(wrong(format!("energy.meter is the name of a hwmon chip as \"ina219\", not {name:?}")).of("energy.meter"))
}
