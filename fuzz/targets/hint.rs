//! Energy hints, of evcc and of grid services: an accepted hint is within its bounds, whatever was sent.

use wattle::base::time::{Duration, Instant};
use wattle::energy::policy::hint_source::{HintSource, Received};
use wattle::energy::policy::wall::Wall;
use wattle::limits::{GRID_BYTES_MAX, HINT_SOURCE_BYTES_MAX, HINT_TTL_S_MAX};

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    let mut source = HintSource::default();
    for (second, wall) in [(0, None), (61, Some(Wall(1_800_000_000)))] {
        let received = source.take(Instant::from_millis(second * 1000), data, wall);
        assert!(received.is_err() || data.len() <= GRID_BYTES_MAX);
        if let Ok(Received::Hint(_, hint)) = received {
            assert!((Duration::from_secs(1)..=Duration::from_secs(HINT_TTL_S_MAX)).contains(&hint.ttl));
            assert!(
                hint.source.len() <= HINT_SOURCE_BYTES_MAX && hint.source.chars().all(|letter| !letter.is_control())
            );
        }
    }
}

/// One of each format.
pub fn seeds() -> Vec<Vec<u8>> {
    [
        r#"{"v":1,"state":"surplus","surplus_w":350,"intensity_g_kwh":null,"ttl_s":900,"source":"home-assistant"}"#,
        r#"{"v":1,"state":"scarce","ttl_s":1,"expires":1800000900}"#,
        r#"{"grid":{"power":-1200.5},"pvPower":3000}"#,
        r#"{"zone":"DE","carbonIntensity":310,"datetime":"2026-11-22T10:00Z"}"#,
        r#"{"data":[{"from":"a","to":"b","intensity":{"forecast":120,"actual":null,"index":"low"}}]}"#,
        r#"[{"location":"x","rating":80.5,"duration":"00:05:00"}]"#,
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}
