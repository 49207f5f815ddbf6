//! Where the user's files are, by the environment.

use crate::base::finding::quoted_bytes;
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The user's home folder.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "`~` stands for what the environment names")]
pub fn user_home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from).filter(|path| path.is_absolute())
}

/// `$XDG_DATA_HOME/wattle`, else `~/.local/share/wattle`.
///
/// # Errors
/// Neither variable is set to an absolute path.
pub fn default_home() -> Result<PathBuf, String> {
    #[expect(clippy::disallowed_methods, reason = "the XDG base directory specification is about the environment")]
    let var = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = var("XDG_DATA_HOME").or_else(|| Some(var("HOME")?.join(".local/share")));
    let data = data.ok_or("Neither XDG_DATA_HOME nor HOME says where data lives. Give a folder with --home.")?;
    Ok(data.join("wattle"))
}

/// `$XDG_CACHE_HOME/wattle`, else `~/.cache/wattle`: for what can be made anew.
///
/// # Errors
/// Neither variable is set to an absolute path.
pub fn user_cache() -> Result<PathBuf, String> {
    #[expect(clippy::disallowed_methods, reason = "the XDG base directory specification is about the environment")]
    let var = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = var("XDG_CACHE_HOME").or_else(|| Some(var("HOME")?.join(".cache")));
    Ok(cache.ok_or("Neither XDG_CACHE_HOME nor HOME says where caches live. Give a file with --cache.")?.join("wattle"))
}

/// `$XDG_CONFIG_HOME`, else `~/.config`: where the user's settings of other programs are.
///
/// # Errors
/// Neither variable is set to an absolute path.
pub fn user_config() -> Result<PathBuf, String> {
    #[expect(clippy::disallowed_methods, reason = "the XDG base directory specification is about the environment")]
    let var = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = var("XDG_CONFIG_HOME").or_else(|| Some(var("HOME")?.join(".config")));
    config.ok_or_else(|| "Neither XDG_CONFIG_HOME nor HOME says where settings live. Set HOME.".to_owned())
}

/// A command as it is typed for the agent of this home: one of `wattle` names the home, unless it is the user's usual one or
/// is named already.
#[must_use]
pub fn at_home(command: &str, home: &Path) -> String {
    let usual = default_home().is_ok_and(|usual| usual == home);
    if usual || !command.starts_with("wattle ") || command.contains(" --home ") {
        return command.to_owned();
    }
    format!("{command} --home {}", quoted_bytes(home.as_os_str().as_encoded_bytes()))
}

/// The text, with that home in each command of it that stands between backticks, unless the command is for another device.
#[must_use]
pub fn commands_at_home(text: &str, home: &Path) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let named = parts.iter().enumerate().map(|(at, part)| {
        let is_command = at % 2 == 1 && at + 1 < parts.len();
        if is_command && !is_elsewhere(parts[at - 1], parts[at + 1]) { at_home(part, home) } else { (*part).to_owned() }
    });
    named.collect::<Vec<_>>().join("`")
}

/// Whether a command between these words is one for another device: "`wattle pair` on an admin", "`wattle join` with that code
/// there", "there the `wattle remove`".
fn is_elsewhere(before: &str, after: &str) -> bool {
    let clause = after.split(['.', ',', ';', ':', '(']).next().unwrap_or_default();
    let place = [" on a ", " on an ", " on one ", " on the ", " on that "];
    let sentence = before.rsplit(['.', ';']).next().unwrap_or_default().to_lowercase();
    sentence.contains("on the other device,")
        || before.ends_with("there the ")
        || before.ends_with("the device that runs ")
        || place.iter().any(|place| clause.starts_with(place))
        || clause.split_whitespace().any(|word| word == "there")
}

/// The home of this process's agent, or of the agent that it calls.
static HOME_OF_HINTS: OnceLock<PathBuf> = OnceLock::new();

/// From now on each text that people are told names this home in its commands (`hints`). Called once, before anything is told.
pub fn set_home_of_hints(home: &Path) {
    // A second call would be of the same process, and so of the same home.
    let _ = HOME_OF_HINTS.set(home.to_owned());
}

/// A text as people are told it: its commands work as they stand there.
#[must_use]
pub fn hints(text: &str) -> Cow<'_, str> {
    match HOME_OF_HINTS.get() {
        Some(home) if text.contains("`wattle ") => Cow::Owned(commands_at_home(text, home)),
        _ => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_for_an_agent_with_a_home_of_its_own_names_that_home() {
        assert_eq!(at_home("wattle forget /a", Path::new("/srv/my agent")), "wattle forget /a --home '/srv/my agent'");
        assert_eq!(at_home("df -h /srv", Path::new("/srv")), "df -h /srv");
        let told =
            commands_at_home("It waits. `wattle work now` helps, wattle does not, `ls` does not.", Path::new("/srv"));
        assert_eq!(told, "It waits. `wattle work now --home /srv` helps, wattle does not, `ls` does not.");
        let list = "There is no token zz; `wattle token list` names those that exist.";
        assert_eq!(commands_at_home(list, Path::new("/srv")), list.replace("list`", "list --home /srv`"));
        let path = "Type `wattle forget '/a b'`: it \u{60} ends.";
        assert_eq!(commands_at_home(path, Path::new("/srv")), path.replace("b'`", "b' --home /srv`"));
        let usual = default_home().unwrap_or_default();
        assert_eq!(at_home("wattle up", &usual).contains("--home"), usual.as_os_str().is_empty());
    }

    #[test]
    fn a_command_for_another_device_does_not_name_this_ones_home() {
        for elsewhere in [
            "Run `wattle pair` on an admin of the mesh.",
            "Run `wattle pair` on the other one, then join.",
            "Type `wattle remove 12D3` on that device.",
            "The code stays good: `wattle doctor` there says why.",
            "Type there the `wattle remove` that its screen shows.",
            "Read it again on the device that runs `wattle pair`.",
            "\nOn the other device, where `wattle up` runs, type within three minutes:\n\n    wattle join 12345678\n",
        ] {
            assert_eq!(commands_at_home(elsewhere, Path::new("/srv")), elsewhere);
        }
        let both = "To let it in: `wattle pair` on an admin, `wattle join CODE` here. Type `wattle pair` here, and `wattle join` \
                    with the new code there. `wattle up` starts one; there is none.";
        let told = commands_at_home(both, Path::new("/srv"));
        let expected = both
            .replace("join CODE`", "join CODE --home /srv`")
            .replace("pair` here", "pair --home /srv` here")
            .replace("up`", "up --home /srv`");
        assert_eq!(told, expected);
    }
}
