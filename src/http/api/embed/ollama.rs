//! `POST /api/embed` and `GET /api/tags`, as Ollama's clients call them.

use super::{Api, Dialect, Input, Reading, Refused, check_dimensions, check_model};
use crate::base::time::Instant;
use crate::base::vector::Embedding;
use crate::http::answer::{json, refused};
use crate::platform::clock;
use serde::{Deserialize, Serialize};
use trillium::{Conn, Status};

/// The body of `POST /api/embed`. What it has besides, such as `keep_alive`, changes nothing here.
#[derive(Deserialize)]
pub(crate) struct Ollama {
    model: String,
    input: Option<Input>,
    /// Of a text that is too long the beginning is read; that is Ollama's default.
    truncate: Option<bool>,
    dimensions: Option<u64>,
    #[serde(skip, default = "clock::now")]
    began: Instant,
}

/// The answer of `POST /api/embed`.
#[derive(Serialize)]
pub(crate) struct Vectors {
    model: String,
    embeddings: Vec<Vec<f32>>,
    /// Nanoseconds.
    total_duration: u64,
    /// The model is loaded before the agent answers.
    load_duration: u64,
    prompt_eval_count: usize,
}

impl Dialect for Ollama {
    type Answer = Vectors;
    const BUSY: Status = Status::ServiceUnavailable;
    const TOO_LARGE: Status = Status::BadRequest;
    const BROKEN: Status = Status::InternalServerError;

    fn wanted(&mut self, model: &str) -> Result<(Vec<String>, Reading), Refused> {
        check_model(&self.model, model)?;
        check_dimensions(self.dimensions)?;
        // Without a text it loads the model, which is there.
        let texts = match self.input.take() {
            None => Vec::new(),
            Some(Input::One(text)) if text.is_empty() => Vec::new(),
            Some(input) => input.texts("input")?,
        };
        Ok((texts, Reading { is_question: false, cut: self.truncate.unwrap_or(true) }))
    }

    fn answer(self, _: &str, vectors: Vec<Embedding>, tokens: usize) -> Vectors {
        let took = clock::now().since(self.began).as_nanos();
        Vectors {
            model: self.model,
            embeddings: vectors.iter().map(|vector| vector.values().to_vec()).collect(),
            total_duration: u64::try_from(took).unwrap_or(u64::MAX),
            load_duration: 0,
            prompt_eval_count: tokens,
        }
    }
}

impl Api {
    /// The one model, as Ollama lists them.
    pub(crate) fn ollama_models(&self, conn: Conn) -> Conn {
        match self.embeds() {
            Ok(embeds) => {
                let digest: String = embeds.fingerprint().0.iter().map(|byte| format!("{byte:02x}")).collect();
                // What it is made of is not told apart, and when it was made is not known.
                let model = serde_json::json!({
                    "name": embeds.model(),
                    "model": embeds.model(),
                    "modified_at": "1970-01-01T00:00:00Z",
                    "size": 0,
                    "digest": digest,
                    "details": { "format": "onnx", "family": "bert", "families": ["bert"], "parameter_size": "", "quantization_level": "" },
                });
                json(conn, Status::Ok, &serde_json::json!({ "models": [model] }))
            }
            Err((status, why)) => refused(conn, status, &why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_no_other_model_and_no_text_is_no_error() {
        let asked = |body: serde_json::Value| serde_json::from_value::<Ollama>(body).unwrap().wanted("m");
        let long = Reading { is_question: false, cut: true };
        assert_eq!(asked(serde_json::json!({ "model": "m:latest", "input": "a" })).unwrap(), (vec!["a".into()], long));
        assert_eq!(asked(serde_json::json!({ "model": "m", "input": "" })).unwrap().0.len(), 0);
        assert_eq!(asked(serde_json::json!({ "model": "m" })).unwrap().0.len(), 0);
        assert!(!asked(serde_json::json!({ "model": "m", "input": ["a"], "truncate": false })).unwrap().1.cut);
        assert_eq!(asked(serde_json::json!({ "model": "n", "input": "a" })).unwrap_err().0, Status::NotFound);
    }
}
