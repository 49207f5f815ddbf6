//! A file of a web server, as it comes. For updates: their signature says whether they are genuine, so plain HTTP is as safe as TLS would be, and whoever
//! listens sees no more than which version is fetched.

use crate::limits::{UPDATE_PART_BYTES_MAX, UPDATE_SERVER_BYTES_PER_S, UPDATE_SERVER_MS};
use crate::platform::clock;
use smol::Timer;
use smol::future::or;
use smol::io::AsyncReadExt as _;
use std::io::{Error, ErrorKind, Read};
use std::time::Duration;
use trillium_client::{Method, ResponseBody, Url};
use trillium_smol::ClientConfig;

/// The body of an answer. A server that says nothing for `UPDATE_SERVER_MS`, or that much later than it would with `UPDATE_SERVER_BYTES_PER_S`, ends it
/// with an error: one byte each half minute is an answer that never ends.
pub struct Fetched {
    body: ResponseBody<'static>,
    /// For how long the server may say nothing.
    patience: Duration,
    /// How many bytes came, and for how long they were waited for.
    bytes: u64,
    waited: Duration,
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
        let url = Url::parse(address).ok().filter(|url| url.scheme() == "http");
        let url =
            url.ok_or_else(|| format!("{address} is no address of a web server, as http://nas.local/wattle/."))?;
        let connection = ClientConfig::new().with_nodelay(true);
        let mut conn = trillium_client::Client::new(connection).without_keepalive().build_conn(Method::Get, url);
        let answered = async {
            (&mut conn).await.map_err(|error| format!("{address} is not reached: {error}."))?;
            let status = conn.status().map_or(0, |status| status as u16);
            if status != 200 {
                return Err(format!("{address} was not given: HTTP status {status}."));
            }
            let body = conn.take_response_body().ok_or_else(|| format!("{address} is empty."))?;
            let (body, patience) = (body.with_max_len(UPDATE_PART_BYTES_MAX), Duration::from_millis(UPDATE_SERVER_MS));
            Ok(Self { body, patience, bytes: 0, waited: Duration::ZERO })
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
        read
    }
}

#[cfg(test)]
#[path = "fetched_test.rs"]
mod fetched_test;
