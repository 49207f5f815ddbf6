//! A model's manifest and fingerprint.
//!
//! Two devices with the same files and rules have the same fingerprint, whichever engine they run. The manifest's other
//! lines (name, revision, licence) are for people.

use crate::base::id::Fingerprint;
use crate::embed::wordpiece::VocabError;
use crate::limits::{DIMENSIONS, MANIFEST_BYTES_MAX, MODEL_TOKENS_MAX};
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

/// The rules that this code implements; a manifest with others is refused.
const POOLING: &str = "mean";
const NORMALISATION: &str = "l2";
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
    /// The least cosine, 0 to 1, of the vectors that two correct engines give the same text.
    cosine_threshold: f32,
    files: Files,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Files {
    #[serde(rename = "model.onnx")]
    weights: FileHash,
    #[serde(rename = "vocab.txt")]
    vocabulary: FileHash,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct FileHash {
    bytes: u64,
    #[serde(deserialize_with = "hex")]
    sha256: [u8; 32],
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
    /// The vocabulary cannot be used.
    Vocabulary(VocabError),
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
            Self::Vocabulary(e) => write!(f, "the model's {VOCABULARY_FILE} cannot be used: {e}"),
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
        let limits = 3..=MODEL_TOKENS_MAX;
        for (supported, line) in [
            (raw.dimensions == DIMENSIONS, "dimensions"),
            (limits.contains(&(raw.token_limit as usize)), "token_limit"),
            (raw.pooling == POOLING, "pooling"),
            (raw.normalisation == NORMALISATION, "normalisation"),
            (raw.prefix_rule == PREFIX_RULE, "prefix_rule"),
            ((0.0..=1.0).contains(&raw.cosine_threshold), "cosine_threshold"),
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

    /// The most tokens that one run reads, `[CLS]` and `[SEP]` included: 3 to `MODEL_TOKENS_MAX`.
    #[must_use]
    pub const fn token_limit(&self) -> usize {
        self.0.token_limit as usize
    }

    /// Compares the weights with the manifest's hash.
    ///
    /// # Errors
    /// `Damaged` if they differ.
    pub fn check_weights(&self, bytes: &[u8]) -> Result<(), ModelError> {
        self.0.files.weights.check(bytes).then_some(()).ok_or(ModelError::Damaged(WEIGHTS_FILE))
    }

    /// Compares the vocabulary with the manifest's hash.
    ///
    /// # Errors
    /// `Damaged` if they differ.
    pub fn check_vocabulary(&self, bytes: &[u8]) -> Result<(), ModelError> {
        self.0.files.vocabulary.check(bytes).then_some(()).ok_or(ModelError::Damaged(VOCABULARY_FILE))
    }

    /// The least cosine, 0 to 1, of the vectors that two correct engines give the same text.
    #[must_use]
    pub const fn cosine_threshold(&self) -> f32 {
        self.0.cosine_threshold
    }

    /// The identity of the model among devices: SHA-256 over the weights' SHA-256, the vocabulary's, pooling,
    /// normalisation, token limit (u32, little-endian) and prefix rule, each after its length (u64, little-endian). The
    /// engine is not part of it: the vectors of different engines may be compared.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hash = Sha256::new();
        length_prefixed(&mut hash, &self.0.files.weights.sha256);
        length_prefixed(&mut hash, &self.0.files.vocabulary.sha256);
        length_prefixed(&mut hash, self.0.pooling.as_bytes());
        length_prefixed(&mut hash, self.0.normalisation.as_bytes());
        length_prefixed(&mut hash, &self.0.token_limit.to_le_bytes());
        length_prefixed(&mut hash, self.0.prefix_rule.as_bytes());
        Fingerprint(hash.finalize().into())
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

const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(changes: &[(&str, &str)]) -> String {
        let sha = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let whole = serde_json::json!({
            "name": "tiny", "revision": "1", "dimensions": DIMENSIONS, "token_limit": 256, "pooling": "mean",
            "normalisation": "l2", "prefix_rule": PREFIX_RULE, "cosine_threshold": 0.98, "licence": "none",
            "files": {
                "model.onnx": {"bytes": 2, "sha256": sha(b"ab")}, "vocab.txt": {"bytes": 1, "sha256": sha(b"c")},
            },
        });
        changes.iter().fold(whole.to_string(), |text, (from, to)| text.replace(from, to))
    }

    fn manifest(changes: &[(&str, &str)]) -> Result<Manifest, ModelError> {
        Manifest::parse(text(changes).as_bytes())
    }

    #[test]
    fn a_manifest_is_read_and_checks_its_files_against_their_hashes() {
        let manifest = manifest(&[]).unwrap();
        assert_eq!((manifest.name(), manifest.token_limit()), ("tiny", 256));
        assert_eq!(manifest.check_weights(b"ab"), Ok(()));
        assert_eq!(manifest.check_weights(b"ax"), Err(ModelError::Damaged(WEIGHTS_FILE)));
        assert_eq!(manifest.check_weights(b"a"), Err(ModelError::Damaged(WEIGHTS_FILE)));
        assert_eq!(manifest.check_vocabulary(b"c"), Ok(()));
        assert_eq!(manifest.check_vocabulary(b""), Err(ModelError::Damaged(VOCABULARY_FILE)));
    }

    #[test]
    fn the_refusal_of_an_unsupported_manifest_names_the_line() {
        assert_eq!(manifest(&[("\"mean\"", "\"cls\"")]), Err(ModelError::Unsupported("pooling")));
        assert_eq!(manifest(&[(":256", ":512")]), Err(ModelError::Unsupported("token_limit")));
        assert_eq!(manifest(&[("384", "768")]), Err(ModelError::Unsupported("dimensions")));
        assert_eq!(manifest(&[("0.98", "98")]), Err(ModelError::Unsupported("cosine_threshold")));
    }

    #[test]
    fn a_damaged_manifest_is_refused() {
        assert!(matches!(Manifest::parse(b"{"), Err(ModelError::Unreadable(_))));
        assert!(matches!(Manifest::parse(&vec![b' '; MANIFEST_BYTES_MAX + 1]), Err(ModelError::Unreadable(_))));
        assert!(matches!(manifest(&[("sha256\":\"", "sha256\":\"0")]), Err(ModelError::Unreadable(_))));
    }

    #[test]
    fn the_fingerprint_depends_on_the_model_and_not_on_its_name() {
        let plain = manifest(&[]).unwrap().fingerprint();
        assert_eq!(manifest(&[("tiny", "other"), ("0.98", "0.97")]).unwrap().fingerprint(), plain);
        assert_ne!(manifest(&[(":256", ":128")]).unwrap().fingerprint(), plain);
        assert_ne!(manifest(&[("sha256\":\"2e", "sha256\":\"3e")]).unwrap().fingerprint(), plain);
    }
}
