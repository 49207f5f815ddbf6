//! Which connections are served when more come than there is room for.
//!
//! A connection is a stranger until a request on it has shown the token: every program of this machine can open one and
//! say nothing. Strangers never keep the owner out. Where all slots are taken, a new connection takes that of one that was refused and
//! is only drained; else that of the oldest stranger that has nothing to be read; else that of a request with the token whose body lags: of
//! the one that has waited longest for what it counts for, as every byte that arrives gives it time; else that of the oldest
//! connection with the token that waits for its client; else that of a request whose body has just begun to arrive. Only where all
//! are being answered, it waits.

use super::arrival::{Arrival, lags};
use crate::base::time::Instant;
use crate::limits::HTTP_CONNECTIONS_MAX;
use crate::platform::clock;
use async_net::TcpStream;
use futures_lite::future::poll_once;
use smol::Timer;
use smol::channel::{Receiver, Sender, bounded};
use smol::future::or;
use std::net::Shutdown;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a connection without a slot waits before it looks again: what was unread is read by then.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// What is known of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// It was refused, and what its client still sends is thrown away.
    Drained,
    /// No request on it has shown the token.
    Stranger,
    /// A request with the token lags: its body does not come as fast as one must.
    Lagging,
    /// One has, and now the agent waits for the next request.
    Waiting,
    /// A request with the token is arriving.
    Arriving,
    /// One has, and the agent answers it.
    Answered,
}

#[derive(Debug)]
struct Entry {
    serial: u64,
    standing: Standing,
    stream: TcpStream,
    arrival: Arrival,
}

impl Entry {
    /// Its standing, and what decides among several of the same: since when a client is waited for, and how old it is.
    fn rank(&self, now: Instant) -> (Standing, Instant, u64) {
        let (standing, from) = match (self.standing, self.arrival.awaited_from()) {
            (Standing::Answered, Some(from)) if lags(from, now) => (Standing::Lagging, from),
            (Standing::Answered, Some(from)) => (Standing::Arriving, from),
            (standing, _) => (standing, Instant::ZERO),
        };
        (standing, from, self.serial)
    }
}

/// The table of served connections, oldest first.
#[derive(Debug)]
pub(super) struct Slots {
    table: Mutex<(u64, Vec<Entry>)>,
    freed: (Sender<()>, Receiver<()>),
}

/// The place of one connection in the table; dropping it frees the place.
#[derive(Debug)]
pub(super) struct Slot {
    serial: u64,
    slots: Arc<Slots>,
    arrival: Arrival,
}

/// The place of a connection, for whoever answers a request on it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    serial: u64,
    slots: Arc<Slots>,
}

/// A stranger's connection that gives way to no other until this is dropped.
#[derive(Debug)]
pub(super) struct Held(Place);

impl Slots {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { table: Mutex::new((0, Vec::new())), freed: bounded(1) })
    }

    /// The slot of a new connection, as soon as there is one.
    pub(super) async fn enter(self: &Arc<Self>, stream: &TcpStream) -> Slot {
        loop {
            if let Some(slot) = self.take(stream) {
                return slot;
            }
            if !self.close_one().await {
                let freed = async {
                    let _ = self.freed.1.recv().await;
                };
                or(freed, async {
                    Timer::after(LOOK_AGAIN).await;
                })
                .await;
            }
        }
    }

    fn take(self: &Arc<Self>, stream: &TcpStream) -> Option<Slot> {
        self.with(|serial, table| {
            (table.len() < HTTP_CONNECTIONS_MAX).then(|| {
                *serial += 1;
                let (standing, arrival) = (Standing::Stranger, Arrival::default());
                table.push(Entry { serial: *serial, standing, stream: stream.clone(), arrival: arrival.clone() });
                Slot { serial: *serial, slots: Arc::clone(self), arrival }
            })
        })
    }

    /// Closes the connection that is to make room; false if none may be closed now.
    async fn close_one(&self) -> bool {
        let now = clock::now();
        let mut candidates: Vec<((Standing, Instant, u64), TcpStream)> = self.with(|_, table| {
            let ranked = table.iter().map(|entry| (entry.rank(now), entry.stream.clone()));
            ranked.filter(|((standing, ..), _)| *standing != Standing::Answered).collect()
        });
        candidates.sort_by_key(|(rank, _)| *rank);
        for ((standing, _, serial), stream) in candidates {
            // A request that arrived and was not read yet may show the token, and a body may be whole now.
            let is_unread = async || matches!(poll_once(stream.peek(&mut [0])).await, Some(Ok(1..)));
            if standing != Standing::Drained && is_unread().await {
                continue;
            }
            // Its task sees the end of the stream, as if the client had gone.
            let _ = stream.shutdown(Shutdown::Both);
            self.leave(serial);
            return true;
        }
        false
    }

    fn leave(&self, serial: u64) {
        self.with(|_, table| table.retain(|entry| entry.serial != serial));
        let _ = self.freed.0.try_send(());
    }

    fn with<T>(&self, then: impl FnOnce(&mut u64, &mut Vec<Entry>) -> T) -> T {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let (serial, entries) = &mut *table;
        then(serial, entries)
    }
}

