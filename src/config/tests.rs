//! Files that are accepted, and the errors of those that are not.

use super::*;
use crate::base::id::Ring;
use crate::base::level;
use crate::base::time::Duration;
use crate::energy::fraction::Fraction;
use crate::energy::policy::wall::Local;
use crate::limits::{CONFIG_BYTES_MAX, QUIET_HOURS_MAX};

#[test]
fn an_empty_file_gives_the_defaults() {
    let config = Config::parse("# nothing\n").unwrap();
    assert_eq!((config.open_api, config.open_here, config.energy.can_wait), (None, false, Duration::ZERO));
    assert!(Config::parse("[api]\nopen_here = true\n").unwrap().open_here);
    let closed = Config::parse("[api]\nopen = \"off\"\nopen_here = true\n").unwrap();
    assert!(closed.open_api.is_none() && closed.open_here, "no other device reaches it");
    let tls = |value: &str| Config::parse(&format!("[api]\ntls = {value}\n"));
    assert!(!config.tls && tls("\"on\"").unwrap().tls && !tls("\"off\"").unwrap().tls);
    assert!(tls("\"yes\"").is_err() && tls("true").is_err());
    assert!(!config.ipfs.bitswap && !config.ipfs.gateway, "public documents are served once the owner says so");
    assert!(Config::parse("[ipfs]\nbitswap = true\n").unwrap().ipfs.bitswap);
    let gateway = Config::parse("[ipfs]\ngateway = true\n").unwrap().ipfs;
    assert!(gateway.gateway && !gateway.bitswap, "each has its own switch");
    assert!(Config::parse("[ipfs]\nbitswap = 1\n").is_err());
    let stay = |text| Config::parse(text).unwrap().texts_stay;
    assert!(stay("[api]\nspread = false\n") && !stay("[api]\nspread = true\n") && !stay(""));
    assert!(config.energy.settings.t_lim.is_none() && config.energy.plan.is_empty());
}

#[test]
fn the_example_of_the_documentation_is_read_and_holds_every_key() {
    let page = include_str!("../../docs/config.md");
    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let config = Config::parse(example).unwrap();
    let energy = &config.energy;
    assert_eq!(energy.settings.t_lim, Some(80.0));
    assert_eq!((energy.settings.thermal.margin, energy.settings.thermal.silent), (4.0, true));
    assert!(
        energy.settings.battery.trickle_on_battery && energy.trusted_clock && energy.settings.policy.expects_surplus
    );
    assert_eq!(energy.can_wait, Duration::from_secs(2 * 86_400));
    assert_eq!(energy.settings.policy.max_defer, Duration::from_secs(7 * 86_400));
    let quiet = &energy.settings.policy.quiet;
    let cap = |weekday, minute| quiet.cap(Local { weekday, minute });
    assert_eq!(cap(0, 23 * 60), Some(Fraction::new(0.25)), "Monday night");
    assert_eq!(cap(5, 23 * 60), None, "Saturday night");
    assert_eq!(cap(6, 14 * 60), Some(Fraction::NONE), "Sunday afternoon");
    assert_eq!(energy.plan.len(), 1);
    assert_eq!(energy.plan[0].1, level::Energy::Surplus);
    assert_eq!(config.open_api.map(|open| open.to_string()).as_deref(), Some("192.168.1.4:7780"));
    let node = &config.node;
    assert_eq!((node.name.as_deref(), node.multicast, node.peers.len()), (Some("attic"), Some(true), 2));
    assert_eq!((node.listen.map(|at| at.port()), node.api.map(|at| at.port())), (Some(7781), Some(7780)));
    assert_eq!(node.models.as_deref(), Some("/srv/models"));
    let folders = node.folders.as_ref().unwrap();
    assert_eq!((folders[0].path.as_str(), folders[0].ring), ("~/Documents", None));
    assert_eq!((folders[1].collection.as_str(), folders[1].ring), ("diary", Some(Ring::Private)));
    assert!(energy.hint_file.is_some() && energy.grid_file.is_some());
    assert_eq!(energy.meter.as_deref(), Some("ina219"));
    // Every key in the page's table is in its example.
    for key in page.lines().filter_map(|line| line.strip_prefix("| `")).filter_map(|line| line.split('`').next()) {
        let name = key.rsplit('.').next().unwrap();
        assert!(example.contains(name), "{key} is not in the example");
    }
}

