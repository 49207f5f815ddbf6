//! Files that begin as a picture, a sound, a film, a program or another format that is not read.
//!
//! Of most such files the bytes are no text anyway. Of one that is damaged (a copy that broke off, and has zeros from there on) only its
//! first bytes are left, and some are letters: they are words of nobody. A mark counts where no text begins so: it has bytes that text
//! has not, or such follow within the fields that every file of the format has behind it.

/// Marks with bytes that no text begins with.
const MARKS: [&[u8]; 39] = [
    b"\x89PNG",
    b"\x8BJNG\r\n",
    b"\x8AMNG\r\n",
    b"\xFF\xD8\xFF",
    b"II*\0",
    b"MM\0*",
    b"\0\0\x01\0",
    b"\0\0\x02\0",
    b"8BPS\0",
    b"\0\0\0\x0CjP  \r\n",
    b"\0\0\0\x0CJXL \r\n",
    b"OggS\0",
    b"\x1AE\xDF\xA3",
    b"FLV\x01",
    b"\x30\x26\xB2\x75\x8E\x66\xCF\x11",
    b"\0\0\x01\xBA",
    b"\0\0\x01\xB3",
    b"MThd\0\0\0\x06",
    b"#!AMR\n",
    b"\x7FELF",
    b"\xFE\xED\xFA\xCE",
    b"\xFE\xED\xFA\xCF",
    b"\xCE\xFA\xED\xFE",
    b"\xCF\xFA\xED\xFE",
    b"\xCA\xFE\xBA\xBE\0",
    b"\0asm",
    b"dex\n03",
    b"BC\xC0\xDE",
    b"!<arch>\n",
    b"7z\xBC\xAF\x27\x1C",
    b"Rar!\x1A\x07",
    b"\xFD7zXZ\0",
    b"\x28\xB5\x2F\xFD",
    b"\x04\x22\x4D\x18",
    b"MSCF\0\0\0\0",
    b"SQLite format 3\0",
    b"\0\x01\0\0\0",
    b"OTTO\0",
    b"LUKS\xBA\xBE",
];

/// Marks that a text may begin with too, and how many bytes behind them are fields of numbers.
const LETTERS: [(&[u8], usize); 10] = [
    (b"GIF87a", 7),
    (b"GIF89a", 7),
    (b"BM", 12),
    (b"ID3", 7),
    (b"fLaC", 4),
    (b"MZ", 6),
    (b"wOFF", 12),
    (b"wOF2", 12),
    (b"ttcf", 8),
    (b"RIFX", 4),
];

/// Kinds of what begins with a mark, its size, and the kind.
const CONTAINERS: [(&[u8], &[&[u8]]); 2] =
    [(b"RIFF", &[b"WEBP", b"WAVE", b"AVI ", b"ACON", b"RMID"]), (b"FORM", &[b"AIFF", b"AIFC", b"ILBM"])];

/// Kinds of parts that films and new pictures begin with, behind the size of the part.
const PARTS: [&[u8]; 6] = [b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"];

/// Whether a file begins as one of a format that is not read, whole or damaged.
pub(super) fn is_unread(bytes: &[u8]) -> bool {
    let field = |at: usize| bytes.get(at..at + 4).unwrap_or_default();
    let is_container = |(mark, kinds): &(&[u8], &[&[u8]])| {
        // Where not even its kind is left.
        bytes.starts_with(mark) && (kinds.contains(&field(8)) || field(4) == [0; 4])
    };
    MARKS.iter().any(|mark| bytes.starts_with(mark))
        || LETTERS.iter().any(|(mark, fields)| bytes.strip_prefix(*mark).is_some_and(|rest| has_numbers(rest, *fields)))
        || CONTAINERS.iter().any(is_container)
        || (bytes.starts_with(b"\0\0") && PARTS.contains(&field(4)))
        || is_packed(bytes)
}

/// Whether one of so many bytes is a number, and no sign of a text.
fn has_numbers(rest: &[u8], fields: usize) -> bool {
    rest.iter().take(fields).any(|byte| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C | 0x1B))
}

/// Whether it is packed with bzip2: its mark, a figure, and the mark of its first block.
fn is_packed(bytes: &[u8]) -> bool {
    bytes.strip_prefix(b"BZh").and_then(|rest| rest.get(1..)).is_some_and(|rest| rest.starts_with(b"1AY&SY"))
}

#[cfg(test)]
mod tests {
    use super::is_unread;
    use crate::text::extract::{Refusal, extract};

    #[test]
    fn what_is_left_of_a_picture_a_sound_a_film_or_a_program_is_no_text_under_any_name() {
        let heads: [&[u8]; 16] = [
            b"\x89PNG\r\n\x1A\n",
            b"\x89PNG",
            b"GIF89a",
            b"GIF87a\x40\x01\xF0",
            b"\xFF\xD8\xFF\xE0\0\x10JFIF",
            b"BM6\x00\x0C",
            b"RIFF",
            b"RIFF\x24\x08\x01\x00WAVEfmt ",
            b"RIFFabcdWEBPVP8 ",
            b"ID3\x04",
            b"OggS",
            b"\0\0\0\x20ftypisom",
            b"\x7FELF\x02\x01\x01",
            b"MZ\x90",
            b"SQLite format 3",
            b"7z\xBC\xAF\x27\x1C",
        ];
        for head in heads {
            for name in ["a.png", "a.txt", "a", "a.html"] {
                let damaged = [head, &[0; 4000]].concat();
                assert_eq!(extract(name, &damaged), Err(Refusal::Binary), "{name}: {head:?}");
            }
        }
        let with_words =
            [&b"\x89PNG\r\n\x1A\n"[..], &b"the words of a comment that somebody wrote in it ".repeat(40)].concat();
        assert_eq!(extract("a.txt", &with_words), Err(Refusal::Binary));
    }

    #[test]
    fn a_text_about_such_a_file_and_one_with_zeros_at_its_end_are_texts() {
        for text in [
            "GIF89a is the newer of the two.",
            "BM: the meeting is at noon",
            "MZ and AB were there.\n",
            "ID3 tags are in the files",
            "RIFF is a container. WAVE is one of its kinds.",
            "FORM 12 of the office",
            "II* is a mark of TIFF",
            "BZh91 is a name",
            "%PNG and \u{2030}PNG",
            "fLaC",
        ] {
            assert!(!is_unread(text.as_bytes()), "{text}");
            assert_eq!(extract("a.txt", text.as_bytes()).unwrap().text, text);
            let cut = [text.as_bytes(), &[0; 40]].concat();
            let is_its_format = ["fLaC", "BZh"].iter().any(|mark| text.starts_with(mark)) || text.len() < 20;
            assert!(is_its_format || extract("a.txt", &cut).is_ok_and(|read| read.text == text), "{text}");
        }
        for wide in [&b"\xFF\xFET\0h\0e\0"[..], b"\xFE\xFF\0T\0h\0e", b"\xEF\xBB\xBFThe"] {
            assert!(!is_unread(wide), "{wide:?}");
        }
    }
}
