//! Which parts of the watched folders this device reaches.
//!
//! A file system may never answer: a share whose server is gone, a program behind FUSE that hangs. A system call into it
//! returns when it pleases, and the thread in it cannot be ended. So every call into a watched folder (`Calls`) is made on a
//! thread that nobody has to wait for: one hand-off for a step of a scan, a file or a look. If it makes no progress for
//! `ANSWER_MS`, its caller goes on, and the place (the mount in the source, or the source) counts as silent in the table that
//! all share (`Reach`): it gets no more calls, scans keep what is known of it, and that is a finding. When the call returns,
//! the finding ends and the place is looked at again. Time in which the thread has no core, as other programs have them all, is no silence (`turn`).
//!
//! What lies too deep is out of reach as well, and is a finding here too.

mod calls;
mod deep;
mod moved;
mod table;

pub(super) use calls::{Calls, Progress};
pub(super) use deep::looked_in;
pub use table::Reach;
