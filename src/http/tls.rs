//! TLS at the address that other devices reach: the certificate of this device, when it is renewed, and the handshake (RFC 8446).
//!
//! The address speaks TLS and HTTP at one port: the first byte of a connection tells which, as a record of TLS begins with 0x16 and no request of HTTP does. So an address
//! that somebody has stays good when TLS is switched on: over plain HTTP the agent hands out its root certificate and sends pages on to https
//! (`auth`), and does nothing else. It is an ordinary redirect, not one for good, and no HSTS: a browser that remembers either would find nothing
//! where TLS is switched off again, and with HSTS it offers no way past a warning, to a family that has not installed the root yet.
//!
//! The root is kept in the home (`platform::home`); the certificate under it and its key are made at each start and stay in memory. Another
//! one is made after `TLS_RENEW_DAYS`, of running time or by the clock, and at once when the clock was set or the machine has another name: what was made under a wrong one lasts no longer than
//! that. The address that is listened at is in each, as far as a certificate can be for it (`is_permitted`). Its validity begins `TLS_LEAF_BEFORE_DAYS` early. A clock that shows a time before this program was written is not believed; that time is taken in its place.
//! One that is ahead by more than those days is taken for right: browsers warn until somebody sets it, and the next look makes another certificate then.
//!
//! Bounds: a handshake has the time of a request, however its bytes come, and its connection has a slot as every other; it is not remembered for a later
//! one (no tickets). What a connection holds is bounded by `TLS_BUFFER_BYTES` and a record. `provider` has the ciphers, `stream` is a connection.

mod provider;
mod stream;

use super::timeouts::TimedStream;
use crate::base::time::Instant;
use crate::energy::policy::clock::RELEASE;
use crate::limits::{TLS_BUFFER_BYTES, TLS_LEAF_BEFORE_DAYS, TLS_LEAF_DAYS, TLS_LOOK_MS, TLS_RENEW_DAYS};
use crate::platform::clock;
use crate::platform::home::TlsRoot;
use crate::platform::host::host_name;
use crate::wire::x509::{Leaf, Names, ROOT_UNTIL, is_permitted};
use async_net::TcpStream;
use futures_rustls::TlsAcceptor;
use rustls::pki_types::CertificateDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{Error, ServerConfig, SignatureAlgorithm, SignatureScheme};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, Weak};
use std::time::Duration;
use stream::TlsStream;

const DAY: i64 = 86_400;

/// The first byte of a handshake's first record (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 0x16;

/// Marks a request that came over TLS.
pub(super) struct Encrypted;

/// TLS at one address.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    certificate: Arc<Certificate>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tls({})", self.certificate.current().names.first())
    }
}

impl Tls {
    /// TLS at this address of the device with this host name, under this root; the certificate is renewed as long as the value lives.
    ///
    /// # Errors
    /// One sentence: the system gives no random numbers.
    pub fn new(root: TlsRoot, host: &str, address: SocketAddr) -> Result<Self, String> {
        if !is_permitted(address.ip()) {
            log::warn!(
                "{} is no private address, and certificates are for private ones alone: a browser that opens the page at it warns. By the name {} it does not.",
                address.ip(),
                Names::of(host, address.ip()).first()
            );
        }
        let current = made(&root, Names::of(host, address.ip()), (clock::now(), clock::shown()))?;
        let certificate = Arc::new(Certificate { root, address: address.ip(), current: RwLock::new(current) });
        let builder = ServerConfig::builder_with_provider(Arc::new(provider::provider()));
        let builder = builder.with_protocol_versions(&[&rustls::version::TLS13]);
        let builder =
            builder.map_err(|error| format!("TLS cannot be begun: {error}. This is a defect of the program."))?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::<Certificate>::clone(&certificate));
        config.send_tls13_tickets = 0;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        smol::spawn(keep_renewed(Arc::downgrade(&certificate))).detach();
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate })
    }

    /// Whether a Host is a name of this device, alone or with this port.
    pub(super) fn is_name(&self, host: &str, port: u16) -> bool {
        let name = match host.split_once(':') {
            Some((name, digits)) if digits == port.to_string() => name,
            Some(_) => return false,
            None => host,
        };
        self.certificate.current().names.has(name)
    }

    /// Whether the client of a new connection begins with TLS; `None` if it goes, or says nothing for so long.
    pub(super) async fn begins(stream: &TcpStream, patience: Duration) -> Option<bool> {
        let mut first = [0];
        let peeked = async { stream.peek(&mut first).await.ok().filter(|read| *read > 0) };
        let read = within(patience, peeked).await;
        read.map(|_| first == [HANDSHAKE])
    }

    /// The connection after its handshake; `None` if that fails, or takes longer than this.
    pub(super) async fn accept(&self, stream: TimedStream, patience: Duration) -> Option<TlsStream> {
        let accepted = async {
            let limited = |session: &mut rustls::ServerConnection| session.set_buffer_limit(Some(TLS_BUFFER_BYTES));
            match self.acceptor.accept_with(stream, limited).await {
                Ok(stream) => Some(TlsStream::new(stream)),
                Err(error) => {
                    log::debug!("A handshake of TLS failed: {error}.");
                    None
                }
            }
        };
        within(patience, accepted).await
    }
}

