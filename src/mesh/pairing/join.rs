//! The side that wants to join: tries the places where an admin may be, one after the other.
//!
//! A candidate is an address, with the PeerId that must answer there if it is known. Each gets one exchange; it is tried
//! again if it is busy, or if the link was lost on the way (an admin lets the same device in twice). The search ends with
//! a certificate, or when `JOIN_MS` are over, or when nobody is left to try: at once where no more are to come, else after
//! `JOIN_FIND_MS` where nobody was found or answers, and after `JOIN_LOOK_MS` where somebody said that nobody is let in, as by a
//! code that is closed. Then with the cause that tells its owner most. A cause that an admin names is not proven, so it changes nothing here: a code may be typed
//! again, and an invite's file stays until it has let the device in.

mod port;
mod talk;

use super::failure::{Failure, Lost};
use super::window::seconds;
use crate::base::id::PeerKey;
use crate::base::outbox::Outbox;
use crate::base::time::{Duration, Instant, earliest};
use crate::limits::{
    INVITE_ISSUERS_MAX, JOIN_CANDIDATES_MAX, JOIN_DIAL_MS, JOIN_DIALS_MAX, JOIN_EXCHANGES_MAX, JOIN_FIND_MS,
    JOIN_LOOK_MS, JOIN_MS, JOIN_SETTLE_MS, JOIN_TURNED_AWAY_MS, JOIN_WAIT_S_MAX, PAIR_EXCHANGE_MS, PAIR_TRY_PAUSE_MS,
};
use crate::wire::envelope::Encoding;
use crate::wire::pairing::exchange::{EXCHANGE_RANDOM_BYTES, Exchange, Parties, Side, Transcript};
use crate::wire::pairing::secret::Secret;
use crate::wire::pairing::{DeviceName, Message, Refusal, VERSION, Way};
use heapless::Vec as Bounded;
use talk::Talk;

pub use port::{Candidate, Effect, Joined};

/// Who joins, and by what.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The device's own key.
    pub own: PeerKey,
    /// Its name.
    pub device: DeviceName,
    /// What the admin knows as well.
    pub secret: Secret,
    /// Which of the admin's secrets that is.
    pub way: Way,
    /// The mesh that it is for, if the invite or the QR code says so, or if the device was in one.
    pub mesh: Option<[u8; 32]>,
    /// The device is in that mesh already, by a certificate that counts.
    pub is_member: bool,
    /// The only devices that may answer; empty: any.
    pub admins: Bounded<PeerKey, INVITE_ISSUERS_MAX>,
}

#[derive(Debug)]
enum State {
    /// Nobody to try now.
    Searching,
    Dialling {
        candidate: Candidate,
        until: Instant,
    },
    Talking(Box<Talk>),
    /// Until the candidate may be tried again.
    Waiting {
        candidate: Candidate,
        until: Instant,
    },
    Ended,
}

/// The machine. It works until [`Effect::Joined`] or [`Effect::Failed`].
#[derive(Debug)]
pub struct Join {
    settings: Settings,
    until: Instant,
    /// Until when another candidate is awaited while there is none to try.
    awaited: Instant,
    /// Not tried yet.
    candidates: Bounded<Candidate, JOIN_CANDIDATES_MAX>,
    /// All that were ever taken up.
    known: Bounded<Candidate, JOIN_CANDIDATES_MAX>,
    /// Those that had no place for another guest when they were dialled last.
    turned_away: Bounded<Candidate, JOIN_CANDIDATES_MAX>,
    /// Those that have refused: another address of theirs is not tried, so that a wrong code costs one try.
    refused: Bounded<PeerKey, JOIN_CANDIDATES_MAX>,
    state: State,
    /// Whether more may be found.
    searching: bool,
    dials_left: u8,
    exchanges_left: u8,
    failure: Failure,
}

