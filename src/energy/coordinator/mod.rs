//! The coordinator of the agents of one host: who leads them, what each may do, whether a person paused them, and what
//! is saved for the next start.
//!
//! The agents of one user on one device share its heat and its power supply, so one of them leads: its governor decides
//! for the whole device, and its followers run at their share of that. Every agent runs one `HostCoordinator`. A leader's
//! is given the samples; a follower's repeats what its leader allows.
//!
//! An agent leads while it holds the host's lock (`Elected`). The kernel gives the lock to one process and takes it back
//! when that process ends, so there are no votes and no terms. An agent without the lock connects to the leader, sends
//! what it wants (`FollowerMessage`), and obeys what it receives (`LeaderMessage`). When the connection ends it keeps to
//! the last message for a few seconds, then to a trickle, and campaigns for the lock meanwhile.
//!
//! Like every machine it is pure: `Input`s go to `handle`, `Output`s come back in an `Out`, `deadline` says when to call
//! again, `decision` is what this agent may do now. Sockets, the lock, files and threads are in `runtime::governor`; the
//! simulator runs the same code in `sim::host`.
//!
//! What holds: the shares add up to the whole at most; the newest pause holds at every agent; a reading that does not
//! come is unknown, never the last one; a leader that is silent or gone allows little; `FOLLOWERS_MAX` agents follow.
//!
//! `machine` takes the inputs. `election`, `shares`, `pause`, `burst`, `sampling`, `saves` and `spending` each hold one part of the
//! state; `leader_link`, `followers`, `policy`, `samples` and `status` are what the machine does with several of them.

mod burst;
mod election;
mod followers;
mod input;
mod leader_link;
mod machine;
mod output;
mod pause;
pub mod persisted;
mod policy;
mod samples;
mod sampling;
mod saves;
mod shares;
mod spending;
mod status;

pub use input::{HintFrom, Input};
pub use machine::{HostCoordinator, Setup};
pub use output::{Out, Output};
pub use shares::FollowerId;
pub use status::{HoldEnds, Status};

#[cfg(test)]
mod tests;

#[cfg(test)]
mod agents_test;

#[cfg(test)]
mod spending_test;
