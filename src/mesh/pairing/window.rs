//! The window in which devices join by a code: open for `PAIR_WINDOW_MS`, for `PAIR_TRIES` tries, for one device.

use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant};
use crate::limits::{PAIR_CODES_REMEMBERED, PAIR_ENDED_MS, PAIR_TRIES, PAIR_TRY_PAUSE_MS, PAIR_WINDOW_MS};
use crate::wire::pairing::Refusal;
use crate::wire::pairing::secret::{Code, LongSecret, Secret};
use heapless::Deque;

/// The secrets of one window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secrets {
    /// The eight digits.
    pub code: Code,
    /// What is in the QR code.
    pub link: LongSecret,
}

impl Secrets {
    /// Whether this is one of the two.
    fn have(&self, secret: &Secret) -> bool {
        self.code.secret() == *secret || self.link.secret() == *secret
    }
}

/// Why a window closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// A device joined.
    Used,
    /// Its time was over.
    Expired,
    /// The last try did not end well.
    TooManyTries,
    /// Its owner closed it.
    ByOwner,
}

/// What a device knows of a secret of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// A device may be let in by it.
    Good,
    /// None may any more.
    Over(Closed),
}

/// An open window.
#[derive(Debug)]
pub struct Open {
    /// Which of this agent's windows it is: an exchange that began with an earlier one does not count here.
    pub number: u64,
    /// What a device must know.
    pub secrets: Secrets,
    /// What the device that joins may do, as bits of `wire::certificate`.
    pub caps: u8,
    /// When it closes by itself.
    pub until: Instant,
    /// Exchanges that may still begin.
    pub tries_left: u8,
    next_try: Instant,
    /// The device that was let in. It may come again until the window's time is over, and no other.
    holder: Option<PeerKey>,
}

/// The window of an agent: at most one is open.
#[derive(Debug, Default)]
pub struct Window {
    open: Option<Open>,
    /// Windows that were opened so far.
    count: u64,
    /// Why and when the last one closed.
    ended: Option<(Closed, Instant)>,
    /// The secrets of the latest that closed, which open nothing any more, and why they did.
    before: Deque<(Secrets, Closed), PAIR_CODES_REMEMBERED>,
}

impl Window {
    /// Opens a window, in place of an earlier one.
    pub fn open(&mut self, now: Instant, secrets: Secrets, caps: u8) {
        let until = now + Duration::from_millis(PAIR_WINDOW_MS);
        self.count += 1;
        self.open = Some(Open {
            number: self.count,
            secrets,
            caps,
            until,
            tries_left: PAIR_TRIES,
            next_try: now,
            holder: None,
        });
        self.ended = None;
    }

    /// Closes it: its secrets are good for nothing from then on. False if none was open.
    pub fn close(&mut self, now: Instant, why: Closed) -> bool {
        let Some(open) = self.open.take() else { return false };
        // A device was let in before: that is what the next one is told.
        let why = if open.holder.is_some() { Closed::Used } else { why };
        self.ended = Some((why, now));
        if self.before.is_full() {
            self.before.pop_front();
        }
        // There is room.
        let _ = self.before.push_back((open.secrets, why));
        true
    }

    /// What this device knows of a secret of its own windows; `None` if it is of none of the latest.
    #[must_use]
    pub fn own(&self, secret: &Secret) -> Option<Own> {
        let good = |open: &Open| open.holder.map_or(Own::Good, |_| Own::Over(Closed::Used));
        let open = self.open.iter().map(|open| (&open.secrets, good(open)));
        let before = self.before.iter().rev().map(|(secrets, why)| (secrets, Own::Over(*why)));
        open.chain(before).find(|(secrets, _)| secrets.have(secret)).map(|(_, own)| own)
    }

    /// The window, while a device may still be let in.
    #[must_use]
    pub fn shown(&self) -> Option<&Open> {
        self.open.as_ref().filter(|open| open.holder.is_none())
    }

    /// How many were opened so far, which is the number of the newest.
    #[must_use]
    pub const fn opened(&self) -> u64 {
        self.count
    }

    /// When its time is over.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.open.as_ref().map(|open| open.until)
    }

    /// Takes one try for an exchange with this peer, and returns the window's secrets.
    ///
    /// # Errors
    /// Why none may begin, and in how many seconds one may.
    pub fn begin(&mut self, now: Instant, peer: PeerKey) -> Result<&Open, (Refusal, u16)> {
        let ended = self.ended.filter(|(_, at)| now.since(*at) < Duration::from_millis(PAIR_ENDED_MS));
        let Some(open) = &mut self.open else {
            return Err(match ended {
                Some((Closed::Used, _)) => (Refusal::Used, 0),
                Some((Closed::Expired, _)) => (Refusal::Expired, 0),
                Some((Closed::TooManyTries, _)) => (Refusal::TooManyTries, 0),
                Some((Closed::ByOwner, _)) | None => (Refusal::NoWindow, 0),
            });
        };
        if open.holder.is_some_and(|holder| holder != peer) {
            return Err((Refusal::Used, 0));
        }
        if now >= open.until {
            return Err((Refusal::Expired, 0));
        }
        if now < open.next_try {
            return Err((Refusal::Busy, seconds(open.next_try.since(now))));
        }
        open.tries_left = open.tries_left.checked_sub(1).ok_or((Refusal::TooManyTries, 0))?;
        Ok(open)
    }

    /// An exchange with this window's code did not end well: its try is used up. Returns how many are left; the window
    /// closes with the last.
    pub fn failed(&mut self, now: Instant, number: u64) -> Option<u8> {
        let open = self.open.as_mut().filter(|open| open.number == number)?;
        open.next_try = now + Duration::from_millis(PAIR_TRY_PAUSE_MS);
        let left = open.tries_left;
        if left == 0 {
            self.close(now, Closed::TooManyTries);
        }
        Some(left)
    }

    /// An exchange with this window's code proved the code, and this device cannot let anybody in; or a member noticed that it is one: its
    /// try is given back.
    pub fn spared(&mut self, now: Instant, number: u64) -> Option<u8> {
        let open = self.open.as_mut().filter(|open| open.number == number)?;
        open.next_try = now + Duration::from_millis(PAIR_TRY_PAUSE_MS);
        open.tries_left = open.tries_left.saturating_add(1).min(PAIR_TRIES);
        Some(open.tries_left)
    }

    /// An exchange with this window's code ended well: its try is given back, and the window is this device's from now on.
    /// True if it was nobody's before.
    pub fn won(&mut self, number: u64, holder: PeerKey) -> bool {
        let Some(open) = self.open.as_mut().filter(|open| open.number == number) else { return false };
        open.tries_left = open.tries_left.saturating_add(1).min(PAIR_TRIES);
        open.holder.replace(holder).is_none()
    }
}

/// Whole seconds, rounded up, at least one.
pub(super) fn seconds(time: Duration) -> u16 {
    u16::try_from(time.as_millis().div_ceil(1000).max(1)).unwrap_or(u16::MAX)
}
