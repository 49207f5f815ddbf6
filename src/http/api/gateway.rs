//! `GET /ipfs/{cid}`: blocks of public documents for everybody, where the owner switched that on.
//!
//! Source: the specification of IPFS' trustless gateways. Raw blocks and CAR archives are given out and nothing else: who
//! asks verifies them by their hashes, and no browser shows a file as a page of this address. An archive begins with its
//! root, and has each block once, in the order of a walk from the root down. Its files are small, so `entity-bytes` is
//! answered with the whole file, as the specification allows.

use super::{Api, NO_STORE, Refused};
use crate::http::answer::refused;
use crate::http::pieces::Pieces;
use crate::http::query::parameter;
use crate::limits::CAR_GIVEN_MS;
use crate::platform::blocking;
use crate::runtime::public_blocks::{Found, PublicBlocks, Walk};
use crate::wire::car;
use crate::wire::cid::Cid;
use futures_lite::stream;
use smol::lock::SemaphoreGuardArc;
use std::io::Error;
use std::time::Duration;
use trillium::{Body, Conn, KnownHeaderName, Status};

const RAW: &str = "application/vnd.ipld.raw";
const CAR: &str = "application/vnd.ipld.car";
/// What stands with an archive's type: each block once, in the order of a depth-first walk.
const CAR_ANSWERED: &str = "application/vnd.ipld.car; version=1; order=dfs; dups=n";
/// What a CID names never changes.
const FOR_EVER: &str = "public, max-age=29030400, immutable";

const OFF: &str = "This agent gives out no blocks: its gateway is off, as it is unless the owner sets `ipfs.gateway = true` in config.toml \
                   and starts the agent again. It would give out the documents of public collections alone (docs/ipfs.md).";
const NO_FORMAT: &str = "This gateway gives out raw blocks and archives: ask with ?format=raw or ?format=car, or with the header Accept \
                         application/vnd.ipld.raw or application/vnd.ipld.car.";
/// Strangers who take an archive slowly hold its place no longer.
const GIVEN: Duration = Duration::from_millis(CAR_GIVEN_MS);

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Block,
    Archive { root_alone: bool },
}

impl Asked {
    /// # Errors
    /// A sentence for people: nothing that is given out.
    fn of(query: &str, accept: Option<&str>) -> Result<Self, String> {
        let text = |name| parameter(query, name).map(|value| String::from_utf8_lossy(&value).into_owned());
        let is_car = match text("format").as_deref() {
            Some("raw") => false,
            Some("car") => true,
            Some(_) => return Err(NO_FORMAT.to_owned()),
            None => accepted(accept).ok_or_else(|| NO_FORMAT.to_owned())?,
        };
        if !is_car {
            return Ok(Self::Block);
        }
        if text("car-version").is_some_and(|version| version != "1") {
            return Err("Archives are given out in version 1 alone (car-version=1).".to_owned());
        }
        match text("dag-scope").as_deref() {
            Some("block") => Ok(Self::Archive { root_alone: true }),
            // What is here is a file or a passage: all of it is the entity.
            None | Some("entity" | "all") => Ok(Self::Archive { root_alone: false }),
            Some(_) => Err("dag-scope is block, entity or all.".to_owned()),
        }
    }

    /// As caches compare answers. An archive of other programs may have the same blocks in another order.
    fn tag(self, cid: &Cid) -> String {
        match self {
            Self::Block => format!("\"{cid}.raw\""),
            Self::Archive { root_alone: false } => format!("W/\"{cid}.car\""),
            Self::Archive { root_alone: true } => format!("W/\"{cid}.car.block\""),
        }
    }
}

/// Whether the first type of the header that is given out here is an archive's; `None` if there is none.
fn accepted(accept: Option<&str>) -> Option<bool> {
    let types = accept?.split(',').map(|part| part.split(';').next().unwrap_or_default().trim());
    types.filter(|media| [RAW, CAR].contains(media)).map(|media| media == CAR).next()
}

