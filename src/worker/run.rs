//! One task, whichever kind: the same on a device and in the simulator, which lend their world as functions.

use super::extract::Content;
use super::scan::Listing;
use super::{embed, extract, retrieve, scan, summary};
use crate::base::id::Row;
use crate::base::vector::Signs;
use crate::embed::Embedder;
use crate::scheduler::task::{Outcome, Scan, Task};
use crate::store::audit::audit;
use crate::store::change::Change;
use crate::store::kv::{Kv, KvError, KvRead};
use crate::store::read;
use crate::store::record::Document;

/// What a task may need of the world. Each is called at most once.
pub struct TaskIo<L, R, S> {
    /// Lists the next stretch of files.
    pub list: L,
    /// Reads a whole file.
    pub read: R,
    /// The rows nearest by sign bits, at most so many.
    pub scan: S,
}

/// Runs a task to its end.
pub fn run<L, R, S>(kv: &impl Kv, embedder: &mut impl Embedder, world: TaskIo<L, R, S>, task: Task) -> Outcome
where
    L: FnOnce(&Scan) -> Listing,
    R: FnOnce(&[u8]) -> Content,
    S: FnOnce(&Signs, usize) -> Vec<Row>,
{
    match task {
        Task::Scan(step) => {
            let listing = (world.list)(&step);
            scan::look(kv, &step, listing).unwrap_or_else(failed)
        }
        Task::Refill { stage, max } => read::todo(kv, stage, max).map_or_else(failed, Outcome::Refilled),
        Task::Read { doc } => match read::document(kv, doc) {
            Ok(Some(document)) => {
                let content = (world.read)(&document.path);
                Outcome::Changes(extract::changes(embedder, doc, &document, content))
            }
            Ok(None) => Outcome::Changes(Vec::new()),
            Err(error) => failed(error),
        },
        Task::Embed { doc, chunks } => embed::embed(kv, embedder, doc, chunks).unwrap_or_else(failed),
        Task::Park { doc, reason } => match read::document(kv, doc) {
            Ok(document) => {
                let park = |doc_known: Document| Change::Refused { doc, stamp: doc_known.stamp, reason, keep: true };
                Outcome::Changes(document.map(park).into_iter().collect())
            }
            Err(error) => failed(error),
        },
        Task::EmbedQuery { question } => retrieve::mean(embedder, &question).unwrap_or_else(Outcome::Failed),
        Task::Retrieve(asked) => retrieve::retrieve(kv, world.scan, &asked).unwrap_or_else(Outcome::Failed),
        Task::Count => summary::count(kv).map_or_else(failed, Outcome::Counted),
        Task::Audit => check_store(&kv.snapshot()),
    }
}

/// Walks a view of the store that nobody writes to.
pub fn check_store(view: &impl KvRead) -> Outcome {
    audit(view).map_or_else(failed, Outcome::Audited)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` and `unwrap_or_else` hand over")]
fn failed(error: KvError) -> Outcome {
    Outcome::Failed(format!("The store cannot be read: {error}."))
}
