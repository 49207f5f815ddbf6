//! Texts that programs have embedded: from the HTTP tasks to the thread that embeds questions, and to one more for each further core.
//!
//! A call has as many texts in the queue as there are threads that embed, and the next one once its first is done. So a question of a person
//! waits for one text of a program at most, however many a call has, calls take turns text by text, a call alone has all cores, and the
//! queue never holds more than a few texts of each call.

use crate::base::id::Fingerprint;
use crate::base::vector::Embedding;
use crate::embed::Embedder;
use crate::limits::{EMBED_CALLS_MAX, EMBED_MORE_PLACES, EMBED_PLACE_BYTES, EMBED_PLACE_TEXTS, MODEL_TOKENS_MAX};
use crate::platform::panics::guard;
use smol::channel::{Receiver, Sender, bounded};
use smol::lock::{Semaphore, SemaphoreGuardArc};
use std::collections::VecDeque;
use std::sync::Arc;

/// Tokens of a text that the model reads: what it adds at the begin and the end of each does not count.
pub const TEXT_TOKENS_MAX: usize = MODEL_TOKENS_MAX - 2;

/// The way to the threads that embed. Clones lead to the same ones.
#[derive(Clone, Debug)]
pub struct Embeds {
    texts: Sender<TextCall>,
    /// Room for calls.
    calls: Arc<Semaphore>,
    /// Room for what large calls have beyond that.
    more: Arc<Semaphore>,
    /// Threads that embed, which is how many texts of a call are in the queue.
    threads: usize,
    /// Whether members may embed a part of a large call.
    spreads: bool,
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

/// One text on its way to a thread; or several, of which only the tokens are counted, which takes less.
#[derive(Debug)]
pub struct TextCall(Asked);

/// What is asked of the thread. The channel of the reply takes the one answer, and has room for it.
#[derive(Debug)]
enum Asked {
    Embed { text: String, reading: Reading, reply: Sender<Result<Embedded, NotEmbedded>> },
    Count { texts: Vec<String>, reply: Sender<Vec<usize>> },
}

/// Where the answer to one text comes.
pub(super) type TextAnswer = Receiver<Result<Embedded, NotEmbedded>>;

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
    /// The way to the one thread that embeds with this model, and what the thread reads.
    #[must_use]
    pub fn new(model: &str, fingerprint: Fingerprint) -> (Self, Receiver<TextCall>) {
        let (texts, to_embed) = bounded(EMBED_CALLS_MAX);
        let (calls, more) = (Semaphore::new(EMBED_CALLS_MAX).into(), Semaphore::new(EMBED_MORE_PLACES).into());
        (Self { texts, calls, more, threads: 1, spreads: false, model: model.into(), fingerprint }, to_embed)
    }

    /// So many threads read what is sent, at least one.
    #[must_use]
    pub fn served_by(self, threads: usize) -> Self {
        Self { threads: threads.max(1), ..self }
    }

    /// Members may embed a part of a large call, or may not, which is so if nothing is said.
    #[must_use]
    pub fn spreading(self, spreads: bool) -> Self {
        Self { spreads, ..self }
    }

    /// How many threads read what is sent.
    #[must_use]
    pub const fn threads(&self) -> usize {
        self.threads
    }

