//! `wattle service`: has systemd run the agent for this user, from the start of the machine on, without a terminal.
//!
//! The unit is one file of the user's own, told from files of other makers by its first line. Where systemd does not answer (a container, a
//! login by `su`), nothing is left of an installation, and the user is told what to do.
//! The forms of the file are those of systemd.unit(5), systemd.service(5) and systemd.syntax(7).

use super::args::ServiceCommand;
use super::output::{Stop, show_done};
use super::text::one_line;
use crate::platform::home::{Home, default_home, user_config};
use crate::platform::running;
use serde_json::json;
use std::fmt::Write;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The first line of a unit of ours.
const MARK: &str = "# Made by `wattle service install`; `wattle service remove` removes it.";

/// The unit of one home.
struct Unit {
    /// As systemd calls it: wattle.service, and for another home than the usual one wattle-NAME.service.
    name: String,
    file: PathBuf,
    text: String,
}

/// Runs one of the commands for the agent of this home.
pub(super) fn service(what: ServiceCommand, home: &Path, as_json: bool) -> Result<(), Stop> {
    let unit = Unit::of(home)?;
    unit.check()?;
    match what {
        ServiceCommand::Install => {
            let (text, lingers) = install(&unit, home)?;
            let fields = json!({ "unit": unit.name, "file": unit.file.display().to_string(), "lingers": lingers });
            show_done(as_json, fields, &text)
        }
        ServiceCommand::Remove => {
            let fields = json!({ "unit": unit.name, "file": unit.file.display().to_string() });
            show_done(as_json, fields, &remove(&unit, home)?)
        }
    }
}

impl Unit {
    fn of(home: &Path) -> Result<Self, String> {
        let program =
            std::env::current_exe().map_err(|error| format!("This program does not find itself: {error}."))?;
        let usual = default_home().is_ok_and(|usual| usual == home);
        let name = if usual { "wattle.service".to_owned() } else { format!("wattle-{}.service", in_a_name(home)) };
        let file = user_config()?.join("systemd/user").join(&name);
        Ok(Self { name, file, text: text(&program, (!usual).then_some(home)) })
    }

    /// The link by which systemd starts it with the machine.
    fn wanted(&self) -> PathBuf {
        self.file.with_file_name("default.target.wants").join(&self.name)
    }

    /// Whether a file with that name may be written anew or removed: it is this command's, and of this home.
    fn check(&self) -> Result<(), String> {
        let found = match fs::read_to_string(&self.file) {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => {
                return Err(format!("{} cannot be read: {error}. It was left as it is.", self.file.display()));
            }
        };
        let whose = |text: &str| text.lines().nth(1).map(str::to_owned);
        if !found.starts_with(MARK) {
            return Err(format!(
                "{} is there, and `wattle service install` did not make it: it was left as it is. To have Wattle make its own, move it away.",
                self.file.display()
            ));
        }
        if whose(&found) == whose(&self.text) {
            return Ok(());
        }
        Err(format!(
            "{} is of another home, which its second line names: it was left as it is. Give that home with --home, or rename one of the two folders.",
            self.file.display()
        ))
    }
}

/// What was done, and whether the service goes on while nobody is logged in.
fn install(unit: &Unit, home: &Path) -> Result<(String, bool), Stop> {
    // One of before stays, if this fails.
    let before = fs::read(&unit.file).ok();
    let written =
        unit.file.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&unit.file, &unit.text));
    written.map_err(|error| format!("{} cannot be written: {error}.", unit.file.display()))?;
    let name = &unit.name;
    let runs = running::is_running(&Home::at(home));
    // A second agent of one home would end at once.
    // Not waited for: a damaged store is mended before the agent is ready.
    let enable: &[&str] = if runs { &["enable", name] } else { &["enable", "--now", "--no-block", name] };
    let told = systemctl(&["daemon-reload"]).and_then(|()| systemctl(enable));
    if let Err(why) = told {
        let stays = put_back(unit, before);
        return Err(Stop::NotDone(format!(
            "systemd did not take the service: {why}. {stays} Log in as this user on the machine itself or by ssh, not by su or sudo, and type \
             `wattle service install` there."
        )));
    }
    let mut text = format!("{} is written, and is started with the machine.\n", unit.file.display());
    if runs {
        let _ = writeln!(
            text,
            "An agent runs already: stop it (Ctrl-C in its terminal), then `systemctl --user start {name}` starts this one."
        );
    } else {
        text += "It runs now: `wattle status` says what it does.\n";
    }
    // Else the user's services end with the last login.
    let lingering = run("loginctl", &["enable-linger"]);
    let lingers = lingering.is_ok();
    match lingering {
        Ok(()) => text += "It goes on while nobody is logged in (lingering is on for this user).\n",
        Err(why) => {
            let _ = writeln!(
                text,
                "It runs while you are logged in, and no longer ({why}). `sudo loginctl enable-linger $USER` has it run always."
            );
        }
    }
    let _ = writeln!(text, "Its log: `journalctl --user -u {name}`. `wattle service remove` takes it away again.");
    Ok((text, lingers))
}

