//! Words of a question that say nothing, in English.

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

/// Whether the word, in its canonical form, says nothing by itself.
pub(super) fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_words_are_in_order_and_small() {
        assert!(STOP_WORDS.iter().all(|word| is_stop_word(word) && !word.contains(char::is_uppercase)));
        assert!(!is_stop_word("boiler"));
    }
}
