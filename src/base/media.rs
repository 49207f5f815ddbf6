//! Names of pictures, sounds and films: files without text that is read, of which a folder may have thousands.

/// Endings of pictures. Drawings that are text (SVG) are none.
const PICTURES: &[&str] = &[
    "jpg", "jpeg", "png", "gif", "heic", "heif", "webp", "avif", "bmp", "tif", "tiff", "ico", "dng", "cr2", "nef",
    "arw", "raw",
];

/// Endings of sounds.
const SOUNDS: &[&str] = &["mp3", "m4a", "aac", "ogg", "opus", "flac", "wav", "wma", "aiff"];

/// Endings of films.
const FILMS: &[&str] = &["mp4", "mov", "m4v", "mkv", "avi", "webm", "mpg", "mpeg", "3gp"];

/// The reason with which a file of bytes that are no text is refused (`worker::extract` makes it, and a test there holds the two together).
const NOT_TEXT: &str = "The file is not text.";

/// What is said in place of that for files of this kind, by their names; `None` for another file.
#[must_use]
pub fn why_not_read(path: &[u8]) -> Option<&'static str> {
    let name = path.rsplit(|byte| *byte == b'/').next()?;
    let mut parts = name.rsplitn(2, |byte| *byte == b'.');
    let (ending, stem) = (parts.next()?, parts.next()?);
    let is_in = |list: &[&str]| !stem.is_empty() && list.iter().any(|one| ending.eq_ignore_ascii_case(one.as_bytes()));
    let kinds =
        [(PICTURES, "Pictures are not read."), (SOUNDS, "Sounds are not read."), (FILMS, "Films are not read.")];
    kinds.into_iter().find(|(endings, _)| is_in(endings)).map(|(_, says)| says)
}

/// Whether a file is named as a picture, a sound or a film.
#[must_use]
pub fn is_media(path: &[u8]) -> bool {
    why_not_read(path).is_some()
}

/// What people are told of why a file is not used, by the reason that is stored.
#[must_use]
pub fn told_reason<'a>(path: &[u8], reason: &'a str) -> &'a str {
    why_not_read(path).filter(|_| reason == NOT_TEXT).unwrap_or(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_told_by_its_name_and_its_own_reason_only_in_place_of_the_plain_one() {
        assert_eq!(told_reason(b"/a/IMG_1.JPG", NOT_TEXT), "Pictures are not read.");
        assert_eq!(told_reason(b"/a/song.mp3", NOT_TEXT), "Sounds are not read.");
        assert_eq!(told_reason(b"/a/film.mov", NOT_TEXT), "Films are not read.");
        assert_eq!(told_reason(b"/a/IMG_1.JPG", "The file has no text."), "The file has no text.");
        for other in ["/a/notes.md", "/a.png/notes", "/a/png", "/a/.png", "/a/drawing.svg", "/"] {
            assert_eq!(told_reason(other.as_bytes(), NOT_TEXT), NOT_TEXT, "{other}");
            assert!(!is_media(other.as_bytes()), "{other}");
        }
    }
}
