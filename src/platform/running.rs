//! What another process learns of the agent that runs in a home: whether there is one, and where it answers.

use super::home::{Home, HomeFile};
use super::regular;
use std::fs::{OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::net::SocketAddr;

/// Whether an agent runs in this home: it holds the lock. A lock that cannot be looked at counts as held.
#[must_use]
pub fn is_running(home: &Home) -> bool {
    match regular::open(&home.path().join("lock"), OpenOptions::new().read(true)) {
        Ok(lock) => matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)),
        Err(error) => error.kind() != ErrorKind::NotFound,
    }
}

/// Words of the sentence about an agent that is not up yet.
pub const STARTING: &str = "is starting for the first time";

/// The sentence that the agent of this home is on its way: it has the lock, and no agent ever wrote down there where it answers. `None`: no
/// agent runs, or it has.
#[must_use]
pub fn starting(home: &Home) -> Option<String> {
    let is_told = home.file(HomeFile::Api).symlink_metadata().is_ok();
    (!is_told && is_running(home)).then(|| {
        format!(
            "The agent of the home {} {STARTING}, and does not answer before it is up. Try again in a moment.",
            home.path().display()
        )
    })
}

/// Where the API of the agent in this home listens, if one runs and has written it down.
#[must_use]
pub fn api_address(home: &Home) -> Option<SocketAddr> {
    let bytes = home.read(HomeFile::Api).ok().flatten()?;
    str::from_utf8(&bytes).ok()?.trim().parse().ok().filter(|address: &SocketAddr| address.ip().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_is_in_use_while_its_lock_is_held_and_says_where_its_api_listens() {
        let folder = tempfile::tempdir().unwrap();
        let beside = Home::at(folder.path());
        assert!(!is_running(&beside) && starting(&beside).is_none(), "no agent was ever here");
        let home = Home::open(folder.path()).unwrap();
        assert!(is_running(&beside));
        assert_eq!(api_address(&beside), None);
        let says = starting(&beside).unwrap();
        assert!(says.contains(STARTING) && says.ends_with("Try again in a moment."), "{says}");
        home.write(HomeFile::Api, b"127.0.0.1:7790\n").unwrap();
        assert_eq!(api_address(&beside), Some("127.0.0.1:7790".parse().unwrap()));
        assert_eq!(starting(&beside), None);
        // Whoever can write this file could have the token sent elsewhere.
        home.write(HomeFile::Api, b"192.0.2.1:7790\n").unwrap();
        assert_eq!(api_address(&beside), None);
        drop(home);
        assert!(!is_running(&beside));
    }
}
