//! The pretend world of heat and power: boards that warm up, people that use them, a sun.
//!
//! Duty: plants with two nodes, sensors that round, err and fail, firmware that throttles; trials of the shipped
//! governor beside an oracle, a bang-bang control and no governor; a day of a home. In/out: a trial and a seed in, a
//! trace and its figures out. Invariants: the same seed gives the same trace; the governor sees only what a device
//! would: rounded readings, ticks, hints. The plants and sensors are also the hardware of `sim::host`, in one world with
//! the network and the disks. Limits: steps of a fifth of a second; one sensor a board.
//! Not here: decisions (`energy`). Sources of the plants: shared/reference/energy.md 4.7; several are inferred there,
//! so throughput is to be compared between controls, not promised to users.

pub mod burst;
pub mod control;
pub mod figures;
pub mod home;
pub mod paced;
pub mod plant;
pub mod sensor;
pub mod trial;
