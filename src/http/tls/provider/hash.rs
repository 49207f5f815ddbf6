//! SHA-256 (FIPS 180-4) and HMAC with it (RFC 2104), as rustls asks for them.

use hmac::{Hmac, KeyInit as _, Mac as _};
use rustls::crypto::hash::{Context, Hash, HashAlgorithm, Output};
use rustls::crypto::hmac::{Hmac as Hmacs, Key, Tag};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Bytes of a sum.
const SUM: usize = 32;

/// Bytes of the block that a key is padded to.
const BLOCK: usize = 64;

pub(super) struct Sha;

impl Hash for Sha {
    fn start(&self) -> Box<dyn Context> {
        Box::new(Running(Sha256::new()))
    }

    fn hash(&self, data: &[u8]) -> Output {
        Output::new(&Sha256::digest(data))
    }

    fn output_len(&self) -> usize {
        SUM
    }

    fn algorithm(&self) -> HashAlgorithm {
        HashAlgorithm::SHA256
    }
}

struct Running(Sha256);

impl Context for Running {
    fn fork_finish(&self) -> Output {
        Output::new(&self.0.clone().finalize())
    }

    fn fork(&self) -> Box<dyn Context> {
        Box::new(Self(self.0.clone()))
    }

    fn finish(self: Box<Self>) -> Output {
        Output::new(&self.0.finalize())
    }

    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }
}

pub(super) struct Mac;

impl Hmacs for Mac {
    fn with_key(&self, key: &[u8]) -> Box<dyn Key> {
        let mut block = Zeroizing::new([0; BLOCK]);
        // RFC 2104, section 2: a longer key is its sum.
        let sum;
        let key = if key.len() > BLOCK {
            sum = Zeroizing::new(<[u8; SUM]>::from(Sha256::digest(key)));
            &sum[..]
        } else {
            key
        };
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        Box::new(Keyed(Hmac::<Sha256>::new(&(*block).into())))
    }

    fn hash_output_len(&self) -> usize {
        SUM
    }
}

struct Keyed(Hmac<Sha256>);

impl Key for Keyed {
    fn sign_concat(&self, first: &[u8], middle: &[&[u8]], last: &[u8]) -> Tag {
        let mut mac = self.0.clone();
        mac.update(first);
        middle.iter().for_each(|part| mac.update(part));
        mac.update(last);
        Tag::new(&mac.finalize().into_bytes())
    }

    fn tag_len(&self) -> usize {
        SUM
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_macs_are_those_of_the_standards() {
        // FIPS 180-4's "abc".
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(hex(Sha.hash(b"abc").as_ref()), abc);
        let mut running = Sha.start();
        running.update(b"a");
        let fork = running.fork();
        running.update(b"bc");
        assert_eq!(hex(running.fork_finish().as_ref()), abc);
        assert_eq!(hex(running.finish().as_ref()), abc);
        assert_eq!(fork.finish().as_ref(), Sha.hash(b"a").as_ref());
        // RFC 4231, test cases 2 and 6, of which the second has a key of 131 bytes.
        let tag = Mac.with_key(b"Jefe").sign(&[b"what do ya want ", b"for nothing?"]);
        assert_eq!(hex(tag.as_ref()), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let tag = Mac.with_key(&[0xaa; 131]).sign(&[b"Test Using Larger Than Block-Size Key - Hash Key First"]);
        assert_eq!(hex(tag.as_ref()), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }
}
