//! A file of a web server, as it comes. For updates: their signature says whether they are genuine, so plain HTTP is as safe as TLS would be, and whoever
//! listens sees no more than which version is fetched.
//!
//! An address of one link alone (`http://[fe80::1%eth0]/`) is one as well: in a home without a router, devices have no others. URLs have no zone, so it is taken
//! out of the URL and the interface is told to the system.

use crate::limits::{UPDATE_PART_BYTES_MAX, UPDATE_SERVER_BYTES_PER_S, UPDATE_SERVER_MS};
use crate::platform::{clock, interface};
use smol::Timer;
use smol::future::or;
use smol::io::AsyncReadExt as _;
use std::io::{Error, ErrorKind, Read};
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;
use trillium_client::{Client, Connector, Method, ResponseBody, Url};
use trillium_smol::async_net::TcpStream;
use trillium_smol::{ClientConfig, SmolRuntime, SmolTransport};

/// What the client says where an answer is shorter than its head tells, or ends within a chunk.
const CUT: [ErrorKind; 3] = [ErrorKind::InvalidData, ErrorKind::ConnectionAborted, ErrorKind::UnexpectedEof];

/// The body of an answer. A server that says nothing for `UPDATE_SERVER_MS`, or that much later than it would with `UPDATE_SERVER_BYTES_PER_S`, ends it
/// with an error: one byte each half minute is an answer that never ends.
pub struct Fetched {
    body: ResponseBody<'static>,
    /// For how long the server may say nothing.
    patience: Duration,
    /// How many bytes came, and for how long they were waited for.
    bytes: u64,
    waited: Duration,
    /// How many are to come, where the server said so.
    length: Option<u64>,
}

impl core::fmt::Debug for Fetched {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Fetched").finish_non_exhaustive()
    }
}

impl Fetched {
    /// Asks for the file at this address, and waits for the head of the answer. Redirections are not followed.
    ///
    /// # Errors
    /// One sentence: it is no address of that kind, or the server does not give the file.
    pub fn get(address: &str) -> Result<Self, String> {
        let (client, url) = client_for(address)?;
        let mut conn = client.without_keepalive().build_conn(Method::Get, url);
        let answered = async {
            (&mut conn).await.map_err(|error| format!("{address} is not reached: {error}."))?;
            let status = conn.status().map_or(0, |status| status as u16);
            if status != 200 {
                return Err(format!("{address} was not given: HTTP status {status}."));
            }
            let body = conn.take_response_body().ok_or_else(|| format!("{address} is empty."))?;
            let (body, patience) = (body.with_max_len(UPDATE_PART_BYTES_MAX), Duration::from_millis(UPDATE_SERVER_MS));
            let length = body.content_length();
            Ok(Self { body, patience, bytes: 0, waited: Duration::ZERO, length })
        };
        let late = async {
            Timer::after(Duration::from_millis(UPDATE_SERVER_MS)).await;
            Err(format!("{address} did not answer within {} seconds.", UPDATE_SERVER_MS / 1000))
        };
        smol::block_on(or(answered, late))
    }
}

impl Read for Fetched {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let earned = Duration::from_millis(self.bytes.saturating_mul(1000) / UPDATE_SERVER_BYTES_PER_S);
        let left = (self.patience + earned).saturating_sub(self.waited).min(self.patience);
        let late = async {
            Timer::after(left).await;
            Err(Error::new(ErrorKind::TimedOut, "the server does not go on"))
        };
        let began = clock::now();
        let read = smol::block_on(or(self.body.read(into), late));
        self.waited += clock::now().since(began);
        self.bytes += read.as_ref().map_or(0, |bytes| *bytes as u64);
        let is_short = self.length.is_some_and(|length| self.bytes < length);
        let cut = || Error::new(ErrorKind::UnexpectedEof, "the server ended in the middle of it");
        match read {
            Ok(0) if is_short && !into.is_empty() => Err(cut()),
            Err(error) if CUT.contains(&error.kind()) => Err(cut()),
            read => read,
        }
    }
}

/// What asks the server of this address, and the URL that it is asked for.
fn client_for(address: &str) -> Result<(Client, Url), String> {
    let (plain, zone) = without_zone(address);
    let url = Url::parse(&plain).ok().filter(|url| url.scheme() == "http");
    let url = url.ok_or_else(|| format!("{address} is no address of a web server, as http://nas.local/wattle/."))?;
    let ip = host_of(&url);
    let Some(zone) = zone else {
        if ip.is_some_and(|ip| ip.is_unicast_link_local()) {
            return Err(format!(
                "{address} does not say at which of this device's networks it is: an address that begins with fe80 has the network's name behind it, as http://[fe80::1%eth0]/wattle/."
            ));
        }
        return Ok((Client::new(ClientConfig::new().with_nodelay(true)), url));
    };
    let index = interface::index(&zone);
    let (Some(ip), Some(index)) = (ip, index) else {
        return Err(format!("This device has no network of the name {zone}, which {address} names."));
    };
    let at = SocketAddrV6::new(ip, url.port_or_known_default().unwrap_or(80), 0, index);
    Ok((Client::new(OnLink(at)), url))
}

/// An address without the zone of its host, which may be written as RFC 6874 has it (`%25eth0`); and that zone.
fn without_zone(address: &str) -> (String, Option<String>) {
    let parts = || {
        let (before, rest) = address.split_once("://[")?;
        let (host, after) = rest.split_once(']')?;
        let (ip, zone) = host.split_once('%')?;
        let zone = zone.strip_prefix("25").filter(|zone| !zone.is_empty()).unwrap_or(zone);
        Some((format!("{before}://[{ip}]{after}"), zone.to_owned()))
    };
    parts().map_or_else(|| (address.to_owned(), None), |(plain, zone)| (plain, Some(zone)))
}

/// The IPv6 address that a URL has in place of a name.
fn host_of(url: &Url) -> Option<Ipv6Addr> {
    url.host_str()?.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

/// Connects to an address of one link, whatever the URL says.
struct OnLink(SocketAddrV6);

impl Connector for OnLink {
    type Runtime = SmolRuntime;
    type Transport = SmolTransport<TcpStream>;
    type Udp = ();

    fn runtime(&self) -> Self::Runtime {
        SmolRuntime::default()
    }

    async fn connect(&self, _url: &Url) -> std::io::Result<Self::Transport> {
        SmolTransport::connect(SocketAddr::V6(self.0)).await
    }

    fn resolve(&self, _host: &str, _port: u16) -> impl Future<Output = std::io::Result<Vec<SocketAddr>>> + Send {
        std::future::ready(Ok(vec![SocketAddr::V6(self.0)]))
    }
}

#[cfg(test)]
#[path = "fetched_test.rs"]
mod fetched_test;
