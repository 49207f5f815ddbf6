//! The governor in a real agent, on copies of real boards' sensor files: what it finds, what it limits, what survives a
//! restart.

use crate::harness::{Agent, Place, WATTLE, repo};
use crate::models::other_model;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use wattle::energy::sample::uevent::Uevent;
use wattle::platform::sysfs::uevent::Uevents;

/// Rows of the table that `wattle energy --root` is compared with.
const EXPECTED: usize = 16;

/// Unpacks a fixture into real files. Of the reads that must fail, only missing and denied files can be made.
pub(crate) fn unpack(name: &str, root: &Path) {
    if let Some((base, _)) = name.split_once('+') {
        unpack(base, root);
    }
    let text = fs::read_to_string(repo().join("tests/fixtures/sysfs").join(format!("{name}.tree"))).unwrap();
    for line in text.lines() {
        let (path, content) = line.split_once('\t').unwrap();
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match content.strip_prefix('!') {
            Some("ENOENT") => {}
            Some(_) => {
                fs::write(&path, "").unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
            }
            None => fs::write(&path, serde_json::from_str::<String>(content).unwrap()).unwrap(),
        }
    }
}

fn read_tree(root: &Path) -> Value {
    let output = Command::new(WATTLE).args(["energy", "--json", "--root"]).arg(root).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn each_boards_tree_of_files_gives_the_report_that_the_table_expects() {
    let table = fs::read_to_string(repo().join("tests/fixtures/sysfs/EXPECT.tsv")).unwrap();
    let mut seen = 0;
    for row in table.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>()) {
        let [name, sensor, degrees, limit, from, source] = row[..6] else { panic!("{row:?}") };
        let root = tempfile::tempdir().unwrap();
        unpack(name, root.path());
        let report = read_tree(root.path());
        seen += 1;
        let known = |text: &str| if text == "-" { Value::Null } else { json!(text) };
        let number = |text: &str| text.parse::<f64>().map_or(Value::Null, |number| json!(number));
        assert_eq!(report["cpu_sensor"], known(sensor), "{name}");
        assert_eq!(report["cpu_temp_c"], number(degrees), "{name}");
        assert_eq!(report["t_lim_c"], number(limit), "{name}");
        assert!(from.split('|').any(|from| report["t_lim_from"] == from), "{name}: {report}");
        assert_eq!(report["power_source"], source, "{name}");
    }
    assert_eq!(seen, EXPECTED, "the table was cut short, or grew");
}

/// A device with its own tree of sensors and its own folder where agents meet.
struct Governed {
    place: Place,
    root: tempfile::TempDir,
    meeting: PathBuf,
}

impl Governed {
    fn new(tree: &str) -> Self {
        let (place, root) = (Place::new(), tempfile::tempdir().unwrap());
        unpack(tree, root.path());
        let meeting = root.path().join("run");
        fs::create_dir(&meeting).unwrap();
        Self { place, root, meeting }
    }

    fn up(&self) -> Agent {
        let mut command = Command::new(WATTLE);
        command.env("XDG_RUNTIME_DIR", &self.meeting);
        let sensors = self.root.path().to_str().unwrap();
        Agent::start(command, &self.place.home(), &["--sensors", sensors, "--no-mdns"])
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.root.path().join(path), text).unwrap();
    }
}

pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < end, "{what} did not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_device_on_battery_reads_files_and_embeds_them_on_mains() {
    let device = Governed::new("x86-laptop-bat-discharging");
    device.place.write("violin.md", "# Violin\n\nGrandmother's violin lies in the long chest under the roof window.\n");
    let agent = device.up();
    agent.add(&device.place.docs());
    let status = agent.wait("a file that was read", |status| status["files"]["chunked"] == 1);
    assert_eq!(status["vectors"], 0, "nothing is embedded on battery");
    let energy = agent.json(&["energy", "--json"]);
    assert_eq!((&energy["reason"], &energy["headroom"]), (&json!("on-battery"), &json!(0.0)), "{energy}");
    assert_eq!(energy["power_source"], "battery");
    let text = String::from_utf8(agent.cli(["energy"]).stdout).unwrap();
    assert!(text.contains("the device runs on battery; work waits for mains"), "{text}");
    // The charger is plugged in. A folder of files sends no event: the next sample sees it.
    for name in
        ["BAT0", "BAT1"].iter().filter(|name| device.root.path().join("sys/class/power_supply").join(name).exists())
    {
        device.write(&format!("sys/class/power_supply/{name}/status"), "Full\n");
        device.write(&format!("sys/class/power_supply/{name}/capacity"), "100\n");
    }
    for entry in fs::read_dir(device.root.path().join("sys/class/power_supply")).unwrap() {
        let online = entry.unwrap().path().join("online");
        if online.exists() {
            fs::write(online, "1\n").unwrap();
        }
    }
    agent.wait_ready(1);
    let today = agent.json(&["energy", "--json"])["today"].clone();
    assert_eq!(today[0]["chunks"], 1, "{today}");
    assert_eq!((&today[0]["method"], &today[0]["joules"]), (&json!("unknown"), &Value::Null), "unknown is not 0");
}

#[test]
fn a_pause_survives_a_kill_and_ends_with_resume() {
    let device = Governed::new("rpi5-rpios-activecooler");
    let agent = device.up();
    let said = String::from_utf8(agent.cli(["pause", "2h"]).stdout).unwrap();
    assert!(said.contains("paused for 2 hours"), "{said}");
    agent.kill();
    device.place.write("a.md", "Bees and honey.\n");
    let agent = device.up();
    agent.add(&device.place.docs());
    let energy = agent.json(&["energy", "--json"]);
    assert_eq!((&energy["reason"], &energy["paused"]), (&json!("paused"), &json!(true)), "{energy}");
    let left = energy["paused_s"].as_u64().unwrap();
    assert!((7000..=7200).contains(&left), "{left}");
    assert_eq!(agent.status()["files"]["ready"], 0, "nothing begins");
    assert!(agent.status()["background"].as_str().unwrap().contains("paused by its owner"), "{}", agent.status());
    assert!(agent.cli(["resume"]).status.success());
    agent.wait_ready(1);
    for wrong in [vec!["pause", "2"], vec!["pause", "until", "25:00"], vec!["pause", "a", "b", "c"]] {
        assert!(!agent.cli(&wrong).status.success(), "{wrong:?}");
    }
}

