//! Each fault is planted in what the agent reports, or on the disk, and the doctor names it.

use super::check::Outcome;
use super::network::tests::peer;
use super::page_test::{all_are_planted, planted};
use super::*;
use crate::base::finding::{Area, Finding};
use crate::base::id::Ring;
use crate::config::Config;
use crate::energy::policy::clock::RELEASE;
use crate::http::dto::{Activity, Counts, FileSample, Files, IndexBytes, Model, Progress, StatusReport, Unusable};
use crate::http::folders::{AwayPlace, Watched};
use crate::mesh::conduct::Offence;
use crate::net::diagnostics::{Multicast, NetworkReport};
use crate::node::collections::of_collections;
use crate::node::conduct::{of_offences, of_refusals};
use crate::node::report::{DEVICES, INVITES, of_save};
use crate::runtime::handle::NodeHandle;
use crate::store::kv::KvError;
use crate::store::record::Source;
use crate::wire::envelope::BadMessage;

pub(super) fn status() -> StatusReport {
    StatusReport {
        peer_id: "12D3KooWhere".into(),
        device: "attic".into(),
        mesh: None,
        files: Files { ready: 3, ..Files::default() },
        leaving: 0,
        progress: Progress { chunks: 9, vectors: 9, ..Progress::default() },
        index_bytes: IndexBytes::default(),
        peers: Vec::new(),
        model: Model { name: "all-MiniLM-L6-v2".into(), fingerprint: "00".into(), ..Model::default() },
        sources: vec![Watched {
            path: "/home/ann/notes".into(),
            collection: "home".into(),
            ring: Ring::Mesh,
            looked_s_ago: Some(5),
            followed: false,
            away: Vec::new(),
            missing: None,
            kept_without_files: 0,
            key_files: 0,
            key_file_paths: Vec::new(),
            agent_homes: Vec::new(),
            ignored: None,
        }],
        activity: Activity::default(),
        findings: Vec::new(),
    }
}

fn audit() -> Checked {
    Checked {
        clean: true,
        counted: Counts::default(),
        believed: Counts::default(),
        faults: Vec::new(),
        fault_count: 0,
        parked: Vec::new(),
        refused: Vec::new(),
        sample: Some(FileSample { looked: 40, different: 0, examples: Vec::new(), undecided: 0 }),
    }
}

fn unnoticed() -> Checked {
    let examples = vec!["/home/ann/notes/new.md".to_owned()];
    Checked { sample: Some(FileSample { looked: 40, different: 1, examples, undecided: 0 }), ..audit() }
}

pub(super) fn network() -> NetworkReport {
    NetworkReport {
        listen: Some("127.0.0.1:7781".parse().unwrap()),
        listen_addresses: Vec::new(),
        no_datagrams: None,
        garbage: 0,
        multicast: Multicast { why: Some("the agent listens on this machine only".into()), ..Multicast::default() },
        peers: Vec::new(),
        unknown_peers: Vec::new(),
    }
}

/// The governor is switched off, as in most tests; its own findings come with the status.
pub(super) fn healthy() -> Reports {
    let off = Failure::NotDone("This agent runs without its governor (`--governor off`).".into());
    let mesh = Err(Failure::NotDone("There is no mesh.".into()));
    Reports { status: Ok(status()), audit: Ok(audit()), network: Ok(network()), mesh, energy: Err(off) }
}

pub(super) fn report(reports: Reports, place: &Result<(), String>) -> Report {
    Report { checks: agent::checks(&reports, |_| place.clone()), store: reports.audit.ok() }
}

pub(super) fn found(area: Area, what: &str) -> Reports {
    let finding = Finding { area, what: what.into(), command: Some("wattle mend".into()) };
    Reports { status: Ok(StatusReport { findings: vec![finding], ..status() }), ..healthy() }
}

const PLAIN: Style = Style { width: 400, styled: false };

