//! The energy governor: work when it is cool, idle and well powered, and say why.
//!
//! Duty: turns what sensors, people and hints say into headroom (0 to 1, the least of the gates, with its reason),
//! a mode, workers and their duty; words for peers; joules for tasks. Nothing else in the house thinks about heat.
//! In/out: samples, events and `now` in; a `Decision`, a `Verdict`, an `Advert` out.
//! Invariants: unknown is never 0; no hint lifts a safety gate; no allocation for a sample; no number that is not
//! finite leaves a gate; the same inputs give the same decisions.
//! Limits: `CPU_SENSORS_MAX` sensors, `WORKERS_MAX` workers, `QUIET_HOURS_MAX` windows, `HINT_BYTES_MAX`.
//! Not here: files, netlink, threads, clocks (`io`); plants to try it on (`sim::power`).
//! The spec, with sources and bars: shared/reference/energy.md; sections below are its sections.

pub mod accounting;
pub mod advertiser;
pub mod battery;
pub mod board;
pub mod coordinator;
pub mod decision;
pub mod duty_cycle;
pub mod fraction;
pub mod gates;
pub mod governor;
pub mod host_protocol;
pub mod input;
pub mod mode;
pub mod policy;
pub mod pressure;
pub mod reason;
pub mod report;
pub mod sample;
pub mod supply;
pub mod thermal;
pub mod user_activity;
