//! Private keys in DER (X.690), the bytes that PEM has in base64: PKCS#8 (RFC 5958), encrypted or not, PKCS#1 (RFC 8017), SEC 1 (RFC 5915), those of DSA as
//! OpenSSL writes them, and PKCS#12 (RFC 7292), the file in which browsers and Windows keep a key with its certificate.
//!
//! They are told by their form, wherever in the bytes they begin: all of it has to fit, to the last byte. Certificates and public keys have another form. Within a file
//! of programs the form may come about by chance, of what is a key's beginning and no key behind it, so that the secret itself has to look drawn at random.
//!
//! At each byte that may begin one a bounded number of headers is read, and `limits::KEY_SECRET_LOOKED_BYTES` of the secret at most, so that the time is linear in the bytes,
//! also where values are nested so that each of them has the form of a key.

use crate::limits::KEY_SECRET_LOOKED_BYTES;

/// Tags.
const INTEGER: u8 = 0x02;
const BITS: u8 = 0x03;
const OCTETS: u8 = 0x04;
const OBJECT: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
/// The first two fields that a form may have or not.
const FIELD_0: u8 = 0xA0;
const FIELD_1: u8 = 0xA1;
/// The second one of PKCS#8, which is no structure.
const PLAIN_1: u8 = 0x81;

/// What the algorithms begin with that encrypt a key by a password: those of PKCS#5 (RFC 8018), and of PKCS#12.
const BY_PASSWORD: [&[u8]; 2] = [b"\x2A\x86\x48\x86\xF7\x0D\x01\x05", b"\x2A\x86\x48\x86\xF7\x0D\x01\x0C\x01"];

/// What the content of PKCS#12 is called: data, signed data.
const CONTENTS: [&[u8]; 2] = [b"\x2A\x86\x48\x86\xF7\x0D\x01\x07\x01", b"\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02"];

/// Bytes of the shortest secret: those of curves of 128 bits are out of use.
const SECRET_MIN: usize = 16;

/// Bytes of the modulus of RSA, or of DSA, at least: 512 bits have 64, and one more for the sign.
const MODULUS_MIN: usize = 48;

/// Different bytes in a secret at least: of 16 drawn at random some 15 are, and of 32 some 30.
const KINDS_MIN: usize = 10;

/// Numbers in a key of RSA, and of DSA.
const OF_RSA: usize = 9;
const OF_DSA: usize = 6;

/// Whether a private key stands in bytes of any kind.
pub(super) fn holds_key(bytes: &[u8]) -> bool {
    step(bytes.len());
    let begins = bytes.iter().enumerate().filter(|(_, byte)| **byte == SEQUENCE);
    begins.filter_map(|(at, _)| bytes.get(at..)).any(|from| read(from).is_some_and(|(key, _)| is_key(&key)))
}

/// One value: its tag, and what it holds.
struct Value<'a> {
    tag: u8,
    content: &'a [u8],
}

impl<'a> Value<'a> {
    /// What it holds, if it is of this tag.
    fn of(self, tag: u8) -> Option<&'a [u8]> {
        (self.tag == tag).then_some(self.content)
    }
}

/// The value that stands here, and what is behind it. One of no stated length, as some programs write PKCS#12, takes the rest.
fn read(bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    step(1);
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7F => (usize::from(first), rest),
        0x80 => (rest.len(), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            (
                digits
                    .iter()
                    .try_fold(0_usize, |length, digit| length.checked_mul(256)?.checked_add(usize::from(*digit)))?,
                rest,
            )
        }
        _ => return None,
    };
    let (content, behind) = rest.split_at_checked(length)?;
    Some((Value { tag, content }, behind))
}

/// The value of this tag that stands here, and what is behind it.
fn take(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (value, behind) = read(bytes)?;
    Some((value.of(tag)?, behind))
}

fn is_key(value: &Value<'_>) -> bool {
    let content = value.content;
    value.tag == SEQUENCE
        && (is_pkcs8(content).is_some()
            || is_numbers(content).is_some()
            || is_sec1(content).is_some()
            || is_encrypted(content).is_some()
            || is_pkcs12(content).is_some())
}

/// The version with which a form begins, and what is behind it.
fn version(content: &[u8]) -> Option<(u8, &[u8])> {
    let (number, behind) = take(content, INTEGER)?;
    let [version] = number else { return None };
    Some((*version, behind))
}

