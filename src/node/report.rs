//! The flow of a status: the node's machines read into plain data.

use super::Node;
use super::collections::of_collections;
use super::mesh_report;
use super::names::title_of;
use super::status::{FromDriver, PeerStatus, Status, WorkStatus};
use crate::base::count::{count, plural};
use crate::base::finding::{Area, Finding, quoted, quoted_bytes};
use crate::base::fluency::Fluency;
use crate::base::id::PeerKey;
use crate::base::span::span;
use crate::base::time::{Duration, Instant};
use crate::mesh::hardware::file_of_old_key;
use crate::mesh::peers::Peer;
use crate::mesh::swim::Liveness;
use crate::scheduler::task::SpokenLanguages;
use crate::store::counts::{Kind, StoreCounts};
use crate::store::record::NamedModel;
use std::collections::BTreeMap;

impl Node {
    /// The status at this moment.
    #[must_use]
    pub fn status(&self, now: Instant) -> Status {
        Status {
            peer_id: self.config.peer_id.clone(),
            device: self.config.device.clone(),
            counts: *self.scheduler.counts(),
            sources: self.scheduler.sources().to_vec(),
            mesh: self.trust.records().mesh().map(|mesh| mesh_report::hex(&mesh.0)),
            model: NamedModel { name: self.config.model.clone(), fingerprint: self.config.fingerprint },
            foreign: self.queries.foreign.filter(|_| self.config.fluency == Fluency::English),
            peers: self.known(now),
            gossip: self.peer_gossip(now),
            driver: FromDriver::default(),
            work: WorkStatus {
                to_do: self.scheduler.to_do(),
                running: self.scheduler.under_way(),
                working: self.is_working(now),
                scanning: self.scheduler.scanning(),
                held: self.scheduler.held_reason(),
                folders: self.scheduler.sources().iter().map(|source| self.folder(now, source)).collect(),
                private_names: self.scheduler.private_names().to_vec(),
                models: self.scheduler.models().to_vec(),
                languages: self.spoken_now(),
                english: self.config.fluency == Fluency::English,
                shared: self.shared_work(now),
                own_speed: self.own_speed(),
            },
            findings: self.findings(now),
        }
    }

    /// The languages of the collections that there are: they are counted now and then, and one was renamed or forgotten meanwhile.
    fn spoken_now(&self) -> Vec<SpokenLanguages> {
        let sources = self.scheduler.sources();
        let is_there = |of: &&SpokenLanguages| sources.iter().any(|source| source.collection == of.collection);
        self.queries.spoken.iter().filter(is_there).cloned().collect()
    }

    /// How far indexing is, and whether there is more to look at, to read or to embed. Asked after every task and save, for which a
    /// whole status would be dear.
    #[must_use]
    pub fn indexing(&self) -> (&StoreCounts, bool) {
        (self.scheduler.counts(), self.scheduler.scanning() || self.scheduler.to_do() > 0)
    }

    fn findings(&self, now: Instant) -> Vec<Finding> {
        let mut findings = self.folder_findings();
        findings.extend(of_collections(self.scheduler.sources()));
        if let Some(what) = self.scheduler.held_reason() {
            let command = if self.scheduler.needs_restart() {
                "wattle up".to_owned()
            } else {
                format!("df -h {}", quoted_bytes(&self.config.home))
            };
            let command = Some(command);
            findings.push(Finding { area: Area::State, what, command });
        }
        let stalled = self.energy.stall.lasts();
        findings.extend(stalled.map(|lasts| of_stall(lasts, self.scheduler.to_do())));
        let parked = self.scheduler.parked().next().map(|(_, task)| String::from_utf8_lossy(&task.path));
        let (number, unparked) = (self.scheduler.counts().count(Kind::Parked), self.scheduler.unparked());
        findings.extend(parked.map(|first| of_parked(number, unparked, &first)));
        for peer in self.peers.iter().filter(|peer| self.member.is_quarantined(now, peer.key)) {
            findings.push(of_quarantine(&self.title(Some(peer.key))));
        }
        findings
            .extend(self.trust.records().is_removed(self.config.key).then(|| of_removal(self.removed_by().as_deref())));
        if let Some(finding) = self.in_other_hardware().or_else(|| self.not_certified()) {
            findings.push(finding);
        }
        let is_of_backup = self.mesh.records.are_of_backup && self.trust.records().mesh().is_some();
        findings.extend(is_of_backup.then(of_backup));
        findings.extend(self.findings_of_peers(now));
        findings.extend(self.mesh.trust.pairing.crowd.finding(now));
        findings.extend(self.findings_of_saves());
        findings
    }

    /// The home was in another device, and has a key that the others do not know yet. No command: which one is right only its owner knows.
    fn in_other_hardware(&self) -> Option<Finding> {
        let (before, records) = (self.config.key_before?, self.trust.records());
        if records.certificate(self.config.key).is_some() {
            return None;
        }
        let join = if records.mesh().is_some() {
            " To let it in: `wattle pair` on an admin, `wattle join CODE` here."
        } else {
            ""
        };
        // It may also stay for ever in the list of a mesh that has no use for it.
        let remove = if records.certificate(PeerKey(*before.public_key())).is_some() {
            format!(
                " Or let this device in anew, and if nothing runs with the key of before any more, type `wattle remove {before}` on \
                 another device, an admin."
            )
        } else {
            String::new()
        };
        let what = format!(
            "This home was in another device before: a card was copied or moved, or the board was exchanged. This device has a new key \
             since then and is a new one to the others; its documents stay.{join} The key of before, {before}, is kept in {}/{}, and the \
             mesh's root key, if that was here, beside it: delete both if all is right so. If this is the same device, and nothing runs \
             with the key of before, stop the \
             agent, type `wattle identity keep`, and start it again.{remove}",
            self.config.home_name().trim_end_matches('/'),
            file_of_old_key(&before),
        );
        Some(Finding { area: Area::Peers, what, command: None })
    }

