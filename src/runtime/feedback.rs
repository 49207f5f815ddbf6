//! What people said of answers: that a passage answers a question, or does not. It stays on this device, for learning to rank.
//!
//! A file of the home has one judgement a line, as JSON, the oldest first. It is written whole and synced before a judgement
//! is acknowledged. A line that cannot be read is left out. A passage is named by the hash of its text, so that the file holds no text
//! of a document.

use crate::limits::{FEEDBACK_BYTES_MAX, FEEDBACK_MAX};
use crate::platform::blocking;
use crate::platform::home::{Home, HomeFile};
use crate::platform::unchanged::Unchanged;
use serde::{Deserialize, Serialize};
use smol::lock::Mutex;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What somebody said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The passage answers the question.
    Good,
    /// It does not.
    Bad,
}

/// One judgement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// When it was said, in seconds since 1970 by this device's clock.
    pub at_s: i64,
    /// The question.
    pub question: String,
    /// The PeerId of the device that has the document.
    pub device: String,
    /// The document's path there.
    pub path: String,
    /// The passage: the first 16 bytes of the SHA-256 of its text, in hex.
    pub chunk: String,
    /// What was said.
    pub verdict: Verdict,
}

impl Judgement {
    fn is_of_the_same(&self, other: &Self) -> bool {
        (&self.question, &self.device, &self.path, &self.chunk)
            == (&other.question, &other.device, &other.path, &other.chunk)
    }
}

/// A handle of the judgements of a home; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Feedback {
    /// None in tests of the API alone.
    home: Option<Arc<PathBuf>>,
    /// Held while the file is read and written.
    writing: Arc<Mutex<()>>,
}

impl Feedback {
    /// The judgements of this home.
    #[must_use]
    pub fn at(home: &Path) -> Self {
        Self { home: Some(Arc::new(home.to_owned())), writing: Arc::default() }
    }

    /// All that is kept, the oldest first.
    ///
    /// # Errors
    /// One sentence.
    pub async fn list(&self) -> Result<Vec<Judgement>, Unchanged> {
        let Some(home) = self.home.clone() else { return Ok(Vec::new()) };
        let _one = self.writing.lock().await;
        blocking::run(move || read(&home)).await.unwrap_or_else(no_thread)
    }

    /// Keeps a judgement in place of an earlier one of the same passage and question, or takes that back. It is on the disk when this
    /// returns.
    ///
    /// # Errors
    /// One sentence: nothing was changed.
    pub async fn judge(&self, judgement: Judgement, is_taken_back: bool) -> Result<(), Unchanged> {
        let Some(home) = self.home.clone() else {
            return Err(Unchanged::Conflict("This agent has no home in which that could be kept.".to_owned()));
        };
        let _one = self.writing.lock().await;
        let write = move || {
            let mut known = read(&home)?;
            known.retain(|other| !judgement.is_of_the_same(other));
            if !is_taken_back {
                known.push(judgement);
            }
            let text = text(&known);
            Home::at(&home).write(HomeFile::Feedback, text.as_bytes()).map_err(|error| {
                let why = format!("That could not be kept, because the agent's home cannot be written: {error}.");
                Unchanged::unwritten(&error, why)
            })
        };
        blocking::run(write).await.unwrap_or_else(no_thread)
    }
}

fn no_thread<T>() -> Result<T, Unchanged> {
    Err(Unchanged::Busy("The system gives no thread for that. Try again.".to_owned()))
}

fn read(home: &Path) -> Result<Vec<Judgement>, Unchanged> {
    let bytes = Home::at(home)
        .read(HomeFile::Feedback)
        .map_err(|error| Unchanged::Broken(format!("What was said of answers cannot be read: {error}.")))?;
    let text = String::from_utf8_lossy(bytes.as_deref().unwrap_or_default()).into_owned();
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).take(FEEDBACK_MAX).collect())
}

/// The lines of the newest that there is room for.
fn text(known: &[Judgement]) -> String {
    let line = |one: &Judgement| serde_json::to_string(one).map(|line| line + "\n").unwrap_or_default();
    let lines: Vec<String> = known.iter().skip(known.len().saturating_sub(FEEDBACK_MAX)).map(line).collect();
    let mut bytes: usize = lines.iter().map(String::len).sum();
    let gone = |line: &&String| {
        let is_too_much = bytes > FEEDBACK_BYTES_MAX;
        bytes -= if is_too_much { line.len() } else { 0 };
        is_too_much
    };
    lines.iter().skip_while(gone).map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judgement(question: &str, verdict: Verdict) -> Judgement {
        let (device, path, chunk) = ("12D3".into(), "/n/a.md".into(), "00ff".into());
        Judgement { at_s: 7, question: question.into(), device, path, chunk, verdict }
    }

    #[test]
    fn a_judgement_survives_takes_the_place_of_the_one_before_and_can_be_taken_back() {
        let home = tempfile::tempdir().unwrap();
        smol::block_on(async {
            let feedback = Feedback::at(home.path());
            assert_eq!(feedback.list().await.unwrap(), []);
            feedback.judge(judgement("a", Verdict::Good), false).await.unwrap();
            feedback.judge(judgement("b", Verdict::Good), false).await.unwrap();
            feedback.judge(judgement("a", Verdict::Bad), false).await.unwrap();
            let kept = Feedback::at(home.path()).list().await.unwrap();
            assert_eq!(kept, [judgement("b", Verdict::Good), judgement("a", Verdict::Bad)]);
            feedback.judge(judgement("b", Verdict::Bad), true).await.unwrap();
            assert_eq!(feedback.list().await.unwrap(), [judgement("a", Verdict::Bad)]);
        });
    }

    #[test]
    fn what_cannot_be_written_is_not_kept_and_says_why() {
        let home = tempfile::tempdir().unwrap();
        let feedback = Feedback::at(home.path());
        std::fs::remove_dir_all(home.path()).unwrap();
        let kept = smol::block_on(feedback.judge(judgement("a", Verdict::Good), false));
        assert!(matches!(kept, Err(Unchanged::Broken(_))));
        let nowhere = smol::block_on(Feedback::default().judge(judgement("a", Verdict::Good), false));
        assert!(matches!(nowhere, Err(Unchanged::Conflict(_))));
    }

    #[test]
    fn the_file_is_bounded_the_oldest_go_and_damaged_lines_are_left_out() {
        let many: Vec<_> = (0..FEEDBACK_MAX + 5).map(|n| judgement(&n.to_string(), Verdict::Good)).collect();
        let kept = text(&many);
        assert_eq!(kept.lines().count(), FEEDBACK_MAX);
        assert!(kept.lines().next().unwrap().contains(r#""question":"5""#));
        let long: Vec<_> = (0..100).map(|n| judgement(&format!("{n}{}", "x".repeat(4000)), Verdict::Bad)).collect();
        let kept = text(&long);
        assert!(
            kept.len() <= FEEDBACK_BYTES_MAX
                && kept.contains(r#""question":"99x"#)
                && !kept.contains(r#""question":"0x"#)
        );
        let home = tempfile::tempdir().unwrap();
        let damaged = format!("{{\n{}\u{fffd}\n", text(&[judgement("a", Verdict::Good)]));
        Home::at(home.path()).write(HomeFile::Feedback, damaged.as_bytes()).unwrap();
        assert_eq!(read(home.path()).unwrap(), [judgement("a", Verdict::Good)]);
    }
}
