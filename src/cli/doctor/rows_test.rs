//! Rows of docs/doctor.md that no test plants on a real agent: what the finding is made from is planted, and the doctor says what the
//! page says. Where each of them is found is tested beside the code that finds it.

use super::network::tests::{peer, report as network_of};
use super::page_test::planted;
use super::test::{found, healthy, network, report, status};
use super::*;
use crate::base::finding::{Area, Finding};
use crate::base::id::Ring;
use crate::base::time::Duration;
use crate::cli::up::{
    conflict, not_in, not_named, not_watched, of_board, of_card, of_no_visitor, of_visitor, other_than_set, same_place,
};
use crate::config::{Config, Folder};
use crate::energy::doubt::Doubt;
use crate::energy::policy::clock::RELEASE;
use crate::http::api::update::of_update;
use crate::http::dto::{Activity, StatusReport};
use crate::net::diagnostics::{NetworkReport, PeerReachability, UnknownPeer};
use crate::node::crowd::of_crowd;
use crate::node::folders::of_away;
use crate::node::mesh_report::{MeshReport, RemovalReport};
use crate::node::models::of_other_model;
use crate::node::report::{of_backup, of_parked, of_quarantine, of_removal, of_stall};
use crate::node::work_findings::{of_dispute, of_owed, of_silent_owner, of_undecided};
use crate::platform::child::not_started;
use crate::platform::home::{Home, HomeFile, rest_of_home, unfinished_restore};
use crate::platform::salvage::of_carried;
use crate::platform::store::{Dropped, of_dropped, of_notes};
use crate::runtime::handle::{NodeHandle, not_remembered};
use crate::runtime::replaced;
use crate::scheduler::addition::{Addition, Patterns};
use crate::scheduler::task::ReplacedDisk;
use crate::store::record::{Mark, MarkKind, Source};
use std::fs;

fn hold(fault: &str, report: &Report) {
    planted(fault, &report.json(), i32::from(report.exit().code()));
}

fn hold_finding(fault: &str, finding: Finding) {
    let reports = Reports { status: Ok(StatusReport { findings: vec![finding], ..status() }), ..healthy() };
    hold(fault, &report(reports, &Ok(())));
}

#[test]
fn what_the_page_says_of_sensors_that_contradict_each_other_is_what_the_doctor_says() {
    let faults = [
        ("a battery feeds the device and gives no current", Doubt::NoCurrent),
        ("a battery is empty for half an hour", Doubt::EmptyGauge),
        ("a battery's percentage contradicts its level", Doubt::Percentage),
        ("one temperature sensor is far above the others", Doubt::HotAlone),
        ("one temperature sensor stands still", Doubt::Constant),
        ("the kernel throttles a cool CPU", Doubt::CoolThrottling),
        ("the alarm for a low voltage contradicts the voltage", Doubt::Alarm),
        ("the measured voltage contradicts the silent alarm", Doubt::Input),
    ];
    for (fault, doubt) in faults {
        hold(fault, &report(found(Area::Sensors, &doubt.to_string()), &Ok(())));
    }
    let on_the_page = faults.len() + 1;
    assert_eq!(Doubt::ALL.into_iter().filter(|doubt| doubt.is_fault()).count(), on_the_page, "each fault has a row");
}

#[test]
fn what_the_page_says_of_an_address_for_other_devices_is_what_the_doctor_says() {
    let window = of_visitor("192.168.1.4:7780".parse().unwrap());
    hold_finding("anybody in the network may choose the page's password", window);
    let over = of_no_visitor("192.168.1.4:7780".parse().unwrap());
    hold_finding("no first visitor chose the page's password in time", over);
    let restored = tempfile::tempdir().unwrap();
    fs::create_dir(restored.path().join("store-1.restored")).unwrap();
    hold_finding("a restore did not end", unfinished_restore(restored.path()).unwrap());
    hold_finding("the home of a device was restored with its key, and its mesh has other devices since", of_backup());
    let home = tempfile::tempdir().unwrap();
    // RFC 5737 reserves it for documentation: no device has it.
    fs::write(home.path().join("config.toml"), "[api]\nopen = \"192.0.2.1:7780\"\n").unwrap();
    let report = Report { checks: vec![settings::settings(home.path())], store: None };
    hold("the page is opened at an address that this device does not have", &report);
}

