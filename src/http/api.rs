//! The handlers of the calls in `routes`: each checks the body, asks the node or the governor, and answers with JSON.
//!
//! A call that fails is answered with 4xx or 5xx and `{"error": one sentence}`.

mod browsers;
mod collection;
mod document;
pub(super) mod embed;
mod export;
mod feedback;
mod forecast;
mod gateway;
mod hint;
mod invite;
mod mcp;
mod metrics;
mod misread;
mod pairing;
mod places;
mod quiet;
mod regroup;
mod report;
mod search;
mod session;
mod stream;
mod tls;
mod tokens;
mod unchanged;
pub(crate) mod update;
mod upkeep;

use self::collection::{Collection, is_known, widens};
use self::misread::misread;
pub use self::search::too_long;
use self::unchanged::not_changed;
use super::answer::{json, refused};
use super::dto::{Added, Checked, Role, text};
use super::events::Events;
use super::keys::Keys;
use super::known_root::KnownRoot;
use super::page::Page;
use super::query::sent_path;
use super::traffic::Reason;
use crate::base::id::Ring;
use crate::base::time::Duration;
use crate::config::{DEFAULT_COLLECTION, Folder, Setting, check_collection};
use crate::energy::policy::hours::minute_of_day;
use crate::limits::{
    BLOCKS_SENT_MAX, BURST_S_MAX, CARS_SENT_MAX, FILES_SENT_MAX, HTTP_BODY_MAX, PAUSE_S_MAX, STREAMS_MAX,
};
use crate::node::input::Request;
use crate::node::output::{Problem, Response};
use crate::platform::blocking;
use crate::platform::clock;
use crate::platform::source::source_at;
use crate::platform::unchanged::Unchanged;
use crate::runtime::governor::{BurstRequest, PauseRequest};
use crate::runtime::handle::NodeHandle;
use crate::runtime::unfinished::Command;
use crate::scheduler::addition::Addition;
use crate::scheduler::path::covers;
use crate::store::record::{Source, Sources};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use smol::lock::{Mutex, Semaphore};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use trillium::{Conn, Error, Status};

/// The handlers, and where they ask.
#[derive(Clone, Debug)]
pub struct Api {
    node: NodeHandle,
    keys: Keys,
    page: Arc<Page>,
    /// Room for streams of events.
    streams: Arc<Semaphore>,
    /// Room for files that are being sent.
    sent: Arc<Semaphore>,
    /// What is known of the root certificate.
    tls_root: Arc<Mutex<KnownRoot>>,
    /// Room for blocks that strangers ask for, and for archives of them.
    given: (Arc<Semaphore>, Arc<Semaphore>),
}

/// A refusal before the node is asked: status and sentence.
type Refused = (Status, String);

/// The body of `POST /v1/add`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Add {
    path: PathBuf,
    collection: Option<String>,
    ring: Option<Ring>,
}

impl Api {
    /// Handlers that ask through `node`, and change the named ones of `keys`.
    #[must_use]
    pub fn new(node: NodeHandle, keys: Keys) -> Self {
        let room = |places| Arc::new(Semaphore::new(places));
        let (streams, sent, given) =
            (room(STREAMS_MAX), room(FILES_SENT_MAX), (room(BLOCKS_SENT_MAX), room(CARS_SENT_MAX)));
        Self { node, keys, page: Arc::new(Page::new()), streams, sent, tls_root: Arc::default(), given }
    }

    pub(super) fn page(&self, conn: Conn) -> Conn {
        self.page.answer(conn)
    }

    pub(super) fn page_file(&self, conn: Conn, name: &str) -> Conn {
        self.page.answer_file(conn, name)
    }

    pub(super) async fn add(&self, mut conn: Conn) -> Conn {
        let new = match body(&mut conn).await {
            Ok(add) => addition(add).await,
            Err(refused) => Err(refused),
        };
        let new = match new {
            Ok(new) => new,
            Err((status, why)) => return refused(conn, status, &why),
        };
        match self.watch(new).await {
            Ok(added) => json(conn, Status::Ok, &added),
            Err((status, why)) => refused(conn, status, &why),
        }
    }

    /// Has the node watch a place, and config.toml name it.
    async fn watch(&self, new: Addition) -> Result<Added, Refused> {
        let before =
            self.node.status().await.map(|now| Sources { private: now.work.private_names, ..now.sources.into() });
        let before = before.unwrap_or_default();
        new.misnamed(&before, [DEFAULT_COLLECTION]).map_or(Ok(()), |why| Err((Status::Conflict, why)))?;
        let before = before.places;
        let new = if new.unnamed { new.where_it_is(&before) } else { new };
        let command = self.node.begin(Command::Add(text(&new.path))).await;
        let answer = self.node.request(Request::Add(new.clone())).await;
        self.end_refused(command, &answer).await;
        if let Response::Refused(problem, why) = answer {
            return Err((status_of(problem), why));
        }
        let path = text(&new.path);
        let Some(after) = self.node.status().await else { return Ok(Added { path, ..Added::default() }) };
        let after = after.sources;
        let watched = new.watched_in(&after);
        let settings = watched.iter().filter_map(Folder::of).map(Setting::AddFolder).collect();
        let forgotten = self.remember(command, settings).await;
        let joined = |place: &&Source| covers(&new.path, &place.path) && !after.contains(place);
        let parts = before.iter().filter(joined).map(|place| text(&place.path)).collect();
        let within = new.within(&after).map(|folder| text(&folder.path));
        let already = before.iter().any(|place| place.path == new.path);
        let (collection, ring) = watched.map(|source| (source.collection, source.ring)).unzip();
        Ok(Added { path, collection, ring, within, already, parts, forgotten })
    }

