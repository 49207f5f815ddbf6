//! The certificates by which browsers know a device: a root of the device's own, and leaves that it signs (RFC 5280).
//!
//! Phones and browsers take ECDSA on P-256 and not Ed25519, so these keys are others than the device's. The root's certificate says for what it may be
//! used: for servers whose name ends in .local, .home.arpa, .lan or .internal, and for private addresses. So whoever trusts the root trusts it for
//! nothing in the internet, and a stolen one can pretend to be no bank to whoever checks these constraints (that phones do was not tested). No bare host name is among them: `dev` or `box` is the end of names in
//! the internet too, and would let the root in for all of those.
//!
//! A root has one encoding for a key and a name, dates included: it is made anew from those two, byte for byte, at each start, and what
//! phones have installed stays right. Nothing here reads a clock or makes a key: both are passed in. Nothing is read, only written; `der` writes the parts.
//!
//! Sizes: a root has some 500 bytes, a leaf as many.

mod der;
mod names;

use crate::limits::TLS_LEAF_DAYS;
use base64ct::{Base64, Encoding};
use der::{bits, integer, object, octets, sequence, set, tagged, text, time, truth};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use sha2::{Digest, Sha256};

pub use names::{Names, is_permitted};

/// From when a root is valid: 2020-01-01, long before any device that has one, so that no clock is too early for it.
const ROOT_FROM: i64 = 1_577_836_800;

/// Until when a root is valid, in seconds since 1970: the end of 2049, the last day that all programs read alike.
pub const ROOT_UNTIL: i64 = 2_524_607_999;

const DAY: i64 = 86_400;

/// ecdsa-with-SHA256.
const ECDSA_SHA256: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// id-ecPublicKey.
const EC_KEY: [u8; 7] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// secp256r1.
const P256: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// id-kp-serverAuth.
const SERVER: [u8; 8] = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
/// commonName and organizationName.
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
const ORGANIZATION: [u8; 3] = [0x55, 0x04, 0x0a];
/// The last number of the extensions below id-ce.
const SUBJECT_KEY: u8 = 14;
const KEY_USAGE: u8 = 15;
const ALTERNATIVE_NAMES: u8 = 17;
const BASIC_CONSTRAINTS: u8 = 19;
const NAME_CONSTRAINTS: u8 = 30;
const AUTHORITY_KEY: u8 = 35;
const EXTENDED_USAGE: u8 = 37;

/// A root: its key, and its certificate.
pub struct Root {
    key: SigningKey,
    name: Vec<u8>,
    certificate: Vec<u8>,
}

/// What a server shows: a certificate of the root, and its key.
pub struct Leaf {
    key: SigningKey,
    certificate: Vec<u8>,
}

impl Root {
    /// The root with this key, of the device with this host name. `None` for the one in four billion seeds that is no key.
    #[must_use]
    pub fn new(seed: &[u8; 32], host: &str) -> Option<Self> {
        let key = SigningKey::from_slice(seed).ok()?;
        let point = point(&key);
        let print = Sha256::digest(&point);
        let short: String = print.iter().take(3).map(|byte| format!("{byte:02x}")).collect();
        let name = name(&format!("Wattle root of {host} {short}"));
        let extensions = [
            extension(BASIC_CONSTRAINTS, true, &sequence(&[&truth(), &integer(&[0])])),
            // keyCertSign.
            extension(KEY_USAGE, true, &bits(2, &[0x04])),
            extension(EXTENDED_USAGE, false, &sequence(&[&object(&SERVER)])),
            extension(NAME_CONSTRAINTS, true, &names::constraints()),
            extension(SUBJECT_KEY, false, &octets(&key_id(&point))),
        ];
        let serial: Vec<u8> = print.iter().skip(4).take(16).copied().collect();
        let parts = Parts { serial: &serial, issuer: &name, subject: &name, from: ROOT_FROM, until: ROOT_UNTIL };
        let certificate = parts.signed(&point, &extensions, &key);
        Some(Self { key, name, certificate })
    }

