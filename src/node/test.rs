//! The node by tables: for each input, exactly these outputs. Whole runs are in tests/sim.rs.

use super::input::{Input, LinkInput, NotSaved, Request, Saved};
use super::output::{Notice, Output, Problem, Response};
use super::{Node, Out};
use crate::base::filter::Filter;
use crate::base::finding::{Area, Finding};
use crate::base::id::{DocId, Fingerprint, PeerKey, ReplyId, Ring, SaveId};
use crate::base::level::Energy;
use crate::base::time::{Duration, Instant};
use crate::energy::decision::Decision;
use crate::energy::fraction::Fraction;
use crate::energy::mode::Mode;
use crate::energy::policy::gate::Backlog;
use crate::energy::reason::Reason;
use crate::limits::{DISK_FREE_MIN, QUERIES_MAX, QUERY_MS_MAX, SETTLE_MS};
use crate::mesh::trust::{self, Rights, Trust};
use crate::scheduler::Config;
use crate::scheduler::task::{Outcome, Task};
use crate::store::change::{Applied, Change, FoundDocument};
use crate::store::counts::{Kind, StoreCounts};
use crate::store::record::Source;
use config::config;
use core::net::SocketAddr;

mod config;
mod coverage;
mod filters;
mod held;
mod lanes_test;
mod models_test;
mod panics;
mod promises;
mod rest;
mod unusable_test;
mod why;

fn source(path: &str) -> Source {
    Source { path: path.as_bytes().to_vec(), collection: "home".to_owned(), ring: Ring::Mesh, device: 1 }
}

const OWN: PeerKey = PeerKey([200; 32]);

pub(super) fn node(disk_free: u64) -> Node {
    let config = config(Config { slots: 1, disk_free, ..Config::default() });
    let mut node = Node::new(Instant::ZERO, config, Trust::new(OWN));
    if disk_free > DISK_FREE_MIN {
        assert_eq!(handle(&mut node, Instant::ZERO, Input::Wake), [], "with nothing to watch there is nothing to do");
    }
    node
}

pub(super) fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

pub(super) fn handle(node: &mut Node, now: Instant, input: Input) -> Vec<Output> {
    let mut out = Out::new();
    node.handle(now, input, &mut out);
    out.drain().collect()
}

/// Gives a peer all rights and an address.
pub(super) fn admit(node: &mut Node, key: PeerKey, address: SocketAddr) {
    let out = handle(node, at(0), Input::Trust(trust::Input::Grant(key, Rights::ALL)));
    assert!(matches!(&out[..], [Output::Admit(..), Output::Notice(Notice::Admitted(_)), ..]), "{out:?}");
    node.add_given_address(key, address);
}

/// A node with a link to each of these peers, and the outputs of the links. No fact is signed yet.
pub(super) fn linked(peers: &[u8]) -> (Node, Vec<Output>) {
    let mut node = node(u64::MAX);
    let mut out = Vec::new();
    for n in peers {
        let (key, address) = (PeerKey([*n; 32]), SocketAddr::from(([127, 0, 0, 1], u16::from(*n))));
        admit(&mut node, key, address);
        out.extend(handle(&mut node, at(1), Input::Link(key, LinkInput::Up(address))));
    }
    // The first count of the collections begins at once; it is ended here so that tests do not meet it.
    let count =
        out.iter().find_map(|out| if let Output::Start(task, Task::Summarize) = out { Some(*task) } else { None });
    let count = count.expect("a node at rest counts");
    let published =
        handle(&mut node, at(2), Input::Done(count, Outcome::Summarized(Default::default()), Duration::ZERO));
    let published: Vec<Output> = published.into_iter().filter(|out| matches!(out, Output::Sign(_))).collect();
    assert!(matches!(&published[..], [Output::Sign(_)]), "{published:?}");
    (node, out)
}

fn saved(applied: Vec<Applied>, counts: StoreCounts) -> Result<Saved, NotSaved> {
    Ok(Saved { applied, counts, number: 1, disk_free: u64::MAX })
}

#[test]
fn a_folder_is_acknowledged_only_after_it_is_saved() {
    let mut node = node(u64::MAX);
    let out = handle(&mut node, at(1), Input::Api(ReplyId(1), Request::Add(source("/a").into())));
    let [Output::Save(save, changes)] = &out[..] else { panic!("{out:?}") };
    assert!(matches!(&changes[..], [Change::Sources(_)]));
    let out = handle(&mut node, at(2), Input::Saved(*save, saved(Vec::new(), StoreCounts::default())));
    assert_eq!(out, [Output::Watch(b"/a".to_vec()), Output::Reply(ReplyId(1), Response::Added)]);
}