    pub(super) async fn collection(&self, mut conn: Conn) -> Conn {
        let body = body::<Collection>(&mut conn).await;
        let models = self.models().await;
        let regroup = match body.and_then(|body| body.regroup(&models).map_err(|why| (Status::BadRequest, why))) {
            Ok(regroup) => regroup,
            Err((status, why)) => return refused(conn, status, &why),
        };
        // A new private name.
        if let Err(why) = check_collection(&regroup.collection)
            && !is_known(&regroup.collection, &self.node.request(Request::Status).await)
        {
            return refused(conn, Status::BadRequest, &why);
        }
        if conn.state::<Role>() != Some(&Role::Admin) {
            let places = self.node.status().await.map(|status| status.sources).unwrap_or_default();
            if widens(&regroup, &places) {
                return refused(conn, Status::Forbidden, WIDER).with_state(Reason::Forbidden);
            }
        }
        match self.regroup(regroup).await {
            Ok(regrouped) => json(conn, Status::Ok, &regrouped),
            Err((status, why)) => refused(conn, status, &why),
        }
    }

    /// What the driver and the links recorded of the network; the node is not asked.
    pub(super) fn network(&self, conn: Conn) -> Conn {
        json(conn, Status::Ok, &self.node.network().report(clock::now()))
    }

    /// The governor answers, not the node; it reads the sensors once for this.
    pub(super) async fn energy(&self, conn: Conn) -> Conn {
        match self.node.governor_handle().current().await {
            Some(current) => json(conn, Status::Ok, &current),
            None => refused(conn, Status::Conflict, NO_GOVERNOR),
        }
    }

    pub(super) async fn pause(&self, mut conn: Conn) -> Conn {
        let wanted = match body::<Pause>(&mut conn).await.and_then(Pause::wanted) {
            Ok(wanted) => wanted,
            Err((status, why)) => return refused(conn, status, &why),
        };
        let done = self.node.governor_handle().pause(wanted).await;
        self.answer_with_energy(conn, done).await
    }

    pub(super) async fn resume(&self, conn: Conn) -> Conn {
        let done = self.node.governor_handle().resume().await;
        self.answer_with_energy(conn, done).await
    }

    pub(super) async fn work(&self, mut conn: Conn) -> Conn {
        let wanted = match body::<Work>(&mut conn).await.and_then(Work::wanted) {
            Ok(wanted) => wanted,
            Err((status, why)) => return refused(conn, status, &why),
        };
        let done = self.node.governor_handle().work_now(wanted).await;
        self.answer_with_energy(conn, done).await
    }

    pub(super) async fn new_supply(&self, conn: Conn) -> Conn {
        let done = self.node.governor_handle().new_supply().await;
        self.answer_with_energy(conn, done).await
    }

    async fn answer_with_energy(&self, conn: Conn, done: Result<(), Unchanged>) -> Conn {
        match done {
            Ok(()) => self.energy(conn).await,
            Err(unchanged) => not_changed(conn, &unchanged),
        }
    }

    /// From the driver's event log; the node is not asked.
    pub(super) fn events(&self, conn: Conn) -> Conn {
        let after = match conn.querystring() {
            "" => Some(0),
            query => query.strip_prefix("after=").and_then(|number| number.parse().ok()),
        };
        match after {
            Some(number) => {
                let (events, newest) = self.node.events().after(number);
                json(conn, Status::Ok, &Events::new(clock::now(), &events, newest))
            }
            None => refused(conn, Status::BadRequest, "This call is made with ?after= and a number, or without it."),
        }
    }

    /// Asks the node, unless the request is refused already.
    pub(super) async fn request(&self, conn: Conn, request: Result<Request, Refused>) -> Conn {
        let request = match request {
            Ok(request) => request,
            Err((status, why)) => return refused(conn, status, &why),
        };
        match self.ask(request).await {
            // `add` and `collection` answer for themselves. No call certifies a device: pairing hands the chain over.
            // `invite` makes a file of its answer itself.
            // Nobody asks for vectors this way.
            Response::Added
            | Response::Regrouped(_)
            | Response::Certified(_)
            | Response::Invited(_)
            | Response::Embedded(_) => json(conn, Status::Ok, &serde_json::json!({})),
            Response::Asked(devices) => json(conn, Status::Ok, &serde_json::json!({ "asked": devices })),
            Response::Turn(turn) => json(conn, Status::Ok, &serde_json::json!({ "turn": turn })),
            Response::Done(done) => json(conn, Status::Ok, &serde_json::json!({ "done": done })),
            Response::Pairing(report) => json(conn, Status::Ok, &report),
            Response::Joined(report) => json(conn, Status::Ok, &report),
            Response::Mesh(report) => json(conn, Status::Ok, &report),
            Response::Audit(audit) => json(conn, Status::Ok, &Checked::from(&audit)),
            hits @ Response::Hits { .. } => match self.results(hits) {
                Ok(results) => json(conn, Status::Ok, &results),
                Err((status, why)) => refused(conn, status, &why),
            },
            Response::Refused(problem, why) => refused(conn, status_of(problem), &why),
            Response::Status(status) => json(conn, Status::Ok, &self.report(&status)),
        }
    }
}