#[test]
fn before_the_first_look_is_over_nothing_is_said_of_files_and_not_that_all_is_indexed() {
    let mut report = status();
    report.sources[0].looked_s_ago = None;
    let checks = agent::checks(&Reports { status: Ok(report.clone()), ..healthy() }, |_| Ok(()));
    let of = |checks: &[Check], name: &str| checks.iter().find(|check| check.name == name).unwrap().clone();
    let files = of(&checks, "files");
    assert!(matches!(files.outcome, Outcome::NotRun(_)) && files.says().contains("/home/ann/notes since the start"));
    let work = of(&checks, "work");
    assert!(work.is_good() && work.says().contains("is not over yet, and more files may be found"), "{}", work.says());
    // What is away is not looked at, and would be waited for in vain.
    let since = "2026-11-26 18:30 UTC".to_owned();
    let path = "/home/ann/notes".into();
    report.sources[0].away =
        vec![AwayPlace { path, since, documents: 3, answering: 3, kept: true, ..AwayPlace::default() }];
    let checks = agent::checks(&Reports { status: Ok(report), ..healthy() }, |_| Ok(()));
    assert!(of(&checks, "files").is_good() && of(&checks, "work").says().contains("Everything that"));
}

#[test]
fn a_folder_that_is_away_and_kept_by_its_owner_is_no_fault_and_is_named() {
    let mut status = status();
    let path = status.sources[0].path.clone();
    let (path_of_it, since) = (path.clone(), "2026-11-26 18:30".into());
    let away = AwayPlace { path: path_of_it, since, documents: 3, answering: 3, kept: true, ..AwayPlace::default() };
    status.sources[0].away = vec![away];
    let checks = agent::checks(&Reports { status: Ok(status), ..healthy() }, |_| Err("it is not there".into()));
    let sources = checks.iter().find(|check| check.name == "sources").unwrap();
    let Outcome::Good(says) = &sources.outcome else { panic!("{:?}", sources.outcome) };
    assert!(says.contains(&format!("kept by your word: {path}.")), "{says}");
}

#[test]
fn nothing_is_wrong_only_where_every_check_ran_and_is_good() {
    let well = report(healthy(), &Ok(()));
    assert!(well.well() && well.exit().code() == 0, "{}", well.text(&PLAIN));
    assert!(well.text(&PLAIN).ends_with("Nothing is wrong.\n"));
    let names: Vec<&str> = well.checks.iter().map(|check| check.name).collect();
    for name in ["agent", "model", "work", "sources", "folders", "devices", "messages", "sensors", "state", "program"]
        .into_iter()
        .chain(["store", "files", "energy", "listen", "mdns", "udp", "peer"])
    {
        assert!(names.contains(&name), "{name} is not checked: {names:?}");
    }
}

#[test]
fn files_that_wait_are_told_with_the_reason_and_are_no_fault() {
    let background = Some("Background work is held: the device runs on battery; work waits for mains.".to_owned());
    let waits = StatusReport {
        files: Files { waiting: 2, chunked: 1, ready: 3, ..Files::default() },
        activity: Activity { background, ..Activity::default() },
        ..status()
    };
    let report = report(Reports { status: Ok(waits), ..healthy() }, &Ok(()));
    let text = report.text(&PLAIN);
    assert!(text.contains("3 files wait to be read or embedded. Background work is held: the device runs"), "{text}");
    assert!(!text.contains("Everything that was found is indexed") && report.well(), "{text}");
    let background =
        Some("Files are read slowly. Nothing is embedded; `wattle work now` embeds all the same.".to_owned());
    let in_use = StatusReport {
        files: Files { chunked: 3, ready: 3, ..Files::default() },
        activity: Activity { background, working: true, ..Activity::default() },
        ..status()
    };
    let text = self::report(Reports { status: Ok(in_use), ..healthy() }, &Ok(())).text(&PLAIN);
    assert!(
        text.contains("Nothing is wrong, but files wait because the device is in use: `wattle work now`"),
        "{text}"
    );
}

#[test]
fn files_that_are_away_unread_are_no_work_that_waits() {
    let text = |waiting| {
        let files = Files { waiting, ready: 3, absent: 2, ..Files::default() };
        report(Reports { status: Ok(StatusReport { files, ..status() }), ..healthy() }, &Ok(())).text(&PLAIN)
    };
    assert!(text(2).contains("Everything that is there is indexed. Besides, 2 files wait until their folder is back."));
    let text = text(3);
    assert!(text.contains("One file waits to be read or embedded. Besides, 2 files wait until"), "{text}");
}

