//! The filters of questions, asked here and asked by peers.

use super::*;
use crate::base::filter::Key;
use crate::base::hit::{Found, SearchHit, TermFrequencies, TypedFiles};
use crate::base::id::{Row, TaskId};
use crate::base::vector::Embedding;
use crate::limits::DIMENSIONS;
use crate::wire::message::{Answer, Coming, Filtered, Filters, Message, Query};

const NAS: PeerKey = PeerKey([1; 32]);
const TV: PeerKey = PeerKey([2; 32]);

fn received(node: &mut Node, from: PeerKey, message: Message) -> Vec<Output> {
    handle(node, at(10), Input::Link(from, LinkInput::Received(Box::new(message))))
}

fn named(node: &mut Node, peer: PeerKey, device: &str) {
    received(node, peer, Message::Hello { device: device.to_owned(), ask: false, listen: Vec::new() });
}

fn filter(values: &[(Key, &str)]) -> Filter {
    let mut filter = Filter::default();
    values.iter().for_each(|(key, value)| filter.add(*key, value).expect("it is one"));
    filter
}

fn query(id: u64) -> Message {
    let (question, codes) = ("q".to_owned(), vec![1; DIMENSIONS]);
    Message::Query(Query { id, question, model: [0; 32], scale: 0.01, codes, count: 3 })
}

/// The search that begins here.
fn begun(out: &[Output]) -> Option<(TaskId, Filter)> {
    out.iter().find_map(|out| match out {
        Output::Start(task, Task::Retrieve(query)) => Some((*task, query.filter.clone())),
        _ => None,
    })
}

fn sent(out: &[Output]) -> Vec<(PeerKey, &Message)> {
    out.iter()
        .filter_map(|out| if let Output::Send(peer, message) = out { Some((*peer, message)) } else { None })
        .collect()
}

#[test]
fn a_peer_s_filters_hold_for_the_query_that_they_came_with_and_it_is_told_that_they_were_kept() {
    let (mut node, _) = linked(&[1, 2]);
    let asked = filter(&[(Key::Type, "pdf"), (Key::After, "2024")]);
    received(&mut node, NAS, Message::Filters(Filters::of(5, &asked)));
    assert_eq!(begun(&received(&mut node, TV, query(5))).expect("it searches").1, Filter::default(), "of another peer");
    let (task, of) = begun(&received(&mut node, NAS, query(5))).expect("it searches");
    assert_eq!(of, asked);
    let out = handle(&mut node, at(11), Input::Done(task, Outcome::Found(Box::default(), Vec::new()), Duration::ZERO));
    let told = sent(&out);
    let filtered = told.iter().position(|sent| *sent == (NAS, &Message::Filtered(Filtered { id: 5 })));
    let answer = told.iter().position(|(_, sent)| matches!(sent, Message::Answer(_)));
    assert!(filtered.is_some() && filtered < answer, "{told:?}");
    let (task, of) = begun(&received(&mut node, NAS, query(6))).expect("it searches");
    assert_eq!(of, Filter::default(), "they held for one query");
    let out = handle(&mut node, at(12), Input::Done(task, Outcome::Found(Box::default(), Vec::new()), Duration::ZERO));
    assert!(!sent(&out).iter().any(|(_, sent)| matches!(sent, Message::Filtered(_))));
}

/// Asks, and gives what follows the embedding of the question.
fn ask(node: &mut Node, filter: Filter) -> Vec<Output> {
    let search = Request::Search { question: "q".to_owned(), count: 3, filter };
    let out = handle(node, at(20), Input::Api(ReplyId(9), search));
    let Some(Output::Start(task, Task::EmbedQuery { .. })) = out.first() else { return out };
    let embedding = Embedding::new(Fingerprint([0; 32]), &[0.5; DIMENSIONS]).expect("it has a length");
    handle(node, at(21), Input::Done(*task, Outcome::QueryEmbedding(embedding), Duration::ZERO))
}

