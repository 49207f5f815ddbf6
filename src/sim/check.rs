//! The invariants of a world at rest, and requests whose replies a test reads.

use super::device::Device;
use super::world::World;
use crate::base::filter::Filter;
use crate::base::id::ReplyId;
use crate::base::time::{Duration, Instant};
use crate::node::input::Request;
use crate::node::output::{RankedHit, Response};
use crate::store::audit::audit;
use crate::store::counts::Kind;
use crate::store::kv::Space;
use crate::store::read;
use crate::store::record::{DocState, Document, Record};
use std::collections::BTreeMap;

impl World {
    /// Runs until no agent has work, which must be within `limit` of virtual time.
    ///
    /// # Panics
    /// If some agent still has work then.
    pub fn settle(&mut self, limit: Duration) {
        let end = self.now + limit;
        while self.now < end {
            self.run_until(self.now + Duration::from_secs(10));
            let rests = |at: usize| {
                let Some(agent) = &self.devices[at].agent else { return true };
                let status = agent.node.status(self.clock(at));
                let open = [status.work.to_do, status.counts.count(Kind::Tombstoned)];
                open == [0; 2] && !status.work.scanning && status.work.running == 0
            };
            if (0..self.devices.len()).all(rests) {
                return;
            }
        }
        panic!("the world did not come to rest: {}", self.describe());
    }

    /// Checks a world at rest: the store's audit is clean, every file is in exactly one state and in the right one, and
    /// every request has a reply unless its agent went down.
    ///
    /// # Panics
    /// On the first violation.
    pub fn check_at_rest(&self) {
        self.devices.iter().for_each(check_device);
    }

    /// Searches at a device; gives the hits and the names of the devices that did not answer.
    ///
    /// # Panics
    /// If no answer comes within 20 s.
    pub fn search(&mut self, at: usize, question: &str) -> (Vec<RankedHit>, Vec<String>) {
        let reply =
            self.request(at, Request::Search { question: question.to_owned(), count: 10, filter: Filter::default() });
        self.run_until(self.now + Duration::from_secs(20));
        match self.reply(at, reply) {
            Response::Hits { hits, silent, .. } => (hits, silent.into_iter().map(|silent| silent.device).collect()),
            other => panic!("{other:?}"),
        }
    }

    /// The reply to a request.
    ///
    /// # Panics
    /// If it has not come.
    #[must_use]
    pub fn reply(&self, at: usize, reply: ReplyId) -> Response {
        let reply = self.devices[at].replies.get(&reply);
        reply.cloned().unwrap_or_else(|| panic!("no reply came: {}", self.describe()))
    }

    /// A moment so many seconds from now.
    #[must_use]
    pub fn after(&self, seconds: u64) -> Instant {
        self.now + Duration::from_secs(seconds)
    }
}

fn check_device(device: &Device) {
    let unanswered = device.agent.is_some() && !device.requests.open.is_empty();
    assert!(!unanswered, "these requests were never answered: {:?}", device.requests.open);
    let found = audit(&device.disk).unwrap_or_else(|error| panic!("{error}"));
    assert!(found.clean(), "the audit found faults: {:?}", found.faults);
    let mut known: BTreeMap<Vec<u8>, DocState> = BTreeMap::new();
    let is_hidden = |row| device.agent.as_ref().is_some_and(|agent| agent.index.words.is_hidden(row));
    let walked = read::walk(&device.disk, Space::Document, |_, value| {
        let doc = Document::decode_stored(value)?;
        let mute = doc.chunks.iter().filter(|place| is_hidden(place.row)).count();
        assert_eq!(mute, 0, "passages of {} are found by no word", String::from_utf8_lossy(&doc.path));
        assert!(known.insert(doc.path, doc.state).is_none(), "two documents at one path");
        Ok(())
    });
    assert_eq!(walked, Ok(()));
    for (path, content) in device.files.iter() {
        let name = String::from_utf8_lossy(path);
        let empty = content.iter().all(u8::is_ascii_whitespace) || content.contains(&0);
        match known.remove(path) {
            Some(DocState::Refused(_)) => assert!(empty, "{name} was refused"),
            Some(DocState::Ready) => assert!(!empty, "{name} should have been refused"),
            state => panic!("{name} is {state:?}"),
        }
    }
    let acknowledged = device.replies.values().any(|reply| *reply == Response::Added);
    let watched = read::sources(&device.disk).unwrap_or_default();
    assert!(!acknowledged || !watched.places.is_empty(), "a folder was acknowledged and is not on the disk");
    assert!(known.is_empty(), "documents of files that are gone: {known:?}");
}
