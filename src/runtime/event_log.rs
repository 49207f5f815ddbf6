//! The event log: what happened to other devices, as a line in the program's log and as an entry of a short list that
//! `wattle peers --watch` follows. What a look at files finds is logged, and what of it their owner has to know is a finding.

use super::replaced;
use crate::base::count::plural;
use crate::base::span::span;
use crate::base::time::Instant;
use crate::limits::{EVENT_BYTES_MAX, EVENTS_ANSWER_MAX, EVENTS_MAX};
use crate::node::output::Notice;
use crate::platform::clock;
use crate::platform::findings::Findings;
use crate::wire::pairing::Refusal;
use crate::wire::peer_id::PeerId;
use core::net::IpAddr;
use log::Level;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What happened to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It was linked, or joined the mesh.
    Joined,
    /// Its link ended, or it is down.
    Lost,
    /// It was not let in, or something that it sent was not accepted.
    Refused,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedEvent {
    /// Its number, from 1; later ones are higher.
    pub number: u64,
    /// When.
    pub at: Instant,
    /// What happened.
    pub kind: Kind,
    /// The device, by its name or its PeerId.
    pub device: String,
    /// A sentence for people.
    pub text: String,
}

/// The list. Clones are the same list.
#[derive(Clone, Debug, Default)]
pub struct EventLog {
    list: Arc<Mutex<List>>,
    findings: Findings,
}

#[derive(Debug, Default)]
struct List {
    events: VecDeque<LoggedEvent>,
    newest: u64,
}

impl EventLog {
    /// An empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty list, and the board for findings.
    #[must_use]
    pub fn on(findings: Findings) -> Self {
        Self { list: Arc::default(), findings }
    }

    /// Logs a notice of the node, and adds it to the list if it is about another device.
    pub fn notice(&self, notice: &Notice) {
        if let Notice::Replaced(found) = notice {
            let (key, finding) = replaced::finding(found);
            // That is a line in the log as well.
            return self.findings.set(&key, finding);
        }
        let (level, what) = sentence(notice);
        log::log!(level, "{what}");
        let (kind, device) = match notice {
            Notice::Linked(device) => (Kind::Joined, device),
            Notice::Unlinked(device, _) => (Kind::Lost, device),
            Notice::BadGossip(device, _)
            | Notice::Duplicate(device, _)
            | Notice::NotAccepted(device, ..)
            | Notice::Offence(device, _) => (Kind::Refused, device),
            Notice::Left(device) => (Kind::Lost, device),
            Notice::Up(devices) | Notice::Back(devices) => {
                return devices.iter().for_each(|device| self.note(Kind::Joined, device, what.clone()));
            }
            Notice::Down(devices) | Notice::WasStopped(devices) => {
                return devices.iter().for_each(|device| self.note(Kind::Lost, device, what.clone()));
            }
            Notice::Quarantined(device) => (Kind::Refused, device),
            Notice::Expelled(device, _) | Notice::Uncertified(device) => (Kind::Lost, device),
            Notice::NotAdmitted(device, _) | Notice::CertificateRefused(device, _) | Notice::RefusedBy(device, _) => {
                (Kind::Refused, device)
            }
            // What a device says of this one happened to nobody else.
            Notice::Disputed(_)
            | Notice::Admitted(_)
            | Notice::Suspended(_)
            | Notice::RemovedHere(..)
            | Notice::Paired(..)
            | Notice::NotPaired(..)
            | Notice::CountRaised(_)
            | Notice::Asks(_)
            | Notice::Broken(_)
            | Notice::Held(_)
            | Notice::LeftOut(_)
            | Notice::Refused(..)
            | Notice::Replaced(_)
            | Notice::Resumed
            | Notice::WorkWaits(_)
            | Notice::WorkGoesOn => return,
        };
        self.note(kind, device, what);
    }

    /// Adds an unknown device that wanted to link; the link has logged it already.
    pub fn unknown_peer(&self, peer: &PeerId, from: IpAddr) {
        let what = format!("An unknown device wanted to link and was refused: {peer} at {from}.");
        self.note(Kind::Refused, &peer.to_string(), what);
    }