impl Join {
    /// Begins. `searching`: more candidates than those that [`Self::found`] is told at once may be found later.
    #[must_use]
    pub fn new(now: Instant, settings: Settings, searching: bool) -> Self {
        Self {
            settings,
            until: now + Duration::from_millis(JOIN_MS),
            awaited: now + Duration::from_millis(JOIN_FIND_MS),
            candidates: Bounded::new(),
            known: Bounded::new(),
            turned_away: Bounded::new(),
            refused: Bounded::new(),
            state: State::Searching,
            searching,
            dials_left: JOIN_DIALS_MAX,
            exchanges_left: JOIN_EXCHANGES_MAX,
            failure: Failure::NotFound,
        }
    }

    /// The most telling of the failures so far.
    #[must_use]
    pub const fn failure(&self) -> Failure {
        self.failure
    }

    /// A place was found, or named.
    pub fn found(&mut self, now: Instant, candidate: Candidate, out: &mut Outbox<Effect>) {
        let wanted = candidate.peer.is_none_or(|peer| self.may_answer(peer));
        if wanted && !self.known.contains(&candidate) && self.known.push(candidate).is_ok() {
            // The list of those to try is no longer than that of all.
            let _ = self.candidates.push(candidate);
        }
        self.next(now, out);
    }

    /// A link to the candidate is up, with this peer proven at its other end, and so is the stream.
    pub fn linked(&mut self, now: Instant, peer: PeerKey, encoding: Encoding, out: &mut Outbox<Effect>) {
        let State::Dialling { candidate, .. } = self.state else { return };
        let expected = candidate.peer.is_none_or(|named| named == peer) && self.may_answer(peer);
        if !expected {
            return self.next_candidate(now, Failure::Unreachable, out);
        }
        let mut talk = Talk {
            candidate,
            admin: peer,
            encoding,
            until: now + Duration::from_millis(PAIR_EXCHANGE_MS),
            messages: Transcript::default(),
            proven: None,
            certificate: None,
        };
        let Settings { device, way, .. } = &self.settings;
        talk.send(&Message::Begin { device: device.clone(), v: VERSION, way: *way }, out);
        self.state = State::Talking(Box::new(talk));
    }

    /// The link or the stream is gone, or did not come up.
    pub fn lost(&mut self, now: Instant, why: Lost, out: &mut Outbox<Effect>) {
        match (&self.state, why) {
            (State::Dialling { .. }, Lost::NoProtocol) => self.next_candidate(now, Failure::Version, out),
            (State::Dialling { .. }, Lost::NoLink | Lost::Ended) => self.next_candidate(now, Failure::Unreachable, out),
            (State::Dialling { candidate, .. }, Lost::TurnedAway) => {
                let candidate = *candidate;
                self.later(now, candidate, out);
            }
            (State::Talking(talk), _) => {
                let candidate = talk.candidate;
                self.again(now, candidate, Duration::from_millis(PAIR_TRY_PAUSE_MS), out);
            }
            (State::Searching | State::Waiting { .. } | State::Ended, _) => {}
        }
    }

