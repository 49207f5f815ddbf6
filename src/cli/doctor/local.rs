//! The checks of this machine, which need no agent: home, settings, key, token, disk, clock.

use super::check::Check;
use super::settings::settings;
use crate::base::finding::{Finding, quoted_bytes};
use crate::base::id::Fingerprint;
use crate::cli::text::one_line;
use crate::config::Config;
use crate::energy::policy::clock::RELEASE;
use crate::limits::DISK_FREE_MIN;
use crate::mesh::hardware::Hardware;
use crate::platform::clock::{self, WallClock};
use crate::platform::home::{
    Home, HomeFile, damage, damage_in, disk_free, mesh_without_records, rest_of_home, runs_without_folder, try_writing,
    unfinished_restore,
};
use crate::platform::models::IN_HOME;
use crate::platform::running;
use crate::platform::sysfs::hardware::hardware;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Seconds of a year, near enough to name one.
const YEAR_S: i64 = 31_556_952;

/// Years after which a program is no longer in use: a clock that is further ahead is taken for wrong.
const AHEAD_YEARS: i64 = 8;

/// Makes the checks of this machine, in the order in which they are shown. Each blocks for moments at most and changes nothing. The
/// hardware of this device is looked at below `sensors`.
pub(super) fn checks(at: &Path, sensors: &Path) -> Vec<Check> {
    vec![
        home(at, try_writing),
        settings(at),
        key(at, sensors),
        token(at),
        own_files(at),
        mesh(at),
        disk(at),
        clock_check(now_and_known(), &Home::at(at).settings().ok().flatten().unwrap_or_default()),
    ]
}

/// Whether documents can be parsed in processes, and what holds these.
pub(super) fn parser(says: Result<String, String>) -> Check {
    Check::of("parser", says.map_err(|why| (why, "ulimit -a".to_owned())))
}

/// A path as a word of a command.
fn word(path: &Path) -> String {
    quoted_bytes(path.as_os_str().as_encoded_bytes())
}

/// The model that the next agent would load, and whether the store's vectors are of it.
pub(super) fn model(home: &Path, name: &str, found: Fingerprint) -> Check {
    let bound = Home::at(home).read(HomeFile::StoreModel).ok().flatten();
    let bound = bound.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
    match bound.filter(|bound| *bound != found.to_string()) {
        None => Check::good("model", format!("{name} is there, and its files are whole.")),
        Some(bound) => Check::good(
            "model",
            format!(
                "{name} is there, and its files are whole. The store holds vectors of the model {}, and the one that the agent would load is \
                 {found}: it embeds all passages anew. Until it has, they are found by their words, and by their meaning where the folder of \
                 the model of before is in {}.",
                one_line(&bound),
                home.join(IN_HOME).display()
            ),
        ),
    }
}

/// Whether the home is private, and can be written: permissions do not say it where a disk has become read-only, so it is tried.
fn home(home: &Path, try_writing: impl Fn(&Path) -> std::io::Result<()>) -> Check {
    let (name, at) = (home.display(), Home::at(home));
    let outcome = match std::fs::metadata(home) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if let Some(why) = runs_without_folder(home) {
                return Check::wrong("home", why, format!("ls -la {}", word(home.parent().unwrap_or(home))));
            }
            return Check::not_run("home", format!("There is no {name} yet. The agent makes it at its first start."));
        }
        Err(error) => Err((format!("The home {name} cannot be looked at: {error}."), "wattle up".to_owned())),
        Ok(meta) if !meta.is_dir() => {
            Err((format!("The home {name} is not a folder."), format!("ls -ld {}", word(home))))
        }
        Ok(meta) if meta.permissions().mode() & 0o077 != 0 => Err((
            format!("The home {name} is open to other users of this machine. Starting the agent makes it private too."),
            format!("chmod 700 {}", word(home)),
        )),
        Ok(_) => match try_writing(home) {
            Ok(()) if at.lacks_its_store() && !running::is_running(&at) => Err((
                format!(
                    "The store, the folder store-1 in {name}, is gone. The next start makes it anew from your files; documents of folders that \
                     are away have to come back first. If it was moved away, put it back before that. If nobody deleted it, the disk or \
                     card may be failing."
                ),
                format!("ls -la {}", word(home)),
            )),
            Ok(()) => match unfinished_restore(home).or(rest_of_home(home)).filter(|_| !running::is_running(&at)) {
                // An agent that runs tells it itself.
                Some(Finding { what, command, .. }) => Err((what, command.unwrap_or_default())),
                None => Ok(format!("{name} is private and can be written.")),
            },
            Err(error) => {
                let what = "Nothing new can be indexed or remembered, and no agent can be started on it; one that runs goes on to answer.";
                Err((
                    format!("The home {name} cannot be written: {error}. {what}"),
                    format!("findmnt -T {}", word(home)),
                ))
            }
        },
    };
    Check::of("home", outcome)
}

