//! The energy governor on the sensor trees of real boards, on simulated boards, and on random bytes.
//!
//! The bars, which each test names and docs/evidence.md lists with their figures:
//! - Heat, on simulated boards ("plants") for an hour, three seeds, a margin of 4 degrees, beside an oracle that knows
//!   the
//!   board exactly. T1: at 22 and 30 degrees of air, without foreign load, 0 s above the limit; the mean of 5 s is at most
//!   1.5 degrees over the target, after ten minutes at most 1.0. T2: at least 0.95 of the oracle's work, also after a step
//!   of +8 degrees; 0.93 with bursts of foreign load, and on the torture case that is no real board. T3: in the last third
//!   a deviation of at most 0.6 degrees, a duty that swings by at most 0.10 over minutes, at most two changes of mode;
//!   bang-bang control must fail this. T4: with foreign load no duty in any second with a median temperature within 1.5
//!   degrees of the limit, and at most 5 s more above the limit than without background work. T5: nine tenths of the duty
//!   are back within 240 s of a minute of load on all cores, without a sample above the limit. T6: a sensor that is silent,
//!   stuck, gone or wrong never raises the duty; the bars of T1 with half a degree more.
//! - Supply. S1: after a fall of the voltage no task starts within a second. S2: a blip of 100 ms holds for exactly 60
//!   s.
//!   S3: three falls in a day cost one worker, over restarts. B1: unplugging switches off within a second. B2: a charge
//!   that wanders between 39 and 61 % switches at most once each way. B3: the right power source on every tree.
//! - People. I1: with all workers busy a query's 95th percentile is at most 1.15 times that of an idle device. I2: no
//!   task
//!   starts for 2 s after a query. I3: background threads have the idle class.
//! - Cost. C1: at most 1 ms of CPU a sample on a Zero 2 W, 100 microseconds on a PC. C2: at most 66 wake-ups a minute
//!   with
//!   work, 14 without. C3: no allocation for a sample, at most 64 open files. C4: no read of the firmware's mailbox. C5: a
//!   sensor that blocks never delays a query.
//! - Policy. P1: a wrong hint is ignored, an expired one ends within a second. P2: quiet hours hold exactly over
//!   changes of
//!   the clocks. P3: no hint lifts a safety gate. P4: adverts change at most twice a minute and hold no sensor values. P5:
//!   a better input never means less work.
//! - Accounting. A1: counters lose nothing when they wrap. A2: unknown is never 0 J. A3: the model is within its
//!   printed
//!   error for 95 % of tasks. A4: every figure has its method and scope.
//! - Trees. F1: every tree parses. F2: the right sensor. F3: the right limit. F4: any bytes give a value or unknown.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    reason = "tests fail by panicking and read files; clippy spares only the test functions themselves"
)]

mod boards;
mod contradictions;
mod fuzz;
mod gates;
mod heat;
mod home;
mod trees;
mod whole_governor;
