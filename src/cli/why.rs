//! `wattle why`: what waits, and what limits each device: reason, value, threshold, since when, and when it is looked at again.

use super::output::{Stop, show};
use super::text::one_line;
use crate::base::count::{count, plural};
use crate::base::span::span;
use crate::base::time::utc;
use crate::energy::measured::Unit;
use crate::http::client::Client;
use crate::http::why::{DeviceWhy, WaitingKind, WaitingTasks, Why};
use crate::platform::clock;
use std::fmt::Write;

/// Asks the running agent, which asks the devices that are linked.
pub(super) async fn run(client: &Client, as_json: bool) -> Result<(), Stop> {
    let answer = client.why().await?;
    show(as_json, &answer.json, || text(&answer.read, clock::shown()))
}

/// All of it; `now`: seconds since 1970.
fn text(why: &Why, now: i64) -> String {
    let mut text = String::new();
    if why.waiting.is_empty() {
        text.push_str("Nothing waits here.\n");
    }
    for group in &why.waiting {
        let _ = writeln!(text, "{}", one_line(&waits(group)));
    }
    if !why.waiting.is_empty() && !why.devices.is_empty() {
        text.push('\n');
    }
    for device in &why.devices {
        let _ = writeln!(text, "{}", one_line(&line(device, now)));
    }
    for owner in &why.silent_owners {
        let _ = writeln!(text, "{}", one_line(&owner.sentence()));
    }
    text
}

fn waits(WaitingTasks { kind, count: number, why, next_s }: &WaitingTasks) -> String {
    let noun = if matches!(kind, WaitingKind::Embed | WaitingKind::Check) { "passage" } else { "file" };
    let what = match kind {
        WaitingKind::Read => "to be read",
        WaitingKind::Embed => "to be embedded",
        WaitingKind::Check => "to be checked",
        WaitingKind::Away => "for their disk or share",
        WaitingKind::Retry => "to be tried again",
        WaitingKind::Parked => "for your word",
    };
    let mut text = format!("{} {} {what}", count(*number, noun), plural(*number, "waits", "wait"));
    match why {
        Some(why) => _ = write!(text, ". {why}"),
        None => text.push('.'),
    }
    if let Some(next) = next_s {
        let _ = write!(text, " The next one in {}.", span(*next));
    }
    text
}

fn line(of: &DeviceWhy, now: i64) -> String {
    let name = if of.here { "this device" } else { &of.device };
    let mut text = format!("{name}: {}", of.why);
    if let (Some(value), Some(threshold), Some(unit)) = (of.value, of.threshold, of.unit) {
        let figure = match unit {
            Unit::Celsius => format!("{value:.1} °C, at most {threshold:.0} °C"),
            Unit::Percent => format!("battery {value:.0} %, goes on from {threshold:.0} % on"),
            Unit::Cores => format!("{value:.1} cores in use by others, at most {threshold:.1}"),
        };
        let _ = write!(text, " ({figure})");
    }
    if let Some(since) = of.since_s {
        let at = now.saturating_sub(i64::try_from(since).unwrap_or(i64::MAX));
        let _ = write!(text, ", since {}", utc(at));
    }
    if let Some(next) = of.next_s {
        let _ = write!(text, ", looked at again in {}", span(next));
    }
    text + "."
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Duration;
    use crate::energy::measured::Measured;
    use crate::energy::reason::Reason;
    use crate::http::silent_owner::SilentOwner;
    use crate::http::why::doers_test::free;
    use crate::node::status::{DeviceHold, HoldStatus};

    fn device(name: &str, told: Option<Option<HoldStatus>>) -> DeviceHold {
        DeviceHold { device: name.to_owned(), told, ..free() }
    }

    fn hold(reason: Reason, measured: Option<Measured>) -> HoldStatus {
        let (since_ago, next_in) = (Duration::from_secs(540), Some(Duration::from_secs(5)));
        HoldStatus { reason: Ok(reason), measured, share: 0, since_ago, next_in }
    }

    #[test]
    fn each_device_is_told_with_reason_value_threshold_since_and_next_look() {
        let battery = Measured { value: 340, threshold: 600, unit: Unit::Percent };
        let away = DeviceHold { linked: false, since_ago: Some(Duration::from_secs(1200)), ..device("pi4", None) };
        let off = DeviceHold { stopped: true, ..away.clone() };
        let newer = HoldStatus { reason: Err("full-moon".to_owned()), next_in: None, ..hold(Reason::Free, None) };
        let paused = HoldStatus { next_in: None, ..hold(Reason::Paused, None) };
        let full = HoldStatus { reason: Err("disk-full".to_owned()), next_in: None, ..hold(Reason::Free, None) };
        let devices = [
            (
                device("tv", Some(Some(paused))),
                "tv: paused by its owner; `wattle resume` there ends it, since 2026-11-27 22:41 UTC.",
            ),
            (
                device("nas", Some(Some(hold(Reason::OnBattery, Some(battery))))),
                "nas: the device runs on battery; work waits for mains (battery 34 %, goes on from 60 % on), since 2026-11-27 22:41 UTC, looked at again in 5 seconds.",
            ),
            (away, "pi4: is out of reach, since 2026-11-27 22:30 UTC."),
            (DeviceHold { device: "pc".to_owned(), ..off }, "pc: is off or asleep, since 2026-11-27 22:30 UTC."),
            (device("attic", None), "attic: does not say why it does as much as it does."),
            (device("shed", Some(None)), "shed: nothing limits it."),
            (device("new", Some(Some(newer))), "new: full moon, since 2026-11-27 22:41 UTC."),
            (
                DeviceHold { silent: Some(Some(Duration::from_secs(4))), ..device("ice", Some(None)) },
                "ice: no word from it for 4 seconds.",
            ),
            (
                DeviceHold { banned: true, ..device("liar", None) },
                "liar: gets no work for now, because a vector of it was false.",
            ),
            (device("shop", Some(Some(full))), "shop: its disk is nearly full, so it indexes and embeds nothing."),
        ];
        for (of, says) in devices {
            assert_eq!(line(&DeviceWhy::from(&of), 1_795_819_800), says);
        }
    }

    #[test]
    fn what_waits_is_grouped_by_kind_and_reason() {
        let group =
            |kind, count, why: Option<&str>, next_s| WaitingTasks { kind, count, why: why.map(str::to_owned), next_s };
        let waiting = vec![
            group(WaitingKind::Embed, 1204, Some("They wait their turn."), None),
            group(WaitingKind::Retry, 2, Some("Their tasks failed."), Some(40)),
        ];
        let silent_owners = vec![SilentOwner {
            device: "desk".to_owned(),
            peer_id: "12D3".to_owned(),
            passages: 400,
            requests: 4,
            since_s: 80,
            next_s: Some(40),
        }];
        let why = Why { waiting, devices: Vec::new(), silent_owners };
        assert_eq!(
            text(&why, 0),
            "1204 passages wait to be embedded. They wait their turn.\n\
             2 files wait to be tried again. Their tasks failed. The next one in 40 seconds.\n\
             desk: offers 400 passages to be embedded here, and has answered none of 4 requests for some in 80 seconds. This device goes on with other work, and asks it again in 40 seconds.\n"
        );
        assert_eq!(text(&Why::default(), 0), "Nothing waits here.\n");
    }
}
