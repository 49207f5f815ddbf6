//! The flow of what is doubtful about peers: two devices with one key, refused messages, counts of starts that are behind,
//! and false words. Each is told to people (a notice, and a finding in the status); nobody is expelled for it.
//!
//! Two live holders of one key are frozen by each agent that sees both: what they say of themselves, ask and answer is not taken, and they
//! are not asked. Their links stay, with membership, certificates and removals, so that one of them can be removed or named, and so does
//! what they hand on of others. A key with two holders that are only told of is not frozen: else a member could silence another.
//!
//! A device whose count of starts is lower than what peers have seen of it is mute: its home was restored from a copy, or
//! the count is lost. A peer sends it what it signed in its latest start, and its own signature it believes: it counts above
//! that, on the disk first, and greets its links again. The word of others raises the count by little (`mesh::swim`).

use super::output::{Notice, Output};
use super::{Node, Out};
use crate::base::finding::{Area, Finding};
use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant};
use crate::limits::DUPLICATE_RETRY_MS;
use crate::mesh::conduct::Offence;
use crate::mesh::duplicates::Duplicated;
use crate::wire::certificate::exchange::Exchange;
use crate::wire::envelope::BadMessage;
use crate::wire::message::{Duplicate, Message};
use core::net::SocketAddr;

/// Where a file lies on another device. No command is given for it: typed here, it would change this device.
const HOME_THERE: &str = "in the home of that agent (its `--home`, by default ~/.local/share/wattle)";

impl Node {
    /// The agent at the other end of a link that just came up has this mark of its start.
    pub(super) fn on_started(&mut self, now: Instant, peer: PeerKey, address: SocketAddr, mark: u64, out: &mut Out) {
        if let Some(at) = self.mesh.records.duplicates.started(peer, mark, address) {
            self.on_duplicate(now, peer, at, None, out);
        }
    }

    /// This agent's own PeerId is announced at an address that is not its own: a dial finds out whether another device has its
    /// key, at each address once in `DUPLICATE_RETRY_MS`.
    pub(super) fn dial_other_holder(&mut self, now: Instant, address: SocketAddr, out: &mut Out) {
        let dialled = &mut self.mesh.records.own_key_dialled;
        dialled.retain(|(_, at)| now.since(*at) < Duration::from_millis(DUPLICATE_RETRY_MS));
        let new = dialled.iter().all(|(ip, _)| *ip != address.ip()) && dialled.push((address.ip(), now)).is_ok();
        if new {
            out.push(Output::Dial(self.config.key, address));
        }
    }

    /// Looks again for another device that has this agent's own key, if one had it lately.
    pub(super) fn look_for_own_key(&mut self, now: Instant, out: &mut Out) {
        let own = self.config.key;
        let seen = self.mesh.records.duplicates.list(now).find(|seen| seen.key == own && seen.witness.is_none());
        if let Some(address) = seen.map(|seen| seen.at.1) {
            self.dial_other_holder(now, address, out);
        }
    }

    /// Another device has this agent's own key.
    pub(super) fn on_own_key(&mut self, now: Instant, at: (SocketAddr, SocketAddr), out: &mut Out) {
        self.on_duplicate(now, self.config.key, at, None, out);
    }

    /// A second device with the key of a linked peer was refused: it is told so, and so is everybody else.
    pub(super) fn on_second_device(
        &mut self,
        now: Instant,
        peer: PeerKey,
        at: (SocketAddr, SocketAddr),
        out: &mut Out,
    ) {
        out.push(Output::TellDuplicate(peer, duplicate(peer, at)));
        self.on_duplicate(now, peer, at, None, out);
    }

    /// A peer says that two devices have one key.
    pub(super) fn on_duplicate_told(&mut self, now: Instant, from: PeerKey, told: &Duplicate, out: &mut Out) {
        if told.key == self.config.key {
            // If this device is the one that is refused there, it tries again after a while, not at once.
            self.peers.contested(now, from);
        } else if self.peers.get(told.key).is_none() {
            return;
        }
        self.on_duplicate(now, told.key, (told.linked, told.other), Some(from), out);
    }

    fn on_duplicate(
        &mut self,
        now: Instant,
        key: PeerKey,
        at: (SocketAddr, SocketAddr),
        witness: Option<PeerKey>,
        out: &mut Out,
    ) {
        self.member.contest(now, key);
        if witness.is_none() && !self.is_frozen(now, key) {
            self.stop_waiting_for(now, key, out);
            // Neither what one of them offers nor what it is lent is worth anything, as no answer of theirs is taken.
            self.scheduler.worker_frozen(now, key);
        }
        if self.mesh.records.duplicates.note(now, key, at, witness) {
            let own = key == self.config.key;
            let device = self.title((!own).then_some(key));
            let text = self.sentence(key, at, witness);
            out.push(Output::Notice(Notice::Duplicate(device, text)));
        }
        if witness.is_none() && self.mesh.records.duplicates.may_tell(now, key) {
            for peer in self.peers.all_linked() {
                out.push(Output::Send(peer, duplicate(key, at)));
            }
        }
    }

