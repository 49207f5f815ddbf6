//! Who is said to do what waits.

use super::*;
use crate::energy::decision::{Besides, Decision};
use crate::node::status::{LentStatus, SharedWork, WhyStatus, WorkStatus};
use crate::runtime::governor::{WaitingWork, said_of_energy, said_of_work};
use crate::scheduler::only_here::OnlyHere;
use crate::store::counts::StoreCounts;

/// A linked device that says that nothing limits it.
pub(crate) fn free() -> DeviceHold {
    DeviceHold {
        device: "pc".to_owned(),
        peer_id: "12D3".to_owned(),
        linked: true,
        stopped: false,
        since_ago: None,
        banned: false,
        fails: false,
        frozen: false,
        gets: true,
        silent: None,
        chunks: 0,
        told: Some(None),
    }
}

/// What is said of passages that wait here while this device does nothing, for this reason, and of the other device.
fn said(reason: Reason, other: DeviceHold) -> (String, DeviceWhy) {
    let (since_ago, next_in) = (Duration::from_secs(9), None);
    let hold = Some(HoldStatus { reason: Ok(reason), measured: None, share: 0, since_ago, next_in });
    let mut counts = StoreCounts::default();
    counts.enter(Kind::Chunked);
    counts.chunks = 40;
    let why = WhyStatus { hold, devices: vec![other], ..WhyStatus::default() };
    let work =
        WorkStatus { shared: SharedWork { to_embed: 40, why, ..SharedWork::default() }, ..WorkStatus::default() };
    let why = Why::from(&Status { counts, work, ..Status::at_rest() });
    let group =
        why.waiting.into_iter().find(|group| group.kind == WaitingKind::Embed).unwrap_or_else(|| panic!("none"));
    (group.why.unwrap_or_default(), why.devices[1].clone())
}

#[test]
fn a_free_device_that_gets_nothing_does_nothing() {
    // The owner waits for surplus energy, which the other one has not either; or it is paused, and all that waits is private.
    for reason in [Reason::WaitingForSurplus, Reason::Paused] {
        let (why, other) = said(reason, DeviceHold { gets: false, ..free() });
        assert!(why.starts_with("Nobody gets to them just now"), "{why}");
        assert!(
            other.why.starts_with("nothing limits it, and nothing that waits here is for it just now"),
            "{}",
            other.why
        );
        assert_eq!(other.state, DeviceState::Free);
        let (why, other) = said(reason, free());
        assert!(why.starts_with("They are done"), "{why}");
        assert_eq!(other.why, "nothing limits it");
        let (why, _) = said(reason, DeviceHold { gets: false, chunks: 3, ..free() });
        assert!(why.starts_with("They are done"), "it has some: {why}");
    }
}

#[test]
fn where_only_this_device_may_embed_what_waits_that_is_said_and_no_other_is_pointed_to() {
    let why = |only_here, chunks| {
        let (since_ago, next_in) = (Duration::from_secs(9), None);
        let hold = Some(HoldStatus { reason: Ok(Reason::Paused), measured: None, share: 0, since_ago, next_in });
        let mut counts = StoreCounts::default();
        counts.enter(Kind::Chunked);
        counts.chunks = 120;
        let lent = LentStatus { chunks, ..LentStatus::at_rest() };
        let devices = vec![DeviceHold { chunks, gets: false, ..free() }];
        let why = WhyStatus { hold, devices, only_here, ..WhyStatus::default() };
        let shared = SharedWork { to_embed: 120, why, lent: vec![lent], ..SharedWork::default() };
        let work = WorkStatus { shared, ..WorkStatus::default() };
        let why = Why::from(&Status { counts, work, ..Status::at_rest() });
        why.waiting.into_iter().find(|group| group.kind == WaitingKind::Embed).and_then(|group| group.why)
    };
    let nobody = "Nobody gets to them just now: what limits this device is said below.";
    assert_eq!(
        why(OnlyHere::Private, 0),
        Some(format!("The passages are private, so only this device may embed them. {nobody}"))
    );
    assert_eq!(
        why(OnlyHere::Private, 8),
        Some(format!("112 of the passages are private, so only this device may embed them. {nobody}"))
    );
    let kept = why(OnlyHere::Kept, 0).unwrap_or_default();
    assert!(kept.starts_with("The passages are kept on this device (private, of a file that is away, "), "{kept}");
    assert!(why(OnlyHere::No, 0).is_some_and(|why| why.starts_with("Nobody gets to them")));
}

