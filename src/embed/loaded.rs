//! The models that are loaded: the home's, and those that collections have or that made vectors which still answer. The home's is there from
//! the start; another one is loaded when it is first needed, once for all threads.

use crate::base::fluency::Fluency;
use crate::base::id::{Fingerprint, ModelMark};
use crate::base::vector::Embedding;
use crate::embed::{EmbedError, Embedder};
use crate::limits::MODELS_MAX;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Loads a model; `None` if its files are not there or cannot be used.
type Find<E> = dyn Fn(ModelMark) -> Option<E> + Send + Sync;

/// An embedder of the home's model, with those of others beside it. Clones share what is loaded.
#[derive(Clone)]
pub struct Loaded<E> {
    first: E,
    others: Vec<E>,
    shelf: Arc<Shelf<E>>,
}

/// What all threads share.
struct Shelf<E> {
    found: Mutex<Vec<E>>,
    find: Box<Find<E>>,
}

impl<E: Embedder> Loaded<E> {
    /// The embedder of the home's model, and what loads further ones.
    pub fn new(first: E, find: impl Fn(ModelMark) -> Option<E> + Send + Sync + 'static) -> Self {
        Self {
            first,
            others: Vec::new(),
            shelf: Arc::new(Shelf { found: Mutex::new(Vec::new()), find: Box::new(find) }),
        }
    }
}

impl<E: fmt::Debug> fmt::Debug for Loaded<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entry(&self.first).entries(&self.others).finish()
    }
}

impl<E: Embedder + Clone> Shelf<E> {
    /// Every other thread that needs it meanwhile waits.
    fn take(&self, model: ModelMark) -> Option<E> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = found.iter().find(|one| is_of(*one, model)) {
            return Some(known.clone());
        }
        let new = if found.len() < MODELS_MAX { (self.find)(model) } else { None }.filter(|new| is_of(new, model))?;
        found.push(new.clone());
        Some(new)
    }
}

fn is_of(embedder: &impl Embedder, model: ModelMark) -> bool {
    ModelMark::from(embedder.model()) == model
}

impl<E: Embedder + Clone> Embedder for Loaded<E> {
    fn model(&self) -> Fingerprint {
        self.first.model()
    }

    fn fluency(&self) -> Fluency {
        self.first.fluency()
    }

    fn tokens(&self, text: &str) -> usize {
        self.first.tokens(text)
    }

    fn embed(&mut self, text: &str) -> Result<Embedding, EmbedError> {
        self.first.embed(text)
    }

    fn embed_query(&mut self, question: &str) -> Result<Embedding, EmbedError> {
        self.first.embed_query(question)
    }

    fn of(&mut self, model: ModelMark) -> Option<&mut dyn Embedder> {
        if is_of(&self.first, model) {
            return Some(&mut self.first);
        }
        let at = self.others.iter().position(|one| is_of(one, model)).or_else(|| {
            self.others.push(self.shelf.take(model)?);
            Some(self.others.len() - 1)
        })?;
        self.others.get_mut(at).map(|one| one as &mut dyn Embedder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::stand_in::StandIn;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn a_further_model_is_loaded_once_for_all_threads_and_one_that_is_not_there_is_looked_for_again() {
        let [home, other, gone] = [1, 2, 3].map(|n| Fingerprint([n; 32]));
        let looks = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&looks);
        let mut one = Loaded::new(StandIn::new(home), move |mark| {
            count.fetch_add(1, Ordering::Relaxed);
            (mark == other.into()).then(|| StandIn::new(other))
        });
        let mut two = one.clone();
        assert_eq!(one.of(home.into()).unwrap().model(), home);
        assert_eq!([&mut one, &mut two].map(|loaded| loaded.of(other.into()).unwrap().model()), [other; 2]);
        assert_eq!((one.model(), looks.load(Ordering::Relaxed)), (home, 1));
        assert!(one.of(gone.into()).is_none() && two.of(gone.into()).is_none());
        assert_eq!(looks.load(Ordering::Relaxed), 3);
    }
}
