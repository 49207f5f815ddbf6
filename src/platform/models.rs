//! The model: inside the program, or in a folder that the owner names. Its files are checked before they are used.

use crate::embed::engine::Engine;
use crate::embed::model::{Manifest, VOCABULARY_FILE, WEIGHTS_FILE};
use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the one model that this version knows, below the folder of models.
pub const MODEL: &str = "all-MiniLM-L6-v2";

/// The files of the model inside the program, which `main.rs` includes. The weights are read in place, page by page from
/// the program's file; nothing is unpacked.
#[derive(Clone, Copy, Debug)]
pub struct EmbeddedModel {
    /// manifest.json.
    pub manifest: &'static [u8],
    /// vocab.txt.
    pub vocabulary: &'static [u8],
    /// model.onnx.
    pub weights: &'static [u8],
}

/// The folder that holds the model: the given one, or a folder of its name in that.
///
/// # Errors
/// One sentence that names what was looked for.
pub fn find(given: &Path) -> Result<PathBuf, String> {
    let candidates = [given.join(MODEL), given.to_owned()];
    let found = candidates.into_iter().find(|folder| folder.join("manifest.json").is_file());
    found.ok_or_else(|| {
        format!(
            "No model was found in {}: neither manifest.json nor {MODEL}/manifest.json is there. Without --models, and \
             without the line `models` in config.toml, the model inside the program is used.",
            given.display()
        )
    })
}

/// Checks the model's files against its manifest and makes it ready: the one in this folder, or the one inside the program.
///
/// # Errors
/// One sentence: what is missing or damaged, and where.
pub fn load(folder: Option<&Path>, embedded: &EmbeddedModel) -> Result<(Engine, Manifest), String> {
    let Some(folder) = folder else {
        let EmbeddedModel { manifest, vocabulary, weights } = *embedded;
        return ready(manifest, vocabulary.to_vec(), Cow::Borrowed(weights)).map_err(|error| {
            format!("The model inside the program cannot be used: {error}. Install the program anew.")
        });
    };
    let read = |name: &str| {
        fs::read(folder.join(name))
            .map_err(|error| format!("The model file {} cannot be read: {error}.", folder.join(name).display()))
    };
    let (manifest, vocabulary) = (read("manifest.json")?, read(VOCABULARY_FILE)?);
    ready(&manifest, vocabulary, Cow::Owned(read(WEIGHTS_FILE)?))
        .map_err(|error| format!("The model in {} cannot be used: {error}. Copy it anew.", folder.display()))
}

fn ready(manifest: &[u8], vocabulary: Vec<u8>, weights: Cow<'static, [u8]>) -> Result<(Engine, Manifest), String> {
    let manifest = Manifest::parse(manifest).map_err(|error| error.to_string())?;
    manifest.check_vocabulary(&vocabulary).map_err(|error| error.to_string())?;
    let vocabulary = String::from_utf8(vocabulary).map_err(|error| error.to_string())?;
    let engine = Engine::load(weights, &vocabulary, &manifest).map_err(|error| error.to_string())?;
    Ok((engine, manifest))
}