#[test]
fn each_planted_fault_is_named_with_its_command_and_exit_code_one() {
    let held = Activity { held: Some("Only 5 MiB free.".into()), ..Activity::default() };
    let taken = Some("Address already in use".to_owned());
    let faults: Vec<(Reports, Result<(), String>, &str, &str)> = vec![
        (healthy(), Err("it is not there".into()), "sources", "/home/ann/notes is watched, and it is not there."),
        (
            Reports { status: Ok(StatusReport { sources: Vec::new(), ..status() }), ..healthy() },
            Ok(()),
            "sources",
            "No folder is watched",
        ),
        (Reports { status: Ok(StatusReport { activity: held, ..status() }), ..healthy() }, Ok(()), "work", "5 MiB"),
        (found(Area::Folders, "/a is away."), Ok(()), "folders", "/a is away."),
        (found(Area::Peers, "Two devices have one key."), Ok(()), "devices", "Two devices have one key."),
        (found(Area::Messages, "70 messages were refused."), Ok(()), "messages", "70 messages were refused."),
        (found(Area::Sensors, "BAT0 is broken."), Ok(()), "sensors", "BAT0 is broken."),
        (found(Area::State, "energy.json is cut short."), Ok(()), "state", "energy.json is cut short."),
        (found(Area::Program, "A defect stopped 2 tasks."), Ok(()), "program", "A defect stopped 2 tasks."),
        (
            Reports { audit: Ok(Checked { clean: false, fault_count: 2, ..audit() }), ..healthy() },
            Ok(()),
            "store",
            "2 things do not add up",
        ),
        (Reports { audit: Ok(unnoticed()), ..healthy() }, Ok(()), "files", "/home/ann/notes/new.md"),
        (
            Reports { network: Ok(NetworkReport { no_datagrams: taken, ..network() }), ..healthy() },
            Ok(()),
            "udp",
            "UDP port 7781 cannot be used",
        ),
        (
            Reports { network: Ok(NetworkReport { peers: vec![peer()], ..network() }), ..healthy() },
            Ok(()),
            "peer",
            "12D3KooWfar is not linked.",
        ),
    ];
    for (reports, place, name, part) in faults {
        let report = report(reports, &place);
        let named = report.checks.iter().find(|check| check.name == name && !check.is_good());
        let named = named.unwrap_or_else(|| panic!("{name} is content: {}", report.text(&PLAIN)));
        assert!(named.says().contains(part), "{named:?}");
        let command = named.command().unwrap_or_else(|| panic!("{name} has no command"));
        let text = report.text(&PLAIN);
        assert!(
            text.contains("WRONG") && text.contains(command.as_str()) && !text.contains("Nothing is wrong"),
            "{text}"
        );
        assert_eq!((report.exit().code(), report.well()), (1, false), "{text}");
        let json = report.json();
        let in_json = json["checks"].as_array().unwrap();
        let in_json = in_json.iter().filter(|check| check["ok"] == false).find(|check| check["name"] == name).unwrap();
        assert_eq!((&in_json["ran"], in_json["command"].as_str().unwrap()), (&Value::Bool(true), command.as_str()));
    }
}

#[test]
fn a_device_of_a_mesh_without_folders_asks_the_others_and_is_well() {
    let peer = serde_json::from_value(serde_json::json!({
        "peer_id": "12D3KooWfar", "device": "nas", "linked": true, "state": "alive", "address": null,
        "round_trip_us": null, "headroom": null,
    }));
    let Ok(peer) = peer else { panic!("{peer:?}") };
    let status = || StatusReport { sources: Vec::new(), ..status() };
    let with = StatusReport { peers: vec![peer], ..status() };
    let asks = report(Reports { status: Ok(with), ..healthy() }, &Ok(()));
    let check = asks.checks.iter().find(|check| check.name == "sources").unwrap();
    assert!(check.is_good() && check.says().contains("asks the others only"), "{check:?}");
    let alone = report(Reports { status: Ok(status()), ..healthy() }, &Ok(()));
    assert!(alone.checks.iter().any(|check| check.name == "sources" && !check.is_good()), "{}", alone.text(&PLAIN));
}

