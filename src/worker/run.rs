//! Runs one task of any kind. A device and the simulator pass their files and index as functions.

use super::extract::Content;
use super::look::{Looks, Sought, plainly};
use super::retrieve::Lookup;
use super::scan::Listing;
use super::{embed, extract, lend, owed, park, retrieve, scan, summary, sweep};
use crate::base::id::{DocId, ModelMark};
use crate::embed::Embedder;
use crate::scheduler::task::{Outcome, Scan, Task};
use crate::store::audit::audit;
use crate::store::change::Change;
use crate::store::kv::{Kv, KvError, KvRead};
use crate::store::models::Wanted;
use crate::store::read::{self, Purgeable};
use crate::store::record::Source;
use crate::store::roots::Root;

/// Why a document is not embedded whose model is damaged.
const NOT_LOADED: &str = "The model of its collection is there and cannot be loaded; the log says why. Copy its folder anew, or give the \
    collection another model with `wattle collection model NAME MODEL`.";

/// What a task may need from outside the store. `list`, `read` and `look` are called at most once.
pub struct TaskIo<'a, L, R, S, M> {
    /// Lists the files of the next step of a scan; with all places that are watched, and what is known of the private ones.
    pub list: L,
    /// Reads a whole file; with all places that are watched.
    pub read: R,
    /// Both indexes.
    pub lookup: &'a S,
    /// Looks at these files, as far as they answer soon; with all places that are watched.
    pub look: M,
    /// Seconds since 1970 by the system's clock.
    pub now: i64,
    /// Called before each text of background work is embedded: it waits, for a while, as long as people wait for something.
    pub give_way: &'a dyn Fn(),
}