    /// Whether this agent saw two live devices with a key: neither of them takes part until one has ended.
    pub(super) fn is_frozen(&self, now: Instant, key: PeerKey) -> bool {
        self.mesh.records.duplicates.is_frozen(now, key)
    }

    /// Whether two devices use this device's own key, as it saw or is told: others answer neither of them then.
    pub(super) fn is_own_key_twice(&self, now: Instant) -> bool {
        self.mesh.records.duplicates.contains(now, self.config.key)
    }

    /// A message of a frozen peer: true if it is not taken. A question gets the answer that there is none, so that nobody waits.
    pub(super) fn hold_back(&self, peer: PeerKey, message: &Message, out: &mut Out) -> bool {
        match message {
            Message::Query(query) => out.push(self.answer_to(peer, query.id, None)),
            Message::Answer(_)
            | Message::Vectors(_)
            | Message::Coverage(_)
            | Message::Unread(_)
            | Message::Unembedded(_)
            | Message::Unusable(_)
            | Message::Filters(_)
            | Message::Filtered(_)
            | Message::Holdings(_)
            | Message::CutShort(_)
            | Message::Coming(_) => {}
            // Which of the two has the lease is not known: it ended here.
            Message::Work(_) | Message::Why(_) => {}
            // What only the right one of them may decide: an invite, and leaving for good.
            Message::Trust(Exchange::Invite(_) | Exchange::Leave) => {}
            _ => return false,
        }
        true
    }

    /// A link is up: the peer is told of the keys that this agent saw two devices with.
    pub(super) fn tell_duplicates(&self, now: Instant, peer: PeerKey, out: &mut Out) {
        for seen in self.mesh.records.duplicates.list(now).filter(|seen| seen.witness.is_none()) {
            out.push(Output::Send(peer, duplicate(seen.key, seen.at)));
        }
    }

    /// A message of a peer was refused.
    pub(super) fn on_refused(&mut self, now: Instant, peer: PeerKey, why: &BadMessage, out: &mut Out) {
        let follows = self.mesh.records.refusals.refused(now, peer, why);
        if follows.prove {
            out.push(Output::ProveStart(peer));
        }
        if follows.log {
            let count = self.mesh.records.refusals.count(now, peer);
            out.push(Output::Notice(Notice::NotAccepted(self.title(Some(peer)), count, why.clone())));
        }
    }

    /// A peer sent a proof of this agent's latest start that it knows; `None`: it proves nothing.
    pub(super) fn on_latest_start(&mut self, now: Instant, peer: PeerKey, proven: Option<u32>, out: &mut Out) {
        let Some(proven) = proven else { return self.on_offence(now, peer, Offence::FalseProof, out) };
        let Some(above) = proven.checked_add(1) else { return };
        if above > self.mesh.boot.signing && self.mesh.boot.raising.is_none_or(|raising| raising < above) {
            let generation = self.member.generation();
            let number = self.member.raise(now, above);
            self.mesh.boot.raising = Some(number);
            out.push(Output::Notice(Notice::CountRaised(number)));
            // Else it is saved first, as every new generation.
            if number == generation && self.mesh.boot.unsaved.is_none() {
                self.go_on(now, number, out);
            }
        }
    }

    /// The number of a later start is on the disk: everything is signed with it from now on, and the links are greeted again.
    pub(super) fn go_on(&mut self, now: Instant, saved: u32, out: &mut Out) {
        let Some(number) = self.mesh.boot.raising.take_if(|number| *number <= saved) else { return };
        self.mesh.boot.signing = number;
        out.push(Output::RaiseBoot(number));
        for peer in self.peers.all_linked().collect::<Vec<_>>() {
            out.push(self.hello(peer, true));
            self.send_member_list(peer, true, out);
        }
        self.gossip.headroom.forget();
        if let Some(collections) = self.gossip.collections.clone() {
            out.push(Output::Sign(collections));
        }
        self.mesh.exchange_at = now;
    }

    /// A peer sent something false.
    pub(super) fn on_offence(&mut self, now: Instant, peer: PeerKey, offence: Offence, out: &mut Out) {
        if self.mesh.records.conduct.note(now, peer, offence) {
            out.push(Output::Notice(Notice::Offence(self.title(Some(peer)), says(offence))));
        }
    }

    /// Forgets what is doubtful about a peer.
    pub(super) fn forget_conduct(&mut self, peer: PeerKey) {
        self.mesh.stopped.remove(&peer);
        self.mesh.news.forget(peer);
        self.mesh.records.duplicates.forget(peer);
        self.mesh.trust.pairing.invites.held.retain(|held| *held != peer);
        self.mesh.records.refusals.forget(peer);
        self.mesh.records.conduct.forget(peer);
        self.mesh.records.disputes.forget(peer);
    }

