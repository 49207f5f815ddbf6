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

/// Milliseconds that each byte of a request gives it: at 1 KB a second or more it goes on, and the longest body has 17 minutes.
pub const HTTP_BYTE_MS: u64 = 1;

/// Milliseconds without those that a request may be behind before it gives way to others sooner than an idle connection does.
pub const HTTP_LAG_MS: u64 = 1_000;

/// Milliseconds that an answered connection may stay silent. The page asks again sooner and keeps its own.
pub const HTTP_IDLE_MS: u64 = 30_000;

/// Milliseconds in which an answer must have been taken, once it is there.
pub const HTTP_ANSWER_MS: u64 = 30_000;

/// Milliseconds for which answers under way are waited for at the end of an agent, at each address at which it listens.
pub const HTTP_STOP_MS: u64 = 2_000;

/// Rows of the table of calls of which requests are counted; each takes about 150 bytes.
pub const HTTP_ROUTES_MAX: usize = 128;

/// Milliseconds at which the counts of how long requests take are parted.
pub const HTTP_TOOK_MS: [u64; 6] = [5, 25, 100, 500, 2_500, 10_000];

/// The same of questions: a person waits for them, and other devices have `QUERY_MS_MAX` to answer.
pub const QUESTION_TOOK_MS: [u64; 7] = [50, 100, 250, 500, 1_000, 2_500, 5_000];

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

/// Passages before the one that somebody wants to see in its document: what stands above it on a page.
pub const PASSAGES_BEFORE: usize = 16;

/// Files of documents that are sent at once; each is in memory until it is sent.
pub const FILES_SENT_MAX: usize = 2;

/// What people said of answers that is kept; beyond, the oldest goes. A family that judges ten answers a week fills it in two years.
pub const FEEDBACK_MAX: usize = 1000;

/// Bytes of the file that keeps it; beyond, the oldest goes too. It is written whole each time, which a card stands.
pub const FEEDBACK_BYTES_MAX: usize = 256 * 1024;

/// Bytes of a question and of a path that are kept with what was said.
pub const FEEDBACK_TEXT_BYTES_MAX: usize = 4096;

/// Texts in one call of a program that has texts embedded: as many as OpenAI's takes, as its clients fill their calls up to that.
pub const EMBED_TEXTS_MAX: usize = 2048;

/// Bytes of the body of such a call: `EMBED_TEXTS_MAX` texts of 80 words.
pub const EMBED_BODY_MAX: usize = 1024 * 1024;

/// Such calls at once, from when their bodies are here; one more is refused and told when to come again. Each takes up to 1 MiB, for its body, its
/// texts and the answer, as far as it has `EMBED_PLACE_TEXTS` and `EMBED_PLACE_BYTES` at most.
pub const EMBED_CALLS_MAX: usize = 40;

/// Texts of a call in one place. A larger call takes further places, of another megabyte each.
pub const EMBED_PLACE_TEXTS: usize = 64;

/// Bytes of the body of a call in one place.
pub const EMBED_PLACE_BYTES: usize = 256 * 1024;

/// Further places of all calls that are larger: one call of the largest, or several of some hundred texts. They keep no call of a few texts out.
pub const EMBED_MORE_PLACES: usize = 32;

/// Documents that are listed in one answer to a language model's program.
pub const MCP_RESOURCES_PAGE: usize = 100;

/// Bytes of a document's text after which a language model is given no more of it at once: about 20,000 words.
pub const MCP_DOCUMENT_BYTES_MAX: usize = 128 * 1024;

/// Named tokens of an agent.
pub const TOKENS_MAX: usize = 64;

/// Characters of a token's name.
pub const TOKEN_NAME_CHARS_MAX: usize = 40;

/// Sessions of browsers that were let in by the password; one more ends the one that was unused for longest.
pub const SESSIONS_MAX: usize = 32;

/// Seconds after which a session that nobody uses is void: 30 days.
pub const SESSION_UNUSED_S: i64 = 30 * 86_400;

/// Seconds after which a further use of a session is written down: a card stands one small file a day.
pub const SESSION_NOTED_S: i64 = 86_400;

/// Characters that a password has at least. Of the guesses that throttling leaves, none finds eight that were not chosen badly.
pub const PASSWORD_CHARS_MIN: usize = 8;

/// Bytes of a password, at most.
pub const PASSWORD_BYTES_MAX: usize = 256;

