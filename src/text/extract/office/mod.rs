//! Office documents and books: from the bytes of a file to its text with headings.
//!
//! What a file is, its content says: the parts of a ZIP file, or the streams of a compound file. Each format has a reader that
//! writes a [`Leaf`]; what they share is how parts are found (`package`) and XML (`xml`). Slides and sheets
//! are headings, with their numbers and names, so that an answer can say where.
//!
//! Nothing here trusts a number that a file states: parts are unpacked with caps, and no memory is reserved by a count. What a reader
//! does not know, it leaves out.
//!
//! Not here: pictures and their text, formulas, what a program would compute. Archives that are no documents are in `archive`.

mod bytes;
mod cfb;
mod doc;
mod docx;
mod epub;
mod iwork;
mod number;
mod odf;
mod package;
mod ppt;
mod pptx;
mod rtf;
mod runs;
mod styles;
mod xls;
mod xlsb;
mod xlsx;
pub(super) mod xml;

use super::archive::inflate::Budget;
use super::archive::zip::Zip;
use super::leaf::Leaf;
use super::refusal::Refusal;
use package::Package;

/// Reads a document that is a ZIP file; `None` if it is an archive of something else.
///
/// # Errors
/// A [`Refusal`] that says why there is no text in it.
pub(super) fn read_zip(zip: &Zip<'_>, budget: &mut Budget) -> Option<Result<Leaf, Refusal>> {
    let package = &mut Package::new(zip, budget);
    let mimetype = package.text("mimetype");
    let mimetype = mimetype.trim();
    let has = |name: &str| zip.find(name).is_some();
    let mut leaf = if mimetype == "application/epub+zip" || has("META-INF/container.xml") && !has("content.xml") {
        match epub::read(package) {
            Some(leaf) => leaf,
            None => return Some(Err(Refusal::Encrypted)),
        }
    } else if mimetype.contains("opendocument")
        || mimetype.contains("vnd.sun.xml")
        || has("content.xml") && has("meta.xml")
    {
        if odf::is_encrypted(package) {
            return Some(Err(Refusal::Encrypted));
        }
        odf::read(package)
    } else if let Some(main) = main_part(package) {
        match main.split('/').next().unwrap_or_default() {
            "ppt" => pptx::read(package, &main),
            "xl" if main.ends_with(".bin") => xlsb::read(package, &main),
            "xl" => xlsx::read(package, &main),
            "visio" => return Some(Err(Refusal::Unsupported { format: "Visio" })),
            _ => docx::read(package, &main),
        }
    } else if let Some(main) = ["index.xml", "index.apxl"].into_iter().find(|name| has(name)) {
        iwork::read(package, main)
    } else if zip
        .entries
        .iter()
        .any(|entry| entry.name.ends_with("Index/Document.iwa") || entry.name.ends_with("/Index.zip"))
    {
        return Some(Err(Refusal::Unsupported { format: "iWork" }));
    } else if has("[Content_Types].xml") && zip.is_cut {
        return Some(Err(Refusal::Truncated));
    } else {
        return None;
    };
    leaf.left_out.extend(package.left_out());
    let why = if package.is_altered {
        Some(Refusal::Altered)
    } else if package.is_cut {
        Some(Refusal::Truncated)
    } else if package.is_encrypted {
        Some(Refusal::Encrypted)
    } else if package.is_full {
        Some(Refusal::TooMuch)
    } else {
        (leaf.is_blank() && has_nested(package)).then_some(Refusal::Nested)
    };
    Some(judged(leaf, why))
}

/// Whether a part has words within more elements than are told apart.
fn has_nested(package: &mut Package<'_, '_>) -> bool {
    let is_xml = |name: &&str| name.ends_with("ml");
    package.names().filter(is_xml).any(|name| xml::is_nested(&package.text(name)))
}

/// Whether it is rich text.
pub(super) fn is_rtf(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"{\\rtf")
}

/// Whether it is a compound file, as Office wrote them until 2007.
pub(super) fn is_compound(bytes: &[u8]) -> bool {
    cfb::is_compound(bytes)
}

/// Reads rich text; `None` if it is none.
///
/// # Errors
/// A [`Refusal`] that says why there is no text in it.
pub(super) fn read_rtf(bytes: &[u8]) -> Option<Result<Leaf, Refusal>> {
    is_rtf(bytes).then(|| judged(rtf::read(bytes), None))
}

/// Reads a document that is a compound file; `None` if it is none.
///
/// # Errors
/// A [`Refusal`] that says why there is no text in it.
pub(super) fn read_compound(bytes: &[u8]) -> Option<Result<Leaf, Refusal>> {
    if !cfb::is_compound(bytes) {
        return None;
    }
    if cfb::is_damaged(bytes) {
        return Some(Err(Refusal::Damaged { format: "old Office" }));
    }
    let Some(file) = cfb::Compound::open(bytes) else { return Some(Err(Refusal::Truncated)) };
    let names = file.names();
    let has = |name: &str| names.iter().any(|other| other.eq_ignore_ascii_case(name));
    let stream = |name: &str| file.stream(name).unwrap_or_default();
    let leaf = if has("EncryptedPackage") || has("DRMEncryptedDataSpace") || has("\u{9}DRMContent") {
        Err(Refusal::Encrypted)
    } else if has("Workbook") {
        xls::read(&stream("Workbook"))
    } else if has("Book") {
        xls::read(&stream("Book"))
    } else if has("WordDocument") {
        doc::read(&file, &stream("WordDocument"))
    } else if has("PowerPoint Document") {
        ppt::read(&stream("PowerPoint Document"), &stream("Current User"))
    } else if has("__properties_version1.0") {
        Err(Refusal::Unsupported { format: "Outlook" })
    } else if names.is_empty() {
        Err(Refusal::Truncated)
    } else {
        Err(Refusal::Unsupported { format: "old Office" })
    };
    Some(leaf.and_then(|leaf| judged(leaf, None)))
}

/// The leaf, if there is a word in it. `why`: why there may be none.
fn judged(leaf: Leaf, why: Option<Refusal>) -> Result<Leaf, Refusal> {
    if !leaf.is_blank() || !leaf.title.is_empty() && why.is_none() {
        return Ok(leaf);
    }
    Err(why.unwrap_or(Refusal::ReadEmpty { what: "the document has no words in it" }))
}

/// The main part of an Office document.
fn main_part(package: &mut Package<'_, '_>) -> Option<String> {
    let relations = package.relations("");
    let stated = relations.into_iter().find(|it| matches!(it.kind.as_str(), "officeDocument" | "document"));
    let usual = ["word/document.xml", "ppt/presentation.xml", "xl/workbook.xml", "xl/workbook.bin"];
    let there = |name: &str| package.names().find(|other| other.eq_ignore_ascii_case(name)).map(str::to_owned);
    stated.and_then(|it| there(&it.target)).or_else(|| usual.iter().find_map(|name| there(name)))
}

#[cfg(test)]
#[path = "test.rs"]
mod tests;
