//! The model: inside the program, or in a folder that the owner names. Its files are checked before they are used.

use crate::embed::engine::Engine;
use crate::embed::model::{MODEL_FILE, Manifest, VOCABULARY_FILE, WEIGHTS_FILE};
use crate::embed::model_file::Bytes;
use crate::platform::regular;
use std::borrow::Cow;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder of the model of English, below a folder of models. It is inside the program too.
pub const MODEL: &str = "all-MiniLM-L6-v2";

/// The folder of the model of many languages.
pub const MULTILINGUAL: &str = "wattle-e5-s6";

/// What makes that model, in the sources of this program.
pub const MAKE_MULTILINGUAL: &str = "scripts/make-multilingual-model";

/// The files of the model inside the program, which `main.rs` includes. Nothing is unpacked to the disk.
#[derive(Clone, Copy, Debug)]
pub struct EmbeddedModel {
    /// manifest.json.
    pub manifest: &'static [u8],
    /// vocab.txt.
    pub vocabulary: &'static [u8],
    /// model.onnx.
    pub weights: &'static [u8],
}

/// A model's file, of which parts are read when they are needed.
struct OpenFile(fs::File);

impl Bytes for OpenFile {
    fn length(&self) -> Result<u64, String> {
        self.0.metadata().map(|about| about.len()).map_err(|error| error.to_string())
    }

    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), String> {
        self.0.read_exact_at(into, at).map_err(|error| error.to_string())
    }
}

/// The folder that holds the model: the given one, or a folder of a known model in that.
///
/// # Errors
/// One sentence that names what was looked for.
pub fn find(given: &Path) -> Result<PathBuf, String> {
    let candidates = [given.join(MODEL), given.join(MULTILINGUAL), given.to_owned()];
    let found = candidates.into_iter().find(|folder| folder.join("manifest.json").is_file());
    found.ok_or_else(|| {
        format!(
            "No model was found in {}: neither manifest.json nor {MODEL}/manifest.json nor {MULTILINGUAL}/manifest.json is \
             there. Without --models, and without the line `models` in config.toml, the model inside the program is used.",
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
        let weights = from_program(weights).map_or(Cow::Borrowed(weights), Cow::Owned);
        return ready(manifest, vocabulary.to_vec(), weights).map_err(|error| {
            format!("The model inside the program cannot be used: {error}. Install the program anew.")
        });
    };
    let read = |name: &str| {
        regular::read(&folder.join(name), usize::MAX)
            .map_err(|error| format!("The model file {} cannot be read: {error}.", folder.join(name).display()))
    };
    let manifest = read("manifest.json")?;
    let cannot =
        |error: String, then: &str| format!("The model in {} cannot be used: {error}. {then}", folder.display());
    let parsed = Manifest::parse(&manifest).map_err(|error| cannot(error.to_string(), "Copy it anew."))?;
    if parsed.is_one_file() {
        let path = folder.join(MODEL_FILE);
        let anew = format!("`{MAKE_MULTILINGUAL}`, in the sources of this program, makes it anew.");
        let file = regular::open(&path, fs::OpenOptions::new().read(true))
            .map_err(|error| format!("The model file {} cannot be read: {error}. {anew}", path.display()))?;
        let engine =
            Engine::open(Arc::new(OpenFile(file)), &parsed).map_err(|error| cannot(error.to_string(), &anew))?;
        return Ok((engine, parsed));
    }
    let vocabulary = read(VOCABULARY_FILE)?;
    ready(&manifest, vocabulary, Cow::Owned(read(WEIGHTS_FILE)?))
        .map_err(|error| format!("The model in {} cannot be used: {error}. Copy it anew.", folder.display()))
}

/// The same bytes, read from the program's file. Reading them where they are mapped would leave all their pages in the
/// agent's memory for good (23 MiB resident, measured); this buffer is freed as soon as the engine has built its own form of
/// them. `None` where the system does not show the mapping: then the mapped bytes are used.
fn from_program(bytes: &[u8]) -> Option<Vec<u8>> {
    let address = bytes.as_ptr().addr();
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    // A line of proc_pid_maps(5) is "begin-end permissions offset device inode path", in hex.
    let offset = maps.lines().find_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let (begin, end) = fields.next()?.split_once('-')?;
        let (begin, end) = (usize::from_str_radix(begin, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
        let offset = u64::from_str_radix(fields.nth(1)?, 16).ok()?;
        (begin..end).contains(&address).then(|| offset + (address - begin) as u64)
    })?;
    let mut read = vec![0; bytes.len()];
    fs::File::open("/proc/self/exe").ok()?.read_exact_at(&mut read, offset).ok()?;
    // Both ends are compared here, and everything with the manifest's hash when it is loaded.
    let ends = [0..bytes.len().min(64), bytes.len().saturating_sub(64)..bytes.len()];
    ends.into_iter().all(|end| read[end.clone()] == bytes[end]).then_some(read)
}

fn ready(manifest: &[u8], vocabulary: Vec<u8>, weights: Cow<'static, [u8]>) -> Result<(Engine, Manifest), String> {
    let manifest = Manifest::parse(manifest).map_err(|error| error.to_string())?;
    manifest.check_vocabulary(&vocabulary).map_err(|error| error.to_string())?;
    let vocabulary = String::from_utf8(vocabulary).map_err(|error| error.to_string())?;
    let engine = Engine::load(weights, &vocabulary, &manifest).map_err(|error| error.to_string())?;
    Ok((engine, manifest))
}

#[cfg(test)]
mod tests {
    use super::*;

    static INCLUDED: &[u8] = include_bytes!("models.rs");

    #[test]
    fn what_is_inside_the_program_is_read_from_its_file() {
        assert_eq!(from_program(INCLUDED).unwrap(), INCLUDED);
        let heap = "x".repeat(100);
        assert_eq!(from_program(heap.as_bytes()), None, "the heap is no part of the program's file");
    }

    #[test]
    fn a_folder_without_a_model_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let why = find(folder.path()).unwrap_err();
        assert!(why.contains(folder.path().to_str().unwrap()) && why.contains("No model was found"), "{why}");
    }
}