/// Version, algorithm, the key, and fields that may be there.
fn is_pkcs8(content: &[u8]) -> Option<()> {
    let (_, rest) = version(content).filter(|(version, _)| *version <= 1)?;
    let (algorithm, rest) = take(rest, SEQUENCE)?;
    take(algorithm, OBJECT)?;
    let (key, mut rest) = take(rest, OCTETS)?;
    for field in [&[FIELD_0][..], &[FIELD_1, PLAIN_1]] {
        if let Some((value, behind)) = read(rest)
            && field.contains(&value.tag)
        {
            rest = behind;
        }
    }
    (rest.is_empty() && is_drawn(key)).then_some(())
}

/// The numbers of a key of RSA or of DSA, which have no other name.
fn is_numbers(content: &[u8]) -> Option<()> {
    let (_, mut rest) = version(content).filter(|(version, _)| *version <= 1)?;
    let (modulus, behind) = take(rest, INTEGER)?;
    if modulus.len() < MODULUS_MIN {
        return None;
    }
    rest = behind;
    let mut numbers = 2;
    while numbers < OF_RSA
        && let Some((_, behind)) = take(rest, INTEGER)
    {
        (rest, numbers) = (behind, numbers + 1);
    }
    // Of more than two primes the others follow.
    if numbers == OF_RSA
        && let Some((_, behind)) = take(rest, SEQUENCE)
    {
        rest = behind;
    }
    (rest.is_empty() && (numbers == OF_RSA || numbers == OF_DSA)).then_some(())
}

/// A key of an elliptic curve: version, secret, and the curve or the public key, which each program writes beside it.
fn is_sec1(content: &[u8]) -> Option<()> {
    let (_, rest) = version(content).filter(|(version, _)| *version == 1)?;
    let (secret, mut rest) = take(rest, OCTETS)?;
    let mut fields = 0;
    for (field, kinds) in [(FIELD_0, &[OBJECT, SEQUENCE][..]), (FIELD_1, &[BITS][..])] {
        let Some((value, behind)) = take(rest, field) else { continue };
        kinds.contains(&read(value)?.0.tag).then_some(())?;
        (rest, fields) = (behind, fields + 1);
    }
    (rest.is_empty() && fields > 0 && is_drawn(secret)).then_some(())
}

/// An algorithm that encrypts by a password, and what it made of the key.
fn is_encrypted(content: &[u8]) -> Option<()> {
    let (algorithm, rest) = take(content, SEQUENCE)?;
    let (name, _) = take(algorithm, OBJECT)?;
    let (key, rest) = take(rest, OCTETS)?;
    let is_one = BY_PASSWORD.iter().any(|begins| name.starts_with(begins));
    (is_one && rest.is_empty() && is_drawn(key)).then_some(())
}

/// Version 3, and the content, whatever is behind it: its keys are encrypted mostly, and nobody can look for them.
fn is_pkcs12(content: &[u8]) -> Option<()> {
    let (_, rest) = version(content).filter(|(version, _)| *version == 3)?;
    let (info, _) = take(rest, SEQUENCE)?;
    let (name, rest) = take(info, OBJECT)?;
    take(rest, FIELD_0)?;
    CONTENTS.contains(&name).then_some(())
}

/// Whether bytes are long enough for a secret, and neither letters nor a few that repeat.
fn is_drawn(secret: &[u8]) -> bool {
    let (secret, length) = (secret.get(..KEY_SECRET_LOOKED_BYTES).unwrap_or(secret), secret.len());
    step(secret.len());
    let mut seen = [false; 256];
    secret.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    let kinds = seen.iter().filter(|seen| **seen).count();
    length >= SECRET_MIN
        && kinds >= KINDS_MIN
        && !secret.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace() || *byte == 0)
}

/// Counts steps for the tests that bound them: bytes that are looked at, and headers that are read.
#[cfg(not(test))]
const fn step(_steps: usize) {}

