//! Which connections are served when more come than there is room for.
//!
//! A connection is a stranger until a request on it has shown the token: every program of this machine can open one and
//! say nothing. Strangers never keep the owner out. Where all slots are taken, a new connection takes that of the oldest
//! stranger that has nothing to be read; where there is none, that of the oldest connection with the token that waits for its
//! client; and where all of those are being answered, it waits.

use crate::limits::HTTP_CONNECTIONS_MAX;
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
    /// No request on it has shown the token.
    Stranger,
    /// One has, and now the agent waits for the next request.
    Waiting,
    /// One has, and the agent answers it.
    Answered,
}

#[derive(Debug)]
struct Entry {
    serial: u64,
    standing: Standing,
    stream: TcpStream,
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
}

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
                table.push(Entry { serial: *serial, standing: Standing::Stranger, stream: stream.clone() });
                Slot { serial: *serial, slots: Arc::clone(self) }
            })
        })
    }

    /// Closes the connection that is to make room; false if none may be closed now.
    async fn close_one(&self) -> bool {
        let mut candidates: Vec<(Standing, u64, TcpStream)> = self.with(|_, table| {
            let mayclose = table.iter().filter(|entry| entry.standing != Standing::Answered);
            mayclose.map(|entry| (entry.standing, entry.serial, entry.stream.clone())).collect()
        });
        candidates.sort_by_key(|(standing, serial, _)| (*standing, *serial));
        for (_, serial, stream) in candidates {
            // A request that arrived and was not read yet may show the token.
            if let Some(Ok(1..)) = poll_once(stream.peek(&mut [0])).await {
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

    fn is_closed(mut client: &std::net::TcpStream) -> bool {
        client.set_nonblocking(true).unwrap();
        matches!(client.read(&mut [0]), Ok(0))
    }

    #[test]
    fn the_oldest_silent_stranger_goes_first_and_who_has_shown_the_token_stays() {
        smol::block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let slots = Slots::new();
            let mut held = Vec::new();
            for _ in 0..HTTP_CONNECTIONS_MAX {
                let (client, stream) = connection(&listener).await;
                let slot = slots.enter(&stream).await;
                held.push((client, slot));
            }
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
    fn where_all_have_shown_the_token_one_that_is_idle_goes_and_else_a_new_one_waits() {
        smol::block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let slots = Slots::new();
            let mut held = Vec::new();
            for _ in 0..HTTP_CONNECTIONS_MAX {
                let (client, stream) = connection(&listener).await;
                let slot = slots.enter(&stream).await;
                slot.answering();
                held.push((client, slot));
            }
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
