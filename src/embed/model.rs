//! A model's manifest and fingerprint.
//!
//! Two devices with the same files and rules have the same fingerprint, whichever engine they run. The manifest's other
//! lines (name, revision, licence) are for people.
//!
//! There are two kinds. The small one has its weights, words' vectors among them, in one file and its vocabulary in another,
//! and its tokenizer is `WordPiece`. The other one is a single file (`model_file`) with a unigram tokenizer, a prefix for
//! questions and one for what answers them, and a mean: all vectors of such a model lie near one direction, and their signs
//! would tell little (`reader` has what is done about it).

use crate::base::fluency::Fluency;
use crate::base::id::Fingerprint;
use crate::embed::wordpiece::VocabError;
use crate::limits::{
    DIMENSIONS, MANIFEST_BYTES_MAX, MODEL_FILE_BYTES_MAX, MODEL_PREFIX_BYTES_MAX, MODEL_PREFIX_TOKENS_MAX,
    MODEL_TOKENS_MAX, VOCABULARY_FILE_BYTES_MAX,
};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use sha2::{Digest, Sha256};
use std::fmt;

pub use super::embed_key::{canonical, key, prefixed};

/// The manifest's own file name.
const MANIFEST_FILE: &str = "manifest.json";
/// The name of the weights' file.
pub const WEIGHTS_FILE: &str = "model.onnx";
/// The name of the vocabulary's file.
pub const VOCABULARY_FILE: &str = "vocab.txt";
/// The name of the file of a model that is one.
pub const MODEL_FILE: &str = "model.wme";

/// The rules that this code implements; a manifest with others is refused.
const POOLING: &str = "mean";
const NORMALISATION: &str = "l2";
const WORDPIECE: &str = "wordpiece";
const UNIGRAM: &str = "unigram";
const REFLECTED: &str = "reflected";
/// Which languages a model knows.
const ENGLISH: &str = "en";
const MANY: &str = "many";
const PREFIX_RULE: &str =
    "the heading path joined with \" > \", then a newline, then the text; the text alone when there is no heading";

/// The manifest of a model that this code can run.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest(RawManifest);

/// The manifest as written, without the lines that only people read.
#[derive(Clone, Debug, PartialEq, Deserialize)]
struct RawManifest {
    name: String,
    dimensions: usize,
    token_limit: u32,
    pooling: String,
    normalisation: String,
    prefix_rule: String,
    /// `wordpiece` where it says nothing.
    tokenizer: Option<String>,
    #[serde(default)]
    prefixes: Prefixes,
    /// What is done with the mean of its vectors.
    mean: Option<String>,
    #[serde(flatten)]
    knowledge: Knowledge,
    /// The least cosine, 0 to 1, of the vectors that two correct engines give the same text.
    cosine_threshold: f32,
    files: Files,
}

/// Which languages a model knows, and on which scale its cosines are.
#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Knowledge {
    /// `en` where it says nothing.
    languages: Option<String>,
    /// The cosine of a question and a text that have nothing in common, in thousandths; 0 where it says nothing.
    unrelated_cosine: Option<u16>,
}

/// What a model reads before a text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Prefixes {
    /// Before a question.
    pub(super) query: String,
    /// Before what may answer one.
    pub(super) passage: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Files {
    #[serde(rename = "model.onnx")]
    weights: Option<FileHash>,
    #[serde(rename = "vocab.txt")]
    vocabulary: Option<FileHash>,
    #[serde(rename = "model.wme")]
    whole: Option<FileHash>,
}

/// What a file must be.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct FileHash {
    /// Its length.
    pub(super) bytes: u64,
    /// The hash of all of it. Of a model in one file it is for people and for what makes the file: nothing here depends on it, because
    /// nothing here reads the whole file.
    #[serde(deserialize_with = "hex")]
    sha256: [u8; 32],
    /// The hash of the sums at the end of a model in one file, which is compared whenever it is opened.
    #[serde(default, deserialize_with = "some_hex")]
    pub(super) sums_sha256: Option<[u8; 32]>,
}

