//! `GET /v1/document` and `GET /v1/document/file`: what a hit stands in, as it was read, and the file itself.
//!
//! Only a document that answers questions is given out, so nobody reads another file of the device here, or one of keys. A file that
//! a browser would run as a page of this address is none: it is sent as an attachment, without a type.

use super::{Api, NO_STORE, NO_THREAD, Refused};
use crate::base::id::Row;
use crate::http::answer::{json, refused};
use crate::http::dto::{DocumentPaths, DocumentText, text};
use crate::http::pieces::Pieces;
use crate::http::query::{parameter, sendable_path, sent_bytes};
use crate::limits::{DOCUMENT_BYTES_MAX, SAME_END_TOLD_MAX};
use crate::platform::{blocking, folder};
use crate::store::kv::{Kv, KvError};
use crate::store::record::Source;
use crate::worker::retrieve::document::{Begin, DocumentPart, ending, part, unread};
use futures_lite::stream;
use std::collections::TryReserveError;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{ErrorKind, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use trillium::{Body, Conn, KnownHeaderName, Status};

/// No document at a path is known here, or it is gone or being forgotten.
fn not_here(path: &[u8]) -> String {
    format!("No document of this device that was read is at {}; one of another device is read there.", text(path))
}

impl Api {
    /// The text of a document, in parts.
    pub(in crate::http) async fn document(&self, conn: Conn) -> Conn {
        let asked = path(&conn).and_then(|path| Ok((begin(&conn)?, path)));
        let (begin, path) = match asked {
            Ok(asked) => asked,
            Err((status, why)) => return refused(conn, status, &why),
        };
        match self.part(path.clone(), begin).await {
            Ok(part) => json(conn, Status::Ok, &DocumentText::new(&path, part)),
            Err((status, why)) => refused(conn, status, &why),
        }
    }

    /// The paths of documents that end as somebody typed it.
    pub(in crate::http) async fn documents(&self, conn: Conn) -> Conn {
        let end = parameter(conn.querystring(), "end").filter(|end| end.first().is_some_and(|first| *first != b'/'));
        let Some(end) = end else {
            let why = "This call is made with ?end= and the end of a document's path, percent-encoded, without a slash before it.";
            return refused(conn, Status::BadRequest, why);
        };
        let Some(upkeep) = self.node.upkeep() else {
            return refused(conn, Status::ServiceUnavailable, NO_STORE);
        };
        let disk = upkeep.disk().clone();
        match blocking::run(move || ending(&disk.snapshot(), &end, SAME_END_TOLD_MAX)).await {
            Some(Ok((found, more))) => {
                let path = |path| sendable_path(OsString::from_vec(path).into());
                json(conn, Status::Ok, &DocumentPaths { paths: found.into_iter().map(path).collect(), more })
            }
            Some(Err(error)) => {
                let why = format!("The documents could not be listed: {error}.");
                refused(conn, Status::InternalServerError, &why)
            }
            None => refused(conn, Status::ServiceUnavailable, NO_THREAD),
        }
    }

    /// The document's file. At most `FILES_SENT_MAX` are sent at once.
    pub(in crate::http) async fn document_file(&self, conn: Conn) -> Conn {
        let path = match path(&conn) {
            Ok(path) => path,
            Err((status, why)) => return refused(conn, status, &why),
        };
        let Some(permit) = self.sent.try_acquire_arc() else {
            return refused(conn, Status::ServiceUnavailable, "Other files are being sent. Try again in a moment.");
        };
        if let Err((status, why)) = self.part(path.clone(), usize::MAX).await {
            return refused(conn, status, &why);
        }
        let Some(watched) = self.node.status().await.map(|status| status.sources) else {
            return refused(conn, Status::ServiceUnavailable, "The agent is stopping or too busy. Try again.");
        };
        let place = PathBuf::from(OsStr::from_bytes(&path));
        let read = blocking::look(&place.clone(), move || bytes(&place, &watched)).await;
        let bytes = match read.unwrap_or_else(|why| Err((Status::ServiceUnavailable, why))) {
            Ok(bytes) => bytes,
            Err((status, why)) => return refused(conn, status, &why),
        };
        let length = bytes.len() as u64;
        // The permit goes with the body: what is in memory is bounded until it is sent.
        let body =
            stream::unfold((Some(bytes), permit), |(bytes, permit)| async move { Some((bytes?, (None, permit))) });
        conn.with_status(Status::Ok)
            .with_response_header(KnownHeaderName::ContentType, "application/octet-stream")
            .with_response_header(KnownHeaderName::ContentDisposition, "attachment")
            .with_response_header(KnownHeaderName::ContentSecurityPolicy, "default-src 'none'; sandbox")
            .with_body(Body::new_streaming(Pieces::new(body), Some(length)))
            .halt()
    }

    /// A part of the document, read on a thread of its own.
    pub(super) async fn part(&self, path: Vec<u8>, begin: impl Into<Begin>) -> Result<DocumentPart, Refused> {
        let begin = begin.into();
        let Some(upkeep) = self.node.upkeep() else {
            return Err((Status::ServiceUnavailable, NO_STORE.to_owned()));
        };
        let disk = upkeep.disk().clone();
        let look = move || -> Result<Result<DocumentPart, String>, KvError> {
            let kv = disk.snapshot();
            Ok(match part(&kv, &path, begin)? {
                Some(part) => Ok(part),
                None => Err(unread(&kv, &path)?.unwrap_or_else(|| not_here(&path))),
            })
        };
        match blocking::run(look).await {
            Some(Ok(Ok(part))) => Ok(part),
            Some(Ok(Err(why))) => Err((Status::NotFound, why)),
            Some(Err(error)) => Err((Status::InternalServerError, format!("The document could not be read: {error}."))),
            None => Err((Status::ServiceUnavailable, NO_THREAD.to_owned())),
        }
    }

    /// The last day, from the governor.
    pub(in crate::http) fn energy_day(&self, conn: Conn) -> Conn {
        match self.node.governor_handle().day() {
            Some(day) => json(conn, Status::Ok, &day),
            None => refused(conn, Status::Conflict, super::NO_GOVERNOR),
        }
    }
}

fn path(conn: &Conn) -> Result<Vec<u8>, Refused> {
    let path = parameter(conn.querystring(), "path").map(sent_bytes).filter(|path| path.first() == Some(&b'/'));
    path.ok_or_else(|| {
        (Status::BadRequest, "This call is made with ?path= and the document's path, percent-encoded.".to_owned())
    })
}

/// Where the part begins: with the passage of a number, or near one that a hit names.
fn begin(conn: &Conn) -> Result<Begin, Refused> {
    let given = |name| parameter(conn.querystring(), name);
    let misfit = |why: &str| (Status::BadRequest, why.to_owned());
    let number = |text: Vec<u8>| core::str::from_utf8(&text).ok().and_then(|text| text.parse::<u64>().ok());
    match (given("from"), given("passage")) {
        (None, None) => Ok(Begin::At(0)),
        (Some(from), None) => {
            let number = number(from).and_then(|number| usize::try_from(number).ok());
            number.map(Begin::At).ok_or_else(|| misfit("from is the number of a passage, counted from 0."))
        }
        (None, Some(passage)) => {
            let row = number(passage).map(|number| Begin::Before(Row(number)));
            row.ok_or_else(|| misfit("passage is the number that a hit has under this name."))
        }
        (Some(_), Some(_)) => Err(misfit("This call is made with from or with passage, not with both.")),
    }
}

/// What a file holds, which is no link and no more than is read of a document. Nor is a link followed on the way to it within its watched place: whoever may
/// write there could put one in the place of a folder that was read, and be given a file from anywhere.
fn bytes(path: &Path, watched: &[Source]) -> Result<Vec<u8>, Refused> {
    let name = || text(path.as_os_str().as_bytes());
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => (
            Status::NotFound,
            format!("There is no file at {} now. It may be in an archive or a mail, or its disk is away.", name()),
        ),
        _ => (Status::Conflict, format!("{} cannot be read: {error}.", name())),
    };
    let meta = fs::symlink_metadata(path).map_err(failed)?;
    if !meta.is_file() {
        return Err((Status::Conflict, format!("{} is no file of its own now.", name())));
    }
    let file = folder::open(path.as_os_str().as_bytes(), watched).map_err(failed)?;
    let no_room = |_: TryReserveError| {
        (Status::ServiceUnavailable, "There is no memory for the file just now. Try again in a moment.".to_owned())
    };
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(usize::try_from(meta.len().min(DOCUMENT_BYTES_MAX)).unwrap_or(0) + 1).map_err(no_room)?;
    file.take(DOCUMENT_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > DOCUMENT_BYTES_MAX {
        return Err((Status::PayloadTooLarge, format!("{} is too large to be sent.", name())));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Ring;
    use std::os::unix::fs::symlink;

    fn watched(place: &Path) -> [Source; 1] {
        let path = place.as_os_str().as_bytes().to_vec();
        [Source { path, collection: "home".to_owned(), ring: Ring::Private, device: 0 }]
    }

    #[test]
    fn a_file_is_sent_whole_and_a_link_a_folder_and_what_is_too_large_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let bytes = |path: &Path| bytes(path, &watched(folder.path()));
        fs::write(at("a"), b"abc").unwrap();
        assert_eq!(bytes(&at("a")).unwrap(), b"abc");
        symlink(at("a"), at("link")).unwrap();
        assert_eq!(bytes(&at("link")).unwrap_err().0, Status::Conflict);
        assert_eq!(bytes(folder.path()).unwrap_err().0, Status::Conflict);
        assert_eq!(bytes(&at("a").join("b")).unwrap_err().0, Status::NotFound);
        fs::File::create(at("large")).unwrap().set_len(DOCUMENT_BYTES_MAX + 1).unwrap();
        assert_eq!(bytes(&at("large")).unwrap_err().0, Status::PayloadTooLarge);
    }

    #[test]
    fn a_folder_that_became_a_link_gives_out_nothing_of_where_it_leads() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for place in ["elsewhere", "watched", "watched/letters"] {
            fs::create_dir(at(place)).unwrap();
        }
        fs::write(at("elsewhere/config"), b"secret").unwrap();
        fs::write(at("watched/letters/config"), b"abc").unwrap();
        let (asked, watched) = (at("watched/letters/config"), watched(&at("watched")));
        assert_eq!(bytes(&asked, &watched).unwrap(), b"abc");
        fs::remove_dir_all(at("watched/letters")).unwrap();
        symlink(at("elsewhere"), at("watched/letters")).unwrap();
        assert_eq!(fs::read(&asked).unwrap(), b"secret", "the link leads there");
        assert!(matches!(bytes(&asked, &watched).unwrap_err().0, Status::Conflict | Status::NotFound));
    }
}
