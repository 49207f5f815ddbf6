//! What must hold: at any moment, and once everything has come to rest.

use super::world::World;
use crate::base::id::ReplyId;
use crate::base::time::{Duration, Instant};
use crate::node::input::Request;
use crate::node::output::Response;
use crate::search::hit::Hit;
use crate::store::audit::audit;
use crate::store::change::Kind;
use crate::store::kv::Space;
use crate::store::read;
use crate::store::record::{DocState, Document, Record};
use std::collections::BTreeMap;

impl World {
    /// Lets the agent finish, and checks that it does within `limit` of virtual time.
    ///
    /// # Panics
    /// If it does not come to rest.
    pub fn settle(&mut self, limit: Duration) {
        let end = self.now + limit;
        while self.now < end {
            self.run_until(self.now + Duration::from_secs(10));
            let Some(agent) = &self.agent else { panic!("a world without an agent cannot settle") };
            let status = agent.node.status(self.now);
            let open = [Kind::Waiting, Kind::Chunked, Kind::Leaving].map(|kind| status.ledger.count(kind));
            if open == [0; 3] && !status.looking && status.running == 0 {
                return;
            }
        }
        panic!("it did not come to rest: {}", self.describe());
    }

    /// Every rule of a house at rest: the books balance, every file is in exactly one state and it is the
    /// right one, and what is ready answers.
    ///
    /// # Panics
    /// On the first rule that is broken.
    pub fn check_at_rest(&mut self) {
        let found = audit(&self.disk).unwrap_or_else(|error| panic!("{error}"));
        assert!(found.clean(), "the books do not balance: {:?}", found.faults);
        let mut known: BTreeMap<Vec<u8>, DocState> = BTreeMap::new();
        let walked = read::walk(&self.disk, Space::Document, |_, value| {
            let doc = Document::open(value)?;
            assert!(known.insert(doc.path, doc.state).is_none(), "two documents at one path");
            Ok(())
        });
        assert_eq!(walked, Ok(()));
        for (path, content) in self.files.iter() {
            let name = String::from_utf8_lossy(path);
            let empty = content.iter().all(u8::is_ascii_whitespace) || content.contains(&0);
            match known.remove(path) {
                Some(DocState::Refused(_)) => assert!(empty, "{name} was refused"),
                Some(DocState::Ready) => assert!(!empty, "{name} should have been refused"),
                state => panic!("{name} is {state:?}"),
            }
        }
        assert!(known.is_empty(), "files that are gone are still known: {known:?}");
    }

    /// Asks for a word and returns the hits.
    ///
    /// # Panics
    /// If no answer comes.
    pub fn search(&mut self, question: &str) -> Vec<Hit> {
        let reply = self.ask(Request::Search { question: question.to_owned(), count: 10 });
        self.run_until(self.now + Duration::from_secs(20));
        match self.reply(reply) {
            Response::Hits { hits, .. } => hits.into_iter().map(|(_, hit)| hit).collect(),
            other => panic!("{other:?}"),
        }
    }

    /// The reply to a request.
    ///
    /// # Panics
    /// If it has not come.
    pub fn reply(&mut self, reply: ReplyId) -> Response {
        self.replies.remove(&reply).unwrap_or_else(|| panic!("no reply came: {}", self.describe()))
    }

    /// A moment so many seconds from now.
    #[must_use]
    pub fn after(&self, seconds: u64) -> Instant {
        self.now + Duration::from_secs(seconds)
    }
}
