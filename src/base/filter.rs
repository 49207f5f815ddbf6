//! What a question is asked of: files of a collection, on a device, below a folder or with a name, of a type, of a time.
//!
//! A filter is given by name (`add`), or as a word of the question: `path:notes/*.md`, `type:pdf`, `after:2024-01` (`words`). Of
//! several values of one kind a file needs one, and of several kinds all. Which files fit tells a [`Matcher`].

mod day;
mod files;
mod kind;
mod words;

pub use files::Matcher;
pub use words::read;

use crate::limits::{FILTER_VALUE_BYTES_MAX, FILTER_VALUES_MAX};
use day::Period;

/// Which documents may answer a question; the default lets all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Names of collections.
    pub collections: Vec<String>,
    /// Names of devices, or the beginning or end of their PeerIds.
    pub devices: Vec<String>,
    /// Parts of paths, or patterns of them.
    pub paths: Vec<String>,
    /// Endings of files, or kinds such as `mail`.
    pub types: Vec<String>,
    /// Files that were changed then or later, in seconds since 1970.
    pub after: Option<u64>,
    /// Files that were changed earlier than this.
    pub before: Option<u64>,
}

/// The kinds of filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The collection.
    Collection,
    /// The device.
    Device,
    /// The path.
    Path,
    /// The type of file.
    Type,
    /// The first day of the last change.
    After,
    /// The day before which the last change was.
    Before,
}

impl Key {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Collection, Self::Device, Self::Path, Self::Type, Self::After, Self::Before];

    /// Its name, as it is typed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Collection => "collection",
            Self::Device => "device",
            Self::Path => "path",
            Self::Type => "type",
            Self::After => "after",
            Self::Before => "before",
        }
    }
}

impl Filter {
    /// Whether all documents of all devices may answer.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether all documents of a device may answer.
    #[must_use]
    pub fn takes_all_files(&self) -> bool {
        Self { devices: Vec::new(), ..self.clone() }.is_empty()
    }

    /// Whether a path alone tells which documents fit, so that another device can see it.
    #[must_use]
    pub const fn is_seen_in_paths(&self) -> bool {
        self.collections.is_empty() && self.after.is_none() && self.before.is_none()
    }

    /// Adds a value. Several types may be given at once: `pdf,docx`.
    ///
    /// # Errors
    /// A sentence with an example: the value cannot be one of this kind.
    pub fn add(&mut self, key: Key, value: &str) -> Result<(), String> {
        let (name, value) = (key.name(), value.trim());
        if value.is_empty() || value.len() > FILTER_VALUE_BYTES_MAX || value.chars().any(char::is_control) {
            return Err(format!(
                "The value of {name} has 1 to {FILTER_VALUE_BYTES_MAX} bytes and no control characters, as in {}.",
                example(key)
            ));
        }
        match key {
            Key::Collection => add(&mut self.collections, key, value),
            Key::Device => add(&mut self.devices, key, value),
            Key::Path => add(&mut self.paths, key, value),
            Key::Type => {
                let types = value.split(',').map(|one| one.trim().trim_start_matches(['*', '.']));
                let types: Vec<String> = types.filter(|one| !one.is_empty()).map(str::to_lowercase).collect();
                let is_type = |one: &String| one.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '+'));
                if types.is_empty() || !types.iter().all(is_type) {
                    return Err(format!(
                        "{value:?} is no type of file. It is an ending or a kind ({}), as in {}.",
                        kind::names().collect::<Vec<_>>().join(", "),
                        example(key)
                    ));
                }
                types.iter().try_for_each(|one| add(&mut self.types, key, one))
            }
            Key::After | Key::Before => {
                let day = Period::read(value).map(Period::begins);
                let Some(begins) = day else {
                    return Err(format!(
                        "{value:?} is no day, month or year from 1970 on, as in {name}:2024-01-15, {name}:2024-01 or {name}:2024."
                    ));
                };
                if key == Key::After {
                    self.after = Some(self.after.map_or(begins, |before| before.max(begins)));
                } else {
                    self.before = Some(self.before.map_or(begins, |before| before.min(begins)));
                }
                Ok(())
            }
        }
    }

    /// Where nothing was found: a sentence for each type that is neither a kind nor an ending of one, and so may be a word that no file has.
    #[must_use]
    pub fn strange_types(&self) -> Vec<String> {
        let kinds = kind::names().collect::<Vec<_>>().join(", ");
        let strange = self.types.iter().filter(|asked| !kind::is_known(asked));
        strange
            .map(|asked| {
                format!(
                    "Nothing of the type {asked:?} was found. A type is an ending of files, as pdf, or a kind: {kinds}."
                )
            })
            .collect()
    }

    /// The types that are asked for and are a kind, or an ending of one.
    pub fn known_types(&self) -> impl Iterator<Item = &str> {
        self.types.iter().map(String::as_str).filter(|asked| kind::is_known(asked))
    }

    /// What was asked for, as it is typed in a question.
    #[must_use]
    pub fn told(&self) -> Vec<String> {
        let lists = [
            (Key::Collection, &self.collections),
            (Key::Device, &self.devices),
            (Key::Path, &self.paths),
            (Key::Type, &self.types),
        ];
        let of = |(key, values): (Key, &Vec<String>)| {
            let quoted = |value: &String| {
                if value.contains(char::is_whitespace) { format!("\"{value}\"") } else { value.clone() }
            };
            values.iter().map(|value| format!("{}:{}", key.name(), quoted(value))).collect::<Vec<_>>()
        };
        let day = |key: Key, time: Option<u64>| time.map(|time| format!("{}:{}", key.name(), day::written(time)));
        let days = [day(Key::After, self.after), day(Key::Before, self.before)];
        lists.into_iter().flat_map(of).chain(days.into_iter().flatten()).collect()
    }
}

