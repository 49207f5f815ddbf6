//! Archives as folders: their documents are sections, with the path of the entry as the heading above its own.
//!
//! ZIP (`zip`) and TAR (`tar`) files and streams of gzip (`gzip`) are opened; each entry is given back to the reader of all
//! files, so that a document in an archive is read as one beside it, an archive in an archive too. An entry that cannot be
//! read is left out, as a picture in a folder is.
//!
//! Everything that comes out of one file counts against one [`inflate::Budget`]: bytes, by the size of the file, and entries. Depth is
//! counted by the reader. A quine of gzip ends by the one, a bomb by the other.
//!
//! Not here: office documents, which are ZIP files as well (`office`).

pub(crate) mod gzip;
pub(crate) mod inflate;
pub(crate) mod tar;
pub(crate) mod zip;

use super::refusal::Refusal;
use super::section::{Section, Text};
use crate::base::count::plural;
use crate::base::secret_file::holds_secrets;
use crate::limits::{DOCUMENT_CHUNKS_MAX, HEADING_BYTES_MAX, UNPACKED_ENTRIES_MAX};
use crate::text::payload;
use inflate::{Budget, End, entry_most};
use zip::Zip;

/// The heading of what is said of entries that were left out.
const LEFT_OUT: &str = "Read in part";

/// Bytes that this takes at most.
const LEFT_OUT_BYTES_MAX: usize = 512;

/// Reads a file of a name, one level deeper.
pub(super) type Inner<'a> = dyn Fn(&str, &[u8], &mut Budget) -> Result<Text, Refusal> + 'a;

/// Reads the files of a ZIP file.
///
/// # Errors
/// A [`Refusal`] if no entry has text.
pub(super) fn read_zip(zip: &Zip<'_>, budget: &mut Budget, inner: &Inner<'_>) -> Result<Text, Refusal> {
    let mut folder = Folder { left_out: zip.left_out, ..Folder::default() };
    for entry in zip.entries.iter().filter(|entry| is_document(&entry.name)) {
        if folder.is_full || budget.is_used_up() {
            folder.left_out += 1;
            continue;
        }
        if entry.is_encrypted {
            folder.encrypted += 1;
            continue;
        }
        if !entry.can_unpack() {
            folder.packed_otherwise += 1;
            continue;
        }
        let Some(unpacked) = zip.read(entry, entry_most(), budget) else { continue };
        folder.is_cut |= unpacked.end == End::Cut;
        match unpacked.end {
            End::Whole | End::Cut => folder.take(&entry.name, inner(&entry.name, &unpacked.bytes, budget)),
            End::Altered => folder.take(&entry.name, Err(Refusal::Altered)),
            End::Full => folder.left_out += 1,
        }
    }
    folder.is_cut |= zip.is_cut;
    folder.finish()
}

/// Adds the documents that lie in an office document to its text.
///
/// # Errors
/// That of the document, if they have no text either.
pub(super) fn with_embedded(
    text: Result<Text, Refusal>,
    zip: &Zip<'_>,
    budget: &mut Budget,
    inner: &Inner<'_>,
) -> Result<Text, Refusal> {
    let (mut folder, why) = match text {
        Ok(text) => (Folder::of(text), None),
        Err(why) => (Folder::default(), Some(why)),
    };
    folder.left_out = zip.left_out;
    for entry in zip.entries.iter().filter(|entry| entry.name.contains("/embeddings/")) {
        let unpacked = zip.read(entry, entry_most(), budget).filter(|unpacked| unpacked.end == End::Whole);
        if let Some(unpacked) = unpacked.filter(|_| !folder.is_full) {
            let name = entry.name.rsplit('/').next().unwrap_or_default();
            folder.take(name, inner(&entry.name, &unpacked.bytes, budget));
        }
    }
    match why {
        Some(why) if folder.text.sections.is_empty() => Err(why),
        _ => Ok(folder.text()),
    }
}

/// Reads the files of a TAR file.
///
/// # Errors
/// A [`Refusal`] if no entry has text.
pub(super) fn read_tar(file: &[u8], budget: &mut Budget, inner: &Inner<'_>) -> Result<Text, Refusal> {
    let (entries, left_out) = tar::entries(file);
    let mut folder = Folder { left_out, ..Folder::default() };
    for entry in entries.iter().filter(|entry| is_document(&entry.name)) {
        if folder.is_full || !budget.enter() {
            folder.left_out += 1;
            continue;
        }
        folder.is_cut |= entry.is_cut;
        folder.take(&entry.name, inner(&entry.name, entry.bytes, budget));
    }
    folder.finish()
}

