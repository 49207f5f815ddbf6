//! Whether a secret stands in a file that only its own reader can read: an office document, a PDF, an archive, a mail with something attached.
//!
//! It is looked at in two ways: in the words that its readers show, before they leave anything out, by the rules for texts (`secret`); and in an archive in the
//! bytes of each entry, also of those that no reader shows, for private keys and for the names of files of keys. What cannot be looked at,
//! since it needs a password, is damaged or too much, or since the list of a ZIP file's entries does not tell of it, counts as a secret: nobody knows then.
//!
//! These are the readers of documents, so this runs where they do, in a process of its own (`platform::child`).

use super::archive::inflate::{Budget, End, entry_most};
use super::archive::zip::{Entry, Zip};
use super::archive::{gzip, tar};
use super::binary;
use super::others::Others;
use super::secret::{in_entry, in_words, is_key};
use crate::base::secret_file::holds_secrets;
use crate::limits::ARCHIVE_DEPTH_MAX;
use std::cell::Cell;

/// Whether it does. The readers of text are given what `others` would be.
pub(super) fn holds_secret(name: &str, bytes: &[u8], others: &Others<'_>) -> bool {
    let found = Cell::new(false);
    let page = |text: String, title: &str| {
        found.set(found.get() || in_words(&text) || in_words(title));
        (others.page)(text, title)
    };
    let file = |name: &str, bytes: &[u8]| {
        found.set(found.get() || in_entry(name, bytes));
        (others.file)(name, bytes)
    };
    let read = binary::extract(name, bytes, &Others { page: &page, file: &file });
    found.get() || matches!(read, Some(Err(_))) || in_entries(name, bytes, 0, &mut Budget::of(bytes.len()))
}

/// Whether a key stands in an entry of an archive, or in one of an archive in it, or one of them cannot be looked at.
fn in_entries(name: &str, bytes: &[u8], depth: usize, budget: &mut Budget) -> bool {
    let is_key_within = |name: &str, bytes: &[u8], budget: &mut Budget| {
        holds_secrets(name.as_bytes()) || is_key(bytes) || in_entries(name, bytes, depth + 1, budget)
    };
    let (is_zip, is_gzip, is_tar) = (binary::is_zip(bytes), gzip::is_gzip(bytes), tar::is_tar(bytes));
    if depth > ARCHIVE_DEPTH_MAX {
        return is_zip || is_gzip || is_tar;
    }
    if is_zip {
        let zip = Zip::open(bytes);
        let is_file = |entry: &&Entry| !entry.name.ends_with('/');
        return zip.left_out > 0
            || zip.has_remains()
            || zip.entries.iter().filter(is_file).any(|entry| match zip.read(entry, entry_most(), budget) {
                Some(unpacked) if unpacked.end == End::Whole => is_key_within(&entry.name, &unpacked.bytes, budget),
                _ => true,
            });
    }
    if is_gzip {
        let unpacked = gzip::read(bytes, budget);
        return unpacked.end != End::Whole || is_key_within(&gzip::inner_name(name), &unpacked.bytes, budget);
    }
    if is_tar {
        let list = tar::entries(bytes);
        return list.left_out > 0
            || list.entries.iter().any(|entry| !budget.enter() || is_key_within(&entry.name, entry.bytes, budget));
    }
    false
}

#[cfg(test)]
mod tests {
    use crate::limits::ARCHIVE_DEPTH_MAX;
    use crate::text::extract::archive::gzip::tests::gzip;
    use crate::text::extract::archive::tar::tests::tar;
    use crate::text::extract::archive::zip::Zip;
    use crate::text::extract::archive::zip::tests::zip;
    use crate::text::extract::der::tests::ed25519;
    use crate::text::extract::{holds_packed_secret, needs_parser};

    const KEY: &str = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
    const TOKEN: &str = "The tunnel to the cellar has yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk= as its key.";
    const WORDS: &str = "The boiler in the cellar hums, and its red lamp blinks twice a minute since Monday.";