/// The key, and those that the home had in other hardware: the first of them that is not well. What becomes of a key that is lost or
/// damaged comes first, and, where no agent runs, what the next start does about one of other hardware.
fn key(home: &Path, sensors: &Path) -> Check {
    let at = Home::at(home);
    let runs = running::is_running(&at);
    let next = at.key_outlook(Some(&if runs { Hardware::default() } else { hardware(sensors) }));
    if let Some(Finding { what, command, .. }) = damage_in(home, HomeFile::Identity).or(next) {
        return Check::wrong("key", what, command.unwrap_or_default());
    }
    let own = secret("key", &at.file(HomeFile::Identity));
    let aside = at.keys_aside().into_iter().map(|file| secret("key", &file)).find(|check| !check.is_good());
    aside.filter(|_| own.is_good()).unwrap_or(own)
}

/// The token. What follows where it is lost is said with the other small files.
fn token(home: &Path) -> Check {
    let at = Home::at(home);
    let file = at.file(HomeFile::Token);
    let is_gone = file.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound);
    if is_gone && !at.lacks_its_token() {
        let until = if running::is_running(&at) {
            " The agent that runs goes on with the token of before, and the commands of this home read that from the file's copy."
        } else {
            ""
        };
        return Check::not_run(
            "token",
            format!(
                "There is no {} any more.{until} The next start makes a new token: pages and programs that have the old one are refused then.",
                file.display()
            ),
        );
    }
    if !file.exists() && damage_in(home, HomeFile::Token).is_some() {
        return Check::not_run(
            "token",
            format!("There is no {} any more; the check of the copies says what follows.", file.display()),
        );
    }
    secret("token", &file)
}

/// Checks a file that only its owner may read.
fn secret(what: &'static str, path: &Path) -> Check {
    let name = path.display();
    let outcome = match std::fs::metadata(path) {
        // Of an agent that ran there would be more: it has lost nothing.
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Check::not_run(what, format!("There is no {name} yet. The agent makes it at its first start."));
        }
        Err(error) => Err((format!("{name} cannot be looked at: {error}."), format!("ls -ld {}", word(path)))),
        Ok(meta) if !meta.is_file() => {
            Err((format!("{name} is not a regular file."), format!("ls -ld {}", word(path))))
        }
        Ok(meta) if meta.permissions().mode() & 0o077 != 0 => Err((
            format!("{name} can be read by other users of this machine. Starting the agent makes it private too."),
            format!("chmod 600 {}", word(path)),
        )),
        Ok(_) => Ok(format!("{name} is there, and only its owner may read it.")),
    };
    Check::of(what, outcome)
}

/// Reads the agent's small files and their copies, with their checksums. The first that is damaged is named; with it are the
/// others. The key has its own check.
fn own_files(home: &Path) -> Check {
    let of_key = damage_in(home, HomeFile::Identity);
    let damage: Vec<Finding> = damage(home).into_iter().filter(|found| Some(found) != of_key.as_ref()).collect();
    let Some(first) = damage.first() else {
        let says = if of_key.is_some() {
            "The agent's other small files and their copies are whole, by their checksums. Of the key's, the check of the key says what is wrong."
        } else {
            "The agent's small files and their copies are whole, by their checksums."
        };
        return Check::good("copies", says);
    };
    let says = damage.iter().map(|finding| finding.what.as_str()).collect::<Vec<_>>().join(" ");
    Check::wrong("copies", says, first.command.clone().unwrap_or_default())
}

/// Whether the list of the mesh's devices is there, where the mesh was made.
fn mesh(home: &Path) -> Check {
    if let Some(Finding { what, command, .. }) = mesh_without_records(home) {
        return Check::wrong("mesh", what, command.unwrap_or_default());
    }
    // What cannot be read is named by the check of the copies.
    let is_there = Home::at(home).read(HomeFile::Records).map_or(true, |bytes| bytes.is_some());
    let says = if is_there {
        "The list of the mesh's devices is there."
    } else {
        "This device has joined no mesh, and has made none."
    };
    Check::good("mesh", says)
}

