//! Contradicting sensors, bursts, quiet hours and the ranks of threads, in a real agent.

use super::*;

#[test]
fn readings_that_contradict_each_other_are_told_in_status_and_energy_and_the_better_ones_hold() {
    let device = Governed::new("rpi5-rpios-activecooler");
    for (file, text) in [
        ("AC/type", "Mains"),
        ("AC/online", "1"),
        ("BAT0/type", "Battery"),
        ("BAT0/present", "1"),
        ("BAT0/status", "Not charging"),
        ("BAT0/capacity", "0"),
        ("BAT0/energy_full", "0"),
    ] {
        let path = device.root.path().join("sys/class/power_supply").join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{text}\n")).unwrap();
    }
    let agent = device.up();
    let found = || {
        let status = agent.status();
        let findings = status["findings"].as_array().cloned().unwrap_or_default();
        findings.iter().find(|finding| finding["area"] == "sensors").cloned()
    };
    until("the finding", || found().is_some());
    assert!(found().unwrap()["what"].as_str().unwrap().contains("counts as broken"), "{:?}", found());
    assert_eq!(found().unwrap()["command"], "wattle energy");
    let energy = agent.json(&["energy", "--json"]);
    assert_eq!((&energy["power_source"], &energy["battery_pct"]), (&json!("ac"), &json!(0)), "{energy}");
    assert_ne!(energy["reason"], "battery-low", "{energy}");
    let text = String::from_utf8(agent.cli(["energy"]).stdout).unwrap();
    assert!(text.contains("Doubt        A battery says that it is nearly empty"), "{text}");
}

