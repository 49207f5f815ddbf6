//! The vectors of texts, kept in a file from one run to the next.
//!
//! The file begins with a line that tells its form and with the model's fingerprint. A record of fixed size follows for each
//! text: its embed key, the numbers of its vector, and a checksum. Records are only ever added, so that a run that was killed leaves
//! at most one that is not whole; it and damaged ones are as if they were not there. A run that adds some holds the file's lock.

use crate::base::id::{EmbedKey, Fingerprint};
use crate::base::span::span;
use crate::base::vector::Embedding;
use crate::embed::Embedder;
use crate::embed::reader::Side;
use crate::limits::{DIMENSIONS, EVAL_PROGRESS_S, EVAL_THREADS};
use crate::platform::clock;
use crate::platform::regular;
use crate::platform::stdout::note;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, Error, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

const FORM: &[u8] = b"wattle eval vectors 1\n";
const HEAD: usize = FORM.len() + 32;
const KEY: usize = 16;
const CHECKSUM: usize = 8;
const RECORD: usize = KEY + 4 * DIMENSIONS + CHECKSUM;

/// Texts by their embed keys, and on which side of the search they are: what is to be embedded.
pub(super) type Texts = BTreeMap<EmbedKey, (Side, String)>;

/// Vectors by the embed keys of their texts.
pub(super) type Vectors = BTreeMap<EmbedKey, Embedding>;

/// The vectors of these texts: those that the file has, and the others computed and added to it.
///
/// # Errors
/// A sentence: the file cannot be used, or a text not be embedded. What was computed until then is in the file.
pub(super) fn of(texts: &Texts, file: &Path, embedder: &(impl Embedder + Clone + Send)) -> Result<Vectors, String> {
    let cannot = |error: Error| format!("The vectors in {} cannot be used: {error}.", file.display());
    let mut store = Store::open(file, embedder.model()).map_err(cannot)?;
    let wanted: BTreeSet<EmbedKey> = texts.keys().copied().collect();
    let mut vectors = store.read(&wanted).map_err(cannot)?;
    let missing = texts.iter().filter(|(key, _)| !vectors.contains_key(key));
    let missing: Vec<(EmbedKey, Side, &str)> =
        missing.map(|(key, (side, text))| (*key, *side, text.as_str())).collect();
    if missing.is_empty() {
        return Ok(vectors);
    }
    note(&format!("{} of {} texts are embedded now, and kept in {}.", missing.len(), texts.len(), file.display()));
    let (began, mut told) = (clock::now(), 0);
    computed(&missing, embedder, |done, key, vector| {
        // As the next run reads it, so that both give the same to the last bit.
        vectors.extend(store.add(key, &vector).map_err(cannot)?);
        let seconds = clock::now().since(began).as_secs();
        if seconds >= told + EVAL_PROGRESS_S {
            told = seconds;
            note(&format!("{done} of {} are embedded, after {}.", missing.len(), span(seconds)));
        }
        Ok(())
    })?;
    store.sync().map_err(cannot)?;
    Ok(vectors)
}

/// Computes vectors on `EVAL_THREADS` threads and gives each to `take` as it comes, with how many there are now.
fn computed(
    texts: &[(EmbedKey, Side, &str)],
    embedder: &(impl Embedder + Clone + Send),
    mut take: impl FnMut(usize, EmbedKey, Embedding) -> Result<(), String>,
) -> Result<(), String> {
    let next = &AtomicUsize::new(0);
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(EVAL_THREADS);
        for number in 0..EVAL_THREADS {
            let (sender, mut embedder) = (sender.clone(), embedder.clone());
            let work = move || {
                while let Some((key, side, text)) = texts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let vector = match side {
                        Side::Query => embedder.embed_query(text),
                        Side::Passage => embedder.embed(text),
                    };
                    // Nobody takes it if another one could not be used.
                    if sender.send((*key, vector)).is_err() {
                        return;
                    }
                }
            };
            let started = thread::Builder::new().name(format!("eval-{number}")).spawn_scoped(scope, work);
            started.map_err(|error| format!("A thread cannot be started: {error}."))?;
        }
        drop(sender);
        for (done, (key, vector)) in (1..).zip(receiver) {
            let vector = vector.map_err(|error| format!("A text cannot be embedded: {error}."))?;
            take(done, key, vector)?;
        }
        Ok(())
    })
}