    fn docx(words: &str) -> Vec<u8> {
        // So many that they are packed.
        let paragraphs = format!("<w:p><w:r><w:t>{words}</w:t></w:r></w:p>").repeat(5);
        let body = format!("<w:document><w:body>{paragraphs}</w:body></w:document>");
        zip(&[("word/document.xml", body.as_bytes())])
    }

    fn is_withheld(name: &str, bytes: &[u8]) -> bool {
        assert!(needs_parser(name, bytes), "{name}");
        holds_packed_secret(name, bytes)
    }

    #[test]
    fn a_secret_is_found_in_office_documents_and_archives_whatever_they_are_packed_in() {
        let note = format!("{WORDS}\n\n{KEY}\n\n{WORDS}\n{WORDS}\n");
        assert!(!is_withheld("a.docx", &docx(WORDS)), "a document without one is given out");
        for secret in [KEY, TOKEN] {
            let paragraphs = format!("{WORDS}</w:t></w:r></w:p><w:p><w:r><w:t>{secret}");
            let document = docx(&paragraphs);
            assert!(is_withheld("a.docx", &document), "{secret}");
            let nested = zip(&[("notes/a.docx", &document), ("b.txt", WORDS.as_bytes())]);
            assert!(is_withheld("a.zip", &nested), "a document in an archive: {secret}");
        }
        assert!(is_withheld("a.txt.gz", &gzip(note.as_bytes())));
        assert!(is_withheld("a.tar", &tar(&[("a.txt", b'0', note.as_bytes())])));
        assert!(is_withheld("a.tgz", &gzip(&tar(&[("a.txt", b'0', note.as_bytes())]))));
        assert!(!is_withheld("a.txt.gz", &gzip(WORDS.as_bytes())));
        assert!(!is_withheld("a.tar", &tar(&[("a.txt", b'0', WORDS.as_bytes())])));
    }

    #[test]
    fn a_key_is_found_where_no_reader_of_words_looks() {
        let padded = format!("{}\n{KEY}\n", "pad ".repeat(200));
        let with = |name: &str, bytes: &[u8]| zip(&[("a.txt", WORDS.as_bytes()), (name, bytes)]);
        assert!(!is_withheld("a.zip", &with("b.txt", WORDS.as_bytes())));
        let tagged = format!("<a>{padded}</a>");
        let numbers = ed25519().iter().map(u8::to_string).collect::<Vec<_>>().join(" ");
        let entries: [(&str, &[u8]); 6] = [
            (".hidden/numbers.txt", numbers.as_bytes()),
            (".hidden/notes.txt", padded.as_bytes()),
            ("__MACOSX/b.txt", padded.as_bytes()),
            ("server.key", &[0x30, 0x82, 1, 2, 3]),
            ("home/.env", b"PASSWORD=x"),
            ("customXml/item1.xml", tagged.as_bytes()),
        ];
        for (name, bytes) in entries {
            assert!(is_withheld("a.zip", &with(name, bytes)), "{name}");
        }
    }

    #[test]
    fn a_key_as_bytes_is_found_in_archives_whatever_its_name_is() {
        let with = |name: &str, bytes: &[u8]| zip(&[("a.txt", WORDS.as_bytes()), (name, bytes)]);
        let key = ed25519();
        let padded = [&[0; 500][..], &key, &[0; 500]].concat();
        for bytes in [&key, &padded] {
            assert!(is_withheld("a.zip", &with("picture.bin", bytes)));
            assert!(is_withheld("a.zip", &with("more.zip", &with("picture.bin", bytes))));
            assert!(is_withheld("a.tar", &tar(&[("a.txt", b'0', WORDS.as_bytes()), ("b", b'0', bytes)])));
            assert!(is_withheld("a.bin.gz", &gzip(bytes)));
        }
        assert!(!is_withheld("a.zip", &with("picture.bin", &padded[..520])), "a part of its beginning alone");
    }

