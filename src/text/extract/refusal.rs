//! Why a file has no text.

use crate::limits::DOCUMENT_BYTES_MAX;
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
    /// Neither UTF-8 nor UTF-16 with a byte order mark.
    Encoding {
        /// First byte that does not fit, counted from 0 at the start of the file.
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
            Self::Encoding { at } => write!(f, "the file is not UTF-8 text: byte {at} does not fit; save it as UTF-8"),
            Self::TooLarge { bytes } => {
                write!(f, "the file has {bytes} bytes, more than the {DOCUMENT_BYTES_MAX} that are read")
            }
            Self::Unsupported { format } => write!(f, "{format} files cannot be read yet"),
        }
    }
}

impl std::error::Error for Refusal {}
