//! `wattle export`, `wattle import` and `wattle cid`: public documents, and archives of files.

use super::args::IpfsCommand;
use super::ask::{meant, this_is};
use super::output::{Stop, show, show_done};
use super::paths::{absolute, sendable};
use super::text::one_line;
use crate::base::count::{count, plural};
use crate::base::finding::quoted_bytes;
use crate::http::client::{Client, Failure};
use crate::http::dto::DocumentCids;
use crate::platform::car::{Imported, import as import_files};
use crate::platform::new_file::NewFile;
use crate::platform::stdout::note;
use crate::wire::car::{BadCar, Part, Reader};
use crate::wire::cid::{Cid, Codec};
use crate::wire::unixfs::{Content, read};
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// Runs the commands that a running agent answers.
pub(super) async fn run(client: &Client, what: IpfsCommand, as_json: bool) -> Result<(), Stop> {
    match what {
        IpfsCommand::Export { car, collection } => {
            export(client, &absolute(&car)?, collection.as_deref(), as_json).await
        }
        IpfsCommand::Cid { path } => {
            let typed = sendable(&path)?;
            let meant = meant(client, &path, &typed, "cid").await?;
            if let Some(meant) = meant.as_ref().filter(|_| !as_json) {
                note(&this_is(meant));
            }
            let is_typed = meant.is_none();
            let answer = match client.cids(&meant.unwrap_or(typed)).await {
                Err(Failure::NotDone(_)) if is_typed && absolute(&path)?.is_dir() => return Err(is_folder(&path)),
                answer => answer?,
            };
            show(as_json, &answer.json, || one_line(&named(&answer.read)) + "\n")
        }
        IpfsCommand::Import { car, to } => import(&car, to.as_deref(), as_json),
    }
}

/// Why a folder has no answer: what it holds for others is another thing in each archive.
fn is_folder(path: &Path) -> Stop {
    Stop::NotDone(format!(
        "{} is a folder. Name a document in it; the CID of a folder of public files is told by `wattle export --car FILE`, as the root of the archive.",
        path.display()
    ))
}

fn named(cids: &DocumentCids) -> String {
    let passages = count(cids.passages.len() as u64, "passage");
    match &cids.cid {
        Some(cid) => {
            format!("{cid} is the file {}. The CIDs of its {passages} are in the answer with --json.", cids.path)
        }
        None => {
            format!(
                "The file {} cannot be read just now, changed since it was read, or was not looked at for secrets yet (then ask again in a while); the CIDs of its {passages} are in the answer with --json.",
                cids.path
            )
        }
    }
}

/// The mode of an archive: what is in it is public.
const MODE: u32 = 0o666;

/// Writes the archive as it comes, and verifies that it is whole. It has its name then; what is not whole does not stay.
async fn export(client: &Client, car: &Path, collection: Option<&str>, as_json: bool) -> Result<(), Stop> {
    let name = car.display();
    let mut file = NewFile::new(car, MODE).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => taken(car),
        _ => format!("{name} cannot be made: {error}. Nothing was exported."),
    })?;
    let mut archive = Archive::default();
    let take = |piece: &[u8]| {
        archive.take(piece).map_err(|why| format!("What the agent sent is no archive. {why}"))?;
        file.write_all(piece).map_err(|error| format!("{name} cannot be written: {error}."))
    };
    let written = client.export(collection, take).await.map_err(Stop::from);
    let left_out = written.and_then(|left_out| {
        finished(&archive, file, car).map_err(Stop::NotDone)?;
        Ok(left_out)
    })?;
    let Archive { root, blocks, bytes, .. } = archive;
    let root = root.map_or_else(String::new, |root| root.to_string());
    let mut says = one_line(&format!(
        "{name} has the public files, in {} of {} KiB. Its root is {root}: a folder, as `ipfs add -r` makes it.",
        count(blocks, "block"),
        bytes.div_ceil(1024)
    ));
    if let Some(left_out) = left_out.sentence() {
        says.push('\n');
        says.push_str(&left_out);
    }
    show_done(
        as_json,
        json!({ "file": name.to_string(), "root": root, "blocks": blocks, "bytes": bytes, "left_out": left_out }),
        &(says + "\n"),
    )?;
    if left_out.lacks_some() {
        return Err(Stop::NotDone(
            "Not all public files are in the archive; the answer says how many are left out, and why.".to_owned(),
        ));
    }
    Ok(())
}

