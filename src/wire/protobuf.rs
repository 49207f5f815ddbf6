//! The part of Protocol Buffers that libp2p's records need: fields of numbers and of bytes.
//!
//! Source: protobuf.dev, "Encoding". Unknown fields are skipped; groups, which are deprecated, are refused.

/// One field's value, borrowed from the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// Wire type 0.
    Number(u64),
    /// Wire type 2: bytes, text or a nested message.
    Bytes(&'a [u8]),
}

/// The message is incomplete or not in this encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadProtobuf;

/// Appends a field of bytes.
pub fn put_bytes(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    put_number(out, u64::from(field) << 3 | 2);
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a number as a protobuf varint.
fn put_number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

/// Calls `visit` with every field of `message`, in order.
///
/// # Errors
/// The message is malformed; the fields before the fault were visited.
pub fn fields<'a>(mut message: &'a [u8], mut visit: impl FnMut(u64, Value<'a>)) -> Result<(), BadProtobuf> {
    while !message.is_empty() {
        let key = take_number(&mut message)?;
        match key & 7 {
            0 => visit(key >> 3, Value::Number(take_number(&mut message)?)),
            1 => drop(take(&mut message, 8)?),
            2 => {
                let length = take_number(&mut message)?;
                visit(key >> 3, Value::Bytes(take(&mut message, length)?));
            }
            5 => drop(take(&mut message, 4)?),
            _ => return Err(BadProtobuf),
        }
    }
    Ok(())
}

fn take<'a>(message: &mut &'a [u8], length: u64) -> Result<&'a [u8], BadProtobuf> {
    let length = usize::try_from(length).map_err(|_| BadProtobuf)?;
    let (taken, rest) = message.split_at_checked(length).ok_or(BadProtobuf)?;
    *message = rest;
    Ok(taken)
}

/// Unlike the varints of multiformats, these have up to ten bytes and may be longer than needed.
fn take_number(message: &mut &[u8]) -> Result<u64, BadProtobuf> {
    let mut value = 0;
    for at in 0..10 {
        let (byte, rest) = message.split_first().ok_or(BadProtobuf)?;
        *message = rest;
        if at == 9 && *byte > 1 {
            return Err(BadProtobuf);
        }
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(BadProtobuf)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::wire::random_bytes;

    #[test]
    fn fields_are_visited_in_order_and_other_wire_types_are_skipped() {
        let mut message = vec![0x08, 0x96, 0x01];
        message.extend([0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x1d, 1, 2, 3, 4]);
        put_bytes(&mut message, 16, b"hello");
        let mut seen = Vec::new();
        fields(&message, |field, value| seen.push((field, value))).unwrap();
        assert_eq!(seen, [(1, Value::Number(150)), (16, Value::Bytes(b"hello"))]);
    }

    #[test]
    fn random_bytes_never_panic_or_yield_more_than_they_hold() {
        let mut rng = Rng::new(1);
        for _ in 0..20_000 {
            let bytes = random_bytes::bytes(&mut rng, 40);
            let mut total = 0;
            let _ = fields(&bytes, |_, value| {
                if let Value::Bytes(taken) = value {
                    total += taken.len();
                }
            });
            assert!(total <= bytes.len());
        }
    }
}
