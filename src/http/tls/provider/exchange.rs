//! X25519 (RFC 7748) as a key exchange of TLS 1.3 (RFC 8446, section 7.4.2).

use rustls::crypto::{ActiveKeyExchange, GetRandomFailed, SharedSecret, SupportedKxGroup};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::{Error, NamedGroup, PeerMisbehaved};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

#[derive(Debug)]
pub(super) struct X25519;

impl SupportedKxGroup for X25519 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(|_| GetRandomFailed)?;
        let secret = StaticSecret::from(*seed);
        let public = PublicKey::from(&secret);
        Ok(Box::new(Share { secret, public }))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

/// A key for one handshake.
struct Share {
    secret: StaticSecret,
    public: PublicKey,
}

impl ActiveKeyExchange for Share {
    fn complete(self: Box<Self>, peer_pub_key: &[u8]) -> Result<SharedSecret, Error> {
        let theirs = <[u8; 32]>::try_from(peer_pub_key).map_err(|_| PeerMisbehaved::InvalidKeyShare)?;
        let shared = self.secret.diffie_hellman(&PublicKey::from(theirs));
        // With a point of small order the shared secret is zero, which everybody knows (RFC 7748 section 6.1).
        if !shared.was_contributory() {
            return Err(PeerMisbehaved::InvalidKeyShare.into());
        }
        Ok(SharedSecret::from(&shared.as_bytes()[..]))
    }

    fn pub_key(&self) -> &[u8] {
        self.public.as_bytes()
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_have_the_same_secret_and_a_point_that_gives_everybody_the_same_is_refused() {
        let (one, other) = (X25519.start().unwrap(), X25519.start().unwrap());
        let (ours, theirs) = (one.pub_key().to_vec(), other.pub_key().to_vec());
        assert_ne!(ours, theirs);
        let (one, other) = (one.complete(&theirs).unwrap(), other.complete(&ours).unwrap());
        assert_eq!(one.secret_bytes(), other.secret_bytes());
        for bad in [&[0; 32][..], &[1; 31], &[]] {
            assert!(X25519.start().unwrap().complete(bad).is_err(), "{bad:?}");
        }
    }
}
