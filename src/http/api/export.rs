//! `GET /v1/export` and `GET /v1/cid`: public documents as an archive, and the names of one of them.

use super::gateway::archive;
use super::{Api, NO_THREAD, Refused};
use crate::base::collection_name::is_same;
use crate::http::answer::{EXPORT, json, refused};
use crate::http::dto::{DocumentCids, text};
use crate::http::not_exported::{LEFT_OUT, NotExported};
use crate::http::query::{parameter, sent_bytes};
use crate::limits::PUBLIC_FILE_BLOCKS_MAX;
use crate::platform::blocking;
use crate::runtime::public_blocks::{PublicBlocks, PublicDocument, PublicFiles, State, Unready, Walk, in_folders};
use crate::wire::car;
use std::collections::BTreeSet;
use trillium::{Body, Conn, KnownHeaderName, Status};

impl Api {
    /// The files of public collections in one archive. It holds its room like a file that is sent.
    pub(in crate::http) async fn export(&self, conn: Conn) -> Conn {
        let collection = parameter(conn.querystring(), "collection");
        if let Some(why) = self.unknown(collection.as_deref()).await {
            return refused(conn, Status::NotFound, &why);
        }
        let Some(permit) = self.sent.try_acquire_arc() else {
            return refused(conn, Status::ServiceUnavailable, "Other files are being sent. Try again in a moment.");
        };
        let made = match self.public_blocks() {
            Ok(blocks) => {
                blocking::run(move || collected(blocks, collection.as_deref())).await.unwrap_or_else(no_thread)
            }
            Err(refused) => Err(refused),
        };
        match made {
            Ok((first, walk, left_out)) => conn
                .with_status(Status::Ok)
                .with_response_header(KnownHeaderName::ContentType, EXPORT)
                .with_response_header(LEFT_OUT, left_out.to_string())
                .with_body(Body::new_streaming(archive(first, walk, permit), None))
                .halt(),
            Err((status, why)) => refused(conn, status, &why),
        }
    }

    /// That there is no collection of this name. `None`: there is one, none was named, or the agent cannot be asked now.
    async fn unknown(&self, named: Option<&[u8]>) -> Option<String> {
        let named = String::from_utf8_lossy(named?);
        let status = self.node.status().await?;
        no_collection(&named, status.sources.iter().map(|source| source.collection.as_str()).collect())
    }

    /// The CIDs of a public document.
    pub(in crate::http) async fn cid(&self, conn: Conn) -> Conn {
        let Some(path) =
            parameter(conn.querystring(), "path").map(sent_bytes).filter(|path| path.first() == Some(&b'/'))
        else {
            let why = "This call is made with ?path= and the document's path, percent-encoded.";
            return refused(conn, Status::BadRequest, why);
        };
        let found = match self.public_blocks() {
            Ok(blocks) => {
                let asked = path.clone();
                blocking::run(move || blocks.document(&asked).map_err(unready)).await.unwrap_or_else(no_thread)
            }
            Err(refused) => Err(refused),
        };
        match found.and_then(|found| named(&path, found)) {
            Ok(cids) => json(conn, Status::Ok, &cids),
            Err((status, why)) => refused(conn, status, &why),
        }
    }
}

fn no_thread<T>() -> Result<T, Refused> {
    Err((Status::ServiceUnavailable, NO_THREAD.to_owned()))
}

fn unready(why: Unready) -> Refused {
    match why {
        Unready::Busy => {
            let why = "The public documents are being read for somebody else, and are many. Try again in a minute.";
            (Status::ServiceUnavailable, why.to_owned())
        }
        Unready::Broken => {
            let why =
                "The store cannot tell all public documents, so nothing is said of them; `wattle doctor` says more.";
            (Status::InternalServerError, why.to_owned())
        }
    }
}

