//! What may be told of a search.

use crate::base::file_name;
use crate::base::hit::SearchHit;
use crate::base::id::EmbedKey;
use crate::base::vector::Quantized;
use crate::search::lexical::language::Languages;
use crate::search::lexical::terms::QueryTerms;
use crate::store::record::Chunk;
use crate::text::payload;
use std::borrow::Cow;

/// A chunk that may answer.
pub(super) struct Candidate {
    pub(super) hit: SearchHit,
    pub(super) key: EmbedKey,
    pub(super) vector: Quantized,
    pub(super) score: f32,
    /// The languages that its words are cut in, if the index knows them.
    pub(super) languages: Option<Languages>,
    pub(super) secrets: Secrets,
}

/// What is known of the secrets in a text: private keys, and what looks like one. A chunk of an older reader may have some as long as its
/// file is away, or waits to be read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secrets {
    /// It was not looked for them, so it may not be told yet.
    Unknown,
    /// It has none.
    None,
    /// They were left out of it.
    LeftOut,
}

impl Candidate {
    /// Leaves secrets out of the text, if it was not looked for them before. Gives whether some are left out now that were not before.
    pub(super) fn leave_out_secrets(&mut self, terms: &QueryTerms) -> bool {
        if self.secrets != Secrets::Unknown {
            return false;
        }
        let is_cut = leave_out(&mut self.hit.heading, &mut self.hit.text);
        self.secrets = if is_cut { Secrets::LeftOut } else { Secrets::None };
        if is_cut {
            self.count(terms);
        }
        is_cut
    }

    /// Whether it may be told, once it was looked for secrets: not if nothing else is in it, or if another device asks: what is left has not the
    /// vector that would go with it.
    pub(super) fn may_be_told(&self, shared: bool) -> bool {
        match self.secrets {
            Secrets::Unknown => false,
            Secrets::None => true,
            Secrets::LeftOut => is_left(&self.hit.text, shared),
        }
    }

    /// Counts the words of the question in it.
    pub(super) fn count(&mut self, terms: &QueryTerms) {
        let name = file_name::words(&self.hit.path);
        let parts = [&*name, &self.hit.heading, &self.hit.text];
        self.hit.frequencies = match &self.languages {
            Some(languages) => terms.count_in(languages, parts),
            None => terms.count(parts),
        };
    }
}

/// A chunk without secrets, as it may be told; `None` if that is nothing, see [`Candidate::may_be_told`].
pub(super) fn without_keys(mut chunk: Chunk, shared: bool) -> Option<Chunk> {
    let is_cut = leave_out(&mut chunk.heading, &mut chunk.text);
    (!is_cut || is_left(&chunk.text, shared)).then_some(chunk)
}

/// Leaves secrets out of both. Gives whether there were some.
fn leave_out(heading: &mut String, text: &mut String) -> bool {
    let mut is_cut = false;
    for text in [heading, text] {
        if let Cow::Owned(without) = payload::without_secrets(text) {
            *text = without;
            is_cut = true;
        }
    }
    is_cut
}

/// Whether anything is left of a text that secrets were left out of. A passage of signs alone, such as emoji, is one.
fn is_left(text: &str, shared: bool) -> bool {
    !shared && text.chars().any(char::is_alphanumeric)
}
