//! A device that is slow: its tasks wait in their lanes, and its own part of an answer comes late or never.

use super::*;
use crate::base::id::TaskId;
use crate::base::vector::Embedding;
use crate::limits::{DIMENSIONS, PEER_ANSWER_MS, QUESTIONS_LANE, SEARCHES_LANE};

const PEER: PeerKey = PeerKey([2; 32]);

fn search(n: u64) -> Input {
    Input::Api(ReplyId(n), Request::Search { question: format!("what is {n}"), count: 3, filter: Filter::default() })
}

fn embedding() -> Outcome {
    Outcome::QueryEmbedding(Embedding::new(Fingerprint([0; 32]), &[0.5; DIMENSIONS]).unwrap())
}

fn done(task: TaskId, outcome: Outcome) -> Input {
    Input::Done(task, outcome, Duration::ZERO)
}

fn found() -> Outcome {
    Outcome::Found(Box::default(), Vec::new())
}

fn started(out: &[Output], is: fn(&Task) -> bool) -> Option<TaskId> {
    out.iter().find_map(|out| if let Output::Start(task, kind) = out { is(kind).then_some(*task) } else { None })
}

fn embeds(task: &Task) -> bool {
    matches!(task, Task::EmbedQuery { .. })
}

fn searches(task: &Task) -> bool {
    matches!(task, Task::Retrieve(_))
}

fn is_busy(out: &[Output]) -> bool {
    out.iter().any(|out| matches!(out, Output::Reply(_, Response::Refused(Problem::Busy, _))))
}

/// What is replied: how many devices were asked, how many answered, and who is named as silent.
fn answer(out: &[Output]) -> Option<(usize, usize, Vec<String>)> {
    out.iter().find_map(|out| match out {
        Output::Reply(_, Response::Hits { asked, answered, silent, .. }) => {
            Some((*asked, *answered, silent.iter().map(|silent| silent.device.clone()).collect()))
        }
        _ => None,
    })
}

/// Asks a question every 100 ms for a minute. Gives the tasks of each kind that never ended, and how many questions were answered as busy.
fn asked_for_a_minute(node: &mut Node, embeds_in_time: bool) -> (Vec<TaskId>, Vec<TaskId>, usize) {
    let (mut embedding_now, mut searching, mut busy) = (Vec::new(), Vec::new(), 0);
    for n in 0..600 {
        let out = handle(node, at(1000 + n * 100), search(n));
        busy += usize::from(is_busy(&out));
        let Some(task) = started(&out, embeds) else { continue };
        if embeds_in_time {
            searching.extend(started(&handle(node, at(1001 + n * 100), done(task, embedding())), searches));
        } else {
            embedding_now.push(task);
        }
    }
    (embedding_now, searching, busy)
}

#[test]
fn however_long_a_search_takes_all_that_are_under_way_fit_their_lane_and_more_questions_are_answered_as_busy() {
    let (mut node, _) = linked(&[2]);
    let (_, searching, busy) = asked_for_a_minute(&mut node, true);
    assert!(searching.len() <= SEARCHES_LANE, "{} searches are queued", searching.len());
    assert!(busy > 500, "{busy}");
    let out = handle(&mut node, at(70_000), search(999));
    assert!(is_busy(&out), "its thread still works on the first one: {out:?}");
    handle(&mut node, at(70_001), done(searching[0], found()));
    let out = handle(&mut node, at(70_002), search(1000));
    assert!(started(&out, embeds).is_some(), "a place is free: {out:?}");
}

#[test]
fn however_long_a_question_is_embedded_all_that_are_under_way_fit_their_lane() {
    let mut node = node(u64::MAX);
    let (embedding_now, _, busy) = asked_for_a_minute(&mut node, false);
    assert!(embedding_now.len() <= QUESTIONS_LANE && busy > 500, "{} and {busy}", embedding_now.len());
    let out = handle(&mut node, at(70_001), done(embedding_now[0], embedding()));
    assert_eq!(started(&out, searches), None, "it was answered long ago");
    let out = handle(&mut node, at(70_002), search(1000));
    assert!(started(&out, embeds).is_some(), "a place is free: {out:?}");
}

#[test]
fn a_question_whose_task_was_not_begun_is_answered_as_busy() {
    let mut node = node(u64::MAX);
    let embed = started(&handle(&mut node, at(1000), search(1)), embeds).unwrap();
    assert!(is_busy(&handle(&mut node, at(1001), done(embed, Outcome::Busy))));
    let embed = started(&handle(&mut node, at(1002), search(2)), embeds).unwrap();
    let search = started(&handle(&mut node, at(1003), done(embed, embedding())), searches).unwrap();
    assert!(is_busy(&handle(&mut node, at(1004), done(search, Outcome::Busy))));
}

#[test]
fn what_this_device_finds_after_the_time_of_others_is_the_answer() {
    let (mut node, _) = linked(&[2]);
    let embed = started(&handle(&mut node, at(1000), search(1)), embeds).unwrap();
    let search = started(&handle(&mut node, at(1100), done(embed, embedding())), searches).unwrap();
    assert_eq!(answer(&handle(&mut node, at(1100 + PEER_ANSWER_MS), Input::Wake)), None);
    let out = handle(&mut node, at(5000), done(search, found()));
    let peer = node.title(Some(PEER));
    assert_eq!(answer(&out), Some((2, 1, vec![peer])));
}

#[test]
fn this_device_is_named_where_it_does_not_answer_in_time_either() {
    let (mut node, _) = linked(&[2]);
    let embed = started(&handle(&mut node, at(1000), search(1)), embeds).unwrap();
    started(&handle(&mut node, at(1100), done(embed, embedding())), searches).unwrap();
    let out = handle(&mut node, at(1000 + QUERY_MS_MAX), Input::Wake);
    let (own, peer) = (node.title(None), node.title(Some(PEER)));
    assert_eq!(answer(&out), Some((2, 0, vec![own, peer])));
}
