//! `[energy]`: heat, battery, quiet hours, surplus.

use super::window::{Days, window};
use super::{ConfigError, duration, wrong};
use crate::base::level;
use crate::base::time::Duration;
use crate::energy::battery;
use crate::energy::fraction::Fraction;
use crate::energy::governor::Settings;
use crate::energy::policy::gate;
use crate::energy::policy::hours::{QuietHours, Window};
use crate::energy::thermal;
use crate::limits::{CHIP_NAME_BYTES_MAX, QUIET_HOURS_MAX};
use serde::Deserialize;

/// What the owner chose for the governor.
#[derive(Clone, Debug, Default)]
pub struct Energy {
    /// Heat, battery, pause and hours. The zone is the system's, see `io::zone`.
    pub settings: Settings,
    /// Hours with more or less energy than usual.
    pub plan: Vec<(Window, level::Energy)>,
    /// How long bulk work may wait for surplus.
    pub can_wait: Duration,
    /// The clock is right, whatever the system knows of it.
    pub trusted_clock: bool,
    /// Where hints lie, if not where they do by default.
    pub hint_file: Option<String>,
    /// Where the grid's carbon intensity lies.
    pub grid_file: Option<String>,
    /// The hwmon chip that measures all that the device takes.
    pub meter: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEnergy {
    limit_c: Option<f64>,
    margin_c: Option<f64>,
    #[serde(default)]
    silent: bool,
    on_battery: Option<OnBattery>,
    can_wait: Option<String>,
    max_defer: Option<String>,
    #[serde(default)]
    expects_surplus: bool,
    #[serde(default)]
    trust_clock: bool,
    hint_file: Option<String>,
    grid_file: Option<String>,
    meter: Option<String>,
    #[serde(default)]
    quiet: Vec<Quiet>,
    #[serde(default)]
    schedule: Vec<Scheduled>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OnBattery {
    Stop,
    Trickle,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Quiet {
    days: Option<Days>,
    from: String,
    to: String,
    #[serde(default)]
    cap: f64,
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
        let within = |key: &str, value: f64, least: f64, most: f64| {
            if value >= least && value <= most {
                return Ok(value);
            }
            Err(wrong(format!("energy.{key} is a number from {least} to {most}, not {value}")))
        };
        let time = |key: &str, text: Option<&str>, default: Duration| match text {
            None => Ok(default),
            Some(text) => duration(text).ok_or_else(|| {
                wrong(format!("energy.{key} is a time as \"90s\", \"30m\", \"2h\" or \"2d\", not {text:?}"))
            }),
        };
        let mut quiet = QuietHours::default();
        for window in &self.quiet {
            let cap = Fraction::new(within("quiet.cap", window.cap, 0.0, 1.0)?);
            if !quiet.add(self::window("energy.quiet", window.days.as_ref(), &window.from, &window.to)?, cap) {
                return Err(wrong(format!("more than {QUIET_HOURS_MAX} quiet hours are written; that many are kept")));
            }
        }
        if self.schedule.len() > QUIET_HOURS_MAX {
            return Err(wrong(format!("more than {QUIET_HOURS_MAX} hours are scheduled; that many are kept")));
        }
        let plan = self.schedule.iter().map(|hours| {
            Ok((self::window("energy.schedule", hours.days.as_ref(), &hours.from, &hours.to)?, hours.state))
        });
        let defaults = (thermal::Settings::default(), gate::Settings::default());
        let margin = self.margin_c.map_or(Ok(defaults.0.margin), |margin| within("margin_c", margin, 3.0, 10.0))?;
        let settings = Settings {
            thermal: thermal::Settings { margin, silent: self.silent },
            battery: battery::Settings { trickle_on_battery: self.on_battery == Some(OnBattery::Trickle) },
            policy: gate::Settings {
                quiet,
                max_defer: time("max_defer", self.max_defer.as_deref(), defaults.1.max_defer)?,
                expects_surplus: self.expects_surplus,
                ..defaults.1
            },
            t_lim: self.limit_c.map(|limit| within("limit_c", limit, 40.0, 95.0)).transpose()?,
        };
        Ok(Energy {
            settings,
            plan: plan.collect::<Result<_, _>>()?,
            can_wait: time("can_wait", self.can_wait.as_deref(), Duration::ZERO)?,
            trusted_clock: self.trust_clock,
            hint_file: self.hint_file,
            grid_file: self.grid_file,
            meter: self.meter.map(chip).transpose()?,
        })
    }
}

/// The name of a hwmon chip, as its `name` file has it.
fn chip(name: String) -> Result<String, ConfigError> {
    let sound = (1..=CHIP_NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if sound {
        return Ok(name);
    }
    Err(wrong(format!("energy.meter is the name of a hwmon chip as \"ina219\", not {name:?}")))
}
