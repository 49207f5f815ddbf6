//! Files out of a CAR archive: read, verified, and written into a new folder.
//!
//! The archive is read twice: first each block is verified and noted with its place; then the files are written from their
//! roots down. What comes from others decides nothing: a name is one part of a path and no way out of the folder, nothing
//! that is there is overwritten, and depth, number and bytes have caps, since a small archive can name the same block many
//! times: bytes that are written, also those of files that are removed again, files and folders by themselves, and bytes that are read.
//! The folder has its name once all of it is on the disk (`placed`), so that an import that is killed or fails leaves none.
//!
//! A name comes out as it went in, also one with an escape or a line feed, which are names on Linux like others: whoever shows one makes it harmless.

mod placed;

use super::regular;
use crate::limits::{
    CAR_BLOCKS_MAX, IMPORT_BYTES_FREE, IMPORT_DEPTH_MAX, IMPORT_ENTRY_BYTES, IMPORT_GROWTH, IMPORT_LEFT_OUT_MAX,
    IMPORT_NODES_MAX,
};
use crate::wire::car::{Part, Reader, SECTION_BYTES_MAX};
use crate::wire::cid::{Cid, Codec};
use crate::wire::unixfs::{self, Content};
use placed::Placed;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Bytes of a file's name that file systems take.
const NAME_MAX: usize = 255;

/// What became of an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Files that were written.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Blocks that were verified.
    pub blocks: usize,
    /// What was left out, and why: at most `IMPORT_LEFT_OUT_MAX` sentences.
    pub left_out: Vec<String>,
    /// How many more things were left out.
    pub more: u64,
}

impl Imported {
    fn leave_out(&mut self, what: String) {
        if self.left_out.len() < IMPORT_LEFT_OUT_MAX {
            self.left_out.push(what);
        } else {
            self.more += 1;
        }
    }
}

/// Writes the files of an archive into a folder that is made for them. Where there is none to write, no folder is made.
///
/// # Errors
/// A sentence for people: it is no archive, the folder is there already, or the disk fails. Then nothing is left.
pub fn import(file: &Path, to: &Path) -> Result<Imported, String> {
    let mut imported = Imported::default();
    let archive =
        Archive::open(file, &mut imported).map_err(|why| format!("{} cannot be imported: {why}", file.display()))?;
    let placed = Placed::new(to)?;
    let (seen, at) = (BTreeSet::new(), placed.at().to_owned());
    let mut import = Import { archive, imported, nodes: 0, seen, used: 0, at, to: to.to_owned() };
    import.roots().map_err(|error| format!("The files cannot be written: {error}. Nothing of them stays."))?;
    if import.imported.files > 0 {
        placed.finish()?;
    }
    Ok(import.imported)
}

/// An archive whose blocks were verified.
struct Archive {
    file: File,
    roots: Vec<Cid>,
    /// Where each block lies, and its length.
    blocks: BTreeMap<Cid, (u64, usize)>,
    /// The most bytes that its files may have.
    room: u64,
    /// Bytes of blocks that were read for them.
    read: u64,
}

impl Archive {
    fn open(path: &Path, imported: &mut Imported) -> Result<Self, String> {
        let read = |error: io::Error| format!("it cannot be read ({error}).");
        let mut file = regular::open(path, OpenOptions::new().read(true)).map_err(read)?;
        let size = file.metadata().map_err(read)?.len();
        let room = IMPORT_BYTES_FREE.max(size.saturating_mul(IMPORT_GROWTH));
        let (mut reader, mut found) = (Reader::default(), Found::default());
        // What was read of the file, how much of that is done, and where in the file that is.
        let (mut buffer, mut done, mut at) = (Vec::<u8>::new(), 0_usize, 0_u64);
        loop {
            let rest: &[u8] = buffer.get(done..).unwrap_or_default();
            if let Some((part, used)) = reader.next(rest).map_err(|why| why.to_string())? {
                found.note(part, at + used as u64)?;
                done += used;
                at += used as u64;
                continue;
            }
            buffer.drain(..done);
            done = 0;
            let wanted = SECTION_BYTES_MAX.saturating_sub(buffer.len());
            if std::io::Read::by_ref(&mut file).take(wanted as u64).read_to_end(&mut buffer).map_err(read)? == 0 {
                break;
            }
        }
        if at == 0 {
            return Err("it is no CAR archive.".to_owned());
        }
        let Found { roots, blocks, others, wrong } = found;
        if !buffer.is_empty() {
            imported.leave_out("the end of the archive is missing".to_owned());
        }
        if wrong > 0 {
            imported.leave_out(format!("{wrong} of its blocks are not what their names say"));
        }
        if others > 0 {
            imported.leave_out(format!("{others} of its blocks have another codec or hash than are understood here"));
        }
        imported.blocks = blocks.len();
        if roots.is_empty() {
            return Err("it names no root that is understood here, so there is nothing to begin with.".to_owned());
        }
        Ok(Self { file, roots, blocks, room, read: 0 })
    }

