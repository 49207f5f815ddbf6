//! The bitswap exchange with one peer: it names blocks on streams of its own, and is answered on streams of this agent's.
//!
//! Read-only: this agent answers, wants nothing, and takes no block. Each message that arrives changes the table of what the peer
//! wants (`wants`); one task for each peer makes answers of it (`block_server`), one at a time, and writes each before it makes the next, so a slow peer holds one
//! answer in memory. The stream of the answers ends as soon as nothing is wanted: helia gives one up that is silent for ten seconds.
//!
//! Whoever has a right to a link, and every guest, is served alike once the owner has switched it on (`ipfs.bitswap`); guests within a budget that
//! they share. What is served is public.

use super::block_server::BlockServer;
use super::stream::{Stream, Streams, finish, within};
use super::wants::Wants;
use crate::base::time::Instant;
use crate::limits::{BITSWAP_COLLECTED_MAX, BITSWAP_MESSAGE_MAX, BITSWAP_MESSAGE_MS};
use crate::platform::clock;
use crate::wire::bitswap::{BITSWAP, Message};
use crate::wire::frame::Decoder;
use crate::wire::varint;
use log::debug;
use smol::channel::{Receiver, Sender};
use smol::io::{AsyncBufReadExt, AsyncWriteExt};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The exchange with one peer. Clones are of the same one.
#[derive(Clone)]
pub(super) struct BitswapSession {
    state: Arc<State>,
}

struct State {
    server: Arc<BlockServer>,
    wants: Arc<Mutex<Wants>>,
    /// Has an item once something is wanted.
    asked: (Sender<()>, Receiver<()>),
    /// Bytes of half-sent messages.
    collected: AtomicUsize,
    /// When the peer was sent a block last.
    sent_at: Mutex<Option<Instant>>,
}

/// Bytes of a half-sent message that are counted until it is dropped.
struct Collected<'a> {
    total: &'a AtomicUsize,
    bytes: usize,
}

impl Collected<'_> {
    fn add(&mut self, bytes: usize) -> Result<(), &'static str> {
        self.bytes += bytes;
        let before = self.total.fetch_add(bytes, Ordering::Relaxed);
        if before + bytes > BITSWAP_COLLECTED_MAX { Err("it sends too much at once") } else { Ok(()) }
    }
}

impl Drop for Collected<'_> {
    fn drop(&mut self) {
        self.total.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl BitswapSession {
    pub(super) fn new(server: Arc<BlockServer>) -> Self {
        let (wants, sent_at) = (Arc::default(), Mutex::default());
        let state = State { server, wants, asked: smol::channel::bounded(1), collected: AtomicUsize::new(0), sent_at };
        Self { state: Arc::new(state) }
    }

    /// When the peer was sent a block last.
    pub(super) fn sent_at(&self) -> Option<Instant> {
        *self.state.sent_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wants(&self) -> MutexGuard<'_, Wants> {
        self.state.wants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the messages on a stream of the peer until it ends it. An error ends the stream.
    pub(super) async fn receive(&self, stream: &mut Stream) -> Result<(), String> {
        let mut decoder = Decoder::new(BITSWAP_MESSAGE_MAX);
        let limit = Duration::from_millis(BITSWAP_MESSAGE_MS);
        // Between two messages a stream may be silent.
        while !stream.fill_buf().await.map_err(|error| error.to_string())?.is_empty() {
            let message =
                within(limit, self.collect(stream, &mut decoder)).await.ok_or("a message took too long")??;
            self.take(&message)?;
        }
        Ok(())
    }

    async fn collect(&self, stream: &mut Stream, decoder: &mut Decoder) -> Result<Vec<u8>, String> {
        let mut collected = Collected { total: &self.state.collected, bytes: 0 };
        loop {
            let input = stream.fill_buf().await.map_err(|error| error.to_string())?;
            if input.is_empty() {
                return Err("it ended within a message".to_owned());
            }
            let (used, message) = decoder.feed(input).map_err(|why| why.to_string())?;
            stream.consume(used);
            collected.add(used)?;
            if let Some(message) = message {
                return Ok(message);
            }
        }
    }

    fn take(&self, bytes: &[u8]) -> Result<(), String> {
        let message = Message::decode(bytes).map_err(|_| "a message could not be read")?;
        let left_out = self.wants().take(&message);
        if left_out > 0 {
            debug!("{left_out} wants of a peer were not noted: it waits for as many blocks as it may.");
        }
        // If there is an item already, the task has not seen it yet.
        let _ = self.state.asked.0.try_send(());
        Ok(())
    }

    /// Answers what is asked, for as long as the connection is up. `limited`: within the budget of guests.
    pub(super) async fn answer(self, streams: Streams, limited: bool) {
        while self.state.asked.1.recv().await.is_ok() {
            let mut open = None;
            while let Some(answer) = self.state.server.answer(&self.state.wants, limited).await {
                if answer.message.is_empty() {
                    continue;
                }
                let limit = Duration::from_millis(BITSWAP_MESSAGE_MS);
                let written = within(limit, write(open.take(), &streams, &answer.message)).await;
                match written.unwrap_or_else(|| Err("it reads too slowly".to_owned())) {
                    Ok(stream) => open = Some(stream),
                    Err(why) => {
                        // It takes no answers, so it is looked up nothing.
                        debug!("An answer with {} blocks was not sent: {why}.", answer.blocks);
                        self.wants().clear();
                        continue;
                    }
                }
                if answer.blocks > 0 {
                    *self.state.sent_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(clock::now());
                }
            }
            if let Some(stream) = open {
                finish(stream).await;
            }
        }
    }
}

/// Writes a message to the open stream, or to a new one.
async fn write(open: Option<Stream>, streams: &Streams, message: &[u8]) -> Result<Stream, String> {
    let mut stream = match open {
        Some(stream) => stream,
        None => streams.open(BITSWAP).await?,
    };
    let mut head = Vec::new();
    varint::put(&mut head, message.len() as u64);
    for part in [&head[..], message] {
        stream.write_all(part).await.map_err(|error| error.to_string())?;
    }
    stream.flush().await.map_err(|error| error.to_string())?;
    Ok(stream)
}

#[cfg(test)]
mod tests;