#[test]
fn an_error_names_the_line_and_what_is_allowed() {
    for (text, line, part) in [
        ("[energy]\nmargin = 4\n", Some(2), "unknown field `margin`"),
        ("[energy]\n\nsilent = \"yes\"\n", Some(3), "silent cannot be \"yes\": write true"),
        ("[energy\n", Some(1), ""),
        ("[energy]\nmargin_c = 20\n", Some(2), "energy.margin_c is a number from 3 to 10, not 20"),
        ("[energy]\nmargin_c = nan\n", Some(2), "from 3 to 10"),
        ("[energy]\nmeter = \"../ina219\"\n", Some(2), "energy.meter is the name of a hwmon chip"),
        ("[energy]\nmeter = \"\"\n", Some(2), "energy.meter is the name of a hwmon chip"),
        ("[energy]\nburst = \"0m\"\n", Some(2), "energy.burst is a time up to 24 hours"),
        ("[energy]\n\nburst = \"25h\"\n", Some(3), "or \"off\""),
        ("[energy]\nlimit_c = 200\n", Some(2), "from 40 to 95"),
        ("[energy]\n# Days.\ncan_wait = \"2 days\"\n", Some(3), "energy.can_wait is a time"),
        ("[energy]\non_battery = \"run\"\n", Some(2), "unknown variant"),
        ("[[energy.quiet]]\nfrom = \"22:00\"\nto = \"25:00\"\n", Some(3), "energy.quiet.to is a time of day"),
        ("[[energy.quiet]]\nfrom = \"22:00\"\nto = \"7:00\"\ndays = \"monday\"\n", Some(4), "energy.quiet.days"),
        ("[[energy.quiet]]\nfrom = \"22:00\"\nto = \"7:00\"\ndays = []\n", Some(1), "needs at least one day"),
        ("[[energy.quiet]]\nfrom = \"22:00\"\nto = \"7:00\"\ncap = 2\n", Some(4), "energy.quiet.cap"),
        ("[[energy.schedule]]\nfrom = \"1:00\"\nto = \"2:00\"\nstate = \"much\"\n", Some(4), "unknown variant"),
        ("[api]\nopen = \"0.0.0.0:7780\"\n", Some(2), "all of them at once"),
        ("[api]\nopen = \"127.0.0.1:7780\"\n", Some(2), "--api"),
        ("[api]\nopen = \"nas.local\"\n", Some(2), "192.168.1.4:7780"),
        ("[api]\nopen = \"no\"\n", Some(2), "or \"off\""),
        ("[api]\nopen = \"[fe80::4]:7780\"\n", Some(2), "on one link alone"),
        ("[api]\nopen_here = \"yes\"\n", Some(2), "write true,"),
        ("[api]\nopen = \"192.168.1.4:7780\"\nopen_here = true\n", Some(3), "while the API is open to other devices"),
        ("colour = 1\n", Some(1), "unknown field"),
        ("[node]\nnam = \"a\"\n", Some(2), "unknown field `nam`"),
        ("[node]\nname = \"\"\n", Some(2), "a device's name"),
        ("[node]\nlisten = \"7781\"\n", Some(2), "0.0.0.0:7781"),
        ("[node]\n\napi = \"0.0.0.0:7780\"\n", Some(3), "node.api"),
        ("[node]\npeers = [\n  \"/p2p/x\",\n]\n", Some(3), "node.peers"),
        ("[node]\nfolders = [\n  \"/a\",\n  \"b\",\n]\n", Some(4), "begins with / or ~/"),
        ("[node]\nfolders = [\n  \"/a\",\n  { path = \"/b\", rng = \"mesh\" },\n]\n", Some(4), "unknown field `rng`"),
        ("[node]\nfolders = [{ path = \"/b\", ring = \"open\" }]\n", Some(2), "unknown variant"),
        ("[node]\nfolders = [7]\n", Some(2), "a path, or a table"),
    ] {
        let wrong = Config::parse(text).unwrap_err();
        assert_eq!(wrong.line, line, "{text:?}: {wrong}");
        assert!(wrong.what.contains(part), "{text:?}: {wrong}");
    }
    let many = "[[energy.quiet]]\nfrom = \"1:00\"\nto = \"2:00\"\n".repeat(QUIET_HOURS_MAX + 1);
    assert!(Config::parse(&many).unwrap_err().what.contains("more than"));
    assert!(Config::parse(&"#".repeat(CONFIG_BYTES_MAX + 1)).unwrap_err().what.contains("larger"));
}

#[test]
fn a_duration_has_a_unit() {
    assert_eq!(duration("90s"), Some(Duration::from_secs(90)));
    assert_eq!(duration("2d"), Some(Duration::from_secs(172_800)));
    assert_eq!(duration("1h30m"), Some(Duration::from_secs(5400)));
    assert_eq!(duration("1d2h3m4s"), Some(Duration::from_secs(86_400 + 7200 + 184)));
    assert_eq!(duration("0h30m"), Some(Duration::from_secs(1800)));
    for wrong in [
        "",
        "s",
        "0s",
        "-1h",
        "1.5h",
        "2",
        "2w",
        "99999999999999999999d",
        "9999999d",
        "2ü",
        "30m1h",
        "1h1h",
        "1h30",
        "h30m",
        "1h 30m",
        "1h-30m",
    ] {
        assert_eq!(duration(wrong), None, "{wrong}");
    }
}

#[test]
fn yes_and_on_are_answered_with_true_and_false() {
    for (line, hint) in [
        ("silent = yes", "write true,"),
        ("silent = \"off\" # quiet", "write false,"),
        ("trust_clock = Yes", "write true,"),
        ("burst = off", "\"off\" where a word is meant"),
        ("silent = 1", "expected true or false"),
    ] {
        let why = Config::parse(&format!("[energy]\n{line}\n")).unwrap_err();
        assert!(why.to_string().contains(hint) && why.line == Some(2), "{line}: {why}");
    }
}
