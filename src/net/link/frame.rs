//! A frame's bytes, in a buffer that is used again: a steady stream of messages takes no memory of ours.

use crate::limits::{FRAME_KEPT_BYTES, FRAMES_KEPT_MAX};
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

/// One frame. When it is dropped its buffer waits for the next one.
#[derive(Default)]
pub struct Frame {
    bytes: Vec<u8>,
    kept: Option<RetainedBuffers>,
}

/// The buffers that wait, of all links of an agent together.
#[derive(Clone)]
pub(super) struct RetainedBuffers {
    free: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl RetainedBuffers {
    pub(super) fn new() -> Self {
        Self { free: Arc::new(Mutex::new(Vec::with_capacity(FRAMES_KEPT_MAX))) }
    }

    /// An empty buffer, one that was used before if there is one.
    pub(super) fn take(&self) -> Vec<u8> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// A frame of what was collected in a buffer.
    pub(super) fn frame(&self, bytes: Vec<u8>) -> Frame {
        Frame { bytes, kept: Some(self.clone()) }
    }

    /// Keeps a buffer. Large ones, and those beyond `FRAMES_KEPT_MAX`, are given back to the system.
    pub(super) fn put(&self, mut buffer: Vec<u8>) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if (1..=FRAME_KEPT_BYTES).contains(&buffer.capacity()) && free.len() < FRAMES_KEPT_MAX {
            buffer.clear();
            free.push(buffer);
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
        if let Some(kept) = self.kept.take() {
            kept.put(std::mem::take(&mut self.bytes));
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
        Self { bytes, kept: None }
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
    // Keys travel in frames.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({} bytes)", self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again_and_large_or_many_ones_are_not_kept() {
        let kept = RetainedBuffers::new();
        let mut frame = kept.frame(kept.take());
        frame.buffer().extend_from_slice(b"secret");
        let place = frame.as_ptr();
        assert_eq!(format!("{frame:?}"), "Frame(6 bytes)");
        drop(frame);
        let again = kept.take();
        assert_eq!((again.as_ptr(), again.len()), (place, 0));
        drop(kept.frame(vec![0; FRAME_KEPT_BYTES + 1]));
        assert_eq!(kept.take().capacity(), 0);
        let many: Vec<Frame> = (0..2 * FRAMES_KEPT_MAX).map(|_| kept.frame(vec![1])).collect();
        drop(many);
        assert_eq!(kept.free.lock().unwrap().len(), FRAMES_KEPT_MAX);
    }
}
