//! Archives as folders: their documents are sections, with the path of the entry as the heading above its own.
//!
//! ZIP (`zip`) and TAR (`tar`) files and streams of gzip (`gzip`) are opened; each entry is given back to the reader of all
//! files, so that a document in an archive is read as one beside it, an archive in an archive too. An entry without words is left
//! out, as a picture in a folder is; one that may have some, and needs a password or is too much, is named at the end (`left_out`).
//!
//! Everything that comes out of one file counts against one [`inflate::Budget`]: bytes, by the size of the file, and entries. Depth is
//! counted by the reader. A quine of gzip ends by the one, a bomb by the other.
//!
//! Not here: office documents, which are ZIP files as well (`office`).

pub(crate) mod extent;
pub(crate) mod gzip;
pub(crate) mod inflate;
pub(crate) mod tar;
pub(crate) mod zip;

use super::leaf::Leaf;
use super::left_out::{LeftOut, noted, sentences};
use super::others::Others;
use super::refusal::Refusal;
use super::section::{Section, Text};
use crate::base::count::plural;
use crate::base::secret_file::holds_secrets;
use crate::limits::{DOCUMENT_CHUNKS_MAX, HEADING_BYTES_MAX, LEFT_OUT_NOTE_BYTES_MAX, UNPACKED_ENTRIES_MAX};
use crate::text::payload;
use extent::Extent;
use inflate::{Budget, End, entry_most};
use std::collections::BTreeSet;
use zip::{Entry, Zip};

/// Reads a file of a name, one level deeper.
pub(super) type Inner<'a> = dyn Fn(&str, &[u8], Extent, &mut Budget) -> Result<Text, Refusal> + 'a;

/// Reads the files of a ZIP file.
///
/// # Errors
/// A [`Refusal`] if no entry has text.
pub(super) fn read_zip(zip: &Zip<'_>, extent: Extent, budget: &mut Budget, inner: &Inner<'_>) -> Result<Text, Refusal> {
    let extent = extent.of_part(zip.is_cut);
    let mut folder = Folder { left_out: zip.left_out, ..Folder::default() };
    for entry in zip.entries.iter().filter(|entry| is_document(&entry.name)) {
        folder.unpack(zip, entry, &entry.name, extent, budget, inner);
    }
    folder.is_cut |= zip.is_cut && extent.has_end();
    folder.finish()
}

/// The text of an office document, with the documents that lie in it.
///
/// # Errors
/// That of the document, if they have no text either. Where they have some, it is told at the end of that.
pub(super) fn with_embedded(
    leaf: Result<Leaf, Refusal>,
    others: &Others<'_>,
    zip: &Zip<'_>,
    extent: Extent,
    budget: &mut Budget,
    inner: &Inner<'_>,
) -> Result<Text, Refusal> {
    let extent = extent.of_part(zip.is_cut);
    let read = leaf.and_then(|Leaf { text, title, left_out, .. }| Ok(((others.page)(text, &title)?, left_out)));
    let (mut folder, why) = match read {
        Ok((text, reasons)) => (Folder::of(text, reasons), None),
        Err(why) => (Folder::default(), Some(why)),
    };
    folder.left_out = zip.left_out;
    for entry in zip.entries.iter().filter(|entry| entry.name.contains("/embeddings/")) {
        let name = entry.name.rsplit('/').next().unwrap_or_default();
        folder.unpack(zip, entry, name, extent, budget, inner);
    }
    match why {
        Some(why) if folder.text.sections.is_empty() => Err(why),
        why => {
            folder.itself = why.filter(may_have_words);
            Ok(folder.text())
        }
    }
}

/// Reads the files of a TAR file.
///
/// # Errors
/// A [`Refusal`] if no entry has text.
pub(super) fn read_tar(file: &[u8], extent: Extent, budget: &mut Budget, inner: &Inner<'_>) -> Result<Text, Refusal> {
    let tar::List { entries, left_out, is_cut } = tar::entries(file);
    let mut folder = Folder { left_out, is_cut: is_cut && extent.has_end(), ..Folder::default() };
    for entry in entries.iter().filter(|entry| is_document(&entry.name)) {
        if folder.is_full || !budget.enter() {
            folder.left_out += 1;
            continue;
        }
        folder.is_cut |= entry.is_cut && extent.has_end();
        folder.take(&entry.name, inner(&entry.name, entry.bytes, extent.of_part(entry.is_cut), budget));
    }
    folder.finish()
}

