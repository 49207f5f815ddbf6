//! What is to be done, and in which order.
//!
//! Duty: places to look at, documents to advance, which comes next. In/out: touches and states in, tasks out.
//! Invariants: a document is with at most one task or save at a time; one look at a time; people's tasks
//! never queue behind these.
//! Limits: `TODO_MAX` documents known by name, `DIRTY_MAX` places; the store knows the rest.
//! Not here: doing it (`worker`), deciding whether now is a good time (`energy`), lending it (leases, later).

pub mod looks;
pub mod queue;
pub mod task;
