//! The hash over all that happened in a run.

use std::fmt::{Arguments, Write};

/// The trace of a world that has none. By chance it would come once in 2^64 steps.
pub(super) const OFF: u64 = 0;

/// Adds a text to a trace (FNV-1a).
pub(super) fn note(trace: &mut u64, what: Arguments<'_>) {
    if *trace != OFF {
        let _ = Hash(trace).write_fmt(what);
    }
}

struct Hash<'a>(&'a mut u64);

impl Write for Hash<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        for byte in text.bytes() {
            *self.0 = (*self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}
