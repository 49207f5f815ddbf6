//! The part of Protocol Buffers that libp2p's records and files of models need: fields of numbers and of bytes.
//!
//! Source: protobuf.dev, "Encoding". Unknown fields and those of 64 bits are skipped; groups, which are deprecated, are refused.

/// One field's value, borrowed from the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// Wire type 0.
    Number(u64),
    /// Wire type 2: bytes, text, a nested message or a packed list.
    Bytes(&'a [u8]),
    /// Wire type 5: four bytes, of which the lowest comes first.
    Fixed([u8; 4]),
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

/// Appends a field that is a number.
pub fn put_value(out: &mut Vec<u8>, field: u32, value: u64) {
    put_number(out, u64::from(field) << 3);
    put_number(out, value);
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
            5 => {
                let (taken, rest) = message.split_first_chunk().ok_or(BadProtobuf)?;
                message = rest;
                visit(key >> 3, Value::Fixed(*taken));
            }
            _ => return Err(BadProtobuf),
        }
    }
    Ok(())
}

/// Calls `visit` with every number of a packed list of varints.
///
/// # Errors
/// The list is malformed; the numbers before the fault were visited.
pub fn numbers(mut list: &[u8], mut visit: impl FnMut(u64)) -> Result<(), BadProtobuf> {
    while !list.is_empty() {
        visit(take_number(&mut list)?);
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

    #[test]
    fn fields_are_visited_in_order_and_those_of_64_bits_are_skipped() {
        let mut message = vec![0x08, 0x96, 0x01];
        message.extend([0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x1d, 1, 2, 3, 4]);
        put_bytes(&mut message, 16, b"hello");
        let mut seen = Vec::new();
        fields(&message, |field, value| seen.push((field, value))).unwrap();
        let fixed = (3, Value::Fixed([1, 2, 3, 4]));
        assert_eq!(seen, [(1, Value::Number(150)), fixed, (16, Value::Bytes(b"hello"))]);
        let mut listed = Vec::new();
        numbers(&[3, 0x8e, 2], |number| listed.push(number)).unwrap();
        assert_eq!((listed, numbers(&[3, 0x8e], |_| ())), (vec![3, 270], Err(BadProtobuf)));
    }

    #[test]
    fn random_bytes_never_panic_or_yield_more_than_they_hold() {
        let mut rng = Rng::new(1);
        for _ in 0..20_000 {
            let bytes: Vec<u8> = (0..rng.below(40)).map(|_| rng.below(256).to_le_bytes()[0]).collect();
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