/// Whether the client has the answer with this tag already.
fn is_known(conn: &Conn, tag: &str) -> bool {
    let known = conn.request_headers().get_str(KnownHeaderName::IfNoneMatch).unwrap_or_default();
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    known.split(',').any(|one| bare(one) == bare(tag) || one.trim() == "*")
}

impl Api {
    /// A block, or the blocks of a file.
    pub(in crate::http) async fn gateway(&self, conn: Conn, cid: &str) -> Conn {
        if !self.keys.is_gateway() {
            return refused(conn, Status::NotFound, OFF);
        }
        let accept = conn.request_headers().get_str(KnownHeaderName::Accept);
        let asked = Asked::of(conn.querystring(), accept);
        let (cid, asked) = match (cid.parse::<Cid>(), asked) {
            (Ok(cid), Ok(asked)) => (cid, asked),
            (Err(why), _) => return refused(conn, Status::BadRequest, &why.to_string()),
            (_, Err(why)) => return refused(conn, Status::BadRequest, &why),
        };
        let blocks = match self.public_blocks() {
            Ok(blocks) => blocks,
            Err((status, why)) => return refused(conn, status, &why),
        };
        let given = match asked {
            Asked::Block => self.raw(cid, blocks).await,
            Asked::Archive { root_alone } => self.archive(cid, blocks, root_alone).await,
        };
        let Given { media, ending, body } = match given {
            Ok(given) => given,
            Err((status, why)) => return refused(conn, status, &why),
        };
        let tag = asked.tag(&cid);
        let status = if is_known(&conn, &tag) { Status::NotModified } else { Status::Ok };
        // With HEAD and where the client has it already, no byte of the body is sent.
        conn.with_status(status)
            .with_response_header(KnownHeaderName::ContentType, media)
            .with_response_header(
                KnownHeaderName::ContentDisposition,
                format!("attachment; filename=\"{cid}.{ending}\""),
            )
            .with_response_header(KnownHeaderName::CacheControl, FOR_EVER)
            .with_response_header(KnownHeaderName::Vary, "Accept")
            .with_response_header(KnownHeaderName::Etag, tag)
            .with_body(body)
            .halt()
    }

    /// Blocks of public documents.
    pub(super) fn public_blocks(&self) -> Result<PublicBlocks, Refused> {
        let upkeep = self.node.upkeep().map(|upkeep| upkeep.public_blocks().clone());
        upkeep.ok_or_else(|| (Status::ServiceUnavailable, NO_STORE.to_owned()))
    }

    async fn raw(&self, cid: Cid, blocks: PublicBlocks) -> Result<Given, Refused> {
        let permit = self.given.0.try_acquire_arc().ok_or_else(busy)?;
        let block = there(blocking::run(move || blocks.find(&cid)).await)?;
        let length = block.len() as u64;
        let body =
            stream::unfold((Some(block), permit), |(block, permit)| async move { Some((block?, (None, permit))) });
        Ok(Given { media: RAW, ending: "bin", body: Body::new_streaming(Pieces::new(body), Some(length)) })
    }

    async fn archive(&self, cid: Cid, blocks: PublicBlocks, root_alone: bool) -> Result<Given, Refused> {
        let permit = self.given.1.try_acquire_arc().ok_or_else(busy)?;
        // The status says whether the root is here.
        let asked = blocks.clone();
        there(blocking::run(move || asked.find(&cid)).await)?;
        let walk = Walk::from(cid, blocks, root_alone);
        let Some((walk, Some(Ok((_, root))))) = step(walk).await else { return Err(not_here()) };
        let mut first = car::head(&[cid]);
        car::put(&mut first, &cid, &root);
        Ok(Given {
            media: CAR_ANSWERED,
            ending: "car",
            body: Body::new_streaming(archive(first, walk, permit).within(GIVEN), None),
        })
    }
}

/// What is given out.
struct Given {
    media: &'static str,
    ending: &'static str,
    body: Body,
}

fn busy() -> Refused {
    (Status::ServiceUnavailable, "Other blocks are being given out. Try again in a moment.".to_owned())
}

