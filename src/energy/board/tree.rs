//! Names and contents of sensor files, as one listing read them, whatever the root.

use crate::energy::sample::fault::{Fault, Reading};
use crate::energy::sample::text;
use crate::limits::{SENSOR_BYTES_MAX, TREE_FILES_MAX};
use std::collections::BTreeMap;

/// Files by their path below the root, without a slash in front: `sys/class/thermal/thermal_zone0/temp`.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    files: BTreeMap<String, Result<Vec<u8>, Fault>>,
}

impl Tree {
    /// Adds the result of reading a file; false where the tree is full, or the file too long for a sensor's.
    pub fn insert(&mut self, path: &str, content: Result<&[u8], Fault>) -> bool {
        let fits = self.files.contains_key(path) || self.files.len() < TREE_FILES_MAX;
        let short = content.is_ok_and(|bytes| bytes.len() <= SENSOR_BYTES_MAX) || content.is_err();
        if fits && short {
            self.files.insert(path.to_owned(), content.map(<[u8]>::to_vec));
        }
        fits && short
    }

    /// The bytes of a file, or why there are none.
    ///
    /// # Errors
    /// The class of the failure; `Gone` for a file that the tree does not have.
    pub fn bytes(&self, path: &str) -> Result<&[u8], Fault> {
        self.files.get(path).map_or(Err(Fault::Gone), |file| file.as_ref().map(Vec::as_slice).map_err(|why| *why))
    }

    /// The integer in a file.
    ///
    /// # Errors
    /// As `bytes`, and `Garbage` for what is no integer.
    pub fn integer(&self, path: &str) -> Reading {
        self.bytes(path).and_then(text::integer)
    }

    /// The line of text in a file.
    #[must_use]
    pub fn word(&self, path: &str) -> Option<&str> {
        self.bytes(path).ok().and_then(text::word)
    }

    /// The line of text in a file of the device tree, which ends with a zero byte.
    #[must_use]
    pub fn device_word(&self, path: &str) -> Option<&str> {
        let bytes = self.bytes(path).ok()?;
        text::word(bytes.split(|byte| *byte == 0).next()?)
    }

    /// Names right below a folder, numbers in their order: `thermal_zone2` before `thermal_zone10`.
    #[must_use]
    pub fn names(&self, folder: &str) -> Vec<&str> {
        let start = format!("{folder}/");
        let below = self.files.range(start.clone()..).map_while(|(path, _)| path.strip_prefix(start.as_str()));
        let mut names: Vec<&str> = below.filter_map(|rest| rest.split('/').next()).collect();
        names.dedup();
        names.sort_by_key(|name| number_apart(name));
        names
    }

    /// Is there such a file, whatever it holds?
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// How many files there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Is there no file at all?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// All paths, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }
}

/// A name without the number at its end, and that number.
fn number_apart(name: &str) -> (&str, u64) {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    (stem, name[stem.len()..].parse().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_in_the_order_of_their_numbers() {
        let mut tree = Tree::default();
        for path in ["a/zone10/temp", "a/zone2/temp", "a/zone2/type", "ab/zone1/temp", "a/b"] {
            assert!(tree.insert(path, Ok(b"1\n")));
        }
        assert_eq!(tree.names("a"), ["b", "zone2", "zone10"]);
        assert!(tree.names("c").is_empty());
    }

    #[test]
    fn a_full_tree_refuses_new_files_and_still_replaces_old_ones() {
        let mut tree = Tree::default();
        assert!((0..TREE_FILES_MAX).all(|n| tree.insert(&format!("f{n}"), Ok(b"1"))));
        assert!(!tree.insert("one more", Ok(b"1")));
        assert!(tree.insert("f0", Ok(b"2")));
        assert!(!tree.insert("f0", Ok(&[b'1'; SENSOR_BYTES_MAX + 1])));
        assert_eq!((tree.len(), tree.integer("f0")), (TREE_FILES_MAX, Ok(2)));
    }
}
