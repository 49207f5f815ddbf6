//! Asking and answering within a deadline.
//!
//! Duty: open questions and what came for them. In/out: asks and hits in, answers out.
//! Invariants: every question is answered exactly once, at its deadline at the latest, with what is there
//! and with how many were asked and how many answered.
//! Limits: `ASKS_MAX` open questions, `ASK_MS_MAX` for each, `HITS_MAX` passages.
//! Not here: searching (`worker::retrieve`), and other devices' lists, which join at the two-device link.

pub mod ask;
