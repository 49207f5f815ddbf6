//! The way to the driver for everybody who is not a thread of its own: HTTP tasks, the command line.

use super::event_log::EventLog;
use super::governor::GovernorHandle;
use crate::limits::GATE_MAX;
use crate::net::diagnostics::Diagnostics;
use crate::node::input::Request;
use crate::node::output::{Problem, Response};
use smol::channel::{Receiver, Sender, bounded};

/// One request on its way to the driver.
#[derive(Debug)]
pub struct Call {
    /// What is wanted.
    pub request: Request,
    /// Where the one response goes; it has room for it, so sending never waits.
    pub reply: Sender<Response>,
}

/// A way in. Clones lead to the same driver.
#[derive(Clone, Debug)]
pub struct NodeHandle {
    way: Sender<Call>,
    network: Diagnostics,
    events: EventLog,
    governor_handle: GovernorHandle,
}

impl NodeHandle {
    /// A gate, and the end that the driver holds. At most `GATE_MAX` requests wait in between.
    #[must_use]
    pub fn new() -> (Self, Receiver<Call>) {
        let (way, driver) = bounded(GATE_MAX);
        (
            Self {
                way,
                network: Diagnostics::default(),
                events: EventLog::new(),
                governor_handle: GovernorHandle::off(),
            },
            driver,
        )
    }

    /// The same way in, where the notes of the network can be read as well: they are not the node's.
    #[must_use]
    pub fn around(self, network: Diagnostics) -> Self {
        Self { network, ..self }
    }

    /// The same way in, where the governor can be asked as well: it is not the node's.
    #[must_use]
    pub fn governed(self, governor_handle: GovernorHandle) -> Self {
        Self { governor_handle, ..self }
    }

    /// The governor.
    #[must_use]
    pub const fn governor_handle(&self) -> &GovernorHandle {
        &self.governor_handle
    }

    /// What is noted of the network.
    #[must_use]
    pub const fn network(&self) -> &Diagnostics {
        &self.network
    }

    /// What happened, for those who follow it; the driver writes it down.
    #[must_use]
    pub const fn events(&self) -> &EventLog {
        &self.events
    }

    /// Asks the node and waits for its answer. Never waits for room: a full or closed way is an answer.
    pub async fn ask(&self, request: Request) -> Response {
        let (reply, answer) = bounded(1);
        match self.way.try_send(Call { request, reply }) {
            Ok(()) => answer.recv().await.unwrap_or_else(|_| Response::refused(Problem::Busy, STOPPED)),
            Err(error) if error.is_full() => Response::refused(Problem::Busy, FULL),
            Err(_) => Response::refused(Problem::Busy, STOPPED),
        }
    }
}

const FULL: &str = "The agent has too many requests at once. Try again in a moment.";
const STOPPED: &str = "The agent is stopping and did not answer.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_comes_back_to_the_one_who_asked() {
        let (gate, driver) = NodeHandle::new();
        let answer = smol::block_on(smol::future::zip(gate.ask(Request::Status), async {
            let asked = driver.recv().await.unwrap();
            assert_eq!(asked.request, Request::Status);
            asked.reply.try_send(Response::Added).unwrap();
        }));
        assert_eq!(answer.0, Response::Added);
    }

    #[test]
    fn a_full_or_closed_way_is_an_answer_and_nobody_waits() {
        let (gate, driver) = NodeHandle::new();
        for _ in 0..GATE_MAX {
            let (reply, _) = bounded(1);
            gate.way.try_send(Call { request: Request::Status, reply }).unwrap();
        }
        assert_eq!(smol::block_on(gate.ask(Request::Status)), Response::refused(Problem::Busy, FULL));
        drop(driver);
        assert_eq!(smol::block_on(gate.ask(Request::Status)), Response::refused(Problem::Busy, STOPPED));
    }

    #[test]
    fn a_driver_that_forgets_a_request_is_an_answer_too() {
        let (gate, driver) = NodeHandle::new();
        let (answer, ()) = smol::block_on(smol::future::zip(gate.ask(Request::Audit), async {
            drop(driver.recv().await.unwrap());
        }));
        assert_eq!(answer, Response::refused(Problem::Busy, STOPPED));
    }
}
