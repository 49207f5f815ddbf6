//! PowerPoint of 1997 to 2003: records within records, in the stream `PowerPoint Document`.
//!
//! The file grows by what is saved: `Current User` says where the last list of the parts that count begins, and it is followed back. The text of a slide
//! stands in its own record, and that of its places in the list of slides.

use super::bytes::{size_at, u16_at, u32_at, western, wide};
use crate::text::extract::leaf::Leaf;
use crate::text::extract::left_out::LeftOut;
use crate::text::extract::refusal::Refusal;
use std::collections::BTreeMap;

const SLIDE: u16 = 0x03EE;
const NOTES: u16 = 0x03F0;
const DOCUMENT: u16 = 0x03E8;
const SLIDE_LIST: u16 = 0x0FF0;
const PERSIST: u16 = 0x03F3;
const CHARS: u16 = 0x0FA0;
const BYTES: u16 = 0x0FA8;

/// Edits that are followed back, and parts that they list.
const EDITS_MAX: usize = 4096;
const PARTS_MAX: usize = 65_536;

/// Records within each other.
const DEPTH_MAX: usize = 64;

/// Reads a presentation.
///
/// # Errors
/// [`Refusal::Encrypted`]; [`Refusal::Damaged`] where the list of parts is missing.
pub(super) fn read(stream: &[u8], user: &[u8]) -> Result<Leaf, Refusal> {
    // The token of an encrypted file.
    if u32_at(user, 12) == Some(0xF3D1_C4DF) {
        return Err(Refusal::Encrypted);
    }
    let edit = size_at(user, 16).ok_or(Refusal::Damaged { format: "PowerPoint" })?;
    let (parts, document) = parts(stream, edit);
    let part = |id: u32| parts.get(&id).and_then(|at| records(stream.get(*at..)?).next());
    let Some(document) = document.and_then(part).filter(|record| record.kind == DOCUMENT) else {
        return Err(Refusal::Damaged { format: "PowerPoint" });
    };
    let mut leaf = Leaf::default();
    if parts.len() >= PARTS_MAX {
        leaf.left_out.insert(LeftOut::Part);
    }
    let lists = |of: u16| records(document.body).filter(move |it| it.kind == SLIDE_LIST && it.instance == of);
    let mut number = 0;
    let mut notes: Vec<Vec<String>> = Vec::new();
    for list in lists(2) {
        for record in records(list.body).filter(|it| it.kind == PERSIST) {
            let own = u32_at(record.body, 0).and_then(part).filter(|it| it.kind == NOTES);
            notes.push(own.map(|it| texts(it.body)).unwrap_or_default());
        }
    }
    let mut notes = notes.into_iter();
    for list in lists(0) {
        let mut all = records(list.body).peekable();
        while let Some(record) = all.next() {
            if record.kind != PERSIST || leaf.is_full() {
                continue;
            }
            number += 1;
            let mut lines = Vec::new();
            while let Some(next) = all.next_if(|next| next.kind != PERSIST) {
                lines.extend(text(next));
            }
            let own = u32_at(record.body, 0).and_then(part).filter(|it| it.kind == SLIDE);
            lines.extend(own.map(|it| texts(it.body)).unwrap_or_default());
            let title = lines.first().filter(|line| lines.len() > 1 && line.lines().count() == 1 && line.len() < 120);
            let words = title.map_or_else(|| format!("Slide {number}"), |title| format!("Slide {number}: {title}"));
            leaf.place(1, &words);
            let from = usize::from(title.is_some());
            leaf.paragraph(&lines.get(from..).unwrap_or_default().join("\n"));
            leaf.paragraph(&notes.next().unwrap_or_default().join("\n"));
        }
    }
    Ok(leaf)
}

/// Where the parts that count begin, by their numbers; and the number of the document.
fn parts(stream: &[u8], mut edit: usize) -> (BTreeMap<u32, usize>, Option<u32>) {
    let (mut parts, mut document) = (BTreeMap::new(), None);
    for _ in 0..EDITS_MAX {
        let Some(record) = stream.get(edit..).and_then(|rest| records(rest).next()) else { break };
        let (Some(before), Some(list)) = (size_at(record.body, 8), size_at(record.body, 12)) else { break };
        document = document.or(u32_at(record.body, 16));
        let list = stream.get(list..).and_then(|rest| records(rest).next()).map_or(&[][..], |record| record.body);
        let mut at = 0;
        while let Some(head) = u32_at(list, at) {
            let (first, count) = (head & 0x000F_FFFF, head >> 20);
            for one in 0..count {
                at += 4;
                let Some(place) = size_at(list, at).filter(|_| parts.len() < PARTS_MAX) else { break };
                // Newer edits come first.
                parts.entry(first + one).or_insert(place);
            }
            at += 4;
        }
        if before == 0 || before >= edit {
            break;
        }
        edit = before;
    }
    (parts, document)
}

