//! Numbers and letters of binary formats.

/// The letters of Windows code page 1252 from 0x80 to 0x9F; 0 where it has none.
const WESTERN: [u16; 32] = [
    0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0, 0,
    0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178,
];

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(bytes.try_into().ok()?))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

pub(super) fn f64_at(bytes: &[u8], at: usize) -> Option<f64> {
    let bytes = bytes.get(at..at.checked_add(8)?)?;
    Some(f64::from_le_bytes(bytes.try_into().ok()?))
}

/// The number at a place of four bytes as a length or an index.
pub(super) fn size_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32_at(bytes, at)?).ok()
}

/// A number in the short form of Excel: 30 bits of an integer or of the upper half of a fraction, perhaps in hundredths.
pub(super) fn short_number(packed: u32) -> f64 {
    let number = if packed & 2 == 0 {
        f64::from_bits(u64::from(packed & !3) << 32)
    } else {
        f64::from(packed.cast_signed() >> 2)
    };
    if packed & 1 == 0 { number } else { number / 100.0 }
}

/// Text of one byte a letter.
pub(super) fn western(bytes: &[u8]) -> String {
    let letter = |byte: &u8| match byte {
        0x80..=0x9F => char::from_u32(u32::from(WESTERN[usize::from(byte - 0x80)])).unwrap_or(' '),
        byte => char::from(*byte),
    };
    bytes.iter().map(letter).collect()
}

/// Text of two bytes a letter.
pub(super) fn wide(bytes: &[u8]) -> String {
    let (units, _) = bytes.as_chunks::<2>();
    char::decode_utf16(units.iter().map(|unit| u16::from_le_bytes(*unit))).map(|c| c.unwrap_or('\u{fffd}')).collect()
}

#[cfg(test)]
mod tests {
    use super::{short_number, western, wide};

    #[test]
    fn numbers_and_letters_are_what_they_say() {
        assert_eq!(western(b"\x80 5 caf\xE9 \x93x\x94"), "\u{20AC} 5 caf\u{E9} \u{201C}x\u{201D}");
        assert_eq!(wide(b"a\0\xAC\x20z"), "a\u{20AC}");
        let numbers = [42 << 2 | 2, 0xFFFF_FFFE, 1234 << 2 | 3].map(short_number);
        assert_eq!(numbers, [42.0, -1.0, 12.34]);
        assert!((short_number(u32::try_from(1.5_f64.to_bits() >> 32).unwrap()) - 1.5).abs() < f64::EPSILON);
    }
}
