//! The calls about public documents.

use super::{Answer, Client, Failure, typed};
use crate::http::dto::DocumentCids;
use crate::http::not_exported::{LEFT_OUT, NotExported};
use crate::http::query::encoded;
use crate::limits::{CLIENT_AUDIT_MS, CLIENT_MS};
use smol::Timer;
use smol::future::or;
use smol::io::AsyncReadExt as _;
use std::time::Duration;
use trillium_client::{Error, Method};

/// Bytes of an archive that are taken at a time.
const PIECE: usize = 64 * 1024;

impl Client {
    /// `GET /v1/cid`; the path is absolute. The first call after a start reads all public files.
    ///
    /// # Errors
    /// Any `Failure`.
    pub async fn cids(&self, path: &str) -> Result<Answer<DocumentCids>, Failure> {
        let call = format!("/v1/cid?path={}", encoded(path));
        typed(self.call(Method::Get, &call, None, CLIENT_AUDIT_MS).await?)
    }

    /// `GET /v1/export`: the archive of this collection, or of all public ones, piece by piece as it comes. Gives
    /// what is not in it.
    ///
    /// # Errors
    /// Any `Failure`; also what `take` says, which ends it.
    pub async fn export(
        &self,
        collection: Option<&str>,
        mut take: impl FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<NotExported, Failure> {
        let query = collection.map_or_else(String::new, |name| format!("?collection={}", encoded(name)));
        let path = format!("/v1/export{query}");
        let mut conn = or(self.begun(Method::Get, &path, None), silent(CLIENT_AUDIT_MS)).await?;
        if conn.status().is_none_or(|status| status as u16 != 200) {
            return match self.answered(conn).await {
                Ok(_) => Err(Failure::NotDone("The agent gave no archive: is it of another version?".to_owned())),
                Err(Failure::Busy(why)) => Err(Failure::NotDone(why)),
                Err(failure) => Err(failure),
            };
        }
        let left_out = NotExported::read(conn.response_headers().get_str(LEFT_OUT).unwrap_or_default());
        let mut body = conn.response_body().with_max_len(u64::MAX);
        let mut piece = vec![0; PIECE];
        loop {
            let read = async { Ok(body.read(&mut piece).await) };
            match or(read, silent(CLIENT_MS)).await? {
                Ok(0) => return Ok(left_out),
                Ok(read) => take(piece.get(..read).unwrap_or_default()).map_err(Failure::NotDone)?,
                Err(error) => return Err(self.failure(Error::Io(error)).await),
            }
        }
    }
}

/// The end of a call that is not answered in time.
async fn silent<T>(ms: u64) -> Result<T, Failure> {
    Timer::after(Duration::from_millis(ms)).await;
    Err(Failure::Silent(format!("The agent did not go on within {} seconds.", ms / 1000)))
}
