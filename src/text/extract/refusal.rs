//! Why a file has no text.

use crate::limits::{ARCHIVE_DEPTH_MAX, DOCUMENT_BYTES_MAX, XML_DEPTH_MAX};
use std::fmt;

/// Why a file has no text. The file is the cause: another attempt gives the same result until the file or this program
/// changes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Nothing but white space.
    Empty,
    /// Encoded data and no words.
    NoLanguage,
    /// A private key and hardly a word.
    PrivateKey,
    /// NUL bytes: pictures, programs, archives.
    Binary,
    /// In no encoding that is known, or with too much in it that is broken.
    Encoding {
        /// First byte that is no UTF-8, counted from 0 at the start of the file.
        at: usize,
    },
    /// More than `limits::DOCUMENT_BYTES_MAX` bytes.
    TooLarge {
        /// Bytes of the file.
        bytes: usize,
    },
    /// A format that holds text which this program cannot extract yet.
    Unsupported {
        /// The format's usual name.
        format: &'static str,
    },
    /// Its text needs a password.
    Encrypted,
    /// The end is missing, and with it the text.
    Truncated,
    /// The parts of its format are not where they must be.
    Damaged {
        /// The format's usual name.
        format: &'static str,
    },
    /// More is packed in it than is unpacked.
    TooMuch,
    /// What is packed in it is other than it was: the checksum of the file says so.
    Altered,
    /// Archives lie in it deeper than is read.
    TooDeep,
    /// Its text lies within more elements than are told apart.
    Nested,
    /// Read to the end, and there are no words in it: pages that are pictures, an archive of programs.
    ReadEmpty {
        /// What was found instead, as part of a sentence.
        what: &'static str,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the file has no text"),
            Self::NoLanguage => f.write_str("the file holds data and no words"),
            Self::PrivateKey => f.write_str(
                "the file holds a private key and hardly a word besides. A note around a key is indexed, without the key",
            ),
            Self::Binary => f.write_str("the file is not text"),
            Self::Encoding { at } => write!(
                f,
                "the file is in no encoding that is known: byte {at} is no UTF-8, and what is around it no other; save it as UTF-8"
            ),
            Self::TooLarge { bytes } => {
                write!(f, "the file has {bytes} bytes, more than the {DOCUMENT_BYTES_MAX} that are read")
            }
            Self::Unsupported { format } => write!(f, "{format} files cannot be read yet"),
            Self::Encrypted => f.write_str("the file needs a password; save a copy without one"),
            Self::Truncated => f.write_str("the end of the file is missing; copy or download it again"),
            Self::Damaged { format } => {
                write!(f, "the file is damaged: parts of a file of this format ({format}) are missing; copy it again, or save it anew")
            }
            Self::TooMuch => f.write_str("the file unpacks to more than is read"),
            Self::Altered => f.write_str(
                "the file is damaged: what is packed in it does not have the checksum that it states; copy or download it again",
            ),
            Self::TooDeep => write!(
                f,
                "what is in the file lies in archives within archives, deeper than the {ARCHIVE_DEPTH_MAX} that are read; unpack it"
            ),
            Self::Nested => write!(
                f,
                "the text of the document lies within more than the {XML_DEPTH_MAX} nested elements that are read; save it anew"
            ),
            Self::ReadEmpty { what } => write!(f, "the file was read, but is empty: {what}"),
        }
    }
}

impl std::error::Error for Refusal {}
