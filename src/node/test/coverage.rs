//! How many files an answer covers: of this device, of other devices, and what other devices are told.

use super::*;
use crate::base::filter::Filter;
use crate::base::hit::{Absence, FileCoverage, Found, SearchHit, TermFrequencies, WordsDue};
use crate::base::id::{Row, TaskId};
use crate::limits::{GOSSIP_COLLECTIONS_MAX, PEER_FILES_MAX};
use crate::node::gossip_state::Count;
use crate::node::output::DeviceCoverage;
use crate::scheduler::task::{CollectionSummary, Tally};
use crate::store::record::{Mark, MarkKind};
use crate::wire::message::{Answer, Coverage, CutShort, Message, Query, Unembedded, Unread, Unusable};

const PEER: PeerKey = PeerKey([1; 32]);

fn mark(path: &str, documents: u64, kind: MarkKind) -> Mark {
    Mark { path: path.as_bytes().to_vec(), volume: 0, since: 7, documents, partly: 0, read: 0, unread: 0, kind }
}

/// A node that is linked with a peer, over seven files in two folders, one of this ring. Three of them are searchable.
fn node_over(ring: Ring) -> Node {
    let marks = vec![
        mark("/a/stick", 2, MarkKind::Away),
        mark("/b/stick", 1, MarkKind::Away),
        mark("/a/old", 9, MarkKind::Forgotten),
    ];
    node_with(ring, marks)
}

fn node_with(ring: Ring, marks: Vec<Mark>) -> Node {
    node_that_looks(ring, marks).0
}

/// Such a node, and the look at `/a` that it begins with, if nothing is to be forgotten before.
fn node_that_looks(ring: Ring, marks: Vec<Mark>) -> (Node, Option<TaskId>) {
    let mut counts = StoreCounts::default();
    (0..4).for_each(|_| counts.enter(Kind::Waiting));
    (0..3).for_each(|_| counts.enter(Kind::Ready));
    let sources = vec![source("/a"), Source { ring, collection: "diary".to_owned(), ..source("/b") }];
    let config =
        config(Config { slots: 1, disk_free: u64::MAX, counts, marks, sources: sources.into(), ..Config::default() });
    let mut node = Node::new(Instant::ZERO, config, Trust::new(OWN));
    let out = handle(&mut node, at(0), Input::Wake);
    let look = started(&out, |task| matches!(task, Task::Scan(_)));
    admit(&mut node, PEER, SocketAddr::from(([127, 0, 0, 1], 1)));
    handle(&mut node, at(1), Input::Link(PEER, LinkInput::Up(SocketAddr::from(([127, 0, 0, 1], 1)))));
    (node, look)
}

fn received(message: Message) -> Input {
    Input::Link(PEER, LinkInput::Received(Box::new(message)))
}

fn started(out: &[Output], is: fn(&Task) -> bool) -> Option<TaskId> {
    out.iter().find_map(|out| if let Output::Start(id, task) = out { is(task).then_some(*id) } else { None })
}

/// What is sent to the peer for its question, where this is found.
fn answered(node: &mut Node, found: Found) -> Vec<Message> {
    let asked = Query { id: 5, question: "q".to_owned(), model: [0; 32], scale: 0.01, codes: vec![1; 384], count: 3 };
    let out = handle(node, at(10), received(Message::Query(asked)));
    let task = started(&out, |task| matches!(task, Task::Retrieve(_))).expect("it searches");
    let out = handle(node, at(11), Input::Done(task, Outcome::Found(Box::new(found), Vec::new()), Duration::ZERO));
    out.into_iter().filter_map(|out| if let Output::Send(PEER, sent) = out { Some(sent) } else { None }).collect()
}

