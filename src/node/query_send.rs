//! To whom a question goes: to this device and to every linked one that may answer and has something else (`holdings`), of those that it is
//! asked of.

use super::output::Output;
use super::{Node, Out};
use crate::base::filter::Filter;
use crate::base::id::{PeerKey, TaskId};
use crate::base::time::Instant;
use crate::base::vector::Embedding;
use crate::limits::{HITS_MAX, LINKS_MAX, LIST_MIN};
use crate::mesh::peers::Peer;
use crate::mesh::trust::Rights;
use crate::query::question::NotAsked;
use crate::scheduler::task::{Query, Task};
use crate::wire::message;
use crate::wire::message::Message;

impl Node {
    /// A question is embedded here now: whom it will be sent to is told that it comes, and begins no work that would stand in its way.
    pub(super) fn tell_of_query(&self, now: Instant, filter: &Filter, out: &mut Out) {
        for peer in self.linked_for(now, filter).1 {
            out.push(Output::Send(peer, Message::Coming(message::Coming {})));
        }
    }

    /// Whether a peer may answer here, and a question with this filter is asked of it.
    fn may_answer(&self, peer: PeerKey, filter: &Filter) -> bool {
        self.trust.may(peer, Rights::ANSWER) && self.is_meant(filter, Some(peer))
    }

    /// The linked peers that may answer a question with this filter: those that have nothing else than this device, and those that it is sent to.
    fn linked_for(&self, now: Instant, filter: &Filter) -> (Vec<PeerKey>, Vec<PeerKey>) {
        let linked = self.peers.all_linked();
        let linked = linked.filter(|peer| self.may_answer(*peer, filter) && !self.is_frozen(now, *peer));
        linked.take(LINKS_MAX).partition(|peer| self.has_nothing_else(*peer, filter))
    }

    /// The query is embedded: searches here, and sends it to every linked peer that may have something else.
    pub(super) fn send_query(&mut self, now: Instant, embedded: TaskId, embedding: &Embedding, out: &mut Out) {
        let task = self.scheduler.issue();
        let filter = self.queries.local.filter_of(embedded).cloned().unwrap_or_default();
        let answers = |peer: PeerKey| self.may_answer(peer, &filter);
        let (nothing_else, linked) = self.linked_for(now, &filter);
        let others = self.peers.iter().filter(|peer| answers(peer.key));
        let (frozen, others): (Vec<&Peer>, Vec<&Peer>) = others.partition(|peer| self.is_frozen(now, peer.key));
        let frozen = frozen.iter().map(|peer| peer.key).collect();
        let unlinked = others.into_iter().filter(|peer| !peer.linked);
        // In a large mesh most members are no neighbours: they are not asked, and not named as silent.
        let (far, away): (Vec<&Peer>, Vec<&Peer>) =
            unlinked.partition(|peer| !peer.is_wanted() && self.member.is_up(peer.key));
        let [far, away] = [far, away].map(|peers| peers.iter().map(|peer| peer.key).collect::<Vec<PeerKey>>());
        let not_asked = NotAsked { far, nothing_else, frozen };
        // Its deadline passed while it was embedded.
        let Some((query, id)) = self.queries.local.begin_search(now, embedded, embedding, task, &linked) else {
            return;
        };
        let (question, count) = (query.question.text.clone(), query.count.clamp(LIST_MIN, HITS_MAX));
        self.queries.local.unreachable(id, &away, not_asked);
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
}
