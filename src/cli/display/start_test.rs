//! The status of an agent that started a moment ago, and where other devices reach its page.

use super::*;
use crate::base::finding::{Area, Finding};
use crate::http::dto::Starting;
use serde_json::json;

const PLAIN: Style = Style { width: 40, styled: false };

#[test]
fn a_start_is_told_with_what_is_not_known_yet_in_place_of_zeros_and_where_others_reach_the_page_is_told_as_it_is() {
    let mut report = spare();
    report.activity.starting = Starting::of(&report, true, true);
    let text = status(&report, &PLAIN);
    assert!(
        text.starts_with("Starting   The agent is starting") && text.contains("\nFiles      not known yet\n"),
        "{text}"
    );
    assert!(text.contains("\nPassages   not known yet\n") && !text.contains("nothing yet"), "{text}");
    report.activity.starting = None;
    let text = status(&report, &PLAIN);
    assert!(text.contains("\nFiles      0 ready\n") && text.contains("Watched    nothing yet"), "{text}");
    let page = |tls, trouble: Option<&str>| PageOutside {
        address: "https://10.0.0.7:7780".into(),
        tls,
        trouble: trouble.map(str::to_owned),
    };
    assert!(!text.contains("Page "), "it is for this machine alone: {text}");
    for (of, told) in [
        (page(true, None), "Page       for other devices at https://10.0.0.7:7780, encrypted\n"),
        (page(false, None), ", not encrypted: everybody in the network can read along (`wattle tls on` encrypts it)\n"),
        (page(true, Some("None reaches it.")), "Page       None reaches it.\n"),
    ] {
        report.activity.page = Some(of);
        let text = status(&report, &PLAIN);
        assert!(text.contains(told), "{told}: {text}");
    }
    let what = "None reaches it. Stop the agent.".to_owned();
    report.findings = vec![Finding { area: Area::State, what, command: Some("wattle up".into()) }];
    let text = status(&report, &PLAIN);
    assert!(text.contains("Wrong      None reaches it. Stop the agent. Type: wattle up\n"), "{text}");
    assert!(!text.contains("Page "), "it is told once: {text}");
}

/// An agent of which nothing is known.
fn spare() -> StatusReport {
    serde_json::from_value(json!({
        "peer_id": "12D3", "device": "attic", "mesh": null, "leaving": 0, "chunks": 0, "vectors": 0, "working": true, "held": null,
        "files": { "waiting": 0, "chunked": 0, "ready": 0, "refused": 0 }, "model": { "name": "m", "fingerprint": "00" },
        "peers": [], "sources": [],
    }))
    .unwrap()
}