#[test]
fn hints_are_accepted_or_refused_with_a_reason() {
    let device = Governed::new("rpi5-rpios-activecooler");
    let agent = device.up();
    let put = |body: &str| agent.call("PUT", "/v1/energy/hint", body);
    assert_eq!(put(r#"{"v":1,"state":"surplus","ttl_s":900,"source":"home-assistant"}"#).0, 204);
    let (_, energy) = agent.call("GET", "/v1/energy", "");
    assert_eq!(
        (&energy["energy"], &energy["energy_source"]),
        (&json!("surplus"), &json!("home-assistant")),
        "{energy}"
    );
    for bad in ["", "{}", r#"{"v":2,"state":"surplus","ttl_s":9}"#, r#"{"v":1,"state":"surplus","ttl_s":3601}"#] {
        let (status, why) = put(bad);
        assert_eq!(status, 400, "{bad}");
        assert!(why["error"].as_str().unwrap().contains("The hint before it stays"), "{why}");
    }
    assert_eq!(put(&" ".repeat(70_000)).0, 413);
    assert_eq!(agent.call("POST", "/v1/energy/hint", "{}").0, 405);
    let (_, energy) = agent.call("GET", "/v1/energy", "");
    assert_eq!(energy["energy"], "surplus", "refused ones change nothing");
    assert_eq!(put(r#"{"gridPower":800}"#).0, 204, "evcc's shape");
}

#[test]
fn the_agents_of_a_host_share_one_governor_and_a_follower_leads_when_it_ends() {
    let device = Governed::new("rpi5-rpios-activecooler");
    for (file, text) in
        [("type", "Battery"), ("present", "1"), ("status", "Not charging"), ("capacity", "0"), ("energy_full", "0")]
    {
        fs::create_dir_all(device.root.path().join("sys/class/power_supply/BAT0")).unwrap();
        device.write(&format!("sys/class/power_supply/BAT0/{file}"), text);
    }
    fs::create_dir_all(device.root.path().join("sys/class/power_supply/AC")).unwrap();
    device.write("sys/class/power_supply/AC/type", "Mains");
    device.write("sys/class/power_supply/AC/online", "1");
    let first = device.up();
    let other = Place::new();
    let start = |place: &Place| {
        let mut command = Command::new(WATTLE);
        command.env("XDG_RUNTIME_DIR", &device.meeting);
        Agent::start(command, &place.home(), &["--sensors", device.root.path().to_str().unwrap(), "--no-mdns"])
    };
    let second = start(&other);
    let energy = |agent: &Agent| agent.json(&["energy", "--json"]);
    until("a follower", || energy(&first)["followers"] == 1);
    assert_eq!((energy(&first)["leads"].clone(), energy(&second)["leads"].clone()), (json!(true), json!(false)));
    let doctor = |agent: &Agent| String::from_utf8(agent.cli(["doctor", "--json"]).stdout).unwrap();
    // What is wrong with the sensors that they share is said by both.
    until("the broken battery", || doctor(&first).contains("although mains is connected"));
    until("the same at the other", || {
        let said = doctor(&second);
        said.contains("although mains is connected") && said.contains("The agent that governs this host says so.")
    });
    assert!(second.cli(["pause"]).status.success());
    until("the pause at the other", || energy(&first)["paused"] == true);
    first.kill();
    until("the follower to lead", || energy(&second)["leads"] == true);
    assert_eq!(energy(&second)["reason"], "paused", "and the pause holds there");
    // The owner resumes while the first agent is down; it comes back with its old state file, and the resume stands.
    assert!(second.cli(["resume"]).status.success());
    let first = device.up();
    until("a follower again", || energy(&second)["followers"] == 1);
    until("no pause at the first", || energy(&first)["paused"] == false);
    assert_eq!(energy(&second)["paused"], false);
}

#[test]
fn a_pause_that_is_given_while_no_agent_runs_holds_when_one_starts() {
    let device = Governed::new("rpi5-rpios-activecooler");
    let agent = device.up();
    let stopped = |words: &[&str]| {
        let mut command = Command::new(WATTLE);
        command.args(["--api", "127.0.0.1:1", "--home"]).arg(device.place.home()).args(words).output().unwrap()
    };
    let said = stopped(&["pause"]);
    assert!(!said.status.success(), "the home is a running agent's: {said:?}");
    agent.kill();
    let said = String::from_utf8(stopped(&["pause", "2h"]).stdout).unwrap();
    assert!(said.contains("the next one starts paused"), "{said}");
    let agent = device.up();
    let energy = agent.json(&["energy", "--json"]);
    assert!(energy["paused_s"].as_u64().is_some_and(|left| (7000..=7200).contains(&left)), "{energy}");
    agent.kill();
    assert!(stopped(&["resume"]).status.success());
    assert_eq!(device.up().json(&["energy", "--json"])["paused"], false);
}

#[test]
fn background_threads_have_the_lowest_priority_and_those_that_serve_people_do_not() {
    let device = Governed::new("rpi5-rpios-activecooler");
    let agent = device.up();
    let tasks = PathBuf::from(format!("/proc/{}/task", agent.child.id()));
    let threads = || {
        let threads = fs::read_dir(&tasks).unwrap().filter_map(|entry| {
            let path = entry.unwrap().path();
            let name = fs::read_to_string(path.join("comm")).ok()?;
            let stat = fs::read_to_string(path.join("stat")).ok()?;
            let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
            // Fields 19 (nice) and 41 (policy) of proc_pid_stat(5); the first one after the name is field 3. The class of its
            // disk I/O is not in /proc.
            let ionice = Command::new("ionice").arg("-p").arg(path.file_name()?).output().unwrap();
            let disk_last = String::from_utf8_lossy(&ionice.stdout).trim() == "idle";
            let last = (fields[38] == "5" || fields[16] == "19") && disk_last;
            // `Rank::Hurried`: SCHED_BATCH with nice 1. A person waits for the audit; no query waits for it.
            let is_audit = name.starts_with("audit");
            let stands = if is_audit { (fields[38], fields[16]) == ("3", "1") && !disk_last } else { last };
            Some((name, stands, !is_audit && (fields[38] != "0" || disk_last)))
        });
        threads.collect::<Vec<_>>()
    };
    // The monthly reading of the store is background work as well.
    let is_background = |name: &str| ["background", "audit", "scrub"].iter().any(|kind| name.starts_with(kind));
    // A thread that has just begun stands where its parent stood, for a moment.
    until("all background threads where they belong", || {
        threads().iter().all(|(name, back, _)| *back || !is_background(name))
    });
    let mut seen = (0, 0);
    for (name, _, special) in threads() {
        if is_background(&name) {
            seen.0 += 1;
        } else {
            assert!(!special, "{name} is no background thread");
            seen.1 += 1;
        }
    }
    assert!(seen.0 > 0 && seen.1 > 3, "{seen:?}");
}

#[test]
fn a_missing_tree_and_a_broken_state_file_are_reported_in_a_sentence() {
    let output: Output = Command::new(WATTLE).args(["energy", "--root", "/nowhere"]).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not a folder"), "{output:?}");
    let device = Governed::new("vm-no-sensors");
    fs::create_dir_all(device.place.home()).unwrap();
    fs::set_permissions(device.place.home(), fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(device.place.home().join("energy.json"), "{\"v\":1,").unwrap();
    let agent = device.up();
    assert_eq!(agent.json(&["energy", "--json"])["cpu_sensor"], Value::Null);
    assert!(agent.log().contains("energy.json, was damaged, and has no copy"), "{}", agent.log());
}

#[test]
fn a_pause_holds_what_is_embedded_anew_with_another_model_and_its_vectors_of_before_answer() {
    let device = Governed::new("rpi5-rpios-activecooler");
    for (n, text) in ["Bees and honey.", "The garden gate.", "A letter of the bank."].iter().enumerate() {
        device.place.write(&format!("{n}.txt"), text);
    }
    let agent = device.up();
    agent.add(&device.place.docs());
    agent.wait_ready(3);
    other_model(&device.place.home().join("models"), "other", 128);
    assert!(agent.cli(["pause"]).status.success());
    assert!(agent.cli(["collection", "model", "home", "other"]).status.success());
    let status = String::from_utf8(agent.cli(["status"]).stdout).unwrap();
    let (model, pause) = ("home: other, as you set it; `wattle collection model home --back", "`wattle resume");
    assert!(status.contains(model) && status.contains(pause), "{status}");
    assert!(agent.search("honey")[0].ends_with("/0.txt"), "it answers as before");
    assert_eq!(agent.embedded().len(), 3, "nothing begins");
    assert!(agent.cli(["resume"]).status.success());
    agent.wait("the other model", |_| agent.embedded().len() == 6);
    agent.wait_ready(3);
}

#[test]
fn watch_prints_a_line_for_each_change() {
    let device = Governed::new("rpi5-rpios-activecooler");
    let agent = device.up();
    let mut command = Command::new(WATTLE);
    command.args(["--api", &agent.api, "--home"]).arg(device.place.home()).args(["energy", "--watch"]);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("°C"));
    assert!(agent.cli(["pause"]).status.success());
    assert!(lines.any(|line| line.unwrap().contains("paused by its owner")));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn an_event_of_the_kernel_is_received() {
    let mut events = match Uevents::open() {
        Ok(events) => events,
        Err(error) => return eprintln!("SKIPPED, NOT TESTED: this sandbox gives no netlink socket: {error}"),
    };
    // The kernel repeats what root writes there as an event of the loopback interface: of no interest, but a real one.
    if let Err(error) = fs::write("/sys/class/net/lo/uevent", "change") {
        return eprintln!("SKIPPED, NOT TESTED: no event can be asked for here: {error}");
    }
    until("the event", || events.next_event() == Some(Uevent::Other));
}

#[test]
fn new_supply_forgets_the_weak_supply_that_cost_a_worker() {
    let device = Governed::new("rpi5-rpios-activecooler");
    device.up().kill();
    let kept = device.place.home().join("energy.json");
    let learned =
        r#"{"v":1,"learned":{"duty":0.3,"workers":1},"pause":null,"waited_ms":0,"calibration":null,"ledger":{}}"#;
    fs::write(&kept, learned.replace("{}", &json!(wattle::energy::accounting::ledger::Ledger::default()).to_string()))
        .unwrap();
    let agent = device.up();
    let said = agent.cli(["energy", "new-supply"]);
    assert!(String::from_utf8_lossy(&said.stdout).contains("counts as a new one"), "{said:?}");
    agent.kill();
    let kept: Value = serde_json::from_slice(&fs::read(&kept).unwrap()).unwrap();
    assert_eq!((&kept["learned"]["workers"], &kept["learned"]["duty"]), (&Value::Null, &json!(0.3)), "{kept}");
}

#[test]
fn a_fall_of_the_voltage_stops_the_work_and_holds_it_after_the_alarm_ends() {
    let device = Governed::new("rpi5-rpios-activecooler");
    let agent = device.up();
    let alarm = "sys/class/hwmon/hwmon3/in0_lcrit_alarm";
    device.write(alarm, "1\n");
    let energy = || agent.json(&["energy", "--json"]);
    until("the alarm", || energy()["reason"] == "under-voltage");
    device.write(alarm, "0\n");
    std::thread::sleep(Duration::from_secs(6));
    let after = energy();
    assert_eq!((&after["reason"], &after["workers"]), (&json!("under-voltage"), &json!(0)), "{after}");
}

#[test]
fn a_wrong_setting_stops_the_start_with_its_line_and_a_right_one_is_used() {
    let device = Governed::new("rpi5-rpios-activecooler");
    fs::create_dir_all(device.place.home()).unwrap();
    fs::set_permissions(device.place.home(), fs::Permissions::from_mode(0o700)).unwrap();
    let config = device.place.home().join("config.toml");
    fs::write(&config, "[energy]\nmargn_c = 5\n").unwrap();
    let why = device.place.up_fails(&[]);
    assert!(why.contains("config.toml is wrong") && why.contains("line 2") && why.contains("margn_c"), "{why}");
    fs::write(&config, "[energy]\nlimit_c = 70\nmargin_c = 5\ntrust_clock = true\n[[energy.quiet]]\nfrom = \"00:00\"\nto = \"24:00\"\n").unwrap();
    let agent = device.up();
    let energy = || agent.json(&["energy", "--json"]);
    assert_eq!((energy()["t_lim_c"].clone(), energy()["t_lim_from"].clone()), (json!(70.0), json!("owner")));
    assert_eq!(energy()["goal_c"], 65.0);
    until("quiet hours", || energy()["reason"] == "quiet-hours");
    let surplus = r#"{"v":1,"state":"surplus","ttl_s":900}"#;
    assert_eq!(agent.call("PUT", "/v1/energy/hint", surplus).0, 204);
    until("surplus to lift them", || energy()["reason"] != "quiet-hours");
}
