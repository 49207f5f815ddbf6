//! `wattle peers`: a table of the other devices, and with `--watch` the events that follow.

use super::output::{Stop, compact, print_next, show};
use super::style::Style;
use super::text::{columns, one_line};
use crate::base::count::count;
use crate::base::span::span;
use crate::base::time::utc;
use crate::http::client::Client;
use crate::http::dto::{Collection, Headroom, Peer, SharedFiles};
use crate::http::events::Event;
use crate::limits::WATCH_MS;
use crate::node::mesh_report::MeshReport;
use crate::platform::clock;
use crate::platform::home::hints;
use smol::Timer;
use std::time::Duration;

/// Prints the table, and with `watch` every event from then on.
pub(super) async fn peers(client: &Client, watch: bool, json: bool) -> Result<(), Stop> {
    // Asked for before the table: an event in between is shown twice rather than never.
    let mut newest = client.events(u64::MAX).await?.read.newest;
    let status = client.status().await?;
    let peers = &status.json["peers"];
    let removed = if json { None } else { removal(&client.mesh().await?.read) };
    let text = || match &removed {
        Some(what) => format!("{}\n", one_line(what)),
        None => table(clock::shown(), &status.read.peers, Style::of_stdout()),
    };
    match (watch, json) {
        (false, _) => return show(json, peers, text),
        (true, true) => print_next(&compact(peers))?,
        (true, false) => print_next(&hints(&text()))?,
    }
    loop {
        Timer::after(Duration::from_millis(WATCH_MS)).await;
        let answer = client.events(newest).await?;
        // The numbers start over with each start of the agent.
        if answer.read.newest < newest {
            newest = 0;
            continue;
        }
        for (event, raw) in answer.read.events.iter().zip(answer.json["events"].as_array().into_iter().flatten()) {
            print_next(&if json { compact(raw) } else { line(event) })?;
            newest = event.number;
        }
    }
}

/// That this device was removed from its mesh: then there are no others, and a code lets none in.
fn removal(mesh: &MeshReport) -> Option<String> {
    mesh.own_removal()
}

fn line(event: &Event) -> String {
    format!("{}\n", one_line(&hints(&event.text)))
}

/// Seconds for which a headroom is that of now.
const HEADROOM_NEW_S: u16 = 5;

const HEAD: [&str; 7] = ["DEVICE", "PEER", "STATE", "ADDRESS", "ROUND TRIP", "FREE FOR WORK", "COLLECTIONS"];

/// The devices, one a line, at this moment in seconds since 1970; each column is as wide as its widest cell.
fn table(now: i64, peers: &[Peer], style: Style) -> String {
    if peers.is_empty() {
        return "No other device is known yet. `wattle pair` here, then `wattle join CODE` on the other one, lets it in.\n".to_owned();
    }
    let rows: Vec<[String; 7]> =
        std::iter::once(HEAD.map(str::to_owned)).chain(peers.iter().map(|peer| row(now, peer))).collect();
    let widths: [usize; 7] = std::array::from_fn(|at| rows.iter().map(|row| columns(&row[at])).max().unwrap_or(0));
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width + 2 - columns(cell)));
        }
        let line = line.trim_end();
        text.push_str(&if number == 0 { style.dim(line) } else { line.to_owned() });
        text.push('\n');
    }
    text
}

fn row(now: i64, peer: &Peer) -> [String; 7] {
    let none = || "-".to_owned();
    [
        peer.device.as_deref().map_or_else(none, one_line),
        short(&one_line(&peer.peer_id)),
        state(peer, now),
        peer.address.as_deref().map_or_else(|| "dials us".to_owned(), one_line),
        peer.round_trip_us.map_or_else(none, round_trip),
        match &peer.headroom {
            _ if peer.frozen => "no: two devices use its key".to_owned(),
            of => of.as_ref().map_or_else(none, headroom),
        },
        if peer.other_model {
            "another model; `wattle doctor` says what helps".to_owned()
        } else {
            shared(&peer.shared).unwrap_or_else(none)
        },
    ]
}

/// A suspicion or a loss is shown first; otherwise a link proves more than SWIM's state.
fn state(peer: &Peer, now: i64) -> String {
    if let Some(seconds) = peer.off_s.filter(|_| !peer.linked) {
        return format!("off since {}", utc(now - i64::try_from(seconds).unwrap_or(0)));
    }
    if let Some(seconds) = peer.silent_s.filter(|_| peer.linked) {
        return format!("silent for {}", span(seconds));
    }
    let state = match (peer.state.as_str(), peer.linked) {
        ("suspect", _) => "may be off",
        ("down", _) => "out of reach",
        (_, true) => "linked",
        ("alive", false) => "on, not linked",
        _ => "not linked",
    };
    state.to_owned()
}

/// The end of a PeerId: Ed25519 PeerIds all begin alike.
fn short(peer_id: &str) -> String {
    let skip = peer_id.chars().count().saturating_sub(8);
    if skip == 0 { peer_id.to_owned() } else { format!("…{}", peer_id.chars().skip(skip).collect::<String>()) }
}

fn round_trip(micros: u64) -> String {
    if micros < 10_000 {
        format!("{}.{} ms", micros / 1000, micros % 1000 / 100)
    } else {
        format!("{} ms", micros / 1000)
    }
}

