//! Mails: one of them (`.eml`, the files of a Maildir, saved web pages), or a folder of them one behind the other (mbox).
//!
//! The subject is the title. Who wrote to whom and when stands before the text, so that a mail is found by that too; other headers say
//! nothing to people. Of a text that is there plainly and in HTML the plain one is read. Attachments, and mails in mails, are read as
//! files in an archive are (`archive`), with the same caps: the reader of all files takes them, one level deeper.
//!
//! What a mail is, its headers say (`told`): names of files differ too much. Parts and encodings are `mail-parser`'s work; `mailparse`
//! leaves it to its user to choose among the bodies. It forbids unsafe code. Base64 that is not whole it leaves as it is (`packed`). Mails come from strangers, so they are read in a process
//! of their own; but the agent itself looks where in the end of a large folder the first of them begins (`newest`), which compares lines and
//! takes nothing apart.

mod newest;
mod packed;
mod told;

use super::archive::extent::Extent;
use super::archive::inflate::Budget;
use super::archive::{Folder, Inner, is_document};
use super::encoding::decode;
use super::leaf::{Leaf, one_line};
use super::left_out::LeftOut;
use super::others::Others;
use super::refusal::Refusal;
use super::section::Text;
use crate::limits::{ARCHIVE_DEPTH_MAX, HEADING_BYTES_MAX, MAIL_ADDRESSES_MAX};
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Address, Encoding, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use packed::{Unpacked, unpack};
use std::borrow::Cow;

pub use newest::{NEWEST_BYTES, is_mailbox, newest};
pub(super) use told::{is_mail, is_mbox};

/// Words of a plain text from which on it is one: before HTML often stands that it is HTML.
const WORDS_MIN: usize = 12;

/// What reads the parts of a mail, and how much of the mail they have.
#[derive(Clone, Copy)]
pub(super) struct Readers<'a> {
    pub(super) others: &'a Others<'a>,
    /// The reader of attachments; `None`: they lie too deep.
    pub(super) inner: Option<&'a Inner<'a>>,
    pub(super) extent: Extent,
}

/// Reads a mail.
///
/// # Errors
/// A [`Refusal`] that says why there is no text in it.
pub(super) fn read(bytes: &[u8], readers: Readers<'_>, budget: &mut Budget) -> Result<Text, Refusal> {
    let bytes = told::with_line_feeds(told::without_length(bytes));
    let message = MessageParser::default().parse(&*bytes);
    let message = message.ok_or(Refusal::Damaged { format: "mail" })?;
    text_of(&message, readers, budget, 0)
}

/// Reads a folder of mails, from its end: where not all have room, the newest are read.
///
/// # Errors
/// A [`Refusal`] if none has text.
pub(super) fn read_mbox(bytes: &[u8], extent: Extent, budget: &mut Budget, inner: &Inner<'_>) -> Result<Text, Refusal> {
    let bytes = told::with_line_feeds(bytes);
    let (mails, left_out) = told::mails(&bytes);
    let mut folder = Folder::default();
    folder.left_out = left_out;
    let newest_first = mails
        .into_iter()
        .rev()
        .enumerate()
        .map(|(before, mail)| budget.enter().then(|| inner("mail.eml", mail, extent.of_part(before == 0), budget)));
    folder.take_last(newest_first);
    folder.finish()
}

fn text_of(message: &Message<'_>, readers: Readers<'_>, budget: &mut Budget, depth: usize) -> Result<Text, Refusal> {
    let others = readers.others;
    let mut leaf = Leaf::default();
    leaf.set_title(message.subject().unwrap_or_default());
    leaf.paragraph(&envelope(message));
    leaf.left_out.extend(message.parts.iter().any(is_encrypted).then_some(LeftOut::Encrypted));
    let mut addresses = [message.from(), message.to(), message.cc()].into_iter().flatten();
    let has_more = addresses.any(|it| it.iter().count() > MAIL_ADDRESSES_MAX);
    leaf.left_out.extend(has_more.then_some(LeftOut::Addresses));
    let mut pages = Vec::new();
    for part in bodies(message) {
        match &part.body {
            PartType::Html(_) => pages.push(words_of(message, part)),
            _ => write(&mut leaf, &words_of(message, part)),
        }
        leaf.left_out.extend(unpacked(message, part).and_then(|it| lacks(message, part, &it, readers.extent)));
    }
    let subject = leaf.title.get(..leaf.title.floor_char_boundary(HEADING_BYTES_MAX)).unwrap_or_default().to_owned();
    let mut folder = Folder::of((others.page)(leaf.text, &leaf.title).unwrap_or_default(), leaf.left_out);
    for page in pages {
        folder.take(&subject, (others.file)("mail.html", page.as_bytes()));
    }
    for part in message.attachments() {
        if folder.is_full || !budget.enter() {
            folder.left_out += 1;
            continue;
        }
        attachment(message, part, &mut folder, readers, budget, depth);
    }
    let is_locked = folder.reasons.contains(&LeftOut::Encrypted);
    folder.finish().map_err(|why| match why {
        Refusal::ReadEmpty { .. } | Refusal::Empty if is_locked => Refusal::Encrypted,
        Refusal::ReadEmpty { .. } | Refusal::Empty => Refusal::ReadEmpty { what: "the mail has no words in it" },
        why => why,
    })
}

