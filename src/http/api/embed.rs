//! Texts that programs have embedded, by the calls that their clients make already: those of OpenAI, of Ollama and of
//! text-embeddings-inference.
//!
//! The thread that embeds questions does it, with questions first, and one more for each further core (`runtime::embeds`). A call is refused before
//! its body is read where `EMBED_CALLS_MAX` are answered, and takes one of these places once its body is here: one that is held back keeps nobody
//! out. A large one takes further places, which only large ones have, and members embed a part of it where that pays (`runtime::spread`). What
//! bodies take of the memory while they arrive is bounded by the number of connections.

mod ollama;
mod openai;
mod tei;

use super::misread::misread;
use super::{Api, Refused, bytes};
use crate::base::vector::Embedding;
use crate::http::answer::{json, refused};
use crate::http::shape::takes_strings;
use crate::limits::{DIMENSIONS, EMBED_BODY_MAX, EMBED_TEXTS_MAX};
use crate::runtime::embeds::{Embeds, NotEmbedded, Reading, TEXT_TOKENS_MAX};
use crate::runtime::spread::embed_all;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use trillium::{Conn, Status};

pub(crate) use {ollama::Ollama, openai::OpenAi, tei::Tei};

/// How one kind of client asks for vectors and reads them. Deserialized from the body of its call.
pub(crate) trait Dialect: DeserializeOwned + Send {
    /// What its client reads.
    type Answer: Serialize;
    /// The status where the agent has more calls than it takes at once.
    const BUSY: Status;
    /// The status where a text, or the number of texts, is too large.
    const TOO_LARGE: Status;
    /// The status where the engine failed.
    const BROKEN: Status;

    /// The texts, and how they are read.
    ///
    /// # Errors
    /// What this agent cannot do as it is asked for.
    fn wanted(&mut self, model: &str) -> Result<(Vec<String>, Reading), Refused>;

    /// The answer, with the vectors in the order of the texts and all tokens that were read.
    fn answer(self, model: &str, vectors: Vec<Embedding>, tokens: usize) -> Self::Answer;
}

