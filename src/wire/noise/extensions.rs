//! The extensions of the handshake's payload: what agents of ours tell each other with their identity.
//!
//! Numbers of the experimental range. Programs of others send none and ignore ours (libp2p specs, noise/README.md). What is
//! malformed counts as absent: the identity is checked without it.

use crate::base::protobuf::{self, Value};
use crate::limits::HANDSHAKE_CERTIFICATES_MAX;

/// The field of the extensions in the payload, and the fields in them.
const EXTENSIONS: u32 = 4;
const START: u32 = 1781;
const CERTIFICATES: u32 = 1782;
const GUEST: u32 = 1783;

/// What one end tells the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// The mark of the start of the agent: eight random bytes, the same in all handshakes of one start. It tells a device that
    /// dials again from a second device with the same key.
    pub start: Option<u64>,
    /// Encoded certificates of the dialling end, which the listening end may not know yet; empty if there are none. At most
    /// `HANDSHAKE_CERTIFICATES_MAX` bytes. A listening end sends none: it does not know yet to whom.
    pub certificates: Vec<u8>,
    /// The dialling end comes as a guest, to be paired: it expects no link.
    pub guest: bool,
}

impl Extensions {
    /// Appends them to a payload.
    pub(super) fn put(&self, payload: &mut Vec<u8>) {
        let mut extensions = Vec::new();
        if let Some(start) = self.start {
            protobuf::put_bytes(&mut extensions, START, &start.to_be_bytes());
        }
        if !self.certificates.is_empty() {
            protobuf::put_bytes(&mut extensions, CERTIFICATES, &self.certificates);
        }
        if self.guest {
            protobuf::put_bytes(&mut extensions, GUEST, &[1]);
        }
        if !extensions.is_empty() {
            protobuf::put_bytes(payload, EXTENSIONS, &extensions);
        }
    }

    /// Those of a payload.
    pub(super) fn of(payload: &[u8]) -> Self {
        let mut found = Self::default();
        let mut extensions = None;
        let outer = protobuf::fields(payload, |field, value| {
            extensions = bytes_of(EXTENSIONS, field, value).or(extensions);
        });
        let (Ok(()), Some(extensions)) = (outer, extensions) else { return found };
        let inner = protobuf::fields(extensions, |field, value| {
            if let Some(start) = bytes_of(START, field, value) {
                found.start = start.try_into().ok().map(u64::from_be_bytes);
            } else if let Some(bytes) = bytes_of(CERTIFICATES, field, value) {
                found.certificates = bytes.to_vec();
            } else if let Some(bytes) = bytes_of(GUEST, field, value) {
                found.guest = bytes == [1];
            }
        });
        if inner.is_err() || found.certificates.len() > HANDSHAKE_CERTIFICATES_MAX {
            return Self::default();
        }
        found
    }
}

/// The bytes of a field, if it is the wanted one.
fn bytes_of<'a>(wanted: u32, field: u64, value: Value<'a>) -> Option<&'a [u8]> {
    match value {
        Value::Bytes(bytes) if field == u64::from(wanted) => Some(bytes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_come_back_and_malformed_ones_count_as_none() {
        let all = Extensions { start: Some(7), certificates: vec![3; 300], guest: true };
        let only = |certificates: Vec<u8>| Extensions { certificates, ..Extensions::default() };
        for extensions in
            [all.clone(), Extensions::default(), only(vec![1]), Extensions { guest: true, ..only(vec![]) }]
        {
            let mut payload = Vec::new();
            protobuf::put_bytes(&mut payload, 1, b"identity");
            extensions.put(&mut payload);
            assert_eq!(Extensions::of(&payload), extensions);
        }
        let mut payload = Vec::new();
        only(vec![3; HANDSHAKE_CERTIFICATES_MAX + 1]).put(&mut payload);
        assert_eq!(Extensions::of(&payload), Extensions::default());
        payload.clear();
        all.put(&mut payload);
        payload.pop();
        assert_eq!(Extensions::of(&payload), Extensions::default());
    }

    #[test]
    fn a_malformed_mark_of_a_start_counts_as_none() {
        let extension = |number, bytes: &[u8]| {
            let (mut inner, mut payload) = (Vec::new(), Vec::new());
            protobuf::put_bytes(&mut inner, number, bytes);
            protobuf::put_bytes(&mut payload, EXTENSIONS, &inner);
            payload
        };
        assert_eq!(Extensions::of(&extension(START, &[0, 0, 0, 0, 0, 0, 1, 2])).start, Some(258));
        for bad in
            [extension(START, &[1; 7]), extension(START, &[1; 9]), extension(2, b"/yamux/1.0.0"), vec![0x22, 9, 1]]
        {
            assert_eq!(Extensions::of(&bad).start, None, "{bad:?}");
        }
    }
}
