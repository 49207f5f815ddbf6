//! The energy governor on real boards' sensor trees, on pretend boards, and on nonsense.
//! Bars: shared/reference/energy.md section 6; each test says which one it shows.

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
mod fuzz;
mod gates;
mod heat;
mod home;
mod people;
mod trees;