/// Reads the file that a stream of gzip holds. It has no name of its own in the heading: it is the file.
///
/// # Errors
/// A [`Refusal`] if it has no text.
pub(super) fn read_gzip(
    name: &str,
    file: &[u8],
    extent: Extent,
    budget: &mut Budget,
    inner: &Inner<'_>,
) -> Result<Text, Refusal> {
    let mut unpacked = gzip::read(file, budget);
    if unpacked.end != End::Whole {
        // There is room for what is said of that.
        unpacked.bytes.truncate(entry_most() - LEFT_OUT_NOTE_BYTES_MAX);
    }
    let part = if unpacked.end == End::Full { Extent::Beginning } else { extent.of_part(unpacked.end == End::Cut) };
    let text = inner(&gzip::inner_name(name), &unpacked.bytes, part, budget);
    match (unpacked.end, text) {
        (End::Cut, Err(_)) if extent.has_end() => Err(Refusal::Truncated),
        (End::Cut | End::Full, Err(_)) => Err(Refusal::TooMuch),
        (End::Altered, Err(_)) => Err(Refusal::Altered),
        (End::Full, Ok(text)) => Ok(noted(
            text,
            &format!(
                "Only the beginning of this file is read, and the rest was left out: unpacked it is more than is read of one file, at most {} MiB. \
                 Unpack it, or split it into several files.",
                entry_most() >> 20
            ),
        )),
        (End::Cut, Ok(text)) if extent.has_end() => Ok(noted(text, &LeftOut::Cut.to_string())),
        (_, text) => text,
    }
}

/// Whether an entry is a document by its path, as in a folder: hidden files and those of keys are none, nor what programs add.
pub(super) fn is_document(path: &str) -> bool {
    let is_hidden = |part: &str| part.starts_with('.') && !matches!(part, "." | "..");
    !path.ends_with('/')
        && !path.split('/').any(is_hidden)
        && !path.starts_with("__MACOSX/")
        && !holds_secrets(path.as_bytes())
}

/// Entries that are not read, for one reason.
#[derive(Default)]
struct Unread {
    count: usize,
    /// The path of the first, as words of a heading.
    first: String,
}

impl Unread {
    fn add(&mut self, path: &str) {
        if self.count == 0 {
            self.first = heading(path);
        }
        self.count += 1;
    }

    /// A sentence that names them and goes on as `one` or `many` does; `None` if there are none.
    fn told(&self, one: &str, many: &str) -> Option<String> {
        let more = self.count.checked_sub(1)?;
        let name = if self.first.is_empty() { "A part of it".to_owned() } else { format!("\"{}\"", self.first) };
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        Some(format!("{name}{more} {}.", plural(self.count as u64, one, many)))
    }
}

/// The text of the entries so far.
#[derive(Default)]
pub(super) struct Folder {
    pub(super) text: Text,
    encrypted: Unread,
    /// Entries that are packed by another method than DEFLATE.
    packed_otherwise: Unread,
    /// Entries that have no text.
    refused: usize,
    /// Those of them that may have words, and why the first of these has no text.
    unread: Unread,
    why: Option<Refusal>,
    /// Why the document that has the others in it has no text, if it may have words.
    itself: Option<Refusal>,
    is_cut: bool,
    /// Entries of which there is text.
    read: usize,
    /// Entries beyond what is read of one file.
    pub(super) left_out: usize,
    /// Whether the text of the next entry is too much.
    pub(super) is_full: bool,
    /// What is left out of the document that has the others in it.
    pub(super) reasons: BTreeSet<LeftOut>,
}

impl Folder {
    /// A document that has others in it, and what is left out of it.
    pub(super) fn of(text: Text, reasons: BTreeSet<LeftOut>) -> Self {
        Self { read: usize::from(!text.sections.is_empty()), text, reasons, ..Self::default() }
    }

    /// Adds an entry of a ZIP file, under this path. `extent`: that of an entry which breaks off.
    fn unpack(
        &mut self,
        zip: &Zip<'_>,
        entry: &Entry,
        path: &str,
        extent: Extent,
        budget: &mut Budget,
        inner: &Inner<'_>,
    ) {
        if self.is_full || budget.is_used_up() {
            self.left_out += 1;
            return;
        }
        if entry.is_encrypted {
            self.encrypted.add(path);
            return;
        }
        if !entry.can_unpack() {
            self.packed_otherwise.add(path);
            return;
        }
        if entry.is_larger_than(entry_most()) {
            self.left_out += 1;
            return;
        }
        let Some(unpacked) = zip.read(entry, entry_most(), budget) else { return };
        let part = extent.of_part(unpacked.end == End::Cut);
        self.is_cut |= unpacked.end == End::Cut && extent.has_end();
        match unpacked.end {
            End::Whole | End::Cut => self.take(path, inner(&entry.name, &unpacked.bytes, part, budget)),
            End::Altered => self.take(path, Err(Refusal::Altered)),
            End::Full => self.left_out += 1,
        }
    }