#[test]
fn what_the_page_says_of_the_mesh_and_of_config_toml_is_what_the_doctor_says() {
    let peer_id = "12D3own".to_owned();
    let mut removed = healthy();
    removed.status = Ok(StatusReport { findings: vec![of_removal(None)], ..status() });
    removed.mesh = Ok(MeshReport {
        mesh: Some("00".into()),
        peer_id: peer_id.clone(),
        removed_here: true,
        removed_by: None,
        members: Vec::new(),
        removed: 1,
        removals: vec![RemovalReport { peer_id, name: None, by: None, known_since: Some(1_795_717_859) }],
        epoch: 1,
        next_serial: 1,
    });
    hold("this device was removed from its mesh", &report(removed, &Ok(())));
    hold_finding("another device says that devices are down which are up", of_quarantine("cellar"));
    hold_finding("another device has another model", of_other_model("cellar"));
    hold_finding("two devices made different vectors of what this one cannot embed", of_undecided("cellar", 1));
    let why = "A passage could not be embedded: it is too hot.";
    hold_finding("what another device made cannot be checked", of_owed("cellar", 140, 3, why));
    hold_finding("another device finds a result of this one false", of_dispute("cellar", 600, 3000));
    hold_finding("another device offers work and never answers", of_silent_owner("cellar", 40, 8, 900));
    hold_finding("every attempt to read or embed a file failed", of_parked(1, 0, "/n/bad.md"));
    hold_finding("more tasks fail than are parked at once", of_parked(256, 40, "/n/bad.md"));
    hold_finding("work that nothing holds does not get on", of_stall(Duration::from_secs(720), 58));
    hold_finding("places for devices that want to be let in are short", of_crowd(12, 1, [192, 168, 1, 9].into()));
    hold_finding("the note of the store's newest tables is damaged", of_notes(1, None).unwrap());
    hold_finding("a list of the store's newest tables is damaged", of_notes(1, Some(12)).unwrap());
    let (source, path) = ("/usb".to_owned(), "/usb/a.md".to_owned());
    let disk = ReplacedDisk { source, volumes: (7, 8), files: 57, path };
    hold_finding("another disk is in the place of one with documents", replaced::finding(&disk).1);
    let dropped = |bytes, has_strays| Dropped { bytes, has_strays, ..Dropped::default() };
    hold_finding("the end of the store's journal is damaged", of_dropped(dropped(4096, false), None).unwrap());
    hold_finding("a bit of the store's journal is flipped behind its end", of_dropped(dropped(0, true), None).unwrap());
    let damaged = Dropped { damaged: 3000, ..Dropped::default() };
    hold_finding("a part of the store's journal is damaged", of_dropped(damaged, Some(12)).unwrap());
    let gone = Dropped { is_gone: true, ..Dropped::default() };
    hold_finding("the store's journal is gone", of_dropped(gone, Some(12)).unwrap());
    hold_finding("parts of the store disagree", of_dropped(dropped(0, false), Some(12)).unwrap());
    hold_finding("the store is damaged, and has documents without files", of_carried(110, 0));
    hold_finding("the store is damaged, and the only copy of documents", of_carried(108, 2));
    hold_finding("an invite does not let this device in", not_in("/boot/wattle-invite", "It is used already."));
    hold_finding("wattle.txt of the SD card image has mistakes", of_card(&["line 3: it is wrong.".to_owned()]));
    hold_finding("a board of the SD card image has a worn card", of_board(&["The card is very slow: …".to_owned()]));
    hold_finding("config.toml cannot be written after a command", not_remembered("The disk is full."));
    let (path, kind) = (b"/n/usb".to_vec(), MarkKind::Away);
    let away = Mark { path, volume: 0, since: 1_795_717_859, documents: 7, partly: 5, read: 8, unread: 60, kind };
    hold_finding("a folder is away of which not all is embedded", of_away(&away, None, false));
    let folder = |path: &str, ring| Folder {
        path: path.to_owned(),
        collection: "home".to_owned(),
        unnamed: false,
        ring: Some(ring),
    };
    let both = conflict(&folder("/n", Ring::Mesh), &folder("/n/diary", Ring::Private));
    hold_finding("config.toml names a folder, and another collection's in it", both);
    let twice = same_place(&folder("/n", Ring::Private), &folder("/n/", Ring::Mesh));
    hold_finding("config.toml names one place in two collections or rings", twice);
    let why = "/n is watched in the collection \"home\" with the ring mesh, and a file is in one collection only. Nothing was changed.";
    hold_finding("config.toml gives a watched folder another collection or ring", other_than_set("/n", why));
    let diary = Source { path: b"/d".to_vec(), collection: "diary".to_owned(), ring: Ring::Private, device: 1 };
    let (path, collection) = (b"/n".to_vec(), "home".to_owned());
    let new = Addition { path, collection, unnamed: true, ring: None, device: 1, patterns: Patterns::default() };
    let list: crate::store::record::Sources = vec![diary].into();
    let why = new.undecided(&list).unwrap();
    hold_finding("config.toml names a folder and no collection", not_watched("/n", &why));
    let why = Addition { collection: "dairy".to_owned(), unnamed: false, ..new }.misspelt(&list, ["home"]).unwrap();
    hold_finding("config.toml names a collection that may be a misspelt private one", not_watched("/n", &why));
    let source = Source { path: b"/n".to_vec(), collection: "home".to_owned(), ring: Ring::Mesh, device: 1 };
    hold_finding("a folder was taken out of config.toml", not_named("/n", &source));
}

