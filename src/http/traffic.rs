//! What is counted of requests, of questions and of texts of programs, at all addresses of the API together; `GET /metrics` tells it.
//!
//! The counters are atomics in memory, made when the agent starts: counting takes no lock and allocates nothing. A call is known by its number in the
//! table of routes, never by the path that was sent, and no token, session or address is kept, so that nobody can make the counters grow or
//! read anything private in them.

mod histogram;

use crate::base::time::Duration;
use crate::limits::{HTTP_ROUTES_MAX, HTTP_TOOK_MS, QUESTION_TOOK_MS};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use trillium::Status;

use histogram::Histogram;
pub(super) use histogram::Snapshot;

/// Why a request was refused, as far as that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// Too many wrong tokens or passwords came from its address.
    Throttled,
    /// No token, a wrong one, or a wrong password.
    Unauthorised,
    /// The token does not allow the call, or not at this address.
    Forbidden,
    /// A Host that is not the agent's.
    Host,
    /// A page of another origin.
    Origin,
    /// Plain HTTP at an address where its owner has switched TLS on.
    Plain,
    /// A body that is larger than what the call takes.
    TooLarge,
    /// The agent has no room, or is stopping.
    Busy,
}

impl Reason {
    /// All of them, in the order of their numbers.
    pub(super) const ALL: [Self; 8] = [
        Self::Throttled,
        Self::Unauthorised,
        Self::Forbidden,
        Self::Host,
        Self::Origin,
        Self::Plain,
        Self::TooLarge,
        Self::Busy,
    ];

    /// Its name as the value of a label.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Unauthorised => "unauthorised",
            Self::Forbidden => "forbidden",
            Self::Host => "host",
            Self::Origin => "origin",
            Self::Plain => "plain",
            Self::TooLarge => "too_large",
            Self::Busy => "busy",
        }
    }

    /// What a status says where nobody has said more; `None` where it says nothing of the kind.
    const fn of(status: Status) -> Option<Self> {
        match status {
            Status::Unauthorized => Some(Self::Unauthorised),
            Status::PayloadTooLarge => Some(Self::TooLarge),
            Status::TooManyRequests | Status::ServiceUnavailable => Some(Self::Busy),
            _ => None,
        }
    }
}

/// The names of the classes of statuses, in the order in which they are counted.
pub(super) const CLASSES: [&str; 4] = ["2xx", "3xx", "4xx", "5xx"];

/// The requests of one row of the table of calls.
#[derive(Debug)]
pub(super) struct OfRoute {
    classes: [AtomicU64; CLASSES.len()],
    took: Histogram,
}

impl OfRoute {
    /// How many had an answer of each class of `CLASSES`.
    pub(super) fn classes(&self) -> [u64; CLASSES.len()] {
        self.classes.each_ref().map(|count| count.load(Ordering::Relaxed))
    }

    /// How long they took until their answers began.
    pub(super) fn took(&self) -> Snapshot {
        self.took.snapshot()
    }
}

/// Something that is open now, such as a connection.
#[derive(Debug, Default)]
pub(super) struct Gauge(Arc<AtomicU64>);

impl Gauge {
    /// Counts one more, as long as what is returned is held.
    pub(super) fn open(&self) -> Open {
        self.0.fetch_add(1, Ordering::Relaxed);
        Open(Arc::clone(&self.0))
    }