#[test]
fn a_folder_whose_save_failed_is_refused_and_the_status_says_why() {
    let mut node = node(u64::MAX);
    handle(&mut node, at(1), Input::Api(ReplyId(1), Request::Add(source("/a").into())));
    let out = handle(&mut node, at(2), Input::Saved(SaveId(1), Err(NotSaved::for_now("The disk is gone."))));
    assert!(
        matches!(&out[..], [Output::Reply(_, Response::Refused(Problem::Broken, _)), Output::Notice(_)]),
        "{out:?}"
    );
    let status = node.status(at(2));
    assert!(status.work.held.is_some_and(|why| why.starts_with("The disk is gone.")));
    let [finding] = &status.findings[..] else { panic!("{:?}", status.findings) };
    assert!(finding.area == Area::State && finding.what.starts_with("The disk is gone."), "{finding:?}");
    assert_eq!(finding.command.as_deref(), Some("df -h '/srv/the agent'"), "nothing needs to be started again");
    // The disk is back: the work and the commands go on by themselves, and the finding ends.
    let due = node.deadline().expect("it tries again");
    let out = handle(&mut node, due, Input::Wake);
    let [Output::Mend(save, _)] = &out[..] else { panic!("{out:?}") };
    let out = handle(&mut node, due, Input::Saved(*save, saved(Vec::new(), StoreCounts::default())));
    assert!(out.contains(&Output::Notice(Notice::Resumed)), "{out:?}");
    assert_eq!((node.status(due).work.held, node.status(due).findings), (None, Vec::new()));
    let out = handle(&mut node, due, Input::Api(ReplyId(2), Request::Add(source("/a").into())));
    assert!(out.iter().any(|out| matches!(out, Output::Save(..))), "{out:?}");
}

#[test]
fn a_store_that_is_not_on_the_disk_is_a_finding_and_the_doctor_has_it_looked_for() {
    let mut node = node(u64::MAX);
    let out = handle(&mut node, at(1), Input::Api(ReplyId(1), Request::Audit));
    assert!(out.contains(&Output::MeasureDisk), "{out:?}");
    handle(&mut node, at(2), Input::StoreLost("The store is gone from the disk.".to_owned()));
    let findings = node.status(at(2)).findings;
    assert!(matches!(&findings[..], [finding] if finding.what.starts_with("The store is gone from the disk.")));
    let out = handle(&mut node, at(3), Input::Api(ReplyId(2), Request::Add(source("/a").into())));
    assert!(
        matches!(&out[..], [Output::Reply(_, Response::Refused(Problem::Broken, why))] if why.contains("Nothing was"))
    );
}

#[test]
fn a_full_disk_is_a_finding() {
    let findings = node(DISK_FREE_MIN - 1).status(at(1)).findings;
    assert!(
        matches!(&findings[..], [Finding { area: Area::State, what, .. }] if what.contains("MiB free")),
        "{findings:?}"
    );
    assert_eq!(node(u64::MAX).status(at(1)).findings, []);
}

#[test]
fn a_folder_within_another_collection_is_refused() {
    let mut node = node(u64::MAX);
    handle(&mut node, at(1), Input::Api(ReplyId(1), Request::Add(source("/a").into())));
    handle(&mut node, at(1), Input::Saved(SaveId(1), saved(Vec::new(), StoreCounts::default())));
    let other = Source { collection: "work".to_owned(), ..source("/a/b") };
    let out = handle(&mut node, at(1), Input::Api(ReplyId(2), Request::Add(other.into())));
    assert!(matches!(&out[..], [Output::Reply(_, Response::Refused(Problem::Conflict, _))]), "{out:?}");
    let out = handle(&mut node, at(1), Input::Api(ReplyId(3), Request::Add(source("/a/b").into())));
    let again = [Output::Watch(b"/a".to_vec()), Output::Reply(ReplyId(3), Response::Added)];
    assert_eq!(out, again, "within its own collection it is watched already, and its watch is set anew");
}