#[test]
fn what_the_page_says_of_an_update_fits_whatever_became_of_it() {
    for why in ["The update is not signed. Nothing was changed.", "Version 9.0.0 was given up: it did not come up."] {
        hold_finding(
            "an update of the SD card image was not taken, cannot be started, or was given up",
            of_update(why),
        );
        assert!(!of_update(why).what.replace(why, "").contains("not taken"), "{why}");
    }
}

#[test]
fn what_the_page_says_of_folders_work_and_network_is_what_the_doctor_says() {
    let unnoticed = report(healthy(), &Err("it is not there".into()));
    hold("a watched folder is gone, and nothing told the agent", &unnoticed);
    let held = Activity { held: Some("The disk is full: 5 MiB are free.".into()), ..Activity::default() };
    let held = Reports { status: Ok(StatusReport { activity: held, ..status() }), ..healthy() };
    hold("nothing can be indexed", &report(held, &Ok(())));
    let taken = Some("Address already in use".to_owned());
    let taken = Reports { network: Ok(NetworkReport { no_datagrams: taken, ..network() }), ..healthy() };
    hold("another program has the UDP port", &report(taken, &Ok(())));
    let alone = Reports { network: Ok(NetworkReport { peers: vec![peer()], ..network() }), ..healthy() };
    hold("the agent listens on this machine only, and another device is named", &report(alone, &Ok(())));
}

#[test]
fn what_the_page_says_of_the_home_the_key_parsers_and_a_clock_that_nothing_vouches_for_is_what_the_doctor_says() {
    let with = |check: Check| {
        let mut report = report(healthy(), &Ok(()));
        report.checks.push(check);
        report
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("identity.key");
    fs::write(&file, "5".repeat(64)).unwrap();
    let locals = |home: &Path, name: &str| {
        local::checks(home, Path::new("/")).into_iter().find(|check| check.name == name).unwrap()
    };
    hold("the home is a file", &with(locals(&file, "home")));
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    hold("the key can be read by other users", &with(locals(folder.path(), "key")));
    let started = tempfile::tempdir().unwrap();
    let home = Home::open(started.path()).unwrap();
    home.identity().unwrap();
    home.write(HomeFile::BootCount, b"1").unwrap();
    drop(home);
    hold("the note of the hardware and its copy are deleted", &with(locals(started.path(), "key")));
    let rest = tempfile::tempdir().unwrap();
    fs::set_permissions(rest.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    fs::write(rest.path().join("api-tokens"), "{}").unwrap();
    hold("of the home hardly anything is left", &with(locals(rest.path(), "home")));
    let mut told = vec![rest_of_home(rest.path()).unwrap()];
    hold_finding("of the home hardly anything was left before the start", told[0].clone());
    tell_once(&[locals(rest.path(), "home")], None, &mut told);
    assert_eq!(told, [], "what this machine tells the agent does not tell again");
    let quiet = Config::parse("[[energy.quiet]]\nfrom = \"22:00\"\nto = \"7:00\"\n").unwrap();
    let clock = local::clock_check((RELEASE + 1000, false), &quiet);
    let refused = not_started("Resource temporarily unavailable (os error 11)");
    hold("no process can be started for a parser", &with(local::parser(Err(refused))));
    hold("quiet hours are set, and nothing vouches for the clock", &with(clock));
}

#[test]
fn what_the_page_says_of_devices_that_do_not_reach_each_other_is_what_the_doctor_says() {
    let judged = |network| report(Reports { network: Ok(network), ..healthy() }, &Ok(()));
    let mut cut = network_of(peer());
    cut.listen_addresses.clear();
    hold("no interface of this device leads to others", &judged(cut));
    let mut deaf = network_of(peer());
    deaf.multicast.own_received.clear();
    hold("a firewall of this device drops multicast", &judged(deaf));
    let mut alone = network_of(peer());
    alone.multicast.others_received = 0;
    hold("the network holds multicast of others back", &judged(alone));
    let at = Some("192.168.1.9:7781".parse().unwrap());
    let of = |peer: PeerReachability| judged(network_of(peer));
    let linked = PeerReachability { linked: at, keys: true, sent: 9, ..peer() };
    hold("datagrams of a linked device do not come", &of(linked));
    hold("another device was never heard", &of(peer()));
    let given = vec!["/dns4/nas.local/tcp/7781/p2p/x".to_owned()];
    hold("the name of another device leads to no address", &of(PeerReachability { given, ..peer() }));
    let failed = |why: &str| PeerReachability { dialled: at, failed: Some(why.to_owned()), ..peer() };
    hold("a firewall before another device drops its port", &of(failed("no answer in time")));
    hold("the agent of another device hangs", &of(failed("it took the connection and did not answer in time")));
    hold("somebody answers at the address and does not link", &of(failed("the other end closed the connection")));
    let mut knocked = network_of(failed("the other end closed the connection"));
    knocked.unknown_peers.push(UnknownPeer {
        peer_id: "12D3x".into(),
        address: "192.168.1.9:5".parse().unwrap(),
        ms: 5,
        tries: 3,
    });
    hold("another device has a new key", &judged(knocked));
}

#[test]
fn while_nothing_can_be_saved_the_row_of_the_files_says_why_and_sends_nobody_to_add_the_folder_again() {
    for (different, undecided) in [(1, 1), (0, 2)] {
        let mut reports = healthy();
        let status = reports.status.as_mut().unwrap();
        status.activity.held = Some("The disk is full: 0 MiB are free. Make room.".to_owned());
        let sample = crate::http::dto::FileSample { looked: 40, different, examples: Vec::new(), undecided };
        reports.audit.as_mut().unwrap().sample = Some(sample);
        let text = report(reports, &Ok(())).text(&Style { width: 900, styled: false });
        let row = text.lines().find(|line| line.starts_with("WRONG  files")).unwrap();
        assert!(row.contains("does not have 2 of 40 files as they are: changes cannot be saved just now"), "{row}");
        assert!(row.contains("The disk is full") && !row.contains("decided") && !row.contains("Adding"), "{row}");
    }
}

#[test]
fn an_agent_that_starts_for_the_first_time_is_waited_for_and_not_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).unwrap();
    let status = Err(crate::http::client::Failure::NoAgent(crate::platform::running::starting(&home).unwrap()));
    let judged = report(Reports { status, ..healthy() }, &Ok(()));
    hold("an agent starts for the first time", &judged);
    let agent = judged.checks.iter().find(|check| check.name == "agent").unwrap();
    assert_eq!(agent.command().map(String::as_str), Some("wattle doctor"));
}