/// The file.
struct Store {
    file: File,
    model: Fingerprint,
}

impl Store {
    /// Opens or makes it, and waits for its lock.
    fn open(path: &Path, model: Fingerprint) -> Result<Self, Error> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = regular::open(path, OpenOptions::new().read(true).append(true).create(true))?;
        if file.try_lock().is_err() {
            note(&format!("Another run uses {}. This one waits for it.", path.display()));
            file.lock()?;
        }
        let mut head = Vec::new();
        (&file).take(HEAD as u64).read_to_end(&mut head)?;
        let whole = [FORM, &model.0].concat();
        if head.len() < HEAD && whole.starts_with(&head) {
            file.set_len(0)?;
            file.write_all(&whole)?;
        } else if !head.starts_with(FORM) {
            return Err(Error::other("it is another file. Give one of this program's, or a new name"));
        } else if head != whole {
            return Err(Error::other("they are of another model. Give another file, or delete this one"));
        }
        Ok(Self { file, model })
    }

    /// The wanted vectors that it has. An end that is no whole record is cut off.
    fn read(&mut self, wanted: &BTreeSet<EmbedKey>) -> Result<Vectors, Error> {
        self.file.seek(SeekFrom::Start(HEAD as u64))?;
        let (mut found, mut whole, mut record) = (Vectors::new(), HEAD as u64, [0; RECORD]);
        let mut reader = BufReader::new(&self.file);
        loop {
            match reader.read_exact(&mut record) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
                Err(error) => return Err(error),
            }
            whole += RECORD as u64;
            if let Some((key, vector)) = self.decode(&record).filter(|(key, _)| wanted.contains(key)) {
                found.insert(key, vector);
            }
        }
        self.file.set_len(whole)?;
        Ok(found)
    }

    fn decode(&self, record: &[u8; RECORD]) -> Option<(EmbedKey, Embedding)> {
        let (body, sum) = record.split_at(RECORD - CHECKSUM);
        if checksum(body) != sum {
            return None;
        }
        let (key, numbers) = body.split_first_chunk::<KEY>()?;
        let (numbers, _) = numbers.as_chunks::<4>();
        let numbers: Vec<f32> = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        Some((EmbedKey(*key), Embedding::new(self.model, &numbers).ok()?))
    }

    /// Adds a vector and gives it as it will be read.
    fn add(&mut self, key: EmbedKey, vector: &Embedding) -> Result<Option<(EmbedKey, Embedding)>, Error> {
        let numbers = vector.values().iter().flat_map(|value| value.to_le_bytes());
        let mut bytes: Vec<u8> = key.0.into_iter().chain(numbers).collect();
        let sum = checksum(&bytes);
        bytes.extend_from_slice(&sum);
        self.file.write_all(&bytes)?;
        Ok(bytes.first_chunk().and_then(|record| self.decode(record)))
    }

    fn sync(&self) -> Result<(), Error> {
        self.file.sync_all()
    }
}

