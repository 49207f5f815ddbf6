//! Certificates against what another program made of the same keys and names, and read back part by part.

use super::*;
use p256::ecdsa::VerifyingKey;
use p256::ecdsa::signature::Verifier;

fn root() -> Root {
    Root::new(&[7; 32], "attic").unwrap()
}

fn leaf(of: &Root) -> Leaf {
    let names = Names::of("attic", "192.168.1.4".parse().unwrap());
    of.leaf(&[9; 32], &[5; 16], &names, 1_796_000_000 - 30 * DAY).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The values within a value of DER: of each its tag, its content, and all of it.
fn values(content: &[u8]) -> Vec<(u8, &[u8], &[u8])> {
    let (mut rest, mut found) = (content, Vec::new());
    while let [tag, first, ..] = rest {
        let digits = if *first < 0x80 { 0 } else { usize::from(first & 0x7f) };
        let length = match digits {
            0 => usize::from(*first),
            _ => rest[2..2 + digits].iter().fold(0, |length, digit| length << 8 | usize::from(*digit)),
        };
        let end = 2 + digits + length;
        found.push((*tag, &rest[2 + digits..end], &rest[..end]));
        rest = &rest[end..];
    }
    assert!(rest.is_empty());
    found
}

#[test]
fn a_root_and_its_leaf_are_byte_for_byte_what_another_program_makes_and_openssl_takes() {
    // By 90 lines of Python without a library, from RFC 5280 and RFC 6979; `openssl verify -x509_strict -purpose sslserver` takes both. What phones
    // have installed has this sum: a change of it makes each of them warn.
    let root = root();
    assert_eq!(
        hex(&Sha256::digest(root.certificate())),
        "2357ae2b697b8a0d2a8c28752a94838de6a2eb1b431f660ea65f070331b1bcad"
    );
    assert_eq!(
        hex(&Sha256::digest(leaf(&root).certificate())),
        "8b2464b86327558bcaa578b9be61b07c587755a8c15df4729867894683b3f608"
    );
    assert!(fingerprint(root.certificate()).starts_with("23:57:AE:2B:"));
    assert!(Root::new(&[0; 32], "attic").is_none(), "zero is no key");
}

#[test]
fn a_leaf_names_the_root_that_signed_it_is_for_a_server_of_these_names_and_lasts_no_longer_than_phones_allow() {
    let root = root();
    let leaf = leaf(&root);
    let whole = values(leaf.certificate());
    let [(0x30, content, _)] = whole[..] else { panic!("{whole:?}") };
    let [(_, fields, signed), _, (3, signature, _)] = values(content)[..] else { panic!("three parts") };
    let [_, (2, serial, _), _, (_, _, issuer), (_, dates, _), (_, subject, _), (_, key, _), (0xa3, extensions, _)] =
        values(fields)[..]
    else {
        panic!("eight fields")
    };
    assert_eq!((serial, issuer), (&[5; 16][..], &root.name[..]));
    assert!(subject.ends_with(b"attic.local"));
    assert!(key.ends_with(&point(&leaf.key)));
    let dates: Vec<&[u8]> = values(dates).into_iter().map(|(_, date, _)| date).collect();
    assert_eq!(dates, [&b"261031005320Z"[..], b"271202005319Z"], "397 days");
    let signature = der_to_fixed(&signature[1..]);
    root.key.verifying_key().verify(signed, &signature).unwrap();
    for part in [
        &b"\x82\x0battic.local"[..],
        b"\x82\x0fattic.home.arpa",
        b"\x82\x09attic.lan",
        b"\x82\x0eattic.internal",
        b"\x87\x04\xc0\xa8\x01\x04",
        &SERVER,
    ] {
        assert!(extensions.windows(part.len()).any(|window| window == part), "{part:?}");
    }
}

/// The two numbers of a signature, without their lengths.
fn der_to_fixed(der: &[u8]) -> Signature {
    let [(0x30, numbers, _)] = values(der)[..] else { panic!("a sequence") };
    let mut both = Vec::new();
    for (_, digits, _) in values(numbers) {
        let digits = if digits.len() > 32 { &digits[1..] } else { digits };
        both.resize(both.len() + 32 - digits.len(), 0);
        both.extend_from_slice(digits);
    }
    Signature::from_slice(&both).unwrap()
}

#[test]
fn a_signature_of_a_leaf_is_one_of_its_key() {
    let leaf = leaf(&root());
    let signature = der_to_fixed(&leaf.sign(b"a handshake"));
    VerifyingKey::from(&leaf.key).verify(b"a handshake", &signature).unwrap();
    assert!(VerifyingKey::from(&leaf.key).verify(b"another", &signature).is_err());
}

#[test]
fn text_of_a_certificate_has_lines_of_64_characters() {
    let pem = pem(root().certificate());
    let lines: Vec<&str> = pem.lines().collect();
    assert_eq!((lines[0], lines[lines.len() - 1]), ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"));
    assert!(lines[1..lines.len() - 2].iter().all(|line| line.len() == 64));
    assert!(pem.contains("MII") && !pem.contains("PRIVATE"));
}
