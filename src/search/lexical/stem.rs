//! Words of a question that say nothing, and the common stem of a word's forms, for English.
//!
//! The model is English, and so are most forms that matter. A word with letters beyond ASCII or with figures stays as it
//! is; other languages lose little, because both sides are cut alike.

/// Words that most texts have and no question is about.
const STOP_WORDS: [&str; 94] = [
    "a", "about", "all", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could", "did",
    "do", "does", "doing", "else", "for", "from", "get", "had", "has", "have", "having", "he", "her", "here", "him",
    "his", "how", "i", "if", "in", "into", "is", "it", "it's", "its", "just", "me", "my", "no", "not", "of", "on",
    "or", "our", "out", "please", "shall", "she", "should", "so", "some", "than", "that", "the", "their", "them",
    "then", "there", "these", "they", "this", "those", "to", "too", "up", "us", "was", "we", "were", "what", "what's",
    "when", "where", "where's", "which", "who", "who's", "whom", "whose", "why", "will", "with", "would", "you",
    "your", "i'm", "don't",
];

/// Endings of English words, longest first.
const ENDINGS: [&str; 9] = ["ings", "ing", "ies", "ers", "er", "ed", "es", "s", "e"];

/// Letters of a stem at least.
const STEM_MIN: usize = 4;

/// Whether the word, in its canonical form, says nothing by itself.
pub(super) fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.contains(&word)
}

/// The stem of a word in its canonical form: `heaters`, `heater` and `heating` have the same.
pub(super) fn stem(word: &str) -> &str {
    let word = word.strip_suffix("'s").unwrap_or(word);
    if !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return word;
    }
    let ending = ENDINGS.iter().find(|ending| word.len() >= ending.len() + STEM_MIN && word.ends_with(*ending));
    let stem = ending.map_or(word, |ending| &word[..word.len() - ending.len()]);
    // `stopped` and `stop`, `berry` and `berries`.
    match stem.as_bytes() {
        [.., a, b] if ending.is_some() && a == b && stem.len() > STEM_MIN && !matches!(b, b'l' | b's' | b'z') => {
            &stem[..stem.len() - 1]
        }
        [.., b'y'] if ending.is_none() && stem.len() > STEM_MIN => &stem[..stem.len() - 1],
        _ => stem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_word_have_one_stem_and_other_words_keep_theirs() {
        for forms in [
            &["heater", "heaters", "heating", "heated"][..],
            &["radiator", "radiators", "radiator's"],
            &["sharpen", "sharpening", "sharpens"],
            &["expire", "expires", "expired"],
            &["berry", "berries"],
            &["stopped", "stopping"],
            &["house", "houses"],
        ] {
            assert!(forms.iter().all(|form| stem(form) == stem(forms[0])), "{forms:?}");
        }
        for word in ["inv-20394", "gas", "water", "m\u{FC}ller", "over", "e15", "bees"] {
            assert_eq!(stem(word), word);
        }
        assert_ne!(stem("heating"), stem("heather"));
    }

    #[test]
    fn stop_words_are_in_order_and_small() {
        assert!(STOP_WORDS.iter().all(|word| is_stop_word(word) && !word.contains(char::is_uppercase)));
        assert!(!is_stop_word("boiler"));
    }
}