fn finished(archive: &Archive, file: NewFile, car: &Path) -> Result<(), String> {
    archive.whole()?;
    file.finish().map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => taken(car),
        _ => format!("The archive cannot be written: {error}. Nothing of it stays."),
    })
}

fn taken(car: &Path) -> String {
    format!("{} is there already, and is not overwritten. Name a new file.", car.display())
}

/// An archive as it comes.
#[derive(Default)]
struct Archive {
    reader: Reader,
    /// What is no whole part yet.
    rest: Vec<u8>,
    root: Option<Cid>,
    /// Blocks that others link to and that did not come yet.
    wanted: BTreeSet<Cid>,
    seen: BTreeSet<Cid>,
    blocks: u64,
    bytes: u64,
}

impl Archive {
    fn take(&mut self, piece: &[u8]) -> Result<(), String> {
        self.rest.extend(piece);
        self.bytes += piece.len() as u64;
        let mut rest: &[u8] = &std::mem::take(&mut self.rest);
        while let Some((part, used)) = self.reader.next(rest).map_err(|why: BadCar| why.to_string())? {
            match part {
                Part::Roots(roots) => {
                    self.root = roots.first().copied();
                    self.wanted.extend(roots);
                }
                Part::Block(cid, block) if cid.verifies(block) => self.note(cid, block),
                Part::Block(cid, _) => return Err(format!("The block {cid} is not what its name says.")),
                Part::Other => {}
            }
            rest = rest.get(used..).unwrap_or_default();
        }
        self.rest = rest.to_vec();
        Ok(())
    }

    fn note(&mut self, cid: Cid, block: &[u8]) {
        self.blocks += 1;
        self.wanted.remove(&cid);
        self.seen.insert(cid);
        if cid.codec() == Codec::DagPb {
            let below = match read(block) {
                Ok(Content::File { links, .. }) => links,
                Ok(Content::Folder(entries)) => entries.into_iter().map(|(_, cid)| cid).collect(),
                Err(_) => Vec::new(),
            };
            let seen = &self.seen;
            self.wanted.extend(below.into_iter().filter(|cid| !seen.contains(cid)));
        }
    }

    /// Whether all of it came.
    fn whole(&self) -> Result<(), String> {
        if self.root.is_some() && self.wanted.is_empty() && self.rest.is_empty() {
            return Ok(());
        }
        let missing = "The archive did not come whole: a file changed meanwhile, or is public no longer. Nothing of it stays; try again.";
        Err(missing.to_owned())
    }
}

/// Writes the files of an archive into a new folder.
pub(super) fn import(car: &Path, to: Option<&Path>, as_json: bool) -> Result<(), Stop> {
    let car = absolute(car)?;
    let to = to.map_or_else(|| Ok(beside(&car)), absolute)?;
    let imported = import_files(&car, &to)?;
    let fields = json!({
        "folder": (imported.files > 0).then(|| to.display().to_string()), "files": imported.files, "bytes": imported.bytes, "blocks": imported.blocks,
        "left_out": imported.left_out, "more_left_out": imported.more,
    });
    show_done(as_json, fields, &told(&to, &imported))?;
    if imported.left_out.is_empty() && imported.files > 0 {
        return Ok(());
    }
    if imported.files == 0 {
        return Err(Stop::NotDone(format!("No file of {} was imported, and no folder was made.", car.display())));
    }
    Err(Stop::NotDone("Not all of the archive was imported; the answer says what was left out.".to_owned()))
}

/// The archive's name without its ending.
fn beside(car: &Path) -> PathBuf {
    let bare = car.with_extension("");
    if bare == car { car.with_extension("files") } else { bare }
}

