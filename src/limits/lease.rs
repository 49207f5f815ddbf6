//! Leases: embedding work that is lent to other devices.

use super::scheduler::EMBED_BATCH;
use super::text::CHUNK_BYTES_MAX;

/// Chunks of one lease at most. A device that embeds one in 30 ms, a fast PC, takes some two seconds for them.
pub const LEASE_CHUNKS_MAX: usize = 64;

/// Bytes of the texts and headings of one lease, or one chunk: a grant is one frame.
pub const GRANT_BYTES_MAX: usize = 256 * 1024;

/// Vectors in one message of results: those of one task.
pub const RESULTS_MAX: usize = EMBED_BATCH;

/// Leases that one device has at once: one that it works on, one that waits.
pub const LEASES_EACH_MAX: usize = 2;

/// Devices to which a device lends, and from which it borrows, at once.
pub const LENDING_MAX: usize = 32;

/// Milliseconds of a device's own measured speed that one lease takes: a lease that is lost costs no more.
pub const LEASE_WORK_MS: u64 = 2_000;

/// Chunks of the first lease of a device whose speed is not known.
pub const LEASE_FIRST: usize = 4;

/// The shortest and the longest lease, in milliseconds. Between them it is four times what the work takes, and
/// two seconds. Each result extends it.
pub const LEASE_MS_MIN: u64 = 5_000;
/// See `LEASE_MS_MIN`.
pub const LEASE_MS_MAX: u64 = 5 * 60 * 1000;

/// Milliseconds beyond the time of its results for which no word of a device has come that works, before people are told so.
pub const WORD_MS: u64 = 1_000;

/// Milliseconds after which a lease ends whose device has no link any more. A link that is dialled anew is back before.
pub const LEASE_UNLINKED_MS: u64 = 2_000;

/// Milliseconds between two offers to the same device, and until a device asks once more that got nothing.
pub const OFFER_MS: u64 = 1_000;
/// See `OFFER_MS`.
pub const ASK_AGAIN_MS: u64 = 5_000;

/// Milliseconds after which whoever asks is told to ask again in a moment, where it could be granted nothing so far: a device that works
/// answers before the other gives it up.
pub const ASK_ANSWER_MS: u64 = 4_000;

/// Milliseconds at most until an owner is asked once more that did not answer, where the first such pause is `ASK_AGAIN_MS`, and each next one
/// twice as long.
pub const ASK_PAUSE_MS_MAX: u64 = 5 * 60 * 1000;

/// Milliseconds until a device asks again to which nothing could be granted just now, although there is work.
pub const LATER_MS: u32 = 500;

/// Milliseconds until a device that has nothing of this one is told once more that there is work.
pub const OFFER_AGAIN_MS: u64 = 30_000;

/// Milliseconds until a device of which a result was false is told so once more.
pub const BAN_AGAIN_MS: u64 = 60_000;

/// Milliseconds for which a device that may not work any more keeps what it borrowed.
pub const GIVE_BACK_MS: u64 = 2_000;

/// Chunks that wait to be embedded from which on they are offered to others. Fewer are done here before they would
/// be there and back.
pub const OFFER_MIN: u64 = 16;

/// The most chunks that an offer names where some folders are private: enough that others ask, and no count of what is private.
pub const OFFER_PRIVATE_MAX: u64 = 64;

/// Documents whose chunks are read from the store at once, to be lent.
pub const LEND_DOCUMENTS: usize = 64;

/// Chunks that are read and wait to be granted.
pub const LEND_CHUNKS_MAX: usize = 2 * LEASE_CHUNKS_MAX;

/// The first results of a device, each of which is computed here too; good checks of before a restart count. After them one in
/// `CHECK_ONE_IN` is, and none counts before one of those that came after it, or itself, was computed: as no more than `UNCHECKED_MAX` wait, a device
/// that sends nothing but false ones from some time on is found within so many. Mostly it is before, by one in fifty, and by one in
/// `KNOWN_SELDOM_ONE_IN`, which is of a text whose vector is known: a device that knows these texts escapes that.
pub const PROBATION: u32 = 10;
/// See `PROBATION`.
pub const CHECK_ONE_IN: u64 = 50;

/// One in so many chunks of a batch is one whose vector is known already, and of a batch at least one, where this device may
/// not embed: a pause, a battery.
pub const KNOWN_ONE_IN: u64 = 8;

/// One in so many is, where results are computed here too.
pub const KNOWN_SELDOM_ONE_IN: u64 = 100;

/// Places of a lease that are left to them, so that a full one has some too.
pub const KNOWN_EACH_MAX: usize = 16;

/// Likewise where results are computed here too.
pub const KNOWN_SELDOM_EACH_MAX: usize = 4;

/// Chunks with known vectors that are read and wait to be mixed into batches, and how many are read at once.
pub const KNOWN_MAX: usize = 16;

/// Vectors that are looked at from a row by chance on, until `KNOWN_MAX` of them are of texts that others may see.
pub const KNOWN_LOOKED_MAX: usize = 256;

/// Rounds over the documents that others may embed that give nothing, and after each of which the next waits twice as long as before, from
/// `ASK_AGAIN_MS` on: some five minutes in the end.
pub const ROUND_PAUSES_MAX: u32 = 6;

/// Draws of chunks with known vectors that may find none that others may see, before that is looked for only once more is stored.
pub const KNOWN_DRAWS: u32 = 8;

/// Milliseconds after which what was read to be lent is read once more, and its files are looked at, before it is: a file may have been moved
/// into a private folder where no event tells so.
pub const LENDABLE_MS: u64 = 30_000;

