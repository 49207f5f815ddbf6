//! Who is said to do what waits.

use super::*;
use crate::energy::reason::Reason;
use crate::node::status::{SharedWork, WhyStatus, WorkStatus};
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
fn two_devices_of_one_key_do_nothing_and_it_is_said_why() {
    let (why, other) = said(Reason::Paused, DeviceHold { frozen: true, chunks: 3, ..free() });
    assert!(why.starts_with("Nobody gets to them just now"), "{why}");
    assert_eq!(other.state, DeviceState::Frozen);
    assert!(other.why.contains("two devices use its key"), "{}", other.why);
}
