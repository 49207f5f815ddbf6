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

/// Links that a gossip item crosses while it is forwarded; a loop of links ends there. The tree of 500 agents is some 15 deep.
pub const GOSSIP_HOPS_MAX: u8 = 32;

/// Links that are made eager as they come up, beyond the first one: the tree grows from these, and needs about two.
pub const GOSSIP_EAGER_FIRST: usize = 4;

/// Milliseconds in which a peer has taken note of a Prune: what it pushes meanwhile was on its way already.
pub const GOSSIP_PRUNE_MS: u64 = 2_000;

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

/// Requests for items that are remembered, so that an item is asked of one peer at a time.
pub const GOSSIP_REQUESTS_MAX: usize = 1024;

/// Milliseconds after which an item that was asked for is asked of another peer.
pub const GOSSIP_REQUEST_MS: u64 = 1_000;

/// Items named in one digest frame.
pub const GOSSIP_DIGEST_MAX: usize = 64;

/// Milliseconds between two comparisons of all items, each with one link.
pub const GOSSIP_DIGEST_MS: u64 = 30_000;

/// Milliseconds between two announcements of new items to lazy links, each to `GOSSIP_ANNOUNCE_LINKS` of them.
pub const GOSSIP_RECENT_MS: u64 = 3_000;

/// Lazy links that are told at a time: 15 bytes an item in place of the item's 200, and 300 a message. With twelve links an agent is
/// told of an item about three times in `GOSSIP_RECENT_MS`.
pub const GOSSIP_ANNOUNCE_LINKS: usize = 3;

/// Milliseconds for which an item has been held before it is announced: by then the tree has carried it everywhere.
pub const GOSSIP_SETTLE_MS: u64 = 500;

/// Milliseconds for which an agent sends its own item to each new link: most facts are published while the links come up.
pub const GOSSIP_FRESH_MS: u64 = 10_000;

/// Items in a reply to IWant up to which they are relayed like new ones; a larger reply goes to an agent that
/// just joined, and its items are old.
pub const GOSSIP_RELAYED_REPLY_MAX: usize = 8;

/// Milliseconds between two comparisons that new links bring about: an agent that gets ten links at once compares with
/// one.
pub const GOSSIP_COMPARE_MS: u64 = 5_000;

/// Milliseconds for which the headroom that an agent publishes stays as it is, so that receivers see no flicker; and
/// between two counts of its collections while it is at rest.
pub const GOSSIP_DWELL_MS: u64 = 30_000;

/// The same in a large mesh, for each agent that is known: 60 and fewer do not slow each other down.
pub const GOSSIP_DWELL_PEER_MS: u64 = 500;

/// Milliseconds after which an agent sends its headroom again, changed or not; up to a quarter sooner.
pub const GOSSIP_REFRESH_MS: u64 = 600_000;

/// By how many times the time of a task must have changed, up or down, to be published before that.
pub const GOSSIP_TASK_FACTOR: u32 = 2;

/// Milliseconds between two counts of the collections while the agent works: a count walks every document.
pub const GOSSIP_COUNT_MS: u64 = 10 * 60 * 1000;

/// Milliseconds from a look at the status to the count of languages that it asks for, on a device alone.
pub const LANGUAGES_LOOKED_MS: u64 = 3_000;

/// Where some folders are private, so many milliseconds for each file lie between two counts, if that is less: a count takes a small part of that.
pub const GOSSIP_COUNT_MS_PER_FILE: u64 = 20;

/// Seconds that a headroom is valid, at least and at most. That of an agent which is known as down is not shown meanwhile.
pub const GOSSIP_VALID_S: (u16, u16) = (30, 1_500);

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
        GOSSIP_DWELL_MS < GOSSIP_REFRESH_MS && 2 * GOSSIP_REFRESH_MS < GOSSIP_VALID_S.1 as u64 * 1000,
        "one may be lost"
    );
    assert!(
        GOSSIP_ORIGINS_MAX as u64 * GOSSIP_DWELL_PEER_MS < GOSSIP_REFRESH_MS,
        "in the largest mesh a change is published sooner than what stays as it is"
    );
    assert!(GOSSIP_SETTLE_MS < GOSSIP_RECENT_MS, "an announcement has what is new");
};