/// Texts that end while chunks are read to be lent, and are remembered each; where more do, nothing of what was read is lent.
pub const ENDED_MAX: usize = 1024;

/// Documents that change while chunks are read to be lent, and are remembered each; where more do, no text with a known vector is taken.
pub const RECALLED_MAX: usize = 256;

/// Results of one device that wait for its next good check, before which none of them counts.
pub const UNCHECKED_MAX: usize = 128;

/// Texts that cannot be computed here and that a device which did not embed them is to embed too, at once, and milliseconds after which one that
/// nobody could confirm makes room for others.
pub const UNCONFIRMED_MAX: usize = 16;
/// See `UNCONFIRMED_MAX`.
pub const UNCONFIRMED_MS: u64 = 10 * 60 * 1000;

/// Vectors of one device that differ from what others made of the same texts, and that wait to be computed here.
pub const DOUBTS_MAX: usize = 4;

/// Milliseconds after which a result that waits has one of those that wait checked, and after which that is done where a device
/// has nothing more to do: what it made is not to wait for what it makes next.
pub const UNCHECKED_MS: u64 = 20_000;
/// See `UNCHECKED_MS`.
pub const UNCHECKED_RESTS_MS: u64 = 300;

/// Checks of results that run at once.
pub const LEASE_CHECKS_MAX: usize = 2;

/// Texts of which it is remembered how often they were lost, or that they could not be embedded here.
pub const LOST_TEXTS_MAX: usize = 1024;

/// Results that a device keeps after it sent them, of all devices that it works for, and that a device keeps of others until it has read
/// their texts: the oldest make room. Some 400 bytes each.
pub const KEPT_MAX: usize = 512;
/// See `KEPT_MAX`.
pub const BROUGHT_MAX: usize = 2 * KEPT_MAX;

/// Milliseconds for which they are kept.
pub const KEPT_MS: u64 = 5 * 60 * 1000;

/// Milliseconds after which a result that has reached its owner is taken to be on its disk.
pub const KEPT_SAVED_MS: u64 = 10_000;

/// Kept results in one message.
pub const KEPT_MESSAGE_MAX: usize = 64;

/// Milliseconds for which chunks wait for the device that had them when its link broke, as long as there are others to lend.
pub const AWAITED_MS: u64 = 8_000;

/// Leases of one device that ended and of which results may come late.
pub const LEASES_ENDED_MAX: usize = 2 * LEASES_EACH_MAX;

/// How often a chunk is lost with the device that had it before it is embedded here only.
pub const LOST_MAX_EACH: u8 = 2;

/// Texts that a device could not embed in a row, after which it gets one at a time and pauses between them: one or two of them may be at
/// fault themselves.
pub const FAILED_MAX: u32 = 3;

/// Milliseconds of the first of those pauses, how many times longer each next one is, and how long at most.
pub const FAILED_PAUSE_MS: u64 = 5_000;
/// See `FAILED_PAUSE_MS`.
pub const FAILED_PAUSE_FACTOR: u64 = 4;
/// See `FAILED_PAUSE_MS`.
pub const FAILED_PAUSE_MS_MAX: u64 = 5 * 60 * 1000;

/// Texts of a program's call that are left to this device at least while members embed others of it: a small board takes some ten seconds for them. A call
/// of twice as many is spread.
pub const SPREAD_MIN: usize = 2 * LEASE_CHUNKS_MAX;

/// Parts of all calls that other devices have, or that wait for one.
pub const SPREAD_PARTS_MAX: usize = 16;

/// Parts of one call likewise.
pub const SPREAD_PARTS_EACH: usize = 4;

/// Milliseconds for which such a part waits for a device that asks. One that is free asks at once, and is told anew within `OFFER_MS`.
pub const SPREAD_WAIT_MS: u64 = 2 * OFFER_MS;

/// Milliseconds after which such a part is given up, even if it comes piece by piece.
pub const SPREAD_MS_MAX: u64 = 60_000;

/// The least cosine, in ten thousandths, of a vector of another device to that of the same text here: vectors travel in one byte a dimension.
pub const SPREAD_COSINE_MIN: u16 = 9_980;

/// Texts that a device could not embed and that wait for another one. Beyond, they are embedded here only.
pub const REFUSED_TEXTS_MAX: usize = 32;

const _: () = {
    assert!(ASK_ANSWER_MS + 500 < ASK_AGAIN_MS, "the answer has time to come");
    assert!(GRANT_BYTES_MAX > 2 * CHUNK_BYTES_MAX, "each chunk can be lent");
    assert!(
        KNOWN_EACH_MAX as u64 >= 2 * LEASE_CHUNKS_MAX as u64 / KNOWN_ONE_IN,
        "as many as are drawn but for one time in thousands"
    );
    assert!(KNOWN_SELDOM_EACH_MAX as u64 >= 4 * LEASE_CHUNKS_MAX as u64 / KNOWN_SELDOM_ONE_IN, "likewise");
    assert!(SPREAD_PARTS_EACH <= SPREAD_PARTS_MAX && SPREAD_WAIT_MS < LEASE_MS_MIN && LEASE_MS_MIN < SPREAD_MS_MAX);
    assert!(SPREAD_PARTS_MAX < super::REPLIES_MAX / 2, "other requests are answered meanwhile");
    assert!(2 * REFUSED_TEXTS_MAX <= LEND_CHUNKS_MAX / 2, "texts that a device could not embed leave room for others");
};
