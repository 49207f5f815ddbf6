//! The ciphers of TLS 1.3 for rustls, from the crates that the agent has anyway.
//!
//! rustls comes with ring or aws-lc, which are C and assembler in every cross build and a second copy of each cipher. It takes other
//! ciphers through the traits of `rustls::crypto`, and the agent needs one suite: TLS_CHACHA20_POLY1305_SHA256 (RFC 8446, appendix B.4) with X25519 and a
//! signature of ECDSA on P-256. All browsers since 2019 have it, and so have curl, Python, Go and Java. Clients that only take AES, as those of
//! some authorities, are refused: the agent has no AES, and on boards without instructions for it, as every Pi but the fifth, it would be slow.
//!
//! The server asks for no certificate of a client, so that there is nothing to verify. Only primitives are here; the protocol is rustls's.

mod aead;
mod exchange;
mod hash;

use rustls::crypto::tls13::HkdfUsingHmac;
use rustls::crypto::{CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom, WebPkiSupportedAlgorithms};
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::SigningKey;
use rustls::{CipherSuite, CipherSuiteCommon, Error, SupportedCipherSuite, Tls13CipherSuite};
use std::sync::Arc;

/// What rustls needs of the outside.
pub(super) fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: vec![SupportedCipherSuite::Tls13(&SUITE)],
        kx_groups: vec![&exchange::X25519],
        signature_verification_algorithms: WebPkiSupportedAlgorithms { all: &[], mapping: &[] },
        secure_random: &SystemRandom,
        key_provider: &NoFiles,
    }
}

static SUITE: Tls13CipherSuite = Tls13CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
        hash_provider: &hash::Sha,
        // RFC 8446, section 5.5: the sequence number ends before this cipher's limit is reached.
        confidentiality_limit: u64::MAX,
    },
    hkdf_provider: &HkdfUsingHmac(&hash::Mac),
    aead_alg: &aead::ChaChaPoly,
    quic: None,
};

#[derive(Debug)]
struct SystemRandom;

impl SecureRandom for SystemRandom {
    fn fill(&self, buf: &mut [u8]) -> Result<(), GetRandomFailed> {
        getrandom::fill(buf).map_err(|_| GetRandomFailed)
    }
}

/// Keys are given as values, never as files.
#[derive(Debug)]
struct NoFiles;

impl KeyProvider for NoFiles {
    fn load_private_key(&self, _key: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        Err(Error::General("keys are not read from files".to_owned()))
    }
}
