//! `energy.json` in the agent's home: the coordinator's persisted state, written whole. The commands that change it while
//! no agent runs are here too.

use super::pause_request::PauseRequest;
use super::report::left;
use super::time::Time;
use crate::base::finding::{Area, Finding};
use crate::energy::coordinator::persisted::{Calibration, PersistedState};
use crate::energy::governor::Learned;
use crate::energy::policy::pause::Pause;
use crate::platform::clock;
use crate::platform::home::{Home, HomeFile, damage_in};
use std::fs;
use std::path::{Path, PathBuf};

/// The path of the file.
#[must_use]
pub(crate) fn path(home: &Path) -> PathBuf {
    Home::at(home).file(HomeFile::Energy)
}

/// Reads the state. A file that cannot be used is logged and moved aside; the state is then empty.
#[must_use]
pub(crate) fn load(home: &Path) -> PersistedState {
    read(home).unwrap_or_else(|why| {
        log::error!("{why}");
        PersistedState::default()
    })
}

/// The same, at the start of an agent: also what people are told of a file that cannot be used.
#[must_use]
pub(crate) fn load_told(home: &Path) -> (PersistedState, Option<Finding>) {
    let told = |what| Finding { area: Area::State, what, command: Some("wattle pause".to_owned()) };
    read(home).map_or_else(|why| (PersistedState::default(), Some(told(why))), |state| (state, None))
}

/// Reads the state.
///
/// # Errors
/// One sentence: why it cannot be used.
fn read(home: &Path) -> Result<PersistedState, String> {
    let path = path(home);
    let bytes = match Home::at(home).read(HomeFile::Energy) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(PersistedState::default()),
        Err(error) => {
            let unread = || {
                format!(
                    "{} cannot be read: {error}. The governor learns again, and no pause holds; if one was to, type `wattle pause` again.",
                    path.display()
                )
            };
            // The start of the home, and the doctor, say it in these words.
            return Err(damage_in(home, HomeFile::Energy).map_or_else(unread, |found| found.what));
        }
    };
    match serde_json::from_slice::<PersistedState>(&bytes) {
        Ok(state) if state.v == PersistedState::VERSION => Ok(state),
        other => {
            let why = other.map_or_else(|error| error.to_string(), |state| format!("version {}", state.v));
            let aside = path.with_extension("json.broken");
            // Not a copy: the file may be of any size.
            #[expect(clippy::disallowed_methods, reason = "a file that is of no use needs no sync")]
            let _ = fs::rename(&path, &aside);
            Err(format!(
                "{} cannot be used ({why}). It was moved to {}; the governor learns again, and no pause holds. If one was to, type `wattle \
                 pause` again.",
                path.display(),
                aside.display()
            ))
        }
    }
}

/// Writes the state and syncs it to the disk.
///
/// # Errors
/// Those of the file system; the old file is untouched.
pub(crate) fn save(home: &Path, state: &PersistedState) -> std::io::Result<()> {
    let bytes = serde_json::to_vec(state).map_err(std::io::Error::other)?;
    Home::at(home).write(HomeFile::Energy, &bytes)
}

/// Pauses an agent that does not run now, or ends its pause. Gives how long the pause of before would have lasted, as
/// `report::left`.
///
/// # Errors
/// One sentence; nothing was changed.
pub(crate) fn save_pause(home: &Path, wanted: Option<PauseRequest>) -> Result<Option<Option<u64>>, String> {
    let now = clock::now();
    let trusted = Home::at(home).settings()?.unwrap_or_default().energy.trusted_clock;
    let (wall, zone) = Time::new(trusted).read(now);
    let pause = wanted.map(|wanted| wanted.pause(now, wall, &zone.unwrap_or_default())).transpose()?;
    let before = load(home);
    let boot = clock::boot();
    let stored = before.pause.as_ref();
    let held = left(now, stored.map(|stored| Pause::restore(now, wall, boot.as_deref(), stored)));
    let pause = pause.map(|pause| pause.persist(now, wall, boot));
    // A pause is the newer wish.
    let burst = before.burst.clone().filter(|_| pause.is_none());
    let state =
        PersistedState { v: PersistedState::VERSION, pause, burst, said: before.said.saturating_add(1), ..before };
    save(home, &state)
        .map_err(|error| format!("That cannot be saved in {}: {error}. Nothing was changed.", home.display()))?;
    Ok(held)
}