/// Runs a task to its outcome.
pub fn run<L, R, S, M>(kv: &impl Kv, embedder: &mut impl Embedder, io: TaskIo<'_, L, R, S, M>, task: Task) -> Outcome
where
    L: FnOnce(&Scan, &[Source], &[Root]) -> Listing,
    R: FnOnce(&[u8], &[Source]) -> Content,
    S: Lookup,
    M: FnOnce(Sought, &[Source]) -> Looks,
{
    let failed = |error| failed(kv, error);
    match task {
        Task::Scan(step) => {
            let known = scan::watched(kv).and_then(|watched| Ok((watched, scan::private(kv)?)));
            let listing = known.map(|(watched, private)| (io.list)(&step, &watched, &private));
            listing.and_then(|listing| scan::compare(kv, &step, listing)).unwrap_or_else(failed)
        }
        Task::ListKept { place, after, .. } => sweep::kept(kv, &place, after.as_deref()).unwrap_or_else(failed),
        Task::Sweep => sweep::sweep(kv).unwrap_or_else(failed),
        Task::Refill { stage, after, max, .. } => {
            read::todo(kv, stage, after, max).map_or_else(failed, Outcome::Refilled)
        }
        Task::Purge { upto, from } => read::purgeable(kv, upto, io.now, &from).map_or_else(failed, purge),
        Task::Read { doc } => match read::document(kv, doc).and_then(|known| Ok((known, scan::watched(kv)?))) {
            Ok((Some(document), watched)) => {
                let embedder = match wanted(kv, embedder, &document.path) {
                    Ok(Some(embedder)) => embedder,
                    Ok(None) => return Outcome::Failed(NOT_LOADED.to_owned()),
                    Err(error) => return failed(error),
                };
                let content = match (io.read)(&document.path, &watched) {
                    // A few more attempts, and then it is parked: this could go on for ever.
                    Content::Interrupted(why) => return Outcome::Failed(why),
                    Content::NoTurn => return Outcome::NoTurn,
                    content => content,
                };
                let is_away = content.is_away(&document);
                let changes = extract::changes(embedder, doc, &document, content);
                if is_away { Outcome::Away(document.path, changes) } else { Outcome::Changes(changes) }
            }
            Ok((None, _)) => Outcome::Changes(Vec::new()),
            Err(error) => failed(error),
        },
        Task::Embed { doc, chunks } => {
            embed_next(kv, embedder, doc, (chunks, io.now), io.give_way).unwrap_or_else(failed)
        }
        Task::Lend { documents, chunks, known, unconfirmed, home } => {
            // A scan may find only after a while that a file was moved into a private folder.
            let watched = scan::watched(kv);
            let listed = watched.and_then(|watched| {
                let look = |paths| (io.look)(plainly(paths), &watched);
                lend::list(kv, embedder.model(), (&documents, chunks, (known, &unconfirmed)), &home, look)
            });
            listed.unwrap_or_else(failed)
        }
        Task::Owed { by, seed } => owed::part(kv, by, seed).unwrap_or_else(failed),
        Task::EmbedLent(chunks) => {
            embed::lent(embedder, chunks.iter().map(|chunk| &chunk.text), io.give_way).unwrap_or_else(Outcome::Failed)
        }
        Task::EmbedBorrowed(borrowed) => {
            embed::lent(embedder, borrowed.texts.iter(), io.give_way).unwrap_or_else(Outcome::Failed)
        }
        Task::Park { doc, attempts } => match read::document(kv, doc) {
            Ok(Some(known)) => park::park(doc, known, io.now, attempts),
            Ok(None) => Outcome::Changes(Vec::new()),
            Err(error) => failed(error),
        },
        Task::EmbedQuery { question } => retrieve::embed_query(embedder, &question).unwrap_or_else(Outcome::Failed),
        Task::EmbedHit { heading, text } => {
            retrieve::embed_hit(kv, embedder, &heading, &text).unwrap_or_else(Outcome::Failed)
        }
        Task::Retrieve(query) => retrieve::answer(kv, io.lookup, embedder, query, io.look),
        Task::Summarize => summary::summarize(kv).map_or_else(failed, Outcome::Summarized),
        Task::Audit => check_store(&kv.snapshot()),
    }
}

/// Embeds the next chunks of a document, at most so many, at this time.
fn embed_next(
    kv: &impl Kv,
    embedder: &mut impl Embedder,
    doc: DocId,
    most: (usize, i64),
    give_way: &dyn Fn(),
) -> Result<Outcome, KvError> {
    let Some(document) = read::document(kv, doc)? else { return Ok(Outcome::Changes(Vec::new())) };
    match wanted(kv, embedder, &document.path)? {
        Some(embedder) => embed::embed(kv, embedder, (doc, &document), most, give_way),
        None => Ok(Outcome::Failed(NOT_LOADED.to_owned())),
    }
}

/// The embedder of the model that a document at this path is to have; `None`: its folder is there, and it cannot be loaded. Vectors of the
/// home's model would not count then, and be made for ever.
fn wanted<'a>(
    kv: &impl KvRead,
    embedder: &'a mut impl Embedder,
    path: &[u8],
) -> Result<Option<&'a mut dyn Embedder>, KvError> {
    let own = ModelMark::from(embedder.model());
    let wanted = Wanted::read(kv)?.of(path).unwrap_or(own);
    Ok(embedder.of(wanted))
}

/// The changes that purge what was found.
fn purge(found: Purgeable) -> Outcome {
    let rows = Some(found.rows).filter(|rows| !rows.is_empty()).map(|rows| Change::Expire { rows });
    let documents = found.documents.into_iter().map(|doc| Change::Purge { doc });
    Outcome::Purgeable(documents.chain(rows).collect(), found.next)
}

/// Audits a snapshot of the store.
pub fn check_store(snapshot: &impl KvRead) -> Outcome {
    audit(snapshot).map_or_else(|error| failed(snapshot, error), |audit| Outcome::Audited(Box::new(audit)))
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that `map_or_else` and `unwrap_or_else` call")]
pub(super) fn failed(kv: &impl KvRead, error: KvError) -> Outcome {
    kv.note_damage(&error);
    Outcome::StoreFailed(format!("The store cannot be read: {error}."))
}
