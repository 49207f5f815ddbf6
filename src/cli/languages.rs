//! What helps a collection whose documents are in languages that its model does not know.

use crate::base::finding::quoted;
use crate::http::dto::LanguagesOf;
use crate::platform::models::{GET_MULTILINGUAL, MULTILINGUAL};

/// Of a hundred documents so many in unknown languages make it worth a sentence.
const UNKNOWN_PERCENT: u64 = 10;

/// That answers across languages need another model, and how to get it; `None` where hardly a document is in a language that the
/// collection's model does not know.
pub(super) fn needs(of: &LanguagesOf) -> Option<String> {
    let LanguagesOf { collection, unknown_percent, .. } = of;
    (*unknown_percent >= UNKNOWN_PERCENT).then(|| {
        format!(
            "{unknown_percent} % of the documents of {collection} are in languages that its model does not know: they are found by their \
             words alone, and not by a question in another language. {GET_MULTILINGUAL} Then `wattle collection model {} {MULTILINGUAL}` gives it to \
             this collection.",
            quoted(collection)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collection_of_mixed_languages_is_told_what_it_needs_and_one_with_a_stray_document_is_not() {
        let of = |unknown_percent| LanguagesOf {
            collection: "my notes".into(),
            words: "English, some German".into(),
            languages: Vec::new(),
            unknown_percent,
        };
        assert_eq!((needs(&of(0)), needs(&of(9))), (None, None));
        let says = needs(&of(10)).unwrap();
        for part in
            ["10 % of the documents of my notes", GET_MULTILINGUAL, "`wattle collection model 'my notes' wattle-e5-s6`"]
        {
            assert!(says.contains(part), "{part}: {says}");
        }
    }
}