#[derive(Clone, Copy)]
struct Record<'a> {
    kind: u16,
    instance: u16,
    is_container: bool,
    body: &'a [u8],
}

fn records(bytes: &[u8]) -> impl Iterator<Item = Record<'_>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (head, kind, length) = (u16_at(rest, 0)?, u16_at(rest, 2)?, size_at(rest, 4)?);
        let after = rest.get(8..)?;
        let body = after.get(..length).unwrap_or(after);
        rest = after.get(length..).unwrap_or_default();
        Some(Record { kind, instance: head >> 4, is_container: head & 15 == 15, body })
    })
}

/// The text of a record of text, with its paragraphs as lines.
fn text(record: Record<'_>) -> Option<String> {
    let text = match record.kind {
        CHARS => wide(record.body),
        BYTES => western(record.body),
        _ => return None,
    };
    // A star stands for what the program fills in: a date, the number of the slide.
    let text = text.replace(['\r', '\u{b}'], "\n");
    let text = text.trim();
    (!text.is_empty() && text != "*").then(|| text.to_owned())
}

/// All texts in a record, in order.
fn texts(body: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![body];
    while let Some(rest) = open.pop() {
        let Some(record) = records(rest).next() else { continue };
        let after = rest.get(8 + record.body.len()..).unwrap_or_default();
        open.push(after);
        if record.is_container && open.len() < DEPTH_MAX {
            open.push(record.body);
        } else {
            found.extend(text(record));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Refusal, read};

    fn record(head: u16, kind: u16, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap().to_le_bytes();
        [&head.to_le_bytes()[..], &kind.to_le_bytes(), &length, body].concat()
    }

    #[test]
    fn slides_have_the_texts_of_the_list_and_their_own_and_old_edits_do_not_count() {
        let persist = |id: u32| record(0, super::PERSIST, &[&id.to_le_bytes()[..], &[0; 16]].concat());
        let own = |text: &str| record(15, super::SLIDE, &record(15, 0x040C, &record(0, super::BYTES, text.as_bytes())));
        let (old, new) = (own("old"), own("Red lamp"));
        let place = |at: usize| u32::try_from(at).unwrap().to_le_bytes();
        let wide: Vec<u8> = "Boiler".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let list = [persist(2), record(0, super::CHARS, &wide), record(0, super::BYTES, b"one\rtwo")].concat();
        let document = record(15, super::DOCUMENT, &record(15, super::SLIDE_LIST, &list));
        let mut stream = [old.clone(), new, document.clone()].concat();
        let at = stream.len();
        let head = |first: u32, count: u32| (count << 20 | first).to_le_bytes();
        stream.extend(record(0, 0x1772, &[head(1, 2), place(stream.len() - document.len()), place(0)].concat()));
        let edit = stream.len();
        stream.extend(record(0, 0x0FF5, &[[0; 4], [0; 4], place(0), place(at), place(1)].concat()));
        let second = stream.len();
        stream.extend(record(0, 0x1772, &[head(2, 1), place(old.len())].concat()));
        let last = stream.len();
        stream.extend(record(0, 0x0FF5, &[[0; 4], [0; 4], place(edit), place(second), place(1)].concat()));
        let user = [&[0; 16][..], &place(last)].concat();
        let leaf = read(&stream, &user).unwrap();
        assert_eq!(leaf.text.trim_end(), "# \u{1}Slide 1: Boiler\n\none\ntwo\nRed lamp");
        let mut locked = user.clone();
        locked[12..16].copy_from_slice(&0xF3D1_C4DF_u32.to_le_bytes());
        assert_eq!(read(&stream, &locked).unwrap_err(), Refusal::Encrypted);
        assert_eq!(read(&stream, b"").unwrap_err(), Refusal::Damaged { format: "PowerPoint" });
        for length in 0..stream.len() {
            let _ = read(&stream[..length], &user);
        }
    }
}
