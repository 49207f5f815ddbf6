//! The files in a tar of the boot files (POSIX ustar, as `tar --format=ustar` writes it): plain files and folders, and nothing else.

use crate::limits::UPDATE_BOOT_FILES_MAX;

const BLOCK: usize = 512;

/// A file or a folder.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    /// Its path within the folder, without dots.
    pub(super) name: String,
    /// What a file holds; `None`: it is a folder.
    pub(super) content: Option<&'a [u8]>,
}

/// The entries, in their order.
///
/// # Errors
/// What is wrong with it, in words that follow on "it".
pub(super) fn entries(tar: &[u8]) -> Result<Vec<Entry<'_>>, &'static str> {
    let (mut entries, mut at) = (Vec::new(), 0);
    loop {
        let head = tar.get(at..at + BLOCK).ok_or("ends in the middle")?;
        if head.iter().all(|byte| *byte == 0) {
            return Ok(entries);
        }
        let length = octal(head.get(124..136).unwrap_or_default()).ok_or("has a damaged head")?;
        let begin = at + BLOCK;
        let bytes = begin.checked_add(length).and_then(|end| tar.get(begin..end)).ok_or("ends in the middle")?;
        let name = name(head).ok_or("has a name that leads elsewhere")?;
        match head.get(156) {
            Some(b'0' | 0) => entries.push(Entry { name, content: Some(bytes) }),
            Some(b'5') if name.is_empty() => {}
            Some(b'5') => entries.push(Entry { name, content: None }),
            _ => return Err("has more than files and folders"),
        }
        if entries.len() > UPDATE_BOOT_FILES_MAX {
            return Err("has too many files");
        }
        at = begin + length.div_ceil(BLOCK) * BLOCK;
    }
}

/// A number in octal digits, with a blank or a zero behind it.
fn octal(digits: &[u8]) -> Option<usize> {
    let text = str::from_utf8(digits).ok()?.trim_matches(['\0', ' ']);
    usize::from_str_radix(text, 8).ok()
}

/// The path of an entry: the folder itself is empty.
fn name(head: &[u8]) -> Option<String> {
    let text = |place: core::ops::Range<usize>| {
        let bytes = head.get(place)?;
        let length = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        str::from_utf8(bytes.get(..length)?).ok()
    };
    let (prefix, name) = (text(345..500)?, text(0..100)?);
    let whole = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
    let parts: Vec<&str> = whole.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let is_inside = !whole.starts_with('/') && !parts.contains(&"..") && !whole.contains(['\\', ':', '\n']);
    is_inside.then(|| parts.join("/"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A tar of these entries: files, and of those that end with a slash folders.
    pub(in crate::platform::update) fn tar_of(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut tar = Vec::new();
        for (name, content) in entries {
            let mut head = [0; BLOCK];
            head[..name.len()].copy_from_slice(name.as_bytes());
            head[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
            head[156] = if name.ends_with('/') { b'5' } else { b'0' };
            tar.extend_from_slice(&head);
            tar.extend_from_slice(content.as_bytes());
            tar.resize(tar.len().next_multiple_of(BLOCK), 0);
        }
        tar.resize(tar.len() + 2 * BLOCK, 0);
        tar
    }

    #[test]
    fn files_and_folders_are_read_and_what_leads_elsewhere_is_refused() {
        let kernel = "k".repeat(700);
        let tar =
            tar_of(&[("./", ""), ("./overlays/", ""), ("./overlays/a.dtbo", "xyz"), ("kernel8.img", kernel.as_str())]);
        let names: Vec<_> =
            entries(&tar).unwrap().iter().map(|of| (of.name.clone(), of.content.map(<[u8]>::len))).collect();
        let named = |name: &str, length| (name.to_owned(), length);
        assert_eq!(
            names,
            [named("overlays", None), named("overlays/a.dtbo", Some(3)), named("kernel8.img", Some(700))]
        );
        assert_eq!(entries(&tar[..tar.len() - 1500]), Err("ends in the middle"));
        for name in ["../config.txt", "/etc/passwd", "a/../../b", "a\\b"] {
            assert_eq!(entries(&tar_of(&[(name, "x")])), Err("has a name that leads elsewhere"), "{name}");
        }
        let mut link = tar_of(&[("link", "")]);
        link[156] = b'2';
        assert_eq!(entries(&link), Err("has more than files and folders"));
        let mut damaged = tar_of(&[("file", "")]);
        damaged[124] = b'x';
        assert_eq!(entries(&damaged), Err("has a damaged head"));
    }
}