    /// How many are open.
    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One of what a gauge counts.
#[derive(Debug)]
pub(super) struct Open(Arc<AtomicU64>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Questions of people and programs at this device, and what became of them.
#[derive(Debug)]
pub(super) struct Questions {
    answered: AtomicU64,
    refused: AtomicU64,
    unknown: AtomicU64,
    asked: AtomicU64,
    silent: AtomicU64,
    took: Histogram,
}

impl Questions {
    /// One was answered: so many devices were asked, this one among them, so many of them answered in time, and that took so long.
    pub(super) fn answered(&self, (asked, answered): (usize, usize), took: Duration) {
        self.answered.fetch_add(1, Ordering::Relaxed);
        self.asked.fetch_add(asked as u64, Ordering::Relaxed);
        self.silent.fetch_add(asked.saturating_sub(answered) as u64, Ordering::Relaxed);
        self.took.add(millis(took));
    }

    /// One had no answer: the agent was busy, or could not.
    pub(super) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// One asked for a device or collection that is none: nothing is wrong with the agent.
    pub(super) fn unknown(&self) {
        self.unknown.fetch_add(1, Ordering::Relaxed);
    }

    /// How many were answered, how many had no answer, and how many asked for what is none.
    pub(super) fn results(&self) -> [(&'static str, u64); 3] {
        let counts = [("answered", &self.answered), ("refused", &self.refused), ("unknown", &self.unknown)];
        counts.map(|(result, count)| (result, count.load(Ordering::Relaxed)))
    }

    /// How many devices were asked in all, and how many of these answers did not come in time.
    pub(super) fn devices(&self) -> (u64, u64) {
        (self.asked.load(Ordering::Relaxed), self.silent.load(Ordering::Relaxed))
    }

    /// How long the answers took.
    pub(super) fn took(&self) -> Snapshot {
        self.took.snapshot()
    }
}

/// Texts that programs had embedded.
#[derive(Debug, Default)]
pub(super) struct Texts {
    embedded: AtomicU64,
    tokens: AtomicU64,
}

impl Texts {
    /// One was embedded, of which the model read so many tokens.
    pub(super) fn embedded(&self, tokens: usize) {
        self.embedded.fetch_add(1, Ordering::Relaxed);
        self.tokens.fetch_add(tokens as u64, Ordering::Relaxed);
    }

    /// How many were, and of how many tokens.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.embedded.load(Ordering::Relaxed), self.tokens.load(Ordering::Relaxed))
    }
}

/// All that is counted.
#[derive(Debug)]
pub(super) struct Traffic {
    /// By the number of the route; the last one has the requests that no row answers.
    routes: Box<[OfRoute]>,
    refused: [AtomicU64; Reason::ALL.len()],
    /// Connections that are served.
    pub(super) connections: Gauge,
    /// Streams of events that are open.
    pub(super) streams: Gauge,
    /// Questions at this device.
    pub(super) questions: Questions,
    /// Texts of programs.
    pub(super) texts: Texts,
}

impl Default for Traffic {
    fn default() -> Self {
        let of_route = |_| OfRoute { classes: Default::default(), took: Histogram::new(&HTTP_TOOK_MS) };
        let [answered, refused, unknown, asked, silent]: [AtomicU64; 5] = Default::default();
        Self {
            routes: (0..=HTTP_ROUTES_MAX).map(of_route).collect(),
            refused: Default::default(),
            connections: Gauge::default(),
            streams: Gauge::default(),
            questions: Questions { answered, refused, unknown, asked, silent, took: Histogram::new(&QUESTION_TOOK_MS) },
            texts: Texts::default(),
        }
    }
}

impl Traffic {
    /// A request was answered: by this row of the table of calls (`None`: by none), with this status, after so long. `reason` is why it was refused,
    /// where somebody has said so; else the status says it.
    pub(super) fn answered(&self, route: Option<usize>, status: Status, reason: Option<Reason>, took: Duration) {
        let of_none = self.routes.last();
        if let Some(row) = route.and_then(|number| self.routes.get(number)).or(of_none) {
            let class = usize::from(u16::from(status) / 100).checked_sub(2);
            if let Some(count) = class.and_then(|class| row.classes.get(class)) {
                count.fetch_add(1, Ordering::Relaxed);
            }
            row.took.add(millis(took));
        }
        let reason = reason.or(Reason::of(status));
        let number = reason.and_then(|reason| Reason::ALL.iter().position(|one| *one == reason));
        if let Some(count) = number.and_then(|number| self.refused.get(number)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What is counted of this row of the table of calls; `None`: of the requests that no row answers.
    pub(super) fn of_route(&self, route: Option<usize>) -> Option<&OfRoute> {
        route.map_or_else(|| self.routes.last(), |number| self.routes.get(number))
    }

    /// How many requests were refused for each reason.
    pub(super) fn refused(&self) -> [(&'static str, u64); Reason::ALL.len()] {
        let mut counts = self.refused.iter();
        Reason::ALL.map(|reason| (reason.name(), counts.next().map_or(0, |count| count.load(Ordering::Relaxed))))
    }
}

fn millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_counts_once_by_its_row_its_class_and_why_it_was_refused() {
        let traffic = Traffic::default();
        let count = |route, status, reason| traffic.answered(route, status, reason, Duration::from_millis(7));
        count(Some(3), Status::Ok, None);
        count(Some(3), Status::NoContent, None);
        count(Some(3), Status::Unauthorized, None);
        count(Some(3), Status::Forbidden, Some(Reason::Origin));
        count(Some(3), Status::TooManyRequests, Some(Reason::Throttled));
        count(Some(3), Status::TooManyRequests, None);
        count(Some(3), Status::ServiceUnavailable, None);
        count(Some(3), Status::InternalServerError, None);
        count(None, Status::NotFound, None);
        count(Some(usize::MAX), Status::SwitchingProtocols, None);
        let row = traffic.of_route(Some(3)).unwrap();
        assert_eq!((row.classes(), row.took().count), ([2, 0, 4, 2], 8));
        let none = traffic.of_route(None).unwrap();
        assert_eq!((none.classes(), none.took().count), ([0, 0, 1, 0], 2), "a number beyond the table is no row's");
        let refused: Vec<u64> = traffic.refused().map(|(_, count)| count).to_vec();
        assert_eq!(refused, [1, 1, 0, 0, 1, 0, 0, 2], "a 404 is no refusal, and neither is a defect");
        let names: std::collections::BTreeSet<_> = Reason::ALL.map(Reason::name).into_iter().collect();
        assert_eq!(names.len(), Reason::ALL.len());
        assert_eq!(Reason::of(Status::PayloadTooLarge), Some(Reason::TooLarge));
    }

    #[test]
    fn what_is_open_is_counted_as_long_as_it_is_held_and_questions_with_those_who_kept_silent() {
        let traffic = Traffic::default();
        let (one, two) = (traffic.connections.open(), traffic.connections.open());
        assert_eq!((traffic.connections.get(), traffic.streams.get()), (2, 0));
        drop(one);
        assert_eq!(traffic.connections.get(), 1);
        drop(two);
        assert_eq!(traffic.connections.get(), 0);
        traffic.questions.answered((4, 3), Duration::from_millis(300));
        traffic.questions.answered((1, 1), Duration::from_millis(200));
        traffic.questions.refused();
        traffic.questions.unknown();
        assert_eq!(traffic.questions.results(), [("answered", 2), ("refused", 1), ("unknown", 1)]);
        assert_eq!(traffic.questions.devices(), (5, 1));
        assert_eq!((traffic.questions.took().count, traffic.questions.took().sum_s), (2, 0.5));
        traffic.texts.embedded(12);
        traffic.texts.embedded(3);
        assert_eq!(traffic.texts.counts(), (2, 15));
    }
}
