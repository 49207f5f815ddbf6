//! Every cap of the house, with its unit and its reason. A cap that depends on another says so in a
//! const assert, so that a careless edit does not compile.

/// Numbers in one embedding: all-MiniLM-L6-v2.
pub const DIMENSIONS: usize = 384;

/// Word pieces that one call of the model reads, `[CLS]` and `[SEP]` among them; the model was trained at 256.
pub const MODEL_TOKENS_MAX: usize = 256;

/// Word pieces of one chunk with its heading prefix: what is cut off is not findable by meaning.
pub const CHUNK_TOKENS_MAX: usize = MODEL_TOKENS_MAX - 2;

/// Word pieces that a chunk is packed to (shared/reference/retrieval.md 5a: best of those tried).
pub const CHUNK_TOKENS_GOAL: usize = 200;

/// Word pieces of the heading prefix; longer ones lose their outer headings first.
pub const PREFIX_TOKENS_MAX: usize = 48;

/// Bytes of one chunk's text. 254 pieces of prose are about 1.2 kB; a single "piece" may be a long run
/// that the tokenizer gives up on, so length is capped apart from pieces.
pub const CHUNK_BYTES_MAX: usize = 8 * 1024;

/// Bytes of one document. Larger files are refused with a sentence: a 512 MB board must hold one whole.
pub const DOCUMENT_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Chunks of one document: bounds the record that lists them (about 12 bytes each).
pub const DOCUMENT_CHUNKS_MAX: usize = 65_536;

/// Bytes of one path under a watched folder (Linux `PATH_MAX`).
pub const PATH_BYTES_MAX: usize = 4096;

/// Bytes of a question; beyond, the model would cut it anyway.
pub const QUESTION_BYTES_MAX: usize = 4096;

/// Answers of one search.
pub const HITS_MAX: usize = 100;

/// Vectors picked by sign bits and scored exactly (retrieval.md 3a: 200 loses nothing up to 100k chunks).
pub const RESCORE: usize = 200;

/// Bytes of a collection's name.
pub const COLLECTION_BYTES_MAX: usize = 64;

/// Watched folders and files of one agent.
pub const SOURCES_MAX: usize = 64;

/// Directory entries compared with the store in one task.
pub const LOOK_BATCH: usize = 512;

/// Nested folders followed; deeper ones are reported and left.
pub const FOLDER_DEPTH_MAX: usize = 64;

/// Places that changed since the last look, remembered one by one; beyond, the whole source is looked at.
pub const DIRTY_MAX: usize = 64;

/// Unfinished documents that the node knows by name; the store knows the rest.
pub const TODO_MAX: usize = 256;

/// Chunks embedded by one task: about a third of a second on a desktop core, a few seconds on a Pi 4.
pub const EMBED_BATCH: usize = 4;

/// Background tasks that run at once, whatever the number of cores.
pub const BACKGROUND_MAX: usize = 4;

/// Questions that are answered at once; the next one is told to try again.
pub const ASKS_MAX: usize = 16;

/// Batches of changes on their way to the disk. Beyond, nothing new is started.
pub const SAVES_MAX: usize = 32;

/// Changes in one batch: one look's worth.
pub const CHANGES_MAX: usize = LOOK_BATCH * 2;

/// Outputs that one input may cause.
pub const OUT_PER_INPUT_MAX: usize = 64;

/// Inputs that wait for the driver; beyond, senders wait (threads) or are refused (HTTP).
pub const INPUTS_MAX: usize = 256;

/// Milliseconds until a question is answered with what is there.
pub const ASK_MS_MAX: u64 = 10_000;

/// Milliseconds of quiet after which a changed place is looked at; a save by an editor is several events.
pub const SETTLE_MS: u64 = 400;

/// Milliseconds after which a place that never gets quiet is looked at all the same.
pub const SETTLE_MS_MAX: u64 = 5_000;

/// Milliseconds between two whole looks at every source: what events missed (network folders) is found.
pub const RELOOK_MS: u64 = 60 * 60 * 1000;

