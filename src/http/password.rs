//! The page's password: what a person types in place of a token of 64 digits.
//!
//! It is set by the owner (`wattle password set`), or by whoever opens the page first: within `FIRST_VISIT_S` of running time after the first start of a
//! home, once, while none was ever set; on this device, and from another one only where the agent was started for that (`wattle up --first-visitor`).
//! That window is written down ahead, so that no restart makes it longer. It is open only while the home has the note of it (`platform::home::FirstVisit`):
//! a home that was there before this existed has none, nor has one that was restored, or whose window is over.
//! The file `api-password` keeps what `hash` makes of it. One look at a password takes memory: one is under way at a time (`turns`).

mod hash;
mod turns;

use super::throttle::Rank;
use crate::limits::{FIRST_VISIT_S, FIRST_VISIT_STEP_S};
use crate::platform::blocking;
use crate::platform::home::{FirstVisit, Home, HomeFile};
use crate::platform::unchanged::Unchanged;
use hash::Hash;
use serde::{Deserialize, Serialize};
use smol::Timer;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use turns::Turns;
use zeroize::Zeroizing;

/// What the file holds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Content {
    /// `None`: there is no password now.
    password: Option<Hash>,
    /// Whether there was one ever: then no first visitor chooses one any more.
    #[serde(default)]
    ever: bool,
    /// Seconds of running time of the first visit's window that are spent, the step under way among them.
    #[serde(default)]
    spent_s: u64,
}

#[derive(Clone, Debug, Default)]
struct State {
    content: Content,
    /// Whether the first visit's window is open.
    is_open: bool,
    /// Whether it is open to other devices too.
    is_for_all: bool,
    /// How often the content was changed since the agent started.
    version: u64,
}

#[derive(Debug)]
struct Shared {
    home: PathBuf,
    state: Mutex<State>,
    /// One change at a time.
    changing: Mutex<()>,
    /// One look at a password at a time.
    looks: Arc<Turns>,
}

/// The password of an agent's page. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Password(Arc<Shared>);

/// What became of a password that somebody typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// It is the one.
    Right,
    /// It is another one.
    Wrong,
    /// There is none to compare it with.
    Unset,
    /// There is no room to look at it: in the system, or among those that wait.
    Busy,
}

impl Password {
    /// The password of this home, if it has one. Where its file cannot be read nobody is let in by one, and none is chosen on a first visit.
    pub(super) fn load(home: &Path) -> Self {
        let read = Home::at(home).read(HomeFile::Password).map_err(|error| error.to_string());
        let read = read.and_then(|bytes| match bytes {
            Some(bytes) => serde_json::from_slice::<Content>(&bytes).map_err(|error| error.to_string()),
            None => Ok(Content::default()),
        });
        let content = read.unwrap_or_else(|why| {
            let name = Home::at(home).file(HomeFile::Password).display().to_string();
            log::warn!(
                "The page's password in {name} cannot be read ({why}): nobody is let in by one. `wattle password set` sets a new one."
            );
            Content { ever: true, ..Content::default() }
        });
        let state = Mutex::new(State { content, ..State::default() });
        let (changing, looks) = (Mutex::new(()), Arc::default());
        Self(Arc::new(Shared { home: home.to_owned(), state, changing, looks }))
    }

    /// Whether there is one.
    pub(super) fn is_set(&self) -> bool {
        self.with(|state| state.content.password.is_some())
    }

    /// Another number than before once it was set or removed.
    pub(super) fn version(&self) -> u64 {
        self.with(|state| state.version)
    }

    /// Whether whoever opens the page on this device may choose one now.
    pub(super) fn is_first_visit(&self) -> bool {
        self.with(|state| state.is_open && !state.content.ever)
    }

    /// Whether whoever opens it on another device may.
    pub(super) fn is_first_visit_for_all(&self) -> bool {
        self.with(|state| state.is_for_all && state.is_open && !state.content.ever)
    }

    /// Opens the first visit's window at the first start of a home, and goes on with it at later ones, as the home's note says (`visit`). `is_for_all`:
    /// to other devices too.
    pub(super) fn begin(&self, visit: FirstVisit, is_for_all: bool) {
        let spent = self.with(|state| {
            state.is_for_all = is_for_all;
            state.content.spent_s
        });
        // A home of before has been started, and has no such note; nor has one that was restored. One that lost this file has no count of what is spent.
        let is_awaited = match visit {
            FirstVisit::Shut => false,
            FirstVisit::New => true,
            FirstVisit::Begun => spent > 0,
        };
        // The first step is written down before anybody may choose, and before any document is read.
        if !is_awaited || !self.open_window() {
            self.close_window();
            return;
        }
        if !self.goes_on() {
            return;
        }
        self.note(FirstVisit::Begun);
        let counted = self.clone();
        smol::spawn(async move {
            let mut goes_on = true;
            while goes_on {
                Timer::after(Duration::from_secs(FIRST_VISIT_STEP_S)).await;
                let spending = counted.clone();
                // No request waits for the card meanwhile. Where the system gives no thread, nobody chooses any more before the next start.
                goes_on = blocking::run(move || spending.goes_on()).await.unwrap_or(false);
            }
            counted.with(|state| state.is_open = false);
        })
        .detach();
    }