fn checksum(body: &[u8]) -> [u8; CHECKSUM] {
    let mut short = [0; CHECKSUM];
    short.copy_from_slice(&Sha256::digest(body)[..CHECKSUM]);
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::EmbedError;
    use crate::embed::stand_in::StandIn;
    use std::sync::Arc;

    /// Counts what it embeds.
    #[derive(Clone)]
    struct Counted(StandIn, Arc<AtomicUsize>);

    impl Embedder for Counted {
        fn model(&self) -> Fingerprint {
            self.0.model()
        }

        fn tokens(&self, text: &str) -> usize {
            self.0.tokens(text)
        }

        fn embed(&mut self, text: &str) -> Result<Embedding, EmbedError> {
            self.1.fetch_add(1, Ordering::Relaxed);
            if text == "poison" { Err(EmbedError::Engine("no".to_owned())) } else { self.0.embed(text) }
        }
    }

    fn texts(count: u8) -> Texts {
        (0..count).map(|n| (EmbedKey([n; 16]), (Side::Passage, format!("text number {n}")))).collect()
    }

    /// The vectors of so many texts, and how many of them were computed.
    fn run(file: &Path, model: u8, count: u8) -> Result<(Vectors, usize), String> {
        let embedded = Arc::new(AtomicUsize::new(0));
        let embedder = Counted(StandIn::new(Fingerprint([model; 32])), Arc::clone(&embedded));
        of(&texts(count), file, &embedder).map(|vectors| (vectors, embedded.load(Ordering::Relaxed)))
    }

    #[test]
    fn a_vector_is_computed_once_and_is_the_same_to_the_last_bit() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new/cache");
        let (first, computed) = run(&file, 1, 9).unwrap();
        assert_eq!((first.len(), computed), (9, 9));
        assert!(run(&file, 1, 9).unwrap() == (first.clone(), 0), "the same to the last bit");
        let (more, computed) = run(&file, 1, 12).unwrap();
        assert_eq!(computed, 3);
        assert!(first.iter().all(|(key, vector)| more[key] == *vector));
        let expected = StandIn::new(Fingerprint([1; 32])).embed("text number 3").unwrap();
        let (kept, computed) = (&more[&EmbedKey([3; 16])], &expected);
        assert!(kept.cosine(computed).unwrap() > 0.99999);
    }

    #[test]
    fn of_a_file_that_is_cut_anywhere_only_what_is_gone_is_computed_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cache");
        let (whole, _) = run(&file, 1, 4).unwrap();
        let bytes = fs::read(&file).unwrap();
        for length in [0, 5, HEAD - 1, HEAD, HEAD + 1, HEAD + RECORD, HEAD + 2 * RECORD + 700, bytes.len() - 1] {
            fs::write(&file, &bytes[..length]).unwrap();
            let (vectors, computed) = run(&file, 1, 4).unwrap();
            assert!(vectors == whole);
            assert_eq!(computed, 4 - length.saturating_sub(HEAD) / RECORD, "{length}");
            assert_eq!(fs::metadata(&file).unwrap().len(), bytes.len() as u64);
        }
    }

    #[test]
    fn a_damaged_record_is_computed_again_and_leaves_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cache");
        let (whole, _) = run(&file, 1, 4).unwrap();
        let mut bytes = fs::read(&file).unwrap();
        bytes[HEAD + RECORD + 100] ^= 1;
        fs::write(&file, &bytes).unwrap();
        assert!(run(&file, 1, 4).unwrap() == (whole, 1));
        assert_eq!(run(&file, 1, 4).unwrap().1, 0);
    }

    #[test]
    fn vectors_of_another_model_and_other_files_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cache");
        run(&file, 1, 2).unwrap();
        let why = run(&file, 2, 2).unwrap_err();
        assert!(why.contains("another model"), "{why}");
        fs::write(&file, "my diary, and nothing that a program should write into at all").unwrap();
        let why = run(&file, 1, 2).unwrap_err();
        assert!(why.contains("another file"), "{why}");
        assert!(fs::read(&file).unwrap().starts_with(b"my diary"));
    }

    #[test]
    fn a_text_that_cannot_be_embedded_ends_it_and_what_was_computed_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cache");
        let embedder = Counted(StandIn::new(Fingerprint([1; 32])), Arc::default());
        let mut all = texts(40);
        all.insert(EmbedKey([39; 16]), (Side::Query, "poison".to_owned()));
        let why = of(&all, &file, &embedder).unwrap_err();
        assert!(why.contains("cannot be embedded"), "{why}");
        assert!(run(&file, 1, 39).unwrap().1 < 39);
    }
}
