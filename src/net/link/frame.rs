//! A frame's bytes, in a buffer that is reused: a steady stream of messages allocates nothing here.

use crate::limits::{FRAME_KEPT_BYTES, FRAME_LARGE_KEPT_BYTES, FRAMES_KEPT_MAX, FRAMES_LARGE_KEPT_MAX};
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

/// One frame. When it is dropped, its buffer is retained for the next one.
#[derive(Default)]
pub struct Frame {
    bytes: Vec<u8>,
    buffers: Option<RetainedBuffers>,
}

/// The retained buffers, shared by all links of an agent. Small ones, and a few large ones: a new one of a mebibyte costs as much in page
/// faults as a copy of it.
#[derive(Clone)]
pub(super) struct RetainedBuffers {
    free: Arc<Mutex<Free>>,
}

struct Free {
    small: Vec<Vec<u8>>,
    large: Vec<Vec<u8>>,
}

impl RetainedBuffers {
    pub(super) fn new() -> Self {
        let (small, large) = (Vec::with_capacity(FRAMES_KEPT_MAX), Vec::with_capacity(FRAMES_LARGE_KEPT_MAX));
        Self { free: Arc::new(Mutex::new(Free { small, large })) }
    }

    /// An empty buffer for so many bytes; a retained one of that size if there is one, else one without memory.
    pub(super) fn take(&self, length: usize) -> Vec<u8> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if length > FRAME_KEPT_BYTES { free.large.pop() } else { free.small.pop() }.unwrap_or_default()
    }

    /// A frame of these bytes, whose buffer comes back here.
    pub(super) fn frame(&self, bytes: Vec<u8>) -> Frame {
        Frame { bytes, buffers: Some(self.clone()) }
    }

    /// Retains a buffer. The largest, and those beyond the caps, are freed.
    pub(super) fn put(&self, mut buffer: Vec<u8>) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let (kept, cap) = match buffer.capacity() {
            1..=FRAME_KEPT_BYTES => (&mut free.small, FRAMES_KEPT_MAX),
            length if (1..=FRAME_LARGE_KEPT_BYTES).contains(&length) => (&mut free.large, FRAMES_LARGE_KEPT_MAX),
            _ => return,
        };
        if kept.len() < cap {
            buffer.clear();
            kept.push(buffer);
        }
    }
}

impl Frame {
    /// The buffer, to write the frame into.
    pub const fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        if let Some(buffers) = self.buffers.take() {
            buffers.put(std::mem::take(&mut self.bytes));
        }
    }
}

impl Deref for Frame {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl From<Vec<u8>> for Frame {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, buffers: None }
    }
}

impl Clone for Frame {
    fn clone(&self) -> Self {
        Self::from(self.bytes.clone())
    }
}

impl AsRef<[u8]> for Frame {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<T: AsRef<[u8]> + ?Sized> PartialEq<T> for Frame {
    fn eq(&self, other: &T) -> bool {
        self.bytes == other.as_ref()
    }
}

impl Eq for Frame {}

impl fmt::Debug for Frame {
    // Without the bytes: frames can contain keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({} bytes)", self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_reused_and_the_largest_and_surplus_ones_are_freed() {
        let buffers = RetainedBuffers::new();
        let mut frame = buffers.frame(buffers.take(0));
        frame.buffer().extend_from_slice(b"secret");
        let address = frame.as_ptr();
        assert_eq!(format!("{frame:?}"), "Frame(6 bytes)");
        drop(frame);
        let again = buffers.take(6);
        assert_eq!((again.as_ptr(), again.len()), (address, 0));
        let many: Vec<Frame> = (0..2 * FRAMES_KEPT_MAX).map(|_| buffers.frame(vec![1])).collect();
        drop(many);
        let kept = |buffers: &RetainedBuffers| {
            let free = buffers.free.lock().unwrap();
            (free.small.len(), free.large.len())
        };
        assert_eq!(kept(&buffers), (FRAMES_KEPT_MAX, 0));
        let large: Vec<Frame> = (0..=FRAMES_LARGE_KEPT_MAX).map(|_| buffers.frame(vec![0; 1 << 20])).collect();
        let addresses: Vec<*const u8> = large.iter().map(|frame| frame.as_ptr()).collect();
        drop(large);
        assert_eq!(kept(&buffers), (FRAMES_KEPT_MAX, FRAMES_LARGE_KEPT_MAX));
        let again = buffers.take(1 << 20);
        assert!(addresses.contains(&again.as_ptr()) && again.is_empty());
        drop(buffers.frame(again));
        drop(buffers.frame(Vec::with_capacity(FRAME_LARGE_KEPT_BYTES + 1)));
        assert_eq!(kept(&buffers).1, FRAMES_LARGE_KEPT_MAX);
    }
}