/// What comes within this time, if anything does.
async fn within<T>(patience: Duration, work: impl Future<Output = Option<T>>) -> Option<T> {
    smol::future::or(work, async {
        smol::Timer::after(patience).await;
        None
    })
    .await
}

/// The certificate that is shown, and what the next one is made from.
struct Certificate {
    root: TlsRoot,
    /// Where it is shown.
    address: IpAddr,
    current: RwLock<Made>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.current().names.first())
    }
}

impl Certificate {
    fn current(&self) -> RwLockReadGuard<'_, Made> {
        self.current.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes another one if it is time to, or the machine is called so now and was called otherwise.
    fn renew(&self, host: &str, now: Instant, shown: i64) {
        let names = Names::of(host, self.address);
        let is_good = {
            let current = self.current();
            current.names == names && !current.times.is_over(now, shown)
        };
        if is_good {
            return;
        }
        match made(&self.root, names, (now, shown)) {
            Ok(made) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = made;
                log::info!("The certificate of the page was renewed.");
            }
            Err(why) => {
                log::warn!("The certificate of the page was not renewed, and the one of before is shown: {why}");
            }
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current().key))
    }
}

/// Looks whether another certificate is due, until nobody shows it any more.
async fn keep_renewed(certificate: Weak<Certificate>) {
    loop {
        clock::sleep_until(Some(clock::now() + Duration::from_millis(TLS_LOOK_MS))).await;
        let Some(certificate) = certificate.upgrade() else { return };
        certificate.renew(&host_name(), clock::now(), clock::shown());
    }
}

/// A certificate with its key, for which names it is, and when it was made.
struct Made {
    names: Names,
    key: Arc<CertifiedKey>,
    times: Times,
}

fn made(root: &TlsRoot, names: Names, (now, shown): (Instant, i64)) -> Result<Made, String> {
    let times = Times { at: now, wall: believed(shown) };
    let leaf = root.leaf(&names, times.wall - TLS_LEAF_BEFORE_DAYS * DAY)?;
    let chain = vec![CertificateDer::from(leaf.certificate().to_vec())];
    Ok(Made { names, key: Arc::new(CertifiedKey::new(chain, Arc::new(LeafKey(Arc::new(leaf))))), times })
}

/// When a certificate was made: on the clock that counts since the start, and on the wall.
#[derive(Clone, Copy, Debug)]
struct Times {
    at: Instant,
    wall: i64,
}

impl Times {
    /// Whether another one is due: it has been shown for `TLS_RENEW_DAYS` by either clock, or the one on the wall was set back by a day.
    fn is_over(self, now: Instant, shown: i64) -> bool {
        let ran = i64::try_from(now.since(self.at).as_secs()).unwrap_or(i64::MAX);
        let age = believed(shown) - self.wall;
        ran >= TLS_RENEW_DAYS * DAY || !(-DAY..TLS_RENEW_DAYS * DAY).contains(&age)
    }
}

/// What a wall clock shows, as far as it can be: no earlier than this program, and not so late that a root is over.
fn believed(shown: i64) -> i64 {
    shown.clamp(RELEASE, ROOT_UNTIL - TLS_LEAF_DAYS * DAY)
}

/// The key of the certificate, as rustls asks for it.
struct LeafKey(Arc<Leaf>);

impl fmt::Debug for LeafKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LeafKey(..)")
    }
}

impl SigningKey for LeafKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let fits = offered.contains(&SignatureScheme::ECDSA_NISTP256_SHA256);
        fits.then(|| Box::new(Self(Arc::clone(&self.0))) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl Signer for LeafKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.0.sign(message))
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ECDSA_NISTP256_SHA256
    }
}

#[cfg(test)]
mod tests;
