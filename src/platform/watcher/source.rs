//! What is so with one watched source: whether it is there, which folder that is, and what of it is not watched.

use super::tree::Unwatched;
use crate::base::finding::{Area, Finding, quoted};
use crate::base::time::{Duration, Instant};
use rustix::io::Errno;

/// Between two looks whether a source that is away is back: soon after it went, and later.
const AWAY: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(5)];
/// How long the shorter of them holds.
const AWAY_SHORT: Duration = Duration::from_secs(120);
/// Between two tries of folders that could not be watched.
const RETRY: Duration = Duration::from_secs(30);
/// Between two looks at a source that is watched: its place may have come to another folder without an event.
const REGULAR: Duration = Duration::from_secs(60);

/// A file of the system: its file system and its inode there.
pub(super) type Identity = (u64, u64);

/// One watched folder or file.
#[derive(Clone, Copy, Debug)]
pub(super) struct WatchedSource {
    /// What was at its path when the watch was set; `None` while nothing is.
    pub(super) identity: Option<Identity>,
    /// Whether others may change it without an event here.
    pub(super) network: bool,
    /// Since when nothing is there.
    away_since: Option<Instant>,
    next_look: Instant,
}

/// What follows from a look at a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It is as it was.
    Nothing,
    /// Something else is there than before: its watches are set anew.
    WatchAnew,
    /// Nothing is there any more.
    WentAway,
}

impl WatchedSource {
    /// A source that is to be watched now.
    pub(super) const fn new(now: Instant) -> Self {
        Self { identity: None, network: false, away_since: None, next_look: now }
    }

    /// A look at its path found this.
    pub(super) fn look(&mut self, now: Instant, found: Option<Identity>, unwatched: bool) -> Step {
        let before = std::mem::replace(&mut self.identity, found);
        if found.is_some() {
            self.away_since = None;
            self.next_look = now + if unwatched { RETRY } else { REGULAR };
            return if before == found { Step::Nothing } else { Step::WatchAnew };
        }
        let newly = self.away_since.is_none();
        let since = *self.away_since.get_or_insert(now);
        self.next_look = now + AWAY[usize::from(now.since(since) > AWAY_SHORT)];
        if newly { Step::WentAway } else { Step::Nothing }
    }

    /// When to look again.
    pub(super) const fn next_look(&self) -> Instant {
        self.next_look
    }

    /// Look again now.
    pub(super) const fn look_now(&mut self, now: Instant) {
        self.next_look = now;
    }
}

/// The finding about folders of a source that are not watched; `None` if all are.
pub(super) fn finding(source: &[u8], failures: &[(&[u8], Unwatched)]) -> Option<Finding> {
    // A place that does not answer has a finding of its own.
    let failures: Vec<_> = failures.iter().filter(|(_, why)| *why != Unwatched::Silent).collect();
    let (first, why) = failures.iter().find(|(_, why)| *why == Unwatched::Limit).or_else(|| failures.first())?;
    let (name, first) = (String::from_utf8_lossy(source), String::from_utf8_lossy(first));
    let others = match failures.len() - 1 {
        0 => String::new(),
        1 => " and one more".to_owned(),
        more => format!(" and {more} more"),
    };
    let (what, command) = match why {
        Unwatched::Silent => return None,
        Unwatched::Limit => (
            format!(
                "{name} has more folders than the system lets one user watch (fs.inotify.max_user_watches). Changes in the \
                 others, among them {first}, are found by looking at all of {name} every few seconds to minutes."
            ),
            Some("sudo sysctl fs.inotify.max_user_watches=524288".to_owned()),
        ),
        Unwatched::Locked => {
            let place = if first == name { first.to_string() } else { format!("{first}{others} in {name}") };
            let what = format!(
                "{place} cannot be read by this user, so nothing in it is indexed or watched. What was read of it before is kept, and \
                 answers on this device only. It is tried again every {} seconds; `ls -ld` shows whose it is, and `chmod` lets this user \
                 read it.",
                RETRY.as_secs()
            );
            (what, Some(format!("ls -ld {}", quoted(&first))))
        }
        Unwatched::Failed(error) => (
            format!(
                "{first}{others} in {name} cannot be watched ({error}). Changes in {name} are found by looking at all of \
                 it every few seconds to minutes."
            ),
            None,
        ),
    };
    Some(Finding { area: Area::Folders, what, command })
}

/// The finding that nothing can be watched at all.
pub(super) fn no_inotify(error: Errno) -> Finding {
    let what = format!(
        "The system lets this user watch no folder ({error}; fs.inotify.max_user_instances). Changes are found by looking \
         at all folders every few seconds to minutes."
    );
    let command = "sudo sysctl fs.inotify.max_user_instances=1024".to_owned();
    Finding { area: Area::Folders, what, command: Some(command) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    #[test]
    fn a_source_that_is_away_is_looked_for_within_seconds_for_ever() {
        let mut source = WatchedSource::new(at(0));
        assert_eq!(source.look(at(0), Some((1, 2)), false), Step::WatchAnew);
        assert_eq!(source.next_look(), at(60));
        assert_eq!(source.look(at(60), Some((1, 2)), true), Step::Nothing);
        assert_eq!(source.next_look(), at(90), "folders that are not watched are tried again sooner");
        assert_eq!(source.look(at(90), None, false), Step::WentAway);
        assert_eq!((source.look(at(92), None, false), source.next_look()), (Step::Nothing, at(94)));
        assert_eq!((source.look(at(86_400), None, false), source.next_look()), (Step::Nothing, at(86_405)));
        assert_eq!(source.look(at(86_405), Some((1, 3)), false), Step::WatchAnew);
        assert_eq!(source.look(at(86_406), Some((2, 3)), false), Step::WatchAnew, "another file system is there");
    }

    #[test]
    fn what_is_not_watched_is_named_with_the_command_that_helps() {
        assert_eq!(finding(b"/a", &[]), None);
        let locked: (&[u8], _) = (b"/a/lost+found", Unwatched::Locked);
        let found = finding(b"/a", &[locked]).unwrap();
        assert!(found.what.contains("/a/lost+found in /a cannot be read by this user"));
        assert_eq!(found.command.as_deref(), Some("ls -ld /a/lost+found"));
        let all = finding(b"/a", &[(b"/a", Unwatched::Locked)]).unwrap();
        assert!(all.what.starts_with("/a cannot be read by this user"), "{}", all.what);
        let limit: (&[u8], _) = (b"/a/z", Unwatched::Limit);
        let found = finding(b"/a", &[locked, limit]).unwrap();
        assert!(found.what.contains("max_user_watches"), "{}", found.what);
        assert_eq!(found.command.as_deref(), Some("sudo sysctl fs.inotify.max_user_watches=524288"));
        let other: (&[u8], _) = (b"/a/b", Unwatched::Failed(Errno::NOMEM));
        assert!(
            finding(b"/a", &[other, locked]).unwrap().what.starts_with("/a/b and one more in /a cannot be watched")
        );
        assert!(no_inotify(Errno::MFILE).command.is_some());
    }
}