#[test]
fn a_changed_path_is_scanned_and_waiting_documents_are_read() {
    let mut node = node(u64::MAX);
    handle(&mut node, at(1), Input::Api(ReplyId(1), Request::Add(source("/a").into())));
    handle(&mut node, at(1), Input::Saved(SaveId(1), saved(Vec::new(), StoreCounts::default())));
    let out = handle(&mut node, at(1 + SETTLE_MS), Input::Wake);
    let [Output::Start(task, Task::Scan(_))] = &out[..] else { panic!("{out:?}") };
    let seen = Change::Gone(FoundDocument::somewhere(9));
    let outcome = Outcome::Scanned {
        changes: vec![seen],
        gone: Vec::new(),
        next: None,
        remarks: Vec::new(),
        tally: Box::default(),
    };
    let out = handle(&mut node, at(500), Input::Done(*task, outcome, Duration::ZERO));
    let [Output::Save(save, _)] = &out[..] else { panic!("{out:?}") };
    let mut counts = StoreCounts::default();
    counts.enter(Kind::Waiting);
    let applied = Applied { doc: Some(DocId(1)), now: Some(Kind::Waiting), ..Applied::default() };
    let out = handle(&mut node, at(501), Input::Saved(*save, saved(vec![applied], counts)));
    assert!(matches!(&out[..], [Output::Start(_, Task::Read { doc: DocId(1) })]), "{out:?}");
}

#[test]
fn a_query_without_any_answer_is_answered_at_its_deadline() {
    let mut node = node(u64::MAX);
    let search = Request::Search { question: "q".to_owned(), count: 3, filter: Filter::default() };
    let out = handle(&mut node, at(0), Input::Api(ReplyId(1), search));
    let [Output::Start(task, Task::EmbedQuery { .. })] = &out[..] else { panic!("{out:?}") };
    let mut out = handle(&mut node, at(QUERY_MS_MAX), Input::Wake);
    // In which languages the documents are is counted meanwhile.
    out.retain(|output| !matches!(output, Output::Start(..)));
    assert!(matches!(&out[..], [Output::Reply(_, Response::Hits { asked: 1, answered: 0, .. })]), "{out:?}");
    assert_eq!(
        handle(
            &mut node,
            at(QUERY_MS_MAX + 1),
            Input::Done(*task, Outcome::Found(Box::default(), Vec::new()), Duration::ZERO)
        ),
        []
    );
}

#[test]
fn one_query_too_many_is_refused_as_busy() {
    let mut node = node(u64::MAX);
    let search = || Request::Search { question: "q".to_owned(), count: 3, filter: Filter::default() };
    for n in 0..QUERIES_MAX as u64 {
        handle(&mut node, at(0), Input::Api(ReplyId(n), search()));
    }
    let out = handle(&mut node, at(0), Input::Api(ReplyId(99), search()));
    assert!(matches!(&out[..], [Output::Reply(ReplyId(99), Response::Refused(Problem::Busy, _))]));
}

#[test]
fn on_a_full_disk_nothing_begins_and_the_disk_is_measured_again() {
    let mut node = node(DISK_FREE_MIN - 1);
    let out = handle(&mut node, at(0), Input::Wake);
    assert!(matches!(&out[..], [Output::Notice(_), Output::MeasureDisk]), "{out:?}");
    let deadline = node.deadline().expect("it will be measured again");
    assert!(deadline > at(0) && deadline < at(0) + Duration::from_secs(120));
    let out = handle(&mut node, at(5), Input::Disk { free: u64::MAX });
    assert!(matches!(&out[..], [Output::Notice(super::output::Notice::Resumed)]), "{out:?}");
}

#[test]
fn a_stop_waits_for_what_is_under_way_and_refuses_the_rest() {
    let mut node = node(u64::MAX);
    handle(&mut node, at(1), Input::Api(ReplyId(1), Request::Add(source("/a").into())));
    assert_eq!(handle(&mut node, at(2), Input::Stop), []);
    let out = handle(&mut node, at(3), Input::Api(ReplyId(2), Request::Status));
    assert!(matches!(&out[..], [Output::Reply(_, Response::Refused(Problem::Busy, _))]));
    let out = handle(&mut node, at(4), Input::Saved(SaveId(1), saved(Vec::new(), StoreCounts::default())));
    assert_eq!(out.last(), Some(&Output::Stopped));
}

