//! Where the user's files are, by the environment.

use crate::base::finding::quoted;
use std::path::{Path, PathBuf};

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

/// A command as it is typed for the agent of this home: one of `wattle` names the home, unless it is the user's usual one or
/// is named already.
#[must_use]
pub fn at_home(command: &str, home: &Path) -> String {
    let usual = default_home().is_ok_and(|usual| usual == home);
    if usual || !command.starts_with("wattle ") || command.contains(" --home ") {
        return command.to_owned();
    }
    format!("{command} --home {}", quoted(&home.to_string_lossy()))
}

/// The text, with that home in each command of it that stands between backticks.
#[must_use]
pub fn commands_at_home(text: &str, home: &Path) -> String {
    let mut is_command = true;
    let parts = text.split('`').map(|part| {
        is_command = !is_command;
        if is_command { at_home(part, home) } else { part.to_owned() }
    });
    parts.collect::<Vec<_>>().join("`")
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
        let usual = default_home().unwrap_or_default();
        assert_eq!(at_home("wattle up", &usual).contains("--home"), usual.as_os_str().is_empty());
    }
}
