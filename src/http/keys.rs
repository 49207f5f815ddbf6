//! Who is let in by which token, and what each may do.
//!
//! The agent's own token is its owner's and may do everything. Beside it there are named ones, for programs and people: each has a role, and each
//! can be revoked alone. The file `api-tokens` of the home keeps of a named token a name, a role, a day and a SHA-256 sum; the token
//! itself is shown once, when it is made. It has 256 random bits, so that a plain sum is enough: there is nothing to guess. `sessions` are tokens of
//! browsers, which the page's password brings.

mod entry;
mod once;
mod sessions;

use super::dto::{NamedToken, Role};
use super::opened::Outside;
use super::password::Password;
use super::throttle::Throttle;
use super::traffic::Traffic;
use crate::limits::{SESSIONS_MAX, TOKEN_NAME_CHARS_MAX, TOKENS_MAX};
use crate::platform::clock;
use crate::platform::home::{FirstVisit, Home, HomeFile, Token};
use crate::platform::unchanged::Unchanged;
use entry::{Content, Entry, Kept, sum};
use once::Once;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError};

/// The tokens of an agent.
#[derive(Clone, Debug)]
pub struct Keys {
    owner: Arc<Token>,
    /// Each request reads them, on the thread that serves all: nobody waits for the disk while they are held.
    named: Arc<RwLock<Vec<Entry>>>,
    /// One change at a time, which is on the disk before it holds.
    changing: Arc<Mutex<()>>,
    /// When the uses of sessions were last written down, or that was tried.
    noted: Arc<AtomicI64>,
    throttle: Throttle,
    traffic: Arc<Traffic>,
    password: Password,
    once: Once,
    /// Whether callers within this machine need no token, as its owner said.
    open_here: bool,
    /// Whether everybody gets blocks of public documents, as its owner said.
    gateway: bool,
    /// Where other devices reach the page.
    outside: Outside,
    home: PathBuf,
}

/// What needs no token at all.
impl Keys {
    /// Whether everybody who reaches the API gets blocks of public documents.
    #[must_use]
    pub fn with_gateway(self, gateway: bool) -> Self {
        Self { gateway, ..self }
    }

    /// Whether everybody gets them.
    pub(super) fn is_gateway(&self) -> bool {
        self.gateway
    }

    /// Whether whoever opens the page first, on another device too, chooses its password now.
    #[must_use]
    pub fn awaits_first_visitor(&self) -> bool {
        self.password.is_first_visit_for_all()
    }

    /// Whether the page has a password.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.password.is_set()
    }
}

impl Keys {
    /// The owner's token, and the named ones that the home has. Where their file cannot be read none of them lets anybody in, and the log says so.
    #[must_use]
    pub fn load(home: &Path, owner: Token) -> Self {
        let read = Home::at(home).read(HomeFile::Tokens).map_err(|error| error.to_string());
        let read = read.and_then(|bytes| match bytes {
            Some(bytes) => serde_json::from_slice::<Content>(&bytes).map_err(|error| error.to_string()),
            None => Ok(Content::default()),
        });
        let Content { tokens } = read.unwrap_or_else(|why| {
            let name = Home::at(home).file(HomeFile::Tokens).display().to_string();
            log::warn!(
                "The tokens of {name} cannot be read ({why}): programs that have one are refused, and the agent's own token is as before. \
                 `wattle token create NAME` makes new ones."
            );
            Content::default()
        });
        let entries = tokens.into_iter().take(TOKENS_MAX + SESSIONS_MAX).map(Entry::new);
        Self {
            owner: Arc::new(owner),
            named: Arc::new(RwLock::new(entries.collect())),
            changing: Arc::default(),
            noted: Arc::default(),
            throttle: Throttle::default(),
            traffic: Arc::default(),
            password: Password::load(home),
            once: Once::default(),
            open_here: false,
            gateway: false,
            outside: Outside::default(),
            home: home.to_owned(),
        }
    }

    /// The agent starts: where its home says so (`visit`), the page's first visitor may choose its password. `for_all`: on another device too.
    #[must_use]
    pub fn at_start(self, visit: FirstVisit, for_all: bool) -> Self {
        self.password.begin(visit, for_all);
        self
    }

    /// Whether callers at an address that this machine alone reaches need no token: its owner says so for a machine that nobody else uses.
    #[must_use]
    pub fn with_open_here(self, open_here: bool) -> Self {
        Self { open_here, ..self }
    }

    /// Whether they need none.
    pub(super) fn is_open_here(&self) -> bool {
        self.open_here
    }

    /// Where other devices reach the page.
    #[must_use]
    pub const fn outside(&self) -> &Outside {
        &self.outside
    }

    /// The home that they are kept in.
    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    /// The agent's own token.
    pub(super) fn owner(&self) -> &Token {
        &self.owner
    }

