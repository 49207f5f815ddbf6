//! The options of an agent's own sockets, read from outside: with `pidfd_getfd` a parent gets a copy of its child's socket.

use super::harness::Agent;
use super::pair::{linked, prepared, up};
use rustix::net::sockopt::{socket_type, tcp_nodelay};
use rustix::net::{SocketType, getpeername};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

/// For each connected TCP socket of the agent, whether it sends at once (TCP_NODELAY).
fn connected(agent: &Agent) -> Vec<bool> {
    let process = pidfd_open(Pid::from_raw(agent.child.id().cast_signed()).unwrap(), PidfdFlags::empty()).unwrap();
    let descriptors = fs::read_dir(format!("/proc/{}/fd", agent.child.id())).unwrap();
    let numbers = descriptors.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    let copies = numbers.filter_map(|number| pidfd_getfd(&process, number, PidfdGetfdFlags::empty()).ok());
    let streams = copies.filter(|copy| socket_type(copy) == Ok(SocketType::STREAM));
    streams.filter(|copy| getpeername(copy).is_ok()).filter_map(|copy| tcp_nodelay(&copy).ok()).collect()
}

#[test]
fn every_tcp_connection_of_an_agent_sends_at_once() {
    let ((here, here_listen, here_address), (there, there_listen, there_address)) = (prepared(), prepared());
    let first = up(&here, "attic", &here_listen, &there_address);
    let second = up(&there, "cellar", &there_listen, &here_address);
    linked(&first);
    // A connection that is kept alive, after its first answer.
    let mut kept = TcpStream::connect(&first.api).unwrap();
    kept.write_all(format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", first.api).as_bytes()).unwrap();
    kept.read_exact(&mut [0; 15]).unwrap();
    let (first, second) = (connected(&first), connected(&second));
    assert!(first.len() >= 2 && !second.is_empty(), "the link and the kept connection: {first:?}, {second:?}");
    assert!(first.iter().chain(&second).all(|at_once| *at_once), "{first:?}, {second:?}");
}
