//! What an export leaves out, as a header of its answer: the archive itself has no place for it.

use crate::base::count::count;
use crate::limits::PUBLIC_FILE_BLOCKS_MAX;
use core::fmt;
use serde::Serialize;

/// The header's name.
pub const LEFT_OUT: &str = "wattle-left-out";

/// How many public documents are not in an archive, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NotExported {
    /// A secret stands in them.
    pub withheld: u64,
    /// More blocks than have room.
    pub full: u64,
    /// Their files cannot be read just now, have changed since they were read, or were not looked at for secrets yet.
    pub unread: u64,
}

impl fmt::Display for NotExported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "withheld={}, full={}, unread={}", self.withheld, self.full, self.unread)
    }
}

impl NotExported {
    /// What a header says; words of later versions are passed over.
    #[must_use]
    pub fn read(header: &str) -> Self {
        let of = |name: &str| {
            let mut words = header.split(',').filter_map(|word| word.trim().split_once('='));
            words.find(|(known, _)| *known == name).and_then(|(_, number)| number.parse().ok()).unwrap_or(0)
        };
        Self { withheld: of("withheld"), full: of("full"), unread: of("unread") }
    }

    /// Whether there is something that its owner wants in it: what is withheld is left out on purpose.
    #[must_use]
    pub const fn lacks_some(&self) -> bool {
        self.full > 0 || self.unread > 0
    }

    /// What is not in it, as sentences; `None` if that is nothing.
    #[must_use]
    pub fn sentence(&self) -> Option<String> {
        let of = |number: u64, why: String| (number > 0).then(|| format!("{}: {why}", count(number, "document")));
        let parts = [
            of(self.withheld, "a private key stands in it, or what looks like a secret".to_owned()),
            of(self.full, format!("public files have room for {PUBLIC_FILE_BLOCKS_MAX} blocks, which others take")),
            of(self.unread, "its file cannot be read just now, changed and was not read again yet, or was not looked at for secrets yet".to_owned()),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| format!("Left out of the public documents: {}.", parts.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_comes_through_the_header_and_is_told_with_its_reason() {
        let some = NotExported { withheld: 1, full: 20, unread: 3 };
        assert_eq!(NotExported::read(&some.to_string()), some);
        assert_eq!(NotExported::read("full=2, later=9"), NotExported { full: 2, ..NotExported::default() });
        assert_eq!(NotExported::read(""), NotExported::default());
        let text = some.sentence().unwrap();
        for part in ["1 document: a private key", "20 documents: public files have room", "3 documents: its file"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(NotExported::default().sentence(), None);
        assert!(some.lacks_some() && !NotExported { withheld: 1, ..NotExported::default() }.lacks_some());
    }
}
