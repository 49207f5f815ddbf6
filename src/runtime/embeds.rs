//! Texts that programs have embedded: from the HTTP tasks to the thread that embeds questions.
//!
//! A call has one text in the queue at most, and the next one once that is done. So a question of a person waits for one text of a
//! program at most, calls take turns text by text, and the queue never holds more than a text of each call.

use crate::base::id::Fingerprint;
use crate::base::vector::Embedding;
use crate::embed::Embedder;
use crate::limits::{EMBED_CALLS_MAX, MODEL_TOKENS_MAX};
use crate::platform::panics::guard;
use smol::channel::{Receiver, Sender, bounded};
use smol::lock::{Semaphore, SemaphoreGuardArc};
use std::sync::Arc;

/// Tokens of a text that the model reads: what it adds at the begin and the end of each does not count.
pub const TEXT_TOKENS_MAX: usize = MODEL_TOKENS_MAX - 2;

/// The way to the thread that embeds. Clones lead to the same one.
#[derive(Clone, Debug)]
pub struct Embeds {
    texts: Sender<TextCall>,
    /// Room for calls.
    calls: Arc<Semaphore>,
    model: Arc<str>,
    fingerprint: Fingerprint,
}

/// How a text is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// As a question, which some models read otherwise than what may answer it.
    pub is_question: bool,
    /// Of a text that is too long the beginning is read; else it is refused.
    pub cut: bool,
}

/// One text on its way to the thread.
#[derive(Debug)]
pub struct TextCall {
    text: String,
    reading: Reading,
    /// Takes the one answer; the channel has room for it.
    reply: Sender<Result<Embedded, NotEmbedded>>,
}

/// An embedded text.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedded {
    /// Its vector.
    pub embedding: Embedding,
    /// How many tokens of it were read.
    pub tokens: usize,
}

/// Why a text was not embedded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotEmbedded {
    /// It has more tokens than the model reads: so many.
    TooLong(usize),
    /// The engine failed, for this reason.
    Failed(String),
    /// The agent is stopping.
    Stopped,
}

impl Embeds {
    /// The way to the thread that embeds with this model, and what the thread reads.
    #[must_use]
    pub fn new(model: &str, fingerprint: Fingerprint) -> (Self, Receiver<TextCall>) {
        let (texts, to_embed) = bounded(EMBED_CALLS_MAX);
        let calls = Arc::new(Semaphore::new(EMBED_CALLS_MAX));
        (Self { texts, calls, model: model.into(), fingerprint }, to_embed)
    }

    /// The model's name.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The model's fingerprint.
    #[must_use]
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Room for one call, as long as it is held; `None` while `EMBED_CALLS_MAX` calls are answered.
    #[must_use]
    pub fn room(&self) -> Option<SemaphoreGuardArc> {
        self.calls.try_acquire_arc()
    }

    /// Has a text embedded, after the questions and checks that wait.
    ///
    /// # Errors
    /// Why it was not.
    pub async fn embed(&self, text: String, reading: Reading) -> Result<Embedded, NotEmbedded> {
        let (reply, answer) = bounded(1);
        let sent = self.texts.send(TextCall { text, reading, reply }).await;
        sent.map_err(|_| NotEmbedded::Stopped)?;
        answer.recv().await.unwrap_or(Err(NotEmbedded::Stopped))
    }
}

impl TextCall {
    /// Embeds the text and answers. A panic ends this text alone.
    pub fn answer(self, embedder: &mut impl Embedder) {
        let Self { text, reading, reply } = self;
        // Safe after a panic: each text overwrites the engine's scratch memory.
        let done = guard(|| embedded(embedder, &text, reading)).unwrap_or_else(|why| Err(NotEmbedded::Failed(why)));
        // Whoever asked may have gone.
        let _ = reply.try_send(done);
    }
}

fn embedded(embedder: &mut impl Embedder, text: &str, reading: Reading) -> Result<Embedded, NotEmbedded> {
    let tokens = embedder.tokens(text);
    if tokens > TEXT_TOKENS_MAX && !reading.cut {
        return Err(NotEmbedded::TooLong(tokens));
    }
    let embedding = if reading.is_question { embedder.embed_query(text) } else { embedder.embed(text) };
    let embedding = embedding.map_err(|error| NotEmbedded::Failed(error.to_string()))?;
    Ok(Embedded { embedding, tokens: tokens.min(TEXT_TOKENS_MAX) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::stand_in::StandIn;

    #[test]
    fn a_text_comes_back_with_its_tokens_and_one_that_is_too_long_is_cut_or_refused() {
        let model = Fingerprint([7; 32]);
        let (embeds, texts) = Embeds::new("m", model);
        let ask = |text: &str, cut| {
            let asked = embeds.embed(text.to_owned(), Reading { cut, is_question: false });
            let answer = async { texts.recv().await.unwrap().answer(&mut StandIn::new(model)) };
            smol::block_on(smol::future::zip(asked, answer)).0
        };
        let two = ask("two words", false).unwrap();
        assert_eq!((two.tokens, two.embedding), (2, StandIn::new(model).embed("two words").unwrap()));
        let long = "word ".repeat(TEXT_TOKENS_MAX + 1);
        assert_eq!(ask(&long, false), Err(NotEmbedded::TooLong(TEXT_TOKENS_MAX + 1)));
        assert_eq!(ask(&long, true).unwrap().tokens, TEXT_TOKENS_MAX);
        drop(texts);
        assert_eq!(smol::block_on(embeds.embed("late".to_owned(), Reading::default())), Err(NotEmbedded::Stopped));
    }

    #[test]
    fn there_is_room_for_so_many_calls_and_it_is_free_again() {
        let (embeds, _texts) = Embeds::new("m", Fingerprint([7; 32]));
        let held: Vec<_> = std::iter::from_fn(|| embeds.room()).collect();
        assert_eq!(held.len(), EMBED_CALLS_MAX);
        drop(held);
        assert!(embeds.room().is_some());
    }
}