    /// The page's password.
    pub(super) fn password(&self) -> &Password {
        &self.password
    }

    /// The codes that let a browser in once.
    pub(super) fn once(&self) -> &Once {
        &self.once
    }

    /// How often wrong ones were tried, at all addresses of the API together.
    pub(super) fn throttle(&self) -> &Throttle {
        &self.throttle
    }

    /// What is counted of requests and questions, at all addresses of the API together.
    pub(super) fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }

    /// What the holder of this token may do; `None` if it is none of this agent's. Notes when a named one is used.
    #[must_use]
    pub fn role_of(&self, offered: &str) -> Option<Role> {
        if self.owner.matches(offered) {
            return Some(Role::Admin);
        }
        let offered = sum(offered);
        let named = self.read();
        // A sum tells nothing of its token, so that how long the comparison takes tells nothing either.
        named.iter().find(|entry| entry.kept.sha256 == offered)?.lets_in(clock::shown())
    }

    /// The named tokens and the sessions, without what would let anybody in.
    #[must_use]
    pub fn list(&self) -> Vec<NamedToken> {
        let (named, now) = (self.read(), clock::shown());
        named.iter().filter(|entry| !entry.is_over(now)).map(Entry::shown).collect()
    }

    /// Makes a token and keeps it; it is on the disk when this returns.
    ///
    /// # Errors
    /// One sentence: the name is taken or no name, there are too many, or the file cannot be written; then there is no new token.
    pub fn create(&self, name: &str, role: Role) -> Result<Token, Unchanged> {
        check_name(name).map_err(Unchanged::Unfit)?;
        let token = Token::random().map_err(Unchanged::Broken)?;
        let _one = self.change();
        let mut all: Vec<Kept> = self.read().iter().map(|entry| entry.kept.clone()).collect();
        if all.iter().any(|kept| kept.name == name) {
            let why = format!("There is a token {name} already: revoke it first, or choose another name.");
            return Err(Unchanged::Conflict(why));
        }
        if all.iter().filter(|kept| kept.session.is_none()).count() >= TOKENS_MAX {
            return Err(Unchanged::Conflict(format!(
                "There are {TOKENS_MAX} tokens already, which is the most: revoke one that nobody uses."
            )));
        }
        let kept =
            Kept { name: name.to_owned(), role, created: clock::shown(), sha256: sum(token.reveal()), session: None };
        all.push(kept.clone());
        self.write(all)?;
        self.held().push(Entry::new(kept));
        Ok(token)
    }

    /// Ends a token: whoever has it is refused from the next call on. That is on the disk when this returns.
    ///
    /// # Errors
    /// One sentence: there is none of this name, or the file cannot be written; then nothing is changed.
    pub fn revoke(&self, name: &str) -> Result<(), Unchanged> {
        let _one = self.change();
        let all: Vec<Kept> = self.read().iter().map(|entry| entry.kept.clone()).collect();
        let rest: Vec<Kept> = all.iter().filter(|kept| kept.name != name).cloned().collect();
        if rest.len() == all.len() {
            let why = format!("There is no token {name}; `wattle token list` names those that exist.");
            return Err(Unchanged::Conflict(why));
        }
        self.write(rest)?;
        self.held().retain(|entry| entry.kept.name != name);
        Ok(())
    }

    /// All of them as they are now.
    fn read(&self) -> RwLockReadGuard<'_, Vec<Entry>> {
        self.named.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of them, to be replaced by what is on the disk already.
    fn held(&self) -> RwLockWriteGuard<'_, Vec<Entry>> {
        self.named.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The turn to change them: only who has it changes which there are.
    fn change(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who has the turn writes all of them, and holds them meanwhile no more than to read.
    fn write(&self, tokens: Vec<Kept>) -> Result<(), Unchanged> {
        let is_held = matches!(self.named.try_read(), Err(TryLockError::WouldBlock));
        debug_assert!(!is_held, "each request would wait for the disk");
        let home = Home::at(&self.home);
        let bytes = serde_json::to_vec_pretty(&Content { tokens })
            .map_err(|error| Unchanged::Broken(format!("The tokens cannot be written: {error}.")))?;
        home.write(HomeFile::Tokens, &bytes).map_err(|error| {
            let file = home.file(HomeFile::Tokens);
            let why = format!("The file {} cannot be written: {error}. Nothing was changed.", file.display());
            Unchanged::unwritten(&error, why)
        })
    }
}

