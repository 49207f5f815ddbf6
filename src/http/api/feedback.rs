//! `POST /v1/feedback` and `GET /v1/feedback`: what people say of answers. It stays on this device.

use super::unchanged::not_changed;
use super::{Api, Refused, body};
use crate::http::answer::{json, refused};
use crate::limits::FEEDBACK_TEXT_BYTES_MAX;
use crate::platform::clock;
use crate::runtime::feedback::{Judgement, Verdict};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use trillium::{Conn, Status};

/// The body of `POST /v1/feedback`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    question: String,
    device: String,
    path: String,
    text: String,
    verdict: Word,
}

/// What is said: a verdict, or that an earlier one does not hold any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Good,
    Bad,
    None,
}

impl Said {
    /// The judgement, and whether it is taken back.
    fn judgement(self, at_s: i64) -> Result<(Judgement, bool), Refused> {
        let Self { question, device, path, text, verdict } = self;
        let too_long = [&question, &device, &path].iter().any(|text| text.len() > FEEDBACK_TEXT_BYTES_MAX);
        if too_long || question.trim().is_empty() {
            let why = format!(
                "A question, a device and a path have at most {FEEDBACK_TEXT_BYTES_MAX} bytes, and the question words."
            );
            return Err((Status::BadRequest, why));
        }
        let question = question.trim().to_owned();
        let chunk = Sha256::digest(text.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let (verdict, is_taken_back) = match verdict {
            Word::Good => (Verdict::Good, false),
            Word::Bad => (Verdict::Bad, false),
            Word::None => (Verdict::Bad, true),
        };
        Ok((Judgement { at_s, question, device, path, chunk, verdict }, is_taken_back))
    }
}

impl Api {
    /// Keeps what somebody says of an answer.
    pub(in crate::http) async fn judge(&self, mut conn: Conn) -> Conn {
        let said = body::<Said>(&mut conn).await.and_then(|said| said.judgement(clock::wall_ns() / 1_000_000_000));
        let (judgement, is_taken_back) = match said {
            Ok(said) => said,
            Err((status, why)) => return refused(conn, status, &why),
        };
        match self.node.feedback().judge(judgement, is_taken_back).await {
            Ok(()) => json(conn, Status::Ok, &serde_json::json!({})),
            Err(unchanged) => not_changed(conn, &unchanged),
        }
    }

    /// All that was said.
    pub(in crate::http) async fn judgements(&self, conn: Conn) -> Conn {
        match self.node.feedback().list().await {
            Ok(judgements) => json(conn, Status::Ok, &serde_json::json!({ "judgements": judgements })),
            Err(unchanged) => not_changed(conn, &unchanged),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(question: &str, verdict: &str) -> Said {
        let body = serde_json::json!({ "question": question, "device": "12D3", "path": "/n/a", "text": "x", "verdict": verdict });
        serde_json::from_value(body).unwrap()
    }

    #[test]
    fn a_passage_is_kept_by_its_hash_and_what_is_too_long_is_refused() {
        let (judgement, is_taken_back) = said(" where? ", "good").judgement(7).unwrap();
        assert_eq!((judgement.question.as_str(), judgement.at_s, is_taken_back), ("where?", 7, false));
        // By `printf x | sha256sum`.
        assert_eq!(judgement.chunk, "2d711642b726b04401627ca9fbac32f5");
        assert!(said("where?", "none").judgement(7).unwrap().1);
        assert!(said(" ", "bad").judgement(7).is_err());
        assert!(said(&"x".repeat(FEEDBACK_TEXT_BYTES_MAX + 1), "bad").judgement(7).is_err());
        assert!(serde_json::from_str::<Said>(r#"{"question": "x", "verdict": "perhaps"}"#).is_err());
    }
}