    /// The device belongs to a mesh that does not know it: its key was lost and made anew, or whoever let it in is no admin any more.
    fn not_certified(&self) -> Option<Finding> {
        let (own, records) = (self.config.key, self.trust.records());
        let is_unknown = records.mesh().is_some() && records.certificate(own).is_none() && !records.is_removed(own);
        let what = "This device belongs to a mesh and has no certificate there that counts: its key is a new one, or no admin vouches for \
                    it any more. No other device answers it. Run `wattle pair` on an admin, and `wattle join CODE` here; if the mesh was \
                    made on this device, `wattle mesh recover` is enough. If it had another key before, remove that device with \
                    `wattle remove DEVICE`: `wattle mesh` lists it.";
        let command = Some("wattle mesh recover".to_owned());
        is_unknown.then(|| Finding { area: Area::Peers, what: what.to_owned(), command })
    }

    fn findings_of_saves(&self) -> impl Iterator<Item = Finding> {
        let trust = &self.mesh.trust;
        let ([devices, of_devices], [invites, of_invites]) = (DEVICES, INVITES);
        let files =
            [(devices, of_devices, trust.resave.why()), (invites, of_invites, trust.pairing.invites.resave.why())];
        files.into_iter().filter_map(|(list, what, why)| Some(of_save(list, what, why?, &self.config.home_name())))
    }

    fn known(&self, now: Instant) -> Vec<PeerStatus> {
        let states = self.member.member_list(self.config.key);
        let states: BTreeMap<_, _> = states.into_iter().map(|state| (state.key, state)).collect();
        let counts = self.name_counts();
        let known = |peer: &Peer| {
            let state = states.get(&peer.key);
            PeerStatus {
                key: peer.key,
                peer_id: peer.peer_id.clone(),
                device: peer.device.is_some().then(|| title_of(peer, &counts)),
                linked: peer.linked,
                liveness: state.map_or(Liveness::Unknown, |state| state.liveness),
                stopped_ago: self
                    .mesh
                    .stopped
                    .get(&peer.key)
                    .filter(|_| state.is_some_and(|state| state.liveness == Liveness::Down))
                    .map(|at| now.since(*at)),
                generation: state.map_or(0, |state| state.generation),
                address: peer.addresses.current(),
                other_model: self.has_other_model(now, peer.key),
                frozen: self.is_frozen(now, peer.key),
                unusable: self.queries.holdings.unusable_of(peer.key),
            }
        };
        self.peers.iter().map(known).collect()
    }
}

/// Parked tasks, one of them about this file, and so many that fail as well and for which there is no room.
pub(crate) fn of_parked(number: u64, unparked: u64, first: &str) -> Finding {
    let tasks = count(number, "task");
    let more = match unparked {
        0 => String::new(),
        _ => format!(
            " {} {} as often and {} tried again every eight minutes, as no more are parked at once: the device or the program may be at fault, and not the files.",
            count(unparked, "further task"),
            plural(unparked, "fails", "fail"),
            plural(unparked, "is", "are"),
        ),
    };
    let what = format!(
        "{tasks} {} parked, because every attempt failed, about {first} for example.{more} The rest goes on.",
        plural(number, "is", "are")
    );
    Finding { area: Area::Program, what, command: Some("wattle tasks".to_owned()) }
}

/// Work that waits and may go on does not, for so long.
pub(crate) fn of_stall(lasts: Duration, files: u64) -> Finding {
    let lasts = span(lasts.as_secs());
    let files = format!("{} {}", count(files, "file"), plural(files, "waits", "wait"));
    let what = format!(
        "Nothing was read or embedded for {lasts}, although {files} to be read or embedded, and nothing holds the work. A restart of \
         the agent may help; if it comes again, it is a defect of the program."
    );
    Finding { area: Area::Program, what, command: Some("wattle tasks".to_owned()) }
}

/// A device that said false things of others.
pub(crate) fn of_quarantine(title: &str) -> Finding {
    let what = format!(
        "{title} said of devices that they were down while they were up, three times in ten minutes. What it says of others is not \
         believed for ten minutes."
    );
    Finding { area: Area::Peers, what, command: None }
}

/// This device was removed from its mesh.
pub(crate) fn of_removal(by: Option<&str>) -> Finding {
    Finding { area: Area::Peers, what: mesh_report::of_removal(by), command: Some("wattle leave".to_owned()) }
}

/// The list of the mesh's devices is that of a backup.
pub(crate) fn of_backup() -> Finding {
    let what = "This home was restored from a backup, and so was its list of the mesh's devices: one that was removed since still stands in it as a \
                member, and one that was let in since is missing. That ends by itself once a device of the mesh is linked that knows more; start \
                one that was on since the backup was made.";
    Finding { area: Area::Peers, what: what.to_owned(), command: None }
}

/// The list of the mesh's devices, and what of it is not on the disk.
pub(crate) const DEVICES: [&str; 2] = ["devices of the mesh", "Who was paired or removed since"];
/// The same of invites.
pub(crate) const INVITES: [&str; 2] = ["invites", "Which invites other admins wrote since, and who used one,"];

/// A list that could not be saved, for this reason.
pub(crate) fn of_save(list: &str, what: &str, why: &str, home: &str) -> Finding {
    let what = format!(
        "The list of {list} could not be saved. {why} {what} is known, and is forgotten if the agent ends before that succeeds. It \
         tries again by itself, at least once a minute."
    );
    Finding { area: Area::State, what, command: Some(format!("df -h {}", quoted(home))) }
}
