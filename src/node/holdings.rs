//! What this device and its peers share (`wire::holdings`), so that a question goes only to those who have something else.
//!
//! A device says what it shares once that is counted, all of it is searched, and nothing has changed since the count began. With the first
//! change it takes that back, before the change is saved: so who believes it misses nothing that is in its index. Who has not said it, or said
//! it on a link that has ended, is asked.
//!
//! After an answer of its own that lacked a part of its index (words are still to be entered, some of it cannot be read, or the search was cut
//! short or failed) this device does not rely on it, and everybody is asked who shares anything, until an answer is from all of it again.
//!
//! Beside that it says how many of its files it cannot use, so that an answer tells it of all devices: by each count, and with each
//! answer, only where there are some.
//!
//! A device has nothing else if each of its collections has the sum of one of this device's: the same names and contents of files. With a
//! filter only the names of its collections count, and a device that is asked for by name is asked.

use super::{Node, Out, output::Output};
use crate::base::filter::Filter;
use crate::base::hit::WordsDue;
use crate::base::id::{PeerKey, TaskId};
use crate::limits::{GOSSIP_COLLECTIONS_MAX, LINKS_MAX, PEER_FILES_MAX};
use crate::mesh::trust::Rights;
use crate::scheduler::task::{CollectionSummary, Outcome};
use crate::store::change::Change;
use crate::wire::holdings::{Holding, HoldingList, Holdings};
use crate::wire::message::{Message, Unusable};

impl Node {
    /// Whether a question with this filter need not be sent to a peer, because that has nothing else than this device.
    pub(super) fn has_nothing_else(&self, peer: PeerKey, filter: &Filter) -> bool {
        self.queries.holdings.has_nothing_else(peer, filter)
    }

    /// A search ended: if it was for a person here, it tells whether it lacked a part of this device's own index.
    pub(super) fn note_own_answer(&mut self, task: TaskId, outcome: &Outcome) {
        if self.queries.of_peers.iter().any(|query| query.task == task) {
            return;
        }
        match outcome {
            Outcome::Found(found, _) => {
                let is_part = found.unread || found.cut_short || found.words_due != WordsDue::default();
                self.queries.holdings.is_cut = is_part;
            }
            Outcome::StoreFailed(_) | Outcome::Failed(_) | Outcome::Panicked(_)
                if self.queries.local.is_of_query(task) =>
            {
                self.queries.holdings.is_cut = true;
            }
            _ => {}
        }
    }

    /// These changes are about to be saved: if texts may come or go by them, what was said of this device's holdings is taken back.
    pub(super) fn note_changes(&mut self, changes: &[Change], out: &mut Out) {
        let keeps_texts = |change: &Change| {
            use Change::{
                Asked, Copied, Embedded, Expire, Failing, Outdated, Proven, Purge, Remade, Remodel, Roots, Settled,
                Unproven, Vouched,
            };
            matches!(
                change,
                Asked(_)
                    | Copied { .. }
                    | Embedded { .. }
                    | Expire { .. }
                    | Failing { .. }
                    | Outdated { .. }
                    | Proven { .. }
                    | Purge { .. }
                    | Remade { .. }
                    | Remodel(_)
                    | Roots(_)
                    | Settled { .. }
                    | Unproven { .. }
                    | Vouched { .. }
            )
        };
        if !changes.iter().all(keeps_texts) {
            self.queries.holdings.is_changed = true;
            self.tell_holdings(None, out);
        }
    }

    /// A count of the collections begins. Saves that are under way may be in it or not.
    pub(super) fn begin_holdings(&mut self) {
        self.queries.holdings.is_changed &= self.scheduler.under_way() > 0;
    }

    /// The collections are counted.
    pub(super) fn on_holdings_counted(&mut self, list: &[CollectionSummary], out: &mut Out) {
        // Of as many some may be left out.
        let is_whole = !self.queries.holdings.is_changed && list.len() < GOSSIP_COLLECTIONS_MAX;
        let is_searched = list.iter().all(|counted| counted.files == counted.searchable);
        let of = |counted: &CollectionSummary| {
            let name = counted.name.as_str().try_into().ok()?;
            Some(Holding { name, files: counted.files, content: counted.content })
        };
        let all: Option<Vec<Holding>> = if is_whole && is_searched { list.iter().map(of).collect() } else { None };
        let all = all.and_then(|all| heapless::Vec::from_slice(&all).ok()).map(Box::new);
        self.tell_holdings(all, out);
    }

