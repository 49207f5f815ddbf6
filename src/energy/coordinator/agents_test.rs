//! Tests of several agents of a host: election, shares, pauses, hints.

use super::tests::*;
use super::*;
use crate::base::level::Energy;
use crate::base::time::Duration;
use crate::energy::decision::Decision;
use crate::energy::doubt::{Doubt, Doubts};
use crate::energy::fraction::Fraction;
use crate::energy::host_protocol::{FollowerMessage, HintMessage, LeaderMessage, PauseState, PauseVersion, Tail};
use crate::energy::policy::gate::Backlog;
use crate::energy::policy::pause::Pause;
use crate::energy::rank::Rank;
use crate::energy::reason::Reason;
use crate::limits::FOLLOWERS_MAX;

const ONE: FollowerId = FollowerId(1);
const TWO: FollowerId = FollowerId(2);

fn state(oldest_ms: Option<u64>, answering: bool) -> FollowerMessage {
    FollowerMessage::State { oldest_ms, answering, pause: PauseVersion::default() }
}

fn join(leader: &mut HostCoordinator, ms: u64, id: FollowerId, message: FollowerMessage) -> Vec<Output> {
    let mut outputs = handle(leader, ms, Input::FollowerJoined { id, process: 100 + i32::try_from(id.0).unwrap() });
    outputs.extend(handle(leader, ms, Input::FromFollower(id, message)));
    outputs
}

/// A leader with work whose governor has risen to all cores.
fn risen() -> HostCoordinator {
    let mut leader = leader();
    handle(&mut leader, 0, Input::Demand(WORK));
    (1..120).for_each(|s| _ = second(&mut leader, s * 1000));
    leader
}

fn allows(workers: usize) -> Decision {
    Decision { workers, duty: Fraction::ALL, headroom: Fraction::ALL, ..Decision::default() }
}

fn from_leader(decision: Decision) -> Input<'static> {
    Input::FromLeader(LeaderMessage { decision, pause: PauseVersion::default(), more: Tail::default() })
}