/// What the peer is told with the answer to its question.
fn told(node: &mut Node) -> Option<Coverage> {
    let sent = answered(node, Found::default());
    assert!(!sent.iter().any(|sent| matches!(sent, Message::Unread(_))));
    let answer = sent.iter().position(|sent| matches!(sent, Message::Answer(_))).expect("it answers");
    let coverage = sent.iter().position(|sent| matches!(sent, Message::Coverage(_)))?;
    assert!(coverage < answer, "it comes ahead of the answer");
    if let Message::Coverage(coverage) = sent[coverage] { Some(coverage) } else { None }
}

#[test]
fn pictures_that_wait_to_be_looked_at_are_none_of_the_files_that_are_not_searched_yet() {
    let mut counts = StoreCounts::default();
    (0..3).for_each(|_| counts.enter_file(Kind::Waiting, b"/a/1.jpg"));
    counts.enter_file(Kind::Waiting, b"/a/note.md");
    counts.enter(Kind::Ready);
    let scheduler =
        Config { slots: 1, disk_free: u64::MAX, counts, sources: vec![source("/a")].into(), ..Config::default() };
    let files = Node::new(Instant::ZERO, config(scheduler), Trust::new(OWN)).file_coverage();
    assert_eq!((files.known, files.searchable, files.media), (2, 1, 3));
}

#[test]
fn a_peer_is_told_how_many_of_the_files_are_searched_and_away_and_forgotten_ones_do_not_count() {
    let told = told(&mut node_over(Ring::Mesh)).expect("all of it is shared");
    assert_eq!((told.id, told.known, told.searchable, told.away), (5, 7, 3, 3));
    let damaged = Found { unread: true, cut_short: true, ..Found::default() };
    let sent = answered(&mut node_over(Ring::Mesh), damaged);
    let at = |is: fn(&Message) -> bool| sent.iter().position(is).expect("it is sent");
    let unread = at(|sent| matches!(sent, Message::Unread(Unread { id: 5 })));
    assert!(unread > at(|sent| matches!(sent, Message::Coverage(_))), "of a store that is damaged it says so");
    assert!(unread < at(|sent| matches!(sent, Message::Answer(_))));
    let cut_short = at(|sent| matches!(sent, Message::CutShort(CutShort { id: 5 })));
    assert!(cut_short < at(|sent| matches!(sent, Message::Answer(_))), "and of a search that took too long");
    let late = Found { words_due: WordsDue { searchable: 2, read: 0 }, ..Found::default() };
    let sent = answered(&mut node_over(Ring::Mesh), late);
    let is_told = |sent: &Message| matches!(sent, Message::Coverage(Coverage { known: 7, searchable: 1, away: 1, .. }));
    assert!(sent.iter().any(is_told), "what its words do not find yet is not searched: {sent:?}");
}

#[test]
fn no_part_of_the_coverage_is_more_than_the_files_that_are_known() {
    let mut node = node_over(Ring::Private);
    let shared = CollectionSummary {
        name: "home".to_owned(),
        files: 1,
        searchable: 3,
        documents: 3,
        chunks: 9,
        content: [0; 16],
    };
    node.on_counted(&[shared], &mut Out::new());
    let told = told(&mut node).expect("it was counted");
    assert_eq!((told.known, told.searchable, told.away), (0, 0, 0), "counts of different moments");
    assert!(told.scanning, "the folders were not looked at yet: more files may be found");
}

#[test]
fn a_peer_is_told_nothing_of_private_files() {
    let mut node = node_over(Ring::Private);
    assert_eq!(told(&mut node), None, "what is shared was not counted yet");
    let shared = CollectionSummary {
        name: "home".to_owned(),
        files: 4,
        searchable: 2,
        documents: 1,
        chunks: 9,
        content: [0; 16],
    };
    node.on_counted(&[shared], &mut Out::new());
    let told = told(&mut node).expect("it was counted");
    assert_eq!((told.known, told.searchable, told.away), (2, 0, 0), "nor of what is away, and may be private by now");
}