impl Slot {
    /// What is known of the request that arrives on it; its stream tells.
    pub(super) fn arrival(&self) -> Arrival {
        self.arrival.clone()
    }

    /// It was refused or has ended, and is only drained.
    pub(super) fn drained(&self) {
        self.stand(Standing::Drained);
    }

    /// A request on it has shown the token and is being answered.
    pub(super) fn answering(&self) {
        self.stand(Standing::Answered);
    }

    /// Its request is answered.
    pub(super) fn answered(&self) {
        self.slots.with(|_, table| {
            let entry = table.iter_mut().find(|entry| entry.serial == self.serial);
            if let Some(entry) = entry.filter(|entry| entry.standing == Standing::Answered) {
                entry.standing = Standing::Waiting;
            }
        });
    }

    fn stand(&self, standing: Standing) {
        self.slots.with(|_, table| {
            if let Some(entry) = table.iter_mut().find(|entry| entry.serial == self.serial) {
                entry.standing = standing;
            }
        });
    }
}

impl Slot {
    /// The place of its connection.
    pub(super) fn place(&self) -> Place {
        Place { serial: self.serial, slots: Arc::clone(&self.slots) }
    }
}

impl Place {
    /// Keeps the connection of a stranger while a secret of it is looked at: else a flood of connections would close those whose people sign in. Of as many
    /// as are looked at or wait for that, which are few. `None`: it is no stranger's, or is gone.
    pub(super) fn hold(&self) -> Option<Held> {
        let held = self.turned(Standing::Stranger, Standing::Answered);
        held.then(|| Held(self.clone()))
    }