#[test]
fn an_agent_that_is_not_elected_connects_or_campaigns_and_retries_later_after_a_silent_leader() {
    let mut agent = seeker();
    assert!(!agent.leads() && agent.host_deadline(at(0)) == Some(at(0)));
    let first = decision(&mut agent, 0);
    let table: [(u64, Input<'_>, &[Output]); 9] = [
        (0, Input::Wake, &[Output::Connect, Output::Power(first)]),
        (1, Input::LeaderAbsent, &[Output::Campaign]),
        (2, Input::NotElected, &[]),
        (251, Input::Wake, &[]),
        (252, Input::Wake, &[Output::Connect]),
        (253, Input::LeaderFound, &[Output::ToLeader(state(None, false))]),
        (254, Input::LeaderLost, &[Output::Campaign]),
        (255, Input::NotElected, &[]),
        // The leader was found and sent nothing: half a second this time.
        (755, Input::Wake, &[Output::Connect]),
    ];
    for (ms, input, due) in table {
        assert_eq!(handle(&mut agent, ms, input.clone()), due, "{input:?} at {ms}");
    }
    assert_eq!(
        handle(&mut agent, 756, Input::LeaderFound).len(),
        1,
        "a new connection is sent what the agent wants again"
    );
    handle(&mut agent, 757, from_leader(first));
    handle(&mut agent, 758, Input::LeaderLost);
    handle(&mut agent, 759, Input::NotElected);
    assert_eq!(
        agent.host_deadline(at(759)),
        Some(at(759 + 250)),
        "the leader sent a message: a quarter of a second again"
    );
    assert_eq!(agent.sampler_deadline(at(759)), Some(at(3_600_000)), "a follower samples nothing");
    handle(&mut agent, 800, Input::Elected);
    assert!(agent.leads());
    assert_eq!(handle(&mut agent, 800, Input::Wake), [READ]);
}

#[test]
fn agents_with_work_share_the_host_and_a_query_at_one_of_them_holds_all() {
    let mut leader = risen();
    assert_eq!(decision(&mut leader, 120_000).workers, 4, "alone with its work");
    join(&mut leader, 120_000, ONE, state(Some(9000), false));
    assert_eq!((decision(&mut leader, 120_001).workers, leader.shares.part(true).workers), (2, 2));
    join(&mut leader, 120_000, TWO, state(None, false));
    assert_eq!(decision(&mut leader, 120_001).workers, 2, "an idle one takes nothing");
    assert_eq!(leader.processes()[..], [101, 102]);
    assert_eq!(leader.backlog(at(121_000)).oldest, Some(Duration::from_secs(121)));
    handle(&mut leader, 121_000, Input::FromFollower(TWO, state(None, true)));
    assert_eq!(decision(&mut leader, 121_000).reason, Some(Reason::Answering));
    assert!(decision(&mut leader, 121_000).besides.only_questions);
    handle(&mut leader, 121_000, Input::FollowerLeft(TWO));
    assert_eq!(decision(&mut leader, 122_900).reason, Some(Reason::Answering), "for two more seconds");
    assert_eq!(decision(&mut leader, 123_100).workers, 2);
    handle(&mut leader, 123_200, Input::FollowerLeft(ONE));
    assert_eq!(decision(&mut leader, 123_300).workers, 4);
}

#[test]
fn every_follower_is_sent_its_share_and_the_shares_add_up_to_the_whole() {
    let mut leader = risen();
    let mut last = std::collections::BTreeMap::new();
    let mut receive = |outputs: Vec<Output>| {
        for output in outputs {
            if let Output::ToFollower(id, message) = output {
                last.insert(id, message.decision);
            }
        }
        last.values().map(|part: &Decision| part.headroom.value()).sum::<f64>()
    };
    receive(join(&mut leader, 120_000, ONE, state(Some(1), false)));
    let followers = receive(join(&mut leader, 120_010, TWO, state(Some(1), false)));
    let own = decision(&mut leader, 120_020).headroom.value();
    assert!((own + followers - 1.0).abs() < 1e-9, "{own} and {followers}");
    let followers = receive(handle(&mut leader, 120_030, Input::Demand(Backlog::default())));
    assert!((followers - 1.0).abs() < 1e-9, "the leader has no work: {followers}");
    for more in 3..=FOLLOWERS_MAX as u64 {
        handle(&mut leader, 120_040, Input::FollowerJoined { id: FollowerId(more), process: 1 });
    }
    let id = FollowerId(99);
    assert_eq!(handle(&mut leader, 120_050, Input::FollowerJoined { id, process: 1 }), [Output::HangUp(id)]);
}

#[test]
fn a_follower_that_works_is_sent_its_share_every_ten_seconds_and_an_idle_one_is_not() {
    let mut leader = leader();
    join(&mut leader, 1000, ONE, state(Some(0), false));
    join(&mut leader, 1000, TWO, state(None, false));
    second(&mut leader, 1000);
    assert_eq!(leader.host_deadline(at(1000)), Some(at(11_000)));
    let renewed = handle(&mut leader, 11_000, Input::Wake);
    let renewed: Vec<_> = renewed.iter().filter(|output| matches!(output, Output::ToFollower(..))).collect();
    assert!(matches!(renewed[..], [Output::ToFollower(ONE, _)]), "{renewed:?}");
    assert_eq!(leader.host_deadline(at(11_000)), Some(at(21_000)));
    // A follower that begins to work counts how old the last message is, so it is sent a new one.
    let sent = handle(&mut leader, 12_000, Input::FromFollower(TWO, state(Some(0), false)));
    assert!(sent.iter().any(|output| matches!(output, Output::ToFollower(TWO, _))), "{sent:?}");
}

#[test]
fn a_follower_is_sent_small_steps_once_they_add_up_and_less_when_the_sensors_of_its_leader_hang() {
    let mut leader = leader();
    handle(&mut leader, 0, Input::Demand(WORK));
    join(&mut leader, 0, ONE, state(Some(0), false));
    (1..60).for_each(|s| _ = second(&mut leader, s * 1000));
    let is_sent = |outputs: &[Output]| outputs.iter().any(|output| matches!(output, Output::ToFollower(ONE, _)));
    let mut lower_by = |percent: u32| {
        leader.shares.whole.headroom = Fraction::new(f64::from(100 - percent) / 100.0);
        let mut out = Out::new();
        leader.update_followers_if_moved(at(60_000), &mut out);
        is_sent(&out.drain().collect::<Vec<_>>())
    };
    lower_by(0);
    let messages = (1..80).map(&mut lower_by).filter(|sent| *sent).count();
    assert!((10..=16).contains(&messages), "steps of one percent are sent when they add up: {messages}");
    (60..120).for_each(|s| _ = second(&mut leader, s * 1000));
    handle(&mut leader, 120_000, Input::Wake);
    let mut sent = false;
    for ms in (120_000..130_000).step_by(500) {
        let mut out = Out::new();
        leader.decision(at(ms), &mut out);
        sent |= is_sent(&out.drain().collect::<Vec<_>>());
    }
    assert!(sent && leader.shares.part(true).headroom.value() <= 0.35, "{:?}", leader.shares.part(true));
}

#[test]
fn a_follower_whose_leader_is_gone_keeps_to_its_last_message_for_five_seconds_and_then_does_little() {
    let mut agent = follower();
    handle(&mut agent, 10, from_leader(allows(3)));
    assert_eq!(decision(&mut agent, 99_000), allows(3));
    handle(&mut agent, 100_000, Input::LeaderLost);
    assert_eq!(decision(&mut agent, 104_000), allows(3));
    assert_eq!(agent.host_deadline(at(104_000)), Some(at(105_001)), "the node is sent the change at once");
    let reduced = decision(&mut agent, 105_001);
    assert_eq!((reduced.workers, reduced.duty, reduced.reason), (1, Fraction::TRICKLE, Some(Reason::LeaderSilent)));
    assert!(handle(&mut agent, 105_001, Input::Wake).contains(&Output::Power(reduced)));
}

#[test]
fn a_follower_whose_leader_is_gone_does_not_do_more_than_it_was_allowed() {
    let mut agent = follower();
    let little = Decision { workers: 1, duty: Fraction::new(0.1), headroom: Fraction::new(0.025), ..allows(1) };
    handle(&mut agent, 10, from_leader(little));
    handle(&mut agent, 20, Input::LeaderLost);
    let reduced = decision(&mut agent, 9000);
    assert_eq!((reduced.workers, reduced.duty, reduced.headroom), (1, little.duty, little.headroom));
}

#[test]
fn a_follower_that_works_does_little_when_its_leader_sends_nothing_for_long() {
    let mut agent = follower();
    handle(&mut agent, 0, from_leader(allows(3)));
    assert_eq!(decision(&mut agent, 9_000_000), allows(3), "without work it is not renewed, and need not be");
    handle(&mut agent, 9_000_000, Input::Demand(WORK));
    assert_eq!(decision(&mut agent, 9_024_000), allows(3));
    // The oldest document is done and the next is younger: this is no message of the leader.
    handle(&mut agent, 9_024_500, Input::Demand(WORK));
    let reduced = decision(&mut agent, 9_026_000);
    assert_eq!((reduced.workers, reduced.reason), (1, Some(Reason::LeaderSilent)));
    handle(&mut agent, 9_027_000, from_leader(allows(3)));
    assert_eq!(decision(&mut agent, 9_028_000), allows(3));
}

#[test]
fn a_follower_sends_what_is_new_and_nothing_twice() {
    let mut agent = follower();
    handle(&mut agent, 0, from_leader(allows(3)));
    let sent = |agent: &mut HostCoordinator, ms, input| {
        let outputs = handle(agent, ms, input).into_iter();
        outputs.filter(|output| matches!(output, Output::ToLeader(_))).collect::<Vec<_>>()
    };
    let older = Backlog { oldest: Some(Duration::from_secs(5)), ..WORK };
    let pause = PauseVersion { number: 1, pause: PauseState::Open };
    let paused = FollowerMessage::State { oldest_ms: Some(7000), answering: true, pause };
    let table: [(u64, Input<'_>, Option<FollowerMessage>); 5] = [
        (100, Input::Demand(WORK), Some(state(Some(0), false))),
        (2000, Input::Demand(older), None),
        (3000, Input::Answering(true), Some(state(Some(6000), true))),
        (4000, Input::Pause(Some(Pause::OPEN)), Some(paused)),
        (4001, from_leader(allows(2)), None),
    ];
    for (ms, input, due) in table {
        let due: Vec<Output> = due.map(Output::ToLeader).into_iter().collect();
        assert_eq!(sent(&mut agent, ms, input.clone()), due, "{input:?}");
    }
}

#[test]
fn a_hint_to_a_follower_goes_to_its_leader_or_to_the_next_one() {
    let hint = br#"{"v":1,"state":"surplus","ttl_s":900}"#;
    let mut agent = follower();
    let sent = handle(&mut agent, 0, Input::Hint(HintFrom::Api, hint));
    let Some(Output::ToLeader(FollowerMessage::Hint(message))) = sent.first().cloned() else { panic!("{sent:?}") };
    handle(&mut agent, 1, Input::LeaderLost);
    for _ in 0..20 {
        let outputs = handle(&mut agent, 2, Input::Hint(HintFrom::Api, hint));
        assert!(!outputs.iter().any(|output| matches!(output, Output::ToLeader(_))), "{outputs:?}");
    }
    let sent = handle(&mut agent, 3, Input::LeaderFound);
    let hints = sent.iter().filter(|output| **output == Output::ToLeader(FollowerMessage::Hint(message.clone())));
    assert_eq!(hints.count(), 8, "eight are queued: {sent:?}");
    let mut leader = leader();
    join(&mut leader, 0, ONE, FollowerMessage::Hint(HintMessage::clone(&message)));
    assert_eq!(leader.governor.policy.energy(at(1), None).0, Energy::Surplus);
}

#[test]
fn the_newest_pause_holds_whichever_agent_comes_back_with_an_older_one() {
    let message = |version| LeaderMessage { decision: Decision::default(), pause: version, more: Tail::default() };
    let mut first = leader();
    handle(&mut first, 10, Input::Pause(Some(Pause::OPEN)));
    let mut second = follower();
    handle(&mut second, 20, Input::FromLeader(message(first.pause_version(at(20)))));
    assert!(second.save_at() <= Some(at(20)), "a follower may lead next, so it saves the pause at once");
    let held = decision(&mut second, 21).reason;
    assert_eq!(held, Some(Reason::Paused), "also while it follows, whatever its leader allows");
    handle(&mut second, 30, Input::Elected);
    assert_eq!(decision(&mut second, 31).reason, Some(Reason::Paused));
    handle(&mut second, 40, Input::Pause(None));
    // The first agent restarts with the state that it saved.
    let mut first = started(first.persisted(at(25)), &board_report());
    assert!(first.pause().is_some());
    handle(&mut first, 49, Input::LeaderFound);
    handle(&mut first, 50, Input::FromLeader(message(second.pause_version(at(50)))));
    assert_eq!((first.pause(), first.pause_version(at(50))), (None, second.pause_version(at(50))));
    // An agent that knows no pause undoes none.
    handle(&mut first, 60, Input::Pause(Some(Pause::lasting(at(60), Duration::from_secs(9)))));
    handle(&mut first, 61, Input::FromLeader(message(seeker().pause_version(at(61)))));
    assert!(first.pause().is_some());
}

#[test]
fn a_new_leader_counts_its_own_queries_and_starts_without_headroom() {
    let mut agent = follower();
    handle(&mut agent, 0, from_leader(allows(4)));
    handle(&mut agent, 1, Input::Answering(true));
    handle(&mut agent, 2, Input::LeaderLost);
    handle(&mut agent, 3, Input::Elected);
    assert_eq!(decision(&mut agent, 4).workers, 0);
    (1..120).for_each(|s| _ = second(&mut agent, s * 1000));
    assert_eq!(decision(&mut agent, 120_000).reason, Some(Reason::Answering));
    handle(&mut agent, 121_000, Input::Answering(false));
    assert_eq!(decision(&mut agent, 123_001).reason, None);
}

#[test]
fn a_burst_that_is_asked_for_at_any_agent_holds_at_all_and_a_pause_ends_it() {
    let burst = |millis| FollowerMessage::Burst(millis);
    let mut leader = risen();
    join(&mut leader, 120_000, ONE, state(Some(0), false));
    let told = handle(&mut leader, 120_001, Input::FromFollower(ONE, burst(700_000)));
    assert_eq!((leader.burst(at(120_002)), decision(&mut leader, 120_002).rank), (Some(at(700_000)), Rank::Hurried));
    let message = told.iter().find_map(|output| match output {
        Output::ToFollower(ONE, message) => Some(*message),
        _ => None,
    });
    assert_eq!(
        message.map(|message| message.more),
        Some(Tail { rank: Rank::Hurried, burst_until: 700_000, ..Tail::default() })
    );
    // The longest counts, and nobody asks for more than a day.
    handle(&mut leader, 120_003, Input::Burst(Duration::from_secs(9)));
    assert_eq!(leader.burst(at(120_004)), Some(at(700_000)));
    handle(&mut leader, 120_005, Input::FromFollower(ONE, burst(u64::MAX)));
    assert!(leader.burst(at(120_006)).is_some_and(|until| until <= at(120_006 + 86_400_000)));
    handle(&mut leader, 120_007, Input::Pause(Some(Pause::OPEN)));
    assert_eq!((leader.burst(at(120_008)), decision(&mut leader, 120_008).rank), (None, Rank::Last));
    // A follower obeys its leader's message, and tells the next leader what was asked for while it had none.
    let mut agent = follower();
    let doubts = Doubts::NONE.with(Doubt::DeadBattery, true);
    let more = Tail {
        rank: Rank::Hurried,
        burst_until: 60_000,
        doubts,
        only_questions: true,
        in_use: true,
        lasting: Some(Reason::InUse),
    };
    let message = LeaderMessage { decision: allows(2), pause: PauseVersion::default(), more };
    handle(&mut agent, 1, Input::FromLeader(message));
    assert_eq!((agent.burst(at(2)), decision(&mut agent, 2).rank), (Some(at(60_000)), Rank::Hurried));
    assert!(decision(&mut agent, 2).besides.only_questions && decision(&mut agent, 2).besides.in_use);
    assert_eq!(decision(&mut agent, 2).besides.lasting, Some(Reason::InUse));
    assert_eq!((agent.told_by_leader(), leader.told_by_leader()), (doubts, Doubts::NONE));
    handle(&mut agent, 3, Input::LeaderLost);
    assert_eq!(agent.told_by_leader(), Doubts::NONE, "what a leader that is gone said is old");
    handle(&mut agent, 4, Input::Burst(Duration::from_secs(600)));
    let sent = handle(&mut agent, 5, Input::LeaderFound);
    assert!(sent.contains(&Output::ToLeader(burst(600_004))), "{sent:?}");
    handle(&mut agent, 6, Input::Elected);
    assert_eq!(
        (agent.burst(at(7)), decision(&mut agent, 7).rank),
        (Some(at(600_004)), Rank::Hurried),
        "and leads with it"
    );
}