/// Forgets what was learned of the power supply, for an agent that does not run now.
///
/// # Errors
/// Those of the file system; the old file is untouched.
pub(crate) fn new_supply(home: &Path) -> std::io::Result<()> {
    let before = load(home);
    let learned = before.learned.map(|learned| Learned { duty: learned.duty, ..Learned::default() });
    save(home, &PersistedState { v: PersistedState::VERSION, learned, ..before })
}

/// Stores a calibration; the rest of the state stays.
///
/// # Errors
/// Those of the file system; the old file is untouched.
pub(crate) fn calibrated(home: &Path, found: Calibration) -> std::io::Result<()> {
    save(home, &PersistedState { v: PersistedState::VERSION, calibration: Some(found), ..load(home) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::accounting::meter::Recorded;
    use crate::energy::accounting::task::{Joules, Scope};

    #[test]
    fn a_calibration_without_a_scope_is_of_the_whole_board_and_a_new_one_stores_its_scope() {
        let old: Calibration = serde_json::from_str(r#"{"idle_watts":2.6,"core_watts":0.75}"#).unwrap();
        assert_eq!(old.scope, Scope::BoardInput);
        let home = tempfile::tempdir().unwrap();
        let found = Calibration { scope: Scope::CpuPackage, ..old };
        calibrated(home.path(), found).unwrap();
        assert_eq!(load(home.path()).calibration, Some(found));
        assert_eq!(found.model().scope, Scope::CpuPackage);
    }

    #[test]
    fn of_a_file_that_cannot_be_read_the_governor_says_what_the_start_and_the_doctor_say() {
        let folder = tempfile::tempdir().unwrap();
        drop(Home::open(folder.path()).unwrap());
        fs::create_dir(path(folder.path())).unwrap();
        let home = Home::open(folder.path()).unwrap();
        let of_start: Vec<&str> = home.findings().iter().map(|found| found.what.as_str()).collect();
        let told = load_told(folder.path()).1.unwrap().what;
        assert_eq!(of_start, [told.as_str()]);
        assert_eq!(damage_in(folder.path(), HomeFile::Energy).unwrap().what, told);
        assert!(told.contains("cannot be read") && told.contains("`wattle pause`"), "{told}");
    }

    #[test]
    fn the_saved_state_is_read_back_and_a_broken_file_is_moved_aside() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(load(home.path()), PersistedState::default());
        let mut saved = PersistedState { v: PersistedState::VERSION, waited_ms: 7, ..PersistedState::default() };
        saved.learned = Some(Learned { duty: 0.4, workers: Some(3), ..Learned::default() });
        saved.ledger.add(Recorded { day: 20_000, joules: Joules::UNKNOWN, tasks: 1, chunks: 12 });
        save(home.path(), &saved).unwrap();
        assert_eq!(load(home.path()), saved);
        fs::write(path(home.path()), "{").unwrap();
        assert_eq!(load(home.path()), saved, "a damaged file is read from its copy");
        fs::remove_file(home.path().join("energy.copy")).unwrap();
        for broken in ["", "{", "{\"v\":9}", "{\"v\":1,\"other\":1}", "\u{0}\u{0}"] {
            fs::write(path(home.path()), broken).unwrap();
            let (state, told) = load_told(home.path());
            assert!(told.is_some_and(|told| told.what.contains("no pause holds")), "{broken:?}");
            assert_eq!((state, load_told(home.path())), (PersistedState::default(), (PersistedState::default(), None)));
            assert!(!path(home.path()).exists() && home.path().join("energy.json.broken").exists());
        }
    }
}
