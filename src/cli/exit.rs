//! How the program ends: the one table of exit codes.
//!
//! The manual page is made from it, and the tables in docs/json.md and docs/doctor.md are held against it, so that scripts, pages and code
//! mean the same by a number.

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Done.
    Done,
    /// Not done, or something is wrong.
    NotDone,
    /// Wrong usage; clap's own code.
    Misused,
    /// No agent answers.
    NoAgent,
    /// A check of the doctor could not run.
    NotChecked,
    /// A person, or the session, ended the demo.
    Interrupted,
}

impl Exit {
    /// Each of them, by its code.
    pub(super) const ALL: [Self; 6] =
        [Self::Done, Self::NotDone, Self::Misused, Self::NoAgent, Self::NotChecked, Self::Interrupted];

    /// The number that the shell gets.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::NotDone => 1,
            Self::Misused => 2,
            Self::NoAgent => 3,
            Self::NotChecked => 4,
            // 128 and the number of SIGINT, as shells tell it of a program that a person ended.
            Self::Interrupted => 130,
        }
    }

    /// What it means, for the manual and the docs.
    pub(super) const fn means(self) -> &'static str {
        match self {
            Self::Done => "It is done. Of `wattle doctor`: every check ran, and nothing is wrong.",
            Self::NotDone => {
                "It is not done; a sentence on standard error says why. Of `wattle doctor`: something is wrong. Of a run of the simulator: something is not as \
                 its scenario expects."
            }
            Self::Misused => "The command is not used as it is meant to be.",
            Self::NoAgent => "No agent answers. Of `wattle doctor`: and nothing else is wrong.",
            Self::NotChecked => "Of `wattle doctor` alone: a check could not run, and nothing else is wrong.",
            Self::Interrupted => {
                "Of `wattle demo` alone: it was ended by Ctrl-C or another signal, and has cleaned up."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    /// The codes and meanings of a page's table, which begins below this head.
    fn table(page: &str) -> Vec<(u8, String)> {
        let (_, rows) = page.split_once("| exit code | meaning |\n|---|---|\n").expect("a table of exit codes");
        let row = |line: &str| {
            let (code, means) = line.trim_matches('|').split_once('|').unwrap();
            (code.trim().parse().unwrap(), means.trim().to_owned())
        };
        rows.lines().take_while(|line| line.starts_with('|')).map(row).collect()
    }

    #[test]
    fn the_docs_have_the_codes_that_the_program_ends_with() {
        let due: Vec<(u8, String)> = Exit::ALL.iter().map(|exit| (exit.code(), exit.means().to_owned())).collect();
        assert_eq!(table(include_str!("../../docs/json.md")), due);
        let doctors: Vec<u8> = table(include_str!("../../docs/doctor.md")).into_iter().map(|(code, _)| code).collect();
        let of_doctor = Exit::ALL.iter().filter(|exit| exit.means().contains("`wattle doctor`"));
        assert_eq!(doctors, of_doctor.map(|exit| exit.code()).collect::<Vec<_>>());
        let mut codes: Vec<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
        codes.dedup();
        assert!(codes.len() == Exit::ALL.len() && codes.is_sorted(), "each has a code of its own: {codes:?}");
    }
}