/// KiB that a look at a password takes (Argon2id): a 32nd of the smallest board, so that one is looked at at a time.
pub const PASSWORD_KIB: u32 = 16 * 1024;

/// Passes over them. With 12 MiB OWASP's table asks for three.
pub const PASSWORD_PASSES: u32 = 3;

/// KiB and passes, at most, that the file of a password may name: it may be of a later version with other figures, or damaged.
pub const PASSWORD_COST_MAX: (u32, u32) = (64 * 1024, 16);

/// Seconds of the agent's running time, from the first start of its home on, in which the page's first visitor may choose the password.
pub const FIRST_VISIT_S: u64 = 30 * 60;

/// Seconds of it that are written down at once, before they have passed: whoever restarts the agent gains none.
pub const FIRST_VISIT_STEP_S: u64 = 5 * 60;

/// Milliseconds between two looks whether a first visitor in the network is awaited still: a finding that is over is gone soon, and for half an hour of a
/// home's life that wakes hardly.
pub const FIRST_VISIT_LOOK_MS: u64 = 5_000;

/// The same where none is awaited any more and there is no password, which may be so for years: as seldom as the home's disk is looked at.
pub const FIRST_VISIT_OVER_LOOK_MS: u64 = 30_000;

/// Milliseconds for which a code of `wattle open` lets a browser in, once.
pub const ONCE_MS: u64 = 60_000;

/// Such codes at once.
pub const ONCE_MAX: usize = 4;

/// Bytes of the kernel's table of connections that are read to tell whose one is.
pub const SOCKETS_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Wrong tokens of one address, and wrong passwords of one program at an address, that are answered as such within `TRIES_WINDOW_MS`; whoever sends more is told to
/// wait. A token cannot be guessed; a password that a person chose can.
pub const TRIES_MAX: u32 = 5;

/// Wrong passwords of all programs at one address together, those apart from which somebody was let in before: a program calls itself whatever it likes. At ten a minute a
/// list of the 10,000 commonest takes 17 hours.
pub const TRIES_ADDRESS_MAX: u32 = 10;

/// Programs from which somebody was let in that are remembered, each at its address; beyond, the one that is known for longest is forgotten. A home has fewer browsers.
pub const TRIES_KNOWN_MAX: usize = 64;

/// Looks at passwords that wait for the one under way; beyond, the one of whoever tried most is turned away. Each holds a connection, and takes some tenths of a second on a
/// small board.
pub const LOOKS_WAITING_MAX: usize = 16;

/// Milliseconds from the first wrong one on in which they count.
pub const TRIES_WINDOW_MS: u64 = 60_000;

/// Addresses of which wrong ones are remembered; beyond, the one whose window is oldest is forgotten. A home has fewer devices.
pub const TRIES_ADDRESSES_MAX: usize = 256;

/// Bytes of the id of a language model's program's request, as JSON: an answer repeats it. Programs count, or send a UUID of 38.
pub const MCP_ID_BYTES_MAX: usize = 256;

/// Bytes of a line of a program's standard input that `wattle mcp` reads: what fits a call of the API.
pub const MCP_LINE_MAX: usize = HTTP_BODY_MAX;

const _: () = assert!(
    EMBED_TEXTS_MAX.div_ceil(EMBED_PLACE_TEXTS) <= EMBED_MORE_PLACES + 1
        && EMBED_BODY_MAX.div_ceil(EMBED_PLACE_BYTES) <= EMBED_MORE_PLACES + 1,
    "the largest call has room"
);

const _: () = assert!(EMBED_CALLS_MAX < HTTP_CONNECTIONS_MAX, "the page and the command line are answered meanwhile");

const _: () =
    assert!(FEEDBACK_BYTES_MAX > 8 * FEEDBACK_TEXT_BYTES_MAX, "the longest judgement, escaped, leaves room for others");

const _: () = assert!(TRIES_MAX < TRIES_ADDRESS_MAX, "one program alone does not use up what its address has");

const _: () =
    assert!(LOOKS_WAITING_MAX < HTTP_CONNECTIONS_MAX / 2, "who waits for a look keeps nobody from a connection");

const _: () = assert!(PASSWORD_KIB <= PASSWORD_COST_MAX.0 && PASSWORD_PASSES <= PASSWORD_COST_MAX.1);

const _: () = assert!(FIRST_VISIT_S.is_multiple_of(FIRST_VISIT_STEP_S), "the last step ends with the window");
