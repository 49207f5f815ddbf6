//! Simulated hosts: one piece of hardware, and the agents of one user that share it.
//!
//! Each agent of a host has the shipped `energy::coordinator`, in the same world as its node, its disk and the network.
//! The agents' tasks warm the hardware up, the sensors read that, the coordinators decide, and the nodes get
//! `Input::Power`. It takes the place of `runtime::governor`.
//!
//! A host has one lock, which goes to the first agent that asks for it and is free again when that agent goes down, and
//! one socket, over which the other agents connect to the holder of the lock. Messages travel as the frames of
//! `host_protocol` and take a millisecond. An agent that is cut off reaches nobody over the socket, but keeps the lock
//! if it has it.
//!
//! Invariants, asserted in `check` after every input of a coordinator: the fractions of the agents add up to at most
//! the whole, and exactly the lock's holder leads. The decisions are in `energy`, the models of boards and sensors in
//! `sim::power`.

mod agent;
mod check;
mod control;
mod event;
mod hardware;
mod state;

pub(super) use event::HostEvent;
pub use hardware::{Charge, Hardware};
pub use state::{Host, HostSettings};