/// Whether a part can be read only with a key: of S/MIME, if it is not signed alone, or of PGP.
fn is_encrypted(part: &MessagePart<'_>) -> bool {
    let is_armoured = matches!(&part.body, PartType::Text(text) if text.contains("-----BEGIN PGP MESSAGE-----"));
    let is_stated = part.content_type().is_some_and(|kind| {
        let is = |name: &str| kind.subtype().is_some_and(|it| it.eq_ignore_ascii_case(name));
        let is_open = |it: &str| ["signed-data", "certs-only"].iter().any(|open| it.eq_ignore_ascii_case(open));
        let is_sealed = kind.attribute("smime-type").is_none_or(|it| !is_open(it));
        is("encrypted") || is("pgp-encrypted") || (is("pkcs7-mime") || is("x-pkcs7-mime")) && is_sealed
    });
    is_armoured || is_stated
}

fn attachment(
    message: &Message<'_>,
    part: &MessagePart<'_>,
    folder: &mut Folder,
    readers: Readers<'_>,
    budget: &mut Budget,
    depth: usize,
) {
    let extent = readers.extent.of_part(is_last(message, part));
    let name = one_line(part.attachment_name().unwrap_or_default());
    let is_too_deep = depth >= ARCHIVE_DEPTH_MAX;
    if let (PartType::Message(mail), false) = (&part.body, is_too_deep) {
        folder.take("", text_of(mail, Readers { extent, ..readers }, budget, depth + 1));
        return;
    }
    if !name.is_empty() && !is_document(&name) {
        return;
    }
    let Some(inner) = readers.inner.filter(|_| !is_too_deep) else {
        if may_have_words(part) {
            folder.take(&name, Err(Refusal::TooDeep));
        }
        return;
    };
    if let Some(unpacked) = unpacked(message, part) {
        folder.reasons.extend(lacks(message, part, &unpacked, extent));
        let footer = footer(&unpacked);
        let text = match kind_of(part) {
            // A mail says its words plainly as well.
            Some("text.html") if name.is_empty() && !says_little(message) => return,
            Some(kind) => {
                let words = with_footer(words_in(part, kind, &unpacked.bytes), &footer);
                inner(if name.is_empty() { kind } else { &name }, words.as_bytes(), extent, budget)
            }
            None => {
                let told = inner(&name, &unpacked.bytes, extent, budget);
                folder.take(&name, told);
                if footer.is_empty() {
                    return;
                }
                inner("text.txt", footer.as_bytes(), Extent::Whole, budget)
            }
        };
        folder.take(&name, text);
        return;
    }
    if is_undecoded(part) && kind_of(part).is_none() {
        return;
    }
    let text = match &part.body {
        PartType::Text(_) => {
            inner(if name.is_empty() { "text.txt" } else { &name }, words_of(message, part).as_bytes(), extent, budget)
        }
        PartType::Html(_) => {
            inner(if name.is_empty() { "text.html" } else { &name }, words_of(message, part).as_bytes(), extent, budget)
        }
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => inner(&name, bytes, extent, budget),
        PartType::Message(_) | PartType::Multipart(_) => return,
    };
    folder.take(&name, text);
}

/// Whether a part is what stands in the mail, as it could not be decoded. What was decoded and only is no mail, although it says so, keeps its
/// encoding and is read as what it is.
fn is_undecoded(part: &MessagePart<'_>) -> bool {
    part.is_encoding_problem && part.encoding == Encoding::None
}

/// What a part holds that is base64 and could not be decoded as it stands, if it may have words. A text that only says that it is base64 holds none.
fn unpacked<'m>(message: &'m Message<'_>, part: &MessagePart<'_>) -> Option<Unpacked<'m>> {
    let is_packed = part.content_transfer_encoding().is_some_and(|name| name.eq_ignore_ascii_case("base64"));
    if !is_packed || !is_undecoded(part) || !may_have_words(part) {
        return None;
    }
    Some(unpack(raw_of(message, part))).filter(|it| !it.bytes.is_empty() || kind_of(part).is_none())
}

