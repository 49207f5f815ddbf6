//! The names of collections: when two are one for whoever reads them.
//!
//! A ring belongs to a name, so a name that looks the same must be the same: "Diary", "diary " and one in another
//! normalization form are one collection, with the spelling that it has already.

use super::fold::fold;
use unicode_normalization::UnicodeNormalization;

/// The name as a new collection gets it: without blanks around it, in NFC.
#[must_use]
pub fn tidy(name: &str) -> String {
    name.trim().nfc().collect()
}

/// Whether two names are one for whoever reads them.
#[must_use]
pub fn is_same(one: &str, other: &str) -> bool {
    one == other || key(one) == key(other)
}

/// Whether a reader sees anything of a name.
#[must_use]
pub fn is_seen(name: &str) -> bool {
    !key(name).is_empty()
}

/// The spelling of these names that is meant by what was typed: the very same, else one that reads the same, else none
/// of them.
pub fn meant<'a>(names: impl Iterator<Item = &'a str> + Clone, typed: &str) -> Option<&'a str> {
    names.clone().find(|name| *name == typed).or_else(|| {
        let typed = key(typed);
        names.into_iter().find(|name| key(name) == typed)
    })
}

/// The canonical form of words (`fold`) without what nobody sees, with one blank between them.
fn key(name: &str) -> String {
    fold(&name.chars().filter(|c| !is_filler(*c)).collect::<String>()).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The characters of Unicode's `Default_Ignorable_Code_Point` that `fold` keeps: texts of some languages have them in words, and a
/// name that differs in them alone looks the same.
const fn is_filler(c: char) -> bool {
    matches!(c,
        '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{3164}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}'
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_read_the_same_are_the_same_and_the_spelling_that_is_there_counts() {
        assert_eq!(tidy(" Bu\u{308}ro 2\t"), "B\u{fc}ro 2");
        for other in [
            "diary",
            " Diary",
            "DIARY\u{a0}",
            "\u{ff44}iary",
            "di\u{ad}ary",
            "diary\u{3164}",
            "\u{115f}di\u{1160}ary\u{ffa0}",
            "di\u{17b4}ary\u{1d173}",
        ] {
            assert!(is_same("Diary", other), "{other:?}");
        }
        assert!(is_same("my  diary", "My diary") && !is_same("mydiary", "my diary") && !is_same("diary", "diary 2"));
        let names = ["home", "Diary", "diary "];
        let meant = |typed| meant(names.into_iter(), typed);
        assert_eq!((meant("diary "), meant("diary"), meant("x")), (Some("diary "), Some("Diary"), None));
    }
}
