//! Writes a root partition, and reads it back.

use crate::limits::UPDATE_PIECE_BYTES;
use crate::platform::regular;
use crate::wire::update::Part;
use rustix::fs::{Advice, fadvise};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Writes what comes to the beginning of a partition that is there, synced, and reads it back from the card. What was not whole is found before the end
/// is said to be well, not before the first byte is written: nothing may run from it until this is `Ok`.
///
/// # Errors
/// One sentence: what came is not what the part says, or the card does not hold it.
pub(super) fn write(from: &mut dyn Read, part: &Part, path: &Path) -> Result<(), String> {
    let name = path.display();
    let unwritten = |error: std::io::Error| format!("{name} cannot be written: {error}.");
    has_room(part, path)?;
    let mut file = open(path).map_err(unwritten)?;
    let mut piece = vec![0; UPDATE_PIECE_BYTES];
    let (mut hash, mut left) = (Sha256::new(), part.bytes);
    loop {
        let read =
            fill(from, &mut piece).map_err(|error| format!("The update's root cannot be read to its end: {error}."))?;
        let read = piece.get(..read).unwrap_or_default();
        if read.is_empty() {
            break;
        }
        left = left.checked_sub(read.len() as u64).ok_or("The update's root is longer than its manifest says.")?;
        hash.update(read);
        step(&mut file, read).map_err(unwritten)?;
    }
    if left > 0 {
        return Err(format!("The update's root is {left} bytes shorter than its manifest says."));
    }
    let sum: [u8; 32] = hash.finalize().into();
    if sum != part.sha256 {
        return Err("The update's root is not the one that its manifest names: it was damaged or changed on its way."
            .to_owned());
    }
    file.sync_all().map_err(unwritten)?;
    read_back(&mut file, part)
        .map_err(|error| format!("{name} cannot be read back: {error}."))?
        .then_some(())
        .ok_or_else(|| format!("{name} does not hold what was written to it: the card may be worn out."))
}

/// Whether a partition that is there has room for a part.
///
/// # Errors
/// One sentence: it has not, or cannot be opened.
pub(super) fn has_room(part: &Part, path: &Path) -> Result<(), String> {
    let name = path.display();
    let room = open(path).and_then(|mut file| file.seek(SeekFrom::End(0)));
    let room = room.map_err(|error| format!("{name} cannot be written: {error}."))?;
    if room < part.bytes {
        return Err(format!("The update's root has {} bytes, and {name} has room for {room}.", part.bytes));
    }
    Ok(())
}

/// A block device, or in a test a file: never made.
fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).open(path)
}

fn step(file: &mut File, piece: &[u8]) -> std::io::Result<()> {
    #[cfg(test)]
    crate::platform::home::durable::cut::step()?;
    file.write_all(piece)
}

/// Whether the card holds it: what the kernel has in memory of it is dropped first.
fn read_back(file: &mut File, part: &Part) -> std::io::Result<bool> {
    fadvise(&*file, 0, None, Advice::DontNeed)?;
    file.seek(SeekFrom::Start(0))?;
    let mut piece = vec![0; UPDATE_PIECE_BYTES];
    let (mut hash, mut whole) = (Sha256::new(), (&*file).take(part.bytes));
    loop {
        let read = fill(&mut whole, &mut piece)?;
        if read == 0 {
            let sum: [u8; 32] = hash.finalize().into();
            return Ok(sum == part.sha256);
        }
        hash.update(piece.get(..read).unwrap_or_default());
    }
}

/// Fills a piece, or what is left for it: flash cards are quick with whole blocks.
fn fill(from: &mut dyn Read, piece: &mut [u8]) -> std::io::Result<usize> {
    let mut at = 0;
    while let Some(rest) = piece.get_mut(at..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) => break,
            Ok(read) => at += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(at)
}

/// The length and the hash of a stream, read to its end.
///
/// # Errors
/// Those of `from`.
pub(super) fn measured(from: &mut dyn Read) -> std::io::Result<Part> {
    let mut piece = vec![0; UPDATE_PIECE_BYTES];
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    loop {
        let read = fill(from, &mut piece)?;
        if read == 0 {
            return Ok(Part { bytes, sha256: hash.finalize().into() });
        }
        bytes += read as u64;
        hash.update(piece.get(..read).unwrap_or_default());
    }
}

/// Whether these bytes are the part.
pub(super) fn is_part(bytes: &[u8], part: &Part) -> bool {
    let sum: [u8; 32] = Sha256::digest(bytes).into();
    bytes.len() as u64 == part.bytes && sum == part.sha256
}

/// Reads back a file that was written, past what the kernel has of it in memory.
///
/// # Errors
/// The system's.
pub(super) fn holds(path: &Path, bytes: &[u8]) -> std::io::Result<bool> {
    let file = regular::open(path, OpenOptions::new().read(true))?;
    fadvise(&file, 0, None, Advice::DontNeed)?;
    let mut read = Vec::with_capacity(bytes.len());
    file.take(bytes.len() as u64 + 1).read_to_end(&mut read)?;
    Ok(read == bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_what_the_manifest_names_is_well_and_a_partition_is_never_made_or_outgrown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p3");
        let bytes = vec![5; UPDATE_PIECE_BYTES + 4096];
        let part = measured(&mut bytes.as_slice()).unwrap();
        assert!(is_part(&bytes, &part) && !is_part(&bytes[1..], &part));
        let tried = |from: &[u8]| write(&mut { from }, &part, &path);
        assert!(tried(&bytes).unwrap_err().contains("cannot be written") && !path.exists());
        fs::write(&path, vec![9; 100]).unwrap();
        assert!(tried(&bytes).unwrap_err().contains("has room for 100"));
        fs::write(&path, vec![9; bytes.len() + 77]).unwrap();
        assert!(tried(&bytes[..bytes.len() - 1]).unwrap_err().contains("1 bytes shorter"));
        assert!(tried(&[&bytes[..], &[5]].concat()).unwrap_err().contains("longer"));
        let mut wrong = bytes.clone();
        wrong[70] = 4;
        assert!(tried(&wrong).unwrap_err().contains("not the one"));
        tried(&bytes).unwrap();
        let held = fs::read(&path).unwrap();
        assert!(held[..bytes.len()] == bytes && held[bytes.len()..] == [9; 77]);
        assert!(holds(&path, &held).unwrap() && !holds(&path, &bytes).unwrap());
    }
}