/// The beginning of an archive of all public files, the walk that goes on with it, and what is not in it.
fn collected(blocks: PublicBlocks, collection: Option<&[u8]>) -> Result<(Vec<u8>, Walk, NotExported), Refused> {
    let collection = collection.map(String::from_utf8_lossy);
    let PublicFiles { files, left_out } = blocks.files(collection.as_deref()).map_err(unready)?;
    let left_out = NotExported { withheld: left_out.withheld, full: left_out.full, unread: left_out.unread };
    if files.is_empty() {
        if let Some(why) = left_out.sentence() {
            return Err((Status::NotFound, format!("Nothing was exported. {why}")));
        }
        return Err((Status::NotFound, nothing_public(collection.as_deref())));
    }
    let (root, folders) = in_folders(&files).map_err(|why| (Status::Conflict, why))?;
    Ok((car::head(&[root.cid]), Walk::from(root.cid, blocks, false).through(folders), left_out))
}

/// That no collection of those that are `there` has this name; `None`: one has.
fn no_collection(named: &str, there: BTreeSet<&str>) -> Option<String> {
    if there.iter().any(|name| is_same(name, named)) {
        return None;
    }
    let rest = if there.is_empty() {
        "no folder is watched".to_owned()
    } else {
        format!("there are {}", there.into_iter().collect::<Vec<_>>().join(", "))
    };
    Some(format!("There is no collection {named:?} here; {rest}. Nothing was exported."))
}

/// That a collection, or none of them, has something to export.
fn nothing_public(collection: Option<&str>) -> String {
    let what = collection.map_or_else(
        || "No file here is public".to_owned(),
        |name| format!("No collection that is named {name:?} has a public file here"),
    );
    format!(
        "{what}, so nothing was exported. `wattle collection list` shows the collections, and `wattle collection ring NAME public` says \
         what making one public means."
    )
}

fn named(path: &[u8], found: Option<PublicDocument>) -> Result<DocumentCids, Refused> {
    let name = text(path);
    let Some(found) = found else {
        return Err((
            Status::NotFound,
            format!(
                "{name} is no document of a public collection that was read; `wattle collection list` shows the rings."
            ),
        ));
    };
    let why = match found.state {
        State::Given | State::Unread => None,
        State::Withheld => Some("holds a private key, or what looks like a secret, so it is not given out although its collection is public".to_owned()),
        State::Full => Some(format!(
            "is not given out, nor exported: public files of more than {PUBLIC_FILE_BLOCKS_MAX} blocks have no room, and those that come before it \
             fill that. Take folders out of public collections"
        )),
    };
    if let Some(why) = why {
        return Err((Status::NotFound, format!("{name} {why}.")));
    }
    Ok(DocumentCids {
        path: name,
        cid: found.file.map(|file| file.cid.to_string()),
        bytes: found.file.map(|file| file.length),
        passages: found.passages.iter().map(ToString::to_string).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_nothing_is_public_is_said_of_what_was_asked_for() {
        assert!(nothing_public(None).starts_with("No file here is public, so nothing was exported."));
        assert!(
            nothing_public(Some("diary"))
                .starts_with("No collection that is named \"diary\" has a public file here, so nothing")
        );
    }

    #[test]
    fn of_a_collection_that_there_is_not_it_is_said_which_there_are() {
        let of = |named: &str, there: &[&'static str]| no_collection(named, there.iter().copied().collect());
        let says = "There is no collection \"nix\" here; there are home, work. Nothing was exported.";
        assert_eq!(of("nix", &["work", "home", "work"]).as_deref(), Some(says));
        assert_eq!(of("Home", &["home"]), None, "another spelling is the same one");
        assert!(of("nix", &[]).is_some_and(|why| why.contains("; no folder is watched.")));
    }

    #[test]
    fn a_document_without_names_is_told_with_the_reason() {
        let of = |state| named(b"/a.md", Some(PublicDocument { file: None, passages: Vec::new(), state }));
        for (state, part) in [(State::Withheld, "looks like a secret"), (State::Full, "have no room")] {
            assert!(of(state).is_err_and(|(status, why)| status == Status::NotFound && why.contains(part)), "{part}");
        }
        assert_eq!(of(State::Unread).map(|cids| cids.cid), Ok(None));
        assert_eq!(unready(Unready::Busy).0, Status::ServiceUnavailable);
    }
}