/// Reads the file that a stream of gzip holds. It has no name of its own in the heading: it is the file.
///
/// # Errors
/// A [`Refusal`] if it has no text.
pub(super) fn read_gzip(name: &str, file: &[u8], budget: &mut Budget, inner: &Inner<'_>) -> Result<Text, Refusal> {
    let mut unpacked = gzip::read(file, budget);
    if unpacked.end == End::Full {
        // There is room for what is said of that.
        unpacked.bytes.truncate(entry_most() - LEFT_OUT_BYTES_MAX);
    }
    let text = inner(&gzip::inner_name(name), &unpacked.bytes, budget);
    match (unpacked.end, text) {
        (End::Cut, Err(_)) => Err(Refusal::Truncated),
        (End::Full, Err(_)) => Err(Refusal::TooMuch),
        (End::Altered, Err(_)) => Err(Refusal::Altered),
        (End::Full, Ok(text)) => Ok(noted(
            text,
            &format!(
                "Only the beginning of this file is read, and the rest was left out: unpacked it is more than is read of one file, at most {} MiB. \
                 Unpack it, or split it into several files.",
                entry_most() >> 20
            ),
        )),
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

/// The text of the entries so far.
#[derive(Default)]
pub(super) struct Folder {
    pub(super) text: Text,
    encrypted: usize,
    /// Entries that are packed by another method than DEFLATE.
    packed_otherwise: usize,
    /// Entries that have no text.
    refused: usize,
    /// Why one of them has none, if that is not that there are no words in it.
    why: Option<Refusal>,
    is_cut: bool,
    /// Entries of which there is text.
    read: usize,
    /// Entries beyond what is read of one file.
    pub(super) left_out: usize,
    /// Whether the text of the next entry is too much.
    pub(super) is_full: bool,
}

impl Folder {
    /// A document that has others in it.
    pub(super) fn of(text: Text) -> Self {
        Self { text, ..Self::default() }
    }

    /// Adds an entry, whose path is a heading above its own.
    pub(super) fn take(&mut self, path: &str, entry: Result<Text, Refusal>) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(why) => {
                self.refused += 1;
                let tells = matches!(why, Refusal::Altered | Refusal::TooDeep | Refusal::Nested | Refusal::TooMuch);
                self.why = self.why.take().or_else(|| tells.then_some(why));
                return;
            }
        };
        if self.text.text.len() + entry.text.len() >= entry_most() - LEFT_OUT_BYTES_MAX {
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
            let has_room = bytes + more < entry_most() - LEFT_OUT_BYTES_MAX;
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

    /// The text, which says at its end that entries were left out, if any were: no search of it comes to nothing without a word.
    pub(super) fn text(self) -> Text {
        let Self { read, left_out, .. } = self;
        if left_out == 0 {
            return self.text;
        }
        let (are, were) = (plural(read as u64, "is", "are"), plural(left_out as u64, "was", "were"));
        let note = format!(
            "{read} {} of this file {are} read, and {left_out} more {were} left out: there is more in it than is read of one file, at most \
             {UNPACKED_ENTRIES_MAX} entries and {} MiB. Unpack it, or split it into several files.",
            plural(read as u64, "entry", "entries"),
            entry_most() >> 20
        );
        noted(self.text, &note)
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
            Self { encrypted: 1.., .. } => Refusal::Encrypted,
            Self { packed_otherwise: 1.., .. } => Refusal::Unsupported { format: "ZIP (packed by another method)" },
            Self { why: Some(why), .. } => why,
            Self { left_out: 1.., .. } => Refusal::TooMuch,
            Self { refused: 1.., .. } => Refusal::ReadEmpty { what: "no file in the archive has words in it" },
            _ => Refusal::Empty,
        })
    }
}

/// A text that says at its end what was left out of it, where there is room.
fn noted(mut text: Text, note: &str) -> Text {
    if text.sections.len() < DOCUMENT_CHUNKS_MAX {
        if !text.text.is_empty() && !text.text.ends_with('\n') {
            text.text.push('\n');
        }
        let start = text.text.len();
        text.text.push_str(note);
        text.sections.push(Section { heading: LEFT_OUT.to_owned(), range: start..text.text.len() });
        text.text.push('\n');
    }
    text
}

/// A path as words of a heading: its last `limits::HEADING_BYTES_MAX` bytes, without keys.
fn heading(path: &str) -> String {
    let from = path.ceil_char_boundary(path.len().saturating_sub(HEADING_BYTES_MAX));
    let words: String = path.get(from..).unwrap_or_default().chars().filter(|c| !c.is_control()).collect();
    let words = payload::key::elide(words.trim()).into_owned();
    payload::elide(&words).chars().filter(|c| *c != payload::MARK).collect()
}

#[cfg(test)]
#[path = "test.rs"]
mod tests;
