//! DER (ITU-T X.690): the one encoding of a value of ASN.1, as far as a certificate needs it. It only writes.

use crate::base::time::date;

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT: u8 = 0x06;
const UTF8: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

/// A value with this tag whose content is these parts, one after the other.
pub(super) fn tagged(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    let mut out = vec![tag];
    match u8::try_from(length) {
        Ok(short @ 0..=127) => out.push(short),
        _ => {
            let digits: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|digit| *digit == 0).collect();
            // At most eight digits.
            out.push(0x80 | u8::try_from(digits.len()).unwrap_or(8));
            out.extend(digits);
        }
    }
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}

pub(super) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tagged(SEQUENCE, parts)
}

pub(super) fn set(parts: &[&[u8]]) -> Vec<u8> {
    tagged(SET, parts)
}

/// An object identifier, from its encoded content.
pub(super) fn object(content: &[u8]) -> Vec<u8> {
    tagged(OBJECT, &[content])
}

/// A number that is not negative, from its digits of base 256, the highest first.
pub(super) fn integer(digits: &[u8]) -> Vec<u8> {
    let zeros = digits.iter().take_while(|digit| **digit == 0).count();
    match digits.get(zeros..).unwrap_or_default() {
        // A zero keeps one digit, and a leading one says that the number is not negative.
        [] => tagged(INTEGER, &[&[0]]),
        whole @ [0x80..=0xff, ..] => tagged(INTEGER, &[&[0], whole]),
        whole => tagged(INTEGER, &[whole]),
    }
}

pub(super) fn truth() -> Vec<u8> {
    tagged(BOOLEAN, &[&[0xff]])
}

pub(super) fn octets(content: &[u8]) -> Vec<u8> {
    tagged(OCTET_STRING, &[content])
}

/// Bits, of which the last `unused` do not count.
pub(super) fn bits(unused: u8, content: &[u8]) -> Vec<u8> {
    tagged(BIT_STRING, &[&[unused], content])
}

pub(super) fn text(text: &str) -> Vec<u8> {
    tagged(UTF8, &[text.as_bytes()])
}

/// A time in seconds since 1970; before that it counts as 1970. RFC 5280, section 4.1.2.5: until 2049 with two digits of the year.
pub(super) fn time(seconds: i64) -> Vec<u8> {
    let seconds = seconds.max(0);
    let (day, second) = (seconds / 86_400, seconds % 86_400);
    let digits = date(day).unwrap_or_default().replace('-', "");
    let (tag, digits) = if digits.as_str() < "2050" {
        (UTC_TIME, digits.get(2..).unwrap_or_default())
    } else {
        (GENERALIZED_TIME, digits.as_str())
    };
    tagged(tag, &[format!("{digits}{:02}{:02}{:02}Z", second / 3600, second / 60 % 60, second % 60).as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_the_standard_has_them() {
        assert_eq!(integer(&[0, 0]), [2, 1, 0]);
        assert_eq!(integer(&[0, 0x7f]), [2, 1, 0x7f]);
        assert_eq!(integer(&[0x80]), [2, 2, 0, 0x80], "a leading zero says that it is not negative");
        assert_eq!(bits(7, &[0x80]), [3, 2, 7, 0x80]);
        assert_eq!(octets(&[1; 127])[..2], [4, 127]);
        assert_eq!(octets(&[1; 128])[..3], [4, 0x81, 128]);
        assert_eq!(octets(&[1; 300])[..4], [4, 0x82, 1, 44]);
        assert_eq!(sequence(&[&truth(), &text("é")]), [0x30, 7, 1, 1, 0xff, 12, 2, 0xc3, 0xa9]);
    }

    #[test]
    fn a_time_has_two_digits_of_the_year_until_2049() {
        // By `date -u -d @…`.
        assert_eq!(time(1_796_000_000), [&[0x17, 13][..], b"261130005320Z"].concat());
        assert_eq!(time(2_524_607_999), [&[0x17, 13][..], b"491231235959Z"].concat());
        assert_eq!(time(2_524_608_000), [&[0x18, 15][..], b"20500101000000Z"].concat());
        assert_eq!(time(-5), [&[0x17, 13][..], b"700101000000Z"].concat());
    }
}
