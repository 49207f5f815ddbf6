//! To whom a question goes: to this device and to every linked one that may answer, of those that it is asked of.

use super::output::Output;
use super::{Node, Out};
use crate::base::filter::Filter;
use crate::base::fold::fold;
use crate::base::id::{PeerKey, TaskId};
use crate::base::time::Instant;
use crate::base::vector::Embedding;
use crate::limits::{HITS_MAX, LINKS_MAX};
use crate::mesh::peers::Peer;
use crate::mesh::trust::Rights;
use crate::scheduler::task::{Query, Task};
use crate::wire::message;
use crate::wire::message::Message;
use heapless::Vec as Bounded;

/// The fewest hits that every device is asked for: the merge needs some to choose from.
const LIST_MIN: usize = 20;

/// Characters of a PeerId's end that tell a device, and of its beginning, of which all have the first eight.
const ID_END: usize = 6;
const ID_BEGINNING: usize = 14;

/// Devices that are named to somebody who asked for one that is not known.
const NAMED_MAX: usize = 8;

impl Node {
    /// The query is embedded: searches here, and sends it to every linked peer.
    pub(super) fn send_query(&mut self, now: Instant, embedded: TaskId, embedding: &Embedding, out: &mut Out) {
        let task = self.scheduler.issue();
        let answers = |peer: PeerKey| self.trust.may(peer, Rights::ANSWER);
        let filter = self.queries.local.filter_of(embedded).cloned().unwrap_or_default();
        let answers = |peer: PeerKey| answers(peer) && self.is_meant(&filter, Some(peer));
        let linked = self.peers.all_linked().filter(|peer| answers(*peer) && !self.is_frozen(now, *peer));
        let linked: Bounded<PeerKey, LINKS_MAX> = linked.take(LINKS_MAX).collect();
        let is_away = |peer: &&Peer| !peer.linked || self.is_frozen(now, peer.key);
        let unlinked = self.peers.iter().filter(is_away).filter(|peer| answers(peer.key));
        // In a large mesh most members are no neighbours: they are not asked, and not named as silent.
        let (far, away): (Vec<&Peer>, Vec<&Peer>) =
            unlinked.partition(|peer| !peer.is_wanted() && self.member.is_up(peer.key));
        let away: Vec<PeerKey> = away.iter().map(|peer| peer.key).collect();
        // Its deadline passed while it was embedded.
        let Some((query, id)) = self.queries.local.begin_search(now, embedded, embedding, task, &linked) else {
            return;
        };
        let (question, count) = (query.question.text.clone(), query.count.clamp(LIST_MIN, HITS_MAX));
        self.queries.local.unreachable(id, &away, far.len());
        let quantized = embedding.quantize();
        for peer in &linked {
            let to_peer = message::Query {
                id,
                question: question.clone(),
                model: embedding.model().0,
                scale: quantized.scale(),
                codes: quantized.bytes().collect(),
                count: u16::try_from(count).unwrap_or(u16::MAX),
            };
            if !filter.takes_all_files() {
                out.push(Output::Send(*peer, Message::Filters(message::Filters::of(id, &filter))));
            }
            out.push(Output::Send(*peer, Message::Query(to_peer)));
        }
        if !self.is_meant(&filter, None) {
            self.queries.local.skip_here(task);
            return self.go_on_with_queries(now, out);
        }
        let here = Query {
            text: question,
            embedding: embedding.clone(),
            fluency: self.config.fluency,
            count,
            shared: false,
            filter,
            behind: self.scheduler.behind(true),
        };
        out.push(Output::Start(task, Task::Retrieve(here)));
    }

    /// Whether a question with this filter is asked of a peer, or of this device (`None`).
    pub(super) fn is_meant(&self, filter: &Filter, key: Option<PeerKey>) -> bool {
        let is_one = |asked: &String| {
            let (asked, id) = (asked.trim(), self.peer_id_of(key));
            let name = key.map_or(self.config.device.as_str(), |key| self.peers.get(key).map_or("", Peer::name));
            let by_id =
                asked.len() >= ID_END && id.ends_with(asked) || asked.len() >= ID_BEGINNING && id.starts_with(asked);
            by_id || [name, &self.title(key)].iter().any(|name| !name.is_empty() && fold(name) == fold(asked))
        };
        filter.devices.is_empty() || filter.devices.iter().any(is_one)
    }

    /// Whether each device that a question is asked of is known.
    ///
    /// # Errors
    /// A sentence with the names of those that are.
    pub(super) fn check_devices(&self, filter: &Filter) -> Result<(), String> {
        let keys: Vec<Option<PeerKey>> =
            core::iter::once(None).chain(self.peers.iter().map(|peer| Some(peer.key))).collect();
        for asked in &filter.devices {
            let one = Filter { devices: vec![asked.clone()], ..Filter::default() };
            if !keys.iter().any(|key| self.is_meant(&one, *key)) {
                let names: Vec<String> = keys.iter().take(NAMED_MAX).map(|key| self.title(*key)).collect();
                let more = if keys.len() > NAMED_MAX { " and more" } else { "" };
                return Err(format!("No device is called {asked:?}. Known here: {}{more}.", names.join(", ")));
            }
        }
        Ok(())
    }
}
