//! Sessions: tokens of browsers that were let in by the page's password, or by `wattle open`.
//!
//! A session is kept as a named token is, as a sum, and is listed and revoked with them. It is void once nobody used it for `SESSION_UNUSED_S`, and all
//! are when the password changes. Its last use is written down once a day.

use super::entry::{Entry, Kept, sum};
use super::{Keys, Role};
use crate::http::dto::BrowserSession;
use crate::limits::{SESSION_NOTED_S, SESSIONS_MAX};
use crate::platform::clock;
use crate::platform::home::Token;
use crate::platform::unchanged::Unchanged;
use std::sync::atomic::Ordering;

/// Seconds between two tries to write down what was used, where the disk is full.
const TRY_AGAIN_S: i64 = 3600;

/// How browsers name themselves in `User-Agent`, the more telling first: most claim to be several others, too. Behind it stand the word in the
/// name of a session, and what people call it.
const BROWSERS: [(&str, &str, &str); 9] = [
    ("Edg", "edge", "Edge"),
    ("OPR/", "opera", "Opera"),
    ("SamsungBrowser", "samsung", "Samsung Internet"),
    ("FxiOS", "firefox", "Firefox"),
    ("Firefox", "firefox", "Firefox"),
    ("CriOS", "chrome", "Chrome"),
    ("Chrome", "chrome", "Chrome"),
    ("Safari", "safari", "Safari"),
    ("curl", "curl", "curl"),
];

/// The same of systems, with what stands before their names.
const SYSTEMS: [(&str, &str, &str); 7] = [
    ("Android", "android", "on Android"),
    ("iPhone", "iphone", "on an iPhone"),
    ("iPad", "ipad", "on an iPad"),
    ("Windows", "windows", "on Windows"),
    ("Mac OS X", "mac", "on a Mac"),
    ("CrOS", "chromeos", "on ChromeOS"),
    ("Linux", "linux", "on Linux"),
];

impl Keys {
    /// Makes a session for a browser that calls itself so, and keeps it; it is on the disk when this returns. Returns its name too.
    ///
    /// # Errors
    /// One sentence: the file cannot be written; then there is no session.
    pub fn open_session(&self, role: Role, user_agent: &str) -> Result<(String, Token), Unchanged> {
        let token = Token::random().map_err(Unchanged::Broken)?;
        let now = clock::shown();
        let _one = self.change();
        let mut all: Vec<Kept> = self.read().iter().filter(|entry| !entry.is_over(now)).map(noted).collect();
        while all.iter().filter(|kept| kept.session.is_some()).count() >= SESSIONS_MAX {
            // As noted, a session has its last use.
            let unused = all.iter().enumerate().filter(|(_, kept)| kept.session.is_some());
            let Some((at, _)) = unused.min_by_key(|(_, kept)| kept.session) else { break };
            all.remove(at);
        }
        let name = free_name(&browser(user_agent), |name| all.iter().any(|kept| kept.name == name));
        all.push(Kept { name: name.clone(), role, created: now, sha256: sum(token.reveal()), session: Some(now) });
        self.write(all.clone())?;
        self.replace(all);
        Ok((name, token))
    }

    /// Ends all sessions, as when the password changes; that is on the disk when this returns.
    ///
    /// # Errors
    /// One sentence: the file cannot be written; then nothing is changed.
    pub fn end_sessions(&self) -> Result<(), Unchanged> {
        self.end_those(|_| true)?;
        Ok(())
    }

    /// Ends the session that this token is of, and tells whether there was one; that is on the disk when this returns.
    ///
    /// # Errors
    /// As [`end_sessions`](Self::end_sessions).
    pub(in crate::http) fn end_own_session(&self, offered: &str) -> Result<bool, Unchanged> {
        let offered = sum(offered);
        Ok(self.end_those(|kept| kept.sha256 == offered)? > 0)
    }

    /// Ends the session of this name, if it is the one that was `created` then where that is said, and tells whether there was one.
    ///
    /// # Errors
    /// As [`end_sessions`](Self::end_sessions).
    pub(in crate::http) fn end_session(&self, name: &str, created: Option<i64>) -> Result<bool, Unchanged> {
        Ok(self.end_those(|kept| kept.name == name && created.is_none_or(|created| created == kept.created))? > 0)
    }

    /// Ends all sessions but the one that this token is of, and tells how many those were.
    ///
    /// # Errors
    /// As [`end_sessions`](Self::end_sessions).
    pub(in crate::http) fn end_other_sessions(&self, offered: &str) -> Result<usize, Unchanged> {
        let offered = sum(offered);
        self.end_those(|kept| kept.sha256 != offered)
    }