#[test]
fn a_check_that_could_not_run_is_not_good() {
    let failed = || Failure::NotDone("The agent on 127.0.0.1:7780 did not answer within 600 seconds.".into());
    for (reports, name) in [
        (Reports { audit: Err(failed()), ..healthy() }, "store"),
        (Reports { audit: Err(failed()), ..healthy() }, "files"),
        (Reports { network: Err(failed()), ..healthy() }, "listen"),
        (Reports { energy: Err(failed()), ..healthy() }, "energy"),
    ] {
        let report = report(reports, &Ok(()));
        let check = report.checks.iter().find(|check| check.name == name).unwrap();
        assert!(matches!(&check.outcome, Outcome::NotRun(why) if why.contains("600 seconds")), "{check:?}");
        assert_eq!((report.exit().code(), report.well()), (4, false));
        assert!(report.text(&PLAIN).contains("Not everything could be checked"));
        assert!(report.json()["checks"].as_array().unwrap().iter().any(|check| check["ran"] == false));
    }
}

#[test]
fn a_store_that_cannot_be_read_for_damage_is_wrong_and_has_a_command() {
    let why = KvError::Damaged("a checksum is wrong".into());
    let failed = Failure::NotDone(format!("The store cannot be read: {why}."));
    let report = report(Reports { audit: Err(failed), ..healthy() }, &Ok(()));
    let store = report.checks.iter().find(|check| check.name == "store").unwrap();
    assert!(
        matches!(&store.outcome, Outcome::Wrong { command: Some(up), .. } if up.contains("wattle up")),
        "{store:?}"
    );
    assert_eq!(report.exit().code(), 1);
}

#[test]
fn files_that_differ_while_folders_are_scanned_are_not_called_wrong_nor_well() {
    let activity = Activity { working: true, scanning: true, ..Activity::default() };
    let reports = Reports { status: Ok(StatusReport { activity, ..status() }), audit: Ok(unnoticed()), ..healthy() };
    let report = report(reports, &Ok(()));
    assert_eq!(report.exit().code(), 4, "{}", report.text(&PLAIN));
    let unknown = Reports { audit: Ok(Checked { sample: None, ..audit() }), ..healthy() };
    assert_eq!(super::test::report(unknown, &Ok(())).exit().code(), 4, "an agent that held none against it");
}

#[test]
fn without_an_agent_its_checks_are_marked_as_not_run_and_the_exit_code_says_so() {
    let none = || Failure::NoAgent("No agent runs with the home /h.".into());
    let reports = Reports {
        status: Err(none()),
        audit: Err(none()),
        network: Err(none()),
        mesh: Err(none()),
        energy: Err(none()),
    };
    let report = report(reports, &Ok(()));
    assert_eq!(report.exit().code(), 3);
    let text = report.text(&PLAIN);
    assert!(text.contains("No agent runs with the home /h.") && text.contains("wattle up"), "{text}");
    for check in report.checks.iter().filter(|check| check.name != "agent") {
        assert!(matches!(check.outcome, Outcome::NotRun(_)), "{check:?}");
    }
}

#[test]
fn what_the_agent_knows_of_a_folder_is_not_said_twice() {
    let report = report(found(Area::Folders, "/home/ann/notes is away."), &Err("it is not there".into()));
    assert_eq!(report.text(&PLAIN).matches("WRONG  ").count(), 1, "{}", report.text(&PLAIN));
}

