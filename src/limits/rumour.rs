//! The caps of rumours and of the events that people follow.

use super::{COLLECTION_BYTES_MAX, FRAME_GOSSIP_MAX, LINKS_MAX};

/// Bytes of one rumour as its origin sealed it: a list of `RUMOUR_COLLECTIONS_MAX` collections and the envelope.
pub const RUMOUR_BYTES_MAX: usize = 2048;

/// Bytes of what one rumour says: what the envelope's five fields leave of `RUMOUR_BYTES_MAX`.
pub const RUMOUR_BODY_MAX: usize = RUMOUR_BYTES_MAX - 256;

/// Collections that one agent tells of.
pub const RUMOUR_COLLECTIONS_MAX: usize = 16;

/// Links that a rumour crosses in a flood (shared/reference/protocol.md 7, row 26).
pub const RUMOUR_HOPS_MAX: u8 = 8;

/// Links that a relay hands news on to. The origin tells all of its links; the digests find whom a flood missed.
pub const RUMOUR_FANOUT: usize = 3;

/// Agents whose rumours are kept: about 800 bytes each, and up to 2 KiB more for a long list of collections.
pub const RUMOUR_ORIGINS_MAX: usize = 512;

/// Links whose bytes of rumours are counted: all that stand.
pub const RUMOUR_LINKS_MAX: usize = LINKS_MAX;

/// Bytes of rumours a second that one link may bring or fetch. 500 agents tell about 1.5 kB a second, all together.
pub const RUMOUR_LINK_RATE: u64 = 16 * 1024;

/// The same at once, after a quiet time: all that `RUMOUR_ORIGINS_MAX` agents told, for one that comes late.
pub const RUMOUR_LINK_BURST: u64 = 512 * 1024;

/// Bytes of news a second that one origin may tell: a list of collections every 30 seconds is 68.
pub const RUMOUR_ORIGIN_RATE: u64 = 128;

/// The same at once, after a quiet time: four of the longest rumours.
pub const RUMOUR_ORIGIN_BURST: u64 = 8 * 1024;

/// Bytes that a forged rumour costs the link that brought it: only a liar hands on what it did not check.
pub const RUMOUR_FORGERY_BYTES: u64 = 16 * 1024;

/// Rumours in one frame.
pub const RUMOUR_BATCH_MAX: usize = 32;

/// Bytes of the rumours in one frame, beyond its first rumour.
pub const RUMOUR_BATCH_BYTES: usize = 16 * 1024;

/// Rumours named in one frame, for comparison.
pub const RUMOUR_DIGEST_MAX: usize = 64;

/// Milliseconds between two comparisons of all rumours, each with one link.
pub const RUMOUR_DIGEST_MS: u64 = 30_000;

/// Milliseconds until the names of news, which a flood may have kept from somebody, go to a few links more.
pub const RUMOUR_RECENT_MS: u64 = 2_000;

/// Links that hear those names: 15 bytes each in place of the rumour's 200.
pub const RUMOUR_RECENT_LINKS: usize = 3;

/// Rumours that somebody asked for and that go on from there like news: beyond, it came late and they are old.
pub const RUMOUR_FEW: usize = 8;

/// Milliseconds between two comparisons that new links bring about: who gets ten links at once compares with one.
pub const RUMOUR_COMPARE_MS: u64 = 5_000;

/// Milliseconds that what an agent tells of itself stays as it is (shared/reference/energy.md 4.9).
pub const RUMOUR_DWELL_MS: u64 = 30_000;

/// Milliseconds after which an agent tells its headroom again, changed or not.
pub const RUMOUR_REFRESH_MS: u64 = 60_000;

/// Milliseconds between two counts of the collections while the agent works: a count walks every document.
pub const RUMOUR_COUNT_MS: u64 = 10 * 60 * 1000;

/// Seconds that a headroom is valid, at least and at most.
pub const RUMOUR_VALID_S: (u8, u8) = (30, 120);

/// Milliseconds of a task that a headroom tells, at most: an hour.
pub const RUMOUR_TASK_MS_MAX: u32 = 3_600_000;

/// Events that are kept for people who ask what happened; the oldest goes first.
pub const EVENTS_MAX: usize = 256;

/// Events in one answer.
pub const EVENTS_ANSWER_MAX: usize = 100;

/// Bytes of one event's sentence.
pub const EVENT_BYTES_MAX: usize = 256;

/// Refusals of strangers that wait to be told as events; beyond, they are in the log only.
pub const REFUSALS_MAX: usize = 16;

/// Milliseconds between two questions of `wattle peers --watch`.
pub const WATCH_MS: u64 = 1_000;

const _: () = {
    assert!(
        2 + RUMOUR_COLLECTIONS_MAX * (1 + COLLECTION_BYTES_MAX + 32 + 5 + 5) <= RUMOUR_BODY_MAX,
        "the longest list of collections is one rumour"
    );
    assert!(RUMOUR_BATCH_BYTES + 2 * RUMOUR_BYTES_MAX < FRAME_GOSSIP_MAX / 2, "a batch of rumours is one frame");
    assert!(
        RUMOUR_DWELL_MS < RUMOUR_REFRESH_MS && RUMOUR_REFRESH_MS < RUMOUR_VALID_S.1 as u64 * 1000,
        "one may be lost"
    );
};