    fn tell_holdings(&mut self, own: Option<HoldingList>, out: &mut Out) {
        if self.queries.holdings.own == own {
            return;
        }
        self.queries.holdings.own = own;
        for peer in self.peers.all_linked().collect::<Vec<_>>() {
            self.send_holdings(peer, out);
        }
    }

    /// So many of the files that this device shares cannot be used: its peers are told if that is news.
    pub(super) fn tell_unusable(&mut self, files: u64, out: &mut Out) {
        if std::mem::replace(&mut self.queries.holdings.own_unusable, files) != files {
            let linked: Vec<PeerKey> = self.peers.all_linked().collect();
            linked.iter().for_each(|peer| self.send_unusable(*peer, out));
            self.queries.holdings.cleared = linked.into_iter().filter(|_| files == 0).collect();
        }
    }

    /// A link is up: what was said on an earlier one does not hold any more, on either side. A link that is not to last is not worth the
    /// message: a question in the meantime is sent, and answered.
    pub(super) fn exchange_holdings(&mut self, peer: PeerKey, out: &mut Out) {
        self.queries.holdings.forget(peer);
        if self.is_passing_link(peer) {
            return;
        }
        if self.queries.holdings.own.is_some() {
            self.send_holdings(peer, out);
        }
        self.remind_of_unusable(peer, out);
    }

    /// A peer is told once more how many files of this device cannot be used, if there are some; that there are none any more it is told once.
    pub(super) fn remind_of_unusable(&mut self, peer: PeerKey, out: &mut Out) {
        if self.queries.holdings.cleared.remove(&peer) || self.queries.holdings.own_unusable > 0 {
            self.send_unusable(peer, out);
        }
    }

    fn send_unusable(&self, peer: PeerKey, out: &mut Out) {
        if self.trust.may(peer, Rights::ANSWER) {
            let files = self.queries.holdings.own_unusable;
            out.push(Output::Send(peer, Message::Unusable(Unusable { files })));
        }
    }

    /// A peer says how many of its files it cannot use. That cannot be checked, and is told to people: no more than a device can have.
    pub(super) fn on_unusable(&mut self, peer: PeerKey, told: Unusable) {
        let unusable = &mut self.queries.holdings.unusable;
        unusable.remove(&peer);
        if told.files > 0 && unusable.len() < LINKS_MAX {
            unusable.insert(peer, told.files.min(PEER_FILES_MAX));
        }
    }

    fn send_holdings(&self, peer: PeerKey, out: &mut Out) {
        if self.trust.may(peer, Rights::ANSWER) {
            out.push(Output::Send(
                peer,
                Message::Holdings(Holdings { collections: self.queries.holdings.own.clone() }),
            ));
        }
    }

