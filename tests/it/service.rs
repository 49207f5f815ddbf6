//! `wattle service`, with programs in place of systemd's that note down what they are told.

use super::harness::{Place, WATTLE};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A user with a folder of programs: systemctl and loginctl end as they are told to.
struct User {
    place: Place,
}

impl User {
    fn new() -> Self {
        Self { place: Place::new() }
    }

    /// Puts a program there that writes its arguments into a file and then does this.
    fn program(&self, name: &str, then: &str) {
        let file = self.place.path().join("bin").join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let told = self.place.path().join("told");
        fs::write(&file, format!("#!/bin/sh\necho {name} \"$@\" >> '{}'\n{then}\n", told.display())).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn told(&self) -> String {
        fs::read_to_string(self.place.path().join("told")).unwrap_or_default()
    }

    fn service(&self, home: Option<&Path>, what: &str) -> Output {
        let mut command = Command::new(WATTLE);
        if let Some(home) = home {
            command.arg("--home").arg(home);
        }
        command.args(["service", what]).env_clear().env("HOME", self.place.path());
        command.env("PATH", format!("{}:/bin:/usr/bin", self.place.path().join("bin").display()));
        command.output().unwrap()
    }

    fn unit(&self, name: &str) -> PathBuf {
        self.place.path().join(".config/systemd/user").join(name)
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_service_is_installed_again_and_removed() {
    let user = User::new();
    user.program("systemctl", "");
    user.program("loginctl", "");
    for _ in 0..2 {
        let output = user.service(None, "install");
        assert!(output.status.success() && said(&output).contains("It runs now"), "{}", said(&output));
    }
    let unit = fs::read_to_string(user.unit("wattle.service")).unwrap();
    assert!(unit.contains(&format!("ExecStart=\"{WATTLE}\" up\n")), "{unit}");
    assert!(unit.contains("\nType=notify\n") && unit.contains("\nWatchdogSec=30\n"), "{unit}");
    let once = "systemctl --user daemon-reload\nsystemctl --user enable --now --no-block wattle.service\nloginctl enable-linger\n";
    assert_eq!(user.told(), once.repeat(2));
    assert!(user.service(None, "remove").status.success());
    let end = "systemctl --user disable --now wattle.service\nsystemctl --user daemon-reload\n";
    assert!(!user.unit("wattle.service").exists() && user.told().ends_with(end));
    let output = user.service(None, "remove");
    assert!(output.status.code() == Some(1) && said(&output).contains("no service of this home"), "{}", said(&output));
}

#[test]
fn a_home_of_its_own_has_a_unit_of_its_own_and_a_running_agent_is_not_doubled() {
    let user = User::new();
    user.program("systemctl", "");
    user.program("loginctl", "echo Access denied. >&2; exit 1");
    let agent = user.place.up(&[]);
    let output = user.service(Some(&user.place.home()), "install");
    let text = said(&output);
    assert!(text.contains("An agent runs already") && text.contains("no longer (Access denied)"), "{text}");
    assert!(user.told().contains("systemctl --user enable wattle-home.service\n"), "{}", user.told());
    let unit = fs::read_to_string(user.unit("wattle-home.service")).unwrap();
    assert!(unit.contains(&format!(" --home \"{}\" up\n", user.place.home().display())), "{unit}");
    agent.stop();
    // Another home whose folder has the same name.
    let other = user.place.path().join("other/home");
    for what in ["install", "remove"] {
        let output = user.service(Some(&other), what);
        assert!(!output.status.success() && said(&output).contains("of another home"), "{}", said(&output));
    }
    assert_eq!(fs::read_to_string(user.unit("wattle-home.service")).unwrap(), unit);
}

#[test]
fn a_unit_of_somebody_elses_is_left_as_it_is() {
    let user = User::new();
    let file = user.unit("wattle.service");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, "[Service]\nExecStart=/mine\n").unwrap();
    for what in ["install", "remove"] {
        let output = user.service(None, what);
        assert!(!output.status.success() && said(&output).contains("did not make it"), "{}", said(&output));
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "[Service]\nExecStart=/mine\n");
}

#[test]
fn where_systemd_does_not_answer_nothing_is_left_and_the_next_step_is_said() {
    let user = User::new();
    let silent = "echo 'Failed to connect to bus: No medium found' >&2; exit 1";
    user.program("systemctl", silent);
    user.program("loginctl", "");
    let output = user.service(None, "install");
    let text = said(&output);
    assert!(output.status.code() == Some(1) && text.contains("No medium found. Nothing was changed."), "{text}");
    assert!(text.contains("`wattle service install` there"), "{text}");
    assert!(!user.unit("wattle.service").exists() && !user.told().contains("loginctl"), "{}", user.told());
    // One that is there stays as it is, and can be removed.
    user.program("systemctl", "");
    assert!(user.service(None, "install").status.success());
    user.program("systemctl", silent);
    assert_eq!(user.service(None, "install").status.code(), Some(1));
    assert!(user.unit("wattle.service").exists());
    let wanted = user.unit("default.target.wants/wattle.service");
    fs::create_dir_all(wanted.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(user.unit("wattle.service"), &wanted).unwrap();
    let output = user.service(None, "remove");
    assert!(output.status.success() && said(&output).contains("systemd was not told"), "{}", said(&output));
    assert!(!user.unit("wattle.service").exists() && !wanted.is_symlink());
}
