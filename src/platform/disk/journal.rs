//! The journals of a store, before fjall reads them. A batch in one that is not what was written has fjall drop all behind it, or, where only its
//! checksum is wrong, not open the store at all. So each batch is looked at before: one that is damaged is taken out, and those
//! behind it stay. What the rest of them then lacks the repair of the store finds. A journal that is gone is made anew, empty.
//!
//! A journal is batch behind batch, in fjall's own layout (`journal::entry`): a start (1, the number of entries as u32, a number as u64), the
//! entries, and an end (3, their xxh3 as u64, a trailer). An entry is a pair (2, the kind of value, that of compression, the space as u64, and
//! the lengths of the key as u16, of the value as u32 and of what is written of it as u32, then both), or says that a space is emptied (4, the
//! space). Zeros follow: it is made as long as it may become.

use crate::platform::home::durable;
use crate::platform::regular;
use crate::store::kv::KvError;
use log::warn;
use rustix::fs::seek;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::Xxh3Default;

/// The first byte of each part of a batch.
const START: u8 = 1;
const PAIR: u8 = 2;
const END: u8 = 3;
const EMPTIED: u8 = 4;

/// What ends a batch.
const TRAILER: [u8; 4] = *b"FJL\x03";

/// The file that fjall writes last when it makes a store.
const VERSION: &str = "version";

/// Bytes that are read at once.
const PIECE: usize = 1 << 16;

/// What follows the batches, on a file system that knows no holes.
static ZEROS: [u8; PIECE] = [0; PIECE];

/// A journal with damaged batches.
#[derive(Debug)]
pub(in crate::platform) struct DamagedJournal {
    path: PathBuf,
    /// The whole batches.
    whole: Vec<Range<u64>>,
    /// Bytes of the others.
    pub(in crate::platform) lost: u64,
}

/// The journals in which a batch that was written to its end is not what was written. Nothing is changed. What the disk refuses to read is
/// for fjall to meet, and so is what a power cut left of the last batch.
///
/// # Errors
/// `Io`: the folder cannot be listed.
pub(in crate::platform) fn damaged(store: &Path) -> Result<Vec<DamagedJournal>, KvError> {
    let entries = match fs::read_dir(store) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(Vec::new()),
        entries => entries.and_then(Iterator::collect::<io::Result<Vec<_>>>),
    };
    let entries = entries.map_err(|error| KvError::Io(format!("{}: {error}", store.display())))?;
    let journals = entries.into_iter().map(|entry| entry.path());
    let journals = journals.filter(|path| path.extension().is_some_and(|extension| extension == "jnl"));
    let mut found: Vec<DamagedJournal> = journals.filter_map(|path| look(&path).ok().flatten()).collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// Whether a store has no journal at all, and so has lost it: fjall makes one before a store has its version, and never deletes the last one.
pub(in crate::platform) fn is_gone(store: &Path) -> bool {
    let is_made = fs::exists(store.join(VERSION)).unwrap_or(false);
    let is_other = |entry: fs::DirEntry| entry.path().extension().is_none_or(|extension| extension != "jnl");
    // What cannot be looked at may be one.
    is_made && fs::read_dir(store).is_ok_and(|mut entries| entries.all(|entry| entry.is_ok_and(is_other)))
}

/// Gives a store whose journal is gone an empty one, from which it opens as it was when its memory was last written out. Without any
/// fjall 3.1.13 numbers its writes from the beginning again, because it looks for the highest number in the tables only after it has read a journal:
/// what is written then hides behind what the tables have of the same key, and the next opening drops it.
///
/// # Errors
/// `Io`: the journal cannot be made.
pub(in crate::platform) fn put_back(store: &Path) -> Result<(), KvError> {
    if !is_gone(store) {
        return Ok(());
    }
    let path = store.join("0.jnl");
    durable::write(&path, &[])
        .map_err(|error| KvError::Io(format!("{} is gone, and cannot be made anew: {error}", path.display())))?;
    warn!("The journal of {} was gone, and an empty one was put in its place.", store.display());
    Ok(())
}

/// Takes the damaged batches out. A journal as it was is kept beside, if the disk can give a file two names.
///
/// # Errors
/// `Io`: a journal cannot be written.
pub(in crate::platform) fn mend(journals: &[DamagedJournal]) -> Result<(), KvError> {
    for DamagedJournal { path, whole, lost } in journals {
        let kept = path.with_extension("damaged");
        let _ = fs::remove_file(&kept);
        let _ = fs::hard_link(path, &kept);
        durable::write_with(path, |new| copy(path, whole, new)).map_err(|error| {
            KvError::Io(format!("{} is damaged, and cannot be written anew: {error}", path.display()))
        })?;
        warn!("{lost} bytes of {} were damaged, and were dropped.", path.display());
    }
    Ok(())
}

