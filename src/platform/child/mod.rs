//! Parser processes: documents that are more than plain text are parsed in a process of their own, which can do nothing else.
//!
//! A file of a stranger meets code that reads complicated formats. What goes wrong there, by accident or on purpose, stays in a
//! process that has that one document: a crash, a loop, too much memory, or control by whoever wrote the file. The process is this
//! program once more (`/proc/self/exe`, which is the running program also after an update replaced the file), with the hidden
//! command `parse`. It gets the name and the bytes of the document as a sealed memory file on standard input, never a path that it
//! opens (`frame`); before it parses, it gives up everything it does not need (`sandbox`): files, sockets, other processes, descriptors,
//! environment, core dumps, and memory and time beyond the limits. Then it parses, writes one answer to standard output, and ends
//! (`serve`). Each document has a new process: no document can change what is read of the next, the limits hold for each, and no
//! process waits around. What that costs is in docs/evidence.md.
//!
//! The agent's side starts the process, reads the answer and what else it says, waits no longer than the limits, and ends it
//! (`running`). How it ended says whose fault it was (`verdict`): of the document, which is then refused like any other that cannot
//! be read, until its file or `limits::READER` changes; or of the device, and it is tried again later. One parser process runs at a
//! time (`parsers`); the next document waits for it for moments, and if it takes longer is set aside, so that it holds up no file that needs no parser. Which documents need one `text::extract` tells, mostly by their first bytes; what is none
//! of its formats, as a picture, is refused in the agent's own process.
//!
//! The sandbox is what the kernel offers: resource limits everywhere, a seccomp filter (seccomp(2)) and Landlock (landlock(7))
//! where they are compiled in. The process says which of them it got; `wattle up` logs it, `wattle doctor` shows it.
//!
//! Invariants: nothing of a format is parsed before the sandbox is entered; a text that comes back is held against the promises of
//! `text::extract`; no process outlives its call, and none stays a zombie. This folder parses nothing itself, and knows no store.

mod filter;
mod frame;
mod parsers;
mod running;
mod sandbox;
mod serve;
mod sys;
mod verdict;

#[cfg(test)]
mod test;

pub use parsers::{Parsers, not_started};
pub use serve::main;
