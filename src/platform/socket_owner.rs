//! Whose program is at the other end of a connection within this machine.
//!
//! The kernel lists all connections of the machine with the user whose program opened each (`/proc/net/tcp` and `tcp6`, proc(5)). An end that its program
//! has closed belongs to nobody any more: the kernel gives it the user 0 and no inode, so that an agent of root must not take it for its own.

use crate::limits::SOCKETS_BYTES_MAX;
use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The inode of an end that no program holds.
const NO_PROGRAM: &str = "0";

/// Both ends of a connection, as this program sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The other end.
    pub peer: SocketAddr,
    /// This end.
    pub local: SocketAddr,
}

/// Whether it is the user whose this program is.
#[must_use]
pub fn is_own_user(user: u32) -> bool {
    user == rustix::process::geteuid().as_raw()
}

impl Ends {
    /// Whether a program of this program's own user is at the other end. False where that is not known, as for another machine's.
    #[must_use]
    pub fn is_of_own_user(self) -> bool {
        self.owner().is_some_and(is_own_user)
    }

    /// The user whose program is at the other end; `None` where that is not known, as for another machine's.
    #[must_use]
    pub fn owner(self) -> Option<u32> {
        let mut tables =
            ["/proc/net/tcp", "/proc/net/tcp6"].into_iter().filter(|_| self.peer.ip().to_canonical().is_loopback());
        tables.find_map(|table| self.owner_in(&read(table)))
    }

    /// The user who has the other end, by such a table.
    fn owner_in(self, table: &str) -> Option<u32> {
        let forms = |mapped| Some((end(self.peer, mapped)?, end(self.local, mapped)?));
        // A program may reach an IPv4 address through a socket for IPv6.
        let forms = [forms(false), forms(true)];
        table.lines().find_map(|line| {
            let mut fields = line.split_ascii_whitespace().skip(1);
            let (local, remote) = (fields.next()?, fields.next()?);
            let is_it = forms.iter().flatten().any(|(peer, own)| peer == local && own == remote);
            // Behind the two: state, queues, timer, retransmits; and behind the user the timeout.
            let (user, inode) = (fields.nth(4).filter(|_| is_it)?, fields.nth(1)?);
            if inode == NO_PROGRAM { None } else { user.parse().ok() }
        })
    }
}

fn read(table: &str) -> String {
    let mut text = String::new();
    // What cannot be read says nothing.
    let _ = File::open(table).and_then(|file| file.take(SOCKETS_BYTES_MAX).read_to_string(&mut text));
    text
}

/// An address and port as the kernel writes them: words of 32 bits in the machine's own order, in hex.
fn end(address: SocketAddr, mapped: bool) -> Option<String> {
    let word = |bytes: &[u8]| Some(format!("{:08X}", u32::from_ne_bytes(bytes.try_into().ok()?)));
    let six = |six: Ipv6Addr| six.octets().chunks(4).map(word).collect::<Option<String>>();
    let ip = match (address.ip(), mapped) {
        (IpAddr::V4(four), false) => word(&four.octets())?,
        (IpAddr::V4(four), true) => six(four.to_ipv6_mapped())?,
        (IpAddr::V6(ip), false) => six(ip)?,
        (IpAddr::V6(_), true) => return None,
    };
    Some(format!("{ip}:{:04X}", address.port()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_connection_of_this_program_is_its_own_users() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            // A machine may have no IPv6.
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (_stream, peer) = listener.accept().unwrap();
            let ends = Ends { peer, local: listener.local_addr().unwrap() };
            assert!(ends.is_of_own_user() && ends.owner().is_some(), "{ends:?}");
            let turned = Ends { peer, local: "127.0.0.1:1".parse().unwrap() };
            assert!(!turned.is_of_own_user(), "no such connection");
            drop(client);
        }
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn the_kernels_table_is_read_as_it_writes_it_and_another_users_connection_is_told() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
               0: 0100007F:1E64 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 100 0 0 10 0\n\
               1: 0100007F:C001 0100007F:1E64 01 00000000:00000000 00:00000000 00000000  1001        0 2 1 0 20 4 30 10 -1\n\
               2: 0100007F:1E64 0100007F:C001 01 00000000:00000000 00:00000000 00000000  1000        0 3 1 0 20 4 30 10 -1\n";
        let at = |peer: &str, local: &str| Ends { peer: peer.parse().unwrap(), local: local.parse().unwrap() };
        let ends = at("127.0.0.1:49153", "127.0.0.1:7780");
        assert_eq!(ends.owner_in(table), Some(1001), "the end that the other program has");
        assert_eq!(at("127.0.0.1:49154", "127.0.0.1:7780").owner_in(table), None);
        let closed = "   1: 0100007F:C001 0100007F:1E64 05 00000000:00000000 00:00000000 00000000     0        0 0 1 0 20 4 30 10 -1\n";
        assert_eq!(ends.owner_in(closed), None, "its program has closed it: the 0 is not root");
        assert_eq!(ends.owner_in(&closed.replace("0 0 1 0", "0 77 1 0")), Some(0), "root's");
        let six = "   0: 0000000000000000FFFF00000100007F:C001 0000000000000000FFFF00000100007F:1E64 01 00000000:00000000 00:00000000 00000000  1002        0 9\n";
        assert_eq!(ends.owner_in(six), Some(1002), "through a socket for IPv6");
        assert_eq!(ends.owner_in("nothing\n: : :\n"), None);
        assert!(!at("192.168.1.9:49153", "192.168.1.4:7780").is_of_own_user(), "another machine's");
    }
}
