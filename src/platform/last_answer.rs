//! The file in an agent's home that keeps the last answer a person read on a terminal, so that `wattle feedback` knows what is meant by a number.
//!
//! It is written by the command line, not by the agent, and without a sync: losing it costs a repeated question, and a sync for each question
//! would wear a card. Only the home's owner may read it.

use super::regular;
use crate::limits::LAST_ANSWER_BYTES_MAX;
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

fn file(home: &Path) -> PathBuf {
    home.join("last-answer")
}

/// Keeps it in place of the one before. Longer ones than `LAST_ANSWER_BYTES_MAX` leave none.
///
/// # Errors
/// The system's, a full disk for example.
pub fn keep(home: &Path, answer: &[u8]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = regular::open(&file(home), options.create(true).truncate(true).write(true).mode(0o600))?;
    if answer.len() > LAST_ANSWER_BYTES_MAX { Ok(()) } else { file.write_all(answer) }
}

/// The last one; `None` if there is none.
///
/// # Errors
/// The system's, and that it is no regular file.
pub fn last(home: &Path) -> std::io::Result<Option<Vec<u8>>> {
    let file = match regular::open(&file(home), OpenOptions::new().read(true)) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut answer = Vec::new();
    file.take(LAST_ANSWER_BYTES_MAX as u64).read_to_end(&mut answer)?;
    Ok((!answer.is_empty()).then_some(answer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_last_answer_is_kept_for_its_owner_alone_and_one_that_is_too_long_leaves_none() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(last(home.path()).unwrap(), None);
        keep(home.path(), b"a long answer").unwrap();
        keep(home.path(), b"another").unwrap();
        assert_eq!(last(home.path()).unwrap().as_deref(), Some(&b"another"[..]));
        let mode = std::fs::metadata(file(home.path())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        keep(home.path(), &vec![b'x'; LAST_ANSWER_BYTES_MAX + 1]).unwrap();
        assert_eq!(last(home.path()).unwrap(), None, "no half answer, and not the one before");
    }
}
