//! What goes on while background work is held: by heat, a pause, an empty battery, or questions.

use super::*;
use crate::base::filter::Filter;
use crate::base::id::TaskId;
use crate::energy::decision::Besides;
use crate::limits::FEW_CHUNKS;
use std::collections::VecDeque;

#[test]
fn while_work_is_held_scans_and_reading_go_on_with_the_least_share_and_nothing_is_embedded() {
    for reason in [Reason::Paused, Reason::TooHot, Reason::UnderVoltage, Reason::BatteryLow, Reason::Answering] {
        let mut node = node(u64::MAX);
        let none = Decision { reason: Some(reason), ..Decision::default() };
        handle(&mut node, at(0), Input::Power(none));
        handle(&mut node, at(1), Input::Api(ReplyId(1), Request::Add(source("/a").into())));
        let mut counts = StoreCounts::default();
        [Kind::Waiting, Kind::Chunked].into_iter().for_each(|kind| counts.enter(kind));
        let applied = [(1, Kind::Waiting), (2, Kind::Chunked)].map(|(doc, now)| Applied {
            doc: Some(DocId(doc)),
            now: Some(now),
            ..Applied::default()
        });
        let out = handle(&mut node, at(1), Input::Saved(SaveId(1), saved(applied.to_vec(), counts)));
        let noticed = |out: &[Output]| out.iter().any(|out| matches!(out, Output::Notice(_)));
        assert!(!noticed(&out), "it may pass at once: {out:?}");
        let Some(Output::Start(read, Task::Read { doc: DocId(1) })) =
            out.iter().find(|out| matches!(out, Output::Start(..)))
        else {
            panic!("{reason:?}: {out:?}")
        };
        // The scan of the new folder is due, and the debt of 30 ms of reading is paid at 3 %.
        let spent = Duration::from_millis(30);
        handle(&mut node, at(10), Input::Done(*read, Outcome::Changes(Vec::new()), spent));
        let out = handle(&mut node, at(1 + SETTLE_MS), Input::Wake);
        assert!(!out.iter().any(|out| matches!(out, Output::Start(..))), "{reason:?}: {out:?}");
        let out = handle(&mut node, at(1011), Input::Wake);
        assert!(matches!(&out[..], [Output::Start(_, Task::Scan(_))]), "{reason:?}: {out:?}");
        assert!(reason == Reason::Answering || node.deadline().is_some_and(|due| due <= at(10_001)), "{reason:?}");
        let out = handle(&mut node, at(10_001), Input::Wake);
        assert_eq!(noticed(&out), reason != Reason::Answering, "a notice says why, once that lasted: {out:?}");
        let out = handle(&mut node, at(90_000), Input::Wake);
        assert!(!noticed(&out), "and not again: {out:?}");
    }
}

#[test]
fn on_battery_scans_go_on_at_once() {
    let mut node = node(u64::MAX);
    handle(&mut node, at(0), Input::Power(Decision { reason: Some(Reason::OnBattery), ..Decision::default() }));
    handle(&mut node, at(1), Input::Api(ReplyId(1), Request::Add(source("/a").into())));
    handle(&mut node, at(1), Input::Saved(SaveId(1), saved(Vec::new(), StoreCounts::default())));
    let out = handle(&mut node, at(1 + SETTLE_MS), Input::Wake);
    assert!(out.iter().any(|out| matches!(out, Output::Start(_, Task::Scan(_)))), "{out:?}");
}

#[test]
fn questions_without_a_break_delay_a_scan_by_four_seconds_and_no_more() {
    let mut node = node(u64::MAX);
    let allowed = Decision { workers: 1, duty: Fraction::ALL, chunks: 4, ..Decision::default() };
    handle(&mut node, at(0), Input::Power(allowed));
    handle(&mut node, at(1), Input::Api(ReplyId(1), Request::Add(source("/a").into())));
    handle(&mut node, at(1), Input::Saved(SaveId(1), saved(Vec::new(), StoreCounts::default())));
    let mut started = None;
    for n in 0..20 {
        let now = at(10 + 250 * n);
        let search = Request::Search { question: "where".to_owned(), count: 1, filter: Filter::default() };
        for out in handle(&mut node, now, Input::Api(ReplyId(10 + n), search)) {
            match out {
                Output::Start(task, Task::EmbedQuery { .. }) => {
                    handle(&mut node, now, Input::Done(task, Outcome::Failed("no engine".to_owned()), Duration::ZERO));
                }
                Output::Start(_, Task::Scan(_)) => started = started.or(Some(now)),
                _ => {}
            }
        }
    }
    assert_eq!(started, Some(at(4010)));
}