/// Why a model's files are refused. Nothing was loaded; the installation is faulty.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelError {
    /// The manifest is not the expected JSON; with the parser's message.
    Unreadable(String),
    /// The manifest's line of this name has a value that this code does not support.
    Unsupported(&'static str),
    /// The file of this name is not the one that the manifest describes.
    Damaged(&'static str),
    /// The file of this name has so many bytes, and the manifest describes one of so many: it was not read.
    Length(&'static str, u64, u64),
    /// The vocabulary cannot be used.
    Vocabulary(VocabError),
    /// The part of the model's file of this name cannot be used: what is wrong with it.
    Part(&'static str, &'static str),
    /// The model's file cannot be read, with the system's word.
    Unread(String),
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => write!(f, "the model's {MANIFEST_FILE} cannot be read: {why}"),
            Self::Unsupported(line) => {
                write!(f, "the model's {MANIFEST_FILE} has a \"{line}\" that this version cannot use")
            }
            Self::Damaged(file) => {
                write!(
                    f,
                    "the model's {file} is not the one that its {MANIFEST_FILE} describes: install the model again"
                )
            }
            Self::Length(file, found, due) => {
                write!(
                    f,
                    "the model's {file} is not the one that its {MANIFEST_FILE} describes: it has {found} bytes, and not {due}; \
                     install the model again"
                )
            }
            Self::Vocabulary(e) => write!(f, "the model's {VOCABULARY_FILE} cannot be used: {e}"),
            Self::Part(part, what) => write!(f, "the model's {MODEL_FILE} cannot be used: its part `{part}` {what}"),
            Self::Unread(why) => write!(f, "the model's {MODEL_FILE} cannot be read: {why}"),
        }
    }
}

impl std::error::Error for ModelError {}

impl Manifest {
    /// Reads a manifest and checks that this code can run its model.
    ///
    /// # Errors
    /// `Unreadable` or `Unsupported`: it is no manifest, or of a model for another version.
    pub fn parse(json: &[u8]) -> Result<Self, ModelError> {
        if json.len() > MANIFEST_BYTES_MAX {
            return Err(ModelError::Unreadable(format!("it has more than {MANIFEST_BYTES_MAX} bytes")));
        }
        let raw: RawManifest = serde_json::from_slice(json).map_err(|e| ModelError::Unreadable(e.to_string()))?;
        let is_one_file = raw.is_one_file();
        let prefixes = [&raw.prefixes.query, &raw.prefixes.passage];
        let own = if is_one_file { MODEL_PREFIX_TOKENS_MAX } else { 0 };
        let limits = 3..=MODEL_TOKENS_MAX + own;
        for (supported, line) in [
            (raw.dimensions == DIMENSIONS, "dimensions"),
            (limits.contains(&(raw.token_limit as usize)), "token_limit"),
            (raw.pooling == POOLING, "pooling"),
            (raw.normalisation == NORMALISATION, "normalisation"),
            (raw.prefix_rule == PREFIX_RULE, "prefix_rule"),
            ((0.0..=1.0).contains(&raw.cosine_threshold), "cosine_threshold"),
            (is_one_file || raw.tokenizer.as_deref().is_none_or(|tokenizer| tokenizer == WORDPIECE), "tokenizer"),
            (prefixes.iter().all(|prefix| prefix.len() <= MODEL_PREFIX_BYTES_MAX), "prefixes"),
            (is_one_file || prefixes.iter().all(|prefix| prefix.is_empty()), "prefixes"),
            (raw.mean.as_deref() == is_one_file.then_some(REFLECTED), "mean"),
            (raw.knowledge.languages.as_deref().is_none_or(|known| [ENGLISH, MANY].contains(&known)), "languages"),
            (raw.knowledge.has_a_scale(), "unrelated_cosine"),
            (raw.files.are_of(is_one_file), "files"),
            (raw.files.are_small(), "bytes"),
        ] {
            if !supported {
                return Err(ModelError::Unsupported(line));
            }
        }
        Ok(Self(raw))
    }

