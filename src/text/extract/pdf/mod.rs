//! PDF: the letters that a page draws, as lines (`layout`), and the pages as sections with their numbers (`pages`).
//!
//! The crate `hayro-interpret` runs the program of each page and says which letter is drawn where; it decrypts files whose password
//! is empty, mends tables of objects, and knows the character maps of East Asian fonts. docs/evidence.md compares it with others.
//! Text that is drawn invisibly counts: it is what a scanner recognised.
//!
//! Streams are unpacked by that crate without a cap of ours, so that this runs in a process with a limit on memory and time.
//!
//! Not here: text in pictures. A file of nothing else is read, and empty.

mod layout;
mod pages;

use super::leaf::Leaf;
use super::left_out::LeftOut;
use super::refusal::Refusal;
use crate::limits::{DOCUMENT_BYTES_MAX, PDF_PAGES_MAX};
use hayro_interpret::font::GlyphRun;
use hayro_interpret::hayro_cmap::BfString;
use hayro_interpret::hayro_syntax::object::{Array, Dict, Name, String as PdfString};
use hayro_interpret::hayro_syntax::page::Page;
use hayro_interpret::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro_interpret::kurbo::{Affine, BezPath, Point, Rect};
use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps, InterpreterCache,
    InterpreterSettings, SoftMask, interpret_page,
};
use layout::{Letter, Lines};

/// Bytes at the start of a file in which its mark may stand.
const HEAD_BYTES: usize = 1024;

/// Units of a letter's height.
const EM: f64 = 1000.0;

/// Whether it is a PDF file. Something may stand before its mark, unless all of it is text: that only speaks of such files.
pub(super) fn is_pdf(bytes: &[u8]) -> bool {
    let has_mark = |bytes: &[u8]| bytes.windows(5).any(|window| window == b"%PDF-");
    let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
    head.trim_ascii_start().starts_with(b"%PDF-") || has_mark(head) && std::str::from_utf8(bytes).is_err()
}

/// Reads a file.
///
/// # Errors
/// A [`Refusal`] that says why there is no text in it.
pub(super) fn read(bytes: &[u8]) -> Result<Leaf, Refusal> {
    let pdf = Pdf::new(bytes.to_vec()).map_err(|why| match why {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => Refusal::Encrypted,
        LoadPdfError::Decryption(_) => Refusal::Unsupported { format: "encrypted PDF" },
        // A file whose objects cannot be listed without the password.
        LoadPdfError::Invalid if bytes.windows(8).any(|window| window == b"/Encrypt") => Refusal::Encrypted,
        LoadPdfError::Invalid if is_cut(bytes) => Refusal::Truncated,
        LoadPdfError::Invalid => Refusal::Damaged { format: "PDF" },
    })?;
    let cache = InterpreterCache::new();
    let (all, mut unknown, mut is_full) = (pdf.pages(), 0, false);
    let (mut texts, mut bytes_left) = (Vec::new(), usize::try_from(DOCUMENT_BYTES_MAX).unwrap_or(usize::MAX));
    for page in all.iter().take(PDF_PAGES_MAX) {
        let settings = InterpreterSettings::default();
        let mut context = Context::new(Affine::IDENTITY, Rect::new(0.0, 0.0, 1.0, 1.0), &cache, pdf.xref(), settings);
        let mut reader = Reader { lines: Lines::default(), most: bytes_left, is_full: false, unknown: 0 };
        interpret_page(page, &mut context, &mut reader);
        unknown += reader.unknown;
        is_full |= reader.is_full;
        let mut text = reader.lines.finish();
        for comment in comments(page) {
            text.push_str(&comment);
        }
        bytes_left = bytes_left.saturating_sub(text.len());
        texts.push(text);
        if bytes_left == 0 {
            is_full |= texts.len() < all.len();
            break;
        }
    }
    let mut leaf = Leaf::default();
    if let Some(title) = &pdf.metadata().title {
        leaf.propose_title(&text_of(title));
    }
    pages::write(&texts, &mut leaf);
    leaf.left_out.extend(is_full.then_some(LeftOut::Text));
    leaf.left_out.extend((all.len() > PDF_PAGES_MAX).then_some(LeftOut::Pages));
    leaf.left_out.extend(is_cut(bytes).then_some(LeftOut::Cut));
    if leaf.is_blank() {
        let what = if unknown > 0 { NO_LETTERS } else { NO_TEXT };
        return Err(if is_cut(bytes) { Refusal::Truncated } else { Refusal::ReadEmpty { what } });
    }
    Ok(leaf)
}

