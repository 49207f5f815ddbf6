//! The kernel's own news of devices: a charger was plugged in, the voltage fell. No polling, no privilege.

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recvfrom, socket_with};
use std::io;

/// Bytes of one event; the kernel's own buffer has 2,048 for its variables.
const BYTES: usize = 4096;
/// The kernel's own events (group 2 is udev's).
const KERNEL: u32 = 1;

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uevent {
    /// A power supply came, went or changed.
    Supply,
    /// A hwmon chip did: the alarm of `rpi_volt`.
    Hwmon,
    /// A thermal zone did.
    Thermal,
    /// Something else.
    Other,
    /// More happened than could be told: anything may have changed.
    Lost,
}

impl Uevent {
    /// Reads an event: lines that end with a zero byte, `SUBSYSTEM=` among them.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        let subsystem = bytes.split(|byte| *byte == 0).find_map(|line| line.strip_prefix(b"SUBSYSTEM="));
        match subsystem {
            Some(b"power_supply") => Self::Supply,
            Some(b"hwmon") => Self::Hwmon,
            Some(b"thermal") => Self::Thermal,
            _ => Self::Other,
        }
    }
}

/// The socket.
#[derive(Debug)]
pub struct Uevents {
    socket: OwnedFd,
}

impl Uevents {
    /// Listens.
    ///
    /// # Errors
    /// The system's: some sandboxes refuse the socket. Changes are then seen by the next sample.
    pub fn open() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, Some(KOBJECT_UEVENT))?;
        bind(&socket, &SocketAddrNetlink::new(0, KERNEL))?;
        Ok(Self { socket })
    }

    /// The next event; `None` if there is none now.
    pub fn hear(&mut self) -> Option<Uevent> {
        let mut buffer = [0; BYTES];
        loop {
            match recvfrom(&self.socket, &mut buffer, RecvFlags::DONTWAIT) {
                Ok((_, length, from)) => {
                    // Only the kernel has the number 0: programs may write to the group where they have the right.
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
    fn events_are_told_apart_by_their_subsystem_and_garbage_is_none() {
        let event = |subsystem: &str| format!("change@/devices/x\0ACTION=change\0SUBSYSTEM={subsystem}\0SEQNUM=7\0");
        assert_eq!(Uevent::parse(event("power_supply").as_bytes()), Uevent::Supply);
        assert_eq!(Uevent::parse(event("hwmon").as_bytes()), Uevent::Hwmon);
        assert_eq!(Uevent::parse(event("thermal").as_bytes()), Uevent::Thermal);
        assert_eq!(Uevent::parse(event("usb").as_bytes()), Uevent::Other);
        for garbage in [&b""[..], b"\0\0\0", b"SUBSYSTEM=", b"\xff\xfeSUBSYSTEM=hwmon"] {
            assert_eq!(Uevent::parse(garbage), Uevent::Other);
        }
    }

    #[test]
    fn a_socket_that_opens_is_silent_at_first() {
        match Uevents::open() {
            Ok(mut events) => assert!(events.hear().is_none_or(|event| event != Uevent::Lost)),
            Err(error) => println!("SKIPPED: this sandbox gives no netlink socket: {error}."),
        }
    }
}