/// The bytes of a part as they stand in the mail.
fn raw_of<'m>(message: &'m Message<'_>, part: &MessagePart<'_>) -> &'m [u8] {
    let at = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
    message.raw_message.get(at(part.offset_body)..at(part.offset_end)).unwrap_or_default()
}

/// What such a part lacks.
fn lacks(message: &Message<'_>, part: &MessagePart<'_>, unpacked: &Unpacked<'_>, extent: Extent) -> Option<LeftOut> {
    if breaks_off(message, part) {
        return extent.has_end().then_some(LeftOut::Cut);
    }
    unpacked.is_altered.then_some(LeftOut::Altered)
}

/// The words behind the letters of base64 of a part, as mailing lists append them.
fn footer(unpacked: &Unpacked<'_>) -> String {
    let text = decode("text.txt", unpacked.footer).unwrap_or_default();
    if text.chars().any(char::is_alphanumeric) { text } else { String::new() }
}

fn with_footer(words: String, footer: &str) -> String {
    if footer.is_empty() { words } else { words + "\n\n" + footer }
}

/// What a part that is text by its header is read as, or says nothing of itself: that only lacks the boundary behind it.
fn kind_of(part: &MessagePart<'_>) -> Option<&'static str> {
    let packed = part.content_transfer_encoding().unwrap_or_default();
    let is_packed = ["base64", "quoted-printable"].iter().any(|name| packed.eq_ignore_ascii_case(name));
    let Some(kind) = part.content_type() else { return (!is_packed).then_some("text.txt") };
    let is_page = kind.subtype().is_some_and(|it| it.eq_ignore_ascii_case("html"));
    let is_text = kind.c_type.eq_ignore_ascii_case("text");
    is_text.then_some(if is_page { "text.html" } else { "text.txt" })
}

/// The words of bytes in the encoding that their part names, or else in that which they look like.
fn words_in(part: &MessagePart<'_>, kind: &str, bytes: &[u8]) -> String {
    let named = part.content_type().and_then(|kind| kind.attribute("charset")).unwrap_or_default();
    let by_name = charset_decoder(named.as_bytes()).map(|decoder| decoder(bytes));
    let fits = by_name.as_ref().is_some_and(|text| !may_be_other(part, text)) && !(is_western(part) && is_utf8(bytes));
    let text = if fits { by_name } else { decode(kind, bytes).ok().or(by_name) };
    text.unwrap_or_default()
}

/// Whether nothing of the mail stands behind a part, not even a boundary.
fn is_last(message: &Message<'_>, part: &MessagePart<'_>) -> bool {
    usize::try_from(part.offset_end).is_ok_and(|end| end >= message.raw_message.len())
}

/// Whether the mail breaks off in the letters of base64 of a part that could not be decoded: the boundary behind them is missing. Where it is
/// there, or none must be as the part is all of the mail, other signs stand between the letters.
fn breaks_off(message: &Message<'_>, part: &MessagePart<'_>) -> bool {
    let is_root = message.parts.first().is_some_and(|root| std::ptr::eq(root, part));
    // A mail within another one begins behind the headers of that, and may have a boundary of that behind it.
    let has_letters_only = || {
        let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=-\r\n\t ".contains(byte);
        let start = usize::try_from(part.offset_body).unwrap_or(usize::MAX);
        part.offset_header > 0 && message.raw_message.get(start..).is_some_and(|raw| raw.iter().all(is_letter))
    };
    is_last(message, part) && (!is_root || has_letters_only())
}

/// Whether a part may have words, by its type: pictures, sounds, films, fonts and signatures have none that are read.
fn may_have_words(part: &MessagePart<'_>) -> bool {
    part.content_type().is_none_or(|kind| {
        let subtype = kind.subtype().unwrap_or_default().to_ascii_lowercase();
        let is_one_of = ["image", "audio", "video", "font"].iter().any(|name| kind.c_type.eq_ignore_ascii_case(name));
        let has_none = is_one_of && !subtype.ends_with("xml") || subtype.ends_with("signature");
        !has_none
    })
}

/// Writes a text with its paragraphs.
fn write(leaf: &mut Leaf, text: &str) {
    leaf.paragraph("");
    for line in text.lines() {
        if line.trim().is_empty() {
            leaf.paragraph("");
        } else {
            // The line `From ` of a text in a folder of mails.
            let quoted = line.strip_prefix('>').filter(|rest| rest.trim_start_matches('>').starts_with("From "));
            leaf.line(quoted.unwrap_or(line));
        }
    }
}

/// The parts that are the mail's own text: plain, or HTML where nothing is said plainly.
fn bodies<'m>(message: &'m Message<'m>) -> Vec<&'m MessagePart<'m>> {
    let pages: Vec<&MessagePart<'_>> = message.html_bodies().collect();
    let has_page = pages.iter().any(|part| matches!(part.body, PartType::Html(_)));
    if has_page && says_little(message) { pages } else { message.text_bodies().collect() }
}

