//! Room for what is large and soon over, of which the memory goes back to the system as soon as it is dropped.
//!
//! glibc keeps what is freed for later, for each of its arenas apart, of which there are up to eight a core: what a short thread of `blocking` takes each
//! time, 16 MiB say, is kept for one arena after the other until 256 MiB are, on two cores. Pieces of more than 32 MiB are never kept (mallopt(3),
//! `M_MMAP_THRESHOLD` and `DEFAULT_MMAP_THRESHOLD_MAX`): they are mapped alone, and unmapped when they are freed. So that much is reserved; of what is
//! reserved only what is touched takes memory. A 32-bit glibc keeps pieces up to 512 KiB only, but the addresses of the whole are taken from the 3 GiB
//! that a process has there; and a kernel that promises no more than it has (`vm.overcommit_memory = 2`) counts the whole too: then it may be refused.

use crate::limits::GIVEN_BACK_BYTES;
use std::collections::TryReserveError;

/// An empty list with room for so many, and for more.
///
/// # Errors
/// There are not so many addresses, or less memory than the system promises.
pub fn room<T>(number: usize) -> Result<Vec<T>, TryReserveError> {
    let mut room = Vec::new();
    room.try_reserve_exact(number.max(GIVEN_BACK_BYTES / size_of::<T>().max(1)))?;
    Ok(room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_more_room_than_malloc_keeps_and_as_much_as_is_asked_for() {
        assert!(room::<u8>(10).unwrap().capacity() > 32 << 20);
        assert!(room::<[u64; 128]>(10).unwrap().capacity() * 1024 > 32 << 20);
        assert!(room::<u8>(40 << 20).unwrap().capacity() >= 40 << 20);
        assert!(room::<u8>(usize::MAX).is_err());
    }
}
