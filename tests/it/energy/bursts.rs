//! Contradicting sensors, bursts and the ranks of threads, in a real agent.

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
    assert!(said.contains("for 30 minutes: `wattle work now --home") && said.contains("holds on"), "nothing was paused, and nothing ends: {said}");
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