/// Whether a mail has a few words at most that are plain text.
fn says_little(message: &Message<'_>) -> bool {
    let of_text = message.text_bodies().filter_map(|part| match &part.body {
        PartType::Text(text) => Some(text.split_whitespace().count()),
        _ => None,
    });
    of_text.sum::<usize>() < WORDS_MIN
}

/// The words of a part. Where it does not say its encoding, or the bytes are not in that, they are what a file of these bytes is.
fn words_of<'m>(message: &'m Message<'_>, part: &'m MessagePart<'_>) -> Cow<'m, str> {
    let (text, name) = match &part.body {
        PartType::Text(text) => (text, "text.txt"),
        PartType::Html(text) => (text, "text.html"),
        _ => return Cow::Borrowed(""),
    };
    if let Some(unpacked) = unpacked(message, part) {
        return Cow::Owned(with_footer(words_in(part, name, &unpacked.bytes), &footer(&unpacked)));
    }
    let is_western = is_western(part);
    if is_western || may_be_other(part, text) {
        let raw = raw_of(message, part);
        let bytes = match part.encoding {
            Encoding::None => Some(Cow::Borrowed(raw)),
            Encoding::Base64 => base64_decode(raw).map(Cow::Owned),
            Encoding::QuotedPrintable => quoted_printable_decode(raw).map(Cow::Owned),
        };
        let fits =
            |bytes: &Cow<'_, [u8]>| !bytes.is_empty() && (!is_western || may_be_other(part, text) || is_utf8(bytes));
        if let Some(text) = bytes.filter(fits).and_then(|bytes| decode(name, &bytes).ok()) {
            return Cow::Owned(text);
        }
    }
    Cow::Borrowed(text)
}

/// Whether a part names one of the encodings that programs name without looking at its text.
fn is_western(part: &MessagePart<'_>) -> bool {
    let named = part.content_type().and_then(|kind| kind.attribute("charset")).unwrap_or_default();
    let all = ["us-ascii", "ascii", "iso-8859-1", "iso8859-1", "latin1", "windows-1252", "cp1252"];
    all.iter().any(|name| named.eq_ignore_ascii_case(name))
}

/// Whether bytes are UTF-8, and not ASCII alone: text in a western encoding hardly ever is by chance.
fn is_utf8(bytes: &[u8]) -> bool {
    !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok()
}

/// Whether the text of a part may be in another encoding than it was decoded by: it names none that is known, or UTF-8, which it is not.
fn may_be_other(part: &MessagePart<'_>, text: &str) -> bool {
    let named = part.content_type().and_then(|kind| kind.attribute("charset")).unwrap_or_default();
    let is_unicode = ["utf-8", "utf8", "us-ascii", "ascii"].iter().any(|name| named.eq_ignore_ascii_case(name));
    if is_unicode { text.contains(char::REPLACEMENT_CHARACTER) } else { charset_decoder(named.as_bytes()).is_none() }
}

/// Who wrote to whom, and when.
fn envelope(message: &Message<'_>) -> String {
    let mut lines = String::new();
    let all = [("From", message.from()), ("To", message.to()), ("Cc", message.cc())];
    for (name, addresses) in all {
        let names = addresses.map(names).unwrap_or_default();
        if !names.is_empty() {
            lines.push_str(&format!("{name}: {names}\n"));
        }
    }
    if let Some(date) = message.date().filter(|date| date.year > 0) {
        lines.push_str(&format!(
            "Date: {:04}-{:02}-{:02} {:02}:{:02}\n",
            date.year, date.month, date.day, date.hour, date.minute
        ));
    }
    lines
}

fn names(addresses: &Address<'_>) -> String {
    let name = |it: &mail_parser::Addr<'_>| match (it.name(), it.address()) {
        (Some(name), Some(address)) => one_line(&format!("{name} <{address}>")),
        (name, address) => one_line(name.or(address).unwrap_or_default()),
    };
    let all: Vec<String> =
        addresses.iter().take(MAIL_ADDRESSES_MAX).map(name).filter(|name| !name.is_empty()).collect();
    all.join(", ")
}

#[cfg(test)]
#[path = "test.rs"]
mod tests;
