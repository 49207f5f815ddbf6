//! Doing one task: compute and read, never decide, never write.
//!
//! Duty: one `Task` in, one `Outcome` out, through the ports `Kv` and `Embedder`. In/out: records, as `Change`s.
//! Invariants: a worker only reads the store; what it returns may come too late and is then harmless.
//! Limits: `LOOK_BATCH` entries, `EMBED_BATCH` chunks, `RESCORE` vectors a task.
//! Not here: files and folders (`io` and `sim` read them), the writing (`store::library`), when to run.

pub mod embed;
pub mod extract;
pub use extract as read;
pub mod retrieve;
pub mod run;
pub mod scan;
pub mod summary;