    /// Takes one frame or line of the stream; `random` is for one exchange only.
    pub fn received(
        &mut self,
        now: Instant,
        bytes: &[u8],
        random: &[u8; EXCHANGE_RANDOM_BYTES],
        out: &mut Outbox<Effect>,
    ) {
        let State::Talking(talk) = &mut self.state else { return };
        let Ok(message) = Message::read(talk.encoding, bytes) else {
            return self.refuse(now, Refusal::Malformed, out);
        };
        match message {
            Message::Offer { mesh, share } if talk.proven.is_none() => {
                if self.settings.mesh.is_some_and(|pinned| pinned != mesh) {
                    return self.next_candidate(now, Failure::OtherMesh, out);
                }
                if self.settings.is_member {
                    self.failure = Failure::Member;
                    return self.fail(out);
                }
                // Whoever answers gets one guess at the secret.
                let Some(left) = self.exchanges_left.checked_sub(1) else {
                    return self.next_candidate(now, Failure::WrongCode, out);
                };
                self.exchanges_left = left;
                let parties = Parties { joiner: self.settings.own, admin: talk.admin, mesh };
                talk.messages.add(bytes);
                let (exchange, own) = Exchange::begin(Side::Joiner, &self.settings.secret, &parties, random);
                let Some(key) = exchange.finish(&share) else {
                    return self.refuse(now, Refusal::WrongSecret, out);
                };
                talk.send(&Message::Share(own), out);
                let proof = key.confirmation(Side::Joiner, &talk.messages);
                talk.send(&Message::Confirm(proof), out);
                talk.proven = Some((mesh, key));
            }
            Message::Grant(certificate) if talk.proven.is_some() && talk.certificate.is_none() => {
                talk.messages.add(bytes);
                talk.certificate = Some(certificate.0);
            }
            Message::Confirm(proof) => match talk.joined(&proof) {
                Some(joined) => self.finish(Effect::Joined(joined), out),
                None => self.refuse(now, Refusal::WrongSecret, out),
            },
            Message::Refused { cause: Refusal::Busy, wait } => {
                let (candidate, wait) = (talk.candidate, wait.clamp(1, JOIN_WAIT_S_MAX));
                self.again(now, candidate, Duration::from_secs(wait.into()), out);
            }
            Message::Refused { cause: Refusal::Interrupted, .. } => {
                let candidate = talk.candidate;
                self.again(now, candidate, Duration::from_millis(PAIR_TRY_PAUSE_MS), out);
            }
            Message::Refused { cause, .. } => self.next_candidate(now, Failure::of(cause), out),
            Message::Begin { .. } | Message::Offer { .. } | Message::Share(_) | Message::Grant(_) => {
                self.refuse(now, Refusal::Malformed, out);
            }
        }
    }

