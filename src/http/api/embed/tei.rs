//! `POST /embed`, as clients of Hugging Face's text-embeddings-inference call it.

use super::{Dialect, Input, Reading, Refused, bad, check_dimensions};
use crate::base::vector::Embedding;
use serde::Deserialize;
use trillium::Status;

/// The body of `POST /embed`.
#[derive(Deserialize)]
pub(crate) struct Tei {
    inputs: Option<Input>,
    #[serde(default = "yes")]
    normalize: bool,
    truncate: Option<bool>,
    truncation_direction: Option<String>,
    prompt_name: Option<String>,
    dimensions: Option<u64>,
}

const fn yes() -> bool {
    true
}

impl Dialect for Tei {
    type Answer = Vec<Vec<f32>>;
    const BUSY: Status = Status::TooManyRequests;
    const TOO_LARGE: Status = Status::PayloadTooLarge;
    const BROKEN: Status = Status::FailedDependency;

    fn wanted(&mut self, _: &str) -> Result<(Vec<String>, Reading), Refused> {
        check_dimensions(self.dimensions)?;
        if !self.normalize {
            return Err(bad("The vectors of this agent have the length 1: ask with normalize true."));
        }
        if self.truncation_direction.as_deref().is_some_and(|end| !end.eq_ignore_ascii_case("right")) {
            return Err(bad("Of a text that is too long the beginning is read: truncation_direction is \"Right\"."));
        }
        let is_question = match self.prompt_name.as_deref() {
            None | Some("passage" | "document") => false,
            Some("query") => true,
            Some(_) => return Err(bad("prompt_name is \"query\" or \"passage\".")),
        };
        let texts = self.inputs.take().ok_or_else(|| bad("The field inputs is missing."))?.texts("inputs")?;
        if texts.is_empty() || texts.iter().any(String::is_empty) {
            return Err(bad("`inputs` cannot be empty."));
        }
        Ok((texts, Reading { is_question, cut: self.truncate.unwrap_or(false) }))
    }

    fn answer(self, _: &str, vectors: Vec<Embedding>, _: usize) -> Self::Answer {
        vectors.iter().map(|vector| vector.values().to_vec()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_agent_cannot_do_as_asked_is_refused() {
        let asked = |body: serde_json::Value| serde_json::from_value::<Tei>(body).unwrap().wanted("m");
        assert_eq!(asked(serde_json::json!({ "inputs": "a" })).unwrap(), (vec!["a".into()], Reading::default()));
        let all = serde_json::json!({ "inputs": ["a"], "truncate": true, "truncation_direction": "Right", "prompt_name": "query" });
        assert_eq!(asked(all).unwrap().1, Reading { is_question: true, cut: true });
        for (key, value) in [
            ("normalize", serde_json::json!(false)),
            ("truncation_direction", serde_json::json!("Left")),
            ("prompt_name", serde_json::json!("other")),
            ("dimensions", serde_json::json!(3)),
            ("inputs", serde_json::json!("")),
            ("inputs", serde_json::json!([[1, 2]])),
        ] {
            let mut body = serde_json::json!({ "inputs": "a" });
            body[key] = value;
            assert_eq!(asked(body).unwrap_err().0, Status::BadRequest, "{key}");
        }
    }
}
