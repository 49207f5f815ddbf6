//! A frame's bytes, in a buffer that is reused: a steady stream of messages allocates nothing here.

use crate::limits::{FRAME_KEPT_BYTES, FRAMES_KEPT_MAX};
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

/// One frame. When it is dropped, its buffer is retained for the next one.
#[derive(Default)]
pub struct Frame {
    bytes: Vec<u8>,
    buffers: Option<RetainedBuffers>,
}

/// The retained buffers, shared by all links of an agent.
#[derive(Clone)]
pub(super) struct RetainedBuffers {
    free: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl RetainedBuffers {
    pub(super) fn new() -> Self {
        Self { free: Arc::new(Mutex::new(Vec::with_capacity(FRAMES_KEPT_MAX))) }
    }

    /// An empty buffer; a retained one if there is one.
    pub(super) fn take(&self) -> Vec<u8> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// A frame of these bytes, whose buffer comes back here.
    pub(super) fn frame(&self, bytes: Vec<u8>) -> Frame {
        Frame { bytes, buffers: Some(self.clone()) }
    }

    /// Retains a buffer. Large ones, and those beyond `FRAMES_KEPT_MAX`, are freed.
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
    fn a_buffer_is_reused_and_large_or_surplus_ones_are_freed() {
        let buffers = RetainedBuffers::new();
        let mut frame = buffers.frame(buffers.take());
        frame.buffer().extend_from_slice(b"secret");
        let address = frame.as_ptr();
        assert_eq!(format!("{frame:?}"), "Frame(6 bytes)");
        drop(frame);
        let again = buffers.take();
        assert_eq!((again.as_ptr(), again.len()), (address, 0));
        drop(buffers.frame(vec![0; FRAME_KEPT_BYTES + 1]));
        assert_eq!(buffers.take().capacity(), 0);
        let many: Vec<Frame> = (0..2 * FRAMES_KEPT_MAX).map(|_| buffers.frame(vec![1])).collect();
        drop(many);
        assert_eq!(buffers.free.lock().unwrap().len(), FRAMES_KEPT_MAX);
    }
}
