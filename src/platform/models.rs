//! Finds the model's files and checks them before they are used.

use crate::embed::engine::Engine;
use crate::embed::model::Manifest;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the one model that this version knows.
pub const MODEL: &str = "all-MiniLM-L6-v2";

/// The folders where models are looked for, in order.
fn folders(given: Option<&Path>) -> Vec<PathBuf> {
    if let Some(given) = given {
        return vec![given.to_owned()];
    }
    let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join("models")));
    let mut folders = vec![PathBuf::from("models")];
    folders.extend(beside);
    folders.push(PathBuf::from("/usr/share/wattle/models"));
    folders.push(PathBuf::from("/usr/share/wattle"));
    folders
}

/// The first folder that holds the model.
///
/// # Errors
/// One sentence that names every place that was tried.
pub fn find(given: Option<&Path>) -> Result<PathBuf, String> {
    let folders = folders(given);
    let candidates = folders.iter().flat_map(|folder| [folder.join(MODEL), folder.clone()]);
    let found = candidates.into_iter().find(|folder| folder.join("manifest.json").is_file());
    found.ok_or_else(|| {
        let tried: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
        format!("No model was found. Looked for {MODEL} in {}. Say where it is with --models DIR.", tried.join(", "))
    })
}

/// Reads the manifest, checks every file against it, and makes the model ready. Takes about a quarter of
/// a second on a desktop.
///
/// # Errors
/// One sentence: what is missing or damaged, and where.
pub fn load(folder: &Path) -> Result<(Engine, Manifest), String> {
    let read = |name: &str| {
        fs::read(folder.join(name))
            .map_err(|error| format!("The model file {} cannot be read: {error}.", folder.join(name).display()))
    };
    let damaged = |error: &dyn std::fmt::Display| {
        format!("The model in {} cannot be used: {error}. Copy it anew.", folder.display())
    };
    let manifest = Manifest::parse(&read("manifest.json")?).map_err(|error| damaged(&error))?;
    let vocabulary = read("vocab.txt")?;
    manifest.check_vocabulary(&vocabulary).map_err(|error| damaged(&error))?;
    let vocabulary = String::from_utf8(vocabulary).map_err(|error| damaged(&error))?;
    let engine = Engine::load(read("model.onnx")?, &vocabulary, &manifest).map_err(|error| damaged(&error))?;
    Ok((engine, manifest))
}