#[test]
fn during_a_query_and_two_seconds_after_it_nothing_starts_and_the_governor_knows() {
    let mut node = node(u64::MAX);
    let allowed = Decision { workers: 1, duty: Fraction::ALL, chunks: 4, ..Decision::default() };
    assert_eq!(handle(&mut node, at(0), Input::Power(allowed)), []);
    let search = Request::Search { question: "where".to_owned(), count: 1, filter: Filter::default() };
    let out = handle(&mut node, at(1), Input::Api(ReplyId(1), search));
    let [Output::Start(task, Task::EmbedQuery { .. }), Output::Answering(true)] = &out[..] else { panic!("{out:?}") };
    handle(&mut node, at(1), Input::Api(ReplyId(2), Request::Add(source("/a").into())));
    handle(&mut node, at(1), Input::Saved(SaveId(1), saved(Vec::new(), StoreCounts::default())));
    let out = handle(&mut node, at(1 + SETTLE_MS), Input::Wake);
    assert!(matches!(&out[..], [Output::Demand(Backlog { oldest: Some(_), .. })]), "work waits: {out:?}");
    let outcome = Outcome::Failed("no engine".to_owned());
    let out = handle(&mut node, at(1000), Input::Done(*task, outcome, Duration::ZERO));
    assert!(matches!(&out[..], [Output::Reply(..), Output::Answering(false)]), "{out:?}");
    let due = node.deadline().expect("it wakes for its work");
    assert_eq!(due, at(3000), "two seconds after the answer");
    let out = handle(&mut node, due, Input::Wake);
    assert!(matches!(&out[..], [Output::Start(_, Task::Scan(_))]), "{out:?}");
}

/// A node with work under this decision, whose first task took half a second of CPU time.
fn in_debt(decision: Decision) -> Node {
    let mut node = node(u64::MAX);
    handle(&mut node, at(0), Input::Power(decision));
    handle(&mut node, at(1), Input::Api(ReplyId(1), Request::Add(source("/a").into())));
    handle(&mut node, at(1), Input::Saved(SaveId(1), saved(Vec::new(), StoreCounts::default())));
    let out = handle(&mut node, at(1 + SETTLE_MS), Input::Wake);
    let started =
        out.iter().find_map(|out| if let Output::Start(task, Task::Scan(_)) = out { Some(*task) } else { None });
    let outcome = Outcome::Scanned {
        changes: Vec::new(),
        gone: Vec::new(),
        next: Some(b"/a/b".to_vec()),
        remarks: Vec::new(),
        tally: Box::default(),
    };
    handle(&mut node, at(1000), Input::Done(started.unwrap(), outcome, Duration::from_millis(500)));
    node
}

#[test]
fn a_credit_deadline_that_passed_does_not_wake_a_node_that_may_start_nothing() {
    let little = Decision { workers: 1, duty: Fraction::new(0.1), chunks: 1, ..Decision::default() };
    let broken = Err(NotSaved::for_now("The disk is gone."));
    for stops in [Input::Disk { free: 1 }, Input::Saved(SaveId(2), broken)] {
        let mut node = in_debt(little);
        let due = node.deadline().expect("it has debts to wait for");
        assert!(due > at(1000), "{due:?}");
        handle(&mut node, at(1100), Input::Api(ReplyId(2), Request::Add(source("/b").into())));
        handle(&mut node, at(1200), stops.clone());
        for ms in (1200..60_000).step_by(100) {
            handle(&mut node, at(ms), Input::Wake);
            assert!(node.deadline().is_none_or(|due| due > at(ms)), "at {ms} it wants to be woken at once: {stops:?}");
        }
    }
}

#[test]
fn work_that_comes_just_after_an_answer_starts_when_the_quiet_time_is_over() {
    let mut node = node(u64::MAX);
    let allowed = Decision { workers: 1, duty: Fraction::ALL, chunks: 4, ..Decision::default() };
    handle(&mut node, at(0), Input::Power(allowed));
    handle(&mut node, at(1), Input::Api(ReplyId(1), Request::Add(source("/a").into())));
    handle(&mut node, at(1), Input::Saved(SaveId(1), saved(Vec::new(), StoreCounts::default())));
    let search = Request::Search { question: "where".to_owned(), count: 1, filter: Filter::default() };
    let out = handle(&mut node, at(2), Input::Api(ReplyId(2), search));
    let Some(Output::Start(task, Task::EmbedQuery { .. })) = out.first() else { panic!("{out:?}") };
    handle(&mut node, at(10), Input::Done(*task, Outcome::Failed("no engine".to_owned()), Duration::ZERO));
    handle(&mut node, at(1 + SETTLE_MS), Input::Wake);
    let due = node.deadline().expect("it wakes for its work");
    assert_eq!(due, at(2010));
    let out = handle(&mut node, due, Input::Wake);
    assert!(matches!(&out[..], [Output::Start(_, Task::Scan(_))]), "{out:?}");
}

