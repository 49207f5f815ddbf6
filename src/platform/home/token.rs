//! The bearer token of one agent's API: whoever can read its file may use the API.

use super::guarded::{self, Content};
use super::home_file::HomeFile;
use super::state::chosen;
use super::written;
use std::fmt;
use std::fs::{self, Permissions};
use std::hint::black_box;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const BYTES: usize = 32;
const DIGITS: usize = BYTES * 2;
/// Of a file with a token: a little more, so that a longer one is damaged and not cut.
const BYTES_MAX: usize = DIGITS + 2;

/// 32 bytes from the system's generator, as 64 lowercase hex digits. `Debug` does not show them, only `reveal` does.
#[derive(Clone)]
pub struct Token(String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

impl Token {
    /// Reads the agent's token, or makes one at the first start and where its owner deleted it. A file that others may read
    /// is made private, with a warning; an empty one without a copy, left by a power cut, is replaced.
    ///
    /// # Errors
    /// One sentence: the file is damaged (it is left as it is), or cannot be read or written.
    pub fn load_or_create(path: &Path) -> Result<Self, String> {
        let name = path.display();
        match fs::metadata(path) {
            Ok(meta) if meta.is_file() && meta.len() == 0 => Self::load(path).or_else(|_| Self::create(path)),
            Ok(meta) => {
                if meta.permissions().mode() & 0o077 != 0 {
                    fs::set_permissions(path, Permissions::from_mode(0o600))
                        .map_err(|error| format!("The token {name} cannot be made private: {error}."))?;
                    log::warn!(
                        "The token {name} could be read by other users of this machine; it is private now. If you do \
                         not trust them, stop the agent, delete the file and start again: that makes a new one."
                    );
                }
                Self::load(path)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Self::create(path),
            Err(error) => Err(format!("The token {name} cannot be read: {error}.")),
        }
    }

    /// Reads a token that is there.
    ///
    /// # Errors
    /// One sentence: it is not there, cannot be read, or is damaged.
    pub fn load(path: &Path) -> Result<Self, String> {
        let name = path.display();
        let text = guarded::read(path, BYTES_MAX)
            .and_then(|content| chosen(HomeFile::Token, content).ok_or_else(|| ErrorKind::NotFound.into()));
        let text = text.map_err(|error| format!("The token {name} cannot be read: {error}."))?;
        Self::of_file(path, text)
    }

    /// Reads the token of an agent that runs: it goes on with the one that it has where the file was deleted, and the copy has that.
    ///
    /// # Errors
    /// As `load`.
    pub fn load_in_use(path: &Path) -> Result<Self, String> {
        match guarded::read(path, BYTES_MAX) {
            Ok(Content::Missing(Some(copy))) => Self::of_file(path, copy),
            _ => Self::load(path),
        }
    }

    /// Whether there is no file, nor a whole copy.
    #[must_use]
    pub fn is_gone(path: &Path) -> bool {
        let has_no_file = path.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound);
        has_no_file && matches!(guarded::read(path, BYTES_MAX), Ok(Content::Missing(None)))
    }

    fn of_file(path: &Path, text: Vec<u8>) -> Result<Self, String> {
        String::from_utf8(text).ok().and_then(|text| Self::parse(text.trim_end())).ok_or_else(|| {
            let name = path.display();
            format!("The token {name} is damaged. Delete it and start the agent again: that makes a new one.")
        })
    }

    /// A new one, which is kept nowhere.
    ///
    /// # Errors
    /// One sentence: the system gives no random numbers.
    pub fn random() -> Result<Self, String> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes).map_err(|error| format!("The system gives no random numbers: {error}."))?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    fn create(path: &Path) -> Result<Self, String> {
        let token = Self::random()?;
        guarded::write(path, format!("{}\n", token.0).as_bytes(), BYTES_MAX)
            .map_err(|error| format!("The token {} cannot be written: {error}.", path.display()))?;
        path.parent().into_iter().for_each(|home| written::add(home, HomeFile::Token));
        Ok(token)
    }

    /// A token from its 64 digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == DIGITS && text.bytes().all(lower_hex)).then(|| Self(text.to_owned()))
    }

    /// The digits, only for a request's header and for the address that `up` prints.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Is this the token? Takes the same time wherever the two differ.
    #[must_use]
    pub fn matches(&self, offered: &str) -> bool {
        let (mine, theirs) = (self.0.as_bytes(), offered.as_bytes());
        mine.len() == theirs.len()
            && black_box(mine.iter().zip(theirs).fold(0, |sum, (a, b)| black_box(sum | (a ^ b)))) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_made_once_and_only_its_owner_reads_it() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("token");
        let token = Token::load_or_create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(token.matches(Token::load_or_create(&path).unwrap().reveal()));
        assert!(!token.matches(Token::load_or_create(&home.path().join("other")).unwrap().reveal()));
        assert!(!token.matches("") && !token.matches(&token.reveal()[1..]) && !token.matches(&"0".repeat(DIGITS)));
        assert_eq!(format!("{token:?}"), "Token(..)");
    }

    #[test]
    fn a_token_that_others_may_read_is_made_private() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("token");
        let token = Token::load_or_create(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert!(Token::load_or_create(&path).unwrap().matches(token.reveal()));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_token_is_reported_and_never_shown_and_an_empty_one_is_replaced() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("token");
        let long = "a".repeat(DIGITS + 1);
        for damaged in ["5ecret", "\n", long.as_str(), &long[..DIGITS - 1], &"G".repeat(DIGITS)] {
            fs::write(&path, damaged).unwrap();
            let error = Token::load_or_create(&path).unwrap_err();
            assert!(error.contains("damaged") && !error.contains(damaged.trim_end()) || damaged == "\n", "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
        }
        fs::write(&path, "").unwrap();
        let token = Token::load_or_create(&path).unwrap();
        let mut digits = token.reveal().as_bytes().to_vec();
        digits[9] = if digits[9] == b'0' { b'1' } else { b'0' };
        for damage in [&digits[..], b""] {
            fs::write(&path, damage).unwrap();
            for read in [Token::load_or_create(&path), Token::load(&path)] {
                assert!(read.unwrap().matches(token.reveal()), "its copy is used");
            }
        }
        fs::remove_file(&path).unwrap();
        assert!(Token::load(&path).is_err() && !Token::is_gone(&path));
        assert!(Token::load_in_use(&path).unwrap().matches(token.reveal()), "an agent that runs has it still");
        let other = Token::load_or_create(&path).unwrap();
        assert!(!other.matches(token.reveal()), "who deletes it gets another one");
        assert!(Token::load(home.path()).unwrap_err().contains("not a regular file"));
        assert!(Token::load(&home.path().join("none")).unwrap_err().contains("cannot be read"));
        assert!(Token::is_gone(&home.path().join("none")));
        assert!(Token::load_in_use(&home.path().join("none")).unwrap_err().contains("cannot be read"));
    }
}