/// A node over such folders of which the look at all of `/a` finds so many of 200 documents gone, and so many kept without their files.
fn node_that_loses(ring: Ring, gone: u64, kept: u64) -> Node {
    let (mut node, look) = node_that_looks(ring, Vec::new());
    let shared = CollectionSummary {
        name: "home".to_owned(),
        files: 156,
        searchable: 156,
        documents: 6,
        chunks: 9,
        content: [0; 16],
    };
    node.on_counted(&[shared], &mut Out::new());
    let tally = Tally { known: 200, remaining: 200 - gone, kept, at: 50, ..Tally::default() };
    let gone = (0..gone).map(crate::store::change::FoundDocument::somewhere).collect();
    let (changes, remarks) = (Vec::new(), Vec::new());
    let found = Outcome::Scanned { changes, gone, next: None, remarks, tally: Box::new(tally) };
    handle(&mut node, at(2), Input::Done(look.expect("it looks at its folders"), found, Duration::ZERO));
    node
}

#[test]
fn a_peer_is_told_of_no_file_that_is_withheld_from_it() {
    for (ring, gone, kept, expected) in [
        (Ring::Private, 150, 0, (6, 6)),
        (Ring::Private, 0, 150, (6, 6)),
        // Files that are gone are withheld before their owner has decided; what is kept then may leave where nothing is private.
        (Ring::Mesh, 150, 0, (0, 0)),
        (Ring::Mesh, 0, 5, (7, 3)),
    ] {
        let mut node = node_that_loses(ring, gone, kept);
        let told = told(&mut node).expect("it was counted");
        assert_eq!((told.known, told.searchable, told.away), (expected.0, expected.1, 0), "{ring:?}, {gone}, {kept}");
    }
}

#[test]
fn a_text_leaves_the_device_neither_while_its_file_is_gone_nor_where_it_may_be_in_a_private_folder() {
    let hit = |absence, doc| SearchHit {
        row: Row(0),
        path: b"/a/x".to_vec(),
        heading: String::new(),
        text: "text".to_owned(),
        cosine: 0.5,
        frequencies: TermFrequencies::zero(1),
        absence,
        doc: Some(DocId(doc)),
    };
    for ring in [Ring::Private, Ring::Mesh] {
        let node = node_with(ring, Vec::new());
        assert!(node.may_leave(&hit(None, 500)));
        for absence in [Absence::Away(60), Absence::Kept(60)] {
            assert_eq!(node.may_leave(&hit(Some(absence), 500)), ring == Ring::Mesh, "{absence:?}");
        }
        assert!(!node.may_leave(&hit(Some(Absence::Unreadable), 500)), "its owner may have closed it");
        let mut node = node_that_loses(ring, 150, 0);
        assert!(!node.may_leave(&hit(None, 149)) && node.may_leave(&hit(None, 500)));
        // The owner keeps them: in the store the last of them is as before until that is saved.
        let keep = crate::scheduler::Input::Keep(ReplyId(1), b"/a".to_vec());
        node.scheduler.handle(at(1), keep, &mut Vec::new());
        assert_eq!(node.scheduler.questions().count(), 0);
        assert!(!node.may_leave(&hit(None, 149)));
    }
}

#[test]
fn a_count_of_before_a_change_of_a_ring_is_no_count_of_what_is_shared() {
    let mut node = node_over(Ring::Private);
    let shared = CollectionSummary {
        name: "diary".to_owned(),
        files: 4,
        searchable: 2,
        documents: 1,
        chunks: 9,
        content: [0; 16],
    };
    node.gossip.count = Count::UnderWay;
    node.count_again();
    let mut out = Out::new();
    node.on_counted(std::slice::from_ref(&shared), &mut out);
    assert!(out.drain().next().is_none() && told(&mut node).is_none(), "it may have read the list of before");
    node.gossip.count = Count::UnderWay;
    node.on_counted(&[shared], &mut out);
    assert!(told(&mut node).is_some() && out.drain().count() == 1);
}

