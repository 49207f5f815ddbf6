//! Gossip items, and the list of events that people follow.

use super::link::LINKS_MAX;
use super::store::COLLECTION_BYTES_MAX;
use super::wire::FRAME_GOSSIP_MAX;

/// Bytes of one item as its origin signed it: a list of `GOSSIP_COLLECTIONS_MAX` collections and the envelope.
pub const GOSSIP_BYTES_MAX: usize = 2048;

/// Bytes of the body of one item: what the envelope's five fields leave of `GOSSIP_BYTES_MAX`.
pub const GOSSIP_BODY_MAX: usize = GOSSIP_BYTES_MAX - 256;

/// Collections that one agent publishes.
pub const GOSSIP_COLLECTIONS_MAX: usize = 16;

/// Links that a gossip item crosses while it is forwarded; a loop of links ends there.
pub const GOSSIP_HOPS_MAX: u8 = 8;

/// Links to which a relay forwards a new item. The origin sends it to all of its links; digests find whom that missed.
pub const GOSSIP_FANOUT: usize = 3;

/// Agents whose items are kept: about 800 bytes each, and up to 2 KiB more for a long list of collections.
pub const GOSSIP_ORIGINS_MAX: usize = 512;

/// Links whose bytes of items are counted: all that are up.
pub const GOSSIP_LINKS_MAX: usize = LINKS_MAX;

/// Bytes of items a second that one link may bring or fetch. 500 agents publish about 1.5 kB a second, all together.
pub const GOSSIP_LINK_RATE: u64 = 16 * 1024;

/// The same at once, after a quiet time: the items of `GOSSIP_ORIGINS_MAX` agents, for one that joins late.
pub const GOSSIP_LINK_BURST: u64 = 512 * 1024;

/// Bytes of new items a second that one origin may send: a list of collections every 30 seconds is 68.
pub const GOSSIP_ORIGIN_RATE: u64 = 128;

/// The same at once, after a quiet time: four of the longest items.
pub const GOSSIP_ORIGIN_BURST: u64 = 8 * 1024;

/// Bytes that a forged item costs the link that brought it: an honest relay verifies what it sends.
pub const GOSSIP_FORGERY_BYTES: u64 = 16 * 1024;

/// Items in one frame.
pub const GOSSIP_BATCH_MAX: usize = 32;

/// Bytes of the items in one frame, beyond its first item.
pub const GOSSIP_BATCH_BYTES: usize = 16 * 1024;

/// Items named in one digest frame.
pub const GOSSIP_DIGEST_MAX: usize = 64;

/// Milliseconds between two comparisons of all items, each with one link.
pub const GOSSIP_DIGEST_MS: u64 = 30_000;

/// Milliseconds until the digest of new items, which forwarding may have missed to deliver, goes to a few links more.
pub const GOSSIP_RECENT_MS: u64 = 2_000;

/// Links to which that digest goes: 15 bytes an item in place of the item's 200.
pub const GOSSIP_RECENT_LINKS: usize = 3;

/// Items in a reply to IWant up to which they are relayed like new ones; a larger reply goes to an agent that
/// just joined, and its items are old.
pub const GOSSIP_RELAYED_REPLY_MAX: usize = 8;

/// Milliseconds between two comparisons that new links bring about: an agent that gets ten links at once compares with
/// one.
pub const GOSSIP_COMPARE_MS: u64 = 5_000;

/// Milliseconds for which the headroom that an agent publishes stays as it is, so that receivers see no flicker; and
/// between two counts of its collections while it is at rest.
pub const GOSSIP_DWELL_MS: u64 = 30_000;

/// Milliseconds after which an agent sends its headroom again, changed or not.
pub const GOSSIP_REFRESH_MS: u64 = 60_000;

/// Milliseconds between two counts of the collections while the agent works: a count walks every document.
pub const GOSSIP_COUNT_MS: u64 = 10 * 60 * 1000;

/// Seconds that a headroom is valid, at least and at most.
pub const GOSSIP_VALID_S: (u8, u8) = (30, 120);

/// Milliseconds of a task in a headroom, at most: an hour.
pub const GOSSIP_TASK_MS_MAX: u32 = 3_600_000;

/// Events that are kept for `wattle peers --watch`; the oldest is removed first.
pub const EVENTS_MAX: usize = 256;

/// Events in one answer.
pub const EVENTS_ANSWER_MAX: usize = 100;

/// Bytes of one event's sentence.
pub const EVENT_BYTES_MAX: usize = 512;

/// Milliseconds between two requests of `wattle peers --watch`.
pub const WATCH_MS: u64 = 1_000;

const _: () = {
    assert!(
        2 + GOSSIP_COLLECTIONS_MAX * (1 + COLLECTION_BYTES_MAX + 32 + 5 + 5) <= GOSSIP_BODY_MAX,
        "the longest list of collections is one gossip item"
    );
    assert!(GOSSIP_BATCH_BYTES + 2 * GOSSIP_BYTES_MAX < FRAME_GOSSIP_MAX / 2, "a batch of gossip items is one frame");
    assert!(
        GOSSIP_DWELL_MS < GOSSIP_REFRESH_MS && GOSSIP_REFRESH_MS < GOSSIP_VALID_S.1 as u64 * 1000,
        "one may be lost"
    );
};