const fn status_of(problem: Problem) -> Status {
    match problem {
        Problem::Conflict => Status::Conflict,
        Problem::Busy => Status::ServiceUnavailable,
        Problem::DiskFull => Status::InsufficientStorage,
        // Not 503, after which `wattle forget` asks again: what may have been carried out is not asked twice.
        Problem::Broken | Problem::Unanswered => Status::InternalServerError,
    }
}

/// The body of a call that is told nothing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// The place that a body of `POST /v1/add` names, and whether it names the collection.
async fn addition(Add { path, collection, ring }: Add) -> Result<Addition, Refused> {
    if ring == Some(Ring::Public) {
        return Err((Status::BadRequest, "A folder is added with the ring private or mesh. `POST /v1/collection` makes a collection public; nothing was changed.".to_owned()));
    }
    let (path, unnamed) = (sent_path(path), collection.is_none());
    let collection = collection.unwrap_or_else(|| DEFAULT_COLLECTION.to_owned());
    let new = blocking::look(&path.clone(), move || source_at(&path, &collection, ring)).await;
    new.flatten().map(|new| Addition { unnamed, ..new }).map_err(|why| (Status::BadRequest, why))
}

/// The body of `POST /v1/energy/pause`: for so many seconds, until a time of day, or without either until a resume.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pause {
    seconds: Option<u64>,
    until: Option<String>,
}

impl Pause {
    fn wanted(self) -> Result<PauseRequest, Refused> {
        let bad = |why: &str| Err((Status::BadRequest, why.to_owned()));
        match (self.seconds, self.until) {
            (None, None) => Ok(PauseRequest::Open),
            (Some(seconds @ 1..=PAUSE_S_MAX), None) => Ok(PauseRequest::For(Duration::from_secs(seconds))),
            (None, Some(until)) => minute_of_day(&until)
                .map(PauseRequest::Until)
                .ok_or_else(|| (Status::BadRequest, "A time of day is written as 18:30.".to_owned())),
            (Some(_), None) => {
                bad("A pause lasts from one second to a year; without a time it lasts until it is resumed.")
            }
            (Some(_), Some(_)) => bad("A pause has \"seconds\" or \"until\", not both."),
        }
    }
}

/// The body of `POST /v1/energy/work`: for so many seconds, or for as long as is usual.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Work {
    seconds: Option<u64>,
    /// A person added something on a terminal: no more is done than the owner configured for that.
    #[serde(default)]
    arrived: bool,
}

impl Work {
    fn wanted(self) -> Result<BurstRequest, Refused> {
        match self.seconds {
            None if self.arrived => Ok(BurstRequest::Arrived),
            None => Ok(BurstRequest::Asked(None)),
            Some(seconds @ 1..=BURST_S_MAX) => Ok(BurstRequest::Asked(Some(Duration::from_secs(seconds)))),
            Some(_) => Err((Status::BadRequest, "Such work lasts from a second to a day.".to_owned())),
        }
    }
}

const NO_ANSWER: &str = "The agent gave another answer than was asked for: a defect of the program.";

const WIDER: &str = "More people would see this collection: that needs a token with the role admin, and this one may add, rename and make private. Nothing was \
                     changed.";

const NO_STORE: &str = "This agent has no store.";

/// Where `blocking::run` gives nothing.
const NO_THREAD: &str = "The system gives no thread for that. Try again.";

const NO_GOVERNOR: &str =
    "This agent runs without its governor (`--governor off`): nothing is measured, held or paused.";

fn sentence_case(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

async fn bytes(conn: &mut Conn, most: usize) -> Result<Vec<u8>, Refused> {
    let too_large = || (Status::PayloadTooLarge, format!("The body is too large: at most {most} bytes are read."));
    conn.request_body().with_max_len(most as u64).read_bytes().await.map_err(|error| match error {
        Error::ReceivedBodyTooLong(_) => too_large(),
        // What trillium says of a body that comes in pieces and is too large.
        Error::Io(error) if error.kind() == ErrorKind::Unsupported => too_large(),
        _ => (Status::BadRequest, "The body did not arrive whole.".to_owned()),
    })
}

async fn body<T: DeserializeOwned>(conn: &mut Conn) -> Result<T, Refused> {
    let bytes = bytes(conn, HTTP_BODY_MAX).await?;
    serde_json::from_slice(&bytes).map_err(|error| (Status::BadRequest, misread(&error)))
}

#[cfg(test)]
mod tests;