/// Milliseconds for which the vectors of a file that is gone are kept: it may have been renamed, or be on
/// its way to another folder.
pub const LEAVING_MS: u64 = 10 * 60 * 1000;

/// Bytes that must stay free on the home's disk: one journal of the store (64 MiB) and its next tables.
pub const DISK_FREE_MIN: u64 = 96 * 1024 * 1024;

/// Milliseconds between two looks at a disk that was full.
pub const DISK_RETRY_MS: u64 = 30_000;

/// Bytes of an HTTP request's body.
pub const HTTP_BODY_MAX: usize = 64 * 1024;

/// Bytes of the store's memory tables, all together, before they are written out: see `io::disk`.
pub const STORE_MEMORY_BYTES: u64 = 8 * 1024 * 1024;

/// Bytes of the store's block cache.
pub const STORE_CACHE_BYTES: u64 = 8 * 1024 * 1024;

/// Entries of one folder, sub-folders not counted in: their names are sorted in memory (about 60 bytes each).
pub const FOLDER_ENTRIES_MAX: usize = 200_000;

/// Remarks and unreadable places of one step of a look.
pub const REMARKS_MAX: usize = 16;

/// Requests of people under way in the driver.
pub const REPLIES_MAX: usize = 64;

/// Requests of people between the HTTP tasks and the driver; beyond, they are told to try again.
pub const GATE_MAX: usize = 64;

/// HTTP connections served at once; the next one waits in the system's queue until one closes.
pub const HTTP_CONNECTIONS_MAX: usize = 64;

/// Bytes of an HTTP request's line and headers. Browsers send about 1 KiB.
pub const HTTP_HEAD_MAX: usize = 16 * 1024;

/// Milliseconds in which a request must have arrived whole, from its first byte or from the connection.
pub const HTTP_ARRIVE_MS: u64 = 10_000;

/// Milliseconds that an answered connection may stay silent. The page asks again sooner and keeps its own.
pub const HTTP_IDLE_MS: u64 = 30_000;

/// Milliseconds in which an answer must have been taken, once it is there.
pub const HTTP_ANSWER_MS: u64 = 30_000;

/// Milliseconds that the command line waits for an answer. A search has `ASK_MS_MAX` and the way there.
pub const CLIENT_MS: u64 = 30_000;

/// Milliseconds that `wattle doctor` waits: the agent reads its whole store, which takes minutes on a card.
pub const CLIENT_AUDIT_MS: u64 = 600_000;

/// Bytes of an answer that the command line reads: `HITS_MAX` passages, escaped at their worst.
pub const CLIENT_BODY_MAX: u64 = 8 * 1024 * 1024;

const _: () = {
    assert!(DIMENSIONS.is_multiple_of(64), "sign bits are kept in whole words");
    assert!(
        CHUNK_TOKENS_GOAL + PREFIX_TOKENS_MAX <= CHUNK_TOKENS_MAX,
        "a full chunk and a full prefix must fit the model"
    );
    assert!(BACKGROUND_MAX + 8 < OUT_PER_INPUT_MAX, "one input may fill every slot and answer besides");
    assert!(ASKS_MAX + BACKGROUND_MAX + 8 < OUT_PER_INPUT_MAX, "a stop answers every question at once");
    assert!(HITS_MAX <= RESCORE, "every answer is scored exactly");
    assert!(TODO_MAX > 2 * BACKGROUND_MAX, "the queue never runs dry between two refills");
    assert!(SETTLE_MS < SETTLE_MS_MAX, "quiet comes before impatience");
    assert!(HTTP_CONNECTIONS_MAX <= GATE_MAX, "every connection may ask at once");
    assert!(CLIENT_MS > ASK_MS_MAX + HTTP_ARRIVE_MS, "the agent's own answer comes before the client's patience ends");
    assert!(CLIENT_BODY_MAX >= (HITS_MAX * (CHUNK_BYTES_MAX + PATH_BYTES_MAX) * 6) as u64, "the largest answer fits");
};
