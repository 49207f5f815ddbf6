//! Asking and answering within a deadline.
//!
//! Duty: open questions and what came for them. In/out: asks and hits in, answers out.
//! Invariants: every question is answered exactly once, at its deadline at the latest, with what is there
//! and with how many were asked and how many answered.
//! Limits: `ASKS_MAX` open questions; for each `ASK_MS_MAX`, `PEER_ANSWER_MS` once peers are asked.
//! Not here: searching (`worker::retrieve`), the talk with peers (`node::ask`).

pub mod merge;
pub mod pending;