/// What a file without text is.
const NO_TEXT: &str = "its pages have pictures or drawings and no text; a scan must be made searchable first";
const NO_LETTERS: &str = "its fonts do not say which letters they draw";

/// Whether the end of the file is missing. A file that was saved anew, or is made for the web, has several ends: behind the last one stands no
/// object. Other bytes may stand there, and some programs write no more than where the table of objects is.
fn is_cut(bytes: &[u8]) -> bool {
    let last = |mark: &[u8]| bytes.windows(mark.len()).rposition(|window| window == mark);
    let Some(end) = last(b"%%EOF").max(last(b"startxref")) else { return true };
    let is_object = |window: &[u8]| matches!(window, [b' ', b'o', b'b', b'j', next] if !next.is_ascii_alphabetic());
    bytes.get(end..).unwrap_or_default().windows(5).any(is_object)
}

/// What people wrote on a page with their reader.
fn comments(page: &Page<'_>) -> Vec<String> {
    let all = page.raw().get::<Array<'_>>(&b"Annots"[..]);
    let mut comments = Vec::new();
    for note in all.iter().flat_map(Array::iter::<Dict<'_>>) {
        let kind = note.get::<Name<'_>>(&b"Subtype"[..]);
        let is_comment = kind.is_some_and(|kind| {
            matches!(kind.as_ref(), b"Text" | b"Highlight" | b"Underline" | b"StrikeOut" | b"Squiggly" | b"Caret")
        });
        if let Some(words) = note.get::<PdfString<'_>>(&b"Contents"[..]).filter(|_| is_comment) {
            let words = text_of(words.as_bytes());
            if !words.trim().is_empty() {
                comments.push(format!("\n[{}]\n", words.trim()));
            }
        }
    }
    comments
}

/// A string of the file itself: UTF-16 or UTF-8 with a byte order mark, else Western letters.
fn text_of(bytes: &[u8]) -> String {
    match bytes {
        [0xFE, 0xFF, rest @ ..] => {
            let (units, _) = rest.as_chunks::<2>();
            let units: Vec<u16> = units.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
            String::from_utf16_lossy(&units)
        }
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        bytes => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// Takes the letters of a page, and lets everything else go.
struct Reader {
    lines: Lines,
    /// Bytes of text from which on no more is taken.
    most: usize,
    /// Whether there was more.
    is_full: bool,
    /// Letters of which the font does not say what they are.
    unknown: usize,
}

impl Device<'_> for Reader {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, '_>, props: DrawProps<'_>, _mode: &DrawMode) {
        if self.lines.len() > self.most {
            self.is_full = true;
            return;
        }
        for glyph in run.glyphs() {
            let text = match glyph.as_unicode() {
                Some(BfString::Char(c)) => layout::letters(c).map_or_else(|| c.to_string(), str::to_owned),
                Some(BfString::String(text)) => text,
                None => {
                    self.unknown += 1;
                    continue;
                }
            };
            let way = props.transform * glyph.transform();
            let width = match &**glyph {
                hayro_interpret::font::Glyph::Outline(outline) => outline.advance_width(),
                hayro_interpret::font::Glyph::Type3(drawn) => drawn.advance_width(),
            };
            let (start, end) = (way * Point::ZERO, way * Point::new(f64::from(width.unwrap_or(500.0)), 0.0));
            let top = way * Point::new(0.0, EM);
            self.lines.push(Letter {
                text,
                x: start.x,
                y: start.y,
                dx: end.x - start.x,
                dy: end.y - start.y,
                size: (top - start).hypot(),
            });
        }
    }

    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'_>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'_>>, _: BlendMode) {}
    fn draw_image(&mut self, _: Image<'_, '_>, _: ImageDrawProps<'_>) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}

#[cfg(test)]
#[path = "test.rs"]
mod tests;
