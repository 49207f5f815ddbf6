//! The commands.

/// Milliseconds that the demo waits for each of its agents: under an emulator they are slow.
pub const DEMO_WAIT_MS: u64 = 600_000;

/// Pages of a diary that the demo writes at once, and at most: so many as are needed until all devices share in them.
pub const DEMO_PAGES: usize = 64;
/// See `DEMO_PAGES`.
pub const DEMO_PAGES_MAX: usize = 4_992;

/// How often the demo asks one question while a device is silent.
pub const DEMO_TRIES: usize = 3;

/// Seconds between two tries of a decision for which the agent has no room just now.
pub const DECISION_PAUSE_S: u64 = 2;

/// Tries of it: for ten minutes, in which the step of a removal that holds it up ends on a slow card.
pub const DECISION_TRIES: u32 = 300;

/// Milliseconds between two looks of `wattle tasks --watch`.
pub const TASKS_WATCH_MS: u64 = 1000;

/// Agents of `wattle eval`: each one is asked each question, one after the other.
pub const EVAL_AGENTS_MAX: usize = 64;

/// Bytes of one file of a set for `wattle eval`, which is read whole.
pub const EVAL_FILE_BYTES_MAX: usize = 512 << 20;

/// Documents of a set: they are in memory with their texts and vectors, some kilobytes each.
pub const EVAL_DOCUMENTS_MAX: usize = 200_000;

/// Bytes of the id of a document or question.
pub const EVAL_ID_BYTES_MAX: usize = 512;

/// Threads on which `wattle eval` embeds: each has buffers of its own, and somebody may use the machine.
pub const EVAL_THREADS: usize = 2;

/// Seconds between two lines about how far `wattle eval` is.
pub const EVAL_PROGRESS_S: u64 = 10;

/// Columns to which text is wrapped: of a narrower terminal, a phone's over ssh, no line would hold a path's parts; longer lines than the most are
/// hard to read.
pub const COLUMNS_MIN: usize = 30;
/// See `COLUMNS_MIN`.
pub const COLUMNS_MAX: usize = 110;
/// Columns where neither the terminal nor the environment says how many there are: those of a VT100.
pub const COLUMNS_USUAL: usize = 80;

/// Bytes of a link to a file on a terminal: VTE, of GNOME's terminal, takes no longer ones.
pub const TERMINAL_LINK_BYTES_MAX: usize = 2083;

/// Bytes of the file that keeps the last answer for `wattle feedback`; a longer answer is not kept.
pub const LAST_ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Watched folders that the start screen names.
pub const START_FOLDERS_SHOWN: usize = 8;