    /// Its certificate, in DER.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// A certificate for these names, for `TLS_LEAF_DAYS` from a moment on, in seconds since 1970. `None` for a seed that is no key.
    #[must_use]
    pub fn leaf(&self, seed: &[u8; 32], serial: &[u8; 16], names: &Names, from: i64) -> Option<Leaf> {
        let key = SigningKey::from_slice(seed).ok()?;
        let (point, issuer) = (point(&key), key_id(&point(&self.key)));
        let extensions = [
            extension(BASIC_CONSTRAINTS, true, &sequence(&[])),
            // digitalSignature.
            extension(KEY_USAGE, true, &bits(7, &[0x80])),
            extension(EXTENDED_USAGE, false, &sequence(&[&object(&SERVER)])),
            extension(ALTERNATIVE_NAMES, false, &names.encoded()),
            extension(SUBJECT_KEY, false, &octets(&key_id(&point))),
            extension(AUTHORITY_KEY, false, &sequence(&[&tagged(0x80, &[&issuer])])),
        ];
        let subject = name(names.first());
        let until = from.saturating_add(TLS_LEAF_DAYS * DAY - 1).min(ROOT_UNTIL);
        let parts = Parts { serial, issuer: &self.name, subject: &subject, from, until };
        let certificate = parts.signed(&point, &extensions, &self.key);
        Some(Leaf { key, certificate })
    }
}

impl Leaf {
    /// Its certificate, in DER.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Its signature of a message, in DER.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        signature(&self.key, message)
    }
}

/// The fields of a certificate that differ.
struct Parts<'a> {
    serial: &'a [u8],
    issuer: &'a [u8],
    subject: &'a [u8],
    from: i64,
    until: i64,
}

impl Parts<'_> {
    /// The certificate of the key with this point, signed with another.
    fn signed(&self, point: &[u8], extensions: &[Vec<u8>], key: &SigningKey) -> Vec<u8> {
        let extensions: Vec<&[u8]> = extensions.iter().map(Vec::as_slice).collect();
        let algorithm = sequence(&[&object(&ECDSA_SHA256)]);
        let content = sequence(&[
            // Version 3.
            &tagged(0xa0, &[&integer(&[2])]),
            &integer(self.serial),
            &algorithm,
            self.issuer,
            &sequence(&[&time(self.from), &time(self.until)]),
            self.subject,
            &sequence(&[&sequence(&[&object(&EC_KEY), &object(&P256)]), &bits(0, point)]),
            &tagged(0xa3, &[&sequence(&extensions)]),
        ]);
        let signature = signature(key, &content);
        sequence(&[&content, &algorithm, &bits(0, &signature)])
    }
}

fn extension(number: u8, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { truth() } else { Vec::new() };
    sequence(&[&object(&[0x55, 0x1d, number]), &critical, &octets(value)])
}

/// A name with an organization, as lists of certificates sort by it.
fn name(common: &str) -> Vec<u8> {
    let part = |kind: &[u8], value: &str| set(&[&sequence(&[&object(kind), &text(value)])]);
    sequence(&[&part(&ORGANIZATION, "Wattle"), &part(&COMMON_NAME, common)])
}

/// The public key, as SEC 1 writes it without compression.
fn point(key: &SigningKey) -> Vec<u8> {
    key.verifying_key().to_sec1_point(false).as_bytes().to_vec()
}

/// Which key it is: the first 160 bits of its sum (RFC 7093, section 2, method 1).
fn key_id(point: &[u8]) -> Vec<u8> {
    Sha256::digest(point).iter().take(20).copied().collect()
}

/// ECDSA with SHA-256, by RFC 6979, which needs no random number.
fn signature(key: &SigningKey, message: &[u8]) -> Vec<u8> {
    let signature: Signature = key.sign(message);
    let both: &[u8] = &signature.to_bytes();
    let (r, s) = both.split_at(both.len() / 2);
    sequence(&[&integer(r), &integer(s)])
}

/// The SHA-256 sum of a certificate, as browsers and phones show it.
#[must_use]
pub fn fingerprint(certificate: &[u8]) -> String {
    let pairs: Vec<String> = Sha256::digest(certificate).iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

/// A certificate as text (RFC 7468).
#[must_use]
pub fn pem(certificate: &[u8]) -> String {
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut line = [0; 64];
    // 48 bytes are a line of 64 characters, and only the last one is padded.
    for block in certificate.chunks(48) {
        text += Base64::encode(block, &mut line).unwrap_or_default();
        text.push('\n');
    }
    text += "-----END CERTIFICATE-----\n";
    text
}

#[cfg(test)]
mod tests;