#[test]
fn a_burst_is_asked_for_lasts_and_ends_with_a_pause() {
    let device = Governed::new("rpi5-rpios-activecooler");
    let agent = device.up();
    let burst = || agent.json(&["energy", "--json"])["burst_s"].clone();
    assert_eq!(burst(), Value::Null, "nobody is at a terminal here");
    assert!(agent.cli(["pause", "1h30m"]).status.success());
    let said = String::from_utf8(agent.cli(["work", "now", "30m"]).stdout).unwrap();
    assert!(said.starts_with("The pause until ") && said.contains(" is over. Background work goes on"), "{said}");
    assert!(said.contains("Background work goes on beside what you do for 30 minutes"), "{said}");
    assert!(burst().as_u64().is_some_and(|left| (1790..=1800).contains(&left)), "{}", burst());
    assert_eq!(agent.json(&["energy", "--json"])["paused"], false, "who wants the work wants no pause");
    let text = String::from_utf8(agent.cli(["energy"]).stdout).unwrap();
    assert!(text.contains("In a hurry   for 30 minutes"), "{text}");
    let said = String::from_utf8(agent.cli(["resume"]).stdout).unwrap();
    assert!(
        said.contains("for 30 minutes: `wattle work now --home") && said.contains("holds on"),
        "nothing was paused, and nothing ends: {said}"
    );
    assert!(burst().is_u64());
    let said = String::from_utf8(agent.cli(["pause"]).stdout).unwrap();
    assert!(said.contains("That ended `wattle work now "), "{said}");
    assert_eq!(burst(), Value::Null);
    assert_eq!(agent.call("POST", "/v1/energy/work", r#"{"arrived":true}"#).0, 200);
    let energy = agent.json(&["energy", "--json"]);
    assert!(energy["burst_s"].as_u64().is_some_and(|left| left > 590) && energy["paused"] == true, "{energy}");
    for wrong in [r#"{"seconds":0}"#, r#"{"seconds":99999999}"#, r#"{"minutes":1}"#] {
        assert_eq!(agent.call("POST", "/v1/energy/work", wrong).0, 400, "{wrong}");
    }
    for wrong in [vec!["work", "later"], vec!["work", "now", "2"], vec!["work", "now", "for", "2h"]] {
        assert!(!agent.cli(&wrong).status.success(), "{wrong:?}");
    }
}

#[test]
fn an_agent_that_starts_with_a_burst_moves_its_threads_forward_and_back() {
    let device = Governed::new("rpi5-rpios-activecooler");
    let mut command = Command::new(WATTLE);
    command.env("XDG_RUNTIME_DIR", &device.meeting);
    let sensors = device.root.path().to_str().unwrap();
    let agent = Agent::start(command, &device.place.home(), &["--sensors", sensors, "--no-mdns", "--burst", "10m"]);
    let tasks = PathBuf::from(format!("/proc/{}/task", agent.child.id()));
    // Names and niceness (field 19 of proc_pid_stat(5)) of the background threads.
    let nice = || {
        let of = |path: PathBuf| {
            let name = fs::read_to_string(path.join("comm")).ok()?;
            let stat = fs::read_to_string(path.join("stat")).ok()?;
            let nice = stat.rsplit_once(')')?.1.split_whitespace().nth(16)?.to_owned();
            name.starts_with("background").then_some(nice)
        };
        fs::read_dir(&tasks).unwrap().filter_map(|entry| of(entry.unwrap().path())).collect::<Vec<_>>()
    };
    until("the threads to come forward", || nice().iter().all(|nice| nice == "1"));
    assert!(agent.cli(["pause", "1h"]).status.success());
    assert!(agent.cli(["resume"]).status.success());
    // They step back as they take up work.
    device.place.write("a.md", "Bees and honey.\n");
    agent.add(&device.place.docs());
    agent.wait_ready(1);
    until("one to step back", || nice().iter().any(|nice| nice == "19"));
}

#[test]
fn quiet_hours_that_are_set_hold_at_once_stand_in_the_file_and_survive_a_restart() {
    let device = Governed::new("rpi5-rpios-activecooler");
    let agent = device.up();
    let config = device.place.home().join("config.toml");
    // The start has written what it was given, and would write it over the edit.
    until("the first settings", || config.exists());
    let text = format!("# Ann's\n{}", fs::read_to_string(&config).unwrap_or_default());
    fs::write(&config, &text).unwrap();
    let (status, why) = agent.call("PUT", "/v1/energy/quiet", r#"{"quiet": [{"from": "25:00", "to": "7:00"}]}"#);
    assert!(status == 400 && why["error"].as_str().unwrap().contains("not \"25:00\""), "{why}");
    assert_eq!(fs::read_to_string(&config).unwrap(), text);
    // Whether the clock of the machine is vouched for or not, it is one of two reasons.
    let held = || matches!(agent.json(&["energy", "--json"])["reason"].as_str(), Some("quiet-hours" | "time-unknown"));
    assert!(!held());
    let (status, set) = agent.call("PUT", "/v1/energy/quiet", r#"{"quiet": [{"from": "00:00", "to": "24:00"}]}"#);
    assert_eq!((status, &set["leads"], &set["forgotten"]), (200, &json!(true), &Value::Null), "{set}");
    until("quiet hours", held);
    // Somebody who knew none changes them: what was set meanwhile stays. Who knows them does.
    let daily = r#"{"days": "daily", "from": "00:00", "to": "24:00", "cap": 0}"#;
    let based = |before: &str| format!(r#"{{"quiet": [{daily}], "before": [{before}]}}"#);
    let (status, why) = agent.call("PUT", "/v1/energy/quiet", &based(""));
    assert!(status == 409 && why["error"].as_str().unwrap().contains("others by now"), "{status} {why}");
    assert_eq!(agent.call("PUT", "/v1/energy/quiet", &based(daily)).0, 200);
    let written = fs::read_to_string(&config).unwrap();
    assert!(written.starts_with("# Ann's\n") && written.contains("[[energy.quiet]]\nfrom = \"00:00\"\n"), "{written}");
    agent.stop();
    let agent = device.up();
    let quiet = || agent.json(&["energy", "--json"])["quiet"].clone();
    assert_eq!(quiet(), json!([{ "days": "daily", "from": "00:00", "to": "24:00", "cap": 0.0 }]));
    let shown = agent.cli(["energy", "quiet", "sat,sun 13:00-15:00 25%"]);
    assert_eq!(String::from_utf8(shown.stdout).unwrap(), "sat,sun 13:00-15:00: at most 25 % of the device\n");
    assert_eq!(quiet(), json!([{ "days": "sat,sun", "from": "13:00", "to": "15:00", "cap": 0.25 }]));
    assert!(agent.cli(["energy", "quiet", "--none"]).status.success());
    assert_eq!(quiet(), json!([]));
    assert!(!fs::read_to_string(&config).unwrap().contains("quiet"));
}