#[test]
fn a_folder_that_is_away_or_private_says_to_nobody_that_more_may_be_found() {
    let mut node = node_over(Ring::Private);
    let of = |node: &Node, ring| node.scheduler.may_find_more(|source| source.ring == ring);
    assert!(of(&node, Ring::Mesh) && of(&node, Ring::Private), "neither was looked at");
    let away = |folder: &str| mark(folder, 0, MarkKind::Away);
    let mut looked = |marks: Vec<Mark>| {
        node = node_with(Ring::Private, marks);
        (of(&node, Ring::Mesh), of(&node, Ring::Private))
    };
    assert_eq!(looked(vec![away("/a")]), (false, true), "a share that never answers");
    assert_eq!(looked(vec![away("/b")]), (true, false));
    let mut node = node_with(Ring::Private, vec![away("/a")]);
    let shared = CollectionSummary {
        name: "home".to_owned(),
        files: 4,
        searchable: 1,
        documents: 1,
        chunks: 9,
        content: [0; 16],
    };
    node.on_counted(&[shared], &mut Out::new());
    assert!(!told(&mut node).expect("it was counted").scanning, "only the private folder is still looked at");
}

/// A question of a person: this device's search, and the id of the query to the peer.
fn asks_the_peer(node: &mut Node) -> (TaskId, u64) {
    let search = Request::Search { question: "q".to_owned(), count: 3, filter: Filter::default() };
    let out = handle(node, at(20), Input::Api(ReplyId(1), search));
    let embed = started(&out, |task| matches!(task, Task::EmbedQuery { .. })).expect("it begins");
    let embedding = crate::base::vector::Embedding::new(Fingerprint([0; 32]), &[0.5; 384]).expect("a vector");
    let out = handle(node, at(21), Input::Done(embed, Outcome::QueryEmbedding(embedding), Duration::ZERO));
    let search = started(&out, |task| matches!(task, Task::Retrieve(_))).expect("it searches");
    let sent = |out: &Output| if let Output::Send(PEER, Message::Query(query)) = out { Some(query.id) } else { None };
    (search, out.iter().find_map(sent).expect("the peer is asked"))
}

#[test]
fn an_answer_names_the_coverage_of_this_device_and_of_those_that_told_it() {
    let mut node = node_over(Ring::Mesh);
    let (search, id) = asks_the_peer(&mut node);
    let own = Found { unread: true, words_due: WordsDue { searchable: 1, read: 0 }, ..Found::default() };
    handle(&mut node, at(22), Input::Done(search, Outcome::Found(Box::new(own), Vec::new()), Duration::ZERO));
    let boast = Coverage { id, known: 5, searchable: 3, away: 1, scanning: true };
    handle(&mut node, at(23), received(Message::Coverage(boast)));
    handle(&mut node, at(23), received(Message::Coverage(Coverage { known: 99, ..boast })));
    handle(&mut node, at(23), received(Message::Unembedded(Unembedded { id, files: 7 })));
    handle(&mut node, at(23), received(Message::Unread(Unread { id })));
    handle(&mut node, at(23), received(Message::Unusable(Unusable { files: 6 })));
    handle(&mut node, at(23), received(Message::CutShort(CutShort { id })));
    let answer = Answer { id, device: "attic".to_owned(), found: Some(Box::<Found>::default()) };
    let out = handle(&mut node, at(24), received(Message::Answer(answer)));
    let Some(Output::Reply(_, Response::Hits { files, others, .. })) = out.last() else { panic!("{out:?}") };
    assert_eq!((files.known, files.searchable, files.away, files.unread), (7, 2, 2, true));
    let [DeviceCoverage { device, files, unusable, .. }] = &others[..] else { panic!("{others:?}") };
    assert_eq!((device.as_str(), *unusable), ("attic", 6));
    let known = FileCoverage { unread: true, cut_short: true, ..FileCoverage::new(5, 3, 1, true).with_read(2) };
    assert_eq!(*files, known, "no more than it knows");
}