/// The block, or why it is not given out; `None`: the system gives no thread.
fn there(found: Option<Found>) -> Result<Vec<u8>, Refused> {
    match found {
        Some(Found::Block(block)) => Ok(block),
        Some(Found::Missing) => Err(not_here()),
        Some(Found::Busy) => {
            let why = "Which blocks are here is being found out: public documents are read. Try again in a moment.";
            Err((Status::ServiceUnavailable, why.to_owned()))
        }
        None => Err(busy()),
    }
}

fn not_here() -> Refused {
    let why = "No public document of this agent has this block. One that was added or changed a moment ago has its blocks in a while.";
    (Status::NotFound, why.to_owned())
}

/// One step of a walk, on a thread of its own; `None` if there is none.
async fn step(mut walk: Walk) -> Option<(Walk, Option<Result<(Cid, Vec<u8>), Cid>>)> {
    blocking::run(move || {
        let step = walk.step();
        (walk, step)
    })
    .await
}

/// An archive that begins with these bytes and goes on with the blocks of a walk. A block that is not there any more cuts it.
pub(super) fn archive(first: Vec<u8>, walk: Walk, permit: SemaphoreGuardArc) -> Pieces {
    let pieces = stream::unfold((Some(first), Some(walk), permit), |(first, walk, permit)| async move {
        if first.is_some() {
            return first.map(|first| (Ok(first), (None, walk, permit)));
        }
        match step(walk?).await {
            Some((walk, Some(Ok((cid, block))))) => {
                let mut piece = Vec::new();
                car::put(&mut piece, &cid, &block);
                Some((Ok(piece), (None, Some(walk), permit)))
            }
            Some((_, None)) => None,
            Some((_, Some(Err(cid)))) => {
                Some((Err(Error::other(format!("the block {cid} is not there any more"))), (None, None, permit)))
            }
            None => Some((Err(Error::other("the system gives no thread")), (None, None, permit))),
        }
    });
    Pieces::that_may_fail(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameter_counts_before_the_header_and_without_either_nothing_is_given_out() {
        let all = Asked::Archive { root_alone: false };
        for (query, accept, asked) in [
            ("format=raw", None, Some(Asked::Block)),
            ("format=raw", Some(CAR), Some(Asked::Block)),
            ("format=car", Some(RAW), Some(all)),
            ("format=car&dag-scope=entity&entity-bytes=0:9", None, Some(all)),
            ("format=car&dag-scope=all&car-version=1", None, Some(all)),
            ("format=car&dag-scope=block", None, Some(Asked::Archive { root_alone: true })),
            ("", Some("application/vnd.ipld.raw"), Some(Asked::Block)),
            ("", Some("text/html, application/vnd.ipld.car; version=1; order=dfs;q=0.8"), Some(all)),
            ("", None, None),
            ("", Some("*/*"), None),
            ("format=dag-json", Some(RAW), None),
            ("format=car&car-version=2", None, None),
            ("format=car&dag-scope=some", None, None),
        ] {
            assert_eq!(Asked::of(query, accept).ok(), asked, "{query} {accept:?}");
        }
    }

    #[test]
    fn who_asks_while_it_is_found_out_is_told_to_ask_again_and_not_that_nothing_is_there() {
        let status = |found| there(found).map_err(|(status, _)| status);
        assert_eq!(status(Some(Found::Busy)), Err(Status::ServiceUnavailable));
        assert_eq!(status(Some(Found::Missing)), Err(Status::NotFound));
        assert_eq!(status(Some(Found::Block(vec![7]))), Ok(vec![7]));
    }

    #[test]
    fn answers_of_other_shapes_have_other_tags() {
        let cid = Cid::of_raw(b"");
        let shapes = [Asked::Block, Asked::Archive { root_alone: false }, Asked::Archive { root_alone: true }];
        let tags: std::collections::BTreeSet<String> = shapes.map(|asked| asked.tag(&cid)).into();
        assert_eq!(tags.len(), 3);
    }
}