#[test]
fn questions_without_a_break_delay_what_travels_by_four_seconds_and_no_more() {
    let mut node = node(u64::MAX);
    handle(
        &mut node,
        at(0),
        Input::Power(Decision { workers: 1, duty: Fraction::ALL, chunks: 4, ..Decision::default() }),
    );
    let mut first = None;
    for n in 0..24 {
        let now = at(10 + 250 * n);
        let search = Request::Search { question: "where".to_owned(), count: 1, filter: Filter::default() };
        for out in handle(&mut node, now, Input::Api(ReplyId(10 + n), search)) {
            if let Output::Start(task, Task::EmbedQuery { .. }) = out {
                handle(&mut node, now, Input::Done(task, Outcome::Failed("no engine".to_owned()), Duration::ZERO));
            }
        }
        if node.may_share_beside(now) {
            first = first.or(Some(now));
            node.shared_beside(now);
            assert!(!node.may_share_beside(now), "one at a time");
        }
    }
    assert_eq!(first, Some(at(4010)));
    assert!(!node.may_share_beside(at(600_000)), "nobody asks");
}

/// How a task ends that finds nothing.
fn ended(task: &Task) -> Outcome {
    match task {
        Task::Scan(_) => Outcome::Scanned {
            changes: Vec::new(),
            gone: Vec::new(),
            next: None,
            remarks: Vec::new(),
            tally: Box::default(),
        },
        Task::Refill { .. } => Outcome::Refilled(Vec::new()),
        _ => Outcome::Changes(Vec::new()),
    }
}

/// A node with a file to be read and one to be embedded, where somebody asks every 200 ms for so long, and every task takes
/// 30 ms. Gives what started, and when.
fn polled(decision: Decision, answering: Decision, seconds: u64) -> Vec<(u64, Task)> {
    let mut node = node(u64::MAX);
    handle(&mut node, at(0), Input::Power(decision));
    let mut counts = StoreCounts::default();
    [Kind::Waiting, Kind::Chunked].into_iter().for_each(|kind| counts.enter(kind));
    let mut started: Vec<(u64, Task)> = Vec::new();
    let mut running: Option<(TaskId, Task, u64)> = None;
    for ms in (1..seconds * 1000).step_by(10) {
        let mut inputs = VecDeque::from([Input::Wake]);
        if let Some((id, task, _)) = running.take_if(|(.., ends)| *ends <= ms) {
            inputs.push_back(Input::Done(id, ended(&task), Duration::from_millis(30)));
        }
        if ms % 200 == 1 {
            let search = Request::Search { question: "where".to_owned(), count: 1, filter: Filter::default() };
            inputs.push_back(Input::Api(ReplyId(100 + ms), search));
        }
        // The source and both documents are there once the first question has been asked.
        if ms == 11 {
            let applied = [(1, Kind::Waiting), (2, Kind::Chunked)].map(|(doc, now)| Applied {
                doc: Some(DocId(doc)),
                now: Some(now),
                ..Applied::default()
            });
            inputs.push_back(Input::Api(ReplyId(1), Request::Add(source("/a").into())));
            inputs.push_back(Input::Saved(SaveId(1), saved(applied.to_vec(), counts)));
        }
        while let Some(input) = inputs.pop_front() {
            for out in handle(&mut node, at(ms), input) {
                match out {
                    Output::Start(task, Task::EmbedQuery { .. }) => {
                        let failed = Outcome::Failed("no engine".to_owned());
                        inputs.push_back(Input::Done(task, failed, Duration::ZERO));
                    }
                    Output::Start(id, task) => {
                        assert!(running.is_none(), "a question meets one task at most");
                        running = Some((id, task.clone(), ms + 30));
                        started.push((ms, task));
                    }
                    Output::Answering(true) => inputs.push_back(Input::Power(answering)),
                    _ => {}
                }
            }
        }
    }
    started
}