    /// A peer says what it shares.
    pub(super) fn on_holdings(&mut self, peer: PeerKey, holdings: Holdings) {
        self.queries.holdings.of_peers.remove(&peer);
        if let Some(list) = holdings.collections.filter(|_| self.queries.holdings.of_peers.len() < LINKS_MAX) {
            self.queries.holdings.of_peers.insert(peer, list);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::input::{Input, LinkInput, Request};
    use super::super::output::{Problem, Response};
    use super::super::test::{at, handle, linked};
    use super::*;
    use crate::base::filter::Key;
    use crate::base::hit::Found;
    use crate::base::id::{Fingerprint, ReplyId, Ring};
    use crate::base::time::Duration;
    use crate::base::vector::Embedding;
    use crate::limits::{DIMENSIONS, QUERY_MS_MAX};
    use crate::scheduler::task::Task;
    use crate::store::record::Source;

    const NAS: PeerKey = PeerKey([1; 32]);
    const TV: PeerKey = PeerKey([2; 32]);

    fn counted(name: &str, files: u32, content: u8) -> CollectionSummary {
        let (documents, chunks, content) = (files, 9, [content; 16]);
        CollectionSummary { name: name.to_owned(), files, searchable: files, documents, chunks, content }
    }

    fn says(list: &[(&str, u32, u8)]) -> LinkInput {
        let of = |(name, files, content): &(&str, u32, u8)| Holding {
            name: (*name).try_into().unwrap(),
            files: *files,
            content: [*content; 16],
        };
        let collections = Some(Box::new(list.iter().map(of).collect()));
        LinkInput::Received(Box::new(Message::Holdings(Holdings { collections })))
    }

    fn filter(values: &[(Key, &str)]) -> Filter {
        let mut filter = Filter::default();
        values.iter().for_each(|(key, value)| filter.add(*key, value).unwrap());
        filter
    }

    /// The devices that a question is sent to; none where it is refused.
    fn asked(node: &mut Node, values: &[(Key, &str)]) -> Option<Vec<PeerKey>> {
        let search = Request::Search { question: "q".to_owned(), count: 3, filter: filter(values) };
        let out = handle(node, at(20), Input::Api(ReplyId(9), search));
        let Some(Output::Start(task, Task::EmbedQuery { .. })) = out.first() else {
            assert!(matches!(&out[..], [Output::Reply(_, Response::Refused(Problem::Conflict, _))]), "{out:?}");
            return None;
        };
        let embedding = Embedding::new(Fingerprint([0; 32]), &[0.5; DIMENSIONS]).unwrap();
        let out = handle(node, at(21), Input::Done(*task, Outcome::QueryEmbedding(embedding), Duration::ZERO));
        let to = |out: &Output| match out {
            Output::Send(peer, Message::Query(_)) => Some(*peer),
            _ => None,
        };
        let asked = out.iter().filter_map(to).collect();
        node.queries.local = Default::default();
        Some(asked)
    }

    #[test]
    fn a_question_goes_to_who_has_something_else_and_to_who_did_not_say_what_it_has() {
        let (mut node, _) = linked(&[1, 2]);
        node.on_counted(&[counted("home", 3, 7), counted("tax", 1, 8)], &mut Out::new());
        let from = |node: &mut Node, peer, input| drop(handle(node, at(10), Input::Link(peer, input)));
        let both = Some(vec![NAS, TV]);
        assert_eq!(asked(&mut node, &[]), both);
        from(&mut node, NAS, says(&[]));
        assert_eq!(asked(&mut node, &[]), Some(vec![TV]), "it shares nothing");
        for (list, is_asked) in [
            (&[("notes", 3, 7)][..], false),
            (&[("notes", 3, 7), ("bills", 1, 8)], false),
            (&[("home", 4, 7)], true),
            (&[("home", 3, 9)], true),
            (&[("home", 3, 7), ("garden", 2, 6)], true),
        ] {
            from(&mut node, NAS, says(list));
            assert_eq!(asked(&mut node, &[]), Some(if is_asked { vec![NAS, TV] } else { vec![TV] }), "{list:?}");
        }
        from(&mut node, NAS, says(&[("home", 3, 7)]));
        assert_eq!(asked(&mut node, &[(Key::Path, "x")]), both, "its paths may be others");
        assert_eq!(asked(&mut node, &[(Key::Collection, "Tax")]), Some(vec![TV]), "it has no such collection");
        assert_eq!(
            asked(&mut node, &[(Key::Collection, "home")]),
            both,
            "its collection of that name may be another one"
        );
        let taken_back = Message::Holdings(Holdings::default());
        from(&mut node, NAS, LinkInput::Received(Box::new(taken_back)));
        assert_eq!(asked(&mut node, &[]), both);
        from(&mut node, NAS, says(&[]));
        from(&mut node, NAS, LinkInput::Up("127.0.0.1:1".parse().unwrap()));
        assert_eq!(asked(&mut node, &[]), both, "what was said on an earlier link holds no more");
    }

    #[test]
    fn after_an_answer_from_a_part_of_the_index_all_are_asked_until_one_is_from_all_of_it() {
        let (mut node, _) = linked(&[1, 2]);
        node.on_counted(&[counted("home", 3, 7)], &mut Out::new());
        for (peer, list) in [(NAS, &[("home", 3, 7)][..]), (TV, &[])] {
            handle(&mut node, at(10), Input::Link(peer, says(list)));
        }
        assert_eq!(asked(&mut node, &[]), Some(vec![]), "nothing else is anywhere");
        let whole = Found::default();
        let due = Found { words_due: WordsDue { searchable: 1, read: 0 }, ..Found::default() };
        let damaged = Found { unread: true, ..Found::default() };
        let cut = Found { cut_short: true, ..Found::default() };
        for (found, to) in [
            (due, vec![NAS]),
            (whole.clone(), vec![]),
            (damaged, vec![NAS]),
            (whole.clone(), vec![]),
            (cut, vec![NAS]),
            (whole, vec![]),
        ] {
            let outcome = Outcome::Found(Box::new(found), Vec::new());
            handle(&mut node, at(15), Input::Done(TaskId(900), outcome, Duration::ZERO));
            assert_eq!(asked(&mut node, &[]), Some(to));
        }
    }

    #[test]
    fn after_a_search_that_failed_or_did_not_end_in_time_all_are_asked() {
        let (mut node, _) = linked(&[1]);
        node.on_counted(&[counted("home", 3, 7)], &mut Out::new());
        handle(&mut node, at(10), Input::Link(NAS, says(&[("home", 3, 7)])));
        let search = |node: &mut Node, now| {
            let search = Request::Search { question: "q".to_owned(), count: 3, filter: Filter::default() };
            let out = handle(node, at(now), Input::Api(ReplyId(9), search));
            let Some(Output::Start(task, Task::EmbedQuery { .. })) = out.first() else { panic!("{out:?}") };
            let embedding = Embedding::new(Fingerprint([0; 32]), &[0.5; DIMENSIONS]).unwrap();
            let out = handle(node, at(now), Input::Done(*task, Outcome::QueryEmbedding(embedding), Duration::ZERO));
            let [Output::Start(task, Task::Retrieve(_))] = &out[..] else { panic!("the peer is asked: {out:?}") };
            *task
        };
        let whole = || Outcome::Found(Box::default(), Vec::new());
        let task = search(&mut node, 20);
        handle(&mut node, at(21), Input::Done(task, Outcome::Failed("no".to_owned()), Duration::ZERO));
        assert_eq!(asked(&mut node, &[]), Some(vec![NAS]));
        handle(&mut node, at(22), Input::Done(TaskId(900), whole(), Duration::ZERO));
        assert_eq!(asked(&mut node, &[]), Some(vec![]));
        let task = search(&mut node, 30);
        handle(&mut node, at(31 + QUERY_MS_MAX), Input::Wake);
        assert_eq!(asked(&mut node, &[]), Some(vec![NAS]), "it was not there in time");
        handle(&mut node, at(40 + QUERY_MS_MAX), Input::Done(task, whole(), Duration::ZERO));
        assert_eq!(asked(&mut node, &[]), Some(vec![]));
    }

    #[test]
    fn a_collection_that_no_device_can_have_is_refused_and_one_that_may_be_somewhere_is_asked_for() {
        let (mut node, _) = linked(&[1]);
        let hme = [(Key::Collection, "hme")];
        assert_eq!(asked(&mut node, &hme), Some(vec![NAS]), "it did not say what it has");
        handle(&mut node, at(10), Input::Link(NAS, says(&[("home", 3, 7)])));
        assert_eq!(asked(&mut node, &hme), None);
        assert_eq!(asked(&mut node, &[(Key::Collection, "HOME")]), Some(vec![NAS]));
        handle(&mut node, at(11), Input::Link(NAS, LinkInput::Down("gone".to_owned())));
        assert_eq!(asked(&mut node, &hme), Some(Vec::new()), "it is away, and may have one by now");
    }

    #[test]
    fn what_a_device_shares_is_told_once_it_is_settled_and_taken_back_before_a_change_is_saved() {
        let (mut node, _) = linked(&[1]);
        let told = |out: &[Output]| -> Vec<Option<usize>> {
            let of = |out: &Output| match out {
                Output::Send(NAS, Message::Holdings(told)) => Some(told.collections.as_ref().map(|list| list.len())),
                _ => None,
            };
            out.iter().filter_map(of).collect()
        };
        let count = |node: &mut Node, list: &[CollectionSummary]| {
            let mut out = Out::new();
            node.on_counted(list, &mut out);
            told(&out.drain().collect::<Vec<_>>())
        };
        let home = counted("home", 3, 7);
        assert_eq!(count(&mut node, std::slice::from_ref(&home)), [Some(1)]);
        assert_eq!(count(&mut node, std::slice::from_ref(&home)), [], "it is known");
        let embedding = CollectionSummary { searchable: 2, ..home.clone() };
        assert_eq!(count(&mut node, &[embedding]), [None], "not all of it is searched");
        assert_eq!(count(&mut node, std::slice::from_ref(&home)), [Some(1)]);
        let many = vec![home.clone(); GOSSIP_COLLECTIONS_MAX];
        assert_eq!(count(&mut node, &many), [None], "there may be more");
        assert_eq!(count(&mut node, std::slice::from_ref(&home)), [Some(1)]);

        let source = Source { path: b"/a".to_vec(), collection: "home".to_owned(), ring: Ring::Mesh, device: 1 };
        let out = handle(&mut node, at(20), Input::Api(ReplyId(1), Request::Add(source.into())));
        assert_eq!(told(&out), [None]);
        let place = |is: fn(&Output) -> bool| out.iter().position(is).unwrap();
        assert!(place(|out| matches!(out, Output::Send(..))) < place(|out| matches!(out, Output::Save(..))), "{out:?}");
        assert_eq!(count(&mut node, &[home]), [], "the save may be in the count or not");
    }
}
