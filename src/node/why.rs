//! Why work waits: what limits this device, what others say of themselves when they are asked, and what waits for it.

use super::output::{Notice, Output};
use super::status::{DISK_FULL, DeviceHold, HoldStatus, STORE_FAILED, SilentOwnerStatus, WhyStatus};
use super::{Node, Out};
use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant};
use crate::energy::decision::Decision;
use crate::energy::fraction::Fraction;
use crate::energy::measured::{Measured, Unit};
use crate::energy::reason::Reason;
use crate::limits::{LINKS_MAX, LOOK_S};
use crate::mesh::swim::Liveness;
use crate::mesh::trust::Rights;
use crate::scheduler::offload::borrower::SilentOwner;

use crate::wire::message::Message;
use crate::wire::why::{Figure, Hold, Why};

impl Node {
    /// Asks the linked devices that may work for this one why they do as little as they do.
    pub(super) fn ask_why(&mut self, out: &mut Out) -> usize {
        let peers: Vec<PeerKey> = self.peers.all_linked().filter(|peer| self.trust.may(*peer, Rights::WORK)).collect();
        for peer in peers.iter().take(LINKS_MAX) {
            out.push(Output::Send(*peer, Message::Why(Why { ask: true, hold: None })));
        }
        peers.len()
    }

    /// A device asks, or tells.
    pub(super) fn on_why(&mut self, now: Instant, peer: PeerKey, why: Why, out: &mut Out) {
        if why.ask {
            let hold = self.own_hold(now).map(|hold| hold.to_wire());
            out.push(Output::Send(peer, Message::Why(Why { ask: false, hold })));
        } else if let Some((since_s, next_s)) = why.false_result() {
            let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
            if self.mesh.records.disputes.told(now, peer, seconds(since_s), seconds(next_s)) {
                out.push(Output::Notice(Notice::Disputed(self.title(Some(peer)))));
            }
        } else {
            self.energy.others.told(now, peer, why.hold);
        }
    }

    /// What limits this device's work; `None`: nothing, or it has no governor.
    pub(super) fn own_hold(&self, now: Instant) -> Option<HoldStatus> {
        // What cannot be saved is not made, whatever the governor allows.
        if self.scheduler.stands_still() {
            let reason = Err(if self.scheduler.is_disk_full() { DISK_FULL } else { STORE_FAILED }.to_owned());
            let (since_ago, next_in) = (Duration::ZERO, None);
            return Some(HoldStatus { reason, measured: None, share: 0, since_ago, next_in });
        }
        let (_, since) = self.energy.told.so()?;
        HoldStatus::of(&self.energy.decision?, now.since(since))
    }

    /// All of it, for people.
    pub(super) fn why(&self, now: Instant) -> WhyStatus {
        WhyStatus {
            hold: self.own_hold(now),
            devices: self.device_holds(now),
            failing: self.scheduler.failing(now),
            away: self.scheduler.absent(),
            read_per_minute: self.scheduler.read_per_minute(now),
            silent_owners: self.silent_owners(now),
            own_key_twice: self.is_own_key_twice(now),
            only_here: self.scheduler.only_here(),
        }
    }

    /// Who offers work and gives no answer. Where two devices use this device's key, nobody gives one: that is no fault of theirs.
    fn silent_owners(&self, now: Instant) -> Vec<SilentOwnerStatus> {
        let owners = self.scheduler.silent_owners().filter(|_| !self.is_own_key_twice(now));
        owners.map(|owner| self.silent_owner(now, owner)).collect()
    }

    fn silent_owner(&self, now: Instant, owner: SilentOwner) -> SilentOwnerStatus {
        SilentOwnerStatus {
            device: self.title(Some(owner.peer)),
            peer_id: self.peer_id_of(Some(owner.peer)),
            chunks: u64::from(owner.chunks),
            questions: u64::from(owner.questions),
            since_ago: now.since(owner.since),
            next_in: owner.next.map(|next| next.since(now)),
        }
    }

    /// The devices that may work for this one, and what is so with each.
    pub(super) fn device_holds(&self, now: Instant) -> Vec<DeviceHold> {
        let may = |key: &PeerKey| self.trust.may(*key, Rights::WORK);
        let lent = |key: PeerKey| self.scheduler.lent(now).find(|lent| lent.peer == key);
        let down = self.with_liveness(Liveness::Down);
        let suspects = self.with_liveness(Liveness::Suspect);
        let may_leave = !self.scheduler.keeps_all();
        let of = |key: PeerKey, linked: bool| {
            let lent = lent(key);
            let stopped = self.mesh.stopped.get(&key).copied().filter(|_| !linked);
            let unlinked = lent.and_then(|lent| lent.unlinked).filter(|_| !linked);
            DeviceHold {
                device: self.title(Some(key)),
                peer_id: self.peer_id_of(Some(key)),
                linked,
                stopped: stopped.is_some(),
                since_ago: stopped.or(unlinked).map(|since| now.since(since)),
                banned: lent.is_some_and(|lent| lent.banned.is_some()),
                fails: lent.is_some_and(|lent| lent.failing.is_some()),
                frozen: self.is_frozen(now, key),
                gets: may_leave && self.recipient(key).gets,
                silent: lent.and_then(|lent| self.work_link(&lent, &suspects).silent()),
                chunks: lent.map_or(0, |lent| lent.chunks as u64),
                told: self.energy.others.hold_of(now, key),
            }
        };
        let known: Vec<(PeerKey, bool)> = self.peers.iter().map(|peer| (peer.key, peer.linked)).collect();
        let known = known.into_iter().filter(|(key, linked)| may(key) && (*linked || down.contains(key)));
        known.take(LINKS_MAX).map(|(key, linked)| of(key, linked)).collect()
    }
}