#[cfg(test)]
fn step(steps: usize) {
    tests::STEPS.with(|all| all.set(all.get() + steps));
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::cell::Cell;

    thread_local! {
        /// Steps of this test so far.
        pub(super) static STEPS: Cell<usize> = const { Cell::new(0) };
    }

    /// A value of DER.
    fn value(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let length = content.len();
        let mut bytes = vec![tag];
        match u8::try_from(length) {
            Ok(length) if length < 0x80 => bytes.push(length),
            Ok(length) => bytes.extend([0x81, length]),
            Err(_) => bytes.extend([&[0x82][..], &u16::try_from(length).unwrap().to_be_bytes()].concat()),
        }
        [bytes, content].concat()
    }

    /// So many bytes as if they were drawn.
    fn drawn(many: usize, seed: u32) -> Vec<u8> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        };
        (0..many).map(|at| if at == 0 { (next() & 0x7F) | 1 } else { next() }).collect()
    }

    fn number(many: usize, seed: u32) -> Vec<u8> {
        value(INTEGER, &[&drawn(many, seed)])
    }

    const ED25519: &[u8] = b"\x06\x03\x2B\x65\x70";
    const P256: &[u8] = b"\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07";
    const EC: &[u8] = b"\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01";
    const PBES2: &[u8] = b"\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x05\x0D";
    const SHA256: &[u8] = b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01";
    const DATA: &[u8] = b"\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x01";

    /// As `openssl genpkey -algorithm ed25519 -outform DER` writes it.
    pub(in crate::text::extract) fn ed25519() -> Vec<u8> {
        let secret = value(OCTETS, &[&drawn(32, 7)]);
        value(SEQUENCE, &[b"\x02\x01\x00", &value(SEQUENCE, &[ED25519]), &value(OCTETS, &[&secret])])
    }

    fn sec1(fields: &[&[u8]]) -> Vec<u8> {
        let secret = value(OCTETS, &[&drawn(32, 3)]);
        let mut parts = vec![&b"\x02\x01\x01"[..], &secret[..]];
        parts.extend(fields);
        value(SEQUENCE, &parts)
    }

    pub(in crate::text::extract) fn rsa() -> Vec<u8> {
        let numbers: Vec<Vec<u8>> =
            [128, 3, 128, 64, 64, 64, 64, 64].iter().zip(1..).map(|(many, seed)| number(*many, seed)).collect();
        value(SEQUENCE, &[b"\x02\x01\x00", &numbers.concat()])
    }

    /// Each form of a private key.
    fn keys() -> Vec<(&'static str, Vec<u8>)> {
        let public = value(FIELD_1, &[&value(BITS, &[b"\0\x04", &drawn(64, 5)])]);
        let curve = value(FIELD_0, &[P256]);
        let of_ec = value(SEQUENCE, &[EC, P256]);
        let wrapped =
            |algorithm: &[u8], key: &[u8]| value(SEQUENCE, &[b"\x02\x01\x00", algorithm, &value(OCTETS, &[key])]);
        let of_rsa = value(SEQUENCE, &[b"\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01\x05\x00"]);
        let secret = value(OCTETS, &[&value(OCTETS, &[&drawn(32, 9)])]);
        let second = [&b"\x02\x01\x01"[..], &value(SEQUENCE, &[ED25519]), &secret].concat();
        let public_2 = value(PLAIN_1, &[b"\0", &drawn(32, 11)]);
        let dsa: Vec<Vec<u8>> =
            [128, 20, 128, 128, 20].iter().zip(1..).map(|(many, seed)| number(*many, seed)).collect();
        let encrypted = value(
            SEQUENCE,
            &[&value(SEQUENCE, &[PBES2, &value(SEQUENCE, &[b"\x05\x00"])]), &value(OCTETS, &[&drawn(64, 2)])],
        );
        let safe = value(SEQUENCE, &[DATA, &value(FIELD_0, &[&value(OCTETS, &[&drawn(90, 4)])])]);
        vec![
            ("PKCS#8, Ed25519", ed25519()),
            ("PKCS#8 of version 2, with the public key", value(SEQUENCE, &[&second, &public_2])),
            ("PKCS#8, a curve", wrapped(&of_ec, &sec1(&[&public]))),
            ("PKCS#8, RSA", wrapped(&of_rsa, &rsa())),
            ("PKCS#1", rsa()),
            ("SEC 1", sec1(&[&curve, &public])),
            ("SEC 1 without the public key", sec1(&[&curve])),
            ("DSA", value(SEQUENCE, &[b"\x02\x01\x00", &dsa.concat()])),
            ("PKCS#8, encrypted", encrypted),
            ("PKCS#12", value(SEQUENCE, &[b"\x02\x01\x03", &safe, &value(SEQUENCE, &[&drawn(50, 6)])])),
            (
                "PKCS#12 of no stated length",
                [&b"\x30\x80\x02\x01\x03\x30\x80"[..], DATA, b"\xA0\x80", &drawn(90, 8)].concat(),
            ),
        ]
    }

    #[test]
    fn each_form_of_a_private_key_is_told_by_itself_and_in_the_middle_of_other_bytes() {
        for (form, key) in keys() {
            assert!(holds_key(&key), "{form}");
            assert!(holds_key(&[&b"0\x82\x30 before"[..], &key, b"behind"].concat()), "{form}");
            let cut = &key[..key.len() - 1];
            assert!(
                form.starts_with("PKCS#12 of") || form.contains("RSA") || form.contains("a curve") || !holds_key(cut),
                "{form}"
            );
        }
    }

    #[test]
    fn the_steps_are_linear_in_the_bytes_however_deep_values_lie_in_each_other() {
        // Each stands in the one before it, to the end of the bytes, and has the form of a key with a secret that is none.
        let nests: [&[u8]; 6] = [
            b"\x30\x80\x02\x01\x00\x30\x02\x06\x00\x04\x80",
            b"\x30\x80\x02\x01\x01\x04\x80",
            b"\x30\x80",
            b"\x30\x80\x02\x01\x03\x30\x80",
            b"\x30\x80\x30\x80\x06\x00\x04\x80",
            b"\x30\x80\x02\x01\x00\x02\x80",
        ];
        for nest in nests {
            let bytes = nest.repeat(100_000 / nest.len());
            STEPS.with(|steps| steps.set(0));
            assert!(!holds_key(&bytes), "{nest:02x?}");
            let steps = STEPS.with(Cell::get);
            assert!(steps <= 32 * bytes.len(), "{steps} steps for {} bytes of {nest:02x?}", bytes.len());
        }
    }

    #[test]
    fn certificates_public_keys_hashes_and_beginnings_of_keys_in_programs_are_none() {
        let of_ec = value(SEQUENCE, &[EC, P256]);
        let public = value(SEQUENCE, &[&of_ec, &value(BITS, &[b"\0\x04", &drawn(64, 5)])]);
        let of_rsa = value(SEQUENCE, &[&number(128, 1), b"\x02\x03\x01\x00\x01"]);
        let name = value(SEQUENCE, &[&value(0x31, &[&value(SEQUENCE, &[b"\x06\x03\x55\x04\x03\x0C\x05attic"])])]);
        let signature = value(BITS, &[b"\0", &drawn(70, 2)]);
        let body = value(
            SEQUENCE,
            &[
                b"\xA0\x03\x02\x01\x02",
                &number(20, 4),
                &of_ec,
                &name,
                &value(SEQUENCE, &[b"\x17\x0D260101000000Z"]),
                &name,
                &public,
            ],
        );
        let certificate = value(SEQUENCE, &[&body, &of_ec, &signature]);
        let sum = value(SEQUENCE, &[&value(SEQUENCE, &[SHA256, b"\x05\x00"]), &value(OCTETS, &[&drawn(32, 3)])]);
        let signed = value(
            SEQUENCE,
            &[b"\x02\x01\x03", &value(0x31, &[&value(SEQUENCE, &[SHA256])]), &value(SEQUENCE, &[DATA])],
        );
        // A question of SNMP, whose community stands where a secret would.
        let snmp = value(SEQUENCE, &[b"\x02\x01\x01", &value(OCTETS, &[&drawn(20, 3)]), b"\xA0\x03\x02\x01\x07"]);
        let beginning = |behind: &[u8]| {
            [&b"\x30\x2E\x02\x01\x00\x30\x05\x06\x03\x2B\x65\x70\x04\x22\x04\x20"[..], behind, &[0; 40]].concat()
        };
        for (what, bytes) in [
            ("a public key", public),
            ("a public key of RSA", of_rsa),
            ("a certificate", certificate),
            ("a sum", sum),
            ("a signed message", signed),
            ("a question of SNMP", snmp),
            ("a beginning with zeros behind it", beginning(&[0; 32])),
            ("a beginning with no end", beginning(&[])[..20].to_vec()),
            ("text", b"0 1 2 3: 30 82 in a row, 0\x30\x02\x01\x00 and more".to_vec()),
            ("nothing", Vec::new()),
            ("lengths that are none", vec![SEQUENCE, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 2, 1, 0]),
        ] {
            assert!(!holds_key(&bytes), "{what}");
            assert!(!holds_key(&[&bytes[..], &bytes].concat()), "{what}, twice");
        }
    }
}
