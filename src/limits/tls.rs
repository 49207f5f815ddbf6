//! TLS of the page and the API.

/// Days for which the certificate of a device is valid: phones refuse more than 398 of some roots, and 825 of others.
pub const TLS_LEAF_DAYS: i64 = 397;

/// Days before it is made from which it is valid: a phone's clock that is behind by no more than that, or a device's that is ahead by no more, locks
/// nobody out. It is not more, since each day before is one less after, and a board without a clock is behind more often than ahead.
pub const TLS_LEAF_BEFORE_DAYS: i64 = 30;

/// Days after which a device makes itself another one, by its clock or by its running time, whichever is first. Eleven months are left then.
pub const TLS_RENEW_DAYS: i64 = 30;

/// Milliseconds between two looks whether that is due, or the clock was set: a clock that the network sets after a start is followed within a minute.
pub const TLS_LOOK_MS: u64 = 60_000;

/// Milliseconds until a root certificate that was not there, or not readable, is looked for again: whoever reaches the address may ask for it.
pub const TLS_ROOT_AGAIN_MS: u64 = 10_000;

/// Characters of a host's name that are used in certificates; a name in DNS has 63 for each part, and a certificate 64 for a device and the words beside it.
pub const TLS_HOST_CHARS_MAX: usize = 40;

/// Bytes that a connection holds of an answer that its client has not taken. With what is read, a record of 16 KiB and its like, a connection with TLS
/// takes up to 80 KiB more than one without.
pub const TLS_BUFFER_BYTES: usize = 32 * 1024;

const _: () =
    assert!(TLS_LEAF_BEFORE_DAYS + 2 * TLS_RENEW_DAYS < TLS_LEAF_DAYS / 2, "it is renewed long before it is over");