    /// Whether members may embed a part of a large call.
    #[must_use]
    pub const fn spreads(&self) -> bool {
        self.spreads
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

    /// Room for what a call of so many texts, in a body of so many bytes, takes beyond that of a small one, as long as it is held; `None` while
    /// other large calls have it.
    #[must_use]
    pub fn more_room(&self, texts: usize, bytes: usize) -> Option<Vec<SemaphoreGuardArc>> {
        let places = texts.div_ceil(EMBED_PLACE_TEXTS).max(bytes.div_ceil(EMBED_PLACE_BYTES));
        // Where one is missing, those that were taken are given back.
        (1..places).map(|_| self.more.try_acquire_arc()).collect()
    }

    /// Has a text embedded, after the questions and checks that wait.
    ///
    /// # Errors
    /// Why it was not.
    pub async fn embed(&self, text: String, reading: Reading) -> Result<Embedded, NotEmbedded> {
        answer(self.send(text, reading).await?).await
    }

    /// Has several texts embedded, and gives what they came to in their order.
    ///
    /// # Errors
    /// The number of the first text that was not embedded, and why. At most as many of the others as there are threads are embedded for nothing.
    pub async fn embed_all(&self, texts: Vec<String>, reading: Reading) -> Result<Vec<Embedded>, (usize, NotEmbedded)> {
        let (mut done, mut under_way) = (Vec::with_capacity(texts.len()), VecDeque::with_capacity(self.threads));
        let mut texts = texts.into_iter().enumerate();
        loop {
            while under_way.len() < self.threads
                && let Some((number, text)) = texts.next()
            {
                under_way.push_back(self.send(text, reading).await.map_err(|why| (number, why))?);
            }
            let Some(first) = under_way.pop_front() else { return Ok(done) };
            let embedded = answer(first).await.map_err(|why| (done.len(), why))?;
            done.push(embedded);
        }
    }

    /// Counts the tokens of texts, beyond the model's limit too.
    ///
    /// # Errors
    /// They were not counted.
    pub async fn count(&self, texts: Vec<String>) -> Result<Vec<usize>, NotEmbedded> {
        let (reply, counted) = bounded(1);
        let sent = self.texts.send(TextCall(Asked::Count { texts, reply })).await;
        sent.map_err(|_| NotEmbedded::Stopped)?;
        counted.recv().await.map_err(|_| NotEmbedded::Stopped)
    }

    /// Takes no further text, so that the threads end once those that wait are done: the agent is stopping.
    pub fn close(&self) {
        self.texts.close();
    }

    /// Queues a text, and gives where its answer comes.
    pub(super) async fn send(&self, text: String, reading: Reading) -> Result<TextAnswer, NotEmbedded> {
        let (reply, answer) = bounded(1);
        let sent = self.texts.send(TextCall(Asked::Embed { text, reading, reply })).await;
        sent.map(|()| answer).map_err(|_| NotEmbedded::Stopped)
    }
}

/// What a text came to.
pub(super) async fn answer(comes: TextAnswer) -> Result<Embedded, NotEmbedded> {
    comes.recv().await.unwrap_or(Err(NotEmbedded::Stopped))
}

impl TextCall {
    /// Embeds the text and answers. A panic ends this text alone.
    pub fn answer(self, embedder: &mut impl Embedder) {
        // Safe after a panic: each text overwrites the engine's scratch memory. Whoever asked may have gone.
        match self.0 {
            Asked::Embed { text, reading, reply } => {
                let done = guard(|| embedded(embedder, &text, reading));
                let _ = reply.try_send(done.unwrap_or_else(|why| Err(NotEmbedded::Failed(why))));
            }
            Asked::Count { texts, reply } => {
                if let Ok(counts) = guard(|| texts.iter().map(|text| embedder.tokens(text)).collect()) {
                    let _ = reply.try_send(counts);
                }
            }
        }
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
    use crate::limits::{EMBED_BODY_MAX, EMBED_TEXTS_MAX};
    use futures_lite::future::poll_once;

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
    fn a_call_of_several_texts_has_as_many_in_the_queue_as_there_are_threads_and_its_answers_keep_their_order() {
        let model = Fingerprint([7; 32]);
        let (embeds, texts) = Embeds::new("m", model);
        let embeds = embeds.served_by(2);
        let all: Vec<String> = (1..=5).map(|n| "word ".repeat(n)).collect();
        let long = [vec!["a".to_owned()], vec!["word ".repeat(TEXT_TOKENS_MAX + 1)], all.clone()].concat();
        smol::block_on(async {
            let mut call = Box::pin(embeds.embed_all(all, Reading::default()));
            let mut seen = 0;
            let embedded = loop {
                if let Some(ended) = poll_once(&mut call).await {
                    break ended.unwrap();
                }
                assert_eq!(texts.len(), (5 - seen).min(2), "{seen} are done");
                // The second before the first, as two threads may end them.
                let waiting: Vec<TextCall> = std::iter::from_fn(|| texts.try_recv().ok()).collect();
                seen += waiting.len();
                waiting.into_iter().rev().for_each(|text| text.answer(&mut StandIn::new(model)));
            };
            assert_eq!(embedded.iter().map(|one| one.tokens).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
            let refused = embeds.embed_all(long, Reading::default());
            let serve = async {
                while let Ok(text) = texts.recv().await {
                    text.answer(&mut StandIn::new(model));
                }
            };
            let told = smol::future::or(async { Some(refused.await) }, async {
                serve.await;
                None
            })
            .await;
            assert_eq!(told, Some(Err((1, NotEmbedded::TooLong(TEXT_TOKENS_MAX + 1)))));
            embeds.close();
            let late = embeds.embed_all(vec!["late".to_owned()], Reading::default()).await;
            assert_eq!(late, Err((0, NotEmbedded::Stopped)));
        });
    }

    #[test]
    fn a_large_call_takes_room_of_other_large_ones_and_none_of_small_ones() {
        let (embeds, _texts) = Embeds::new("m", Fingerprint([7; 32]));
        let largest = embeds.more_room(EMBED_TEXTS_MAX, EMBED_BODY_MAX).expect("alone it has room");
        assert!(embeds.more_room(EMBED_TEXTS_MAX, EMBED_BODY_MAX).is_none());
        assert_eq!(embeds.more_room(EMBED_PLACE_TEXTS, EMBED_PLACE_BYTES).map(|places| places.len()), Some(0));
        assert!(embeds.room().is_some(), "a call of a few texts is taken");
        let left = EMBED_MORE_PLACES - largest.len();
        assert_eq!(embeds.more_room(1, (left + 1) * EMBED_PLACE_BYTES).map(|places| places.len()), Some(left));
        assert!(embeds.more_room(1, (left + 2) * EMBED_PLACE_BYTES).is_none(), "one place is missing");
        drop(largest);
        assert!(embeds.more_room(EMBED_TEXTS_MAX, 0).is_some(), "what it took is free again");
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