    #[test]
    fn what_was_taken_out_of_the_directory_alone_is_still_in_the_file() {
        let secret = format!("{WORDS}\n{KEY}\n").repeat(3);
        let whole = zip(&[("a.txt", WORDS.as_bytes()), ("old.txt", secret.as_bytes()), ("b.txt", WORDS.as_bytes())]);
        let places = |mark: &[u8]| -> Vec<usize> {
            whole.windows(4).enumerate().filter(|(_, part)| *part == mark).map(|(at, _)| at).collect()
        };
        let (records, end) = (places(b"PK\x01\x02"), places(b"PK\x05\x06")[0]);
        // As a program does that changes a file in place: the record goes, and what it told of stays.
        let without = |taken: &[usize]| {
            let bounds = [&records[..], &[end]].concat();
            let kept = |at: &usize| !taken.contains(at);
            let directory: Vec<u8> =
                (0..3).filter(kept).flat_map(|at| &whole[bounds[at]..bounds[at + 1]]).copied().collect();
            let mut file = [&whole[..records[0]], &directory, &whole[end..]].concat();
            let record = records[0] + directory.len();
            let count = u16::try_from(3 - taken.len()).unwrap().to_le_bytes();
            file[record + 8..record + 10].copy_from_slice(&count);
            file[record + 10..record + 12].copy_from_slice(&count);
            file[record + 12..record + 16].copy_from_slice(&u32::try_from(directory.len()).unwrap().to_le_bytes());
            file
        };
        assert!(without(&[]) == whole);
        for taken in [&[1][..], &[0, 1], &[1, 2], &[0, 1, 2]] {
            assert!(is_withheld("a.zip", &without(taken)), "without {taken:?}");
        }
        // Nothing of it is in these: sizes behind a stream, and zeros that align an entry.
        let clean = zip(&[("a.txt", WORDS.as_bytes())]);
        let at = clean.windows(4).position(|part| part == b"PK\x01\x02").unwrap();
        for (between, has_more) in [(vec![7; 24], false), (vec![0; 99], false), (vec![7; 25], true)] {
            let mut shifted = [&clean[..at], &between, &clean[at..]].concat();
            let offset = shifted.len() - 6;
            shifted[offset..offset + 4].copy_from_slice(&u32::try_from(at + between.len()).unwrap().to_le_bytes());
            assert_eq!(Zip::open(&shifted).has_remains(), has_more, "{between:?}");
        }
        let behind = [&clean[..], &[b'x'; 99]].concat();
        assert!(Zip::open(&behind).has_remains());
    }

    #[test]
    fn what_cannot_be_looked_at_counts_as_a_secret() {
        let mut damaged = zip(&[("a.txt", WORDS.as_bytes()), ("b.txt", WORDS.repeat(9).as_bytes())]);
        // The sum of the first entry in the directory.
        let at = damaged.windows(4).position(|part| part == b"PK\x01\x02").unwrap();
        damaged[at + 16] ^= 1;
        assert!(is_withheld("a.zip", &damaged), "an entry that is another than its sum says");
        assert!(is_withheld("a.zip", b"PK\x05\x06nothing"), "a file that no reader reads");
        let long: String = (0..200).map(|n| format!("{WORDS} It is number {n}, of {}.\n", n * 7919)).collect();
        let whole = gzip(long.as_bytes());
        assert!(!is_withheld("a.txt.gz", &whole));
        assert!(is_withheld("a.txt.gz", &whole[..whole.len() / 2]), "nobody sees what stands behind the break");
        let mut deep = WORDS.as_bytes().to_vec();
        for _ in 0..ARCHIVE_DEPTH_MAX + 3 {
            deep = zip(&[("a.zip", &deep)]);
        }
        assert!(is_withheld("a.zip", &deep), "deeper than anybody looks");
    }
}
