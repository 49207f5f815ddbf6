//! Pretend hosts: one piece of hardware, and the agents of one user that share it.
//!
//! Duty: runs the shipped `energy::coordinator` of each agent of a host in the same world as its node, its disk and the
//! network: the hardware warms up by what the agents do, the sensors feel that, the coordinators decide, the nodes obey.
//! The twin of `io::governor`. In/out: `World::add_host` and what one can do to a host in, the nodes' `Input::Power` out.
//! Invariants: checked after every input of a coordinator, see `check`. Limits: `FOLLOWERS_MAX` agents follow one.
//! Not here: decisions (`energy`); plants and sensors (`sim::power`).
//!
//! A host has one lock, which the first agent takes that asks for it and which is free when that agent goes down, and
//! one socket, over which the others connect to who holds the lock. Messages travel as the frames of `host_protocol`, a
//! millisecond each. An agent that is cut off reaches nobody over the socket, and its lock stays its own.

mod agent;
mod check;
mod control;
mod event;
mod hardware;
mod state;

pub(super) use event::HostEvent;
pub use hardware::{Charge, Hardware};
pub use state::Host;