    /// Ends the sessions of which this is true; tokens stay.
    fn end_those(&self, ends: impl Fn(&Kept) -> bool) -> Result<usize, Unchanged> {
        let stays = |kept: &Kept| kept.session.is_none() || !ends(kept);
        let _one = self.change();
        let all: Vec<Kept> = self.read().iter().map(noted).collect();
        let rest: Vec<Kept> = all.iter().filter(|kept| stays(kept)).cloned().collect();
        let ended = all.len() - rest.len();
        if ended > 0 {
            self.write(rest.clone())?;
            self.replace(rest);
        }
        Ok(ended)
    }

    /// Holds what is on the disk now. Of what was used meanwhile the use is known.
    fn replace(&self, all: Vec<Kept>) {
        let mut named = self.held();
        *named = all.into_iter().map(|kept| renewed(kept, &named)).collect();
    }

    /// The browsers that were let in, for one that shows this token, or for its owner: itself first, then those that were seen last.
    pub(in crate::http) fn sessions(&self, offered: &str) -> Vec<BrowserSession> {
        let (named, now, offered) = (self.read(), clock::shown(), sum(offered));
        let let_in = named.iter().filter(|entry| entry.kept.session.is_some() && !entry.is_over(now));
        let mut sessions: Vec<BrowserSession> = let_in.map(|entry| shown(entry, &offered)).collect();
        sessions.sort_by_key(|session| (!session.current, std::cmp::Reverse(session.used)));
        sessions
    }

    /// What is kept of a token while an answer to it lasts: its sum, or nothing of the owner's, which nobody revokes.
    pub(in crate::http) fn mark_of(&self, offered: &str) -> Option<String> {
        (!self.owner().matches(offered)).then(|| sum(offered))
    }

    /// Whether the token of which this is the mark still lets in, which counts as a use of it.
    pub(in crate::http) fn still_lets_in(&self, mark: &str) -> bool {
        let named = self.read();
        named.iter().any(|entry| entry.kept.sha256 == mark && entry.lets_in(clock::shown()).is_some())
    }

    /// Whether this token is a session's.
    pub(in crate::http) fn is_session(&self, offered: &str) -> bool {
        let (offered, named) = (sum(offered), self.read());
        named.iter().any(|entry| entry.kept.sha256 == offered && entry.kept.session.is_some())
    }

    /// Whether a session was used that the file knows as used a day ago; true once in an hour at most.
    pub(in crate::http) fn has_news(&self) -> bool {
        let now = clock::shown();
        if now.saturating_sub(self.noted.load(Ordering::Relaxed)).abs() < TRY_AGAIN_S {
            return false;
        }
        let named = self.read();
        let is_news = |entry: &Entry| entry.kept.session.is_some_and(|told| entry.used() - told >= SESSION_NOTED_S);
        let news = named.iter().any(is_news);
        if news {
            self.noted.store(now, Ordering::Relaxed);
        }
        news
    }

    /// Writes down when sessions were last used, and leaves out those that are over. What cannot be written is tried again later.
    pub(in crate::http) fn note_uses(&self) {
        self.note_uses_at(clock::shown());
    }

    /// The same at a time, in seconds since 1970.
    fn note_uses_at(&self, now: i64) {
        let _one = self.change();
        let left: Vec<Kept> = self.read().iter().filter(|entry| !entry.is_over(now)).map(noted).collect();
        match self.write(left.clone()) {
            Ok(()) => self.replace(left),
            Err(why) => log::debug!("The last uses of sessions were not noted: {why}"),
        }
    }
}

/// As it is written now: of a session with its last use.
fn noted(entry: &Entry) -> Kept {
    Kept { session: entry.kept.session.map(|_| entry.used()), ..entry.kept.clone() }
}

/// An entry of what was written, which knows its last use.
fn renewed(kept: Kept, before: &[Entry]) -> Entry {
    let used = before.iter().find(|entry| entry.kept.sha256 == kept.sha256).map_or(0, Entry::used);
    let entry = Entry::new(kept);
    entry.was_used(used);
    entry
}

/// A session as its owner is told of it.
fn shown(entry: &Entry, offered: &str) -> BrowserSession {
    let told = entry.shown();
    let browser = in_words(&told.name);
    let current = entry.kept.sha256 == offered;
    BrowserSession {
        name: told.name,
        browser,
        role: told.role,
        created: told.created,
        used: told.used,
        expires: told.expires,
        current,
    }
}

/// A session's name in plain words: `firefox-android-2` is the second "Firefox on Android". Names of earlier versions are the same ones.
fn in_words(name: &str) -> String {
    let mut parts = name.split('-');
    let first = parts.next().unwrap_or_default();
    let browser = BROWSERS.iter().find(|(_, key, _)| *key == first).map_or("A browser", |(.., words)| *words);
    let mut words = browser.to_owned();
    for part in parts {
        let system = SYSTEMS.iter().find(|(_, key, _)| *key == part);
        words = system.map_or_else(|| format!("{words} ({part})"), |(.., on)| format!("{words} {on}"));
    }
    words
}