    /// The model's name, for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The most tokens that one run reads, `[CLS]` and `[SEP]` and the model's own prefix included: 3 to `MODEL_TOKENS_MAX`,
    /// and `MODEL_PREFIX_TOKENS_MAX` more for such a prefix.
    #[must_use]
    pub const fn token_limit(&self) -> usize {
        self.0.token_limit as usize
    }

    /// Compares the length of a file of this name with the manifest's, before it is read.
    ///
    /// # Errors
    /// `Length` if they differ, `Unsupported` if the model has no such file.
    pub fn check_length(&self, name: &'static str, found: u64) -> Result<(), ModelError> {
        let Files { weights, vocabulary, whole } = &self.0.files;
        let of_that = [(WEIGHTS_FILE, weights), (VOCABULARY_FILE, vocabulary), (MODEL_FILE, whole)];
        let due = of_that.into_iter().find(|(known, _)| *known == name).and_then(|(_, due)| due.as_ref());
        let due = due.ok_or(ModelError::Unsupported("files"))?.bytes;
        if found == due { Ok(()) } else { Err(ModelError::Length(name, found, due)) }
    }

    /// Compares the weights with the manifest's hash.
    ///
    /// # Errors
    /// `Damaged` if they differ.
    pub fn check_weights(&self, bytes: &[u8]) -> Result<(), ModelError> {
        let weights = self.0.files.weights.as_ref();
        weights.is_some_and(|due| due.check(bytes)).then_some(()).ok_or(ModelError::Damaged(WEIGHTS_FILE))
    }

    /// Compares the vocabulary with the manifest's hash.
    ///
    /// # Errors
    /// `Damaged` if they differ.
    pub fn check_vocabulary(&self, bytes: &[u8]) -> Result<(), ModelError> {
        let vocabulary = self.0.files.vocabulary.as_ref();
        vocabulary.is_some_and(|due| due.check(bytes)).then_some(()).ok_or(ModelError::Damaged(VOCABULARY_FILE))
    }

    /// Whether the model is one file, with a unigram tokenizer.
    #[must_use]
    pub fn is_one_file(&self) -> bool {
        self.0.is_one_file()
    }

    /// Which languages it knows.
    #[must_use]
    pub fn fluency(&self) -> Fluency {
        if self.0.knowledge.is_of_many() {
            Fluency::Many { unrelated: self.0.knowledge.unrelated_cosine.unwrap_or_default() }
        } else {
            Fluency::English
        }
    }

    /// What that file must be.
    pub(super) const fn whole(&self) -> Option<&FileHash> {
        self.0.files.whole.as_ref()
    }

    /// What the model reads before a text; nothing in a model of two files.
    pub(super) const fn prefixes(&self) -> &Prefixes {
        &self.0.prefixes
    }

    /// The least cosine, 0 to 1, of the vectors that two correct engines give the same text.
    #[must_use]
    pub const fn cosine_threshold(&self) -> f32 {
        self.0.cosine_threshold
    }