    /// A block, verified again: the file may be another one by now.
    fn block(&mut self, cid: &Cid) -> Result<Vec<u8>, Stop> {
        let Some((at, length)) = self.blocks.get(cid).copied() else { return Err(left(MISSING)) };
        self.read = self.read.saturating_add(length as u64);
        // What is written is read once, and nodes of files and folders besides.
        if self.read > self.room.saturating_mul(2) {
            return Err(left(TOO_LARGE));
        }
        let mut block = vec![0; length];
        self.file.seek(SeekFrom::Start(at))?;
        self.file.read_exact(&mut block)?;
        if cid.verifies(&block) { Ok(block) } else { Err(left(MISSING)) }
    }
}

/// What was found in an archive.
#[derive(Default)]
struct Found {
    roots: Vec<Cid>,
    blocks: BTreeMap<Cid, (u64, usize)>,
    /// Blocks of other codecs and hashes.
    others: u64,
    /// Blocks that are not what their names say.
    wrong: u64,
}

impl Found {
    /// Notes a part that ends at this byte of the file.
    fn note(&mut self, part: Part<'_>, end: u64) -> Result<(), String> {
        match part {
            Part::Roots(roots) => self.roots = roots,
            Part::Block(..) if self.blocks.len() >= CAR_BLOCKS_MAX => {
                return Err(format!("it has more than {CAR_BLOCKS_MAX} blocks."));
            }
            Part::Block(cid, block) if cid.verifies(block) => {
                self.blocks.insert(cid, (end.saturating_sub(block.len() as u64), block.len()));
            }
            Part::Block(..) => self.wrong += 1,
            Part::Other => self.others += 1,
        }
        Ok(())
    }
}

