//! Multicast DNS, address hints and UDP sessions.

use super::mesh::{ADDRESSES_MAX, MEMBER_BYTES_MAX, PEERS_MAX};

/// Datagrams of a sender that may arrive out of order: some minutes of probes, or a burst of gossip.
pub const DATAGRAM_WINDOW: usize = 1024;

/// Agents whose datagrams are decrypted: every known one, since links come and go and keys stay. About 700 bytes each.
pub const DATAGRAM_PEERS_MAX: usize = PEERS_MAX;

/// Bytes of the TXT record of an announcement; what RFC 6763 calls the most that fits one Ethernet packet.
pub const ANNOUNCE_BYTES_MAX: usize = 1300;

/// Strings in it that are looked at: libp2p's has one for each address and transport.
pub const ANNOUNCE_STRINGS_MAX: usize = 32;

/// Bytes of a multicast DNS packet that is read: RFC 6762 section 17 allows no more.
pub const DNS_BYTES_MAX: usize = 9000;

/// Records of one packet that are looked at.
pub const DNS_RECORDS_MAX: usize = 128;

/// Milliseconds between two listings of this device's interfaces: a new address is announced within that time.
pub const INTERFACES_POLL_MS: u64 = 10_000;

/// Milliseconds until a multicast daemon that failed is started again; doubled each time up to the maximum.
pub const MULTICAST_RESTART_MS: u64 = 2_000;

/// The longest pause between two starts, in milliseconds.
pub const MULTICAST_RESTART_MS_MAX: u64 = 600_000;

/// Milliseconds until a peer's name in DNS is looked up again; doubled each time up to the maximum.
pub const RESOLVE_MS: u64 = 5_000;

/// The longest pause between two of them, in milliseconds.
pub const RESOLVE_MS_MAX: u64 = 300_000;

/// Bytes of the file of remembered addresses that are read: `PEERS_MAX` peers with `ADDRESSES_MAX` addresses each.
pub const ADDRESS_BOOK_BYTES_MAX: usize = PEERS_MAX * ADDRESSES_MAX * 160;

/// Milliseconds for which changes are gathered before they are written into it.
pub const ADDRESS_BOOK_WRITE_MS: u64 = 5_000;

/// Milliseconds for which the first name of a device waits for others before it is written.
pub const NAME_WRITE_MS: u64 = 200;

/// Addresses and names that the owner gives for one peer; of all peers together, as many for each that may link.
pub const GIVEN_MAX: usize = 8;

/// Announcements taken from one packet of libp2p's discovery.
pub const ADVERTS_PACKET_MAX: usize = 8;

/// Unknown peers that tried to link, kept for `wattle doctor`.
pub const UNKNOWN_PEERS_MAX: usize = 8;

const _: () = {
    assert!(DATAGRAM_WINDOW.is_multiple_of(64), "bits are kept in whole words");
    assert!(
        MEMBER_BYTES_MAX + 28 + 48 <= 1280,
        "an encrypted packet with its UDP and IPv6 headers is never fragmented"
    );
};
