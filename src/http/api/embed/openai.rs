//! `POST /v1/embeddings` and `GET /v1/models`, as OpenAI's clients call them.

use super::{Api, Dialect, Input, Reading, Refused, bad, check_dimensions, check_model};
use crate::base::vector::Embedding;
use crate::http::answer::{json, refused};
use crate::wire::json::base64;
use serde::{Deserialize, Serialize};
use trillium::{Conn, Status};

/// The body of `POST /v1/embeddings`. What it has besides is not of vectors and is passed over.
#[derive(Deserialize)]
pub(crate) struct OpenAi {
    model: String,
    input: Option<Input>,
    #[serde(default)]
    encoding_format: Format,
    dimensions: Option<u64>,
    /// Not OpenAI's own; clients of models that read questions otherwise than passages send it.
    input_type: Option<String>,
}

/// How the numbers are written.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// As JSON's.
    #[default]
    Float,
    /// The bytes of the numbers in 32 bits, the lowest first, in base64.
    Base64,
}

/// The answer of `POST /v1/embeddings`.
#[derive(Serialize)]
pub(crate) struct Vectors {
    object: &'static str,
    data: Vec<Vector>,
    model: String,
    usage: Usage,
}

#[derive(Serialize)]
struct Vector {
    object: &'static str,
    index: usize,
    embedding: Numbers,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Numbers {
    Floats(Vec<f32>),
    Base64(#[serde(serialize_with = "base64::serialize")] Vec<u8>),
}

#[derive(Serialize)]
struct Usage {
    prompt_tokens: usize,
    total_tokens: usize,
}

impl Dialect for OpenAi {
    type Answer = Vectors;
    const BUSY: Status = Status::TooManyRequests;
    const TOO_LARGE: Status = Status::BadRequest;
    const BROKEN: Status = Status::InternalServerError;

    fn wanted(&mut self, model: &str) -> Result<(Vec<String>, Reading), Refused> {
        check_model(&self.model, model)?;
        check_dimensions(self.dimensions)?;
        let is_question = match self.input_type.as_deref() {
            None | Some("passage" | "document" | "search_document") => false,
            Some("query" | "search_query") => true,
            Some(_) => return Err(bad("input_type is \"query\" or \"passage\".")),
        };
        let texts = self.input.take().ok_or_else(|| bad("The field input is missing."))?.texts("input")?;
        if texts.is_empty() || texts.iter().any(String::is_empty) {
            return Err(bad("The input is empty, or has an empty text in it."));
        }
        Ok((texts, Reading { is_question, cut: false }))
    }

    fn answer(self, model: &str, vectors: Vec<Embedding>, tokens: usize) -> Vectors {
        let numbers = |vector: &Embedding| match self.encoding_format {
            Format::Float => Numbers::Floats(vector.values().to_vec()),
            Format::Base64 => Numbers::Base64(bytes(vector)),
        };
        let data = vectors.iter().enumerate();
        let data = data.map(|(index, vector)| Vector { object: "embedding", index, embedding: numbers(vector) });
        let usage = Usage { prompt_tokens: tokens, total_tokens: tokens };
        Vectors { object: "list", data: data.collect(), model: model.to_owned(), usage }
    }
}

fn bytes(vector: &Embedding) -> Vec<u8> {
    vector.values().iter().flat_map(|number| number.to_le_bytes()).collect()
}

impl Api {
    /// The one model, as OpenAI lists them.
    pub(crate) fn openai_models(&self, conn: Conn) -> Conn {
        match self.embeds() {
            Ok(embeds) => {
                let model =
                    serde_json::json!({ "id": embeds.model(), "object": "model", "created": 0, "owned_by": "wattle" });
                json(conn, Status::Ok, &serde_json::json!({ "object": "list", "data": [model] }))
            }
            Err((status, why)) => refused(conn, status, &why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Fingerprint;
    use crate::limits::DIMENSIONS;
    use base64ct::{Base64, Encoding};

    fn asked(body: serde_json::Value) -> Result<(Vec<String>, Reading), Refused> {
        serde_json::from_value::<OpenAi>(body).unwrap().wanted("m")
    }

    #[test]
    fn a_string_and_a_list_are_read_and_tokens_other_models_and_lengths_are_refused() {
        let body = |input: serde_json::Value| serde_json::json!({ "model": "m", "input": input, "user": "u" });
        assert_eq!(asked(body("a".into())).unwrap().0, ["a"]);
        assert_eq!(asked(body(serde_json::json!(["a", "b"]))).unwrap().0, ["a", "b"]);
        for tokens in [serde_json::json!([1, 2]), serde_json::json!([[1, 2], [3]])] {
            assert!(asked(body(tokens)).unwrap_err().1.contains("check_embedding_ctx_length=False"));
        }
        let other = asked(body(serde_json::json!({ "text": "a" }))).unwrap_err();
        let takes = "The field input takes a string or a list of strings, as in {\"input\": \"some text\"}; an object was sent.";
        assert_eq!(other, (Status::BadRequest, takes.to_owned()));
        for empty in [serde_json::json!([]), serde_json::json!(""), serde_json::json!(["a", ""])] {
            assert_eq!(asked(body(empty)).unwrap_err().0, Status::BadRequest);
        }
        let with = |key: &str, value: serde_json::Value| {
            let mut body = body("a".into());
            body[key] = value;
            asked(body)
        };
        assert_eq!(with("model", "other".into()).unwrap_err().0, Status::NotFound);
        assert_eq!(with("dimensions", 256.into()).unwrap_err().0, Status::BadRequest);
        assert!(with("dimensions", DIMENSIONS.into()).is_ok());
        assert!(with("input_type", "query".into()).unwrap().1.is_question);
        assert!(with("input_type", "other".into()).is_err());
    }

    #[test]
    fn the_numbers_in_base64_are_the_same_ones() {
        let raw: Vec<f32> = (0..DIMENSIONS).map(|at| at as f32 - 17.5).collect();
        let vector = Embedding::new(Fingerprint([7; 32]), &raw).unwrap();
        let body = serde_json::json!({ "model": "m", "input": "a", "encoding_format": "base64" });
        let asked: OpenAi = serde_json::from_value(body).unwrap();
        let answer = serde_json::to_value(asked.answer("m", vec![vector.clone()], 3)).unwrap();
        assert_eq!(answer["usage"], serde_json::json!({ "prompt_tokens": 3, "total_tokens": 3 }));
        let mut bytes = vec![0; 4 * DIMENSIONS];
        Base64::decode(answer["data"][0]["embedding"].as_str().unwrap(), &mut bytes).unwrap();
        let numbers: Vec<f32> = bytes.chunks(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
        assert_eq!(numbers, vector.values());
    }
}
