//! The answer of `GET /v1/collection/models`, and the languages of collections, by which one is chosen.

use crate::base::collection_name::is_same;
use crate::base::hit::is_zero;
use crate::node::status::Status;
use crate::scheduler::task::SpokenLanguages;
use serde::{Deserialize, Serialize};

/// Percent of a collection's documents from which on its language is one of the main ones, and one of which there are some: what is less is told behind.
const MAIN_PERCENT: u64 = 25;
const SOME_PERCENT: u64 = 5;

/// Main languages, and others, that are named.
const MAIN_NAMED: usize = 3;
const SOME_NAMED: usize = 2;

/// The languages that a collection's documents are in, by a sample of those of this device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LanguagesOf {
    /// The collection.
    pub collection: String,
    /// The languages in words, as "German, some English" or "mostly German; also English".
    pub words: String,
    /// The languages, the most first; at most eight.
    pub languages: Vec<LanguageShare>,
    /// How many of a hundred documents are in languages that the collection's model does not know. Left out where it knows all.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unknown_percent: u64,
}

impl LanguagesOf {
    /// Of all collections of this device. A model that was set for one counts as one that knows its languages.
    pub(super) fn all(status: &Status) -> Vec<Self> {
        let (english, models) = (status.work.english, &status.work.models);
        let has_home = |name: &str| {
            let own = models.iter().find(|set| is_same(&set.collection, name));
            own.is_none_or(|set| set.model.fingerprint == status.model.fingerprint)
        };
        let of = |spoken: &SpokenLanguages| {
            let mut of = Self::from(spoken);
            if !english || !has_home(&of.collection) {
                of.unknown_percent = 0;
            }
            of
        };
        status.work.languages.iter().map(of).collect()
    }
}

/// A language of a collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LanguageShare {
    /// What it is called in English.
    pub name: String,
    /// How many of a hundred documents of which the language is sure are in it.
    pub percent: u64,
}

impl From<&SpokenLanguages> for LanguagesOf {
    fn from(of: &SpokenLanguages) -> Self {
        let known = of.known.max(1) as u64;
        let share = |(name, count): &(&'static str, usize)| LanguageShare {
            name: (*name).to_owned(),
            percent: (*count as u64 * 100 + known / 2) / known,
        };
        let languages: Vec<LanguageShare> = of.languages.iter().map(share).collect();
        let english = of.languages.iter().find(|(name, _)| *name == "English").map_or(0, |(_, count)| *count as u64);
        let unknown_percent = if of.known == 0 { 0 } else { known.saturating_sub(english) * 100 / known };
        Self { collection: of.collection.clone(), words: in_words(&languages), languages, unknown_percent }
    }
}

/// "German", "German, some English", "German and English, some French and others", "mostly German; also English".
fn in_words(languages: &[LanguageShare]) -> String {
    let names = |of: &[&LanguageShare], most: usize| {
        let mut names: Vec<&str> = of.iter().take(most).map(|language| language.name.as_str()).collect();
        if of.len() > most {
            names.push("others");
        }
        match names.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, before)) => format!("{} and {last}", before.join(", ")),
            None => String::new(),
        }
    };
    let (told, few): (Vec<&LanguageShare>, Vec<&LanguageShare>) =
        languages.iter().partition(|language| language.percent >= SOME_PERCENT);
    let main = told.iter().take_while(|language| language.percent >= MAIN_PERCENT).count();
    let (main, some) = told.split_at_checked(main).unwrap_or_default();
    match (main, some) {
        ([], _) => "many languages".to_owned(),
        (main, []) if !few.is_empty() => {
            format!("mostly {}; also {}", names(main, MAIN_NAMED), names(&few, SOME_NAMED))
        }
        (main, []) => names(main, MAIN_NAMED),
        (main, some) => {
            let also = if few.is_empty() { String::new() } else { format!("; also {}", names(&few, SOME_NAMED)) };
            format!("{}, some {}{also}", names(main, MAIN_NAMED), names(some, SOME_NAMED))
        }
    }
}

/// A model whose files this agent has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelHere {
    /// Its name, by which a collection is given it.
    pub name: String,
    /// Whether it knows many languages; else it knows English.
    pub many_languages: bool,
    /// Whether it is the home's, which a collection has that was given none.
    pub home: bool,
}

/// The models that a collection may have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelsHere {
    /// The home's first.
    pub models: Vec<ModelHere>,
    /// The folder into which further ones belong, each in a folder of its own.
    pub folder: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_in_words_by_how_much_of_the_collection_they_are() {
        let words = |languages: &[(&'static str, usize)]| {
            let known = languages.iter().map(|(_, count)| count).sum();
            LanguagesOf::from(&SpokenLanguages { collection: "home".to_owned(), languages: languages.to_vec(), known })
        };
        for (languages, told) in [
            (&[("German", 9)][..], "German"),
            (&[("German", 90), ("English", 10)], "German, some English"),
            (&[("German", 98), ("Afrikaans", 2)], "mostly German; also Afrikaans"),
            (&[("English", 31), ("German", 1), ("Spanish", 1)], "mostly English; also German and Spanish"),
            (
                &[("English", 80), ("German", 17), ("A", 1), ("B", 1), ("C", 1)],
                "English, some German; also A, B and others",
            ),
            (&[("German", 50), ("English", 45), ("French", 5)], "German and English, some French"),
            (&[("English", 34), ("French", 33), ("German", 33)], "English, French and German"),
            (&[("English", 70), ("A", 10), ("B", 10), ("C", 10)], "English, some A, B and others"),
            (&[("A", 20), ("B", 20), ("C", 20), ("D", 20), ("E", 20)], "many languages"),
        ] {
            assert_eq!(words(languages).words, told);
            let english = languages.iter().find(|(name, _)| *name == "English").map_or(0, |(_, count)| *count as u64);
            let known: usize = languages.iter().map(|(_, count)| count).sum();
            assert_eq!(words(languages).unknown_percent, (known as u64 - english) * 100 / known as u64);
        }
        let two = words(&[("German", 2), ("English", 1)]);
        let shares: Vec<(&str, u64)> = two.languages.iter().map(|of| (of.name.as_str(), of.percent)).collect();
        assert_eq!(shares, [("German", 67), ("English", 33)]);
    }
}
