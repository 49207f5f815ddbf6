//! Test code: docs/api.md names each field of an answer where it speaks of the call that gives it.

use super::*;
use crate::base::finding::Area;
use crate::base::hit::FileCoverage;
use crate::base::id::Ring;
use crate::energy::day::DayReport;
use crate::http::folders::{AwayPlace, Missing};
use crate::node::output;
use crate::runtime::feedback::{Judgement, Verdict};
use crate::runtime::governor::QuietWindow;
use serde_json::{Value, json};

const PAGE: &str = include_str!("../../../docs/api.md");

/// The names of all fields, of the objects within too.
fn fields(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(name, value)| {
            names.push(name.clone());
            fields(value, names);
        }),
        Value::Array(list) => list.iter().for_each(|value| fields(value, names)),
        _ => {}
    }
}

/// The parts of the page that speak of one of these calls: paragraphs, without the table of all calls.
fn parts_about(calls: &[&str]) -> String {
    let about = |part: &&str| !part.starts_with('|') && calls.iter().any(|call| part.contains(&format!("`{call}`")));
    PAGE.split("\n\n").filter(about).collect::<Vec<_>>().join("\n")
}

/// Fields of `answer` that the page does not have between backticks, alone or in the form of an object, where it speaks of the calls.
fn unnamed(answer: &impl Serialize, calls: &[&str]) -> Vec<String> {
    let (mut names, parts) = (Vec::new(), parts_about(calls));
    fields(&serde_json::to_value(answer).unwrap(), &mut names);
    assert!(names.len() > 1, "an answer has fields");
    names.retain(|name| !parts.contains(&format!("`{name}`")) && !parts.contains(&format!("\"{name}\"")));
    names
}

fn files() -> Counts {
    Counts { files: Files::default(), chunks: 1, vectors: 1, set_aside: 0 }
}

fn watched() -> Watched {
    let away = AwayPlace {
        path: "/n/stick".into(),
        since: "2026".into(),
        documents: 2,
        answering: 1,
        unread: 1,
        kept: true,
        unreadable: true,
    };
    Watched {
        path: "/n".into(),
        collection: "home".into(),
        ring: Ring::Mesh,
        looked_s_ago: Some(1),
        followed: true,
        away: vec![away],
        missing: Some(Missing { documents: 1, of: 2 }),
        kept_without_files: 1,
        key_files: 1,
        key_file_paths: vec!["/n/a.pem".into()],
        agent_homes: vec!["/n/w".into()],
        ignored: None,
    }
}

fn page() -> PageOutside {
    PageOutside { address: "https://10.0.0.7:7780".into(), tls: true, trouble: Some("x".into()) }
}

fn status() -> StatusReport {
    let share = LanguageShare { name: "German".into(), percent: 100 };
    let languages =
        LanguagesOf { collection: "home".into(), words: "German".into(), languages: vec![share], unknown_percent: 100 };
    let collection = Collection { name: "home".into(), model: "00".into(), documents: 1, passages: 1 };
    let peer = Peer {
        peer_id: "12D3".into(),
        device: None,
        linked: true,
        state: "alive".into(),
        off_s: None,
        silent_s: None,
        address: None,
        round_trip_us: None,
        headroom: Some(Headroom { quarters: 1, energy: Energy::Normal, ms_per_task: None, age_s: 40 }),
        other_model: true,
        frozen: true,
        shared: SharedFiles { collections: vec![collection], unusable: 1 },
    };
    StatusReport {
        peer_id: "12D3".into(),
        device: "attic".into(),
        mesh: None,
        files: Files { absent: 1, ..Files::default() },
        leaving: 0,
        progress: Progress { chunks: 0, vectors: 0, ..Progress::default() },
        index_bytes: IndexBytes::default(),
        peers: vec![peer],
        model: Model {
            name: "m".into(),
            fingerprint: "00".into(),
            unknown_language: None,
            collections: Vec::new(),
            languages: vec![languages],
        },
        sources: vec![watched()],
        activity: Activity { page: Some(page()), starting: Some(Starting::default()), ..Activity::default() },
        findings: vec![Finding { area: Area::State, what: "x".into(), command: None }],
    }
}

fn checked() -> Checked {
    Checked {
        clean: true,
        counted: files(),
        believed: files(),
        faults: Vec::new(),
        fault_count: 0,
        parked: Vec::new(),
        refused: vec![Unusable { path: "/n/a".into(), reason: "x".into() }],
        sample: Some(FileSample { looked: 1, different: 0, examples: Vec::new(), undecided: 0 }),
    }
}