fn told(to: &Path, imported: &Imported) -> String {
    let Imported { files, bytes, blocks, left_out, more } = imported;
    let name = to.display().to_string();
    let were = plural(*blocks as u64, "was", "were");
    let mut text = if *files == 0 {
        format!("The archive has no file that can be imported; {} {were} verified.", count(*blocks as u64, "block"))
    } else {
        one_line(&format!(
            "{} of {} KiB from {} that {were} verified {} in {name}. `wattle add {}` has the agent watch {}.",
            count(*files, "file"),
            bytes.div_ceil(1024),
            count(*blocks as u64, "block"),
            plural(*files, "is", "are"),
            quoted_bytes(to.as_os_str().as_encoded_bytes()),
            plural(*files, "it", "them")
        ))
    };
    text.push('\n');
    for what in left_out {
        let _ = writeln!(text, "Left out: {}.", one_line(what));
    }
    if *more > 0 {
        let _ = writeln!(text, "Left out: {more} more.");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::car::{head, put};
    use crate::wire::unixfs::{Tree, folder};

    #[test]
    fn an_archive_is_whole_once_all_that_is_linked_has_come_in_whatever_pieces() {
        let mut nodes = Vec::new();
        let entries = [("a".to_owned(), Tree::of_leaf(b"a")), ("same".to_owned(), Tree::of_leaf(b"a"))];
        let root = folder(&entries.into(), &mut nodes).unwrap();
        let mut bytes = head(&[root.cid]);
        put(&mut bytes, &root.cid, &nodes[0].block);
        let part = bytes.len();
        put(&mut bytes, &Cid::of_raw(b"a"), b"a");
        for size in [1, 7, 1000] {
            let mut archive = Archive::default();
            bytes[..part].chunks(size).for_each(|piece| archive.take(piece).unwrap());
            assert!(archive.whole().is_err(), "a file is missing");
            bytes[part..].chunks(size).for_each(|piece| archive.take(piece).unwrap());
            assert_eq!((archive.whole(), archive.blocks, archive.root), (Ok(()), 2, Some(root.cid)));
            assert_eq!(archive.bytes, bytes.len() as u64);
        }
        let mut wrong = Archive::default();
        let last = bytes.len() - 1;
        bytes[last] = b'b';
        assert!(wrong.take(&bytes).unwrap_err().contains("not what its name says"));
        assert!(Archive::default().whole().is_err());
    }

    #[test]
    fn the_folder_of_an_archive_is_never_the_archive() {
        assert_eq!(beside(Path::new("/a/b.car")), Path::new("/a/b"));
        assert_eq!(beside(Path::new("/a/b")), Path::new("/a/b.files"));
    }

    #[test]
    fn what_was_left_out_is_told_line_by_line() {
        let imported = Imported { files: 1, bytes: 2000, blocks: 3, left_out: vec!["x: \u{1b}y".into()], more: 2 };
        let text = told(Path::new("/my files"), &imported);
        assert!(
            text.starts_with("1 file of 2 KiB from 3 blocks") && text.contains("`wattle add '/my files'`"),
            "{text}"
        );
        assert!(text.ends_with("Left out: x: \u{fffd}y.\nLeft out: 2 more.\n"), "{text}");
        for (files, says) in [
            (1, "1 file of 1 KiB from 1 block that was verified is in /n. `wattle add /n` has the agent watch it.\n"),
            (0, "The archive has no file that can be imported; 1 block was verified.\n"),
        ] {
            assert_eq!(told(Path::new("/n"), &Imported { files, bytes: 9, blocks: 1, ..Imported::default() }), says);
        }
        let none =
            told(Path::new("/my files"), &Imported { blocks: 3, left_out: vec!["x: y".into()], ..Imported::default() });
        assert!(
            none.ends_with("Left out: x: y.\n") && !none.contains("wattle add") && !none.contains("/my files"),
            "{none}"
        );
    }
}
