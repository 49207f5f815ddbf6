//! Membership, peers and addresses: table sizes, probe times, redialling.

/// Other agents that may do anything here: every list that follows `mesh::trust` has room for all of them.
pub const TRUST_PEERS_MAX: usize = 512;

/// Agents that are known. About 400 bytes each.
pub const PEERS_MAX: usize = 512;

/// Known agents up to which everybody links with everybody, so that a query reaches all of a home at once.
pub const PEERS_LINKED_ALL: usize = 32;

/// Links that an agent keeps in a larger mesh: neighbours in the ring of keys at distances 1, 2, 4 ..
/// on both sides. The graph stays connected while any 11 agents are gone.
pub const LINKS_WANTED: usize = 12;

/// Milliseconds without traffic after which a link that is not wanted (dialled for one probe or one member list) is
/// ended.
pub const LINK_IDLE_MS: u64 = 1_000;

/// Links from which on any that is not wanted is ended after `LINK_IDLE_CROWDED_MS`, whoever dialled it: where
/// hundreds start at once with one address, all of them want a link there for a member list.
pub const LINKS_CROWDED: usize = 3 * super::LINKS_MAX / 4;

/// See `LINKS_CROWDED`; milliseconds without traffic on the link. A member list takes one round trip.
pub const LINK_IDLE_CROWDED_MS: u64 = 250;

/// Milliseconds until hints and signs of life may again bring forward a dial of the same peer.
pub const HINT_DIAL_MS: u64 = 5_000;

/// Milliseconds until a changed name of the same device is saved again: each save is a synced write of a file, and a device may say
/// another name with each message. A person renames a device far less often.
pub const NAME_SAVE_MS: u64 = 600_000;

/// Members in one member list message: the largest has 250 bytes a member, and a frame of gossip 64 KiB.
pub const MEMBER_LIST_MAX: usize = 128;

/// Addresses of a member in a member list.
pub const MEMBER_LIST_ADDRESSES_MAX: usize = 4;

/// Milliseconds between two exchanges of member lists with a linked peer; the same in memberlist.
pub const MEMBER_LIST_MS: u64 = 30_000;

/// Members up to which that holds. In a larger mesh the pause grows with the size of the list, so that the exchange costs the same
/// (in memberlist above 32, by the logarithm): changes travel with the probes, and the lists only bring what those missed.
pub const MEMBER_LIST_MEMBERS: usize = 64;

/// Members above which two lists are compared by their hashes first: 430 bytes each way in place of 45 for each member.
pub const MEMBER_LIST_COMPARED: usize = 32;

/// Of so many exchanges one is of whole lists all the same: they bring addresses too, of which the hashes say nothing.
pub const MEMBER_LIST_WHOLE_ONE_IN: u64 = 16;

/// Whole member lists are exchanged, in place of hashes, while this agent has no address of more than one in so many members.
pub const MEMBER_ADDRESSES_LACKING_ONE_IN: usize = 20;

/// Milliseconds until a member list that was requested and did not come is requested again, from any linked peer; the
/// pause between exchanges then doubles from here to `MEMBER_LIST_MS`. A suspension that was shorter needs no notice.
pub const MEMBER_LIST_RETRY_MS: u64 = 3_000;

/// Milliseconds between two whole member lists to one peer, however often it asks.
pub const MEMBER_LIST_PAUSE_MS: u64 = 1_000;

/// Milliseconds between two probes (foca's and memberlist's default for a local network).
pub const PROBE_MS: u64 = 1_000;

/// Milliseconds until a probe without an answer is repeated by others (indirect probes).
pub const PROBE_REPLY_MS: u64 = 500;

/// Agents that send an indirect probe.
pub const PROBES_INDIRECT: usize = 3;

/// Milliseconds between two rounds of SWIM gossip while there are changes to send.
pub const SWIM_GOSSIP_MS: u64 = 200;

/// Milliseconds in which a member that comes back is told as back once.
pub const BACK_ONCE_MS: u64 = 10_000;

/// Milliseconds within which the link of a member that was told as up or back is no news of its own: later, something else has mended it.
pub const LINK_AWAITED_MS: u64 = 10 * 60 * 1000;
/// Agents that one round goes to.
pub const SWIM_FANOUT: usize = 3;

/// Milliseconds that a suspect has to refute, times the decimal logarithm of the mesh's size if that is above 1. Half
/// of it is the time to refute a claim that a member is down.
pub const SUSPICION_MS: u64 = 4_000;

/// Milliseconds after which a member that is down is removed from the member list.
pub const REMEMBER_DOWN_MS: u64 = 24 * 60 * 60 * 1000;

/// Milliseconds between two announcements to two members that are down: a healed partition is found by them, and the sides have 30 s
/// to agree about who is in the mesh (scripts/trust-netns chaos). Two datagrams, beside the `PROBE_MS` of those that are up.
pub const DOWN_ANNOUNCE_MS: u64 = 15_000;

/// Milliseconds that our own timers may be late; beyond, this agent was suspended, and a timeout that expired meanwhile
/// proves nothing.
pub const LATE_MS: u64 = 750;

/// Suspects that are probed by one input.
pub const SUSPECTS_PROBED_MAX: usize = 4;
/// Milliseconds between two probes of one suspect.
pub const SUSPECT_PROBE_MS: u64 = 1_000;

/// Timers of the membership machine: four for each member (suspicion, probe, claim of being down, removal) and its own
/// few.
pub const MEMBER_TIMERS_MAX: usize = 4 * PEERS_MAX + 8;

/// Generations by which a claim may raise that of a member: beyond, claims could exhaust the number.
pub const GENERATION_JUMP_MAX: u32 = 1 << 20;

