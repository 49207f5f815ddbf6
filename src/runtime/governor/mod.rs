//! The governor at run time: the threads, files and sockets around `energy::coordinator`, which decides.
//!
//! Two threads serve it. `sampler` reads the sensors and saves the state when the coordinator says so. `host` exchanges
//! messages with the other agents of this host over a Unix socket (`rendezvous` has the folder and the lock by which one
//! of them leads) and receives the kernel's device events. Both work on `shared`: the coordinator behind a lock, and its
//! outputs on their way to the thread that carries them out. `GovernorHandle` is what the driver and the HTTP API hold;
//! decisions go to the node as inputs. `report` is the JSON of `GET /v1/energy`, `state_file` is `energy.json`.
//!
//! What holds: nothing is read or written while the lock is held, so nobody waits for a slow sensor or disk, not even at
//! the start and the end; a sample costs one wake-up; a pause is on the disk before it is acknowledged.
//!
//! Not here: decisions (`energy`), the sensors' files (`platform::sysfs`), the start of tasks (`node`). The caps are
//! those of the coordinator, and `shared::HOST_WORK_MAX`.

mod beside;
mod doubts;
mod handle;
mod host;
mod kept_burst;
mod pause_request;
mod quiet;
mod quiet_choice;
mod rendezvous;
mod report;
mod sampler;
mod sentence;
mod shared;
pub(crate) mod state_file;
mod time;
mod waker;
mod wishes;

pub use handle::{GovernorHandle, Setup};
pub use pause_request::{BurstFrom, BurstRequest, PauseRequest};
pub use quiet::QuietWindow;
pub use report::{Consumption, Current, GovernorDetails, MethodTotal, Wishes};
pub use sentence::{ALLOWED, WaitingWork};
#[cfg(test)]
pub(crate) use sentence::{said_of_energy, said_of_work};
