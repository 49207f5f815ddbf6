//! `wattle completions` and `wattle man`: what a shell completes, and the manual pages, both made from the arguments.

use super::args::Args;
use super::exit::Exit;
use super::output::{Stop, pretty, print_as_is};
use super::text::one_line;
use crate::base::count::{count, plural};
use crate::platform::new_file::write_whole;
use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use serde_json::json;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// What no argument says.
const FILES: &str = ".SH FILES\n\
    The agent's home is \\fIwattle\\fR in the user's data folder ($XDG_DATA_HOME, or ~/.local/share), unless \\fB\\-\\-home\\fR names another: its key, its token (\\fIapi\\-token\\fR), its settings \
    (\\fIconfig.toml\\fR) and its store.\n";

/// How the program ends, as roff: what stands between backticks is bold.
fn exit_status() -> String {
    let mut section = ".SH \"EXIT STATUS\"\n".to_owned();
    for exit in Exit::ALL {
        let parts = exit.means().split('`').enumerate();
        let means = parts.map(|(at, part)| if at % 2 == 1 { format!("\\fB{part}\\fR") } else { part.to_owned() });
        let _ = writeln!(section, ".TP\n{}\n{}", exit.code(), means.collect::<String>());
    }
    section
}

/// Prints what a shell reads to complete commands and options.
pub(super) fn completions(shell: Shell, as_json: bool) -> Result<(), Stop> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "wattle", &mut script);
    let script = String::from_utf8_lossy(&script);
    if as_json {
        return print_as_is(&pretty(&json!({ "shell": shell.to_string(), "script": script })));
    }
    print_as_is(&script)
}

/// Prints the manual page, or writes the pages of all commands into a folder.
pub(super) fn man(folder: Option<&Path>, as_json: bool) -> Result<(), Stop> {
    let pages = pages()?;
    let Some(folder) = folder else {
        let print = |(name, page): &(String, String)| {
            if as_json { print_as_is(&pretty(&json!({ "name": name, "page": page }))) } else { print_as_is(page) }
        };
        return pages.first().map_or(Ok(()), print);
    };
    let name = folder.display();
    if folder.exists() && !folder.is_dir() {
        return Err(Stop::NotDone(format!("{name} is a file and no folder. No page was written; name a folder.")));
    }
    fs::create_dir_all(folder)
        .map_err(|error| Stop::NotDone(format!("The folder {name} cannot be made: {error}. No page was written.")))?;
    let mut written: Vec<String> = Vec::new();
    for (name, page) in pages {
        let at = folder.join(format!("{name}.1"));
        write_whole(&at, page.as_bytes()).map_err(|error| not_written(&at, &error, written.len()))?;
        written.push(at.display().to_string());
    }
    if as_json {
        return print_as_is(&pretty(&json!({ "files": written })));
    }
    print_as_is(&(one_line(&told(folder, written.len())) + "\n"))
}

/// What was written, for people.
fn told(folder: &Path, pages: usize) -> String {
    let (pages, are) = (count(pages as u64, "page"), plural(pages as u64, "is", "are"));
    format!("{pages} of the manual {are} in {}; that of the whole program is wattle.1.", folder.display())
}

/// Why a page is not there, and how many are.
fn not_written(page: &Path, error: &std::io::Error, before: usize) -> Stop {
    let (pages, were) = (count(before as u64, "page"), plural(before as u64, "was", "were"));
    Stop::NotDone(format!("{} cannot be written: {error}. {pages} {were} written before it.", page.display()))
}

/// All pages with their names, that of the whole program first.
fn pages() -> Result<Vec<(String, String)>, Stop> {
    let mut command = Args::command().disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    add(&command, "wattle", &mut pages).map_err(|error| Stop::NotDone(format!("No page was made: {error}.")))?;
    Ok(pages)
}

fn add(command: &Command, name: &str, pages: &mut Vec<(String, String)>) -> std::io::Result<()> {
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    let mut page = String::from_utf8_lossy(&page).into_owned();
    if pages.is_empty() {
        page += &exit_status();
        page += FILES;
    }
    pages.push((name.to_owned(), page));
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        add(inner, &format!("{name}-{}", inner.get_name()), pages)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_its_page_and_that_of_the_program_says_how_it_ends() {
        let pages = pages().unwrap();
        assert_eq!(pages[0].0, "wattle");
        assert!(pages[0].1.contains("EXIT STATUS") && pages[0].1.contains("wattle\\-energy"), "{}", pages[0].1);
        let named = |name: &str| pages.iter().find(|(of, _)| of == name).map(|(_, page)| page.as_str());
        for name in ["wattle-up", "wattle-search", "wattle-energy-calibrate", "wattle-man"] {
            let page = named(name).unwrap_or_else(|| panic!("{name} has no page"));
            assert!(page.contains(".SH NAME") && !page.contains("EXIT STATUS"), "{page}");
        }
        assert!(named("wattle-search").unwrap().contains("\\-\\-collection"));
    }

    #[test]
    fn the_page_of_the_program_has_each_exit_code_with_what_it_means() {
        let pages = pages().unwrap();
        for exit in Exit::ALL {
            let (_, row) = pages[0].1.split_once(&format!("\n.TP\n{}\n", exit.code())).expect("each code is told");
            let row = row.lines().next().unwrap().replace("\\fB", "`").replace("\\fR", "`");
            assert_eq!(row, exit.means());
        }
        let doctor = pages[0].1.split_once("\n.TP\n4\n").unwrap().1;
        assert!(doctor.starts_with("Of \\fBwattle doctor\\fR alone: a check could not run"), "{doctor}");
    }

    #[test]
    fn pages_are_written_into_a_folder_which_is_made_if_it_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        for place in ["", "a/b/c"] {
            let place = folder.path().join(place);
            man(Some(&place), false).unwrap();
            let is_page = |name: &std::ffi::OsStr| name.to_string_lossy().ends_with(".1");
            let written = fs::read_dir(&place).unwrap().filter(|entry| is_page(&entry.as_ref().unwrap().file_name()));
            assert_eq!(written.count(), pages().unwrap().len());
        }
        let below_a_file = folder.path().join("wattle.1/man");
        let Err(Stop::NotDone(why)) = man(Some(&below_a_file), false) else { panic!("a file is no folder") };
        assert!(why.contains(&below_a_file.display().to_string()), "{why}");
        let page = folder.path().join("wattle.1");
        let before = fs::read(&page).unwrap();
        let Err(Stop::NotDone(why)) = man(Some(&page), false) else { panic!("a file is no folder") };
        assert!(why.contains("wattle.1 is a file and no folder. No page was written"), "{why}");
        assert_eq!(fs::read(&page).unwrap(), before);
        assert_eq!(
            told(Path::new("/m"), 61),
            "61 pages of the manual are in /m; that of the whole program is wattle.1."
        );
    }

    #[test]
    fn each_shell_is_told_the_commands() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "wattle", &mut script);
            let script = String::from_utf8(script).unwrap();
            assert!(script.contains("doctor") && script.contains("calibrate"), "{shell}");
        }
    }
}