#[test]
fn a_peer_is_told_how_many_files_are_found_by_their_words_alone_in_the_words_of_this_device() {
    let told = |node: &mut Node| {
        let sent = answered(node, Found::default());
        let unembedded = |sent: &Message| if let Message::Unembedded(told) = sent { Some(told.files) } else { None };
        let at = sent.iter().position(|sent| unembedded(sent).is_some());
        let after = sent.iter().position(|sent| matches!(sent, Message::Coverage(_)));
        assert!(at.is_none() || at > after, "it completes what came before");
        sent.iter().find_map(unembedded)
    };
    assert_eq!(told(&mut node_over(Ring::Mesh)), None, "they wait to be read");
    let mut node = node_over(Ring::Private);
    let shared = CollectionSummary {
        name: "home".to_owned(),
        files: 9,
        searchable: 4,
        documents: 9,
        chunks: 9,
        content: [0; 16],
    };
    node.on_counted(&[shared], &mut Out::new());
    assert_eq!(told(&mut node), Some(5));
}

#[test]
fn a_peer_is_told_with_each_answer_how_many_files_cannot_be_used_if_there_are_some() {
    let mut node = node_over(Ring::Mesh);
    let told = |node: &mut Node| {
        let unusable = |sent: &Message| if let Message::Unusable(told) = sent { Some(told.files) } else { None };
        answered(node, Found::default()).iter().find_map(unusable)
    };
    assert_eq!(told(&mut node), None);
    node.tell_unusable(6, &mut Out::new());
    assert_eq!([told(&mut node), told(&mut node)], [Some(6), Some(6)]);
    node.tell_unusable(0, &mut Out::new());
    assert_eq!(
        [told(&mut node), told(&mut node)],
        [Some(0), None],
        "that there are none any more it is told once more"
    );
}

#[test]
fn where_some_folders_are_private_what_a_peer_is_told_of_the_coverage_is_counted_anew_while_work_goes_on() {
    let pause = |ring| node_over(ring).count_pause();
    assert_eq!(pause(Ring::Mesh), Duration::from_millis(crate::limits::GOSSIP_COUNT_MS));
    assert_eq!(pause(Ring::Private), Duration::from_millis(crate::limits::GOSSIP_DWELL_MS));
}

#[test]
fn no_number_of_a_peer_makes_what_was_not_searched_more_than_a_device_can_have() {
    let mut node = node_over(Ring::Mesh);
    let (search, id) = asks_the_peer(&mut node);
    let found = Outcome::Found(Box::default(), Vec::new());
    handle(&mut node, at(22), Input::Done(search, found, Duration::ZERO));
    let boast = Coverage { id, known: u64::MAX, searchable: 0, away: u64::MAX, scanning: false };
    handle(&mut node, at(23), received(Message::Coverage(boast)));
    let answer = Answer { id, device: "attic".to_owned(), found: Some(Box::<Found>::default()) };
    let out = handle(&mut node, at(24), received(Message::Answer(answer)));
    let Some(Output::Reply(_, Response::Hits { uncovered, others, .. })) = out.last() else { panic!("{out:?}") };
    assert_eq!(others[0].files.known, PEER_FILES_MAX);
    assert!((PEER_FILES_MAX..PEER_FILES_MAX + 9).contains(&uncovered.documents), "{uncovered:?}");
}

#[test]
fn a_peer_is_told_of_all_shared_files_however_many_collections_they_are_in() {
    let mut node = node_over(Ring::Private);
    let of = |n: usize| {
        let (name, documents) = (format!("c{n:02}"), u32::from(n > 0));
        CollectionSummary { name, files: 1, searchable: documents, documents, chunks: documents, content: [0; 16] }
    };
    let all: Vec<CollectionSummary> = (0..=2 * GOSSIP_COLLECTIONS_MAX).map(of).collect();
    node.on_counted(&all, &mut Out::new());
    let files = node.gossip.shared.expect("it was counted");
    let count = all.len() as u64;
    assert_eq!((files.known, files.searchable), (count, count - 1), "one that is not read is in no gossip");
}
