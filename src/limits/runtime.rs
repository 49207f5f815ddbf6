//! The driver and its channels.

/// Inputs that wait for the driver; beyond, threads wait, and datagrams and decisions of the governor are dropped.
pub const INPUTS_MAX: usize = 256;

/// Events of all links that wait for the driver; beyond, links stop reading.
pub const LINK_EVENTS_MAX: usize = 64;

/// Requests of the API under way in the driver; and additions that wait for one save of the watched sources.
pub const REPLIES_MAX: usize = 64;

/// Requests of the API between the HTTP tasks and the driver; beyond, they are refused as busy.
pub const CALLS_MAX: usize = 64;

/// Milliseconds for which background work stands still before one text while questions, searches or texts of programs are under way: as long as a search has.
pub const GIVE_WAY_MS_MAX: u64 = 300;

/// Milliseconds after which it looks again whether they have ended.
pub const GIVE_WAY_LOOK_MS: u64 = 10;

/// Milliseconds after the last of them for which it stands still: what a question waits for between its parts, the answers of peers among it.
pub const GIVE_WAY_AFTER_MS: u64 = 50;

/// Milliseconds for which it stands still for a question that another device says is coming: as long as the smallest boards need to embed one.
pub const GIVE_WAY_COMING_MS: u64 = 250;

/// Milliseconds that a device which leaves waits for a link to an admin, which removes it: one that has just joined links within a second or two.
pub const LEAVE_LINK_MS: u64 = 5_000;

/// Milliseconds for which an agent that has started says what it does not know yet: on the smallest boards the first look at small folders, and the
/// first link to a device of the home, take some seconds. Whatever lasts longer has a line of its own in the status.
pub const STARTING_MS: u64 = 10_000;

/// Files that are not used and that the log names one after another; of further ones it says how many there are.
pub const UNUSED_NAMED_MAX: usize = 20;

/// Milliseconds between two such lines, at least; after as long without such a file they are named again.
pub const UNUSED_TOLD_MS: u64 = 60_000;

/// Looks of the doctor's spot check at files that differ from the index, before it reports them.
pub const SPOT_LOOKS: usize = 5;

/// Milliseconds between two of them; all of them last longer than a place may change before it is scanned.
pub const SPOT_PAUSE_MS: u64 = 2_000;

/// Files of which it reads the content: those of which only the time of the last change of metadata differs.
pub const SPOT_READS_MAX: usize = 64;

/// Paths that the spot check names.
pub const SPOT_EXAMPLES_MAX: usize = 10;

/// Milliseconds from damage of the store until the agent starts itself anew: who looks just then reads what is wrong first, and questions under way
/// are answered.
pub const RESTART_AFTER_MS: u64 = 30_000;

/// Milliseconds between two such starts at least: a disk that fails for good would have the agent do nothing else.
pub const RESTARTS_APART_MS: u64 = 60 * 60 * 1000;

/// Milliseconds from the beginning of a stop for which tasks and saves under way are waited for. A task that takes longer is done again at the next
/// start; a save that does is written out by its thread all the same, and nobody was told of it.
pub const STOP_WORK_MS: u64 = 20_000;

/// Milliseconds after that for which threads are waited for, those of a backup first and then the others. The one that writes has `STORE_FLUSH_MS`.
pub const STOP_THREADS_MS: u64 = 10_000;

/// Milliseconds between two looks whether a thread has ended.
pub const STOP_LOOK_MS: u64 = 5;

/// Milliseconds from the beginning of a stop after which the process ends, whatever it waits for: a disk that does not answer. Between its parts, links and
/// the governor have some seconds.
pub const STOP_MS_MAX: u64 =
    STOP_WORK_MS + 2 * super::HTTP_STOP_MS + 2 * STOP_THREADS_MS + super::STORE_FLUSH_MS + 10_000;

const _: () = assert!(STOP_MS_MAX < super::WATCHDOG_REST_MS, "the service manager's watchdog ends no stop");

const _: () =
    assert!((SPOT_LOOKS as u64 - 1) * SPOT_PAUSE_MS > super::SETTLE_MS_MAX, "a change of this moment is no fault");