/// Milliseconds between two new generations of this agent: each is a write to its disk.
pub const RENEW_MS: u64 = 5_000;

/// Different members that must claim that this agent is down, within `DOWN_CLAIM_MS`, before it takes a new generation.
pub const DOWN_CLAIMANTS: usize = 2;
/// See `DOWN_CLAIMANTS`; milliseconds.
pub const DOWN_CLAIM_MS: u64 = 60_000;

/// Claims of one member that were refuted, within `QUARANTINE_MS`, until its claims are ignored.
pub const REFUTED_MAX: usize = 3;
/// See `REFUTED_MAX`; and for how long its claims are ignored. Milliseconds.
pub const QUARANTINE_MS: u64 = 10 * 60 * 1000;
/// Milliseconds within which refuted claims of one member count once: one mistake may be about many.
pub const REFUTED_PAUSE_MS: u64 = 5_000;

/// Probes to a peer without a datagram back until packets go over the link as well.
pub const UNANSWERED_MAX: u8 = 3;

/// Milliseconds until a lost peer is dialled again; doubled each time up to the maximum.
pub const REDIAL_MS: u64 = 500;

/// The longest pause between two dials, in milliseconds; up to half as much is added by chance.
pub const REDIAL_MS_MAX: u64 = 60_000;

/// The same while there is no link at all.
pub const REDIAL_ALONE_MS_MAX: u64 = 10_000;

/// The same for the first `REDIAL_SOON_FOR_MS` of that: where hundreds start at once, the one whose address all
/// have has no room for most of them at first.
pub const REDIAL_SOON_MS_MAX: u64 = 2_000;

/// See `REDIAL_SOON_MS_MAX`; milliseconds. After it the others may be away, and each dial costs energy.
pub const REDIAL_SOON_FOR_MS: u64 = 60_000;

/// Milliseconds until a linked peer that has not sent its name is asked for it.
pub const NAME_REQUEST_MS: u64 = 1_000;

/// Bytes of a packet of the membership machine: encrypted, it fits the smallest MTU of IPv6, 1280 bytes.
pub const MEMBER_BYTES_MAX: usize = 1200;

/// Addresses of one agent: those that it sends of itself, and those that are kept of it.
pub const ADDRESSES_MAX: usize = 8;

/// Bytes of a device's name.
pub const DEVICE_BYTES_MAX: usize = 64;

/// Generations by which one member may raise this agent's within `RAISE_MS`, by its word alone: a lost count of starts is proven
/// by this agent's own signature, and needs no word.
pub const RAISE_ALONE_MAX: u32 = 1024;
/// Generations by which the word of others may exceed that in which a member itself was heard: more starts of which it was not
/// heard are not believed until it is.
pub const HEARSAY_JUMP_MAX: u32 = 16;
/// See `RAISE_ALONE_MAX`; milliseconds.
pub const RAISE_MS: u64 = 60 * 60 * 1000;

/// Built-in network interfaces by which a device is known at a start; a router board has more, and any four tell it from another.
pub const INTERFACES_MAX: usize = 4;
/// Interfaces that a key is bound to: those of a start, and as many that were seen at earlier ones.
pub const INTERFACES_BOUND_MAX: usize = 2 * INTERFACES_MAX;
/// Keys of other hardware of which a home knows to which hardware they belong; a card that goes round more devices than that gets a new key.
pub const BINDINGS_KEPT: usize = 4;
/// Entries of a home's folder that are looked at for keys of other hardware: it has some forty small files.
pub const HOME_FILES_READ_MAX: usize = 1024;
/// Bytes of what a home keeps of its hardware: two PeerIds of 53 characters, and a hash of 64 digits for the board, the machine and each
/// interface, with their words; and the sum of it all.
pub const HARDWARE_BYTES_MAX: usize = 2048;
/// Characters of a board's serial number: fewer tell no two boards apart; a longer one is a text about something else.
pub const SERIAL_BYTES_MIN: usize = 4;
/// See `SERIAL_BYTES_MIN`.
pub const SERIAL_BYTES_MAX: usize = 64;

/// Milliseconds for which two devices with one key are told of after they were last seen: the second one tries again within
/// `DUPLICATE_RETRY_MS`, and half as long by chance.
pub const DUPLICATE_MS: u64 = 5 * 60 * 1000;
/// Milliseconds until a device that was told that another one has its key dials that peer again.
pub const DUPLICATE_RETRY_MS: u64 = 60_000;
/// Keys with two holders that are told of at once.
pub const DUPLICATES_MAX: usize = 16;
/// Marks of starts of one peer that are remembered: one that comes back after another is of a second device.
pub const STARTS_REMEMBERED: usize = 4;

/// Milliseconds between two lines in the log about refused messages, or refused certificates, of one peer.
pub const REFUSED_LOG_MS: u64 = 60_000;
/// Milliseconds after the last refused message of a peer for which people are told of it.
pub const REFUSED_TOLD_MS: u64 = 10 * 60 * 1000;
/// Milliseconds between two proofs of its latest start that are sent to a peer whose messages are of an earlier one.
pub const START_PROOF_MS: u64 = 2_000;

/// Milliseconds for which people are told that a peer sent something false.
pub const OFFENCE_MS: u64 = 60 * 60 * 1000;

const _: () =
    assert!(3 * 64 + (INTERFACES_BOUND_MAX + 3) * (64 + 16) < HARDWARE_BYTES_MAX, "what is written can be read");

const _: () = assert!(
    DUPLICATE_MS > 2 * (DUPLICATE_RETRY_MS + DUPLICATE_RETRY_MS / 2),
    "a second device that is still there is seen again before it is forgotten"
);