    /// When [`Self::tick`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let own = match &self.state {
            State::Ended => return None,
            State::Searching => Some(self.awaited),
            State::Dialling { until, .. } | State::Waiting { until, .. } => Some(*until),
            State::Talking(talk) => Some(talk.until),
        };
        earliest(own, Some(self.until))
    }

    /// Ends what has taken too long, and tries the next place.
    pub fn tick(&mut self, now: Instant, out: &mut Outbox<Effect>) {
        match &self.state {
            State::Ended => {}
            _ if now >= self.until => {
                self.note_open_end();
                self.fail(out);
            }
            State::Searching if now >= self.awaited => self.fail(out),
            State::Searching => self.next(now, out),
            State::Dialling { until, .. } if now >= *until => self.next_candidate(now, Failure::Unreachable, out),
            State::Talking(talk) if now >= talk.until => {
                let candidate = talk.candidate;
                self.again(now, candidate, Duration::from_millis(PAIR_TRY_PAUSE_MS), out);
            }
            State::Waiting { candidate, until } if now >= *until => {
                let candidate = *candidate;
                self.dial(now, candidate, out);
            }
            State::Dialling { .. } | State::Talking(_) | State::Waiting { .. } => {}
        }
    }

    /// Seconds until the next try, while another device is busy.
    #[must_use]
    pub fn waits(&self, now: Instant) -> Option<u16> {
        let State::Waiting { until, .. } = &self.state else { return None };
        Some(seconds(until.since(now)))
    }

    fn may_answer(&self, peer: PeerKey) -> bool {
        peer != self.settings.own
            && !self.refused.contains(&peer)
            && (self.settings.admins.is_empty() || self.settings.admins.contains(&peer))
    }

    /// What the place that was being tried when the time was over has shown.
    fn note_open_end(&mut self) {
        let seen = match &self.state {
            State::Dialling { .. } => Failure::Unreachable,
            State::Talking(_) | State::Waiting { .. } => Failure::Busy,
            State::Searching | State::Ended => return,
        };
        self.failure = self.failure.max(seen);
    }

    fn next(&mut self, now: Instant, out: &mut Outbox<Effect>) {
        if !matches!(self.state, State::Searching) {
            return;
        }
        self.candidates.retain(|candidate| candidate.peer.is_none_or(|peer| !self.refused.contains(&peer)));
        if self.candidates.is_empty() {
            if !self.searching {
                self.fail(out);
            } else if self.failure > Failure::Malformed {
                // Somebody has answered to the point; another one may only just have been found.
                self.until = self.until.min(now + Duration::from_millis(JOIN_SETTLE_MS));
            }
            return;
        }
        let candidate = self.candidates.remove(0);
        self.dial(now, candidate, out);
    }

    fn dial(&mut self, now: Instant, candidate: Candidate, out: &mut Outbox<Effect>) {
        let Some(left) = self.dials_left.checked_sub(1) else { return self.fail(out) };
        self.dials_left = left;
        self.state = State::Dialling { candidate, until: now + Duration::from_millis(JOIN_DIAL_MS) };
        out.push(Effect::Dial(candidate));
    }

    /// Leaves this candidate for good.
    fn next_candidate(&mut self, now: Instant, why: Failure, out: &mut Outbox<Effect>) {
        self.failure = self.failure.max(why);
        if let State::Talking(talk) = &self.state {
            // There is one candidate a device at least, and the list has room for all of them.
            let _ = self.refused.push(talk.admin);
        }
        out.push(Effect::HangUp);
        self.state = State::Searching;
        self.awaits_another(now);
        self.next(now, out);
    }

    /// How long another candidate is awaited after this one, if none is known. Whoever types a code has read it on a screen, so that the device that shows it is
    /// there to be found; others of the home, which let nobody in, may only have been found first.
    fn awaits_another(&mut self, now: Instant) {
        let soon = now + Duration::from_millis(JOIN_LOOK_MS);
        let nobody_answers = self.failure <= Failure::Unreachable;
        self.awaited = if nobody_answers { self.awaited.max(soon) } else { soon };
    }

    /// Comes back to this candidate, which has no place for another guest, behind the others that are known. One that was not tried yet is
    /// dialled at once, and each of the others as often as if it were the only one.
    fn later(&mut self, now: Instant, candidate: Candidate, out: &mut Outbox<Effect>) {
        if !self.turned_away.contains(&candidate) {
            // The list is no shorter than that of all.
            let _ = self.turned_away.push(candidate);
        }
        // One was just taken out.
        let _ = self.candidates.push(candidate);
        let next = self.candidates.remove(0);
        if !self.turned_away.contains(&next) {
            self.failure = self.failure.max(Failure::Busy);
            out.push(Effect::HangUp);
            return self.dial(now, next, out);
        }
        let places = self.candidates.len() as u64 + 1;
        self.again(now, next, Duration::from_millis(JOIN_TURNED_AWAY_MS / places), out);
    }

    /// Leaves this candidate for a while: longer where its dials would not last until the end.
    fn again(&mut self, now: Instant, candidate: Candidate, wait: Duration, out: &mut Outbox<Effect>) {
        self.failure = self.failure.max(Failure::Busy);
        out.push(Effect::HangUp);
        let spares = self.dials_left <= JOIN_DIALS_MAX / 2;
        let pace = self.until.since(now) / (u32::from(self.dials_left) + 1);
        let wait = if spares { wait.max(pace) } else { wait };
        self.state = State::Waiting { candidate, until: now + wait };
    }

    /// Ends the exchange, and tells the other side why.
    fn refuse(&mut self, now: Instant, cause: Refusal, out: &mut Outbox<Effect>) {
        if let State::Talking(talk) = &mut self.state {
            talk.send(&Message::Refused { cause, wait: 0 }, out);
        }
        self.next_candidate(now, Failure::of(cause), out);
    }

    fn fail(&mut self, out: &mut Outbox<Effect>) {
        if matches!(self.state, State::Dialling { .. } | State::Talking(_)) {
            out.push(Effect::HangUp);
        }
        self.state = State::Ended;
        out.push(Effect::Failed(self.failure));
    }

    fn finish(&mut self, joined: Effect, out: &mut Outbox<Effect>) {
        self.state = State::Ended;
        out.push(Effect::HangUp);
        out.push(joined);
    }
}