fn add(values: &mut Vec<String>, key: Key, value: &str) -> Result<(), String> {
    if values.iter().any(|known| known == value) {
        return Ok(());
    }
    if values.len() >= FILTER_VALUES_MAX {
        return Err(format!("At most {FILTER_VALUES_MAX} values of {} are read in one question.", key.name()));
    }
    values.push(value.to_owned());
    Ok(())
}

const fn example(key: Key) -> &'static str {
    match key {
        Key::Collection => "collection:home",
        Key::Device => "device:attic",
        Key::Path => "path:notes/*.md",
        Key::Type => "type:pdf or type:mail",
        Key::After => "after:2024-01",
        Key::Before => "before:2025",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_added_up_to_a_cap_and_bad_ones_get_an_example() {
        let mut filter = Filter::default();
        assert!(filter.is_empty() && filter.takes_all_files() && filter.told().is_empty());
        filter.add(Key::Device, "attic").unwrap();
        assert!(!filter.is_empty() && filter.takes_all_files());
        filter.add(Key::Type, "PDF, .docx,*.pdf").unwrap();
        assert!(filter.is_seen_in_paths() && filter.types == ["pdf", "docx"]);
        filter.add(Key::Path, "my notes/*").unwrap();
        for (key, value) in
            [(Key::After, "2023"), (Key::After, "2024-01"), (Key::Before, "2025-06-03"), (Key::Before, "2026")]
        {
            filter.add(key, value).unwrap();
        }
        let told =
            ["device:attic", "path:\"my notes/*\"", "type:pdf", "type:docx", "after:2024-01-01", "before:2025-06-03"];
        assert_eq!(filter.told(), told, "of several days all hold");
        for (key, value, part) in [
            (Key::After, "noon", "after:2024-01-15, after:2024-01 or after:2024"),
            (Key::Before, "2024-13", "\"2024-13\" is no day"),
            (Key::Type, "a/b", "type:pdf or type:mail"),
            (Key::Type, ",", "an ending or a kind"),
            (Key::Path, " ", "path:notes/*.md"),
            (Key::Collection, &"x".repeat(FILTER_VALUE_BYTES_MAX + 1), "collection:home"),
            (Key::Device, "a\u{7}b", "device:attic"),
        ] {
            let why = filter.add(key, value).unwrap_err();
            assert!(why.contains(part), "{why}");
        }
        assert_eq!(filter.told(), told, "a bad value changes nothing");
        let strange = Filter { types: ["foo", "pdf", "mail", "rs"].map(str::to_owned).into(), ..Filter::default() };
        let [says] = &strange.strange_types()[..] else { panic!("one of them is no type") };
        assert!(says.starts_with("Nothing of the type \"foo\" was found.") && says.contains(" markdown, "), "{says}");
        assert_eq!(strange.known_types().collect::<Vec<_>>(), ["pdf", "mail", "rs"]);
        (0..FILTER_VALUES_MAX).for_each(|n| filter.add(Key::Collection, &n.to_string()).unwrap());
        assert!(filter.add(Key::Collection, "one more").unwrap_err().starts_with("At most 8"));
        assert_eq!(filter.add(Key::Collection, "3"), Ok(()), "it is there");
    }
}