fn disk(home: &Path) -> Check {
    // A home that is not there yet is made on the disk of the nearest folder above it.
    let there = home.ancestors().find(|folder| folder.exists()).unwrap_or(home);
    disk_outcome(home, disk_free(there))
}

fn disk_outcome(home: &Path, free: u64) -> Check {
    let (has, needed) = (free >> 20, DISK_FREE_MIN >> 20);
    if free >= DISK_FREE_MIN {
        return Check::good("disk", format!("{has} MiB are free where the home is."));
    }
    let says = format!("Only {has} MiB are free where the home is; {needed} MiB are needed to index more.");
    Check::wrong("disk", says, format!("df -h {}", word(home)))
}

/// Seconds since 1970 by the system's clock, and whether it is known to be right.
fn now_and_known() -> (i64, bool) {
    let now = clock::now();
    (clock::shown(), WallClock::new(false).wall(now).is_some())
}

/// A wrong clock spoils quiet hours and dates. It spoils nothing else: no device compares its clock with another's.
pub(super) fn clock_check((seconds, known): (i64, bool), config: &Config) -> Check {
    let year = 1970 + seconds.div_euclid(YEAR_S);
    let set = "sudo timedatectl set-ntp true";
    if seconds < RELEASE {
        let says = format!(
            "The clock shows the year {year}, before this program was written. Quiet hours and dates are wrong until it is set."
        );
        return Check::wrong("clock", says, set);
    }
    if seconds > RELEASE + AHEAD_YEARS * YEAR_S {
        let says = format!("The clock shows the year {year}. Quiet hours and dates are wrong if that is not so.");
        return Check::wrong("clock", says, set);
    }
    if known || config.energy.trusted_clock {
        let says = "The clock is known to be right: quiet hours, pauses until a time of day and dates go by it.";
        return Check::good("clock", says);
    }
    if config.energy.settings.policy.quiet == Default::default() {
        let says = "The clock shows a time that is possible, and dates are told by it. Nothing vouches for it (no time service, no \
                    hardware clock), so nothing is timed by it: `wattle pause until 18:30` needs a clock that is vouched for, \
                    `wattle pause 2h` does not. If it is right, write trust_clock = true below [energy] in config.toml.";
        return Check::good("clock", says);
    }
    let says = "Nothing vouches for the clock (no time service, no hardware clock), so nothing is timed by it: the strictest of the \
                quiet hours holds all the time. Have a time service set it, or, if it is right, write trust_clock = true below \
                [energy] in config.toml.";
    Check::wrong("clock", says, set)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{Permissions, set_permissions, write};

    fn mode(path: &Path, mode: u32) {
        set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_home_or_key_that_others_can_read_is_wrong_and_a_private_one_is_well() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let key = path.join("identity.key");
        assert!(secret("key", &key).says().contains("first start"));
        write(&key, "5".repeat(64)).unwrap();
        for (at, good, bad) in [(path, 0o700, 0o755), (&key, 0o600, 0o640)] {
            let check = |at: &Path| if at == path { home(at, try_writing) } else { secret("key", at) };
            mode(at, bad);
            assert!(check(at).says().contains("other users") && !check(at).is_good());
            assert!(check(at).command().unwrap().starts_with("chmod "));
            mode(at, good);
            assert!(check(at).is_good());
        }
        let aside = path.join("identity-12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA.old");
        write(&aside, "x").unwrap();
        mode(&aside, 0o604);
        let check = super::key(path, path);
        assert!(!check.is_good() && check.says().contains(".old can be read by other users"), "{check:?}");
        mode(&aside, 0o600);
        assert!(super::key(path, path).is_good());
        assert!(!home(&path.join("none"), try_writing).is_good());
        assert!(home(&key, try_writing).says().contains("not a folder"));
        // A disk that became read-only after errors: permissions say nothing of it.
        let check = home(path, |_| Err(rustix::io::Errno::ROFS.into()));
        assert!(!check.is_good() && check.says().contains("cannot be written: Read-only file system"), "{check:?}");
        assert!(check.command().unwrap().starts_with("findmnt -T "));
    }

    #[test]
    fn a_restore_that_did_not_end_is_told_where_no_agent_runs() {
        let folder = tempfile::tempdir().unwrap();
        mode(folder.path(), 0o700);
        assert!(home(folder.path(), try_writing).is_good());
        std::fs::create_dir(folder.path().join("store-1.restored")).unwrap();
        let check = home(folder.path(), try_writing);
        assert!(!check.is_good() && check.says().contains("did not end"), "{check:?}");
        assert_eq!(check.command().map(String::as_str), Some("wattle restore FILE"));
    }

    #[test]
    fn of_a_token_that_is_gone_what_is_left_of_it_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert!(token(path).says().contains("at its first start"));
        let home = Home::open(path).unwrap();
        home.token().unwrap();
        std::fs::remove_file(path.join("api-token")).unwrap();
        let says = |parts: [&str; 2]| {
            let says = token(path).says().to_owned();
            assert!(parts.iter().all(|part| says.contains(part)) && !says.contains("first start"), "{says}");
        };
        says(["any more. The agent that runs goes on", "The next start makes a new token"]);
        drop(home);
        says(["any more. The next start makes a new token", "are refused then"]);
        std::fs::remove_file(path.join("api-token.copy")).unwrap();
        says(["any more", "the check of the copies says what follows"]);
    }

    #[test]
    fn of_a_key_that_is_gone_or_damaged_one_check_says_what_becomes_of_it_and_no_other_contradicts_it() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        let id = Home::open(home).unwrap().identity().unwrap().peer_id();
        let (file, copy) = (home.join("identity.key"), home.join("identity.copy"));
        let (key, of_copy) = (std::fs::read(&file).unwrap(), std::fs::read(&copy).unwrap());
        let remove = |path: &Path| std::fs::remove_file(path).unwrap();
        let states: [(&dyn Fn(), Option<&str>); 5] = [
            (&|| remove(&file), Some("is gone. Nothing is lost: its copy")),
            (&|| write(&file, "x").unwrap(), Some("is damaged. Nothing is lost: its copy")),
            (&|| write(&copy, "x").unwrap(), Some("The file")),
            (
                &|| [&file, &copy].iter().for_each(|path| write(path, "x").unwrap()),
                Some("put identity.key back from a backup"),
            ),
            (&|| remove(&copy), None),
        ];
        for (harm, says) in states {
            harm();
            let checks = [super::key(home, home), own_files(home)];
            assert!(checks[1].is_good(), "{checks:?}");
            assert_eq!(checks[1].says().contains("other small files"), says.is_some(), "{checks:?}");
            assert_eq!(checks[0].is_good(), says.is_none(), "{checks:?}");
            assert!(says.is_none_or(|says| checks[0].says().contains(says)), "{checks:?}");
            assert!(!checks[0].says().contains("first start"), "{checks:?}");
            for (path, bytes) in [(&file, &key), (&copy, &of_copy)] {
                write(path, bytes).unwrap();
                mode(path, 0o600);
            }
        }
        [&file, &copy].iter().for_each(|path| remove(path));
        assert!(
            matches!(super::key(home, home).outcome, crate::cli::doctor::check::Outcome::NotRun(_)),
            "of no start there is a trace: {id}"
        );
    }

    #[test]
    fn each_fault_of_this_machine_is_named_with_its_command() {
        let config = |text: &str| Config::parse(text).unwrap();
        let quiet = config("[[energy.quiet]]\nfrom = \"22:00\"\nto = \"7:00\"\n");
        let trusted = config("[energy]\ntrust_clock = true\n[[energy.quiet]]\nfrom = \"22:00\"\nto = \"7:00\"\n");
        let (plain, right) = (Config::default(), RELEASE + 1000);
        for (check, good, part) in [
            (clock_check((3600, false), &plain), false, "year 1970"),
            (clock_check((right + 10 * YEAR_S, true), &plain), false, "year 203"),
            (clock_check((right, false), &plain), true, "Nothing vouches for it"),
            (clock_check((right, false), &quiet), false, "trust_clock"),
            (clock_check((right, false), &trusted), true, "known to be right"),
            (clock_check((right, true), &quiet), true, "known to be right"),
            (disk_outcome(Path::new("/h"), DISK_FREE_MIN), true, "free"),
            (disk_outcome(Path::new("/h"), DISK_FREE_MIN - 1), false, "are needed"),
        ] {
            assert!(check.is_good() == good && check.says().contains(part), "{check:?}");
            assert_eq!(check.command().is_some(), !good, "{check:?}");
        }
    }
}
