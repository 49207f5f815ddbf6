//! The service of the machine: what a real agent tells systemd, and cross/service/wattle.service by systemd's own judgement.

use super::harness::{Agent, Place, WATTLE, repo};
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

fn unit() -> PathBuf {
    repo().join("cross/service/wattle.service")
}

fn heard(socket: &UnixDatagram) -> String {
    let mut buffer = [0; 1024];
    let length = socket.recv(&mut buffer).expect("the agent tells nothing more");
    String::from_utf8(buffer[..length].to_vec()).unwrap()
}

#[test]
fn an_agent_tells_systemd_that_it_answers_that_it_is_alive_and_that_it_ends() {
    let place = Place::new();
    let path = place.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut command = Command::new(WATTLE);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "600000").env_remove("WATCHDOG_PID");
    let agent = Agent::start(command, &place.home(), &[]);
    let ready = heard(&socket);
    assert_eq!(ready, format!("READY=1\nSTATUS=here answers at http://{}/.\nWATCHDOG_USEC=600000", agent.api));
    assert_eq!(agent.status()["device"], "here", "whoever heard that it answers gets an answer");
    for _ in 0..3 {
        assert_eq!(heard(&socket), "WATCHDOG=1", "an agent at rest is alive");
    }
    agent.stop();
    let last = (0..1000).map(|_| heard(&socket)).find(|told| told != "WATCHDOG=1").unwrap();
    assert!(last.starts_with("STOPPING=1\nSTATUS=Stopping: "), "{last}");
    // The watchdog of a unit does not end an agent that writes out what it has.
    assert!(last.ends_with("\nWATCHDOG_USEC=900000000"), "{last}");
}

/// What `systemd-analyze` says; `None` where it is not installed, which CI is not.
pub(crate) fn analyze(arguments: &[&str]) -> Option<Output> {
    match Command::new("systemd-analyze").args(arguments).output() {
        Ok(output) => Some(output),
        Err(error) => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "there is no systemd-analyze: {error}");
            println!("not checked: there is no systemd-analyze");
            None
        }
    }
}

#[test]
fn the_units_exposure_is_one_and_a_half_or_less() {
    let Some(output) = analyze(&["security", "--offline=true", "--threshold=15", unit().to_str().unwrap()]) else {
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn systemd_knows_every_line_of_the_unit() {
    let root = tempfile::tempdir().unwrap();
    let units = root.path().join("etc/systemd/system");
    fs::create_dir_all(&units).unwrap();
    for target in ["sysinit", "basic", "network", "shutdown", "multi-user"] {
        fs::write(units.join(format!("{target}.target")), "[Unit]\nDescription=A target\n").unwrap();
    }
    fs::copy(unit(), units.join("wattle.service")).unwrap();
    fs::create_dir_all(root.path().join("usr/bin")).unwrap();
    fs::copy(WATTLE, root.path().join("usr/bin/wattle")).unwrap();
    let at_root = format!("--root={}", root.path().display());
    let Some(output) = analyze(&["verify", "--man=no", &at_root, "wattle.service"]) else { return };
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_unit_lets_the_agent_have_what_it_needs() {
    let unit = fs::read_to_string(unit()).unwrap();
    let lines: Vec<&str> = unit.lines().filter(|line| !line.starts_with('#')).collect();
    for line in [
        "Type=notify",
        "WatchdogSec=30",
        "ExecStart=/usr/bin/wattle --home /var/lib/wattle up",
        "StateDirectory=wattle",
        "CapabilityBoundingSet=",
        // docs/security.md: a parser that takes too much memory is ended alone, and locks itself in.
        "OOMPolicy=continue",
        "SystemCallFilter=seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self",
    ] {
        assert!(lines.contains(&line), "{line} is missing");
    }
    // /proc/cpuinfo and /proc/stat; and the calls by which the governor gives way.
    for line in ["ProcSubset=pid", "~@resources"] {
        assert!(!lines.iter().any(|there| there.contains(line)), "{line} takes what the agent needs");
    }
    // On a read-only root systemd cannot make it, and the unit would fail.
    assert!(!lines.iter().any(|line| line.starts_with("ConfigurationDirectory")));
    let user = fs::read_to_string(repo().join("cross/service/sysusers.conf")).unwrap();
    assert!(user.contains("\nu wattle - \"Wattle agent\" /var/lib/wattle\n"), "{user}");
}