    /// Adds an entry, whose path is a heading above its own.
    pub(super) fn take(&mut self, path: &str, entry: Result<Text, Refusal>) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(why) => {
                self.refused += 1;
                match why {
                    Refusal::Encrypted => self.encrypted.add(path),
                    Refusal::Altered | Refusal::TooDeep | Refusal::Nested | Refusal::TooMuch => {
                        self.unread.add(path);
                        self.why = self.why.take().or(Some(why));
                    }
                    _ => {}
                }
                return;
            }
        };
        if self.text.text.len() + entry.text.len() >= entry_most() - LEFT_OUT_NOTE_BYTES_MAX {
            self.is_full = true;
            self.left_out += 1;
            return;
        }
        self.read += 1;
        let shift = self.text.text.len();
        let path = heading(path);
        for Section { heading, range } in entry.sections {
            let between = if heading.is_empty() || path.is_empty() { "" } else { " > " };
            let range = range.start + shift..range.end + shift;
            self.text.sections.push(Section { heading: format!("{path}{between}{heading}"), range });
        }
        self.text.text.push_str(&entry.text);
        self.text.text.push('\n');
        self.text.sections.truncate(DOCUMENT_CHUNKS_MAX);
        self.is_full |= self.text.sections.len() >= DOCUMENT_CHUNKS_MAX;
    }

    /// Adds entries that come from the last one to the first, in the order that they have: those that have no room are left out, as are the ones
    /// that are `None`. Their own headings are all they have.
    pub(super) fn take_last(&mut self, entries: impl Iterator<Item = Option<Result<Text, Refusal>>>) {
        let (mut kept, mut bytes, mut sections) = (Vec::new(), 0, 0);
        for entry in entries {
            let Some(entry) = entry else {
                self.left_out += 1;
                continue;
            };
            let (more, parts) = entry.as_ref().map_or((0, 0), |text| (text.text.len() + 1, text.sections.len()));
            let has_room = bytes + more < entry_most() - LEFT_OUT_NOTE_BYTES_MAX;
            // One section is for what is told of those that are left out. What has more of them alone is cut.
            if has_room && (sections == 0 || sections + parts < DOCUMENT_CHUNKS_MAX) {
                (bytes, sections) = (bytes + more, sections + parts);
                kept.push(entry);
            } else {
                self.left_out += 1;
            }
        }
        kept.into_iter().rev().for_each(|entry| self.take("", entry));
    }

    /// The text, which says at its end what was left out, if anything was: no search of it comes to nothing without a word.
    pub(super) fn text(mut self) -> Text {
        self.reasons.extend(self.is_cut.then_some(LeftOut::Cut));
        let mut notes = Vec::new();
        notes.extend(self.itself.as_ref().map(|why| {
            format!("Only what lies in this document is read, and the document itself was left out: {why}.")
        }));
        if self.left_out > 0 {
            notes.push(self.counted());
        }
        notes.extend(self.encrypted.told(
            "needs a password and was left out; save a copy without one",
            "need a password and were left out; save copies without one",
        ));
        notes.extend(self.packed_otherwise.told(
            "is packed by a method that is not read, and was left out",
            "are packed by a method that is not read, and were left out",
        ));
        if let Some(why) = &self.why {
            notes.extend(self.unread.told(&format!("was left out: {why}"), &format!("were left out: {why}")));
        }
        notes.extend(Some(sentences(&self.reasons)).filter(|told| !told.is_empty()));
        noted(self.text, &notes.join(" "))
    }

    /// How many entries are read, and how many are beyond.
    fn counted(&self) -> String {
        let Self { read, left_out, .. } = *self;
        let (are, were) = (plural(read as u64, "is", "are"), plural(left_out as u64, "was", "were"));
        format!(
            "{read} {} of this file {are} read, and {left_out} more {were} left out: there is more in it than is read of one file, at most \
             {UNPACKED_ENTRIES_MAX} entries and {} MiB. Unpack it, or split it into several files.",
            plural(read as u64, "entry", "entries"),
            entry_most() >> 20
        )
    }

    /// The text of all entries.
    ///
    /// # Errors
    /// A [`Refusal`] that says why there is none.
    pub(super) fn finish(self) -> Result<Text, Refusal> {
        if !self.text.sections.is_empty() {
            return Ok(self.text());
        }
        Err(match self {
            Self { is_cut: true, .. } => Refusal::Truncated,
            Self { encrypted: Unread { count: 1.., .. }, .. } => Refusal::Encrypted,
            Self { packed_otherwise: Unread { count: 1.., .. }, .. } => {
                Refusal::Unsupported { format: "ZIP (packed by another method)" }
            }
            Self { why: Some(why), .. } => why,
            Self { left_out: 1.., .. } => Refusal::TooMuch,
            Self { refused: 1.., .. } => Refusal::ReadEmpty { what: "no file in the archive has words in it" },
            _ => Refusal::Empty,
        })
    }
}

/// A path as words of a heading: its last `limits::HEADING_BYTES_MAX` bytes, without keys.
fn heading(path: &str) -> String {
    let from = path.ceil_char_boundary(path.len().saturating_sub(HEADING_BYTES_MAX));
    let words: String = path.get(from..).unwrap_or_default().chars().filter(|c| !c.is_control()).collect();
    let words = payload::key::elide(words.trim()).into_owned();
    payload::elide(&words).chars().filter(|c| *c != payload::MARK).collect()
}

/// Whether a file that was refused may have words although none were read.
const fn may_have_words(refusal: &Refusal) -> bool {
    !matches!(
        refusal,
        Refusal::Empty | Refusal::NoLanguage | Refusal::PrivateKey | Refusal::Binary | Refusal::ReadEmpty { .. }
    )
}

#[cfg(test)]
#[path = "test.rs"]
mod tests;