#[test]
fn a_question_goes_to_the_devices_that_are_meant_with_its_filters_ahead_of_it() {
    let (mut node, _) = linked(&[1, 2]);
    named(&mut node, NAS, "Attic");
    named(&mut node, TV, "tv");
    let out = ask(&mut node, filter(&[(Key::Device, "attic"), (Key::Type, "pdf")]));
    let [(NAS, Message::Filters(filters)), (NAS, Message::Query(query))] = &sent(&out)[..] else { panic!("{out:?}") };
    assert!(filters.id == query.id && filters.types == ["pdf"] && query.question == "q");
    assert!(begun(&out).is_none(), "this device is not meant");
    let hit = |path: &str| SearchHit {
        row: Row(1),
        path: path.as_bytes().to_vec(),
        heading: String::new(),
        text: format!("text of {path}"),
        cosine: 0.5,
        frequencies: TermFrequencies::zero(1),
        absence: None,
        doc: None,
    };
    // An agent of before does not know filters.
    let found = Found { hits: vec![hit("/a.md"), hit("/b.pdf")], ..Found::default() };
    let answer = Answer { id: query.id, device: "Attic".to_owned(), found: Some(Box::new(found)) };
    let out = received(&mut node, NAS, Message::Answer(answer));
    let Some(Output::Reply(_, Response::Hits { hits, asked, answered, narrowed, .. })) = out.last() else {
        panic!("{out:?}")
    };
    assert_eq!((hits.len(), asked, answered), (1, &1, &1), "neither this device nor the other one was asked");
    assert!(
        hits[0].path == b"/b.pdf"
            && narrowed.unfiltered == ["Attic"]
            && narrowed.filters == ["device:attic", "type:pdf"]
    );

    let out = ask(&mut node, filter(&[(Key::Device, "here")]));
    assert!(sent(&out).is_empty() && begun(&out).is_some(), "no other device is asked: {out:?}");
    let out = ask(&mut node, filter(&[(Key::Device, "cellar")]));
    let [Output::Reply(_, Response::Refused(Problem::Conflict, why))] = &out[..] else { panic!("{out:?}") };
    assert_eq!(why, "No device is called \"cellar\". Known here: here, Attic, tv.");
}

#[test]
fn those_that_a_question_will_be_sent_to_are_told_when_it_is_embedded_and_their_work_stands_still() {
    let (mut node, _) = linked(&[1, 2]);
    named(&mut node, NAS, "Attic");
    named(&mut node, TV, "tv");
    let search = |filter| Request::Search { question: "q".to_owned(), count: 3, filter };
    let coming = Message::Coming(Coming {});
    let out = handle(&mut node, at(20), Input::Api(ReplyId(1), search(Filter::default())));
    assert!(matches!(out[0], Output::Start(_, Task::EmbedQuery { .. })), "nothing stands before the embedding");
    assert_eq!(sent(&out), [(NAS, &coming), (TV, &coming)]);
    let out = handle(&mut node, at(20), Input::Api(ReplyId(2), search(filter(&[(Key::Device, "attic")]))));
    assert_eq!(sent(&out), [(NAS, &coming)], "the other one is not asked");
    assert_eq!(received(&mut node, NAS, coming), [Output::GiveWay]);
}

#[test]
fn one_peer_that_asks_without_end_takes_no_other_s_place() {
    let (mut node, _) = linked(&[1, 2]);
    let none = |out: &[Output]| matches!(sent(out)[..], [(NAS, Message::Answer(Answer { found: None, .. }))]);
    let first = begun(&received(&mut node, NAS, query(1))).expect("it searches").0;
    begun(&received(&mut node, NAS, query(2))).expect("it searches");
    for id in 3..40 {
        let out = received(&mut node, NAS, query(id));
        assert!(begun(&out).is_none() && none(&out), "{out:?}");
    }
    begun(&received(&mut node, TV, query(1))).expect("another peer is answered");
    handle(&mut node, at(11), Input::Done(first, Outcome::Found(Box::default(), Vec::new()), Duration::ZERO));
    begun(&received(&mut node, NAS, query(40))).expect("a place is free");
}

#[test]
fn a_question_for_a_type_of_which_no_file_is_here_says_so() {
    let (mut node, _) = linked(&[1]);
    named(&mut node, NAS, "Attic");
    let out = ask(&mut node, filter(&[(Key::Device, "here"), (Key::Type, "pdf")]));
    let (task, _) = begun(&out).expect("it searches");
    let found = Found { of_types: Some(TypedFiles::default()), ..Found::default() };
    let outcome = Outcome::Found(Box::new(found), Vec::new());
    let out = handle(&mut node, at(22), Input::Done(task, outcome, Duration::ZERO));
    let reply = out.iter().find_map(|out| match out {
        Output::Reply(_, Response::Hits { narrowed, .. }) => Some(narrowed.unknown.clone()),
        _ => None,
    });
    assert_eq!(reply.expect("it is answered"), ["No file of the type \"pdf\" is on here."]);
}