#[test]
fn files_that_cannot_be_used_are_listed_and_are_no_fault() {
    let refused = vec![Unusable { path: "/a\u{1b}[1m.pdf".into(), reason: "It is binary.".into() }];
    let faults = vec!["Row 7 has no chunk.".to_owned()];
    let well = report(Reports { audit: Ok(Checked { refused, ..audit() }), ..healthy() }, &Ok(()));
    assert!(
        well.well() && well.text(&PLAIN).contains("not usable: /a\u{fffd}[1m.pdf\n                   It is binary.\n")
    );
    let broken = Checked { clean: false, faults, fault_count: 1, ..audit() };
    let broken = report(Reports { audit: Ok(broken), ..healthy() }, &Ok(()));
    assert!(broken.text(&PLAIN).contains("- Row 7 has no chunk.\n"));
    assert_eq!(broken.json()["store"]["fault_count"], 1);
}

/// What false devices are found to do is planted in whole homes by tests/sim; here is what their owner reads of it.
#[test]
fn what_the_page_says_of_devices_that_send_something_false_is_what_the_doctor_says() {
    let hold = |fault: &str, area: Area, what: String| {
        let finding = Finding { area, what, command: None };
        let lying = Reports { status: Ok(StatusReport { findings: vec![finding], ..status() }), ..healthy() };
        let report = report(lying, &Ok(()));
        planted(fault, &report.json(), i32::from(report.exit().code()));
    };
    let offence = |offence, count| of_offences("cellar", offence, count);
    hold("another device forwards a forged gossip item", Area::Peers, offence(Offence::ForgedGossip, 1));
    hold("another device sends a forged certificate", Area::Peers, offence(Offence::ForgedRecord, 1));
    hold("another device answers with false scores", Area::Peers, offence(Offence::FalseScore, 3));
    hold("another device answers with false vectors", Area::Peers, offence(Offence::FalseVector, 3));
    hold("another device sends a false proof of a start", Area::Peers, offence(Offence::FalseProof, 1));
    hold("another device claims too many starts of this one", Area::Peers, offence(Offence::FalseCount, 1));
    let refused = of_refusals("cellar", &BadMessage::Signature, 70);
    hold("another device's messages have false signatures", Area::Messages, refused);
}

/// Lists of earlier versions, and saves of what other devices told: node and platform have tests of when these are found.
#[test]
fn what_the_page_says_of_collections_and_of_lists_that_are_not_saved_is_what_the_doctor_says() {
    let hold = |fault: &str, findings: Vec<Finding>| {
        let report = report(Reports { status: Ok(StatusReport { findings, ..status() }), ..healthy() }, &Ok(()));
        planted(fault, &report.json(), i32::from(report.exit().code()));
    };
    let source = |path: &str, collection: &str, ring| Source {
        path: path.as_bytes().to_vec(),
        collection: collection.to_owned(),
        ring,
        device: 1,
    };
    let both = [source("/a", "home", Ring::Mesh), source("/b", "home", Ring::Private)];
    hold("a collection has folders of both rings", of_collections(&both));
    let alike = [source("/a", "Diary", Ring::Private), source("/b", "diary ", Ring::Mesh)];
    hold("two collections have names that read the same", of_collections(&alike));
    let unsaved = |[list, what]: [&str; 2]| vec![of_save(list, what, "The disk is full.", "/home/ann/w")];
    hold("what other devices told of the mesh cannot be saved", unsaved(DEVICES));
    hold("what other admins told of invites cannot be saved", unsaved(INVITES));
}

/// The faults that no test can plant on a real agent: the clock of the machine, and a defect of the program.
#[test]
fn what_the_page_says_of_clocks_and_defects_is_what_the_doctor_says() {
    let clock = |seconds| {
        let mut report = report(healthy(), &Ok(()));
        report.checks.push(local::clock_check((seconds, true), &Config::default()));
        report
    };
    let hold = |fault: &str, report: &Report| planted(fault, &report.json(), i32::from(report.exit().code()));
    hold("the clock shows 1970", &clock(3600));
    hold("the clock is ten years ahead", &clock(RELEASE + 10 * 31_556_952));
    let findings = NodeHandle::new().0.all_findings(Vec::new(), 2);
    let panicked = Reports { status: Ok(StatusReport { findings, ..status() }), ..healthy() };
    hold("a task panicked", &report(panicked, &Ok(())));
    all_are_planted();
}
