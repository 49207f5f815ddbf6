//! Updates of the SD card image.

use super::card::CARD_UPDATE_KEYS_MAX;

/// Bytes of an update's manifest: a dozen short lines.
pub const UPDATE_MANIFEST_BYTES_MAX: usize = 4096;

/// Bytes of a part of an update as it lies on the card: a root partition has some 230 MB.
pub const UPDATE_PART_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Bytes by which a part of an update may be longer packed than unpacked: gzip adds five to each 16 KiB that do not pack, which of the longest part are 320 KiB.
pub const UPDATE_PACKING_BYTES_MAX: u64 = 1024 * 1024;

/// Bytes that a file takes of the boot partition beside its own: the rest of its last cluster, of which FAT has none that is larger.
pub const UPDATE_CLUSTER_BYTES: u64 = 64 * 1024;

/// Bytes of the boot files of an update: kernel, initramfs and device trees have some 25 MB. They are checked in memory before the first is written, on
/// boards with 512 MB too.
pub const UPDATE_BOOT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Files and folders of the boot files of an update: today some 40.
pub const UPDATE_BOOT_FILES_MAX: usize = 1000;

/// Keys in a list of those whose updates are taken: the maker's, the next one before it takes over, and the owner's own.
pub const UPDATE_KEYS_MAX: usize = 16;

/// Bytes of such a list, with what people note in it.
pub const UPDATE_KEYS_BYTES_MAX: usize = 16 * 1024;

/// Bytes of a signature's file: 128 digits, and room for line ends.
pub const UPDATE_SIGNATURE_BYTES_MAX: usize = 256;

/// Bytes of what is kept of an update, and of the address that is asked: a few short lines.
pub const UPDATE_RECORD_BYTES_MAX: usize = 4096;

/// Bytes of each of the kernel's tables of routes: 128 a line of IPv4 and 150 of IPv6, and a board has a few.
pub const UPDATE_ROUTES_BYTES_MAX: usize = 16 * 1024;

/// Bytes of the file with the kernel's number of an interface, by which a server of one link is reached: ten digits and an end of line.
pub const INTERFACE_NUMBER_BYTES_MAX: usize = 16;

/// Bytes of an update that are read, hashed and written at a time: a whole number of a flash card's blocks.
pub const UPDATE_PIECE_BYTES: usize = 1024 * 1024;

/// Milliseconds between two looks at an update under way: enough of them in the ten minutes of a trial, and no load.
pub const UPDATE_LOOK_MS: u64 = 30_000;

/// Milliseconds after the start of the system after which the owner's address is asked first: the board has better things to do at its start.
pub const UPDATE_FIRST_CHECK_MS: u64 = 15 * 60_000;

/// Milliseconds between two askings of the owner's address.
pub const UPDATE_CHECK_MS: u64 = 24 * 3_600_000;

/// Milliseconds between two askings of the linked members whether one has an update: a call each, to the home's own network.
pub const UPDATE_MEMBERS_MS: u64 = 3_600_000;

/// Members that are asked at a time: any of them has it soon after the first.
pub const UPDATE_MEMBERS_ASKED_MAX: usize = 8;

/// Milliseconds for which a server of updates may say nothing.
pub const UPDATE_SERVER_MS: u64 = 30_000;

/// Bytes that a server of updates gives in each second of waiting for it, on average: a slow line at home has ten times as many. Whoever gives fewer
/// would keep a board from everything else that it does with updates.
pub const UPDATE_SERVER_BYTES_PER_S: u64 = 16 * 1024;

/// Milliseconds for which the agent is waited for when it is asked how it is.
pub const UPDATE_AGENT_MS: u64 = 10_000;

/// Milliseconds for which a new system must be ready, and its mesh reachable, without a break before it stays.
pub const UPDATE_TRIAL_MS: u64 = 10 * 60_000;

/// Milliseconds after its start after which one that was not is given up: a router that starts later than the board has time for that.
pub const UPDATE_TRIAL_LIMIT_MS: u64 = 60 * 60_000;

/// Milliseconds before an update begins in which another device must have been reached for the new system to have to reach one, too: one of which the last link
/// went down longer ago was off when the update began.
pub const UPDATE_REACHED_MS: u64 = 3_600_000;

/// Trials of one update that reach no other device in their hour, until it is given up: once is a home that went to bed, and each takes the board away for an hour.
pub const UPDATE_TRIES_MAX: u8 = 3;

/// Milliseconds between a device's word that it wants to update and its beginning: news of the mesh is everywhere by then, with a full
/// exchange between neighbours every 30 seconds.
pub const UPDATE_SETTLE_MS: u64 = 3 * 60_000;

/// Milliseconds for which a device that said it updates is waited for after it was heard last.
pub const UPDATE_WAIT_MS: u64 = UPDATE_TRIAL_LIMIT_MS + 30 * 60_000;

/// Bytes of the sentence by which the image's service tells the agent why an update was not taken, waits, or was given up.
pub const UPDATE_TROUBLE_BYTES_MAX: usize = 1024;

/// Milliseconds after which a device says again that it waits or updates: news of that kind hold for `UPDATE_WAIT_MS`.
pub const UPDATE_SAY_MS: u64 = 10 * 60_000;

/// Milliseconds for which a device that is not reached may be updating, on the other side of a broken network, so that none begins here.
pub const UPDATE_AWAY_MS: u64 = 24 * 3_600_000;

const _: () = {
    assert!(CARD_UPDATE_KEYS_MAX < UPDATE_KEYS_MAX, "the maker's keys have room beside the owner's");
    assert!(UPDATE_BOOT_BYTES_MAX <= UPDATE_PART_BYTES_MAX, "the boot files are the smaller part");
    assert!(UPDATE_LOOK_MS + UPDATE_AGENT_MS < UPDATE_TRIAL_MS / 10, "ten looks or more decide a trial");
    assert!(
        UPDATE_SAY_MS + UPDATE_TRIAL_LIMIT_MS < UPDATE_WAIT_MS,
        "the word of a device on trial holds until it is said again"
    );
    assert!(UPDATE_WAIT_MS / 1000 < 65_536, "its age is counted");
    assert!(UPDATE_TRIAL_MS < UPDATE_TRIAL_LIMIT_MS, "a trial can end well");
    assert!(UPDATE_WAIT_MS < UPDATE_AWAY_MS, "a device that is away has ended its update before it is passed over");
};