/// What a browser is called in the list: two words, as `firefox-android`.
fn browser(user_agent: &str) -> String {
    let first = |of: &[(&str, &'static str, &str)], other| {
        of.iter().find(|(word, ..)| user_agent.contains(word)).map_or(other, |(_, name, _)| *name)
    };
    let (browser, system) = (first(&BROWSERS, "browser"), first(&SYSTEMS, ""));
    if system.is_empty() { browser.to_owned() } else { format!("{browser}-{system}") }
}

fn free_name(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut free = name.to_owned();
    let mut number = 1_u32;
    while is_taken(&free) {
        number += 1;
        free = format!("{name}-{number}");
    }
    free
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::policy::clock::RELEASE;
    use crate::http::dto::TokenKind;
    use crate::limits::TOKENS_MAX;
    use std::path::Path;

    const PHONE: &str = "Mozilla/5.0 (Android 14; Mobile; rv:128.0) Gecko/128.0 Firefox/128.0";
    const DESK: &str =
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36";

    fn keys(home: &Path) -> Keys {
        Keys::load(home, Token::random().unwrap())
    }

    #[test]
    fn a_session_is_named_after_its_browser_and_lets_in_with_its_role_over_a_start_until_it_is_revoked() {
        let home = tempfile::tempdir().unwrap();
        let first = keys(home.path());
        let (phone, token) = first.open_session(Role::Read, PHONE).unwrap();
        let (desk, admin) = first.open_session(Role::Admin, DESK).unwrap();
        let (again, _) = first.open_session(Role::Admin, DESK).unwrap();
        let (other, _) = first.open_session(Role::Admin, "\u{1b}[31m what\r\never").unwrap();
        assert_eq!(
            [&*phone, &*desk, &*again, &*other],
            ["firefox-android", "chrome-linux", "chrome-linux-2", "browser"]
        );
        for of in [&first, &keys(home.path())] {
            assert_eq!(of.role_of(token.reveal()), Some(Role::Read));
            assert_eq!(of.role_of(admin.reveal()), Some(Role::Admin));
            assert!(of.is_session(token.reveal()) && !of.is_session(first.owner().reveal()));
            assert!(of.list().iter().all(|shown| shown.kind == TokenKind::Session && shown.expires > shown.used));
        }
        let text = std::fs::read_to_string(home.path().join("api-tokens")).unwrap();
        assert!(!text.contains(token.reveal()), "a sum is kept");
        first.revoke("firefox-android").unwrap();
        assert_eq!((first.role_of(token.reveal()), keys(home.path()).role_of(token.reveal())), (None, None));
        assert_eq!(first.role_of(admin.reveal()), Some(Role::Admin));
    }

    #[test]
    fn all_sessions_end_together_and_tokens_stay() {
        let home = tempfile::tempdir().unwrap();
        let first = keys(home.path());
        let token = first.create("grafana", Role::Read).unwrap();
        let sessions: Vec<Token> = (0..3).map(|_| first.open_session(Role::Admin, DESK).unwrap().1).collect();
        first.end_sessions().unwrap();
        for of in [&first, &keys(home.path())] {
            assert!(sessions.iter().all(|session| of.role_of(session.reveal()).is_none()));
            assert_eq!(of.role_of(token.reveal()), Some(Role::Read));
        }
        first.end_sessions().unwrap();
    }

    #[test]
    fn sessions_are_told_in_plain_words_the_asking_one_first_and_end_one_by_one_or_all_the_others() {
        let home = tempfile::tempdir().unwrap();
        let first = keys(home.path());
        let named = first.create("grafana", Role::Read).unwrap();
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile/15E148 Safari/604.1";
        let agents = [PHONE, DESK, DESK, phone, "something"];
        let tokens: Vec<Token> = agents.iter().map(|agent| first.open_session(Role::Admin, agent).unwrap().1).collect();
        let told = |of: &Keys, token: &Token| of.sessions(token.reveal());
        let list = told(&first, &tokens[2]);
        assert_eq!((list[0].browser.as_str(), list[0].current), ("Chrome on Linux (2)", true));
        let mut words: Vec<&str> = list.iter().map(|session| session.browser.as_str()).collect();
        words.sort_unstable();
        let all = ["A browser", "Chrome on Linux", "Chrome on Linux (2)", "Firefox on Android", "Safari on an iPhone"];
        assert_eq!(words, all, "a token of a program is no browser");
        assert_eq!(list.iter().filter(|session| session.current).count(), 1);
        assert!(told(&first, first.owner()).iter().all(|session| !session.current), "the owner's token is no session");
        assert_eq!(first.end_session("firefox-android", Some(1)), Ok(false), "a later one has the name");
        assert_eq!(first.end_session("firefox-android", None), Ok(true));
        assert_eq!(first.end_session("grafana", None), Ok(false), "a token is not ended as a browser is");
        assert_eq!(first.end_own_session(tokens[4].reveal()), Ok(true));
        assert_eq!(first.end_own_session(named.reveal()), Ok(false));
        assert_eq!(first.end_other_sessions(tokens[2].reveal()), Ok(2));
        for of in [&first, &keys(home.path())] {
            let still: Vec<bool> = tokens.iter().map(|token| of.role_of(token.reveal()).is_some()).collect();
            assert_eq!(still, [false, false, true, false, false]);
            assert_eq!(of.role_of(named.reveal()), Some(Role::Read));
        }
        assert_eq!(first.end_other_sessions(first.owner().reveal()), Ok(1), "of its owner's view all are others");
    }

    #[test]
    fn who_is_being_answered_is_known_to_be_let_in_until_the_token_is_void() {
        let home = tempfile::tempdir().unwrap();
        let keys = keys(home.path());
        let (name, token) = keys.open_session(Role::Read, PHONE).unwrap();
        let mark = keys.mark_of(token.reveal()).unwrap();
        assert!(mark != token.reveal() && keys.still_lets_in(&mark));
        keys.revoke(&name).unwrap();
        assert!(!keys.still_lets_in(&mark));
        assert_eq!(keys.mark_of(keys.owner().reveal()), None, "nobody revokes the owner's");
    }

    #[test]
    fn there_is_room_for_a_new_session_always_and_tokens_have_their_own() {
        let home = tempfile::tempdir().unwrap();
        let keys = keys(home.path());
        for number in 0..TOKENS_MAX {
            keys.create(&format!("n{number}"), Role::Read).unwrap();
        }
        let sessions: Vec<Token> =
            (0..SESSIONS_MAX + 2).map(|_| keys.open_session(Role::Write, PHONE).unwrap().1).collect();
        let held = sessions.iter().filter(|session| keys.role_of(session.reveal()).is_some()).count();
        assert_eq!(held, SESSIONS_MAX);
        assert!(keys.role_of(sessions.last().unwrap().reveal()).is_some(), "the newest is one of them");
        assert_eq!(keys.list().len(), TOKENS_MAX + SESSIONS_MAX);
        assert!(keys.create("one-more", Role::Read).is_err());
    }

    #[test]
    fn a_use_is_written_down_once_a_day_and_a_session_that_is_over_goes_with_it() {
        let home = tempfile::tempdir().unwrap();
        let now = clock::shown();
        let day = 86_400;
        let kept = |name: &str, used: i64| {
            let sum = sum(name);
            format!(
                "{{\"name\":\"{name}\",\"role\":\"read\",\"created\":{used},\"sha256\":\"{sum}\",\"session\":{used}}}"
            )
        };
        let tokens = [kept("old", RELEASE + day), kept("used", now - 2 * day), kept("idle", now - 3 * day)].join(",");
        std::fs::write(home.path().join("api-tokens"), format!("{{\"tokens\":[{tokens}]}}")).unwrap();
        let first = keys(home.path());
        assert!(!first.has_news());
        assert_eq!(first.role_of("used"), Some(Role::Read));
        assert!(first.has_news() && !first.has_news(), "once in an hour, also where it cannot be written");
        first.note_uses_at(now + 26 * day);
        let names = |keys: &Keys| keys.list().iter().map(|shown| shown.name.clone()).collect::<Vec<_>>();
        let second = keys(home.path());
        assert_eq!(
            (names(&first), names(&second)),
            (vec!["used".into(), "idle".into()], vec!["used".into(), "idle".into()])
        );
        assert!(second.list()[0].used.unwrap() >= now && second.list()[1].used == Some(now - 3 * day));
        assert!(!std::fs::read_to_string(home.path().join("api-tokens")).unwrap().contains("old"));
    }

    #[test]
    fn a_session_that_cannot_be_kept_does_not_exist() {
        let home = tempfile::tempdir().unwrap();
        let keys = keys(home.path());
        let (_, session) = keys.open_session(Role::Admin, PHONE).unwrap();
        std::fs::remove_dir_all(home.path()).unwrap();
        assert!(keys.open_session(Role::Admin, PHONE).unwrap_err().why().contains("Nothing was changed"));
        assert!(keys.end_sessions().is_err() && keys.end_own_session(session.reveal()).is_err());
        assert_eq!(keys.role_of(session.reveal()), Some(Role::Admin), "what did not end on the disk goes on");
    }
}