/// One text or several; or numbers, which no text can be made of; or something else.
#[derive(Deserialize)]
#[serde(untagged)]
enum Input {
    One(String),
    Several(Vec<String>),
    Tokens(#[expect(dead_code, reason = "it is refused as it is")] Vec<u64>),
    TokenLists(#[expect(dead_code, reason = "it is refused as it is")] Vec<Vec<u64>>),
    /// serde would not say which field it is of.
    Other(Value),
}

impl Input {
    /// The texts of this field.
    fn texts(self, field: &str) -> Result<Vec<String>, Refused> {
        match self {
            Self::One(text) => Ok(vec![text]),
            Self::Several(texts) => Ok(texts),
            Self::Tokens(_) | Self::TokenLists(_) => Err(bad(
                "Lists of token numbers are not read, as they are of another model: send the text itself, as a string or a list of strings \
                 (LangChain: check_embedding_ctx_length=False).",
            )),
            Self::Other(sent) => Err(bad(&takes_strings(field, "some text", &sent))),
        }
    }
}

impl Api {
    /// Embeds the texts of a call.
    pub(crate) async fn embed<D: Dialect>(&self, mut conn: Conn) -> Conn {
        match self.embedded::<D>(&mut conn).await {
            Ok(answer) => json(conn, Status::Ok, &answer),
            Err((status, why)) => refused(conn, status, &why),
        }
    }

    async fn embedded<D: Dialect>(&self, conn: &mut Conn) -> Result<D::Answer, Refused> {
        let embeds = self.embeds()?;
        let busy = || (D::BUSY, "As many programs have texts embedded as this agent takes at once.".to_owned());
        embeds.room().ok_or_else(busy)?;
        let body = bytes(conn, EMBED_BODY_MAX).await?;
        let _room = embeds.room().ok_or_else(busy)?;
        let mut asked: D = serde_json::from_slice(&body).map_err(|error| bad(&misread(&error)))?;
        let length = body.len();
        drop(body);
        let (texts, reading) = asked.wanted(embeds.model())?;
        if texts.len() > EMBED_TEXTS_MAX {
            let why = format!("There are {} texts; at most {EMBED_TEXTS_MAX} are embedded in one call.", texts.len());
            return Err((D::TOO_LARGE, why));
        }
        let _more = embeds.more_room(texts.len(), length).ok_or_else(|| {
            (
                D::BUSY,
                "As many large calls are answered as this agent takes at once: send it again, or fewer texts."
                    .to_owned(),
            )
        })?;
        let (texts, order) = distinct(texts);
        let done = embed_all(&self.node, embeds, texts, reading).await;
        let done = done.map_err(|(number, why)| not_embedded::<D>(first_of(&order, number), why))?;
        done.iter().for_each(|one| self.keys.traffic().texts.embedded(one.tokens));
        let each: Vec<_> = order.iter().filter_map(|number| done.get(*number)).collect();
        let tokens = each.iter().map(|one| one.tokens).sum();
        let vectors = each.iter().map(|one| one.embedding.clone()).collect();
        Ok(asked.answer(embeds.model(), vectors, tokens))
    }

    fn embeds(&self) -> Result<&Embeds, Refused> {
        self.node.embeds().ok_or_else(|| (Status::ServiceUnavailable, "This agent has no model.".to_owned()))
    }
}

/// The texts of a call, each once, and for each place of the call the number of its text: the same text has the same vector, and 2,048 empty ones, which
/// Ollama's clients may send, are one.
fn distinct(texts: Vec<String>) -> (Vec<String>, Vec<usize>) {
    let order: Vec<usize> = {
        let mut known: BTreeMap<&str, usize> = BTreeMap::new();
        let number = |text| {
            let next = known.len();
            *known.entry(text).or_insert(next)
        };
        texts.iter().map(String::as_str).map(number).collect()
    };
    let mut next = 0;
    let is_first = |number: usize| {
        let is_first = number == next;
        next += usize::from(is_first);
        is_first
    };
    let is_first: Vec<bool> = order.iter().copied().map(is_first).collect();
    let firsts = texts.into_iter().zip(is_first).filter_map(|(text, is_first)| is_first.then_some(text));
    (firsts.collect(), order)
}

/// The first place of a call that has the text of this number.
fn first_of(order: &[usize], number: usize) -> usize {
    order.iter().position(|of| *of == number).unwrap_or(number)
}

fn not_embedded<D: Dialect>(number: usize, why: NotEmbedded) -> Refused {
    match why {
        NotEmbedded::TooLong(tokens) => (
            D::TOO_LARGE,
            format!(
                "Text {number} has {tokens} tokens, and the model reads {TEXT_TOKENS_MAX}: send it in smaller parts."
            ),
        ),
        NotEmbedded::Failed(why) => (D::BROKEN, format!("Text {number} could not be embedded: {why}.")),
        NotEmbedded::Stopped => (Status::ServiceUnavailable, "The agent is stopping.".to_owned()),
    }
}

fn bad(why: &str) -> Refused {
    (Status::BadRequest, why.to_owned())
}

/// Refuses the name of another model. Ollama's clients add a tag.
fn check_model(asked: &str, model: &str) -> Result<(), Refused> {
    if asked == model || asked.strip_suffix(":latest") == Some(model) {
        return Ok(());
    }
    Err((Status::NotFound, format!("This agent has no model of that name; its model is {model}.")))
}

/// Refuses vectors of another length.
fn check_dimensions(asked: Option<u64>) -> Result<(), Refused> {
    match asked {
        Some(asked) if asked != DIMENSIONS as u64 => {
            Err(bad(&format!("The vectors of this model have {DIMENSIONS} dimensions, and are not shortened.")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_there_again_is_embedded_once_and_has_its_place_each_time() {
        let texts = |of: &[&str]| of.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let (each, order) = distinct(texts(&["b", "", "a", "", "b", "c"]));
        assert_eq!((each, &order), (texts(&["b", "", "a", "c"]), &vec![0, 1, 2, 1, 0, 3]));
        assert_eq!([0, 1, 2, 3].map(|number| first_of(&order, number)), [0, 1, 2, 5]);
        assert_eq!(distinct(Vec::new()), (Vec::new(), Vec::new()));
        let (each, order) = distinct(vec![String::new(); EMBED_TEXTS_MAX]);
        assert_eq!((each.len(), order.len()), (1, EMBED_TEXTS_MAX));
    }
}