    /// Whether it stood so, and stands otherwise now.
    fn turned(&self, from: Standing, to: Standing) -> bool {
        self.slots.with(|_, table| {
            match table.iter_mut().find(|entry| entry.serial == self.serial && entry.standing == from) {
                Some(entry) => {
                    entry.standing = to;
                    true
                }
                None => false,
            }
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.turned(Standing::Answered, Standing::Stranger);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.leave(self.serial);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_net::TcpListener;
    use std::io::{Read, Write};

    /// Two ends of a connection: the client's, and the agent's.
    async fn connection(listener: &TcpListener) -> (std::net::TcpStream, TcpStream) {
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (client, listener.accept().await.unwrap().0)
    }

    /// As many connections as are served, each with its client's end.
    async fn full(listener: &TcpListener, slots: &Arc<Slots>) -> Vec<(std::net::TcpStream, Slot)> {
        let mut held = Vec::new();
        for _ in 0..HTTP_CONNECTIONS_MAX {
            let (client, stream) = connection(listener).await;
            held.push((client, slots.enter(&stream).await));
        }
        held
    }

    fn is_closed(mut client: &std::net::TcpStream) -> bool {
        client.set_nonblocking(true).unwrap();
        matches!(client.read(&mut [0]), Ok(0))
    }

    #[test]
    fn the_oldest_silent_stranger_goes_first_and_who_has_shown_the_token_stays() {
        smol::block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let slots = Slots::new();
            let mut held = full(&listener, &slots).await;
            held[0].1.answering();
            held[1].1.answering();
            held[1].1.answered();
            held[2].0.write_all(b"G").unwrap();
            // The byte arrives at the other end of the loopback at once, but let it.
            Timer::after(Duration::from_millis(20)).await;
            let (_new, stream) = connection(&listener).await;
            let _slot = slots.enter(&stream).await;
            let closed: Vec<usize> =
                held.iter().enumerate().filter(|(_, (client, _))| is_closed(client)).map(|(at, _)| at).collect();
            assert_eq!(closed, [3], "0 is answered, 1 has the token, 2 has sent something");
        });
    }

    #[test]
    fn a_stranger_whose_secret_is_looked_at_stays_and_is_one_like_all_others_afterwards() {
        smol::block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let slots = Slots::new();
            let held = full(&listener, &slots).await;
            let (looked_at, owner) = (held[0].1.place().hold().unwrap(), held[1].1.place());
            held[1].1.answering();
            assert!(owner.hold().is_none(), "who has shown the token keeps its own standing");
            let (_one, stream) = connection(&listener).await;
            let _first = slots.enter(&stream).await;
            assert!(!is_closed(&held[0].0) && is_closed(&held[2].0));
            drop(looked_at);
            held[0].1.answered();
            let (_other, stream) = connection(&listener).await;
            let _second = slots.enter(&stream).await;
            assert!(is_closed(&held[0].0) && !is_closed(&held[1].0));
        });
    }

    #[test]
    fn the_request_that_has_waited_longest_for_its_body_gives_way_and_one_that_is_answered_does_not() {
        smol::block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let slots = Slots::new();
            let mut held = full(&listener, &slots).await;
            held.iter().for_each(|(_, slot)| slot.answering());
            let now = clock::now();
            for (at, ago) in [(5, 2), (6, 9), (7, 8), (8, 10)] {
                held[at].1.arrival().awaits(now - Duration::from_secs(ago));
            }
            // However slow this test is, 10 does not lag meanwhile.
            held[10].1.arrival().awaits(now + Duration::from_secs(3600));
            held[8].1.arrival().is_here();
            held[9].1.answered();
            let (mut closed, mut newer) = (Vec::new(), Vec::new());
            for _ in 0..5 {
                let (new, stream) = connection(&listener).await;
                let slot = slots.enter(&stream).await;
                slot.answering();
                let open = |at: &usize| !closed.contains(at) && is_closed(&held[*at].0);
                let gone: Vec<usize> = (0..HTTP_CONNECTIONS_MAX).filter(open).collect();
                closed.extend(gone);
                newer.push((new, slot));
            }
            assert_eq!(closed, [6, 7, 5, 9, 10], "8 is being answered, and what 10 sends has just begun to arrive");
            held[20].1.drained();
            held[20].0.write_all(&[b'x'; 100]).unwrap();
            let (_new, stream) = connection(&listener).await;
            let _slot = slots.enter(&stream).await;
            let mut all = [0; 1];
            held[20].0.set_nonblocking(false).unwrap();
            assert!(!matches!(held[20].0.read(&mut all), Ok(1..)), "whose bytes are thrown away keeps nobody out");
        });
    }

    #[test]
    fn where_all_have_shown_the_token_one_that_is_idle_goes_and_else_a_new_one_waits() {
        smol::block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let slots = Slots::new();
            let mut held = full(&listener, &slots).await;
            held.iter().for_each(|(_, slot)| slot.answering());
            held[7].1.answered();
            let (_a, stream) = connection(&listener).await;
            let first = slots.enter(&stream).await;
            first.answering();
            assert!(is_closed(&held[7].0) && !is_closed(&held[6].0));
            let (_b, stream) = connection(&listener).await;
            let waiting = async {
                Timer::after(Duration::from_millis(50)).await;
                held.truncate(HTTP_CONNECTIONS_MAX - 1);
            };
            let (_slot, ()) = smol::future::zip(slots.enter(&stream), waiting).await;
        });
    }
}