    /// What is doubtful about peers, for people.
    pub(super) fn findings_of_peers(&self, now: Instant) -> Vec<Finding> {
        let records = &self.mesh.records;
        let duplicate = |seen: &Duplicated| Finding {
            area: Area::Peers,
            what: self.sentence(seen.key, seen.at, seen.witness),
            // What deletes a key is no command to copy: this device may be the original, and would lose its place in the mesh by it.
            command: None,
        };
        let mut findings: Vec<Finding> = records.duplicates.list(now).map(duplicate).collect();
        for (peer, refused) in records.refusals.list(now) {
            let what = of_refusals(&self.title(Some(peer)), &refused.why, refused.count);
            findings.push(Finding { area: Area::Messages, what, command: None });
        }
        for (peer, offence, count) in records.conduct.list(now) {
            let what = of_offences(&self.title(Some(peer)), offence, count);
            findings.push(Finding { area: Area::Peers, what, command: None });
        }
        findings.extend(self.findings_of_models(now));
        findings.extend(self.findings_of_work(now));
        findings
    }

    /// What is so of a key with two holders, and what to do.
    fn sentence(&self, key: PeerKey, (linked, other): (SocketAddr, SocketAddr), witness: Option<PeerKey>) -> String {
        let of = if key == self.config.key {
            "this device".to_owned()
        } else {
            format!("{} ({})", self.title(Some(key)), self.peer_id_of(Some(key)))
        };
        let frozen = "Both are frozen: devices that see both take no question, answer or news of either until they have not seen two \
                      for five minutes.";
        let copied = "The card or the home of one was copied. Give the copy a key of its own: stop its agent, delete the files \
                      identity.key and identity.copy there";
        let advice = if key == self.config.key {
            format!("{copied}, start it again. If this device is the copy, they are in {}.", self.config.home_name())
        } else {
            format!("{copied}, {HOME_THERE}, start it again.")
        };
        if key == self.config.key && witness.is_none() {
            return format!(
                "Another device with the key of this device is at {other}: two devices use the same key. {frozen} {advice}"
            );
        }
        let by = witness.map(|witness| format!("{} says: ", self.title(Some(witness)))).unwrap_or_default();
        format!(
            "{by}Two devices use the same key, that of {of}: one at {linked}, which is linked, and one at {other}, which is not let in \
             beside it. {frozen} {advice}"
        )
    }
}

fn duplicate(key: PeerKey, (linked, other): (SocketAddr, SocketAddr)) -> Message {
    Message::Duplicate(Duplicate { key, linked, other })
}

/// That messages of a device were refused, and why the last one was.
pub(crate) fn of_refusals(name: &str, why: &BadMessage, count: u64) -> String {
    let (messages, were) =
        if count == 1 { ("A message".to_owned(), "was") } else { (format!("{count} messages"), "were") };
    match why {
        BadMessage::EarlierStart { boot, latest } => format!(
            "{messages} of {name} {were} refused: they are of its start {boot}, and its start {latest} is known here. \
             Its home was restored from a copy, or its count of starts is lost. It was told so, and goes on within \
             seconds; if it does not, its program is older than this one. Update it; or stop its agent, and on that \
             device type `echo {latest} > boot` {HOME_THERE}."
        ),
        BadMessage::Replay => format!(
            "{messages} of {name} {were} refused: another start of the same count used those numbers before. Its home was \
             restored from a copy, or two devices have its key. It was told so, and goes on within seconds; if it does not, \
             its program is older than this one. Update it, or start its agent once more."
        ),
        why if count == 1 => format!("{messages} of {name} was refused. {why}"),
        why => format!("{messages} of {name} {were} refused. The last one: {why}"),
    }
}

/// That a device sent something false, and how often that was found.
pub(crate) fn of_offences(name: &str, offence: Offence, count: u64) -> String {
    let times = if count == 1 { String::new() } else { format!(" That was found {count} times.") };
    format!("{name} {}.{times}", says(offence))
}

/// An offence as the rest of a sentence after the device's name.
const fn says(offence: Offence) -> &'static str {
    match offence {
        Offence::ForgedGossip => "forwarded a gossip item with a false signature; it was dropped",
        Offence::ForgedRecord => "sent a certificate or a removal with a false signature; it was dropped",
        Offence::FalseScore => "answered with scores that its texts do not have; they were corrected or left out",
        Offence::FalseVector => {
            "answered with vectors that are not those of its texts; the texts were scored by their own, and its vectors are \
             not believed until an hour has passed without one"
        }
        Offence::FalseResult => {
            "sent a vector that is not that of the text which was lent to it; what it made is made again, and it gets no work for an hour"
        }
        Offence::FalseProof => "sent a false proof of an earlier start of this device; it was ignored",
        Offence::FalseCount => {
            "says that this device started far more often than it counts, and nothing proves it; it is not believed"
        }
    }
}

#[cfg(test)]
mod tests;