/// Has the unit be as it was before a failed installation; what is so then.
fn put_back(unit: &Unit, before: Option<Vec<u8>>) -> String {
    let done = match before {
        Some(before) => fs::write(&unit.file, before),
        None => {
            // What `enable` made before it failed goes too.
            let _ = systemctl(&["disable", &unit.name]);
            let _ = fs::remove_file(unit.wanted());
            fs::remove_file(&unit.file)
        }
    };
    // Where systemd answers to this, it knows the unit of before again.
    let _ = systemctl(&["daemon-reload"]);
    match done {
        Ok(()) => "Nothing was changed.".to_owned(),
        Err(error) => format!("{} stays, as it cannot be removed: {error}.", unit.file.display()),
    }
}

fn remove(unit: &Unit, home: &Path) -> Result<String, Stop> {
    if !unit.file.exists() {
        return Err(Stop::NotDone(format!("There is no service of this home: {} is not there.", unit.file.display())));
    }
    let stopped = systemctl(&["disable", "--now", &unit.name]);
    // Where systemd does not answer, what `enable` made stays behind without this.
    let _ = fs::remove_file(unit.wanted());
    fs::remove_file(&unit.file).map_err(|error| format!("{} cannot be removed: {error}.", unit.file.display()))?;
    let mut text = format!("{} is removed. ", unit.file.display());
    match stopped.and_then(|()| systemctl(&["daemon-reload"])) {
        Ok(()) => text += "The service has ended. ",
        Err(why) => {
            let _ = write!(
                text,
                "systemd was not told ({why}): an agent that it runs goes on until the machine is started anew. "
            );
        }
    }
    let _ = writeln!(
        text,
        "The index and the settings stay in {}. That services of yours go on while nobody is logged in stays so: `loginctl disable-linger` ends that.",
        home.display()
    );
    Ok(text)
}

fn systemctl(arguments: &[&str]) -> Result<(), String> {
    run("systemctl", &[&["--user"], arguments].concat())
}

/// Runs a program of the system; its first line of complaint where it fails.
#[expect(clippy::disallowed_methods, reason = "systemd is told by its own programs")]
fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!("{program} is not there"),
        _ => format!("{program} did not start: {error}"),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().find(|line| !line.trim().is_empty()).map(|line| one_line(line.trim()));
    Err(said.unwrap_or_else(|| format!("{program}: {}", output.status)).trim_end_matches('.').to_owned())
}

/// The unit: with the home, unless it is the user's usual one.
fn text(program: &Path, home: Option<&Path>) -> String {
    let named = home.map(|home| format!(" --home {}", quoted(home, true))).unwrap_or_default();
    let shown = home.map_or_else(|| "the user's usual one".to_owned(), |home| one_line(&home.to_string_lossy()));
    format!(
        "{MARK}\n# Home: {shown}\n\n[Unit]\nDescription=Wattle\n\n[Service]\nType=notify\nExecStart={}{named} up\n\
         WatchdogSec=30\nTimeoutStartSec=15min\nTimeoutStopSec=6min\nRestart=on-failure\nOOMPolicy=continue\n\n[Install]\nWantedBy=default.target\n",
        quoted(program, false)
    )
}

/// A path as one word of a command line of systemd. The program's own name knows no variables.
fn quoted(path: &Path, has_variables: bool) -> String {
    let mut word = "\"".to_owned();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'%' => word += "%%",
            b'$' if has_variables => word += "$$",
            b'"' => word += "\\\"",
            b'\\' => word += "\\\\",
            b' '..=b'~' => word.push(char::from(*byte)),
            _ => {
                let _ = write!(word, "\\x{byte:02x}");
            }
        }
    }
    word + "\""
}

/// The last part of a home's path, of what a unit's name may have.
fn in_a_name(home: &Path) -> String {
    let last = home.file_name().unwrap_or_default().to_string_lossy();
    last.chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || "-_.".contains(letter) { letter } else { '-' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    #[test]
    fn the_unit_runs_this_program_with_the_home_that_is_not_the_usual_one() {
        let unit = text(Path::new("/home/ann/.cargo/bin/wattle"), None);
        assert!(unit.contains("\nExecStart=\"/home/ann/.cargo/bin/wattle\" up\n"), "{unit}");
        let unit = text(Path::new("/opt/a $b/wattle"), Some(Path::new("/srv/50 % of $it\"s")));
        assert!(unit.contains("\nExecStart=\"/opt/a $b/wattle\" --home \"/srv/50 %% of $$it\\\"s\" up\n"), "{unit}");
    }

    #[test]
    fn no_unit_ends_an_agent_that_writes_out_what_it_has() {
        let machine = include_str!("../../cross/service/wattle.service");
        for unit in [text(Path::new("/w"), None).as_str(), machine] {
            let minutes = unit.lines().find_map(|line| line.strip_prefix("TimeoutStopSec=")?.strip_suffix("min"));
            let minutes: u64 = minutes.and_then(|minutes| minutes.parse().ok()).unwrap();
            assert!(minutes * 60 * 1000 > crate::limits::STOP_MS_MAX, "{unit}");
        }
    }

    #[test]
    fn no_path_ends_its_line() {
        let odd = Path::new(OsStr::from_bytes(b"/srv/a\nExecStartPre=b\xff\\"));
        let unit = text(odd, Some(odd));
        assert!(unit.contains("\nExecStart=\"/srv/a\\x0aExecStartPre=b\\xff\\\\\" --home "), "{unit}");
        assert_eq!(unit.lines().count(), text(Path::new("/w"), None).lines().count());
        assert_eq!(in_a_name(odd.parent().unwrap()), "srv");
        assert_eq!(in_a_name(Path::new("/srv/my home%")), "my-home-");
    }
}