#[test]
fn files_that_wait_to_be_read_are_never_said_to_wait_for_somebody() {
    let (since_ago, next_in) = (Duration::from_secs(9), None);
    for reason in [Reason::InUse, Reason::OnBattery, Reason::Paused] {
        let hold = Some(HoldStatus { reason: Ok(reason), measured: None, share: 0, since_ago, next_in });
        let why = WhyStatus { hold, ..WhyStatus::default() };
        let work =
            WorkStatus { shared: SharedWork { to_read: 27, why, ..SharedWork::default() }, ..WorkStatus::default() };
        let why = Why::from(&Status { work, ..Status::at_rest() });
        let read = why.waiting.into_iter().find(|group| group.kind == WaitingKind::Read).and_then(|group| group.why);
        assert!(read.as_ref().is_some_and(|why| why.starts_with("They are done, and more slowly")), "{read:?}");
    }
}

#[test]
fn two_devices_of_one_key_do_nothing_and_it_is_said_why() {
    let (why, other) = said(Reason::Paused, DeviceHold { frozen: true, chunks: 3, ..free() });
    assert!(why.starts_with("Nobody gets to them just now"), "{why}");
    assert_eq!(other.state, DeviceState::Frozen);
    assert!(other.why.contains("two devices use its key"), "{}", other.why);
}

#[test]
fn a_device_that_gives_no_answer_to_a_key_of_two_devices_is_not_said_to_keep_silent() {
    let says = |own_key_twice, told| {
        let why = WhyStatus { own_key_twice, devices: vec![DeviceHold { told, ..free() }], ..WhyStatus::default() };
        let work = WorkStatus { shared: SharedWork { why, ..SharedWork::default() }, ..WorkStatus::default() };
        Why::from(&Status { work, ..Status::at_rest() }).devices.swap_remove(1).why
    };
    assert!(says(true, None).contains("two devices use this device's key"), "{}", says(true, None));
    assert!(says(false, None).starts_with("does not say why"), "{}", says(false, None));
    assert_eq!(says(true, Some(None)), "nothing limits it", "it answered before");
}

/// What is told of this device where the governor decides so, whatever the node heard of it before.
fn here_by(decision: &Decision) -> DeviceWhy {
    let mut status = Status::at_rest();
    let (since_ago, next_in) = (Duration::from_secs(9), None);
    status.work.shared.why.hold =
        Some(HoldStatus { reason: Ok(Reason::Rising), measured: None, share: 20, since_ago, next_in });
    status.work.shared.why.allow(decision);
    Why::from(&status).devices.swap_remove(0)
}

#[test]
fn the_status_the_energy_and_why_tell_one_reason_and_a_question_as_a_moment_or_not_at_all() {
    let moment = "ackground work gives way to a question, for a moment";
    let lasting = [None, Some(Reason::InUse), Some(Reason::OnBattery), Some(Reason::Paused), Some(Reason::Rising)];
    let reasons = [Reason::Answering, Reason::OnBattery, Reason::InUse, Reason::Paused, Reason::TooHot];
    let works = [WaitingWork::None, WaitingWork::OfOthers, WaitingWork::Embedding, WaitingWork::Any];
    for reason in reasons {
        for lasting in lasting.into_iter().filter(|lasting| reason == Reason::Answering || lasting.is_none()) {
            let (only_questions, in_use) = (lasting.is_none(), lasting == Some(Reason::InUse));
            let besides = Besides { only_questions, in_use, lasting };
            let decision = Decision { reason: Some(reason), besides, ..Decision::default() };
            let is_question = reason == Reason::Answering && lasting.is_none();
            let (energy, here) = (said_of_energy(&decision), here_by(&decision));
            let told = lasting.unwrap_or(reason);
            assert_eq!((here.reason.as_deref(), &*here.why), (Some(told.code()), &*told.to_string()), "{decision:?}");
            assert_eq!(energy.contains(moment), is_question, "{energy}");
            assert_eq!(here.why.contains(moment), is_question, "{}", here.why);
            assert_eq!(energy.starts_with("Background work is held: "), here.state == DeviceState::Held, "{energy}");
            assert!(is_question || energy.contains(&told.to_string()), "{energy}");
            for work in works {
                let status = said_of_work(&decision, work);
                // Where nothing waits, nothing gives way.
                let gives_way = is_question && !matches!(work, WaitingWork::None);
                assert_eq!(status.contains(moment), gives_way, "{status}");
                assert!(is_question || !status.contains("question"), "{status}");
                let names = if told == Reason::InUse { "the device is in use".to_owned() } else { told.to_string() };
                assert!(is_question || status.contains(&names), "{status}");
            }
        }
    }
}

#[test]
fn what_gives_way_to_a_question_is_done_and_the_moment_has_no_beginning_and_no_end() {
    let asked = Decision { reason: Some(Reason::Answering), ..Decision::default() };
    let here = here_by(&asked);
    assert_eq!((here.state, here.since_s, here.next_s), (DeviceState::Limited, None, None));
    let (why, _) = said(Reason::Answering, DeviceHold { gets: false, ..free() });
    assert!(why.starts_with("They are done, and more slowly than could be"), "{why}");
}
