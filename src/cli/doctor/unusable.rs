//! The files that cannot be used, as people are told of them: documents one by one, and pictures, sounds and films together, of which
//! a folder may have thousands.

use crate::base::count::{count, plural};
use crate::base::media::is_media;
use crate::cli::text::whole_path;
use crate::http::dto::Unusable;
use std::collections::BTreeMap;

/// What each of them is, or how many there are, and why.
pub(super) fn listed(refused: &[Unusable]) -> Vec<(String, &str)> {
    let is_alike = |file: &&Unusable| is_media(file.path.as_bytes());
    let mut alike: BTreeMap<&str, Vec<&Unusable>> = BTreeMap::new();
    for file in refused.iter().filter(is_alike) {
        alike.entry(file.reason.as_str()).or_default().push(file);
    }
    let documents =
        refused.iter().filter(|file| !is_alike(file)).map(|file| (whole_path(&file.path), file.reason.as_str()));
    let together = alike.into_iter().map(|(why, files)| match files.as_slice() {
        [one] => (whole_path(&one.path), why),
        files => (count(files.len() as u64, "file"), why),
    });
    documents.chain(together).collect()
}

/// That there are more than are listed; `None` if all are.
pub(super) fn more(all: u64, listed: usize) -> Option<String> {
    let more = all.saturating_sub(listed as u64);
    (more > 0)
        .then(|| format!("{} {} not usable, and not listed.", count(more, "more file"), plural(more, "is", "are")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, reason: &str) -> Unusable {
        Unusable { path: path.to_owned(), reason: reason.to_owned() }
    }

    #[test]
    fn documents_stand_before_pictures_and_those_are_told_together() {
        let (no_text, locked) = ("The file is not text.", "The file needs a password.");
        let (pictures, sounds) = ("Pictures are not read.", "Sounds are not read.");
        let refused = [
            file("/a/1.jpg", pictures),
            file("/a/2.png", pictures),
            file("/a/contract.pdf", locked),
            file("/a/3.JPG", pictures),
            file("/a/song.mp3", sounds),
            file("/a/b.bin", no_text),
        ];
        let expected =
            [("/a/contract.pdf", locked), ("/a/b.bin", no_text), ("3 files", pictures), ("/a/song.mp3", sounds)];
        let told = listed(&refused);
        assert_eq!(told.iter().map(|(what, why)| (what.as_str(), *why)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn that_there_are_more_is_said_where_there_are() {
        assert_eq!(more(100, 100), None);
        assert_eq!(more(101, 100).as_deref(), Some("1 more file is not usable, and not listed."));
        assert_eq!(more(316, 100).as_deref(), Some("216 more files are not usable, and not listed."));
    }
}