    /// Adds an entry, unless the last entry of the same device has the same text. Nothing is logged.
    pub fn note(&self, kind: Kind, device: &str, mut text: String) {
        text.truncate(text.floor_char_boundary(EVENT_BYTES_MAX));
        let mut list = self.list();
        if list.events.iter().rev().find(|event| event.device == device).is_some_and(|event| event.text == text) {
            return;
        }
        if list.events.len() >= EVENTS_MAX {
            list.events.pop_front();
        }
        list.newest += 1;
        let (number, at) = (list.newest, clock::now());
        list.events.push_back(LoggedEvent { number, at, kind, device: device.to_owned(), text });
    }

    /// The events after this number, oldest first, at most `EVENTS_ANSWER_MAX`; and the number of the newest of all.
    #[must_use]
    pub fn after(&self, number: u64) -> (Vec<LoggedEvent>, u64) {
        let list = self.list();
        let later = list.events.iter().filter(|event| event.number > number);
        (later.take(EVENTS_ANSWER_MAX).cloned().collect(), list.newest)
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is so with a device whose rights changed. One that has just been let in has no name here yet.
fn admitted(device: &str) -> String {
    if device.starts_with("12D3") {
        return format!(
            "A device whose name is not known here yet, {device}, belongs to this device's mesh from now on, or has other rights in it than before."
        );
    }
    format!("What {device} may do here has changed.")
}

fn sentence(notice: &Notice) -> (Level, String) {
    match notice {
        Notice::Broken(why) => (Level::Error, why.clone()),
        Notice::Asks(why) | Notice::Held(why) => (Level::Warn, why.clone()),
        Notice::Up(devices) => (Level::Info, format!("Up: {}.", devices.join(", "))),
        Notice::Down(devices) => {
            (Level::Warn, format!("Down, by all members that could be asked: {}.", devices.join(", ")))
        }
        Notice::WasStopped(devices) => {
            (Level::Info, format!("Stopped, as they say themselves: {}.", devices.join(", ")))
        }
        Notice::Back(devices) => (Level::Info, format!("Back: {}.", devices.join(", "))),
        Notice::Quarantined(device) => {
            let what = format!(
                "{device} repeatedly reported others as down which are not; its reports are ignored for ten minutes."
            );
            (Level::Warn, what)
        }
        Notice::Suspended(time) => (
            Level::Info,
            format!("This device was suspended for {}; the mesh is asked what changed.", span(time.as_secs())),
        ),
        Notice::Linked(device) => (Level::Info, format!("{device} is linked.")),
        Notice::Unlinked(device, why) => (Level::Info, format!("The link to {device} is gone: {why}.")),
        Notice::Admitted(device) => (Level::Info, admitted(device)),
        Notice::Expelled(device, by) => {
            let by = removed_by(by);
            (Level::Info, format!("{device} was removed{by}: its link is ended, and what it advertised is forgotten."))
        }
        Notice::Uncertified(device) => (Level::Info, uncertified(device)),
        Notice::NotAdmitted(device, why) => (Level::Warn, format!("{device} was not let in. {why}")),
        Notice::Paired(device, Some(words)) => {
            let compare = format!("Both screens show the same three words: {words}.");
            (Level::Info, format!("{device} was let into the mesh by a code. {compare}"))
        }
        Notice::Paired(device, None) => (Level::Info, format!("{device} was let into the mesh by its invite.")),
        Notice::NotPaired(peer, why, left) => {
            let tries = left.map_or_else(String::new, |left| {
                format!(" The code is good for {left} more {}.", plural(u64::from(left), "try", "tries"))
            });
            (Level::Warn, format!("The device {peer} was not let into the mesh: {}.{tries}", cause(*why)))
        }
        Notice::CertificateRefused(device, why) => {
            (Level::Warn, format!("A certificate or a removal that {device} sent was not taken. {why}"))
        }
        Notice::RefusedBy(device, why) => (Level::Warn, format!("{device} does not take this device in. {why}")),
        Notice::RemovedHere(by, others) => (Level::Warn, removed_here(by, others)),
        Notice::Left(device) => (Level::Info, format!("{device} left the mesh for good. It is not dialled any more.")),
        Notice::BadGossip(device, what) | Notice::Offence(device, what) => (Level::Warn, format!("{device} {what}.")),
        Notice::Disputed(device) => (Level::Warn, disputed(device)),
        Notice::Duplicate(_, what) => (Level::Warn, what.clone()),
        Notice::NotAccepted(device, 1, why) => (Level::Warn, format!("A message of {device} was refused. {why}")),
        Notice::NotAccepted(device, count, why) => {
            (Level::Warn, format!("{count} messages of {device} were refused lately. The last one: {why}"))
        }
        Notice::CountRaised(number) => (
            Level::Warn,
            format!(
                "This device's count of starts was behind what other devices have seen of it: its home was restored from \
                 a copy, or the count was lost. It goes on as start {number}."
            ),
        ),
        Notice::LeftOut(what) => (Level::Info, what.clone()),
        Notice::Replaced(found) => (Level::Warn, replaced::finding(found).1.what),
        // The writer says it with the file's path.
        Notice::Refused(_, why) => (Level::Debug, format!("A document is not used. {why}")),
        Notice::Resumed => (Level::Info, "Indexing goes on.".to_owned()),
        Notice::WorkWaits(why) => (Level::Info, why.clone()),
        Notice::WorkGoesOn => (Level::Info, "Embedding goes on.".to_owned()),
    }
}

/// A device finds a result of this one false.
fn disputed(device: &str) -> String {
    format!(
        "{device} says that a vector which this device made for it is false, and gives it no work for now; `wattle doctor` says what helps."
    )
}

/// A device has no rights here, though nobody removed it.
fn uncertified(device: &str) -> String {
    format!(
        "{device} has no certificate of this device's mesh yet, so their link is ended. Nobody removed it: it is linked again once that has \
         come, or once it has joined by a code."
    )
}

/// Who removed a device, as a part of a sentence; nothing if no record says it.
fn removed_by(by: &Option<String>) -> String {
    by.as_deref().map_or_else(String::new, |by| format!(" by {by}"))
}

fn removed_here(by: &Option<String>, others: &[String]) -> String {
    format!(
        "This device was removed from its mesh{}{}. Its own documents stay, and answer questions that are asked here and no others; no other \
         device answers it. `wattle leave` gives it a new identity: start the agent again, and it can join by a new code.",
        removed_by(by),
        ended(others)
    )
}

/// That the links to these devices are ended, as a part of a sentence; nothing if there are none.
fn ended(others: &[String]) -> String {
    match others {
        [] => String::new(),
        [one] => format!("; its link to {one} is ended"),
        [first @ .., last] => format!("; its links to {} and {last} are ended", first.join(", ")),
    }
}

/// Why a device was not let in, as a phrase.
const fn cause(why: Refusal) -> &'static str {
    match why {
        Refusal::NoWindow => "nobody is let in now",
        Refusal::Expired => "the time of the code or the invite is over",
        Refusal::Replaced => "its invite was replaced by a newer one",
        Refusal::Used => "the code or the invite was used by another device",
        Refusal::TooManyTries => "there were too many tries",
        Refusal::WrongSecret => "it has another code or secret",
        Refusal::Busy => "another device was being let in",
        Refusal::Removed => "it was removed from this mesh, for ever",
        Refusal::Full => "the mesh has no room",
        Refusal::Version => "it speaks a later version",
        Refusal::UnknownInvite => "its invite is not known here",
        Refusal::Malformed => "it sent something that is not pairing",
        Refusal::Interrupted => "it went away, or took too long",
        Refusal::DiskFull => "it has the right code or invite, and the disk here is full",
        Refusal::NotSaved => "it has the right code or invite, and nothing can be saved here",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_numbered_bounded_and_read_from_any_number_on() {
        let events = EventLog::new();
        assert_eq!(events.after(0), (Vec::new(), 0));
        for n in 0..EVENTS_MAX + 50 {
            events.notice(&Notice::Linked(format!("device {n}")));
        }
        let (first, newest) = events.after(0);
        assert_eq!((first.len(), newest), (EVENTS_ANSWER_MAX, (EVENTS_MAX + 50) as u64));
        assert_eq!(first[0].number, 51, "the oldest were dropped");
        let (last, _) = events.after(newest - 1);
        assert_eq!((last.len(), last[0].text.as_str()), (1, "device 305 is linked."));
        assert!(events.after(newest).0.is_empty() && events.after(u64::MAX).0.is_empty());
    }

    #[test]
    fn a_repeated_event_is_one_entry_and_notices_about_indexing_are_none() {
        let events = EventLog::new();
        for _ in 0..3 {
            events.note(Kind::Refused, "12D3", "It is not known.".to_owned());
            events.notice(&Notice::Resumed);
        }
        events.notice(&Notice::Linked("attic".to_owned()));
        events.note(Kind::Refused, "12D3", "It is not known.".to_owned());
        events.notice(&Notice::Unlinked("attic".to_owned(), "it is gone".to_owned()));
        events.notice(&Notice::Linked("attic".to_owned()));
        let kinds: Vec<Kind> = events.after(0).0.iter().map(|event| event.kind).collect();
        assert_eq!(kinds, [Kind::Refused, Kind::Joined, Kind::Lost, Kind::Joined]);
    }

    #[test]
    fn that_a_device_finds_a_result_of_this_one_false_is_a_warning_and_no_refusal_of_that_device() {
        let events = EventLog::new();
        let says = Notice::Disputed("attic".to_owned());
        events.notice(&says);
        assert_eq!(events.after(0), (Vec::new(), 0));
        let (level, what) = sentence(&says);
        assert!(level == Level::Warn && what.starts_with("attic says that") && what.contains("doctor"), "{what}");
    }

    #[test]
    fn a_removal_is_told_with_who_did_it_as_far_as_that_is_known() {
        let told = |notice: &Notice| sentence(notice).1;
        let attic = || Some("attic".to_owned());
        assert!(told(&Notice::Expelled("barn".to_owned(), attic())).starts_with("barn was removed by attic: its link"));
        assert!(told(&Notice::Expelled("barn".to_owned(), None)).starts_with("barn was removed: its link"));
        let uncertified = told(&Notice::Uncertified("barn".to_owned()));
        assert!(uncertified.contains("Nobody removed it") && !uncertified.contains("was removed"), "{uncertified}");
        let here = Notice::RemovedHere(attic(), vec!["cellar".to_owned()]);
        assert!(
            told(&here).starts_with("This device was removed from its mesh by attic; its link to cellar is ended.")
        );
    }

    #[test]
    fn a_device_that_is_up_has_not_joined_anew_and_who_was_let_in_by_an_invite_compared_no_words() {
        let told = |notice: &Notice| sentence(notice).1;
        let barn = || "barn".to_owned();
        assert!(!told(&Notice::Up(vec![barn()])).contains("oined"));
        assert!(
            told(&Notice::Paired(barn(), Some("a b c".to_owned())))
                .ends_with("by a code. Both screens show the same three words: a b c.")
        );
        assert_eq!(told(&Notice::Paired(barn(), None)), "barn was let into the mesh by its invite.");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let events = EventLog::new();
        events.note(Kind::Lost, "x", "ä".repeat(EVENT_BYTES_MAX));
        assert_eq!(events.after(0).0[0].text.len(), EVENT_BYTES_MAX);
        events.note(Kind::Lost, "y", format!("a{}", "ä".repeat(EVENT_BYTES_MAX)));
        assert_eq!(events.after(1).0[0].text.len(), EVENT_BYTES_MAX - 1);
    }
}
