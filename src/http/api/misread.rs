//! What is wrong with a body, in the words of JSON: serde names the types of this program.

/// What each of serde's words is in a body.
const NAMES: [(&str, &str); 6] = [
    ("usize", "a whole number that is not negative"),
    ("u64", "a whole number that is not negative"),
    ("u32", "a whole number that is not negative"),
    ("f32", "a number"),
    ("a sequence", "a list"),
    ("a map", "an object"),
];

/// One sentence about a body that is not what a call reads.
pub(super) fn misread(error: &serde_json::Error) -> String {
    format!("The body is not what this call reads: {}.", in_words(&error.to_string()))
}

fn in_words(error: &str) -> String {
    let Some((got, expected)) = error.split_once("expected ") else { return error.to_owned() };
    let (expected, place) = expected.split_once(" at line ").unwrap_or((expected, ""));
    let known = NAMES.iter().find(|(name, _)| expected == *name).map(|(_, words)| *words);
    // "struct Search with 8 elements": what a body of one value is held against.
    let expected = known.unwrap_or(if expected.starts_with("struct ") { "an object" } else { expected });
    let at = if place.is_empty() { String::new() } else { format!(" at line {place}") };
    format!("{}expected {expected}{at}", got.replace(" map,", " object,").replace(" sequence,", " list,"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only what cannot be read of it counts")]
    struct Asked {
        question: String,
        count: usize,
        names: Vec<String>,
    }

    #[test]
    fn a_body_of_another_form_is_told_in_the_words_of_json() {
        for (body, says) in [
            ("[]", "invalid length 0, expected an object at line 1 column 2"),
            ("7", "invalid type: integer `7`, expected an object at line 1 column 1"),
            (r#"{"question":"a","count":-1}"#, "`-1`, expected a whole number that is not negative at line 1"),
            (r#"{"question":"a","count":1,"names":{}}"#, "invalid type: object, expected a list at line 1"),
            (r#"{"question":[]}"#, "invalid type: list, expected a string at line 1"),
            (r#"{"question":"a"}"#, "missing field `count` at line 1"),
            ("{", "EOF while parsing an object at line 1"),
        ] {
            let told = misread(&serde_json::from_str::<Asked>(body).unwrap_err());
            assert!(told.contains(says), "{body}: {told}");
            assert!(!told.contains("struct") && !told.contains("usize"), "{told}");
        }
    }
}
