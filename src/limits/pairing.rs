//! Pairing, invites and joining: how long, how often, how large.

use super::link::LINK_HANDSHAKE_MS;

/// Milliseconds for which a window for pairing is open: Matter's commissioning window has three minutes as well.
pub const PAIR_WINDOW_MS: u64 = 180_000;

/// Exchanges with a window's code that may begin and not end well. Five guesses at eight digits hit once in twenty
/// million windows.
pub const PAIR_TRIES: u8 = 5;

/// Milliseconds after an exchange that did not end well until the next one may begin.
pub const PAIR_TRY_PAUSE_MS: u64 = 1_000;

/// Milliseconds for a whole exchange, from the joining device's first message to the certificate: it takes two round
/// trips, four multiplications on the curve a side, and one synced write.
pub const PAIR_EXCHANGE_MS: u64 = 10_000;

/// Exchanges at once, of one device each. Only one of them uses the window's code.
pub const PAIR_EXCHANGES_MAX: usize = 8;

/// Milliseconds for which a device is told why the last window closed; after that, that none is open.
pub const PAIR_ENDED_MS: u64 = 600_000;

/// Codes of this device's own windows that have closed and are remembered, so that whoever types one of them here is told at once.
pub const PAIR_CODES_REMEMBERED: usize = 4;

/// Digits of a code.
pub const PAIR_CODE_DIGITS: usize = 8;

/// All codes of so many digits.
pub const PAIR_CODES: u32 = 100_000_000;

/// Bytes of a certificate, with those of its issuers, as it is handed over.
pub const PAIR_CERTIFICATE_MAX: usize = 2048;

/// Bytes of a message of pairing as a frame: a certificate and its two lengths.
pub const PAIR_FRAME_MAX: usize = PAIR_CERTIFICATE_MAX + 64;

/// Bytes of a message of pairing as a line, its line feed among them: a certificate in base64.
pub const PAIR_LINE_MAX: usize = 2 * PAIR_CERTIFICATE_MAX;

/// Bytes of the text in a QR code: the address, the PeerId, a secret and the mesh have some 200.
pub const PAIR_LINK_BYTES_MAX: usize = 400;

/// Invites that an agent has issued, or holds for another admin, at once.
pub const INVITES_MAX: usize = 64;

/// Invites that were taken back and are remembered, so that no admin that was off brings one back. As many as the queue of a link takes.
pub const INVITES_VOID_MAX: usize = 64;

/// Devices that an invite names as those that redeem it.
pub const INVITE_ISSUERS_MAX: usize = 4;

/// Addresses in an invite.
pub const INVITE_ADDRESSES_MAX: usize = 8;

/// Bytes of an invite's file. The largest that is written has some 900.
pub const INVITE_FILE_BYTES_MAX: usize = 4096;

/// Milliseconds of the issuer's running time for which an invite is good unless another time is given: a day.
pub const INVITE_LIFE_MS: u64 = 24 * 3_600_000;

/// Milliseconds after which it is saved how much of the invites' lives is left, while one can be used: what an invite gains by a power
/// cut, and 144 writes of some 100 bytes a day.
pub const INVITE_SAVE_MS: u64 = 600_000;

/// Milliseconds after which a device that found an invite on its card tries it again, at first; each wait is twice the one before.
pub const INVITE_RETRY_MS: u64 = 5_000;

/// The longest of these waits: an admin that was switched on is found within ten minutes.
pub const INVITE_RETRY_MS_MAX: u64 = 600_000;

/// Bytes of the file of invites in a home.
pub const INVITES_FILE_BYTES_MAX: usize = INVITES_MAX * 128 + INVITES_VOID_MAX * 32;

/// The longest that may be given: 30 days.
pub const INVITE_LIFE_MS_MAX: u64 = 30 * 24 * 3_600_000;

/// Milliseconds after which a joining device gives up: six exchanges, where the other one is busy.
pub const JOIN_MS: u64 = 60_000;

/// Milliseconds for which it looks where it finds nobody that answers: whom a weak Wi-Fi hid is announced again meanwhile.
pub const JOIN_FIND_MS: u64 = 20_000;

/// Milliseconds for which it looks for others once one has answered that it lets nobody in, as its code is closed: in a home several answer within two or three seconds.
pub const JOIN_LOOK_MS: u64 = 5_000;

/// Milliseconds for which others are still looked for after one has refused to the point, as for a wrong code.
pub const JOIN_SETTLE_MS: u64 = 3_000;

/// Milliseconds from a dial to the open stream.
pub const JOIN_DIAL_MS: u64 = LINK_HANDSHAKE_MS + 2_000;

/// Milliseconds until it dials a device again that had no place for another guest, wherever it is dialled: within `JOIN_MS` it comes often
/// enough to be there when a place is free.
pub const JOIN_TURNED_AWAY_MS: u64 = 3_000;

/// Places that a joining device tries; more that are found are not remembered.
pub const JOIN_CANDIDATES_MAX: usize = 16;

/// Dials of a joining device in all, the repeated ones among them. Once half of them are spent, the others are spread over the time that is
/// left.
pub const JOIN_DIALS_MAX: u8 = 32;

/// Exchanges in which a joining device uses its code. Each gives whoever answers one guess at it.
pub const JOIN_EXCHANGES_MAX: u8 = 4;

/// The most seconds that a joining device waits because another one tells it to.
pub const JOIN_WAIT_S_MAX: u16 = 15;

const _: () = {
    assert!(
        JOIN_SETTLE_MS <= JOIN_LOOK_MS && JOIN_LOOK_MS < JOIN_FIND_MS && JOIN_FIND_MS < JOIN_MS,
        "the more is known, the sooner"
    );
    assert!(PAIR_EXCHANGE_MS * 6 <= JOIN_MS && PAIR_EXCHANGE_MS < PAIR_WINDOW_MS, "an exchange ends before the join");
    assert!(PAIR_CERTIFICATE_MAX.div_ceil(3) * 4 + 64 < PAIR_LINE_MAX, "the largest certificate fits into a line");
    assert!(INVITE_LIFE_MS <= INVITE_LIFE_MS_MAX, "the usual life is one that may be given");
    assert!(PAIR_CODE_DIGITS == PAIR_CODES.ilog10() as usize && PAIR_CODES.is_multiple_of(10), "a code is all digits");
    assert!(JOIN_MS / JOIN_TURNED_AWAY_MS < JOIN_DIALS_MAX as u64, "one place is dialled at that pace to the end");
    assert!(JOIN_CANDIDATES_MAX <= JOIN_DIALS_MAX as usize / 2, "each place is tried before dials are spared");
    assert!(PAIR_TRIES > 0 && PAIR_EXCHANGES_MAX > 1, "an invite can be redeemed while a code is tried");
};