/// The level in words, with the energy state where it is known.
fn headroom(headroom: &Headroom) -> String {
    let level = match headroom.quarters {
        0 => "none",
        1 => "a quarter",
        2 => "half",
        3 => "three quarters",
        _ => "full",
    };
    let says = match headroom.energy {
        crate::base::level::Energy::Unknown => level.to_owned(),
        energy => format!("{level} (energy {})", energy.as_str()),
    };
    format!("{says}{}", age(headroom.age_s))
}

/// When it was said, where that is some time ago: it may be otherwise by now.
fn age(seconds: u16) -> String {
    if seconds > HEADROOM_NEW_S { format!(", {} ago", span(seconds.into())) } else { String::new() }
}

/// What a device shares, and how much it cannot use.
fn shared(of: &SharedFiles) -> Option<String> {
    let held = (!of.collections.is_empty()).then(|| collections(&of.collections));
    let unusable = (of.unusable > 0).then(|| format!("{} not readable", count(of.unusable, "file")));
    let parts: Vec<String> = held.into_iter().chain(unusable).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn collections(list: &[Collection]) -> String {
    let of = |of: &Collection| {
        format!(
            "{} ({}, {})",
            one_line(&of.name),
            count(u64::from(of.documents), "file"),
            count(u64::from(of.passages), "passage")
        )
    };
    list.iter().map(of).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::level::Energy;
    use crate::node::mesh_report::of_removal;
    use crate::runtime::event_log::Kind;

    const PLAIN: Style = Style { width: 80, styled: false };

    fn peer() -> Peer {
        Peer {
            peer_id: "12D3KooWQYV9dGMFoRzNStwpXztXaBUjtPqi6aU76ZgUriHhKust".into(),
            device: Some("at\u{1b}tic".into()),
            linked: true,
            state: "alive".into(),
            off_s: None,
            silent_s: None,
            address: Some("192.168.1.7:7781".into()),
            round_trip_us: Some(1_260),
            headroom: Some(Headroom { quarters: 2, energy: Energy::Surplus, ms_per_task: None, age_s: 5 }),
            other_model: false,
            frozen: false,
            shared: SharedFiles {
                collections: vec![Collection { name: "home".into(), model: "00".into(), documents: 7, passages: 1 }],
                unusable: 0,
            },
        }
    }

    #[test]
    fn the_devices_stand_in_columns_and_nothing_steers_the_terminal() {
        let unknown = Peer {
            device: None,
            linked: false,
            state: "unknown".into(),
            address: None,
            round_trip_us: None,
            headroom: None,
            shared: SharedFiles::default(),
            ..peer()
        };
        let text = table(0, &[peer(), unknown], PLAIN);
        println!("{text}");
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("DEVICE  PEER       STATE       ADDRESS           ROUND TRIP  FREE FOR WORK"));
        assert!(lines[1].starts_with("at\u{fffd}tic  …riHhKust  linked      192.168.1.7:7781  1.2 ms      half (energy surplus)  home (7 files, 1 passage)"));
        assert!(lines[2].starts_with("-       …riHhKust  not linked  dials us          -           -"));
        let broken = SharedFiles { unusable: 6, ..peer().shared };
        let text = table(0, &[Peer { shared: broken, ..peer() }], PLAIN);
        assert!(text.contains("home (7 files, 1 passage); 6 files not readable"), "{text}");
        let off = Peer { linked: false, state: "down".into(), off_s: Some(60), ..peer() };
        assert!(table(3600, &[off], PLAIN).contains("off since 1970-01-01 00:59 UTC"));
        let old = Headroom { age_s: 41, ..peer().headroom.unwrap() };
        let frozen = table(0, &[Peer { frozen: true, ..peer() }], PLAIN);
        assert!(frozen.contains("no: two devices use its key") && !frozen.contains("surplus"), "{frozen}");
        let silent = Peer { silent_s: Some(23), headroom: Some(old), ..peer() };
        let text = table(0, &[silent], PLAIN);
        assert!(
            text.contains("silent for 23 seconds") && text.contains("half (energy surplus), 41 seconds ago"),
            "{text}"
        );
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
    }

    #[test]
    fn a_device_that_is_not_linked_is_told_in_words_that_need_no_protocol() {
        let of = |said: &str| state(&Peer { linked: false, state: said.into(), ..peer() }, 0);
        assert_eq!(
            ["suspect", "down", "alive", "unknown"].map(of),
            ["may be off", "out of reach", "on, not linked", "not linked"]
        );
    }

    #[test]
    fn an_empty_table_says_what_to_do() {
        assert!(table(0, &[], PLAIN).contains("wattle pair"));
    }

    #[test]
    fn a_removed_device_says_so_in_place_of_the_table_and_nobody_else_does() {
        let mesh = |removed_here| MeshReport {
            mesh: Some("77".repeat(32)),
            peer_id: "12D3c".to_owned(),
            removed_here,
            removed_by: Some("attic".to_owned()),
            members: Vec::new(),
            removed: 1,
            removals: Vec::new(),
            epoch: 1,
            next_serial: 1,
        };
        assert_eq!(removal(&mesh(true)), Some(of_removal(Some("attic"))));
        assert_eq!(removal(&mesh(false)), None, "whatever command a finding names");
    }

    #[test]
    fn an_event_is_one_plain_line() {
        let event =
            Event { number: 1, ago_ms: 5, kind: Kind::Lost, device: "x".into(), text: "x is\ngone.\u{7}".into() };
        assert_eq!(line(&event), "x is gone.\u{fffd}\n");
        assert_eq!([round_trip(400), round_trip(12_900)], ["0.4 ms", "12 ms"]);
    }
}