impl WhyStatus {
    /// The same where the governor allows this by now: the node may have heard of it before a question came, or ended. What cannot be saved
    /// limits the device whatever the governor allows.
    pub fn allow(&mut self, decision: &Decision) {
        if self.hold.as_ref().is_some_and(|hold| hold.reason.is_err()) {
            return;
        }
        let before = self.hold.as_ref().filter(|hold| hold.reason.as_ref().ok() == limiting(decision).as_ref());
        let since_ago = before.map_or(Duration::ZERO, |hold| hold.since_ago);
        self.hold = HoldStatus::of(decision, since_ago);
    }
}

impl HoldStatus {
    /// What limits a device by this decision, for so long; `None`: nothing.
    #[must_use]
    pub fn of(decision: &Decision, since_ago: Duration) -> Option<Self> {
        let reason = limiting(decision)?;
        let percent = decision.headroom.value() * 100.0;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
        let share = if decision.workers == 0 { 0 } else { percent.round().clamp(0.0, 100.0) as u8 };
        let by_itself = reason != Reason::Paused;
        Some(Self {
            reason: Ok(reason),
            measured: decision.measured,
            share,
            since_ago,
            next_in: by_itself.then_some(Duration::from_secs(LOOK_S)),
        })
    }

    fn to_wire(&self) -> Hold {
        let seconds = |time: Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
        let reason = match &self.reason {
            Ok(reason) => reason.code(),
            Err(code) => code,
        };
        let figure = |Measured { value, threshold, unit }: Measured| {
            let unit = Unit::ALL.iter().position(|known| *known == unit);
            let tenths = |figure: i32| u32::try_from(figure).unwrap_or(0);
            let (value, threshold) = (tenths(value), tenths(threshold));
            Figure { value, threshold, unit: unit.and_then(|unit| u8::try_from(unit).ok()).unwrap_or(u8::MAX) }
        };
        Hold {
            figure: self.measured.map(figure),
            next_s: self.next_in.map_or(0, seconds),
            reason: reason.try_into().unwrap_or_default(),
            share: self.share,
            since_s: seconds(self.since_ago),
        }
    }

    /// What another device told.
    pub(super) fn of_wire(hold: &Hold, ago: Duration) -> Self {
        let measured = hold.figure.and_then(|figure| {
            let unit = *Unit::ALL.get(usize::from(figure.unit))?;
            let tenths = |figure: u32| i32::try_from(figure).unwrap_or(i32::MAX);
            Some(Measured { value: tenths(figure.value), threshold: tenths(figure.threshold), unit })
        });
        Self {
            reason: Reason::of_code(&hold.reason).ok_or_else(|| hold.reason.to_string()),
            measured,
            share: hold.share,
            since_ago: Duration::from_secs(u64::from(hold.since_s)) + ago,
            next_in: (hold.next_s > 0).then(|| Duration::from_secs(u64::from(hold.next_s))),
        }
    }
}

/// What limits the work by this decision, as it is told everywhere.
pub(super) fn limiting(decision: &Decision) -> Option<Reason> {
    decision.told().filter(|_| decision.headroom < Fraction::ALL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_governor_allows_by_now_is_told_in_place_of_what_it_allowed_before_but_for_a_broken_store() {
        let battery = Decision { reason: Some(Reason::OnBattery), ..Decision::default() };
        let minute = Duration::from_secs(60);
        let mut why = WhyStatus { hold: HoldStatus::of(&battery, minute), ..WhyStatus::default() };
        why.allow(&battery);
        assert_eq!(why.hold.as_ref().map(|hold| hold.since_ago), Some(minute), "it is so for as long as before");
        let asked = Decision { reason: Some(Reason::Answering), ..Decision::default() };
        why.allow(&asked);
        assert_eq!(why.hold, HoldStatus::of(&asked, Duration::ZERO));
        why.allow(&Decision { headroom: Fraction::ALL, workers: 1, ..Decision::default() });
        assert_eq!(why.hold, None);
        let broken =
            HoldStatus { reason: Err(STORE_FAILED.to_owned()), ..HoldStatus::of(&battery, minute).expect("held") };
        let mut why = WhyStatus { hold: Some(broken.clone()), ..WhyStatus::default() };
        why.allow(&asked);
        assert_eq!(why.hold, Some(broken));
    }

    #[test]
    fn what_a_device_tells_is_what_another_one_reads_and_an_unknown_reason_stays_a_word() {
        let measured = Some(Measured { value: 342, threshold: 600, unit: Unit::Percent });
        let (since_ago, next_in) = (Duration::from_secs(60), Some(Duration::from_secs(5)));
        let hold = HoldStatus { reason: Ok(Reason::OnBattery), measured, share: 0, since_ago, next_in };
        assert_eq!(HoldStatus::of_wire(&hold.to_wire(), Duration::ZERO), hold);
        let later = HoldStatus::of_wire(&hold.to_wire(), Duration::from_secs(9));
        assert_eq!(later.since_ago, Duration::from_secs(69), "it goes on while the answer is kept");
        let new = Hold { reason: "moonlight".try_into().unwrap(), next_s: 0, ..hold.to_wire() };
        let read = HoldStatus::of_wire(&new, Duration::ZERO);
        assert_eq!((read.reason, read.next_in), (Err("moonlight".to_owned()), None));
    }
}