/// Why a file or folder is left out, as the end of a sentence; or the disk fails.
enum Stop {
    Left(String),
    Disk(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

fn left(why: &str) -> Stop {
    Stop::Left(why.to_owned())
}

struct Import {
    archive: Archive,
    imported: Imported,
    nodes: usize,
    /// Files and folders that were named already.
    seen: BTreeSet<Cid>,
    /// Bytes that were written, and those of files and folders by themselves. What is removed again stays in it.
    used: u64,
    /// The folder that they are written into.
    at: PathBuf,
    /// The name that it has once it is whole.
    to: PathBuf,
}

impl Import {
    fn roots(&mut self) -> io::Result<()> {
        let (roots, at) = (self.archive.roots.clone(), self.at.clone());
        let is_alone = roots.len() == 1;
        for root in roots {
            // A single folder is the new folder itself.
            let content = if is_alone { self.content(&root) } else { Ok(None) };
            match content {
                Ok(Some(Content::Folder(entries))) => self.entries(entries, &at, 0)?,
                Err(Stop::Disk(error)) => return Err(error),
                _ => self.entry(&root, &at.join(root.to_string()), 0)?,
            }
        }
        Ok(())
    }

    /// What a node says; `None` of a block without a structure.
    fn content(&mut self, cid: &Cid) -> Result<Option<Content>, Stop> {
        self.nodes += 1;
        if self.nodes > IMPORT_NODES_MAX {
            return Err(left("the archive has more parts than are imported"));
        }
        if cid.codec() == Codec::Raw {
            return Ok(None);
        }
        let block = self.archive.block(cid)?;
        unixfs::read(&block).map(Some).map_err(|why| left(&why.to_string()))
    }

    /// Files and folders of a folder that was made.
    fn entries(&mut self, entries: Vec<(String, Cid)>, folder: &Path, depth: usize) -> io::Result<()> {
        for (name, cid) in entries {
            if is_name(&name) {
                self.entry(&cid, &folder.join(name), depth)?;
            } else {
                self.imported.leave_out(format!("{name:?}: it is no name of a file"));
            }
        }
        Ok(())
    }

    fn entry(&mut self, cid: &Cid, path: &Path, depth: usize) -> io::Result<()> {
        let put = if depth > IMPORT_DEPTH_MAX { Err(left("it lies too deep")) } else { self.put(cid, path, depth) };
        match put {
            Ok(()) => Ok(()),
            Err(Stop::Left(why)) => {
                let shown = path.strip_prefix(&self.at).map_or_else(|_| path.to_owned(), |path| self.to.join(path));
                self.imported.leave_out(format!("{}: {why}", shown.display()));
                Ok(())
            }
            Err(Stop::Disk(error)) => Err(error),
        }
    }

    fn put(&mut self, cid: &Cid, path: &Path, depth: usize) -> Result<(), Stop> {
        if !self.seen.insert(*cid) {
            self.spend(IMPORT_ENTRY_BYTES)?;
        }
        if let Some(Content::Folder(entries)) = self.content(cid)? {
            fs::create_dir(path).map_err(named_twice)?;
            return Ok(self.entries(entries, path, depth + 1)?);
        }
        let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(named_twice)?;
        let before = self.imported.bytes;
        match self.write(cid, &mut file, 0) {
            Ok(()) => {
                self.imported.files += 1;
                Ok(())
            }
            Err(stop) => {
                // We made it a moment ago; a part of a file is none.
                fs::remove_file(path)?;
                self.imported.bytes = before;
                Err(stop)
            }
        }
    }

    /// Appends what a block and those below it hold.
    fn write(&mut self, cid: &Cid, file: &mut File, depth: usize) -> Result<(), Stop> {
        if depth > IMPORT_DEPTH_MAX {
            return Err(left("it has too many levels"));
        }
        match self.content(cid)? {
            None => {
                let block = self.archive.block(cid)?;
                self.append(&block, file)
            }
            Some(Content::File { bytes, links, sizes }) => {
                let before = self.imported.bytes;
                self.append(&bytes, file)?;
                for (number, link) in links.iter().enumerate() {
                    let before = self.imported.bytes;
                    self.write(link, file, depth + 1)?;
                    self.check_size(sizes.parts.get(number).copied(), before)?;
                }
                self.check_size(sizes.whole, before)
            }
            Some(Content::Folder(_)) => Err(left("a folder is a part of a file")),
        }
    }

    /// Holds what a node claims against what was written since there were `before` bytes.
    fn check_size(&self, claimed: Option<u64>, before: u64) -> Result<(), Stop> {
        let written = self.imported.bytes.saturating_sub(before);
        match claimed {
            Some(claimed) if claimed != written => {
                Err(left(&format!("it claims {claimed} bytes for what has {written}, so it is damaged or forged")))
            }
            _ => Ok(()),
        }
    }

    fn append(&mut self, bytes: &[u8], file: &mut File) -> Result<(), Stop> {
        self.spend(bytes.len() as u64)?;
        self.imported.bytes = self.imported.bytes.saturating_add(bytes.len() as u64);
        Ok(file.write_all(bytes)?)
    }

    /// Takes room on the disk.
    fn spend(&mut self, bytes: u64) -> Result<(), Stop> {
        self.used = self.used.saturating_add(bytes);
        if self.used > self.archive.room { Err(left(TOO_LARGE)) } else { Ok(()) }
    }
}

const TOO_LARGE: &str = "the files of the archive are far larger than the archive";

const MISSING: &str = "a block of it is not in the archive, or is not what its name says";

fn named_twice(error: io::Error) -> Stop {
    match error.kind() {
        ErrorKind::AlreadyExists => left("the name is there twice"),
        ErrorKind::InvalidInput | ErrorKind::InvalidFilename => left("the file system takes no such name"),
        _ => Stop::Disk(error),
    }
}

/// Whether a name is one part of a path, and no way to another place.
fn is_name(name: &str) -> bool {
    !["", ".", ".."].contains(&name) && name.len() <= NAME_MAX && !name.contains(['/', '\0'])
}

#[cfg(test)]
mod tests;
