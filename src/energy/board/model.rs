//! Boards that are known by name, with what Linux does not tell of them: the firmware's limit, the watts of a core.

use super::tree::Tree;
use super::zone::Zone;

/// What is known of a board.
#[derive(Clone, Debug, PartialEq)]
pub struct Board {
    /// For people.
    pub name: String,
    /// Degrees at which the firmware throttles without Linux seeing it, for boards of the table.
    pub t_lim: Option<f64>,
    /// Watts of one busy core, for boards of the table (±40 %).
    pub core_watts: Option<f64>,
}

/// Name for people, start of the device tree's model, limit in degrees, watts of a core.
const TABLE: [(&str, &str, f64, Option<f64>); 10] = [
    ("Raspberry Pi Zero 2 W", "Raspberry Pi Zero 2", 80.0, Some(0.5)),
    // 60 is its soft limit, at which the clock falls from 1.4 to 1.2 GHz.
    ("Raspberry Pi 3B+", "Raspberry Pi 3 Model B Plus", 60.0, Some(0.58)),
    ("Raspberry Pi 3B", "Raspberry Pi 3 Model B", 80.0, Some(0.58)),
    ("Raspberry Pi 4", "Raspberry Pi 4", 80.0, Some(0.9)),
    ("Raspberry Pi 400", "Raspberry Pi 400", 80.0, Some(0.9)),
    ("Raspberry Pi CM4", "Raspberry Pi Compute Module 4", 80.0, Some(0.9)),
    ("Raspberry Pi 500", "Raspberry Pi 500", 80.0, Some(0.75)),
    ("Raspberry Pi 5", "Raspberry Pi 5", 80.0, Some(0.75)),
    ("Raspberry Pi CM5", "Raspberry Pi Compute Module 5", 80.0, Some(0.75)),
    // Recognised by its rpi_volt chip only; all but the 3B+ throttle at 80.
    ("Raspberry Pi", "Raspberry Pi", 80.0, None),
];

/// The calibration offset of the sensor identifies the chip (drivers/thermal/broadcom and the device trees
/// of Linux; all trees in tests/fixtures/sysfs agree).
const OFFSET_BCM2837: i64 = 412_000;
const OFFSET_BCM2711: i64 = 410_040;
const OFFSET_BCM2712: i64 = 450_000;

/// Names the board: by the device tree, else by what only this board has.
#[must_use]
pub fn name_board(tree: &Tree, zones: &[Zone]) -> Option<Board> {
    let paths = ["proc/device-tree/model", "sys/firmware/devicetree/base/model", "sys/class/dmi/id/product_name"];
    if let Some(model) = paths.iter().find_map(|path| tree.device_word(path)) {
        return Some(from_model(model));
    }
    let offset = zones.iter().filter(|zone| zone.kind == "cpu-thermal").find_map(|zone| zone.offset);
    let fastest = tree.integer("sys/devices/system/cpu/cpufreq/policy0/cpuinfo_max_freq").ok();
    let hwmon = "sys/class/hwmon";
    let has_volt = tree.names(hwmon).iter().any(|chip| tree.word(&format!("{hwmon}/{chip}/name")) == Some("rpi_volt"));
    let model = match (offset, fastest) {
        // One of three boards: the limit is the lowest of theirs.
        (Some(OFFSET_BCM2837), None) => return Some(Board::unsure("Raspberry Pi 3 or Zero 2 W", 60.0)),
        (Some(OFFSET_BCM2837), Some(..=1_000_000)) => "Raspberry Pi Zero 2",
        (Some(OFFSET_BCM2837), Some(..=1_200_000)) => "Raspberry Pi 3 Model B",
        (Some(OFFSET_BCM2837), _) => "Raspberry Pi 3 Model B Plus",
        (Some(OFFSET_BCM2711), _) => "Raspberry Pi 4",
        (Some(OFFSET_BCM2712), _) => "Raspberry Pi 5",
        _ if has_volt => "Raspberry Pi",
        _ => return None,
    };
    Some(from_model(model))
}

impl Board {
    fn unsure(name: &str, t_lim: f64) -> Self {
        Self { name: name.to_owned(), t_lim: Some(t_lim), core_watts: None }
    }

    /// Is it a Raspberry Pi, whose firmware throttles?
    #[must_use]
    pub fn is_pi(&self) -> bool {
        self.name.starts_with("Raspberry Pi")
    }
}

fn from_model(model: &str) -> Board {
    // "Raspberry Pi 400" starts like "Raspberry Pi 4": the longest matching start wins.
    let fits = TABLE.iter().filter(|(_, start, ..)| model.starts_with(start));
    match fits.max_by_key(|(_, start, ..)| start.len()) {
        Some((name, _, t_lim, core_watts)) => {
            Board { name: (*name).to_owned(), t_lim: Some(*t_lim), core_watts: *core_watts }
        }
        None => Board { name: model.chars().take(64).collect(), t_lim: None, core_watts: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(model: &str) -> Board {
        let mut tree = Tree::default();
        tree.insert("proc/device-tree/model", Ok(format!("{model}\0").as_bytes()));
        name_board(&tree, &[]).unwrap()
    }

    #[test]
    fn a_chip_whose_clock_is_unknown_is_held_to_the_lowest_limit_of_its_boards() {
        let mut tree = Tree::default();
        for (file, text) in [("type", "cpu-thermal\n"), ("temp", "50000\n"), ("offset", "412000\n")] {
            assert!(tree.insert(&format!("sys/class/thermal/thermal_zone0/{file}"), Ok(text.as_bytes())));
        }
        let board = name_board(&tree, &Zone::all(&tree)).unwrap();
        assert_eq!(
            (board.name.as_str(), board.t_lim, board.core_watts),
            ("Raspberry Pi 3 or Zero 2 W", Some(60.0), None)
        );
        tree.insert("sys/devices/system/cpu/cpufreq/policy0/cpuinfo_max_freq", Ok(b"1000000\n"));
        assert_eq!(name_board(&tree, &Zone::all(&tree)).unwrap().t_lim, Some(80.0));
    }

    #[test]
    fn boards_are_known_by_the_device_tree() {
        for (model, name, t_lim) in [
            ("Raspberry Pi 5 Model B Rev 1.0", "Raspberry Pi 5", Some(80.0)),
            ("Raspberry Pi 400 Rev 1.0", "Raspberry Pi 400", Some(80.0)),
            ("Raspberry Pi 3 Model B Plus Rev 1.3", "Raspberry Pi 3B+", Some(60.0)),
            ("Raspberry Pi 3 Model B Rev 1.2", "Raspberry Pi 3B", Some(80.0)),
            ("Raspberry Pi Zero 2 W Rev 1.0", "Raspberry Pi Zero 2 W", Some(80.0)),
            ("Radxa ROCK 5B", "Radxa ROCK 5B", None),
        ] {
            let board = named(model);
            assert_eq!((board.name.as_str(), board.t_lim), (name, t_lim), "{model}");
        }
    }
}