/// Whether a new token may be called so: a name is shown on terminals, typed at a command and written into logs, so that it is of letters, digits, single
/// blanks and `.`, `_` and `-`, and begins with a letter or digit.
///
/// # Errors
/// One sentence.
fn check_name(name: &str) -> Result<(), String> {
    let fits = (1..=TOKEN_NAME_CHARS_MAX).contains(&name.chars().count());
    let begins = name.starts_with(char::is_alphanumeric) && !name.ends_with(' ') && !name.contains("  ");
    if fits && begins && name.chars().all(|c| c.is_alphanumeric() || " ._-".contains(c)) {
        return Ok(());
    }
    Err(format!(
        "A token's name has 1 to {TOKEN_NAME_CHARS_MAX} letters, digits, single blanks and . _ - in it, and begins with a letter or digit, such as grafana or \
         anna-phone. No token was made."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(home: &Path) -> Keys {
        Keys::load(home, Token::random().unwrap())
    }

    #[test]
    fn a_named_token_lets_in_with_its_role_until_it_is_revoked_and_after_a_start() {
        let home = tempfile::tempdir().unwrap();
        let first = keys(home.path());
        assert_eq!(first.role_of(first.owner.reveal()), Some(Role::Admin));
        let read = first.create("grafana", Role::Read).unwrap();
        let write = first.create("home-assistant", Role::Write).unwrap();
        for of in [&first, &keys(home.path())] {
            let used: Vec<bool> = of.list().iter().map(|token| token.used.is_some()).collect();
            assert_eq!(used, [false, false]);
            assert_eq!(of.role_of(read.reveal()), Some(Role::Read));
            assert_eq!(of.role_of(write.reveal()), Some(Role::Write));
            assert_eq!(of.role_of(&read.reveal()[1..]), None);
            assert_eq!(of.role_of(""), None);
            assert!(of.list().iter().all(|token| token.used.is_some()));
        }
        first.revoke("grafana").unwrap();
        for of in [&first, &keys(home.path())] {
            assert_eq!(of.role_of(read.reveal()), None);
            assert_eq!(of.role_of(write.reveal()), Some(Role::Write));
        }
        assert!(first.revoke("grafana").unwrap_err().why().contains("`wattle token list`"));
    }

    #[test]
    fn the_file_has_no_token_and_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let keys = keys(home.path());
        let token = keys.create("phone", Role::Admin).unwrap();
        for file in std::fs::read_dir(home.path()).unwrap() {
            let path = file.unwrap().path();
            assert!(!std::fs::read_to_string(&path).unwrap().contains(token.reveal()), "{}", path.display());
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
        }
        assert!(!format!("{keys:?}").contains(token.reveal()));
    }

    #[test]
    fn bad_names_doubles_and_too_many_are_refused_and_change_nothing() {
        let home = tempfile::tempdir().unwrap();
        let keys = keys(home.path());
        let long = "n".repeat(TOKEN_NAME_CHARS_MAX + 1);
        for name in [
            "",
            " ",
            " a",
            "a ",
            "a  b",
            "a\tb",
            "a\u{1b}[31m",
            "\n",
            "a\nb",
            "a\0",
            "..",
            "../../x",
            "a/b",
            "-a",
            "--role",
            "a\u{202e}b",
            "a\u{a0}b",
            "a;b",
            "$(x)",
            long.as_str(),
        ] {
            assert!(
                matches!(keys.create(name, Role::Read), Err(Unchanged::Unfit(why)) if why.contains("letters, digits")),
                "{name:?}"
            );
        }
        for name in ["annas phone", "b\u{fc}ro_2.old"] {
            keys.create(name, Role::Read).unwrap();
            keys.revoke(name).unwrap();
        }
        for number in 0..TOKENS_MAX {
            keys.create(&format!("n{number}"), Role::Read).unwrap();
        }
        assert!(matches!(keys.create("n0", Role::Read), Err(Unchanged::Conflict(why)) if why.contains("already")));
        assert!(keys.create("one-more", Role::Read).unwrap_err().why().contains("revoke one"));
        assert_eq!(keys.list().len(), TOKENS_MAX);
        // A disk that takes nothing: the token that cannot be kept does not exist, and the one that cannot be struck out still does.
        std::fs::remove_dir_all(home.path()).unwrap();
        assert!(matches!(keys.revoke("n0"), Err(Unchanged::Broken(why)) if why.contains("Nothing was changed")));
        assert_eq!(keys.list().len(), TOKENS_MAX);
    }

    #[test]
    fn a_damaged_file_lets_nobody_in_but_the_owner() {
        let home = tempfile::tempdir().unwrap();
        let token = keys(home.path()).create("phone", Role::Admin).unwrap();
        std::fs::remove_file(home.path().join("api-tokens.copy")).unwrap();
        std::fs::write(home.path().join("api-tokens"), b"{\"tokens\":[{").unwrap();
        let keys = keys(home.path());
        assert_eq!(keys.role_of(token.reveal()), None);
        assert_eq!(keys.role_of(keys.owner.reveal()), Some(Role::Admin));
    }
}