    /// Has the home say how far its first visit is. Where it cannot, that is so at the next start at the latest: what is spent is written down here.
    fn note(&self, visit: FirstVisit) {
        if let Err(error) = visit.note(&self.0.home) {
            log::warn!("The note of the page's first visitor cannot be written: {error}.");
        }
    }

    fn open_window(&self) -> bool {
        self.with(|state| {
            state.is_open = !state.content.ever && state.content.spent_s < FIRST_VISIT_S;
            state.is_open
        })
    }

    fn close_window(&self) {
        self.with(|state| state.is_open = false);
        self.note(FirstVisit::Shut);
    }

    /// Whether the window goes on, with one more step of it written down. One that is over is closed for good.
    fn goes_on(&self) -> bool {
        let goes_on = self.spend();
        if !goes_on {
            self.close_window();
        }
        goes_on
    }

    /// Writes down one more step of the window; false where it is over.
    fn spend(&self) -> bool {
        if !self.with(|state| state.is_open && !state.content.ever && state.content.spent_s < FIRST_VISIT_S) {
            return false;
        }
        let step = |content: &mut Content| {
            content.spent_s += FIRST_VISIT_STEP_S;
            Ok(())
        };
        // What cannot be written is over.
        self.change(step).is_ok()
    }

    /// Looks at what somebody typed; of several that wait, those with the smallest rank go first.
    pub(super) async fn look_at(&self, typed: Zeroizing<String>, rank: Rank) -> Typed {
        let Some(hash) = self.with(|state| state.content.password.clone()) else { return Typed::Unset };
        let Some(turn) = self.0.looks.take(rank).await else { return Typed::Busy };
        // The turn goes with the thread: it ends with the look, also where the caller hangs up before.
        let look = move || {
            let fits = hash.fits(&typed);
            drop(turn);
            fits
        };
        match blocking::run(look).await {
            Some(true) => Typed::Right,
            Some(false) => Typed::Wrong,
            None => Typed::Busy,
        }
    }

    /// Sets a new one, or as the first visitor the first one; it is on the disk when this returns. Returns its [`version`](Self::version): who was let in
    /// by this one is not let in by a later one.
    ///
    /// # Errors
    /// One sentence: it is no password (`base::password`), the first visit is over, or the file cannot be written. Then nothing was changed.
    pub(super) async fn set(&self, new: Zeroizing<String>, first: bool) -> Result<u64, Unchanged> {
        if first && !self.is_first_visit() {
            return Err(Unchanged::Conflict(NO_FIRST_VISIT.to_owned()));
        }
        let turn = self.0.looks.take(Rank::default()).await.ok_or_else(|| Unchanged::Busy(NO_THREAD.to_owned()))?;
        let setting = self.clone();
        let set = move || {
            let hash = Hash::of(&new);
            drop(turn);
            let hash = hash?;
            setting.change(|content| {
                // Of two first visitors one is the first.
                if first && (content.ever || !setting.is_first_visit()) {
                    return Err(Unchanged::Conflict(NO_FIRST_VISIT.to_owned()));
                }
                (content.password, content.ever) = (Some(hash), true);
                Ok(())
            })
        };
        blocking::run(set).await.unwrap_or_else(|| Err(Unchanged::Busy(NO_THREAD.to_owned())))
    }

    /// Removes it; that is on the disk when this returns. No first visitor chooses one afterwards.
    ///
    /// # Errors
    /// One sentence: there is none, or the file cannot be written; then nothing was changed.
    pub(super) async fn remove(&self) -> Result<(), Unchanged> {
        let removing = self.clone();
        let remove = move || {
            removing
                .change(|content| {
                    content.ever = true;
                    let none = || Unchanged::Conflict("The page has no password.".to_owned());
                    content.password.take().map(drop).ok_or_else(none)
                })
                .map(drop)
        };
        blocking::run(remove).await.unwrap_or_else(|| Err(Unchanged::Busy(NO_THREAD.to_owned())))
    }

    /// Changes the content, which is on the disk when this returns; returns its version.
    fn change(&self, change: impl FnOnce(&mut Content) -> Result<(), Unchanged>) -> Result<u64, Unchanged> {
        let _changing = self.0.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut content = self.with(|state| state.content.clone());
        change(&mut content)?;
        let home = Home::at(&self.0.home);
        let bytes = serde_json::to_vec_pretty(&content)
            .map_err(|error| Unchanged::Broken(format!("The password cannot be written: {error}.")))?;
        home.write(HomeFile::Password, &bytes).map_err(|error| {
            let file = home.file(HomeFile::Password);
            let why = format!("The file {} cannot be written: {error}. Nothing was changed.", file.display());
            Unchanged::unwritten(&error, why)
        })?;
        Ok(self.with(|state| {
            state.content = content;
            state.version += 1;
            state.version
        }))
    }

    fn with<T>(&self, then: impl FnOnce(&mut State) -> T) -> T {
        then(&mut self.0.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

const NO_FIRST_VISIT: &str = "The first visitor chooses a password only in the first half hour after the first start of an agent, and only where none \
                              was ever set. `wattle password set` on the device sets one at any time.";

const NO_THREAD: &str = "The system has no room for that just now. Nothing was changed; try again.";

#[cfg(test)]
mod tests;