fn copy(path: &Path, whole: &[Range<u64>], new: &mut File) -> io::Result<()> {
    let mut old = open(path)?;
    for part in whole {
        old.seek(SeekFrom::Start(part.start))?;
        let many = part.end - part.start;
        if io::copy(&mut (&mut old).take(many), new)? < many {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
    new.flush()
}

fn open(path: &Path) -> io::Result<File> {
    regular::open(path, OpenOptions::new().read(true))
}

fn look(path: &Path) -> io::Result<Option<DamagedJournal>> {
    let file = open(path)?;
    let length = file.metadata()?.len();
    let mut walk = Walk { file: BufReader::with_capacity(PIECE, file), at: 0, length, hash: Xxh3Default::new() };
    let (mut whole, mut lost): (Vec<Range<u64>>, u64) = (Vec::new(), 0);
    loop {
        let from = walk.at;
        match walk.batch() {
            Ok(true) => match whole.last_mut().filter(|last| last.end == from) {
                Some(last) => last.end = walk.at,
                None => whole.push(from..walk.at),
            },
            Err(error) if error.kind() != ErrorKind::UnexpectedEof => return Err(error),
            Ok(false) | Err(_) => {
                if !walk.pass_to_trailer(from)? {
                    break;
                }
                lost += walk.at - from;
            }
        }
    }
    Ok((lost > 0).then(|| DamagedJournal { path: path.to_owned(), whole, lost }))
}

/// A journal that is read from its beginning to its end.
struct Walk {
    file: BufReader<File>,
    at: u64,
    length: u64,
    /// Of the entries of the batch so far.
    hash: Xxh3Default,
}

impl Walk {
    /// Whether a whole batch stands here; then the next one comes.
    fn batch(&mut self) -> io::Result<bool> {
        self.hash = Xxh3Default::new();
        if self.bytes::<1>()? != [START] {
            return Ok(false);
        }
        let entries = u32::from_le_bytes(self.bytes()?);
        let _number: [u8; 8] = self.bytes()?;
        for _ in 0..entries {
            let is_entry = match self.hashed::<1>()? {
                [PAIR] => self.pair()?,
                [EMPTIED] => self.hashed::<8>().map(|_| true)?,
                _ => false,
            };
            if !is_entry {
                return Ok(false);
            }
        }
        let is_end = self.bytes::<1>()? == [END];
        let sum = u64::from_le_bytes(self.bytes()?);
        Ok(is_end && sum == self.hash.digest() && self.bytes::<4>()? == TRAILER)
    }

    /// Passes a pair over, behind its first byte.
    fn pair(&mut self) -> io::Result<bool> {
        let _kinds_and_space: [u8; 10] = self.hashed()?;
        let key = u16::from_le_bytes(self.hashed()?);
        let _length: [u8; 4] = self.hashed()?;
        let value = u32::from_le_bytes(self.hashed()?);
        let mut left = u64::from(key) + u64::from(value);
        if left > self.length.saturating_sub(self.at) {
            return Ok(false);
        }
        while left > 0 {
            let piece = self.file.fill_buf()?;
            let many = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            if many == 0 {
                return Ok(false);
            }
            self.hash.update(piece.get(..many).unwrap_or_default());
            self.file.consume(many);
            (self.at, left) = (self.at + many as u64, left - many as u64);
        }
        Ok(true)
    }

    fn bytes<const MANY: usize>(&mut self) -> io::Result<[u8; MANY]> {
        let mut bytes = [0; MANY];
        self.file.read_exact(&mut bytes)?;
        self.at += MANY as u64;
        Ok(bytes)
    }

    fn hashed<const MANY: usize>(&mut self) -> io::Result<[u8; MANY]> {
        let bytes = self.bytes()?;
        self.hash.update(&bytes);
        Ok(bytes)
    }

    /// Goes behind the next trailer from here on; `false` if there is none. Holes are passed over.
    fn pass_to_trailer(&mut self, from: u64) -> io::Result<bool> {
        let mut from = from;
        loop {
            from = match seek(self.file.get_ref(), rustix::fs::SeekFrom::Data(from)) {
                Ok(data) => data,
                // There are zeros alone.
                Err(rustix::io::Errno::NXIO) => return Ok(false),
                // The file system knows of no holes.
                Err(_) => from,
            };
            // Whatever is in the buffer belongs elsewhere.
            self.at = self.file.seek(SeekFrom::Start(from))?;
            let mut piece = Vec::with_capacity(PIECE);
            (&mut self.file).take(PIECE as u64).read_to_end(&mut piece)?;
            let is_empty = ZEROS.starts_with(&piece);
            let found = || piece.windows(TRAILER.len()).position(|window| window == TRAILER);
            if let Some(found) = (!is_empty).then(found).flatten() {
                self.at = self.file.seek(SeekFrom::Start(from + (found + TRAILER.len()) as u64))?;
                return Ok(true);
            }
            if piece.len() < PIECE {
                return Ok(false);
            }
            from += (PIECE - TRAILER.len() + 1) as u64;
        }
    }
}

#[cfg(test)]
#[path = "journal_test.rs"]
mod tests;
