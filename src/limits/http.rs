//! The HTTP API and its client.

/// Bytes of an HTTP request's body.
pub const HTTP_BODY_MAX: usize = 64 * 1024;

/// HTTP connections served at once. One more takes the place of the oldest that has not shown the token, or whose request does not arrive; see `http::slots`.
pub const HTTP_CONNECTIONS_MAX: usize = 64;

/// Bytes of an HTTP request's line and headers. Browsers send about 1 KiB.
pub const HTTP_HEAD_MAX: usize = 16 * 1024;

/// Bytes that are still taken from a client that was refused, so that it reads why: many clients read nothing before all is sent. They are thrown
/// away as they come; as many as four of the largest files that are read.
pub const HTTP_LINGER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Milliseconds for which they are taken. Meanwhile the connection gives way to every other.
pub const HTTP_LINGER_MS: u64 = 3_000;

/// Milliseconds in which a request must have arrived whole, from its first byte or from the connection; those of `HTTP_BYTE_MS` come on top.
pub const HTTP_ARRIVE_MS: u64 = 10_000;

/// Milliseconds that each byte of a request gives it: at 1 KB a second or more it goes on, and the longest body has four minutes.
pub const HTTP_BYTE_MS: u64 = 1;

/// Milliseconds without those that a request may be behind before it gives way to others sooner than an idle connection does.
pub const HTTP_LAG_MS: u64 = 1_000;

/// Milliseconds that an answered connection may stay silent. The page asks again sooner and keeps its own.
pub const HTTP_IDLE_MS: u64 = 30_000;

/// Milliseconds in which an answer must have been taken, once it is there.
pub const HTTP_ANSWER_MS: u64 = 30_000;

/// Milliseconds that the linked devices have to say why they do as little work as they do: a round trip in a home takes 30.
pub const WHY_MS: u64 = 500;

/// Milliseconds that the command line waits for an answer. A search has `QUERY_MS_MAX` and the way there.
pub const CLIENT_MS: u64 = 30_000;

/// Milliseconds for which the command line waits for the end of an agent that left a call without an answer: it is stopping mostly.
pub const CLIENT_END_MS: u64 = 3_000;

/// Milliseconds that `wattle join` waits: `JOIN_MS`, and the save.
pub const CLIENT_JOIN_MS: u64 = 90_000;

/// Milliseconds that `wattle doctor` waits: the agent reads its whole store, which takes minutes on a card.
pub const CLIENT_AUDIT_MS: u64 = 600_000;

/// Milliseconds after which `wattle doctor` says that it still waits for the audit.
pub const AUDIT_TOLD_MS: u64 = 2_000;

/// Bytes of an answer that the command line reads: `HITS_MAX` chunks, escaped at their worst.
pub const CLIENT_BODY_MAX: u64 = 8 * 1024 * 1024;

/// Streams of events that are open at once at one address: each is a page that somebody looks at.
pub const STREAMS_MAX: usize = 4;

/// Milliseconds between two looks of a stream whether the status has changed.
pub const STREAM_LOOK_MS: u64 = 2_000;

/// Milliseconds between two looks of a stream at the energy, for which the sensors are read; another reason is looked at with the status.
pub const STREAM_ENERGY_MS: u64 = 10_000;

/// Milliseconds after which a stream without news says that it lives. That a page has gone is noticed by the second such write.
pub const STREAM_ALIVE_MS: u64 = 5_000;

/// Passages of a document's text in one answer: about 12,000 words.
pub const DOCUMENT_PASSAGES_MAX: usize = 64;

/// Files of documents that are sent at once; each is in memory until it is sent.
pub const FILES_SENT_MAX: usize = 2;

/// What people said of answers that is kept; beyond, the oldest goes. A family that judges ten answers a week fills it in two years.
pub const FEEDBACK_MAX: usize = 1000;

/// Bytes of the file that keeps it; beyond, the oldest goes too. It is written whole each time, which a card stands.
pub const FEEDBACK_BYTES_MAX: usize = 256 * 1024;

/// Bytes of a question and of a path that are kept with what was said.
pub const FEEDBACK_TEXT_BYTES_MAX: usize = 4096;

/// Texts in one call of a program that has texts embedded. The text-embeddings-inference server allows 32.
pub const EMBED_TEXTS_MAX: usize = 64;

/// Bytes of the body of such a call: `EMBED_TEXTS_MAX` texts of the length that the model reads, in any script.
pub const EMBED_BODY_MAX: usize = 256 * 1024;

/// Such calls at once, from when their bodies are here. Each takes up to 1 MiB, for its body, its texts and the answer; one more is refused and told
/// when to come again.
pub const EMBED_CALLS_MAX: usize = 40;

/// Documents that are listed in one answer to a language model's program.
pub const MCP_RESOURCES_PAGE: usize = 100;

/// Bytes of a document's text after which a language model is given no more of it at once: about 20,000 words.
pub const MCP_DOCUMENT_BYTES_MAX: usize = 128 * 1024;

/// Named tokens of an agent.
pub const TOKENS_MAX: usize = 64;

/// Characters of a token's name.
pub const TOKEN_NAME_CHARS_MAX: usize = 40;

/// Bytes of a line of a program's standard input that `wattle mcp` reads: what fits a call of the API.
pub const MCP_LINE_MAX: usize = HTTP_BODY_MAX;

const _: () = assert!(EMBED_CALLS_MAX < HTTP_CONNECTIONS_MAX, "the page and the command line are answered meanwhile");

const _: () =
    assert!(FEEDBACK_BYTES_MAX > 8 * FEEDBACK_TEXT_BYTES_MAX, "the longest judgement, escaped, leaves room for others");
