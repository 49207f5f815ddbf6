//! Which model a document is embedded with, and which of its vectors count: those of its collection's model, or of the home's where the
//! collection has none. Where the file of the collection's model is not there, the home's embeds what is new, and what either made counts:
//! so nothing is embedded anew because a disk is away.

use super::keys;
use super::kv::{KvError, KvRead, Space};
use super::read::{sources, walk};
use super::record::{DocState, Document, Record, Sources};
use crate::base::collection_name::is_same;
use crate::base::id::{Fingerprint, ModelMark};

/// The home's model; `None` in a new store.
///
/// # Errors
/// Any `KvError`.
pub fn model(kv: &impl KvRead) -> Result<Option<Fingerprint>, KvError> {
    let Some(bytes) = kv.get(Space::State, keys::MODEL)? else { return Ok(None) };
    let print = bytes.try_into().map_err(|_| KvError::Damaged("the record of the model".into()))?;
    Ok(Some(Fingerprint(print)))
}

/// The path up to which all documents were looked at for vectors of another model; `None`: no look is under way.
///
/// # Errors
/// Any `KvError`.
pub fn remodel(kv: &impl KvRead) -> Result<Option<Vec<u8>>, KvError> {
    kv.get(Space::State, keys::REMODEL)
}

/// How many passages a collection has, of files that are not being removed; `None` where no watched place is of it.
///
/// # Errors
/// Any `KvError`.
pub fn passages(kv: &impl KvRead, collection: &str) -> Result<Option<u64>, KvError> {
    let sources = sources(kv)?;
    if !sources.places.iter().any(|place| is_same(&place.collection, collection)) {
        return Ok(None);
    }
    let mut passages = 0;
    walk(kv, Space::Document, |_, value| {
        let doc = Document::decode_stored(value)?;
        let is_of = sources.of(&doc.path).is_some_and(|place| is_same(&place.collection, collection));
        let counts = is_of && !doc.state.is_set_aside() && doc.state != DocState::Tombstoned;
        passages += if counts { doc.chunks.len() as u64 } else { 0 };
        Ok(())
    })?;
    Ok(Some(passages))
}

/// The further models whose files were there when they were last looked for.
///
/// # Errors
/// Any `KvError`.
pub fn there(kv: &impl KvRead) -> Result<Vec<ModelMark>, KvError> {
    let bytes = kv.get(Space::State, keys::MODELS_THERE)?.unwrap_or_default();
    Ok(bytes.as_chunks().0.iter().copied().map(ModelMark).collect())
}

/// The models that are wanted at one moment.
#[derive(Debug)]
pub struct Wanted {
    home: Option<ModelMark>,
    there: Vec<ModelMark>,
    sources: Sources,
}

impl Wanted {
    /// What a store says.
    ///
    /// # Errors
    /// Any `KvError`.
    pub fn read(kv: &impl KvRead) -> Result<Self, KvError> {
        Ok(Self { home: model(kv)?.map(ModelMark::from), there: there(kv)?, sources: sources(kv)? })
    }

    /// Whether any collection has a model of its own.
    #[must_use]
    pub fn has_settings(&self) -> bool {
        !self.sources.models.is_empty()
    }

    /// The model that a document at this path is embedded with; `None` in a new store: any.
    #[must_use]
    pub fn of(&self, path: &[u8]) -> Option<ModelMark> {
        self.set(path).filter(|mark| self.is_there(*mark)).or(self.home)
    }

    /// Whether a vector of this model counts in a document at this path.
    #[must_use]
    pub fn takes(&self, path: &[u8], model: ModelMark) -> bool {
        let is_home = self.home.is_none_or(|home| home == model);
        self.set(path).map_or(is_home, |mark| mark == model || is_home && !self.is_there(mark))
    }

    /// The model that its collection was given.
    fn set(&self, path: &[u8]) -> Option<ModelMark> {
        let source = self.sources.of(path).filter(|_| self.has_settings())?;
        self.sources.model_of(&source.collection).map(|set| set.model.fingerprint.into())
    }

    fn is_there(&self, mark: ModelMark) -> bool {
        self.home == Some(mark) || self.there.contains(&mark)
    }
}
