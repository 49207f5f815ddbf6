//! How hot a device may become, and where that limit comes from: the kernel's passive trip point, the chip's maximum,
//! the table of boards, the critical trip point, or a default.

use super::chip::CPU_CHIPS;
use super::model::Board;
use super::tree::Tree;
use super::zone::Zone;
use crate::energy::sample::text;
use serde::{Deserialize, Serialize};

/// Any limit is clamped to these degrees: a trip point can be nonsense (an MT7622 shipped with 47).
const CLAMP: (f64, f64) = (55.0, 95.0);
/// Degrees that a critical trip lies above the limit taken from it.
const BELOW_CRITICAL: f64 = 25.0;
/// Degrees where no source has a limit.
const DEFAULT: f64 = 80.0;
/// Plausible millidegrees of a hwmon maximum; drivers' placeholder values are far above.
const HWMON_MAX: std::ops::RangeInclusive<i64> = 40_000..=110_000;

/// The source of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LimitFrom {
    /// The kernel's passive trip point.
    Trip,
    /// The maximum of the hwmon chip.
    Hwmon,
    /// The table of boards.
    Board,
    /// The critical trip point, less 25 degrees.
    Critical,
    /// No source: 80 degrees.
    Default,
    /// The owner.
    Owner,
}

impl LimitFrom {
    /// For people and for JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trip => "trip",
            Self::Hwmon => "hwmon",
            Self::Board => "board",
            Self::Critical => "critical",
            Self::Default => "default",
            Self::Owner => "owner",
        }
    }
}

/// The limit in degrees, and its source; `zones` are the CPU's.
#[must_use]
pub fn limit(tree: &Tree, zones: &[&Zone], board: Option<&Board>) -> (f64, LimitFrom) {
    let of_cpu = || zones.iter().copied();
    let degrees = |millis: i64| millis as f64 / 1000.0;
    let trip = of_cpu().filter_map(Zone::control_trip).min().map(|at| (degrees(at), LimitFrom::Trip));
    let (value, from) = trip
        .or_else(|| hwmon_maximum(tree).map(|at| (degrees(at), LimitFrom::Hwmon)))
        .or_else(|| board.and_then(|board| of_board(tree, board)).map(|at| (at, LimitFrom::Board)))
        .or_else(|| {
            let critical = of_cpu().filter_map(Zone::critical_trip).min();
            critical.map(|at| (degrees(at) - BELOW_CRITICAL, LimitFrom::Critical))
        })
        .unwrap_or((DEFAULT, LimitFrom::Default));
    (value.clamp(CLAMP.0, CLAMP.1), from)
}

/// The settings file of a Raspberry Pi's firmware; the newer path first.
pub const CONFIGS: [&str; 2] = ["boot/firmware/config.txt", "boot/config.txt"];
/// The firmware's thermal settings with their valid degrees: the hard limit, and the soft limit of a 3B+, which comes
/// first (Raspberry Pi documentation, config.txt).
const HARD: (&str, std::ops::RangeInclusive<i64>) = ("temp_limit", 60..=85);
/// See `HARD`.
const SOFT: (&str, std::ops::RangeInclusive<i64>) = ("temp_soft_limit", 60..=70);

/// The lines of a firmware's settings that concern heat, with the conditional sections (`[pi4]`) that they are in.
#[must_use]
pub fn limit_lines(config: &[u8]) -> Vec<u8> {
    let wanted = |line: &&[u8]| {
        let line = line.trim_ascii_start();
        line.starts_with(b"[") || line.starts_with(HARD.0.as_bytes()) || line.starts_with(SOFT.0.as_bytes())
    };
    let lines = config.split(|byte| *byte == b'\n').filter(wanted);
    lines.flat_map(|line| [line, b"\n"].concat()).collect()
}

/// The table's degrees, or those that the owner set in the firmware instead.
fn of_board(tree: &Tree, board: &Board) -> Option<f64> {
    let table = board.t_lim?;
    let (key, range) = if table < 80.0 { SOFT } else { HARD };
    let config = CONFIGS.iter().find_map(|path| tree.bytes(path).ok()).filter(|_| board.is_pi());
    Some(config.and_then(|config| set(config, key, &range)).map_or(table, |degrees| degrees as f64))
}

/// The last value of a key. In a conditional section, as `[pi4]`, it may be for another board: there it only lowers.
fn set(config: &[u8], key: &str, range: &std::ops::RangeInclusive<i64>) -> Option<i64> {
    let (mut always, mut at_most, mut conditional) = (None, i64::MAX, false);
    for line in config.split(|byte| *byte == b'\n').filter_map(text::word) {
        if line.starts_with('[') {
            conditional = line != "[all]";
        }
        let Some((name, value)) = line.split_once('=') else { continue };
        let value = value.split('#').next().and_then(|value| value.trim().parse::<i64>().ok());
        let Some(value) = value.filter(|value| name.trim() == key && range.contains(value)) else { continue };
        if conditional {
            at_most = at_most.min(value);
        } else {
            always = Some(value);
        }
    }
    // Without an unconditional value the firmware's own 85 holds; a conditional one counts only below the table's 80.
    let lowest = (at_most < 80).then_some(at_most);
    always.map(|always| always.min(at_most)).or(lowest)
}

/// The lowest maximum of the CPU's hwmon chips.
fn hwmon_maximum(tree: &Tree) -> Option<i64> {
    let folder = "sys/class/hwmon";
    let of_chip = |chip: &str| {
        let kind = tree.word(&format!("{folder}/{chip}/name"))?;
        let of_cpu = CPU_CHIPS.contains(&kind);
        let files = tree.names(&format!("{folder}/{chip}"));
        let maxima = files.iter().filter(|file| of_cpu && file.starts_with("temp") && file.ends_with("_max"));
        let values = maxima.filter_map(|file| tree.integer(&format!("{folder}/{chip}/{file}")).ok());
        values.filter(|at| HWMON_MAX.contains(at)).min()
    };
    tree.names(folder).into_iter().filter_map(of_chip).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pi_s_own_setting_moves_its_limit_and_the_last_one_wins() {
        let limit_of = |model: &str, config: &str| {
            let mut tree = Tree::default();
            tree.insert("proc/device-tree/model", Ok(model.as_bytes()));
            tree.insert("boot/firmware/config.txt", Ok(&limit_lines(config.as_bytes())));
            let board = super::super::model::name_board(&tree, &[]);
            limit(&tree, &[], board.as_ref())
        };
        let pi4 = "Raspberry Pi 4 Model B";
        for (config, degrees) in [
            ("", 80.0),
            ("dtparam=audio=on\ntemp_limit=70\n", 70.0),
            ("temp_limit=70\n temp_limit = 85 # hot\n", 85.0),
            ("#temp_limit=70\ntemp_limit=59\ntemp_limit=86\ntemp_limit=x\ntemp_soft_limit=65\n", 80.0),
            ("[pi5]\ntemp_limit=85\n[pi3]\ntemp_limit=65\n[all]\n", 65.0),
            ("[pi5]\ntemp_limit=85\n[all]\ntemp_limit=75\n", 75.0),
        ] {
            assert_eq!(limit_of(pi4, config), (degrees, LimitFrom::Board), "{config:?}");
        }
        let soft = limit_of("Raspberry Pi 3 Model B Plus", "temp_limit=85\ntemp_soft_limit=68\n");
        assert_eq!(soft.0, 68.0, "a 3B+ lowers its clock at the soft limit");
        assert_eq!(limit_of("Radxa ROCK 5B", "temp_limit=65\n"), (80.0, LimitFrom::Default));
    }
}
