//! Files as they are when a text of them is about to leave the store, whatever the last scan found.

use crate::store::record::{DocState, Document, FileStamp};
use std::collections::{BTreeMap, BTreeSet};

/// The files to look at; with what is known of each one whose text is wanted only if the file is as it was read.
pub type Sought = BTreeMap<Vec<u8>, Option<AsRead>>;

/// What the looks found; nothing of a file whose place does not answer soon.
pub type Looks = BTreeMap<Vec<u8>, Look>;

/// A file as it was when its text was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsRead {
    /// The stamp in its record.
    pub stamp: FileStamp,
    /// Its content, as in its record.
    pub content: [u8; 16],
    /// The stamp is that of a later look than the text: only the content tells whether the text is still there.
    pub is_unread: bool,
}

/// What a look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// The file, as it was read where that is asked.
    There,
    /// The file, with another content, or with none that could be compared.
    Changed,
    /// No file. The tag of the file system that is there now, where the folder around could be looked at and what is known is asked for.
    Missing(Option<u16>),
}

impl AsRead {
    /// By its record.
    #[must_use]
    pub const fn of(doc: &Document) -> Self {
        let is_unread = matches!(doc.state, DocState::Waiting | DocState::Parked(_));
        Self { stamp: doc.stamp, content: doc.content, is_unread }
    }
}

impl Look {
    /// Whether a text of this file is still there, or is away with the disk of the file; a look of no scan says less, so `unknown` is what
    /// holds where nothing is known.
    #[must_use]
    pub fn has_text(look: Option<&Self>, file: &AsRead, unknown: bool) -> bool {
        match look {
            Some(Self::There) => true,
            Some(Self::Changed) => false,
            Some(Self::Missing(Some(here))) => {
                let learnt = file.stamp.volume();
                learnt != *here && learnt != 0 && *here != 0
            }
            Some(Self::Missing(None)) | None => unknown,
        }
    }
}

/// Whether these files are there is all that is asked.
#[must_use]
pub fn plainly(paths: BTreeSet<Vec<u8>>) -> Sought {
    paths.into_iter().map(|path| (path, None)).collect()
}
