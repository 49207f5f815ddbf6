//! The integration tests: one binary, one module a subject. They run the real program on real files,
//! on loopback only, but for `tls`, which asks the agent at an address of this machine that other devices reach.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    reason = "tests fail by panicking, start programs and wait; clippy spares only the test functions themselves"
)]

mod agent;
mod another_user;
mod appliance;
mod bad_input;
mod claims;
mod crash;
mod deb;
mod doctor;
mod edits;
mod encoders;
mod energy;
mod engine;
mod flip;
mod folders;
mod fuzz_short;
mod harness;
mod home_assistant;
mod http_api;
mod hung;
mod ipfs;
mod joining;
mod json;
mod layers;
mod link;
mod memory;
mod message;
mod models;
mod multilingual;
mod netns;
mod onnx;
mod open;
mod pair;
mod pairing;
mod password;
mod peers;
mod pipes;
mod python;
mod reader;
mod records;
mod remembered;
mod service;
mod sockets;
mod system_service;
mod terminal;
mod tls;
mod trust;
mod update;
mod upkeep;
mod wordpiece;
mod yocto;
