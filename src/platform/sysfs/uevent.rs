//! Device events of the kernel over netlink (NETLINK_KOBJECT_UEVENT): a charger was plugged in, the voltage fell. Needs
//! neither polling nor privileges.

use crate::energy::sample::uevent::Uevent;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recvfrom, socket_with};
use std::io;

/// Bytes of one event; the kernel's own buffer has 2,048 for its variables.
const BYTES: usize = 4096;
/// The kernel's own events (group 2 is udev's).
const KERNEL: u32 = 1;

/// The socket.
#[derive(Debug)]
pub struct Uevents {
    socket: OwnedFd,
}

impl Uevents {
    /// Opens the socket.
    ///
    /// # Errors
    /// The system's: some sandboxes refuse the socket. The next sample then sees the changes.
    pub fn open() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, Some(KOBJECT_UEVENT))?;
        bind(&socket, &SocketAddrNetlink::new(0, KERNEL))?;
        Ok(Self { socket })
    }

    /// The next event; `None` if there is none now.
    pub fn next_event(&mut self) -> Option<Uevent> {
        let mut buffer = [0; BYTES];
        loop {
            match recvfrom(&self.socket, &mut buffer, RecvFlags::DONTWAIT) {
                Ok((_, length, from)) => {
                    // The kernel has port 0: privileged programs may send to the group too.
                    let kernel = from
                        .and_then(|from| SocketAddrNetlink::try_from(from).ok())
                        .is_some_and(|from| from.pid() == 0);
                    if kernel {
                        return Some(Uevent::parse(&buffer[..length.min(BYTES)]));
                    }
                }
                Err(Errno::NOBUFS) => return Some(Uevent::Lost),
                Err(Errno::INTR) => {}
                Err(_) => return None,
            }
        }
    }
}

impl AsFd for Uevents {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_opens_is_silent_at_first() {
        match Uevents::open() {
            Ok(mut events) => assert!(events.next_event().is_none_or(|event| event != Uevent::Lost)),
            Err(error) => println!("SKIPPED: this sandbox gives no netlink socket: {error}."),
        }
    }
}