#[test]
fn a_file_is_read_and_embedded_although_questions_come_without_a_break() {
    let allowed = Decision { workers: 1, duty: Fraction::ALL, chunks: 4, ..Decision::default() };
    let asked = Decision {
        reason: Some(Reason::Answering),
        besides: Besides { only_questions: true, ..Besides::default() },
        ..Decision::default()
    };
    let started = polled(allowed, asked, 20);
    let first = |is: fn(&Task) -> bool| started.iter().find(|(_, task)| is(task)).map(|(ms, _)| *ms);
    assert!(first(|task| matches!(task, Task::Read { .. })).is_some_and(|ms| ms < 8_000), "{started:?}");
    let embeds = first(|task| matches!(task, Task::Embed { chunks: 1, .. }));
    assert!(embeds.is_some_and(|ms| ms < 8_000), "{started:?}");
    assert!(first(|task| matches!(task, Task::Embed { chunks: 2.., .. })).is_none(), "one chunk a task: {started:?}");
    let times: Vec<u64> = started.iter().map(|(ms, _)| *ms).collect();
    assert!(times[0] >= 4_000 && times.windows(2).all(|pair| pair[1] - pair[0] >= 990), "{times:?}");
}

#[test]
fn nothing_is_embedded_beside_questions_where_something_else_holds_the_work_too() {
    let battery = Decision { reason: Some(Reason::OnBattery), ..Decision::default() };
    let asked = Decision { reason: Some(Reason::Answering), ..Decision::default() };
    let started = polled(battery, asked, 20);
    assert!(started.iter().any(|(_, task)| matches!(task, Task::Read { .. })), "{started:?}");
    assert!(!started.iter().any(|(_, task)| matches!(task, Task::Embed { .. })), "{started:?}");
}

#[test]
fn texts_are_read_for_others_under_a_pause_but_not_where_the_device_is_in_danger() {
    for (reason, counts) in [(Reason::Paused, true), (Reason::TooHot, false), (Reason::BatteryLow, false)] {
        let mut node = node(u64::MAX);
        handle(&mut node, at(0), Input::Power(Decision { reason: Some(reason), ..Decision::default() }));
        assert_eq!(node.uncharged_work_from().is_some(), counts, "{reason:?}");
    }
}

#[test]
fn the_agents_own_home_is_no_place_for_documents() {
    let mut node = node(u64::MAX);
    for (place, refused) in
        [("/srv/the agent", true), ("/srv/the agent/store", true), ("/srv/the agents", false), ("/srv", false)]
    {
        let out = handle(&mut node, at(1), Input::Api(ReplyId(1), Request::Add(source(place).into())));
        let why = out.iter().find_map(|out| match out {
            Output::Reply(_, Response::Refused(Problem::Conflict, why)) => Some(why),
            _ => None,
        });
        assert_eq!(why.is_some_and(|why| why.contains("own home, /srv/the agent:")), refused, "{place}: {out:?}");
    }
}

#[test]
fn while_the_device_is_in_use_a_note_is_embedded_one_passage_at_a_time_and_a_heap_of_them_waits() {
    for (missing, embeds) in [(FEW_CHUNKS, true), (FEW_CHUNKS + 1, false)] {
        for reason in [Reason::InUse, Reason::OnBattery] {
            let mut node = node(u64::MAX);
            handle(&mut node, at(0), Input::Power(Decision { reason: Some(reason), ..Decision::default() }));
            handle(&mut node, at(1), Input::Api(ReplyId(1), Request::Add(source("/a").into())));
            let mut counts = StoreCounts::default();
            counts.enter(Kind::Chunked);
            counts.chunks = missing;
            let applied = Applied { doc: Some(DocId(2)), now: Some(Kind::Chunked), ..Applied::default() };
            let out = handle(&mut node, at(1), Input::Saved(SaveId(1), saved(vec![applied], counts)));
            let started = out.iter().any(|out| matches!(out, Output::Start(_, Task::Embed { chunks: 1, .. })));
            assert_eq!(started, embeds && reason == Reason::InUse, "{missing} {reason:?}: {out:?}");
        }
    }
}
