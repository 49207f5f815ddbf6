//! What is not known yet is told in the first moments, and not later.

use super::*;
use serde_json::json;

/// A status with two folders, of which one was not looked at, and two devices, of which one is off.
fn report() -> StatusReport {
    let folder = |path: &str, looked: Option<u64>| json!({ "path": path, "collection": "home", "ring": "mesh", "looked_s_ago": looked });
    let peer = |name: &str, linked: bool, off: Option<u64>| {
        json!({
            "peer_id": name, "device": name, "linked": linked, "state": "unknown", "off_s": off, "address": null,
            "round_trip_us": null, "headroom": null, "collections": [],
        })
    };
    serde_json::from_value(json!({
        "peer_id": "12D3", "device": "attic", "mesh": null, "leaving": 0, "chunks": 0, "vectors": 0, "working": true, "held": null,
        "files": { "waiting": 0, "chunked": 0, "ready": 0, "refused": 0 },
        "model": { "name": "m", "fingerprint": "00" },
        "peers": [peer("tv", false, None), peer("pc", false, Some(60)), peer("nas", true, None)],
        "sources": [folder("/n", None), folder("/m", Some(1))],
    }))
    .unwrap()
}

#[test]
fn the_first_moments_tell_what_is_not_known_yet() {
    let starting = Starting::of(&report(), true, true).unwrap();
    assert_eq!((starting.folders, starting.looks, starting.devices), (true, 1, 1));
    let all =
        "Not known yet: all of the folders that it watches; what is new in 1 folder; whether 1 other device is there.";
    assert!(starting.says.starts_with("The agent is starting") && starting.says.ends_with(all), "{}", starting.says);
    let later = Starting::of(&report(), true, false).unwrap();
    assert_eq!((later.folders, later.looks, later.devices), (true, 0, 0), "what lasts has words of its own");
    assert_eq!(Starting::of(&report(), false, false), None);
    let mut known = report();
    known.sources.iter_mut().for_each(|source| source.looked_s_ago = Some(0));
    known.peers.retain(|peer| peer.linked || peer.off_s.is_some());
    assert_eq!(Starting::of(&known, false, true), None);
}