    /// The identity of the model among devices: SHA-256 over the weights' SHA-256, the vocabulary's, pooling,
    /// normalisation, token limit (u32, little-endian) and prefix rule, each after its length (u64, little-endian). A model
    /// in one file has the SHA-256 of its sums instead of the first, nothing instead of the second, and after the others
    /// `unrelated_cosine` (u16, little-endian), its tokenizer, the prefix of questions, that of what answers them, and what is done with the
    /// mean. The engine is not part
    /// of it: the vectors of different engines may be compared.
    ///
    /// Every hash in it is compared with the files before they are used. That of one whole file is not among them: to compare it, each
    /// start would read 70 MB, some seconds on an SD card, and a note of what was compared before is a file that can be lost or wrong. The
    /// sums cover every byte of the file, and are there when it is opened.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hash = Sha256::new();
        let Files { weights, vocabulary, whole } = &self.0.files;
        let sha256 = |file: &Option<FileHash>| file.as_ref().map(|file| file.sha256);
        let sums = whole.as_ref().and_then(|whole| whole.sums_sha256);
        length_prefixed(&mut hash, sha256(weights).or(sums).as_ref().map_or(&[], |sha256| &sha256[..]));
        length_prefixed(&mut hash, sha256(vocabulary).as_ref().map_or(&[], |sha256| &sha256[..]));
        length_prefixed(&mut hash, self.0.pooling.as_bytes());
        length_prefixed(&mut hash, self.0.normalisation.as_bytes());
        length_prefixed(&mut hash, &self.0.token_limit.to_le_bytes());
        length_prefixed(&mut hash, self.0.prefix_rule.as_bytes());
        if self.is_one_file() {
            // Devices compare what they make of a cosine.
            length_prefixed(&mut hash, &self.0.knowledge.unrelated_cosine.unwrap_or_default().to_le_bytes());
            for part in [UNIGRAM, &self.prefixes().query, &self.prefixes().passage, REFLECTED] {
                length_prefixed(&mut hash, part.as_bytes());
            }
        }
        Fingerprint(hash.finalize().into())
    }
}

impl Knowledge {
    fn is_of_many(&self) -> bool {
        self.languages.as_deref() == Some(MANY)
    }

    /// Whether the scale, if it says one, leaves room for cosines above it. Only a model of many languages has one.
    fn has_a_scale(&self) -> bool {
        self.unrelated_cosine.is_none_or(|unrelated| unrelated < 1000 && self.is_of_many())
    }
}

impl RawManifest {
    fn is_one_file(&self) -> bool {
        self.tokenizer.as_deref() == Some(UNIGRAM)
    }
}

impl Files {
    /// Whether they are all that a model needs: one file, or weights and a vocabulary.
    fn are_of(&self, is_one_file: bool) -> bool {
        let Self { weights, vocabulary, whole } = self;
        if is_one_file {
            whole.as_ref().is_some_and(|whole| whole.sums_sha256.is_some()) && weights.is_none() && vocabulary.is_none()
        } else {
            whole.is_none() && weights.is_some() && vocabulary.is_some()
        }
    }

    /// Whether none is larger than what is read of such a file.
    fn are_small(&self) -> bool {
        let Self { weights, vocabulary, whole } = self;
        let most =
            [(weights, MODEL_FILE_BYTES_MAX), (vocabulary, VOCABULARY_FILE_BYTES_MAX), (whole, MODEL_FILE_BYTES_MAX)];
        most.into_iter().all(|(file, most)| file.as_ref().is_none_or(|file| file.bytes <= most))
    }
}

impl FileHash {
    fn check(&self, bytes: &[u8]) -> bool {
        // The length first: a truncated file need not be hashed.
        bytes.len() as u64 == self.bytes && <[u8; 32]>::from(Sha256::digest(bytes)) == self.sha256
    }
}

/// Hashes one part after its length, so that no other division into parts gives the same hash.
pub(super) fn length_prefixed(hash: &mut Sha256, part: &[u8]) {
    hash.update((part.len() as u64).to_le_bytes());
    hash.update(part);
}

fn hex<'de, D: Deserializer<'de>>(written: D) -> Result<[u8; 32], D::Error> {
    let text = String::deserialize(written)?;
    let digits: Option<Vec<u8>> = text.bytes().map(hex_digit).collect();
    let pairs = digits.filter(|digits| digits.len() == 64).ok_or_else(|| D::Error::custom("no SHA-256 in hex"))?;
    let mut bytes = [0; 32];
    bytes.iter_mut().zip(pairs.chunks_exact(2)).for_each(|(byte, pair)| *byte = pair[0] << 4 | pair[1]);
    Ok(bytes)
}

fn some_hex<'de, D: Deserializer<'de>>(written: D) -> Result<Option<[u8; 32]>, D::Error> {
    hex(written).map(Some)
}

const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
#[path = "model_test.rs"]
mod tests;
