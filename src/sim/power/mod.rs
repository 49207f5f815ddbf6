//! Simulated heat and power: boards that warm up, programs that use them, batteries, surplus of a solar roof.
//!
//! A board is a thermal model of two nodes, die and body (`plant`), with firmware that throttles and a fan; its sensor
//! rounds, has noise and can fail. `trial` runs one board for an hour under the shipped governor, or under another
//! control to compare with: an oracle that knows the model, a bang-bang control, none. `home` runs four governed
//! devices for two days. The boards and sensors are also the hardware of `sim::host`.
//!
//! Equal seeds give equal traces. The governor sees only what a device would: rounded readings, CPU ticks, hints. Steps
//! are 0.2 s, and a board has one sensor.
//!
//! The parameters of the boards follow published measurements (`plant` names them); several are inferred, so the
//! throughput of two controls can be compared here, but is no promise to users.

pub mod burst;
pub mod control;
pub mod figures;
pub mod home;
pub mod paced;
pub mod plant;
pub mod sensor;
pub mod trial;
