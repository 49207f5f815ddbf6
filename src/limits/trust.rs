//! Certificates, removals and used invites: how many are kept, sent and taken.

use super::mesh::{DEVICE_BYTES_MAX, TRUST_PEERS_MAX};

/// Devices that the root of a mesh may make admins in its whole life, since the proofs of removed ones are kept. A home needs two or three; each has its own share of removals below.
pub const ADMINS_MAX: usize = 16;

/// Certificates that are kept: one for each holder and issuer, about 175 bytes each. Two for each device of a full mesh, so that a
/// second admin may issue all of them anew.
pub const CERTIFICATES_MAX: usize = 1024;

/// Removals that are kept of one issuer, for ever; about 150 bytes each. A share for each issuer, so that no admin can fill
/// the room of another one's removals: certificates are refused where there is no room, removals of the others never.
pub const REMOVALS_ISSUER_MAX: usize = 256;

/// Used invites that are kept of one issuer, for ever; about 180 bytes each, and twice that where an issuer signed two uses of one
/// invite.
pub const INVITES_USED_ISSUER_MAX: usize = 256;

/// Records of a mesh that are kept, all together: the certificates, the admins' own ones as proofs, and what each admin
/// and the root removed and saw used.
pub const TRUST_RECORDS_MAX: usize =
    CERTIFICATES_MAX + ADMINS_MAX + (ADMINS_MAX + 1) * (REMOVALS_ISSUER_MAX + 2 * INVITES_USED_ISSUER_MAX);

/// Bytes of a certificate in postcard, at most; a removal has fewer, a used invite 15 more at the most.
pub const CERTIFICATE_BYTES_MAX: usize = 200;

/// Bytes of the file of records in the agent's home.
pub const TRUST_FILE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Bytes of a certificate with that of its issuer, as pairing hands it over.
pub const CHAIN_BYTES_MAX: usize = 2 * CERTIFICATE_BYTES_MAX + 2;

/// Records in one page. A home of 20 devices is one page.
pub const TRUST_PAGE_MAX: usize = 64;

/// Parts of the set that are compared by their hashes: a difference sends a sixteenth of the set.
pub const TRUST_BUCKETS: usize = 16;

/// Unknown records that one peer may push in a minute. Each costs up to two checks of signatures, about 1 ms on a slow board (an
/// estimate; nobody measured it there).
pub const TRUST_PUSHED_A_MINUTE: u64 = 600;
/// The same at once, after a quiet time: all certificates of a full mesh, for one that joins.
pub const TRUST_PUSHED_BURST: u64 = 2048;

/// Records a second that are sent to one peer because its digest differs.
pub const TRUST_SENT_A_SECOND: u64 = 128;
/// The same at once: the whole set.
pub const TRUST_SENT_BURST: u64 = 2 * TRUST_RECORDS_MAX as u64;

/// Milliseconds between two comparisons with a linked peer.
pub const TRUST_DIGEST_MS: u64 = 30_000;

/// Orders to issue or to remove that wait for the one under way.
pub const TRUST_ORDERS_MAX: usize = 8;

/// Bytes of the file that says when each device of the mesh was first and last seen: a line of some 80 for each, and its name.
pub const SEEN_FILE_BYTES_MAX: usize = (TRUST_PEERS_MAX + 1) * (256 + DEVICE_BYTES_MAX);
