//! What people say: pause, resume, hints on energy.

use super::super::report::Paused;
use super::{Core, News};
use crate::base::time::Instant;
use crate::energy::decision::Decision;
use crate::energy::policy::hint::{Hint, HintError, Origin};
use crate::energy::policy::pause::Pause;
use crate::energy::policy::put::Word;
use crate::energy::words;

const NO_TIME: &str = "The time is not known here: nothing has set this device's clock yet. Say for how long instead, as wattle \
                       pause 2h; or, if its clock is right, say so in config.toml (energy.trust_clock = true).";

impl Core {
    /// What a person's pause is.
    pub(in crate::io::governor) fn pause_of(&self, now: Instant, wanted: Paused) -> Result<Option<Pause>, String> {
        Ok(Some(match wanted {
            Paused::Open => Pause::OPEN,
            Paused::For(time) => Pause::lasting(now, time),
            Paused::Until(minute) => {
                Pause::until_clock(now, self.wall, self.governor.policy.zone(), minute).ok_or(NO_TIME)?
            }
        }))
    }

    pub(in crate::io::governor) const fn pause(&self) -> Option<Pause> {
        self.pause
    }

    pub(in crate::io::governor) fn set_pause(&mut self, now: Instant, pause: Option<Pause>) -> News {
        self.pause = pause;
        self.apply_pause();
        if !self.leads() {
            // Full: eight words in a moment that the leader has not heard; it hears the next one.
            let _ = self.outgoing.push_back(words::Up::Pause(words::PauseWord::of(now, pause)));
        }
        self.whole = self.resample(now);
        self.push(now);
        News { others: true, sampling: true }
    }

    /// Tells the leader of the pause that holds here.
    pub(in crate::io::governor) fn bring_pause(&mut self, now: Instant) {
        let word = words::PauseWord::of(now, self.pause);
        if word != words::PauseWord::None {
            let _ = self.outgoing.push_back(words::Up::Pause(word));
        }
    }

    /// Another agent's person paused or resumed.
    pub(in crate::io::governor) fn hear_pause(&mut self, now: Instant, pause: Option<Pause>) -> bool {
        let changed = self.pause.map(|pause| pause.until()) != pause.map(|pause| pause.until());
        if changed {
            self.pause = pause;
            self.apply_pause();
            self.whole = self.resample(now);
            self.push(now);
        }
        changed
    }

    pub(super) fn apply_pause(&mut self) {
        match self.pause {
            Some(pause) => self.governor.policy.pause(pause),
            None => self.governor.policy.resume(),
        }
    }

    pub(in crate::io::governor) fn put_hint(&mut self, now: Instant, bytes: &[u8]) -> Result<News, HintError> {
        match self.puts.take(now, bytes, self.wall)? {
            Word::Hint(origin, hint) => {
                if !self.leads() {
                    let said = words::Hint::of(origin, &hint);
                    let _ = self.outgoing.push_back(words::Up::Hint(said));
                }
                self.hear_hint(now, origin, hint);
            }
            Word::Noted => {}
        }
        Ok(News { others: true, sampling: true })
    }

    pub(in crate::io::governor) fn hear_hint(&mut self, now: Instant, origin: Origin, hint: Hint) {
        self.governor.policy.hint(now, origin, hint);
        self.whole = self.resample(now);
        self.push(now);
    }

    /// Policy anew, between two samples.
    fn resample(&mut self, now: Instant) -> Decision {
        let (wall, backlog) = (self.wall, self.backlog(now));
        self.governor.policy_changed(now, wall, backlog)
    }

    /// What a file of hints holds.
    pub(in crate::io::governor) fn file_hint(
        &mut self,
        now: Instant,
        own: bool,
        bytes: &[u8],
    ) -> Result<(), HintError> {
        if own {
            let hint = Hint::parse(bytes, self.wall)?;
            self.hear_hint(now, Origin::File, hint);
            return Ok(());
        }
        if let Word::Hint(origin, hint) = self.puts.take(now, bytes, self.wall)? {
            self.hear_hint(now, origin, hint);
        }
        Ok(())
    }
}