#[test]
fn of_an_agent_that_does_not_answer_the_doctor_says_what_ends_it_or_lets_it_go_on() {
    let judged = |more: &str| {
        let why = format!(
            "The agent on 127.0.0.1:7780 did not answer within 30 seconds. Process 4711 holds the home /h{more}."
        );
        let silent = || crate::http::client::Failure::Silent(why.clone());
        let (status, audit, network) = (Err(silent()), Err(silent()), Err(silent()));
        report(Reports { status, audit, network, mesh: Err(silent()), energy: Err(silent()) }, &Ok(()))
    };
    hold("the agent hangs", &judged(""));
    let frozen = judged(", and is frozen: `kill -CONT 4711` lets it go on");
    let agent = frozen.checks.iter().find(|check| check.name == "agent").unwrap();
    assert_eq!(agent.command().map(String::as_str), Some("kill -CONT 4711"));
    assert!(!agent.says().contains("kill -9"), "{agent:?}");
}

#[test]
fn a_watched_folder_that_became_the_home_of_another_agent_is_told_as_one_that_is_away() {
    let (path, kind) = (b"/n/docs".to_vec(), MarkKind::Away);
    let away = Mark { path, volume: 0, since: 1_795_717_859, documents: 7, partly: 0, read: 0, unread: 0, kind };
    let why = crate::scheduler::key_files::AGENT_HOME;
    hold_finding("a watched folder became the home of another agent", of_away(&away, Some(why), false));
}

#[test]
fn what_one_check_says_of_several_files_and_of_a_disk_that_is_read_only_is_not_told_again() {
    let finding = |what: &str| Finding { area: Area::State, what: what.to_owned(), command: None };
    let checks = [Check::wrong("copies", "A is bad. B is bad.", "x"), Check::wrong("home", "It is not written.", "y")];
    let mut found = ["A is bad.", "B is bad.", "The disk is read-only.", "C is bad."].map(finding).to_vec();
    tell_once(&checks, Some(&finding("The disk is read-only.")), &mut found);
    assert_eq!(found, [finding("C is bad.")]);
    let twice = NodeHandle::new().0.all_findings(vec![finding("D is bad."), finding("D is bad.")], 0);
    assert_eq!(twice, [finding("D is bad.")], "two parts of the agent found one thing");
}