fn found() -> SearchResults {
    let place = SearchPlace { device: "attic".into(), peer_id: "12D3".into(), path: "/n/a".into() };
    let hit = SearchHit {
        device: "attic".into(),
        peer_id: "12D3".into(),
        path: "/n/a".into(),
        text: "x".into(),
        snippet: vec![String::new(), "x".into(), String::new()],
        score: 0.5,
        heading: String::new(),
        passage: Some(7),
        file: HitFile {
            away_since: Some("2026".into()),
            kept_since: Some("2026".into()),
            unreadable: true,
            gone_since: Some("2026".into()),
        },
        places: vec![place.clone(), place],
    };
    let silent = output::SilentDevice { device: "attic".into(), peer_id: "12D3".into(), other_model: true };
    let coverage = SearchAnswer {
        asked: 2,
        answered: 1,
        silent: vec!["attic".into()],
        silent_devices: vec![silent],
        not_asked: 1,
        nothing_else: vec![output::DeviceName { device: "tv".into(), peer_id: "12D3".into() }],
        frozen: vec![output::DeviceName { device: "pc".into(), peer_id: "12D3".into() }],
        uncovered: output::Uncovered { documents: 3, elsewhere: 2, unknown_devices: 1 },
        files: FileCoverage::default(),
        others: vec![output::DeviceCoverage {
            device: "nas".into(),
            peer_id: "12D3".into(),
            files: FileCoverage::default(),
            unusable: 1,
        }],
        unusable: 1,
        background: Some("x".into()),
    };
    let unusable = vec![Unusable { path: "/n/a".into(), reason: "x".into() }];
    SearchResults {
        hits: vec![hit],
        nothing_fits: true,
        no_phrase: true,
        filters: vec!["type:pdf".into()],
        unfiltered: vec!["attic".into()],
        unknown: vec!["x".into()],
        unusable,
        coverage,
    }
}

fn document() -> DocumentText {
    let passages = vec![Passage { heading: "A".into(), text: "x".into() }];
    DocumentText { path: "/n/a".into(), passages, from: 0, of: 2, next: Some(1) }
}

fn judgement() -> Judgement {
    let (question, device, path, chunk) = ("x".into(), "12D3".into(), "/n/a".into(), "00".into());
    Judgement { at_s: 7, question, device, path, chunk, verdict: Verdict::Good }
}

#[test]
fn each_field_of_the_answers_stands_on_the_page() {
    let folders = Folders { folders: vec![watched()], private_names: vec!["diary".into()] };
    let added = Added {
        path: "/n".into(),
        collection: Some("home".into()),
        ring: Some(Ring::Mesh),
        already: true,
        within: Some("/".into()),
        parts: vec!["/n/a".into()],
        forgotten: Some("x".into()),
    };
    let regrouped = Regrouped { name: "home".into(), ring: None, places: Some(1), forgotten: None };
    let forgotten = Forgotten { done: "x".into(), forgotten: Some("x".into()) };
    let none = Vec::<String>::new();
    assert_eq!(unnamed(&status(), &["GET /v1/status", "GET /v1/folders"]), none);
    assert_eq!(unnamed(&checked(), &["GET /v1/doctor", "GET /v1/status"]), none);
    assert_eq!(unnamed(&folders, &["GET /v1/folders"]), none);
    assert_eq!(unnamed(&added, &["POST /v1/add"]), none);
    assert_eq!(unnamed(&regrouped, &["POST /v1/collection"]), none);
    assert_eq!(unnamed(&forgotten, &["POST /v1/forget"]), none);
    let model = ModelHere { name: "m".into(), many_languages: true, home: true };
    let models = ModelsHere { models: vec![model], folder: "/m".into() };
    assert_eq!(unnamed(&models, &["GET /v1/collection/models"]), none);
    let window = QuietWindow { days: "daily".into(), from: "22:00".into(), to: "07:00".into(), cap: 0.25 };
    let quiet = QuietSet { quiet: vec![window], leads: true, forgotten: Some("x".into()) };
    assert_eq!(unnamed(&quiet, &["PUT /v1/energy/quiet"]), none);
    assert_eq!(unnamed(&found(), &["POST /v1/search"]), none);
    assert_eq!(unnamed(&document(), &["GET /v1/document"]), none);
    assert_eq!(unnamed(&judgement(), &["POST /v1/feedback"]), none);
    assert_eq!(unnamed(&DayReport::default(), &["GET /v1/energy/day"]), none);
    let not_there = json!({ "a": 1, "not on the page": [{ "nor this": 2 }], "idle_watts": 3 });
    let missing = ["a", "not on the page", "nor this", "idle_watts"];
    // Serde sorts the names of a value.
    let mut found = unnamed(&not_there, &["POST /v1/forget"]);
    found.sort_by_key(|name| missing.iter().position(|missing| missing == name));
    assert_eq!(found, missing, "what another call answers is named elsewhere");
}