#[test]
fn a_count_of_collections_waits_for_an_answer_and_for_nothing_that_holds_work() {
    use Reason::{BatteryLow, Paused, TooHot, UnderVoltage};
    for reason in [None, Some(Paused), Some(UnderVoltage), Some(TooHot), Some(BatteryLow)] {
        let mut node = node(u64::MAX);
        let allowed = Decision { workers: 1, duty: Fraction::ALL, chunks: 4, ..Decision::default() };
        let decision = if reason.is_some() { Decision { reason, ..Decision::default() } } else { allowed };
        handle(&mut node, at(0), Input::Power(decision));
        let search = Request::Search { question: "where".to_owned(), count: 1, filter: Filter::default() };
        let out = handle(&mut node, at(0), Input::Api(ReplyId(1), search));
        let Some(Output::Start(task, Task::EmbedQuery { .. })) = out.first() else { panic!("{out:?}") };
        let (key, address) = (PeerKey([7; 32]), SocketAddr::from(([127, 0, 0, 1], 7)));
        admit(&mut node, key, address);
        handle(&mut node, at(1), Input::Link(key, super::input::LinkInput::Up(address)));
        let failed = Outcome::Failed("no engine".to_owned());
        let mut counted = None;
        let mut at_once = 0;
        let mut inputs = vec![(500, Input::Done(*task, failed, Duration::ZERO)), (9000, Input::Power(allowed))];
        for ms in 2..10_000 {
            let input =
                if inputs.first().is_some_and(|(due, _)| *due == ms) { inputs.remove(0).1 } else { Input::Wake };
            if input == Input::Wake && node.deadline().is_none_or(|due| due > at(ms)) {
                continue;
            }
            let out = handle(&mut node, at(ms), input);
            at_once += usize::from(node.deadline().is_some_and(|due| due <= at(ms)));
            counted = counted.or(out.iter().any(|out| matches!(out, Output::Start(_, Task::Summarize))).then_some(ms));
        }
        assert_eq!((counted, at_once), (Some(2500), 0), "{reason:?}");
    }
}

#[test]
fn with_a_steady_stream_of_files_the_demand_has_the_age_of_the_oldest_file() {
    const HOUR: u64 = 3_600_000;
    let mut node = node(u64::MAX);
    let paused = Decision { reason: Some(Reason::Paused), ..Decision::default() };
    handle(&mut node, at(0), Input::Power(paused));
    let waiting = |files: usize| {
        let mut counts = StoreCounts::default();
        (0..files).for_each(|_| counts.enter(Kind::Waiting));
        counts
    };
    let mut reported = None;
    // Each hour brings a file; in its middle the older of the two that wait then is done.
    for half in 1..48_u64 {
        let (now, counts) = (at(half * HOUR / 2), waiting(1 + usize::from(half % 2 == 0)));
        let out = handle(&mut node, now, Input::Api(ReplyId(half), Request::Add(source(&format!("/{half}")).into())));
        let save = out.iter().find_map(|out| if let Output::Save(save, _) = out { Some(*save) } else { None });
        for out in handle(&mut node, now, Input::Saved(save.unwrap(), saved(Vec::new(), counts))) {
            if let Output::Demand(Backlog { oldest: Some(age), .. }) = out {
                reported = Some(now.millis() - u64::try_from(age.as_millis()).unwrap());
            }
        }
        let waited = now.millis() - reported.expect("there is work");
        assert!(waited <= HOUR, "after {half} half hours the demand is {waited} ms old");
    }
}

#[test]
fn the_published_headroom_has_quarters_energy_and_speed_of_the_decision() {
    let mut node = node(u64::MAX);
    assert_eq!(node.offer(false).quarters, 4, "without a governor");
    let all =
        Decision { headroom: Fraction::ALL, mode: Mode::Full, workers: 4, duty: Fraction::ALL, ..Decision::default() };
    for (decision, busy, quarters) in [
        (all, false, 4),
        (all, true, 2),
        (Decision { headroom: Fraction::new(0.6), mode: Mode::Normal, ..all }, false, 2),
        (Decision { mode: Mode::Trickle, headroom: Fraction::TRICKLE, ..all }, false, 0),
        (Decision { on_battery: true, ..all }, false, 0),
        (Decision { reason: Some(Reason::UnderVoltage), workers: 0, ..all }, false, 0),
    ] {
        handle(&mut node, at(0), Input::Power(decision));
        assert_eq!(node.offer(busy).quarters, quarters, "{decision:?}");
    }
    handle(&mut node, at(0), Input::Power(Decision { energy: Energy::Surplus, ..all }));
    let offer = node.offer(false);
    assert_eq!((offer.energy, offer.ms_per_task), (Energy::Surplus, 400));
}
